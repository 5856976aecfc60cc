from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from output_documents import HOSTILE, annotate, empty, hostile, linked, paper, write_source
from somex.core import ConfigError, Document, FormatError, LabeledDocument
from somex.core.schema import EntityType as E
from somex.core.schema import RelationType
from somex.core.schema import RelationType as R
from somex.outputs import parquet_tables
from somex.outputs.csv_tables import RISKY
from somex.outputs.facts import MAX_SENTENCE, DocumentFacts
from somex.outputs.rows import TABLES, ColumnType, columns_of, format_columns
from somex.outputs.source import Linking, OutputSource
from somex.outputs.tables import get_table_format, iterate_rows, write_tables
from somex.readers.jsonl import Result, write_jsonl
from somex.readers.software_jsonl import write_software
from somex.text.matching import name_key

ROOT = Path(__file__).resolve().parents[2]


def rows_of(source: OutputSource, table: str) -> list[Any]:
    return [row for name, row in iterate_rows(source) if name == table]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_tables_mention_row_has_its_attributes(tmp_path: Path) -> None:
    rows = rows_of(write_source(tmp_path, paper()), "mentions")
    first = rows[0]
    assert [row.mention_id for row in rows] == [f"T{n}" for n in range(1, 9)]
    assert (first.text, first.type, first.purpose) == ("Reedcount", "Application", "Usage")
    assert first.document_id == "papers/reeds"
    assert first.doi == "10.5555/reeds.7"
    assert first.section == "Methods"
    assert first.confidence == 0.875
    assert first.context.startswith("We ran Reedcount 2.1")
    assert first.context.endswith("here.")
    assert first.versions == ("2.1",)
    assert first.developers == ("Heron Labs",)
    assert first.urls == ("here",)
    assert first.citations == ("[3]",)
    assert first.citation_entries == ("Ames A. Reedcount. 2019.",)
    assert first.citation_dois == ("10.5555/count.3",)
    assert first.missing_version is False
    assert first.missing_citation is False
    assert first.attached_to == ()


def test_tables_attribute_row_leads_to_its_host(tmp_path: Path) -> None:
    rows = rows_of(write_source(tmp_path, paper()), "mentions")
    by_id = {row.mention_id: row for row in rows}
    assert by_id["T2"].attached_to == ("T1",)
    assert by_id["T2"].missing_version is None
    assert by_id["T2"].software_id is None
    assert by_id["T4"].citation_dois == ("10.5555/count.3",)
    assert by_id["T6"].links == ("https://code.example.org/reedcount",)
    assert by_id["T5"].hosts == ("Reedcount",)
    assert by_id["T5"].versions == ("0.7",)
    assert by_id["T8"].missing_version is True


def test_tables_without_linking_group_by_document_and_name(tmp_path: Path) -> None:
    source = write_source(tmp_path)
    rows = rows_of(source, "software")
    reeds = rows[0]
    assert reeds.id == "papers/reeds#reedcount"
    assert reeds.names == ("Reed-Count", "Reedcount")
    assert (reeds.n_papers, reeds.n_mentions) == (1, 2)
    assert (reeds.share_without_version, reeds.share_without_citation) == (0, 0)
    assert reeds.document_id == "papers/reeds"
    ids = {row.id for row in rows}
    used = {row.software_id for row in rows_of(source, "mentions")} - {None}
    assert used == ids


def _told_elsewhere() -> LabeledDocument:
    """A name, later its acronym, and a coreference that alone has the version."""
    text = "Meadow Line Counter was run. The program (version 2.1) is quick. MLC is free."
    return annotate(
        Document("papers/meadow", text),
        [
            (E.APPLICATION, "Meadow Line Counter"),
            (E.SOFTWARE_COREFERENCE, "The program"),
            (E.VERSION, "2.1"),
            (E.APPLICATION, "MLC"),
        ],
        [(R.VERSION_OF, 2, 1)],
    )


def test_tables_without_linking_one_software_has_all_that_is_said_of_it(tmp_path: Path) -> None:
    source = write_source(tmp_path, _told_elsewhere())
    (software,) = rows_of(source, "software")
    assert software.id == "papers/meadow#meadowlinecounter"
    assert software.names == ("Meadow Line Counter", "MLC")
    assert (software.n_mentions, software.versions) == (3, ("2.1",))
    assert software.share_without_version == 0
    rows = rows_of(source, "mentions")
    assert [row.software_id for row in rows] == [software.id, software.id, None, software.id]
    (paper_row,) = rows_of(source, "papers")
    assert (paper_row.n_software, paper_row.n_without_version) == (1, 0)


def test_tables_groups_of_the_file_go_before_the_rules(tmp_path: Path) -> None:
    source = write_source(tmp_path, _told_elsewhere())
    (path,) = source.documents
    line = json.loads(path.read_text(encoding="utf-8"))
    line["software"] = [
        {"id": "S1", "name": "Meadow Line Counter", "mentions": ["T1"]},
        {"id": "S2", "name": "MLC", "mentions": ["T2", "T4"]},
    ]
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    ids = [row.id for row in rows_of(source, "software")]
    assert ids == ["papers/meadow#meadowlinecounter", "papers/meadow#mlc"]


def test_tables_with_linking_have_a_row_a_software(tmp_path: Path) -> None:
    source = write_source(tmp_path, is_linked=True)
    rows = rows_of(source, "software")
    assert [row.id for row in rows] == ["s1", "s2"]
    assert rows[0].identifiers == ("https://code.example.org/reedcount",)
    assert rows[0].document_id is None
    assert rows[1].host_id == "s1"
    assert rows[1].versions == ("0.7",)
    assert rows[1].share_without_citation == 1
    relations = rows_of(source, "relations")
    assert relations[0].tail_software_id == "s1"


def test_tables_papers_count_what_the_annotation_has(tmp_path: Path) -> None:
    rows = rows_of(write_source(tmp_path), "papers")
    assert [row.id for row in rows] == ["papers/reeds", 'evil"><img src=x>', "quiet"]
    first = rows[0]
    assert (first.title, first.pmcid) == (f"Counting reeds {HOSTILE}", "PMC9990007")
    assert (first.path, first.format, first.model) == ("papers/reeds.xml", "jats", "tiny")
    assert (first.n_mentions, first.n_relations) == (8, 6)
    assert (first.n_software_mentions, first.n_software) == (3, 2)
    assert (first.n_without_version, first.n_without_citation) == (0, 1)
    assert rows[2].n_mentions == 0


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_tables_files_hold_as_many_rows_as_the_annotations(tmp_path: Path, format: str) -> None:
    if format == "parquet":
        pytest.importorskip("pyarrow")
    documents = (paper(), hostile(), empty())
    counts = write_tables(
        write_source(tmp_path, *documents), tmp_path / "t", get_table_format(format)
    )
    assert counts["mentions"] == sum(len(d.annotation.mentions) for d in documents)
    assert counts["relations"] == sum(len(d.annotation.relations) for d in documents)
    assert counts["papers"] == 3
    assert sorted(p.name for p in (tmp_path / "t").iterdir()) == sorted(
        f"{name}.{format}" for name in TABLES
    )


def test_tables_csv_is_rfc_4180_and_reads_back(tmp_path: Path) -> None:
    source = write_source(tmp_path)
    write_tables(source, tmp_path, get_table_format("csv"))
    raw = (tmp_path / "mentions.csv").read_bytes()
    assert raw.startswith(b"document_id,doi,")
    assert raw.count(b"\r\n") == raw.count(b"\n") == len(rows_of(source, "mentions")) + 1
    for name, row_class in TABLES.items():
        read = read_csv(tmp_path / f"{name}.csv")
        columns = columns_of(row_class)
        for row, cells in zip(rows_of(source, name), read, strict=True):
            for column in columns:
                cell = cells[column.name].removeprefix("'")
                value = getattr(row, column.name)
                if column.type == ColumnType.TEXTS:
                    assert cell == " | ".join(value)
                elif column.type == ColumnType.TEXT:
                    assert cell == (value or "")
                elif column.type == ColumnType.BOOLEAN:
                    assert cell == {None: "", True: "true", False: "false"}[value]
                else:
                    assert float(cell) == value


def test_tables_csv_cells_are_no_formulas(tmp_path: Path) -> None:
    write_tables(write_source(tmp_path), tmp_path, get_table_format("csv"))
    cells = [
        cell
        for name in TABLES
        for row in read_csv(tmp_path / f"{name}.csv")
        for cell in row.values()
    ]
    assert "'+SUM" in cells
    assert "'@1" in cells
    assert """'=HYPERLINK("x")""" in cells
    assert [cell for cell in cells if cell and cell[0] in RISKY.replace("'", "")] == []


def test_tables_parquet_keeps_types_and_values(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    source = write_source(tmp_path, is_linked=True)
    write_tables(source, tmp_path, get_table_format("parquet"))
    for name, row_class in TABLES.items():
        table = parquet.read_table(tmp_path / f"{name}.parquet")
        expected = [
            {c.name: getattr(row, c.name) for c in columns_of(row_class)}
            for row in rows_of(source, name)
        ]
        found = [
            {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
            for row in table.to_pylist()
        ]
        assert found == expected
        assert (
            table.schema.field(0).metadata[b"meaning"].decode() == columns_of(row_class)[0].meaning
        )


def test_tables_parquet_is_written_in_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(parquet_tables, "ROW_GROUP", 5)
    write_tables(write_source(tmp_path), tmp_path, get_table_format("parquet"))
    file = parquet.ParquetFile(tmp_path / "mentions.parquet")
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [5, 5, 3]


def test_tables_memory_does_not_grow_with_the_documents(tmp_path: Path) -> None:
    def peak(n: int) -> int:
        path = tmp_path / f"{n}.jsonl"
        copies = (
            LabeledDocument(Document(f"d{i}", paper().document.text), paper().annotation)
            for i in range(n)
        )
        write_jsonl(copies, path)
        tracemalloc.start()
        write_tables(OutputSource((path,)), tmp_path / "t", get_table_format("csv"))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(5)
    assert peak(200) < peak(20) + 300_000


def test_tables_leave_earlier_files_where_a_line_breaks_the_form(tmp_path: Path) -> None:
    source = write_source(tmp_path, paper())
    write_tables(source, tmp_path / "t", get_table_format("csv"))
    before = {p.name: p.read_bytes() for p in (tmp_path / "t").iterdir()}
    with source.documents[0].open("a") as stream:
        stream.write('{"schema": "somex.document/1"}\n')
    with pytest.raises(FormatError, match=r"documents\.jsonl:2"):
        write_tables(source, tmp_path / "t", get_table_format("csv"))
    assert {p.name: p.read_bytes() for p in (tmp_path / "t").iterdir()} == before


def test_tables_unknown_format_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="unknown table format 'xls'; valid: csv, parquet"):
        get_table_format("xls")


def test_tables_context_of_a_long_sentence_is_cut() -> None:
    text = "word " * 200 + "Reedcount" + " word" * 200
    start = text.index("Reedcount")
    mention = paper().annotation.mentions[0]
    document = Document("long", text)
    moved = type(mention)(mention.type, start, start + 9)
    labeled = LabeledDocument(document, type(paper().annotation)((moved,)))
    context = DocumentFacts(Result(labeled, None), Linking()).context_of(moved)
    assert len(text) > MAX_SENTENCE
    assert 150 < len(context) < 180
    assert "Reedcount" in context


@pytest.mark.parametrize(
    ("one", "other"),
    [("Reed-Count", "REEDCOUNT"), ("Reed Count", "reed_count"), ("Ｒeed", "reed")],
)
def test_tables_name_key_passes_over_case_and_punctuation(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_tables_name_key_keeps_signs_that_tell() -> None:
    assert len({name_key(name) for name in ("C", "C++", "C#", "...")}) == 4


def test_source_refuses_a_document_of_two_files(tmp_path: Path) -> None:
    source = write_source(tmp_path, paper())
    other = tmp_path / "other.jsonl"
    write_jsonl([paper()], other)
    with pytest.raises(FormatError, match=r"'papers/reeds' is in .*documents\.jsonl too"):
        list(OutputSource((*source.documents, other)).results())


def test_source_reads_the_folder_of_extract(tmp_path: Path) -> None:
    write_source(tmp_path, paper())
    (labeled,) = OutputSource((tmp_path,)).labeled()
    assert labeled == paper()


def test_source_refuses_a_mention_of_two_software(tmp_path: Path) -> None:
    first, second = linked()
    clash = type(second)("s3", "X", ("X",), second.type, first.mentions)
    write_software([first, clash], tmp_path / "s.jsonl")
    with pytest.raises(FormatError, match="T1 of 'papers/reeds' belongs to software 's1' and 's3'"):
        OutputSource((), tmp_path / "s.jsonl").linking()


def test_source_refuses_a_linking_of_other_mentions(tmp_path: Path) -> None:
    source = write_source(tmp_path, is_linked=True)
    write_jsonl([LabeledDocument(paper().document)], source.documents[0])
    with pytest.raises(FormatError, match="T1 of document 'papers/reeds', which has 0 mentions"):
        list(iterate_rows(source))


def test_source_refuses_a_software_twice(tmp_path: Path) -> None:
    write_software([linked()[0], linked()[0]], tmp_path / "s.jsonl")
    with pytest.raises(FormatError, match="'s1' comes twice"):
        OutputSource((), tmp_path / "s.jsonl").linking()


def test_rows_docs_have_all_columns() -> None:
    page = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
    assert format_columns() in page


def test_rows_of_every_relation_have_their_column() -> None:
    shown = {
        RelationType.PLUGIN_OF: "hosts",
        RelationType.SPECIFICATION_OF: "attached_to",
        RelationType.ABBREVIATION_OF: "abbreviations",
        RelationType.ALTERNATIVE_NAME_OF: "alternative_names",
        RelationType.LICENSE_OF: "licenses",
        RelationType.URL_OF: "urls",
    }
    names = {column.name for column in columns_of(TABLES["mentions"])}
    for type in RelationType:
        usual = type.removesuffix("_of").lower() + "s"
        assert shown.get(type, usual) in names
