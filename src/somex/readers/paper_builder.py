"""Puts the document of a paper together: blocks, sections, origins, references, links.

Readers of papers feed it blocks (title, heading, paragraph, caption) in reading order. White space
collapses to single blanks, blocks are parted by an empty line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from somex.core.errors import FormatError
from somex.core.origins import (
    Box,
    CallOut,
    ElementLocator,
    Link,
    Origin,
    PageLocator,
    Reference,
)
from somex.core.types import Document, Section
from somex.readers.call_outs import bridge_ranges, find_call_outs

MAX_CHARS = 5_000_000
BLOCK_BREAK = "\n\n"
_RUN = re.compile(
    r"[^\s\u00ad\u200b\ufeff]+(?:\s[^\s\u00ad\u200b\ufeff]+)*|[\s\u00ad\u200b\ufeff]+"
)
_INVISIBLE = "\u00ad\u200b\ufeff"
_SPACE = re.compile(r"[^\S ]")
_DOI = re.compile(r"\b(10\.\d{4,9}/[^\s\"<>|]+)", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


def find_doi(text: str) -> str | None:
    """Return the first DOI in a text, bare and in lower case."""
    match = _DOI.search(text)
    if match is None:
        return None
    found = match.group(1).rstrip(".,;:'\u2019\u201d")
    while found.endswith(")") and found.count("(") < found.count(")"):
        found = found[:-1].rstrip(".,;")
    return found.lower()


@dataclass(slots=True)
class _Piece:
    """Characters with a source: a run in an element, or on a page."""

    char_start: int
    char_end: int
    locator: ElementLocator | PageLocator | None
    path: str = ""
    source_start: int = 0
    source_end: int = 0

    def to_origin(self) -> Origin:
        place = self.locator or ElementLocator(self.path, self.source_start, self.source_end)
        return Origin(self.char_start, self.char_end, place)


@dataclass(slots=True)
class Mark:
    """Something that began in the text and has not ended: a link or a call-out."""

    char_start: int
    value: tuple[str, ...]


@dataclass(slots=True)
class PaperBuilder:
    """Gathers a paper.

    Args:
        path: What errors call the source.
    """

    path: str
    provenance: dict[str, str] = field(default_factory=dict)
    _parts: list[str] = field(default_factory=list)
    _n_chars: int = 0
    _pieces: list[_Piece] = field(default_factory=list)
    _sections: list[Section] = field(default_factory=list)
    _open_sections: list[tuple[str, int]] = field(default_factory=list)
    _marks: list[tuple[str, int, int, tuple[str, ...]]] = field(default_factory=list)
    _references: dict[str, Reference] = field(default_factory=dict)
    _block_start: int = 0
    _gap: tuple[str, int, int] | None = None
    _needs_break: bool = False

    @property
    def n_chars(self) -> int:
        """Characters so far."""
        return self._n_chars

    @property
    def references(self) -> tuple[Reference, ...]:
        """The bibliography so far."""
        return tuple(self._references.values())

    def break_block(self) -> None:
        """End a block; what is added next starts another."""
        self._gap = None
        self._needs_break = self._n_chars > 0

    def add(self, content: str, path: str, source_start: int) -> None:
        """Add text of an element.

        Args:
            content: The characters as the source has them.
            path: Path of the element.
            source_start: Place of the first of them in the element's text.
        """
        for match in _RUN.finditer(content):
            first = match.group()[0]
            start = source_start + match.start()
            if first.isspace() or first in _INVISIBLE:
                space = len(match.group().strip(_INVISIBLE))
                if space and self._gap is None:
                    self._gap = (path, start, start + len(match.group()))
                continue
            self._close_gap()
            shown = _SPACE.sub(" ", match.group())
            self._append(shown, path, start, start + len(shown))

    def add_rewritten(self, content: str, path: str, source_start: int, source_end: int) -> None:
        """Add text that the source spells otherwise, such as ``&`` for ``&amp;``."""
        if content.isspace():
            self._gap = self._gap or (path, source_start, source_end)
        elif content:
            self._close_gap()
            self._append(content, path, source_start, source_end)

    def add_gap(self) -> None:
        """Part what follows by a blank of no source."""
        if self._gap is None:
            self._gap = ("", -1, -1)

    def _close_gap(self) -> None:
        if self._needs_break:
            self._write(BLOCK_BREAK)
            self._needs_break = False
            self._block_start = self._n_chars
        elif self._gap is not None and self._n_chars > self._block_start:
            path, start, end = self._gap
            if start < 0:
                self._write(" ")
            else:
                self._append(" ", path, start, end)
        self._gap = None

    def _append(self, content: str, path: str, source_start: int, source_end: int) -> None:
        start = self._n_chars
        self._write(content)
        is_exact = source_end - source_start == len(content)
        last = self._pieces[-1] if self._pieces else None
        if (
            last is not None
            and is_exact
            and last.locator is None
            and last.char_end == start
            and last.path == path
            and last.source_end == source_start
            and last.source_end - last.source_start == last.char_end - last.char_start
        ):
            last.char_end, last.source_end = self._n_chars, source_end
        else:
            self._pieces.append(_Piece(start, self._n_chars, None, path, source_start, source_end))

    def add_run(self, content: str, page: int, box: Box, edges: Sequence[float]) -> None:
        """Add text of a page, blanks included as they are to be, with its place on the page."""
        if not content:
            return
        self._close_gap()
        start = self._n_chars
        self._write(content)
        self._pieces.append(_Piece(start, self._n_chars, PageLocator(page, box, tuple(edges))))

    def take_back_hyphen(self) -> None:
        """Remove the last character, a hyphen at the end of a line on a page."""
        self._gap = None
        self._parts[-1] = self._parts[-1][:-1]
        self._n_chars -= 1
        last = self._pieces.pop()
        n_left = last.char_end - last.char_start - 1
        if n_left and last.locator is not None:
            locator = last.locator.cut(0, n_left, n_left + 1)
            self._pieces.append(_Piece(last.char_start, last.char_end - 1, locator))

    def _write(self, content: str) -> None:
        if _SURROGATE.search(content):
            raise FormatError("holds half of a surrogate pair, which is no text", path=self.path)
        self._parts.append(content)
        self._n_chars += len(content)
        if self._n_chars > MAX_CHARS:
            message = f"holds more than {MAX_CHARS:,} characters of text; split it"
            raise FormatError(message, path=self.path)

    def start_mark(self, *value: str) -> Mark:
        """Begin a link (to a URL) or a call-out (of reference ids)."""
        return Mark(self._n_chars, value)

    def end_mark(self, kind: str, mark: Mark) -> None:
        """End a ``link`` or a ``call_out`` where the text stands now."""
        if self._n_chars > mark.char_start:
            self._marks.append((kind, mark.char_start, self._n_chars, mark.value))

    def start_section(self, name: str) -> None:
        """Begin a section; sections may lie in each other."""
        self._open_sections.append((name, self._n_chars))

    def name_section(self, name: str) -> None:
        """Name the innermost open section."""
        if self._open_sections:
            self._open_sections[-1] = (name, self._open_sections[-1][1])

    def end_section(self) -> None:
        """End the innermost open section."""
        name, start = self._open_sections.pop()
        if self._n_chars > start:
            self._sections.append(Section(name, start, self._n_chars))

    def add_reference(
        self, id: str, text: str, *, doi: str | None = None, title: str | None = None
    ) -> None:
        """Add an entry of the bibliography; an id that is taken gets a number behind it."""
        clean = " ".join(text.split())
        if not clean and not doi:
            return
        name = id or str(len(self._references) + 1)
        if name in self._references:
            name = f"{name}~{len(self._references) + 1}"
        found = find_doi(doi) if doi else None
        tidy = " ".join(title.split()) if title else None
        self._references[name] = Reference(name, clean, found or find_doi(clean), tidy or None)

    def set(self, key: str, value: str) -> None:
        """Put a fact into the provenance, unless it is empty or already there."""
        clean = " ".join(value.split())
        if clean:
            self.provenance.setdefault(key, clean)

    def build(self, id: str, provenance: Mapping[str, str]) -> Document:
        """Return the document.

        Args:
            id: Its id.
            provenance: Facts that come before those gathered.

        Raises:
            FormatError: There is no text.
        """
        while self._open_sections:
            self.end_section()
        text = "".join(self._parts)
        if not text:
            raise FormatError("holds no text to read", path=self.path)
        references = self.references
        marked = [self._strip(text, *mark) for mark in self._marks]
        call_outs = [
            CallOut(start, end, known)
            for kind, start, end, ids in marked
            if kind == "call_out" and end > start
            if (known := tuple(dict.fromkeys(i for i in ids if i in self._references)))
        ]
        links = [Link(s, e, url[0]) for kind, s, e, url in marked if kind == "link" and e > s]
        call_outs.sort(key=lambda c: (c.char_start, c.char_end))
        call_outs = bridge_ranges(text, call_outs, references)
        call_outs += find_call_outs(text, references, call_outs)
        call_outs.sort(key=lambda c: (c.char_start, c.char_end))
        return Document(
            id,
            text,
            sections=tuple(sorted(self._stripped_sections(text), key=_by_place)),
            provenance={**provenance, **self.provenance},
            origins=tuple(piece.to_origin() for piece in self._pieces),
            references=references,
            call_outs=tuple(call_outs),
            links=tuple(sorted(links, key=lambda link: (link.char_start, link.char_end))),
        )

    def _stripped_sections(self, text: str) -> list[Section]:
        found = (self._strip(text, s.name, s.char_start, s.char_end, ()) for s in self._sections)
        return [Section(name, start, end) for name, start, end, _ in found if end > start]

    @staticmethod
    def _strip(
        text: str, kind: str, start: int, end: int, value: tuple[str, ...]
    ) -> tuple[str, int, int, tuple[str, ...]]:
        end = min(end, len(text))
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        return kind, start, end, value


def _by_place(section: Section) -> tuple[int, int]:
    return section.char_start, -section.char_end
