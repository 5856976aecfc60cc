"""Citations by number written by author and year, and the other way round."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from somex.core.schema import EntityType, RelationType
from somex.core.types import LabeledDocument, Mention, Relation
from somex.rewriting import Edit, is_clean, only_sentence, rewrite

_NUMERIC = re.compile(r"\[ ?\d{1,3}(?: ?[,;–−-] ?\d{1,3})* ?\](?: ?[,–−-] ?\[ ?\d{1,3} ?\])*")
_AUTHOR_YEAR = re.compile(r"[^\W\d_].*\b(?:19|20)\d\d[a-z]?", re.DOTALL)
_NUMBERS = re.compile(r"\d+")
_MAX_CITED = 3
_LED_BY = re.compile(r"\b(?:using|with|by|via|through)(?: the)?(?: (?:software|program|tool))? $")
_MAX_CHARS_TO_CITATION = 25


@dataclass(frozen=True, slots=True)
class CitationStyle:
    """How authors and years are written.

    Attributes:
        surnames: Names to draw from, two or more.
        whos: Ways to name authors; ``{0}`` and ``{1}`` are surnames.
        years: Ways to add the year ``{0}``.
    """

    surnames: tuple[str, ...]
    whos: tuple[str, ...] = ("{0}", "{0} and {1}", "{0} et al.")
    years: tuple[str, ...] = (", {0}",)

    def draw(self, rng: random.Random) -> str:
        """Return a citation of one work, as natural text."""
        surnames = rng.sample(self.surnames, 2)
        who = rng.choice([form.format(*surnames) for form in self.whos])
        year = str(rng.randint(1996, 2021))
        form = self.years[0] if len(self.years) == 1 else rng.choice(self.years)
        return who + form.format(year)


COMMON_STYLE = CitationStyle(
    (
        "Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Martin",
        "Wang", "Li", "Zhang", "Liu", "Chen", "Yang", "Huang", "Zhao", "Wu", "Kim", "Lee", "Park",
        "Tanaka", "Suzuki", "Sato", "Nguyen", "Singh", "Kumar", "Sharma", "Khan", "Ali", "Müller",
        "Schmidt", "Schneider", "Fischer", "Weber", "Rossi", "Russo", "Ferrari", "Dubois", "Moreau",
        "Silva", "Santos", "Oliveira", "Lopez", "Gonzalez", "Perez", "Ivanov", "Petrov", "Novak",
        "Kowalski", "Nielsen", "Hansen", "Andersson", "Virtanen", "de Vries", "van Dijk", "O’Brien",
        "MacDonald", "Cohen", "Levi", "Okafor", "Mensah",
    ),
    whos=("{0}", "{0} and {1}", "{0} & {1}", "{0} et al.", "{0}, {1}, et al."),
    years=(", {0}", " {0}"),
)  # fmt: skip
"""Common surnames of many countries, for training."""


def recite(
    labeled: LabeledDocument,
    *,
    style: CitationStyle,
    rng: random.Random,
    apposed: bool = False,
) -> LabeledDocument:
    """Turn numbers into authors with years, and authors with years into numbers.

    ``[39]`` becomes ``( Carrow et al . , 2014 )``, whether it is a gold citation or not;
    gold citations by author become ``[17]``. The gold span holds the brackets of a number, and
    not the parentheses around an author, as in SOMD.

    Args:
        labeled: A document that lists one sentence.
        style: How authors and years are written.
        rng: Draws names, years and numbers.
        apposed: Do as `appose` does instead, where that changes the sentence.
    """
    only_sentence(labeled)
    made = appose(labeled, style=style, rng=rng) if apposed else labeled
    if made is not labeled:
        return made
    edits = [*_to_authors(labeled, style, rng), *_to_numbers(labeled, rng)]
    return rewrite(labeled, edits) if edits else labeled


def appose(
    labeled: LabeledDocument, *, style: CitationStyle, rng: random.Random
) -> LabeledDocument:
    """Put software into parentheses with who is cited for it; other numbers become authors, too.

    ``mapped using BWA 0.7 [12]`` becomes ``mapped (BWA 0.7; Carrow et al., 2014)``, which journals
    that cite by author and year write instead of parentheses within a sentence's own.

    Args:
        labeled: A document that lists one sentence.
        style: How authors and years are written.
        rng: Draws names and years.

    Returns:
        The sentence; as it was where no gold citation by number stands behind its software so.
    """
    cited = [r for r in labeled.annotation.relations if r.type is RelationType.CITATION_OF]
    apposed = [edit for r in cited for edit in _apposition(labeled, r, style, rng)]
    if not apposed:
        return labeled
    others = [
        edit
        for edit in _to_authors(labeled, style, rng)
        if all(edit.char_end <= a.char_start or a.char_end <= edit.char_start for a in apposed)
    ]
    return rewrite(labeled, [*apposed, *others])


def _apposition(
    labeled: LabeledDocument, relation: Relation, style: CitationStyle, rng: random.Random
) -> list[Edit]:
    """Return the edits that open the parentheses before a software and close them; none if not."""
    text, sentence = labeled.document.text, only_sentence(labeled)
    citation, software = relation.head, relation.tail
    led_by = _LED_BY.search(text, sentence.char_start, software.char_start)
    between = text[software.char_end : citation.char_start]
    cited = _NUMERIC.fullmatch(text, citation.char_start, citation.char_end)
    is_near = 0 < len(between) <= _MAX_CHARS_TO_CITATION
    if led_by is None or cited is None or not is_near or set("()[];,") & set(between):
        return []
    opened = text[sentence.char_start : software.char_start]
    mentions = labeled.annotation.mentions
    if opened.count("(") > opened.count(")") or any(
        m.char_start < software.char_start and led_by.start() < m.char_end for m in mentions
    ):
        return []
    spaced = bool(sentence.tokens)
    inside = _authors(cited[0], style, rng, spaced=spaced)
    separator, closing = (" ; ", " )") if spaced else ("; ", ")")
    start = citation.char_start - len(between) + len(between.rstrip())
    new = f"{separator}{inside}{closing}"
    edits = [
        Edit(led_by.start(), software.char_start, "( " if spaced else "(", 0, 0),
        Edit(start, citation.char_end, new, len(separator), len(separator) + len(inside)),
    ]
    return edits if all(is_clean(edit, labeled) for edit in edits) else []


def _to_authors(labeled: LabeledDocument, style: CitationStyle, rng: random.Random) -> list[Edit]:
    text, sentence = labeled.document.text, only_sentence(labeled)
    spaced = bool(sentence.tokens)
    edits = []
    for match in _NUMERIC.finditer(text, sentence.char_start, sentence.char_end):
        inside = _authors(match[0], style, rng, spaced=spaced)
        opening, closing = ("( ", " )") if spaced else ("(", ")")
        start = len(opening)
        new = f"{opening}{inside}{closing}"
        edits.append(Edit(match.start(), match.end(), new, start, start + len(inside)))
    return [e for e in edits if is_clean(e, labeled)]


def _authors(numbers: str, style: CitationStyle, rng: random.Random, *, spaced: bool) -> str:
    """Return authors with years for a citation by number, as many as it cites, three at most."""
    n_cited = min(len(_NUMBERS.findall(numbers)), _MAX_CITED)
    drawn = "; ".join(style.draw(rng) for _ in range(n_cited))
    return re.sub(r"([.,;])", r" \1", drawn) if spaced else drawn


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
    return [e for e in edits if is_clean(e, labeled)]


def _with_parentheses(text: str, mention: Mention) -> tuple[int, int]:
    """Return the span of a citation with the parentheses that hold nothing else."""
    before, after = text[: mention.char_start], text[mention.char_end :]
    if before.rstrip().endswith("(") and after.lstrip().startswith(")"):
        n_after = len(after) - len(after.lstrip())
        return len(before.rstrip()) - 1, mention.char_end + n_after + 1
    return mention.char_start, mention.char_end
