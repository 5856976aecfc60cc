"""What two spellings of a text share: its characters without white space and case."""

from __future__ import annotations

import re
import unicodedata

MIN_TELLING = 24
"""Characters (white space aside) from which on a sentence tells which document it stands in."""


_SIGNS = re.compile(r"[^\w+#*]|_")


def name_key(text: str) -> str:
    """Return what spellings of a name share: case, blanks and signs but ``+ # *`` don't count."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _SIGNS.sub("", folded) or " ".join(folded.split())


def squeeze(text: str) -> str:
    """Return a text without white space and case: what two tokenisations of it share."""
    return "".join(text.split()).casefold()


def lower_each(text: str) -> str:
    """Return a text in lower case, of the same length: letters whose lower case is longer stay."""
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
