from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from somex.core import Annotation, AnnotationError, Document, EntityType, LabeledDocument, Mention
from somex.corpus import split_labeled
from somex.perturbations import PERTURBATIONS, citation_style, resolver_urls
from somex.rewriting import Edit, rewrite

CITED = (
    "We used {Application|Fernview} {Version|2.1} {Citation|[39]} as before [7,8] . "
    "=> Version_of 1 0 ; Citation_of 2 0",
    "{Application|Seedwise} ( {Citation|Jessop and Carrow , 2008} ) ran ; "
    "{Application|Quillstat} ( {Citation|Umfrey 2005 ; Elsham et al . 2010} ) did not . "
    "=> Citation_of 1 0 ; Citation_of 3 2",
    "See {Application|Tessarix} ( {URL|https://tessarix.example} ) and {URL|www.moss.example} . "
    "=> URL_of 1 0 ; URL_of 2 0",
)


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> list[LabeledDocument]:
    folder = tmp_path_factory.mktemp("perturbed")
    return tiny.read_marked(folder, (*tiny.MARKED, *CITED))


def texts(labeled: LabeledDocument) -> list[tuple[str, str]]:
    text = labeled.document.text
    return [(str(m.type), text[m.char_start : m.char_end]) for m in labeled.annotation.mentions]


def relations(labeled: LabeledDocument) -> list[tuple[str, int, int]]:
    order = {m: i for i, m in enumerate(labeled.annotation.mentions)}
    return sorted((str(r.type), order[r.head], order[r.tail]) for r in labeled.annotation.relations)


def tokens(labeled: LabeledDocument) -> list[str]:
    (sentence,) = labeled.document.sentences
    return [labeled.document.slice(t.char_start, t.char_end) for t in sentence.tokens]


def natural(text: str, *marked: tuple[EntityType, str]) -> LabeledDocument:
    mentions = [Mention(t, text.index(s), text.index(s) + len(s)) for t, s in marked]
    return split_labeled(LabeledDocument(Document("n", text), Annotation.build(mentions)))[0]


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_perturbations_keep_relations_and_tokens_in_line(
    name: str, sentences: list[LabeledDocument]
) -> None:
    for labeled in sentences:
        made = PERTURBATIONS[name](labeled)
        assert made.document.id == labeled.document.id
        assert [kind for kind, _ in texts(made)] == [kind for kind, _ in texts(labeled)]
        assert relations(made) == relations(labeled)
        assert " ".join(tokens(made)) == made.document.text
        assert PERTURBATIONS[name](labeled) == made  # the same every time


@pytest.mark.parametrize("name", ["citation-style", "resolver-urls"])
def test_perturbations_leave_other_mentions_as_they_are(
    name: str, sentences: list[LabeledDocument]
) -> None:
    changed = {"citation-style": "Citation", "resolver-urls": "URL"}[name]
    for labeled in sentences:
        old, new = texts(labeled), texts(PERTURBATIONS[name](labeled))
        assert [x for x in old if x[0] != changed] == [x for x in new if x[0] != changed]


def test_perturbations_punctuation_and_case_change_nothing_else(
    sentences: list[LabeledDocument],
) -> None:
    for labeled in sentences:
        apart, lower = (PERTURBATIONS[n](labeled) for n in ("punctuation", "lower-case"))
        squeezed = [(t, s.replace(" ", "")) for t, s in texts(labeled)]
        assert [(t, s.replace(" ", "")) for t, s in texts(apart)] == squeezed
        assert texts(lower) == [(t, s.lower()) for t, s in texts(labeled)]
        assert all(re.fullmatch(r"\w+|\W", token) for token in tokens(apart))


def test_citation_style_turns_numbers_into_authors(sentences: list[LabeledDocument]) -> None:
    made = citation_style(sentences[len(tiny.MARKED)])
    cited = dict(texts(made))["Citation"]
    assert re.fullmatch(r"[A-Z]\w+( and \w+| et al \.)? , \d{4}", cited)
    assert f"( {cited} )" in made.document.text
    assert "[" not in made.document.text  # the citation without gold is turned, too
    assert made.document.text.count(" ; ") == 1


def test_citation_style_turns_authors_into_numbers(sentences: list[LabeledDocument]) -> None:
    made = citation_style(sentences[len(tiny.MARKED) + 1])
    first, second = (s for t, s in texts(made) if t == "Citation")
    assert re.fullmatch(r"\[\d+\]", first)
    assert re.fullmatch(r"\[\d+,\d+\]", second)
    pattern = rf"Seedwise {re.escape(first)} ran ; Quillstat {re.escape(second)} did not \."
    assert re.fullmatch(pattern, made.document.text)


def test_perturbations_write_natural_text_without_blanks() -> None:
    one = natural("We used Fernview [3].", (EntityType.CITATION, "[3]"))
    made = citation_style(one)
    ((_, cited),) = texts(made)
    assert made.document.text == f"We used Fernview ({cited})."
    assert " ," not in cited
    assert made.document.sentences[0].tokens == ()
    two = natural("See https://moss.example.", (EntityType.URL, "https://moss.example"))
    ((_, address),) = texts(resolver_urls(two))
    assert re.search(r"SCR_\d{6}$|zenodo\.\d+$|bio\.tools/\w+$", address)
    apart = PERTURBATIONS["punctuation"](two)
    assert tokens(apart)[:4] == ["See", "https", ":", "/"]


def test_perturbations_keep_sentences_without_anything_to_change(
    sentences: list[LabeledDocument],
) -> None:
    empty = sentences[9]
    assert citation_style(empty) is empty
    assert resolver_urls(empty) is empty


def test_rewrite_refuses_overlaps_and_cut_mentions() -> None:
    labeled = natural("Glimmer Fit ran.", (EntityType.APPLICATION, "Glimmer Fit"))
    with pytest.raises(AnnotationError, match="edit at 2-5 overlaps the one before it"):
        rewrite(labeled, [Edit(0, 3, "a", 0, 1), Edit(2, 5, "b", 0, 1)])
    with pytest.raises(AnnotationError, match="an edit cuts the Application mention at 0-11"):
        rewrite(labeled, [Edit(8, 15, "b", 0, 1)])
    with pytest.raises(AnnotationError, match="lists 0 sentences; valid: 1"):
        rewrite(LabeledDocument(Document("d", "text")), [])


@given(st.integers(0, 15), st.text("xyz ", min_size=1, max_size=9))
def test_rewrite_moves_what_stands_behind_an_edit(place: int, new: str) -> None:
    text = "abcdefghijklmnop Fernview ran."
    labeled = natural(text, (EntityType.APPLICATION, "Fernview"))
    made = rewrite(labeled, [Edit(place, place + 1, new, 0, len(new))])
    assert texts(made) == [("Application", "Fernview")]
    assert made.document.text == text[:place] + new + text[place + 1 :]


@pytest.mark.corpus
@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="SOMEX_DATA is not set")
def test_perturbations_change_enough_of_the_real_sentences() -> None:
    from somex.readers.somd import read_somd_split

    sentences = read_somd_split(Path(os.environ["SOMEX_DATA"]) / "somd2025" / "phase1", "train")
    least = {
        "punctuation": 600,
        "citation-style": 250,
        "citation-with-name": 250,
        "resolver-urls": 120,
        "lower-case": 1000,
    }
    for name, perturb in PERTURBATIONS.items():
        made = [perturb(labeled) for labeled in sentences]
        both = zip(sentences, made, strict=True)
        assert sum(tokens(a) != tokens(b) for a, b in both) > least[name]
        assert list(map(relations, made)) == list(map(relations, sentences))
