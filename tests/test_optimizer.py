from __future__ import annotations

import pytest
import torch
from torch import nn

from somex.optimizer import Average, build_optimizer, build_schedule, clip
from somex.recipe import TrainingConfig


def _named() -> list[tuple[str, nn.Parameter]]:
    return [
        ("unit_encoder.encoder.layer.weight", nn.Parameter(torch.ones(2, 2))),
        ("unit_encoder.encoder.layer.bias", nn.Parameter(torch.ones(2))),
        ("unit_encoder.shape_in.weight", nn.Parameter(torch.ones(2, 2))),
        ("token_head.linear.bias", nn.Parameter(torch.ones(2))),
    ]


def test_optimizer_gives_heads_their_rate_and_decays_matrices_only() -> None:
    named = _named()
    config = TrainingConfig(learning_rate=1e-5, head_learning_rate=1e-3, weight_decay=0.1)
    optimizer = build_optimizer(named, config)
    settings = {
        id(p): (group["lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for p in group["params"]
    }
    assert [settings[id(p)] for _, p in named] == [
        (1e-5, 0.1),
        (1e-5, 0.0),
        (1e-3, 0.1),
        (1e-3, 0.0),
    ]
    same = build_optimizer(_named(), TrainingConfig(learning_rate=1e-5))
    assert {group["lr"] for group in same.param_groups} == {1e-5}


@pytest.mark.parametrize(("warmup", "n_steps"), [(0.0, 10), (0.2, 10), (1.0, 4), (0.1, 1)])
def test_schedule_climbs_then_falls_to_zero(warmup: float, n_steps: int) -> None:
    optimizer = build_optimizer(_named(), TrainingConfig(learning_rate=1.0))
    schedule = build_schedule(optimizer, TrainingConfig(warmup=warmup), n_steps=n_steps)
    rates = []
    for _ in range(n_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    n_warm = round(warmup * n_steps)
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(1.0)
    assert all(rate > 0 for rate in rates)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[:n_warm] == pytest.approx([(i + 1) / n_warm for i in range(n_warm)])
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.0)


def test_clip_scales_the_gradient_down_only() -> None:
    parameter = nn.Parameter(torch.zeros(4))
    for norm, expected in ((1.0, 1.0), (10.0, 4.0), (0.0, 4.0)):
        parameter.grad = torch.full((4,), 2.0)
        clip([parameter], norm)
        assert parameter.grad.norm().item() == pytest.approx(expected, rel=1e-4)


def test_average_follows_its_formula() -> None:
    parameter = nn.Parameter(torch.tensor([1.0, -1.0]))
    average = Average([parameter], 0.5)
    expected = parameter.detach().clone()
    for step in range(12):
        with torch.no_grad():
            parameter.add_(torch.tensor([1.0, 0.5]) * step)
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * parameter.detach()
        current = parameter.detach().clone()
        with average.applied():
            torch.testing.assert_close(parameter.detach(), expected)
        assert torch.equal(parameter.detach(), current)


def test_average_puts_the_weights_back_after_an_error() -> None:
    parameter = nn.Parameter(torch.zeros(2))
    average = Average([parameter], 0.9)
    with torch.no_grad():
        parameter.fill_(5.0)
    with pytest.raises(RuntimeError, match="inside"), average.applied():  # noqa: PT012
        assert torch.equal(parameter.detach(), torch.zeros(2))
        raise RuntimeError("inside")
    assert torch.equal(parameter.detach(), torch.full((2,), 5.0))


def test_average_without_decay_is_the_weights() -> None:
    parameter = nn.Parameter(torch.ones(2))
    average = Average([parameter], 0.0)
    average.update()
    with average.applied():
        assert torch.equal(parameter.detach(), torch.ones(2))
    assert average.state == {"step": 0, "weights": []}
    average.load_state({"step": 0, "weights": []})
    average.update()


def test_average_goes_on_from_a_state() -> None:
    one, other = (nn.Parameter(torch.ones(2)) for _ in range(2))
    first = Average([one], 0.9)
    first.update()
    second = Average([other], 0.9)
    second.load_state({"step": 1, "weights": [torch.ones(2) * 3]})
    second.update()
    decay = 2 / 11
    with second.applied():
        torch.testing.assert_close(other.detach(), torch.full((2,), decay * 3 + 1 - decay))
