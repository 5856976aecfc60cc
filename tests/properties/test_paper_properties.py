"""Whatever a paper's elements hold, its text leads back to them."""

from __future__ import annotations

import io
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from somex.core import Document, ElementLocator, FormatError, LabeledDocument
from somex.readers.bibliography import split_entries
from somex.readers.jats import read_jats
from somex.readers.jsonl import document_from_json, document_to_json
from somex.readers.markdown import read_markdown

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")) | st.just("\n"),
    max_size=30,
)
INLINE = st.sampled_from(["italic", "sup", "inline-formula", "ext-link", "break", "fn"])


@st.composite
def contents(draw: st.DrawFn, depth: int = 2) -> str:
    """Mixed content of a paragraph."""
    parts = [escape(draw(WORDS))]
    for _ in range(draw(st.integers(0, 3)) if depth else 0):
        tag = draw(INLINE)
        inner = draw(contents(depth=depth - 1))
        inner = f"<p>{inner}</p>" if tag == "fn" else inner
        attributes = ' xlink:href="https://a.example"' if tag == "ext-link" else ""
        parts += [f"<{tag}{attributes}>{inner}</{tag}>", escape(draw(WORDS))]
    return "".join(parts)


def article(paragraphs: list[str]) -> bytes:
    body = "".join(f"<sec><title>S</title><p>{text}</p></sec>" for text in paragraphs)
    head = '<article xmlns:xlink="http://www.w3.org/1999/xlink"><body>'
    return f"{head}{body}</body></article>".encode()


def check_origins(document: Document, sources: dict[str, str]) -> None:
    reached = 0
    for origin in document.origins:
        assert origin.char_start >= reached
        assert document.slice(reached, origin.char_start) in ("", " ", "\n\n")
        reached = origin.char_end
        place = origin.locator
        assert isinstance(place, ElementLocator)
        there = sources[place.path][place.source_start : place.source_end]
        shown = document.slice(origin.char_start, origin.char_end)
        assert shown == "".join(" " if c.isspace() else c for c in there) or (
            shown == " " and any(c.isspace() for c in there)
        )
    assert reached == len(document.text)


def string_values(raw: bytes) -> dict[str, str]:
    """Return the text of each element by its path."""
    found: dict[str, str] = {}

    def walk(node: ElementTree.Element, path: str) -> None:
        found[path] = "".join(node.itertext())
        counts: dict[str, int] = {}
        for child in node:
            counts[child.tag] = counts.get(child.tag, 0) + 1
            walk(child, f"{path}/{child.tag}[{counts[child.tag]}]")

    root = ElementTree.fromstring(raw)
    walk(root, f"/{root.tag}")
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(contents(), min_size=1, max_size=3))
def test_properties_jats_text_leads_back_to_its_elements(paragraphs: list[str]) -> None:
    raw = article(paragraphs)
    document = read_jats(io.BytesIO(raw), path="p.xml", id="p")
    check_origins(document, string_values(raw))
    for link in document.links:
        assert document.slice(link.char_start, link.char_end).strip()
    labeled = LabeledDocument(document)
    assert document_from_json(document_to_json(labeled)) == labeled


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ab *_[](){}<>&;#`\\!1.\n-|é\u00a0", max_size=40), max_size=4))
def test_properties_markdown_is_read_whatever_it_holds(parts: list[str]) -> None:
    source = "\n\n".join(parts)
    try:
        document = read_markdown(source.encode(), path="p.md", id="p")
    except FormatError:
        assert not any(part.strip().isalpha() for part in parts)
        return
    for origin in document.origins:
        place = origin.locator
        assert isinstance(place, ElementLocator)
        assert 0 <= place.source_start < place.source_end <= len(source) + 1
        shown = document.slice(origin.char_start, origin.char_end)
        if place.source_end - place.source_start == len(shown) and shown.isalpha():
            assert source[place.source_start : place.source_end] == shown


@given(st.lists(st.text("ab1.[]() \u2022-", max_size=20), max_size=12))
def test_properties_entries_keep_every_word(lines: list[str]) -> None:
    found = "".join("".join(split_entries(lines)).split())
    wanted = "".join("".join(lines).split())
    assert found.replace("-", "") == wanted.replace("-", "")
