"""PDFs, read with pdfium: columns, running heads, headings, hyphens, ligatures, references."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from somex.core.errors import FormatError
from somex.core.types import Document
from somex.readers.bibliography import is_reference_heading, split_entries
from somex.readers.paper_builder import Mark, PaperBuilder, find_doi
from somex.readers.pdf_glyphs import Glyph, pdfium, read_segments
from somex.readers.pdf_layout import (
    Line,
    body_size,
    drop_running_heads,
    is_table_row,
    order_lines,
    text_of,
)

MAX_PAGES = 2000
MAX_GLYPHS = 3_000_000
_HEADING_SIZE = 1.07
_TITLE_SIZE = 1.2
_MAX_HEADING_WORDS = 14
_TERMINAL = re.compile(r"[.!?:][\"'\u201d\u2019)\]]*(?:\[[\d,\s\u2013-]+\])?$")
_ABSTRACT = re.compile(r"(?:abstract|summary)\b", re.IGNORECASE)
_BACK_MATTER = re.compile(
    r"(?:appendix|supplement|acknowledg|funding|author|data avail|conflict|figure|table)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\s*[\[(]?(\d{1,4})[\]).]")
_URL_TAIL = re.compile(r"(?:https?://|www\.|doi\.org/|10\.\d{4,9}/)\S*[/._=?&#-]$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def read_pdf(raw: bytes, *, path: str, id: str) -> Document:
    """Read a paper in PDF.

    Args:
        raw: The bytes.
        path: What to call the source.
        id: Id of the document.

    Returns:
        Title, headings, paragraphs and captions, with page and box of each character; running
        heads, page numbers, authors, rows of tables and the reference list are left out.

    Raises:
        FormatError: It is damaged, encrypted or too long, or holds no text.
        MissingExtraError: pypdfium2 is not installed.
    """
    builder = PaperBuilder(path)
    pages, sizes, title = _read_pages(raw, path)
    if not any(pages):
        raise FormatError("holds no text (a scan? run OCR over it first)", path=path)
    first_page = " ".join(text_of(glyphs) for glyphs in next(filter(None, pages)))
    if doi := find_doi(first_page):
        builder.set("doi", doi)
    lines: list[Line] = []
    for number, segments in enumerate(drop_running_heads(pages, sizes), start=1):
        column = lines[-1].column + 1 if lines else 0
        lines += order_lines(segments, page=number, column=column)
    _Composer(builder, lines).compose()
    builder.set("title", title)
    return builder.build(id, {"format": "pdf", "path": path})


def _read_pages(
    raw: bytes, path: str
) -> tuple[list[list[list[Glyph]]], list[tuple[float, float]], str]:
    """Return the runs of characters, bottom and top of each page, and the title in the data."""
    library = pdfium()
    try:
        document = library.PdfDocument(raw)
    except library.PdfiumError as error:
        reason = "it is encrypted" if "password" in str(error).lower() else str(error)
        raise FormatError(f"is no readable PDF: {reason}", path=path) from None
    try:
        if len(document) > MAX_PAGES:
            message = f"has {len(document)} pages; at most {MAX_PAGES} are read as one document"
            raise FormatError(message, path=path)
        pages: list[list[list[Glyph]]] = []
        sizes: list[tuple[float, float]] = []
        n_glyphs = 0
        for number in range(len(document)):
            segments, size = _read_page(document, number)
            pages.append(segments)
            sizes.append(size)
            n_glyphs += sum(map(len, segments))
            if n_glyphs > MAX_GLYPHS:
                message = f"holds more than {MAX_GLYPHS:,} characters; split it"
                raise FormatError(message, path=path)
        return pages, sizes, str(document.get_metadata_dict().get("Title") or "")
    except library.PdfiumError as error:
        raise FormatError(f"is no readable PDF: {error}", path=path) from None
    finally:
        document.close()


def _read_page(document: Any, index: int) -> tuple[list[list[Glyph]], tuple[float, float]]:
    page = document[index]
    try:
        _, bottom, _, top = page.get_cropbox()
        return list(read_segments(document, page)), (bottom, top)
    finally:
        page.close()


class _Composer:
    """Makes blocks of lines."""

    def __init__(self, builder: PaperBuilder, lines: Sequence[Line]) -> None:
        self._builder = builder
        self._lines = lines
        self._body = body_size(lines)
        self._leading = _leadings(lines)
        self._left, self._right = _edges(lines)
        self._words = {word.lower() for line in lines for word in _WORD.findall(line.text)[:-1]}
        self._mark: Mark | None = None
        self._url = ""
        self._in_section = False

    def compose(self) -> None:
        """Feed the builder."""
        lines = self._without_front_matter()
        end = self._references_start(lines)
        last: Line | None = None
        for line in lines[:end]:
            if not is_table_row(line):
                self._take(line, last)
                last = line
        self._end_link()
        self._builder.break_block()
        rest = self._take_references(lines[end:])
        last = None
        for line in rest:
            if not is_table_row(line):
                self._take(line, last)
                last = line
        self._end_link()

    def _without_front_matter(self) -> list[Line]:
        """Leave out what stands between the title and the abstract: authors, affiliations."""
        lines = list(self._lines)
        first = [n for n, line in enumerate(lines) if line.page == 1]
        if not first:
            return lines
        largest = max(lines[n].size for n in first)
        title = [n for n in first if lines[n].size > largest - 0.5]
        if largest < _TITLE_SIZE * self._body or not title:
            return lines
        stop = title[0]
        while stop + 1 < len(lines) and lines[stop + 1].size > largest - 0.5:
            stop += 1
        self._builder.set("title", " ".join(line.text for line in lines[title[0] : stop + 1]))
        abstract = next((n for n in first if n > stop and _ABSTRACT.match(lines[n].text)), stop + 1)
        return [*lines[title[0] : stop + 1], *lines[abstract:]]

    def _is_heading(self, line: Line) -> bool:
        words = line.text.split()
        if len(words) > _MAX_HEADING_WORDS or not any(c.isalpha() for c in line.text):
            return False
        return line.size > _HEADING_SIZE * self._body or (
            line.is_bold and not line.text.endswith((".", ","))
        )

    def _references_start(self, lines: Sequence[Line]) -> int:
        found = [n for n, line in enumerate(lines) if is_reference_heading(line.text)]
        return found[-1] if found else len(lines)

    def _take_references(self, lines: Sequence[Line]) -> Sequence[Line]:
        """Take the entries after their heading; return what comes after the list."""
        if not lines:
            return lines
        heading = lines[0]
        end = next(
            (
                n
                for n, line in enumerate(lines)
                if (n and self._is_heading(line) and _is_like(heading, line))
                or (n and self._is_heading(line) and _BACK_MATTER.match(line.text))
            ),
            len(lines),
        )
        listed = lines[1:end]
        lefts = [line.x0 - self._left[line.column] for line in listed]
        is_hanging = any(left > 0.5 * self._body for left in lefts)
        starts = [left <= 0.5 * self._body for left in lefts] if is_hanging else []
        for entry in split_entries([line.text for line in listed], starts=starts):
            label = _LABEL.match(entry)
            self._builder.add_reference(label.group(1) if label else "", entry)
        return lines[end:]

    def _take(self, line: Line, last: Line | None) -> None:
        is_heading = self._is_heading(line)
        if last is None or self._starts_block(line, last, is_heading):
            self._builder.break_block()
            if is_heading and "title" in self._builder.provenance and last is not None:
                if self._in_section:
                    self._builder.end_section()
                self._builder.start_section(line.text)
                self._in_section = True
            self._emit(line.glyphs, line.page)
            return
        if (cut := self._hyphen_cut(line, last)) is not None:
            if cut:
                self._builder.take_back_hyphen()
        elif not _URL_TAIL.search(last.text):
            self._builder.add_gap()
        self._emit(line.glyphs, line.page)

    def _starts_block(self, line: Line, last: Line, is_heading: bool) -> bool:
        if is_heading != self._is_heading(last) or abs(line.size - last.size) > 0.08 * self._body:
            return True
        if line.column == last.column:
            if last.bottom - line.bottom > 1.35 * self._leading[line.column]:
                return True
            return self._is_indented(line) and not self._is_indented(last)
        ends = _TERMINAL.search(last.text) is not None
        is_short = last.x1 < self._right[last.column] - 2 * self._body
        return ends and (is_short or self._is_indented(line))

    def _is_indented(self, line: Line) -> bool:
        return 0.5 * self._body < line.x0 - self._left[line.column] < 4 * self._body

    def _hyphen_cut(self, line: Line, last: Line) -> bool | None:
        """Tell whether the hyphen at the end of a line goes; None where there is none."""
        before, after = last.text.split(), line.text.split()
        if not before or not after or not re.search(r"\w-$", before[-1]):
            return None
        if _URL_TAIL.search(before[-1]):
            return False
        left = re.sub(r"^\W+", "", before[-1][:-1])
        right = re.sub(r"\W+$", "", after[0])
        if not left.isalpha() or len(left) == 1 or not right[:1].islower() or left.isupper():
            return False
        joined, whole = f"{left}{right}".lower(), f"{left}-{right}".lower()
        return joined in self._words or whole not in self._words

    def _emit(self, glyphs: Sequence[Glyph], page: int) -> None:
        """Add the characters of a line, a run for each stretch of one link and one level."""
        size = sorted(glyph.height for glyph in glyphs)[len(glyphs) // 2]
        floor = sorted(glyph.y0 for glyph in glyphs)[len(glyphs) // 2]
        start = 0
        for end in range(1, len(glyphs) + 1):
            if end < len(glyphs) and (
                glyphs[end].url == glyphs[start].url
                and _is_raised(glyphs[end], size, floor) == _is_raised(glyphs[start], size, floor)
            ):
                continue
            run = glyphs[start:end]
            numbers = re.findall(r"\d+", "".join(glyph.text for glyph in run))
            mark = (
                self._builder.start_mark(*numbers)
                if numbers and _is_raised(run[0], size, floor)
                else None
            )
            self._open_link(run[0].url)
            _add_run(self._builder, run, page)
            if mark is not None:
                self._builder.end_mark("call_out", mark)
            start = end

    def _open_link(self, url: str) -> None:
        if url != self._url:
            self._end_link()
            self._mark = self._builder.start_mark(url) if url else None
            self._url = url

    def _end_link(self) -> None:
        if self._mark is not None:
            self._builder.end_mark("link", self._mark)
        self._mark, self._url = None, ""


def _is_raised(glyph: Glyph, size: float, floor: float) -> bool:
    return glyph.height < 0.85 * size and glyph.y0 > floor + 0.12 * size


def _is_like(heading: Line, line: Line) -> bool:
    return abs(heading.size - line.size) < 0.3 and heading.is_bold == line.is_bold


def _add_run(builder: PaperBuilder, run: Sequence[Glyph], page: int) -> None:
    text: list[str] = []
    edges: list[float] = []
    if run[0].has_space:
        builder.add_gap()
    for n, glyph in enumerate(run):
        if glyph.has_space and n:
            text.append(" ")
            edges.append(run[n - 1].x1)
        text.append(glyph.text)
        edges.append(glyph.x0)
    edges.append(run[-1].x1)
    tidy = [round(edge, 1) for edge in edges]
    low, high = min(glyph.y0 for glyph in run), max(glyph.y1 for glyph in run)
    box = (min(tidy), round(low, 1), max(tidy), round(high, 1))
    builder.add_run("".join(text), page, box, tidy)


def _leadings(lines: Sequence[Line]) -> dict[int, float]:
    """Return the usual distance of two lines in each column, in points."""
    steps: dict[int, list[float]] = {}
    for last, line in pairwise(lines):
        of_column = steps.setdefault(line.column, [])
        if last.column == line.column and last.bottom > line.bottom:
            of_column.append(last.bottom - line.bottom)
    every = sorted(step for of_column in steps.values() for step in of_column)
    usual = every[len(every) // 2] if every else 12.0
    return {
        line.column: min(sorted(found)[len(found) // 2], 1.3 * usual)
        if (found := steps.get(line.column))
        else usual
        for line in lines
    }


def _edges(lines: Sequence[Line]) -> tuple[dict[int, float], dict[int, float]]:
    """Return the left and right edge of each column, in points."""
    lefts: dict[int, float] = {}
    rights: dict[int, float] = {}
    for line in lines:
        lefts[line.column] = min(line.x0, lefts.get(line.column, line.x0))
        rights[line.column] = max(line.x1, rights.get(line.column, line.x1))
    return lefts, rights
