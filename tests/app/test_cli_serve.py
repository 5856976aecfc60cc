from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from somex.app.cli.main import app
from somex.models import mpnet_joint
from somex.service.keys import read_keys

needs_model = pytest.mark.skipif(
    not (mpnet_joint() / "encode.onnx").is_file(),
    reason=f"the embedded model is not in {mpnet_joint()}",
)
SOMEX = str(Path(sys.executable).parent / "somex")
TEXT = "We used SPSS version 25 (IBM Corp.) for all tests."
START_SECONDS = 5.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def ask(url: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    raw = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, raw, {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


@contextmanager
def serving(state: Path, *more: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [SOMEX, "serve", "--port", str(port), "--state", str(state), *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.communicate()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        try:
            ask(f"{url}/ready")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the service did not start")


@needs_model
def test_cli_serve_answers_a_first_request_soon(tmp_path: Path) -> None:
    started = time.monotonic()
    with serving(tmp_path / "state") as (url, process):
        wait_for(url, process)
        answer = ask(f"{url}/v1/extract", {"text": TEXT})
        seconds = time.monotonic() - started
        assert [m["text"] for m in answer["document"]["mentions"]] == ["SPSS", "25", "IBM Corp."]
        used = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        cpu = (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")
        print(f"first answer after {seconds:.1f} s, {cpu:.1f} s of processor time")
        assert cpu < START_SECONDS  # a busy machine does not count
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGTERM)


@needs_model
def test_cli_serve_finishes_what_runs_when_it_is_stopped(tmp_path: Path) -> None:
    with serving(tmp_path / "state") as (url, process):
        wait_for(url, process)
        found: list[Any] = []
        body = {"text": "\n\n".join(f"{TEXT} Group {n} used R." for n in range(150))}
        thread = threading.Thread(
            target=lambda: found.append(ask(f"{url}/v1/extract", body)), daemon=True
        )
        thread.start()
        time.sleep(0.5)
        assert not found
        process.send_signal(signal.SIGTERM)
        process.wait(120)
        thread.join(10)
        assert len(found[0]["document"]["mentions"]) >= 150


@needs_model
def test_cli_serve_takes_keys(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    made = CliRunner().invoke(app, ["serve-key", "lab", "--keys", str(keys)])
    key = made.stdout.strip()
    assert made.exit_code == 0
    assert read_keys(keys).owner_of(key) == "lab"
    with serving(tmp_path / "state", "--keys", str(keys)) as (url, process):
        wait_for(url, process)
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(f"{url}/v1/models")
        assert ask(f"{url}/v1/models", **{"X-API-Key": key})["models"][0]["is_loaded"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--keys", "missing"], "no such file"),
        (["--store", "missing"], "holds no graph store"),
        (["--allow-origin", "lab.example"], "valid: as https://example.org"),
        (["--model", "missing"], "unknown model 'missing'"),
        (["--state", "/proc/none"], "can't keep the jobs"),
    ],
)
def test_cli_serve_tells_what_hinders_it(tmp_path: Path, options: list[str], told: str) -> None:
    state = [] if "--state" in options else ["--state", str(tmp_path / "state")]
    done = subprocess.run(
        [SOMEX, "serve", "--port", str(free_port()), *state, *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "option", [["--port", "0"], ["--max-body", "0"], ["--time-limit", "0"], ["--per-client", "0"]]
)
def test_cli_serve_refuses_values_out_of_range(option: list[str]) -> None:
    assert CliRunner().invoke(app, ["serve", *option]).exit_code == 2
