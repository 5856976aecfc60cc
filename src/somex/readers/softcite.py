"""Softcite TEI XML: paragraphs with inline ``rs`` elements, attributes pointing at a software.

``<rs type="software" id="software-0">`` is an Application; version, creator and url become
Version, Developer and URL, and ``corresp="#software-0"`` a relation to that software.

The published corpus lost the blank before some elements (``using<rs>SPSS</rs>``, 188 of 5,142);
a word right before an ``rs`` gets it back, a ``v`` before a version does not. Its lines are broken
and indented between elements, so a line break with its indentation is read as one blank.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from xml.sax.handler import ContentHandler

from somex.core.errors import FormatError
from somex.core.schema import EntityType, RelationType
from somex.core.types import Annotation, Document, LabeledDocument, Mention, Relation, Section
from somex.readers.problems import Problem, ReadWarning, Report, problem_of, raise_errors

if TYPE_CHECKING:
    from xml.sax.xmlreader import AttributesImpl, Locator

Violation = Literal["raise", "drop"]
PARAGRAPH = "p"
TYPES: dict[str, tuple[EntityType, RelationType | None]] = {
    "software": (EntityType.APPLICATION, None),
    "version": (EntityType.VERSION, RelationType.VERSION_OF),
    "creator": (EntityType.DEVELOPER, RelationType.DEVELOPER_OF),
    "url": (EntityType.URL, RelationType.URL_OF),
}
_CHUNK_BYTES = 1 << 16
_IDNOS = ("DOI", "PMC", "PMID")


def read_softcite(
    path: str | Path, *, on_violation: Violation = "drop"
) -> Iterator[LabeledDocument]:
    """Read the documents of a TEI corpus one by one, in bounded memory.

    Args:
        path: A ``teiCorpus`` (or a single ``tei``); entity declarations are refused.
        on_violation: Whether a ``corresp`` to no software and an id used twice are errors, or are
            left out with a `ReadWarning` that gives the count (the published corpus has some).

    Yields:
        A document for each ``tei``: text = its paragraphs joined by a newline, one section "p" a
        paragraph, title and identifiers in the provenance.

    Raises:
        FormatError: The file is no well-formed XML or holds an ``rs`` of an unknown type.
    """
    left_out: Counter[str] = Counter()
    n_blanks = 0

    def report(problem: Problem) -> None:
        nonlocal n_blanks
        if problem.message == _OUTSIDE:
            left_out["piece(s) of text outside <p>"] += 1
        elif problem.message == _LOST_BLANK:
            n_blanks += 1
        elif on_violation == "drop" and problem.message.startswith(_REFERENCE):
            left_out["fault(s) of corresp or id"] += 1
        else:
            raise_errors(problem)

    yield from parse_softcite(Path(path), report)
    told = []
    if left_out:
        counts = ", ".join(f"{count} {what}" for what, count in left_out.items())
        told.append(f"passed over {counts}")
    if n_blanks:
        told.append(f"put {n_blanks} lost blank(s) back before <rs>")
    if told:
        message = f"{path}: {' and '.join(told)}; 'somex validate' lists them"
        warnings.warn(message, ReadWarning, stacklevel=2)


def check_softcite(path: str | Path) -> Iterator[Problem]:
    """Yield every fault of a TEI corpus."""
    problems: list[Problem] = []
    try:
        for _ in parse_softcite(Path(path), problems.append):
            yield from problems
            problems.clear()
    except FormatError as error:
        problems.append(problem_of(error, path=str(path)))
    yield from problems


def parse_softcite(path: Path, report: Report) -> Iterator[LabeledDocument]:
    """Yield the documents of a TEI corpus, telling ``report`` of each fault."""
    from xml.sax import SAXException, SAXParseException

    from defusedxml.common import DefusedXmlException
    from defusedxml.sax import make_parser

    parser = make_parser()
    handler = _Handler(str(path), report, where=parser)
    parser.setContentHandler(handler)
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                parser.feed(chunk)
                yield from handler.take()
        parser.close()
    except FileNotFoundError:
        raise FormatError("no such file", path=str(path)) from None
    except SAXParseException as error:
        message = f"is no well-formed XML ({error.getMessage()})"
        raise FormatError(message, path=str(path), line=error.getLineNumber()) from None
    except DefusedXmlException as error:
        message = f"declares an entity or uses one from outside ({error}), which is refused"
        raise FormatError(message, path=str(path)) from None
    except SAXException as error:
        raise FormatError(f"is no readable XML ({error})", path=str(path)) from None
    if not handler.n_documents:
        report(Problem(str(path), None, "holds no <tei> element, as Softcite corpora do"))


_REFERENCE = "corresp or id: "
_OUTSIDE = "text outside <p> is left out"
_LOST_BLANK = "the blank before <rs> is lost and is put back"
_LAYOUT = re.compile(r"\s*\n[ \t]{2,}")
"""A line break and the indentation after it; a bare line break is text."""

_LAST_WORD = re.compile(r"[^\W\d_]+\Z")
_N_LAST_PARTS = 4
"""Pieces of text, each between two tags, in which the last word is looked for."""


@dataclass(slots=True)
class _Rs:
    """An ``rs`` element: its line, attributes and characters."""

    line: int
    kind: str
    id: str | None
    corresp: tuple[str, ...]
    char_start: int
    char_end: int = 0


@dataclass(slots=True)
class _Tei:
    """What has been read of one ``tei``."""

    id: str
    line: int
    pending: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    n_chars: int = 0
    sections: list[Section] = field(default_factory=list)
    found: list[_Rs] = field(default_factory=list)
    provenance: dict[str, str] = field(default_factory=dict)

    def add(self, content: str) -> None:
        self.parts.append(content)
        self.n_chars += len(content)

    def end_text(self) -> None:
        """Add the characters that came since the last tag, those that lay out the XML as blanks.

        Only between tags is the text whole; the parser cuts it at will.
        """
        text = _LAYOUT.sub(" ", "".join(self.pending))
        self.pending.clear()
        if text:
            self.add(text)


class _Handler(ContentHandler):
    """Gathers one ``tei`` at a time from parsing events."""

    def __init__(self, path: str, report: Report, *, where: Locator) -> None:
        super().__init__()
        self.n_documents = 0
        self._path, self._report, self._where = path, report, where
        self._done: list[LabeledDocument] = []
        self._tei: _Tei | None = None
        self._open: list[str] = []
        self._paragraph_start = 0
        self._rs: list[_Rs] = []
        self._rs_end = -1
        self._ids: set[str] = set()

    def take(self) -> list[LabeledDocument]:
        """Return the documents finished since the last call."""
        done, self._done = self._done, []
        return done

    @property
    def _line(self) -> int:
        return self._where.getLineNumber() or 1

    def _tell(self, message: str, line: int) -> None:
        self._report(Problem(self._path, line, message))

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        """Open an element."""
        tag = name.rpartition(":")[2]
        self._open.append(tag)
        if tag.lower() == "tei":
            self.n_documents += 1
            self._tei = _Tei(f"{Path(self._path).stem}-{self.n_documents:05d}", self._line)
        if self._tei is None:
            return
        self._tei.end_text()
        if tag == "fileDesc" and "xml:id" in attrs:
            self._tei.id = attrs["xml:id"]
        elif tag == "idno":
            self._tei.provenance |= {key.lower(): attrs[key] for key in _IDNOS if key in attrs}
        elif tag == PARAGRAPH:
            if self._tei.sections:
                self._tei.add("\n")
            self._paragraph_start = self._tei.n_chars
        elif tag == "rs":
            self._start_rs(self._tei, attrs)

    def _start_rs(self, tei: _Tei, attrs: AttributesImpl) -> None:
        kind = attrs.get("type", "")
        if PARAGRAPH not in self._open:
            self._tell("<rs> stands outside a <p> and is left out", self._line)
        elif not self._rs and self._rs_end != tei.n_chars and _lacks_blank(tei, kind):
            self._report(Problem(self._path, self._line, _LOST_BLANK, "warning"))
            tei.add(" ")
        id = attrs.get("id", attrs.get("xml:id"))
        corresp = tuple(attrs.get("corresp", "").split())
        self._rs.append(_Rs(self._line, kind, id, corresp, tei.n_chars))

    def characters(self, content: str) -> None:
        """Take characters of a paragraph or title."""
        if self._tei is None:
            return
        if PARAGRAPH in self._open:
            self._tei.pending.append(content)
        elif "body" in self._open and content.strip():
            self._report(Problem(self._path, self._line, _OUTSIDE, "warning"))
        elif self._open[-1] == "title":
            title = self._tei.provenance.get("title", "")
            self._tei.provenance["title"] = title + content

    def endElement(self, name: str) -> None:  # noqa: N802
        """Close an element."""
        tag = self._open.pop()
        if self._tei is None:
            return
        self._tei.end_text()
        if tag == PARAGRAPH:
            section = Section(PARAGRAPH, self._paragraph_start, self._tei.n_chars)
            self._tei.sections.append(section)
        elif tag == "rs":
            rs = self._rs.pop()
            rs.char_end = self._rs_end = self._tei.n_chars
            if PARAGRAPH in self._open:
                self._tei.found.append(rs)
        elif tag.lower() == "tei":
            self._finish(self._tei)
            self._tei = None

    def _finish(self, tei: _Tei) -> None:
        if tei.id in self._ids:
            self._tell(f"document id {tei.id!r} is used twice; ids are unique", tei.line)
        self._ids.add(tei.id)
        placed = self._place(tei)
        software: dict[str, list[Mention]] = {}
        for rs, mention in placed:
            if rs.id is not None and rs.kind == "software":
                if rs.id in software:
                    message = f"id {rs.id!r} is used twice in {tei.id!r}; the nearest is taken"
                    self._tell(_REFERENCE + message, rs.line)
                software.setdefault(rs.id, []).append(mention)
        relations = {
            (relation.type, relation.head, relation.tail): relation
            for rs, mention in placed
            for relation in self._relate(rs, mention, software)
        }
        annotation = Annotation.build((mention for _, mention in placed), relations.values())
        provenance = {"format": "softcite", "path": self._path} | tei.provenance
        document = Document(
            tei.id, "".join(tei.parts), sections=tuple(tei.sections), provenance=provenance
        )
        self._done.append(LabeledDocument(document, annotation))

    def _place(self, tei: _Tei) -> list[tuple[_Rs, Mention]]:
        placed: list[tuple[_Rs, Mention]] = []
        keys: set[tuple[int, int, EntityType]] = set()
        for rs in tei.found:
            if rs.kind not in TYPES:
                self._tell(f"<rs> has type {rs.kind!r}; valid: {', '.join(TYPES)}", rs.line)
            elif rs.char_end == rs.char_start:
                self._tell(f"<rs type={rs.kind!r}> is empty; it needs characters", rs.line)
            else:
                mention = Mention(TYPES[rs.kind][0], rs.char_start, rs.char_end)
                if mention.key in keys:
                    self._tell(f"<rs type={rs.kind!r}> holds another of its span", rs.line)
                    continue
                keys.add(mention.key)
                placed.append((rs, mention))
        return placed

    def _relate(
        self, rs: _Rs, mention: Mention, software: dict[str, list[Mention]]
    ) -> Iterator[Relation]:
        relation = TYPES[rs.kind][1]
        for target in rs.corresp:
            hosts = software.get(target.removeprefix("#"), [])
            if relation is None:
                self._tell(_REFERENCE + "a software has a corresp; only attributes do", rs.line)
            elif not target.startswith("#") or not hosts:
                known = ", ".join(software) or "none"
                message = f"corresp={target!r} names no software of its <tei>; it has: {known}"
                self._tell(_REFERENCE + message, rs.line)
            else:
                yield Relation(relation, mention, _nearest(mention, hosts))


def _lacks_blank(tei: _Tei, kind: str) -> bool:
    """Tell whether a word runs right up to an element; a lone letter before a version may."""
    word = _LAST_WORD.search("".join(tei.parts[-_N_LAST_PARTS:]))
    return word is not None and (kind != "version" or len(word[0]) > 1)


def _nearest(mention: Mention, hosts: Sequence[Mention]) -> Mention:
    return min(hosts, key=lambda host: abs(host.char_start - mention.char_start))
