from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

import paper
import paper_pdf
import somex
from somex.core import Document, ElementLocator, EntityType, FormatError, PageLocator
from somex.models import mpnet_joint
from somex.readers.jsonl import document_from_json, document_to_json
from somex.readers.papers import read_paper
from somex.readers.registry import detect_format

SCHEMA = "document.schema.json"
FILES = ("p.txt", "p.xml", "p.tei", "p.html", "p.md", "p.pdf")
WANTED = " ".join(" ".join(paper.blocks()).split())

needs_model = pytest.mark.skipif(
    not (mpnet_joint() / "encode.onnx").is_file(),
    reason=f"the embedded model is not in {mpnet_joint()}",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("paper")
    for name, content in zip(
        FILES,
        (
            paper.as_text(),
            paper.as_jats(),
            paper.as_tei(),
            paper.as_html(),
            paper.as_markdown(),
            paper_pdf.as_pdf(),
        ),
        strict=True,
    ):
        (made / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return made


@pytest.fixture(scope="module")
def documents(folder: Path) -> dict[str, Document]:
    return {name: read_paper(folder / name) for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_papers_text_is_the_same_in_all_formats(documents: dict[str, Document], name: str) -> None:
    assert " ".join(documents[name].text.split()) == WANTED


@pytest.mark.parametrize("name", FILES[1:])
def test_papers_keep_title_ids_and_sections(documents: dict[str, Document], name: str) -> None:
    found = documents[name]
    assert found.provenance["title"] == paper.TITLE
    assert name == "p.pdf" or found.provenance["doi"] == paper.DOI
    assert name != "p.xml" or found.provenance["pmcid"] == paper.PMCID
    named = [section.name for section in found.sections]
    assert named == ["Abstract", *(heading for heading, _ in paper.SECTIONS)]
    for section in found.sections:
        assert found.slice(section.char_start, section.char_end).startswith(section.name)


@pytest.mark.parametrize("name", FILES)
def test_papers_call_outs_lead_to_references(documents: dict[str, Document], name: str) -> None:
    found = documents[name]
    assert len(found.references) == len(paper.REFERENCES)
    for reference, (_, title, _, doi) in zip(found.references, paper.REFERENCES, strict=True):
        assert title in reference.text
        assert reference.doi == doi
    start = found.text.index("[1,2]")
    cited = found.references_of(start, start + 5)
    assert [reference.doi for reference in cited] == [None, "10.18637/jss.v067.i01"]
    assert found.references_of(0, 5) == ()
    assert not any(title in found.text for _, title, _, _ in paper.REFERENCES)


@pytest.mark.parametrize("name", FILES[1:])
def test_papers_links_are_seen(documents: dict[str, Document], name: str) -> None:
    found = documents[name]
    seen = {
        " ".join(found.slice(link.char_start, link.char_end).split()): link.url
        for link in found.links
    }
    assert seen == {
        "the project page": "https://github.com/willowlab/ringflow",
        "released separately": "https://floodsim.example.org/download",
    }
    start = found.text.index("project page")
    assert found.urls_of(start, start + 3) == ("https://github.com/willowlab/ringflow",)


def element_at(root: ElementTree.Element, path: str) -> ElementTree.Element:
    node = root
    for step in path.split("/")[2:]:
        tag, number = step.rstrip("]").split("[")
        same = [child for child in node if child.tag.rpartition("}")[2] == tag]
        node = same[int(number) - 1]
    return node


def sources(documents: dict[str, Document], name: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each stretch of the text with what stands at its origin."""
    from lxml import html

    raw = (folder / name).read_text(encoding="utf-8")
    if name == "p.html":
        page = html.document_fromstring(raw.encode(), parser=html.HTMLParser(encoding="utf-8"))
    elif name != "p.md":
        root = ElementTree.fromstring(raw)
    document = documents[name]
    for origin in document.origins:
        place = origin.locator
        assert isinstance(place, ElementLocator)
        if name == "p.md":
            whole = raw
        elif name == "p.html":
            whole = page.xpath(f"string({place.path})")
        else:
            whole = "".join(element_at(root, place.path).itertext())
        shown = document.slice(origin.char_start, origin.char_end)
        yield shown, whole[place.source_start : place.source_end]


@pytest.mark.parametrize("name", ["p.xml", "p.tei", "p.html", "p.md"])
def test_papers_every_character_leads_back_to_its_element(
    documents: dict[str, Document], folder: Path, name: str
) -> None:
    n_chars = 0
    for shown, source in sources(documents, name, folder):
        assert shown == re.sub(r"\s", " ", source) or (shown == " " and source.isspace())
        n_chars += len(shown)
    assert n_chars >= len(documents[name].text) - 2 * len(paper.blocks())


def test_papers_every_character_of_a_pdf_has_page_and_box(
    documents: dict[str, Document], folder: Path
) -> None:
    import pypdfium2

    found = documents["p.pdf"]
    pages = pypdfium2.PdfDocument(folder / "p.pdf")
    assert len(pages) >= 3
    text_pages = [page.get_textpage() for page in pages]
    for char in range(0, len(found.text), 7):
        origin = found.origin_of(char)
        if origin is None:
            assert found.text[char].isspace()
            continue
        place = origin.locator
        assert isinstance(place, PageLocator)
        left, bottom, right, top = place.box
        there = text_pages[place.page - 1].get_text_bounded(left - 1, bottom, right + 1, top)
        plain = there.replace("\ufb01", "fi").replace("\ufb02", "fl")
        assert found.text[char].isspace() or found.text[char] in plain


def keys(found: somex.LabeledDocument) -> list[tuple[EntityType, str]]:
    slices = (found.document.slice(m.char_start, m.char_end) for m in found.annotation.mentions)
    texts = (" ".join(text.split()) for text in slices)
    return list(zip((m.type for m in found.annotation.mentions), texts, strict=True))


def agreement(a: list[tuple[EntityType, str]], b: list[tuple[EntityType, str]]) -> float:
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, a, b, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks()) / max(len(a), len(b))


@pytest.fixture(scope="module")
def annotated(documents: dict[str, Document]) -> dict[str, somex.LabeledDocument]:
    extractor = somex.load(n_threads=1)
    return {name: extractor.annotate([documents[name]])[0] for name in FILES}


@needs_model
@pytest.mark.parametrize("name", FILES)
def test_papers_mentions_agree_and_lead_back(
    annotated: dict[str, somex.LabeledDocument], name: str
) -> None:
    wanted, found = keys(annotated["p.txt"]), keys(annotated[name])
    assert len(wanted) >= 40
    share = agreement(wanted, found)
    print(f"{name}: {len(found)} mentions, agreement {share:.3f}")
    assert share >= 0.95
    document = annotated[name].document
    for mention in annotated[name].annotation.mentions if name != "p.txt" else ():
        origins = document.origins_of(mention.char_start, mention.char_end)
        covered = "".join(document.slice(o.char_start, o.char_end) for o in origins)
        text = document.slice(mention.char_start, mention.char_end)
        assert "".join(covered.split()) == "".join(text.split())


@needs_model
@pytest.mark.parametrize("name", ["p.xml", "p.pdf"])
def test_papers_json_lines_carry_origins_references_and_urls(
    annotated: dict[str, somex.LabeledDocument], name: str
) -> None:
    line = document_to_json(annotated[name])
    assert document_from_json(line) == replace_confidences(annotated[name], line)
    assert all(mention["origins"] for mention in line["mentions"])
    cited = [m for m in line["mentions"] if m["type"] == "Citation" and m["text"][0] == "["]
    assert cited
    assert all(mention["references"] for mention in cited)
    schema = json.loads(resources.files("somex.readers").joinpath(SCHEMA).read_text())
    jsonschema.validate(json.loads(json.dumps(line)), schema)


def replace_confidences(
    labeled: somex.LabeledDocument, line: dict[str, object]
) -> somex.LabeledDocument:
    """Return the document with the annotation that the line gives: confidences are rounded."""
    return somex.LabeledDocument(labeled.document, document_from_json(line).annotation)


def test_papers_formats_are_found_and_read(folder: Path) -> None:
    names = {name: detect_format(folder / name).name for name in FILES}
    assert list(names.values()) == ["text", "jats", "tei", "html", "markdown", "pdf"]
    (labeled,) = somex.read_corpus(folder / "p.xml")
    assert labeled.document.provenance["format"] == "jats"
    assert list(detect_format(folder / "p.xml").validate(folder / "p.xml")) == []


def test_papers_gz_is_read_as_what_it_holds(folder: Path, tmp_path: Path) -> None:
    for name in FILES:
        packed = tmp_path / f"{name}.gz"
        packed.write_bytes(gzip.compress((folder / name).read_bytes()))
        assert " ".join(read_paper(packed).text.split()) == WANTED


def test_papers_softcite_and_unknown_roots_are_told(tmp_path: Path) -> None:
    for content, message in (
        ("<teiCorpus/>", "Softcite"),
        ("<gpx/>", r"its root is <gpx>; valid: <article>"),
        ("no mark-up", "no well-formed XML"),
        ("<article/>", "holds no text to read"),
        ("<r><article/><article/></r>", "its root is <r>"),
        ("<pmc-articleset><article/><article/></pmc-articleset>", "more than one <article>"),
    ):
        (tmp_path / "x.xml").write_text(content)
        with pytest.raises(FormatError, match=message):
            read_paper(tmp_path / "x.xml")
