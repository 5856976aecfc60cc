"""Errors as answers: problem details of RFC 9457, without paths and stack traces."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi import HTTPException as FastAPIHTTPException
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from somex.core.errors import SomexError

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "urn:somex:problem:"
_MAX_FAULTS = 20
_MAX_CHARS = 300


class ProblemError(FastAPIHTTPException):
    """An answer that tells what is wrong with a request, or why it can't be served now.

    It is an `HTTPException` since FastAPI lets no other error of reading a body through.

    Args:
        status: HTTP status, 400 to 599.
        kind: Short name; ``urn:somex:problem:KIND`` becomes the type of the problem.
        detail: What is wrong and what would be valid, for people.
        retry_after: Seconds after which the request may be sent again.
        errors: Faults of single places in the request.
        headers: Further headers.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        retry_after: int | None = None,
        errors: Sequence[dict[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        sent = dict(headers or {})
        if retry_after is not None:
            sent["Retry-After"] = str(retry_after)
        super().__init__(status, detail, sent)
        self.status, self.kind = status, kind
        self.errors = list(errors)

    def to_json(self) -> dict[str, Any]:
        """Return the members of the problem."""
        found: dict[str, Any] = {
            "type": f"{TYPE_BASE}{self.kind}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        return found | {"errors": self.errors} if self.errors else found

    def to_response(self) -> Response:
        """Return the answer."""
        return JSONResponse(
            self.to_json(), self.status, headers=self.headers, media_type=MEDIA_TYPE
        )


def printable(text: str) -> str:
    """Return a text that any JSON can hold, in one line and not too long."""
    line = " ".join(text.encode("utf-8", "backslashreplace").decode().split())
    return line if len(line) <= _MAX_CHARS else f"{line[:_MAX_CHARS]}…"


def input_problem(error: SomexError, *, kind: str = "invalid-input") -> ProblemError:
    """Return the problem of an error that the input brought; its place on disk is not told."""
    message = getattr(error, "message", None) or str(error)
    return ProblemError(422, kind, printable(message))


def _of_validation(error: RequestValidationError) -> ProblemError:
    faults = [
        {"place": _place(fault["loc"]), "message": printable(str(fault["msg"]))}
        for fault in error.errors()[:_MAX_FAULTS]
    ]
    first = faults[0] if faults else {"place": "body", "message": "is not valid"}
    detail = f"{first['place']}: {first['message']}"
    if len(error.errors()) > 1:
        detail += f" (and {len(error.errors()) - 1} more)"
    return ProblemError(422, "invalid-request", detail, errors=faults)


def _place(loc: Sequence[int | str]) -> str:
    return printable(".".join(str(part) for part in loc))


_KINDS = {400: "bad-request", 404: "not-found", 405: "method-not-allowed"}


def _of_http(error: HTTPException) -> ProblemError:
    kind = _KINDS.get(error.status_code, "http-error")
    headers = dict(error.headers or {})
    return ProblemError(error.status_code, kind, printable(str(error.detail)), headers=headers)


def internal_problem(request_id: str) -> ProblemError:
    """Return the problem of a fault of ours; the log has the rest under the request's id."""
    detail = f"an error in the service; its log tells more under request {request_id}"
    return ProblemError(500, "internal", detail)


def install_handlers(app: FastAPI) -> None:
    """Let every error of an app be answered as a problem."""

    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        return error.to_response()

    async def on_validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _of_validation(error).to_response()

    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _of_http(error).to_response()

    async def on_input(_: Request, error: Exception) -> Response:
        assert isinstance(error, SomexError)
        return input_problem(error).to_response()

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(SomexError, on_input)
