"""The ready questions: SPARQL queries in ``questions/``, with parameters that are bound safely.

The head of a query names its title and its parameters. ``VALUES ?name { }`` is where a parameter
goes: as a term that Oxigraph writes, so no text of a user is read as SPARQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from somex.core.errors import ConfigError, SomexError, unknown_value
from somex.core.software import IDENTIFIER_URIS, Identifier
from somex.graph.iris import doi_iri, iri_or_none, normalize_name, web_iri
from somex.graph.statements import text
from somex.graph.target import Answer, GraphStore

FOLDER = Path(__file__).with_name("questions")
PARAMETERS = ("name", "identifier", "paper")
_HEAD = re.compile(r"^# (title|one of|optional): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Question:
    """A ready question.

    Attributes:
        name: What it is called.
        title: What it asks.
        query: Its SPARQL, parameters left open.
        one_of: Parameters of which one or more must be given.
        optional: Parameters that narrow the answer.
    """

    name: str
    title: str
    query: str
    one_of: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    def bind(self, values: Mapping[str, str], *, limit: int = 0) -> str:
        """Return the SPARQL with values for its parameters.

        Args:
            values: Parameter -> value.
            limit: Most rows to answer; 0 for all.

        Raises:
            ConfigError: A parameter is missing, unknown to the question or has no valid value.
        """
        known = (*self.one_of, *self.optional)
        for name in values:
            if name not in known:
                takes = f"it takes {', '.join(known)}" if known else "it takes none"
                raise ConfigError(f"question {self.name!r} has no parameter {name!r}; {takes}")
        if self.one_of and not values.keys() & set(self.one_of):
            needed = " or ".join(f"--{name}" for name in self.one_of)
            raise ConfigError(f"question {self.name!r} needs {needed}")
        query = self.query
        for name in known:
            missing = "UNDEF" if name in self.optional else ""
            term = str(_term_of(name, values[name])) if name in values else missing
            query = query.replace(f"VALUES ?{name} {{ }}", f"VALUES ?{name} {{ {term} }}")
        if limit < 0:
            raise ConfigError(f"limit is {limit}; valid: 0 (all rows) or more")
        return f"{query}LIMIT {limit:d}\n" if limit else query


def _term_of(parameter: str, value: str) -> NamedNode | Literal:
    if not value.strip():
        raise ConfigError(f"--{parameter} is empty; it needs a value")
    if parameter == "name":
        return text(normalize_name(value))
    return identifier_iri(value) if parameter == "identifier" else text(value)


def identifier_iri(value: str) -> NamedNode:
    """Return the IRI of an identifier: an address, a DOI, or ``scheme:value`` as ``cran:abc``.

    Raises:
        ConfigError: It is none of these.
    """
    scheme, _, rest = value.strip().partition(":")
    found = doi_iri(value)
    if found is None and scheme.lower() in IDENTIFIER_URIS and rest and not rest.startswith("//"):
        try:
            found = iri_or_none(Identifier(scheme.lower(), rest.strip()).uri)
        except SomexError as error:
            raise ConfigError(f"identifier {value!r}: {error}") from None
    found = found or web_iri(value)
    if found is None:
        raise ConfigError(
            f"identifier {value!r} is none; valid: a DOI, a web address, or a scheme "
            f"({', '.join(IDENTIFIER_URIS)}) and value, as cran:ggplot2"
        )
    return found


@cache
def questions() -> Mapping[str, Question]:
    """Return the ready questions by name."""
    return {path.stem: _read_question(path) for path in sorted(FOLDER.glob("*.rq"))}


def _read_question(path: Path) -> Question:
    query = path.read_text(encoding="utf-8")
    head = dict(_HEAD.findall(query))
    one_of, optional = (
        tuple(name.strip() for name in head.get(key, "").split(",") if name.strip())
        for key in ("one of", "optional")
    )
    return Question(path.stem, head["title"], query, one_of, optional)


def find_question(name: str) -> Question:
    """Return the question called ``name``.

    Raises:
        ConfigError: There is none; the message lists all.
    """
    found = questions().get(name)
    if found is None:
        raise ConfigError(unknown_value("question", name, list(questions())))
    return found


def ask(store: GraphStore, name: str, values: Mapping[str, str], *, limit: int = 0) -> Answer:
    """Put a ready question to a store.

    Args:
        store: The store or endpoint.
        name: Name of the question.
        values: Parameter -> value.
        limit: Most rows to answer; 0 for all.

    Raises:
        ConfigError: There is no such question, or its parameters don't fit.
    """
    return store.ask(find_question(name).bind(values, limit=limit))
