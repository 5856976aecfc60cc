"""PyPI: its index (JSON or HTML) or the metadata of projects, one JSON object a line.

Sources of the formats: https://packaging.python.org/en/latest/specifications/simple-repository-api/
and https://docs.pypi.org/api/json/.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import IO, Any

from somex.core.known_software import KnownSoftware
from somex.core.software import Identifier
from somex.kb.keys import identifiers_of_url, is_url, make_identifier
from somex.kb.people import people
from somex.kb.source_file import SourceFile

KIND = "Python package"
_SNIFFED = 4096
_CHUNK = 1 << 16
_MAX_PROJECT = 1 << 20
_LINK = re.compile(rb"<a\s[^>]*>([^<]+)</a>", re.IGNORECASE)
_BETWEEN = tuple(", \t\r\n")
_PROJECTS = re.compile(r'"projects"\s*:\s*\[')
_REPOSITORY = re.compile(r"source|repo|github|gitlab|\bcode\b", re.IGNORECASE)


def read_pypi(file: SourceFile) -> Iterator[KnownSoftware]:
    """Yield the projects of an index or of a list of metadata.

    Read are ``https://pypi.org/simple/`` as JSON or HTML, and JSON Lines whose objects are those
    of ``https://pypi.org/pypi/NAME/json`` or rows of BigQuery's ``distribution_metadata``.
    """
    with file.open() as stream:
        start = stream.read(_SNIFFED).lstrip()
    if start.startswith(b"<"):
        yield from _read_html(file)
    elif _PROJECTS.search(start.decode("utf-8", "replace")):
        yield from _read_index(file)
    else:
        yield from _read_lines(file)


def _named(name: object) -> KnownSoftware | None:
    made = make_identifier("pypi", name) if isinstance(name, str) else None
    return KnownSoftware((made,), made.value, kind=KIND) if made else None


def _read_html(file: SourceFile) -> Iterator[KnownSoftware]:
    for number, line in file.lines():
        for link in _LINK.finditer(line):
            project = _named(html.unescape(link[1].decode("utf-8", "replace")))
            if project is None:
                file.faults.tell(number, f"{link[1][:80]!r} is no name of a project")
            else:
                yield project


def _read_index(file: SourceFile) -> Iterator[KnownSoftware]:
    with file.open() as stream:
        try:
            for index, project in enumerate(_projects(stream), start=1):
                made = _named(project.get("name") if isinstance(project, dict) else None)
                if made is None:
                    file.faults.tell(None, f"project {index} has no name: {project!r:.80}")
                else:
                    yield made
        except (ValueError, OSError, EOFError) as error:
            file.tell_damage(None, error)


def _projects(stream: IO[bytes]) -> Iterator[Any]:
    """Yield the objects of the array ``projects``, one at a time.

    Raises:
        ValueError: The JSON is broken there.
    """
    decoder, buffer, place = json.JSONDecoder(), "", 0
    while (start := _PROJECTS.search(buffer)) is None:
        buffer += _more(stream)
    place = start.end()
    while True:
        while buffer[place : place + 1] in _BETWEEN:
            place += 1
        if buffer.startswith("]", place):
            return
        try:
            project, place = decoder.raw_decode(buffer, place)
        except ValueError:
            if len(buffer) - place > _MAX_PROJECT:
                raise ValueError("an entry of 'projects' is no JSON") from None
            buffer, place = buffer[place:] + _more(stream), 0
            continue
        yield project


def _more(stream: IO[bytes]) -> str:
    chunk = stream.read(_CHUNK)
    if not chunk:
        raise ValueError("it ends within the list of projects")
    return chunk.decode("utf-8", "replace")


def _read_lines(file: SourceFile) -> Iterator[KnownSoftware]:
    for number, line in file.lines():
        if not line.strip():
            continue
        try:
            project = _project(json.loads(line))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            file.faults.tell(number, f"is no JSON object of a project: {error}")
            continue
        if project is None:
            file.faults.tell(number, "names no project")
        else:
            yield project


def _project(row: dict[str, Any]) -> KnownSoftware | None:
    info = row["info"] if isinstance(row.get("info"), dict) else row
    named = _named(info.get("name"))
    if named is None:
        return None
    urls = dict(_urls(info.get("project_urls")))
    homepage = info.get("home_page") or next(
        (url for label, url in urls.items() if label.lower() in ("homepage", "home")), None
    )
    found = [homepage] if isinstance(homepage, str) and is_url(homepage) else []
    found += [url for label, url in urls.items() if _REPOSITORY.search(label)]
    ids: list[Identifier] = [*named.identifiers]
    for url in dict.fromkeys(found):
        ids += identifiers_of_url(url)
    authors = info.get("author") or info.get("author_email") or info.get("maintainer") or ""
    return KnownSoftware(
        tuple(dict.fromkeys(id for id in ids if id.scheme != "pypi" or id == ids[0])),
        named.name,
        developers=people(str(authors)),
        kind=KIND,
        homepage=next((url for url in found if url == homepage), None),
    )


def _urls(urls: object) -> Iterator[tuple[str, str]]:
    """Yield label and URL, of an object or of texts ``label, URL``."""
    pairs = urls.items() if isinstance(urls, dict) else ()
    rows = [str(row).partition(",") for row in urls] if isinstance(urls, list) else []
    for label, url in [*pairs, *((label, url) for label, _, url in rows)]:
        if isinstance(url, str) and is_url(url.strip()):
            yield str(label).strip(), url.strip()
