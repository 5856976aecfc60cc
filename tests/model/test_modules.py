from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from somex.core import ConfigError, LabeledDocument, ModelError
from somex.model.config import ModelConfig
from somex.model.examples import Example, build_examples
from somex.model.folder import read_pieces
from somex.model.inputs import collate
from somex.model.losses import ner_loss
from somex.model.modules import JointModel, TorchBatch, load_encoder
from somex.model.objective import task_losses
from somex.model.pairs import UnitMention, build_pairs
from somex.model.torch_backend import to_torch_batch, to_torch_pairs
from somex.model.torch_folder import load_tokenizer

CPU = torch.device("cpu")
ATOMS = ModelConfig("x")


@pytest.fixture(scope="module")
def examples(
    tiny_bert: Path,
    tiny_corpus: list[LabeledDocument],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Example]:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    load_tokenizer(str(tiny_bert)).save(str(path))
    pieces = read_pieces(path, max_pieces=256).encoder
    return [e for d in tiny_corpus for e in build_examples(d, pieces=pieces, config=ATOMS)]


def _model(encoder: Path, **options: object) -> JointModel:
    torch.manual_seed(5)
    config = ModelConfig(encoder=str(encoder), mention_dim=16, **options)  # type: ignore[arg-type]
    return JointModel.from_pretrained_encoder(config).eval()


def _batch(examples: list[Example]) -> TorchBatch:
    return to_torch_batch(collate([e.window for e in examples], pad_id=0), CPU)


def _piece_gradient(model: JointModel, batch: TorchBatch, loss_of) -> Tensor:  # type: ignore[no-untyped-def]
    """Return d loss / d last hidden state, (B, L)."""
    kept: list[Tensor] = []

    def hook(_module: object, _inputs: object, output):  # type: ignore[no-untyped-def]
        output.last_hidden_state.retain_grad()
        kept.append(output.last_hidden_state)

    handle = model.unit_encoder.encoder.register_forward_hook(hook)
    try:
        loss_of(model, batch).backward()
    finally:
        handle.remove()
    assert kept[0].grad is not None
    return kept[0].grad.abs().sum(-1)


@pytest.mark.parametrize("pooling", ["first", "ends"])
def test_modules_only_the_read_pieces_of_a_unit_bear_loss(
    tiny_bert: Path, examples: list[Example], pooling: str
) -> None:
    """Eq. 1: the other sub-words, the special pieces and the padding are masked."""
    model = _model(tiny_bert, pooling=pooling)
    batch = _batch(examples[:4])

    def loss(model: JointModel, batch: TorchBatch) -> Tensor:
        tags = torch.full(batch.unit_first.shape, -100)
        for row, example in enumerate(examples[:4]):
            tags[row, : len(example.tags)] = torch.tensor(example.tags)
        return ner_loss(model.encode(batch)[0], tags)

    gradient = _piece_gradient(model, batch, loss)
    read = torch.zeros_like(gradient, dtype=torch.bool)
    inner = 0
    for row, example in enumerate(examples[:4]):
        window = example.window
        read[row, list(window.unit_first)] = True
        if pooling == "ends":
            read[row, list(window.unit_last)] = True
        inner += sum(b - a for a, b in zip(window.unit_first, window.unit_last, strict=True))
    assert inner > 0
    assert (gradient[read] > 0).all()
    assert (gradient[~read] == 0).all()


def test_modules_pair_head_reads_only_the_two_mentions(tiny_bert: Path) -> None:
    """Eq. 2: the logits of a pair depend on the vectors of its two mentions alone."""
    model = _model(tiny_bert, relation_head="pair")
    units = torch.randn(1, 9, model.unit_encoder.width, requires_grad=True)
    from somex.core import EntityType

    row = [UnitMention(i, i + 1, EntityType.APPLICATION) for i in (1, 4, 7)]
    pairs = to_torch_pairs(build_pairs([row], relation_head="pair"), CPU)
    logits = model.relate(units, pairs)
    for index, (head, tail) in enumerate(
        zip(pairs.pair_head.tolist(), pairs.pair_tail.tolist(), strict=True)
    ):
        (gradient,) = torch.autograd.grad(logits[index].sum(), units, retain_graph=True)
        touched = gradient[0].abs().sum(-1).nonzero().flatten().tolist()
        assert touched == sorted((row[head].unit_start, row[tail].unit_start))


def test_modules_pair_head_tells_the_direction(tiny_bert: Path) -> None:
    from somex.core import EntityType

    model = _model(tiny_bert, relation_head="pair")
    row = [UnitMention(i, i + 1, EntityType.APPLICATION) for i in (0, 1)]
    pairs = to_torch_pairs(build_pairs([row], relation_head="pair"), CPU)
    logits = model.relate(torch.randn(1, 2, model.unit_encoder.width), pairs)
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)


@pytest.mark.parametrize("encoder", ["tiny_bert", "tiny_mpnet"])
def test_modules_shape_feature_starts_from_the_pretrained_output(
    encoder: str, examples: list[Example], request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(encoder)
    pad = load_encoder(str(folder)).config.pad_token_id
    batch = to_torch_batch(collate([e.window for e in examples[:4]], pad_id=pad), CPU)
    plain = _model(folder, shape_feature=False).unit_encoder(batch)
    shaped = _model(folder, shape_feature=True).unit_encoder(batch)
    width = plain.shape[-1]
    valid = torch.zeros(plain.shape[:2], dtype=torch.bool)
    for row, example in enumerate(examples[:4]):
        valid[row, : len(example.tags)] = True
    torch.testing.assert_close(shaped[..., :width][valid], plain[valid], atol=1e-5, rtol=1e-5)
    assert shaped.shape[-1] > width


def test_modules_shape_feature_tells_case_apart(tiny_bert: Path, examples: list[Example]) -> None:
    model = _model(tiny_bert)
    batch = _batch(examples[:1])
    lowered = dataclasses.replace(batch, unit_shapes=torch.ones_like(batch.unit_shapes))
    assert not torch.allclose(model.unit_encoder(batch), model.unit_encoder(lowered))


def _gradient_names(model: JointModel, loss: Tensor) -> set[str]:
    model.zero_grad()
    loss.backward(retain_graph=True)
    return {
        name
        for name, p in model.named_parameters()
        if p.grad is not None and float(p.grad.abs().sum()) > 0
    }


@pytest.mark.parametrize("head", ["pair", "host"])
def test_modules_joint_relation_loss_reaches_the_shared_encoder(
    tiny_bert: Path, examples: list[Example], head: str
) -> None:
    model = _model(tiny_bert, relation_head=head)
    ner, re, *_ = task_losses(model, examples[:4], task="joint", pad_id=0)
    reached = _gradient_names(model, re)
    assert "unit_encoder.encoder.embeddings.word_embeddings.weight" in reached
    assert not any(name.startswith("token_head") for name in reached)
    reached = _gradient_names(model, ner)
    assert "unit_encoder.encoder.embeddings.word_embeddings.weight" in reached
    assert not any(name.startswith("relation_head") for name in reached)


def test_modules_joint_loss_of_eq_3_is_the_weighted_sum(
    tiny_bert: Path, examples: list[Example]
) -> None:
    model = _model(tiny_bert, dropout=0.0)
    weight = 0.3
    gradients = []
    for pick in (lambda n, r: n, lambda n, r: r, lambda n, r: n + weight * r):
        ner, re, *_ = task_losses(model, examples[:4], task="joint", pad_id=0)
        model.zero_grad()
        pick(ner, re).backward()
        gradients.append(model.unit_encoder.shape_in.weight.grad.clone())  # type: ignore[union-attr]
    torch.testing.assert_close(gradients[2], gradients[0] + weight * gradients[1])


@pytest.mark.parametrize("head", ["pair", "host"])
def test_modules_disjoint_tasks_share_no_parameter(
    tiny_bert: Path, examples: list[Example], head: str
) -> None:
    model = _model(tiny_bert, encoders="separate", relation_head=head)
    ner = {name: id(p) for name, p in model.task_parameters("ner")}
    re = {name: id(p) for name, p in model.task_parameters("re")}
    assert not set(ner) & set(re)
    assert not set(ner.values()) & set(re.values())
    storages = [
        {p.untyped_storage().data_ptr() for _, p in model.task_parameters(t)} for t in ("ner", "re")
    ]
    assert not storages[0] & storages[1]
    assert set(ner) | set(re) == {name for name, _ in model.named_parameters()}
    loss, zero, *_ = task_losses(model, examples[:4], task="ner", pad_id=0)
    assert float(zero) == 0
    assert _gradient_names(model, loss) <= set(ner)
    zero, loss, *_ = task_losses(model, examples[:4], task="re", pad_id=0)
    assert float(zero) == 0
    assert _gradient_names(model, loss) <= set(re)


def test_modules_joint_task_trains_every_parameter(tiny_bert: Path) -> None:
    model = _model(tiny_bert)
    assert {n for n, _ in model.task_parameters("joint")} == {
        n for n, _ in model.named_parameters()
    }


def test_modules_separate_encoders_start_alike(tiny_bert: Path, examples: list[Example]) -> None:
    model = _model(tiny_bert, encoders="separate", shape_feature=False)
    batch = _batch(examples[:2])
    assert model.relation_encoder is not None
    torch.testing.assert_close(model.unit_encoder(batch), model.relation_encoder(batch))
    logits, units = model.encode(batch)
    torch.testing.assert_close(units, model.relation_encoder(batch))
    assert logits.shape == (2, batch.unit_first.shape[1], 29)


def test_modules_padding_does_not_change_a_sentence(
    tiny_bert: Path, examples: list[Example]
) -> None:
    model = _model(tiny_bert)
    order = sorted(examples, key=lambda e: len(e.tags))
    alone, _ = model.encode(_batch(order[:1]))
    padded, _ = model.encode(_batch([order[0], order[-1]]))
    n = len(order[0].tags)
    assert np.abs((alone[0, :n] - padded[0, :n]).detach().numpy()).max() < 1e-5


def test_load_encoder_of_an_unknown_name_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="encoder 'nobody/nothing' can't be loaded"):
        load_encoder("nobody/nothing")
    with pytest.raises(ModelError, match="can't be loaded"):
        load_encoder(str(tmp_path))
    with pytest.raises(ModelError, match="tokenizer of encoder 'nobody/nothing' can't be loaded"):
        load_tokenizer("nobody/nothing")


def test_reinit_layers_draws_the_last_layers_anew(tiny_bert: Path) -> None:
    before = _model(tiny_bert).unit_encoder.encoder.state_dict()
    after = _model(tiny_bert, reinit_layers=1).unit_encoder.encoder.state_dict()
    changed = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    n_layers = 1 + max(int(n.split(".")[2]) for n in before if n.startswith("encoder.layer."))
    last = f"encoder.layer.{n_layers - 1}."
    assert changed
    assert all(name.startswith(last) for name in changed)
    assert f"{last}attention.self.query.weight" in changed


def test_reinit_layers_wants_no_more_than_there_are(tiny_bert: Path) -> None:
    with pytest.raises(ConfigError, match="reinit_layers is 40; the encoder has 2 layers"):
        _model(tiny_bert, reinit_layers=40)
