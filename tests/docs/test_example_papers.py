"""The example papers are read in their formats, and the PDF among them can be made anew."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from somex.readers.papers import read_paper

ROOT = Path(__file__).resolve().parents[2]
PAPERS = ROOT / "examples" / "papers"
PDF = PAPERS / "10-barley-drought.pdf"


@pytest.mark.parametrize(
    ("name", "format", "n_references", "published"),
    [
        ("06-shift-work.xml", "jats", 5, "2021-06-14"),
        ("07-nuclear-size.tei.xml", "tei", 3, "2020-09-03"),
        ("08-bird-song.html", "html", 4, "2022-03-21"),
        ("09-hospital-survey.md", "markdown", 3, "2023-11-08"),
        ("10-barley-drought.pdf", "pdf", 5, None),
    ],
)
def test_examples_papers_are_read_with_references_and_call_outs(
    name, format, n_references, published
):
    if format == "pdf":
        pytest.importorskip("pypdfium2")
    paper = read_paper(PAPERS / name)
    assert paper.provenance["format"] == format
    assert paper.provenance["doi"].startswith("10.5555/example.")
    assert paper.provenance.get("published") == published
    assert len(paper.references) == n_references
    cited = {id for call_out in paper.call_outs for id in call_out.reference_ids}
    assert cited == {reference.id for reference in paper.references}
    assert "References" not in paper.text


def test_examples_pdf_is_what_its_script_draws(tmp_path):
    pytest.importorskip("reportlab")
    pytest.importorskip("pypdfium2")
    for place in (tmp_path / "a.pdf", tmp_path / "b.pdf"):
        script = ROOT / "scripts" / "make_example_pdf.py"
        subprocess.run([sys.executable, str(script), str(place)], check=True)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    drawn, committed = read_paper(tmp_path / "a.pdf"), read_paper(PDF)
    assert drawn.text == committed.text
    assert drawn.origins == committed.origins
