"""What the templates show of a paper and of a corpus."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from somex.core.schema import EntityType, RelationType
from somex.outputs.facts import DocumentFacts, MentionFacts, collapse
from somex.outputs.report.passages import Block, Passage, blocks_of
from somex.outputs.software_table import SoftwareSummary, SoftwareTable, by_software, ranked
from somex.outputs.source import Linking

MOST_BARS = 15
MOST_VERSION_CHARTS = 6
MOST_VERSIONS = 6
_WEB = re.compile(r"https?://[^\s]+", re.IGNORECASE)


def words(name: str) -> str:
    """Return a name of the schema as words: ``PlugIn_of`` is "plug-in of"."""
    known = {"URL": "URL", "PlugIn": "plug-in"}
    first, _, rest = name.partition("_")
    spelled = known.get(first) or " ".join(re.findall(r"[A-Z][a-z]+", first)).lower()
    return f"{spelled} {rest}".strip()


def count(n: int, what: str) -> str:
    """Return a number and what it counts, in the plural where it is not one."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def web_href(text: str) -> str | None:
    """Return an address that a page may link to: http or https only; else None."""
    address = text.strip()
    return address if _WEB.fullmatch(address) else None


def doi_href(doi: str) -> str:
    """Return the address of a DOI."""
    return "https://doi.org/" + quote(doi, safe="/:;()._-~@+,!*'$&=")


@dataclass(frozen=True, slots=True)
class MentionView:
    """A mention in the table of all mentions, and in what is shown on hover.

    Attributes:
        found: The mention.
        facts: Label and value of each fact, in words.
    """

    found: MentionFacts
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SoftwareView:
    """A software of one paper.

    Attributes:
        summary: What is known of it.
        name: Name to show.
        first_id: Id of its first mention; None in a corpus.
        hrefs: Label and address of its identifiers and pages.
    """

    summary: SoftwareSummary
    name: str
    first_id: str | None
    hrefs: tuple[tuple[str, str], ...] = ()

    @property
    def type(self) -> str:
        """Its commonest type, in words."""
        types = ranked(self.summary.types)
        return words(types[0]) if types else ""

    @property
    def other_names(self) -> list[str]:
        """Its spellings, but the one shown."""
        return [name for name in ranked(self.summary.names) if name != self.name]

    def texts(self, kind: str) -> str:
        """Return attributes of a kind (a counter of the summary), six at most, with commas."""
        counts: Counter[str] = getattr(self.summary, kind)
        shown = ranked(counts)
        more = f" and {len(shown) - 6} more" if len(shown) > 6 else ""
        return ", ".join(shown[:6]) + more

    @property
    def urls(self) -> list[tuple[str, str | None]]:
        """Its URLs, six at most, each with the address that a page may link to."""
        return [(text, web_href(text)) for text in ranked(self.summary.urls)[:6]]

    @property
    def dois(self) -> list[tuple[str, str]]:
        """DOIs that its citations lead to, six at most, each with its address."""
        return [(doi, doi_href(doi)) for doi in ranked(self.summary.dois)[:6]]

    def percent_without(self, kind: str) -> int:
        """Return the percentage of its papers that give no ``version`` or no ``citation``."""
        given = self.summary.with_version if kind == "version" else self.summary.with_citation
        return round(100 * (1 - given / max(1, self.summary.papers)))


@dataclass(slots=True)
class PaperView:
    """A paper.

    Attributes:
        facts: The document.
        prefix: Put before ids of mentions, so that several papers share a page.
        blocks: Its text.
        mentions: Its mentions.
        software: Its software, in reading order.
        types: The types that it has, each with its number.
    """

    facts: DocumentFacts
    prefix: str = ""
    blocks: list[Block] = field(init=False)
    mentions: list[MentionView] = field(init=False)
    software: list[SoftwareView] = field(init=False)
    types: list[tuple[EntityType, int]] = field(init=False)

    def __post_init__(self) -> None:
        counts = Counter(found.mention.type for found in self.facts.mentions)
        self.types = [(type, counts[type]) for type in EntityType if counts[type]]
        self.blocks = blocks_of(self.facts)
        self.mentions = [MentionView(f, _mention_facts(self.facts, f)) for f in self.facts.mentions]
        table = SoftwareTable()
        table.add(self.facts)
        first = {key: group[0].id for key, group in by_software(self.facts).items()}
        linking = self.facts.linking
        self.software = [
            software_view(s, linking, first_id=first[s.key]) for s in table.summaries.values()
        ]

    @property
    def title(self) -> str:
        """Title, or the id where there is none."""
        return self.facts.title or self.facts.document.id

    def has(self, kind: str) -> bool:
        """Tell whether a software has attributes of a kind (a counter of its summary)."""
        return any(getattr(view.summary, kind) for view in self.software)

    @property
    def n_relations(self) -> int:
        """Number of relations."""
        return len(self.facts.labeled.annotation.relations)

    @property
    def about(self) -> list[tuple[str, str, str | None]]:
        """Label, text and address of what is known of the paper."""
        provenance, doi = self.facts.document.provenance, self.facts.doi
        found: list[tuple[str, str, str | None]] = []
        if self.facts.title:
            found.append(("id", self.facts.document.id, None))
        if doi:
            found.append(("DOI", doi, doi_href(doi)))
        names = {"pmcid": "PMCID", "pmid": "PMID", "path": "file", "format": "format"}
        found += [(n, provenance[key], None) for key, n in names.items() if provenance.get(key)]
        found.append(("annotated by", self.facts.model_name or "people (gold)", None))
        return found

    def arcs(self, passage: Passage) -> str:
        """Return the relations of a sentence as JSON: id of head, id of tail, label."""
        rows = [
            [
                f"{self.prefix}{self.facts.id_of(relation.head)}",
                f"{self.prefix}{self.facts.id_of(relation.tail)}",
                words(relation.type),
            ]
            for relation in passage.relations
        ]
        return json.dumps(rows)


def software_view(
    summary: SoftwareSummary, linking: Linking, *, first_id: str | None = None
) -> SoftwareView:
    """Return what is shown of a software."""
    linked = linking.software.get(summary.key)
    hrefs = []
    if linked is not None:
        known = ((i.scheme, web_href(i.uri)) for i in linked.identifiers)
        hrefs = [(scheme, href) for scheme, href in known if href]
    return SoftwareView(summary, linked.name if linked else summary.name, first_id, tuple(hrefs))


def _mention_facts(facts: DocumentFacts, found: MentionFacts) -> tuple[tuple[str, str], ...]:
    rows = [("confidence", f"{found.mention.confidence:.2f}")]
    if found.mention.purpose is not None:
        rows.append(("purpose", str(found.mention.purpose)))
    for type in found.attributes:
        label = words(type).removesuffix(" of")
        rows.append((label, ", ".join(facts.texts_of(found, type))))
    rows += _elsewhere(facts, found)
    for relation in found.hosts:
        rows.append((words(relation.type), collapse(facts.text_of(relation.tail))))
    entries, dois = facts.citations_of(found)
    rows += [("reference", entry) for entry in entries]
    rows += [("DOI", doi) for doi in dois]
    mention = found.mention
    rows += [("link", url) for url in facts.document.urls_of(mention.char_start, mention.char_end)]
    if (section := facts.section_of(mention)) is not None:
        rows.append(("section", collapse(section)))
    linked = facts.linking.software.get(found.software_key or "")
    if linked is not None:
        rows.append(("software", linked.name))
    return tuple(rows)


def _elsewhere(facts: DocumentFacts, found: MentionFacts) -> list[tuple[str, str]]:
    """Return what the paper says of the software at other mentions, where this one has none."""
    texts: dict[RelationType, dict[str, None]] = {}
    for relation in found.elsewhere:
        if relation.type not in found.attributes:
            texts.setdefault(relation.type, {})[collapse(facts.text_of(relation.head))] = None
    return [
        (f"{words(type).removesuffix(' of')}, said elsewhere", ", ".join(of_type))
        for type, of_type in texts.items()
        if type is not RelationType.CITATION_OF
    ]


@dataclass(frozen=True, slots=True)
class PaperEntry:
    """A paper in the index."""

    title: str
    id: str
    href: str
    n_software: int
    n_mentions: int
    n_without_version: int
    n_without_citation: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart: parts of a whole, the rest is empty.

    Attributes:
        label: What stands beside it.
        parts: Class of the colour (``a``, ``b``, ``none``) and length in percent, left to right.
        value: What stands behind it.
    """

    label: str
    parts: tuple[tuple[str, float], ...]
    value: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars below each other, with a title and what it shows."""

    title: str
    note: str
    bars: tuple[Bar, ...]


def corpus_charts(software: Iterable[SoftwareView]) -> tuple[list[Chart], list[Chart]]:
    """Return the charts of most used software and missing facts, and those of versions."""
    top = list(software)[:MOST_BARS]
    if not top:
        return [], []
    most = top[0].summary.papers
    used = tuple(
        Bar(s.name, (("a", 100 * s.summary.papers / most),), str(s.summary.papers)) for s in top
    )
    charts = [Chart("Most used software", "Papers that mention it.", used)]
    for kind, title in (("version", "Missing versions"), ("citation", "Missing citations")):
        bars = tuple(
            Bar(s.name, (("b", float(share)),), f"{share} %")
            for s in top
            for share in (s.percent_without(kind),)
        )
        note = f"Of the papers that mention it, the share that gives no {kind}."
        charts.append(Chart(title, note, bars))
    with_versions = [view for view in top if view.summary.version_papers]
    return charts, [_version_chart(view) for view in with_versions[:MOST_VERSION_CHARTS]]


def _version_chart(view: SoftwareView) -> Chart:
    summary = view.summary
    counts = summary.version_papers
    n_papers = summary.papers
    shown = ranked(counts)[:MOST_VERSIONS]
    rows: list[tuple[str, str, int]] = [(version, "a", counts[version]) for version in shown]
    without = n_papers - summary.with_version
    if without:
        rows.append(("no version", "none", without))
    longest = max((number for *_, number in rows), default=1)
    bars = tuple(Bar(label, ((c, 100 * n / longest),), str(n)) for label, c, n in rows)
    n_other = len(counts) - len(shown)
    more = f", {count(n_other, 'more version')}" if n_other > 0 else ""
    return Chart(view.name, f"{count(n_papers, 'paper')}{more}", bars)


def overview(entries: Sequence[PaperEntry]) -> list[tuple[str, str]]:
    """Return the figures at the head of a corpus: number and what it counts."""
    n_pairs = sum(entry.n_software for entry in entries)
    shares = [
        f"{round(100 * n / n_pairs)} %" if n_pairs else "–"
        for n in (
            sum(entry.n_without_version for entry in entries),
            sum(entry.n_without_citation for entry in entries),
        )
    ]
    with_any = sum(entry.n_software > 0 for entry in entries)
    return [
        (f"{len(entries):,}", "paper" if len(entries) == 1 else "papers"),
        (f"{with_any:,}", "of them mention software"),
        (f"{sum(entry.n_mentions for entry in entries):,}", "mentions of all types"),
        (shares[0], "of the software in papers has no version there"),
        (shares[1], "of the software in papers has no citation there"),
    ]
