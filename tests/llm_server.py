"""A scripted OpenAI-compatible server on a real socket: each request gets what a script says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SENTENCE = "We used Tessarix 2.1 ( Orbital Labs ) and Quill ."
MENTIONS = [
    {"id": 1, "text": "Tessarix", "occurrence": 1, "type": "Application"},
    {"id": 2, "text": "2.1", "occurrence": 1, "type": "Version"},
    {"id": 3, "text": "Orbital Labs", "occurrence": 1, "type": "Developer"},
    {"id": 4, "text": "Quill", "occurrence": 1, "type": "ProgrammingEnvironment"},
]
RELATIONS = [
    {"type": "Version_of", "head": 2, "tail": 1},
    {"type": "Developer_of", "head": 3, "tail": 1},
]
RIGHT = {"mentions": MENTIONS, "relations": RELATIONS}
EMPTY: dict[str, Any] = {"mentions": [], "relations": []}


@dataclass
class Reply:
    """What a request gets.

    Attributes:
        text: The model's answer; not used where ``body`` is given.
        status: HTTP status.
        headers: More headers.
        body: The whole body instead of a completion.
        delay: Seconds before anything is sent.
        cut: Send only so many bytes of the body that was announced, then hang up.
        finish: Why the model stopped.
    """

    text: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    delay: float = 0.0
    cut: int | None = None
    finish: str = "stop"

    def content(self) -> bytes:
        if self.body is not None:
            return self.body.encode()
        message = {"role": "assistant", "content": self.text}
        usage = {"prompt_tokens": 100, "completion_tokens": 20}
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        return json.dumps({"choices": [choice], "usage": usage}).encode()


def answer(values: Any) -> Reply:
    return Reply(json.dumps(values))


Script = Callable[[dict[str, Any], int], Reply]


class LlmServer:
    """Counts what it is asked; ``bodies`` and ``headers`` hold it, ``answered`` what got out."""

    def __init__(self, script: Script | list[Reply]) -> None:
        replies = list(script) if isinstance(script, list) else []
        self._script: Script = (
            script if callable(script) else lambda _, n: replies[min(n, len(replies) - 1)]
        )
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.answered: list[str] = []
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                server.serve(self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers["Content-Length"]))
        body = json.loads(raw)
        with self._lock:
            n = len(self.bodies)
            self.bodies.append(body)
            self.headers.append(dict(handler.headers))
            self.times.append(time.monotonic())
        reply = self._script(body, n)
        time.sleep(reply.delay)
        content = reply.content()
        try:
            handler.send_response(reply.status)
            for name, value in reply.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content if reply.cut is None else content[: reply.cut])
            handler.wfile.flush()
        except OSError:  # the client is gone
            handler.close_connection = True
            return
        if reply.cut is not None:
            handler.close_connection = True
            return
        with self._lock:
            self.answered.append(json.dumps(body["messages"]))

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def llm_server(script: Script | list[Reply]) -> Iterator[LlmServer]:
    server = LlmServer(script)
    try:
        yield server
    finally:
        server.close()
