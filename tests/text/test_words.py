import pytest

from somex.text.words import split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("We used SPM8 (London, UK).", "We used SPM 8 ( London , UK ) ."),
        ("see [39] and [1,2] or [3-5].", "see [39] and [1,2] or [3-5] ."),
        ("see [39, 40].", "see [ 39 , 40 ] ."),
        ("R 3.10 and v2.15.1 of 2014", "R 3.10 and v 2.15.1 of 2014"),
        ("SPSS v.22 or ver. 9.1b, i.e. new", "SPSS v. 22 or ver. 9.1b , i.e. new"),
        ("MATLAB R2014a, Table S1", "MATLAB R 2014a , Table S1"),
        ("t-test at p<0.05.", "t - test at p < 0.05 ."),
        ("at http://example.org/a_b-c/d.html.", "at http://example.org/a_b-c/d.html ."),
        ("(www.example.org/x), C++", "( www.example.org/x ) , C + +"),
        ("Acme Inc., U.S.A.", "Acme Inc . , U.S .A ."),
        ("Stata/SE 13% user’s", "Stata / SE 13 % user ’ s"),
        ("the map2stan and dcm4che tools", "the map2stan and dcm4che tools"),
    ],
)
def test_words_split_as_somd_does(text: str, words: str) -> None:
    assert [text[t.char_start : t.char_end] for t in split_words(text)] == words.split()


def test_words_add_the_offset() -> None:
    tokens = split_words(" R 3", char_offset=10)
    assert [(t.char_start, t.char_end) for t in tokens] == [(11, 12), (13, 14)]
