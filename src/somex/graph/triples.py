"""From a labelled document to its statements: paper, text, mentions, relations, who made them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyoxigraph import NamedNode, Quad

from somex.core.software import DocumentSoftware, MentionRef
from somex.core.types import LabeledDocument, Mention, Relation
from somex.graph import vocabulary as v
from somex.graph.described import describe_relation, resources_of
from somex.graph.iris import Iris, doi_iri, escape, iri_or_none
from somex.graph.statements import Statements, count, date, probability, text
from somex.resolution import resolve_software

_PAGES = {
    "pmcid": "https://www.ncbi.nlm.nih.gov/pmc/articles/{}/",
    "pmid": "https://pubmed.ncbi.nlm.nih.gov/{}/",
}


def paper_quads(
    labeled: LabeledDocument,
    *,
    model: Mapping[str, Any] | None = None,
    iris: Iris | None = None,
    software_ids: Mapping[MentionRef, str] | None = None,
    software: Sequence[DocumentSoftware] | None = None,
) -> Iterator[Quad]:
    """Yield all statements of one paper, in the named graph of that paper.

    Args:
        labeled: The paper with its annotation.
        model: What made the annotation (the ``model`` of its JSON line); None for gold.
        iris: Makes the names.
        software_ids: Software of the linking by mention; a software mention that is not in it
            stands for what its own paper calls by that name.
        software: Which mentions of the paper are of one software; resolved by rules
            (`somex.resolution`) where it is not given.

    Yields:
        Quads, each once, in an order that follows from the arguments.
    """
    resolved = resolve_software(labeled) if software is None else software
    return iter(_Paper(labeled, model, iris or Iris(), software_ids or {}, resolved).build())


class _Paper:
    """Gathers the statements of one paper."""

    def __init__(
        self,
        labeled: LabeledDocument,
        model: Mapping[str, Any] | None,
        iris: Iris,
        software_ids: Mapping[MentionRef, str],
        software: Sequence[DocumentSoftware],
    ) -> None:
        self.software = software
        self.document, self.annotation = labeled.document, labeled.annotation
        self.iris, self.model = iris, model
        id = self.document.id
        self.out = Statements(iris.paper_graph(id))
        self.paper, self.context, self.run = iris.paper(id), iris.context(id), iris.run(model)
        self.ids = {mention: f"T{n}" for n, mention in enumerate(self.annotation.mentions, start=1)}
        self.software_ids = {
            mention: software_ids[ref]
            for mention, local in self.ids.items()
            if (ref := MentionRef(id, local)) in software_ids
        }
        self.spans = self._name_spans()

    def _name_spans(self) -> dict[Mention, NamedNode]:
        """Name the mentions; of several at the same characters all but the first by type too."""
        found: dict[Mention, NamedNode] = {}
        taken: set[NamedNode] = set()
        for mention in self.ids:
            place = (self.document.id, mention.char_start, mention.char_end)
            name = self.iris.span(*place)
            if name in taken:
                name = self.iris.span(*place, kind=str(mention.type))
            taken.add(name)
            found[mention] = name
        return found

    def build(self) -> Statements:
        """Make all statements."""
        self._describe_paper()
        self._describe_run()
        resources = resources_of(
            self.document,
            self.annotation,
            out=self.out,
            paper=self.paper,
            iris=self.iris,
            software=self.software,
            software_ids=self.software_ids,
        )
        for mention, name in self.spans.items():
            self._describe_mention(mention, name)
            self.out.add(name, v.IDENT_REF, *resources[mention])
        for relation in self._relations():
            self._describe_relation(relation)
            describe_relation(relation, self.document, resources, self.out, self.iris)
        return self.out

    def _describe_paper(self) -> None:
        facts, out, paper = self.document.provenance, self.out, self.paper
        out.add(paper, v.TYPE, v.SCHOLARLY_ARTICLE)
        out.add(paper, v.LOCAL_ID, text(self.document.id))
        if facts.get("title"):
            out.add(paper, v.NAME, text(facts["title"]))
        if facts.get("doi"):
            out.add(paper, v.IDENTIFIER, text(f"doi:{facts['doi']}"))
            out.add(paper, v.SAME_AS, doi_iri(facts["doi"]))
        for key, page in _PAGES.items():
            if facts.get(key):
                out.add(paper, v.IDENTIFIER, text(f"{key}:{facts[key]}"))
                out.add(paper, v.SAME_AS, iri_or_none(page.format(facts[key])))
        out.add(paper, v.DATE_PUBLISHED, date(facts.get("published") or facts.get("year") or ""))
        context, length = self.context, len(self.document.text)
        out.add(context, v.TYPE, v.CONTEXT, v.RFC5147_STRING)
        out.add(context, v.IS_STRING, text(self.document.text))
        out.add(context, v.BEGIN_INDEX, count(0))
        out.add(context, v.END_INDEX, count(length))
        out.add(context, v.BROADER_CONTEXT, paper)

    def _describe_run(self) -> None:
        out, run = self.out, self.run
        out.add(out.graph, v.TYPE, v.ENTITY)
        out.add(out.graph, v.WAS_GENERATED_BY, run)
        out.add(run, v.TYPE, v.ACTIVITY)
        if self.model is None:
            out.add(run, v.NAME, text("gold annotation"))
            return
        name, fingerprint = (str(self.model.get(key, "unknown")) for key in ("name", "fingerprint"))
        agent = self.iris.model(name, fingerprint)
        out.add(run, v.NAME, text(f"extraction with {name}"))
        out.add(run, v.WAS_ASSOCIATED_WITH, agent)
        for key, value in sorted(self.model.items()):
            if key not in ("name", "fingerprint"):
                setting = NamedNode(f"{run.value}#{escape(key)}")
                out.add(run, v.ADDITIONAL_PROPERTY, setting)
                out.add(setting, v.TYPE, v.PROPERTY_VALUE)
                out.add(setting, v.NAME, text(key))
                out.add(setting, v.VALUE, text(str(value)))
        out.add(agent, v.TYPE, v.SOFTWARE_AGENT)
        out.add(agent, v.NAME, text(name))
        out.add(agent, v.SOFTWARE_VERSION, text(fingerprint))

    def _describe_mention(self, mention: Mention, name: NamedNode) -> None:
        out = self.out
        out.add(name, v.TYPE, v.PHRASE, v.RFC5147_STRING)
        out.add(name, v.LOCAL_ID, text(self.ids[mention]))
        anchor = self.document.slice(mention.char_start, mention.char_end)
        out.add(name, v.ANCHOR_OF, text(anchor))
        out.add(name, v.BEGIN_INDEX, count(mention.char_start))
        out.add(name, v.END_INDEX, count(mention.char_end))
        out.add(name, v.REFERENCE_CONTEXT, self.context)
        out.add(name, v.CLASS_REF, v.ENTITY_CLASSES[mention.type])
        if mention.purpose is not None:
            out.add(name, v.CLASS_REF, v.PURPOSE_CLASSES[mention.purpose])
        out.add(name, v.CONFIDENCE, probability(mention.confidence))
        out.add(name, v.WAS_GENERATED_BY, self.run)

    def _relations(self) -> list[Relation]:
        """Return the relations, of those that say the same only the surest."""
        found: dict[tuple[object, ...], Relation] = {}
        for relation in self.annotation.relations:
            key = (relation.type, relation.head, relation.tail)
            if key not in found or found[key].confidence < relation.confidence:
                found[key] = relation
        return list(found.values())

    def _describe_relation(self, relation: Relation) -> None:
        """State a relation as SoMeSci does, and its confidence of a statement beside it."""
        out, kind = self.out, v.RELATION_TERMS[relation.type]
        head, tail = self.spans[relation.head], self.spans[relation.tail]
        out.add(head, v.REFERS_TO, tail)
        out.add(tail, kind, head)
        ids = self.ids[relation.head], self.ids[relation.tail]
        node = self.iris.relation(self.document.id, str(relation.type), *ids)
        out.add(node, v.TYPE, v.STATEMENT)
        out.add(node, v.SUBJECT, tail)
        out.add(node, v.PREDICATE, kind)
        out.add(node, v.OBJECT, head)
        out.add(node, v.CONFIDENCE, probability(relation.confidence))
        out.add(node, v.WAS_GENERATED_BY, self.run)
