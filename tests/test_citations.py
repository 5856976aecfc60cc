from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

import tiny
from somex.citations import COMMON_STYLE, CitationStyle, appose, recite
from somex.core import (
    Annotation,
    Document,
    EntityType,
    LabeledDocument,
    Mention,
    Relation,
    RelationType,
    Sentence,
)
from somex.readers.somd import read_somd_split

ONE = CitationStyle(("Carrow", "Elsham"), whos=("{0} et al.",), years=(" {0}",))


def _gold(labeled: LabeledDocument) -> list[tuple[str, EntityType]]:
    text = labeled.document.text
    return [(text[m.char_start : m.char_end], m.type) for m in labeled.annotation.mentions]


def test_recite_writes_numbers_as_authors_in_tokenised_text(tmp_path: Path) -> None:
    line = "Ran {Application|Quill} {Citation|[ 3 , 7 ]} as before [9] . => Citation_of 1 0"
    (labeled,) = read_somd_split(tiny.write_marked(tmp_path, (line,)), "train")
    made = recite(labeled, style=ONE, rng=random.Random(1))
    cited = r"(?:Carrow|Elsham) et al \. \d{4}"
    assert re.fullmatch(
        rf"Ran Quill \( {cited} ; {cited} \) as before \( {cited} \) \.", made.document.text
    )
    (name, citation) = _gold(made)
    assert name == ("Quill", EntityType.APPLICATION)
    assert re.fullmatch(rf"{cited} ; {cited}", citation[0])
    assert len(made.annotation.relations) == 1
    (sentence,) = made.document.sentences
    tokens = [made.document.slice(t.char_start, t.char_end) for t in sentence.tokens]
    assert tokens == made.document.text.split(" ")


def test_recite_writes_gold_authors_as_numbers() -> None:
    text = "We ran Quill (Carrow et al., 2014) and left (Elsham, 2001)."
    mention = Mention(EntityType.CITATION, 14, 33)
    labeled = LabeledDocument(
        Document("d", text, (Sentence(0, len(text)),)), Annotation.build([mention])
    )
    made = recite(labeled, style=ONE, rng=random.Random(1))
    ((cited, _),) = _gold(made)
    assert re.fullmatch(r"\[\d+\]", cited)
    assert made.document.text == f"We ran Quill {cited} and left (Elsham, 2001)."


def test_recite_leaves_other_sentences(tmp_path: Path) -> None:
    (labeled,) = read_somd_split(
        tiny.write_marked(tmp_path, ("{Application|Quill} drew all of it .",)), "train"
    )
    assert recite(labeled, style=ONE, rng=random.Random(1)) is labeled


@pytest.mark.parametrize("seed", range(5))
def test_common_style_names_one_or_more_authors_and_a_year(seed: int) -> None:
    cited = COMMON_STYLE.draw(random.Random(seed))
    assert re.search(r" (?:19|20)\d\d$", cited)
    assert any(cited.startswith(name) for name in COMMON_STYLE.surnames)


AUTHORS = r"(?:Carrow|Elsham) et al \. \d{4}"


@pytest.mark.parametrize(
    ("line", "new"),
    [
        (
            "We mapped it using the {Application|Quill} {Version|0.7} {Citation|[ 3 ]} [9] . "
            "=> Version_of 1 0; Citation_of 2 0",
            rf"We mapped it \( Quill 0\.7 ; {AUTHORS} \) \( {AUTHORS} \) \.",
        ),
        (
            "Made with {Application|Quill} {Citation|[1,2]} , by {Application|Ink} {Citation|[4]} "
            ". => Citation_of 1 0; Citation_of 3 2",
            rf"Made \( Quill ; {AUTHORS} ; {AUTHORS} \) , \( Ink ; {AUTHORS} \) \.",
        ),
    ],
)
def test_appose_puts_software_and_its_citation_into_parentheses(
    tmp_path: Path, line: str, new: str
) -> None:
    (labeled,) = read_somd_split(tiny.write_marked(tmp_path, (line,)), "train")
    made = appose(labeled, style=ONE, rng=random.Random(1))
    assert re.fullmatch(new, made.document.text)
    before, after = _gold(labeled), _gold(made)
    assert [kind for _, kind in after] == [kind for _, kind in before]
    for (old, kind), (text, _) in zip(before, after, strict=True):
        authors = rf"{AUTHORS}( ; {AUTHORS})*"
        assert re.fullmatch(authors, text) if kind is EntityType.CITATION else text == old
    assert len(made.annotation.relations) == len(labeled.annotation.relations)
    (sentence,) = made.document.sentences
    tokens = [made.document.slice(t.char_start, t.char_end) for t in sentence.tokens]
    assert tokens == made.document.text.split(" ")


def test_appose_in_natural_text() -> None:
    text = "It was drawn by Quill [12]."
    host, cited = Mention(EntityType.APPLICATION, 16, 21), Mention(EntityType.CITATION, 22, 26)
    relation = Relation(RelationType.CITATION_OF, cited, host)
    labeled = LabeledDocument(
        Document("d", text, (Sentence(0, len(text)),)),
        Annotation.build([host, cited], [relation]),
    )
    made = appose(labeled, style=ONE, rng=random.Random(1))
    assert re.fullmatch(r"It was drawn \(Quill; \w+ et al\. \d{4}\)\.", made.document.text)


@pytest.mark.parametrize(
    "line",
    [
        "{Application|Quill} {Citation|[3]} drew it . => Citation_of 1 0",
        "Drawn ( with {Application|Quill} {Citation|[3]} ) . => Citation_of 1 0",
        "Drawn with {Application|Quill} , {Citation|[3]} . => Citation_of 1 0",
        "Drawn with {Application|Quill} {Citation|Elsham , 2001} . => Citation_of 1 0",
        "Drawn with {Application|Quill} [3] .",
        "Drawn with the {SoftwareCoreference|program} {Application|Quill} {Citation|[3]} . "
        "=> Citation_of 2 1",
    ],
)
def test_appose_leaves_other_sentences(tmp_path: Path, line: str) -> None:
    (labeled,) = read_somd_split(tiny.write_marked(tmp_path, (line,)), "train")
    assert appose(labeled, style=ONE, rng=random.Random(1)) is labeled
