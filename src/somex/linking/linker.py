"""Links mentions across documents: items in, software out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from somex.core.errors import AnnotationError
from somex.core.known_software import KnowledgeBase, KnownSoftware
from somex.core.software import MentionRef, Software
from somex.core.types import LabeledDocument
from somex.linking.candidates import Blocking, find_candidates
from somex.linking.cluster import cluster_nodes
from somex.linking.describe import Cluster, describe_clusters
from somex.linking.evidence import adjust_scores, known_pairs
from somex.linking.features import pair_features
from somex.linking.items import LinkItem, read_items
from somex.linking.known import resolve_nodes
from somex.linking.nodes import NameNode, build_nodes
from somex.linking.scorer import PairScorer, read_scorer


@dataclass(frozen=True)
class LinkedNames:
    """The names of items and which of them mean one software.

    Attributes:
        nodes: The names.
        groups: Indices of the names of each software.
        known: What names stand for in the knowledge base, by index.
    """

    nodes: Sequence[NameNode]
    groups: Sequence[Sequence[int]]
    known: dict[int, KnownSoftware]


def link_documents(
    labeled_documents: Iterable[LabeledDocument],
    *,
    scorer: PairScorer | None = None,
    knowledge_base: KnowledgeBase | None = None,
) -> list[Software]:
    """Link the software mentions of documents, each with an id of its own.

    The result does not depend on the order of the documents.

    Args:
        labeled_documents: The documents with their mentions and relations.
        scorer: Scores pairs of names; the one in the package by default.
        knowledge_base: Known software, whose names and identifiers are taken over.

    Returns:
        The software, those with most mentions first.

    Raises:
        AnnotationError: Two documents share an id.
    """
    items = read_items(labeled_documents)
    return link_items(items, scorer=scorer, knowledge_base=knowledge_base)


def link_items(
    items: Iterable[LinkItem],
    *,
    scorer: PairScorer | None = None,
    knowledge_base: KnowledgeBase | None = None,
) -> list[Software]:
    """Link mentions; as `link_documents`.

    Raises:
        AnnotationError: Two items are the same mention.
    """
    ordered = sorted(items, key=lambda item: item.ref)
    for item, following in pairwise(ordered):
        if item.ref == following.ref:
            raise AnnotationError(
                f"mention {item.ref.mention_id} of document {item.ref.document_id!r} comes twice; "
                "document ids are unique in all that is linked together"
            )
    linked = link_names(ordered, scorer=scorer or read_scorer(), knowledge_base=knowledge_base)
    return describe_clusters(ordered, linked.nodes, _clusters(ordered, linked))


def link_names(
    items: Sequence[LinkItem],
    *,
    scorer: PairScorer,
    knowledge_base: KnowledgeBase | None = None,
    blocking: Blocking | None = None,
) -> LinkedNames:
    """Find which names of items mean one software.

    Args:
        items: The mentions, ordered by ``ref``.
        scorer: Scores pairs of names.
        knowledge_base: Known software.
        blocking: How far the search for pairs goes.
    """
    nodes = build_nodes(items)
    known = {} if knowledge_base is None else resolve_nodes(nodes, items, knowledge_base)
    of_base = known_pairs(known)
    pairs = sorted({*find_candidates(nodes, blocking), *of_base})
    log_odds = scorer.score(pair_features(nodes, pairs))
    log_odds = adjust_scores(nodes, pairs, log_odds, known)
    return LinkedNames(
        nodes, cluster_nodes(nodes, pairs, log_odds, threshold=scorer.threshold), known
    )


def _clusters(items: Sequence[LinkItem], linked: LinkedNames) -> list[Cluster]:
    """Return the clusters with their words that only point at a software ("the package")."""
    clusters = []
    place: dict[MentionRef, Cluster] = {}
    for group in linked.groups:
        known = next((linked.known[i] for i in group if i in linked.known), None)
        members = sorted(m for i in group for m in linked.nodes[i].members)
        cluster = Cluster(list(group), members, known)
        clusters.append(cluster)
        place.update((items[m].ref, cluster) for m in members)
    for index, item in enumerate(items):
        if item.antecedent is not None and item.antecedent in place:
            place[item.antecedent].pointers.append(index)
    return clusters
