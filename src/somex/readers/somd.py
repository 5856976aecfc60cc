"""SOMD shared task files: a tokenised sentence, its IOB2 tags and its relations on line N of three.

The readers are strict; `check_somd` runs the same parser and lists every fault.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from somex.core.errors import FormatError, unknown_value
from somex.core.schema import EntityType, RelationType, is_compatible
from somex.core.types import (
    Annotation,
    Document,
    LabeledDocument,
    Mention,
    Relation,
    Sentence,
    Token,
)
from somex.readers.files import read_utf8, split_lines
from somex.readers.problems import Problem, ReadWarning, Report, raise_errors

Violation = Literal["raise", "drop"]
_BLANKS = re.compile(r"[ \t]+")
_ENTITY_TYPES = {str(entity): entity for entity in EntityType}
_RELATION_TYPES = {str(relation): relation for relation in RelationType}
_NAMES = {
    "train": ("train_texts.txt", "train_entities.txt", "train_relations.txt"),
    "validation": (
        "validation_texts.txt",
        "validation.entities.labels.txt",
        "validation.relations.labels.txt",
    ),
    "test": ("test_texts.txt", "test.entities.labels.txt", "test.relations.labels.txt"),
}
SPLITS: tuple[str, ...] = tuple(_NAMES)


@dataclass(frozen=True, slots=True)
class SomdPaths:
    """The files of one split; entities and relations are None where they were not published."""

    texts: Path
    entities: Path | None = None
    relations: Path | None = None


@dataclass(frozen=True, slots=True)
class SomdLabels:
    """The lines of an entity file and, where there is one, of a relation file; their names."""

    entities: list[str]
    relations: list[str] | None
    entities_path: str
    relations_path: str


class SomdLine(NamedTuple):
    """Where a line is and who hears of its faults; ``path`` is that of the file being parsed."""

    path: str
    line: int
    report: Report

    def error(self, message: str) -> None:
        """Report an error of this line."""
        self.report(Problem(self.path, self.line, message))


def split_names(split: str) -> tuple[str, str, str]:
    """Return the organisers' names of the text, entity and relation file of a split.

    Raises:
        FormatError: There is no such split; the message lists the splits.
    """
    if split not in _NAMES:
        raise FormatError(unknown_value("SOMD split", split, list(SPLITS)))
    return _NAMES[split]


def find_somd_split(folder: str | Path, split: str) -> SomdPaths:
    """Return the files of a split under the organisers' names.

    Args:
        folder: Folder of the files.
        split: "train", "validation" or "test".

    Raises:
        FormatError: The split is unknown or the folder lacks its text file.
    """
    texts, entities, relations = (Path(folder) / name for name in split_names(split))
    if not texts.is_file():
        raise FormatError(
            f"no {texts.name} here, the text file of split {split!r}", path=_folder_name(folder)
        )
    return SomdPaths(
        texts, entities if entities.is_file() else None, relations if relations.is_file() else None
    )


def _folder_name(folder: str | Path) -> str:
    """Return a folder's name with the slash that shows that it is one."""
    return f"{str(folder).rstrip('/')}/"


def read_somd_split(
    folder: str | Path, split: str, *, on_violation: Violation = "raise"
) -> list[LabeledDocument]:
    """Read a split of a SOMD folder; see `find_somd_split` and `read_somd`."""
    paths = find_somd_split(folder, split)
    return read_somd(
        paths.texts,
        entities_path=paths.entities,
        relations_path=paths.relations,
        on_violation=on_violation,
    )


def read_somd(
    texts_path: str | Path,
    *,
    entities_path: str | Path | None = None,
    relations_path: str | Path | None = None,
    id_prefix: str | None = None,
    on_violation: Violation = "raise",
) -> list[LabeledDocument]:
    """Read SOMD files, one document a line; an empty text line keeps its place.

    Args:
        texts_path: Tokens separated by blanks, a sentence a line.
        entities_path: IOB2 tags, as many as tokens.
        relations_path: ``Type<TAB>head<TAB>tail`` items separated by ``;``; head and tail are the
            0-based indices of the first tokens of two entities.
        id_prefix: Documents are called ``{id_prefix}-{line:05d}``; the stem of the text file
            unless given.
        on_violation: Whether a relation that the schema forbids is an error or is left out, with
            a `ReadWarning` that gives the count.

    Returns:
        One document a line of the text file, its text the tokens joined by one blank, with
        exactly one sentence.

    Raises:
        FormatError: A file breaks the format; the message gives path and line.
    """
    paths = SomdPaths(
        Path(texts_path),
        None if entities_path is None else Path(entities_path),
        None if relations_path is None else Path(relations_path),
    )
    dropped: Counter[str] = Counter()

    def report(problem: Problem) -> None:
        if on_violation == "drop" and problem.message.startswith(_FORBIDDEN):
            dropped[problem.path] += 1
        else:
            raise_errors(problem)

    documents = list(parse_somd(paths, report, id_prefix=id_prefix))
    for path, n_dropped in dropped.items():
        warnings.warn(
            f"{path}: left out {n_dropped} relation(s) that the schema does not allow",
            ReadWarning,
            stacklevel=2,
        )
    return documents


def check_somd(paths: SomdPaths) -> list[Problem]:
    """Return every fault of the files of a split, in the order of their lines."""
    problems: list[Problem] = []
    try:
        for _ in parse_somd(paths, problems.append):
            pass
    except FormatError as error:
        problems.append(Problem(error.path or str(paths.texts), error.line, error.message))
    return problems


def parse_somd(
    paths: SomdPaths, report: Report, *, id_prefix: str | None = None
) -> Iterator[LabeledDocument]:
    """Parse the files of a split line by line, telling ``report`` of each fault."""
    texts = split_lines(read_utf8(paths.texts))
    prefix = paths.texts.stem if id_prefix is None else id_prefix
    documents = [
        somd_document(
            split_blanks(text), id=f"{prefix}-{number:05d}", path=str(paths.texts), line=number
        )
        for number, text in enumerate(texts, start=1)
    ]
    if paths.entities is None:
        if paths.relations is not None:
            message = "relations need the entity file of the same sentences"
            report(Problem(str(paths.relations), None, message))
        return iter([LabeledDocument(document) for document in documents])
    relations = None if paths.relations is None else read_lines(paths.relations)
    labels = SomdLabels(
        read_lines(paths.entities), relations, str(paths.entities), str(paths.relations)
    )
    return parse_labels(labels, documents, report)


def read_lines(path: Path) -> list[str]:
    """Return the lines of a UTF-8 file; see `split_lines`."""
    return split_lines(read_utf8(path))


def parse_labels(
    labels: SomdLabels, documents: Sequence[Document], report: Report
) -> Iterator[LabeledDocument]:
    """Yield each document with the annotation of its line, telling ``report`` of each fault.

    Args:
        labels: The lines of an entity and a relation file.
        documents: The documents of the lines, each with exactly one sentence.
        report: Told of each fault.
    """
    tags = _fit(labels.entities, labels.entities_path, documents, report, of_tags=True)
    relations = [""] * len(documents)
    if labels.relations is not None:
        relations = _fit(labels.relations, labels.relations_path, documents, report, of_tags=False)
    for index, document in enumerate(documents):
        at = SomdLine(labels.entities_path, index + 1, report)
        mentions = parse_tags(split_blanks(tags[index]), document, at)
        found = parse_relations(
            relations[index], mentions, document, at._replace(path=labels.relations_path)
        )
        yield LabeledDocument(document, Annotation.build(mentions.values(), found))


def split_blanks(line: str) -> list[str]:
    """Split at runs of blanks and tabs; other white space belongs to tokens."""
    return [part for part in _BLANKS.split(line) if part]


def somd_document(tokens: Sequence[str], *, id: str, path: str, line: int) -> Document:
    """Return the document of one line: tokens joined by one blank, one sentence."""
    spans: list[Token] = []
    reached = 0
    for token in tokens:
        spans.append(Token(reached, reached + len(token)))
        reached += len(token) + 1
    text = " ".join(tokens)
    return Document(
        id,
        text,
        sentences=(Sentence(0, len(text), tuple(spans)),),
        provenance={"format": "somd", "path": path, "line": str(line)},
    )


def _fit(
    lines: list[str], path: str, documents: Sequence[Document], report: Report, *, of_tags: bool
) -> list[str]:
    """Return as many lines as documents; empty lines at the end may be missing or too many.

    Sentences without tokens need no tags, and an empty last line of relations leaves no trace in
    a file that does not end with a newline.
    """
    lines = list(lines)
    while len(lines) > len(documents) and not lines[-1].strip():
        lines.pop()
    n_missing = sum(document.text != "" for document in documents[len(lines) :])
    too_short = n_missing > (0 if of_tags else 1)
    if len(lines) > len(documents) or too_short:
        message = (
            f"{len(lines)} lines for the {len(documents)} sentences of the text file; "
            "line N belongs to sentence N"
        )
        report(Problem(path, min(len(lines), len(documents)) + 1, message))
    return (lines + [""] * len(documents))[: len(documents)]


def parse_tags(tags: Sequence[str], document: Document, at: SomdLine) -> dict[int, Mention]:
    """Return the mentions of IOB2 tags by the index of their first token."""
    tokens = document.sentences[0].tokens
    if len(tags) != len(tokens):
        at.error(f"{len(tags)} tags for {len(tokens)} tokens; a tag a token is needed")
    spans: dict[int, tuple[EntityType, int]] = {}
    current: tuple[int, EntityType] | None = None
    for index, tag in enumerate(tags[: len(tokens)]):
        prefix, entity = _parse_tag(tag, index, at)
        if entity is None:
            current = None
            continue
        if prefix == "I" and (current is None or current[1] != entity):
            at.error(
                f"token {index} has tag {tag!r} but the tag before it is "
                f"{tags[index - 1] if index else 'none'!r}; an entity begins with B-{entity}"
            )
            prefix = "B"
        if prefix == "B" or current is None:
            current = (index, entity)
        spans[current[0]] = (entity, index)
    return {
        first: Mention(entity, tokens[first].char_start, tokens[last].char_end)
        for first, (entity, last) in spans.items()
    }


def _parse_tag(tag: str, index: int, at: SomdLine) -> tuple[str, EntityType | None]:
    if tag == "O":
        return "O", None
    prefix, dash, name = tag.partition("-")
    if prefix not in ("B", "I") or not dash:
        at.error(f"token {index} has tag {tag!r}; valid: O, B-<type> or I-<type>")
        return "O", None
    if name not in _ENTITY_TYPES:
        at.error(f"token {index}: {unknown_value('entity type', name, list(_ENTITY_TYPES))}")
        return "O", None
    return prefix, _ENTITY_TYPES[name]


_FORBIDDEN = "the schema does not allow "


def parse_relations(
    line: str, mentions: dict[int, Mention], document: Document, at: SomdLine
) -> list[Relation]:
    """Return the relations of one line, each once.

    Args:
        line: Items ``Type head tail`` separated by ``;``.
        mentions: The mentions by the index of their first token.
        document: The document with its one sentence.
        at: The place to report.
    """
    found: dict[tuple[RelationType, Mention, Mention], Relation] = {}
    for item in line.split(";"):
        fields = item.split()
        if not fields:
            continue
        if len(fields) != 3:
            at.error(f"relation {item.strip()!r} has {len(fields)} fields; valid: Type head tail")
            continue
        relation = _RELATION_TYPES.get(fields[0])
        if relation is None:
            at.error(unknown_value("relation type", fields[0], list(_RELATION_TYPES)))
            continue
        ends = [_parse_end(field, item.strip(), mentions, document, at) for field in fields[1:]]
        head, tail = ends
        if head is None or tail is None:
            continue
        if not is_compatible(relation, head.type, tail.type):
            at.error(f"{_FORBIDDEN}{relation} from {head.type} to {tail.type} ({item.strip()!r})")
            continue
        found.setdefault((relation, head, tail), Relation(relation, head, tail))
    return list(found.values())


def _parse_end(
    field: str, item: str, mentions: dict[int, Mention], document: Document, at: SomdLine
) -> Mention | None:
    n_tokens = len(document.sentences[0].tokens)
    if not re.fullmatch(r"[0-9]{1,9}", field):
        at.error(f"relation {item!r}: index {field!r} is not a whole number of 0 or more")
    elif int(field) >= n_tokens:
        at.error(
            f"relation {item!r}: index {field} is out of range, the line has {n_tokens} tokens"
        )
    elif int(field) not in mentions:
        starts = ", ".join(str(start) for start in sorted(mentions)) or "none"
        at.error(f"relation {item!r}: index {field} starts no entity; entities start at {starts}")
    else:
        return mentions[int(field)]
    return None
