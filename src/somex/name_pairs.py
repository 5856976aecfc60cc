"""Two names of one software: what letters and brackets say of them, whatever the network says.

Both corpora follow three habits, counted in the gold of SOMD 2025's training sentences and of
SoMeSci (``python benchmarks/name_pairs.py``):

- a long name begins where the letters of its abbreviation do: ``Chromatin Networks (CN)``;
- what stands in brackets with a version of its own is no abbreviation but the software once more,
  a Specification_of the long name: ``Statistical Parametric Mapping (SPM 8)``;
- so is a name that is written again in brackets with attributes of its own: ``Excel (Excel 2013)``.

All names that are written again at the beginning of such brackets are mentions there (29 and 24): a
maker's before a place (``SPSS (SPSS, Chicago)``), the software's before a version or the maker.
Before an address, as RRIDs are cited (``Fiji (Fiji, RRID:SCR_002285)``), it can only be the
software's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from somex.core.schema import SOFTWARE_TYPES, EntityType, RelationType
from somex.core.types import Annotation, Mention, Relation
from somex.text.brackets import CLOSING, last_open_bracket
from somex.text.long_forms import find_beginning
from somex.text.sentences import start_of_sentence

_SHARE_RIGHT = 0.9
"""Of the names written again so, rounded: 14 of 16 in SOMD 2025's training sentences."""
_SIGNED = re.compile(r"\s*[®™©]?\s*")
_TO_ABBREVIATION = re.compile(r"\s*[®™©]?\s*[(\[]\s*")
_TO_VERSION = re.compile(r"\s*[®™©]?\s*(?:-\s*)?(?:(?:for|version|ver\.?|v\.?)\s*)?", re.IGNORECASE)
_NAME_BEFORE = re.compile(r"[(\[]\s*([^()\[\],;]*[^()\[\],;\s])\s*[,;:]\s*$")
_SPECIFIES = RelationType.SPECIFICATION_OF
_OF_ITS_OWN = frozenset({EntityType.VERSION, EntityType.RELEASE, EntityType.OPERATING_SYSTEM})


def settle_names(
    text: str, annotation: Annotation, *, starts: Sequence[int], min_confidence: float = 0.0
) -> Annotation:
    """Put borders, types and relations of two names of one software right.

    Args:
        text: The document's text.
        annotation: What a model found in it.
        starts: First character of each sentence, ascending.
        min_confidence: Relations below it are not made.

    Returns:
        The annotation with the habits above; nothing else of it changes, and it is returned as it
        is where they don't apply.
    """
    annotation = _begin_by_letters(text, annotation, starts)
    annotation = _specify(text, annotation)
    annotation = _mark_repeats(text, annotation, starts)
    return _tie_repeats(text, annotation, starts, min_confidence)


def _abbreviations(annotation: Annotation) -> list[Relation]:
    """Return the relations of abbreviations to the software that they stand for."""
    return [
        r
        for r in annotation.relations
        if r.type is RelationType.ABBREVIATION_OF and r.tail.type in SOFTWARE_TYPES
    ]


def _begin_by_letters(text: str, annotation: Annotation, starts: Sequence[int]) -> Annotation:
    """Move the beginning of abbreviated names that don't begin with the abbreviation's letter."""
    new = {mention: mention for mention in annotation.mentions}
    for relation in _abbreviations(annotation):
        short, host = relation.head, relation.tail
        if not _TO_ABBREVIATION.fullmatch(text, host.char_end, short.char_start):
            continue
        letters = text[short.char_start : short.char_end]
        if text[host.char_start].lower() == letters[0].lower():
            continue
        start = find_beginning(
            letters, text, host.char_end, least=start_of_sentence(starts, host.char_start)
        )
        if start is None:
            continue
        moved = replace(host, char_start=start)
        if not any(m.overlaps(moved) for m in annotation.mentions if m is not host):
            new[host] = moved
    return annotation.with_mentions(new)


def _specify(text: str, annotation: Annotation) -> Annotation:
    """Make abbreviations with a version of their own in their brackets Specification_of."""
    for relation in _abbreviations(annotation):
        short, host = relation.head, relation.tail
        overlapping = [m for m in annotation.mentions if m.overlaps(short)]
        if overlapping != [short]:  # or else it has become a first host's already
            continue
        bracket = last_open_bracket(text, host.char_end, short.char_start)
        behind = _TO_VERSION.match(text, short.char_end)
        if bracket is None or _SIGNED.fullmatch(text, bracket + 1, short.char_start) is None:
            continue
        if any(
            m.type in _OF_ITS_OWN and behind is not None and m.char_start == behind.end()
            for m in annotation.mentions
        ):
            annotation = _make_specification(text, annotation, relation, bracket)
    return annotation


def _make_specification(
    text: str, annotation: Annotation, relation: Relation, bracket: int
) -> Annotation:
    """Give the abbreviation its host's type, and the host's attributes that share its brackets."""
    short, host = relation.head, relation.tail
    closing = text.find(CLOSING[text[bracket]], short.char_end)
    end = closing if closing >= 0 else len(text)
    named = replace(short, type=host.type, purpose=host.purpose)
    relations = [Relation(_SPECIFIES, named, host, relation.confidence)]
    for other in annotation.relations:
        if short in (other.head, other.tail):
            continue
        is_inside = short.char_end <= other.head.char_start < end
        is_handed_on = other.tail == host and is_inside and other.type is not _SPECIFIES
        relations.append(replace(other, tail=named) if is_handed_on else other)
    kept = [m for m in annotation.mentions if m != short]
    return Annotation.build([*kept, named], relations)


def _mark_repeats(text: str, annotation: Annotation, starts: Sequence[int]) -> Annotation:
    """Make names that are written again before an address in brackets software of their own."""
    for url in annotation.mentions:
        if url.type is not EntityType.URL:
            continue
        least = start_of_sentence(starts, url.char_start)
        opened = _NAME_BEFORE.search(text, least, url.char_start)
        if opened is None:
            continue
        start, end = opened.span(1)
        name = text[start:end].casefold()
        hosts = [
            m
            for m in annotation.mentions
            if m.type in SOFTWARE_TYPES
            and least <= m.char_start
            and m.char_end <= opened.start()
            and text[m.char_start : m.char_end].casefold() == name
        ]
        if hosts:
            annotation = _repeat(annotation, hosts[-1], url, start, end)
    return annotation


def _repeat(
    annotation: Annotation, host: Mention, url: Mention, start: int, end: int
) -> Annotation:
    """Make a span a mention like its host, and the URL behind it the span's instead of the host's.

    It may be a Developer so far, or none; what is anything else stays so.
    """
    again = replace(host, char_start=start, char_end=end)
    known = [m for m in annotation.mentions if m.overlaps(again)]
    is_developer = [(m.type, m.char_start, m.char_end) for m in known] == [
        (EntityType.DEVELOPER, start, end)
    ]
    if known and not is_developer:
        return annotation
    relations = [
        replace(r, tail=again) if r.tail in known or (r.head == url and r.tail == host) else r
        for r in annotation.relations
        if r.head not in known
    ]
    kept = [m for m in annotation.mentions if m not in known]
    return Annotation.build([*kept, again], relations)


def _tie_repeats(
    text: str, annotation: Annotation, starts: Sequence[int], min_confidence: float
) -> Annotation:
    """Tie names that are written again, in brackets or as a Specification_of another, to the first.

    The nearest before them counts, of the same sentence and type.
    """
    relations = [*annotation.relations]
    told = {r.head: at for at, r in enumerate(relations) if r.type is _SPECIFIES}
    begins = [mention.char_start for mention in annotation.mentions]
    for index, mention in enumerate(annotation.mentions):
        if mention.type not in SOFTWARE_TYPES:
            continue
        first = bisect_left(begins, start_of_sentence(starts, mention.char_start))
        same = [m for m in annotation.mentions[first:index] if _is_again(text, m, mention)]
        if not same:
            continue
        if mention in told:
            relation = relations[told[mention]]
            if relation.tail not in same:
                relations[told[mention]] = replace(relation, tail=same[-1])
            continue
        bracket = last_open_bracket(text, same[0].char_end, mention.char_start)
        outside = [m for m in same if bracket is not None and m.char_end <= bracket]
        confidence = mention.confidence * _SHARE_RIGHT
        if outside and confidence >= min_confidence and _has_attribute(annotation, mention):
            relations.append(Relation(_SPECIFIES, mention, outside[-1], confidence))
    return Annotation.build(annotation.mentions, relations)


def _is_again(text: str, first: Mention, second: Mention) -> bool:
    """Tell whether a mention is written again, later and with the same type."""
    one, other = (text[m.char_start : m.char_end].casefold() for m in (first, second))
    return first.type is second.type and first.char_end <= second.char_start and one == other


def _has_attribute(annotation: Annotation, host: Mention) -> bool:
    """Tell whether an attribute behind a mention, no plug-in or name, is the mention's."""
    return any(
        r.tail == host and r.head.char_start >= host.char_end and r.head.type not in SOFTWARE_TYPES
        for r in annotation.relations
    )
