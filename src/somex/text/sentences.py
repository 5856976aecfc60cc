"""Sentence segmentation by rules, for scientific text.

A wrong break can cut a mention or part an attribute from its host, a missing one only makes a
longer window; so the rules break where they are sure.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from somex.core.types import Document, Sentence


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEVER_FINAL = _names(
    "fig figs eq eqs eqn ref refs tab tabs cf ie i.e eg e.g vs ca approx vol vols pp v ver vers "
    "dr prof st viz resp sect sec chap suppl ed eds incl excl nr rev al"
)
"""Abbreviations that don't end a sentence, in lower case and without their full stop."""

_TITLES = _names("Mr Mrs Ms")
"""Titles, told from the unit ``ms`` by their capital."""

_BEFORE_NUMBER = _names("no nos p n art ch col app version")
"""Abbreviations that don't end a sentence when a number follows."""

_COMPANY = _names("inc ltd corp co gmbh llc plc pty s.a b.v n.v a.g")
"""Company forms: they end a sentence unless a place or a bracket follows."""

_STARTERS = _names(
    "A According After All Also Although An Analyses Analysis Any As At Based Because Before Both "
    "Briefly But By Comparisons Continuous Correlations Data Descriptive Differences During Each "
    "Finally First Following For Four From Further Furthermore Given Graphs Groups Here How "
    "However If Images In Initially It Its Lastly Means Moreover Most Multiple Next No None Of On "
    "Once One Only Other Our Participants Patients Results Samples Second Sequences Several "
    "Significance Similarly Since So Some Statistical Statistics Students Subjects Subsequently "
    "Such That The Their Then There Therefore These They Third This Those Three Thus To Two Under "
    "Unless Until Using Values Variables Was We Were What When Where Which While With"
)
"""Words that open a sentence; they overrule a doubtful abbreviation such as ``et al.`` or ``R.``"""

_CLOSERS = "\"'”’»)\\]}"
_CITATION = r"\[\s?\d[\d\s,;–−-]*\]"
_SUPERSCRIPT = r"\d{1,3}(?:[,–-]\s?\d{1,3})*"
_APART = rf"(?:(?<=[a-z]{{3}}[.])|(?<=[)\]%][.]))\s{_SUPERSCRIPT}(?=\s+(?:[A-Z][a-z]|A\s))"
"""A superscript that a text has lost the form of and set apart: ``were used. 23 The data``."""

_CANDIDATE = re.compile(
    rf"(?<![.!?…])(?P<stop>[.!?…]++)[{_CLOSERS}]*+"
    rf"(?:(?P<cite>\s?(?:{_CITATION})+[.]?)|(?P<super>{_SUPERSCRIPT})|{_APART})?"
    r"(?P<gap>\s+|(?=[A-Z]))"
)
_NEXT = re.compile(r"[\"'“‘«(\[{¿¡]*\s?(?P<word>\w[\w'’-]*)")
_LAST = re.compile(r"[^\s(\[{\"“‘,;/]*$")
_LINE_BREAK = re.compile(r"(?<!\s)\s*(?:\r\n|[\n\r\x0b\x0c\x85\u2028\u2029])\s*")
_BLANK_LINE = re.compile(r"(?:\r\n|[\n\r])[^\S\n\r]*(?:\r\n|[\n\r])")
_UNFINISHED = re.compile(rf"[^\s.!?…:;][{_CLOSERS}]*\Z")
_GOES_ON = re.compile(
    r"[a-z][a-z-]*+(?!\w)|[(\[]\s?(?:\w{4}|[\d,;–−-]+\s?[)\]]\s?[a-z,;.])"
    r"|v?\.?\d[\w.]*+(?:[,;]|\s?[(\[]|\.?\s+[a-z(])"
)
"""What goes on with a sentence in a new line: no heading, list or sentence begins so."""

_PLACE = re.compile(r"[A-Z][\w.-]*(?:[ -][A-Z][\w.-]*){0,2}[,;)]")
_LOOK_BACK = 60
_WRAP_MIN, _WRAP_MAX = 40, 120
_BRACKET_MAX = 400
_OPEN = {"(": ")", "[": "]"}


def split_sentences(text: str, *, char_offset: int = 0) -> tuple[Sentence, ...]:
    """Split a text into sentences.

    A blank line always ends a sentence, a single line break does unless the lines look wrapped, or
    the one before has no full stop and the next begins as none does (`SPSS`, then `13.0 (IBM)`).

    Args:
        text: Any text.
        char_offset: Added to every offset, the place of ``text`` in its document.

    Returns:
        The sentences in reading order, without tokens and without white space at their ends;
        every character that is not white space lies in exactly one.
    """
    sentences = []
    for start, end in _paragraphs(text):
        cuts = [start, *_breaks(text, start, end), end]
        for left, right in pairwise(cuts):
            part = text[left:right]
            body = part.strip()
            if body:
                first = left + len(part) - len(part.lstrip()) + char_offset
                sentences.append(Sentence(first, first + len(body)))
    return tuple(sentences)


def sentences_of(document: Document) -> tuple[Sentence, ...]:
    """Return the sentences that a document comes with, or else those of its text."""
    return document.sentences or split_sentences(document.text)


def start_of_sentence(starts: Sequence[int], char: int) -> int:
    """Return the first character of the sentence that holds a character.

    Args:
        starts: First character of each sentence, ascending.
        char: A character; one before the first sentence counts from the text's beginning.
    """
    index = bisect_right(starts, char)
    return starts[index - 1] if index else 0


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans between hard line breaks."""
    breaks = list(_LINE_BREAK.finditer(text))
    start = line_start = 0
    for index, match in enumerate(breaks):
        next_end = breaks[index + 1].start() if index + 1 < len(breaks) else len(text)
        before = text[line_start : match.start()]
        after_length = next_end - match.end()
        line_start = match.end()
        goes_on = _is_wrapped(before, after_length) or _runs_on(before, text, match.end())
        if _BLANK_LINE.search(match.group()) or not goes_on:
            yield start, match.end()
            start = match.end()
    yield start, len(text)


def _is_wrapped(before: str, after_length: int) -> bool:
    """Tell whether a line break only wraps a line: both lines as short as a page is wide."""
    return _WRAP_MIN <= len(before) <= _WRAP_MAX and after_length <= _WRAP_MAX


def _runs_on(before: str, text: str, start: int) -> bool:
    """Tell whether the line from ``start`` goes on with a sentence that the one before began."""
    return bool(_UNFINISHED.search(before) and _GOES_ON.match(text, start))


def _breaks(text: str, start: int, end: int) -> Iterator[int]:
    """Yield the offsets at which a sentence of the paragraph ends."""
    inside = _bracketed(text, start, end)
    bracket = 0
    for match in _CANDIDATE.finditer(text, start, end):
        while bracket < len(inside) and inside[bracket][1] < match.start():
            bracket += 1
        if bracket < len(inside) and _stays_inside(text, match, *inside[bracket]):
            continue
        if _is_break(text, match, start):
            yield match.start("gap")


def _stays_inside(text: str, match: re.Match[str], opened: int, closed: int) -> bool:
    """Tell whether a full stop lies in a bracket that is not a sentence of its own."""
    if not opened < match.start() <= closed:
        return False
    if closed >= match.start("gap"):
        return True
    before = text[:opened].rstrip()[-1:]
    following = _NEXT.match(text, match.end())
    starts_anew = following is not None and following.group("word") in _STARTERS
    return not (before in ("", ".", "!", "?") or starts_anew)


def _bracketed(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the outermost closed brackets of at most ``_BRACKET_MAX`` characters, in order."""
    stack: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for match in re.compile(r"[()\[\]]").finditer(text, start, end):
        sign, place = match.group(), match.start()
        if sign in _OPEN:
            stack.append((sign, place))
        elif stack and _OPEN[stack[-1][0]] == sign:
            _, opened = stack.pop()
            if place - opened <= _BRACKET_MAX:
                while pairs and pairs[-1][0] > opened:
                    pairs.pop()
                pairs.append((opened, place))
    return pairs


def _is_break(text: str, match: re.Match[str], start: int) -> bool:
    """Tell whether a full stop (or the like) with what follows it ends a sentence."""
    found = _NEXT.match(text, match.end())
    if found is None:
        return False
    word = found.group("word")
    before = text[max(start, match.start() - _LOOK_BACK) : match.start()]
    last_match = _LAST.search(before)
    last = last_match.group() if last_match else ""
    if match.group("super") and not re.search(r"[a-z]{3}$", last):
        return False
    if not match.group("gap"):
        return word in _STARTERS and bool(re.search(r"[a-z]{2}$|[\])]$", before) or match["cite"])
    if word[0].islower() and not any(c.isupper() or c.isdigit() for c in word[1:]):
        return False
    if match.group("stop")[0] in "!?" or (match.group("cite") or "").endswith("."):
        return True
    if len(match.group("stop")) > 1 or match.group("stop") == "…":
        return word in _STARTERS
    return _is_final(last, word, text[match.end() : match.end() + _LOOK_BACK], before)


def _is_final(last: str, word: str, after: str, before: str) -> bool:
    """Tell whether the full stop after ``last`` ends a sentence, with ``word`` the next word."""
    name = last.lower().rstrip(".")
    if (
        name == "al"
        or (len(name) == 1 and last.isupper())
        or re.fullmatch(r"([^\W\d]\.)+[^\W\d]", last)
    ):
        return word in _STARTERS and name not in _NEVER_FINAL - {"al"}
    if name in _NEVER_FINAL or last in _TITLES:
        return False
    if name in _BEFORE_NUMBER and word[0].isdigit():
        return False
    if name in _COMPANY:
        return after[0] not in "([" and not (word not in _STARTERS and _PLACE.match(after))
    if last.isdigit():
        return not word[0].isdigit() and before.strip() != last
    return True
