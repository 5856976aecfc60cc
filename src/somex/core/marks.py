"""What a training sentence is for, noted in its document's provenance."""

from __future__ import annotations

from dataclasses import replace

from somex.core.types import LabeledDocument

LABELS = "labels"
"""Key: ``softcite`` where the sentence is labelled in softcite's terms only."""

TURN = "turn"
"""Key: ``1/6`` where the second of every six epochs shows the sentence."""


def with_mark(labeled: LabeledDocument, key: str, value: str) -> LabeledDocument:
    """Return a labelled document with a note in its provenance."""
    provenance = {**labeled.document.provenance, key: value}
    return replace(labeled, document=replace(labeled.document, provenance=provenance))


def with_turn(labeled: LabeledDocument, turn: int, n_turns: int) -> LabeledDocument:
    """Let one of every ``n_turns`` epochs show a sentence, first epoch ``turn`` (from 0)."""
    return labeled if n_turns == 1 else with_mark(labeled, TURN, f"{turn}/{n_turns}")


def turn_of(labeled: LabeledDocument) -> tuple[int, int]:
    """Return the turn of a sentence and the number of turns; (0, 1) where each epoch shows it."""
    turn, n_turns = labeled.document.provenance.get(TURN, "0/1").split("/")
    return int(turn), int(n_turns)
