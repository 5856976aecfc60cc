"""BRAT stand-off: a text file and an ``.ann`` file with spans (T) and relations (R) beside it.

SoMeSci's types carry the purpose as a suffix (``Application_Usage``); Arg1 is the head of a
relation (the attribute), Arg2 its tail (the host).
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from somex.core.errors import FormatError, unknown_value
from somex.core.schema import PURPOSE_TYPES, EntityType, Purpose, RelationType, is_compatible
from somex.core.types import Annotation, Document, LabeledDocument, Mention, Relation
from somex.readers.files import read_utf8, split_lines, write_text
from somex.readers.losses import WriteReport, n_confidences
from somex.readers.problems import (
    Problem,
    ReadWarning,
    Report,
    Severity,
    problem_of,
    raise_errors,
)

_TYPES: dict[str, tuple[EntityType, Purpose | None]] = {
    **{str(entity): (entity, None) for entity in EntityType},
    **{
        f"{entity}_{purpose}": (entity, purpose)
        for entity in EntityType
        if entity in PURPOSE_TYPES
        for purpose in Purpose
    },
}
_RELATION_TYPES = {str(relation): relation for relation in RelationType}
_SPAN = re.compile(r"(\S+) ([0-9]+ [0-9]+(?:;[0-9]+ [0-9]+)*)")
_RELATION = re.compile(r"(\S+)\s+Arg1:(\S+)\s+Arg2:(\S+)\s*")
_IGNORED = {
    "#": "note",
    "A": "attribute",
    "M": "attribute",
    "E": "event",
    "N": "normalisation",
    "*": "equivalence",
}


@dataclass(slots=True)
class _Parse:
    """The state of one ``.ann`` file."""

    text: str
    path: str
    report: Report
    mentions: dict[str, Mention] = field(default_factory=dict)
    relations: dict[tuple[RelationType, Mention, Mention], Relation] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)

    def tell(self, line: int, message: str, severity: Severity = "error") -> None:
        self.report(Problem(self.path, line, message, severity))


def read_brat_document(
    txt_path: str | Path, *, ann_path: str | Path | None = None, id: str | None = None
) -> LabeledDocument:
    """Read one text with its annotation.

    Args:
        txt_path: The text, natural and read without newline translation, so that offsets hold.
        ann_path: The annotation; the text file's name with ``.ann`` unless given.
        id: Id of the document; the stem of the text file unless given.

    Raises:
        FormatError: A file is missing or breaks the format; the message gives path and line.
    """
    return _parse_document(Path(txt_path), ann_path, id or Path(txt_path).stem, raise_errors)


def read_brat(folder: str | Path) -> Iterator[LabeledDocument]:
    """Read a folder and its subfolders, sorted; ids are paths without suffix.

    A text without ``.ann`` is no document (a licence or readme, say) and is named in one warning.

    Raises:
        FormatError: A file breaks the format, an ``.ann`` has no text, or there is no document.
    """
    texts, lonely_texts, lonely_anns = find_brat(folder)
    if lonely_anns:
        raise FormatError(
            f"has no text beside it ({_other(lonely_anns[0], '.txt').name})",
            path=str(lonely_anns[0]),
        )
    if not texts:
        raise FormatError(
            "holds no pair of .txt and .ann, as BRAT documents need", path=str(folder)
        )
    if lonely_texts:
        warnings.warn(
            f"{folder}: left out {len(lonely_texts)} .txt without .ann", ReadWarning, stacklevel=2
        )
    for path in texts:
        yield read_brat_document(path, id=brat_id(path, folder))


def check_brat(folder: str | Path) -> Iterator[Problem]:
    """Yield every fault of the BRAT documents under a folder, overlapping spans as warnings."""
    texts, lonely_texts, lonely_anns = find_brat(folder)
    for path in lonely_anns:
        yield Problem(str(path), None, f"has no {_other(path, '.txt').name} beside it")
    for path in lonely_texts:
        message = f"has no {_other(path, '.ann').name} beside it and is no document"
        yield Problem(str(path), None, message, "warning")
    for path in texts:
        problems: list[Problem] = []
        try:
            labeled = _parse_document(path, None, brat_id(path, folder), problems.append)
            ann_path = str(_other(path, ".ann"))
            problems += [
                Problem(ann_path, None, message, "warning") for message in _overlaps(labeled)
            ]
        except FormatError as error:
            problems.append(problem_of(error, path=str(path)))
        yield from problems


def find_brat(folder: str | Path) -> tuple[list[Path], list[Path], list[Path]]:
    """Return the texts with ``.ann``, the texts without, and the ``.ann`` without text, sorted."""
    root = Path(folder)
    texts = {path for path in root.rglob("*.txt") if path.is_file()}
    anns = {path for path in root.rglob("*.ann") if path.is_file()}
    paired = {path for path in texts if _other(path, ".ann") in anns}
    return (
        sorted(paired),
        sorted(texts - paired),
        sorted(path for path in anns if _other(path, ".txt") not in texts),
    )


def brat_id(path: Path, folder: str | Path) -> str:
    """Return a document's id: its path in the folder without suffix."""
    return path.relative_to(folder).as_posix().removesuffix(".txt")


def _other(path: Path, suffix: str) -> Path:
    return path.with_name(path.name[:-4] + suffix)


def _parse_document(
    txt_path: Path, ann_path: str | Path | None, id: str, report: Report
) -> LabeledDocument:
    ann = _other(txt_path, ".ann") if ann_path is None else Path(ann_path)
    text = read_utf8(txt_path, keep_bom=True)
    state = _Parse(text, str(ann), report)
    lines = list(enumerate(split_lines(read_utf8(ann)), start=1))
    for number, line in lines:
        if not line.startswith("R"):
            _parse_line(line, number, state)
    for number, line in lines:
        if line.startswith("R"):
            _parse_relation(line, number, state)
    document = Document(id, text, provenance={"format": "brat", "path": str(txt_path)})
    return LabeledDocument(
        document, Annotation.build(set(state.mentions.values()), state.relations.values())
    )


def _parse_line(line: str, number: int, state: _Parse) -> None:
    if not line.strip():
        return
    if line.startswith("T"):
        _parse_span(line, number, state)
    elif line[0] in _IGNORED:
        state.tell(number, f"{_IGNORED[line[0]]} {line.split()[0]!r} is left out", "warning")
    else:
        state.tell(number, f"line starts with {line[:10]!r}; valid: T, R, #, A, M, E, N or *")


def _parse_span(line: str, number: int, state: _Parse) -> None:
    fields = line.split("\t")
    match = _SPAN.fullmatch(fields[1]) if len(fields) == 3 else None
    if match is None:
        state.tell(number, f"span {line[:60]!r} is not of the form T1<TAB>Type start end<TAB>text")
        return
    name, spans = match.groups()
    if name not in _TYPES:
        state.tell(number, unknown_value("entity type", name, list(_TYPES)))
        return
    parts = [tuple(int(offset) for offset in part.split()) for part in spans.split(";")]
    reached = 0
    for start, end in parts:
        if not reached <= start < end <= len(state.text):
            message = f"{fields[0]} spans {spans}; its text has {len(state.text)} characters"
            state.tell(number, f"{message} and each part needs start < end, in order")
            return
        reached = end
    expected = " ".join(state.text[start:end] for start, end in parts)
    if fields[2] != _one_line(expected):
        state.tell(
            number, f"{fields[0]} says {fields[2]!r} but the text at {spans} is {expected!r}"
        )
    if len(parts) > 1:
        message = f"{fields[0]} is discontinuous ({spans}); the span from first to last is taken"
        state.tell(number, message, "warning")
    entity, purpose = _TYPES[name]
    _add_mention(fields[0], Mention(entity, parts[0][0], parts[-1][1], purpose), number, state)


def _add_mention(id: str, mention: Mention, number: int, state: _Parse) -> None:
    if id in state.ids:
        state.tell(number, f"id {id!r} is used twice; ids are unique in a file")
        return
    state.ids.add(id)
    same = [name for name, other in state.mentions.items() if other.key == mention.key]
    if same:
        state.tell(number, f"{id} has the span and type of {same[0]}; one of them is too many")
        state.mentions[id] = state.mentions[same[0]]
        return
    state.mentions[id] = mention


def _parse_relation(line: str, number: int, state: _Parse) -> None:
    fields = line.rstrip().split("\t")
    match = _RELATION.fullmatch(fields[1]) if len(fields) == 2 else None
    if match is None:
        form = "R1<TAB>Type Arg1:T1 Arg2:T2"
        state.tell(number, f"relation {line[:60]!r} is not of the form {form}")
        return
    if fields[0] in state.ids:
        state.tell(number, f"id {fields[0]!r} is used twice; ids are unique in a file")
    state.ids.add(fields[0])
    name, head_id, tail_id = match.groups()
    relation = _RELATION_TYPES.get(name)
    if relation is None:
        state.tell(number, unknown_value("relation type", name, list(_RELATION_TYPES)))
        return
    missing = [end for end in (head_id, tail_id) if end not in state.mentions]
    if missing:
        state.tell(number, f"{fields[0]} names {', '.join(missing)}, but no such span was read")
        return
    head, tail = state.mentions[head_id], state.mentions[tail_id]
    if not is_compatible(relation, head.type, tail.type):
        state.tell(number, f"the schema does not allow {relation} from {head.type} to {tail.type}")
        return
    state.relations.setdefault((relation, head, tail), Relation(relation, head, tail))


def _overlaps(labeled: LabeledDocument) -> Iterator[str]:
    reached: Mention | None = None
    for mention in labeled.annotation.mentions:
        if reached is not None and mention.char_start < reached.char_end:
            yield (
                f"{mention.type} at {mention.char_start}-{mention.char_end} overlaps "
                f"{reached.type} at {reached.char_start}-{reached.char_end}"
            )
        if reached is None or mention.char_end > reached.char_end:
            reached = mention


def write_brat(labeled_documents: Iterable[LabeledDocument], folder: str | Path) -> WriteReport:
    """Write a ``.txt`` and an ``.ann`` for each document; a slash in an id makes a subfolder.

    Returns:
        The counts; confidences below 1 and given sentences, which BRAT has no place for, are
        losses.

    Raises:
        FormatError: An id is no safe relative path or comes twice.
    """
    losses: Counter[str] = Counter()
    seen: set[str] = set()
    n_mentions = n_relations = 0
    for labeled in labeled_documents:
        document, annotation = labeled.document, labeled.annotation
        stem = _safe_stem(document.id)
        if stem in seen:
            raise FormatError(f"document id {document.id!r} comes twice", path=str(folder))
        seen.add(stem)
        write_text(document.text, Path(folder) / f"{stem}.txt")
        write_text(_format_annotation(labeled), Path(folder) / f"{stem}.ann")
        n_mentions += len(annotation.mentions)
        n_relations += len(annotation.relations)
        losses["confidence"] += n_confidences(annotation)
        losses["sentence with its tokens"] += len(document.sentences)
        losses["section"] += len(document.sections)
    return WriteReport(len(seen), n_mentions, n_relations, dict(+losses))


def _safe_stem(id: str) -> str:
    path = PurePosixPath(id)
    parts = id.split("/")
    if path.is_absolute() or any(part in ("", ".", "..") for part in parts) or "\0" in id:
        raise FormatError(
            f"document id {id!r} can't be a file name; ids like 'folder/name' without '..' can"
        )
    return id


def _format_annotation(labeled: LabeledDocument) -> str:
    ids: dict[Mention, str] = {}
    lines: list[str] = []
    for number, mention in enumerate(labeled.annotation.mentions, start=1):
        ids[mention] = f"T{number}"
        name = mention.type if mention.purpose is None else f"{mention.type}_{mention.purpose}"
        text = _one_line(labeled.document.slice(mention.char_start, mention.char_end))
        lines.append(f"T{number}\t{name} {mention.char_start} {mention.char_end}\t{text}\n")
    for number, relation in enumerate(labeled.annotation.relations, start=1):
        ends = f"Arg1:{ids[relation.head]} Arg2:{ids[relation.tail]}"
        lines.append(f"R{number}\t{relation.type} {ends}\t\n")
    return "".join(lines)


def _one_line(text: str) -> str:
    return re.sub(r"[\n\r\t]", " ", text)
