"""Corrections on the page, and what is downloaded of them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs FastAPI (extra serve)")

from page_driver import document, download, mentions, read, said, select, tag
from page_server import TEXT

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_page_marks_a_passage_by_keyboard(page: Any) -> None:
    read(page)
    page.locator("#mark summary").click()
    page.fill("#mark-words", "package")
    page.keyboard.press("Enter")
    page.wait_for_selector("#chooser:not([hidden])")
    assert page.evaluate("document.activeElement.dataset.type") == "Application"
    page.keyboard.press("Enter")
    said(page, "application “package” added")
    assert "application: package" in mentions(page)
    page.fill("#mark-words", "nowhere")
    page.locator("#mark-words").press("Enter")
    said(page, "“nowhere” is not in the text.")


def test_page_adds_a_mention_from_a_selection(page: Any) -> None:
    read(page)
    select(page, "weather")
    page.click('#chooser [data-type="SoftwareCoreference"]')
    assert "software coreference: weather" in mentions(page)
    assert page.is_hidden("#chooser")
    assert page.inner_text("#panel-title").startswith("weather")
    select(page, "The ")
    page.locator("#use-span").click()
    assert "software coreference: The" in mentions(page)
    assert "2 corrections" in page.inner_text("#summary")


def test_page_changes_type_purpose_and_span(page: Any) -> None:
    read(page)
    tag(page, "Plotmuse").click()
    page.select_option("#mention-type", "Application")
    said(page, "“Plotmuse” is now application")
    page.select_option("#mention-purpose", "Creation")
    page.click("#span-end-right")
    assert "application: Plotmuse package" in mentions(page)
    assert page.evaluate("document.activeElement.id") == "span-end-right"
    page.click("#span-start-left")
    assert "application: the Plotmuse package" in mentions(page)
    found = next(m for m in document(page)["mentions"] if "Plotmuse" in m["text"])
    assert (found["type"], found["purpose"], found["confidence"]) == ("Application", "Creation", 1)
    page.select_option("#mention-type", "URL")
    said(page, "relation not allowed any more")
    assert page.is_hidden("#mention-purpose")


def test_page_adds_and_deletes_relations_that_the_schema_allows(page: Any) -> None:
    read(page)
    tag(page, "[3]").click()
    page.locator(".relations button", has_text="✕").click()
    said(page, "“[3]” citation of “Sloperunner” deleted")
    assert page.locator(".relations li").count() == 0
    kinds = page.locator("#relation-kind option").all_inner_texts()
    assert kinds == ["is citation of"]
    partners = page.locator("#relation-partner option").all_inner_texts()
    assert not any("version" in partner for partner in partners)
    inkgrove = next(p for p in partners if p.startswith("Inkgrove"))
    page.select_option("#relation-partner", label=inkgrove)
    page.click("#add-relation")
    said(page, "“[3]” citation of “Inkgrove” added")
    page.click("#add-relation")
    row = page.locator("#software tbody tr", has_text="Inkgrove")
    assert "[3]" in row.inner_text()
    found = document(page)
    texts = {m["id"]: m["text"] for m in found["mentions"]}
    pairs = [(texts[r["head"]], r["type"], texts[r["tail"]]) for r in found["relations"]]
    assert ("[3]", "Citation_of", "Inkgrove") in pairs
    assert ("[3]", "Citation_of", "Sloperunner") not in pairs


def test_page_undoes_every_correction(page: Any) -> None:
    read(page)
    before = document(page)
    select(page, "weather")
    page.click('#chooser [data-type="License"]')
    tag(page, "Sloperunner").click()
    page.select_option("#mention-type", "OperatingSystem")
    page.click("#delete-mention")
    page.locator("#text-title").click()
    for n in (3, 2, 1):
        assert f"{n} correction" in page.inner_text("#summary")
        page.click("#undo")
    assert page.is_disabled("#undo")
    assert document(page) == before
    page.click("#redo")
    assert "license: weather" in mentions(page)


def test_page_counts_offsets_in_characters(page: Any) -> None:
    read(page, "\U0001f9ea\U0001f4c8 We used Sloperunner 1.8 \U0001f680 on the tundracluster.")
    select(page, "tundracluster")
    page.click('#chooser [data-type="OperatingSystem"]')
    found = document(page)
    spans = {m["text"]: (m["char_start"], m["char_end"]) for m in found["mentions"]}
    assert spans == {
        text: (found["text"].index(text), found["text"].index(text) + len(text))
        for text in ("Sloperunner", "1.8", "tundracluster")
    }
    assert [m["id"] for m in found["mentions"]] == ["T1", "T2", "T3"]


def test_page_downloads_the_corrected_annotation_in_every_format(page: Any) -> None:
    read(page)
    select(page, "weather")
    page.click('#chooser [data-type="PlugIn"]')
    name, raw = download(page, "brat")
    assert name.endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        (notes,) = [n for n in archive.namelist() if n.endswith(".ann")]
        lines = archive.read(notes).decode()
    at = TEXT.index("weather")
    assert f"PlugIn {at} {at + 7}\tweather" in lines
    assert "Version_of Arg1:" in lines
    with zipfile.ZipFile(io.BytesIO(download(page, "somd")[1])) as archive:
        text = "".join(archive.read(n).decode() for n in archive.namelist())
    assert "B-PlugIn" in text
    with zipfile.ZipFile(io.BytesIO(download(page, "csv")[1])) as archive:
        text = "".join(archive.read(n).decode() for n in archive.namelist())
    assert "weather" in text
    (line,) = download(page, "jsonl")[1].splitlines()
    texts = [m["text"] for m in json.loads(line)["mentions"]]
    assert "weather" in texts
    assert json.loads(line)["model"]["corrected"] is True
    for to in ("web-annotation", "json"):
        assert b"weather" in download(page, to)[1]
    pytest.importorskip("pyoxigraph", reason="needs pyoxigraph (extra graph)")
    for to in ("turtle", "jsonld"):
        assert b"weather" in download(page, to)[1]


def test_page_warns_before_corrections_are_lost(page: Any) -> None:
    read(page)
    tag(page, "[3]").click()
    page.click("#delete-mention")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.click("#new-text")
    assert "not downloaded yet" in asked[0]
    assert page.is_visible("#view-result")
    download(page, "brat")
    page.click("#new-text")
    assert page.is_visible("#view-start")
