from __future__ import annotations

import gzip
import json

import pytest

import kb_dumps
from kb_dumps import entity, ids, read, wikidata_text
from somex.core import ConfigError


def dump(folder, *entities, text=""):
    path = folder / "dump.json.gz"
    path.write_bytes(gzip.compress((text or wikidata_text(*entities)).encode()))
    return path


def test_wikidata_keeps_software_with_names_and_identifiers(tmp_path):
    entities = [kb_dumps.PERSON, kb_dumps.FOOBOLT, kb_dumps.GAME, kb_dumps.BOLT_WORKS]
    (found,), file = read("wikidata", dump(tmp_path, *entities))
    assert (found.name, found.aliases, found.kind) == ("Foobolt", ("FB Suite",), "software")
    assert found.developers == ("Bolt Works", "Q900404")
    assert found.homepage == "https://foobolt.example.org/"
    assert ids(found) == [
        "wikidata:Q900001",
        "pypi:foobolt",
        "rrid:SCR_999001",
        "url:https://foobolt.example.org/",
    ]
    assert file.faults.n_faults == 0


def test_wikidata_label_of_no_language_and_kind_of_the_most_telling_class(tmp_path):
    (found,), _ = read("wikidata", dump(tmp_path, kb_dumps.QUUXMIX))
    assert (found.name, found.kind, found.homepage) == ("quuxmix", "R package", None)
    assert ids(found)[1:] == ["cran:quuxmix", "url:https://github.com/quux/quuxmix"]


def test_wikidata_what_has_a_version_is_software(tmp_path):
    found, _ = read("wikidata", dump(tmp_path, kb_dumps.VERSIONED))
    assert [software.name for software in found] == ["Nutfit"]


def test_wikidata_options(tmp_path):
    path = dump(tmp_path, kb_dumps.FOOBOLT, kb_dumps.PERSON, kb_dumps.BOLT_WORKS)
    (found,), _ = read("wikidata", path, developers="ids")
    assert found.developers == ("Q900009", "Q900404")
    found, _ = read("wikidata", path, classes="Q5, Q4830453")
    assert [software.name for software in found] == ["Foobolt", "Ann Bolt", "Bolt Works"]
    with pytest.raises(ConfigError, match=r"wikidata\.classes has 'software'; valid: ids of items"):
        read("wikidata", path, classes="software")
    with pytest.raises(ConfigError, match=r"wikidata\.developers is 'yes'; valid: names, ids"):
        read("wikidata", path, developers="yes")


def test_wikidata_ranks_deprecated_never_preferred_first(tmp_path):
    item = entity("Q900020", "Rankit", {"P31": ["Q7397"]})
    item["claims"]["P856"] = [
        kb_dumps.statement("P856", "https://old.example", "deprecated"),
        kb_dumps.statement("P856", "https://plain.example"),
        kb_dumps.statement("P856", "https://best.example", "preferred"),
        {"mainsnak": {"snaktype": "novalue", "property": "P856"}, "rank": "normal"},
    ]
    (found,), _ = read("wikidata", dump(tmp_path, item))
    assert found.homepage == "https://best.example"
    assert "url:https://old.example" not in ids(found)


def test_wikidata_deprecated_class_does_not_count(tmp_path):
    item = entity("Q900021", "Notsoft", {})
    item["claims"]["P31"] = [kb_dumps.statement("P31", "Q7397", "deprecated")]
    assert read("wikidata", dump(tmp_path, item))[0] == []


def test_wikidata_broken_lines_are_told_with_their_number(tmp_path):
    good = json.dumps(kb_dumps.FOOBOLT, separators=(",", ":"))
    odd = '{"type":"item","id":"Q1","labels":[],"claims":{"P31":[{"a":{"id":"Q7397"}}]}}'
    lines = ["[", good + ",", good[:200] + ",", '{"id":"Q7397"', odd + ",", '{"id":"Q7397",}', "]"]
    found, file = read("wikidata", dump(tmp_path, text="\n".join(lines)))
    assert [software.name for software in found] == ["Foobolt"]
    assert [fault.split(":")[0] for fault in file.faults.first] == [
        "line 3",
        "line 4",
        "line 5",
        "line 6",
    ]


def test_wikidata_item_without_english_name_is_left_out(tmp_path):
    item = entity("Q900022", "Schraube", {"P31": ["Q7397"]}, language="de")
    found, file = read("wikidata", dump(tmp_path, item))
    assert (found, file.faults.n_faults) == ([], 0)
