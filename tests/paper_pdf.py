"""Draws the test paper as a PDF: two columns, running heads, hyphens, ligatures, links."""

from __future__ import annotations

import io
import re

import paper

WIDTH, HEIGHT = 595.0, 842.0
MARGIN, GUTTER = 54.0, 20.0
COLUMN = (WIDTH - 2 * MARGIN - GUTTER) / 2
SIZE, LEADING = 11.5, 15.5
FONT, BOLD = "Vera", "VeraBd"
_TOKEN = re.compile(r"(\{[^{}]*\})")
Word = tuple[str, str]


def as_pdf() -> bytes:
    """Return the paper as a PDF of several pages."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for name in (FONT, BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    stream = io.BytesIO()
    _Press(stream).print()
    return stream.getvalue()


class _Press:
    """Sets line after line, column after column."""

    def __init__(self, stream: io.BytesIO) -> None:
        from reportlab.pdfgen.canvas import Canvas

        self.canvas = Canvas(stream, pagesize=(WIDTH, HEIGHT), invariant=True)
        self.page, self.column = 1, 0
        self.top = self.y = HEIGHT - 70

    def print(self) -> None:
        self._head()
        self._title()
        self._heading("Abstract")
        for text in paper.ABSTRACT:
            self._paragraph(text)
        for heading, paragraphs in paper.SECTIONS:
            self._heading(heading)
            for text in paragraphs:
                self._paragraph(text)
            if heading == "Results":
                self._table()
        self._heading("References")
        for n in range(1, len(paper.REFERENCES) + 1):
            self._paragraph(f"{n}. {paper.entry(n)}", size=9.5, indent=0.0)
        self.canvas.save()

    def _head(self) -> None:
        self.canvas.setFont(FONT, 8)
        self.canvas.drawString(MARGIN, HEIGHT - 40, paper.RUNNING_HEAD)
        self.canvas.drawRightString(WIDTH - MARGIN, HEIGHT - 40, "Rings 12 (2024)")
        self.canvas.drawCentredString(WIDTH / 2, 30, str(self.page))

    def _title(self) -> None:
        self.canvas.setFont(BOLD, 16)
        words, line = paper.TITLE.split(), ""
        for word in [*words, ""]:
            if not word or self.canvas.stringWidth(f"{line} {word}", BOLD, 16) > 430:
                self.canvas.drawCentredString(WIDTH / 2, self.y, line.strip())
                self.y -= 20
                line = ""
            line = f"{line} {word}"
        self.canvas.setFont(FONT, 10)
        self.canvas.drawCentredString(WIDTH / 2, self.y, paper.AUTHORS)
        self.y -= 30
        self.top = self.y

    def _new_line(self, leading: float) -> None:
        self.y -= leading
        if self.y >= 60:
            return
        if self.column == 1:
            self.canvas.showPage()
            self.page += 1
            self.column = -1
            self.top = HEIGHT - 70
            self._head()
        self.column += 1
        self.y = self.top - leading

    @property
    def _left(self) -> float:
        return MARGIN + self.column * (COLUMN + GUTTER)

    def _heading(self, text: str) -> None:
        if self.y < 110:
            self.y = 0
        self._new_line(LEADING + 8)
        self.canvas.setFont(BOLD, 11)
        self.canvas.drawString(self._left, self.y, text)
        self.y -= 3

    def _table(self) -> None:
        self._paragraph(paper.CAPTION, size=9.5, indent=0.0, before=8)
        for row in paper.ROWS:
            self._new_line(11)
            self.canvas.setFont(FONT, 8.5)
            for n, cell in enumerate(row):
                self.canvas.drawString(self._left + 80 * n, self.y, cell)
        self.y -= 8

    def _paragraph(
        self, text: str, *, size: float = SIZE, indent: float = 12.0, before: float = 0.0
    ) -> None:
        self.y -= before
        words = [
            (word, url) for part, url in _parts(text) for word in re.findall(r"\S+\s*|\s+", part)
        ]
        line: list[Word] = []
        is_first = True
        while words or line:
            room = COLUMN - (indent if is_first else 0.0)
            line, words = _fill(words, room, size)
            self._new_line(LEADING * size / SIZE)
            x = self._left + (indent if is_first else 0.0)
            self._draw(line, x, size)
            line, is_first = [], False

    def _draw(self, line: list[Word], x: float, size: float) -> None:
        for word, url in line:
            shown = word.replace("fi", "\ufb01").replace("fl", "\ufb02")
            self.canvas.setFont(FONT, size)
            self.canvas.drawString(x, self.y, shown)
            width = self.canvas.stringWidth(shown, FONT, size)
            if url:
                self.canvas.linkURL(url, (x, self.y - 2, x + width, self.y + size))
            x += width


def _parts(text: str) -> list[tuple[str, str]]:
    """Return the stretches of a paragraph with their URLs."""
    found = []
    for part in _TOKEN.split(text):
        if part.startswith("{") and "|" in part:
            words, url = part[1:-1].split("|")
            found.append((words, url))
        elif part:
            found.append((paper.bare(part), ""))
    return found


def _fill(words: list[Word], room: float, size: float) -> tuple[list[Word], list[Word]]:
    """Take the words of a line, the last hyphenated where that fills it."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    line: list[Word] = []
    rest = list(words)
    while rest:
        word, url = rest[0]
        width = stringWidth(word.rstrip(), FONT, size)
        if width <= room:
            line.append(rest.pop(0))
            room -= stringWidth(word, FONT, size)
            continue
        for cut in range(len(word.rstrip()) - 3, 3, -1):
            left, right = word[:cut], word[cut:]
            is_word = re.fullmatch(r"[a-z]{8,}", word.rstrip(" .,;:")) is not None
            if is_word and stringWidth(left + "-", FONT, size) <= room:
                line.append((left + "-", url))
                rest[0] = (right, url)
                break
        break
    return line or [rest.pop(0)], rest
