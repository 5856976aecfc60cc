"""Purposes carried over from one corpus to the same sentences in another.

SOMD 2025 is SoMeSci without the purpose of a mention, and tokenised; where a sentence of it stands
in a SoMeSci document, its mentions get their purpose back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from somex.core.schema import Purpose
from somex.core.types import LabeledDocument, Mention
from somex.text.matching import MIN_TELLING, lower_each

Place = tuple[int, int]
"""Start and end of a mention, white space not counted."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A document's text without white space and case, with the purposes in it."""

    text: str
    purposes: dict[Place, Purpose]


def carry_purposes(
    parts: Sequence[LabeledDocument], source: Iterable[LabeledDocument]
) -> list[LabeledDocument]:
    """Give mentions the purpose that they have in another corpus.

    Args:
        parts: Documents that list one sentence (as ``split_labeled`` gives).
        source: Documents with purposes.

    Returns:
        The documents in the same order; a mention without a counterpart of the same characters
        keeps what it has.
    """
    known = [_known(labeled) for labeled in source]
    return [_carried(part, known) for part in parts]


def _known(labeled: LabeledDocument) -> _Known:
    text = labeled.document.text
    before = _solid_before(text)
    purposes = {
        (before[m.char_start], before[m.char_end]): m.purpose
        for m in labeled.annotation.mentions
        if m.purpose is not None
    }
    return _Known(_solid(text), purposes)


def _solid(text: str) -> str:
    """Return a text without white space, lower-cased letter by letter (lengths are kept)."""
    return lower_each("".join(c for c in text if not c.isspace()))


def _solid_before(text: str) -> list[int]:
    """Count for each offset, the end included, the characters before it that are no space."""
    counts = [0]
    for character in text:
        counts.append(counts[-1] + (not character.isspace()))
    return counts


def _carried(part: LabeledDocument, known: Sequence[_Known]) -> LabeledDocument:
    (sentence,) = part.document.sentences
    text = part.document.slice(sentence.char_start, sentence.char_end)
    solid, before = _solid(text), _solid_before(text)
    if len(solid) < MIN_TELLING or not part.annotation.mentions:
        return part
    found: dict[Place, Purpose] = {}
    for document in known:
        start = document.text.find(solid)
        if start >= 0:
            end = start + len(solid)
            found |= {
                (a - start, b - start): purpose
                for (a, b), purpose in document.purposes.items()
                if start <= a and b <= end
            }
    new: dict[Mention, Mention] = {}
    for mention in part.annotation.mentions:
        offset = sentence.char_start
        place = (before[mention.char_start - offset], before[mention.char_end - offset])
        fits = place in found and mention.takes_purpose
        new[mention] = replace(mention, purpose=found[place]) if fits else mention
    return LabeledDocument(part.document, part.annotation.with_mentions(new))
