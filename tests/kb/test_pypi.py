from __future__ import annotations

import json

from kb_dumps import ids, read


def write(folder, text, name="dump.json"):
    path = folder / name
    path.write_text(text)
    return path


def test_pypi_index_as_json(tmp_path):
    index = {"meta": {"api-version": "1.1"}, "projects": [{"name": "foobolt"}, {"name": "Q_x.y"}]}
    for indent in (None, 2):
        found, file = read("pypi", write(tmp_path, json.dumps(index, indent=indent)))
        assert [ids(software) for software in found] == [["pypi:foobolt"], ["pypi:Q_x.y"]]
        assert {software.kind for software in found} == {"Python package"}
        assert file.faults.n_faults == 0


def test_pypi_long_index_crosses_chunks(tmp_path):
    names = [f"package-{n}-{'x' * (n % 50)}" for n in range(20_000)]
    index = {"projects": [{"name": name, "_last-serial": 1} for name in names]}
    found, _ = read("pypi", write(tmp_path, json.dumps(index)))
    assert [software.name for software in found] == names


def test_pypi_damaged_index_is_told(tmp_path):
    whole = json.dumps({"projects": [{"name": "foobolt"}, {"nom": "x"}, {"name": "quux"}]})
    found, file = read("pypi", write(tmp_path, whole[:-6]))
    assert [software.name for software in found] == ["foobolt"]
    assert "project 2 has no name" in file.faults.first[0]
    assert "it ends within the list of projects" in file.faults.first[1]


def test_pypi_index_as_html(tmp_path):
    page = (
        "<!DOCTYPE html>\n<html><body>\n"
        '<a href="/simple/foobolt/">foobolt</a>\n<a href="/simple/q/">two words</a>\n</body></html>'
    )
    found, file = read("pypi", write(tmp_path, page))
    assert [software.name for software in found] == ["foobolt"]
    assert file.faults.first == ["line 4: b'two words' is no name of a project"]


PROJECT = {
    "info": {
        "name": "Foobolt",
        "author": "Ann Bolt <ann@bolt.example>, Bob Nut and others",
        "home_page": "",
        "project_urls": {
            "Homepage": "https://foobolt.example.org",
            "Source Code": "https://github.com/bolt/foobolt",
            "Docs": "https://docs.bolt.example",
        },
    },
    "releases": {},
}
ROW = {
    "name": "quuxmix",
    "author": None,
    "maintainer": "Cy Quux",
    "home_page": "https://pypi.org/project/other/",
    "project_urls": ["Repository, https://github.com/quux/mix", "Bug", "Code,none"],
}


def test_pypi_metadata_of_projects(tmp_path):
    lines = [json.dumps(PROJECT), "", json.dumps(ROW), "{", "[1]", '{"name": ""}']
    found, file = read("pypi", write(tmp_path, "\n".join(lines), "dump.jsonl"))
    first, second = found
    assert first.developers == ("Ann Bolt", "Bob Nut")
    assert first.homepage == "https://foobolt.example.org"
    assert ids(first) == [
        "pypi:Foobolt",
        "url:https://foobolt.example.org",
        "url:https://github.com/bolt/foobolt",
    ]
    assert ids(second) == ["pypi:quuxmix", "url:https://github.com/quux/mix"]
    assert second.developers == ("Cy Quux",)
    assert [fault.split(":")[0] for fault in file.faults.first] == ["line 4", "line 5", "line 6"]
