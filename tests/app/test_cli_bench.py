from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

import tiny
from somex.app.cli.main import app
from somex.core import Annotation, ConfigError, Document, EntityType, LabeledDocument, Mention
from somex.core.types import Sentence
from somex.corpus import bucket_of
from somex.ood_bench import all_sets
from somex.readers.brat import write_brat
from somex.readers.registry import read_corpus
from somex.standoff import to_entry, write_standoff

NOTHING = Annotation.build([], [])
TEI = """\
<teiCorpus xmlns="http://www.tei-c.org/ns/1.0">
<tei><teiHeader><fileDesc xml:id="PMC7"/></teiHeader><text><body><p>We used
<rs id="s1" type="software">Glimmerfit</rs> <rs type="version" corresp="#s1">2.4</rs>.</p></body>
</text></tei>
<tei><teiHeader><fileDesc xml:id="PMC8"/></teiHeader><text><body><p>Nothing ran.</p></body></text>
</tei>
<tei><teiHeader><fileDesc xml:id="10.99%2Fa"/></teiHeader><text><body><p>All was done in
<rs id="s1" type="software">Quill</rs>.</p></body></text></tei>
</teiCorpus>
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with tiny namesakes of SoMeSci and softcite."""
    folder = tmp_path / "data"
    documents = []
    for index, name in enumerate(("Creation_sentences", "Pubmed_fulltext", "PLoS_methods")):
        text = " ".join(tiny.parse_marked(tiny.MARKED[index])[0]) + " We used Wrenware there."
        mention = Mention(EntityType.APPLICATION, start := text.index("Wrenware"), start + 8)
        document = Document(f"{name}/a", text)
        documents.append(LabeledDocument(document, Annotation.build([mention])))
    write_brat(documents, folder / "somesci")
    (folder / "softcite").mkdir()
    (folder / "softcite" / "softcite-working.tei.xml").write_text(TEI, encoding="utf-8")
    return folder


@pytest.fixture
def recipe(tmp_path: Path, somd_folder: Path, tiny_bert: Path) -> Path:
    values = {
        "name": "tiny",
        "model": {"encoder": str(tiny_bert), "mention_dim": 16, "max_pieces": 128},
        "data": {"train": {"path": str(somd_folder), "format": "somd"}, "dev_fraction": 0.0},
        "training": {"epochs": 1, "batch_size": 8},
    }
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def invoke(*args: object) -> Result:
    arguments = ["bench", "ood", *map(str, args), "--threads", "1"]
    result = CliRunner(env={"SOMEX_DATA": ""}).invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def train(recipe: Path, data: Path, *args: object) -> dict[str, Any]:
    out = recipe.parent / "ood"
    invoke(recipe, "--data", data, "--out", out, *args)
    found: dict[str, Any] = json.loads((out / "results.json").read_text("utf-8"))
    return found


def test_cli_bench_ood_trains_a_model_a_split_and_scores_all_sets(recipe: Path, data: Path) -> None:
    results = train(recipe, data)
    rows = {row["name"]: row for row in results["rows"]}
    assert list(rows) == all_sets()
    assert results["recipe"]["name"] == "tiny"
    assert rows["fold"]["difference"] == 0.0
    assert rows["softcite-biomedicine"]["n_documents"] == 2
    assert rows["softcite-economics"]["difference"] is None
    assert rows["punctuation"]["n_documents"] == rows["fold"]["n_documents"]
    assert rows["lower-case"]["mean"]["n_changed"] == rows["fold"]["n_documents"]
    assert rows["unseen-names"]["mean"]["n_held_out_names"] > 0
    for row in rows.values():
        scores = [row["mean"][key] for key in ("total", "ner", "re", "names")]
        assert all(0.0 <= score <= 1.0 for score in scores)
        assert row["std"]["total"] == 0.0
    assert len(results["trained_on"]) == 5
    assert results["trained_on"]["subset-pubmed-seed-1"]["test"]["n_sentences"] == 1


def test_cli_bench_ood_takes_mean_and_deviation_over_seeds(recipe: Path, data: Path) -> None:
    results = train(recipe, data, "--splits", "resolver-urls,softcite", "--seeds", "1,2")
    assert sorted(results["trained_on"]) == ["fold-seed-1", "fold-seed-2"]
    names = ["fold", "resolver-urls", "softcite-biomedicine", "softcite-economics"]
    assert [row["name"] for row in results["rows"]] == names
    for row in results["rows"]:
        totals = [run["total"] for run in row["runs"]]
        assert len(totals) == 2
        assert row["mean"]["total"] == pytest.approx(sum(totals) / 2)


def test_cli_bench_ood_resume_keeps_finished_runs_and_adds_sets(recipe: Path, data: Path) -> None:
    first = train(recipe, data, "--splits", "fold")
    weights = recipe.parent / "ood" / "fold-seed-1" / "model" / "model.safetensors"
    before = weights.stat().st_mtime_ns
    more = train(recipe, data, "--splits", "fold,lower-case,subset-creation", "--resume")
    assert weights.stat().st_mtime_ns == before
    assert [row["name"] for row in more["rows"]] == ["fold", "subset-creation", "lower-case"]
    assert more["rows"][0] == first["rows"][0]
    train(recipe, data, "--splits", "fold")
    assert weights.stat().st_mtime_ns > before


def test_cli_bench_ood_scores_a_ready_model_without_training(
    tiny_model: Path, somd_folder: Path, data: Path, tmp_path: Path
) -> None:
    target = tmp_path / "rows.json"
    options = ("--corpus", somd_folder, "--split", "train", "--data", data, "--json", target)
    result = invoke("--model", tiny_model, *options)
    assert "splits that hold something out of training need a recipe" in result.stdout
    assert "changed_before" in result.stdout
    assert "…" not in result.stdout  # the table is as wide as it must be
    results = json.loads(target.read_text("utf-8"))
    rows = {row["name"]: row for row in results["rows"]}
    assert list(rows) == ["plain", *(name for name in all_sets() if name in rows)]
    assert {"punctuation", "citation-style", "softcite-biomedicine"} < rows.keys()
    assert "fold" not in rows
    assert rows["plain"]["n_documents"] == len(tiny.MARKED)
    assert rows["plain"]["difference"] == 0.0
    assert results["model"]["name"] == tiny_model.name


def test_cli_bench_ood_counts_and_draws_the_mistakes(
    tiny_model: Path, somd_folder: Path, data: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    target, pictures = tmp_path / "rows.json", tmp_path / "pictures"
    options = ("--corpus", somd_folder, "--split", "train", "--json", target, "--errors")
    result = invoke("--model", tiny_model, "--data", data, *options, "--plots", pictures)
    assert "Mistakes in mentions" in result.stdout
    assert "Mistakes in relations" in result.stdout
    rows = {row["name"]: row["mean"] for row in json.loads(target.read_text("utf-8"))["rows"]}
    assert rows["plain"]["mentions/gold"] == "".join(tiny.MARKED).count("{")
    assert rows["softcite-biomedicine"]["mentions/gold"] == 2  # in its terms: name and version
    for mean in rows.values():
        of_gold = ("right", "type", "nested", "boundary", "missed")
        assert sum(mean[f"mentions/{each}"] for each in of_gold) == mean["mentions/gold"]
    picture = (pictures / "mistakes.svg").read_text("utf-8")
    assert all(f"<!-- {name} -->" in picture for name in (*rows, "boundary", "wrong host"))


def test_cli_bench_ood_limits_softcite_and_prints_json(tiny_model: Path, data: Path) -> None:
    options = ("--softcite-limit", 1, "--splits", "softcite", "--json", "-")
    result = invoke("--model", tiny_model, "--data", data, *options)
    rows = json.loads(result.stdout)["rows"]
    assert [(row["name"], row["n_documents"]) for row in rows] == [
        ("softcite-biomedicine", 1),
        ("softcite-economics", 1),
    ]


def test_cli_bench_ood_scores_a_corpus_alone(tiny_model: Path, somd_folder: Path) -> None:
    options = ("--corpus", somd_folder, "--split", "train", "--json", "-")
    rows = json.loads(invoke("--model", tiny_model, *options).stdout)["rows"]
    assert [row["name"] for row in rows][:2] == ["plain", "punctuation"]
    assert not any(row["name"].startswith("softcite") for row in rows)


def test_cli_bench_ood_scores_a_corpus_by_other_labels(
    tiny_model: Path, data: Path, tmp_path: Path
) -> None:
    corpus = data / "softcite" / "softcite-working.tei.xml"
    first = next(iter(read_corpus(corpus)))
    part = LabeledDocument(Document("PMC7#0", first.document.text, (Sentence(0, 23),)), NOTHING)
    write_standoff({"PMC7": [to_entry(part)]}, labels := tmp_path / "labels.jsonl")
    options = ("--corpus", corpus, "--annotations", labels, "--splits", "lower-case", "--json", "-")
    rows = json.loads(invoke("--model", tiny_model, *options).stdout)["rows"]
    assert [(row["name"], row["n_documents"]) for row in rows] == [("plain", 1), ("lower-case", 1)]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "give either a recipe, which is trained, or --model, which is not"),
        (["r.yaml", "--model", "m"], "give either a recipe"),
        (["r.yaml", "--splits", "folds"], "unknown test set 'folds'; valid: fold, subset-creation"),
        (["r.yaml", "--corpus", "c"], "--corpus can't go with a recipe"),
        (["--model", "m", "--seeds", "1", "--resume"], "--seeds, --resume can't go with --model"),
        (["--model", "m", "--splits", "fold"], "fold must be held out of training and so need"),
        (["--model", "m", "--splits", "punctuation"], "perturbed texts need --corpus"),
        (["--model", "m"], "there is nothing to score on; give --corpus or --data"),
        (["--model", "m", "--corpus", "/gone"], "source /gone does not exist"),
        (["--model", "m", "--annotations", "a"], "--annotations can't go with no --corpus"),
    ],
)
def test_cli_bench_ood_errors_name_what_is_valid(args: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        invoke(*args)


def test_cli_bench_ood_says_which_corpus_is_missing(recipe: Path, data: Path) -> None:
    with pytest.raises(ConfigError, match="split subset-creation needs SoMeSci"):
        train(recipe, data / "nowhere", "--splits", "subset-creation")
    with pytest.raises(ConfigError, match=r"softcite-biomedicine needs .*tei\.xml, which is not"):
        train(recipe, data / "nowhere", "--splits", "softcite")
    assert not (recipe.parent / "ood").exists()


def _with_softcite(recipe: Path, data: Path, **source: object) -> None:
    """Let the recipe train on softcite with a head of its own."""
    values = yaml.safe_load(recipe.read_text())
    path = data / "softcite" / "softcite-working.tei.xml"
    extra = {"path": str(path), "format": "softcite", "labels": "softcite", **source}
    values["model"]["softcite_head"] = True
    values["data"]["extra"] = [extra]
    recipe.write_text(yaml.safe_dump(values))


def test_cli_bench_ood_tests_softcite_on_what_the_recipe_leaves_out(
    recipe: Path, data: Path
) -> None:
    fifth = bucket_of("PMC7", 5)
    _with_softcite(recipe, data, without_fifth=fifth)
    results = train(recipe, data, "--splits", "softcite-biomedicine")
    rows = {row["name"]: row for row in results["rows"]}
    assert list(rows) == ["fold", "softcite-biomedicine", "softcite-biomedicine-own-head"]
    n_held = sum(bucket_of(id, 5) == fifth for id in ("PMC7", "PMC8"))
    assert rows["softcite-biomedicine"]["n_documents"] == n_held
    assert rows["softcite-biomedicine-own-head"]["n_documents"] == n_held
    assert rows["softcite-biomedicine-own-head"]["difference"] is None
    model = recipe.parent / "ood" / "fold-seed-1" / "model"
    options = ("--data", data, "--splits", "softcite-biomedicine", "--json", "-")
    ready = json.loads(invoke("--model", model, "--softcite-fifth", fifth, *options).stdout)
    assert [(r["name"], r["runs"]) for r in ready["rows"]] == [
        (name, rows[name]["runs"]) for name in list(rows)[1:]
    ]


def test_cli_bench_ood_refuses_softcite_that_was_trained_on(recipe: Path, data: Path) -> None:
    for labels in ("softcite", "full"):
        _with_softcite(recipe, data, labels=labels)
        with pytest.raises(ConfigError, match=r"recipe trains on softcite; .* set without_fifth"):
            train(recipe, data, "--splits", "softcite")


def test_cli_bench_ood_takes_a_fifth_with_a_model_only(recipe: Path, data: Path) -> None:
    with pytest.raises(ConfigError, match="--softcite-fifth can't go with a recipe"):
        train(recipe, data, "--softcite-fifth", "1")
