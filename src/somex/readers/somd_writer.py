"""Writes SOMD files and submissions: tokens, IOB2 tags and relations, a sentence a line."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from somex.core.errors import FormatError
from somex.core.types import Document, LabeledDocument, Mention, Sentence, Token
from somex.readers.files import decode_utf8, open_atomic, read_bytes, split_lines, write_lines
from somex.readers.losses import WriteReport, n_confidences
from somex.readers.problems import raise_errors
from somex.readers.somd import SomdLabels, parse_labels, split_names

ENTITIES_NAME, RELATIONS_NAME = "predictions.entities.txt", "predictions.relations.txt"
MAX_SUBMISSION_BYTES = 1 << 28
_NO_BLANKS = re.compile(r"[^ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class SomdRow:
    """One line of the three files: the tokens, a tag for each, and the relation items."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    relations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A mention and the indices of its first and last token in its sentence."""

    mention: Mention
    first: int
    last: int


def write_somd(
    labeled_documents: Iterable[LabeledDocument], folder: str | Path, *, split: str
) -> WriteReport:
    """Write the text, entity and relation file of a split under the organisers' names.

    A document without sentences is segmented first. A mention is widened to the tokens it
    touches; of mentions that overlap then, the one of higher confidence stays.

    Args:
        labeled_documents: Documents; each of their sentences becomes a line.
        folder: Made if missing.
        split: "train", "validation" or "test".

    Returns:
        The counts (sentences as documents) with everything that SOMD could not hold.

    Raises:
        FormatError: There is no such split.
    """
    names = split_names(split)
    losses: Counter[str] = Counter()
    rows = [row for labeled in labeled_documents for row in somd_rows(labeled, losses)]
    columns = (
        (" ".join(row.tokens) for row in rows),
        (" ".join(row.tags) for row in rows),
        ("; ".join(row.relations) for row in rows),
    )
    for name, lines in zip(names, columns, strict=True):
        write_lines(lines, Path(folder) / name)
    return _count(rows, losses)


def write_submission(
    labeled_documents: Iterable[LabeledDocument], folder: str | Path
) -> WriteReport:
    """Write the two prediction files of a submission, exactly a line a document.

    Raises:
        FormatError: A document has not exactly one sentence, as those of a SOMD file have.
    """
    rows, report = _submission_rows(labeled_documents)
    for name, lines in _submission_lines(rows).items():
        write_lines(lines, Path(folder) / name)
    return report


def write_submission_zip(
    labeled_documents: Iterable[LabeledDocument], path: str | Path
) -> WriteReport:
    """Write the two prediction files into a zip archive, the same bytes for the same input.

    Raises:
        FormatError: A document has not exactly one sentence, as those of a SOMD file have.
    """
    rows, report = _submission_rows(labeled_documents)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, lines in _submission_lines(rows).items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, "".join(f"{line}\n" for line in lines).encode("utf-8"))
    with open_atomic(Path(path)) as stream:
        stream.write(packed.getvalue())
    return report


def read_submission(path: str | Path, documents: Sequence[Document]) -> list[LabeledDocument]:
    """Read a submission (zip archive or folder) for the documents that it labels.

    Args:
        path: A zip archive or folder with the two prediction files.
        documents: The documents of the text file, in its order.

    Raises:
        FormatError: A prediction file is missing or breaks the format.
    """
    for document in documents:
        _one_sentence(document)
    root = Path(path)
    read = _read_member if root.is_file() else _read_file
    labels = SomdLabels(
        split_lines(read(root, ENTITIES_NAME)),
        split_lines(read(root, RELATIONS_NAME)),
        f"{root}/{ENTITIES_NAME}",
        f"{root}/{RELATIONS_NAME}",
    )
    return list(parse_labels(labels, documents, raise_errors))


def _read_file(folder: Path, name: str) -> str:
    return decode_utf8(read_bytes(folder / name), path=str(folder / name))


def _read_member(path: Path, name: str) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            found = [m for m in archive.infolist() if m.filename.rpartition("/")[2] == name]
            if len(found) != 1:
                raise FormatError(
                    f"holds {len(found)} files called {name}; a submission has one", path=str(path)
                )
            with archive.open(found[0]) as member:
                raw = member.read(MAX_SUBMISSION_BYTES + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise FormatError(f"is no readable zip archive ({error})", path=str(path)) from None
    if len(raw) > MAX_SUBMISSION_BYTES:
        raise FormatError(f"{name} unpacks to more than 256 MiB", path=str(path))
    return decode_utf8(raw, path=f"{path}/{name}")


def _one_sentence(document: Document) -> None:
    if len(document.sentences) != 1:
        raise FormatError(
            f"document {document.id!r} has {len(document.sentences)} sentences; a submission has "
            "a line for each line of the text file, read that file with read_somd"
        )


def _submission_rows(
    labeled_documents: Iterable[LabeledDocument],
) -> tuple[list[SomdRow], WriteReport]:
    losses: Counter[str] = Counter()
    rows: list[SomdRow] = []
    for labeled in labeled_documents:
        _one_sentence(labeled.document)
        rows += somd_rows(labeled, losses)
    return rows, _count(rows, losses)


def _submission_lines(rows: Sequence[SomdRow]) -> dict[str, list[str]]:
    return {
        ENTITIES_NAME: [" ".join(row.tags) for row in rows],
        RELATIONS_NAME: ["; ".join(row.relations) for row in rows],
    }


def _count(rows: Sequence[SomdRow], losses: Counter[str]) -> WriteReport:
    n_mentions = sum(tag.startswith("B-") for row in rows for tag in row.tags)
    return WriteReport(len(rows), n_mentions, sum(len(r.relations) for r in rows), dict(+losses))


def somd_rows(labeled: LabeledDocument, losses: Counter[str]) -> Iterator[SomdRow]:
    """Yield a row for each sentence of a document.

    Args:
        labeled: The document; segmented first where it has no sentences.
        losses: Added to: what SOMD can't hold, in words -> how often.
    """
    document, annotation = labeled.document, labeled.annotation
    losses["confidence"] += n_confidences(annotation)
    losses["purpose"] += sum(mention.purpose is not None for mention in annotation.mentions)
    losses["section"] += len(document.sections)
    kept: dict[Mention, int] = {}
    n_inside = n_items = 0
    for sentence in document.sentences or _split_sentences(document.text):
        tokens = _tokens(document, sentence, losses)
        inside = [
            mention
            for mention in annotation.mentions
            if sentence.char_start <= mention.char_start and mention.char_end <= sentence.char_end
        ]
        n_inside += len(inside)
        placed = _place(inside, tokens, losses)
        here = {place.mention: place.first for place in placed}
        kept |= here
        items = tuple(
            dict.fromkeys(
                f"{relation.type}\t{here[relation.head]}\t{here[relation.tail]}"
                for relation in annotation.relations
                if relation.head in here and relation.tail in here
            )
        )
        n_items += len(items)
        texts = tuple(document.slice(token.char_start, token.char_end) for token in tokens)
        yield SomdRow(texts, _tags(placed, len(tokens)), items)
    losses["mention outside every sentence or across two"] += len(annotation.mentions) - n_inside
    n_across = sum(
        relation.head in kept and relation.tail in kept for relation in annotation.relations
    )
    losses["relation across sentences"] += n_across - n_items
    losses["relation of a mention left out"] += len(annotation.relations) - n_across


def _split_sentences(text: str) -> tuple[Sentence, ...]:
    from somex.text.sentences import split_sentences

    return split_sentences(text)


def _tokens(document: Document, sentence: Sentence, losses: Counter[str]) -> list[Token]:
    """Return the tokens of a sentence, none holding a blank or newline."""
    from somex.text.words import split_words

    text = document.slice(sentence.char_start, sentence.char_end)
    tokens = sentence.tokens or split_words(text, char_offset=sentence.char_start)
    parts: list[Token] = []
    for token in tokens:
        start = token.char_start
        found = list(_NO_BLANKS.finditer(document.slice(start, token.char_end)))
        parts += [Token(start + match.start(), start + match.end()) for match in found]
        losses["token split at its white space"] += len(found) != 1
    return parts


def _place(
    mentions: Sequence[Mention], tokens: Sequence[Token], losses: Counter[str]
) -> list[_Placed]:
    """Widen mentions to tokens and drop those that overlap one of higher confidence."""
    placed: list[_Placed] = []
    for mention in sorted(
        mentions, key=lambda m: (-m.confidence, m.char_start - m.char_end, m.key)
    ):
        touched = [
            index
            for index, token in enumerate(tokens)
            if token.char_start < mention.char_end and mention.char_start < token.char_end
        ]
        if not touched:
            losses["mention without a token"] += 1
            continue
        first, last = touched[0], touched[-1]
        if any(other.first <= last and first <= other.last for other in placed):
            losses["mention that overlaps another"] += 1
            continue
        placed.append(_Placed(mention, first, last))
        span = (tokens[first].char_start, tokens[last].char_end)
        losses["mention widened to its tokens"] += span != (mention.char_start, mention.char_end)
    return placed


def _tags(placed: Iterable[_Placed], n_tokens: int) -> tuple[str, ...]:
    tags = ["O"] * n_tokens
    for place in placed:
        for index in range(place.first, place.last + 1):
            prefix = "B" if index == place.first else "I"
            tags[index] = f"{prefix}-{place.mention.type}"
    return tuple(tags)
