"""Tables of what was found, for the screen."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from somex.core.schema import PURPOSE_TYPES
from somex.core.types import LabeledDocument, Mention


def mention_table(labeled: LabeledDocument) -> Table:
    """Return a table of a document: a row a software, its attributes beside it."""
    table = Table(title=escape(labeled.document.id), title_justify="left", header_style="bold")
    for column in ("software", "type", "attributes", "confidence"):
        table.add_column(column, overflow="fold", justify="right" if column[0] == "c" else "left")
    of_host: dict[Mention, list[str]] = {}
    attached: set[Mention] = set()
    for relation in labeled.annotation.relations:
        name = relation.type.removesuffix("_of")
        of_host.setdefault(relation.tail, []).append(f"{name}: {_text(labeled, relation.head)}")
        attached.add(relation.head)
    for mention in labeled.annotation.mentions:
        if mention.type in PURPOSE_TYPES or mention not in attached:
            attributes = "; ".join(of_host.get(mention, []))
            confidence = f"{mention.confidence:.2f}"
            table.add_row(_text(labeled, mention), mention.type, attributes, confidence)
    return table


def _text(labeled: LabeledDocument, mention: Mention) -> str:
    text = labeled.document.slice(mention.char_start, mention.char_end)
    return escape(" ".join(text.split()))
