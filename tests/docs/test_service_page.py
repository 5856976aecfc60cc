from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from test_docs import ROOT, blocks

sys.path.insert(0, str(ROOT / "tests" / "service"))  # the service of the page's tests

PAGE = ROOT / "docs" / "service.md"
SOURCES = ROOT / "src" / "somex" / "service"


def test_docs_service_example_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from page_server import TEXT, WordListEngine, serving

    ((_, code),) = blocks(PAGE, "python")
    code = code.replace("We used SPSS version 25 (IBM Corp.) for all tests.", TEXT.splitlines()[2])
    with serving(WordListEngine(), tmp_path) as url:
        exec(compile(code.replace("http://127.0.0.1:8080/", url), str(PAGE), "exec"), {})
    assert "Application Sloperunner 0.98" in capsys.readouterr().out


def test_docs_service_problem_is_one_that_it_gives(tmp_path: Path) -> None:
    from service_fakes import client_of

    ((_, shown),) = blocks(PAGE, "json")
    with client_of() as client:
        assert client.post("/v1/extract", json={"text": ""}).json() == json.loads(shown)


def test_docs_service_names_every_kind_of_problem() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES.glob("*.py"))
    kinds = set(re.findall(r'(?:ProblemError|_refuse)\(\s*\d{3},\s*"([a-z-]+)"', code))
    assert len(kinds) > 12
    page = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in page] == []


def test_docs_service_names_every_route_and_its_options() -> None:
    from service_fakes import client_of
    from typer.main import get_command

    from somex.app.cli.main import app

    page = PAGE.read_text(encoding="utf-8")
    with client_of() as client:
        paths = client.get("/openapi.json").json()["paths"]
    assert [path for path in paths if f"{path}`" not in page] == []
    command = get_command(app).commands["serve"]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts}
    named = set(re.findall(r"--[a-z][a-z-]+", page))
    assert sorted(named - options) == []


def test_docs_service_tells_the_limits_as_they_are() -> None:
    from somex.service.limits import Limits
    from somex.service.schemas import MAX_TEXT_CHARS

    limits, page = Limits(), PAGE.read_text(encoding="utf-8")
    for row in (
        f"| body of a request | `--max-body` | {limits.body_bytes >> 20} MB |",
        f"`--max-unpacked` | {limits.unpacked_bytes >> 20} MB |",
        f"| {limits.documents:,}, {limits.job_documents:,} |",
        f"| characters of a text | | {MAX_TEXT_CHARS:,} |",
        f"`--time-limit` | {limits.seconds:g} s |",
        f"parts of a body | | {limits.body_seconds:g} s |",
        f"`--max-waiting` | {limits.waiting} |",
        f"`--per-client` | {limits.per_client} |",
        f"conversions | | {limits.bulk_waiting} |",
        f"any kind | | {limits.open_requests} |",
        f"| {limits.jobs}; {limits.jobs // 4} |",
    ):
        assert row in page
