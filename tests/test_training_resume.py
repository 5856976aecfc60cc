from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from somex import training
from somex.core import LabeledDocument
from somex.recipe import Recipe
from somex.training import Progress
from training_items import (
    SEPARATE,
    Record,
    assert_same,
    make_recipe,
    make_trainer,
    weights_of,
)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


class _Stop(Exception):
    pass


def _stop_at(place: int) -> Record:
    """A listener that ends the run at its n-th message, step or epoch."""
    left = iter(range(place, -1, -1))

    def hear(*_: object) -> None:
        if next(left) == 0:
            raise _Stop

    return Record(at_step=hear, at_epoch=hear)


RESUME: dict[str, dict[str, object]] = {
    "joint": {"model": {}},
    "joint-ema": {"model": {"relation_head": "pair"}, "ema_decay": 0.9, "accumulation": 2},
    "disjoint": {"model": SEPARATE},
}


@pytest.mark.parametrize("kind", RESUME)
def test_training_resumes_bit_for_bit_wherever_it_stops(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path, kind: str
) -> None:
    recipe = make_recipe(
        tiny_bert, epochs=2, batch_size=2, checkpoint_steps=3, learning_rate=1e-3, **RESUME[kind]
    )  # type: ignore[arg-type]
    train, dev = tiny_corpus[:10], tiny_corpus[10:]
    record = Record()
    whole = make_trainer(recipe, tmp_path / "whole", train, dev, record)
    expected = weights_of(whole.run())
    n_messages = len(record.steps) + len(record.epochs)
    history = (tmp_path / "whole" / "history.json").read_bytes()
    for place in range(0, n_messages):
        folder = tmp_path / str(place)
        with pytest.raises(_Stop):
            make_trainer(recipe, folder, train, dev, _stop_at(place)).run()
        resumed = make_trainer(recipe, folder, train, dev)
        assert_same(weights_of(resumed.run(resume=True)), expected)
        assert (folder / "history.json").read_bytes() == history
    again = make_trainer(recipe, tmp_path / "whole", train, dev, record)
    n_steps = len(record.steps)
    assert_same(weights_of(again.run(resume=True)), expected)
    assert len(record.steps) == n_steps  # a finished run is not run again


_CHILD = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
import test_training_resume as t
from somex.training import Listener, Trainer
import tiny
corpus = tiny.read_marked(Path({folder!r}) / "corpus")
class Say(Listener):
    def on_step(self, progress):
        print(progress.stage, progress.step, flush=True)
Trainer(
    t.kill_recipe(Path({encoder!r}), {kind!r}),
    folder=Path({folder!r}) / "run", train=corpus, dev=[], listener=Say(),
).run()
print("finished", flush=True)
"""


def kill_recipe(encoder: Path, kind: str) -> Recipe:
    """The recipe of the killed child."""
    return make_recipe(
        encoder, epochs=3, batch_size=2, checkpoint_steps=3, learning_rate=1e-3, **RESUME[kind]
    )  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["joint", "disjoint"])
def test_training_resumes_bit_for_bit_after_sigkill(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path, kind: str
) -> None:
    code = _CHILD.format(
        tests=str(Path(__file__).parent), folder=str(tmp_path), encoder=str(tiny_bert), kind=kind
    )
    n_lines = random.randrange(4, 20)
    print("killed after step", n_lines)
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for _ in range(n_lines):
        assert child.stdout.readline() != "finished\n"
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()
    assert (tmp_path / "run" / "state.pt").is_file()
    assert not (tmp_path / "run" / "model").exists()
    recipe = kill_recipe(tiny_bert, kind)
    resumed = make_trainer(recipe, tmp_path / "run", tiny_corpus).run(resume=True)
    whole = make_trainer(recipe, tmp_path / "whole", tiny_corpus).run()
    assert_same(weights_of(resumed), weights_of(whole))


def test_checkpoints_are_written_by_the_clock(
    tiny_bert: Path,
    tiny_corpus: list[LabeledDocument],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    written: list[float] = []

    def pass_time(_: Progress) -> None:
        nonlocal now
        now += 10  # a step takes ten seconds

    monkeypatch.setattr(training.time, "monotonic", lambda: now)
    monkeypatch.setattr(training, "save_state", lambda state, folder: written.append(now))
    recipe = make_recipe(tiny_bert, epochs=2, batch_size=2, checkpoint_seconds=25)
    make_trainer(recipe, tmp_path, tiny_corpus[:14], listener=Record(at_step=pass_time)).run()
    # seven steps an epoch, at whose end there is one as well
    assert written == [30, 60, 70, 100, 130, 140]


def test_training_without_resume_starts_anew(
    tiny_bert: Path, tiny_corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    recipe = make_recipe(tiny_bert, epochs=1)
    first, second = Record(), Record()
    make_trainer(recipe, tmp_path, tiny_corpus, listener=first).run()
    make_trainer(recipe, tmp_path, tiny_corpus, listener=second).run()
    assert first.steps == second.steps
    assert len(first.steps) == 4
