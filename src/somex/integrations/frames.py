"""Software mentions of a column of texts, for pandas, polars and whatever else narwhals knows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from somex.core.errors import ConfigError, MissingExtraError, unknown_value
from somex.core.types import Document, LabeledDocument
from somex.pipeline import Extractor, load

if TYPE_CHECKING:
    import narwhals as nw

FrameT = TypeVar("FrameT")

MENTION_COLUMNS = (
    "mention",
    "type",
    "text",
    "char_start",
    "char_end",
    "confidence",
    "purpose",
)
RELATION_COLUMNS = ("type", "head", "tail", "head_text", "tail_text", "confidence")
FAILURE_COLUMNS = ("reason",)
_OURS = ("row", *MENTION_COLUMNS, *RELATION_COLUMNS, *FAILURE_COLUMNS)
_INTEGERS = ("row", "char_start", "char_end")


class Frames(NamedTuple, Generic[FrameT]):
    """What `extract_frame` returns, frames of the kind that it was given.

    All begin with ``row``, the number of the row in the given frame, from 0, and the column that
    ``id`` names.

    Attributes:
        mentions: A row a mention: ``mention`` (T1 is the first of its text), ``type``, ``text``,
            ``char_start``, ``char_end`` (half-open), ``confidence`` (0 to 1), ``purpose`` (null
            where not known).
        relations: A row a relation: ``type``, ``head`` (the attribute) and ``tail`` (its host) as
            in ``mention``, their characters as ``head_text`` and ``tail_text``, ``confidence``.
        failures: A row for each text that could not be read: ``reason``.
    """

    mentions: FrameT
    relations: FrameT
    failures: FrameT


@dataclass(slots=True)
class _Tables:
    """Rows of the three frames, each with the number of its text first."""

    mentions: list[tuple[Any, ...]] = field(default_factory=list)
    relations: list[tuple[Any, ...]] = field(default_factory=list)
    failures: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, row: int, labeled: LabeledDocument) -> None:
        """Add the mentions and relations of a text."""
        document = labeled.document
        mentions = labeled.annotation.mentions
        texts = {m: document.slice(m.char_start, m.char_end) for m in mentions}
        ids = {mention: f"T{n}" for n, mention in enumerate(mentions, start=1)}
        for m, id in ids.items():
            purpose = None if m.purpose is None else str(m.purpose)
            facts = (str(m.type), texts[m], m.char_start, m.char_end, m.confidence, purpose)
            self.mentions.append((row, id, *facts))
        for r in labeled.annotation.relations:
            ends = (ids[r.head], ids[r.tail], texts[r.head], texts[r.tail])
            self.relations.append((row, str(r.type), *ends, r.confidence))


def extract_frame(
    frame: FrameT,
    *,
    text: str = "text",
    id: str | None = None,
    model: str | Path | Extractor = "default",
    min_confidence: float = 0.0,
    lean: float = 0.0,
    batch_size: int = 32,
    progress: bool = True,
) -> Frames[FrameT]:
    """Find the software mentions of a column of texts.

    A text that can't be read (one that is missing, for instance) is told in ``failures`` and by a
    warning, and the rest goes on.

    Args:
        frame: A frame of pandas or polars, or another eager one that narwhals knows.
        text: Column of the texts.
        id: Column to carry over, such as a DOI; none by default.
        model: ``default``, the name of an installed model, a model folder, or a loaded model, for
            which the next two do not count.
        min_confidence: Mentions less sure than this (0 to 1) are left out.
        lean: Above 0 leans to precision, below 0 to recall.
        batch_size: Texts that are read together; a result does not depend on it.
        progress: Whether to show a progress bar.

    Raises:
        ConfigError: It is no such frame, a column is missing or of a name that the results need,
            or a number is out of range.
        MissingExtraError: narwhals is not installed.
        ModelError: There is no such model.
    """
    from tqdm import tqdm

    if batch_size < 1:
        raise ConfigError(f"batch_size is {batch_size}; valid: 1 or more")
    source = _open(frame, text=text, id=id)
    if not isinstance(model, Extractor):
        model = load(model, min_confidence=min_confidence, lean=lean)
    tables = _Tables()
    texts = _texts(source.get_column(text))
    with tqdm(total=len(texts), unit="text", disable=not progress) as bar:
        for first in range(0, len(texts), batch_size):
            batch = texts[first : first + batch_size]
            for row, found in _annotate(model, batch, first):
                if isinstance(found, str):
                    tables.failures.append((row, found))
                else:
                    tables.add(row, found)
            bar.update(len(batch))
    if tables.failures:
        warnings.warn(_told(tables.failures, len(texts)), stacklevel=2)
    return Frames(
        _build(source, id, MENTION_COLUMNS, tables.mentions),
        _build(source, id, RELATION_COLUMNS, tables.relations),
        _build(source, id, FAILURE_COLUMNS, tables.failures),
    )


def _open(frame: Any, *, text: str, id: str | None) -> nw.DataFrame[Any]:
    try:
        import narwhals as nw
    except ImportError:
        message = "frames need narwhals; install it with: pip install 'somex[frames]'"
        raise MissingExtraError(message) from None
    try:
        source: nw.DataFrame[Any] = nw.from_native(frame, eager_only=True)
    except TypeError:
        raise ConfigError(
            f"the frame is a {type(frame).__module__}.{type(frame).__name__}; valid: an eager "
            "frame of pandas or polars (collect() a lazy one)"
        ) from None
    for column in (text, id):
        if column is not None and column not in source.columns:
            raise ConfigError(unknown_value("column", column, list(map(str, source.columns))))
    if id in _OURS:
        raise ConfigError(f"the id column is called {id!r}, as one of the results; rename it")
    return source


def _texts(column: nw.Series[Any]) -> list[Any]:
    """Return the values of a column, None where it has none (NaN and NA of pandas, too)."""
    both = zip(column.to_list(), column.is_null().to_list(), strict=True)
    return [None if is_null else value for value, is_null in both]


def _annotate(
    extractor: Extractor, texts: Sequence[object], first: int
) -> Iterator[tuple[int, LabeledDocument | str]]:
    """Yield for each text its row and its document, or why there is none."""
    documents: list[Document] = []
    rows: list[int] = []
    for row, text in enumerate(texts, start=first):
        if isinstance(text, str):
            documents.append(Document(f"row-{row}", text))
            rows.append(row)
        else:
            kind = type(text).__name__
            told = "the text is missing" if text is None else f"{text!r} is no text but {kind}"
            yield row, told
    try:
        yield from zip(rows, extractor.annotate(documents), strict=True)
    except Exception:  # which text it was shows when they are read one by one
        for row, document in zip(rows, documents, strict=True):
            yield row, _annotate_one(extractor, document)


def _annotate_one(extractor: Extractor, document: Document) -> LabeledDocument | str:
    try:
        return extractor.annotate([document])[0]
    except Exception as error:  # whatever it is, the rest goes on
        return " ".join(f"{type(error).__name__}: {error}".split())


def _told(failures: Sequence[tuple[Any, ...]], n_rows: int) -> str:
    row, reason = failures[0]
    return f"{len(failures)} of {n_rows} texts failed (row {row}: {reason}); see failures"


def _build(
    source: nw.DataFrame[Any],
    id: str | None,
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
) -> Any:
    """Return rows as a frame of the source's kind; the column ``id`` is carried over."""
    import narwhals as nw

    names = ("row", *columns)
    data: dict[str, Any] = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    schema = {
        name: nw.Int64 if name in _INTEGERS else nw.Float64 if name == "confidence" else nw.String
        for name in names
    }
    found = nw.from_dict(data, schema=schema, backend=source.implementation)
    if id is not None:
        carried = source.get_column(id)[data["row"]]  # gathered, so that its type stays
        found = found.with_columns(carried).select("row", id, *columns)
    return found.to_native()
