"""Which precision the torch backend takes for fast."""

from __future__ import annotations

import pytest
import torch

from somex.model.torch_backend import autocast, has_fast_bfloat16

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("capabilities", "fast"),
    [
        ({"cpu_name": "Intel Xeon", "amx_bf16": True, "avx512_bf16": True}, True),
        ({"cpu_name": "Intel Xeon", "amx_bf16": False, "avx512_bf16": True}, False),
        ({"cpu_name": "AMD EPYC", "amx_bf16": False, "avx512_bf16": True}, True),
        ({"cpu_name": "AMD EPYC", "avx512_bf16": False}, False),
        ({}, False),
    ],
)
def test_torch_backend_bfloat16_is_fast_with_amx_or_on_amd(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, object], fast: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert has_fast_bfloat16(CPU) is fast
    linear = torch.nn.Linear(2, 2)
    with autocast(CPU, "auto"):
        assert linear(torch.ones(1, 2)).dtype == (torch.bfloat16 if fast else torch.float32)
