"""The page of a running service in a real browser, for tests of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from page_server import WordListEngine


@pytest.fixture(scope="module")
def engine() -> WordListEngine:
    pytest.importorskip("fastapi", reason="needs FastAPI (extra serve)")
    from page_server import WordListEngine

    return WordListEngine()


@pytest.fixture(scope="module")
def address(engine: WordListEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from page_server import serving

    with serving(engine, tmp_path_factory.mktemp("state")) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from page_server import browsing

    with browsing() as found:
        yield found


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The start view; a script error or a refusal by the CSP fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    found = context.new_page()
    found.set_default_timeout(60_000)  # on a machine with much to do, too
    faults: list[str] = []
    found.on("pageerror", lambda error: faults.append(str(error)))
    found.on(
        "console",
        lambda message: (
            faults.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    found.goto(address)
    found.wait_for_selector("#examples button")
    yield found
    context.close()
    assert faults == []
