"""What single readers of papers do with the odd things that papers hold."""

from __future__ import annotations

import io
import sys
import tracemalloc
from collections.abc import Iterator

import pytest

from somex.core import Document, FormatError, MissingExtraError
from somex.readers.bibliography import is_reference_heading, split_entries
from somex.readers.html import read_html
from somex.readers.jats import read_jats
from somex.readers.markdown import read_markdown
from somex.readers.pdf import read_pdf
from somex.readers.plain_paper import read_plain_paper
from somex.readers.tei import read_tei

DOCTYPE = '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS 1.3//EN" "JATS-archivearticle1-3.dtd">'


def jats(body: str, back: str = "", doctype: str = "") -> Document:
    raw = (
        f'{doctype}<article xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'xmlns:mml="http://www.w3.org/1998/Math/MathML"><body>{body}</body>{back}</article>'
    )
    return read_jats(io.BytesIO(raw.encode()), path="p.xml", id="p")


def cited(document: Document, text: str) -> list[str]:
    start = document.text.index(text)
    return [reference.id for reference in document.references_of(start, start + len(text))]


def test_jats_drops_what_is_no_prose() -> None:
    found = jats(
        "<p>We used <bold>R</bold><inline-formula><mml:math><mml:mi>x</mml:mi></mml:math>"
        "</inline-formula> here<xref ref-type='fn'>a</xref>.<fig><label>Figure 1</label><caption>"
        "<p>Drawn in QGIS.</p></caption><graphic xlink:href='x'/></fig> And on.</p>"
        "<table-wrap><table><tr><td>1.0</td></tr></table></table-wrap>"
        "<disp-formula>E</disp-formula>",
        "<back><ack><p>Thanks.</p></ack><ref-list><title>References</title><ref id='B1'>"
        "<mixed-citation>Smith J (2001) On it.</mixed-citation></ref></ref-list></back>"
        "<sub-article><body><p>Review.</p></body></sub-article>",
    )
    assert found.text == "We used R herea.\n\nDrawn in QGIS.\n\nAnd on.\n\nThanks."
    assert [section.name for section in found.sections] == ["Acknowledgements"]
    assert found.references[0].text == "Smith J (2001) On it."
    (last,) = found.origins_of(found.text.index("And"), found.text.index("And") + 3)
    assert last.locator.path == "/article/body[1]/p[1]"  # type: ignore[union-attr]


def test_jats_takes_named_characters_of_its_unread_dtd() -> None:
    assert jats("<p>a&nbsp;b&mdash;c</p>", doctype=DOCTYPE).text == "a b\u2014c"


def test_jats_ranges_of_call_outs_are_filled() -> None:
    entries = "".join(f"<ref id='B{n}'><label>{n}</label>Entry {n}</ref>" for n in range(1, 8))
    found = jats(
        "<p>Known [<xref ref-type='bibr' rid='B2'>2</xref>\u2013"
        "<xref ref-type='bibr' rid='B5'>5</xref>,<xref ref-type='bibr' rid='B7 B9'>7</xref>].</p>",
        f"<back><ref-list>{entries}</ref-list></back>",
    )
    assert cited(found, "[2\u20135,7]") == ["B2", "B3", "B4", "B5", "B7"]


def test_xml_of_any_size_takes_bounded_memory() -> None:
    class Long(io.RawIOBase):
        """An article whose table has no end in sight."""

        def __init__(self) -> None:
            self._parts = self._make()

        def _make(self) -> Iterator[bytes]:
            yield b"<article><body><p>We used R.</p><table-wrap><table>"
            for _ in range(20):
                yield b"<tr><td>1.234</td><td>text</td></tr>" * 1000
            yield b"</table></table-wrap></body></article>"

        def read(self, size: int = -1) -> bytes:
            return next(self._parts, b"")

    tracemalloc.start()
    found = read_jats(Long(), path="p.xml", id="p")  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.text == "We used R."
    assert peak < 400_000


def test_tei_keeps_notes_and_availability_and_drops_formulas() -> None:
    raw = (
        '<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><encodingDesc><p>GROBID 0.8</p>'
        "</encodingDesc></teiHeader><text><body><div><head n='1'>Methods</head><p><s>We used R"
        '<ref type="foot">1</ref>.</s> <s>It ran.</s></p><formula>x = 1</formula><note place='
        "'foot'>See CRAN.</note></div></body><back><div type='availability'><div><p>On GitHub.</p>"
        "</div></div></back></text></TEI>"
    )
    found = read_tei(io.BytesIO(raw.encode()), path="p.tei", id="p")
    assert found.text == "Methods\n\nWe used R1. It ran.\n\nSee CRAN.\n\nOn GitHub."
    assert found.sections[0].name == "Methods"


def test_html_reads_charsets_and_fragments() -> None:
    raw = '<meta charset="latin-1"><p>Größe in <b>R</b> &amp; <i>QGIS</i><br>2020'.encode("latin-1")
    found = read_html(raw, path="p.html", id="p")
    assert found.text == "Größe in R & QGIS 2020"
    with pytest.raises(FormatError, match="is empty"):
        read_html(b" \n", path="p.html", id="p")


def test_html_bibliographies_are_known_by_class() -> None:
    raw = (
        "<p>Seen <a href='#r1'>(Smith 2001)</a>.</p><div class='ref-list'><h3>Sources</h3><ol>"
        "<li id='r1'>Smith J. 2001. <a href='https://doi.org/10.5555/abc'>link</a></li></ol></div>"
        "<p>After.</p>"
    )
    found = read_html(raw.encode(), path="p.html", id="p")
    assert found.text == "Seen (Smith 2001).\n\nAfter."
    assert found.references[0].doi == "10.5555/abc"
    assert cited(found, "Smith 2001") == ["r1"]


def test_markdown_leads_back_past_escapes_and_drops_code() -> None:
    source = "We used R \\& S&amp;T, `lme4`.\n\n```\ncode\n```\n\n    more\n\n> Quoted\n> twice.\n"
    found = read_markdown(source.encode(), path="p.md", id="p")
    assert found.text == "We used R & S&T, lme4.\n\nQuoted twice."
    for word in ("lme4", "Quoted", "twice"):
        start = found.text.index(word)
        (origin,) = found.origins_of(start, start + len(word))
        place = origin.locator
        assert source[place.source_start : place.source_end] == word  # type: ignore[union-attr]


def test_plain_paper_is_cut_at_its_reference_list() -> None:
    text = (
        "Growth was fitted (Smith and Jones, 2001; Lee et al. 2003b).\r\n\r\nReferences\r\n"
        "Lee K. Old one. 2003a.\r\n\r\nLee K. New one. 2003b.\r\n\r\n"
        "Smith J, Jones P (2001) It.\r\n"
    )
    found = read_plain_paper(text.encode(), path="p.txt", id="p")
    assert found.text == text[: text.index("References")]
    assert cited(found, "Smith and Jones, 2001") == ["3"]
    assert cited(found, "Lee et al. 2003b") == ["2"]
    short = b"See below.\n\nReferences\n"
    assert read_plain_paper(short, path="p.txt", id="p").text == short.decode()


def test_bibliography_headings_and_entries() -> None:
    assert all(map(is_reference_heading, ("References", "7. REFERENCES", "## Works cited:")))
    assert not any(map(is_reference_heading, ("Reference genome", "References to R", "")))
    lines = ["1. Smith J. On rings.", "2012. doi:10.1/", "abc", "2. Lee K. Floods and", "trees."]
    assert split_entries(lines) == [
        "1. Smith J. On rings. 2012. doi:10.1/ abc",
        "2. Lee K. Floods and trees.",
    ]


def pdf(*lines: tuple[float, float, float, str], encrypt: str | None = None) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(400, 400), encrypt=encrypt)
    canvas.rect(10, 10, 5, 5)
    for x, y, size, text in lines:
        canvas.setFont("Helvetica", size)
        canvas.drawString(x, y, text)
    canvas.save()
    return stream.getvalue()


def test_pdf_keeps_hyphens_that_are_none_of_the_line() -> None:
    raw = pdf(
        (50, 300, 10, "Groups were compared with a t-"),
        (50, 288, 10, "test in SPSS, then by a self-made proce-"),
        (50, 276, 10, "dure in R, and from https://r.example/some-"),
        (50, 264, 10, "where we took a state-of-the-art tool."),
    )
    found = read_pdf(raw, path="p.pdf", id="p")
    assert found.text == (
        "Groups were compared with a t-test in SPSS, then by a self-made procedure in R, and from "
        "https://r.example/some-where we took a state-of-the-art tool."
    )


def test_pdf_raised_numbers_are_call_outs() -> None:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    end = 50 + stringWidth("We used Quill", "Helvetica", 10)
    raw = pdf(
        (50, 300, 10, "We used Quill"),
        (end, 304, 6, "2"),
        (end + 7, 300, 10, "to draw all of the figures."),
        (50, 260, 10, "References"),
        (50, 248, 10, "1. Smith J. On R. 2001."),
        (50, 236, 10, "2. Lee K. On Quill. 2003. doi:10.5555/quill"),
    )
    found = read_pdf(raw, path="p.pdf", id="p")
    assert "Smith" not in found.text
    start = found.text.index("Quill2") + 5
    (reference,) = found.references_of(start, start + 1)
    assert reference.doi == "10.5555/quill"


def test_pdf_that_holds_no_text_or_is_locked_is_told() -> None:
    with pytest.raises(FormatError, match=r"p\.pdf: holds no text \(a scan\?"):
        read_pdf(pdf(), path="p.pdf", id="p")
    with pytest.raises(FormatError, match="is no readable PDF: it is encrypted"):
        read_pdf(pdf((50, 300, 10, "x"), encrypt="secret"), path="p.pdf", id="p")


def test_pdf_without_pypdfium2_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(MissingExtraError, match=r"install it: pip install 'somex\[pdf\]'"):
        read_pdf(b"", path="p.pdf", id="p")
