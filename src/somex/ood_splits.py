"""Splits whose test part is unlike what is trained on, cut from a recipe's own corpora.

Each needs a training of its own, without what it holds out. A sentence that is tested on is never
trained on, white space and case aside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from somex.core.errors import ConfigError, unknown_value
from somex.core.schema import SOFTWARE_TYPES, EntityType
from somex.core.types import LabeledDocument, Mention
from somex.corpus import (
    HoldOut,
    bucket_of,
    hold_out_fold,
    read_main,
    read_source,
    sentence_text,
)
from somex.recipe import DataConfig, Source
from somex.text.matching import MIN_TELLING, squeeze
from somex.text.words import split_words

CONTROL = "fold"
"""The split whose test part is like the training part: what the others are compared with."""

NAMES = "unseen-names"
N_FOLDS = 5
N_NAME_BUCKETS = 5

SUBSETS: dict[str, tuple[str, ...]] = {
    "subset-creation": ("Creation_sentences",),
    "subset-pubmed": ("Pubmed_fulltext",),
    "subset-methods": ("PLoS_methods", "PLoS_sentences"),
}
"""Split -> the folders of SoMeSci that it holds out."""

_NAMING = SOFTWARE_TYPES | {EntityType.ABBREVIATION, EntityType.ALTERNATIVE_NAME}


@dataclass(frozen=True, slots=True)
class Split:
    """What one training is tested on and must not see.

    Attributes:
        name: Name of the split.
        description: One line for people.
        hold_out: Tells the test part and what is barred from training.
        names: Held-out software names, squeezed; empty where names are not what is held out.
    """

    name: str
    description: str
    hold_out: HoldOut
    names: frozenset[str] = frozenset()

    def is_held_out_name(self, labeled: LabeledDocument, mention: Mention) -> bool:
        """Tell whether a mention is a software name that the training has not seen."""
        return mention.type in SOFTWARE_TYPES and _name(labeled, mention) in self.names


def build_split(name: str, config: DataConfig, *, somesci: Path | None) -> Split:
    """Cut a split from a recipe's corpora.

    Args:
        name: One of ``SPLITS``.
        config: The recipe's data part.
        somesci: Folder of SoMeSci, whose folders the subset splits hold out.

    Raises:
        ConfigError: There is no such split, SoMeSci is needed and not there, or nothing of the
            main corpus belongs to the test part.
    """
    if name not in SPLITS:
        raise ConfigError(unknown_value("split", name, list(SPLITS)))
    main = read_main(config)
    if name == CONTROL:
        split = Split(name, SPLITS[name], hold_out_fold(0, n_folds=N_FOLDS))
    elif name == NAMES:
        split = _unseen_names(main)
    else:
        split = _subset(name, main, somesci)
    if not any(map(split.hold_out.is_test, main)):
        raise ConfigError(f"split {name}: no sentence of {config.train.path} belongs to it")
    return split


SPLITS: dict[str, str] = {
    CONTROL: f"fold 0 of {N_FOLDS}: like the training sentences",
    "subset-creation": "sentences of SoMeSci's papers that build tools",
    "subset-pubmed": "sentences of SoMeSci's PubMed full texts",
    "subset-methods": "sentences of SoMeSci's PLoS methods sections and PLoS sentences",
    NAMES: f"sentences with software names that were not trained on (a {N_NAME_BUCKETS}th of all)",
}
"""Name of each split, in the order of the table, and what its test part is."""


def _subset(name: str, main: Sequence[LabeledDocument], somesci: Path | None) -> Split:
    """Test on the sentences that stand in documents of some folders; bar these documents.

    The main corpus does not tell where its sentences come from, so those of documents that the
    SoMeSci copy lacks stay in training.
    """
    folders = SUBSETS[name]
    if somesci is None or not somesci.is_dir():
        raise ConfigError(
            f"split {name} needs SoMeSci to know which sentences belong to it; "
            f"{somesci or 'no folder'} is not there: give the folder that holds somesci/"
        )
    hold_out = hold_out_documents(main, somesci, lambda d: stands_in_folders(d, folders))
    return Split(name, SPLITS[name], hold_out)


def hold_out_documents(
    main: Sequence[LabeledDocument], somesci: Path, is_held: Callable[[LabeledDocument], bool]
) -> HoldOut:
    """Test on the main sentences that stand in some of SoMeSci's documents; bar these documents."""
    documents = [d for d in read_source(Source(str(somesci), "brat")) if is_held(d)]
    texts = [squeeze(d.document.text) for d in documents]
    held = {
        key
        for key in {squeeze(sentence_text(p)) for p in main}
        if len(key) >= MIN_TELLING and any(key in text for text in texts)
    }
    return HoldOut(is_test=lambda p: squeeze(sentence_text(p)) in held, is_barred_document=is_held)


def stands_in_folders(labeled: LabeledDocument, folders: Iterable[str]) -> bool:
    """Tell from a document's id and path whether it stands in one of the folders."""
    document = labeled.document
    parts = {*PurePath(document.id).parts, *PurePath(document.provenance.get("path", "")).parts}
    return not parts.isdisjoint(folders)


def _unseen_names(main: Sequence[LabeledDocument]) -> Split:
    """Test on sentences with a held-out name; bar every sentence that names one, in any corpus."""
    names = frozenset(
        name
        for labeled in main
        for m in labeled.annotation.mentions
        if m.type in SOFTWARE_TYPES and bucket_of(name := _name(labeled, m), N_NAME_BUCKETS) == 0
    )

    def is_test(part: LabeledDocument) -> bool:
        mentions = part.annotation.mentions
        return any(m.type in SOFTWARE_TYPES and _name(part, m) in names for m in mentions)

    def is_barred(part: LabeledDocument) -> bool:
        mentions = (m for m in part.annotation.mentions if m.type in _NAMING)
        return any(not names.isdisjoint(_names_within(part, m)) for m in mentions)

    hold_out = HoldOut(is_test=is_test, is_barred=is_barred, whole_documents=False, names=names)
    return Split(NAMES, SPLITS[NAMES], hold_out, names)


def _name(labeled: LabeledDocument, mention: Mention) -> str:
    return squeeze(labeled.document.slice(mention.char_start, mention.char_end))


def _names_within(labeled: LabeledDocument, mention: Mention) -> Iterable[str]:
    """Yield every run of words of a mention, squeezed: ``FSL toolbox`` holds the name ``fsl``."""
    text = labeled.document.slice(mention.char_start, mention.char_end)
    words = [squeeze(text[w.char_start : w.char_end]) for w in split_words(text)]
    yield squeeze(text)
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            yield "".join(words[start:end])
