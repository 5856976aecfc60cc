"""What kind of mistakes a prediction makes: every wrong mention and relation in one category.

Mentions, in this order of precedence, gold against predicted of one document:

- ``right``: span and type.
- ``type``: the span is right, the type is not.
- ``nested``: one span lies within the other ("IBM SPSS Statistics" for "SPSS").
- ``boundary``: the spans overlap otherwise.
- ``missed``: nothing that was predicted overlaps it.
- ``spurious``: a predicted mention that stands for none of the gold.

Relations, whose mentions count by their starts, as in the shared task's scores:

- ``right``: type and both mentions.
- ``wrong host``: the head is right and has a relation, to another mention.
- ``label``: both mentions are right, the type is not.
- ``mention``: one of its mentions was not found (gold) or is wrong (predicted).
- ``missed`` and ``spurious``: both mentions are right, the other side has no relation between them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Any

from somex.core.types import Document, LabeledDocument, Mention, Relation
from somex.metrics import pair_documents

MENTION_CATEGORIES = ("type", "nested", "boundary", "missed", "spurious")
RELATION_CATEGORIES = ("wrong host", "label", "mention", "missed", "spurious")
CATEGORIES = MappingProxyType({"mentions": MENTION_CATEGORIES, "relations": RELATION_CATEGORIES})
"""Categories by what is mistaken."""
ACROSS = "across clauses"
_CLAUSE = re.compile(r"[;:]|\b(?:and|but|while|whereas|which|that|where|then)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake.

    Attributes:
        document: Where it is.
        category: One of the categories above.
        gold: What would be right; None for a spurious one.
        predicted: What was predicted instead; None for a missed one.
        crosses_clause: Of a relation: whether a clause border lies between its mentions.
    """

    document: Document
    category: str
    gold: Mention | Relation | None
    predicted: Mention | Relation | None
    crosses_clause: bool = False

    @property
    def type(self) -> str:
        """Type of the gold, of the predicted where there is no gold."""
        found = self.gold if self.gold is not None else self.predicted
        assert found is not None
        return str(found.type)

    def describe(self) -> str:
        """Return the mistake in one line: what was there, what was found, and where."""
        ends = [_in_words(item, self.document) for item in (self.gold, self.predicted)]
        return f"{self.document.id}: {ends[0] or 'nothing'} -> {ends[1] or 'nothing'}"


@dataclass(frozen=True, slots=True)
class ErrorAnalysis:
    """All mistakes of a prediction, counted.

    Attributes:
        n_mentions: Right mentions.
        n_relations: Right relations.
        mentions: Wrong mentions.
        relations: Wrong relations.
    """

    n_mentions: int
    n_relations: int
    mentions: tuple[Mistake, ...] = field(default=())
    relations: tuple[Mistake, ...] = field(default=())

    def to_json(self, n_examples: int = 0) -> dict[str, Any]:
        """Return the counts by category and type, as JSON values.

        Args:
            n_examples: How many mistakes of each category to describe.
        """
        found: dict[str, Any] = {}
        for name, n_right, mistakes, categories in self.parts():
            counts: dict[str, Any] = {"right": n_right, **_count(mistakes, categories)}
            counts[ACROSS] = sum(mistake.crosses_clause for mistake in mistakes)
            counts["examples"] = {
                category: self.examples(mistakes, category, n_examples) for category in categories
            }
            found[name] = counts
        return found

    def counts(self) -> dict[str, int]:
        """Return how many there are of each category, as ``relations/wrong host``.

        With them stand ``gold`` and ``right``, and of relations ``across clauses``: how many of
        the mistaken ones lead across a clause border.
        """
        found: dict[str, int] = {}
        for name, n_right, mistakes, categories in self.parts():
            of_category = Counter(mistake.category for mistake in mistakes)
            n_gold = n_right + sum(mistake.gold is not None for mistake in mistakes)
            found |= {f"{name}/gold": n_gold, f"{name}/right": n_right}
            found |= {f"{name}/{category}": of_category[category] for category in categories}
        n_across = sum(mistake.crosses_clause for mistake in self.relations)
        return found | {f"relations/{ACROSS}": n_across}

    def parts(self) -> Iterator[tuple[str, int, tuple[Mistake, ...], tuple[str, ...]]]:
        """Yield name, number of right ones, mistakes and categories: of mentions, of relations."""
        yield "mentions", self.n_mentions, self.mentions, MENTION_CATEGORIES
        yield "relations", self.n_relations, self.relations, RELATION_CATEGORIES

    @staticmethod
    def examples(mistakes: Sequence[Mistake], category: str, n_examples: int) -> list[str]:
        """Describe the first mistakes of a category."""
        found = (mistake.describe() for mistake in mistakes if mistake.category == category)
        return list(islice(found, n_examples))


def _count(mistakes: Sequence[Mistake], categories: Iterable[str]) -> dict[str, dict[str, int]]:
    """Count by category, then by type; types that were taken for another name both."""
    found: dict[str, Counter[str]] = {category: Counter() for category in categories}
    for mistake in mistakes:
        name = mistake.type
        if mistake.category == "type" and mistake.predicted is not None:
            name = f"{name} as {mistake.predicted.type}"
        found[mistake.category][name] += 1
    return {category: dict(counts.most_common()) for category, counts in found.items()}


def analyze_errors(
    gold: Sequence[LabeledDocument], predicted: Sequence[LabeledDocument]
) -> ErrorAnalysis:
    """Sort the mistakes of a prediction into categories.

    Args:
        gold: Documents with the right annotation.
        predicted: The same documents with the predicted annotation, in any order.

    Raises:
        AnnotationError: The two hold different documents.
    """
    n_mentions = n_relations = 0
    mentions: list[Mistake] = []
    relations: list[Mistake] = []
    for right, found in pair_documents(gold, predicted):
        wrong = list(_wrong_mentions(right, found))
        known = {m.key for m in found.annotation.mentions}
        n_mentions += sum(m.key in known for m in right.annotation.mentions)
        mentions += wrong
        n_right, mistaken = _wrong_relations(right, found)
        n_relations += n_right
        relations += mistaken
    return ErrorAnalysis(n_mentions, n_relations, tuple(mentions), tuple(relations))


def _wrong_mentions(right: LabeledDocument, found: LabeledDocument) -> Iterator[Mistake]:
    document = right.document
    gold, predicted = right.annotation.mentions, found.annotation.mentions
    gold_keys, predicted_keys = {m.key for m in gold}, {m.key for m in predicted}
    loose = [m for m in predicted if m.key not in gold_keys]
    used: set[Mention] = set()
    for mention in gold:
        if mention.key in predicted_keys:
            continue
        category, other = _nearest(mention, loose)
        if other is not None:
            used.add(other)
        yield Mistake(document, category, mention, other)
    for mention in loose:
        if mention not in used:
            yield Mistake(document, "spurious", None, mention)


def _nearest(mention: Mention, others: Sequence[Mention]) -> tuple[str, Mention | None]:
    """Return how a gold mention was mistaken, and the predicted one that stands for it."""
    span = (mention.char_start, mention.char_end)
    touching = [other for other in others if mention.overlaps(other)]
    for other in touching:
        if (other.char_start, other.char_end) == span:
            return "type", other
    for other in touching:
        if _lies_in(mention, other) or _lies_in(other, mention):
            return "nested", other
    return ("boundary", touching[0]) if touching else ("missed", None)


def _lies_in(inner: Mention, outer: Mention) -> bool:
    return outer.char_start <= inner.char_start and inner.char_end <= outer.char_end


def _wrong_relations(right: LabeledDocument, found: LabeledDocument) -> tuple[int, list[Mistake]]:
    """Return how many relations are right, and the mistakes."""
    document = right.document
    gold = {_ends(relation): relation for relation in right.annotation.relations}
    predicted = {_ends(relation): relation for relation in found.annotation.relations}
    found_starts = {m.char_start for m in found.annotation.mentions}
    right_starts = {m.char_start for m in right.annotation.mentions}
    loose = {ends: relation for ends, relation in predicted.items() if ends not in gold}
    mistakes: list[Mistake] = []
    for ends, relation in gold.items():
        other = predicted.get(ends)
        if other is not None and other.type == relation.type:
            continue
        category = "label"
        if other is None:
            other = next((r for e, r in loose.items() if e[0] == ends[0]), None)
            category = "missed" if other is None else "wrong host"
            category = category if set(ends) <= found_starts else "mention"
        crosses = _crosses_clause(relation, document)
        mistakes.append(Mistake(document, category, relation, other, crosses))
    explained = {mistake.predicted for mistake in mistakes}
    for ends, relation in loose.items():
        if relation not in explained:
            category = "spurious" if set(ends) <= right_starts else "mention"
            crosses = _crosses_clause(relation, document)
            mistakes.append(Mistake(document, category, None, relation, crosses))
    n_wrong = sum(mistake.gold is not None for mistake in mistakes)
    return len(gold) - n_wrong, mistakes


def _ends(relation: Relation) -> tuple[int, int]:
    return relation.head.char_start, relation.tail.char_start


def _crosses_clause(relation: Relation, document: Document) -> bool:
    first, second = sorted((relation.head, relation.tail), key=lambda m: m.char_start)
    return _CLAUSE.search(document.slice(first.char_end, second.char_start)) is not None


def _in_words(item: Mention | Relation | None, document: Document) -> str:
    if item is None:
        return ""
    if isinstance(item, Mention):
        return f"{item.type} {document.slice(item.char_start, item.char_end)!r}"
    head, tail = (document.slice(m.char_start, m.char_end) for m in (item.head, item.tail))
    return f"{item.type} {head!r} {tail!r}"
