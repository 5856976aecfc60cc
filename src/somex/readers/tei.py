"""TEI XML as GROBID writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

from somex.core.errors import FormatError
from somex.core.types import Document
from somex.readers.markup import (
    Element,
    MarkupHandler,
    ReferenceEntry,
    Role,
    Rule,
    names,
    parse_xml,
)
from somex.readers.paper_builder import PaperBuilder

_DROPPED = names("table formula graphic row label facsimile encodingDesc revisionDesc")
_HEADER_KEPT = names(
    "teiHeader fileDesc titleStmt publicationStmt profileDesc abstract sourceDesc biblStruct "
    "analytic"
)
_BLOCKS = names("p figDesc note item quote ab")
_IDS = {"DOI": "doi", "PMCID": "pmcid", "PMC": "pmcid", "PMID": "pmid", "arXiv": "arxiv"}


class TeiHandler(MarkupHandler):
    """Roles of the elements of TEI."""

    n_papers = 0

    def rule_of(self, tag: str, attrs: Mapping[str, str]) -> Rule:
        """Return the role of an element."""
        if tag == "TEI":
            self.n_papers += 1
            if self.n_papers > 1:
                message = "holds more than one <TEI>; give each a file of its own"
                raise FormatError(message, path=self.builder.path)
        if tag in _DROPPED:
            return Rule(Role.DROP)
        if self.inside("teiHeader") and not self.inside("abstract"):
            return self._header_rule(tag, attrs)
        if self.inside("listBibl"):
            is_entry = tag in ("biblStruct", "bibl")
            return Rule(Role.REFERENCE, (attrs.get("xml:id", ""),)) if is_entry else Rule(Role.DROP)
        return self._text_rule(tag, attrs)

    def _header_rule(self, tag: str, attrs: Mapping[str, str]) -> Rule:
        if tag == "title":
            return Rule(Role.TITLE if self.parent() == "titleStmt" else Role.DROP)
        if tag == "idno":
            return Rule(Role.FACT, (_IDS.get(attrs.get("type", ""), ""),))
        if tag == "date" and self.parent() == "publicationStmt":
            self.builder.set("published", attrs.get("when", ""))
        if tag == "abstract":
            return Rule(Role.SECTION, ("Abstract",))
        return Rule(Role.PLAIN if tag in _HEADER_KEPT else Role.DROP)

    def _text_rule(self, tag: str, attrs: Mapping[str, str]) -> Rule:
        if tag in _BLOCKS:
            return Rule(Role.BLOCK)
        if tag == "head":
            return Rule(Role.HEADING if self.parent() == "div" else Role.BLOCK)
        if tag == "div" and self.inside("abstract"):
            return Rule(Role.PLAIN)
        if tag == "div":
            drop = attrs.get("type") == "references" and not self.inside("listBibl")
            return Rule(Role.PLAIN if drop else Role.SECTION, (attrs.get("type", "").capitalize(),))
        if tag in ("ref", "ptr"):
            target = attrs.get("target", "")
            if attrs.get("type") == "bibr":
                ids = tuple(part.removeprefix("#") for part in target.split())
                return Rule(Role.CALL_OUT, ids)
            return Rule(Role.LINK, (target,)) if "://" in target else Rule(Role.PLAIN)
        return Rule(Role.SPACE if tag in ("lb", "pb", "cb") else Role.PLAIN)

    def take_fact(self, element: Element, text: str) -> None:
        """Take an id of the paper."""
        if element.rule.value[0]:
            self.builder.set(element.rule.value[0], text)

    def take_entry_part(self, tag: str, attrs: Mapping[str, str], entry: ReferenceEntry) -> str:
        """Tell DOI and title of a reference."""
        if tag == "idno" and attrs.get("type", "").upper() == "DOI":
            return "doi"
        is_title = tag == "title" and attrs.get("level") in ("a", "m", None)
        return "title" if is_title and not entry.title else ""


def read_tei(stream: IO[bytes], *, path: str, id: str, format: str = "tei") -> Document:
    """Read a paper in TEI XML.

    Args:
        stream: The bytes.
        path: What to call the source.
        id: Id of the document.
        format: What the provenance calls the format.

    Returns:
        Title, abstract, headings, paragraphs and captions; tables, formulas and the reference list
        are left out of the text.

    Raises:
        FormatError: It is no well-formed XML, holds no TEI element or more than one, or no text.
    """
    builder = PaperBuilder(path)
    handler = TeiHandler(builder)
    parse_xml(stream, handler, path=path)
    if not handler.n_papers:
        raise FormatError("holds no <TEI>, as GROBID writes", path=path)
    return builder.build(id, {"format": format, "path": path})
