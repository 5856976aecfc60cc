from __future__ import annotations

import sqlite3

import pytest

from somex.core import FormatError
from somex.core.known_software import KnownSoftware
from somex.core.software import Identifier
from somex.kb.build import build_store
from somex.kb.store import APPLICATION_ID, KnowledgeStore, from_body, to_body

OWN = """\
name,aliases,identifiers,homepage
stat,,pypi:stat,https://shared.example
STAT,,wikidata:Q900051,https://shared.example
Stats Tool,Stat|S.T.A.T.,cran:stat,
"""


@pytest.fixture
def store(tmp_path):
    (tmp_path / "own.csv").write_text(OWN)
    build_store(tmp_path / "kb.sqlite", [("own", tmp_path / "own.csv")])
    with KnowledgeStore(tmp_path / "kb.sqlite") as opened:
        yield opened


def test_kb_store_exact_spelling_comes_first(store):
    def names(name: str) -> list[str]:
        return [software.name for software in store.lookup(name)]

    assert names("stat") == ["stat", "STAT", "Stats Tool"]
    assert names(" STAT ") == ["STAT", "stat", "Stats Tool"]
    assert names("Stat") == ["Stats Tool", "stat", "STAT"]
    assert names("s-t-a-t") == ["stat", "STAT", "Stats Tool"]
    assert names("statistics") == names("") == []


def test_kb_store_identifiers(store):
    assert store.by_identifier(Identifier("cran", "Stat")).name == "Stats Tool"
    assert store.by_identifier(Identifier("cran", "none")) is None
    shared = Identifier("url", "http://www.shared.example/")
    assert store.by_identifier(shared).name == "STAT", "the one that Wikidata knows"


def test_kb_store_shared_url_without_wikidata_is_nobodys(tmp_path):
    (tmp_path / "own.csv").write_text(OWN.replace("wikidata:Q900051", ""))
    build_store(tmp_path / "kb.sqlite", [("own", tmp_path / "own.csv")])
    with KnowledgeStore(tmp_path / "kb.sqlite") as opened:
        assert opened.by_identifier(Identifier("url", "https://shared.example")) is None


def test_kb_store_is_read_only(store):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store._database.execute("DELETE FROM software")


def test_kb_store_round_trip_of_a_software():
    software = KnownSoftware(
        (Identifier("pypi", "x"),), "X é", ("y",), ("A B",), "kind", "https://x.example"
    )
    assert from_body(to_body(software)) == software
    assert from_body(to_body(KnownSoftware((), "X"))) == KnownSoftware((), "X")


def test_kb_store_other_files_are_refused(tmp_path):
    path = tmp_path / "x #1?.sqlite"
    with pytest.raises(FormatError, match="no such file; 'somex kb build' makes one"):
        KnowledgeStore(path)
    path.write_text("plain text, no database at all\n" * 99)
    with pytest.raises(FormatError, match=r"is no knowledge base .file is not a database"):
        KnowledgeStore(path)
    path.unlink()
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE t (a)")
    database.commit()
    with pytest.raises(FormatError, match="is a SQLite file, but no knowledge base"):
        KnowledgeStore(path)
    database.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 9;")
    database.close()
    with pytest.raises(FormatError, match="has version 9; this somex reads 2, build it anew"):
        KnowledgeStore(path)


def test_kb_store_damage_is_told(tmp_path, store):
    whole = store.path.read_bytes()
    path = tmp_path / "cut.sqlite"
    path.write_bytes(whole[:4096] + b"\0" * (len(whole) - 4096))
    with KnowledgeStore(path) as cut, pytest.raises(FormatError, match=r"is damaged .*build it"):
        cut.lookup("stat")
