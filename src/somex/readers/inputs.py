"""What there is to read: files, folders, globs and archives become a list of sources."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from somex.core.errors import FormatError
from somex.readers.archives import ARCHIVE_SUFFIXES, Archive, Member, is_archive

KINDS = {
    ".txt": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".xml": "xml",
    ".nxml": "xml",
    ".tei": "xml",
}
"""Suffix -> kind of document; each may have ``.gz`` behind it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A document to read.

    Attributes:
        path: The file, an archive where the document is a member of it.
        id: The id that the document gets.
        member: Name of the member, in an archive.
        problem: Why it can't be read, where that is known beforehand.
    """

    path: Path
    id: str
    member: str | None = None
    problem: str | None = None

    @property
    def label(self) -> str:
        """What to call it: the path, with the member behind an exclamation mark."""
        return str(self.path) if self.member is None else f"{self.path}!{self.member}"


def kind_of(name: str) -> str | None:
    """Return the kind of document that a file name tells, None where it tells none."""
    return KINDS.get(_suffix(name))


def _suffix(name: str) -> str:
    return PurePosixPath(name.lower().removesuffix(".gz")).suffix


def _bare(path: PurePosixPath | Path) -> str:
    """Return a path without the suffix of its kind."""
    name = path.as_posix()
    if name.lower().endswith(".gz"):
        name = name[:-3]
    return PurePosixPath(name).with_suffix("").as_posix()


def find_sources(places: Iterable[str | Path | Source], *, is_strict: bool = True) -> list[Source]:
    """List the documents of files, folders (searched through), globs and archives.

    Args:
        places: Paths or patterns such as ``papers/**/*.xml``; a file given by name is taken
            whatever its suffix, in folders and archives the suffixes of `KINDS` count. Sources
            found before are taken as they are.
        is_strict: Whether a place that does not exist is an error, or a source with a problem.

    Returns:
        The sources in order, ids unique. What can't be read is there too, with its problem.

    Raises:
        FormatError: A place does not exist or holds no document, and ``is_strict``.
    """
    found: dict[tuple[Path, str | None], Source] = {}
    for place in places:
        if isinstance(place, Source):
            found.setdefault((place.path.resolve(), place.member), place)
            continue
        try:
            for source in _expand(Path(place)):
                found.setdefault((source.path.resolve(), source.member), source)
        except FormatError as error:
            if is_strict:
                raise
            bad = Source(Path(place), Path(place).name or str(place), problem=error.message)
            found.setdefault((bad.path, bad.member), bad)
    return _unique_ids(list(found.values()))


def _expand(place: Path) -> Iterator[Source]:
    try:
        yield from _expand_place(place)
    except FormatError:
        raise
    except (OSError, ValueError) as error:  # names too long, NUL in them, folders not ours
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"can't be read: {reason}", path=str(place)) from None


def _expand_place(place: Path) -> Iterator[Source]:
    if place.is_dir():
        yield from _expand_folder(place)
    elif place.is_file():
        yield from _expand_file(place, place.name)
    elif glob.has_magic(str(place)):
        matches = sorted(glob.glob(str(place), recursive=True))
        files = [match for match in map(Path, matches) if match.is_file()]
        if not files:
            raise FormatError("matches no file", path=str(place))
        for match in files:
            yield from _expand_file(match, match.name)
    else:
        raise FormatError("does not exist; give a text file or a folder", path=str(place))


def _expand_folder(folder: Path) -> Iterator[Source]:
    inside = sorted(p for p in folder.rglob("*") if _is_known(p.name) and p.is_file())
    if not inside:
        suffixes = ", ".join([*KINDS, *ARCHIVE_SUFFIXES])
        raise FormatError(f"holds no text file ({suffixes})", path=str(folder))
    for path in inside:
        yield from _expand_file(path, path.relative_to(folder).as_posix())


def _is_known(name: str) -> bool:
    return kind_of(name) is not None or is_archive(name)


def _expand_file(path: Path, name: str) -> Iterator[Source]:
    if not is_archive(path.name):
        yield Source(path, _bare(PurePosixPath(name)))
        return
    n_found = 0
    held: Source | None = None  # where the listing breaks off, its last member is what is damaged
    archive: Archive | None = None
    try:
        archive = Archive(path)
        for member in archive.members():
            if held is not None:
                yield held
            held = _source_of(path, name, member)
            n_found += held is not None
    except FormatError as error:
        held = Source(path, name, problem=error.message)
        n_found += 1
    finally:
        if archive is not None:
            archive.close()
    if held is not None:
        yield held
    if not n_found:
        yield Source(path, name, problem=f"holds no file of a known kind ({', '.join(KINDS)})")


def _source_of(path: Path, name: str, member: Member) -> Source | None:
    """Return a member as a source, None where its kind is not known."""
    id = f"{name}!{member.name}"
    if member.problem is not None or kind_of(member.name) is not None:
        return Source(path, id, member.name, member.problem)
    if is_archive(member.name):
        message = "is an archive in an archive; unpack it first"
        return Source(path, id, member.name, message)
    return None


def _unique_ids(sources: list[Source]) -> list[Source]:
    """Call sources of the same id by their path, without suffix where that is enough."""
    names = [source.id for source in sources]
    bare_paths = [s.label if s.member else _bare(s.path) for s in sources]
    for longer in (bare_paths, [source.label for source in sources]):
        counts = Counter(names)
        both = zip(names, longer, strict=True)
        names = [name if counts[name] == 1 else long for name, long in both]
    return [replace(source, id=name) for source, name in zip(sources, names, strict=True)]
