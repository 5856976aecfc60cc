"""Other spellings of a labelled sentence that leave its meaning, and so its gold, as it is."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from somex.core.schema import EntityType
from somex.core.types import LabeledDocument, Mention, Sentence
from somex.rewriting import Edit, only_sentence, rewrite
from somex.text.retokenize import split_punctuation
from somex.text.words import split_words

_SURNAMES = (
    "Ashdown", "Bellweather", "Carrow", "Dunmere", "Elsham", "Farrand", "Gostling", "Hathersby",
    "Ingleford", "Jessop", "Kirkmoor", "Lindqvist", "Marchbanks", "Norwell", "Oakhurst", "Penrose",
    "Quillam", "Rothery", "Stanway", "Thornbury", "Umfrey", "Varley", "Winstead", "Yarborough",
)  # fmt: skip
"""Surnames of nobody in particular."""

_NUMERIC = re.compile(r"\[ ?\d{1,3}(?: ?[,;–−-] ?\d{1,3})* ?\](?: ?[,–−-] ?\[ ?\d{1,3} ?\])*")
_AUTHOR_YEAR = re.compile(r"[^\W\d_].*\b(?:19|20)\d\d[a-z]?", re.DOTALL)
_NUMBERS = re.compile(r"\d+")


def punctuation(labeled: LabeledDocument) -> LabeledDocument:
    """Let every punctuation mark stand alone, as SOMD's Phase II does; natural text likewise."""
    sentence = only_sentence(labeled)
    if not sentence.tokens:
        document = labeled.document
        text = document.slice(sentence.char_start, sentence.char_end)
        words = split_words(text, char_offset=sentence.char_start)
        cut = Sentence(sentence.char_start, sentence.char_end, words)
        labeled = LabeledDocument(replace(document, sentences=(cut,)), labeled.annotation)
    return split_punctuation(labeled)


def lower_case(labeled: LabeledDocument) -> LabeledDocument:
    """Write the sentence in lower case (letters whose lower case is longer stay)."""
    document = labeled.document
    text = "".join(c.lower() if len(c.lower()) == 1 else c for c in document.text)
    return LabeledDocument(replace(document, text=text), labeled.annotation)


def citation_style(labeled: LabeledDocument) -> LabeledDocument:
    """Turn numbers into authors with years, and authors with years into numbers.

    ``[39]`` becomes ``( Carrow et al . , 2014 )``, whether it is a gold citation or not;
    gold citations by author become ``[17]``. The gold span holds the brackets of a number, and
    not the parentheses around an author, as in SOMD.
    """
    only_sentence(labeled)
    rng = _random(labeled)
    edits = [*_to_authors(labeled, rng), *_to_numbers(labeled, rng)]
    return rewrite(labeled, edits) if edits else labeled


def _to_authors(labeled: LabeledDocument, rng: random.Random) -> list[Edit]:
    text, sentence = labeled.document.text, only_sentence(labeled)
    spaced = bool(sentence.tokens)
    edits = []
    for match in _NUMERIC.finditer(text, sentence.char_start, sentence.char_end):
        inside = _authors(len(_NUMBERS.findall(match[0])), rng, spaced=spaced)
        opening = "( " if spaced else "("
        new = f"{opening}{inside}{opening[::-1].replace('(', ')')}"
        start = len(opening)
        edits.append(Edit(match.start(), match.end(), new, start, start + len(inside)))
    return [e for e in edits if _is_clean(e, labeled)]


def _authors(n_cited: int, rng: random.Random, *, spaced: bool) -> str:
    """Return so many citations (three at most) by author and year."""
    cited = []
    for _ in range(min(n_cited, 3)):
        first, second = rng.sample(_SURNAMES, 2)
        who = rng.choice((first, f"{first} and {second}", f"{first} et al."))
        cited.append(f"{who}, {rng.randint(1996, 2021)}")
    joined = "; ".join(cited)
    return re.sub(r"([.,;])", r" \1", joined) if spaced else joined


def _to_numbers(labeled: LabeledDocument, rng: random.Random) -> list[Edit]:
    text = labeled.document.text
    edits = []
    for m in labeled.annotation.mentions:
        cited = text[m.char_start : m.char_end]
        if m.type is not EntityType.CITATION or not _AUTHOR_YEAR.fullmatch(cited):
            continue
        number = rng.randint(1, 89)
        n_cited = cited.count(";") + 1
        new = "[" + ",".join(str(number + i) for i in range(n_cited)) + "]"
        start, end = _with_parentheses(text, m)
        edits.append(Edit(start, end, new, 0, len(new)))
    return [e for e in edits if _is_clean(e, labeled)]


def _with_parentheses(text: str, mention: Mention) -> tuple[int, int]:
    """Return the span of a citation with the parentheses that hold nothing else."""
    before, after = text[: mention.char_start], text[mention.char_end :]
    if before.rstrip().endswith("(") and after.lstrip().startswith(")"):
        n_after = len(after) - len(after.lstrip())
        return len(before.rstrip()) - 1, mention.char_end + n_after + 1
    return mention.char_start, mention.char_end


def _is_clean(edit: Edit, labeled: LabeledDocument) -> bool:
    """Tell whether no mention lies across a border of an edit, and one at most inside it."""
    touched = [
        m
        for m in labeled.annotation.mentions
        if m.char_start < edit.char_end and edit.char_start < m.char_end
    ]
    if not touched:
        return _is_between_tokens(edit, labeled)
    (first, *others) = touched
    inside = edit.char_start <= first.char_start and first.char_end <= edit.char_end
    around = first.char_start <= edit.char_start and edit.char_end <= first.char_end
    return not others and (inside or around) and _is_between_tokens(edit, labeled)


def _is_between_tokens(edit: Edit, labeled: LabeledDocument) -> bool:
    return all(
        token.char_end <= edit.char_start
        or token.char_start >= edit.char_end
        or (edit.char_start <= token.char_start and token.char_end <= edit.char_end)
        for token in only_sentence(labeled).tokens
    )


def resolver_urls(labeled: LabeledDocument) -> LabeledDocument:
    """Write identifiers and resolver addresses in the place of gold URLs; they stay URLs."""
    only_sentence(labeled)
    rng = _random(labeled)
    edits = []
    for m in labeled.annotation.mentions:
        if m.type is EntityType.URL:
            new = _identifier(rng)
            edits.append(Edit(m.char_start, m.char_end, new, 0, len(new)))
    clean = [edit for edit in edits if _is_clean(edit, labeled)]
    return rewrite(labeled, clean) if clean else labeled


def _identifier(rng: random.Random) -> str:
    number = rng.randint(1000, 23999)
    name = rng.choice(_SURNAMES).lower()
    return rng.choice(
        (
            f"RRID:SCR_{number:06d}",
            f"https://scicrunch.org/resolver/SCR_{number:06d}",
            f"https://identifiers.org/RRID:SCR_{number:06d}",
            f"https://doi.org/10.5281/zenodo.{number * 97}",
            f"https://bio.tools/{name}",
        )
    )


def _random(labeled: LabeledDocument) -> random.Random:
    """Return a generator that a sentence's text seeds, the same everywhere and always."""
    sentence = only_sentence(labeled)
    text = labeled.document.slice(sentence.char_start, sentence.char_end)
    return random.Random(hashlib.sha256(text.encode()).hexdigest())


Perturbation = Callable[[LabeledDocument], LabeledDocument]

PERTURBATIONS: Mapping[str, Perturbation] = MappingProxyType(
    {
        "punctuation": punctuation,
        "citation-style": citation_style,
        "resolver-urls": resolver_urls,
        "lower-case": lower_case,
    }
)
"""Name of each perturbation, in the order of the table."""
