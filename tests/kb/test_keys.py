from __future__ import annotations

import pytest

from somex.core.software import Identifier
from somex.kb.keys import (
    identifier_key,
    identifiers_of_url,
    make_identifier,
    name_key,
    parse_identifier,
    url_key,
)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Foo-Bolt 2", "foobolt2"),
        ("foobolt2", "foobolt2"),
        ("C++", "c++"),
        ("C", "c"),
        ("C#", "c#"),
        ("ﬁt", "fit"),
        ("Σοφια", "σοφια"),
        ("… !", "...!"),
    ],
)
def test_keys_of_names(name, key):
    assert name_key(name) == key


def test_keys_of_identifiers_follow_their_registries():
    assert identifier_key(Identifier("pypi", "Foo_Bar.baz")) == "foo-bar-baz"
    assert identifier_key(Identifier("rrid", "RRID:scr_999001")) == "SCR_999001"
    assert identifier_key(Identifier("doi", "10.5281/ZENODO.1")) == "10.5281/zenodo.1"
    assert identifier_key(Identifier("cran", "QuuxMix")) == "quuxmix"


def test_keys_of_urls():
    assert url_key("http://www.Foo.example/a/") == url_key("https://foo.example/a")
    assert url_key("https://GitHub.com/Quux/Mix/tree/main#readme") == "github.com/quux/mix"
    assert url_key("git@nowhere") == "nowhere"
    assert url_key("https://github.com/quux/mix.git") == url_key("github.com/quux/mix")
    assert url_key("https://foo.example/a?b=1") != url_key("https://foo.example/a")
    assert url_key("https://[broken") == "https://[broken"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://CRAN.R-project.org/package=quuxmix", "cran:quuxmix"),
        ("http://cran.r-project.org/web/packages/quuxmix/index.html", "cran:quuxmix"),
        ("https://bioconductor.org/packages/release/bioc/html/FooSeq.html", "bioconductor:FooSeq"),
        ("https://bioconductor.org/packages/FooSeq", "bioconductor:FooSeq"),
        ("https://www.bioconductor.org/packages/3.18/bioc/", None),
        ("https://pypi.python.org/pypi/foobolt/", "pypi:foobolt"),
        ("https://www.wikidata.org/wiki/Q900001", "wikidata:Q900001"),
        ("https://scicrunch.org/resolver/RRID:SCR_999001", "rrid:SCR_999001"),
        ("https://foo.example/SCR_999001", None),
        ("https://foo.example/pypi.org/project/x", None),
    ],
)
def test_keys_pages_of_registries_are_identifiers(url, expected):
    (found,) = identifiers_of_url(url)
    assert f"{found.scheme}:{found.value}" == (expected or f"url:{url}")


def test_keys_no_url_tells_nothing():
    assert [*identifiers_of_url("see the manual"), *identifiers_of_url("https://[broken")] == []


def test_keys_values_of_another_registry_are_refused():
    assert make_identifier("rrid", "AB_123") is None
    assert make_identifier("doi", "https://doi.org/10.5281/ZENODO.1").value == "10.5281/zenodo.1"
    assert make_identifier("doi", "none") is None
    assert make_identifier("pypi", "two words") is None


def test_keys_identifiers_are_parsed():
    assert parse_identifier("PyPI: foobolt") == Identifier("pypi", "foobolt")
    assert parse_identifier("https://foo.example") == Identifier("url", "https://foo.example")
    assert parse_identifier("Foobolt") is None
    assert parse_identifier("npm:foobolt") is None
