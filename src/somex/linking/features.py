"""What two names have in common, as numbers for the scorer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from somex.core.schema import EntityType
from somex.linking.candidates import Pair, trigrams
from somex.linking.names import SOFT_FILLERS, VENDORS, abbreviates, is_short_form
from somex.linking.nodes import NameNode

FEATURES = (
    "same_base",
    "abbreviation",
    "abbreviation_in_document",
    "abbreviation_of_three",
    "stated",
    "bracketed",
    "trigrams",
    "one_edit",
    "words_contained",
    "soft_words_only",
    "digits_differ",
    "same_document",
    "same_sentence",
    "developer_shared",
    "developer_differs",
    "site_shared",
    "host_of_other",
    "host_differs",
    "type_differs",
    "version_shared",
    "citation_shared",
    "both_once",
)
"""Names of the columns of `pair_features`."""

_RUNNERS = {EntityType.PROGRAMMING_ENVIRONMENT, EntityType.OPERATING_SYSTEM}


def pair_features(nodes: Sequence[NameNode], pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Return the features of pairs of names, shape (n_pairs, n_features)."""
    rows = [_features(nodes[a], nodes[b]) for a, b in pairs]
    return np.array(rows, dtype=np.float64).reshape(len(pairs), len(FEATURES))


def _features(a: NameNode, b: NameNode) -> list[float]:
    together = bool(a.documents & b.documents)
    short = max(_abbreviation(a, b), _abbreviation(b, a))
    return [
        float(a.forms.base == b.forms.base),
        short,
        short * together,
        float(short > 0 and min(len(a.name_key), len(b.name_key)) <= 3),
        float(bool(_stated(a, b) or _stated(b, a))),
        float(a.bracketed[b.name_key] + b.bracketed[a.name_key] > 0),
        _dice(a, b),
        float(_one_edit(a.name_key, b.name_key)),
        *_contained(a, b),
        float(a.forms.digits != b.forms.digits),
        float(together),
        float(bool(a.sentences & b.sentences)),
        *_compare(a.developers, b.developers),
        float(bool(a.sites & b.sites)),
        float(a.name_key in b.hosts or b.name_key in a.hosts),
        _compare(a.hosts, b.hosts)[1],
        float(_runs(a) != _runs(b)),
        float(bool(a.versions & b.versions)),
        float(bool(a.citations & b.citations)),
        float(len(a.members) == len(b.members) == 1),
    ]


def _abbreviation(short: NameNode, long: NameNode) -> float:
    if not is_short_form(short.surface) and len(short.forms.words) > 1:
        return 0.0
    return abbreviates(short.surface, long.surface)


def _stated(a: NameNode, b: NameNode) -> int:
    return a.aliases[b.name_key]


def _compare(a: set[str], b: set[str]) -> tuple[float, float]:
    """Tell whether two sets share something, and whether they differ although neither is empty."""
    shared = bool(a & b)
    return float(shared), float(bool(a and b) and not shared)


def _dice(a: NameNode, b: NameNode) -> float:
    of_a, of_b = trigrams(a.name_key), trigrams(b.name_key)
    return 2 * (of_a & of_b).total() / (of_a.total() + of_b.total())


def _contained(a: NameNode, b: NameNode) -> tuple[float, float]:
    """Tell whether one name has all words of the other, and the rest of them tell little."""
    of_a, of_b = set(a.forms.words), set(b.forms.words)
    if not (of_a <= of_b or of_b <= of_a) or of_a == of_b:
        return float(of_a == of_b), float(of_a == of_b)
    rest = of_a ^ of_b
    makers = VENDORS | a.developers | b.developers
    return 1.0, float(all(word in SOFT_FILLERS or word in makers for word in rest))


def _one_edit(a: str, b: str) -> bool:
    """Tell whether one letter more, less, other or two swapped make one key of another."""
    if min(len(a), len(b)) < 4 or abs(len(a) - len(b)) > 1:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    rest_a, rest_b = a[start : len(a) - end], b[start : len(b) - end]
    if len(rest_a) == len(rest_b) == 2:
        return rest_a == rest_b[::-1]
    return max(len(rest_a), len(rest_b)) == 1 and not (rest_a + rest_b).isdigit()


def _runs(node: NameNode) -> bool:
    """Tell whether most mentions are of a language or an operating system."""
    return 2 * sum(node.types[t] for t in _RUNNERS) > node.types.total()
