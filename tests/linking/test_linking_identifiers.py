from __future__ import annotations

import pytest

from somex.core.software import Identifier
from somex.linking.identifiers import (
    identifier_key,
    identifiers_in,
    is_telling,
    of_url,
    site_of,
)


@pytest.mark.parametrize(
    ("text", "scheme", "value"),
    [
        ("RRID:SCR_012345", "rrid", "SCR_012345"),
        ("RRID : SCR_012345", "rrid", "SCR_012345"),
        ("https://github.com/Owner/Name.git", "url", "https://github.com/owner/name"),
        ("https://github.com/owner/name/tree/main/src", "url", "https://github.com/owner/name"),
        ("https : / / github . com / owner / name", "url", "https://github.com/owner/name"),
        ("http://www.slope.example/run/", "url", "http://www.slope.example/run"),
        ("www.slope.example.", "url", "http://www.slope.example"),
        ("slope.example/run", "url", "http://slope.example/run"),
        ("https://cran.r-project.org/package=sloper", "cran", "sloper"),
        ("https://cran.r-project.org/web/packages/sloper/index.html", "cran", "sloper"),
        (
            "https://bioconductor.org/packages/release/bioc/html/Sloper.html",
            "bioconductor",
            "Sloper",
        ),
        ("http://www.bioconductor.org/packages/Sloper", "bioconductor", "Sloper"),
        ("https://pypi.org/project/sloper/", "pypi", "sloper"),
        ("https://doi.org/10.5281/Zenodo.1234", "doi", "10.5281/zenodo.1234"),
        ("https://www.wikidata.org/wiki/Q42", "wikidata", "Q42"),
        ("(https://slope.example/a)", "url", "https://slope.example/a"),
    ],
)
def test_identifiers_of_addresses(text: str, scheme: str, value: str) -> None:
    assert list(identifiers_in(text)) == [Identifier(scheme, value)]


def test_identifiers_of_citations_are_dois_and_rrids() -> None:
    found = list(identifiers_in("(Doe 2020, doi: 10.1000/Slope.1.)", is_address=False))
    assert found == [Identifier("doi", "10.1000/slope.1")]
    assert list(identifiers_in("[26]", is_address=False)) == []


@pytest.mark.parametrize(
    "text", ["", "see the appendix", "http://", "http://[", "localhost", "[12]"]
)
def test_identifiers_of_other_text_are_none(text: str) -> None:
    assert list(identifiers_in(text)) == []


def test_identifiers_tell_where_one_software_has_them() -> None:
    repository = of_url("https://github.com/owner/name")
    page = of_url("http://www.slope.example")
    assert repository is not None
    assert page is not None
    assert is_telling(repository)
    assert is_telling(Identifier("cran", "sloper"))
    assert not is_telling(page)
    assert (site_of(page), site_of(repository)) == ("slope.example", None)
    assert identifier_key(page) == identifier_key(Identifier("url", "https://Slope.example"))
