"""Finished runs kept without the text that they were tested on, so that they may be published.

A file a run, ``ROW/seed-1.json.gz``: recipe, environment, hashes of its data, metrics, and of each
test set its hash and where the run found mentions and relations. With the corpora at hand the run
is put back from it, and is not trained again.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somex.core.errors import FormatError
from somex.core.schema import EntityType, RelationType
from somex.core.types import Annotation, LabeledDocument, Mention, Relation
from somex.model_card import portable, with_folders
from somex.readers.files import open_atomic, write_text
from somex.reproduce.plan import Row
from somex.reproduce.rows import (
    METRICS_FILE,
    RECIPE_FILE,
    Comparison,
    has_predictions,
    keep_predictions,
    read_predictions,
)
from somex.reproduce.sets import EvaluationSet

_FORMAT = 1
_FILES = (RECIPE_FILE, "environment.json", "data.json", METRICS_FILE)


@dataclass(frozen=True, slots=True)
class Archive:
    """A folder of finished runs.

    Attributes:
        folder: Holds a folder a row; made where it is not there.
    """

    folder: Path

    def restore(self, comparison: Comparison, row: Row) -> int:
        """Put the runs of a row that are not in the comparison's folder back into it.

        Args:
            comparison: The comparison.
            row: A row of its plan.

        Returns:
            The number of runs put back; one of other test sentences or another gold is left.

        Raises:
            FormatError: A file is damaged or of another format.
        """
        n_restored = 0
        for place, sets in _runs(comparison, row):
            path = self._path(row, place)
            if not (place / METRICS_FILE).is_file() and path.is_file():
                n_restored += _restore(path, place, sets)
        return n_restored

    def add(self, comparison: Comparison, row: Row) -> None:
        """Keep the finished runs of a row; one that is kept already stays as it is."""
        for place, sets in _runs(comparison, row):
            is_done = (place / METRICS_FILE).is_file()
            path = self._path(row, place)
            if is_done and not path.exists() and all(has_predictions(place, s) for s in sets):
                packed = json.dumps(_packed(place, sets), sort_keys=True).encode()
                with open_atomic(path) as stream:
                    stream.write(gzip.compress(packed, mtime=0))

    def _path(self, row: Row, place: Path) -> Path:
        return self.folder / row.name / f"{place.name}.json.gz"


def _runs(comparison: Comparison, row: Row) -> list[tuple[Path, list[EvaluationSet]]]:
    """Return the folder and the test sets of each run of a row; language models have none."""
    if row.family == "llm" or comparison.missing_variables(row):
        return []
    return [
        (comparison.place(row, seed, fold), comparison.sets_of(row, fold))
        for seed in comparison.seeds_of(row)
        for fold in comparison.folds_of(row)
    ]


def _packed(place: Path, sets: Sequence[EvaluationSet]) -> dict[str, Any]:
    files = {name: json.loads((place / name).read_text("utf-8")) for name in _FILES}
    found = {
        s.name: {
            "sha256": s.sha256,
            "documents": [_spans(d.annotation) for d in read_predictions(place, s)],
        }
        for s in sets
    }
    return {"format": _FORMAT, "files": portable(files), "sets": found}


def _spans(annotation: Annotation) -> dict[str, list[list[Any]]]:
    """Return an annotation as plain numbers and types; relations count its mentions."""
    index = {mention: i for i, mention in enumerate(annotation.mentions)}
    return {
        "mentions": [
            [m.type, m.char_start, m.char_end, round(m.confidence, 4)] for m in annotation.mentions
        ],
        "relations": [
            [r.type, index[r.head], index[r.tail], round(r.confidence, 4)]
            for r in annotation.relations
        ],
    }


def _restore(path: Path, place: Path, sets: Sequence[EvaluationSet]) -> bool:
    try:
        packed = json.loads(gzip.decompress(path.read_bytes()))
        if packed["format"] != _FORMAT:
            raise FormatError(f"has format {packed['format']}; valid: {_FORMAT}", path=str(path))
        kept = packed["sets"]
        if any(s.name not in kept or kept[s.name]["sha256"] != s.sha256 for s in sets):
            return False
        for s in sets:
            both = zip(s.documents, kept[s.name]["documents"], strict=True)
            found = [LabeledDocument(d.document, _annotation(spans)) for d, spans in both]
            keep_predictions(place, s, found)
        for name in _FILES:  # the metrics come last: they tell that a run is finished
            values = with_folders(packed["files"][name])
            write_text(json.dumps(values, indent=2) + "\n", place / name)
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError) as error:
        raise FormatError(f"is no run that was kept: {error!r}", path=str(path)) from None
    return True


def _annotation(spans: dict[str, list[list[Any]]]) -> Annotation:
    mentions = [
        Mention(EntityType(kind), start, end, confidence=confidence)
        for kind, start, end, confidence in spans["mentions"]
    ]
    relations = [
        Relation(RelationType(kind), mentions[head], mentions[tail], confidence)
        for kind, head, tail, confidence in spans["relations"]
    ]
    return Annotation.build(mentions, relations)
