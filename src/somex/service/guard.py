"""What stands before every request: hosts, origins, keys, bodies, headers, and the last resort."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from somex.service.keys import Keys
from somex.service.limits import Limits
from somex.service.metrics import Metrics
from somex.service.problems import ProblemError, internal_problem

log = logging.getLogger("somex.service")

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_KEYED = ("/v1/", "/metrics")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a service.

    Attributes:
        keys: The keys that it takes; open to all without.
        hosts: Names under which it answers; any where there is none.
        origins: Origins of other pages that may use it.
    """

    keys: Keys | None = None
    hosts: Sequence[str] = ()
    origins: Sequence[str] = ()

    def client_of(self, scope: Scope, headers: Headers) -> str:
        """Return who asks: the name of the key, or else the address.

        Raises:
            ProblemError: The host or origin is not allowed (403), or a key is needed (401).
        """
        self._check_host(headers)
        self._check_origin(scope["method"], headers)
        address = scope["client"][0] if scope.get("client") else "unknown"
        if self.keys is None or not scope["path"].startswith(_KEYED):
            return f"address:{address}"
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        owner = self.keys.owner_of(given) if given else None
        if owner is None:
            detail = "needs a valid key: Authorization: Bearer KEY, or X-API-Key: KEY"
            raise ProblemError(401, "key-needed", detail, headers={"WWW-Authenticate": "Bearer"})
        return f"key:{owner}"

    def _check_host(self, headers: Headers) -> None:
        host = _host_name(headers.get("host", ""))
        if self.hosts and host not in self.hosts:
            raise ProblemError(403, "host-not-allowed", "the service does not answer to this host")

    def _check_origin(self, method: str, headers: Headers) -> None:
        """Refuse what a page of somebody else sends, which browsers send without asking."""
        origin = headers.get("origin")
        if origin is None or method in _SAFE_METHODS or origin in self.origins:
            return
        if urlsplit_or_none(origin) != headers.get("host", ""):
            raise ProblemError(403, "origin-not-allowed", "pages of this origin may not use it")


def urlsplit_or_none(origin: str) -> str | None:
    """Return host and port of an origin, None where it is none."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class Guard:
    """ASGI middleware around the whole app.

    Args:
        app: What it guards.
        access: Who may use it.
        limits: Bounds of bodies and of open requests.
        metrics: Gets the count of each request.
    """

    def __init__(self, app: ASGIApp, *, access: Access, limits: Limits, metrics: Metrics) -> None:
        self._app, self._access, self._limits, self._metrics = app, access, limits, metrics
        self.n_open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, request_id=secrets.token_hex(8), path=scope["path"])
        started = time.perf_counter()
        self.n_open += 1
        try:
            await self._answer(scope, receive, answer)
        finally:
            self.n_open -= 1
            seconds = time.perf_counter() - started
            self._metrics.count_request(_method(scope), _route(scope), answer.status, seconds)

    async def _answer(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            if self.n_open > self._limits.open_requests:
                detail = f"{self._limits.open_requests} requests are open already"
                raise ProblemError(503, "busy", detail, retry_after=1)
            headers = Headers(scope=scope)
            scope.setdefault("state", {})["client"] = self._access.client_of(scope, headers)
            body = _Body(receive, headers, self._limits)
            await self._app(scope, body.receive, answer.send)
        except ProblemError as problem:
            await answer.send_problem(problem, scope, receive)
        except Exception:
            log.exception("request %s failed", answer.request_id)
            await answer.send_problem(internal_problem(answer.request_id), scope, receive)


def _method(scope: Scope) -> str:
    known = (*_SAFE_METHODS, "POST", "DELETE", "PUT", "PATCH")
    return scope["method"] if scope["method"] in known else "other"


def _route(scope: Scope) -> str:
    """Return the pattern of the route, so that metrics do not grow with what clients make up."""
    return getattr(scope.get("route"), "path", None) or "none"


class _Body:
    """Counts the body as it comes in."""

    def __init__(self, receive: Receive, headers: Headers, limits: Limits) -> None:
        self._receive, self._limits = receive, limits
        self._n_bytes = 0
        self._is_whole = False
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > limits.body_bytes:
            raise self._too_long()

    def _too_long(self) -> ProblemError:
        detail = f"the body has more than {self._limits.body_bytes:,} bytes, the most that is taken"
        return ProblemError(413, "body-too-large", detail, headers={"Connection": "close"})

    async def receive(self) -> Message:
        """Return the next part of the body.

        Raises:
            ProblemError: The body is too long (413), or the client too slow (408).
        """
        if self._is_whole:
            return await self._receive()  # waits for the end of the connection
        try:
            message = await asyncio.wait_for(self._receive(), self._limits.body_seconds)
        except TimeoutError:
            detail = f"no part of the body came in {self._limits.body_seconds:g} s"
            headers = {"Connection": "close"}
            raise ProblemError(408, "body-too-slow", detail, headers=headers) from None
        if message["type"] == "http.request":
            self._n_bytes += len(message.get("body", b""))
            if self._n_bytes > self._limits.body_bytes:
                raise self._too_long()
            self._is_whole = not message.get("more_body", False)
        return message


class _Answer:
    """Sends an answer with the headers that all have."""

    def __init__(self, send: Send, *, request_id: str, path: str) -> None:
        self._send, self.request_id, self._path = send, request_id, path
        self.status = 0

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if not self._path.startswith("/static/"):
                headers.setdefault("Cache-Control", "no-store")
        await self._send(message)

    async def send_problem(self, problem: ProblemError, scope: Scope, receive: Receive) -> None:
        """Send a problem, unless an answer began already."""
        if not self.status:
            await problem.to_response()(scope, receive, self.send)
