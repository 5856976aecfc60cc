"""The composer: load a model, read, predict, write; a stopped run goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somex.cascade import Cascade
from somex.core.errors import FormatError, SomexError
from somex.core.types import Document, LabeledDocument
from somex.decoding import DecodingConfig
from somex.model.folder import open_predictor
from somex.model.predictor import Predictor
from somex.model_registry import ModelInfo, find_model
from somex.prefilter.model import Prefilter, has_prefilter, read_prefilter
from somex.readers.files import write_text
from somex.readers.inputs import Source
from somex.readers.jsonl import format_line
from somex.readers.papers import SourceReader

OUTPUT_FILE = "documents.jsonl"
FAILURES_FILE = "failures.jsonl"


class Extractor:
    """A loaded model: finds mentions and relations in texts and documents.

    Args:
        predictor: Runs the network.
        info: What the model is.
        prefilter: Tells which sentences the network reads; all without one.
    """

    def __init__(
        self, predictor: Predictor, *, info: ModelInfo, prefilter: Prefilter | None = None
    ) -> None:
        self._predictor = predictor
        self.info = info
        self.cascade = None if prefilter is None else Cascade(predictor, prefilter)

    def to_json(self) -> dict[str, Any]:
        """Return what a result says of what made it: model, threshold, lean and prefilter."""
        decoding = self._predictor.decoding
        made_by = {**self.info.to_json(), "min_confidence": decoding.min_confidence}
        made_by["lean"] = decoding.lean
        if self.cascade is not None:
            made_by["prefilter"] = self.cascade.prefilter.to_json()
        return made_by

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
        annotations = (self.cascade or self._predictor).annotate(documents)
        return [LabeledDocument(d, a) for d, a in zip(documents, annotations, strict=True)]


def load(
    model: str | Path = "default",
    *,
    backend: str = "auto",
    min_confidence: float = 0.0,
    lean: float = 0.0,
    n_threads: int | None = None,
    prefilter: bool = True,
) -> Extractor:
    """Load a model.

    Args:
        model: ``default``, the name of an installed model, or a model folder.
        backend: ``onnx``, ``torch``, or ``auto``: onnx where the model holds it.
        min_confidence: Mentions less sure than this (0 to 1) are left out.
        lean: Above 0 leans to precision, below 0 to recall: log odds added to "no mention".
        n_threads: Threads of ONNX Runtime; as many as cores by default.
        prefilter: Let the filter in the model's folder, where there is one, tell which sentences
            of natural text the network reads.

    Raises:
        ModelError: There is no such model, or it is incomplete, or its filter is damaged.
    """
    info = find_model(model)
    decoding = DecodingConfig(min_confidence=min_confidence, lean=lean)
    predictor = open_predictor(info.folder, backend=backend, decoding=decoding, n_threads=n_threads)
    of_folder = prefilter and has_prefilter(info.folder)
    sieve = read_prefilter(info.folder) if of_folder else None
    return Extractor(predictor, info=info, prefilter=sieve)


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that could not be processed, and why."""

    path: str
    reason: str


def extract_files(
    extractor: Extractor, sources: Sequence[Source], folder: Path, *, grobid: str | None = None
) -> Iterator[LabeledDocument | Failure | None]:
    """Extract from sources into ``folder/documents.jsonl``, one document a line.

    A run that was stopped, at any moment, goes on: lines of the same source bytes and model are
    kept, an unfinished line, changed sources and other models' lines are done again. Sources that
    fail are listed in ``failures.jsonl``, and the run goes on.

    Args:
        extractor: The loaded model.
        sources: What to read.
        folder: Gets the output; made where it is missing.
        grobid: URL of a GROBID service that is to read the PDFs.

    Yields:
        One item a source: the labelled document, the failure, or None for one already done.

    Raises:
        FormatError: The folder can't be made.
    """
    _make_folder(folder)
    output = folder / OUTPUT_FILE
    model = extractor.to_json()
    failures: list[Failure] = []
    with SourceReader(grobid=grobid) as reader:
        done = _keep_finished(output, {s.id: s for s in sources}, model, reader)
        with output.open("a", encoding="utf-8", newline="\n") as stream:
            for source in sources:
                if source.id in done:
                    yield None
                    continue
                result = _annotate_source(extractor, reader, source)
                if isinstance(result, Failure):
                    failures.append(result)
                else:
                    stream.write(format_line(result, model=model) + "\n")
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
    extractor: Extractor, sources: Iterable[Source], *, grobid: str | None = None
) -> Iterator[LabeledDocument | Failure]:
    """Yield the labelled document of each source, or why there is none."""
    with SourceReader(grobid=grobid) as reader:
        for source in sources:
            yield _annotate_source(extractor, reader, source)


def _annotate_source(
    extractor: Extractor, reader: SourceReader, source: Source
) -> LabeledDocument | Failure:
    try:
        return extractor.annotate([reader.read(source)])[0]
    except SomexError as error:
        return Failure(source.label, " ".join(str(error).splitlines()))
    except Exception as error:  # whatever it is, the batch goes on and the report has it
        return Failure(source.label, f"{source.label}: {error!r}")


def _keep_finished(
    output: Path, sources: dict[str, Source], model: dict[str, Any], reader: SourceReader
) -> set[str]:
    """Drop from an earlier output what is unfinished or out of date; return the ids that stay."""
    if not output.exists():
        return set()
    done: set[str] = set()
    temporary = output.with_name(f".{output.name}.tmp")
    with output.open("rb") as stream, temporary.open("wb") as kept:
        for line in stream:
            id = _finished_id(line, sources, model, reader)
            if id is not None and id not in done:
                done.add(id)
                kept.write(line)
        kept.flush()
        os.fsync(kept.fileno())
    os.replace(temporary, output)
    return done


def _finished_id(
    line: bytes, sources: dict[str, Source], model: dict[str, Any], reader: SourceReader
) -> str | None:
    if not line.endswith(b"\n"):
        return None
    try:
        found = json.loads(line)
        id, made_by, provenance = found["id"], found["model"], found["provenance"]
        provenance["sha256"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(id, str) or made_by != model:
        return None
    source = sources.get(id)
    try:
        return id if source is None or reader.is_current(source, provenance) else None
    except SomexError:
        return None


def _write_failures(failures: Sequence[Failure], path: Path) -> None:
    if not failures:
        path.unlink(missing_ok=True)
        return
    lines = (json.dumps({"path": f.path, "reason": f.reason}) for f in failures)
    write_text("\n".join(lines) + "\n", path)
