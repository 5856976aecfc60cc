"""Windows that were read before: a bounded memory, the one used longest ago goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from somex.core.errors import ConfigError

T = TypeVar("T")


class RepeatCache(Generic[T]):
    """Keeps results of one model by what it read; for results that depend on nothing else.

    Args:
        n_most: So many results are kept; 0 keeps none.

    Raises:
        ConfigError: ``n_most`` is below 0.
    """

    def __init__(self, n_most: int) -> None:
        if n_most < 0:
            raise ConfigError(f"the repeat cache holds {n_most} results; valid: 0 or more")
        self.n_most = n_most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> T | None:
        """Return what is kept for ``key``, None where there is nothing."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: Hashable, value: T) -> None:
        """Keep a result, in place of the one used longest ago where the cache is full."""
        if self.n_most:
            self._kept[key] = value
            self._kept.move_to_end(key)
        if len(self._kept) > self.n_most:
            self._kept.popitem(last=False)
