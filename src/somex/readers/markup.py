"""What the readers of marked up papers share: a stream of events, roles of elements, paths.

A reader says which role an element plays; the `MarkupHandler` gathers blocks with the path of their
element and the place of each character in the text of that element.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import IO, TYPE_CHECKING, Any
from xml.sax.handler import ContentHandler

from somex.core.errors import FormatError
from somex.readers.paper_builder import Mark, PaperBuilder

if TYPE_CHECKING:
    from xml.sax.xmlreader import AttributesImpl

_CHUNK_BYTES = 1 << 16
_MAX_DEPTH = 2000


class Role(Enum):
    """What an element is to the text."""

    PLAIN = auto()  # carries on what is around it: containers and inline elements
    BLOCK = auto()  # a paragraph, caption or title
    HEADING = auto()  # a block that names its section
    SECTION = auto()
    DROP = auto()
    LINK = auto()
    CALL_OUT = auto()
    REFERENCE = auto()
    FACT = auto()  # goes into the provenance, not into the text
    SPACE = auto()  # a blank, such as a line break
    TITLE = auto()  # a block that is the paper's title too


@dataclass(slots=True)
class Rule:
    """The role of an element, with its URL, ids or key where the role has one."""

    role: Role
    value: tuple[str, ...] = ()


@dataclass(slots=True)
class Element:
    """An open element."""

    tag: str
    path: str
    n_seen: int
    rule: Rule
    attrs: Mapping[str, str]
    children: Counter[str] = field(default_factory=Counter)
    mark: Mark | None = None
    text: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ReferenceEntry:
    """An entry of the bibliography that is being read."""

    id: str
    parts: list[str] = field(default_factory=list)
    doi: list[str] = field(default_factory=list)
    title: list[str] = field(default_factory=list)


class MarkupHandler(ABC):
    """Turns the events of a parser into a paper.

    Args:
        builder: Gets the blocks.
    """

    def __init__(self, builder: PaperBuilder) -> None:
        self.builder = builder
        self.open: list[Element] = []
        self._n_seen = 0
        self._n_dropped = 0
        self._blocks: list[Element] = []
        self._entry: ReferenceEntry | None = None
        self._facts: list[Element] = []

    @abstractmethod
    def rule_of(self, tag: str, attrs: Mapping[str, str]) -> Rule:
        """Return the role of an element that opens inside ``self.open``."""

    def take_fact(self, element: Element, text: str) -> None:  # noqa: B027 (a hook; HTML has no facts)
        """Take the text of an element of role FACT."""

    def take_entry_part(self, tag: str, attrs: Mapping[str, str], entry: ReferenceEntry) -> str:
        """Tell which part of an entry an element holds: ``doi``, ``title`` or nothing."""
        return ""

    def parent(self, level: int = 1) -> str:
        """Return the tag of the innermost open element or of one around it."""
        return self.open[-level].tag if len(self.open) >= level else ""

    def inside(self, *tags: str) -> bool:
        """Tell whether an element of one of these tags is open."""
        return any(element.tag in tags for element in self.open)

    def start(self, tag: str, attrs: Mapping[str, str]) -> None:
        """Open an element."""
        if len(self.open) >= _MAX_DEPTH:
            message = f"nests elements deeper than {_MAX_DEPTH}, as no paper does"
            raise FormatError(message, path=self.builder.path)
        rule = Rule(Role.PLAIN) if self._n_dropped or self._entry else self.rule_of(tag, attrs)
        element = Element(tag, self._path(tag), self._n_seen, rule, attrs)
        self.open.append(element)
        if self._n_dropped:
            self._n_dropped += 1
        elif self._entry is not None:
            part = self.take_entry_part(tag, attrs, self._entry)
            element.rule = Rule(Role.PLAIN, (part,))
        else:
            self._begin(element)

    def _path(self, tag: str) -> str:
        if not self.open:
            return f"/{tag}"
        parent = self.open[-1]
        parent.children[tag] += 1
        return f"{parent.path}/{tag}[{parent.children[tag]}]"

    def _begin(self, element: Element) -> None:
        role, value = element.rule.role, element.rule.value
        if role is Role.DROP:
            self._n_dropped = 1
        elif role in (Role.BLOCK, Role.HEADING, Role.TITLE):
            self.builder.break_block()
            self._blocks.append(element)
        elif role is Role.SECTION:
            self.builder.break_block()
            self.builder.start_section(value[0] if value else "")
        elif role in (Role.LINK, Role.CALL_OUT):
            element.mark = self.builder.start_mark(*value)
        elif role is Role.REFERENCE:
            self._entry = ReferenceEntry(value[0] if value else "")
        elif role is Role.FACT:
            self._facts.append(element)
        elif role is Role.SPACE and self._blocks:
            self.builder.add_gap()

    def text(self, content: str) -> None:
        """Take characters."""
        if self._entry is not None:
            self._entry.parts.append(content)
            for element in reversed(self.open):
                part = element.rule.value[0] if element.rule.value else ""
                if part in ("doi", "title"):
                    (self._entry.doi if part == "doi" else self._entry.title).append(content)
                    break
                if element.rule.role is Role.REFERENCE:
                    break
        elif not self._n_dropped:
            if self._facts:
                self._facts[-1].text.append(content)
            elif self._blocks:
                block = self._blocks[-1]
                self.builder.add(content, block.path, self._n_seen - block.n_seen)
                if block.rule.role is not Role.BLOCK:
                    block.text.append(content)
        self._n_seen += len(content)

    def end(self) -> None:
        """Close the innermost element."""
        element = self.open.pop()
        role = element.rule.role
        if self._n_dropped:
            self._n_dropped -= 1
        elif self._entry is not None:
            self._end_in_entry(element, self._entry)
        elif role in (Role.BLOCK, Role.HEADING, Role.TITLE):
            self._blocks.pop()
            self.builder.break_block()
            if role is Role.HEADING:
                self.builder.name_section(" ".join("".join(element.text).split()))
            elif role is Role.TITLE:
                self.builder.set("title", "".join(element.text))
        elif role is Role.SECTION:
            self.builder.break_block()
            self.builder.end_section()
        elif role is Role.FACT:
            self._facts.pop()
            self.take_fact(element, "".join(element.text))
        elif element.mark is not None:
            self.builder.end_mark("link" if role is Role.LINK else "call_out", element.mark)

    def _end_in_entry(self, element: Element, entry: ReferenceEntry) -> None:
        if element.rule.role is not Role.REFERENCE:
            if not self.inside("mixed-citation"):
                entry.parts.append(" ")
            return
        self._entry = None
        self.builder.add_reference(
            entry.id,
            "".join(entry.parts),
            doi="".join(entry.doi) or None,
            title="".join(entry.title) or None,
        )


def names(text: str) -> frozenset[str]:
    """Return the words of a text as a set of element names."""
    return frozenset(text.split())


def local(name: str) -> str:
    """Return a name without its namespace prefix."""
    return name.rpartition(":")[2]


class _Sax(ContentHandler):
    """Hands the events of SAX on."""

    def __init__(self, handler: MarkupHandler) -> None:
        super().__init__()
        self._handler = handler

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        self._handler.start(local(name), dict(attrs))

    def endElement(self, name: str) -> None:  # noqa: N802
        self._handler.end()

    def characters(self, content: str) -> None:
        self._handler.text(content)

    def skippedEntity(self, name: str) -> None:  # noqa: N802
        from html.entities import html5

        self._handler.text(html5.get(f"{name};", " "))


def _make_parser() -> Any:
    """Return a parser that refuses entities, and never looks at the DTD that papers name."""
    from xml.parsers.expat import XML_PARAM_ENTITY_PARSING_NEVER

    from defusedxml.expatreader import DefusedExpatParser

    class Parser(DefusedExpatParser):
        _parser: Any

        def reset(self) -> None:
            super().reset()
            self._parser.SetParamEntityParsing(XML_PARAM_ENTITY_PARSING_NEVER)

    return Parser()


def parse_xml(stream: IO[bytes], handler: MarkupHandler, *, path: str) -> None:
    """Feed the events of an XML stream to a handler, in bounded memory.

    Args:
        stream: The bytes; entity declarations and entities from outside are refused.
        handler: Takes the events.
        path: What errors call the source.

    Raises:
        FormatError: The bytes are no well-formed XML, or declare entities.
    """
    from xml.sax import SAXException, SAXParseException

    from defusedxml.common import DefusedXmlException

    parser = _make_parser()
    parser.setContentHandler(_Sax(handler))
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            parser.feed(chunk)
        parser.close()
    except SAXParseException as error:
        message = f"is no well-formed XML ({error.getMessage()})"
        raise FormatError(message, path=path, line=error.getLineNumber()) from None
    except DefusedXmlException as error:
        message = f"declares an entity or uses one from outside ({error}), which is refused"
        raise FormatError(message, path=path) from None
    except (SAXException, LookupError, UnicodeError) as error:
        raise FormatError(f"is no readable XML ({error})", path=path) from None
    except ValueError as error:  # encodings that expat does not know; FormatError is one, too
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"is no readable XML ({error})", path=path) from None
