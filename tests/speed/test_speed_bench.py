"""The speed bench: what it counts, and a whole run over a tiny model."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from somex.app.cli.main import app
from somex.core.errors import ConfigError, SomexError
from somex.core.types import Document, LabeledDocument
from somex.metrics import evaluate
from somex.model.folder import open_predictor
from somex.model.inputs import Batch
from somex.model.pairs import PairBatch
from somex.prefilter.features import N_BITS
from somex.prefilter.model import Linear, Prefilter, write_prefilter
from somex.readers.jsonl import write_jsonl
from somex.speed.backends import PairByPairBackend, Tally, TimedBackend
from somex.speed.bench import Measured, Sample, run_variants, summarise
from somex.speed.ceiling import Ceiling, measure_ceiling
from somex.speed.operations import EncoderSize
from somex.speed.worker import Spec

SIZE = EncoderSize(hidden=4, inner=8, layers=2)


def test_speed_operations_are_those_of_the_products() -> None:
    # a piece: 4 * 4 * 4 + 2 * 4 * 8 = 128 multiply-adds; attention: 2 * 4 a pair of pieces
    assert SIZE.operations([1]) == 2 * 2 * (128 + 8)
    assert SIZE.operations([3, 1]) == 2 * 2 * (3 * 128 + 9 * 8) + SIZE.operations([1])


def test_speed_ceiling_is_measured() -> None:
    ceiling = measure_ceiling(n_threads=1)
    assert min(ceiling.fp32, ceiling.int8, ceiling.copy) > 1e8


class _Backend:
    def __init__(self) -> None:
        self.n_pairs: list[int] = []

    def encode(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((2, 3, 29), np.float32), np.zeros((2, 3, 4), np.float32)

    def relate(self, units: np.ndarray, pairs: PairBatch) -> np.ndarray:
        self.n_pairs.append(len(pairs.pair_head))
        return np.stack([pairs.pair_head, pairs.pair_tail], axis=1).astype(np.float32)

    def tell_purposes(self, units: np.ndarray, mentions: object) -> np.ndarray:
        return np.ones((2, 4), np.float32)


def _pairs() -> PairBatch:
    numbers = np.arange(3)
    return PairBatch(numbers, numbers, numbers, numbers, numbers, numbers + 5, numbers, numbers)


def test_speed_naive_backend_asks_pair_by_pair_with_the_same_result() -> None:
    whole, naive = _Backend(), _Backend()
    units = np.zeros((2, 3, 4), np.float32)
    expected = whole.relate(units, _pairs())
    assert (PairByPairBackend(naive).relate(units, _pairs()) == expected).all()
    assert (whole.n_pairs, naive.n_pairs) == ([3], [1, 1, 1])


def test_speed_timed_backend_counts_pieces_and_padding() -> None:
    mask = np.array([[1, 1, 1], [1, 0, 0]])
    backend = TimedBackend(_Backend())
    backend.encode(Batch(mask, mask, mask, mask, mask, mask, np.array([3, 1])))
    backend.relate(np.zeros((2, 3, 4), np.float32), _pairs())
    tally = backend.tally
    assert (tally.lengths, tally.places) == ([3, 1], [6])
    stages = tally.stages()
    assert stages["encode"] > 0 < stages["relate"]


def test_speed_stages_count_a_moment_once_whatever_runs_in_it() -> None:
    tally = Tally(encodes=[(5.0, 7.0), (0.0, 2.0), (1.0, 3.0)], relates=[(2.5, 4.0), (6.0, 7.5)])
    assert tally.stages() == {"encode": 5.0, "relate": 1.5}


def _round(seconds: float) -> dict[str, object]:
    stages = {"segment": 0.1, "encode": seconds / 2, "relate": 0.0}
    return {
        "seconds": seconds,
        "stages": stages,
        "n_pieces": 4,
        "lengths": [3, 1],
        "padding_share": 0.25,
        "peak_rss_mb": 10 * seconds,
    }


def test_speed_summary_takes_ratios_round_by_round() -> None:
    measured = {
        "naive": Measured(1.0, [_round(4.0), _round(8.0), _round(6.0)]),
        "onnx-int8": Measured(0.5, [_round(1.0), _round(4.0), _round(2.0)]),
    }
    ceilings = [Ceiling(1000.0, 2000.0, 1.0), Ceiling(500.0, 4000.0, 1.0)]
    sizes = dict.fromkeys(measured, SIZE)
    rows = summarise(measured, ceilings, Sample(2, 6, 30), sizes)
    assert rows["naive"]["ratio_to_naive"] == 1.0
    int8 = rows["onnx-int8"]
    assert int8["ratio_to_naive"] == 3.0
    assert int8["ratio_to_naive_range"] == [2.0, 4.0]
    assert int8["sentences_per_second"] == 3.0
    assert int8["fraction_of_ceiling"] == SIZE.operations([3, 1]) / 1.0 / 4000.0
    assert int8["peak_rss_mb"] == 40.0
    assert int8["stages"]["decode and rest"] == pytest.approx(2.0 - 0.1 - 1.0)


@pytest.fixture
def models(tiny_model: Path, tmp_path: Path) -> Path:
    """The tiny model with a filter that passes every other thing."""
    folder = shutil.copytree(tiny_model.parent, tmp_path / "models")
    linear = Linear(np.zeros(1 << N_BITS, np.int8), 1.0, 0.0)
    write_prefilter(Prefilter(linear, linear, 1.0, 0.0, -1.0, {}), folder / "onnx")
    return folder


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    for i in range(3):
        (folder / f"p{i}.txt").write_text(f"Data were read with Quill {i}. The model ran twice.\n")
    return folder


def test_speed_bench_runs_every_way(models: Path, papers: Path, tmp_path: Path) -> None:
    arguments = ["bench", "speed", papers, "--model", models / "onnx", "--trained"]
    arguments += [models / "torch", "--fast", models / "onnx", "--rounds", "1", "--threads", "1"]
    arguments += ["--n-documents", "2", "--json", "-"]
    result = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    values = json.loads(result.stdout)
    assert values["sample"]["n_documents"] == 2
    assert values["sample"]["n_sentences"] == 4
    rows = values["variants"]
    ways = ["naive", "torch", "onnx-fp32", "onnx-int8", "cascade", "fast-int8", "fast-cascade"]
    if find_spec("gliner") is not None:
        ways.insert(2, "gliner")
        assert "f1" not in rows["gliner"]
    assert [*rows] == ways
    assert rows["torch"]["agreement_with_naive"] == {"ner_micro_f1": 1.0, "re_micro_f1": 1.0}
    for row in rows.values():
        assert row["ratio_to_naive"] > 0
        assert row["peak_rss_mb"] > 10
        assert 0 < row["fraction_of_ceiling"] < 2
    assert rows["naive"]["padding_share"] == 0.0


def test_speed_bench_without_weights_says_no_agreement(models: Path, papers: Path) -> None:
    arguments = ["bench", "speed", papers, "--model", models / "onnx", "--fast", "", "--json", "-"]
    arguments += ["--variants", "naive, onnx-int8", "--rounds", "1", "--threads", "1"]
    result = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    rows = json.loads(result.stdout)["variants"]
    assert [*rows] == ["naive", "onnx-int8"]
    assert "f1" not in rows["onnx-int8"]
    assert all("agreement_with_naive" not in row for row in rows.values())


def test_speed_bench_scores_against_gold(
    models: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    write_jsonl(tiny_corpus, tmp_path / "gold.jsonl")
    arguments = ["bench", "speed", tmp_path / "gold.jsonl", "--gold", "--model", models / "onnx"]
    arguments += ["--trained", models / "torch", "--fast", "", "--variants", "onnx-fp32,torch"]
    arguments += ["--rounds", "1", "--threads", "1", "--n-documents", "99", "--json", "-"]
    result = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    rows = json.loads(result.stdout)["variants"]
    gold = [LabeledDocument(Document(g.document.id, g.document.text)) for g in tiny_corpus]
    found = open_predictor(models / "onnx", n_threads=1).annotate([g.document for g in gold])
    report = evaluate(
        [LabeledDocument(g.document, t.annotation) for g, t in zip(gold, tiny_corpus, strict=True)],
        [LabeledDocument(g.document, a) for g, a in zip(gold, found, strict=True)],
    )
    expected = {"ner_micro_f1": report.ner.micro_f1, "re_micro_f1": report.re.micro_f1}
    assert rows["onnx-fp32"]["f1"] == rows["torch"]["f1"] == pytest.approx(expected)


def test_speed_bench_tells_what_it_can_not_run(models: Path, papers: Path, tmp_path: Path) -> None:
    arguments = ["bench", "speed", str(papers), "--model", str(models / "onnx")]
    with pytest.raises(ConfigError, match="--variants names 'cuda'; valid: naive, torch"):
        CliRunner().invoke(app, [*arguments, "--variants", "cuda"], catch_exceptions=False)
    shutil.rmtree(models / "onnx" / "encoder")
    with pytest.raises(ConfigError, match=r"encoder.config\.json is missing.*export again"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    spec = Spec("onnx-int8", str(tmp_path), str(tmp_path), str(tmp_path / "no.jsonl"), 1)
    with pytest.raises(SomexError, match=r"the process of variant onnx-int8 died: .*ModelError"):
        run_variants([spec], n_rounds=1, folder=tmp_path)
