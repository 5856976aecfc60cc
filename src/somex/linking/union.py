"""Disjoint sets whose representative is their least member, so that order does not matter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

T = TypeVar("T", bound=Any)


class UnionFind(Generic[T]):
    """Disjoint sets of values that can be ordered; each set knows its members.

    Args:
        values: The values, each in a set of its own at first.
    """

    def __init__(self, values: Iterable[T]) -> None:
        self._parent = {value: value for value in values}
        self._members = {value: [value] for value in self._parent}

    def find(self, value: T) -> T:
        """Return the least member of the set of a value."""
        root = value
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[value] != root:
            self._parent[value], value = root, self._parent[value]
        return root

    def join(self, first: T, second: T) -> T:
        """Make one set of those of two values and return its least member."""
        low, high = sorted((self.find(first), self.find(second)))
        if low != high:
            self._parent[high] = low
            self._members[low].extend(self._members.pop(high))
        return low

    def members(self, value: T) -> list[T]:
        """Return the members of the set of a value, in no order."""
        return self._members[self.find(value)]

    def sets(self) -> list[list[T]]:
        """Return the sets, each sorted, ordered by their least members."""
        return [sorted(self._members[root]) for root in sorted(self._members)]
