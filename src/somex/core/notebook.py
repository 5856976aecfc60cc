"""A document as HTML for notebooks: its mentions coloured, its relations listed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from somex.core.palette import LIGHT, light

if TYPE_CHECKING:
    from somex.core.types import LabeledDocument, Mention

MARGIN_CHARS = 200
"""Characters without mentions that are shown on either side of one; what is further off is cut."""
MAX_MENTIONS = 500
"""Mentions that are shown; of longer documents the rest is counted."""

_EMPTY_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_PAGE = f"color: {LIGHT['text']}; background: {LIGHT['page']}"
_SMALL = f"font-size: 0.75em; color: {LIGHT['dim']}"


def document_to_html(labeled: LabeledDocument) -> str:
    """Return a document as an HTML fragment: no script, no style sheet, every text escaped.

    Styles stand in the elements, since notebooks on the web drop style sheets. Where mentions
    overlap, each character has the colour of the shortest one that covers it.
    """
    mentions = labeled.annotation.mentions[:MAX_MENTIONS]
    n_left_out = len(labeled.annotation.mentions) - len(mentions)
    parts = [
        f'<div style="{_PAGE}; padding: 0.5em; line-height: 1.7">',
        f'<div style="{_SMALL}">{_summary(labeled)}</div>',
        '<div style="white-space: pre-wrap; overflow-wrap: anywhere">',
        *_text(labeled.document.text, mentions),
        "</div>",
        *_relations(labeled, mentions),
    ]
    if n_left_out:
        parts.append(f'<div style="{_SMALL}">{n_left_out} more mentions are not shown.</div>')
    return "".join([*parts, "</div>"])


def _summary(labeled: LabeledDocument) -> str:
    counts = (
        _count(len(labeled.annotation.mentions), "mention"),
        _count(len(labeled.annotation.relations), "relation"),
    )
    return f"{html.escape(labeled.document.id)}: {', '.join(counts)}"


def _count(n: int, name: str) -> str:
    return f"{n} {name}" if n == 1 else f"{n} {name}s"


def _text(text: str, mentions: tuple[Mention, ...]) -> Iterator[str]:
    """Yield the text, cut where mentions begin and end."""
    ends = {end for m in mentions for end in (m.char_start, m.char_end)}
    cuts = sorted({0, len(text), *ends})
    waiting = sorted(mentions, key=lambda m: -m.char_start)
    covering: list[Mention] = []
    for start, end in pairwise(cuts):
        covering = [m for m in covering if m.char_end > start]
        while waiting and waiting[-1].char_start <= start:
            covering.append(waiting.pop())
        if not covering:
            yield _plain(text[start:end], is_first=start == 0, is_last=end == len(text))
            continue
        inner = min(covering, key=lambda m: (m.char_end - m.char_start, m.char_start))
        last = [m for m in covering if m.char_end == end]
        yield _mark(text[start:end], inner, last)


def _plain(text: str, *, is_first: bool, is_last: bool) -> str:
    """Return text without mentions, what is far from any cut out."""
    head = 0 if is_first else MARGIN_CHARS
    tail = 0 if is_last else MARGIN_CHARS
    if is_first and is_last:
        head = 2 * MARGIN_CHARS
    if len(text) <= head + tail + MARGIN_CHARS:
        return _escape(text)
    gap = f' <span style="{_SMALL}">[… {len(text) - head - tail:,} characters …]</span> '
    return _escape(text[:head]) + gap + _escape(text[len(text) - tail :])


def _escape(text: str) -> str:
    """Return text for HTML, with one empty line for several."""
    return html.escape(_EMPTY_LINES.sub("\n\n", text))


def _mark(text: str, mention: Mention, ending: list[Mention]) -> str:
    """Return characters of a mention; those that end here are named behind them."""
    shade = light(mention.type)
    style = (
        f"background: {shade.background}; color: {LIGHT['text']}; "
        f"border-bottom: 2px solid {shade.line}; border-radius: 0.2em; padding: 0.1em 0.15em"
    )
    names = "".join(
        f'<small style="font-size: 0.7em; font-weight: 600"> {m.type}</small>' for m in ending
    )
    title = html.escape(_facts(mention))
    return f'<span style="{style}" title="{title}">{html.escape(text)}{names}</span>'


def _facts(mention: Mention) -> str:
    purpose = "" if mention.purpose is None else f", {mention.purpose}"
    return f"{mention.type}{purpose}, confidence {mention.confidence:.2f}"


def _relations(labeled: LabeledDocument, mentions: tuple[Mention, ...]) -> Iterator[str]:
    shown = set(mentions)
    rows = [r for r in labeled.annotation.relations if r.head in shown and r.tail in shown]
    if not rows:
        return
    yield f'<ul style="{_SMALL}; margin: 0.3em 0 0; padding-left: 1.2em">'
    for relation in rows:
        head, tail = (
            html.escape(" ".join(labeled.document.slice(m.char_start, m.char_end).split()))
            for m in (relation.head, relation.tail)
        )
        yield f"<li>{head} <b>{relation.type}</b> {tail} ({relation.confidence:.2f})</li>"
    yield "</ul>"
