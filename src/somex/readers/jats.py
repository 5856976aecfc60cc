"""JATS XML, the format of PubMed Central and of many publishers."""

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

_DROPPED = names(
    "journal-meta contrib-group aff author-notes kwd-group permissions history "
    "funding-group related-article related-object self-uri counts custom-meta-group "
    "trans-abstract volume issue fpage lpage elocation-id article-categories "
    "trans-title-group alt-title table tbody thead graphic media inline-graphic "
    "disp-formula inline-formula disp-formula-group tex-math math chem-struct "
    "chem-struct-wrap label object-id alt-text long-desc sub-article response glossary "
    "sec-meta x processing-meta array code preformat bio supplement conference product "
    "pub-history table-wrap-foot"
)
_IDS = {
    "doi": "doi",
    "pmc": "pmcid",
    "pmcid": "pmcid",
    "pmcaid": "pmcaid",
    "pmid": "pmid",
    "publisher-id": "publisher_id",
}
_BLOCKS = names("p subtitle attrib verse-line speech-line term")
_SECTIONS = {
    "sec": "",
    "ack": "Acknowledgements",
    "app": "Appendix",
    "boxed-text": "",
    "abstract": "Abstract",
}
"""Elements that are sections, with the name that they have without a title."""
_OTHER_DATES = names("pmc-release nihms-submitted retracted corrected")
_DATE_PARTS = ("year", "month", "day")


class JatsHandler(MarkupHandler):
    """Roles of the elements of JATS."""

    n_articles = 0

    def __init__(self, builder: PaperBuilder) -> None:
        super().__init__(builder)
        self._date: dict[str, int] = {}
        self._dates: list[str] = []

    def rule_of(self, tag: str, attrs: Mapping[str, str]) -> Rule:
        """Return the role of an element."""
        if tag == "article":
            self._count_article()
        if tag == "pub-date" or self.parent() == "pub-date":
            return self._date_rule(tag, attrs)
        if tag in _DROPPED or (tag == "abstract" and "graphical" in attrs.get("abstract-type", "")):
            return Rule(Role.DROP)
        if tag in _BLOCKS:
            return Rule(Role.BLOCK)
        if tag == "article-title":
            return Rule(Role.TITLE)
        if tag == "title":
            return self._title_rule()
        if tag in _SECTIONS:
            return Rule(Role.SECTION, (_SECTIONS[tag],))
        if tag == "ref":
            return Rule(Role.REFERENCE, (attrs.get("id", ""),))
        return self._inline_rule(tag, attrs)

    def _count_article(self) -> None:
        self.n_articles += 1
        if self.n_articles > 1:
            message = "holds more than one <article>; give each a file of its own"
            raise FormatError(message, path=self.builder.path)

    def _date_rule(self, tag: str, attrs: Mapping[str, str]) -> Rule:
        kinds = {attrs.get("pub-type"), attrs.get("date-type")}
        is_ours = self.parent() == "article-meta" and not kinds & _OTHER_DATES
        if tag == "pub-date" and is_ours:
            self._date = {}
        is_fact = is_ours if tag == "pub-date" else tag in _DATE_PARTS
        return Rule(Role.FACT, (tag,)) if is_fact else Rule(Role.DROP)

    def _end_date(self) -> None:
        """Keep the date of publication: of the earliest year, as exact as it is known."""
        parts = [self._date.get(part, 0) for part in _DATE_PARTS]
        if parts[0]:
            n_known = parts.index(0) if 0 in parts else 3
            widths = zip(parts[:n_known], (4, 2, 2), strict=False)
            self._dates.append("-".join(f"{part:0{width}d}" for part, width in widths))
            best = min(self._dates, key=lambda date: (date[:4], -len(date), date))
            self.builder.provenance["published"] = best

    def _title_rule(self) -> Rule:
        if self.inside("ref-list"):
            return Rule(Role.DROP)
        return Rule(Role.HEADING if self.parent() in _SECTIONS else Role.BLOCK)

    def _inline_rule(self, tag: str, attrs: Mapping[str, str]) -> Rule:
        if tag == "xref":
            if attrs.get("ref-type") == "bibr":
                return Rule(Role.CALL_OUT, tuple(attrs.get("rid", "").split()))
            return Rule(Role.DROP if self.parent() == "article-title" else Role.PLAIN)
        if tag in ("ext-link", "uri", "self-uri"):
            url = attrs.get("xlink:href", "")
            return Rule(Role.LINK, (url,)) if "://" in url else Rule(Role.PLAIN)
        if tag == "article-id":
            return Rule(Role.FACT, (_IDS.get(attrs.get("pub-id-type", ""), ""),))
        return Rule(Role.SPACE if tag == "break" else Role.PLAIN)

    def take_fact(self, element: Element, text: str) -> None:
        """Take an id or a date of the article."""
        key = element.rule.value[0]
        if key == "pub-date":
            self._end_date()
            return
        if key in _DATE_PARTS:
            digits = text.strip()
            self._date[key] = int(digits) if digits.isdecimal() and len(digits) <= 4 else 0
            return
        if key == "pmcid" and text.strip().isdigit():
            text = f"PMC{text.strip()}"
        if key:
            self.builder.set(key, text)

    def take_entry_part(self, tag: str, attrs: Mapping[str, str], entry: ReferenceEntry) -> str:
        """Tell DOI and title of a reference."""
        if tag == "pub-id" and attrs.get("pub-id-type") == "doi":
            return "doi"
        if tag in ("ext-link", "uri") and "doi.org/10." in attrs.get("xlink:href", ""):
            entry.doi.append(attrs["xlink:href"] + " ")
        return "title" if tag in ("article-title", "data-title") else ""


def read_jats(stream: IO[bytes], *, path: str, id: str) -> Document:
    """Read a paper in JATS XML.

    Args:
        stream: The bytes.
        path: What to call the source.
        id: Id of the document.

    Returns:
        Title, abstract, headings, paragraphs and captions; tables, formulas and the reference list
        are left out of the text.

    Raises:
        FormatError: It is no well-formed XML, holds no article or more than one, or no text.
    """
    builder = PaperBuilder(path)
    handler = JatsHandler(builder)
    parse_xml(stream, handler, path=path)
    if not handler.n_articles:
        raise FormatError("holds no <article>, as JATS has", path=path)
    return builder.build(id, {"format": "jats", "path": path})
