"""Folds over whole documents, and what a training must not see of the held-out ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from somex.core.errors import ConfigError
from somex.core.types import LabeledDocument
from somex.corpus import (
    HoldOut,
    bucket_of,
    drop_documents_holding,
    read_source,
    sentence_text,
    split_labeled,
)
from somex.recipe import DataConfig, Source
from somex.text.matching import MIN_TELLING, squeeze

IsSpared = Callable[[LabeledDocument], bool]
"""Tells of a sentence without mentions whether the training leaves it out."""


@dataclass(frozen=True, slots=True)
class DocumentFold:
    """A share of the documents, held out of a training.

    Attributes:
        index: 0 to ``n_folds`` - 1.
        n_folds: Number of folds.
        documents: The held-out documents, whole, with gold.
        hold_out: What a training without them must not see.
    """

    index: int
    n_folds: int
    documents: tuple[LabeledDocument, ...]
    hold_out: HoldOut

    def sparing(self, is_spared: IsSpared) -> DocumentFold:
        """Return the fold with a training that leaves out further sentences without mentions."""
        barred = self.hold_out.is_barred

        def is_barred(part: LabeledDocument) -> bool:
            return barred(part) or (not part.annotation.mentions and is_spared(part))

        return replace(self, hold_out=replace(self.hold_out, is_barred=is_barred))


def read_whole_documents(config: DataConfig) -> list[LabeledDocument]:
    """Read the documents of a recipe's extra sources that are fully labelled.

    Documents that hold a sentence of ``never`` are left out.

    Raises:
        ConfigError: There is no such source, or two of its documents share an id.
    """
    sources = [source for source in config.extra if source.has_whole_documents]
    if not sources:
        raise ConfigError(
            "data.extra names no fully labelled corpus; folds are cut from its whole documents"
        )
    never = [text for source in config.never for text in _texts(source)]
    found = [d for s in sources for d in drop_documents_holding(read_source(s), never)]
    if len({d.document.id for d in found}) < len(found):
        raise ConfigError("two documents of data.extra share an id; folds need them told apart")
    return found


def _texts(source: Source) -> list[str]:
    return [sentence_text(part) for d in read_source(source) for part in split_labeled(d)]


def cut_fold(documents: Sequence[LabeledDocument], fold: int, *, n_folds: int) -> DocumentFold:
    """Hold out the documents whose ids hash to a fold.

    Barred from training are the documents themselves and, in every corpus, each sentence that
    stands in one of them, white space and case aside: as a sentence, or, from ``MIN_TELLING``
    characters on, anywhere in the text (other corpora cut sentences elsewhere).

    Raises:
        ConfigError: There is no such fold, or no document falls into it.
    """
    if not 0 <= fold < n_folds:
        raise ConfigError(f"fold {fold} does not exist; valid: 0 to {n_folds - 1}")
    held = tuple(d for d in documents if bucket_of(d.document.id, n_folds) == fold)
    if not held or len(held) == len(documents):
        raise ConfigError(
            f"{len(documents)} document(s) don't fill {n_folds} folds; give fewer folds"
        )
    ids = {d.document.id for d in held}
    is_in = _Texts(held)
    hold_out = HoldOut(
        is_barred=lambda part: is_in.holds(squeeze(sentence_text(part))),
        is_barred_document=lambda d: d.document.id in ids,
    )
    return DocumentFold(fold, n_folds, held, hold_out)


class _Texts:
    """Tells whether documents hold a sentence."""

    def __init__(self, documents: Iterable[LabeledDocument]) -> None:
        parts = [split_labeled(d) for d in documents]
        self._sentences = {squeeze(sentence_text(p)) for part in parts for p in part}
        self._text = "\n".join(squeeze(part[0].document.text) for part in parts if part)
        self._known: dict[str, bool] = {}

    def holds(self, key: str) -> bool:
        """Tell whether the sentence, squeezed, stands in them."""
        if key not in self._known:
            is_long = len(key) >= MIN_TELLING
            self._known[key] = key in self._sentences or (is_long and key in self._text)
        return self._known[key]
