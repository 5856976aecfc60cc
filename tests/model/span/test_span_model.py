"""The span model: its head, its loss, a tiny training, export, and that the types' texts matter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import tiny
import tiny_encoders
from somex.core import ConfigError, LabeledDocument, ModelError
from somex.core.schema import EntityType
from somex.decoding import DecodingConfig
from somex.model.config import ModelConfig, read_model_config
from somex.model.examples import Example, build_examples
from somex.model.export import export_model
from somex.model.families import find_family
from somex.model.folder import open_predictor, read_pieces
from somex.model.onnx_backend import OnnxBackend
from somex.model.span import objective
from somex.model.span.finder import open_finder
from somex.model.span.modules import SpanHead, SpanModel
from somex.model.span.options import SpanOptions
from somex.model.span.prompts import LABELS, Prompter
from somex.model.torch_backend import TorchBackend
from somex.model.torch_folder import load_model
from somex.recipe import DataConfig, Recipe, Source, TrainingConfig
from somex.training import Trainer

pytestmark = pytest.mark.filterwarnings("ignore")  # the tracer's

_E = EntityType
ASKED = (_E.APPLICATION, _E.VERSION, _E.DEVELOPER)
MARKED = (
    "We ran {Application|Glimmerfit} {Version|2.4} at night . => Version_of 1 0",
    "{Application|Tessarix} by {Developer|Orbital} drew maps . => Developer_of 1 0",
    "The {Application|Quill} tool {Version|11} counted leaves . => Version_of 1 0",
    "{Developer|Heron} wrote {Application|Brookstat} for us . => Developer_of 0 1",
    "Samples were kept at four degrees .",
    "All maps used {Application|Fernview} {Version|0.9} from {Developer|Heron} . "
    "=> Version_of 1 0 ; Developer_of 2 0",
    "{Application|Glimmerfit} of {Developer|Orbital} is free . => Developer_of 1 0",
    "Version {Version|2.4} of {Application|Quill} was read . => Version_of 0 1",
)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoders.write_encoder(tmp_path_factory.mktemp("bert"), "bert")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[LabeledDocument]:
    return tiny.read_marked(tmp_path_factory.mktemp("corpus"), MARKED)


def _trainer(
    encoder: Path, folder: Path, train: list[LabeledDocument], *, epochs: int, **options: object
) -> Trainer:
    settings = {"mention_dim": 16, "family": "span", "span": SpanOptions(max_width=4)} | options
    recipe = Recipe(
        "tiny",
        ModelConfig(encoder=str(encoder), **settings),  # type: ignore[arg-type]
        DataConfig(Source("unused")),
        TrainingConfig(epochs=epochs, batch_size=8, learning_rate=5e-3, precision="fp32"),
    )
    return Trainer(recipe, folder=folder, train=train, dev=[])


# --- the head


def _plain_scores(head: SpanHead, units: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Score spans one by one, as GLiNER's paper writes it (Eq. 1 and 2)."""
    starts, ends, types = head.start(units), head.end(units), head.label(labels)
    n, n_units = units.shape[:2]
    scores = torch.full((n, n_units, head.max_width, labels.shape[1]), float("nan"))
    for i in range(n_units):
        for k in range(min(head.max_width, n_units - i)):
            span = head.out(torch.cat([starts[:, i], ends[:, i + k]], dim=-1).relu())
            scores[:, i, k] = torch.einsum("bd,bcd->bc", span, types) + head.bias
    return scores


@pytest.mark.parametrize("options", [SpanOptions(3), SpanOptions(1), SpanOptions(6, width=8)])
def test_span_model_head_equals_the_plain_computation(options: SpanOptions) -> None:
    torch.manual_seed(2)
    head = SpanHead(12, options, 0.1).eval()
    units, labels = torch.randn(2, 5, 12), torch.randn(2, 3, 12)
    scores = head(units, labels, torch.tensor([5, 4]))
    if head.project is not None:
        units, labels = head.project(units), head.project(labels)
    plain = _plain_scores(head, units, labels)
    inside = ~plain.isnan()
    assert inside.sum() > 2 * 5 * 3 - 1
    assert torch.allclose(scores[inside], plain[inside], atol=1e-5)


def test_span_model_head_equals_the_gliner_package() -> None:
    span_rep = pytest.importorskip("gliner.modeling.span_rep", reason="extra gliner")
    torch.manual_seed(3)
    head = SpanHead(16, SpanOptions(max_width=4), 0.1).eval()
    theirs = span_rep.SpanMarkerV0(16, 4, 0.1).eval()
    theirs.project_start.load_state_dict(head.start.state_dict())
    theirs.project_end.load_state_dict(head.end.state_dict())
    theirs.out_project.load_state_dict(head.out.state_dict())
    units, labels = torch.randn(2, 7, 16), torch.randn(2, 3, 16)
    first = torch.arange(7).repeat_interleave(4)
    last = first + torch.arange(4).repeat(7)
    index = torch.stack([first, last.clamp(max=6)], dim=-1).expand(2, -1, -1)
    expected = torch.einsum("blkd,bcd->blkc", theirs(units, index), head.label(labels)) + head.bias
    inside = (last < 7).view(7, 4)
    scores = head(units, labels, torch.tensor([7, 7]))
    assert torch.allclose(scores[:, inside], expected[:, inside], atol=1e-5)


@pytest.mark.parametrize("width", [32, 128, 512])
def test_span_model_first_scores_are_neither_flat_nor_sure(width: int) -> None:
    torch.manual_seed(5)
    head = SpanHead(width, SpanOptions(max_width=3), 0.1).eval()
    units, labels = torch.randn(4, 20, width), torch.randn(4, 14, width)
    scores = head(units, labels, torch.full((4,), 20))[:, :18]
    assert 0.3 < (scores - head.bias).std().item() < 0.9


def test_span_model_lstm_does_not_read_the_padding() -> None:
    torch.manual_seed(4)
    head = SpanHead(8, SpanOptions(max_width=2, lstm=True), 0.1).eval()
    units, labels = torch.randn(2, 6, 8), torch.randn(2, 2, 8)
    padded = head(units, labels, torch.tensor([3, 6]))
    alone = head(units[:1, :3], labels[:1], torch.tensor([3]))
    assert torch.allclose(padded[:1, :2], alone[:, :2], atol=1e-5)


# --- the loss


def test_span_model_loss_counts_the_spans_within_the_sentence() -> None:
    scores = torch.randn(2, 3, 2, 2)
    gold, counts = torch.zeros_like(scores), torch.zeros_like(scores, dtype=torch.bool)
    gold[0, 1, 0, 1] = 1.0
    counts[0], counts[0, 2, 1] = True, False  # three units; none begins a span of two at the last
    counts[1, 0, 0, 0] = True  # one unit, one type
    losses = functional.binary_cross_entropy_with_logits(scores, gold, reduction="none")
    expected = (losses[0].sum() - losses[0, 2, 1].sum() + losses[1, 0, 0, 0]) / 4
    assert objective.span_loss(scores, gold, counts).item() == pytest.approx(expected.item())


def test_span_model_loss_of_a_batch_is_that_of_its_sentences(
    bert: Path, corpus: list[LabeledDocument], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Padding adds nothing, whatever types the neighbours are asked for."""
    trainer = _trainer(bert, tmp_path, corpus, epochs=1)
    trainer.model.eval()
    asked = {3: [_E.VERSION], 5: [_E.DEVELOPER, _E.APPLICATION, _E.URL]}

    def loss(*rows: int) -> float:
        queue = [asked[row] for row in rows]
        monkeypatch.setattr(objective, "draw_types", lambda drop: queue.pop(0))
        examples = [trainer.examples[row] for row in rows]
        found = trainer.family.task_losses(
            trainer.model, examples, task="ner", pieces=trainer.pieces
        )
        return float(found.ner)

    lengths = [len(trainer.examples[row].tags) for row in asked]
    mean = np.average([loss(row) for row in asked], weights=lengths)
    assert loss(*asked) == pytest.approx(mean, rel=1e-4)


def test_span_model_types_are_drawn_in_a_new_order() -> None:
    torch.manual_seed(1)
    draws = [objective.draw_types(0.0) for _ in range(3)]
    assert all(set(draw) == set(EntityType) for draw in draws)
    assert len({tuple(draw) for draw in draws}) == 3
    assert {len(objective.draw_types(0.9)) for _ in range(50)} <= set(range(1, 15))


def test_span_model_partial_labels_are_refused(
    bert: Path, corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    trainer = _trainer(bert, tmp_path, corpus, epochs=1)
    example = trainer.examples[0]
    partial = Example(example.window, (40,) * len(example.tags), (), ())
    with pytest.raises(ConfigError, match="softcite needs family: token"):
        trainer.family.task_losses(trainer.model, [partial], task="ner", pieces=trainer.pieces)


# --- training, saving, export


@pytest.mark.parametrize("encoders", ["shared", "separate"])
def test_span_model_trains_saves_exports_and_predicts(
    bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path, encoders: str
) -> None:
    trainer = _trainer(bert, tmp_path / "run", tiny_corpus, epochs=2, encoders=encoders)
    trainer.run()
    folder, onnx = tmp_path / "run" / "model", tmp_path / "onnx"
    assert read_model_config(folder).family == "span"
    loaded = load_model(folder)
    assert isinstance(loaded, SpanModel)
    export_model(folder, onnx, precision="fp32")
    # After four steps nothing is above one half, and it is chance whether there is any host.
    eager = DecodingConfig(lean=-20.0, drop_strays=False)
    documents = [labeled.document for labeled in tiny_corpus]
    here = open_predictor(folder, decoding=eager).annotate(documents)
    there = open_predictor(onnx, decoding=eager, n_threads=1).annotate(documents)
    assert sum(len(a.mentions) for a in here) > 5
    for one, other in zip(here, there, strict=True):
        assert [m.key for m in one.mentions] == [m.key for m in other.mentions]
        assert [(r.type, r.head.key, r.tail.key) for r in one.relations] == [
            (r.type, r.head.key, r.tail.key) for r in other.relations
        ]


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("kind", ["bert", "mpnet", "deberta-v3", "modernbert"])
def test_span_model_export_equals_torch_for_any_types(
    tiny_corpus: list[LabeledDocument], tmp_path: Path, kind: str, precision: str
) -> None:
    encoder = tiny_encoders.write_encoder(tmp_path / "encoder", kind)
    _trainer(encoder, tmp_path / "run", tiny_corpus, epochs=1).run()
    folder, onnx = tmp_path / "run" / "model", tmp_path / "onnx"
    export_model(folder, onnx, precision=precision)
    pieces = read_pieces(folder / "tokenizer.json", max_pieces=256)
    ours, exported = TorchBackend(load_model(folder)), OnnxBackend(onnx, n_threads=1)
    config = read_model_config(folder)
    windows = [
        example.window
        for labeled in tiny_corpus[:3]
        for example in build_examples(labeled, pieces=pieces.encoder, config=config)
    ]
    for labels in (["version"], ["a free name", "URL", "developer", "version", "release"]):
        batch = Prompter(pieces.tokenizer).collate(windows, [labels] * 3, pad_id=pieces.pad_id)
        scores, units = ours.encode(batch)
        others, other_units = exported.encode(batch)
        assert scores.shape == others.shape == (3, batch.n_units.max(), 4, len(labels))
        for row, n in enumerate(batch.n_units.tolist()):
            gap = np.abs(scores[row, : n - 3] - others[row, : n - 3])
            if precision == "fp32":
                assert gap.max() < 1e-4
                assert np.abs(units[row, :n] - other_units[row, :n]).max() < 1e-4
            else:
                assert gap.mean() < 0.2 * scores[row, : n - 3].std()


def test_span_model_with_an_lstm_is_not_exported(
    bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    options = SpanOptions(max_width=4, lstm=True)
    _trainer(bert, tmp_path / "run", tiny_corpus, epochs=1, span=options).run()
    with pytest.raises(ModelError, match=r"LSTM \(span\.lstm\) can't be exported"):
        export_model(tmp_path / "run" / "model", tmp_path / "onnx", precision="fp32")


def test_span_model_disjoint_stages_share_no_gradient(
    bert: Path, corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    trainer = _trainer(bert, tmp_path, corpus, epochs=1, encoders="separate")
    for task, other in (("ner", "re"), ("re", "ner")):
        trainer.model.zero_grad()
        losses = trainer.family.task_losses(
            trainer.model, trainer.examples, task=task, pieces=trainer.pieces
        )
        (losses.ner + losses.re).backward()  # type: ignore[no-untyped-call]
        own = [p for _, p in trainer.model.task_parameters(task)]
        foreign = [p for _, p in trainer.model.task_parameters(other)]
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in own)
        assert all(p.grad is None or not p.grad.abs().sum() for p in foreign)


# --- the types' texts matter


@pytest.fixture(scope="module")
def asked_model(
    bert: Path, corpus: list[LabeledDocument], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A model that learned three types, asked for one, two or three of them in any order."""
    folder = tmp_path_factory.mktemp("asked")

    def draw(_drop: float) -> list[EntityType]:
        order = torch.randperm(len(ASKED)).tolist()
        return [ASKED[i] for i in order[: int(torch.randint(1, 4, ()))]]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objective, "draw_types", draw)
        trainer = _trainer(bert, folder, corpus, epochs=200)
        for module in trainer.model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        trainer.run()
    return folder / "model"


Find = Callable[[str, list[str]], list[tuple[str, str]]]


@pytest.fixture(scope="module")
def find(asked_model: Path) -> Find:
    finder = open_finder(asked_model)

    def _find(text: str, labels: list[str]) -> list[tuple[str, str]]:
        return [(span.label, span.text) for span in finder.find(text, labels)]

    return _find


def test_span_model_finds_the_types_that_it_is_asked_for(
    find: Find, corpus: list[LabeledDocument]
) -> None:
    n_right = n_wrong = 0
    for labeled in corpus:
        text = labeled.document.text
        for kind in ASKED:
            gold = [
                (LABELS[kind], text[m.char_start : m.char_end])
                for m in labeled.annotation.mentions
                if m.type == kind
            ]
            found = find(text, [LABELS[kind]])
            n_right += sum(item in found for item in gold)
            n_wrong += len(set(found) ^ set(gold))
    n_mentions = sum(len(labeled.annotation.mentions) for labeled in corpus)
    assert n_right >= 0.9 * n_mentions
    assert n_wrong <= 0.2 * n_mentions


def test_span_model_answers_do_not_hang_on_the_order_of_the_types(
    find: Find, corpus: list[LabeledDocument]
) -> None:
    names = [LABELS[kind] for kind in ASKED]
    same = [
        find(labeled.document.text, names) == find(labeled.document.text, names[::-1])
        for labeled in corpus
    ]
    assert sum(same) >= len(same) - 1


def test_span_model_takes_types_that_it_never_saw(find: Find) -> None:
    text = "All maps used Fernview 0.9 from Heron ."
    for label, _ in find(text, ["laboratory", "version"]):
        assert label in ("laboratory", "version")
    assert ("version", "0.9") in find(text, ["version"])
    assert find(text, ["version"]) != find(text, ["developer"])


# --- the configuration


def test_span_model_configuration_is_checked_and_kept() -> None:
    config = ModelConfig("x", family="span", span=SpanOptions(max_width=9))
    assert config.to_json()["span"]["max_width"] == 9
    assert find_family(config) is not find_family(ModelConfig("x"))
    with pytest.raises(ConfigError, match="max_width is 0; valid: 1 to 64"):
        SpanOptions(max_width=0)
