from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from somex.core import Document
from somex.core.schema import EntityType as E
from somex.core.schema import RelationType as R
from somex.readers.registry import read_corpus
from somex.standoff import apply_standoff, read_standoff

SCRIPT = Path(__file__).parents[1] / "scripts" / "annotate_corpus.py"
BODY = (
    '<p>We drew maps with <rs id="s" type="software">Brookmap</rs>\n          '
    '<rs corresp="#s" type="version">2.1</rs> in Python (Hill, 2004).</p><p>It rained.</p>'
)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "c.tei.xml"
    path.write_text(
        '<teiCorpus xmlns="http://www.tei-c.org/ns/1.0"><tei><teiHeader><fileDesc xml:id="P1">'
        "<titleStatement><title>Maps</title></titleStatement></fileDesc></teiHeader>"
        f"<text><body>{BODY}</body></text></tei></teiCorpus>",
        encoding="utf-8",
    )
    return path


def _run(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout


def test_annotate_corpus_dumps_sentences_and_packs_what_was_mended(
    corpus: Path, tmp_path: Path
) -> None:
    lines, out = tmp_path / "sentences.txt", tmp_path / "labels.jsonl"
    assert _run("dump", corpus, lines)[0] == 0
    title, line = lines.read_text("utf-8").splitlines()
    assert title == "# Maps"
    place, _, text = line.partition("\t")
    assert place == "P1:0-54"
    assert "Brookmap}" in text
    assert "=2.1}" in text
    mended = (
        "We drew maps with {a:Application=Brookmap} {b:Version>a=2.1} in "
        "{c:ProgrammingEnvironment=Python} {d:Citation>a=(Hill, 2004)}."
    )
    lines.write_text(f"{title}\n{place}\t{mended}\n", encoding="utf-8")
    code, told = _run("pack", corpus, lines, out)
    assert code == 0, told
    assert told.startswith("1 sentences of 1 documents; ")
    (found,) = apply_standoff(read_corpus(corpus), read_standoff(out))
    text = found.document.text
    named = {(m.type, text[m.char_start : m.char_end]) for m in found.annotation.mentions}
    assert named == {
        (E.APPLICATION, "Brookmap"),
        (E.VERSION, "2.1"),
        (E.PROGRAMMING_ENVIRONMENT, "Python"),
        (E.CITATION, "Hill, 2004"),  # no parentheses around one citation
    }
    assert {r.type for r in found.annotation.relations} == {R.VERSION_OF, R.CITATION_OF}


def test_annotate_corpus_tells_faults_and_writes_nothing(corpus: Path, tmp_path: Path) -> None:
    lines, out = tmp_path / "sentences.txt", tmp_path / "labels.jsonl"
    lines.write_text(
        "P1:0-54\tWe drew a map.\nP9:0-5\tWe\nP1:55-65\t{a:Tool=It} rained.\n", encoding="utf-8"
    )
    code, told = _run("pack", corpus, lines, out)
    assert code == 1
    assert "line 1: the text was changed: 'We drew a map.'" in told
    assert "line 2 must begin with DOCUMENT:START-END and a TAB" in told
    assert "line 3: 'Tool' is not a valid EntityType" in told
    assert not out.exists()


def test_annotate_corpus_refuses_hosts_that_the_schema_does_not_allow() -> None:
    from_markup = runpy.run_path(str(SCRIPT))["from_markup"]
    document = Document("a", "Brookmap 2.1")
    with pytest.raises(ValueError, match="a Application can't be an attribute of a Version"):
        from_markup("{a:Application>b=Brookmap} {b:Version=2.1}", document, 0, 12)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{a:Application=Brookmap} {b:Version>c=2.1}", "0 marks are called 'c'"),
        ("{a:Application=Brookmap} {a:Version=2.1}", "2 marks are called 'a'"),
    ],
)
def test_annotate_corpus_refuses_hosts_that_are_not_told_apart(line: str, message: str) -> None:
    from_markup = runpy.run_path(str(SCRIPT))["from_markup"]
    with pytest.raises(ValueError, match=message):
        from_markup(line, Document("a", "Brookmap 2.1"), 0, 12)


def test_annotate_corpus_leaves_out_what_has_no_host(corpus: Path, tmp_path: Path) -> None:
    lines, out = tmp_path / "sentences.txt", tmp_path / "labels.jsonl"
    text = "We drew maps with Brookmap {b:Version=2.1} in Python (Hill, 2004)."
    lines.write_text(f"P1:0-54\t{text}\nP1:55-65\tIt rained.\n", encoding="utf-8")
    code, told = _run("pack", corpus, lines, out)
    assert code == 0
    assert "1 left out: a host stands elsewhere" in told
    assert [len(each) for each in read_standoff(out).values()] == [1]
