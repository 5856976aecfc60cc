"""Other spellings of a labelled sentence that leave its meaning, and so its gold, as it is."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from somex.citations import CitationStyle, recite
from somex.core.schema import EntityType
from somex.core.types import LabeledDocument, Sentence
from somex.rewriting import Edit, is_clean, only_sentence, rewrite
from somex.text.matching import lower_each
from somex.text.retokenize import split_punctuation
from somex.text.words import split_words

_SURNAMES = (
    "Ashdown", "Bellweather", "Carrow", "Dunmere", "Elsham", "Farrand", "Gostling", "Hathersby",
    "Ingleford", "Jessop", "Kirkmoor", "Lindqvist", "Marchbanks", "Norwell", "Oakhurst", "Penrose",
    "Quillam", "Rothery", "Stanway", "Thornbury", "Umfrey", "Varley", "Winstead", "Yarborough",
)  # fmt: skip
"""Surnames of nobody in particular."""

_STYLE = CitationStyle(_SURNAMES)


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
    return LabeledDocument(replace(document, text=lower_each(document.text)), labeled.annotation)


def citation_style(labeled: LabeledDocument) -> LabeledDocument:
    """Turn numbers into authors with years, and authors with years into numbers (`recite`)."""
    return recite(labeled, style=_STYLE, rng=_random(labeled))


def citation_with_name(labeled: LabeledDocument) -> LabeledDocument:
    """Cite in the parentheses that the software stands in, elsewhere as `citation_style` does."""
    return recite(labeled, style=_STYLE, rng=_random(labeled), apposed=True)


def resolver_urls(labeled: LabeledDocument) -> LabeledDocument:
    """Write identifiers and resolver addresses in the place of gold URLs; they stay URLs."""
    only_sentence(labeled)
    rng = _random(labeled)
    edits = []
    for m in labeled.annotation.mentions:
        if m.type is EntityType.URL:
            new = _identifier(rng)
            edits.append(Edit(m.char_start, m.char_end, new, 0, len(new)))
    clean = [edit for edit in edits if is_clean(edit, labeled)]
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
        "citation-with-name": citation_with_name,
        "resolver-urls": resolver_urls,
        "lower-case": lower_case,
    }
)
"""Name of each perturbation, in the order of the table."""
