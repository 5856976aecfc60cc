"""One name, several software: where the documents that use a name contradict each other.

Two documents contradict each other where the same registry gives them different identifiers, where
their repositories differ, or where they spell out an abbreviation differently ("VBA"). Documents
that tell nothing go with the commonest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from somex.linking.identifiers import identifier_key, is_telling
from somex.linking.items import LinkItem
from somex.linking.names import abbreviates, forms_of, name_key, trigrams
from somex.linking.union import UnionFind

_Label = tuple[str, str]


LongForms = Mapping[tuple[str, str], set[str]]
"""Document and key of an abbreviation -> the long forms that the document gives it."""


def find_long_forms(items: Sequence[LinkItem]) -> LongForms:
    """Return how documents spell out abbreviations, each long form by its telling words."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for item in items:
        for alias in item.aliases:
            for short, long in ((item.surface, alias), (alias, item.surface)):
                if abbreviates(short, long) >= 0.9:
                    place = (item.ref.document_id, name_key(short))
                    found[place].add(" ".join(forms_of(long).words))
    return found


def split_name(
    items: Sequence[LinkItem], members: Sequence[int], *, key: str, long_forms: LongForms
) -> Iterator[tuple[str, list[int]]]:
    """Yield the mentions of one name, those of each software apart.

    Args:
        items: All items.
        members: Indices of the mentions of one name.
        key: Key of the name.
        long_forms: Of `find_long_forms`.

    Yields:
        What tells the software from the others of its name, empty for the commonest; its mentions.
    """
    by_document: dict[str, list[int]] = defaultdict(list)
    for index in members:
        by_document[items[index].ref.document_id].append(index)
    labels = {
        document: _labels(items, of_document)
        | {("long form", long) for long in long_forms.get((document, key), ())}
        for document, of_document in by_document.items()
    }
    groups = _group(labels)
    if len(groups) < 2:
        yield "", list(members)
        return
    told = {document for _, documents in groups[1:] for document in documents}
    yield "", [i for i in members if items[i].ref.document_id not in told]
    for label, documents in groups[1:]:
        yield label, [i for i in members if items[i].ref.document_id in documents]


def _labels(items: Sequence[LinkItem], members: Sequence[int]) -> set[_Label]:
    """Return what one document says to tell the software, as kind and value."""
    found: set[_Label] = set()
    for index in members:
        for identifier in filter(is_telling, items[index].identifiers):
            found.add((identifier.scheme, identifier_key(identifier)))
    return found


def _group(labels: dict[str, set[_Label]]) -> list[tuple[str, set[str]]]:
    """Group the documents that tell something; the commonest group first.

    Returns:
        Least label and documents of each group; one group where nothing contradicts.
    """
    all_labels = sorted({label for of_document in labels.values() for label in of_document})
    if len(all_labels) < 2:
        return []
    union = UnionFind(all_labels)
    for of_document in labels.values():
        for label in of_document:
            union.join(min(of_document), label)
    _join_alike(union, all_labels)
    _join_unopposed(union, all_labels)
    documents: dict[_Label, set[str]] = defaultdict(set)
    for document, of_document in labels.items():
        if of_document:
            documents[union.find(min(of_document))].add(document)
    order = sorted(documents, key=lambda label: (-len(documents[label]), label))
    return [(min(union.members(label))[1], documents[label]) for label in order]


def _join_alike(union: UnionFind[_Label], labels: Sequence[_Label]) -> None:
    """Join long forms that are much alike or share a word; people do not spell them alike."""
    long_forms = [label for label in labels if label[0] == "long form"]
    for place, label in enumerate(long_forms):
        for other in long_forms[:place]:
            if _is_alike(label[1], other[1]):
                union.join(label, other)


def _is_alike(first: str, second: str) -> bool:
    words = {word for word in first.split() if len(word) > 3}
    if words & set(second.split()):
        return True
    a, b = trigrams(first.replace(" ", "")), trigrams(second.replace(" ", ""))
    return 2 * (a & b).total() >= 0.5 * (a.total() + b.total())


def _join_unopposed(union: UnionFind[_Label], labels: Sequence[_Label]) -> None:
    """Join groups that have no kind of label in common, so that none contradicts the other."""
    roots = sorted({union.find(label) for label in labels})
    for root in roots[1:]:
        for other in roots:
            if union.find(other) == union.find(root):
                continue
            kinds = {kind for kind, _ in union.members(root)}
            if kinds.isdisjoint(kind for kind, _ in union.members(other)):
                union.join(root, other)
                break
