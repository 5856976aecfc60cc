from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from somex.core.errors import FormatError
from somex.llm.cache import AnswerCache, CachedChat, request_key
from somex.llm.chat import Completion, Message, Schema, Usage
from somex.llm.prompts import JOINT_FORM, MENTIONS_FORM

ASKED = [Message("user", "Sentence: Leaves fell .")]


class Counting:
    """Answers with the number of the request."""

    def __init__(self, delay: float = 0.0) -> None:
        self.n = 0
        self._delay = delay

    def complete(self, messages: Sequence[Message], schema: Schema) -> Completion:
        self.n += 1
        time.sleep(self._delay)
        return Completion(f"answer {self.n}", Usage(5, 2), is_cut=True)


def test_llm_cache_keeps_an_answer_across_runs(tmp_path: Path) -> None:
    model = Counting()
    for _ in range(2):
        cache = AnswerCache(tmp_path / "folder" / "answers.sqlite")
        found = CachedChat(model, cache, parameters={"model": "m"}).complete(ASKED, JOINT_FORM)
        cache.close()
    assert found == Completion("answer 1", Usage(5, 2), is_cut=True, from_cache=True)
    assert model.n == 1


def test_llm_cache_tells_requests_apart_by_all_that_an_answer_depends_on() -> None:
    other = [Message("user", "Sentence: Leaves fall .")]
    keys = {
        request_key(ASKED, JOINT_FORM, {"model": "m", "temperature": 0.0}),
        request_key(other, JOINT_FORM, {"model": "m", "temperature": 0.0}),
        request_key(ASKED, MENTIONS_FORM, {"model": "m", "temperature": 0.0}),
        request_key(ASKED, JOINT_FORM, {"model": "n", "temperature": 0.0}),
        request_key(ASKED, JOINT_FORM, {"model": "m", "temperature": 1.0}),
    }
    assert len(keys) == 5
    assert request_key(ASKED, JOINT_FORM, {"temperature": 0.0, "model": "m"}) in keys


def test_llm_cache_sends_equal_requests_at_the_same_time_once(tmp_path: Path) -> None:
    model = Counting(delay=0.2)
    chat = CachedChat(model, AnswerCache(tmp_path / "a.sqlite"), parameters={})
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(chat.complete(ASKED, JOINT_FORM).text))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["answer 1"] * 6
    assert model.n == 1


def test_llm_cache_refuses_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"this is no database, and long enough to be looked at by SQLite" * 20)
    with pytest.raises(FormatError, match=r"a\.sqlite: is no cache of answers"):
        AnswerCache(path)
