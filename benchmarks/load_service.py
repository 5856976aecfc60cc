"""Puts load on a running `somex serve` from another process and tells how it bears it.

    somex serve --port 8731 & python benchmarks/load_service.py http://127.0.0.1:8731 --pid $!

Closed loop: each client sends its next short text when the one before is answered, or after the
Retry-After of a 429 or 503. Texts are different from each other, so that nothing can be kept.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx

NAMES = ("Sloperunner", "Inkgrove", "Plotmuse", "Tidewell", "R", "SPSS", "ImageJ", "MATLAB")
THINGS = ("slopes", "images", "trees", "sequences", "answers", "tides", "cells", "leaves")


def text_of(rng: random.Random) -> str:
    """Return two sentences, as a user may paste them."""
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    version = f"{rng.randrange(1, 30)}.{rng.randrange(100)}"
    return (
        f"All {thing} of cohort {rng.randrange(10_000)} were analysed with {name} version "
        f"{version} (Ridge Labs, Town {rng.randrange(1000)}) [{rng.randrange(1, 90)}]. Values "
        f"below 0.{rng.randrange(10, 99)} count as significant."
    )


@dataclass
class Tally:
    """What came out."""

    statuses: Counter[str] = field(default_factory=Counter)
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    without_retry_after: int = 0
    bad_answers: int = 0


def resident_mb(pid: int | None) -> float:
    """Return the memory of a process and its children that are in memory, in MB."""
    if pid is None:
        return float("nan")
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def run_client(url: str, until: float, tally: Tally, number: int) -> None:
    """Send one text after the other."""
    rng = random.Random(number)
    async with httpx.AsyncClient(base_url=url, timeout=120) as client:
        while time.perf_counter() < until:
            began = time.perf_counter()
            try:
                answer = await client.post("/v1/extract", json={"text": text_of(rng)})
            except httpx.HTTPError as error:
                tally.statuses[type(error).__name__] += 1
                continue
            took = time.perf_counter() - began
            tally.statuses[str(answer.status_code)] += 1
            if answer.status_code == 200:
                tally.accepted.append(took)
                tally.bad_answers += not answer.json()["document"]["mentions"]
            else:
                tally.refused.append(took)
                wait = answer.headers.get("retry-after")
                tally.without_retry_after += wait is None
                await asyncio.sleep(float(wait or 1))


def percentile(values: list[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def measure(url: str, n_clients: int, seconds: float, tally: Tally) -> float:
    """Run the clients; return the seconds that one short request takes right after them."""
    until = time.perf_counter() + seconds
    await asyncio.gather(*(run_client(url, until, tally, n) for n in range(n_clients)))
    began = time.perf_counter()
    async with httpx.AsyncClient(base_url=url, timeout=120) as client:
        while True:
            answer = await client.post("/v1/extract", json={"text": text_of(random.Random(0))})
            if answer.status_code == 200:
                return time.perf_counter() - began
            await asyncio.sleep(0.02)


def main() -> None:
    """Put load on a service."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pid", type=int, help="Process of the service, for its memory.")
    chosen = parser.parse_args()
    warm = Tally()
    asyncio.run(measure(chosen.url, 4, 3.0, warm))
    before, tally = resident_mb(chosen.pid), Tally()
    recovery = asyncio.run(measure(chosen.url, chosen.clients, chosen.seconds, tally))
    after = resident_mb(chosen.pid)
    n_all, ok = sum(tally.statuses.values()), len(tally.accepted)
    print(f"{chosen.clients} clients, {chosen.seconds:g} s: {n_all} requests")
    for status, n in sorted(tally.statuses.items()):
        print(f"  {status}: {n} ({100 * n / n_all:.1f} %)")
    print(f"accepted: {ok / chosen.seconds:.1f}/s", end="")
    for share in (0.5, 0.95, 0.99):
        print(f", p{100 * share:g} {percentile(tally.accepted, share):.0f} ms", end="")
    print(f"\nrefused: p50 {percentile(tally.refused, 0.5):.0f} ms", end="")
    print(f", p99 {percentile(tally.refused, 0.99):.0f} ms")
    print(f"answers without a mention: {tally.bad_answers}")
    print(f"refused without Retry-After: {tally.without_retry_after}")
    print(f"memory: {before:.0f} MB before, {after:.0f} MB after")
    print(f"first answer after the load: {1000 * recovery:.0f} ms")
    failed = {s: n for s, n in tally.statuses.items() if s not in ("200", "429", "503")}
    print(f"failed: {failed or 'none'}")
    sys.exit(1 if failed or tally.without_retry_after else 0)


if __name__ == "__main__":
    main()
