from __future__ import annotations

from pathlib import Path

import pytest
import torch

from somex.core.errors import FormatError
from somex.run_state import load_state, save_state


def test_run_state_round_trip_and_faults(tmp_path: Path) -> None:
    assert load_state(tmp_path) is None
    save_state({"a": torch.ones(2), "b": [1, "x"]}, tmp_path)
    state = load_state(tmp_path)
    assert state is not None
    assert state["b"] == [1, "x"]
    assert torch.equal(state["a"], torch.ones(2))
    assert [p.name for p in tmp_path.iterdir()] == ["state.pt"]
    (tmp_path / "state.pt").write_bytes(b"no checkpoint")
    with pytest.raises(FormatError, match=r"state\.pt: is no checkpoint"):
        load_state(tmp_path)
