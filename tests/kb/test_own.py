from __future__ import annotations

import json

from kb_dumps import ids, read


def test_own_table(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(
        "Name,Aliases,Developers,Identifiers,Kind,Homepage\n"
        "Foobolt,FB|Foo Bolt|Foobolt,Bolt Works|Ann Bolt,"
        "rrid:SCR_999001|https://github.com/bolt/foobolt,,https://foobolt.example.org\n"
        "Nutfit,,,npm:nutfit,,\n"
        ",x,,,,\n"
        "Quux\n"
    )
    (first, second), file = read("own", path)
    assert (first.aliases, first.kind) == (("FB", "Foo Bolt"), "software")
    assert first.developers == ("Bolt Works", "Ann Bolt")
    assert ids(first) == [
        "rrid:SCR_999001",
        "url:https://github.com/bolt/foobolt",
        "url:https://foobolt.example.org",
    ]
    assert second.name == "Quux"
    assert file.faults.first == [
        "line 3: identifier 'npm:nutfit' is neither scheme:value nor a URL",
        "line 4: has no name",
    ]


def test_own_json_lines(tmp_path):
    path = tmp_path / "own.jsonl"
    rows = [{"name": "Foobolt", "aliases": ["FB"]}, {"name": 3}, {"name": "x", "nick": "y"}, []]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n{\n")
    found, file = read("own", path)
    assert [(software.name, software.aliases) for software in found] == [("Foobolt", ("FB",))]
    assert file.faults.first[:3] == [
        "line 2: name is 3, not a text",
        "line 3: has the unknown member 'nick'; "
        "valid: name, aliases, developers, identifiers, kind, homepage",
        "line 4: is no JSON object",
    ]
    assert file.faults.first[3].startswith("line 5: is no JSON")
