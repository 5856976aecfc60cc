"""The composer: load a model, read, predict, write; a stopped run goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from somex.core.errors import FormatError, SomexError
from somex.core.types import Document, LabeledDocument
from somex.decoding import DecodingConfig
from somex.model.folder import open_predictor
from somex.model.predictor import Predictor
from somex.model_registry import ModelInfo, find_model
from somex.readers.jsonl import document_to_json
from somex.readers.plain import read_text

OUTPUT_FILE = "documents.jsonl"
FAILURES_FILE = "failures.jsonl"
TEXT_SUFFIXES = (".txt", ".text")


class Extractor:
    """A loaded model: finds mentions and relations in texts and documents."""

    def __init__(self, predictor: Predictor, *, info: ModelInfo) -> None:
        self._predictor = predictor
        self.info = info

    def to_json(self) -> dict[str, Any]:
        """Return what a result says of what made it: model and threshold."""
        return {**self.info.to_json(), "min_confidence": self._predictor.decoding.min_confidence}

    def extract(self, text: str, *, id: str = "text") -> LabeledDocument:
        """Find the software mentions of a text.

        Args:
            text: Natural text, of any length.
            id: What to call the document.

        Returns:
            The document with its mentions and relations, each with its confidence.
        """
        return self.annotate([Document(id, text)])[0]

    def annotate(self, documents: Sequence[Document]) -> list[LabeledDocument]:
        """Annotate documents; sentences and tokens that they already have are kept."""
        annotations = self._predictor.annotate(documents)
        return [LabeledDocument(d, a) for d, a in zip(documents, annotations, strict=True)]


def load(
    model: str | Path = "default",
    *,
    backend: str = "auto",
    min_confidence: float = 0.0,
    n_threads: int | None = None,
) -> Extractor:
    """Load a model.

    Args:
        model: ``default``, the name of an installed model, or a model folder.
        backend: ``onnx``, ``torch``, or ``auto``: onnx where the model holds it.
        min_confidence: Mentions less sure than this (0 to 1) are left out.
        n_threads: Threads of ONNX Runtime; as many as cores by default.

    Raises:
        ModelError: There is no such model, or it is incomplete.
    """
    info = find_model(model)
    decoding = DecodingConfig(min_confidence=min_confidence)
    predictor = open_predictor(info.folder, backend=backend, decoding=decoding, n_threads=n_threads)
    return Extractor(predictor, info=info)


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be processed, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file to read and the id that its document gets."""

    path: Path
    id: str


def find_texts(sources: Iterable[Path]) -> list[TextFile]:
    """List the text files of files and folders (searched through, in the order of their names).

    Raises:
        FormatError: A source does not exist, or a folder holds no text file.
    """
    found: dict[Path, TextFile] = {}
    for source in sources:
        if source.is_file():
            found.setdefault(source.resolve(), TextFile(source, source.stem))
        elif source.is_dir():
            inside = sorted(p for p in source.rglob("*") if _is_text(p))
            if not inside:
                message = f"holds no text file ({', '.join(TEXT_SUFFIXES)})"
                raise FormatError(message, path=str(source))
            for path in inside:
                name = path.relative_to(source).with_suffix("").as_posix()
                found.setdefault(path.resolve(), TextFile(path, name))
        else:
            raise FormatError("does not exist; give a text file or a folder", path=str(source))
    return _unique_ids(list(found.values()))


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in TEXT_SUFFIXES and path.is_file()


def _unique_ids(files: list[TextFile]) -> list[TextFile]:
    """Call files of the same id by their path, without suffix where that is enough."""
    names = [file.id for file in files]
    bare_paths = [file.path.with_suffix("").as_posix() for file in files]
    for longer in (bare_paths, [file.path.as_posix() for file in files]):
        counts = Counter(names)
        both = zip(names, longer, strict=True)
        names = [name if counts[name] == 1 else long for name, long in both]
    return [replace(file, id=name) for file, name in zip(files, names, strict=True)]


def extract_files(
    extractor: Extractor, files: Sequence[TextFile], folder: Path
) -> Iterator[LabeledDocument | Failure | None]:
    """Extract from files into ``folder/documents.jsonl``, one document a line.

    A run that was stopped, at any moment, goes on: lines of the same source bytes and model are
    kept, an unfinished line, changed sources and other models' lines are done again. Files that
    fail are listed in ``failures.jsonl``, and the run goes on.

    Args:
        extractor: The loaded model.
        files: What to read.
        folder: Gets the output; made where it is missing.

    Yields:
        One item a file: the labelled document, the failure, or None for one already done.

    Raises:
        FormatError: The folder can't be made.
    """
    _make_folder(folder)
    output = folder / OUTPUT_FILE
    model = extractor.to_json()
    done = _keep_finished(output, {file.id: file.path for file in files}, model)
    failures: list[Failure] = []
    with output.open("a", encoding="utf-8", newline="\n") as stream:
        for file in files:
            if file.id in done:
                yield None
                continue
            result = _annotate_file(extractor, file)
            if isinstance(result, Failure):
                failures.append(result)
            else:
                line = json.dumps(document_to_json(result, model=model), ensure_ascii=False)
                stream.write(line + "\n")
                stream.flush()
            yield result
    _write_failures(failures, folder / FAILURES_FILE)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"can't be the output folder: {error.strerror}"
        raise FormatError(message, path=str(folder)) from None


def annotate_files(
    extractor: Extractor, files: Iterable[TextFile]
) -> Iterator[LabeledDocument | Failure]:
    """Yield the labelled document of each file, or why there is none."""
    return (_annotate_file(extractor, file) for file in files)


def _annotate_file(extractor: Extractor, file: TextFile) -> LabeledDocument | Failure:
    try:
        return extractor.annotate([_read(file)])[0]
    except SomexError as error:
        return Failure(str(file.path), str(error))
    except Exception as error:  # whatever it is, the batch goes on and the report has it
        return Failure(str(file.path), f"{file.path}: {error!r}")


def _read(file: TextFile) -> Document:
    try:
        str(file.path).encode()
    except UnicodeEncodeError:
        name = str(file.path).encode("utf-8", "backslashreplace").decode()
        raise FormatError("the name of the file is not UTF-8; rename it", path=name) from None
    document = read_text(file.path).document
    provenance = {**document.provenance, "path": str(file.path), "sha256": hash_file(file.path)}
    return replace(document, id=file.id, provenance=provenance)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        FormatError: The file can't be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise FormatError(f"can't be read: {error.strerror}", path=str(path)) from None


def _keep_finished(output: Path, sources: dict[str, Path], model: dict[str, Any]) -> set[str]:
    """Drop from an earlier output what is unfinished or out of date; return the ids that stay."""
    if not output.exists():
        return set()
    done: set[str] = set()
    temporary = output.with_name(f".{output.name}.tmp")
    with output.open("rb") as stream, temporary.open("wb") as kept:
        for line in stream:
            id = _finished_id(line, sources, model)
            if id is not None and id not in done:
                done.add(id)
                kept.write(line)
        kept.flush()
        os.fsync(kept.fileno())
    os.replace(temporary, output)
    return done


def _finished_id(line: bytes, sources: dict[str, Path], model: dict[str, Any]) -> str | None:
    if not line.endswith(b"\n"):
        return None
    try:
        found = json.loads(line)
        id, made_by, sha256 = found["id"], found["model"], found["provenance"]["sha256"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(id, str):
        return None
    path = sources.get(id)
    if path is None:
        return id if made_by == model else None
    try:
        same = made_by == model and sha256 == hash_file(path)
    except SomexError:
        return None
    return id if same else None


def _write_failures(failures: Sequence[Failure], path: Path) -> None:
    if not failures:
        path.unlink(missing_ok=True)
        return
    lines = (json.dumps({"path": f.path, "reason": f.reason}) for f in failures)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
