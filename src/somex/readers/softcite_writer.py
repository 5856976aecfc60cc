"""Writes Softcite TEI XML; what the format can't hold is counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from somex.core.schema import SOFTWARE_TYPES, EntityType, RelationType
from somex.core.types import Annotation, Document, LabeledDocument, Mention
from somex.readers.files import open_atomic
from somex.readers.losses import WriteReport, n_confidences
from somex.readers.softcite import PARAGRAPH, TYPES

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<teiCorpus xmlns="http://www.tei-c.org/ns/1.0" version="3.3.0">
"""
_KINDS: dict[EntityType, str] = {
    **dict.fromkeys(SOFTWARE_TYPES, "software"),
    **{entity: kind for kind, (entity, _) in TYPES.items()},
}
_RELATIONS: frozenset[RelationType] = frozenset(
    relation for _, relation in TYPES.values() if relation is not None
)
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"\r": "&#13;"}


def write_softcite(labeled_documents: Iterable[LabeledDocument], path: str | Path) -> WriteReport:
    """Write a ``teiCorpus``, one ``tei`` a document, in place of ``path`` in one step.

    Sections called "p" become paragraphs where they are the lines of the text; otherwise each
    line is one. Every software type is written as "software"; of mentions that overlap, the one
    of higher confidence stays.

    Returns:
        The counts with everything that Softcite could not hold.
    """
    losses: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    with open_atomic(Path(path)) as stream:
        stream.write(_HEAD.encode("utf-8"))
        for labeled in labeled_documents:
            stream.write(_format_tei(labeled, counts, losses).encode("utf-8"))
        stream.write(b"</teiCorpus>\n")
    return WriteReport(counts["documents"], counts["mentions"], counts["relations"], dict(+losses))


def _format_tei(labeled: LabeledDocument, counts: Counter[str], losses: Counter[str]) -> str:
    document, annotation = labeled.document, labeled.annotation
    mentions = _writable(annotation, losses)
    ids = {
        mention: f"software-{number}"
        for number, mention in enumerate(m for m in mentions if m.type in SOFTWARE_TYPES)
    }
    targets: dict[Mention, list[str]] = {}
    for relation in annotation.relations:
        if relation.type not in _RELATIONS:
            losses[f"{relation.type} relation"] += 1
        elif relation.tail not in ids or relation.head not in mentions:
            losses["relation of a mention left out"] += 1
        else:
            targets.setdefault(relation.head, []).append(f"#{ids[relation.tail]}")
            counts["relations"] += 1
    counts["documents"] += 1
    counts["mentions"] += len(mentions)
    losses["confidence"] += n_confidences(annotation)
    losses["purpose"] += sum(mention.purpose is not None for mention in annotation.mentions)
    losses["sentence with its tokens"] += len(document.sentences)
    paragraphs = _paragraphs(document, mentions, losses)
    body = "".join(
        f"        <p>{_format_paragraph(document, span, mentions, ids, targets, losses)}</p>\n"
        for span in paragraphs
    )
    return (
        f"  <tei>\n{_format_header(document, losses)}"
        f'    <text xml:lang="en">\n      <body>\n{body}      </body>\n    </text>\n  </tei>\n'
    )


def _writable(annotation: Annotation, losses: Counter[str]) -> list[Mention]:
    """Return the mentions that can be written, in reading order, without overlap."""
    kept: list[Mention] = []
    for mention in sorted(
        annotation.mentions, key=lambda m: (-m.confidence, m.char_start - m.char_end, m.key)
    ):
        if mention.type not in _KINDS:
            losses[f"{mention.type} mention"] += 1
        elif any(m.char_start < mention.char_end and mention.char_start < m.char_end for m in kept):
            losses["mention that overlaps another"] += 1
        else:
            kept.append(mention)
            changed = mention.type in SOFTWARE_TYPES and mention.type != EntityType.APPLICATION
            losses[f"{mention.type} mention written as software"] += changed
    return sorted(kept, key=lambda m: m.key)


def _paragraphs(
    document: Document, mentions: Sequence[Mention], losses: Counter[str]
) -> list[tuple[int, int]]:
    """Return the spans of the paragraphs, which leave one newline each between them."""
    sections = [part for part in document.sections if part.name == PARAGRAPH]
    losses["section"] += len(document.sections) - len(sections)
    if not document.text and not sections:
        return []
    spans = [(part.char_start, part.char_end) for part in sections]
    between = [document.text[end:start] for (_, end), (start, _) in pairwise(spans)]
    whole = bool(spans) and spans[0][0] == 0 and spans[-1][1] == len(document.text)
    crossed = {
        place
        for mention in mentions
        for place in range(mention.char_start, mention.char_end)
        if document.text[place] == "\n"
    }
    ends = {end for _, end in spans[:-1]}
    if whole and all(text == "\n" for text in between) and not ends & crossed:
        return spans
    cuts = [
        place
        for place, character in enumerate(document.text)
        if character == "\n" and place not in crossed
    ]
    return list(zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(document.text)], strict=True))


def _format_paragraph(
    document: Document,
    span: tuple[int, int],
    mentions: Sequence[Mention],
    ids: dict[Mention, str],
    targets: dict[Mention, list[str]],
    losses: Counter[str],
) -> str:
    start, end = span
    parts: list[str] = []
    for mention in mentions:
        if not start <= mention.char_start < end:
            continue
        parts.append(_escape(document.slice(start, mention.char_start), losses))
        attributes = f' type="{_KINDS[mention.type]}"'
        if mention in targets:
            attributes = f' corresp="{" ".join(targets[mention])}"{attributes}'
        if mention in ids:
            attributes = f' id="{ids[mention]}"{attributes}'
        content = _escape(document.slice(mention.char_start, mention.char_end), losses)
        parts.append(f"<rs{attributes}>{content}</rs>")
        start = mention.char_end
    parts.append(_escape(document.slice(start, end), losses))
    return "".join(parts)


def _format_header(document: Document, losses: Counter[str]) -> str:
    provenance = document.provenance
    numbers = "".join(
        f"          <idno {key}={_quote(provenance[key.lower()], losses)}/>\n"
        for key in ("DOI", "PMC", "PMID")
        if key.lower() in provenance
    )
    title = _escape(provenance.get("title", ""), losses)
    return (
        f"    <teiHeader>\n      <fileDesc xml:id={_quote(document.id, losses)}>\n"
        f"        <titleStatement>\n          <title>{title}</title>\n"
        f"        </titleStatement>\n        <biblStruct>\n{numbers}        </biblStruct>\n"
        "      </fileDesc>\n      <encodingDesc/>\n    </teiHeader>\n"
    )


def _escape(text: str, losses: Counter[str]) -> str:
    """Escape a text; a character that XML can't hold becomes a blank, so that offsets hold."""
    text, n_replaced = _NOT_XML.subn(" ", text)
    losses["character that XML can't hold"] += n_replaced
    return escape(text, _ESCAPES)


def _quote(text: str, losses: Counter[str]) -> str:
    text, n_replaced = _NOT_XML.subn(" ", text)
    losses["character that XML can't hold"] += n_replaced
    return quoteattr(text, _ESCAPES)
