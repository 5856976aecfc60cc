"""Where the characters of a document came from, and what they point at: references and links.

All offsets are half-open; ``char_`` offsets count Unicode code points of ``Document.text``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from somex.core.errors import AnnotationError

Box = tuple[float, float, float, float]


def check_span(what: str, char_start: int, char_end: int, *, allow_empty: bool = False) -> None:
    """Raise AnnotationError unless the offsets are those of a span."""
    least = char_start if allow_empty else char_start + 1
    if char_start < 0 or char_end < least:
        raise AnnotationError(
            f"{what} spans characters {char_start} to {char_end}; "
            f"a span starts at 0 or later and ends {'at or ' if allow_empty else ''}after its start"
        )


@dataclass(frozen=True, slots=True)
class ElementLocator:
    """A place in a marked up text.

    Attributes:
        path: Path of an element, as ``/article/body[1]/sec[2]/p[1]`` (local names; XPath's
            ``string()`` of it is the text that the offsets count); empty for the whole file.
        source_start: First character in the text of the element.
        source_end: One past the last character.
    """

    path: str
    source_start: int
    source_end: int

    def __post_init__(self) -> None:
        check_span(f"source of element {self.path!r}", self.source_start, self.source_end)

    def cut(self, start: int, end: int, n_chars: int) -> ElementLocator:
        """Return the place of characters ``start`` to ``end`` out of ``n_chars``."""
        if self.source_end - self.source_start != n_chars:
            return self  # what was rewritten has its source only as a whole
        return replace(
            self, source_start=self.source_start + start, source_end=self.source_start + end
        )


@dataclass(frozen=True, slots=True)
class PageLocator:
    """A place on a page, in points from the lower left corner of the page.

    Attributes:
        page: 1-based number of the page.
        box: Left, bottom, right and top.
        edges: Left edge of each character, then the right edge of the last; empty where only the
            box as a whole is known.
    """

    page: int
    box: Box
    edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.page < 1:
            raise AnnotationError(f"page is {self.page}; the first page is 1")
        if len(self.box) != 4 or not all(map(math.isfinite, (*self.box, *self.edges))):
            raise AnnotationError(f"box is {self.box}; a box has four finite numbers")
        if self.box[0] > self.box[2] or self.box[1] > self.box[3]:
            raise AnnotationError(f"box is {self.box}; left <= right and bottom <= top")

    def cut(self, start: int, end: int, n_chars: int) -> PageLocator:
        """Return the place of characters ``start`` to ``end`` out of ``n_chars``."""
        if (start, end) == (0, n_chars) or len(self.edges) != n_chars + 1:
            return self
        edges = self.edges[start : end + 1]
        left, right = min(edges), max(edges)
        return PageLocator(self.page, (left, self.box[1], right, self.box[3]), edges)


Locator = ElementLocator | PageLocator


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a run of characters came from.

    They map one to one where the locator has as many characters or edges, else as a whole.
    """

    char_start: int
    char_end: int
    locator: Locator

    def __post_init__(self) -> None:
        check_span("origin", self.char_start, self.char_end)

    def clip(self, char_start: int, char_end: int) -> Origin:
        """Return the part that lies in a span, with the source of that part."""
        start, end = max(self.char_start, char_start), min(self.char_end, char_end)
        check_span("clipped origin", start, end)
        n_chars = self.char_end - self.char_start
        first = start - self.char_start
        return Origin(start, end, self.locator.cut(first, first + end - start, n_chars))


@dataclass(frozen=True, slots=True)
class Reference:
    """An entry of the bibliography.

    Attributes:
        id: Its id in the source, or a number; unique in the document.
        text: The entry as it stands, white space collapsed.
        doi: Its DOI, bare and in lower case, where it has one.
        title: Title of the work, where the source marks it.
    """

    id: str
    text: str
    doi: str | None = None
    title: str | None = None

    def __post_init__(self) -> None:
        if not self.id:
            raise AnnotationError(f"reference {self.text!r:.60} needs an id that is not empty")


@dataclass(frozen=True, slots=True)
class CallOut:
    """A place in the text that points at entries of the bibliography, such as ``[3, 5]``."""

    char_start: int
    char_end: int
    reference_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        check_span("call-out", self.char_start, self.char_end)
        if not self.reference_ids:
            raise AnnotationError(
                f"the call-out at {self.char_start} names no reference; it needs one"
            )


@dataclass(frozen=True, slots=True)
class Link:
    """Characters that carry a hyperlink; its URL need not stand in the text."""

    char_start: int
    char_end: int
    url: str

    def __post_init__(self) -> None:
        check_span("link", self.char_start, self.char_end)
        if not self.url:
            raise AnnotationError(f"the link at {self.char_start} has no URL")
