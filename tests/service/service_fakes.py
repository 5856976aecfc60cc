"""An engine without a network, apps around it, and files to upload."""

from __future__ import annotations

import io
import re
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from somex.core.schema import EntityType, RelationType
from somex.core.types import Annotation, Document, LabeledDocument, Mention, Relation
from somex.service.app import Settings, create_app
from somex.service.engine import Options, Stop, StoppedError
from somex.service.guard import Access
from somex.service.limits import Limits

TEXT = "Slopes were fitted in Sloperunner 1.8."


class FakeEngine:
    """Finds "Sloperunner" with the number behind it; takes as long as it is told."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.gate: threading.Event | None = None
        """Where set, calls wait for it."""
        self.calls: list[list[str]] = []
        """Ids of the documents of each call."""
        self.broken_by = ""
        """A text that breaks the call."""

    def annotate(
        self, documents: Sequence[Document], options: Options, *, stop: Stop | None = None
    ) -> list[LabeledDocument]:
        self.calls.append([document.id for document in documents])
        self._wait(stop)
        if self.broken_by and any(self.broken_by in document.text for document in documents):
            raise RuntimeError("/secret/place/model.py broke")
        return [LabeledDocument(document, _annotate(document, options)) for document in documents]

    def _wait(self, stop: Stop | None) -> None:
        until = time.monotonic() + self.seconds
        while time.monotonic() < until or (self.gate is not None and not self.gate.is_set()):
            if stop is not None and stop():
                raise StoppedError("stopped")
            time.sleep(0.005)

    def describe(self, options: Options) -> dict[str, Any]:
        settings = {"min_confidence": options.min_confidence, "lean": options.lean}
        return {"name": "fake", "fingerprint": "0123456789ab", **settings}


def _annotate(document: Document, options: Options) -> Annotation:
    mentions, relations = [], []
    for match in re.finditer(r"(Sloperunner) (\d+(?:\.\d+)*)", document.text):
        host = Mention(EntityType.APPLICATION, *match.span(1), confidence=0.9)
        version = Mention(EntityType.VERSION, *match.span(2), confidence=0.8)
        if options.min_confidence <= 0.8:
            relations.append(Relation(RelationType.VERSION_OF, version, host, 0.7))
            mentions.append(version)
        if options.min_confidence <= 0.9:
            mentions.append(host)
    return Annotation.build(mentions, relations)


@contextmanager
def client_of(
    engine: FakeEngine | None = None,
    *,
    access: Access | None = None,
    state: Path | None = None,
    store: Path | None = None,
    **limits: Any,
) -> Iterator[TestClient]:
    """Run an app in this process."""
    settings = Settings(access or Access(), Limits(**limits), store=store, state=state)
    app = create_app(engine or FakeEngine(), settings)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def check_problem(response: Any, status: int, kind: str) -> dict[str, Any]:
    """Check that an answer is a problem of RFC 9457 and return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["type"] == f"urn:somex:problem:{kind}"
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    return found


def zip_of(members: Mapping[str, bytes | str]) -> bytes:
    """Return a ZIP archive."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return raw.getvalue()


def wait_for_job(client: TestClient, id: str, *, seconds: float = 60) -> dict[str, Any]:
    """Wait until a job is done or failed, and return it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        job: dict[str, Any] = client.get(f"/v1/jobs/{id}").json()
        if job["status"] in ("done", "failed"):
            return job
        time.sleep(0.02)
    raise AssertionError(f"the job is not over after {seconds} s: {job}")
