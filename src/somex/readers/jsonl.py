"""JSON Lines of somex, versioned: one document a line (form: ``document.schema.json``)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somex.core.errors import FormatError, SomexError
from somex.core.schema import parse_entity_type, parse_purpose, parse_relation_type
from somex.core.software import DocumentSoftware
from somex.core.types import (
    Annotation,
    Document,
    LabeledDocument,
    Mention,
    Relation,
    Section,
    Sentence,
    Token,
)
from somex.readers.files import decode_utf8, write_lines
from somex.readers.json_members import (
    LIST,
    NUMBER,
    OBJECT,
    SPAN,
    STRING,
    STRING_OR_NULL,
    Tell,
    items_of,
    members_of,
)
from somex.readers.jsonl_files import jsonl_files, read_lines
from somex.readers.jsonl_papers import (
    PAPER_MEMBERS,
    mention_facts,
    paper_from_json,
    paper_to_json,
)
from somex.readers.jsonl_software import parse_software, software_to_json
from somex.readers.losses import WriteReport
from somex.readers.problems import Problem
from somex.resolution import resolve_software

SCHEMA_VERSION = "somex.document/1"
SUPPORTED_VERSIONS = (SCHEMA_VERSION,)
_PLACES = 6


def document_to_json(
    labeled: LabeledDocument,
    *,
    model: Mapping[str, Any] | None = None,
    software: Sequence[DocumentSoftware] | None = None,
) -> dict[str, Any]:
    """Return a document as a JSON object of the version `SCHEMA_VERSION`.

    Args:
        labeled: The document.
        model: What made the annotation, as JSON values; left out for gold annotation.
        software: Which mentions are of one software; resolved by rules (`somex.resolution`) where
            it is not given but a model is, left out where neither is.

    Returns:
        The object; mentions get the ids T1, T2, … in reading order, confidences 6 decimal places.
    """
    if software is None and model is not None:
        software = resolve_software(labeled)
    document, annotation = labeled.document, labeled.annotation
    ids = {mention: f"T{n}" for n, mention in enumerate(annotation.mentions, start=1)}
    found: dict[str, Any] = {
        "schema": SCHEMA_VERSION,
        "id": document.id,
        "text": document.text,
        "sentences": [_sentence_to_json(sentence) for sentence in document.sentences],
        "sections": [
            {"name": part.name, "char_start": part.char_start, "char_end": part.char_end}
            for part in document.sections
        ],
        "provenance": dict(document.provenance),
        **paper_to_json(document),
        "mentions": [_mention_to_json(mention, id, document) for mention, id in ids.items()],
        "relations": [
            {
                "type": str(relation.type),
                "head": ids[relation.head],
                "tail": ids[relation.tail],
                "confidence": round(relation.confidence, _PLACES),
            }
            for relation in annotation.relations
        ],
    }
    if software is not None:
        found["software"] = software_to_json(software, ids, document)
    return found if model is None else found | {"model": dict(model)}


def _sentence_to_json(sentence: Sentence) -> dict[str, Any]:
    found: dict[str, Any] = {"char_start": sentence.char_start, "char_end": sentence.char_end}
    if sentence.tokens:
        found["tokens"] = [[token.char_start, token.char_end] for token in sentence.tokens]
    return found


def _mention_to_json(mention: Mention, id: str, document: Document) -> dict[str, Any]:
    return {
        "id": id,
        "type": str(mention.type),
        "char_start": mention.char_start,
        "char_end": mention.char_end,
        "text": document.slice(mention.char_start, mention.char_end),
        "purpose": None if mention.purpose is None else str(mention.purpose),
        "confidence": round(mention.confidence, _PLACES),
        **mention_facts(mention, document),
    }


def document_from_json(obj: object) -> LabeledDocument:
    """Return the document of a JSON object; a ``model`` block is checked and passed over.

    Raises:
        FormatError: The object breaks the form; the message gives the first fault (with its
            place in the object) and how many more there are.
    """
    faults: list[str] = []
    labeled = parse_document(obj, faults.append)
    if labeled is None or faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise FormatError(f"{faults[0]}{more}")
    return labeled


@dataclass(frozen=True, slots=True)
class Result:
    """A line of JSON Lines: a document and what made its annotation.

    Attributes:
        labeled: The document with its annotation.
        model: The line's ``model``, as JSON values; None for gold annotation.
        software: The line's ``software``; None where it has none.
    """

    labeled: LabeledDocument
    model: Mapping[str, Any] | None
    software: tuple[DocumentSoftware, ...] | None = None

    def resolve(self) -> tuple[DocumentSoftware, ...]:
        """Return the line's software or, where it has none, what the rules find."""
        return resolve_software(self.labeled) if self.software is None else self.software


def read_jsonl(path: str | Path) -> Iterator[LabeledDocument]:
    """Read documents one by one; empty lines are passed over.

    Args:
        path: A file (``.zst`` is decompressed), or a folder that ``somex extract`` wrote.

    Raises:
        FormatError: A line breaks the form or repeats an id; the message gives path and line.
    """
    return (result.labeled for result in read_results(path))


def read_results(path: str | Path) -> Iterator[Result]:
    """Read documents one by one, with what made their annotation.

    Raises:
        FormatError: As `read_jsonl`.
    """
    for file, line, problems, result in _parse_lines(Path(path)):
        if result is None or problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            raise FormatError(f"{problems[0]}{more}", path=str(file), line=line)
        yield result


def check_jsonl(path: str | Path) -> Iterator[Problem]:
    """Yield every fault of a JSON Lines file, or of a folder that `somex extract` wrote."""
    for file, line, messages, _ in _parse_lines(Path(path)):
        for message in messages:
            yield Problem(str(file), line, message)


def write_jsonl(
    labeled_documents: Iterable[LabeledDocument],
    path: str | Path,
    *,
    model: Mapping[str, Any] | None = None,
) -> WriteReport:
    """Write documents, one a line, in place of ``path`` in one step.

    Args:
        labeled_documents: The documents, taken one by one.
        path: File to write; stays as it was where an error comes up on the way.
        model: What made the annotation, written into each line.

    Returns:
        The counts; the format holds everything, so there are no losses.
    """
    counts = [0, 0, 0]

    def lines() -> Iterator[str]:
        for labeled in labeled_documents:
            counts[0] += 1
            counts[1] += len(labeled.annotation.mentions)
            counts[2] += len(labeled.annotation.relations)
            yield format_line(labeled, model=model)

    write_lines(lines(), Path(path))
    return WriteReport(counts[0], counts[1], counts[2])


def format_line(labeled: LabeledDocument, *, model: Mapping[str, Any] | None = None) -> str:
    """Return a document as one line of JSON, without the newline."""
    return json.dumps(document_to_json(labeled, model=model), ensure_ascii=False)


_Line = tuple[Path, int, list[str], Result | None]


def _parse_lines(path: Path) -> Iterator[_Line]:
    """Yield for each line its file, its number, its faults and what it holds."""
    seen: dict[str, tuple[Path, int]] = {}
    for file in jsonl_files(path):
        for number, raw in enumerate(read_lines(file), start=1):
            if not raw.strip():
                continue
            faults: list[str] = []
            result = _parse_line(raw, faults.append)
            if result is not None:
                id = result.labeled.document.id
                first = seen.setdefault(id, (file, number))
                if first != (file, number):
                    where = f"line {first[1]}" + ("" if first[0] == file else f" of {first[0]}")
                    faults.append(f"id {id!r} is that of {where} too")
            yield file, number, faults, result


def _parse_line(raw: bytes, tell: Tell) -> Result | None:
    try:
        obj = json.loads(decode_utf8(raw, path=""))
    except FormatError as error:
        tell(error.message)
        return None
    except (json.JSONDecodeError, RecursionError) as error:
        tell(f"is no JSON ({error}); a line holds one JSON object")
        return None
    return _parse_result(obj, tell)


_REQUIRED = dict.fromkeys(("schema", "id", "text"), STRING) | dict.fromkeys(
    ("mentions", "relations"), LIST
)
_OPTIONAL = dict.fromkeys(
    ("sentences", "sections", "software", *PAPER_MEMBERS), LIST
) | dict.fromkeys(("provenance", "model"), OBJECT)


def parse_document(obj: object, tell: Tell) -> LabeledDocument | None:
    """Return the document of a JSON object, telling ``tell`` of each fault.

    Returns:
        None where the faults leave no document.
    """
    result = _parse_result(obj, tell)
    return None if result is None else result.labeled


def _parse_result(obj: object, tell: Tell) -> Result | None:
    version = obj.get("schema") if isinstance(obj, dict) else None
    if isinstance(obj, dict) and version not in SUPPORTED_VERSIONS:
        tell(f"schema is {version!r}; supported: {', '.join(SUPPORTED_VERSIONS)}")
        return None
    members = members_of(obj, "document", tell, required=_REQUIRED, optional=_OPTIONAL)
    if members is None:
        return None
    mentions = _parse_mentions(members["mentions"], members["text"], tell)
    relations = _parse_relations(members["relations"], mentions, tell)
    try:
        members["text"].encode("utf-8")
        document = Document(
            members["id"],
            members["text"],
            sentences=tuple(_parse_sentences(members.get("sentences", []), tell)),
            sections=tuple(_parse_sections(members.get("sections", []), tell)),
            provenance=_parse_provenance(members.get("provenance", {}), tell),
            **paper_from_json(members, tell),
        )
        labeled = LabeledDocument(document, Annotation.build(mentions.values(), relations))
        software = None
        if "software" in members:
            software = parse_software(members["software"], mentions, relations, tell)
        return Result(labeled, members.get("model"), software)
    except UnicodeEncodeError as error:
        tell(f"document.text holds half of a surrogate pair at character {error.start}")
    except SomexError as error:
        tell(str(error))
    return None


def _parse_provenance(obj: dict[str, Any], tell: Tell) -> dict[str, str]:
    for name, value in obj.items():
        if not isinstance(value, str):
            tell(f"provenance.{name} is {value!r:.40}, not a string")
    return obj


def _parse_sentences(items: list[object], tell: Tell) -> Iterator[Sentence]:
    def make(members: dict[str, Any], where: str) -> Sentence | None:
        pairs = members.get("tokens", [])
        if not all(
            type(pair) is list and len(pair) == 2 and all(type(n) is int for n in pair)
            for pair in pairs
        ):
            tell(f"{where}.tokens holds something that is not [char_start, char_end]")
            return None
        tokens = tuple(Token(start, end) for start, end in pairs)
        return Sentence(members["char_start"], members["char_end"], tokens)

    optional = {"tokens": LIST}
    return items_of(items, "sentences", tell, required=SPAN, optional=optional, make=make)


def _parse_sections(items: list[object], tell: Tell) -> Iterator[Section]:
    required = {"name": STRING} | SPAN
    return items_of(
        items, "sections", tell, required=required, make=lambda members, _: Section(**members)
    )


def _parse_mentions(items: list[object], text: str, tell: Tell) -> dict[str, Mention]:
    found: dict[str, Mention] = {}
    required = {"id": STRING, "type": STRING} | SPAN | {"text": STRING}
    optional = {"purpose": STRING_OR_NULL, "confidence": NUMBER}
    optional |= dict.fromkeys(("origins", "references", "urls"), LIST)  # follow from the document
    for index, item in enumerate(items):
        where = f"mentions[{index}]"
        members = members_of(item, where, tell, required=required, optional=optional)
        if members is None:
            continue
        start, end, purpose = members["char_start"], members["char_end"], members.get("purpose")
        try:
            mention = Mention(
                parse_entity_type(members["type"]),
                start,
                end,
                None if purpose is None else parse_purpose(purpose),
                float(members.get("confidence", 1.0)),
            )
        except SomexError as error:
            tell(f"{where}: {error}")
            continue
        if text[start:end] != members["text"] or end > len(text):
            tell(f"{where}.text is {members['text']!r} but the document has {text[start:end]!r}")
        if members["id"] in found or not members["id"]:
            tell(f"{where}.id is {members['id']!r}; ids are unique and not empty")
            continue
        found[members["id"]] = mention
    return found


def _parse_relations(
    items: list[object], mentions: dict[str, Mention], tell: Tell
) -> list[Relation]:
    required = {"type": STRING, "head": STRING, "tail": STRING}
    found: list[Relation] = []
    for index, item in enumerate(items):
        where = f"relations[{index}]"
        members = members_of(item, where, tell, required=required, optional={"confidence": NUMBER})
        if members is None:
            continue
        missing = [name for name in ("head", "tail") if members[name] not in mentions]
        for name in missing:
            tell(f"{where}.{name} is {members[name]!r}, which is the id of no mention")
        if missing:
            continue
        head, tail = mentions[members["head"]], mentions[members["tail"]]
        try:
            relation = parse_relation_type(members["type"])
            confidence = float(members.get("confidence", 1.0))
            found.append(Relation(relation, head, tail, confidence))
        except SomexError as error:
            tell(f"{where}: {error}")
    return found
