from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from output_documents import HOSTILE, annotate, empty, hostile, paper, write_source
from somex.core import ConfigError, Document, EntityType, FormatError, LabeledDocument
from somex.outputs.report import write as writing
from somex.outputs.report.views import web_href, words
from somex.outputs.report.write import write_report
from somex.outputs.source import OutputSource


def page_of(tmp_path: Path, *documents: LabeledDocument) -> Any:
    write_report(write_source(tmp_path, *documents), tmp_path / "r.html")
    return html.parse(str(tmp_path / "r.html")).getroot()


def text_of(node: Any) -> str:
    return " ".join(node.text_content().split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_report(write_source(tmp_path), tmp_path / "report")
    return tmp_path / "report"


def test_report_has_a_mark_for_each_mention(tmp_path: Path) -> None:
    page = page_of(tmp_path, paper(), hostile())
    marks = page.xpath("//mark[@id]")
    found = Counter(mark.get("class") for mark in marks)
    annotations = (paper().annotation, hostile().annotation)
    assert found == Counter(f"t-{m.type}" for a in annotations for m in a.mentions)
    words_in = ["".join(mark.xpath("./text()")).strip() for mark in marks]
    expected = [
        labeled.document.slice(m.char_start, m.char_end)
        for labeled in (paper(), hostile())
        for m in labeled.annotation.mentions
    ]
    assert words_in == expected


def test_report_keeps_the_whole_text(tmp_path: Path) -> None:
    page = page_of(tmp_path, paper())
    (body,) = page.xpath("//div[@class='text']")
    for extra in body.xpath(".//small | .//a[@class='far'] | .//summary"):
        extra.drop_tree()
    assert text_of(body) == " ".join(paper().document.text.split())


def test_report_arcs_are_the_relations_within_sentences(tmp_path: Path) -> None:
    page = page_of(tmp_path, paper())
    arcs = [arc for s in page.xpath("//*[@data-arcs]") for arc in json.loads(s.get("data-arcs"))]
    assert ["p1-T2", "p1-T1", "version of"] in arcs
    (far,) = page.xpath("//a[@class='far']")
    assert (far.get("href"), far.text) == ("#p1-T5", "→ Gullnet")
    assert len(arcs) + 1 == len(paper().annotation.relations)
    ids = set(page.xpath("//@id"))
    assert all({head, tail} <= ids for head, tail, _ in arcs)


def test_report_mentions_are_described(tmp_path: Path) -> None:
    page = page_of(tmp_path, paper())
    (mark,) = page.xpath("//mark[@id='p1-T1']")
    described = text_of(page.get_element_by_id(mark.get("aria-describedby")))
    for fact in ("confidence 0.88", "purpose Usage", "version 2.1", "developer Heron Labs"):
        assert fact.replace(" ", "") in described.replace(" ", "")
    assert "10.5555/count.3" in described


def test_report_tells_of_a_mention_what_is_said_elsewhere(tmp_path: Path) -> None:
    page = page_of(tmp_path, paper())
    (mark,) = page.xpath("//mark[@id='p1-T8']")
    described = text_of(page.get_element_by_id(mark.get("aria-describedby")))
    assert "version, said elsewhere 2.1".replace(" ", "") in described.replace(" ", "")


def test_report_folds_paragraphs_without_mentions(tmp_path: Path) -> None:
    page = page_of(tmp_path, paper())
    (fold,) = page.xpath("//details[@class='fold']")
    assert text_of(fold.find("summary")) == "2 paragraphs without mentions"
    assert [text_of(h) for h in page.xpath("//h3")] == ["Methods", "Results"]
    assert not page.xpath("//details[@class='fold']//mark")


def test_report_escapes_hostile_text(folder: Path) -> None:
    for path in folder.rglob("*.html"):
        raw = path.read_text(encoding="utf-8")
        assert HOSTILE not in raw
        assert "<img" not in raw
        assert "<b>&lt;script" not in raw
        page = html.parse(str(path)).getroot()
        (script,) = page.xpath("//script")
        assert "alert" not in script.text
        for address in page.xpath("//@href"):
            assert re.match(r"https?://|#|\.\./|papers/|index", address), address
        assert not page.xpath("//@*[starts-with(name(), 'on')]")


def test_report_needs_no_network_and_runs_only_its_own_script(folder: Path) -> None:
    for path in folder.rglob("*.html"):
        page = html.parse(str(path)).getroot()
        assert not page.xpath("//link | //img | //iframe | //script[@src] | //@style")
        style, script = page.xpath("//style")[0].text, page.xpath("//script")[0].text
        assert "url(" not in style
        assert "@import" not in style
        (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy.startswith("default-src 'none'; ")
        for text in (style, script):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy


def test_report_pages_are_accessible_in_their_basics(folder: Path) -> None:
    for path in folder.rglob("*.html"):
        page = html.parse(str(path)).getroot()
        assert page.get("lang") == "en"
        assert text_of(page.find(".//title"))
        assert len(page.xpath("//h1")) == len(page.xpath("//main")) == 1
        levels = [int(h.tag[1]) for h in page.xpath("//h1|//h2|//h3|//h4|//h5|//h6")]
        assert all(b <= a + 1 for a, b in pairwise(levels)), path
        assert all(text_of(h) for h in page.xpath("//h1|//h2|//h3|//h4"))
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids))
        for mark in page.xpath("//mark"):
            assert mark.get("tabindex") == "0"
            assert mark.xpath("./small/text()")
        for table in page.xpath("//table"):
            assert table.xpath("./caption")
            assert not table.xpath(".//th[not(@scope)]")
        for one in page.xpath("//*[@class='scroll'] | //nav"):
            assert one.get("aria-label")
        assert not page.xpath("//a[not(normalize-space())] | //button[not(normalize-space())]")
        targets = {href[1:] for href in page.xpath("//@href") if href.startswith("#")}
        assert targets <= {*ids}
        named = {i for value in page.xpath("//@aria-describedby") for i in value.split()}
        assert named <= {*ids}


def test_report_tables_have_as_many_cells_as_heads(folder: Path) -> None:
    for path in folder.rglob("*.html"):
        for table in html.parse(str(path)).getroot().xpath("//table[@class='sortable']"):
            heads = table.xpath("./thead/tr/th/button")
            assert heads
            assert {len(row) for row in table.xpath("./tbody/tr")} <= {len(heads)}


def test_report_index_counts_the_corpus(folder: Path) -> None:
    page = html.parse(str(folder / "index.html")).getroot()
    figures = [text_of(item) for item in page.xpath("//ul[@class='figures']/li")]
    assert figures[0] == "3 papers"
    assert figures[1] == "2 of them mention software"
    assert figures[2] == "13 mentions of all types"
    assert figures[3].startswith("40 %")  # of Reedcount, Gullnet, and three names, two
    assert figures[4].startswith("80 %")
    assert [text_of(h) for h in page.xpath("//section[@class='chart']/h3")][:3] == [
        "Most used software",
        "Missing versions",
        "Missing citations",
    ]
    rows = page.xpath("//h2[@id='papers']/following::tbody/tr")
    assert len(rows) == 3
    for row in rows:
        (href,) = row.xpath(".//a/@href")
        assert (folder / href).is_file()
    assert len(list((folder / "papers").iterdir())) == 3


def test_report_bars_have_lengths_of_their_numbers(tmp_path: Path) -> None:
    documents = [
        annotate(
            Document(f"d{n}", "We ran Reedcount and Gullnet."),
            [(EntityType.APPLICATION, "Reedcount"), (EntityType.APPLICATION, "Gullnet")][: 1 + n],
            [],
        )
        for n in range(2)
    ]
    write_report(write_source(tmp_path, *documents), tmp_path / "r")
    page = html.parse(str(tmp_path / "r" / "index.html")).getroot()
    first = page.xpath("//section[@class='chart']")[0]
    assert [text_of(th) for th in first.xpath(".//th")] == ["Reedcount", "Gullnet"]
    assert first.xpath(".//rect/@width") == ["100.00", "50.00"]
    assert [text_of(td) for td in first.xpath(".//td[@class='n']")] == ["2", "1"]


def test_report_with_linking_counts_one_software_once(tmp_path: Path) -> None:
    write_report(write_source(tmp_path, is_linked=True), tmp_path / "r")
    page = html.parse(str(tmp_path / "r" / "index.html")).getroot()
    names = [text_of(th) for th in page.xpath("//h2[@id='software']/following::table[1]/tbody//th")]
    assert names == ["Reedcount Reed-Count url", "Gullnet"] or names[0].startswith("Reedcount")
    assert len(names) == 2
    assert "grouped by spelling" not in text_of(page)


def test_report_lists_many_papers_on_several_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ROWS_A_PAGE", 2)
    write_report(write_source(tmp_path), tmp_path / "r")
    assert sorted(p.name for p in (tmp_path / "r").glob("*.html")) == ["index-2.html", "index.html"]
    page = html.parse(str(tmp_path / "r" / "index-2.html")).getroot()
    assert text_of(page.find(".//h1")) == "Papers 3 to 3"
    assert page.xpath("//nav[@class='pager']//a/@href") == ["index.html"]


def test_report_one_page_refuses_a_corpus(tmp_path: Path) -> None:
    many = [LabeledDocument(Document(f"d{n}", "Reeds.")) for n in range(21)]
    with pytest.raises(ConfigError, match="at most 20 papers; name a folder"):
        write_report(write_source(tmp_path, *many), tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_report_refuses_a_folder_with_other_things(tmp_path: Path) -> None:
    source = write_source(tmp_path, paper())
    with pytest.raises(FormatError, match="holds other things"):
        write_report(source, tmp_path)


def test_report_of_nothing_is_a_page(tmp_path: Path) -> None:
    path = tmp_path / "documents.jsonl"
    path.write_text("")
    write_report(OutputSource((path,)), tmp_path / "r")
    page = html.parse(str(tmp_path / "r" / "index.html")).getroot()
    assert text_of(page.find(".//h1")) == "Software in 0 papers"
    assert not page.xpath("//section[@class='chart']")


def test_report_of_a_quiet_paper_says_so(tmp_path: Path) -> None:
    page = page_of(tmp_path, empty())
    assert "No software was found." in text_of(page)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Version_of", "version of"),
        ("URL", "URL"),
        ("PlugIn_of", "plug-in of"),
        ("ProgrammingEnvironment", "programming environment"),
    ],
)
def test_report_words_spell_the_schema(name: str, expected: str) -> None:
    assert words(name) == expected


@pytest.mark.parametrize("text", ["javascript:alert(1)", "data:text/html,x", "www.x.org", "//x"])
def test_report_links_only_to_the_web(text: str) -> None:
    assert web_href(text) is None
    assert web_href("https://x.org/a") == "https://x.org/a"
