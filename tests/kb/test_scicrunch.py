from __future__ import annotations

import pytest

from kb_dumps import ids, read
from somex.core import FormatError

HEADER = (
    "scr_id,original_id,Resource_Name,Additional_Resource_Types,Synonyms,Abbreviation,"
    "Resource_URL,Alternate_URLs,Parent Org Name\n"
)
ROWS = (
    'SCR_999001,nif-1,Foobolt,"software resource,software toolkit","Foobolt Suite, FB",FBS,'
    '"https://foobolt.example.org","https://github.com/bolt/foobolt,x",Bolt Works\n'
    "SCR_999002,nif-2,Bolt Microscope 5,instrument resource,,,https://scope.example,,\n"
    "SCR_999003,nif-3,FooSeq,software resource,FooSeq: a package with a long description,(null),"
    "http://www.bioconductor.org/packages/release/bioc/html/FooSeq.html,,#N/A\n"
    "nothing,nif-4,Lost,software resource,,,,,\n"
)


@pytest.mark.parametrize("separator", [",", "\t"])
def test_scicrunch_software_of_the_registry(tmp_path, separator):
    import csv
    import io

    path = tmp_path / "export.csv"
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(csv.reader(io.StringIO(HEADER + ROWS)))
    path.write_text("\ufeff" + out.getvalue())
    (first, second), file = read("scicrunch", path)
    assert (first.name, first.aliases) == ("Foobolt", ("Foobolt Suite", "FB", "FBS"))
    assert first.developers == ("Bolt Works",)
    assert ids(first) == [
        "rrid:SCR_999001",
        "url:https://foobolt.example.org",
        "url:https://github.com/bolt/foobolt",
    ]
    assert (second.aliases, second.developers) == ((), ())
    assert ids(second) == ["rrid:SCR_999003", "bioconductor:FooSeq"]
    assert file.faults.first == [
        "line 5: has no RRID (SCR_...) or no name: id 'nothing', name 'Lost'"
    ]


def test_scicrunch_empty_file_is_an_error(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text("")
    with pytest.raises(FormatError, match=r"export\.csv: is empty; a table has a header"):
        read("scicrunch", path)


def test_scicrunch_broken_rows_are_told(tmp_path):
    path = tmp_path / "export.csv"
    good = "SCR_999001,Foobolt\n"
    path.write_text("RRID,Resource Name\n" + good + "a,b,c\n" + '"' + "x" * 2_000_000 + "\n" + good)
    found, file = read("scicrunch", path)
    assert found[0].name == "Foobolt"
    assert file.faults.first[0] == "line 3: has 3 cells; the header names 2"
    assert "field larger than field limit" in file.faults.first[1]
