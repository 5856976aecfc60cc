"""What two names have in common, as numbers for the scorer."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence, Set

import numpy as np
from numpy.typing import NDArray

from somex.core.schema import EntityType
from somex.linking.candidates import Pair
from somex.linking.names import abbreviates, extends_language, is_short_form, trigrams
from somex.linking.nodes import NameNode
from somex.linking.words import SOFT_FILLERS, VENDORS

FEATURES = (
    "same_base",
    "abbreviation",
    "abbreviation_in_document",
    "abbreviation_of_three",
    "stated",
    "bracketed",
    "trigrams",
    "one_edit",
    "same_words",
    "begins_with",
    "ends_with",
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
"""Names of the columns of `pair_features`, each 0 to 1."""

_RUNNERS = {EntityType.PROGRAMMING_ENVIRONMENT, EntityType.OPERATING_SYSTEM}


def pair_features(nodes: Sequence[NameNode], pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Return the features of pairs of names, shape (n_pairs, n_features).

    What names share counts the less the more names have it, so that a version such as "1.0" or a
    developer of much software does not speak for a pair, however large the collection.
    """
    comparer = _Comparer(nodes, pairs)
    rows = [comparer.compare(a, b) for a, b in pairs]
    return np.array(rows, dtype=np.float64).reshape(len(pairs), len(FEATURES))


class _Comparer:
    """Compares pairs of names of one collection."""

    def __init__(self, nodes: Sequence[NameNode], pairs: Sequence[Pair]) -> None:
        self._nodes = nodes
        self._names = {node.name_key for node in nodes}
        self._developers = Counter(d for node in nodes for d in node.developers)
        self._versions = Counter(v for node in nodes for v in node.versions)
        self._sites = Counter(s for node in nodes for s in node.sites)
        self._short = {pair: self._abbreviation(*pair) for pair in pairs}
        self._first_words: dict[int, set[str]] = defaultdict(set)
        for _, short, long in self._short.values():
            if short is not None and long is not None:
                self._first_words[short].add(nodes[long].forms.words[0])

    def _abbreviation(self, a: int, b: int) -> tuple[float, int | None, int | None]:
        """Return how well one name abbreviates the other, which is short and which long."""
        found: list[tuple[float, int | None, int | None]] = [(0.0, None, None)]
        for short, long in ((a, b), (b, a)):
            node = self._nodes[short]
            if is_short_form(node.surface) or len(node.forms.words) == 1:
                value = abbreviates(node.surface, self._nodes[long].surface)
                if value > 0:
                    found.append((value, short, long))
        return max(found, key=lambda part: part[0])

    def compare(self, a: int, b: int) -> list[float]:
        """Return the features of two names."""
        first, second = self._nodes[a], self._nodes[b]
        together = _overlap(first.documents, second.documents)
        value, short, _ = self._short[a, b]
        is_stated = _states(first, second, together) or _states(second, first, together)
        is_told = is_stated or together > 0 or not (first.is_contested or second.is_contested)
        value *= is_told
        n_meanings = 1 if short is None else len(self._first_words[short])
        return [
            float(first.forms.base == second.forms.base),
            value / math.sqrt(n_meanings),
            value * (together > 0),
            float(value > 0 and min(len(first.name_key), len(second.name_key)) <= 3),
            float(is_stated),
            float(is_told and (_bracketed(first, second) or _bracketed(second, first))),
            _dice(first, second),
            _one_edit(first.name_key, second.name_key),
            *_contained(first, second, self._names),
            float(first.forms.digits != second.forms.digits),
            together,
            _overlap(first.sentences, second.sentences),
            _shared(first.developers, second.developers, self._developers),
            _differs(first.developers, second.developers),
            _shared(first.sites, second.sites, self._sites),
            float(first.name_key in second.hosts or second.name_key in first.hosts),
            _differs(first.hosts, second.hosts),
            float(_runs(first) != _runs(second)),
            _shared(first.versions, second.versions, self._versions),
            float(bool(first.citations & second.citations)),
            float(len(first.members) == len(second.members) == 1),
        ]


def _states(a: NameNode, b: NameNode, together: float) -> bool:
    """Tell whether texts give one name the other, if that can't mean other software."""
    return a.aliases[b.name_key] > 0 and (together > 0 or not b.is_contested)


def _bracketed(a: NameNode, b: NameNode) -> bool:
    return a.bracketed[b.name_key] > 0


def _overlap(a: Set[Hashable], b: Set[Hashable]) -> float:
    """Return which share of the smaller set the larger one has."""
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0


def _shared(a: set[str], b: set[str], n_names: Counter[str]) -> float:
    """Return 1 where two names alone share something, less where many names have it."""
    return max((math.sqrt(2 / n_names[value]) for value in a & b), default=0.0)


def _differs(a: set[str], b: set[str]) -> float:
    """Tell whether two sets have nothing in common although neither is empty."""
    return float(bool(a and b) and not a & b)


def _dice(a: NameNode, b: NameNode) -> float:
    of_a, of_b = trigrams(a.name_key), trigrams(b.name_key)
    return 2 * (of_a & of_b).total() / (of_a.total() + of_b.total())


def _contained(a: NameNode, b: NameNode, names: set[str]) -> tuple[float, float, float, float]:
    """Tell how one name contains the words of the other.

    A language is contained in none ("R Studio"), and a name does not count as the beginning of
    another if the rest is a name too: "SPSS AMOS" is AMOS.

    Returns:
        Whether they are the same words, one begins with the other, one ends with it (or has it
        elsewhere), and whether the other words tell little.
    """
    short, long = sorted((a.forms.words, b.forms.words), key=len)
    if set(short) == set(long):
        return 1.0, 0.0, 0.0, 1.0
    if not set(short) < set(long) or extends_language(short, long):
        return 0.0, 0.0, 0.0, 0.0
    makers = VENDORS | a.developers | b.developers
    rest = set(long) - set(short)
    is_soft = all(w in SOFT_FILLERS or f"{w}s" in SOFT_FILLERS or w in makers for w in rest)
    begins = long[: len(short)] == short
    if begins and "".join(long[len(short) :]) in names:
        return 0.0, 0.0, 0.0, 0.0
    return 0.0, float(begins), float(not begins), float(is_soft)


def _one_edit(a: str, b: str) -> float:
    """Return 1 where one slip makes one long key of the other, less in short keys, else 0.

    A slip is a letter more, less, other or two swapped, save for the first letter: names that
    differ there are as a rule two.
    """
    if min(len(a), len(b)) < 4 or abs(len(a) - len(b)) > 1 or a[0] != b[0]:
        return 0.0
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    rest_a, rest_b = a[start : len(a) - end], b[start : len(b) - end]
    is_swap = len(rest_a) == len(rest_b) == 2 and rest_a == rest_b[::-1]
    is_one = max(len(rest_a), len(rest_b)) == 1 and not (rest_a + rest_b).isdigit()
    return min(1.0, (min(len(a), len(b)) - 2) / 6) if is_swap or is_one else 0.0


def _runs(node: NameNode) -> bool:
    """Tell whether most mentions are of a language or an operating system."""
    return 2 * sum(node.types[t] for t in _RUNNERS) > node.types.total()
