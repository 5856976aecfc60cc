"""Identifiers out of the text of URLs and citations: RRIDs, DOIs, registries, repositories."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from somex.core.software import Identifier

_RRID = re.compile(r"\b(?:RRID\s*:\s*)?(SCR[_ ]\d{4,})\b", re.IGNORECASE)
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"'<>\[\]{}|,;]+", re.IGNORECASE)
_URL = re.compile(r"(?:https?://|ftp://|www\.)\S+|\b[a-z0-9.-]+\.[a-z]{2,}/\S*", re.IGNORECASE)
_BLANKS = re.compile(r"\s*([/.:_?=&~-])\s*")
_PAGES = (
    ("cran", re.compile(r"^cran\.[\w.-]+/(?:web/)?packages?[/=]([\w.]*\w)", re.I)),
    ("cran", re.compile(r"^cran\.[\w.-]+/\?package=([\w.]*\w)", re.I)),
    ("cran", re.compile(r"^cran\.[\w.-]+/package=([\w.]*\w)", re.I)),
    (
        "bioconductor",
        re.compile(
            r"^bioconductor\.org/packages/(?:(?:release|devel|stats|\d[\d.]*)/)?(?:\w+/)*?"
            r"(?:html/)?([\w.]*?\w)(?:\.html)?/?$",
            re.I,
        ),
    ),
    ("pypi", re.compile(r"^pypi\.(?:org|python\.org)/(?:project|pypi)/([\w.-]*\w)", re.I)),
    ("wikidata", re.compile(r"^wikidata\.org/(?:wiki|entity)/(Q\d+)", re.I)),
    ("doi", re.compile(r"^(?:dx\.)?doi\.org/(10\.\S+)", re.I)),
)
REPOSITORY_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org")
_SHARED_HOSTS = {
    *REPOSITORY_HOSTS,
    "sourceforge.net",
    "code.google.com",
    "sites.google.com",
    "cran.r-project.org",
    "bioconductor.org",
    "ncbi.nlm.nih.gov",
    "ebi.ac.uk",
    "figshare.com",
    "zenodo.org",
    "youtube.com",
    "mathworks.com",
    "microsoft.com",
}
REGISTRIES = {"bioconductor", "cran", "pypi", "rrid", "wikidata"}
"""Schemes in which one software has one value."""


def identifiers_in(text: str, *, is_address: bool = True) -> Iterator[Identifier]:
    """Yield the identifiers in the text of a URL or citation, each in its normal form.

    Args:
        text: The text; tokenised ones ("https : / / example . org") are put together.
        is_address: The text is a URL as a whole and may lack its scheme.
    """
    text = _BLANKS.sub(r"\1", text.strip()) if is_address else text
    found = False
    for match in _RRID.finditer(text):
        yield Identifier("rrid", match[1].upper().replace(" ", "_"))
        found = True
    if not is_address:
        for match in _DOI.finditer(text):
            yield Identifier("doi", _trim(match[0]).lower())
    if found:
        return
    for match in _URL.finditer(text):
        identifier = of_url(match[0])
        if identifier is not None:
            yield identifier


def of_url(url: str) -> Identifier | None:
    """Return what an address identifies: an entry of a registry, a repository, or a page.

    Repositories are cut to host, owner and name; other addresses lose fragment and last slash.
    None where it is no address.
    """
    plain = _trim(url)
    if not re.match(r"[a-z]+://", plain, re.IGNORECASE):
        plain = f"http://{plain}"
    try:
        parts = urlsplit(plain)
        full_host = parts.hostname or ""
    except ValueError:
        return None
    host = full_host.removeprefix("www.")
    if "." not in host:
        return None
    query = f"?{parts.query}" if parts.query else ""
    page = f"{host}{parts.path}{query}"
    for scheme, pattern in _PAGES:
        match = pattern.match(page)
        if match:
            return Identifier(scheme, match[1].lower() if scheme == "doi" else match[1])
    path = parts.path.rstrip("/")
    if host in REPOSITORY_HOSTS and path.count("/") >= 2:
        owner_and_name = "/".join(path.split("/")[:3]).removesuffix(".git").lower()
        return Identifier("url", f"https://{host}{owner_and_name}")
    return Identifier("url", f"{parts.scheme.lower()}://{full_host}{path}{query}")


def _trim(text: str) -> str:
    """Cut off what ends a sentence and brackets that are not opened in the text."""
    while text and (text[-1] in ".,;:'\"’”>]" or (text[-1] == ")" and "(" not in text)):
        text = text[:-1]
    return text


def is_repository(identifier: Identifier) -> bool:
    """Tell whether an identifier is the address of a source repository."""
    host = identifier.value.partition("://")[2].partition("/")
    return identifier.scheme == "url" and host[0] in REPOSITORY_HOSTS and host[2].count("/") == 1


def is_telling(identifier: Identifier) -> bool:
    """Tell whether one software, and no other, is likely to have the identifier."""
    return identifier.scheme in REGISTRIES or is_repository(identifier)


def identifier_key(identifier: Identifier) -> str:
    """Return what the spellings of an identifier share: no scheme and ``www.``, no case."""
    if identifier.scheme == "url":
        return identifier.value.partition("://")[2].lower().removeprefix("www.")
    return f"{identifier.scheme}:{identifier.value.lower()}"


def site_of(identifier: Identifier) -> str | None:
    """Return the host of a home page; None for hosts that many share, and for registries."""
    if identifier.scheme != "url":
        return None
    host = identifier_key(identifier).partition("/")[0]
    is_shared = any(host == s or host.endswith(f".{s}") for s in _SHARED_HOSTS)
    return None if is_shared else host
