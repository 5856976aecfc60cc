"""Two hundred damaged inputs: each gives one clear error or a document, and the batch goes on."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import paper
import paper_pdf
from somex.core import Annotation, Document, LabeledDocument
from somex.pipeline import Extractor, Failure, extract_files
from somex.readers.inputs import find_sources

N_INPUTS = 200
MAX_SECONDS = 10.0
"""Of processor time, so that a busy machine does not count."""
LONG_LINE_BYTES = 100_000_000
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi"))  # noqa: B905
    + "]><article><body><p>&i;</p></body></article>"
)
EXTERNAL = (
    '<!DOCTYPE article [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<article><body><p>&x;</p></body></article>"
)
PARAMETER = (
    '<!DOCTYPE article [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]>'
    "<article><body><p>text</p></body></article>"
)


class Silent(Extractor):
    """Finds nothing, at once."""

    def __init__(self) -> None:
        pass

    def to_json(self) -> dict[str, object]:
        return {"name": "silent"}

    def annotate(self, documents: Sequence[Document]) -> list[LabeledDocument]:
        return [LabeledDocument(document, Annotation()) for document in documents]


def flip(raw: bytes, rng: random.Random, n: int) -> bytes:
    found = bytearray(raw)
    for _ in range(n):
        found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def cut(raw: bytes, rng: random.Random) -> bytes:
    return raw[: rng.randrange(1, len(raw) - 20)]


def tar_of(member: tarfile.TarInfo, content: bytes = b"") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def zip_of(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def link_to(target: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo("paper.xml")
    member.type, member.linkname = kind, target
    return member


def certain() -> dict[str, bytes]:
    """Return the inputs that can't be read at all."""
    jats, text = paper.as_jats().encode(), paper.as_text().encode()
    found = {
        "laughs.xml": LAUGHS.encode(),
        "laughs.tei": LAUGHS.replace("article", "TEI").encode(),
        "external.xml": EXTERNAL.encode(),
        "parameter.xml": PARAMETER.encode(),
        "latin.txt": "Größe, gemessen mit R".encode("latin-1"),
        "wide.txt": "We used R.".encode("utf-16"),
        "latin.md": "# Größe".encode("latin-1"),
        "latin.xml": "<article><body><p>Größe</p></body></article>".encode("latin-1"),
        "odd.xml": b'<?xml version="1.0" encoding="klingon"?><article/>',
        "multi.xml": b'<?xml version="1.0" encoding="shift_jis"?><article/>',
        "claims.html": "<html><meta charset='ascii'><p>Größe".encode("latin-1"),
        "nul.html": b"<html><p>a\0b</p></html>",
        "deep.xml": b"<article>" + b"<sec>" * 50_000,
        "image.pdf": b"\x89PNG\r\n\x1a\n" + b"x" * 500,
        "bomb.txt.gz": gzip.compress(b"a" * 100_000_000, compresslevel=1),
        "bomb.zip": zip_of("a.txt", b"a" * 30_000_000),
        "none.gz": b"no gzip",
        "none.zip": b"no zip",
        "none.tar.gz": gzip.compress(b"no tar" * 500),
        "none.tgz": b"\x1f\x8b\x08",
        "blank.zip": zip_of("readme.rst", b"x"),
        "nested.zip": zip_of("inner.zip", zip_of("a.txt", b"x")),
        "up.zip": zip_of("../../paper.txt", text),
        "up.tar.gz": tar_of(tarfile.TarInfo("../paper.txt"), text),
        "root.tgz": tar_of(tarfile.TarInfo("/tmp/paper.xml"), jats),
        "drive.zip": zip_of("C:\\paper.txt", text),
        "symbolic.tgz": tar_of(link_to("/etc/passwd", tarfile.SYMTYPE)),
        "hard.tgz": tar_of(link_to("other.xml", tarfile.LNKTYPE)),
        "device.tgz": tar_of(link_to("", tarfile.CHRTYPE)),
        "line.txt": b"a" * LONG_LINE_BYTES,
        "line.md": b"word " * 14_000_000,
        "line.html": b"<p>" + b"word " * 14_000_000,
        "line.xml": b"<article><body><p>" + b"word " * (LONG_LINE_BYTES // 5),
    }
    empty = ("xml", "tei", "html", "md", "pdf", "zip", "tar", "tar.gz", "txt.gz", "xml.gz")
    return found | {f"empty.{suffix}": b"" for suffix in empty}


def damaged(n: int) -> dict[str, bytes]:
    """Return ``n`` inputs that chance has damaged; some can still be read."""
    rng = random.Random(5)
    whole = {
        "xml": paper.as_jats().encode(),
        "tei": paper.as_tei().encode(),
        "html": paper.as_html().encode(),
        "md": paper.as_markdown().encode(),
        "pdf": paper_pdf.as_pdf(),
    }
    whole["zip"] = zip_of("paper.xml", whole["xml"])
    whole["tar.gz"] = tar_of(tarfile.TarInfo("paper.tei"), whole["tei"])
    whole["xml.gz"] = gzip.compress(whole["xml"])
    found = {}
    for number in range(n):
        suffix = list(whole)[number % len(whole)]
        raw = whole[suffix]
        kind = rng.choice(["cut", "few", "many"])
        raw = cut(raw, rng) if kind == "cut" else flip(raw, rng, 3 if kind == "few" else 200)
        found[f"{number:03}-{kind}.{suffix}"] = raw
    return found


REASONS = {
    "laughs.xml": "declares an entity or uses one from outside",
    "external.xml": "declares an entity or uses one from outside",
    "latin.txt": "is not UTF-8",
    "bomb.txt.gz": "has more than 67,108,864 bytes",
    "bomb.zip": "unpacks from",
    "up.zip": "has a name with '..', which leads out of the archive",
    "root.tgz": "has an absolute name",
    "symbolic.tgz": "is a link",
    "line.xml": "holds more than 5,000,000 characters",
    "empty.pdf": "is no readable PDF",
    "empty.xml": "is empty",
    "deep.xml": "nests elements deeper than",
}


def run(inputs: dict[str, bytes], folder: Path, out: Path) -> dict[str, LabeledDocument | Failure]:
    folder.mkdir()
    for name, raw in inputs.items():
        (folder / name).write_bytes(raw)
    sources = find_sources([folder / name for name in inputs])
    results: dict[str, LabeledDocument | Failure] = {}
    started = time.process_time()
    for source, result in zip(sources, extract_files(Silent(), sources, out), strict=True):
        assert result is not None
        assert time.process_time() - started < MAX_SECONDS, f"{source.label} takes too long"
        results[source.path.name] = result
        started = time.process_time()
    return results


def test_damaged_inputs_give_one_clear_error_each(tmp_path: Path) -> None:
    sure = certain()
    maybe = damaged(N_INPUTS - len(sure))
    good = {"good.txt": b"We used R.", "last.xml": paper.as_jats().encode()}
    results = run({**sure, **maybe, **good}, tmp_path / "in", tmp_path / "out")
    assert len(results) == N_INPUTS + 2
    failed = {name: r.reason for name, r in results.items() if isinstance(r, Failure)}
    assert [name for name in sure if name not in failed] == []
    assert len(failed) >= N_INPUTS // 2
    assert not set(good) & set(failed)
    for name, reason in failed.items():
        assert name in reason
        assert len(reason.splitlines()) == 1
        assert not any(word in reason for word in ("Error(", "Traceback", "Exception(")), reason
    for name, reason in REASONS.items():
        assert reason in failed[name]
    lines = (tmp_path / "out" / "failures.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(failed)
    assert all(str(tmp_path / "in") in json.loads(line)["path"] for line in lines)
    done = (tmp_path / "out" / "documents.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(done) == len(results) - len(failed)
    assert "root:" not in "".join(done)
