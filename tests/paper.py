"""A paper that nobody wrote, as plain text, JATS, TEI, HTML, Markdown and a PDF of two columns.

In its paragraphs ``{3,5-7}`` cites references and ``{words|URL}`` is a hyperlink.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

TITLE = "Seasonal growth of riverside willows under changing flood regimes"
DOI = "10.5555/willow.2024.0117"
PMCID = "PMC9990117"
AUTHORS = "Mara Lindqvist, Tobias Okafor, Ines Calderon"
CAPTION = "Table 1. Mean ring width by site, computed with SPSS 26."
ROWS = [["Site", "Width", "Error"], ["Upper", "1.32", "0.11"], ["Lower", "1.84", "0.09"]]
RUNNING_HEAD = "Lindqvist et al. Willow growth"

ABSTRACT = [
    "Riverside willows record floods in their rings. We measured 412 cores from six sites and "
    "modelled growth with R version 4.1.2 and the lme4 package {1,2}. Growth fell by a fifth after "
    "summer floods, whereas spring floods had no measurable effect. All scripts are available "
    "from {the project page|https://github.com/willowlab/ringflow}."
]

SECTIONS: list[tuple[str, list[str]]] = [
    (
        "Introduction",
        [
            "Willows line the banks of most lowland rivers in Europe. Their rings are wide, their "
            "wood is soft, and few dendrochronologists have bothered with them. Nevertheless, the "
            "species is among the first to respond when a river leaves its bed, and therefore a "
            "promising witness of floods that no gauge has recorded.",
            "Earlier studies relied on visual inspection of cores. Only recently have automatic "
            "methods become sufficiently reliable: the image analysis software ImageJ {3} made "
            "measurements reproducible, and specialised tools such as CooRecorder followed. "
            "Differences between observers, however, remain difficult to quantify, and the "
            "influence of the measuring software on the final chronology is seldom reported.",
            "Here we ask whether summer floods and spring floods leave different traces. We "
            "combine ring widths from six sites with daily discharge, and we make every step of "
            "the workflow available, so that others can repeat the analysis on their own rivers.",
        ],
    ),
    (
        "Study sites and sampling",
        [
            "Six sites were chosen along a gradient of flood frequency. At each site we took two "
            "cores from thirty trees at breast height, using an increment borer of 5 mm. Cores "
            "were dried, glued to wooden mounts and sanded with progressively finer paper until "
            "the cells became visible under the stereomicroscope.",
            "Coordinates were recorded with a handheld receiver and checked in QGIS 3.16 "
            "(QGIS Development Team) against aerial photographs. Maps were drawn with the same "
            "programme. Daily discharge between 1961 and 2020 was provided by the regional "
            "water authority, and gaps of up to three days were filled by linear interpolation "
            "in Python 3.8 using pandas {4}.",
            "Soil samples were taken at two depths. Their texture was determined in the "
            "laboratory by sedimentation, and organic carbon by loss on ignition. We found no "
            "differences between sites that would explain the patterns described below.",
        ],
    ),
    (
        "Measurement of ring widths",
        [
            "Sanded cores were scanned at 2400 dpi. Ring boundaries were marked in CooRecorder "
            "9.4 (Cybis Elektronik) and cross-dated with COFECHA {5}. Two observers measured "
            "each core independently. Where their results differed by more than five per cent, "
            "the core was measured again by a third observer, and the median was kept.",
            "A subsample of fifty cores was also segmented automatically with Fiji, an "
            "image-processing distribution of ImageJ {3,6}, and with a neural network "
            "implemented in PyTorch 1.9 {7}. Agreement between manual and automatic boundaries "
            "was high, with a mean deviation of 0.04 mm. Automatic segmentation failed on eleven "
            "cores with extremely narrow rings, which we excluded from the comparison.",
            "Series were detrended with a cubic smoothing spline of thirty years in the dplR "
            "package {8} for R. We retained the residual chronology, since the autocorrelation "
            "of raw series would otherwise inflate the apparent influence of single floods. "
            "Expressed population signal exceeded 0.85 at all sites after 1970.",
        ],
    ),
    (
        "Statistical analysis",
        [
            "Growth was modelled with linear mixed effects models. Site and tree entered as "
            "random effects, flood season and flood height as fixed effects. All models were "
            "fitted in R version 4.1.2 (R Core Team) with lme4 1.1-27 {1,2}, and confidence "
            "intervals were obtained by parametric bootstrap. Figures were drawn with ggplot2 "
            "{9}.",
            "As a check on the frequentist results we fitted the final model in a Bayesian "
            "framework with Stan, called through the brms package, version 2.16 {10}. Four "
            "chains of 4000 iterations were run, and convergence was judged by visual "
            "inspection and by the scale reduction factor. Descriptive statistics and the "
            "comparison of soil samples were carried out in SPSS 26 (IBM Corp., Armonk, NY).",
            "Missing values were rare and affected only discharge before 1975. We repeated the "
            "analysis without these years and obtained virtually identical coefficients. A "
            "sensitivity analysis with different spline stiffness was run on a cluster under "
            "Ubuntu 20.04, using the workflow manager Snakemake {11}.",
        ],
    ),
    (
        "Results",
        [
            "Ring width varied between 0.3 and 6.1 mm, with a mean of 1.6 mm. Trees at the "
            "lower sites grew faster, but they also showed the strongest response to floods. "
            "Summer floods reduced growth in the following year by 21 per cent, whereas the "
            "effect of spring floods was indistinguishable from zero.",
            "The Bayesian model agreed with the frequentist one in sign and size of all fixed "
            "effects. Posterior intervals were slightly wider, as one would expect. Flood "
            "height mattered less than flood season: a summer flood of average height had a "
            "greater effect than the highest spring flood of the whole period.",
            "Automatic segmentation gave essentially the same chronology as manual measurement. "
            "The correlation between both was 0.97 in Fiji and 0.98 for the neural network. "
            "Differences were concentrated in the outermost rings, where bark fragments "
            "confused both methods.",
        ],
    ),
    (
        "Discussion",
        [
            "Willows lose their leaves early when they are flooded in summer, and photosynthesis "
            "stops for weeks. Spring floods arrive before the leaves unfold, which explains why "
            "they leave no trace in the rings. This interpretation agrees with experiments "
            "under controlled conditions, in which seedlings recovered quickly from flooding "
            "outside the growing season.",
            "Our study has limitations. Six sites are few, and they belong to one river. The "
            "choice of measuring software had little influence here, but the cores were of "
            "excellent quality. For poorly preserved wood, we recommend that at least a "
            "subsample be measured twice, ideally with CooRecorder and with an independent "
            "programme. The simulation tool FloodSim 2.3, which we {released "
            "separately|https://floodsim.example.org/download}, can be used to plan such "
            "comparisons.",
        ],
    ),
    (
        "Data and code availability",
        [
            "Ring widths, discharge and scripts are archived on Zenodo. The scripts run under "
            "R 4.1.2 and Python 3.8 on Windows 10 and on Ubuntu. FloodSim is distributed under "
            "the MIT license at https://floodsim.example.org, and its source code is hosted on "
            "GitHub.",
        ],
    ),
]

REFERENCES = [
    ("R Core Team", "R: a language and environment for statistical computing", "2021", None),
    ("Bates D", "Fitting linear mixed-effects models using lme4", "2015", "10.18637/jss.v067.i01"),
    ("Schneider CA", "NIH Image to ImageJ", "2012", "10.1038/nmeth.2089"),
    ("McKinney W", "Data structures for statistical computing in Python", "2010", None),
    ("Holmes RL", "Computer-assisted quality control in tree-ring dating", "1983", None),
    ("Schindelin J", "Fiji: an open-source platform", "2012", "10.1038/nmeth.2019"),
    ("Paszke A", "PyTorch: an imperative style library", "2019", None),
    ("Bunn AG", "A dendrochronology program library in R", "2008", "10.1016/j.dendro.2008.01.002"),
    ("Wickham H", "ggplot2: elegant graphics for data analysis", "2016", None),
    ("Buerkner PC", "brms: an R package for Bayesian models", "2017", "10.18637/jss.v080.i01"),
    ("Koester J", "Snakemake: a scalable workflow engine", "2012", "10.1093/bioinformatics/bts480"),
]

_INLINE = re.compile(r"\{(?P<cite>\d[\d,-]*)\}|\{(?P<words>[^|{}]+)\|(?P<url>[^{}]+)\}")
Cite = Callable[[list[list[int]]], str]
Link = Callable[[str, str], str]


def render(text: str, *, cite: Cite, link: Link, plain: Callable[[str], str] = str) -> str:
    """Write a paragraph, its inline marks by the functions given."""
    parts, reached = [], 0
    for match in _INLINE.finditer(text):
        parts.append(plain(text[reached : match.start()]))
        reached = match.end()
        if match["cite"]:
            groups = [[int(n) for n in part.split("-")] for part in match["cite"].split(",")]
            parts.append(cite(groups))
        else:
            parts.append(link(match["words"], match["url"]))
    return "".join([*parts, plain(text[reached:])])


def brackets(groups: list[list[int]]) -> str:
    """Write a citation as ``[3,5-7]``."""
    return f"[{','.join('-'.join(map(str, group)) for group in groups)}]"


def bare(text: str) -> str:
    """Return a paragraph as a reader sees it."""
    return render(text, cite=brackets, link=lambda words, _: words)


def entry(n: int) -> str:
    """Return the n-th reference (from 1) as a line."""
    authors, title, year, doi = REFERENCES[n - 1]
    tail = f" doi:{doi}" if doi else ""
    return f"{authors}. {title}. {year}.{tail}"


def blocks() -> list[str]:
    """Return the blocks that every reader is to give, in order."""
    found = [TITLE, "Abstract", *map(bare, ABSTRACT)]
    for heading, paragraphs in SECTIONS:
        found += [heading, *map(bare, paragraphs)]
        if heading == "Results":
            found.append(CAPTION)
    return found


def as_text() -> str:
    """Return the paper as plain text."""
    entries = [f"{n}. {entry(n)}" for n in range(1, len(REFERENCES) + 1)]
    return "\n\n".join([*blocks(), "References", "\n".join(entries)]) + "\n"


def _wrap(text: str) -> str:
    """Break lines as hand-written mark-up does."""
    return re.sub(r"(.{60}\S*) ", r"\1\n      ", text)


def _jats_cite(groups: list[list[int]]) -> str:
    def one(n: int) -> str:
        return f'<xref ref-type="bibr" rid="B{n}">{n}</xref>'

    return "[" + ",".join("-".join(map(one, group)) for group in groups) + "]"


def as_jats() -> str:
    """Return the paper as PubMed Central has it."""

    def p(text: str) -> str:
        def link(words: str, url: str) -> str:
            return f'<ext-link ext-link-type="uri" xlink:href="{url}">{words}</ext-link>'

        return f"<p>{_wrap(render(text, cite=_jats_cite, link=link, plain=escape))}</p>"

    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in ROWS)
    table = (
        f'<table-wrap id="t1"><caption><p>{CAPTION}</p></caption>'
        f"<table><tbody>{rows}</tbody></table></table-wrap>"
    )
    body = "".join(
        f"\n<sec><title>{heading}</title>\n{''.join(map(p, paragraphs))}"
        f"{table if heading == 'Results' else ''}</sec>"
        for heading, paragraphs in SECTIONS
    )
    entries = "".join(
        f'<ref id="B{n}"><label>{n}</label><element-citation><name><surname>{authors}</surname>'
        f"</name><article-title>{title}</article-title><year>{year}</year>"
        + (f'<pub-id pub-id-type="doi">{doi}</pub-id>' if doi else "")
        + "</element-citation></ref>"
        for n, (authors, title, year, doi) in enumerate(REFERENCES, start=1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS 1.3//EN" "JATS-archivearticle1-3.dtd">\n'
        '<article xmlns:xlink="http://www.w3.org/1999/xlink"><front><journal-meta>'
        "<journal-title>Rings</journal-title></journal-meta><article-meta>"
        f'<article-id pub-id-type="doi">{DOI}</article-id>'
        f'<article-id pub-id-type="pmc">{PMCID[3:]}</article-id>'
        f"<title-group><article-title>{TITLE}</article-title></title-group>"
        f"<contrib-group><contrib><string-name>{AUTHORS}</string-name></contrib></contrib-group>"
        f"<abstract><title>Abstract</title>{''.join(map(p, ABSTRACT))}</abstract>"
        f"</article-meta></front>\n<body>{body}</body>\n"
        f"<back><ref-list><title>References</title>{entries}</ref-list></back></article>\n"
    )


def as_tei() -> str:
    """Return the paper as GROBID has it."""

    def one(group: list[int]) -> str:
        shown = "-".join(map(str, group))
        return f'<ref type="bibr" target="#b{group[-1] - 1}">{shown}</ref>'

    def cite(groups: list[list[int]]) -> str:
        return "[" + ",".join(map(one, groups)) + "]"

    def link(words: str, url: str) -> str:
        return f'<ref type="url" target="{url}">{words}</ref>'

    def p(text: str) -> str:
        return f"<p>{render(text, cite=cite, link=link, plain=escape)}</p>"

    rows = "".join(
        "<row>" + "".join(f"<cell>{cell}</cell>" for cell in row) + "</row>" for row in ROWS
    )
    table = f'<figure type="table"><figDesc>{CAPTION}</figDesc><table>{rows}</table></figure>'
    body = "".join(
        f"<div><head>{heading}</head>{''.join(map(p, paragraphs))}"
        f"{table if heading == 'Results' else ''}</div>\n"
        for heading, paragraphs in SECTIONS
    )
    entries = "".join(
        f'<biblStruct xml:id="b{n}"><analytic><title level="a">{title}</title><author><persName>'
        f"<surname>{authors}</surname></persName></author>"
        + (f'<idno type="DOI">{doi}</idno>' if doi else "")
        + f'</analytic><monogr><imprint><date when="{year}">{year}</date></imprint></monogr>'
        "</biblStruct>"
        for n, (authors, title, year, doi) in enumerate(REFERENCES)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<TEI xmlns="http://www.tei-c.org/ns/1.0">'
        f"<teiHeader><fileDesc><titleStmt><title>{TITLE}</title></titleStmt><sourceDesc>"
        f'<biblStruct><analytic><author>{AUTHORS}</author><idno type="DOI">{DOI}</idno></analytic>'
        "</biblStruct></sourceDesc></fileDesc><profileDesc><abstract><div><head>Abstract</head>"
        f"{''.join(map(p, ABSTRACT))}</div></abstract></profileDesc></teiHeader>"
        f"<text><body>{body}</body><back><div type='references'><listBibl>{entries}</listBibl>"
        "</div></back></text></TEI>\n"
    )


def as_html() -> str:
    """Return the paper as a page."""

    def cite(groups: list[list[int]]) -> str:
        def one(n: int) -> str:
            return f'<a href="#ref{n}">{n}</a>'

        return "[" + ",".join("-".join(map(one, group)) for group in groups) + "]"

    def p(text: str) -> str:
        def link(words: str, url: str) -> str:
            return f'<a href="{url}">{words}</a>'

        return f"<p>{_wrap(render(text, cite=cite, link=link, plain=escape))}</p>\n"

    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in ROWS)
    table = f"<table><caption>{CAPTION}</caption><tbody>{rows}</tbody></table>\n"
    body = "".join(
        f"<h2>{heading}</h2>\n{''.join(map(p, paragraphs))}{table if heading == 'Results' else ''}"
        for heading, paragraphs in SECTIONS
    )
    entries = "".join(
        f'<li id="ref{n}">{escape(entry(n))}</li>' for n in range(1, len(REFERENCES) + 1)
    )
    return (
        f"<!DOCTYPE html>\n<html><head><meta charset='utf-8'><title>Rings</title>"
        f'<meta name="citation_doi" content="{DOI}"></head><body>\n'
        "<nav><ul><li>Home</li><li>Issues</li></ul></nav><main><script>var a = 'R 4.0';</script>"
        f"<h1>{TITLE}</h1>\n<h2>Abstract</h2>{''.join(map(p, ABSTRACT))}{body}"
        f"<h2>References</h2><ol>{entries}</ol></main><footer>Made with Jekyll</footer>"
        "</body></html>\n"
    )


def as_markdown() -> str:
    """Return the paper as Markdown."""

    def p(text: str) -> str:
        shown = render(text, cite=brackets, link=lambda words, url: f"[{words}]({url})")
        return _wrap(shown).replace("\n      ", "\n")

    parts = [f"---\ndoi: {DOI}\n---\n", f"# {TITLE}", "## Abstract", *map(p, ABSTRACT)]
    for heading, paragraphs in SECTIONS:
        parts += [f"## {heading}", *map(p, paragraphs)]
        if heading == "Results":
            rows = [f"| {' | '.join(row)} |" for row in ROWS]
            parts += [CAPTION, "\n".join([rows[0], "| --- | --- | --- |", *rows[1:]])]
    entries = [f"{n}. {entry(n)}" for n in range(1, len(REFERENCES) + 1)]
    return "\n\n".join([*parts, "## References", "\n".join(entries)]) + "\n"
