"""Results of rows made by hand, for the tests of the paper's tables; every sentence is our own."""

from __future__ import annotations

from somex.core import Annotation, Document, LabeledDocument, Mention, Relation
from somex.core.types import Sentence
from somex.reproduce.plan import Loss, PaperFigures, Row
from somex.reproduce.rows import RowResult
from somex.reproduce.sets import IN, EvaluationSet
from somex.text.words import split_words

PUNCTUATION = "punctuation"


def sentence(
    name: str, text: str, *mentions: tuple[str, str], relation: bool = False
) -> LabeledDocument:
    """Return a sentence with mentions (type, words); the second belongs to the first if wanted."""
    document = Document(name, text, (Sentence(0, len(text), split_words(text)),))
    found = [Mention(t, text.index(w), text.index(w) + len(w)) for t, w in mentions]  # type: ignore[arg-type]
    relations = [Relation("Version_of", found[1], found[0])] if relation else []  # type: ignore[arg-type]
    return LabeledDocument(document, Annotation.build(found, relations))


def gold() -> list[LabeledDocument]:
    """Two applications, two versions, two relations."""
    parts = (
        (("Application", "Quill"), ("Version", "4.0")),
        (("Application", "Moss"), ("Version", "7")),
    )
    texts = ("We ran Quill 4.0 .", "Then Moss 7 drew it .")
    return [
        sentence(f"s{i}", text, *mentions, relation=True)
        for i, (text, mentions) in enumerate(zip(texts, parts, strict=True))
    ]


def perfect() -> list[LabeledDocument]:
    """All found: total 1."""
    return gold()


def half() -> list[LabeledDocument]:
    """The second sentence's version and relation missed.

    Application F1 1, Version 2/3: NER 5/6. Version_of: 1 of 2 found, F1 2/3. Total 0.75.
    """
    first, second = gold()
    (application, *_) = second.annotation.mentions
    return [first, LabeledDocument(second.document, Annotation.build([application]))]


def nothing() -> list[LabeledDocument]:
    """Nothing found: total 0."""
    return [LabeledDocument(d.document, Annotation.build([])) for d in gold()]


def sets() -> list[EvaluationSet]:
    """The two sentences in distribution, and as if one of them were written otherwise."""
    return [EvaluationSet(IN, gold(), 2), EvaluationSet(PUNCTUATION, gold(), 1)]


def result(
    name: str,
    loss: Loss,
    *seeds: tuple[list[LabeledDocument], list[LabeledDocument]],
    system: str = "Tiny",
    paper: PaperFigures | None = None,
    wanted: int = 2,
) -> RowResult:
    """Return a row's result: for each seed the predictions in and out of distribution."""
    row = Row(name, system, "token", loss, "r.yaml", paper=paper or PaperFigures())
    made = RowResult(row, tuple(range(1, wanted + 1)))
    for seed, found in enumerate(seeds, start=1):
        made.predictions[seed] = dict(zip((IN, PUNCTUATION), found, strict=True))
        made.reports[seed] = {s.name: s.report(made.predictions[seed][s.name]) for s in sets()}
    return made
