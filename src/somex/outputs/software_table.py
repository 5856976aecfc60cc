"""Software summed up over mentions: one of the linking, or one name where nobody linked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from somex.core.schema import SOFTWARE_TYPES, RelationType
from somex.outputs.facts import DocumentFacts, MentionFacts, collapse
from somex.outputs.rows import SoftwareRow
from somex.outputs.source import Linking


@dataclass(slots=True)
class SoftwareSummary:
    """What is known of one software.

    Attributes:
        key: Id in the linking, or the key of the name.
        n_mentions: Its mentions.
        papers: Number of documents that mention it.
        with_version: Number of these in which a mention has a version or release.
        with_citation: Number of these in which a mention has a citation.
        names: Spellings, how often each.
        types: Entity types, how often each.
        versions, developers, urls, licenses, dois: Texts of attributes, how often each.
        version_papers: Versions, in how many papers each.
    """

    key: str
    n_mentions: int = 0
    papers: int = 0
    with_version: int = 0
    with_citation: int = 0
    names: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    developers: Counter[str] = field(default_factory=Counter)
    urls: Counter[str] = field(default_factory=Counter)
    licenses: Counter[str] = field(default_factory=Counter)
    dois: Counter[str] = field(default_factory=Counter)
    version_papers: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """The commonest spelling; the key where only coreferences were met."""
        return ranked(self.names)[0] if self.names else self.key

    def add(self, facts: DocumentFacts, mentions: list[MentionFacts]) -> None:
        """Take in all its mentions of one document."""
        self.n_mentions += len(mentions)
        self.papers += 1
        self.with_version += any(mention.has_version for mention in mentions)
        self.with_citation += any(mention.has_citation for mention in mentions)
        in_paper: set[str] = set()
        for mention in mentions:
            if mention.mention.type in SOFTWARE_TYPES:
                self.names[collapse(mention.text)] += 1
                self.types[mention.mention.type] += 1
            versions = facts.texts_of(mention, RelationType.VERSION_OF)
            in_paper.update(versions)
            self.versions.update(versions)
            self.developers.update(facts.texts_of(mention, RelationType.DEVELOPER_OF))
            self.urls.update(facts.texts_of(mention, RelationType.URL_OF))
            self.licenses.update(facts.texts_of(mention, RelationType.LICENSE_OF))
            self.dois.update(facts.citations_of(mention)[1])
        self.version_papers.update(in_paper)

    def to_row(self, linking: Linking, *, document_id: str | None = None) -> SoftwareRow:
        """Return the row of the table.

        Args:
            linking: The linking, which adds names, identifiers and host.
            document_id: The only document, where nobody linked.
        """
        linked = linking.software.get(self.key)
        names = ranked(self.names)
        return SoftwareRow(
            id=self.key if document_id is None else f"{document_id}#{self.key}",
            document_id=document_id,
            name=self.name if linked is None else linked.name,
            type=(ranked(self.types) or [""])[0] if linked is None else linked.type,
            names=tuple(names if linked is None else dict.fromkeys([*linked.names, *names])),
            identifiers=() if linked is None else tuple(i.uri for i in linked.identifiers),
            n_papers=self.papers,
            n_mentions=self.n_mentions,
            versions=tuple(ranked(self.versions)),
            developers=tuple(ranked(self.developers)),
            urls=tuple(ranked(self.urls)),
            licenses=tuple(ranked(self.licenses)),
            citation_dois=tuple(ranked(self.dois)),
            host_id=None if linked is None else linked.host_id,
            share_without_version=1 - self.with_version / max(1, self.papers),
            share_without_citation=1 - self.with_citation / max(1, self.papers),
        )


def ranked(counts: Counter[str]) -> list[str]:
    """Return what was counted, the commonest first, then by the alphabet."""
    return sorted(counts, key=lambda text: (-counts[text], text.casefold(), text))


@dataclass(slots=True)
class SoftwareTable:
    """All software of some documents, by key; memory grows with the software, not the texts."""

    summaries: dict[str, SoftwareSummary] = field(default_factory=dict)

    def add(self, facts: DocumentFacts) -> None:
        """Take in the mentions of a document."""
        for key, mentions in by_software(facts).items():
            self.summaries.setdefault(key, SoftwareSummary(key)).add(facts, mentions)

    def ranked(self) -> Iterator[SoftwareSummary]:
        """Yield the software in most papers first, then that with most mentions."""
        yield from sorted(
            self.summaries.values(), key=lambda s: (-s.papers, -s.n_mentions, s.name.casefold())
        )


def by_software(facts: DocumentFacts) -> dict[str, list[MentionFacts]]:
    """Return the mentions of each software of a document, in reading order."""
    found: dict[str, list[MentionFacts]] = {}
    for mention in facts.mentions:
        if mention.software_key is not None:
            found.setdefault(mention.software_key, []).append(mention)
    return found
