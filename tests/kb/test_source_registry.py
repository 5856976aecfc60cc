from __future__ import annotations

import pytest

from somex.core import ConfigError
from somex.kb.registry import Source, get_source, sources


def test_source_registry_has_the_built_in_sources_through_entry_points():
    names = {"bioconductor", "cran", "own", "pypi", "scicrunch", "wikidata"}
    assert names <= set(sources())
    assert all(found.name == name for name, found in sources().items())


def test_source_registry_wrong_name_lists_the_right_ones():
    with pytest.raises(ConfigError, match="unknown source 'npm'; valid: bioconductor, cran, own"):
        get_source("npm")


def test_source_registry_names_are_identifiers():
    with pytest.raises(ConfigError, match="source name 'my list' is no identifier"):
        Source("my list", "", lambda file: iter(()))
