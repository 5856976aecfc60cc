import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from somex.app.cli.main import app
from somex.core import SomexError
from somex.readers.registry import get_format
from somex.readers.somd import read_somd_split
from somex.readers.somd_writer import write_submission_zip

TEXTS = ["We used Foo 2.1 by Acme .", "Bar ran well .", "Nothing here ."]
TAGS = ["O O B-Application B-Version O B-Developer O", "B-Application O O O", "O O O"]
RELATIONS = ["Version_of\t3\t2;Developer_of\t5\t2", "", ""]
TAGS_B = ["O O B-Application O O B-Developer O", "O O O O", "B-URL O O"]
RELATIONS_B = ["Developer_of\t5\t2", "", ""]


def write(folder: Path, **files: list[str]) -> Path:
    folder.mkdir()
    for name, lines in files.items():
        (folder / name.replace("__", ".")).write_text("".join(f"{line}\n" for line in lines))
    return folder


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return write(
        tmp_path / "gold",
        validation_texts__txt=TEXTS,
        validation__entities__labels__txt=TAGS,
        validation__relations__labels__txt=RELATIONS,
        test_texts__txt=TEXTS,
    )


@pytest.fixture
def perfect(tmp_path: Path) -> Path:
    return write(
        tmp_path / "perfect",
        predictions__entities__txt=TAGS,
        predictions__relations__txt=RELATIONS,
    )


@pytest.fixture
def partial(tmp_path: Path) -> Path:
    return write(
        tmp_path / "partial",
        predictions__entities__txt=TAGS_B,
        predictions__relations__txt=RELATIONS_B,
    )


def run(*args: object) -> str:
    result = CliRunner().invoke(app, ["evaluate", *map(str, args)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_cli_evaluate_scores_a_submission(gold: Path, partial: Path) -> None:
    scores = json.loads(run(gold, partial, "--split", "validation", "--json", "-"))
    # Application 1 of 2 found (F1 2/3), Version 0, Developer 1; Version_of 0, Developer_of 1.
    assert scores["ner"]["macro"]["f1"] == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert scores["re"]["macro"]["f1"] == pytest.approx(1 / 2)
    assert scores["total_macro_f1"] == pytest.approx((5 / 9 + 1 / 2) / 2)
    assert scores["ner"]["per_type"]["URL"]["in_macro"] is False
    assert (scores["n_documents"], scores["split"]) == (3, "validation")
    assert "bootstrap" not in scores
    assert "compare" not in scores


def test_cli_evaluate_prints_tables(gold: Path, partial: Path) -> None:
    output = run(gold, partial, "--split", "validation", "--bootstrap", "20")
    assert "Developer_of" in output
    assert "0.5278" in output
    assert "95% interval" in output
    assert "URL *" in output
    assert "not in macro" in output


def test_cli_evaluate_counts_mistakes(gold: Path, partial: Path) -> None:
    scores = json.loads(run(gold, partial, "--split", "validation", "--errors", "--json", "-"))
    mentions = scores["errors"]["mentions"]
    assert mentions["right"] == 2
    assert mentions["missed"] == {"Application": 1, "Version": 1}
    assert mentions["spurious"] == {"URL": 1}
    shown = run(gold, partial, "--split", "validation", "--errors", "--examples", "1")
    assert "3 mistakes in mentions, 2 right" in shown
    assert "spurious:" in shown
    assert "URL 'Nothing'" in shown


def test_cli_evaluate_reads_a_zip(gold: Path, perfect: Path, tmp_path: Path) -> None:
    write_submission_zip(read_somd_split(gold, "validation"), tmp_path / "sent.zip")
    scores = json.loads(run(gold, tmp_path / "sent.zip", "--split", "validation", "--json", "-"))
    assert scores["total_macro_f1"] == 1.0


def test_cli_evaluate_compares_two_predictions(
    gold: Path, perfect: Path, partial: Path, tmp_path: Path
) -> None:
    file = tmp_path / "deep" / "scores.json"
    output = run(
        gold, partial, "--split", "validation", "--compare", perfect, "--bootstrap", 50,
        "--json", file,
    )  # fmt: skip
    assert "Difference" in output
    scores = json.loads(file.read_text())
    compare = scores["compare"]
    assert compare["predicted"] == str(perfect)
    assert compare["total_macro_f1"] == 1.0
    assert compare["differences"]["total"]["difference"] == pytest.approx(
        1 - scores["total_macro_f1"]
    )
    assert compare["differences"]["re"]["n_resamples"] == 50
    assert scores["bootstrap"]["ner"]["point"] == pytest.approx(scores["ner"]["macro"]["f1"])


@pytest.mark.parametrize(("name", "file"), [("jsonl", "c.jsonl"), ("brat", "c")])
def test_cli_evaluate_reads_other_corpora(gold: Path, tmp_path: Path, name: str, file: str) -> None:
    documents = read_somd_split(gold, "validation")
    write_corpus = get_format(name).write
    assert write_corpus is not None
    write_corpus(documents, tmp_path / file)
    scores = json.loads(run(tmp_path / file, tmp_path / file, "--json", "-"))
    assert scores["total_macro_f1"] == 1.0
    assert scores["ner"]["per_type"]["Application"]["support"] == 2


def test_cli_evaluate_reads_a_split_as_prediction(gold: Path) -> None:
    assert json.loads(run(gold, gold, "--split", "validation", "--json", "-"))["n_documents"] == 3


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--split", "test"], "split 'test' has no gold labels here"),
        (["--split", "dev"], "unknown SOMD split 'dev'; valid: train, validation, test"),
        (["--split", "validation", "--format-gold", "brat"], "--format-gold is 'brat'"),
        (["--format-gold", "xml"], "unknown format 'xml'"),
    ],
)
def test_cli_evaluate_names_what_is_wrong(
    gold: Path, perfect: Path, args: list[str], message: str
) -> None:
    with pytest.raises(SomexError, match=message):
        run(gold, perfect, *args)


def test_cli_evaluate_fails_in_one_line(gold: Path, tmp_path: Path) -> None:
    script = "from somex.app.cli.main import run; run()"
    args = ["evaluate", gold.name, "none", "--split", "validation"]
    result = subprocess.run(
        [sys.executable, "-c", script, *args],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert result.returncode == 2
    assert "no such file or folder" in result.stderr
    assert "Traceback" not in result.stderr
