"""HTML pages of papers."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from somex.core.errors import FormatError
from somex.core.types import Document
from somex.readers.bibliography import is_reference_heading
from somex.readers.markup import MarkupHandler, ReferenceEntry, Role, Rule, local, names
from somex.readers.paper_builder import PaperBuilder

if TYPE_CHECKING:
    from lxml.etree import _Element

_DROPPED = names(
    "script style noscript template nav footer aside form button select textarea iframe "
    "object svg math pre table thead tbody img picture video audio canvas dialog head"
)
_INLINE = names(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q "
    "rp rt ruby s samp small span strike strong sub sup time tt u var wbr"
)
_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_ENTRIES = names("li p dd")
_BIBLIOGRAPHY = re.compile(r"(?:^|[\s_-])(?:references?|bibliography|reflist|ref-list)(?:$|[\s_-])")
_META = {
    "citation_title": "title",
    "dc.title": "title",
    "citation_doi": "doi",
    "dc.identifier": "doi",
    "citation_pmid": "pmid",
    "citation_pmcid": "pmcid",
    "citation_publication_date": "published",
    "citation_date": "published",
}
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_SNIFFED_BYTES = 4096
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class HtmlHandler(MarkupHandler):
    """Roles of the elements of HTML; sections go from heading to heading."""

    def __init__(self, builder: PaperBuilder, *, main: _Element | None) -> None:
        super().__init__(builder)
        self.node: _Element | None = None
        self._main = main
        self._around = set() if main is None else set(main.iterancestors())
        self._in_main = main is None
        self._levels: list[int] = []
        self._list_level = 0

    def rule_of(self, tag: str, attrs: Mapping[str, str]) -> Rule:
        """Return the role of an element."""
        node = self.node
        if node is self._main:
            self._in_main = True
        elif not self._in_main and node not in self._around:
            return Rule(Role.DROP)
        if tag in _DROPPED:
            keeps = tag == "table" and node is not None and node.find("caption") is not None
            return Rule(Role.PLAIN if keeps else Role.DROP)
        if self.parent() == "table":
            return Rule(Role.BLOCK if tag == "caption" else Role.DROP)
        if tag in _HEADINGS and not self._is_bibliography(attrs):
            return self._heading_rule(_HEADINGS[tag])
        if self._list_level or self._is_bibliography(attrs):
            return self._entry_rule(tag, attrs)
        return self._text_rule(tag, attrs)

    def _heading_rule(self, level: int) -> Rule:
        text = "" if self.node is None else "".join(map(str, self.node.itertext()))
        if self._list_level and level > self._list_level:
            return Rule(Role.DROP)
        self._list_level = level if is_reference_heading(text) else 0
        self.builder.break_block()
        while self._levels and self._levels[-1] >= level:
            self._levels.pop()
            self.builder.end_section()
        if self._list_level:
            return Rule(Role.DROP)
        if level == 1 and "title" not in self.builder.provenance:
            return Rule(Role.TITLE)
        self._levels.append(level)
        self.builder.start_section("")
        return Rule(Role.HEADING)

    def _is_bibliography(self, attrs: Mapping[str, str]) -> bool:
        return any(_opens_bibliography(element.tag, element.attrs) for element in self.open) or (
            _opens_bibliography("", attrs)
        )

    def _entry_rule(self, tag: str, attrs: Mapping[str, str]) -> Rule:
        if tag in _ENTRIES or attrs.get("role") == "doc-biblioentry":
            return Rule(Role.REFERENCE, (self._entry_id(attrs),))
        return Rule(Role.DROP if tag in _INLINE or tag in _HEADINGS else Role.PLAIN)

    def _entry_id(self, attrs: Mapping[str, str]) -> str:
        if "id" in attrs or self.node is None:
            return attrs.get("id", "")
        inner = (str(part.get("id") or part.get("name") or "") for part in self.node.iter("*"))
        return next(filter(None, inner), "")

    def _text_rule(self, tag: str, attrs: Mapping[str, str]) -> Rule:
        if tag == "a":
            href = attrs.get("href", "").strip()
            if href.startswith("#") and len(href) > 1:
                return Rule(Role.CALL_OUT, (href[1:],))
            return Rule(Role.LINK, (href,)) if "://" in href else Rule(Role.PLAIN)
        if tag in ("br", "hr"):
            return Rule(Role.SPACE)
        return Rule(Role.PLAIN if tag in _INLINE else Role.BLOCK)

    def take_entry_part(self, tag: str, attrs: Mapping[str, str], entry: ReferenceEntry) -> str:
        """Take the DOI of a link in a reference."""
        if tag == "a" and "doi.org/10." in attrs.get("href", ""):
            entry.doi.append(attrs["href"] + " ")
        return ""

    def _end_in_entry(self, element: Any, entry: ReferenceEntry) -> None:
        if element.rule.role is Role.REFERENCE or element.tag not in _INLINE:
            super()._end_in_entry(element, entry)

    def left_main(self) -> None:
        """Drop what comes after the main part."""
        self._in_main = False


def _opens_bibliography(tag: str, attrs: Mapping[str, str]) -> bool:
    if tag in ("html", "body", "main", "article") or tag in _INLINE:
        return False
    if attrs.get("role") == "doc-bibliography":
        return True
    names = f"{attrs.get('class', '')} {attrs.get('id', '')}".lower()
    return _BIBLIOGRAPHY.search(names) is not None and "href" not in attrs


def read_html(raw: bytes, *, path: str, id: str) -> Document:
    """Read a paper in HTML.

    Args:
        raw: The bytes; their encoding is UTF-8 unless they say otherwise.
        path: What to call the source.
        id: Id of the document.

    Returns:
        Headings, paragraphs, lists and captions of the main part; navigation, scripts, tables,
        formulas, code and the reference list are left out of the text.

    Raises:
        FormatError: The bytes are of another encoding, or hold no text.
    """
    from lxml import etree

    builder = PaperBuilder(path)
    root = _parse(raw, path)
    _take_meta(root, builder)
    main = next((node for tag in ("main", "article") for node in root.iter(tag)), None)
    handler = HtmlHandler(builder, main=main)
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "start":
            handler.node = node
            handler.start(local(str(node.tag)).lower(), {str(k): str(v) for k, v in node.items()})
            handler.text(node.text or "")
        else:
            if event == "end":
                handler.end()
                if node is main:
                    handler.left_main()
            if node is not root:
                handler.text(node.tail or "")
    if "title" not in builder.provenance:
        builder.set("title", root.findtext(".//head/title") or "")
    return builder.build(id, {"format": "html", "path": path})


def _parse(raw: bytes, path: str) -> Any:
    from lxml import etree, html

    text = _decode(raw, path)
    if not text.strip() or "\0" in text:
        message = "is empty" if not text.strip() else "holds NUL bytes, which no HTML does"
        raise FormatError(message, path=path)
    try:
        parser = html.HTMLParser(encoding="utf-8", huge_tree=False, no_network=True)
        root = html.document_fromstring(text.encode("utf-8"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise FormatError(f"is no readable HTML ({error})", path=path) from None
    return root


def _decode(raw: bytes, path: str) -> str:
    found = _CHARSET.search(raw[:_SNIFFED_BYTES])
    declared = found.group(1).decode("ascii", "replace") if found else "utf-8"
    encoding = next((of for bom, of in _BOMS.items() if raw.startswith(bom)), declared)
    try:
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return raw.decode(encoding)
    except (UnicodeError, LookupError) as error:
        message = f"is not in its encoding {encoding} ({error}); save it as UTF-8"
        raise FormatError(message, path=path) from None


def _take_meta(root: Any, builder: PaperBuilder) -> None:
    for node in root.iter("meta"):
        key = _META.get(str(node.get("name") or "").lower())
        content = str(node.get("content") or "")
        if key == "doi":
            content = content.removeprefix("doi:").strip()
            content = content if content.startswith("10.") else ""
        if key == "published":
            content = "-".join(part.zfill(2) for part in content.strip().split("/"))
        if key and key != "title":
            builder.set(key, content)
