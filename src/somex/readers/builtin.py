"""The formats that somex ships, as its entry points in ``pyproject.toml`` name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from somex.core.errors import FormatError
from somex.core.types import LabeledDocument
from somex.readers.brat import check_brat, read_brat, write_brat
from somex.readers.files import write_text
from somex.readers.inputs import kind_of
from somex.readers.jsonl import check_jsonl, read_jsonl, write_jsonl
from somex.readers.jsonl_files import is_jsonl
from somex.readers.losses import WriteReport
from somex.readers.papers import check_papers, read_papers, root_of
from somex.readers.plain import check_texts, read_texts
from somex.readers.problems import Problem
from somex.readers.registry import Format, Matches
from somex.readers.softcite import check_softcite, read_softcite
from somex.readers.softcite_writer import write_softcite
from somex.readers.somd import (
    SPLITS,
    SomdPaths,
    check_somd,
    find_somd_split,
    read_somd,
    split_names,
)
from somex.readers.somd_writer import write_somd

_WRITTEN_SPLIT = "train"
_SNIFFED_BYTES = 4096


def find_somd(path: Path) -> list[SomdPaths]:
    """Return the splits that a folder holds, or the one whose text file ``path`` is.

    Raises:
        FormatError: There is none.
    """
    if path.is_dir():
        present = [split for split in SPLITS if (path / split_names(split)[0]).is_file()]
        if not present:
            names = ", ".join(split_names(split)[0] for split in SPLITS)
            raise FormatError(f"holds none of {names}", path=str(path))
        return [find_somd_split(path, split) for split in present]
    for split in SPLITS:
        if path.name == split_names(split)[0]:
            return [find_somd_split(path.parent, split)]
    return [SomdPaths(path)]


def _matches_somd(path: Path) -> bool:
    if path.is_dir():
        return any((path / split_names(split)[0]).is_file() for split in SPLITS)
    return any(path.name == split_names(split)[0] for split in SPLITS)


def _read_somd(path: Path) -> Iterator[LabeledDocument]:
    for found in find_somd(path):
        yield from read_somd(
            found.texts, entities_path=found.entities, relations_path=found.relations
        )


def _validate_somd(path: Path) -> Iterator[Problem]:
    for found in find_somd(path):
        yield from check_somd(found)
    if not path.is_dir():
        return
    text_of = {name: split_names(split)[0] for split in SPLITS for name in split_names(split)}
    for stray in sorted(path.glob("*.txt")):
        text_name = text_of.get(stray.name)
        if text_name is None:
            message = f"is no file of a split; their names: {', '.join(sorted(text_of))}"
            yield Problem(str(stray), None, message, "warning")
        elif not (path / text_name).is_file():
            yield Problem(str(stray), None, f"has no {text_name} beside it")


def _write_somd(documents: Iterable[LabeledDocument], path: Path) -> WriteReport:
    return write_somd(documents, path, split=_WRITTEN_SPLIT)


def _matches_brat(path: Path) -> bool:
    return path.is_dir() and next(path.rglob("*.ann"), None) is not None


def _matches_softcite(path: Path) -> bool:
    """Tell Softcite's ``<tei>`` from the ``<TEI>`` of other producers."""
    if not path.is_file() or path.suffix.lower() not in (".xml", ".tei"):
        return False
    with path.open("rb") as stream:
        head = stream.read(_SNIFFED_BYTES)
    return b"<teiCorpus" in head or b"<tei " in head or b"<tei>" in head


def _has_root(path: Path, root: str) -> bool:
    if not path.is_file() or kind_of(path.name) != "xml" or path.name.lower().endswith(".gz"):
        return False
    with path.open("rb") as stream:
        return root_of(stream.read(_SNIFFED_BYTES)) == root


def _is_kind(path: Path, kind: str) -> bool:
    return path.is_file() and kind_of(path.name) == kind


def _matches_text(path: Path) -> bool:
    if path.is_dir():
        return next(path.rglob("*.txt"), None) is not None
    return path.suffix.lower() == ".txt"


def _write_texts(documents: Iterable[LabeledDocument], path: Path) -> WriteReport:
    n_documents = n_mentions = n_relations = 0
    for labeled in documents:
        parts = labeled.document.id.split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise FormatError(f"document id {labeled.document.id!r} can't be a file name")
        write_text(labeled.document.text, path.joinpath(*parts[:-1], f"{parts[-1]}.txt"))
        n_documents += 1
        n_mentions += len(labeled.annotation.mentions)
        n_relations += len(labeled.annotation.relations)
    losses = {"mention": n_mentions, "relation": n_relations}
    return WriteReport(n_documents, 0, 0, {what: n for what, n in losses.items() if n})


SOMD = Format(
    "somd",
    "SOMD shared task: text, entity and relation file (written as split 'train')",
    _matches_somd,
    _read_somd,
    _write_somd,
    _validate_somd,
)
BRAT = Format(
    "brat",
    "BRAT stand-off: a folder of .txt and .ann",
    _matches_brat,
    read_brat,
    write_brat,
    check_brat,
)
SOFTCITE = Format(
    "softcite",
    "Softcite TEI XML: one file",
    _matches_softcite,
    read_softcite,
    write_softcite,
    check_softcite,
)
TEXT = Format(
    "text",
    "Plain text: a file or a folder of .txt, no annotation",
    _matches_text,
    read_texts,
    _write_texts,
    check_texts,
)
JSONL = Format(
    "jsonl",
    "JSON Lines of somex: one file, or a folder of `somex extract`",
    is_jsonl,
    read_jsonl,
    write_jsonl,
    check_jsonl,
)


def _paper(name: str, description: str, matches: Matches) -> Format:
    return Format(name, description, matches, read_papers, None, check_papers)


JATS = _paper("jats", "JATS XML of a paper, only read", lambda path: _has_root(path, "article"))
TEI = _paper("tei", "TEI XML of a paper (GROBID), only read", lambda path: _has_root(path, "TEI"))
PDF = _paper("pdf", "PDF of a paper, only read", lambda path: _is_kind(path, "pdf"))
HTML = _paper("html", "HTML of a paper, only read", lambda path: _is_kind(path, "html"))
MARKDOWN = _paper("markdown", "Markdown, only read", lambda path: _is_kind(path, "markdown"))
