"""Versions that begin inside a word: what the letters right before them say.

In SoMeSci's gold 58 of 876 versions follow letters that are no mention's end: `v`, `V` or `version`
(54), or the `v` between a licence and its version (``GPLv3``, 4), which no licence has in its name.
A network that scores unit by unit takes that `v` in, as it stands in one unit with the licence, and
now and then takes the number of an overlooked name for a version (the 2 of ``DESeq2``).
"""

from __future__ import annotations

import re
from dataclasses import replace

from somex.core.schema import EntityType
from somex.core.types import Annotation, Mention

_LETTERS = re.compile(r"[^\W\d_]+\Z")
_CUES = frozenset({"v", "ver", "vers", "version", "r", "rel", "release", "rev", "build"})


def settle_versions(text: str, annotation: Annotation) -> Annotation:
    """Take the `v` before a version out of a licence, and drop versions of overlooked names.

    Args:
        text: The document's text.
        annotation: What a model found in it.

    Returns:
        The annotation in which a version that begins inside a word follows the end of a mention or
        a word for version; as it is where all do.
    """
    starts = {m.char_start for m in annotation.mentions if m.type is EntityType.VERSION}
    if not starts:
        return annotation
    new = {m: _without_v(text, m, starts) for m in annotation.mentions}
    if any(old is not settled for old, settled in new.items()):
        annotation = annotation.with_mentions(new)
    ends = {m.char_end for m in annotation.mentions}
    kept = [m for m in annotation.mentions if not _is_number_of_name(text, m, ends)]
    if len(kept) == len(annotation.mentions):
        return annotation
    return annotation.restricted_to(kept)


def _without_v(text: str, mention: Mention, starts: set[int]) -> Mention:
    name = text[mention.char_start : mention.char_end]
    is_glued = mention.type is EntityType.LICENSE and mention.char_end in starts
    if is_glued and len(name) > 1 and name[-1] in "vV":
        return replace(mention, char_end=mention.char_end - 1)
    return mention


def _is_number_of_name(text: str, mention: Mention, ends: set[int]) -> bool:
    """Tell whether a version is the number behind letters that are neither mention nor cue."""
    start = mention.char_start
    if mention.type is not EntityType.VERSION or start in ends:
        return False
    letters = _LETTERS.search(text, max(0, start - 60), start)
    if letters is None or letters[0].lower() in _CUES:
        return False
    is_licence_v = letters[0][-1] in "vV" and start - 1 in ends
    return not is_licence_v
