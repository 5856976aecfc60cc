"""The names of things: stable IRIs, escaped so that any id makes a valid one.

They follow from ids and names alone, so that the same statement made twice is one statement.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from pyoxigraph import NamedNode

from somex.core.errors import ConfigError
from somex.core.software import Identifier

DEFAULT_BASE = "urn:somex:"
DEFAULT_LINKING = "default"
_SAFE = ":/?#[]@!$&'()*+,;=%-._~"  # what may stand in an IRI as it is
_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)*\.[a-z]{2,}(:\d+)?([/?#]\S*)?", re.IGNORECASE)
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/\S+)", re.IGNORECASE)

_RRID = re.compile(r"RRID ?: ?(SCR ?_ ?\d+)", re.IGNORECASE)


def normalize_name(text: str) -> str:
    """Return the form in which names are compared: NFKC, case folded, white space collapsed."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def escape(part: str) -> str:
    """Return a text as one segment of an IRI path: all but letters, digits and ``-_~`` escaped.

    A dot is kept, unless the segment has nothing else (``..`` would lead elsewhere).
    """
    escaped = quote(part, safe="", errors="surrogatepass")
    return escaped.replace(".", "%2E") if not escaped.strip(".") else escaped


def web_iri(text: str) -> NamedNode | None:
    """Return the address that a text holds, ``http://`` added to a bare domain.

    The RRID of a software (``RRID:SCR_003070``) is the one that linked software has.

    Returns:
        None where the text is no address, or one broken by blanks.
    """
    if found := _RRID.fullmatch(text.strip()):
        return NamedNode(Identifier("rrid", found[1].replace(" ", "").upper()).uri)
    address = text.strip().lstrip("<([{\"'“").rstrip(".,;:>\"'”")
    if address.endswith((")", "]")) and not any(mark in address for mark in "(["):
        address = address[:-1]  # the bracket around the address
    if not re.match(r"(?:https?|ftp)://[^\s/]", address, re.IGNORECASE):
        if not _DOMAIN.fullmatch(address):
            return None
        address = f"http://{address}"
    return None if re.search(r"\s", address) else iri_or_none(address)


def iri_or_none(text: str) -> NamedNode | None:
    """Return an absolute IRI, illegal characters escaped; None where that makes no IRI."""
    try:
        return NamedNode(quote(text, safe=_SAFE, errors="surrogatepass"))
    except ValueError:
        return None


def doi_iri(text: str) -> NamedNode | None:
    """Return ``https://doi.org/...`` of a DOI, bare or as an address, in lower case."""
    found = _DOI.fullmatch(text.strip())
    if found is None:
        return None
    return NamedNode("https://doi.org/" + quote(found[1].lower(), safe="/:;()._-~@+,!*'$&="))


@dataclass(frozen=True, slots=True)
class Iris:
    """Makes the IRIs below one base.

    Attributes:
        base: Absolute IRI that all names begin with, ending with ``/``, ``#`` or ``:``.
        linking: Name of the linking that software with an id belongs to.

    Raises:
        ConfigError: The base is no absolute IRI that ends so, or the linking has no name.
    """

    base: str = DEFAULT_BASE
    linking: str = DEFAULT_LINKING

    def __post_init__(self) -> None:
        try:
            NamedNode(self.base + "x")
        except ValueError as error:
            raise ConfigError(f"base {self.base!r} is no absolute IRI: {error}") from None
        if not self.base.endswith(("/", "#", ":")):
            raise ConfigError(
                f"base {self.base!r} ends with {self.base[-1:]!r}; valid: / or # or :, as "
                "https://example.org/kg/"
            )
        if not self.linking:
            raise ConfigError("the name of the linking is empty; it needs one")

    def _make(self, *parts: str) -> NamedNode:
        return NamedNode(self.base + "/".join(map(escape, parts)))

    def paper(self, document_id: str) -> NamedNode:
        """Name a paper."""
        return self._make("paper", document_id)

    def paper_graph(self, document_id: str) -> NamedNode:
        """Name the graph of all that is stated of a paper."""
        return self._make("graph", "paper", document_id)

    def linking_graph(self) -> NamedNode:
        """Name the graph of the software that a linking found."""
        return self._make("graph", "linking", self.linking)

    def context(self, document_id: str) -> NamedNode:
        """Name the text of a paper: RFC 5147's fragment from its first character on."""
        return NamedNode(f"{self.paper(document_id).value}#char=0,")

    def span(self, document_id: str, char_start: int, char_end: int, kind: str = "") -> NamedNode:
        """Name some characters of a paper (RFC 5147).

        Args:
            document_id: The paper.
            char_start: First character.
            char_end: One past the last character.
            kind: Tells a second mention of the same characters from the first.
        """
        query = f"?type={escape(kind)}" if kind else ""
        place = f"{self.paper(document_id).value}{query}"
        return NamedNode(f"{place}#char={char_start},{char_end}")

    def relation(self, document_id: str, kind: str, head: str, tail: str) -> NamedNode:
        """Name a relation of a paper, by its type and the ids of its mentions."""
        return self._make("paper", document_id, "relation", kind, head, tail)

    def reference(self, document_id: str, reference_id: str) -> NamedNode:
        """Name an entry of a paper's bibliography that has no DOI."""
        return self._make("paper", document_id, "reference", reference_id)

    def local_software(self, document_id: str, name: str) -> NamedNode:
        """Name what one paper calls by a normal name, as long as nobody linked it."""
        return self._make("paper", document_id, "software", name)

    def software(self, software_id: str) -> NamedNode:
        """Name a software of the linking."""
        return self._make("software", self.linking, software_id)

    def name(self, name: str) -> NamedNode:
        """Name all software that papers call by a normal name."""
        return self._make("name", name)

    def agent(self, name: str) -> NamedNode:
        """Name the developers of a normal name."""
        return self._make("agent", name)

    def license(self, name: str) -> NamedNode:
        """Name the licences of a normal name."""
        return self._make("license", name)

    def model(self, name: str, fingerprint: str) -> NamedNode:
        """Name a trained model."""
        return self._make("model", name, fingerprint)

    def run(self, model: Mapping[str, Any] | None) -> NamedNode:
        """Name the activity that made an annotation: a model with its settings, or people."""
        if model is None:
            return self._make("activity", "gold")
        key = json.dumps(model, sort_keys=True, ensure_ascii=True)
        return self._make("activity", sha256(key.encode("ascii")).hexdigest()[:16])
