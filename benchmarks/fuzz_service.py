"""Fuzzes a running `somex serve`: generated requests from its OpenAPI, and damaged uploads.

    somex serve --port 8731 --store kg & python benchmarks/fuzz_service.py http://127.0.0.1:8731

Fails on any 5xx but a 503 that says when to come back, an answer that its description does not
allow, an error that is no problem document, a request over the time limit, or a path or stack trace
told.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import re
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import SkipTest

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

ROOT = Path(__file__).resolve().parents[1]
PAPERS = ROOT / "examples" / "papers"
_GRACE_SECONDS = 5.0  # for a service to end a request that reached its time limit
_TOLD = (
    "Traceback (most recent",
    "site-packages",
    'File "/',
    str(ROOT),
    sys.prefix,
    f"{tempfile.gettempdir()}/",
    f"{Path.home()}/",
    "jobs.sqlite",
)
LEAKS = re.compile("|".join(map(re.escape, _TOLD)) + r"|somex-\w+-\w{8}|upload-\w{8}")
CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance]


class Tally:
    """What came out of all requests."""

    def __init__(self, n_seconds: float) -> None:
        self.n_seconds = n_seconds
        self.statuses: Counter[int] = Counter()
        self.of_operation: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.slowest = (0.0, "")

    def add(self, name: str, response: requests.Response, seconds: float) -> None:
        """Check an answer."""
        self.statuses[response.status_code] += 1
        self.of_operation[name] += 1
        self.slowest = max(self.slowest, (seconds, name))
        body = response.text
        if response.status_code >= 500 and not (
            response.status_code == 503 and "retry-after" in response.headers
        ):
            self.fault(name, f"status {response.status_code}: {body[:200]}")
        if response.status_code >= 400:
            kind = response.headers.get("content-type", "")
            if not kind.startswith("application/problem+json"):
                self.fault(name, f"status {response.status_code} is no problem: {kind}")
            elif json.loads(body)["status"] != response.status_code:
                self.fault(name, "the problem tells another status")
        if found := LEAKS.search(body + repr(response.headers)):
            self.fault(name, f"tells {found.group()!r}: {body[:200]}")
        if seconds > self.n_seconds + _GRACE_SECONDS:
            self.fault(name, f"took {seconds:.1f} s")

    def fault(self, name: str, what: str) -> None:
        """Keep a fault."""
        self.faults[f"{name}: {what}"] += 1


def fuzz_operations(url: str, tally: Tally, n_cases: int, start: int) -> None:
    """Send generated requests, valid and invalid ones, to each operation, round after round."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    texts = {"documents": [{"id": "a", "text": "We used Sloperunner 1.8."}]}
    n_sent = sum(tally.statuses.values())
    for number in range(100):
        job = requests.post(f"{url}/v1/jobs", json=texts, timeout=60).json().get("id")
        for operation in operations:
            for mode in (
                schemathesis.GenerationMode.POSITIVE,
                schemathesis.GenerationMode.NEGATIVE,
            ):
                run_operation(operation, mode, tally, 40, start + number, job)
        if sum(tally.statuses.values()) - n_sent >= n_cases:
            return


def run_operation(
    operation: Any, mode: Any, tally: Tally, n_cases: int, start: int, job: str | None
) -> None:
    """Send some requests to an operation; every other one asks for a job that there is."""
    session = requests.Session()
    n_sent = 0

    @seed(start)
    @settings(
        max_examples=n_cases,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        nonlocal n_sent
        n_sent += 1
        if job is not None and "id" in case.path_parameters and n_sent % 2:
            case.path_parameters["id"] = job
        began = time.perf_counter()
        try:
            response = case.call(session=session, timeout=2 * tally.n_seconds)
        except requests.exceptions.InvalidHeader:  # of requests, it was not sent
            return
        except requests.exceptions.RequestException as error:
            tally.fault(operation.label, f"no answer: {error!r:.200}")
            return
        tally.add(operation.label, Answer(response), time.perf_counter() - began)
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                text = " ".join(str(failure).split())
                tally.fault(operation.label, f"{type(failure).__name__}: {text[:300]}")

    try:
        send()
    except (SkipTest, Unsatisfiable):
        return  # nothing about the operation can be invalid
    except Exception as error:
        tally.fault(operation.label, f"the fuzzer: {error!r:.300}")


class Answer:
    """A response of schemathesis with the members that `Tally.add` reads."""

    def __init__(self, response: Any) -> None:
        self.status_code = response.status_code
        self.headers = {name.lower(): ", ".join(v) for name, v in response.headers.items()}
        self.text = response.content.decode("utf-8", "replace")


def damaged_files(n_files: int, start: int) -> list[tuple[str, bytes]]:
    """Return papers and archives with bytes changed, cut, doubled or under false names."""
    rng = random.Random(start)
    papers = [(path.name, path.read_bytes()) for path in sorted(PAPERS.iterdir())]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in papers:
            archive.writestr(name, raw)
    sources = [*papers, ("papers.zip", packed.getvalue())]
    odd = ["../../etc/passwd", "a\x00b.txt", "", ".", "x" * 4000 + ".xml", "ü?*|.pdf", "*.txt"]
    found = []
    for number in range(n_files):
        name, raw = rng.choice(sources)
        damage = rng.randrange(5)
        changed = bytearray(raw)
        if damage == 0:
            for _ in range(rng.choice((1, 10, 300))):
                changed[rng.randrange(len(changed))] = rng.randrange(256)
        elif damage == 1:
            del changed[rng.randrange(len(changed)) :]
        elif damage == 2:
            changed[rng.randrange(len(changed)) :] += changed
        elif damage == 3:
            name = rng.choice(sources)[0] + rng.choice(("", ".gz", ".zip", ".tar.gz", ".jsonl"))
        else:
            name = odd[number % len(odd)]
        found.append((name, bytes(changed)))
    return found


def fuzz_uploads(url: str, tally: Tally, n_files: int, start: int) -> None:
    """Send damaged files; each is a failure or a document, never an error of ours."""
    session = requests.Session()
    for name, raw in damaged_files(n_files, start):
        began = time.perf_counter()
        try:
            response = session.post(
                f"{url}/v1/extract/file", files={"file": (name, raw)}, timeout=2 * tally.n_seconds
            )
        except requests.exceptions.RequestException as error:
            tally.fault("damaged upload", f"{name[:40]!r}: no answer: {error!r:.200}")
            continue
        tally.add("damaged upload", response, time.perf_counter() - began)


def fuzz_bodies(url: str, tally: Tally, n_bodies: int, start: int) -> None:
    """Send bodies of random bytes and of broken JSON to all routes that take one."""
    rng = random.Random(start)
    session = requests.Session()
    valid = b'{"text": "We used Sloperunner 1.8.", "id": "a", "options": {"lean": 1e308}}'
    kinds = ("application/json", "multipart/form-data; boundary=x", "text/plain", "", "a/b; c")
    routes = ("extract", "extract/sentences", "extract/batch", "extract/file", "convert", "jobs")
    for _ in range(n_bodies):
        raw = bytearray(rng.choice((valid, b"[" * rng.randrange(1, 100_000), b"--x\r\n", b"1e999")))
        for _ in range(rng.randrange(8)):
            raw.insert(rng.randrange(len(raw) + 1), rng.randrange(256))
        route, kind = rng.choice(routes), rng.choice(kinds)
        began = time.perf_counter()
        response = session.post(
            f"{url}/v1/{route}", data=bytes(raw), headers={"Content-Type": kind}, timeout=120
        )
        tally.add(f"broken body {route}", response, time.perf_counter() - began)


def main() -> None:
    """Fuzz a service and tell what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--requests", type=int, default=5000, help="Generated requests.")
    parser.add_argument("--uploads", type=int, default=300, help="Damaged files.")
    parser.add_argument("--bodies", type=int, default=600, help="Broken bodies.")
    parser.add_argument("--seconds", type=float, default=60.0, help="Most of one request.")
    parser.add_argument("--seed", type=int, default=13)
    chosen = parser.parse_args()
    tally = Tally(chosen.seconds)
    began = time.perf_counter()
    fuzz_bodies(chosen.url, tally, chosen.bodies, chosen.seed)
    fuzz_uploads(chosen.url, tally, chosen.uploads, chosen.seed)
    fuzz_operations(chosen.url, tally, chosen.requests, chosen.seed)
    took = time.perf_counter() - began
    print(f"{sum(tally.statuses.values())} requests in {took:.0f} s")
    print("by status:", dict(sorted(tally.statuses.items())))
    for name, n in sorted(tally.of_operation.items()):
        print(f"  {n:6} {name}")
    print(f"slowest: {tally.slowest[0]:.2f} s, {tally.slowest[1]}")
    print(f"{sum(tally.faults.values())} faults")
    for fault, n in tally.faults.most_common(30):
        print(f"  {n} x {fault}")
    sys.exit(1 if tally.faults else 0)


if __name__ == "__main__":
    main()
