from __future__ import annotations

import json
from pathlib import Path

import pytest
import zstandard

from somex.core import FormatError
from somex.readers.jsonl_files import is_jsonl, jsonl_files, read_lines
from somex.readers.parquet_documents import write_parquet_documents

LINES = [
    json.dumps({"id": f"d{n}", "text": "Quill é.\u2028", "mentions": [], "relations": []}).encode()
    + b"\n"
    for n in range(150)
]


def write_manifest(folder: Path, **changes: object) -> None:
    found = {"schema": "somex.manifest/1", "parts": [{"file": "part-00000.jsonl"}], **changes}
    (folder / "manifest.json").write_text(json.dumps(found))


def test_jsonl_files_reads_packed_lines_of_several_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    pack = zstandard.ZstdCompressor().compress
    path.write_bytes(pack(b"".join(LINES[:70])) + pack(b"".join(LINES[70:])))
    assert list(read_lines(path)) == LINES
    assert is_jsonl(path)


def test_jsonl_files_tells_packed_lines_that_are_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(b"".join(LINES))
    path.write_bytes(packed[:-30])
    with pytest.raises(FormatError, match="is damaged: its end is missing"):
        list(read_lines(path))
    path.write_bytes(b"no zstd at all")
    with pytest.raises(FormatError, match=r"a\.jsonl\.zst: is damaged: "):
        list(read_lines(path))


def test_jsonl_files_reads_parquet_parts(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    path = tmp_path / "part-00000.parquet"
    with path.open("wb") as stream:
        write_parquet_documents(LINES, stream)
    assert list(read_lines(path)) == LINES
    assert is_jsonl(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FormatError, match="is damaged or no Parquet"):
        list(read_lines(path))


def test_jsonl_files_of_other_parquet_are_refused(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    import pyarrow.parquet as parquet

    path = tmp_path / "mentions.parquet"
    parquet.write_table(pa.table({"text": ["Quill"]}), path)
    assert not is_jsonl(path)
    with pytest.raises(FormatError, match="has no column 'document'; valid: Parquet parts of"):
        list(read_lines(path))


def test_jsonl_files_of_a_folder_come_from_its_manifest(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"holds no documents\.jsonl and no manifest\.json"):
        jsonl_files(tmp_path)
    (tmp_path / "part-00000.jsonl").write_bytes(LINES[0])
    with pytest.raises(FormatError, match=r"is not finished \(no manifest\.json\)"):
        jsonl_files(tmp_path)
    write_manifest(tmp_path)
    assert is_jsonl(tmp_path)
    assert jsonl_files(tmp_path) == [tmp_path / "part-00000.jsonl"]
    assert jsonl_files(tmp_path / "part-00000.jsonl") == [tmp_path / "part-00000.jsonl"]


def test_jsonl_files_tells_what_is_wrong_with_a_manifest(tmp_path: Path) -> None:
    write_manifest(tmp_path, schema="somex.manifest/9")
    with pytest.raises(FormatError, match=r"schema is 'somex\.manifest/9'; valid: somex\.manifest"):
        jsonl_files(tmp_path)
    write_manifest(tmp_path, parts=[{"file": "../part-00000.jsonl"}])
    with pytest.raises(FormatError, match="names a part that is no plain file name"):
        jsonl_files(tmp_path)
    write_manifest(tmp_path, parts=3)
    with pytest.raises(FormatError, match="is no manifest"):
        jsonl_files(tmp_path)
