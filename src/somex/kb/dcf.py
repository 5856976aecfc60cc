"""CRAN and Bioconductor: files of Debian control form with a paragraph a package.

Source of the format: the manual "Writing R Extensions", section "The DESCRIPTION file".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from somex.core.known_software import KnownSoftware
from somex.core.software import Identifier
from somex.kb.keys import identifiers_of_url, is_url, make_identifier
from somex.kb.people import people
from somex.kb.source_file import SourceFile, decode

KIND = "R package"
_FIELD = re.compile(r"([A-Za-z][\w@./-]*)\s*:(.*)")
_KEPT = {"package", "title", "author", "maintainer", "url", "git_url"}
_MAX_FIELD = 20_000
_URL = re.compile(r"https?://[^\s,<>\"')]+")
_OWN_GIT = "https://git.bioconductor.org/"


def read_cran(file: SourceFile) -> Iterator[KnownSoftware]:
    """Yield the packages of CRAN's ``PACKAGES``, or of its packages' fields as `write.dcf` does."""
    return _read(file, "cran")


def read_bioconductor(file: SourceFile) -> Iterator[KnownSoftware]:
    """Yield the packages of a release of Bioconductor, from its file ``VIEWS``."""
    return _read(file, "bioconductor")


def _read(file: SourceFile, scheme: str) -> Iterator[KnownSoftware]:
    for number, fields in _paragraphs(file):
        name = make_identifier(scheme, fields.get("package", ""))
        if name is None:
            file.faults.tell(number, f"the package has no valid name: {fields!r:.80}")
        else:
            yield _package(name, fields)


def _package(name: Identifier, fields: dict[str, str]) -> KnownSoftware:
    urls = [url.rstrip(".;") for url in _URL.findall(fields.get("url", ""))]
    urls += [url for url in [fields.get("git_url", "")] if is_url(url)]
    ids = [name]
    for url in urls:
        if not url.startswith(_OWN_GIT):
            ids += identifiers_of_url(url)
    return KnownSoftware(
        tuple(dict.fromkeys(id for id in ids if id.scheme != name.scheme or id == name)),
        name.value,
        developers=people(fields.get("author") or fields.get("maintainer", "")),
        kind=KIND,
        homepage=next(iter(urls), None),
    )


def _paragraphs(file: SourceFile) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each paragraph's first line and fields, names in lower case."""
    fields: dict[str, str] = {}
    started, last = 0, ""
    for number, raw in file.lines():
        line = decode(raw)
        if not line.strip():
            if fields:
                yield started, fields
            fields, last = {}, ""
            continue
        started = started if fields else number
        found = _FIELD.fullmatch(line) if not line[0].isspace() else None
        if found:
            last = found[1].lower()
            fields[last] = found[2].strip() if last in _KEPT else ""
        elif line[0].isspace() and last:
            if last in _KEPT and len(fields[last]) < _MAX_FIELD:
                fields[last] += " " + line.strip()
        else:
            file.faults.tell(number, f"is no field of a package ('Name: value'): {line!r:.80}")
    if fields:
        yield started, fields
