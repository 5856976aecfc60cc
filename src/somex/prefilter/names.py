"""Names that a document is known to use: each sentence that holds one may hold a mention."""

from __future__ import annotations

import re
from collections.abc import Iterable

from somex.core.schema import SOFTWARE_TYPES, EntityType
from somex.core.types import Document, Mention

NAMING_TYPES = SOFTWARE_TYPES | {EntityType.ABBREVIATION, EntityType.ALTERNATIVE_NAME}
"""Types whose mentions are names of software; others ("version", "Berlin") tell nothing."""

_MIN_CONFIDENCE = 0.8
"""A wrong name costs time and precision: it lets sentences pass that hold no software."""


def names_of(document: Document, mentions: Iterable[Mention]) -> frozenset[str]:
    """Return the names of software among the mentions of a document.

    Mentions less sure than 0.8, and texts without letters, name nothing.
    """
    texts = (
        " ".join(document.slice(m.char_start, m.char_end).split())
        for m in mentions
        if m.type in NAMING_TYPES and m.confidence >= _MIN_CONFIDENCE
    )
    return frozenset(text for text in texts if any(c.isalpha() for c in text))


class NameMatcher:
    """Finds names in texts.

    Case counts; what white space stands within a name does not. No letter may stand beside it:
    ``SPM8`` holds ``SPM``, ``SPMs`` does not.

    Args:
        names: Names, each with a letter.
    """

    def __init__(self, names: Iterable[str]) -> None:
        ordered = sorted(set(names), key=lambda name: (-len(name), name))
        self._pattern: re.Pattern[str] | None = None
        if ordered:
            either = "|".join(r"\s+".join(map(re.escape, name.split())) for name in ordered)
            self._pattern = re.compile(rf"(?<![^\W\d_])(?:{either})(?![^\W\d_])")

    def is_in(self, text: str) -> bool:
        """Tell whether a text holds any of the names."""
        return self._pattern is not None and self._pattern.search(text) is not None
