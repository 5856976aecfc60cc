"""What the tests of runs share: little texts, an engine without a network, folders compared."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from somex.core import Annotation, Document, EntityType, FormatError, LabeledDocument, Mention
from somex.pipeline import Failure, read_source
from somex.readers.inputs import Source
from somex.readers.papers import SourceReader
from somex.runs.shards import ShardedRun, ShardSettings
from somex.runs.work import Totals

MODEL = {"name": "first-word", "fingerprint": "0", "min_confidence": 0.0, "lean": 0.0}


def write_texts(folder: Path, n: int) -> Path:
    """Write texts whose every fifth one, from the second on, is not UTF-8."""
    folder.mkdir(exist_ok=True)
    for number in range(n):
        raw = f"Quill{number} ran on plot {number}.".encode()
        (folder / f"{number:03}.txt").write_bytes(b"\xff" + raw if number % 5 == 1 else raw)
    return folder


class FirstWordEngine:
    """Takes the first word of each text for a software; counts what it is asked for."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        self.model: Mapping[str, Any] = MODEL
        self.totals = Totals()
        self.n_workers = 0
        self.asked: list[str] = []
        self._seconds = seconds

    def annotate(self, sources: Iterable[Source]) -> Iterator[LabeledDocument | Failure]:
        with SourceReader() as reader:
            for source in sources:
                self.asked.append(source.id)
                time.sleep(self._seconds)
                document = read_source(reader, source)
                if isinstance(document, Failure):
                    yield document
                    continue
                end = document.text.index(" ")
                mention = Mention(EntityType.APPLICATION, 0, end, confidence=0.75)
                yield LabeledDocument(document, Annotation.build([mention]))


class FirstWordExtractor:
    """Stands in for a loaded model: `FirstWordEngine`'s rule, with two texts it can't bear.

    Args:
        fails_at: A text with this in it makes the call fail.
        dies_at: A text with this in it kills the process.
        n_threads: Not used.
    """

    may_share_batches = True

    def __init__(
        self, fails_at: str = "\0", dies_at: str = "\0", n_threads: int | None = None
    ) -> None:
        self.groups: list[list[str]] = []
        self._fails_at, self._dies_at = fails_at, dies_at

    def to_json(self) -> dict[str, Any]:
        return dict(MODEL)

    def counts(self) -> tuple[int, int, int, int]:
        n = sum(map(len, self.groups))
        return n, n, n, 0

    def annotate(self, documents: Sequence[Document]) -> list[LabeledDocument]:
        if any(self._dies_at in d.text for d in documents):
            os.kill(os.getpid(), signal.SIGKILL)
        if any(self._fails_at in d.text for d in documents):
            raise ArithmeticError("not this one")
        self.groups.append([d.id for d in documents])
        ends = [d.text.index(" ") for d in documents]
        mentions = [Mention(EntityType.APPLICATION, 0, end) for end in ends]
        return [
            LabeledDocument(d, Annotation.build([m]))
            for d, m in zip(documents, mentions, strict=True)
        ]


def run_in_parts(
    sources: list[Source],
    out: Path,
    *,
    size: int = 4,
    form: str = "jsonl",
    retry_failed: bool = False,
    model: Mapping[str, Any] = MODEL,
) -> tuple[list[object], list[str]]:
    """Run to the end; return what it yielded and which ids the engine was asked for."""
    engine = FirstWordEngine()
    run = ShardedRun(out, model=model, settings=ShardSettings(size, form))
    return list(run.run(sources, engine.annotate, retry_failed=retry_failed)), engine.asked


def results_of(out: Path) -> dict[str, bytes]:
    """Return the files that a run leaves for its users, all but the journal."""
    if not (out / "manifest.json").exists():
        raise FormatError("is not finished", path=str(out))
    names = sorted(p.name for p in out.iterdir() if p.name != "journal.jsonl")
    return {name: (out / name).read_bytes() for name in names}
