from __future__ import annotations

from pathlib import Path

import pytest

from somex.core import ConfigError, FormatError
from somex.pipeline import Failure
from somex.runs.journal import Journal, Part, read_settings, read_whole_lines

PART = Part("part-00000.jsonl", 2, 3, 1, 40, 99, "aa", "bb", (Failure("x.txt", "why", "x", "cc"),))


def test_runs_journal_tells_what_was_noted(tmp_path: Path) -> None:
    journal = Journal(tmp_path, settings={"n_documents": 2})
    journal.add_inputs(["x", "y"])
    journal.add_inputs(["y", "z"])
    journal.finish(0, PART)
    journal.fail(1, Failure("z.txt", "not there", "z"))
    journal.close()
    again = Journal(tmp_path, settings={"n_documents": 2})
    assert again.inputs == ["x", "y", "z"]
    assert again.parts == {0: PART}
    assert again.failures == {1: {"z": Failure("z.txt", "not there", "z")}}
    again.close()
    assert read_settings(tmp_path) == {"n_documents": 2}
    assert read_settings(tmp_path / "none") is None


@pytest.mark.parametrize("torn", [b'{"fini', b'{"finished": \n', b"\x00\x00\x00"])
def test_runs_journal_a_torn_last_line_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    journal = Journal(tmp_path, settings={})
    journal.finish(0, PART)
    journal.close()
    path = tmp_path / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    again = Journal(tmp_path, settings={})
    assert again.parts == {0: PART}
    again.close()
    assert path.read_bytes() == whole


def test_runs_journal_damage_before_the_last_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"sch\n{"a": 1}\n')
    with pytest.raises(FormatError, match=":1: is no JSON; name a new output folder"):
        list(read_whole_lines(path))
    path.write_bytes(b'{"schema": "somex.journal/1", "settings": {}}\n{"finished": 3}\n')
    with pytest.raises(FormatError, match=r":2: is no entry of a journal"):
        Journal(tmp_path, settings={})
    path.write_bytes(b'{"schema": "somex.journal/9", "settings": {}}\n')
    with pytest.raises(FormatError, match=r"schema is 'somex\.journal/9'; valid: somex\.journal/1"):
        Journal(tmp_path, settings={})


def test_runs_journal_other_settings_are_refused_and_unlock(tmp_path: Path) -> None:
    Journal(tmp_path, settings={"n_documents": 2}).close()
    with pytest.raises(ConfigError, match="n_documents is 3, was 2"):
        Journal(tmp_path, settings={"n_documents": 3})
    Journal(tmp_path, settings={"n_documents": 2}).close()
