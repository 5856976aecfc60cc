"""Fetches public corpora over HTTP, each file checked against a checksum before it is kept."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from urllib.parse import quote

from somex.core.errors import FormatError, SomexError
from somex.readers.files import open_atomic, read_utf8, write_text
from somex.readers.public_corpora import PublicCorpus, RemoteFile, get_corpus

LOCK_NAME = "somex-data.lock.json"
MAX_UNPACKED_BYTES = 1 << 31
_TIMEOUT_SECONDS = 60
_SHA256 = re.compile(r"[0-9a-f]{64}")


class FetchError(SomexError, OSError):
    """A corpus can't be fetched: no checksum, a wrong one, or the server does not give it."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file of a corpus after fetching.

    Attributes:
        path: Where it lies.
        sha256: Its checksum, hexadecimal.
        status: "fetched", or "present" where a right copy was there already.
    """

    path: Path
    sha256: str
    status: Literal["fetched", "present"]


@dataclass(frozen=True, slots=True)
class Trust:
    """How the checksums are known.

    Attributes:
        sha256: The user's checksum for a corpus of a single file.
        first_download: Take a file without known checksum as it comes and record its checksum.
    """

    sha256: str | None = None
    first_download: bool = False

    def __post_init__(self) -> None:
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise FetchError(f"sha256 {self.sha256!r} is not 64 hexadecimal digits (lower case)")


def fetch_corpus(
    name: str,
    *,
    folder: str | Path,
    base_url: str | None = None,
    trust: Trust | None = None,
    progress: bool = False,
    n_retries: int = 2,
) -> list[Fetched]:
    """Fetch a corpus into ``folder/name``; files that are there and right are left alone.

    Args:
        name: Name of a public corpus.
        folder: Folder of all corpora.
        base_url: Where the files lie instead of their home (a mirror or local copy).
        trust: Checksums beside the recorded ones.
        progress: Show a progress bar.
        n_retries: How often a failing download is tried again.

    Raises:
        FetchError: A checksum is unknown or wrong (the file is not kept then), or the server
            does not give the file.
        FormatError: There is no such corpus.
    """
    corpus = get_corpus(name)
    trust = trust or Trust()
    if trust.sha256 is not None and len(corpus.files) != 1:
        raise FetchError(f"{name} has {len(corpus.files)} files, --sha256 is for a single one")
    base = base_url or corpus.base_url
    if base is None:
        raise FetchError(f"{name}: {corpus.note} ({corpus.home})")
    root = Path(folder)
    lock = read_lock(root)
    fetched = []
    for file in corpus.files:
        key = f"{name}/{file.path}"
        known = _known_sha256(file, trust, lock.get(key, {}).get("sha256"), key)
        url = f"{base.rstrip('/')}/{file.remote}"
        one = _fetch_file(file, url, root / name, known, progress=progress, n_retries=n_retries)
        if file.sha256 is None and lock.get(key, {}).get("sha256") != one.sha256:
            how = "first download" if known is None else "checksum given"
            lock[key] = {
                "sha256": one.sha256,
                "url": url,
                "revision": corpus.revision,
                "trust": how,
            }
            write_text(json.dumps(lock, indent=2, sort_keys=True) + "\n", root / LOCK_NAME)
        fetched.append(one)
    if corpus.unpack:
        _unpack_all(corpus, fetched, root / name)
    return fetched


def _known_sha256(file: RemoteFile, trust: Trust, locked: str | None, key: str) -> str | None:
    if file.sha256 is not None and trust.sha256 not in (None, file.sha256):
        raise FetchError(f"{key} has the recorded sha256 {file.sha256}, not {trust.sha256}")
    known = file.sha256 or trust.sha256 or locked
    if known is None and not trust.first_download:
        raise FetchError(
            f"no checksum is known for {key}; give the one its publisher states with --sha256, "
            "or take it as it comes with --trust-first-download"
        )
    return known


def read_lock(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the lock file's entries: ``corpus/file`` -> checksum, URL, revision, trust.

    Raises:
        FormatError: The lock file is no JSON object of objects.
    """
    path = folder / LOCK_NAME
    if not path.exists():
        return {}
    try:
        lock = json.loads(read_utf8(path))
    except json.JSONDecodeError as error:
        raise FormatError(f"is no JSON ({error.msg})", path=str(path), line=error.lineno) from None
    if not isinstance(lock, dict) or not all(isinstance(entry, dict) for entry in lock.values()):
        raise FormatError("is no JSON object of objects; remove it to start anew", path=str(path))
    return lock


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fetch_file(
    file: RemoteFile,
    url: str,
    folder: Path,
    known: str | None,
    *,
    progress: bool,
    n_retries: int,
) -> Fetched:
    path = folder / file.path
    if path.exists():
        found = file_sha256(path)
        if known is not None and found != known:
            raise FetchError(
                f"{path} is there but its sha256 is {found}, not {known}; move it away first"
            )
        return Fetched(path, found, "present")
    _download(file, url, folder, known, progress=progress, n_retries=n_retries)
    return Fetched(path, file_sha256(path), "fetched")


def _download(
    file: RemoteFile,
    url: str,
    folder: Path,
    known: str | None,
    *,
    progress: bool,
    n_retries: int,
) -> None:
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)
    store = pooch.create(
        path=folder,
        base_url="",
        registry={file.path: None if known is None else f"sha256:{known}"},
        urls={file.path: quote(url, safe=":/?&=%")},
        retry_if_failed=n_retries,
    )
    downloader = pooch.HTTPDownloader(progressbar=progress, timeout=_TIMEOUT_SECONDS)
    try:
        store.fetch(file.path, downloader=downloader)
    except requests.exceptions.HTTPError as error:
        status = error.response.status_code if error.response is not None else "no"
        raise FetchError(f"{url}: the server answers with status {status}") from None
    except requests.exceptions.RequestException as error:
        raise FetchError(f"{url}: can't be reached ({type(error).__name__})") from None
    except ValueError:
        raise FetchError(
            f"{url}: what came has not the sha256 {known} and was not kept; the file has changed "
            "at its home or on the way"
        ) from None


def _unpack_all(corpus: PublicCorpus, fetched: list[Fetched], folder: Path) -> None:
    marker = folder / ".unpacked"
    stamp = "\n".join(one.sha256 for one in fetched)
    if marker.exists() and read_utf8(marker) == stamp:
        return
    for one in fetched:
        for inner in unpack_zip(one.path, folder):
            if inner.suffix == ".zip":
                unpack_zip(inner, folder)
    write_text(stamp, marker)


def unpack_zip(path: Path, folder: Path) -> list[Path]:
    """Unpack a zip archive below a folder.

    Returns:
        The files written.

    Raises:
        FetchError: It is no zip archive, a member would land outside the folder, or all of it is
            larger than 2 GiB.
    """
    written: list[Path] = []
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
                raise FetchError(f"{path} unpacks to more than 2 GiB and was left packed")
            for member in members:
                parts = PurePosixPath(member.filename).parts
                if ".." in parts or PurePosixPath(member.filename).is_absolute():
                    raise FetchError(f"{path} holds {member.filename!r}, outside its folder")
                target = folder.joinpath(*parts)
                with archive.open(member) as source, open_atomic(target) as stream:
                    shutil.copyfileobj(source, stream)
                written.append(target)
    except zipfile.BadZipFile:
        raise FetchError(f"{path} is no zip archive") from None
    return written
