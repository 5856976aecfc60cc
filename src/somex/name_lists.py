"""Names from public lists, to draw software names that the corpora have not."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from somex.core.config import read_setting_file
from somex.core.errors import ConfigError
from somex.core.schema import EntityType
from somex.recipe import NameList
from somex.text.matching import squeeze


@dataclass(frozen=True, slots=True)
class _Names:
    type: EntityType
    host: str
    names: tuple[str, ...]


class PublicNames:
    """The names of a recipe's lists, by the type and host that they are for.

    Args:
        lists: The recipe's lists (``data.name_lists``).
        barred: Names, squeezed, that are never drawn (those that a test holds out).

    Raises:
        ConfigError: A list can't be read, or holds no name.
    """

    def __init__(self, lists: Sequence[NameList], *, barred: Iterable[str] = ()) -> None:
        left_out = frozenset(barred)
        self._lists = tuple(
            _Names(
                EntityType(each.type),
                squeeze(each.host or ""),
                tuple(n for n in read_names(Path(each.path)) if squeeze(n) not in left_out),
            )
            for each in lists
        )

    def draw(self, kind: EntityType, host: str | None, rng: random.Random) -> str | None:
        """Draw a name of a type.

        Args:
            kind: The type.
            host: Text of the software that the name is a part of; None where it is of none.
            rng: Draws.

        Returns:
            A name; None where no list is for this type and host. Lists for a host are for names
            of that host alone.
        """
        wanted = squeeze(host or "")
        fitting = [n.names for n in self._lists if n.type is kind and n.host == wanted and n.names]
        return rng.choice(rng.choice(fitting)) if fitting else None


def read_names(path: Path) -> tuple[str, ...]:
    """Read a list of names, one a line; empty lines and those after ``#`` are passed over.

    Raises:
        ConfigError: The file can't be read, is not UTF-8, or holds no name.
    """
    lines = read_setting_file(path, "list of names").splitlines()
    names = tuple(s for line in lines if (s := line.strip()) and not s.startswith("#"))
    if not names:
        raise ConfigError(f"list of names {path} holds no name; write one a line")
    return names
