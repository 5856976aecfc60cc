"""The server is talked to as assistants do: a real client, a real process, standard streams."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

pytest.importorskip("mcp.server.mcpserver", reason="mcp 2 is not installed (the extra mcp)")

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters

import somex
from somex.app.cli.main import app
from somex.core.schema import RELATION_TYPES
from somex.models import fast

TEXT = "We ran all models in Glimmerfit version 2.4 [3]."


def talk(
    model: Path | str, use: Callable[[Client], Awaitable[None]], *, root: Path | None = None
) -> None:
    """Start ``somex mcp`` and let a client use it."""
    command = "from somex.app.cli.main import run; run()"
    args = ["-c", command, "mcp", "--model", str(model), "--threads", "1"]
    args += [] if root is None else ["--root", str(root)]
    server = StdioServerParameters(command=sys.executable, args=args, env=dict(os.environ))

    async def main() -> None:
        with anyio.fail_after(120):
            async with Client(server) as client:
                await use(client)

    anyio.run(main)


async def ask(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def fault(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(result.content[0].text)


def test_mcp_server_finds_software_in_texts(tiny_model: Path) -> None:
    expected = somex.load(tiny_model).extract(TEXT).annotation

    async def use(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert sorted(tools) == ["extract_software", "list_types"]
        assert all(tool.annotations.read_only_hint for tool in tools.values())
        assert [t.name for t in tools.values() if "\n  " in t.description or not t.title] == []
        found = await ask(client, "extract_software", text=TEXT)
        spans = [(m["type"], m["char_start"], m["char_end"]) for m in found["mentions"]]
        assert spans == [(m.type, m.char_start, m.char_end) for m in expected.mentions]
        assert [m["text"] for m in found["mentions"]] == [TEXT[a:b] for _, a, b in spans]
        assert len(found["relations"]) == len(expected.relations)
        ids = {m["id"] for m in found["mentions"]}
        assert {end for r in found["relations"] for end in (r["head"], r["tail"])} <= ids
        assert (await ask(client, "extract_software", text=""))["mentions"] == []
        types = await ask(client, "list_types")
        assert [t["name"] for t in types["types"]] == [str(t) for t in somex.EntityType]
        told = {r.split()[0] for t in types["types"] for r in t["relations"]}
        assert told == {str(r) for r in RELATION_TYPES}
        assert "characters; valid: up to 1,000,000" in await fault(
            client, "extract_software", text="x" * 1_000_001
        )
        assert "text" in await fault(client, "extract_software")

    talk(tiny_model, use)


def test_mcp_server_reads_files_of_its_folder_and_no_others(
    tiny_model: Path, tmp_path: Path
) -> None:
    root = tmp_path / "papers"
    (root / "in").mkdir(parents=True)
    (root / "in" / "a.txt").write_text(TEXT)
    (root / "broken.xml").write_text("<article><body>")
    (root / "many.zip").write_bytes(b"PK")
    (tmp_path / "secret.txt").write_text("hidden words")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(root / "pipe.txt")

    async def use(client: Client) -> None:
        found = await ask(client, "extract_file", path="in/a.txt")
        assert found["document"] == "a"
        assert found["mentions"]
        software = [m for m in found["mentions"] if m["purpose"] or m["context"]]
        assert [m["context"] for m in software] == [TEXT] * len(software)
        assert await ask(client, "extract_file", path=str(root / "in" / "a.txt")) == found
        for path, reason in (
            ("../secret.txt", "lies outside the folder of --root"),
            (str(tmp_path / "secret.txt"), "lies outside the folder of --root"),
            ("link.txt", "lies outside the folder of --root"),
            ("gone.txt", "no such file in the folder of --root"),
            ("in", "no such file in the folder of --root"),
            ("pipe.txt", "no such file in the folder of --root"),
            ("a\0b", "is no path of a file"),
            ("x" * 5000, "is no path of a file"),
            ("many.zip", "is an archive; unpack it"),
            ("broken.xml", "broken.xml:1: "),
        ):
            told = await fault(client, "extract_file", path=path)
            assert reason in told
            assert "hidden words" not in told
            assert path.startswith("/") or str(tmp_path) not in told

    talk(tiny_model, use, root=root)


def test_mcp_server_calls_may_overlap(tiny_model: Path) -> None:
    async def use(client: Client) -> None:
        found: list[dict[str, Any]] = []

        async def one() -> None:
            found.append(await ask(client, "extract_software", text=TEXT))

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(one)
        assert len(found) == 5
        assert all(answer == found[0] for answer in found)

    talk(tiny_model, use)


def test_mcp_command_says_what_is_wrong_at_the_start(tiny_model: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["mcp", "--model", "nobody"])
    assert "unknown model 'nobody'" in str(done.exception)
    done = runner.invoke(app, ["mcp", "--model", str(tiny_model), "--root", "/nowhere"])
    assert str(done.exception) == "--root is /nowhere, which is no folder"


@pytest.mark.slow
@pytest.mark.skipif(not (fast() / "encode.onnx").is_file(), reason=f"no model in {fast()}")
def test_mcp_server_with_the_fast_model_sums_up_software() -> None:
    async def use(client: Client) -> None:
        text = "We used SPSS version 25 (IBM Corp.). Later SPSS drew the plots."
        found = await ask(client, "extract_software", text=text)
        (software,) = found["software"]
        assert software["name"] == "SPSS"
        assert software["versions"] == ["25"]
        assert len(software["mentions"]) == 2
        assert found["model"].startswith("fast ")

    talk("fast", use)
