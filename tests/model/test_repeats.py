from __future__ import annotations

import pytest

from somex.core import ConfigError
from somex.model.repeats import RepeatCache


def test_repeats_the_one_used_longest_ago_goes_first() -> None:
    cache: RepeatCache[str] = RepeatCache(2)
    cache.put("a", "1")
    cache.put("b", "2")
    assert cache.get("a") == "1"
    cache.put("c", "3")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("1", None, "3")
    assert len(cache) == 2


def test_repeats_none_are_kept_where_none_may_be() -> None:
    cache: RepeatCache[str] = RepeatCache(0)
    cache.put("a", "1")
    assert cache.get("a") is None
    with pytest.raises(ConfigError, match="holds -1 results; valid: 0 or more"):
        RepeatCache(-1)
