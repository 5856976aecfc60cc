from __future__ import annotations

import pytest

import somex
from somex.core.types import Document
from somex.model.folder import count_cores
from somex.models import mpnet_joint
from somex.service.engine import Engine, Options, StoppedError

needs_model = pytest.mark.skipif(
    not (mpnet_joint() / "encode.onnx").is_file(),
    reason=f"the embedded model is not in {mpnet_joint()}",
)
TEXT = "We used SPSS version 25 (IBM Corp.). Plots came from ggplot2 in R 4.1. It rained."


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@needs_model
def test_engine_finds_what_load_finds_whatever_else_is_asked_for(engine: Engine) -> None:
    expected = somex.load().extract(TEXT)
    others = [Document(str(n), f"{TEXT} Group {n} used ImageJ {n}.2.") for n in range(5)]
    found = engine.annotate([*others[:2], Document("text", TEXT), *others[2:]], Options())
    assert found[2] == expected
    assert expected.annotation.relations


@needs_model
def test_engine_takes_options_of_each_call(engine: Engine) -> None:
    document = Document("text", TEXT)
    (all_of_them,) = engine.annotate([document], Options())
    confidences = sorted(m.confidence for m in all_of_them.annotation.mentions)
    least = (confidences[1] + confidences[2]) / 2
    (sure,) = engine.annotate([document], Options(min_confidence=least))
    kept = [m.confidence for m in sure.annotation.mentions]
    assert kept  # attributes of what is left out are left out too
    assert min(kept) >= least
    (none,) = engine.annotate([document], Options(lean=20.0))
    assert none.annotation.mentions == ()
    assert engine.describe(Options(0.5, 1.0))["lean"] == 1.0
    assert engine.annotate([document], Options()) == [all_of_them]


@needs_model
def test_engine_stops_between_batches(engine: Engine) -> None:
    answers: list[bool] = []

    def stop() -> bool:
        answers.append(len(answers) >= 2)
        return answers[-1]

    text = "\n\n".join(f"{TEXT} Group {n} used ImageJ {n}.2." for n in range(200))
    with pytest.raises(StoppedError):
        engine.annotate([Document("long", text)], Options(), stop=stop)
    # Several threads may ask at a time: a batch more in each may run.
    assert 2 <= answers.count(False) <= 1 + count_cores()
