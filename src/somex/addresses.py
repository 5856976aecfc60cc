"""Whole addresses, and the RRIDs of software: what a text alone says of URLs.

A network that scores unit by unit can end a URL within the address
(``https://scicrunch.org/resolver/`` of ``https://scicrunch.org/resolver/RRID:SCR_003070``), which
leads nowhere. In the gold of SOMD 2025's training sentences 209 of 210 URLs that hold a part of an
address are that address, in SoMeSci 224 of 226; the others take in a full stop, lost a letter, or
leave out what was glued on by mistake.

Research resource identifiers (RRIDs, Bandrowski et al. 2016) stand in neither corpus, so that no
network learns them there. Those that begin with ``SCR_`` are of software, data banks and services;
one right behind a software, or in its brackets, is taken for its URL, which a resolver makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from somex.core.schema import SOFTWARE_TYPES, EntityType, RelationType
from somex.core.types import Annotation, Mention, Relation
from somex.text.brackets import last_open_bracket
from somex.text.sentences import start_of_sentence
from somex.text.words import ADDRESS

_RRID = re.compile(r"\bRRID ?: ?SCR ?_ ?\d{5,6}\b", re.IGNORECASE)
_ANY_RRID = re.compile(r"\bRRID ?: ?[a-z]+ ?[_:] ?\w+(?::\w+)?", re.IGNORECASE)
_PLACE = re.compile(f"{ADDRESS.pattern}|{_RRID.pattern}", re.IGNORECASE)
_BETWEEN = re.compile(
    r"(?:software|programme?|package|toolbox|tool|suite|library|version|ver|v|release|\W)*",
    re.IGNORECASE,
)
_MOST_CHARS_IN_BRACKET = 100


def complete_addresses(text: str, annotation: Annotation) -> Annotation:
    """Widen URL mentions to the web addresses or RRIDs that they lie in.

    What else was found within such an address is no mention of its own: URLs become one, as sure as
    the surest, and mentions of other types are dropped with their relations. It stays as it is
    where a mention lies across its borders.

    Args:
        text: The document's text.
        annotation: What a model found in it.

    Returns:
        The annotation with whole addresses; as it is where all are.
    """
    urls = [m for m in annotation.mentions if m.type is EntityType.URL]
    if not urls:
        return annotation
    for match in _PLACE.finditer(text):
        start, end = match.span()
        place = Mention(EntityType.URL, start, end)
        inside = [m for m in annotation.mentions if m.overlaps(place)]
        is_partly = any(m.type is EntityType.URL for m in inside)
        if is_partly and all(start <= m.char_start and m.char_end <= end for m in inside):
            annotation = _complete(annotation, inside, start, end)
    return annotation


def _complete(annotation: Annotation, inside: list[Mention], start: int, end: int) -> Annotation:
    parts = [m for m in inside if m.type is EntityType.URL]
    surest = max(parts, key=lambda m: m.confidence)
    whole = replace(surest, char_start=start, char_end=end)
    if inside == [whole]:
        return annotation
    outside = [m for m in annotation.mentions if m not in inside]
    relations = annotation.restricted_to([*outside, *parts]).relations
    others = [r for r in relations if r.head not in parts]
    own = _surest_of_a_kind(replace(r, head=whole) for r in relations if r.head in parts)
    return Annotation.build([*outside, whole], [*others, *own])


def add_rrids(
    text: str, annotation: Annotation, *, starts: Sequence[int], min_confidence: float = 0.0
) -> Annotation:
    """Make RRIDs of software URL mentions of the software that they stand behind.

    Between the two there may be attributes of the software and words such as ``software``, and
    anything in brackets that open there and hold the RRID. Whatever else was found within an RRID,
    be it a software's or an antibody's, is dropped with its relations.

    Args:
        text: The document's text.
        annotation: What a model found in it.
        starts: First character of each sentence, ascending.
        min_confidence: RRIDs of software that is less sure are not made mentions.

    Returns:
        The annotation with those mentions and their relations, as sure as the software is; as it
        is where there are none.
    """
    annotation = _drop_within_rrids(text, annotation)
    found: list[Relation] = []
    for match in _RRID.finditer(text):
        url = Mention(EntityType.URL, *match.span())
        if any(m.overlaps(url) for m in annotation.mentions):
            continue
        least = start_of_sentence(starts, url.char_start)
        host = _software_before(text, annotation, least, url.char_start)
        if host is not None and host.confidence >= min_confidence:
            url = replace(url, confidence=host.confidence)
            found.append(Relation(RelationType.URL_OF, url, host, host.confidence))
    if not found:
        return annotation
    mentions = [*annotation.mentions, *(r.head for r in found)]
    return Annotation.build(mentions, [*annotation.relations, *found])


def _drop_within_rrids(text: str, annotation: Annotation) -> Annotation:
    places = [match.span() for match in _ANY_RRID.finditer(text)]
    dropped = {
        m
        for start, end in places
        for m in annotation.mentions
        if m.type is not EntityType.URL and start <= m.char_start and m.char_end <= end
    }
    if not dropped:
        return annotation
    return annotation.restricted_to({*annotation.mentions} - dropped)


def _software_before(text: str, annotation: Annotation, least: int, start: int) -> Mention | None:
    """Return the software right before a place, or before the bracket around it."""
    before = [m for m in annotation.mentions if least <= m.char_start and m.char_end <= start]
    host = max(
        (m for m in before if m.type in SOFTWARE_TYPES), key=lambda m: m.char_end, default=None
    )
    if host is None:
        return None
    between = list(text[host.char_end : start])
    for m in before:
        for place in range(max(m.char_start, host.char_end), m.char_end):
            between[place - host.char_end] = " "
    rest = "".join(between)
    bracket = last_open_bracket(rest, 0, len(rest))
    cut = len(rest) if bracket is None else bracket
    is_near = len(rest) - cut <= _MOST_CHARS_IN_BRACKET and not _RRID.search(rest, cut)
    return host if is_near and _BETWEEN.fullmatch(rest, 0, cut) else None


def _surest_of_a_kind(relations: Iterable[Relation]) -> list[Relation]:
    """Return one relation for each type and tail, the surest."""
    best: dict[tuple[str, Mention], Relation] = {}
    for relation in sorted(relations, key=lambda r: r.confidence):
        best[relation.type, relation.tail] = relation
    return [*best.values()]
