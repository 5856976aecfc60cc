"""Reference lists in running text: their headings, and where one entry ends and the next begins."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADING = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,2})*\.?\s+)?(?:references?(?:\s+and\s+notes)?|bibliography|works\s+cited|"
    r"literature(?:\s+cited)?|reference\s+list|cited\s+literature)\s*:?",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\s*[\[(]?(\d{1,4})[\]).]\s+\S")
_BULLET = re.compile(r"\s*[-*\u2022]\s+\S")
_YEAR = re.compile(r"\b(?:19|20)\d\d[a-z]?\b")
_STARTS_ENTRY = re.compile(r"[^\W\d_][\w'\u2019-]+,?\s")


def is_reference_heading(text: str) -> bool:
    """Tell whether a line is the heading of a reference list."""
    return _HEADING.fullmatch(text.strip().strip("#*_ ")) is not None


def split_entries(lines: Sequence[str], *, starts: Sequence[bool] = ()) -> list[str]:
    """Join the lines of a reference list to entries.

    Args:
        lines: Its lines; blank ones part entries.
        starts: For each line whether its place tells that it starts an entry (a hanging indent).

    Returns:
        The entries, labels left in place.
    """
    filled = [line for line in lines if line.strip()]
    has_labels = bool(filled) and _LABEL.match(filled[0]) is not None
    has_bullets = bool(filled) and _BULLET.match(filled[0]) is not None
    has_blanks = len(filled) < len(lines)
    entries: list[list[str]] = []
    is_after_blank = True
    number = 0
    label = _LABEL.match(filled[0]) if filled else None
    first: tuple[int, ...] = () if label is None else (int(label.group(1)),)
    for index, line in enumerate(lines):
        if not line.strip():
            is_after_blank = True
            continue
        if has_labels:
            label = _LABEL.match(line)
            is_new = label is not None and int(label.group(1)) in (number + 1, *first)
            if is_new and label is not None:
                number, first = int(label.group(1)), ()
        elif has_bullets:
            is_new = _BULLET.match(line) is not None
        elif starts:
            is_new = starts[index]
        else:
            is_new = is_after_blank if has_blanks else _reads_as_start(line, entries)
        if is_new or not entries:
            entries.append([])
        entries[-1].append(line.strip())
        is_after_blank = False
    return [_join(parts) for parts in entries]


def _reads_as_start(line: str, entries: Sequence[Sequence[str]]) -> bool:
    is_whole = bool(entries) and _YEAR.search(" ".join(entries[-1])) is not None
    return is_whole and _STARTS_ENTRY.match(line) is not None


def _join(lines: Sequence[str]) -> str:
    joined = ""
    for line in lines:
        if re.search(r"(?:10\.\d{4,9}/|https?:)\S*[/.-]$", joined):
            joined += line  # a DOI or URL broken over lines
        elif re.search(r"[a-z]-$", joined) and line[:1].islower():
            joined = joined[:-1] + line
        else:
            joined = f"{joined} {line}" if joined else line
    return joined
