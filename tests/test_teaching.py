"""Teachers: what they tell of a batch, what a student learns from them, and folds kept apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from somex.core import Annotation, ConfigError, LabeledDocument, ModelError
from somex.corpus import TrainingData
from somex.experiments import execute_on
from somex.model.export import export_model
from somex.model.losses import taught_host_loss, taught_pair_loss, taught_tag_loss
from somex.model.pairs import build_pairs
from somex.model.torch_backend import to_torch_pairs
from somex.model_card import build_card, render_card
from somex.model_registry import find_model
from somex.recipe import Recipe
from somex.teaching import TEACHERS_FILE, for_fold
from somex.training import Trainer
from training_items import SEPARATE, make_recipe, make_trainer

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def teacher(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("teacher")
    recipe = make_recipe(tiny_bert, epochs=60, learning_rate=5e-3)
    make_trainer(recipe, folder, tiny_corpus).run()
    return folder / "model"


def _bare(documents: list[LabeledDocument]) -> list[LabeledDocument]:
    return [LabeledDocument(d.document, Annotation()) for d in documents]


def _student(encoder: Path, teacher: Path, **options: object) -> Recipe:
    return make_recipe(encoder, model={}, teachers=(str(teacher),), **options)


# --- losses


def test_taught_tag_loss_is_the_divergence_of_the_known_units() -> None:
    logits = torch.tensor([[[2.0, 1.0], [3.0, 0.0]]])
    taught = torch.tensor([[[0.25, 0.75], [0.5, 0.5]]])
    probs = logits[0, 0].softmax(-1)
    expected = 0.25 * torch.log(0.25 / probs[0]) + 0.75 * torch.log(0.75 / probs[1])
    known = torch.tensor([[True, False]])
    loss = taught_tag_loss(logits, [taught.log()], known)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)
    same = taught_tag_loss(taught.log(), [taught.log()], torch.tensor([[True, True]]))
    assert same.item() == pytest.approx(0.0, abs=1e-6)


def test_taught_pair_loss_learns_from_the_mean_of_the_teachers() -> None:
    sure, other = torch.tensor([[9.0, 0.0, 0.0]]), torch.tensor([[0.0, 9.0, 0.0]])
    mean = ((sure.softmax(-1) + other.softmax(-1)) / 2).log()
    assert taught_pair_loss(mean, [sure, other]).item() == pytest.approx(0.0, abs=1e-6)
    assert taught_pair_loss(sure, [sure, other]).item() > 1.0


def _host_terms(logits: np.ndarray, pairs: list[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """Return the chance of each pair among those of its head, one by one."""
    mass: dict[int, float] = {}
    for (head, _), row in zip(pairs, logits, strict=True):
        mass[head] = mass.get(head, 0.0) + float(np.exp(row[0]))
    return {p: float(np.exp(row[0])) / mass[p[0]] for p, row in zip(pairs, logits, strict=True)}


def test_taught_host_loss_equals_the_plain_sum(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    examples = make_trainer(make_recipe(tiny_bert), tmp_path, tiny_corpus).examples
    batch = build_pairs([e.mentions for e in examples[:6]], relation_head="host")
    pairs = list(zip(batch.pair_head.tolist(), batch.pair_tail.tolist(), strict=True))
    rng = np.random.default_rng(3)
    own, theirs = rng.normal(size=(2, len(pairs), 12)).astype(np.float32)
    own[:, 1:] = theirs[:, 1:]  # labels agree: what is left is the choice of a host
    p, q = _host_terms(theirs, pairs), _host_terms(own, pairs)
    plain = sum(p[k] * np.log(p[k] / q[k]) for k in pairs) / len({head for head, _ in pairs})
    tensors = to_torch_pairs(batch, torch.device("cpu"))
    loss = taught_host_loss(torch.from_numpy(own), [torch.from_numpy(theirs)], tensors)
    assert loss.item() == pytest.approx(plain, rel=1e-4)
    theirs[:, 1:] *= 3.0
    worse = taught_host_loss(torch.from_numpy(own), [torch.from_numpy(theirs)], tensors)
    assert worse.item() > loss.item() + 0.01  # where two labels are allowed


# --- what teachers see and tell


def test_teachers_read_the_same_units_with_their_own_pieces(
    tiny_mpnet: Path, teacher: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    trainer = make_trainer(_student(tiny_mpnet, teacher), tmp_path, tiny_corpus)
    assert trainer.examples
    for example in trainer.examples:
        (view,) = example.views
        assert view.units == example.window.units
        assert view.piece_ids != example.window.piece_ids


def test_teachers_with_the_same_pieces_share_the_window(
    tiny_bert: Path, teacher: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    trainer = make_trainer(_student(tiny_bert, teacher), tmp_path, tiny_corpus)
    assert all(example.views[0] is example.window for example in trainer.examples)


def test_teachers_are_silent_on_what_they_cut_otherwise(
    tiny_bert: Path, teacher: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    recipe = _student(tiny_bert, teacher)
    recipe = replace(recipe, model=replace(recipe.model, max_pieces=24))
    trainer = make_trainer(recipe, tmp_path, tiny_corpus)
    cut = [e for e in trainer.examples if not e.views]
    whole = [e for e in trainer.examples if e.views]
    assert cut
    assert whole
    assert trainer.teachers.teach(cut) is None
    lessons = trainer.teachers.teach([cut[0], whole[0]])
    assert lessons is not None
    assert lessons.rows.tolist() == [1]


# --- what a student learns


@pytest.mark.parametrize("model", [{}, SEPARATE], ids=["joint", "disjoint"])
def test_student_learns_the_teachers_tags_without_gold(
    tiny_mpnet: Path,
    teacher: Path,
    tiny_corpus: list[LabeledDocument],
    tmp_path: Path,
    model: dict[str, object],
) -> None:
    scores = []
    for weight in (0.0, 30.0):
        options: dict[str, object] = {"epochs": 30, "learning_rate": 5e-3, "teacher_weight": weight}
        recipe = _student(tiny_mpnet, teacher, **options)
        recipe = replace(recipe, model=replace(recipe.model, **model))  # type: ignore[arg-type]
        trainer = make_trainer(recipe, tmp_path / str(weight), _bare(tiny_corpus))
        trainer.run()
        scores.append(trainer.score(tiny_corpus).ner.micro_f1)
    assert scores[0] == 0.0
    assert scores[1] > 0.8


def _without_relations(documents: list[LabeledDocument]) -> list[LabeledDocument]:
    return [replace(d, annotation=replace(d.annotation, relations=())) for d in documents]


def test_student_learns_the_teachers_relations_without_gold(
    tiny_mpnet: Path, teacher: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    scores = []
    for weight in (0.0, 30.0):
        options: dict[str, object] = {"epochs": 40, "learning_rate": 5e-3, "teacher_weight": weight}
        recipe = _student(tiny_mpnet, teacher, **options)
        trainer = make_trainer(recipe, tmp_path / str(weight), _without_relations(tiny_corpus))
        trainer.run()
        scores.append(trainer.score(tiny_corpus).re.micro_f1)
    assert scores[1] > scores[0] + 0.2


def test_student_learns_from_an_exported_teacher(
    tiny_bert: Path, teacher: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    export_model(teacher, tmp_path / "onnx", precision="fp32")
    told = []
    for folder in (teacher, tmp_path / "onnx"):
        trainer = make_trainer(_student(tiny_bert, folder), tmp_path / folder.name, tiny_corpus)
        lessons = trainer.teachers.teach(trainer.examples[:5])
        assert lessons is not None
        told.append(lessons)
    assert np.allclose(told[0].tags[0], told[1].tags[0], atol=1e-3)
    assert np.allclose(told[0].pair_logits[0], told[1].pair_logits[0], atol=1e-3)


# --- what is refused


def test_teacher_of_another_kind_is_refused(
    tiny_bert: Path, teacher: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    recipe = _student(tiny_bert, teacher)
    recipe = replace(recipe, model=replace(recipe.model, relation_head="pair"))
    with pytest.raises(ConfigError, match="relation_head: host, the recipe relation_head: pair"):
        make_trainer(recipe, tmp_path, tiny_corpus)
    with pytest.raises(ModelError, match="nowhere"):
        make_trainer(make_recipe(tiny_bert, teachers=("nowhere",)), tmp_path, tiny_corpus)
    with pytest.raises(ConfigError, match="teachers are for the family token"):
        make_recipe(tiny_bert, model={"family": "span"}, teachers=("any",))


def test_teacher_of_a_fold_must_be_the_folds_own(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    recipe = make_recipe(tiny_bert, teachers=("runs/fold-{fold}-seed-1/model",))
    assert for_fold(recipe, 2).training.teachers == ("runs/fold-2-seed-1/model",)
    data = TrainingData(tiny_corpus[4:], [], tiny_corpus[:4])
    leaky = make_recipe(tiny_bert, teachers=("mpnet-joint",))
    with pytest.raises(ConfigError, match="'mpnet-joint' may have learned from the held-out fold"):
        execute_on(leaky, data, place=tmp_path, facts={}, held_out=0)


def test_run_tells_its_teachers_and_does_not_go_on_with_others(
    tiny_bert: Path, teacher: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    place, recipe = tmp_path / "run", _student(tiny_bert, teacher, epochs=1)
    data = TrainingData(tiny_corpus, [], [])
    execute_on(recipe, data, place=place, facts={})
    print_of_it = find_model(teacher).fingerprint
    assert json.loads((place / TEACHERS_FILE).read_text("utf-8")) == {str(teacher): print_of_it}
    card = build_card("student", run_folder=place, scores={})
    assert f"- teacher: {teacher}, fingerprint {print_of_it}" in render_card(card)
    (place / TEACHERS_FILE).write_text('{"other": "0"}', encoding="utf-8")
    with pytest.raises(ConfigError, match="can't resume, the teachers are others"):
        execute_on(recipe, data, place=place, facts={}, resume=True)


def test_trainer_without_teachers_has_no_lessons(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    trainer: Trainer = make_trainer(make_recipe(tiny_bert), tmp_path, tiny_corpus)
    assert trainer.teachers.teach(trainer.examples) is None
