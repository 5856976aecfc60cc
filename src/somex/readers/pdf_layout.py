"""From the runs of characters on a page to lines in reading order: columns, heads, tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from somex.readers.pdf_glyphs import Glyph

_ZONE = 0.12
_PAGE_NUMBER = re.compile(
    r"(?:page\s+)?(?:\d{1,5}|[ivxl]{1,6})(?:\s*(?:/|of)\s*\d{1,5})?", re.IGNORECASE
)
_MIN_REPEATED = 0.3
_CELL_GAP = 1.4
_SAME_LINE = 0.5
_MIN_SIDE = 0.2
_MAX_CROSSING = 0.4
_GUTTER_POINTS = 5


@dataclass(slots=True)
class Line:
    """A line of text.

    Attributes:
        page: 1-based page.
        column: Number of the column in reading order, over the whole document.
        glyphs: Its characters from left to right.
        n_cells: Parts that wide gaps divide it into.
    """

    page: int
    column: int
    glyphs: list[Glyph]
    n_cells: int = 1

    @property
    def text(self) -> str:
        """The characters, with blanks."""
        return text_of(self.glyphs)

    @property
    def x0(self) -> float:
        """Left edge."""
        return self.glyphs[0].x0

    @property
    def x1(self) -> float:
        """Right edge."""
        return max(glyph.x1 for glyph in self.glyphs)

    @property
    def size(self) -> float:
        """Usual height of its characters, in points."""
        return median(glyph.height for glyph in self.glyphs)

    @property
    def bottom(self) -> float:
        """Usual lower edge of its characters."""
        return median(glyph.y0 for glyph in self.glyphs)

    @property
    def is_bold(self) -> bool:
        """Whether all its letters are bold."""
        return all(glyph.is_bold for glyph in self.glyphs if glyph.text.isalpha())


@dataclass(frozen=True, slots=True)
class _Segment:
    """A run of characters and its box."""

    glyphs: list[Glyph]
    x0: float
    y0: float
    x1: float
    y1: float


def order_lines(segments: Iterable[list[Glyph]], *, page: int, column: int) -> list[Line]:
    """Return the lines of a page in reading order.

    Args:
        segments: Its runs of characters.
        page: Number of the page.
        column: Number of its first column.
    """
    boxed = [
        _Segment(
            glyphs,
            glyphs[0].x0,
            median(g.y0 for g in glyphs),
            max(g.x1 for g in glyphs),
            median(g.y1 for g in glyphs),
        )
        for glyphs in segments
    ]
    boxed.sort(key=lambda s: (-s.y1, s.x0))
    lines: list[Line] = []
    for group in _columns(boxed):
        lines += _merge(group, page=page, column=column)
        column += 1
    return lines


def _columns(segments: list[_Segment]) -> list[list[_Segment]]:
    """Group segments to columns, in reading order: what crosses the gutter parts them."""
    gutter = _find_gutter(segments)
    if gutter is None:
        return [segments] if segments else []
    groups: list[list[_Segment]] = []
    across: list[_Segment] = []
    sides: tuple[list[_Segment], list[_Segment]] = ([], [])
    for segment in segments:
        if segment.x0 < gutter < segment.x1:
            groups += [list(side) for side in sides if side]
            sides = ([], [])
            across.append(segment)
            continue
        if across:
            groups.append(across)
            across = []
        sides[segment.x0 >= gutter].append(segment)
    if across:
        groups.append(across)
    return [*groups, *(side for side in sides if side)]


def _find_gutter(segments: Sequence[_Segment]) -> float | None:
    """Return where a page of two columns is blank in the middle, None for one column."""
    if len(segments) < 6:
        return None
    left, right = min(s.x0 for s in segments), max(s.x1 for s in segments)
    first, last = int(left + 0.3 * (right - left)), int(left + 0.7 * (right - left))
    crossing = {x: sum(s.x0 < x < s.x1 for s in segments) for x in range(first, last + 1)}
    if not crossing:
        return None
    fewest = min(crossing.values())
    free = [x for x, n in crossing.items() if n == fewest]
    middle = free[len(free) // 2]
    before = [s for s in segments if s.x1 <= middle]
    after = [s for s in segments if s.x0 >= middle]
    is_wide = len(free) >= _GUTTER_POINTS
    has_sides = min(len(before), len(after)) >= _MIN_SIDE * len(segments)
    if not (is_wide and has_sides and fewest <= _MAX_CROSSING * len(segments)):
        return None
    fills = median(s.x1 - s.x0 for s in before) > 0.5 * (middle - left)
    return float(middle) if fills else None


def _merge(group: Sequence[_Segment], *, page: int, column: int) -> list[Line]:
    """Join the segments of a column that stand on one line."""
    rows: list[list[_Segment]] = []
    for segment in group:
        row = rows[-1] if rows else []
        if row and _is_beside(row, segment):
            row.append(segment)
        else:
            rows.append([segment])
    lines = []
    for row in rows:
        row.sort(key=lambda s: s.x0)
        glyphs: list[Glyph] = []
        n_cells = 1
        for segment in row:
            if glyphs:
                gap = segment.x0 - glyphs[-1].x1
                n_cells += gap > _CELL_GAP * (segment.y1 - segment.y0)
                segment.glyphs[0].has_space = gap > 0.1 * (segment.y1 - segment.y0)
            glyphs += segment.glyphs
        lines.append(Line(page, column, glyphs, n_cells))
    return lines


def _is_beside(row: Sequence[_Segment], segment: _Segment) -> bool:
    main = max(row, key=lambda s: len(s.glyphs))
    overlap = min(main.y1, segment.y1) - max(main.y0, segment.y0)
    return overlap > _SAME_LINE * min(main.y1 - main.y0, segment.y1 - segment.y0)


def drop_running_heads(
    pages: Sequence[list[list[Glyph]]], sizes: Sequence[tuple[float, float]]
) -> list[list[list[Glyph]]]:
    """Leave out heads and feet that come again on other pages, and page numbers.

    Args:
        pages: The runs of characters of each page.
        sizes: Bottom and top of each page, in points.
    """
    keys = [
        [_head_key(glyphs, *size) for glyphs in segments]
        for segments, size in zip(pages, sizes, strict=True)
    ]
    counts = Counter(key for of_page in keys for key in set(of_page) if key is not None)
    needed = max(2.0, _MIN_REPEATED * len(pages))
    return [
        [
            glyphs
            for glyphs, key in zip(segments, of_page, strict=True)
            if key is None or not (counts[key] >= needed or _is_page_number(glyphs))
        ]
        for segments, of_page in zip(pages, keys, strict=True)
    ]


def _head_key(glyphs: Sequence[Glyph], bottom: float, top: float) -> tuple[bool, str] | None:
    zone = _ZONE * (top - bottom)
    low = median(glyph.y0 for glyph in glyphs)
    if low > top - zone or low < bottom + zone:
        return low > top - zone, re.sub(r"\d+", "#", text_of(glyphs).lower())
    return None


def _is_page_number(glyphs: Sequence[Glyph]) -> bool:
    return _PAGE_NUMBER.fullmatch(text_of(glyphs).strip(" -\u2013|")) is not None


def text_of(glyphs: Sequence[Glyph]) -> str:
    """Return characters as a text with blanks."""
    return "".join(f" {g.text}" if g.has_space else g.text for g in glyphs).strip()


def is_table_row(line: Line) -> bool:
    """Tell whether a line is a row of a table: wide gaps, or figures between some."""
    if line.n_cells >= 3:
        return True
    words = line.text.split()
    n_numeric = sum(any(c.isdigit() for c in word) for word in words)
    return line.n_cells == 2 and 2 * n_numeric >= len(words)


def body_size(lines: Sequence[Line]) -> float:
    """Return the height of most characters, in points."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.glyphs)
    return sizes.most_common(1)[0][0] if sizes else 0.0
