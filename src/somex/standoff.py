"""Stand-off annotations of single sentences: new labels for a corpus, without a word of its text.

A file holds one JSON object a line, a document each::

  {"document": "PMC1", "sentences": [{"start": 0, "end": 31, "sha256": "9f86d081884c7d65",
   "mentions": [["Application", 8, 12], ["Version", 13, 15]], "relations": [["Version_of", 1, 0]]}]}

``start`` and ``end`` are a sentence's characters in the document, those of a mention are counted
from the sentence's start; relations name places in ``mentions``, head first. ``sha256`` is the
first 16 digits of the hash of the sentence's text, so that labels are never put on another text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from somex.core.config import read_setting_file
from somex.core.errors import ConfigError
from somex.core.schema import EntityType, RelationType, is_compatible
from somex.core.types import (
    Annotation,
    Document,
    LabeledDocument,
    Mention,
    Relation,
    Sentence,
)

N_DIGITS = 16
Entries = dict[str, list[dict[str, Any]]]
"""Document id -> its sentences, as the file holds them."""


def read_standoff(path: Path) -> Entries:
    """Read a file of stand-off annotations.

    Raises:
        ConfigError: It can't be read, or a line is no such object or names a document twice.
    """
    entries: Entries = {}
    lines = read_setting_file(path, "file of annotations").splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            document, sentences = values["document"], list(values["sentences"])
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path}:{number} must be an object with document and sentences ({error!r})"
            ) from None
        if document in entries:
            raise ConfigError(f"{path}:{number} names document {document!r} a second time")
        entries[document] = sentences
    return entries


def apply_standoff(
    documents: Iterable[LabeledDocument], entries: Entries
) -> Iterator[LabeledDocument]:
    """Yield the annotated sentences of documents, each a document of one sentence.

    A sentence that the document lists itself keeps its tokens.

    Args:
        documents: A corpus or a part of it; its own labels are passed over.
        entries: What `read_standoff` returned; documents that are not given are passed over.

    Raises:
        ConfigError: A sentence's text is another one than was annotated, or an annotation has an
            unknown type, a mention outside its sentence, or a relation that the schema does not
            allow; the message says where.
    """
    for labeled in documents:
        document = labeled.document
        listed = {(s.char_start, s.char_end): s for s in document.sentences}
        for number, entry in enumerate(entries.get(document.id, ())):
            where = f"annotation of {document.id}, sentence {number}"
            try:
                yield _apply(document, entry, f"{document.id}#{number}", listed)
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise ConfigError(f"{where}: {error}") from None


def _apply(
    document: Document,
    entry: dict[str, Any],
    id: str,
    listed: Mapping[tuple[int, int], Sentence],
) -> LabeledDocument:
    start, end = entry["start"], entry["end"]
    text = document.slice(start, end)
    if hash_text(text) != entry["sha256"]:
        raise ValueError(f"the corpus holds another text at {start} to {end} than was annotated")
    mentions = [_mention(values, start, end) for values in entry["mentions"]]
    relations = [_relation(values, mentions) for values in entry["relations"]]
    sentence = listed.get((start, end), Sentence(start, end))
    part = Document(id, document.text, (sentence,))
    return LabeledDocument(part, Annotation.build(mentions, relations))


def _mention(values: list[Any], start: int, end: int) -> Mention:
    kind, first, last = values
    if not 0 <= first < last <= end - start:
        raise ValueError(f"mention {values} lies outside of its {end - start} characters")
    return Mention(EntityType(kind), start + first, start + last)


def _relation(values: list[Any], mentions: list[Mention]) -> Relation:
    kind, head, tail = RelationType(values[0]), mentions[values[1]], mentions[values[2]]
    if not is_compatible(kind, head.type, tail.type):
        raise ValueError(f"{kind} can't lead from a {head.type} to a {tail.type}")
    return Relation(kind, head, tail)


def hash_text(text: str) -> str:
    """Return the digits that stand for a sentence's text."""
    return hashlib.sha256(text.encode()).hexdigest()[:N_DIGITS]


def to_entry(labeled: LabeledDocument) -> dict[str, Any]:
    """Return the entry of a document of one sentence."""
    sentence = labeled.document.sentences[0]
    start = sentence.char_start
    mentions = list(labeled.annotation.mentions)
    place = {mention: number for number, mention in enumerate(mentions)}
    return {
        "start": start,
        "end": sentence.char_end,
        "sha256": hash_text(labeled.document.slice(start, sentence.char_end)),
        "mentions": [[m.type.value, m.char_start - start, m.char_end - start] for m in mentions],
        "relations": [
            [r.type.value, place[r.head], place[r.tail]] for r in labeled.annotation.relations
        ],
    }


def write_standoff(entries: Entries, path: Path) -> None:
    """Write a file that `read_standoff` reads, documents in the order of their ids."""
    lines = (
        json.dumps({"document": id, "sentences": entries[id]}, separators=(",", ":"))
        for id in sorted(entries)
    )
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
