"""Answers kept on disk, so that no request is paid for twice; a killed run goes on from them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from somex.core.errors import FormatError
from somex.llm.chat import ChatModel, Completion, Message, Schema, Usage

CACHE_FILE = "answers.sqlite"
_FORMAT = 1
_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    n_prompt INTEGER NOT NULL,
    n_completion INTEGER NOT NULL,
    is_cut INTEGER NOT NULL
) WITHOUT ROWID
"""


class AnswerCache:
    """Answers by the hash of what was asked; every one is on disk before it is used.

    Neither prompts nor keys are kept, so the file holds nothing but answers.

    Raises:
        FormatError: The file is no cache of somex, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version not in (0, _FORMAT):
                raise FormatError(f"is a cache of version {version}, not {_FORMAT}", path=str(path))
            self._db.execute(_TABLE)
            self._db.execute(f"PRAGMA user_version = {_FORMAT}")
        except sqlite3.DatabaseError as error:
            raise FormatError(f"is no cache of answers: {error}", path=str(path)) from None

    def get(self, key: str) -> Completion | None:
        """Return the answer kept under ``key``, None where there is none."""
        query = "SELECT text, n_prompt, n_completion, is_cut FROM answers WHERE key = ?"
        with self._lock:
            row = self._db.execute(query, (key,)).fetchone()
        if row is None:
            return None
        text, n_prompt, n_completion, is_cut = row
        return Completion(text, Usage(n_prompt, n_completion), bool(is_cut), from_cache=True)

    def put(self, key: str, answer: Completion) -> None:
        """Keep an answer; it is on disk when this returns."""
        usage = answer.usage
        row = (key, answer.text, usage.n_prompt, usage.n_completion, int(answer.is_cut))
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", row)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class CachedChat:
    """A model with a cache before it; equal requests at the same time are sent once.

    Args:
        model: Asked for what the cache does not hold.
        cache: Gets its answers.
        parameters: What else an answer depends on: model, endpoint, temperature, limits.
    """

    def __init__(
        self, model: ChatModel, cache: AnswerCache, *, parameters: Mapping[str, Any]
    ) -> None:
        self._model, self._cache = model, cache
        self._parameters = dict(parameters)
        self._lock = threading.Lock()
        self._asked: dict[str, threading.Lock] = {}

    def complete(self, messages: Sequence[Message], schema: Schema) -> Completion:
        """Answer a conversation; see `ChatModel`."""
        key = request_key(messages, schema, self._parameters)
        with self._lock:
            lock = self._asked.setdefault(key, threading.Lock())
        with lock:
            found = self._cache.get(key)
            if found is not None:
                return found
            answer = self._model.complete(messages, schema)
            self._cache.put(key, answer)
            return answer


def request_key(messages: Sequence[Message], schema: Schema, parameters: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a request: its turns, the answer's form and the parameters."""
    asked = {
        "messages": [message.to_json() for message in messages],
        "schema": schema,
        "parameters": dict(parameters),
    }
    text = json.dumps(asked, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
