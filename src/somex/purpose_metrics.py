"""Gold and predicted purposes of mentions → counts → scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from somex.core.schema import PURPOSES
from somex.core.types import LabeledDocument, Mention
from somex.metrics import Counts, TaskScores, pair_documents


@dataclass(frozen=True, slots=True)
class PurposeReport:
    """Scores of purposes; types are the four purposes.

    Attributes:
        matched: Over the mentions that were found with the right span and type: how good the
            choice of the purpose is.
        end_to_end: A purpose is right if the mention's span, type and purpose are.
        n_matched: Number of found mentions whose purpose the gold knows.
    """

    matched: TaskScores
    end_to_end: TaskScores
    n_matched: int

    def to_json(self) -> dict[str, Any]:
        """Return the report as values that ``json.dumps`` takes."""
        return {
            "n_matched": self.n_matched,
            "matched": self.matched.to_json(),
            "end_to_end": self.end_to_end.to_json(),
        }


def evaluate_purposes(
    gold: Sequence[LabeledDocument], predicted: Sequence[LabeledDocument]
) -> PurposeReport | None:
    """Score the purposes of a prediction.

    Args:
        gold: Documents with the right annotation; documents without any purpose have no part, nor
            have predicted mentions at a gold mention whose purpose is not known.
        predicted: The same documents (matched by id), in any order.

    Returns:
        The scores; None where the gold holds no purpose.

    Raises:
        AnnotationError: Ids are missing, additional or repeated.
    """
    matched, end_to_end = Counts.zero(PURPOSES), Counts.zero(PURPOSES)
    for right, found in pair_documents(gold, predicted):
        known = [m for m in right.annotation.mentions if m.purpose is not None]
        if not known:
            continue
        keys = {m.key for m in known}
        unknown = {m.key for m in right.annotation.mentions} - keys
        told = [
            m for m in found.annotation.mentions if m.purpose is not None and m.key not in unknown
        ]
        both = keys & {m.key for m in told}
        matched += _count([m for m in known if m.key in both], [m for m in told if m.key in both])
        end_to_end += _count(known, told)
    if not sum(end_to_end.n_gold):
        return None
    return PurposeReport(
        TaskScores.from_counts(matched),
        TaskScores.from_counts(end_to_end),
        sum(matched.n_gold),
    )


def _count(gold: Sequence[Mention], predicted: Sequence[Mention]) -> Counts:
    right = {m.key: m.purpose for m in gold}
    tp = [m.purpose for m in predicted if right.get(m.key) == m.purpose]
    columns = (tp, [m.purpose for m in gold], [m.purpose for m in predicted])
    names = tuple(str(p) for p in PURPOSES)
    return Counts(names, *(tuple(column.count(p) for p in PURPOSES) for column in columns))
