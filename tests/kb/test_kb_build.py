from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import kb_dumps
import somex.kb.build as module
from kb_dumps import ids, wikidata_text
from somex.core import ConfigError, FormatError
from somex.core.known_software import KnowledgeBase
from somex.core.software import Identifier
from somex.kb.build import build_store
from somex.kb.store import KnowledgeStore


@pytest.fixture
def dumps(tmp_path) -> list[tuple[str, Path]]:
    """Dumps of four sources that know some of the same software."""
    texts = {
        "wikidata": wikidata_text(kb_dumps.FOOBOLT, kb_dumps.QUUXMIX, kb_dumps.BOLT_WORKS),
        "scicrunch": "scr_id,Resource_Name,Synonyms\nSCR_999001,FooBolt,Foo Bolt Tool\n",
        "cran": "Package: quuxmix\nAuthor: Cy Quux\n\nPackage: foobolt\nAuthor: Bob Nut\n",
        "pypi": json.dumps({"projects": [{"name": "FooBolt"}, {"name": "other"}]}),
    }
    folder = tmp_path / "dumps"
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [(name, folder / name) for name in texts]


def test_kb_build_merges_what_shares_an_identifier(tmp_path, dumps):
    out = tmp_path / "kb.sqlite"
    report = build_store(out, dumps)
    assert (report.n_software, report.n_merged, report.n_ambiguous) == (4, 3, 0)
    assert report.n_identifiers["pypi"] == 2
    with KnowledgeStore(out) as store:
        knowledge: KnowledgeBase = store
        first, second = knowledge.lookup("foobolt")
        assert first.name == "foobolt", "the spelling as given comes first: CRAN's"
        assert second.name == "Foobolt", "Wikidata was named first and names it"
        assert second.aliases == ("FB Suite", "FooBolt", "Foo Bolt Tool")
        assert ids(second) == [
            "wikidata:Q900001",
            "pypi:foobolt",
            "rrid:SCR_999001",
            "url:https://foobolt.example.org/",
            "pypi:FooBolt",
        ]
        quuxmix = store.by_identifier(Identifier("cran", "QUUXMIX"))
        assert (quuxmix.name, quuxmix.developers) == ("quuxmix", ("Cy Quux",))
        assert len(store) == 4
        assert [source["n_read"] for source in store.sources] == [2, 1, 2, 2]


def test_kb_build_first_source_names_it(tmp_path, dumps):
    out = tmp_path / "kb.sqlite"
    build_store(out, dumps[::-1])
    with KnowledgeStore(out) as store:
        found = store.by_identifier(Identifier("wikidata", "Q900001"))
    assert (found.name, found.kind) == ("FooBolt", "Python package")


def test_kb_build_is_deterministic(tmp_path, dumps):
    outs = [tmp_path / "a.sqlite", tmp_path / "b" / "b.sqlite"]
    for out in outs:
        build_store(out, dumps)
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_kb_build_ambiguous_identifiers_join_nothing(tmp_path):
    several = kb_dumps.entity("Q900030", "Boltkit", {"P31": ["Q7397"], "P5568": ["bolt", "nut"]})
    twins = [
        kb_dumps.entity(f"Q90003{n}", f"Twin {n}", {"P31": ["Q7397"], "P5568": ["twin"]})
        for n in (1, 2)
    ]
    (tmp_path / "w").write_text(wikidata_text(several, *twins))
    index = {"projects": [{"name": name} for name in ("bolt", "nut", "twin")]}
    (tmp_path / "p").write_text(json.dumps(index))
    out = tmp_path / "kb.sqlite"
    report = build_store(out, [("wikidata", tmp_path / "w"), ("pypi", tmp_path / "p")])
    assert (report.n_software, report.n_merged) == (6, 0)
    assert report.n_ambiguous == 3
    with KnowledgeStore(out) as store:
        assert store.by_identifier(Identifier("pypi", "bolt")).name == "bolt"


def test_kb_build_a_group_holds_a_source_once(tmp_path):
    """Two packages of CRAN are not joined through an item of Wikidata and one of SciCrunch."""
    item = {"P31": ["Q7397"], "P5565": ["alpha"], "P9712": ["SCR_999009"]}
    (tmp_path / "w").write_text(wikidata_text(kb_dumps.entity("Q900040", "Alpha", item)))
    (tmp_path / "s").write_text(
        "scr_id,Resource_Name,Resource_URL\n"
        "SCR_999009,Beta,https://cran.r-project.org/package=beta\n"
    )
    (tmp_path / "c").write_text("Package: alpha\n\nPackage: beta\n")
    files = [("wikidata", tmp_path / "w"), ("scicrunch", tmp_path / "s"), ("cran", tmp_path / "c")]
    report = build_store(tmp_path / "kb.sqlite", files)
    assert (report.n_software, report.n_merged, report.n_ambiguous) == (2, 2, 1)


def test_kb_build_what_comes_again_adds_to_the_first(tmp_path):
    rows = [{"name": "foo", "author": "A B"}, {"name": "Foo", "author": "C D"}, {"name": "foo"}]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, rows)))
    report = build_store(tmp_path / "kb.sqlite", [("pypi", tmp_path / "p.jsonl")])
    assert (report.n_software, report.sources[0].n_repeated) == (1, 2)
    with KnowledgeStore(tmp_path / "kb.sqlite") as store:
        (found,) = store.lookup("FOO")
    assert (found.aliases, found.developers) == (("Foo",), ("A B", "C D"))


def test_kb_build_broken_lines_are_counted_and_the_rest_is_kept(tmp_path):
    (tmp_path / "w").write_text(wikidata_text(kb_dumps.FOOBOLT).replace("]\n", "{broken\n]\n"))
    report = build_store(tmp_path / "kb.sqlite", [("wikidata", tmp_path / "w")])
    assert report.sources[0].n_faults == 1
    assert report.sources[0].first_faults[0].startswith("line 3: is no entity")


def test_kb_build_errors_leave_no_store(tmp_path, dumps, monkeypatch):
    out = tmp_path / "kb.sqlite"
    (tmp_path / "junk").write_text("nothing of the kind\n")
    wrong: list[tuple[list[tuple[str, Path]], dict[str, str], type[Exception], str]] = [
        ([], {}, ConfigError, "no dump is given"),
        ([("npm", tmp_path)], {}, ConfigError, "unknown source 'npm'"),
        ([("cran", tmp_path / "no")], {}, FormatError, "no: no such file"),
        ([("cran", tmp_path / "junk")], {}, FormatError, "holds no software .* 1 faults, first: "),
        (dumps, {"cran.x": "y"}, ConfigError, r"unknown option 'cran.x'; valid: wikidata\.classes"),
    ]
    for files, options, error, message in wrong:
        with pytest.raises(error, match=message):
            build_store(out, files, options=options)
    monkeypatch.setattr(module, "_index", lambda database: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build_store(out, dumps)
    assert not out.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"dumps", "junk"}


def test_kb_build_a_failed_build_keeps_the_store_before(tmp_path, dumps):
    out = tmp_path / "kb.sqlite"
    build_store(out, dumps)
    before = out.read_bytes()
    with pytest.raises(FormatError):
        build_store(out, [*dumps, ("cran", tmp_path / "no")])
    assert out.read_bytes() == before


BUILD_AND_TELL_PEAK = """
import resource, sys
from pathlib import Path
from somex.kb.build import build_store
build_store(Path(sys.argv[2]), [("wikidata", Path(sys.argv[1]))])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_kb_build_memory_does_not_grow_with_the_dump(tmp_path):
    pytest.importorskip("resource")
    peaks = []
    for n_items in (100, 8_000):
        path = tmp_path / f"{n_items}.json"
        with path.open("w") as stream:
            stream.write("[\n")
            for n in range(n_items):
                claims = {"P31": ["Q7397"], "P178": ["Q900009"], "P9999": ["x" * 10_000]}
                stream.write(json.dumps(kb_dumps.entity(f"Q{n + 1}", f"Soft {n}", claims)) + ",\n")
            stream.write(json.dumps(kb_dumps.BOLT_WORKS) + "\n]\n")
        command = [sys.executable, "-c", BUILD_AND_TELL_PEAK, str(path), str(tmp_path / "kb")]
        peaks.append(int(subprocess.run(command, check=True, capture_output=True).stdout))
    assert path.stat().st_size > 80_000_000
    assert peaks[1] < peaks[0] + 20_000, "kilobytes; the dump has 80 MB"
