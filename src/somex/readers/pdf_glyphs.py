"""Reads the characters of a PDF page with their boxes, font and hyperlink, by way of pdfium."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from somex.core.errors import MissingExtraError

_LIGATURES = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
}
_HYPHENS = {2: "-", 0xFFFE: "-", 0xAD: "-", 0x2010: "-", 0x2011: "-"}
_BOLD_WEIGHT = 600
_MAX_ANGLE = 0.1
_URI_ACTION = 3
_NAME_BYTES = 128
_MAX_URL_BYTES = 4096
_LINE_OVERLAP = 0.4
_WORD_GAP = 0.2
_SEGMENT_GAP = 1.0


@dataclass(slots=True)
class Glyph:
    """A character on a page: left, bottom, right, top in points."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    is_bold: bool
    url: str
    has_space: bool = False

    @property
    def height(self) -> float:
        """Height of the box, ascent to descent of the font."""
        return self.y1 - self.y0


def pdfium() -> Any:
    """Return the module pypdfium2.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import pypdfium2
    except ImportError as error:
        raise MissingExtraError(
            f"reading PDFs needs pypdfium2 ({error}); install it: pip install 'somex[pdf]', "
            "or name a GROBID service"
        ) from None
    return pypdfium2


def read_segments(document: Any, page: Any) -> Iterator[list[Glyph]]:
    """Yield the runs of characters on one line, in the order of the page's content.

    Args:
        document: An open ``PdfDocument``.
        page: One of its pages.
    """
    links = list(_links(document, page))
    segment: list[Glyph] = []
    has_space = False
    for glyph in _glyphs(page, links):
        if glyph.text.isspace():
            has_space = True
            continue
        if segment and not _continues(segment[-1], glyph):
            yield segment
            segment = []
        glyph.has_space = bool(segment) and (
            has_space or glyph.x0 - segment[-1].x1 > _WORD_GAP * glyph.height
        )
        segment.append(glyph)
        has_space = False
    if segment:
        yield segment


def _continues(last: Glyph, glyph: Glyph) -> bool:
    height = min(last.height, glyph.height)
    overlap = min(last.y1, glyph.y1) - max(last.y0, glyph.y0)
    gap = glyph.x0 - last.x1
    tall = max(last.height, glyph.height)
    return overlap > _LINE_OVERLAP * height and -0.5 * tall < gap < _SEGMENT_GAP * tall


def _glyphs(page: Any, links: list[tuple[tuple[float, float, float, float], str]]) -> Any:
    raw = pdfium().raw
    text_page = page.get_textpage()
    try:
        box = raw.FS_RECTF()
        fonts: dict[bytes, bool] = {}
        name = ctypes.create_string_buffer(_NAME_BYTES)
        flags = ctypes.c_int()
        high = 0
        for index in range(raw.FPDFText_CountChars(text_page)):
            code = raw.FPDFText_GetUnicode(text_page, index)
            if 0xD800 <= code < 0xDC00:
                high = code
                continue
            if 0xDC00 <= code < 0xE000:
                code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if high else 0xFFFD
            high = 0
            text = _HYPHENS.get(code) or chr(code)
            if text.isspace() or code == 0:
                yield Glyph(" ", 0, 0, 0, 0, False, "")
                continue
            if abs(raw.FPDFText_GetCharAngle(text_page, index)) > _MAX_ANGLE:
                continue
            if not raw.FPDFText_GetLooseCharBox(text_page, index, box) or ord(text) < 0x20:
                continue
            x0, x1 = sorted((box.left, box.right))
            y0, y1 = sorted((box.bottom, box.top))
            raw.FPDFText_GetFontInfo(text_page, index, name, _NAME_BYTES, flags)
            is_bold = fonts.get(name.value)
            if is_bold is None:
                is_bold = fonts[name.value] = b"bold" in name.value.lower()
            is_bold = is_bold or raw.FPDFText_GetFontWeight(text_page, index) >= _BOLD_WEIGHT
            url = _url_at((x0 + x1) / 2, (y0 + y1) / 2, links)
            yield from _split(text, x0, y0, x1, y1, is_bold, url)
    finally:
        text_page.close()


def _split(
    text: str, x0: float, y0: float, x1: float, y1: float, is_bold: bool, url: str
) -> Iterator[Glyph]:
    """Yield a glyph a character, a ligature's letters sharing its box."""
    letters = _LIGATURES.get(text, text)
    width = (x1 - x0) / len(letters)
    for n, letter in enumerate(letters):
        yield Glyph(letter, x0 + n * width, y0, x0 + (n + 1) * width, y1, is_bold, url)


def _url_at(x: float, y: float, links: Any) -> str:
    for (left, bottom, right, top), url in links:
        if left <= x <= right and bottom <= y <= top:
            return str(url)
    return ""


def _links(document: Any, page: Any) -> Iterator[tuple[tuple[float, float, float, float], str]]:
    """Yield box and URL of each hyperlink on a page."""
    raw = pdfium().raw
    place, link, rect = ctypes.c_int(0), raw.FPDF_LINK(), raw.FS_RECTF()
    while raw.FPDFLink_Enumerate(page, place, link):
        action = raw.FPDFLink_GetAction(link)
        if not action or raw.FPDFAction_GetType(action) != _URI_ACTION:
            continue
        if not raw.FPDFLink_GetAnnotRect(link, rect):
            continue
        buffer = ctypes.create_string_buffer(_MAX_URL_BYTES)
        raw.FPDFAction_GetURIPath(document, action, buffer, _MAX_URL_BYTES)
        url = buffer.value.decode("utf-8", "replace").strip()
        if "://" in url:
            x0, x1 = sorted((rect.left, rect.right))
            y0, y1 = sorted((rect.bottom, rect.top))
            yield (x0, y0, x1, y1), url
