"""Which names to compare: pairs that share something rare, found in near-linear time."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from somex.linking.names import abbreviates, is_short_form, trigrams
from somex.linking.nodes import NameNode

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Blocking:
    """How far the search for pairs goes.

    Attributes:
        max_block: A block of names that share something may hold so many; larger ones tell little
            and are passed over.
        n_neighbours: Nearest names by trigrams, for each name.
        min_cosine: How near they must be, 0 to 1.
        max_per_document: Names of a document that are compared as abbreviation and long form.
    """

    max_block: int = 60
    n_neighbours: int = 8
    min_cosine: float = 0.45
    max_per_document: int = 200


def find_candidates(nodes: Sequence[NameNode], blocking: Blocking | None = None) -> list[Pair]:
    """Return the pairs of names to compare, as indices ``(low, high)``, sorted."""
    blocking = blocking or Blocking()
    pairs: set[Pair] = set()
    blocks: dict[Hashable, list[int]] = defaultdict(list)
    for index, node in enumerate(nodes):
        for key in _block_keys(node):
            blocks[key].append(index)
    for members in blocks.values():
        if len(members) <= blocking.max_block:
            pairs.update((a, b) for place, b in enumerate(members) for a in members[:place])
    pairs.update(_abbreviations_in_documents(nodes, blocking))
    pairs.update(trigram_neighbours([node.name_key for node in nodes], blocking))
    return sorted(pairs)


def _block_keys(node: NameNode) -> set[tuple[str, str]]:
    """Return what a name shares with those that it is compared with, as kind and value."""
    forms = node.forms
    keys = {("name", forms.key), ("name", forms.base)}
    keys.update(("name", initials) for initials in forms.initials if len(initials) > 2)
    keys.update(("name", alias) for alias in node.aliases)
    keys.update(("name", name) for name in node.bracketed)
    keys.update(("word", word) for word in forms.words if len(word) > 2)
    keys.update(("identifier", value) for value in node.identifiers | node.sites)
    keys.update(("one edit", variant) for variant in _with_one_letter_less(forms.key))
    return keys


def _with_one_letter_less(key: str) -> Iterator[str]:
    """Yield a key and its forms without one letter; keys one edit apart share one of them."""
    if 4 <= len(key) <= 24:
        yield key
        for place in range(len(key)):
            yield key[:place] + key[place + 1 :]


def _abbreviations_in_documents(nodes: Sequence[NameNode], blocking: Blocking) -> Iterator[Pair]:
    """Yield names of one document of which one may abbreviate the other."""
    in_document: dict[str, list[int]] = defaultdict(list)
    for index, node in enumerate(nodes):
        for document in node.documents:
            in_document[document].append(index)
    for members in in_document.values():
        if len(members) > blocking.max_per_document:
            continue
        short = [i for i in members if is_short_form(nodes[i].surface)]
        long = [i for i in members if len(nodes[i].forms.words) > 1]
        for a in short:
            for b in long:
                if a != b and abbreviates(nodes[a].surface, nodes[b].surface) > 0:
                    yield min(a, b), max(a, b)


def trigram_neighbours(keys: Sequence[str], blocking: Blocking) -> Iterator[Pair]:
    """Yield each key with its nearest ones by the cosine of their TF-IDF trigrams.

    Trigrams of more than ``10 * max_block`` keys only count in the lengths of the vectors, so the
    work grows with the number of keys and not with its square.

    Args:
        keys: Name keys.
        blocking: How far to look.
    """
    grams = [trigrams(key) for key in keys]
    n_keys_with = Counter(gram for of_key in grams for gram in of_key)
    idf = {gram: math.log(1 + len(keys) / n) for gram, n in n_keys_with.items()}
    max_block = 10 * blocking.max_block
    postings: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    vectors: list[dict[str, float]] = []
    for index, of_key in enumerate(grams):
        vector = {gram: n * idf[gram] for gram, n in of_key.items()}
        length = math.sqrt(sum(value * value for value in vector.values()))
        vectors.append({g: v / length for g, v in vector.items() if n_keys_with[g] <= max_block})
        for gram, value in vectors[-1].items():
            postings[gram][0].append(index)
            postings[gram][1].append(value)
    arrays = {gram: (np.array(rows), np.array(values)) for gram, (rows, values) in postings.items()}
    for index, vector in enumerate(vectors):
        for other in _nearest(index, vector, arrays, blocking):
            yield min(index, other), max(index, other)


_Arrays = dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]


def _nearest(
    index: int, vector: dict[str, float], arrays: _Arrays, blocking: Blocking
) -> list[int]:
    if not vector:
        return []
    rows = np.concatenate([arrays[gram][0] for gram in vector])
    parts = np.concatenate([arrays[gram][1] * value for gram, value in vector.items()])
    found, inverse = np.unique(rows, return_inverse=True)
    cosines = np.bincount(inverse, weights=parts)
    cosines[found == index] = 0.0
    order = np.lexsort((found, -cosines.round(9)))[: blocking.n_neighbours]
    return [int(found[i]) for i in order if cosines[i] >= blocking.min_cosine]
