from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from somex.core import ConfigError, FormatError
from somex.readers.inputs import Source, find_sources, kind_of
from somex.readers.papers import SourceReader

JATS = b"<article><body><p>We used R.</p></body></article>"


def write(folder: Path, **contents: bytes) -> Path:
    for name, content in contents.items():
        (folder / name.replace("__", ".")).write_bytes(content)
    return folder


def zipped(path: Path, **contents: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name.replace("__", "."), content)
    return path


def tarred(path: Path, contents: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_inputs_kind_of_knows_suffixes_also_packed() -> None:
    names = ("a.txt", "b.NXML.gz", "c.Pdf", "d.tei.xml", "e.htm", "f.md", "g.csv", "h")
    kinds = [kind_of(name) for name in names]
    assert kinds == ["text", "xml", "pdf", "xml", "html", "markdown", None, None]


def test_inputs_folders_give_known_files_and_members_in_order(tmp_path: Path) -> None:
    write(tmp_path, b__xml=JATS, a__txt=b"x", c__csv=b"", d__html=b"<p>x")
    zipped(tmp_path / "e.zip", x__xml=JATS, y__csv=b"")
    tarred(tmp_path / "f.tar.gz", {"in/z.txt": b"x"})
    ids = [source.id for source in find_sources([tmp_path])]
    assert ids == ["a", "b", "d", "e.zip!x.xml", "f.tar.gz!in/z.txt"]


def test_inputs_patterns_match_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path, a__xml=JATS, b__txt=b"x")
    write(tmp_path / "deep", c__xml=JATS)
    found = find_sources([str(tmp_path / "**" / "*.xml")])
    assert [source.path.name for source in found] == ["a.xml", "c.xml"]
    with pytest.raises(FormatError, match="matches no file"):
        find_sources([str(tmp_path / "*.pdf")])


def test_inputs_that_are_missing_become_problems_where_lists_name_them(tmp_path: Path) -> None:
    write(tmp_path, a__txt=b"x")
    places = [tmp_path / "a.txt", tmp_path / "gone.pdf", "x" * 5000, "nul\0.txt"]
    found = find_sources(places, is_strict=False)
    assert [source.problem is None for source in found] == [True, False, False, False]
    with SourceReader() as reader, pytest.raises(FormatError, match=r"gone\.pdf: does not exist"):
        reader.read(found[1])


def test_inputs_same_file_twice_is_one_source_and_ids_are_unique(tmp_path: Path) -> None:
    write(tmp_path, a__txt=b"x", a__xml=JATS)
    found = find_sources([tmp_path, tmp_path / "a.txt"])
    assert len(found) == 2
    assert len({source.id for source in found}) == 2
    assert find_sources(found) == found


def test_inputs_members_are_read_with_their_own_hash(tmp_path: Path) -> None:
    zipped(tmp_path / "e.zip", x__xml=JATS, y__txt=b"We used Python.")
    tarred(tmp_path / "f.tgz", {"b.xml": JATS, "a.md": b"We used *SPSS*."})
    with SourceReader() as reader:
        found = {source.id: reader.read(source) for source in find_sources([tmp_path])}
        again = {source.id: reader.hash(source) for source in find_sources([tmp_path])}
    assert {id: document.text for id, document in found.items()} == {
        "e.zip!x.xml": "We used R.",
        "e.zip!y.txt": "We used Python.",
        "f.tgz!b.xml": "We used R.",
        "f.tgz!a.md": "We used SPSS.",
    }
    assert {id: document.provenance["sha256"] for id, document in found.items()} == again
    assert found["e.zip!x.xml"].provenance["path"] == f"{tmp_path / 'e.zip'}!x.xml"


def test_inputs_bad_members_leave_the_others_readable(tmp_path: Path) -> None:
    tarred(tmp_path / "f.tgz", {"a.txt": b"x", "../b.txt": b"x", "c.txt": b"y"})
    found = find_sources([tmp_path / "f.tgz"])
    assert [source.problem is None for source in found] == [True, False, True]
    with SourceReader() as reader:
        assert [reader.read(source).text for source in (found[0], found[2])] == ["x", "y"]


def test_inputs_a_bomb_in_a_tar_is_refused_where_it_lies(tmp_path: Path) -> None:
    tarred(tmp_path / "f.tgz", {"a.txt": b"good", "b.txt": bytes(40_000_000)})
    with SourceReader() as reader:
        for source in find_sources([tmp_path / "f.tgz"]):
            with pytest.raises(FormatError, match="unpacks to more than"):
                reader.read(source)


def test_inputs_current_documents_depend_on_bytes_and_reader(tmp_path: Path) -> None:
    write(tmp_path, a__txt=b"x")
    (source,) = find_sources([tmp_path])
    with SourceReader() as reader, SourceReader(grobid="http://localhost:8070") as other:
        provenance = dict(reader.read(source).provenance)
        assert reader.is_current(source, provenance)
        assert other.is_current(source, provenance)
        assert not other.is_current(source, {**provenance, "format": "pdf"})
        assert not reader.is_current(source, {**provenance, "format": "grobid"})
        write(tmp_path, a__txt=b"y")
        assert not reader.is_current(source, provenance)
        bad = Source(tmp_path / "a.txt", "a", problem="is odd")
        assert not reader.is_current(bad, provenance)


def test_inputs_grobid_needs_a_web_address() -> None:
    with pytest.raises(ConfigError, match="GROBID's URL is 'localhost:8070'; valid: http://HOST"):
        SourceReader(grobid="localhost:8070")
