"""What a reader does on the page and sees there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from page_server import TEXT

from somex.readers.jsonl import document_from_json


def read(page: Any, text: str = TEXT) -> None:
    page.fill("#text", text)
    page.click("#extract")
    page.wait_for_selector("#view-result:not([hidden])")


def mark(page: Any, text: str) -> Any:
    """The first mention of a text."""
    return page.locator("#reader .m", has_text=re.compile(rf"^{re.escape(text)}[a-z]", re.I)).first


def tag(page: Any, text: str) -> Any:
    return mark(page, text).locator("button.tag").first


def mentions(page: Any) -> list[str]:
    return page.locator("#reader .m:not(.off) .tag").evaluate_all(
        "tags => tags.map(tag => tag.getAttribute('aria-label'))"
    )


def said(page: Any, text: str) -> None:
    page.locator("#status", has_text=text).wait_for()


def alert(page: Any) -> str:
    page.wait_for_selector("#alert:not([hidden])")
    return page.inner_text("#alert span")


def select(page: Any, text: str) -> None:
    """Select words in the text as a mouse would."""
    page.evaluate(
        """wanted => {
          const walker = document.createTreeWalker(document.getElementById("reader"), 4);
          while (walker.nextNode()) {
            const node = walker.currentNode, at = node.data.indexOf(wanted);
            if (at < 0 || node.parentNode.closest(".tag")) continue;
            getSelection().setBaseAndExtent(node, at, node, at + wanted.length);
            return;
          }
          throw new Error(`${wanted} is not in the text`);
        }""",
        text,
    )
    page.wait_for_selector("#chooser:not([hidden])")


def download(page: Any, to: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.click(f'[data-to="{to}"]')
    found = waiting.value
    return found.suggested_filename, Path(found.path()).read_bytes()


def document(page: Any) -> dict[str, Any]:
    """The document as the page saves it, checked by the strict reader."""
    found = json.loads(download(page, "json")[1])
    document_from_json(found)
    return dict(found)
