"""A run in parts: output of fixed size, resumed exactly, whatever moment it was stopped at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from somex.core.errors import ConfigError, SomexError
from somex.core.types import LabeledDocument
from somex.pipeline import (
    FAILURES_FILE,
    OUTPUT_FILE,
    Annotate,
    Failure,
    make_folder,
    write_failures,
)
from somex.readers.files import write_text
from somex.readers.inputs import Source
from somex.readers.jsonl import format_line
from somex.readers.jsonl_files import MANIFEST_FILE, MANIFEST_SCHEMA, read_lines
from somex.readers.papers import SourceReader
from somex.runs.journal import Journal, Part
from somex.runs.lines import GrowingLines
from somex.runs.parts import check_form, write_part

Result = LabeledDocument | Failure | None


@dataclass(frozen=True, slots=True)
class ShardSettings:
    """How the output is cut; the same for all of a run.

    Attributes:
        n_documents: Documents of a part, failed ones included.
        form: One of `somex.runs.parts.FORMS`.

    Raises:
        ConfigError: A part would hold none, or there is no such form.
        MissingExtraError: It is Parquet and pyarrow is not installed.
    """

    n_documents: int = 1000
    form: str = "jsonl.zst"

    def __post_init__(self) -> None:
        if self.n_documents < 1:
            raise ConfigError(f"a part holds {self.n_documents} documents; valid: 1 or more")
        check_form(self.form)

    def file_name(self, number: int) -> str:
        """Return the name of a part, counted from 0."""
        return f"part-{number:05}.{self.form}"


@dataclass(slots=True)
class _Shard:
    """A part on its way: what is kept of it, and what is to be done."""

    number: int
    ids: list[str]
    sources: Mapping[str, Source]
    todo: list[Source] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    lines: GrowingLines | None = None


class ShardedRun:
    """Extracts into parts of a folder, with a journal, a manifest and a list of failures.

    A document's place follows from the order in which sources first came to the folder, so a run
    that was stopped ends with the bytes of one that was not. A source that failed keeps its place.

    Args:
        folder: Gets the output; made where it is missing.
        model: What makes the annotation, written into each line.
        settings: How the output is cut.
        grobid: URL of a GROBID service that is to read the PDFs.

    Raises:
        ConfigError: The folder holds results of another kind, model or cut, or is in use.
        FormatError: The folder can't be made, or its journal is damaged.
    """

    def __init__(
        self,
        folder: Path,
        *,
        model: Mapping[str, Any],
        settings: ShardSettings,
        grobid: str | None = None,
    ) -> None:
        make_folder(folder)
        if (folder / OUTPUT_FILE).exists():
            message = f"{folder} holds {OUTPUT_FILE}; name a new folder for a run in parts"
            raise ConfigError(message)
        self._folder, self._model, self._settings = folder, dict(model), settings
        self._reader = SourceReader(grobid=grobid)
        shared = {"model": self._model, **asdict(settings), "grobid": grobid is not None}
        self._journal = Journal(folder, settings=json.loads(json.dumps(shared)))
        for stray in folder.glob(".*.part"):  # a killed process left it
            stray.unlink()

    def run(
        self, sources: Sequence[Source], annotate: Annotate, *, retry_failed: bool = False
    ) -> Iterator[Result]:
        """Extract, going on where an earlier run was stopped.

        Args:
            sources: What to read.
            annotate: Does the work.
            retry_failed: Do again what failed before, and nothing else.

        Yields:
            One item a source, in the order of the output: the labelled document, the failure (of
            this or an earlier run), or None for one already done or not tried.

        Raises:
            ConfigError: Failed sources are to be tried again in a run that is not finished.
        """
        try:
            yield from self._run({source.id: source for source in sources}, annotate, retry_failed)
        finally:
            self._reader.close()
            self._journal.close()

    def _run(
        self, sources: Mapping[str, Source], annotate: Annotate, retry_failed: bool
    ) -> Iterator[Result]:
        if retry_failed:
            self._check_finished()
        else:
            self._journal.add_inputs(list(sources))
        plan = _Plan(self, sources, retry_failed=retry_failed)
        results = iter(annotate(plan.todo()))
        for number in range(self.n_shards):
            shard = plan.take(number)
            expected = {source.id for source in shard.todo}
            for id in shard.ids:
                if id in expected:
                    result = next(results)
                    self._keep(shard, id, result)
                    yield result
                elif id in sources:
                    yield shard.failures.get(id)
            self._finish(shard)
            plan.drop(number)
        next(results, None)  # lets it close what it holds
        self._write_manifest()

    @property
    def n_shards(self) -> int:
        """Parts that the output has or will have."""
        return -(-len(self._journal.inputs) // self._settings.n_documents)

    def _check_finished(self) -> None:
        missing = [n for n in range(self.n_shards) if n not in self._journal.parts]
        if missing or not self._journal.inputs:
            raise ConfigError(
                f"the run in {self._folder} is not finished; finish it before what failed is "
                "tried again"
            )

    def prepare(
        self, number: int, sources: Mapping[str, Source], *, retry_failed: bool = False
    ) -> _Shard:
        """Find out what of a part is done, and open its file where something is to be done."""
        size = self._settings.n_documents
        ids = self._journal.inputs[number * size : (number + 1) * size]
        shard = _Shard(number, ids, {id: sources[id] for id in ids if id in sources})
        part = self._journal.parts.get(number)
        if part is not None:
            shard.failures = {failure.id: failure for failure in part.failures}
            if retry_failed and not shard.failures.keys() & shard.sources.keys():
                return shard
            if not retry_failed and self._is_current(shard, part):
                return shard
        shard.failures |= self._journal.failures.get(number, {})
        self._open(shard, part, retry_failed=retry_failed)
        return shard

    def _is_current(self, shard: _Shard, part: Part) -> bool:
        """Tell whether a finished part was made of what its sources hold now."""
        if len(shard.sources) < len(shard.ids) or not (self._folder / part.file).exists():
            return False
        hashes = {id: self._hash(source) for id, source in shard.sources.items()}
        return _digest(shard.ids, hashes) == part.sources

    def _open(self, shard: _Shard, part: Part | None, *, retry_failed: bool) -> None:
        (self._folder / MANIFEST_FILE).unlink(missing_ok=True)
        growing = self._growing_path(shard.number)
        if not growing.exists() and part is None:  # a part begun anew: nothing can be kept
            shard.lines = GrowingLines(growing)
            shard.todo = [shard.sources[id] for id in shard.ids if id in shard.sources]
            return
        lines = GrowingLines(growing)
        shard.lines = lines
        path = self._folder / self._settings.file_name(shard.number)
        if path.exists():  # also where a process was killed before it could note the part
            for raw in read_lines(path):
                if json.loads(raw)["id"] not in lines.lines:
                    lines.append(raw)
        for id in shard.ids:
            source = shard.sources.get(id)
            if source is None or self._is_kept(shard, id, source, retry_failed):
                if id in lines.lines:
                    shard.failures.pop(id, None)  # of an attempt before the one that succeeded
                continue
            lines.lines.pop(id, None)
            shard.failures.pop(id, None)
            shard.todo.append(source)

    def _is_kept(self, shard: _Shard, id: str, source: Source, retry_failed: bool) -> bool:
        assert shard.lines is not None
        line, failure = shard.lines.lines.get(id), shard.failures.get(id)
        if retry_failed:
            return failure is None
        if line is not None:
            try:
                return self._reader.is_current(source, line.provenance)
            except SomexError:
                return False
        return failure is not None and (failure.sha256 or "") == self._hash(source)

    def _hash(self, source: Source) -> str:
        try:
            return self._reader.hash(source)
        except (SomexError, OSError, ValueError):
            return ""

    def _keep(self, shard: _Shard, id: str, result: LabeledDocument | Failure) -> None:
        if isinstance(result, Failure):
            shard.failures[id] = result
            self._journal.fail(shard.number, result)
        else:
            assert shard.lines is not None
            line = format_line(result, model=self._model) + "\n"
            shard.lines.append(line.encode("utf-8"))

    def _finish(self, shard: _Shard) -> None:
        """Put a part in its place and note it; nothing to do where it stands there unchanged."""
        if shard.lines is None:
            self._growing_path(shard.number).unlink(missing_ok=True)
            return
        name = self._settings.file_name(shard.number)
        kept = [shard.lines.lines[id] for id in shard.ids if id in shard.lines.lines]
        failures = tuple(shard.failures[id] for id in shard.ids if id in shard.failures)
        hashes = {failure.id: failure.sha256 or "" for failure in failures}
        hashes |= {id: line.provenance["sha256"] for id, line in shard.lines.lines.items()}
        n_bytes, sha256 = write_part(
            shard.lines.read(shard.ids), self._folder / name, form=self._settings.form
        )
        mentions, relations, characters = (sum(line.counts[n] for line in kept) for n in range(3))
        part = Part(
            file=name,
            documents=len(kept),
            mentions=mentions,
            relations=relations,
            characters=characters,
            bytes=n_bytes,
            sha256=sha256,
            sources=_digest(shard.ids, hashes),
            failures=failures,
        )
        self._journal.finish(shard.number, part)
        shard.lines.remove()

    def _growing_path(self, number: int) -> Path:
        return self._folder / f".growing-{number:05}.jsonl"

    def _write_manifest(self) -> None:
        parts = [self._journal.parts[number] for number in sorted(self._journal.parts)]
        failures = [failure for part in parts for failure in part.failures]
        names = ("documents", "mentions", "relations", "characters")
        manifest = {
            "schema": MANIFEST_SCHEMA,
            "model": self._model,
            "options": asdict(self._settings),
            **{name: sum(getattr(part, name) for part in parts) for name in names},
            "failed": len(failures),
            "parts": [
                {name: getattr(part, name) for name in ("file", *names, "bytes", "sha256")}
                for part in parts
            ],
        }
        write_failures(failures, self._folder / FAILURES_FILE)
        text = json.dumps(manifest, indent=2, ensure_ascii=False)
        write_text(text + "\n", self._folder / MANIFEST_FILE)


class _Plan:
    """Prepares parts one after another, for whoever asks first: the work or the output."""

    def __init__(
        self, run: ShardedRun, sources: Mapping[str, Source], *, retry_failed: bool
    ) -> None:
        self._run, self._sources, self._retry_failed = run, sources, retry_failed
        self._ready: dict[int, _Shard] = {}
        self._n_taken = 0

    def todo(self) -> Iterator[Source]:
        """Yield what is to be done, part by part."""
        for number in range(self._run.n_shards):
            if number >= self._n_taken:
                yield from self._prepare(number).todo

    def take(self, number: int) -> _Shard:
        """Return a part; each is taken once, in order."""
        return self._prepare(number)

    def drop(self, number: int) -> None:
        """Forget a part, whose results are all there."""
        del self._ready[number]
        self._n_taken = number + 1

    def _prepare(self, number: int) -> _Shard:
        if number not in self._ready:
            self._ready[number] = self._run.prepare(
                number, self._sources, retry_failed=self._retry_failed
            )
        return self._ready[number]


def _digest(ids: Sequence[str], hashes: Mapping[str, str]) -> str:
    found = hashlib.sha256()
    for id in ids:
        found.update(json.dumps([id, hashes.get(id, "")]).encode() + b"\n")
    return found.hexdigest()
