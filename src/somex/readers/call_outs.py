"""Call-outs that the source does not mark: numbers in brackets, author and year."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from somex.core.origins import CallOut, Reference

_NUMBERS = re.compile(r"\[\s?(\d{1,4}(?:\s?[,;\u2013\u2212-]\s?\d{1,4})*)\s?\]")
_RANGE = re.compile(r"(\d+)(?:\s?[\u2013\u2212-]\s?(\d+))?")
_DASHES = frozenset("-\u2013\u2212")
_NAME = r"[^\W\d_][\w\u2019'-]*"
_AUTHOR_YEAR = re.compile(
    rf"(?P<name>{_NAME})(?:,?\s(?:et\sal\.?|(?:and|&)\s{_NAME}))?,?\s?[(\[]?(?P<year>(?:19|20)\d\d)"
    r"(?P<letter>[a-z])?\b"
)
_LABEL = re.compile(r"^\W{0,2}(\d{1,4})(?:[\]).:]|\s)")
_MAX_RANGE = 50


def bridge_ranges(
    text: str, call_outs: Sequence[CallOut], references: Sequence[Reference]
) -> list[CallOut]:
    """Let the second call-out of ``3-7`` point at all entries from 4 to 7."""
    order = {reference.id: n for n, reference in enumerate(references)}
    found = list(call_outs)
    for index, (left, right) in enumerate(pairwise(call_outs)):
        if text[left.char_end : right.char_start].strip() not in _DASHES:
            continue
        first, last = order[left.reference_ids[-1]] + 1, order[right.reference_ids[0]]
        if first < last <= first + _MAX_RANGE:
            ids = [reference.id for reference in references[first:last]]
            found[index + 1] = CallOut(
                right.char_start, right.char_end, (*ids, *right.reference_ids)
            )
    return found


def find_call_outs(
    text: str, references: Sequence[Reference], known: Sequence[CallOut]
) -> list[CallOut]:
    """Return the call-outs that the text spells out and that are not known already.

    Args:
        text: The text of the document.
        references: Its bibliography; entries are numbered as labelled, else as they come.
        known: Call-outs that the source marks, in reading order.
    """
    if not references:
        return []
    found = [*_numeric(text, references), *_author_year(text, references)]
    taken = [(call_out.char_start, call_out.char_end) for call_out in known]
    free: list[CallOut] = []
    for call_out in sorted(found, key=lambda c: c.char_start):
        while taken and taken[0][1] <= call_out.char_start:
            taken.pop(0)
        if not taken or taken[0][0] >= call_out.char_end:
            free.append(call_out)
    return free


def _numeric(text: str, references: Sequence[Reference]) -> Iterator[CallOut]:
    by_number = {str(n): reference.id for n, reference in enumerate(references, start=1)}
    labels = [_LABEL.match(reference.text) for reference in references]
    if all(labels):
        by_number = {
            str(int(label.group(1))): reference.id
            for label, reference in zip(labels, references, strict=True)
            if label is not None
        }
    for match in _NUMBERS.finditer(text):
        ids: dict[str, None] = {}
        for part in _RANGE.finditer(match.group(1)):
            first, last = int(part.group(1)), int(part.group(2) or part.group(1))
            if last - first <= _MAX_RANGE:
                numbers = (str(n) for n in range(first, last + 1))
                ids |= {by_number[n]: None for n in numbers if n in by_number}
        if ids:
            yield CallOut(match.start(), match.end(), tuple(ids))


def _author_year(text: str, references: Sequence[Reference]) -> Iterator[CallOut]:
    entries: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for reference in references:
        name = re.search(_NAME, reference.text)
        year = re.search(r"\b((?:19|20)\d\d)([a-z]?)\b", reference.text)
        if name and year:
            key = (name.group().lower(), year.group(1))
            entries.setdefault(key, []).append((year.group(2), reference.id))
    if not entries:
        return
    for match in _AUTHOR_YEAR.finditer(text):
        candidates = entries.get((match["name"].lower(), match["year"]), [])
        letter = match["letter"] or ""
        ids = [id for of_entry, id in candidates if of_entry == letter] or [
            id for _, id in candidates
        ]
        if ids:
            yield CallOut(match.start(), match.end(), tuple(ids))
