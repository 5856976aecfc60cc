"""PDFs by a running GROBID service."""

from __future__ import annotations

import io
import time
import urllib.error
import urllib.request
import uuid

from somex.core.errors import FormatError
from somex.core.types import Document
from somex.readers.tei import read_tei

_ENDPOINT = "/api/processFulltextDocument"
_TIMEOUT_SECONDS = 180.0
_N_TRIES = 3
_BUSY = 503
_MAX_ANSWER_BYTES = 128 << 20
_FIELDS = {"consolidateHeader": "0", "consolidateCitations": "0", "includeRawCitations": "0"}


def read_with_grobid(
    raw: bytes,
    *,
    url: str,
    path: str,
    id: str,
    timeout: float = _TIMEOUT_SECONDS,
    pause: float = 2.0,
) -> Document:
    """Let a GROBID service read a PDF.

    Args:
        raw: The PDF.
        url: HTTP address of the service, such as ``http://localhost:8070``.
        path: What to call the source.
        id: Id of the document.
        timeout: Seconds to wait for an answer.
        pause: Seconds to wait before trying again where the service is busy.

    Returns:
        The document; its origins are elements of the TEI that the service answers.

    Raises:
        FormatError: The service can't be reached or can't read the PDF.
    """
    answer = _ask(raw, f"{url.rstrip('/')}{_ENDPOINT}", path, timeout, pause)
    return read_tei(io.BytesIO(answer), path=path, id=id, format="grobid")


def _ask(raw: bytes, url: str, path: str, timeout: float, pause: float) -> bytes:
    body, content_type = _form(raw)
    headers = {"Content-Type": content_type, "Accept": "application/xml"}
    for n_tried in range(1, _N_TRIES + 1):
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                answer: bytes = response.read(_MAX_ANSWER_BYTES + 1)
        except urllib.error.HTTPError as error:
            if error.code == _BUSY and n_tried < _N_TRIES:
                time.sleep(pause * n_tried)
                continue
            said = error.read(200).decode("utf-8", "replace").strip()
            message = f"GROBID at {url} answers {error.code} {error.reason}: {said or 'no text'}"
            raise FormatError(" ".join(message.split()), path=path) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise FormatError(f"GROBID at {url} can't be reached: {reason}", path=path) from None
        if len(answer) > _MAX_ANSWER_BYTES:
            raise FormatError(f"GROBID at {url} answers too much", path=path)
        if not answer.strip():
            raise FormatError(f"GROBID at {url} finds no text in the PDF", path=path)
        return answer
    raise AssertionError("the last try returns or raises")


def _form(raw: bytes) -> tuple[bytes, str]:
    """Return the multipart form that the service takes, and its content type."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in _FIELDS.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="input"; filename="paper.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    )
    body = b"".join([*parts, head.encode(), raw, f"\r\n--{boundary}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={boundary}"
