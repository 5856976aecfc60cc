"""Draws the example paper that is a PDF, with the same bytes each time: make_example_pdf.py [FILE].

Needs reportlab, which the extra `dev` brings.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    FrameBreak,
    NextPageTemplate,
    PageTemplate,
    Paragraph,
)

PLACE = Path(__file__).resolve().parents[1] / "examples" / "papers" / "10-barley-drought.pdf"
RUNNING_HEAD = "Example Journal of Plant Science 7 (2019) 112"
TITLE = "Early response of barley roots to drought"
AUTHORS = "Agnes Thorvaldsen, Dmitri Lazarenko, Chipo Moyo"
DOI = "https://doi.org/10.5555/example.barley-drought.2019"

SECTIONS = (
    (
        "Abstract",
        (
            "Barley notices a drying soil within a day. We compared the transcripts of roots at "
            "five times after the last watering and found 312 genes that respond before the leaves "
            "lose their turgor. Most of them had not been linked to drought before.",
        ),
    ),
    (
        "Sequencing data",
        (
            "Libraries were sequenced on one lane. Their quality was checked with FastQC v0.11.8 "
            "(Babraham Bioinformatics), and adapters were removed with Trimmomatic, version 0.38 "
            "[1]. Reads were aligned to the reference genome using STAR 2.7.0 [2]. Alignments of "
            "the most different genes were inspected in the Integrative Genomics Viewer (IGV) [3].",
            "Counts were compared between times with the Bioconductor package DESeq2 (version "
            "1.24.0) [4] in R 3.6.1 (R Core Team, Vienna, Austria). Figures were drawn with "
            "the ggplot2 package [5]. The whole workflow is "
            'available at <a href="https://gitlab.com/agro/barley">'
            "https://gitlab.com/agro/barley</a>.",
        ),
    ),
    (
        "Root measurements",
        (
            "Roots were scanned and their length was measured in ImageJ (NIH, Bethesda, MD, USA). "
            "Lengths were compared by analysis of variance in SPSS v. 24 (IBM). Curves of water "
            "uptake were fitted in GraphPad Prism 7.04 (GraphPad Software, San Diego, CA).",
        ),
    ),
    (
        "Results and discussion",
        (
            "Roots grew on for two days after the last watering, whereas leaves stopped within "
            "one. The genes that DESeq2 found at the first time fall into two groups: "
            "transporters, whose transcripts rise until the third day, and regulators, whose "
            "transcripts rise and fall within hours. A second run with other settings of STAR left "
            "nine genes out of the list and added none.",
        ),
    ),
    (
        "References",
        (
            "1. Bolger AM, Lohse M, Usadel B. Trimmomatic: a flexible trimmer for Illumina "
            "sequence data. Bioinformatics. 2014;30:2114-2120. doi:10.1093/bioinformatics/btu170",
            "2. Dobin A, Davis CA, Schlesinger F, et al. STAR: ultrafast universal RNA-seq "
            "aligner. Bioinformatics. 2013;29:15-21. doi:10.1093/bioinformatics/bts635",
            "3. Robinson JT, Thorvaldsdóttir H, Winckler W, et al. Integrative genomics viewer. "
            "Nat Biotechnol. 2011;29:24-26. doi:10.1038/nbt.1754",
            "4. Love MI, Huber W, Anders S. Moderated estimation of fold change and dispersion for "
            "RNA-seq data with DESeq2. Genome Biol. 2014;15:550. doi:10.1186/s13059-014-0550-8",
            "5. Wickham H. ggplot2: elegant graphics for data analysis. New York: Springer; 2016. "
            "doi:10.1007/978-3-319-24277-4",
        ),
    ),
)

MARGIN, GUTTER, HEAD, BOTTOM = 56.0, 22.0, 92.0, 232.0
_WIDTH, _HEIGHT = A4
_COLUMN = (_WIDTH - 2 * MARGIN - GUTTER) / 2
_BASE = {"fontName": "Vera", "fontSize": 10.5, "leading": 14.5}
TEXT = ParagraphStyle("text", **_BASE, spaceAfter=6)
ENTRY = ParagraphStyle("entry", parent=TEXT, fontSize=8, leading=10.5, spaceAfter=3)
HEADING = ParagraphStyle(
    "heading", parent=TEXT, fontName="VeraBd", fontSize=11, leading=15, spaceBefore=6
)
TITLE_STYLE = ParagraphStyle("title", fontName="VeraBd", fontSize=16, leading=21, spaceAfter=4)
AUTHOR_STYLE = ParagraphStyle("authors", **_BASE)


def draw(place: Path) -> None:
    """Write the paper: a title across the page, two columns below it, running heads."""
    for name in ("Vera", "VeraBd"):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    pdfmetrics.registerFontFamily("Vera", normal="Vera", bold="VeraBd", italic="Vera")
    paper = BaseDocTemplate(
        str(place), pagesize=A4, title=TITLE, author=AUTHORS, invariant=1, pageCompression=1
    )
    top = _HEIGHT - MARGIN
    title = Frame(MARGIN, top - HEAD, _WIDTH - 2 * MARGIN, HEAD, id="title", leftPadding=0)
    first = PageTemplate("first", [title, *_columns(top - HEAD)], onPage=_running_head)
    later = PageTemplate("later", _columns(top), onPage=_running_head)
    paper.addPageTemplates([first, later])
    paper.build(_story())


def _columns(top: float) -> list[Frame]:
    lefts = (MARGIN, MARGIN + _COLUMN + GUTTER)
    padding = {f"{side}Padding": 0 for side in ("left", "right", "top", "bottom")}
    return [Frame(left, BOTTOM, _COLUMN, top - BOTTOM, **padding) for left in lefts]


def _running_head(canvas: Canvas, paper: BaseDocTemplate) -> None:
    canvas.setFont("Vera", 8)
    canvas.drawString(MARGIN, _HEIGHT - 36, RUNNING_HEAD)
    canvas.drawCentredString(_WIDTH / 2, 32, str(111 + paper.page))


def _story() -> list[Flowable]:
    story: list[Flowable] = [
        NextPageTemplate("later"),
        Paragraph(TITLE, TITLE_STYLE),
        Paragraph(AUTHORS, AUTHOR_STYLE),
        Paragraph(DOI, AUTHOR_STYLE),
        FrameBreak(),
    ]
    for heading, paragraphs in SECTIONS:
        story.append(Paragraph(heading, HEADING))
        style = ENTRY if heading == "References" else TEXT
        story += [Paragraph(text, style) for text in paragraphs]
    return story


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE)
