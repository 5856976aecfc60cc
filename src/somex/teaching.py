"""Teachers: trained models whose chances a training learns from, beside the gold labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from somex.core.errors import ConfigError
from somex.core.types import Document
from somex.model.backend import Backend
from somex.model.config import ModelConfig, read_model_config
from somex.model.examples import Example
from somex.model.folder import WEIGHTS_FILE, open_backend, read_pieces_of
from somex.model.inputs import Pieces, Window, collate, encode_sentence
from somex.model.lessons import Lessons
from somex.model.pairs import build_pairs
from somex.model_registry import find_model
from somex.recipe import Recipe
from somex.text.sentences import sentences_of

FOLD = "{fold}"
TEACHERS_FILE = "teachers.json"
"""In a run folder: fingerprints of the teachers, by name."""


@dataclass(frozen=True, slots=True)
class _Teacher:
    config: ModelConfig
    pieces: Pieces
    backend: Backend

    def windows(self, document: Document) -> Iterator[Window]:
        for sentence in sentences_of(document):
            yield from encode_sentence(
                document, sentence, pieces=self.pieces.encoder, config=self.config
            )


class Teachers:
    """The teachers of a training, any number of them; see `open_teachers`."""

    def __init__(self, teachers: Sequence[_Teacher], *, relation_head: str) -> None:
        self._teachers, self._relation_head = teachers, relation_head

    def with_views(self, examples: Iterable[Example], document: Document) -> Iterator[Example]:
        """Give a document's examples what each teacher reads in their place.

        An example that a teacher has no window of the same units for is left as it is.
        """
        by_units = [{w.units: w for w in t.windows(document)} for t in self._teachers]
        for example in examples:
            own = example.window
            views = [windows[own.units] for windows in by_units if own.units in windows]
            if not views or len(views) < len(by_units):
                yield example
            else:  # a window is kept once where both read the same
                same = tuple(own if view == own else view for view in views)
                yield dataclasses.replace(example, views=same)

    def teach(self, examples: Sequence[Example]) -> Lessons | None:
        """Return what the teachers say of a batch; None where they say nothing."""
        rows = [row for row, example in enumerate(examples) if example.views]
        if not rows:
            return None
        seen = [examples[row] for row in rows]
        pairs = build_pairs([e.mentions for e in seen], relation_head=self._relation_head)
        tags, pair_logits = [], []
        for i, teacher in enumerate(self._teachers):
            batch = collate([e.views[i] for e in seen], pad_id=teacher.pieces.pad_id)
            logits, units = teacher.backend.encode(batch)
            tags.append(logits)
            if len(pairs.pair_head):
                pair_logits.append(teacher.backend.relate(units, pairs))
        n_units = np.array([len(e.window.units) for e in seen], np.int64)
        return Lessons(np.array(rows, np.int64), n_units, tags, pairs, pair_logits)


def open_teachers(recipe: Recipe) -> Teachers:
    """Open the teachers that a recipe names.

    Raises:
        ModelError: There is no such model.
        ConfigError: A teacher labels other units, has another relation head, or is no tagger.
    """
    opened = [_open(name, recipe.model) for name in recipe.training.teachers]
    return Teachers(opened, relation_head=recipe.model.relation_head)


def _open(name: str, student: ModelConfig) -> _Teacher:
    folder = find_model(name).folder
    config = read_model_config(folder)
    for key in ("family", "units", "relation_head"):
        theirs, own = getattr(config, key), getattr(student, key)
        if theirs != own:
            raise ConfigError(
                f"teacher {name!r} has {key}: {theirs}, the recipe {key}: {own}; "
                "a model learns from teachers of its own kind"
            )
    in_torch = (folder / WEIGHTS_FILE).is_file()
    backend = open_backend(
        folder,
        config,
        backend="torch" if in_torch else "onnx",
        n_threads=torch.get_num_threads(),
        device="cuda" if in_torch and torch.cuda.is_available() else "cpu",
    )
    return _Teacher(config, read_pieces_of(folder, config), backend)


def describe_teachers(recipe: Recipe) -> dict[str, str]:
    """Return the fingerprint of each teacher that a recipe names.

    Raises:
        ModelError: There is no such model.
    """
    return {name: find_model(name).fingerprint for name in recipe.training.teachers}


def for_fold(recipe: Recipe, fold: int | str) -> Recipe:
    """Return a recipe whose teachers are those of a held-out fold or split.

    Raises:
        ConfigError: A teacher is the same for every fold: it would give away the held-out labels.
    """
    for name in recipe.training.teachers:
        if FOLD not in name:
            raise ConfigError(
                f"teacher {name!r} may have learned from the held-out fold {fold}, whose labels it "
                f"would give away; write {FOLD} into the path, of a teacher trained without it"
            )
    teachers = tuple(name.replace(FOLD, str(fold)) for name in recipe.training.teachers)
    return dataclasses.replace(
        recipe, training=dataclasses.replace(recipe.training, teachers=teachers)
    )
