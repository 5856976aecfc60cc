"""A callable in the manner of Hugging Face's pipelines; needs neither torch nor transformers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict, overload

from somex.core.errors import ConfigError, unknown_value
from somex.core.types import Document, LabeledDocument
from somex.pipeline import Extractor, load

TASK = "software-mentions"


class RelationRow(TypedDict):
    """A relation that leads from a mention to its host.

    Attributes:
        relation: Its type, as ``Version_of``.
        score: Its confidence, 0 to 1.
        tail: Index of the host in the list of its text.
        word: Characters of the host.
    """

    relation: str
    score: float
    tail: int
    word: str


class MentionRow(TypedDict):
    """A mention, its keys those of a token-classification pipeline and two more.

    Attributes:
        entity_group: Its type, as ``Application``.
        score: Its confidence, 0 to 1.
        word: Its characters, as they stand in the text.
        start: Its first character.
        end: One past the last.
        purpose: Why the software is mentioned; None where that is not known.
        relations: The relations that lead from it.
    """

    entity_group: str
    score: float
    word: str
    start: int
    end: int
    purpose: str | None
    relations: list[RelationRow]


class SoftwareMentionPipeline:
    """Finds the software mentions of a text, or of many.

    Args:
        extractor: The loaded model.
        batch_size: Texts that are read together; a result does not depend on it.

    Raises:
        ConfigError: ``batch_size`` is below 1.
    """

    task = TASK

    def __init__(self, extractor: Extractor, *, batch_size: int = 32) -> None:
        if batch_size < 1:
            raise ConfigError(f"batch_size is {batch_size}; valid: 1 or more")
        self.extractor = extractor
        self.batch_size = batch_size

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a str is an iterable of str, too
        self, inputs: str
    ) -> list[MentionRow]: ...

    @overload
    def __call__(self, inputs: Iterable[str]) -> list[list[MentionRow]]: ...

    def __call__(self, inputs: str | Iterable[str]) -> list[MentionRow] | list[list[MentionRow]]:
        """Find the mentions of one text, or of several.

        Args:
            inputs: A text, or texts.

        Returns:
            The mentions of the text in reading order; for several texts one such list each.

        Raises:
            ConfigError: What should be a text is none; the message gives its place.
        """
        if isinstance(inputs, str):
            return _rows(self.extractor.extract(inputs))
        documents = [_document(text, index) for index, text in enumerate(inputs)]
        found: list[list[MentionRow]] = []
        for first in range(0, len(documents), self.batch_size):
            batch = documents[first : first + self.batch_size]
            found.extend(map(_rows, self.extractor.annotate(batch)))
        return found


def pipeline(
    task: str = TASK,
    *,
    model: str | Path | Extractor = "default",
    batch_size: int = 32,
    min_confidence: float = 0.0,
    lean: float = 0.0,
    n_threads: int | None = None,
) -> SoftwareMentionPipeline:
    """Return a pipeline for a task, of which there is one: ``software-mentions``.

    Args:
        task: The task.
        model: ``default``, the name of an installed model, a model folder, or a loaded model, for
            which the last three arguments do not count.
        batch_size: Texts that are read together.
        min_confidence: Mentions less sure than this (0 to 1) are left out.
        lean: Above 0 leans to precision, below 0 to recall.
        n_threads: Threads of the network; as many as cores by default.

    Raises:
        ConfigError: The task is unknown, or a number is out of range.
        ModelError: There is no such model.
    """
    if task != TASK:
        raise ConfigError(unknown_value("task", task, [TASK]))
    if not isinstance(model, Extractor):
        model = load(model, min_confidence=min_confidence, lean=lean, n_threads=n_threads)
    return SoftwareMentionPipeline(model, batch_size=batch_size)


def _document(text: object, index: int) -> Document:
    if not isinstance(text, str):
        raise ConfigError(f"inputs[{index}] is {text!r}; valid: a text (str)")
    return Document(f"text-{index}", text)


def _rows(labeled: LabeledDocument) -> list[MentionRow]:
    document, annotation = labeled.document, labeled.annotation
    rows: list[MentionRow] = [
        {
            "entity_group": str(m.type),
            "score": m.confidence,
            "word": document.slice(m.char_start, m.char_end),
            "start": m.char_start,
            "end": m.char_end,
            "purpose": None if m.purpose is None else str(m.purpose),
            "relations": [],
        }
        for m in annotation.mentions
    ]
    places = {mention: index for index, mention in enumerate(annotation.mentions)}
    for relation in annotation.relations:
        tail = places[relation.tail]
        rows[places[relation.head]]["relations"].append(
            {
                "relation": str(relation.type),
                "score": relation.confidence,
                "tail": tail,
                "word": rows[tail]["word"],
            }
        )
    return rows
