from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from service_fakes import TEXT, zip_of

from somex.core.types import Document
from somex.service.reading import ReaderPool, Unread, UploadFolder, safe_name


def read_all(tmp_path: Path, files: dict[str, bytes], test: Any = None) -> list[Document | Unread]:
    """Read files in the process of a pool; ``test(pool, reading)`` is run before each part."""
    (tmp_path / "files").mkdir()
    folder = UploadFolder(tmp_path / "files")
    for name, raw in files.items():
        (folder.path / name).write_bytes(raw)
        folder.names.append(name)

    async def run() -> list[Document | Unread]:
        pool = ReaderPool(1)
        try:
            until = time.monotonic() + 60
            async with pool.open(folder, unpacked_bytes=1 << 20, until=until) as reading:
                found = []
                for index in range(len(reading.ids)):
                    if test is not None:
                        test(pool, index)
                    found.append(await reading.read(index, until=until))
                return found
        finally:
            await pool.close()

    return asyncio.run(run())


def test_reading_gives_documents_and_reasons(tmp_path: Path) -> None:
    files = {"a.txt": TEXT.encode(), "b.txt": b"\xff", "c.zip": zip_of({"d.txt": TEXT})}
    first, second, third = read_all(tmp_path, files)
    assert isinstance(first, Document)
    assert (first.id, first.text) == ("a", TEXT)
    assert isinstance(second, Unread)
    assert second.id == "b"
    assert "UTF-8" in second.reason
    assert str(tmp_path) not in second.reason
    assert isinstance(third, Document)
    assert third.provenance["path"] == "c.zip!d.txt"


def test_reading_goes_on_after_a_part_that_ends_the_process(tmp_path: Path) -> None:
    def kill(pool: ReaderPool, index: int) -> None:
        if index == 1:
            process = pool._all[0]._process
            assert process is not None
            os.kill(process.pid, signal.SIGKILL)

    files = {f"{n}.txt": TEXT.encode() for n in range(3)}
    first, second, third = read_all(tmp_path, files, kill)
    assert isinstance(first, Document)
    assert second == Unread("1", "reading it broke down or needed too much memory")
    assert isinstance(third, Document)


def test_reading_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    folder = UploadFolder(tmp_path, ["a.txt"])
    pids = []

    async def run() -> None:
        pool = ReaderPool(1)
        async with pool.open(folder, unpacked_bytes=99999, until=time.monotonic() + 60) as reading:
            process = pool._all[0]._process
            assert process is not None
            pids.append(process.pid)
            os.kill(process.pid, signal.SIGSTOP)
            with pytest.raises(TimeoutError):
                await reading.read(0, until=time.monotonic() + 0.2)
            found = await reading.read(0, until=time.monotonic() + 60)
            assert isinstance(found, Document)
        await pool.close()

    asyncio.run(run())
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_reading_process_may_write_no_files(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "from somex.service.reading_child import _bound\n_bound()\n"
        "import os, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "os.write(os.open('x', os.O_CREAT | os.O_WRONLY), b'x')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert "File too large" in done.stderr
    assert (tmp_path / "x").read_bytes() == b""


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("paper.xml", "paper.xml"),
        ("../../etc/passwd", "passwd"),
        ("C:\\papers\\a b.pdf", "a_b.pdf"),
        ("..", "upload"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("", "upload"),
        (None, "upload"),
        ("a\0b.txt", "a_b.txt"),
        ("*.txt", "_.txt"),
        ("größe.txt", "größe.txt"),
        ("\ud800.txt", "_.txt"),
        ("a" * 500 + ".tar.gz", "a" * 80 + ".tar.gz"),
    ],
)
def test_reading_names_files_safely(given: str | None, made: str) -> None:
    assert safe_name(given) == made


def test_reading_keeps_files_of_one_name_apart(tmp_path: Path) -> None:
    import io

    folder = UploadFolder(tmp_path)
    for content in (b"1", b"2", b"3"):
        folder.add("a.txt", io.BytesIO(content))
    assert folder.names == ["a.txt", "2-a.txt", "3-a.txt"]
    assert [(tmp_path / name).read_bytes() for name in folder.names] == [b"1", b"2", b"3"]
