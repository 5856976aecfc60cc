"""Any OpenAI-compatible endpoint: Gemini, vLLM, llama.cpp, Ollama and hosted models."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

import httpx

from somex.core.errors import ConfigError, ServiceError
from somex.llm.chat import Completion, Message, RequestFailedError, Schema, Usage
from somex.llm.config import STRUCTURED, EndpointConfig, Structured
from somex.llm.grammar import schema_to_gbnf
from somex.llm.retry import Backoff, FaultTally, Gate, HttpFault, parse_retry_after

_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_ONE_REQUEST = frozenset({400, 413, 422})
_WITHOUT_FORM = frozenset({400, 404, 415, 422, 500, 501})
_FORM_WORDS = ("response_format", "json_schema", "json schema", "grammar", "structured output")
_SHOWN = 300


def read_key(variable: str) -> str | None:
    """Return the API key in an environment variable, None where it is not set.

    Raises:
        ConfigError: It holds what no header can; the message does not show it.
    """
    key = os.environ.get(variable, "").strip()
    if any(not "!" <= character <= "~" for character in key):
        raise ConfigError(
            f"{variable} is no API key: it holds a blank or a character that is not ASCII "
            "(its value is not shown)"
        )
    return key or None


class _KeyAuth(httpx.Auth):
    """Adds the key to each request; unlike a default header, it stands in no representation."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._key is not None:
            request.headers["Authorization"] = f"Bearer {self._key}"
        yield request

    def hide(self, text: str) -> str:
        """Return a text without the key (servers repeat it in their messages)."""
        return text if self._key is None else text.replace(self._key, "[key]")


class EndpointChat:
    """Asks ``URL/chat/completions``; threads may share it.

    Args:
        config: Endpoint, limits and retries.
        key: API key; None sends none.
        sleep: Waits between repetitions; tests fake it.

    Attributes:
        faults: What went wrong on the way, repetitions included.
    """

    def __init__(
        self,
        config: EndpointConfig,
        *,
        key: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.faults = FaultTally()
        self._config = config
        self._auth = _KeyAuth(key)
        self._url = f"{config.url.rstrip('/')}/chat/completions"
        limits = httpx.Limits(max_connections=config.concurrency)
        self._http = httpx.Client(auth=self._auth, timeout=config.timeout, limits=limits)
        self._backoff = Backoff(config.retries, config.first_wait, config.max_wait)
        self._sleep, self._gate = sleep, Gate(sleep=sleep)
        self._rng = random.Random()
        self._lock = threading.Lock()
        self._mode: Structured = "json_schema" if config.structured == "auto" else config.structured

    @property
    def structured(self) -> Structured:
        """How answers are held to their form; it weakens as the server refuses."""
        return self._mode

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def complete(self, messages: Sequence[Message], schema: Schema) -> Completion:
        """Answer a conversation; see `ChatModel`."""
        while True:
            mode = self._mode
            response = self._post(self._body(messages, schema, mode), mode)
            if response.is_success:
                return read_completion(response)
            self._weaken(mode)

    def _body(self, messages: Sequence[Message], schema: Schema, mode: str) -> dict[str, Any]:
        config = self._config
        body: dict[str, Any] = {
            "model": config.name,
            "messages": [message.to_json() for message in messages],
            "temperature": config.temperature,
            "max_tokens": config.max_tokens,
        }
        if config.seed is not None:
            body["seed"] = config.seed
        if mode == "json_schema":
            form = {"name": "answer", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        elif mode == "grammar":
            body["grammar"] = schema_to_gbnf(schema)
        elif mode == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body

    def _post(self, body: dict[str, Any], mode: Structured) -> httpx.Response:
        """Return a good response, or one that says that the server lacks the mode."""
        n_failed = 0
        while True:
            self._gate.wait()
            fault, reason, asked = self._try(body, mode)
            if isinstance(fault, httpx.Response):
                return fault
            self.faults.add(fault)
            n_failed += 1
            wait = self._backoff.wait(n_failed, asked=asked, rng=self._rng)
            if wait is None:
                raise RequestFailedError(
                    f"{self._url}: {reason}; given up after {n_failed} attempts"
                )
            if fault is HttpFault.RATE_LIMITED:
                self._gate.close(wait)
            else:
                self._sleep(wait)

    def _try(
        self, body: dict[str, Any], mode: Structured
    ) -> tuple[HttpFault | httpx.Response, str, float | None]:
        """Send once; return the response, or the fault, its text and the wait asked for."""
        try:
            response = self._http.post(self._url, json=body)
        except httpx.TimeoutException:
            return HttpFault.TIMEOUT, f"no answer in {self._config.timeout:g} s", None
        except httpx.ConnectError as error:
            return HttpFault.NO_CONNECTION, self._auth.hide(f"no connection: {error}"), None
        except httpx.HTTPError as error:
            return HttpFault.HANG_UP, self._auth.hide(f"the server hung up: {error}"), None
        if response.is_success:
            if _is_completion(response):
                return response, "", None
            return HttpFault.BROKEN_RESPONSE, f"no completion: {self._shown(response)}", None
        if self._lacks(response, mode):
            return response, "", None
        reason = f"HTTP {response.status_code}: {self._shown(response)}"
        if response.status_code not in _AGAIN:
            self.faults.add(HttpFault.REFUSED)
            if response.status_code in _ONE_REQUEST:
                raise RequestFailedError(f"{self._url}: {reason}")
            raise ServiceError(f"{self._url}: {reason}{self._hint(response.status_code)}")
        limited = response.status_code == 429
        asked = parse_retry_after(response.headers.get("Retry-After"))
        return HttpFault.RATE_LIMITED if limited else HttpFault.SERVER_ERROR, reason, asked

    def _hint(self, status: int) -> str:
        return f"; the key is read from {self._config.key_variable}" if status in (401, 403) else ""

    def _shown(self, response: httpx.Response) -> str:
        text = " ".join(response.text.split())
        return self._auth.hide(text)[:_SHOWN] or "(empty)"

    def _lacks(self, response: httpx.Response, mode: Structured) -> bool:
        """Tell whether a response says that the server can't hold answers to a form this way."""
        if self._config.structured != "auto" or mode == "text":
            return False
        text = response.text.lower()
        return response.status_code in _WITHOUT_FORM and any(word in text for word in _FORM_WORDS)

    def _weaken(self, mode: Structured) -> None:
        """Take the next way after ``mode``, unless another thread has done so."""
        with self._lock:
            if self._mode == mode:
                self._mode = STRUCTURED[STRUCTURED.index(mode) + 1]


def _is_completion(response: httpx.Response) -> bool:
    try:
        return isinstance(response.json()["choices"][0]["message"], dict)
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, IndexError, TypeError):
        return False


def read_completion(response: httpx.Response) -> Completion:
    """Read the answer in a response of ``chat/completions``; a refusal is an empty text."""
    values = response.json()
    choice, usage = values["choices"][0], values.get("usage") or {}
    counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
    n_prompt, n_completion = (n if isinstance(n, int) else 0 for n in counts)
    content = choice["message"].get("content")
    text = content if isinstance(content, str) else ""
    return Completion(
        text.encode("utf-8", "replace").decode("utf-8"),  # no half of a surrogate pair
        Usage(n_prompt, n_completion),
        is_cut=choice.get("finish_reason") == "length",
    )
