import os
import runpy
from pathlib import Path

import pytest

from somex.text.sentences import split_sentences


def split(text: str) -> list[str]:
    return [text[s.char_start : s.char_end] for s in split_sentences(text)]


def test_sentences_break_after_full_stops() -> None:
    assert split("We used ImageJ. It is free! Is it fast? Yes.") == [
        "We used ImageJ.",
        "It is free!",
        "Is it fast?",
        "Yes.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "As Miller et al. Reported before, see Fig. 3 and Figs. 4 and 5 for it.",
        "As in Eq. 2, Ref. 7, Tab. 1 and cf. Table 2, i.e. Here, e.g. There, R vs. Python.",
        "It took ca. 5 h, approx. 20 GB, see No. 4, vol. 12, pp. 33 to 40.",
        "We ran Stata v. 14, SPSS ver. 22 and SAS Vers. 9 on it.",
        "Dr. Miller, Prof. Smith and St. Gallen agreed with J. K. Smith.",
        "It was bought from Acme Inc., La Jolla, CA, and from Bar Ltd. (Leeds) later.",
        "It was bought from Acme Corp. and from Bar Co. in Paris.",
        "It was bought from Acme Inc. San Diego, CA, USA, last year.",
        "We ran release 2.15.1 and R 3.0.2 here.",
        "See www.example.org/a.b?c=D.E or http://example.org/x.Y for it.",
        "We waited ... Nothing came.",
        "The firm (Acme Inc. Paris. All rights kept. See there) sold it.",
        "They work in the U.S.A. Department of Health.",
        "The strain E. coli was grown.",
    ],
)
def test_sentences_do_not_break_inside(text: str) -> None:
    assert split(text) == [text]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The data were read by R 3.0.", "We plotted them."),
        ("We took the package.[12]", "We then wrote it."),
        ("We took the package. [12, 14]", "Then we wrote it."),
        ("We took the package.12,13", "Then we wrote it."),
        ("He said “it works.”", "We agreed."),
        ("(We took it.)", "The rest was lost."),
        ("It was made by Acme Inc.", "We used it."),
        ("All was computed in R.", "Statistical tests came next."),
        ("This follows Miller et al.", "The rest is new."),
        ("We did as Miller et al. [7].", "Samples were kept."),
        ("It lasted 200 ms.", "Failures were rare at pH 7.0."),
        ("It was kept at pH 7.0.", "Readings came later."),
        ("It was normalised.", "mRNA levels came next."),
        ("We counted twice.", "25 patients were left."),
        ("It was done in Brookmap. 23", "The maps were kept."),
        ("Maps were drawn (Hill Ltd, Leeds). 4,5", "A map was kept."),
        ("It was Fig. 2 Data of it.", "Readings came later."),
    ],
)
def test_sentences_break_between(first: str, second: str) -> None:
    assert split(f"{first} {second}") == [first, second]


def test_sentences_break_where_the_blank_is_missing() -> None:
    assert split("We did the analysis.The rest was lost.") == [
        "We did the analysis.",
        "The rest was lost.",
    ]


def test_sentences_end_at_blank_lines_and_paragraphs() -> None:
    long_line = "we went on and on " * 10
    assert split(f"Methods\nWe used R\n\nresults {long_line}\nOf it") == [
        "Methods",
        "We used R",
        f"results {long_line}".strip(),
        "Of it",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Tests were run in SPSS\n          13.0 (IBM, Armonk).",
        "It was drawn by Prism\n6 software.",
        "Reads went through BWA\n[12] and others.",
        "All was done in Stata\nv14.1, as before.",
        "We used Matlab\n(MathWorks) for it.",
        "It was found in the\nlast of them.",
    ],
)
def test_sentences_go_on_where_a_line_is_unfinished(text: str) -> None:
    assert split(text) == [text]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Methods", "2.1 Participants"),
        ("Methods", "2. Participants"),
        ("We used R.", "all of it"),
        ("Functional imaging", "fMRI was done."),
        ("Contents:", "a list"),
        ("Table 1", "(A) Shows it"),
    ],
)
def test_sentences_end_with_a_line_that_is_finished_or_before_a_heading(
    first: str, second: str
) -> None:
    assert split(f"{first}\n{second}") == [first, second]


def test_sentences_go_on_over_wrapped_lines() -> None:
    text = "All the images of this study were read and\nwritten by one script. It was short."
    assert split(text) == [
        "All the images of this study were read and\nwritten by one script.",
        "It was short.",
    ]


def test_sentences_add_the_offset() -> None:
    (sentence,) = split_sentences("  We ran it. ", char_offset=100)
    assert (sentence.char_start, sentence.char_end, sentence.tokens) == (102, 112, ())


@pytest.mark.parametrize("text", ["", " \n\n\t "])
def test_sentences_of_nothing(text: str) -> None:
    assert split_sentences(text) == ()


@pytest.mark.corpus
def test_sentences_cut_no_gold_mention_of_somesci() -> None:
    if "SOMEX_DATA" not in os.environ:
        pytest.skip("SOMEX_DATA is not set")
    script = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "segmentation.py"))
    data = Path(os.environ["SOMEX_DATA"])
    counts = script["measure_sentences"](data / "somesci")
    assert counts["mentions"] > 4000
    assert counts["cut mentions"] == 0
    assert counts["crossing relations"] < 0.01 * counts["relations"]
    words = script["measure_words"](data)
    assert words["same words"] > 0.98 * words["in SoMeSci"] > 500


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", [".", " ", "\n", "(", "()", "a.", ".)", "[1, ", "a1", " \n", "1."])
def test_sentences_take_linear_time_on_odd_text(part: str) -> None:
    text = f"x{part * 50_000}x"
    sentences = split_sentences(text)
    assert sum(s.char_end - s.char_start for s in sentences) <= len(text)
    assert sentences[-1].char_end == len(text)
