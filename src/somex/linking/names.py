"""Forms of a name: what the spellings of one software's name share."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from somex.linking.words import (
    FILLERS,
    GENERIC,
    LANGUAGE_ATTRIBUTES,
    LANGUAGE_WORDS,
    LANGUAGES,
    SOFT_FILLERS,
    STOP_WORDS,
    VENDORS,
)

_WORD = re.compile(r"[^\W_]+[+#]*|[+#*]+")
_MARKS = re.compile(r"[®™©℠]|\((?:r|tm|c)\)", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’`´]s\b")
_VERSION = re.compile(
    r"[\s,]+(?:(?:version|ver|release|v|r)\s*\.?\s*\d[\w.\s]*|v?\d+(?:\s*\.\s*\d+)+\w*)$",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def plain(surface: str) -> str:
    """Return a name without marks such as ®, in compatibility form, white space collapsed."""
    text = _MARKS.sub(" ", unicodedata.normalize("NFKC", _MARKS.sub(" ", surface)))
    return " ".join(text.split())


def words_of(surface: str) -> tuple[str, ...]:
    """Return the words of a name without case: runs of letters and digits, of ``+``, ``#``."""
    return tuple(_WORD.findall(_POSSESSIVE.sub("s", plain(surface)).casefold()))


def without_version(surface: str) -> str:
    """Return a plain name without the version that ends it: a number with a dot or after "v"."""
    text = plain(surface)
    return _VERSION.sub("", text) or text


def name_key(surface: str) -> str:
    """Return what spellings of a name share.

    Case, blanks and punctuation (but ``+``, ``#``) do not count, nor do versions with a dot and
    words such as "software" at the end, if enough is left: "R package" is not "R".
    """
    text = without_version(surface)
    words = list(words_of(text))
    if len(words) > 1 and words[0] == "the":
        words.pop(0)
    if _means_language(words):
        return words[0]
    while len(words) > 1 and words[-1] in FILLERS and _may_lose_last(words):
        words.pop()
    return "".join(words) or "".join(text.casefold().split())


def _means_language(words: Sequence[str]) -> bool:
    """Tell whether words are a language's name and words that may follow it: "R software"."""
    return (
        len(words) > 1
        and words[0] in LANGUAGES
        and words[-1] in LANGUAGE_WORDS
        and all(word in LANGUAGE_WORDS or word in LANGUAGE_ATTRIBUTES for word in words[1:])
    )


def _may_lose_last(words: Sequence[str]) -> bool:
    return len("".join(words[:-1])) > 2 and not (len(words) == 2 and words[0] in LANGUAGES)


def is_generic(surface: str) -> bool:
    """Tell whether words name no software of their own: "custom script", "R package"."""
    words = words_of(surface)
    if _means_language(words):
        return False
    kinds = [word in GENERIC for word in words]
    return any(kinds) and all(k or w in LANGUAGES for k, w in zip(kinds, words, strict=True))


@dataclass(frozen=True, slots=True)
class NameForms:
    """What is compared of a name.

    Attributes:
        key: As `name_key`.
        base: The key without soft fillers, makers and endings of plurals.
        words: Its words without case, stop words left out.
        initials: What abbreviations of it may look like, without case; empty for one word.
        digits: Its digits.
    """

    key: str
    base: str
    words: tuple[str, ...]
    initials: frozenset[str]
    digits: str


@lru_cache(maxsize=200_000)
def forms_of(surface: str) -> NameForms:
    """Return the forms of a name."""
    name = without_version(surface)
    words = words_of(name)
    telling = tuple(_singular(word) for word in words if word not in STOP_WORDS)
    base = [_singular(w) for w in words if w not in STOP_WORDS | SOFT_FILLERS | VENDORS]
    if len(base) == 1 and base[0] in LANGUAGES:  # R Studio is not R
        base = [word for word in telling if word not in VENDORS]
    return NameForms(
        name_key(surface),
        "".join(base or telling or words),
        telling or words,
        frozenset(_initials(name)),
        "".join(filter(str.isdigit, name)),
    )


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "is", "us")):
        return word[:-1]
    return word


def _initials(surface: str) -> Iterator[str]:
    """Yield the initials of a name of several words: all, without stop words, of inner parts."""
    words = _WORD.findall(_POSSESSIVE.sub("", plain(surface)))
    if len(words) < 2:
        return
    for chosen in (words, [word for word in words if word.casefold() not in STOP_WORDS]):
        if len(chosen) > 1:
            yield "".join(word[0] for word in chosen).casefold()
            yield "".join(word if word.isdigit() else word[0] for word in chosen).casefold()
            yield "".join(p[0] for word in chosen for p in _PARTS.findall(word)).casefold()
    if words[-1].casefold() in SOFT_FILLERS and len(words) > 2:
        yield "".join(w[0] for w in words[:-1] if w.casefold() not in STOP_WORDS).casefold()


def trigrams(key: str) -> Counter[str]:
    """Return the trigrams of a key, its borders marked."""
    text = f"^{key}$"
    return Counter(text[i : i + 3] for i in range(len(text) - 2))


def is_short_form(surface: str) -> bool:
    """Tell whether a name looks like an abbreviation: one word, mostly capitals or digits."""
    text = plain(surface)
    if len(text) > 10 or len(text.split()) > 1:
        return False
    capitals = sum(char.isupper() or char.isdigit() for char in text)
    return capitals >= 2 and capitals * 2 >= sum(map(str.isalnum, text))


def extends_language(short: Sequence[str], long: Sequence[str]) -> bool:
    """Tell whether a name is a language's and the other has it with more words: "R Studio".

    Args:
        short: Words of the name that may be a language's.
        long: Words of the other name.
    """
    return len(short) == 1 and short[0] in LANGUAGES and not set(long) - set(short) <= VENDORS


def abbreviates(short: str, long: str) -> float:
    """Return how well one name abbreviates another, 0 to 1.

    1 where it is made of initials; else the share of the words of the long name whose first
    letter the short name takes up, if all of its letters stand in the long name in order, the
    first of them first.

    Args:
        short: Name that may be an abbreviation.
        long: Name of several words.
    """
    letters = "".join(filter(str.isalnum, plain(short).casefold()))
    forms = forms_of(long)
    if not 2 <= len(letters) <= 12 or len(forms.words) < 2 or len(letters) >= len(forms.key):
        return 0.0
    if letters in words_of(long):
        return 0.0  # a part of the name
    if letters in forms.initials:
        return 1.0
    return _best_match(letters, words_of(long))


def _best_match(letters: str, words: tuple[str, ...]) -> float:
    """Return the share of words begun by letters that run through the words in order."""
    taken = _run(letters, words, 0)
    n_telling = sum(word not in STOP_WORDS for word in words)
    return min(1.0, taken / n_telling) * 0.9 if taken > 1 else 0.0


def _run(letters: str, words: tuple[str, ...], first: int) -> int:
    """Return how many words the letters begin at most; 0 where they do not fit the words."""
    best = {(0, -1, 0): 0}  # letters used, word, place in the word -> words begun
    for letter in letters:
        new: dict[tuple[int, int, int], int] = {}
        for (used, word, place), begun in best.items():
            inner = words[word].find(letter, place) if word >= first else -1
            if inner >= 0:
                state = (used + 1, word, inner + 1)
                new[state] = max(new.get(state, 0), begun)
            last = first + 1 if word < first else min(len(words), word + 4)
            for other in range(word + 1, last):
                if words[other].startswith(letter):
                    state = (used + 1, other, 1)
                    new[state] = max(new.get(state, 0), begun + 1)
        best = new
    return max(best.values(), default=0)
