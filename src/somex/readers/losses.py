"""What a writer wrote, and what its format could not hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from somex.core.types import Annotation


@dataclass(frozen=True, slots=True)
class WriteReport:
    """Counts of one writing.

    Attributes:
        n_documents: Documents written (sentences, where the format has a sentence a line).
        n_mentions: Mentions written.
        n_relations: Relations written.
        losses: What was left out or changed, in words -> how often; empty where nothing was.
    """

    n_documents: int
    n_mentions: int
    n_relations: int
    losses: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_losses(self) -> int:
        """Return the number of all losses."""
        return sum(self.losses.values())


def n_confidences(annotation: Annotation) -> int:
    """Return how many mentions and relations have a confidence below 1, lost where unwritten."""
    return sum(mention.confidence < 1.0 for mention in annotation.mentions) + sum(
        relation.confidence < 1.0 for relation in annotation.relations
    )
