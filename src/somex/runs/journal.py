"""What a run in parts has finished: one append-only file, a torn last line of which is cut off."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from somex.core.errors import ConfigError, FormatError
from somex.pipeline import Failure

JOURNAL_FILE = "journal.jsonl"
INPUTS_FILE = "inputs.jsonl"
SCHEMA = "somex.journal/1"


@dataclass(frozen=True, slots=True)
class Part:
    """A finished part.

    Attributes:
        file: Its name.
        documents: Documents in it.
        mentions: Their mentions.
        relations: Their relations.
        characters: Characters of their texts.
        bytes: Bytes of the file.
        sha256: Digest of the file.
        sources: Digest of the ids and contents that it is made of.
        failures: The sources of this part without a document.
    """

    file: str
    documents: int
    mentions: int
    relations: int
    characters: int
    bytes: int
    sha256: str
    sources: str
    failures: tuple[Failure, ...] = field(default=())


class Journal:
    """The journal in a folder, locked while it is open.

    Args:
        folder: The output folder.
        settings: What all parts must share (model, size of parts, …), as JSON values.

    Raises:
        ConfigError: The folder holds a run with other settings, or another run is at work in it.
        FormatError: The journal is damaged before its last line.
    """

    def __init__(self, folder: Path, *, settings: Mapping[str, Any]) -> None:
        self.parts: dict[int, Part] = {}
        self.failures: dict[int, dict[str, Failure]] = {}
        """Failures of parts that are not finished, by id."""
        self.inputs: list[str] = []
        """Ids of all documents, in the order of the output."""
        self._path = folder / JOURNAL_FILE
        self._stream = _open_locked(self._path)
        found = list(read_whole_lines(self._path))
        if found:
            _check_settings(found[0], settings, self._path)
        else:
            self._write({"schema": SCHEMA, "settings": dict(settings)}, is_lasting=True)
        for number, entry in enumerate(found[1:], start=2):
            self._take(entry, number)
        self._inputs_path = folder / INPUTS_FILE
        self.inputs = list(read_whole_lines(self._inputs_path))

    def add_inputs(self, ids: list[str]) -> None:
        """Put the ids that are new behind the others."""
        known = set(self.inputs)
        new = [id for id in ids if id not in known]
        if not new:
            return
        with self._inputs_path.open("ab") as stream:
            stream.writelines(json.dumps(id).encode() + b"\n" for id in new)
            stream.flush()
            os.fsync(stream.fileno())
        self.inputs += new

    def fail(self, part: int, failure: Failure) -> None:
        """Note a failure in a part that is not finished; it survives the end of the process."""
        self.failures.setdefault(part, {})[failure.id] = failure
        self._write({"failed": {"part": part, **asdict(failure)}}, is_lasting=False)

    def finish(self, number: int, part: Part) -> None:
        """Note a finished part; it survives the end of the machine."""
        self._write({"finished": {"part": number, **asdict(part)}}, is_lasting=True)
        self.parts[number] = part
        self.failures.pop(number, None)

    def close(self) -> None:
        """Close and unlock the journal."""
        self._stream.close()

    def _write(self, entry: Mapping[str, Any], *, is_lasting: bool) -> None:
        self._stream.write(json.dumps(entry).encode() + b"\n")
        self._stream.flush()
        if is_lasting:
            os.fsync(self._stream.fileno())

    def _take(self, entry: Any, line: int) -> None:
        try:
            if "finished" in entry:
                members = dict(entry["finished"])
                number = members.pop("part")
                part = Part(**members)
                failures = tuple(Failure(**f) for f in members["failures"])
                self.parts[number] = replace(part, failures=failures)
                self.failures.pop(number, None)
            else:
                members = dict(entry["failed"])
                failure = self.failures.setdefault(members.pop("part"), {})
                failure[members["id"]] = Failure(**members)
        except (KeyError, TypeError, ValueError) as error:
            message = f"is no entry of a journal ({error!r}); name a new output folder"
            raise FormatError(message, path=str(self._path), line=line) from None


def read_settings(folder: Path) -> dict[str, Any] | None:
    """Return the settings of the run in parts that a folder holds, None where it holds none."""
    path = folder / JOURNAL_FILE
    if not path.is_file():
        return None
    first = next(iter(read_whole_lines(path, cuts=False)), None)
    found = first.get("settings") if isinstance(first, dict) else None
    return found if isinstance(found, dict) else None


def read_whole_lines(path: Path, *, cuts: bool = True) -> Iterator[Any]:
    """Yield the JSON value of each line; a last line that is torn is passed over and cut off.

    Raises:
        FormatError: Another line is no JSON.
    """
    if not path.exists():
        return
    n_whole = 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                yield json.loads(line)
            except ValueError:
                if stream.read(1):
                    message = "is no JSON; name a new output folder"
                    raise FormatError(message, path=str(path), line=number) from None
                break
            n_whole += len(line)
    if cuts and n_whole < path.stat().st_size:
        os.truncate(path, n_whole)


def _open_locked(path: Path) -> IO[bytes]:
    stream = path.open("ab")
    try:
        import fcntl
    except ImportError:  # Windows
        return stream
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        stream.close()
        message = f"another run is at work in {path.parent}; wait for it or name a new folder"
        raise ConfigError(message) from None
    return stream


def _check_settings(first: Any, settings: Mapping[str, Any], path: Path) -> None:
    version = first.get("schema") if isinstance(first, dict) else None
    if version != SCHEMA:
        raise FormatError(f"schema is {version!r}; valid: {SCHEMA}", path=str(path), line=1)
    earlier = first["settings"]
    other = [key for key in settings if earlier.get(key) != settings[key]]
    if other:
        told = "; ".join(f"{key} is {settings[key]!r}, was {earlier.get(key)!r}" for key in other)
        raise ConfigError(
            f"{path.parent} holds a run with other settings ({told}); name a new output folder, "
            "or go on with the earlier ones"
        )
