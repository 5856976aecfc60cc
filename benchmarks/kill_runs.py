"""Kills a large run again and again at random moments; its output must be that of a run left alone.

    python benchmarks/kill_runs.py --documents 2000 --kills 20 --out runs/kills

Needs SOMEX_DATA. The documents are texts of SoMeSci, repeated, each with a last line that
tells the copy, every 97th broken so that it fails. Each start gets SIGKILL at a random moment after
the model is loaded; with workers, every second time a worker dies first and the run has to go on.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-c", "from somex.app.cli.main import run; run()", "extract")
JOURNALS = frozenset({"journal.jsonl"})
"""They tell how a run went, so theirs is the only content that may differ."""


def write_inputs(folder: Path, n_documents: int, *, part: str) -> None:
    texts = sorted((Path(os.environ["SOMEX_DATA"]) / "somesci" / part).glob("*.txt"))
    folder.mkdir(parents=True)
    for number in range(n_documents):
        text = texts[number % len(texts)].read_text(encoding="utf-8")
        raw = f"{text}\n\nCopy {number // len(texts)} of it.\n".encode()
        (folder / f"{number:06}.txt").write_bytes(raw + b"\xff" if number % 97 == 50 else raw)


def start(inputs: Path, out: Path, options: argparse.Namespace) -> subprocess.Popen[bytes]:
    command = [*COMMAND, inputs, "--out", out, "--quiet", "--workers", options.workers]
    command += ["--shard-size", options.shard_size]
    if options.engine != "local":
        command += ["--engine", options.engine]
    command += ["--model", options.model, *(["--threads", options.threads] * bool(options.threads))]
    log = (out.parent / f"{out.name}.log").open("ab")
    return subprocess.Popen([str(part) for part in command], stdout=log, stderr=log)


def workers_of(pid: int) -> list[int]:
    """Return the processes below a process that hold a model: pools' or Ray's."""
    parents: dict[int, int] = {}
    workers = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            stat = (place / "stat").read_text().rsplit(")", 1)[1].split()
            command = (place / "cmdline").read_bytes()
        except OSError:  # it is gone
            continue
        parents[int(place.name)] = int(stat[1])
        if b"spawn_main" in command or b"ray::RayWorker" in command:
            workers.append(int(place.name))

    def is_below(child: int) -> bool:
        return child == pid or (child in parents and is_below(parents[child]))

    return [worker for worker in workers if is_below(worker)]


def run_with_kills(
    inputs: Path, out: Path, options: argparse.Namespace, seconds: float
) -> tuple[int, int, int]:
    """Return the kills of the whole run, those of workers, and the starts."""
    chance = random.Random(options.seed)
    n_kills = n_worker_kills = n_starts = 0
    while True:
        process = start(inputs, out, options)
        n_starts += 1
        if n_kills < options.kills:
            moment = options.startup + chance.uniform(0, 1.6 * seconds / options.kills)
            try:
                process.wait(moment / 2)
            except subprocess.TimeoutExpired:
                if n_kills % 2 and (workers := workers_of(process.pid)):
                    os.kill(chance.choice(workers), signal.SIGKILL)
                    n_worker_kills += 1
            try:
                process.wait(moment / 2)
            except subprocess.TimeoutExpired:
                process.kill()
                n_kills += 1
                print(f"kill {n_kills} after {moment:.1f} s", file=sys.stderr, flush=True)
        if process.wait() >= 0:
            return n_kills, n_worker_kills, n_starts


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name not in JOURNALS}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    shutil.rmtree(options.out, ignore_errors=True)
    inputs, whole, cut = (options.out / name for name in ("inputs", "whole", "killed"))
    write_inputs(inputs, options.documents, part=options.part)
    started = time.monotonic()
    code = start(inputs, whole, options).wait()
    seconds = time.monotonic() - started
    if code not in (0, 1):  # 1 tells of documents that failed
        raise SystemExit((options.out / "whole.log").read_text())
    started = time.monotonic()
    n_kills, n_worker_kills, n_starts = run_with_kills(inputs, cut, options, seconds)
    found, wanted = files_of(cut), files_of(whole)
    manifest = json.loads(wanted["manifest.json"])
    return {
        "identical": found == wanted,
        "different_files": sorted(n for n in {*found, *wanted} if found.get(n) != wanted.get(n)),
        "documents": manifest["documents"],
        "failed": manifest["failed"],
        "mentions": manifest["mentions"],
        "files": len(wanted),
        "kills": n_kills,
        "worker_kills": n_worker_kills,
        "starts": n_starts,
        "part": options.part,
        "engine": options.engine,
        "workers": options.workers,
        "seconds_undisturbed": round(seconds, 1),
        "seconds_with_kills": round(time.monotonic() - started, 1),
        "documents_per_second": round(options.documents / seconds, 2),
        "peak_rss_mb_of_a_process": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--part", default="PLoS_methods", help="folder of SoMeSci")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--shard-size", type=int, default=50)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--model", default="default")
    parser.add_argument("--startup", type=float, default=3.0, help="seconds before work begins")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    print(json.dumps(measure(parser.parse_args()), indent=2))


if __name__ == "__main__":
    main()
