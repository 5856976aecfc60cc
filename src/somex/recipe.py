"""Recipes: one YAML an experiment, checked as a whole when it is read."""

from __future__ import annotations

import dataclasses
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from somex.core.config import (
    build_config,
    check_range,
    check_ranges,
    map_texts,
    read_setting_file,
)
from somex.core.errors import ConfigError
from somex.core.schema import SOFTWARE_TYPES, EntityType
from somex.model.config import ModelConfig

_VARIABLE = re.compile(r"\$\{(\w+)\}")

N_FIFTHS = 5
"""Parts of a source, of which one can be left out."""


@dataclass(frozen=True, slots=True)
class Source:
    """A corpus that a recipe reads.

    Attributes:
        path: File or folder; ``${NAME}`` is replaced from the environment.
        format: Name of its format; found out by looking where it is not given.
        split: Which split of a SOMD folder.
        empty_per_mention: For natural text, how many sentences without any mention are kept for
            each sentence with one (drawn by the seed); -1 keeps all.
        labels: ``full``, or ``softcite``: what is a software there may be of any software type,
            and what is unlabelled may still be a citation, licence, abbreviation and so on; such
            a source is neither swapped, repeated nor turned. A model with ``softcite_head`` learns
            them with that head alone.
        turns: An epoch shows one of so many parts of the source's sentences, the next one the next
            part, and so on.
        without_fifth: The fifth of its documents, 0 to 4 by their ids, that is left out, to be
            tested on (`somex bench ood --softcite-fifth`); -1 leaves out none.
        annotations: A file with other labels for some of its sentences (`somex.standoff`), which
            are then all that is read of it; looked for as a list of names.
    """

    path: str
    format: str | None = None
    split: Literal["train", "validation", "test"] = "train"
    empty_per_mention: float = -1.0
    labels: Literal["full", "softcite"] = "full"
    turns: int = 1
    without_fifth: int = -1
    annotations: str | None = None

    def __post_init__(self) -> None:
        check_range("turns", self.turns, 1, 1000)
        check_range("without_fifth", self.without_fifth, -1, N_FIFTHS - 1)
        if self.annotations is not None and self.labels != "full":
            raise ConfigError(f"a source with annotations has full labels, not {self.labels!r}")

    @property
    def has_whole_documents(self) -> bool:
        """Whether all sentences of its documents have full labels."""
        return self.labels == "full" and self.annotations is None


@dataclass(frozen=True, slots=True)
class NameList:
    """A public list of names that swapped mentions may be given.

    Attributes:
        path: A text file, one name a line; ``${NAME}`` is replaced from the environment, and
            what is not absolute is looked for beside the recipe.
        type: The entity type of the names.
        host: The software that the names are parts of, as ``R`` for a list of R packages: they are
            given to mentions that a ``PlugIn_of`` leads from to that software. Without it they are
            given to mentions that are a part of none.
    """

    path: str
    type: str
    host: str | None = None

    def __post_init__(self) -> None:
        if self.type not in SOFTWARE_TYPES:
            raise ConfigError(
                f"a list of names is of type {self.type!r}; valid: "
                f"{', '.join(t for t in EntityType if t in SOFTWARE_TYPES)}"
            )


@dataclass(frozen=True, slots=True)
class Templates:
    """A file of sentences of our own, slots filled anew for each copy (see `somex.templates`).

    Attributes:
        path: A text file, one sentence a line, or a folder of such; looked for as a list of names.
        copies: How often each is filled for an epoch.
        author_year: Citations name authors and year (``Li and Durbin, 2009``) instead of what the
            training sentences have, mostly numbers.
        turns: An epoch shows one of so many parts of the sentences, the next one the next part, and
            so on; ``swap_turns`` must be a multiple of it.
    """

    path: str
    copies: int = 1
    author_year: bool = False
    turns: int = 1

    def __post_init__(self) -> None:
        check_range("copies", self.copies, 1, 1000)
        check_range("turns", self.turns, 1, 1000)


@dataclass(frozen=True, slots=True)
class DataConfig:
    """What a recipe trains on.

    Attributes:
        train: The corpus that is cut into folds and into training and dev part.
        extra: Corpora added to the training part only, never to a dev part or held-out fold.
        never: Corpora whose sentences must not be trained on; an extra document that holds one
            of them is left out whole.
        purposes: A corpus whose purposes are carried over to the same sentences of ``train``.
        train_fraction: Share of the training sentences, extra ones too, that is trained on (for
            learning curves); a smaller share is a part of a larger one.
        dev_fraction: Share of the training sentences kept for early stopping and for the choice
            of the best checkpoint; 0 trains on all and keeps the last one.
        rare_below: An entity type with fewer training mentions than this is rare.
        rare_repeat: How often an epoch shows each sentence that holds a rare type.
        turn_names: Add each ``Long Name (LN)`` as ``LN (Long Name)`` and the other way round.
        link_names: Add each ``LN (Long Name)`` once more with a comma, colon or dash instead of
            the parentheses.
        swap_rate: Probability that a mention in a repeated or copied sentence is given another
            text of its type, drawn from the training sentences.
        recite_rate: Share of the repeated and copied sentences whose citations are turned from
            numbers to authors and years, and back.
        appose_share: Share of these that put software cited by number into parentheses with who is
            cited for it, where they can: ``using BWA [12]``, ``(BWA; Li and Durbin, 2009)``.
        swap_copies: How many swapped copies of every sentence with mentions are added.
        swap_turns: So many sets of repeats, copies and templates are made, each with other swaps;
            each epoch shows one of them in turn.
        name_lists: Public lists from which swapped names may come, too.
        list_share: Share of the swaps that draw from the lists, where one fits.
        templates: Files of sentences of our own with slots to fill.
    """

    train: Source
    extra: tuple[Source, ...] = ()
    never: tuple[Source, ...] = ()
    purposes: Source | None = None
    train_fraction: float = 1.0
    dev_fraction: float = 0.1
    rare_below: int = 150
    rare_repeat: int = 1
    turn_names: bool = False
    link_names: bool = False
    swap_rate: float = 0.0
    recite_rate: float = 0.0
    appose_share: float = 0.0
    swap_copies: int = 0
    swap_turns: int = 1
    name_lists: tuple[NameList, ...] = ()
    list_share: float = 0.5
    templates: tuple[Templates, ...] = ()

    def __post_init__(self) -> None:
        check_range("train_fraction", self.train_fraction, 0.0, 1.0)
        check_range("dev_fraction", self.dev_fraction, 0.0, 0.5)
        check_range("rare_below", self.rare_below, 0, 10**9)
        check_range("rare_repeat", self.rare_repeat, 1, 100)
        check_range("swap_rate", self.swap_rate, 0.0, 1.0)
        check_range("recite_rate", self.recite_rate, 0.0, 1.0)
        check_range("appose_share", self.appose_share, 0.0, 1.0)
        check_range("swap_copies", self.swap_copies, 0, 100)
        check_range("swap_turns", self.swap_turns, 1, 1000)
        check_range("list_share", self.list_share, 0.0, 1.0)
        for file in self.templates:
            if self.swap_turns % file.turns:
                raise ConfigError(
                    f"templates {file.path} have turns: {file.turns}, which does not divide "
                    f"swap_turns ({self.swap_turns}): some would be shown more often than others"
                )


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How a recipe trains (defaults: the paper's set-up).

    Attributes:
        epochs: Passes over the training sentences.
        batch_size: Sentences a batch.
        accumulation: Batches whose gradients are added up before a step.
        learning_rate: Peak rate of the encoder.
        head_learning_rate: Peak rate of everything else; the encoder's where not given.
        warmup: Share of the steps over which the rate climbs; it then falls linearly to 0.
        weight_decay: AdamW's, on matrices only.
        clip_norm: Greatest norm of the gradient.
        relation_weight: The lambda of Eq. 3.
        purpose_weight: The same for the loss of the purpose head, where the model has one.
        agreement_weight: Weight of the agreement of two dropouts on the tags (R-Drop); each batch
            is then read twice. 0 for none; family ``token`` only.
        teachers: Names or folders of models to learn from as well (distillation): their chances of
            tags, and of relations between gold mentions, in every sentence, softcite's too. Trained
            on folds, ``{fold}`` in a path is the held-out fold, on which a teacher must not have
            been trained. Family ``token``, with the teachers' units and relation head.
        teacher_weight: Weight of what is learned from them.
        patience: Epochs in a row without a better dev score that are borne; one more and training
            stops.
        freeze_embeddings: Leave the word embeddings as pretrained.
        ema_decay: Decay of an exponential moving average of the weights, which is then what is
            scored and saved; 0 for none.
        empty_per_epoch: How many examples without any mention an epoch shows for each one with
            some; each epoch takes the next ones, so that in time all are seen. -1 shows all.
        punctuation_apart: Share of the sentences of an epoch that are shown as if every punctuation
            mark stood alone (matters with the model's ``word_borders`` only).
        precision: ``fp32``, ``bf16``, or ``auto``: bf16 where the hardware is fast at it.
        checkpoint_steps: A resumable checkpoint every so many steps, besides one an epoch; 0 none.
        checkpoint_seconds: The same by time, whatever a step takes: at the first step after so many
            seconds without one; 0 none.
        seed: Of initialisation, order and dropout.
        order_seed: Of the order and of what is drawn from the data, instead of ``seed``: runs that
            start from the same weights and can be averaged.
    """

    epochs: int = 6
    batch_size: int = 8
    accumulation: int = 1
    learning_rate: float = 3e-5
    head_learning_rate: float | None = None
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    relation_weight: float = 1.0
    purpose_weight: float = 0.2
    agreement_weight: float = 0.0
    teachers: tuple[str, ...] = ()
    teacher_weight: float = 1.0
    patience: int = 2
    freeze_embeddings: bool = False
    ema_decay: float = 0.0
    empty_per_epoch: float = -1.0
    punctuation_apart: float = 0.0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    checkpoint_steps: int = 0
    checkpoint_seconds: float = 0.0
    seed: int = 1
    order_seed: int | None = None

    @property
    def data_seed(self) -> int:
        """Seed of the order and of what is drawn from the data."""
        return self.seed if self.order_seed is None else self.order_seed

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[float, float]] = {
            "epochs": (1, 1000),
            "batch_size": (1, 4096),
            "accumulation": (1, 4096),
            "learning_rate": (0.0, 1.0),
            "warmup": (0.0, 1.0),
            "weight_decay": (0.0, 1.0),
            "clip_norm": (0.0, 1e6),
            "relation_weight": (0.0, 1e6),
            "purpose_weight": (0.0, 1e6),
            "agreement_weight": (0.0, 1e6),
            "teacher_weight": (0.0, 1e6),
            "patience": (0, 1000),
            "punctuation_apart": (0.0, 1.0),
            "ema_decay": (0.0, 0.99999),
            "checkpoint_steps": (0, 10**9),
            "checkpoint_seconds": (0.0, 1e9),
        }
        if self.head_learning_rate is not None:
            ranges["head_learning_rate"] = (0.0, 1.0)
        check_ranges(self, ranges)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One experiment: model, data and training."""

    name: str
    model: ModelConfig
    data: DataConfig
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        if self.training.agreement_weight and self.model.family != "token":
            raise ConfigError("agreement_weight is for the family token; family is 'span'")
        if self.training.teachers and self.model.family != "token":
            raise ConfigError("teachers are for the family token; family is 'span'")

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as plain values."""
        return dataclasses.asdict(self)


def read_recipe(path: Path, *, overrides: tuple[str, ...] = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        path: A YAML file.
        overrides: Changes such as ``training.epochs=3``, as ``--set`` gives them.

    Raises:
        ConfigError: The file is missing or no YAML, or holds unknown keys or bad values (all are
            named), or an environment variable that it names is not set.
    """
    recipe = build_config(Recipe, read_values(path, overrides=overrides), where=str(path))
    return dataclasses.replace(recipe, data=beside(recipe.data, path.parent))


File = TypeVar("File", NameList, Templates)


def beside(data: DataConfig, folder: Path) -> DataConfig:
    """Return the data part with lists, templates and annotations led from the recipe's folder."""
    return dataclasses.replace(
        data,
        extra=tuple(
            dataclasses.replace(s, annotations=s.annotations and str(folder / s.annotations))
            for s in data.extra
        ),
        name_lists=_led_from(folder, data.name_lists),
        templates=_led_from(folder, data.templates),
    )


def _led_from(folder: Path, files: tuple[File, ...]) -> tuple[File, ...]:
    return tuple(dataclasses.replace(file, path=str(folder / file.path)) for file in files)


def read_values(path: Path, *, overrides: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read the plain values of a recipe of any kind, overrides and environment put in.

    Raises:
        ConfigError: As `read_recipe`, but keys and values are not checked.
    """
    try:
        values = yaml.safe_load(read_setting_file(path, "recipe"))
    except yaml.YAMLError as error:
        raise ConfigError(f"recipe {path} is no YAML: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"recipe {path} must be a mapping with name, model, data and training")
    for override in overrides:
        _override(values, override)
    return _expand(values, str(path))


def _override(values: dict[str, Any], override: str) -> None:
    """Set a key; the parts of its path are keys, or places in a list (``data.extra.0.path``)."""
    key, separator, value = override.partition("=")
    if not separator:
        raise ConfigError(f"override {override!r} must read key=value, as training.epochs=3")
    *parents, last = key.split(".")
    place: Any = values
    before = ""
    for parent in parents:
        if isinstance(place, dict):
            place.setdefault(parent, {})
        place = place[_key_in(place, parent, before, override)]
        before = parent
    try:
        place[_key_in(place, last, before, override)] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise ConfigError(f"override {override!r}: {value!r} is no YAML value") from None


def _key_in(place: object, part: str, before: str, override: str) -> Any:
    """Return the key or index that a part of an override's path stands for."""
    if isinstance(place, dict):
        return part
    if not isinstance(place, list):
        raise ConfigError(f"override {override!r}: {before} holds no keys")
    if not part.isdecimal() or int(part) >= len(place):
        raise ConfigError(
            f"override {override!r}: {part} is no place in a list of {len(place)} (from 0)"
        )
    return int(part)


def _expand(values: dict[str, Any], where: str) -> dict[str, Any]:
    """Put environment variables in the place of their names."""

    def replace(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise ConfigError(f"{where} names ${{{match[1]}}}, but {match[1]} is not set")
        return os.environ[match[1]]

    expanded: dict[str, Any] = map_texts(values, lambda text: _VARIABLE.sub(replace, text))
    return expanded
