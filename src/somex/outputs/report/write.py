"""Writes reports: one page for a few papers, or a folder with a page a paper and an index."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

from somex.core.errors import ConfigError, FormatError
from somex.outputs.facts import DocumentFacts
from somex.outputs.folders import replace_folder
from somex.outputs.report.pages import Pages
from somex.outputs.report.views import (
    PaperEntry,
    PaperView,
    corpus_charts,
    count,
    overview,
    software_view,
)
from somex.outputs.software_table import SoftwareTable
from somex.outputs.source import OutputSource
from somex.outputs.tables import paper_row
from somex.readers.files import write_text

MOST_ON_A_PAGE = 20
"""Papers that one page may hold."""

MOST_SOFTWARE = 300
"""Software that the table of a corpus shows."""

ROWS_A_PAGE = 500
"""Papers that a page of the index lists."""

PAGE_SUFFIXES = (".html", ".htm")
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def write_report(source: OutputSource, place: Path) -> str:
    """Write a report: a page where ``place`` ends with .html, else a folder.

    Returns:
        What was written, in a few words.

    Raises:
        ConfigError: One page would hold too many papers.
        FormatError: A source breaks its form, or the folder holds other things.
    """
    if place.suffix.lower() in PAGE_SUFFIXES:
        return _write_page(source, place)
    return _write_folder(source, place)


def _write_page(source: OutputSource, place: Path) -> str:
    if place.is_dir():
        raise FormatError("is a folder; name a file", path=str(place))
    linking = source.linking()
    views = [
        PaperView(DocumentFacts(result, linking), prefix=f"p{n}-")
        for n, result in enumerate(islice(source.results(), MOST_ON_A_PAGE + 1), start=1)
    ]
    if len(views) > MOST_ON_A_PAGE:
        raise ConfigError(
            f"one page holds at most {MOST_ON_A_PAGE} papers; name a folder in the place of "
            f"{place} for a page a paper"
        )
    write_text(Pages().papers(views), place)
    return f"{count(len(views), 'paper')} on one page"


def _write_folder(source: OutputSource, place: Path) -> str:
    pages, linking, table = Pages(), source.linking(), SoftwareTable()
    entries: list[PaperEntry] = []
    with replace_folder(place) as made:
        (made / "papers").mkdir()
        for number, result in enumerate(source.results(), start=1):
            facts = DocumentFacts(result, linking)
            href = f"papers/{number:05d}-{_slug(facts.document.id)}.html"
            write_text(pages.paper(PaperView(facts)), made / href)
            table.add(facts)
            entries.append(_entry(facts, href))
        _write_index(pages, made, entries, table, source)
    return f"{count(len(entries), 'paper')}; open {place / 'index.html'}"


def _write_index(
    pages: Pages, made: Path, entries: list[PaperEntry], table: SoftwareTable, source: OutputSource
) -> None:
    linking = source.linking()
    software = [software_view(s, linking) for s in islice(table.ranked(), MOST_SOFTWARE)]
    charts, versions = corpus_charts(software)
    starts = range(0, max(1, len(entries)), ROWS_A_PAGE)
    names = ["index.html", *(f"index-{n}.html" for n in range(2, len(starts) + 1))]
    for name, start in zip(names, starts, strict=True):
        chunk = entries[start : start + ROWS_A_PAGE]
        if start:
            html = pages.more_papers(chunk, start, names, name)
        else:
            html = pages.index(
                overview(entries),
                charts,
                versions,
                software,
                n_software=len(table.summaries),
                is_linked=linking.is_linked,
                entries=chunk,
                names=names,
            )
        write_text(html, made / name)


def _entry(facts: DocumentFacts, href: str) -> PaperEntry:
    row = paper_row(facts)
    return PaperEntry(
        row.title or row.id,
        row.id,
        href,
        row.n_software,
        row.n_mentions,
        row.n_without_version,
        row.n_without_citation,
    )


def _slug(id: str) -> str:
    """Return what of an id can stand in a file name, its last 60 characters."""
    return _NOT_IN_NAMES.sub("-", id)[-60:].strip("-.") or "paper"
