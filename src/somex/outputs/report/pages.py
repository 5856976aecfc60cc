"""Pages from templates. Everything is escaped by Jinja; scripts run only by their hash (CSP)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from somex.core.palette import color_rules
from somex.outputs.report.views import Chart, PaperEntry, PaperView, SoftwareView, count, words


class Pages:
    """Renders pages; style and script stand in each of them."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("somex.outputs.report"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["words"] = words

    @cached_property
    def _frame(self) -> dict[str, Any]:
        folder = files("somex.outputs.report") / "templates"
        style = color_rules() + "\n" + (folder / "report.css").read_text("utf-8")
        script = (folder / "report.js").read_text("utf-8")
        policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}"
        return {"style": Markup(style), "script": Markup(script), "policy": policy}

    def _render(self, template: str, **values: Any) -> str:
        return self._environment.get_template(template).render(**self._frame, **values)

    def paper(self, view: PaperView) -> str:
        """Return the page of one paper in a folder."""
        return self._render("paper.html", papers=[view], title=view.title, home="../index.html")

    def papers(self, views: Sequence[PaperView]) -> str:
        """Return one page with some papers."""
        title = views[0].title if len(views) == 1 else f"Software in {count(len(views), 'paper')}"
        return self._render("paper.html", papers=views, title=title, home=None)

    def index(
        self,
        figures: Sequence[tuple[str, str]],
        charts: Sequence[Chart],
        versions: Sequence[Chart],
        software: Sequence[SoftwareView],
        *,
        n_software: int,
        is_linked: bool,
        entries: Sequence[PaperEntry],
        names: Sequence[str],
    ) -> str:
        """Return the first page of a corpus.

        Args:
            figures: Number and what it counts.
            charts: Of all software.
            versions: Of the most used software, one each.
            software: Rows of its table.
            n_software: How many software there are, shown or not.
            is_linked: Whether software was linked across papers.
            entries: The first papers.
            names: Files of all pages of the index, this one first.
        """
        return self._render(
            "index.html",
            title=f"Software in {' '.join(figures[0])}",
            figures=figures,
            charts=charts,
            versions=versions,
            software=software,
            n_software=n_software,
            is_linked=is_linked,
            entries=entries,
            names=names,
            current=names[0],
            first=1,
        )

    def more_papers(
        self, entries: Sequence[PaperEntry], start: int, names: Sequence[str], name: str
    ) -> str:
        """Return a further page of the index.

        Args:
            entries: Its papers.
            start: Number of papers before them.
            names: Files of all pages of the index.
            name: File of this page.
        """
        title = f"Papers {start + 1} to {start + len(entries)}"
        return self._render(
            "more.html", title=title, entries=entries, names=names, current=name, first=start + 1
        )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"
