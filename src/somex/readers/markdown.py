"""Markdown (CommonMark with tables) of papers."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from somex.core.types import Document
from somex.readers.bibliography import is_reference_heading
from somex.readers.files import decode_utf8
from somex.readers.paper_builder import Mark, PaperBuilder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FACT = re.compile(r"^(title|doi|pmcid|date):[ \t]*[\"']?(.*?)[\"']?[ \t]*$", re.MULTILINE)


class _Reader:
    """Walks over the tokens and finds each text again in the source."""

    def __init__(self, source: str, builder: PaperBuilder) -> None:
        self._source, self._builder = source, builder
        self._line_starts = [0, *accumulate(len(line) + 1 for line in source.split("\n"))]
        self._cursor = 0
        self._levels: list[int] = []
        self._list_level = 0
        self._n_tables = 0

    def read(self, tokens: Sequence[Token]) -> None:
        """Take the blocks in order."""
        level = 0
        for token in tokens:
            if token.type == "table_open":
                self._n_tables += 1
            elif token.type == "table_close":
                self._n_tables -= 1
            elif token.type == "heading_open":
                level = int(token.tag[1])
            elif token.type == "heading_close":
                level = 0
            elif token.type == "inline" and not self._n_tables:
                self._take(token, level)

    def _take(self, token: Token, level: int) -> None:
        first, last = token.map or (0, len(self._line_starts) - 1)
        self._cursor = max(self._cursor, self._line_starts[first])
        end = self._line_starts[min(last, len(self._line_starts) - 1)]
        if level:
            self._take_heading(token, level, end)
        elif self._list_level:
            self._take_entry(token)
        else:
            self._builder.break_block()
            self._take_inline(token.children or [], end)
            self._builder.break_block()

    def _take_heading(self, token: Token, level: int, end: int) -> None:
        if self._list_level and level > self._list_level:
            return
        name = " ".join(_plain(token).split())
        self._list_level = level if is_reference_heading(name) else 0
        self._builder.break_block()
        while self._levels and self._levels[-1] >= level:
            self._levels.pop()
            self._builder.end_section()
        if self._list_level:
            return
        if level == 1 and not self._builder.n_chars:
            self._builder.set("title", name)
        else:
            self._levels.append(level)
            self._builder.start_section(name)
        self._take_inline(token.children or [], end)
        self._builder.break_block()

    def _take_entry(self, token: Token) -> None:
        urls = (str(child.attrs.get("href", "")) for child in token.children or [])
        doi = next((url for url in urls if "doi.org/10." in url), None)
        self._builder.add_reference("", _plain(token), doi=doi)

    def _take_inline(self, children: Sequence[Token], end: int) -> None:
        marks: list[tuple[str, Mark] | None] = []
        for child in children:
            if child.type in ("text", "code_inline"):
                self._add(child.content, end)
            elif child.type == "text_special":
                self._add_special(child.content, child.markup, end)
            elif child.type in ("softbreak", "hardbreak"):
                self._add("\n", end)
            elif child.type == "link_open":
                marks.append(self._open_link(str(child.attrs.get("href", ""))))
            elif child.type == "link_close" and (mark := marks.pop()) is not None:
                self._builder.end_mark(*mark)

    def _open_link(self, url: str) -> tuple[str, Mark] | None:
        return ("link", self._builder.start_mark(url)) if "://" in url else None

    def _add(self, content: str, end: int) -> None:
        start = self._source.find(content, self._cursor, end)
        if start >= 0:
            self._builder.add(content, "", start)
            self._cursor = start + len(content)
            return
        for part in re.findall(r"\s+|\S+", content):
            start = self._source.find(part, self._cursor, end)
            if start >= 0:
                self._builder.add(part, "", start)
                self._cursor = start + len(part)
            else:  # rewritten: its line is all that is known
                line = bisect_right(self._line_starts, self._cursor)
                last = max(self._cursor + 1, self._line_starts[line] - 1)
                self._builder.add_rewritten(part, "", self._cursor, last)

    def _add_special(self, content: str, markup: str, end: int) -> None:
        start = self._source.find(markup, self._cursor, end)
        if start >= 0 and markup:
            self._builder.add_rewritten(content, "", start, start + len(markup))
            self._cursor = start + len(markup)
        else:
            self._add(content, end)


def _plain(token: Token) -> str:
    parts = (
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in token.children or []
        if child.type in ("text", "text_special", "code_inline", "softbreak", "hardbreak")
    )
    return "".join(parts)


def read_markdown(raw: bytes, *, path: str, id: str) -> Document:
    """Read a paper in Markdown.

    Args:
        raw: UTF-8 bytes.
        path: What to call the source.
        id: Id of the document.

    Returns:
        Headings, paragraphs and lists; tables, code blocks, HTML, pictures and the reference list
        are left out of the text. Origins count the characters of the file (path empty).

    Raises:
        FormatError: The bytes are not UTF-8, or hold no text.
    """
    from markdown_it import MarkdownIt

    source = decode_utf8(raw, path=path)
    builder = PaperBuilder(path)
    front = _FRONT_MATTER.match(source)
    body = source
    if front is not None:
        for key, value in _FACT.findall(front.group(1)):
            builder.set("published" if key == "date" else key, value)
        body = "\n" * front.group().count("\n")
        body = body.rjust(front.end(), " ") + source[front.end() :]
    body = body.replace("\r\n", " \n").replace("\r", "\n").replace("\0", " ")
    parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table").disable("text_join")
    reader = _Reader(body, builder)
    reader.read(parser.parse(body))
    return builder.build(id, {"format": "markdown", "path": path})
