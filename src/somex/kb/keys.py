"""What two spellings of a name or identifier share: the keys that the store looks up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from somex.core.software import IDENTIFIER_URIS, Identifier

_TELLING = "+#"
"""Characters beside letters and digits that tell names apart: C, C++ and C#."""

_PEP_503 = re.compile(r"[-_.]+")
_RRID = re.compile(r"(?:RRID:)?\s*(SCR_\d+)", re.IGNORECASE)
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_NAME = r"([A-Za-z0-9][A-Za-z0-9._-]*)"
_REGISTRY_PAGES = {
    "cran": re.compile(rf"cran\.[a-z0-9.-]+/(?:package=|web/packages/){_NAME}", re.IGNORECASE),
    "bioconductor": re.compile(
        r"bioconductor\.org/packages/(?:(?:release|devel|stats|[\d.]+)/)?"
        rf"(?:(?:bioc|data/annotation|data/experiment|workflows)/)?(?:html/)?{_NAME}",
        re.IGNORECASE,
    ),
    "pypi": re.compile(
        rf"pypi\.(?:org|python\.org)/(?:project|pypi|simple)/{_NAME}", re.IGNORECASE
    ),
    "wikidata": re.compile(r"wikidata\.org/(?:wiki|entity)/(Q[1-9]\d*)$"),
    "rrid": re.compile(r"(?:scicrunch\.org|identifiers\.org|rrid\.site)/.*\b(SCR_\d+)\b"),
}
_MAY_BE_PAGE = re.compile("cran|bioconductor|pypi|wikidata|scicrunch|identifiers|rrid")
_SECOND_LEVEL = ("html", "release", "devel", "bioc")


def name_key(name: str) -> str:
    """Return what spellings of a name share: its letters and digits without case, ``+`` and ``#``.

    A name without any of these is its own key, white space aside.
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    key = "".join(char for char in plain if char.isalnum() or char in _TELLING)
    return key or "".join(plain.split())


def identifier_key(identifier: Identifier) -> str:
    """Return what spellings of an identifier share, by the rules of its registry."""
    value = identifier.value
    if identifier.scheme == "pypi":
        return _PEP_503.sub("-", value).lower()
    if identifier.scheme == "url":
        return url_key(value)
    if identifier.scheme == "rrid":
        return value.upper().removeprefix("RRID:")
    return value.lower()


def url_key(url: str) -> str:
    """Return a URL without scheme, ``www.``, fragment, last slash and ``.git``, host in lower case.

    Of addresses on GitHub and the like, only owner and name of the repository are kept, without
    case.
    """
    plain = url.strip()
    parts = _split(plain if "://" in plain else f"https://{plain}")
    if parts is None:
        return plain.lower()
    host, path, query = parts
    if host in ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org"):
        path = "/".join(path.split("/")[:3]).lower()
        query = ""
    path = path.rstrip("/").removesuffix(".git")
    return f"{host}{path}" + (f"?{query}" if query else "")


def _split(url: str) -> tuple[str, str, str] | None:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    return (host, parts.path, parts.query) if host else None


def make_identifier(scheme: str, value: str) -> Identifier | None:
    """Return an identifier in the form of its registry; None where the value is none of it."""
    plain = value.strip()
    if scheme == "rrid":
        found = _RRID.fullmatch(plain)
        return Identifier("rrid", found[1].upper()) if found else None
    if scheme == "doi":
        found = _DOI.fullmatch(plain)
        return Identifier("doi", found[1].lower()) if found else None
    if scheme == "url":
        return Identifier("url", plain) if is_url(plain) else None
    if not plain or any(char.isspace() for char in plain):
        return None
    return Identifier(scheme, plain)


def parse_identifier(text: str) -> Identifier | None:
    """Return the identifier written ``scheme:value``, or a URL as it stands; None for others."""
    if is_url(text.strip()):
        return make_identifier("url", text)
    scheme, colon, value = text.strip().partition(":")
    if not colon or scheme.lower() not in IDENTIFIER_URIS:
        return None
    return make_identifier(scheme.lower(), value)


def is_url(text: str) -> bool:
    """Tell whether a text is a web address."""
    return text.lower().startswith(("http://", "https://")) and not any(map(str.isspace, text))


def identifiers_of_url(url: str) -> Iterator[Identifier]:
    """Yield what a URL tells: the registry's identifier if it is a page of one, else itself."""
    plain = url.strip().rstrip(".,;")
    if not is_url(plain):
        return
    parts = _split(plain)
    if parts is None:
        return
    if _MAY_BE_PAGE.search(parts[0]):
        page = parts[0] + unquote(parts[1]) + (f"?{parts[2]}" if parts[2] else "")
        made = _page_identifier(page.replace("?package=", "package="))
        if made:
            yield made
            return
    yield Identifier("url", plain)


def _page_identifier(page: str) -> Identifier | None:
    """Return the identifier of a registry's page, given without scheme and ``www.``."""
    for scheme, pattern in _REGISTRY_PAGES.items():
        found = pattern.match(page)
        if found and found[1].lower() not in _SECOND_LEVEL:
            return make_identifier(scheme, found[1].removesuffix(".html").rstrip("."))
    return None
