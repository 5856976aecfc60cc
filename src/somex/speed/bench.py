"""Runs the variants side by side, round by round, and holds them against the naive way."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from somex.core.errors import SomexError
from somex.core.types import LabeledDocument
from somex.metrics import evaluate
from somex.readers.jsonl import read_jsonl
from somex.speed.ceiling import Ceiling, measure_ceiling
from somex.speed.operations import EncoderSize
from somex.speed.variants import BY_NAME
from somex.speed.worker import Spec

NAIVE = "naive"


@dataclass(slots=True)
class Measured:
    """What the rounds of one variant came to.

    Attributes:
        start_up_seconds: From the start of its process until it is ready for the first text.
        rounds: What the worker told of each round.
        found: The annotations of the last round.
    """

    start_up_seconds: float
    rounds: list[dict[str, Any]] = field(default_factory=list)
    found: list[LabeledDocument] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sample:
    """What is read.

    Attributes:
        n_documents: Documents.
        n_sentences: Sentences of them.
        n_tokens: Atoms of them.
    """

    n_documents: int
    n_sentences: int
    n_tokens: int


def run_variants(
    specs: Sequence[Spec],
    *,
    n_rounds: int,
    folder: Path,
    on_run: Callable[[str], object] = lambda name: None,
) -> tuple[dict[str, Measured], list[Ceiling]]:
    """Run variants in turn, each in its own process, all of them once a round.

    Args:
        specs: What to run; the naive way among them, if ratios are wanted.
        n_rounds: Rounds that count; one more is run before to warm up.
        folder: For files of the run.
        on_run: Told the variant's name after each of its runs.

    Returns:
        What was measured, by variant, and the machine's ceiling in each round.

    Raises:
        SomexError: A worker died; the message has its last words.
    """
    measured: dict[str, Measured] = {}
    ceilings: list[Ceiling] = []
    with ExitStack() as stack:
        workers = {}
        for spec in specs:
            process, seconds = stack.enter_context(_started(spec, folder))
            workers[spec.variant] = process
            measured[spec.variant] = Measured(seconds)
        for round in range(n_rounds + 1):
            ceilings.append(measure_ceiling(n_threads=specs[0].n_threads))
            for name, process in workers.items():
                result = process.ask("run")
                if round:
                    measured[name].rounds.append(result)
                on_run(name)
        for name, process in workers.items():
            path = folder / f"{name}.jsonl"
            process.ask(f"write {path}")
            measured[name].found = list(read_jsonl(path))
    return measured, ceilings


@contextmanager
def _started(spec: Spec, folder: Path) -> Iterator[tuple[_Process, float]]:
    path = folder / f"{spec.variant}.json"
    path.write_text(json.dumps(asdict(spec)), encoding="utf-8")
    command = [sys.executable, "-m", "somex.speed.worker", str(path)]
    started = time.perf_counter()
    log = folder / f"{spec.variant}.log"
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    worker = _Process(spec.variant, process, log)
    try:
        worker.listen()
        yield worker, time.perf_counter() - started
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True, slots=True)
class _Process:
    """A worker's process, and the file that has its last words."""

    name: str
    process: subprocess.Popen[str]
    log: Path

    def ask(self, command: str) -> dict[str, Any]:
        """Send a command and return the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.listen()

    def listen(self) -> dict[str, Any]:
        """Return the next answer.

        Raises:
            SomexError: The process ended.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            last = self.log.read_text(encoding="utf-8").strip().splitlines()[-1:] or ["no word"]
            raise SomexError(f"the process of variant {self.name} died: {last[0]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def summarise(
    measured: Mapping[str, Measured],
    ceilings: Sequence[Ceiling],
    sample: Sample,
    sizes: Mapping[str, EncoderSize],
    *,
    gold: Sequence[LabeledDocument] = (),
) -> dict[str, dict[str, Any]]:
    """Return the figures of each variant; times are medians over the rounds.

    Args:
        measured: By variant.
        ceilings: Of the machine, one a round; the best counts.
        sample: What was read.
        sizes: Of the encoder, by variant.
        gold: The sample with its gold annotation, where it has one.
    """
    rows = {}
    for name, of_variant in measured.items():
        rows[name] = _row(of_variant, sample, sizes[name], _ceiling_of(name, ceilings))
        if NAIVE in measured:
            pairs = zip(measured[NAIVE].rounds, of_variant.rounds, strict=True)
            ratios = [naive["seconds"] / own["seconds"] for naive, own in pairs]
            rows[name]["ratio_to_naive"] = statistics.median(ratios)
            rows[name]["ratio_to_naive_range"] = [min(ratios), max(ratios)]
            rows[name]["agreement_with_naive"] = _f1(measured[NAIVE].found, of_variant.found)
        if gold:
            rows[name]["f1"] = _f1(gold, of_variant.found)
    return rows


def _row(measured: Measured, sample: Sample, size: EncoderSize, ceiling: float) -> dict[str, Any]:
    seconds = statistics.median(r["seconds"] for r in measured.rounds)
    last = measured.rounds[-1]
    encode = statistics.median(r["stages"]["encode"] for r in measured.rounds)
    stages = {
        stage: statistics.median(r["stages"][stage] for r in measured.rounds)
        for stage in last["stages"]
    }
    return {
        "sentences_per_second": sample.n_sentences / seconds,
        "tokens_per_second": sample.n_tokens / seconds,
        "documents_per_second": sample.n_documents / seconds,
        "pieces_per_second": last["n_pieces"] / encode,
        "fraction_of_ceiling": size.operations(last["lengths"]) / encode / ceiling,
        "padding_share": last["padding_share"],
        "n_pieces_read": last["n_pieces"],
        "peak_rss_mb": max(r["peak_rss_mb"] for r in measured.rounds),
        "start_up_seconds": measured.start_up_seconds,
        "seconds": seconds,
        "stages": {**stages, "decode and rest": seconds - sum(stages.values())},
    }


def _ceiling_of(name: str, ceilings: Sequence[Ceiling]) -> float:
    precision = BY_NAME[name].precision
    return max(c.fp32 if precision == "fp32" else c.int8 for c in ceilings)


def _f1(gold: Sequence[LabeledDocument], found: Sequence[LabeledDocument]) -> dict[str, float]:
    report = evaluate(gold, found)
    return {"ner_micro_f1": report.ner.micro_f1, "re_micro_f1": report.re.micro_f1}
