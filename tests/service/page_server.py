"""A service with a model of word lists, and a browser, for tests of the page."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from somex.core.schema import EntityType, Purpose, RelationType
from somex.core.types import Annotation, Document, LabeledDocument, Mention, Relation
from somex.service.app import Settings, create_app

TEXT = (
    "Statistics\n\nSlopes were fitted in Sloperunner version 1.8 (Ridge Labs) [3] with the "
    "Plotmuse package. Figures were drawn with Inkgrove 2.1.\n\n"
    "The weather was fine."
)
"""A text in which `WordListEngine` finds seven mentions and five relations."""

_PATTERNS: tuple[tuple[EntityType, str, float], ...] = (
    (EntityType.APPLICATION, r"Sloperunner|Inkgrove", 0.98),
    (EntityType.PLUGIN, r"Plotmuse", 0.62),
    (EntityType.VERSION, r"\d+\.\d+", 0.91),
    (EntityType.DEVELOPER, r"Ridge Labs", 0.45),
    (EntityType.CITATION, r"\[\d+\]", 0.88),
)
_RELATIONS = {
    EntityType.VERSION: RelationType.VERSION_OF,
    EntityType.DEVELOPER: RelationType.DEVELOPER_OF,
    EntityType.CITATION: RelationType.CITATION_OF,
    EntityType.PLUGIN: RelationType.PLUGIN_OF,
}


class WordListEngine:
    """Finds invented names; an attribute belongs to the application before it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """Time that a call takes."""

    def annotate(
        self, documents: Sequence[Document], options: Any, *, stop: Any = None
    ) -> list[LabeledDocument]:
        """Return the documents with their annotation."""
        until = time.monotonic() + self.seconds
        while time.monotonic() < until and not (stop is not None and stop()):
            time.sleep(0.02)
        return [LabeledDocument(document, _annotate(document)) for document in documents]

    def describe(self, options: Any) -> dict[str, Any]:
        """Return what a result says of what made it."""
        return {"name": "word-lists", "fingerprint": "0" * 12, "min_confidence": 0.0, "lean": 0.0}


def _annotate(document: Document) -> Annotation:
    mentions = [
        Mention(
            type,
            match.start(),
            match.end(),
            Purpose.USAGE if type is EntityType.APPLICATION else None,
            confidence,
        )
        for type, pattern, confidence in _PATTERNS
        for match in re.finditer(pattern, document.text)
    ]
    relations, host = [], None
    for mention in sorted(mentions, key=lambda m: m.char_start):
        if mention.type is EntityType.APPLICATION:
            host = mention
        elif host is not None:
            relations.append(Relation(_RELATIONS[mention.type], mention, host, 0.8))
    return Annotation.build(mentions, relations)


@contextmanager
def serving(engine: WordListEngine, state: Path) -> Iterator[str]:
    """Serve the page; yield its address."""
    uvicorn = pytest.importorskip("uvicorn", reason="needs uvicorn (extra serve)")
    app = create_app(engine, Settings(state=state))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    assert server.started, "the service did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join(20)


@contextmanager
def browsing() -> Iterator[Any]:
    """Run Debian's Chromium; yield Playwright's browser."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright (extra browser)"
    )
    program = os.environ.get("SOMEX_CHROMIUM") or shutil.which("chromium")
    if program is None:
        pytest.skip("needs Chromium (apt-get install chromium), or its path in SOMEX_CHROMIUM")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
