"""Reads a paper of any kind: finds out what it is and hands it to the reader of its kind."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, cast
from urllib.parse import urlsplit

from somex.core.errors import ConfigError, FormatError
from somex.core.types import Document, LabeledDocument
from somex.readers.archives import MAX_BYTES, Archive, BoundedGzip, allowed_bytes, damage_told
from somex.readers.inputs import Source, kind_of
from somex.readers.problems import Problem, problem_of

MAX_TEXT_BYTES = 64 << 20
"""Bytes of one HTML, Markdown or plain text; XML is read in a stream, without a bound."""

_SNIFFED_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_NOT_A_ROOT = re.compile(r"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>\[]*(?:\[.*?\])?[^>]*>", re.DOTALL)
_JATS_ROOTS = frozenset({"article", "pmc-articleset", "OAI-PMH"})


class SourceReader:
    """Reads sources, keeping the archive of the last one open.

    Args:
        grobid: URL of a GROBID service that is to read the PDFs; the embedded reader by default.

    Raises:
        ConfigError: The URL is none of HTTP.
    """

    def __init__(self, *, grobid: str | None = None) -> None:
        if grobid is not None and urlsplit(grobid).scheme not in ("http", "https"):
            message = f"GROBID's URL is {grobid!r}; valid: http://HOST:PORT or https://..."
            raise ConfigError(message)
        self._grobid = grobid
        self._archive: Archive | None = None

    def __enter__(self) -> SourceReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the archive that is open."""
        if self._archive is not None:
            self._archive.close()
        self._archive = None

    def read(self, source: Source) -> Document:
        """Read a document.

        Returns:
            The document, with ``path`` and ``sha256`` of its source in the provenance.

        Raises:
            FormatError: It can't be read; the message says why.
            MissingExtraError: It is a PDF and pypdfium2 is not installed.
        """
        label = _checked_label(source)
        name = source.member or source.path.name
        sha256 = self.hash(source)
        with self._open(source) as (stream, n_bytes), damage_told(label):
            kind = kind_of(name) or _sniff_kind(stream)
            if name.lower().endswith(".gz"):
                if not n_bytes:
                    raise FormatError("is empty", path=label)
                n_allowed = min(MAX_BYTES, allowed_bytes(n_bytes))
                gz = BoundedGzip(stream, n_allowed=n_allowed, path=label)
                stream, n_bytes = cast("IO[bytes]", gz), n_allowed
            document = self._read_kind(kind, stream, path=label, id=source.id)
        return replace(document, provenance={**document.provenance, "sha256": sha256})

    def _read_kind(self, kind: str, stream: IO[bytes], *, path: str, id: str) -> Document:
        if kind == "xml":
            return _read_xml(stream, path=path, id=id)
        if kind == "pdf":
            raw = _read_bounded(stream, MAX_BYTES, path)
            if self._grobid is not None:
                from somex.readers.grobid import read_with_grobid

                return read_with_grobid(raw, url=self._grobid, path=path, id=id)
            from somex.readers.pdf import read_pdf

            return read_pdf(raw, path=path, id=id)
        raw = _read_bounded(stream, MAX_TEXT_BYTES, path)
        if kind == "html":
            from somex.readers.html import read_html

            return read_html(raw, path=path, id=id)
        if kind == "markdown":
            from somex.readers.markdown import read_markdown

            return read_markdown(raw, path=path, id=id)
        from somex.readers.plain_paper import read_plain_paper

        return read_plain_paper(raw, path=path, id=id)

    def is_current(self, source: Source, provenance: Mapping[str, str]) -> bool:
        """Tell whether a document with this provenance was read from these bytes, this way."""
        other = "grobid" if self._grobid is None else "pdf"
        if source.problem is not None or provenance.get("format") == other:
            return False
        return provenance.get("sha256") == self.hash(source)

    def hash(self, source: Source) -> str:
        """Return the SHA-256 of a source's bytes (packed ones for ``.gz``), in hexadecimal.

        Raises:
            FormatError: It can't be read.
        """
        found = hashlib.sha256()
        with self._open(source) as (stream, _), damage_told(source.label):
            while chunk := stream.read(_CHUNK_BYTES):
                found.update(chunk)
        return found.hexdigest()

    @contextmanager
    def _open(self, source: Source) -> Iterator[tuple[IO[bytes], int]]:
        """Open the bytes of a source; give them with their number."""
        if source.problem is not None:
            raise FormatError(source.problem, path=source.label)
        if source.member is None:
            with damage_told(str(source.path)):
                file = source.path.open("rb")
                n_file = source.path.stat().st_size
            with file:
                yield file, n_file
            return
        if self._archive is None or self._archive.path != source.path:
            self.close()
            self._archive = Archive(source.path)
        with self._archive.open(source.member) as stream:
            n_bytes = stream.seek(0, 2)
            stream.seek(0)
            yield stream, n_bytes


def _checked_label(source: Source) -> str:
    try:
        source.label.encode()
    except UnicodeEncodeError:
        name = source.label.encode("utf-8", "backslashreplace").decode()
        raise FormatError("the name of the file is not UTF-8; rename it", path=name) from None
    return source.label


def _sniff_kind(stream: IO[bytes]) -> str:
    head = stream.read(5)
    stream.seek(0)
    return "pdf" if head == b"%PDF-" else "text"


def _read_bounded(stream: IO[bytes], n_most: int, path: str) -> bytes:
    raw = stream.read(n_most + 1)
    if len(raw) > n_most:
        raise FormatError(f"has more than {n_most:,} bytes; split it", path=path)
    return raw


def root_of(head: bytes) -> str | None:
    """Return the local name of the root element that an XML file begins with."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
    else:
        text = head.decode("utf-8", "replace")
    found = _ROOT.search(_NOT_A_ROOT.sub("", text))
    return found.group(1) if found else None


def _read_xml(stream: IO[bytes], *, path: str, id: str) -> Document:
    head = stream.read(_SNIFFED_BYTES)
    stream.seek(0)
    if not head.strip():
        raise FormatError("is empty", path=path)
    root = root_of(head)
    if root == "TEI":
        from somex.readers.tei import read_tei

        return read_tei(stream, path=path, id=id)
    if root == "html":
        from somex.readers.html import read_html

        return read_html(_read_bounded(stream, MAX_TEXT_BYTES, path), path=path, id=id)
    if root is not None and root not in _JATS_ROOTS:
        if root in ("tei", "teiCorpus"):
            message = f"<{root}> is Softcite's corpus; 'somex convert' and 'evaluate' read it"
        else:
            message = f"its root is <{root}>; valid: <article> (JATS), <TEI> (GROBID), <html>"
        raise FormatError(message, path=path)
    from somex.readers.jats import read_jats

    return read_jats(stream, path=path, id=id)


def read_paper(path: str | Path, *, grobid: str | None = None) -> Document:
    """Read one paper: JATS, TEI, PDF, HTML, Markdown or plain text, ``.gz`` of them too.

    Raises:
        FormatError: It can't be read; the message says why.
    """
    place = Path(path)
    with SourceReader(grobid=grobid) as reader:
        return reader.read(Source(place, place.name.removesuffix(".gz").rpartition(".")[0] or "x"))


def read_papers(path: str | Path) -> Iterator[LabeledDocument]:
    """Yield the one paper of a file, without annotation, as formats do."""
    yield LabeledDocument(read_paper(path))


def check_papers(path: str | Path) -> Iterator[Problem]:
    """Yield what is wrong with a paper."""
    try:
        read_paper(path)
    except FormatError as error:
        yield problem_of(error, path=str(path))
