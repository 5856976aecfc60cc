"""A plan: which systems are compared, on what, and what the paper says of each. No torch here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from somex.core.config import build_config, check_range
from somex.core.errors import ConfigError, unknown_value
from somex.perturbations import PERTURBATIONS
from somex.recipe import Source, read_values

Need = Literal["gpu", "endpoint"]
Loss = Literal["joint", "disjoint", "none"]
AnyFamily = Literal["token", "span", "llm"]
LOSSES: tuple[Loss, ...] = ("joint", "disjoint", "none")
FAMILIES: tuple[AnyFamily, ...] = ("token", "span", "llm")
FAMILY_TITLES = {"token": "token classification", "span": "spans", "llm": "language model"}

Values: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PaperFigures:
    """Published totals (mean of the macro F1s of mentions and relations), 0 to 1.

    Attributes:
        phase1: On Phase I, in distribution.
        phase2: On Phase II, out of distribution; its gold was never published.
    """

    phase1: float | None = None
    phase2: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("phase1", self.phase1), ("phase2", self.phase2)):
            if value is not None:
                check_range(name, value, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Row:
    """One system with one loss.

    Attributes:
        name: Of the row and its folder.
        system: What is compared; a joint and a disjoint row of one system make a pair.
        family: ``token``, ``span`` or ``llm``.
        loss: ``joint``, ``disjoint``, or ``none`` for what is not trained with either.
        recipe: Recipe, beside the plan unless its path is absolute; None for a published system
            that somex has no recipe for.
        tune: For a fine-tuned language model, the recipe of ``somex llm tune``.
        set: Changes to the recipe, as ``--set`` gives them: ``model.encoders=separate``.
        needs: ``gpu``, or ``endpoint`` (a language model's, asked only where ``--rows`` names the
            row). Whether an encoder is there or can be fetched is found out.
        paper: What is published of this system and loss.
        note: What a reader must know of the row.
    """

    name: str
    system: str
    family: AnyFamily
    loss: Loss = "none"
    recipe: str | None = None
    tune: str | None = None
    set: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    paper: PaperFigures = PaperFigures()
    note: str = ""

    def __post_init__(self) -> None:
        if not self.name or not all(c.isalnum() or c in "-_." for c in self.name):
            raise ConfigError(f"row name {self.name!r} must be of letters, digits, '-', '_', '.'")


@dataclass(frozen=True, slots=True)
class Softcite:
    """Softcite as a test set: another corpus, of which only software names are compared.

    Attributes:
        path: Its TEI file.
        limit: At most so many documents of each domain; 0 for all.
    """

    path: str
    limit: int = 150


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared.

    Attributes:
        name: Of the comparison.
        test: Sentences in distribution; no row is trained on them.
        rows: The systems, in the order of the tables.
        ood: Perturbations of the test sentences, out of distribution.
        softcite: Another corpus, out of distribution; None for none.
        seeds: A training of each row for each.
        title: Heading of the result.
    """

    name: str
    test: Source
    rows: tuple[Row, ...]
    ood: tuple[str, ...] = ("punctuation", "citation-style", "resolver-urls")
    softcite: Softcite | None = None
    seeds: tuple[int, ...] = (1, 2, 3)
    title: str = "The paper's tables"

    def __post_init__(self) -> None:
        for name in self.ood:
            if name not in PERTURBATIONS:
                raise ConfigError(unknown_value("set in ood", name, list(PERTURBATIONS)))
        if not self.ood:
            raise ConfigError(f"ood names no set; valid: {', '.join(PERTURBATIONS)}")
        counts = Counter(row.name for row in self.rows)
        twice = [name for name, count in counts.items() if count > 1]
        if twice or not self.rows:
            raise ConfigError(f"rows must have names of their own; {twice or 'there is no row'}")
        pairs = Counter((row.system, row.loss) for row in self.rows if row.loss != "none")
        for (system, loss), count in pairs.items():
            if count > 1:
                raise ConfigError(f"{count} rows are {system!r} with loss {loss}; one may be")


def read_plan(path: Path) -> Plan:
    """Read and check a plan.

    Raises:
        ConfigError: The file is missing or no YAML, or holds unknown keys or bad values (all of
            them are named), or names an environment variable that is not set.
    """
    if not path.is_file():
        raise ConfigError(
            f"plan {path} is not there; give one, or run this in a checkout of somex, which has "
            "recipes/paper-tables.yaml"
        )
    return build_config(Plan, read_values(path), where=str(path))


def choose_rows(plan: Plan, wanted: Sequence[str]) -> list[Row]:
    """Return the rows of some names in the plan's order; all for none.

    Raises:
        ConfigError: A name is unknown; the message lists the right ones.
    """
    valid = [row.name for row in plan.rows]
    for name in wanted:
        if name not in valid:
            raise ConfigError(unknown_value("row", name, valid))
    return [row for row in plan.rows if not wanted or row.name in wanted]
