from __future__ import annotations

import bz2
import gzip
import lzma

import pytest

import somex.kb.source_file as module
from somex.core import FormatError
from somex.kb.source_file import SourceFile, decode

TEXT = b"one\r\ntwo\n\nfour"
LINES = [(1, b"one"), (2, b"two"), (3, b""), (4, b"four")]


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [("", bytes), (".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)],
)
def test_source_file_lines_of_packed_files(tmp_path, suffix, pack):
    path = tmp_path / f"dump.txt{suffix}"
    path.write_bytes(pack(TEXT))
    told = []
    file = SourceFile(path, progress=lambda *args: told.append(args))
    assert list(file.lines("it")) == LINES
    assert told[-1] == ("it", path.stat().st_size, path.stat().st_size)


def test_source_file_long_lines_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_LINE", 10)
    path = tmp_path / "dump"
    path.write_bytes(b"a\n" + b"x" * 50 + b"\nb\n")
    file = SourceFile(path)
    assert list(file.lines()) == [(1, b"a"), (3, b"b")]
    assert file.faults.first == ["line 2: has more than 10 bytes and is passed over"]


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
def test_source_file_cut_files_are_told(tmp_path, suffix, pack):
    path = tmp_path / f"dump{suffix}"
    text = "".join(f"line {n} of {n * n}\n" for n in range(100_000)).encode()
    path.write_bytes(pack(text)[:-1000])
    file = SourceFile(path)
    list(file.lines())
    assert file.faults.n_faults == 1
    assert "can't be read any further" in file.faults.first[0]


def test_source_file_no_gzip_at_all_is_told(tmp_path):
    path = tmp_path / "dump.gz"
    path.write_bytes(b"plain text\n")
    file = SourceFile(path)
    assert list(file.lines()) == []
    assert "Not a gzipped file" in file.faults.first[0]


def test_source_file_missing_is_an_error(tmp_path):
    with pytest.raises(FormatError, match=r"nothing\.gz: no such file"):
        list(SourceFile(tmp_path / "nothing.gz").lines())
    with pytest.raises(FormatError, match="can't be read: Is a directory"):
        list(SourceFile(tmp_path).lines())


def test_source_file_keeps_only_the_first_faults(tmp_path):
    file = SourceFile(tmp_path)
    for line in range(1, 9):
        file.faults.tell(line, "is broken")
    assert file.faults.n_faults == 8
    assert file.faults.first[-1] == "line 5: is broken"


def test_source_file_latin_1_is_read():
    assert decode("Müller".encode("latin-1")) == decode("Müller".encode()) == "Müller"
