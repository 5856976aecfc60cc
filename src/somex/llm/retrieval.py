"""Solved sentences that are like a new one: by the embedded encoder, or by rare words in common."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from somex.core.types import LabeledDocument
from somex.corpus import hash_documents
from somex.llm.sentence import Labels, SentenceView, view_labeled
from somex.text.matching import squeeze

Vectors = NDArray[np.float32]
Similarity = Callable[[SentenceView], Vectors]
"""Likeness of a sentence to each example, (N,)."""

_WORD = re.compile(r"\w+|[^\w\s]")


class ExampleIndex:
    """Finds the nearest examples of a sentence.

    Args:
        examples: Solved sentences, N of them.
        similarity: Their likeness to a sentence, (N,).
    """

    def __init__(self, examples: Sequence[Labels], similarity: Similarity) -> None:
        self._examples = list(examples)
        self._keys = [squeeze(example.view.text) for example in examples]
        self._similarity = similarity

    def nearest(self, view: SentenceView, n: int) -> list[Labels]:
        """Return up to ``n`` examples, the most similar one last (nearest to the question).

        A sentence is never its own example, nor are its other tokenisations; of equal examples
        one is taken.
        """
        if n == 0 or not self._examples or not view.text.strip():
            return []
        seen = {squeeze(view.text)}
        found: list[Labels] = []
        for index in np.argsort(-self._similarity(view), kind="stable").tolist():
            if self._keys[index] not in seen:
                seen.add(self._keys[index])
                found.append(self._examples[index])
                if len(found) == n:
                    break
        return found[::-1]


def lexical_similarity(examples: Sequence[Labels]) -> Similarity:
    """Return the cosine of TF-IDF vectors of words, case aside."""
    bags = [_words(example.view.text) for example in examples]
    n_holding = Counter(word for bag in bags for word in bag)
    weight = {word: math.log((1 + len(bags)) / n) for word, n in n_holding.items()}
    postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for index, bag in enumerate(bags):
        norm = math.sqrt(sum((n * weight[word]) ** 2 for word, n in bag.items())) or 1.0
        for word, n in bag.items():
            postings[word].append((index, n * weight[word] / norm))

    def similarity(view: SentenceView) -> Vectors:
        scores = np.zeros(len(bags), np.float32)
        for word, n in _words(view.text).items():
            for index, value in postings.get(word, ()):
                scores[index] += n * weight[word] * value
        return scores

    return similarity


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.lower()))


Embed = Callable[[SentenceView], Vectors]
"""Vector of a sentence, (H,)."""


def encoder_similarity(
    examples: Sequence[Labels], embed: Embed, *, cache: Path | None = None
) -> Similarity:
    """Return the cosine of sentence vectors.

    Args:
        examples: Solved sentences, N of them, at least one.
        embed: Gives a sentence's vector.
        cache: Holds the vectors (N, H) of these examples, or gets them.
    """
    vectors = None if cache is None else _read_vectors(cache, len(examples))
    if vectors is None:
        vectors = np.stack([embed(example.view) for example in examples])
        if cache is not None:
            cache.parent.mkdir(parents=True, exist_ok=True)
            temporary = cache.with_suffix(".part.npy")
            np.save(temporary, vectors)
            temporary.replace(cache)
    table = _unit_rows(vectors)

    def similarity(view: SentenceView) -> Vectors:
        scores: Vectors = table @ _unit_rows(embed(view)[None])[0]
        return scores

    return similarity


def _unit_rows(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    rows: Vectors = vectors / np.maximum(norms, np.float32(1e-12))
    return rows


def _read_vectors(path: Path, n_examples: int) -> Vectors | None:
    try:
        vectors: Vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return vectors if vectors.ndim == 2 and len(vectors) == n_examples else None


def build_index(
    labeled: Sequence[LabeledDocument], *, retrieval: str, cache_folder: Path | None = None
) -> tuple[ExampleIndex, str]:
    """Build the index of a recipe.

    Args:
        labeled: Solved documents of one sentence each.
        retrieval: ``encoder``, ``lexical``, or ``auto``: the encoder where it is there.
        cache_folder: Keeps the examples' vectors between runs.

    Returns:
        The index, and which of the two retrievals it uses.

    Raises:
        ModelError: The encoder is asked for and not there.
    """
    from somex.core.errors import ModelError
    from somex.llm.embedding import load_embedder

    examples = [view_labeled(item) for item in labeled if item.document.text.strip()]
    if retrieval != "lexical" and examples:
        try:
            embed, name = load_embedder()
        except ModelError:
            if retrieval == "encoder":
                raise
        else:
            path = None
            if cache_folder is not None:
                path = cache_folder / f"examples-{name}-{hash_documents(labeled)[:12]}.npy"
            return ExampleIndex(
                examples, encoder_similarity(examples, embed, cache=path)
            ), "encoder"
    return ExampleIndex(examples, lexical_similarity(examples)), "lexical"
