"""The date of publication, as the formats write it."""

from __future__ import annotations

import io

import pytest

from somex.readers.html import read_html
from somex.readers.jats import read_jats
from somex.readers.markdown import read_markdown
from somex.readers.tei import read_tei


def jats_date(dates: str) -> str | None:
    raw = (
        f"<article><front><article-meta>{dates}</article-meta></front><body><p>Some text.</p>"
        "</body><back><ref-list><ref id='r'><mixed-citation><year>1999</year></mixed-citation>"
        "</ref></ref-list></back></article>"
    )
    document = read_jats(io.BytesIO(raw.encode()), path="p.xml", id="p")
    assert document.text == "Some text."
    return document.provenance.get("published")


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ("", None),
        ("<pub-date><year>2021</year></pub-date>", "2021"),
        (
            "<pub-date pub-type='epub'><day>3</day>\n<month>5</month><year>2021</year></pub-date>",
            "2021-05-03",
        ),
        ("<pub-date><month>May</month><year>2021</year></pub-date>", "2021"),
        ("<pub-date><day>3</day><year>2021</year></pub-date>", "2021"),
        ("<pub-date><string-date>soon</string-date></pub-date>", None),
        (f"<pub-date><year>{'9' * 5000}</year></pub-date>", None),
        (
            "<pub-date pub-type='ppub'><month>1</month><year>2022</year></pub-date>"
            "<pub-date pub-type='collection'><year>2021</year></pub-date>"
            "<pub-date pub-type='epub'><day>9</day><month>12</month><year>2021</year></pub-date>"
            "<pub-date pub-type='pmc-release'><year>2020</year></pub-date>",
            "2021-12-09",
        ),
    ],
)
def test_paper_dates_of_jats(dates: str, expected: str | None) -> None:
    assert jats_date(dates) == expected


def test_paper_dates_of_tei() -> None:
    raw = (
        "<TEI><teiHeader><fileDesc><publicationStmt><publisher>A house</publisher>"
        '<date type="published" when="2019-03">March 2019</date></publicationStmt></fileDesc>'
        "</teiHeader><text><body><div><p>Some text.</p></div></body></text></TEI>"
    )
    found = read_tei(io.BytesIO(raw.encode()), path="p.tei", id="p")
    assert found.provenance["published"] == "2019-03"
    assert found.text == "Some text."


@pytest.mark.parametrize(("date", "expected"), [("2020/5/3", "2020-05-03"), ("2020", "2020")])
def test_paper_dates_of_html(date: str, expected: str) -> None:
    raw = f"<html><head><meta name='citation_publication_date' content='{date}'></head>"
    raw += "<body><p>Some text.</p></body></html>"
    found = read_html(raw.encode(), path="p.html", id="p")
    assert found.provenance["published"] == expected


def test_paper_dates_of_markdown() -> None:
    raw = b"---\ntitle: A paper\ndate: 2020-02-29\n---\n\nSome text.\n"
    found = read_markdown(raw, path="p.md", id="p")
    assert found.provenance["published"] == "2020-02-29"
