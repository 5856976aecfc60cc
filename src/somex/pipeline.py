"""The composer: load a model, read, predict, write; a stopped run goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from somex.cascade import Cascade
from somex.core.errors import FormatError, SomexError
from somex.core.types import Document, LabeledDocument
from somex.decoding import DecodingConfig
from somex.model.folder import open_predictor
from somex.model.predictor import Predictor
from somex.model_registry import ModelInfo, copy_model, find_model
from somex.prefilter.model import Prefilter, has_prefilter, read_prefilter
from somex.readers.files import read_utf8, split_lines, write_text
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
        device: What the predictor runs on, for results to say where it is no CPU.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        info: ModelInfo,
        prefilter: Prefilter | None = None,
        device: str = "cpu",
    ) -> None:
        self._predictor = predictor
        self._device = device
        self.info = info
        self.cascade = None if prefilter is None else Cascade(predictor, prefilter)

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "default",
        *,
        min_confidence: float = 0.0,
        lean: float = 0.0,
        n_threads: int | None = None,
        prefilter: bool = True,
    ) -> Extractor:
        """Load a model by name or folder: `load` under the name that Hugging Face users expect.

        Nothing is fetched: a name is that of an installed model. Arguments and errors as of `load`.
        """
        return load(
            model,
            min_confidence=min_confidence,
            lean=lean,
            n_threads=n_threads,
            prefilter=prefilter,
        )

    def save_pretrained(self, folder: str | Path) -> Path:
        """Copy the model's folder, so that `from_pretrained` loads it from there.

        Raises:
            ModelError: The folder is there and not empty, or can't be written.
        """
        return copy_model(self.info, folder)

    def to_json(self) -> dict[str, Any]:
        """Return what a result says of what made it: model, threshold, lean and prefilter."""
        decoding = self._predictor.decoding
        made_by = {**self.info.to_json(), "min_confidence": decoding.min_confidence}
        made_by["lean"] = decoding.lean
        if self._device != "cpu":  # whose figures are rounded otherwise
            made_by["device"] = self._device
        if self.cascade is not None:
            made_by["prefilter"] = self.cascade.prefilter.to_json()
        return made_by

    @property
    def may_share_batches(self) -> bool:
        """Whether documents may be read together.

        They may where a result is the same to the last digit whatever it is read with, and on a
        GPU, which is idle otherwise: confidences then depend a little on what else is in a batch.
        """
        return self._predictor.is_batch_independent or self._device != "cpu"

    def counts(self) -> tuple[int, int, int, int]:
        """Return counts since the model was loaded, which only grow.

        Returns:
            Sentences of text (those that the network was asked for where there is no prefilter);
            those that passed; windows that the network was asked for; those known from before.
        """
        n_windows = self._predictor.n_windows
        n_repeated = n_windows - self._predictor.n_windows_read
        if self.cascade is None:
            return n_windows, n_windows, n_windows, n_repeated
        return self.cascade.n_sentences, self.cascade.n_passed, n_windows, n_repeated

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
    n_repeats: int = 0,
    device: str = "cpu",
) -> Extractor:
    """Load a model.

    Args:
        model: ``default``, the name of an installed model, or a model folder.
        backend: ``onnx``, ``torch``, or ``auto``: onnx where the model holds it.
        min_confidence: Mentions less sure than this (0 to 1) are left out.
        lean: Above 0 leans to precision, below 0 to recall: log odds added to "no mention".
        n_threads: Batches that are worked on at a time; as many as cores by default.
        prefilter: Let the filter in the model's folder, where there is one, tell which sentences
            of natural text the network reads.
        n_repeats: So many results are kept for sentences that come again.
        device: ``cpu``, or ``cuda`` for a GPU, see `somex.model.folder.open_predictor`.

    Raises:
        ConfigError: A number is out of range.
        ModelError: There is no such model, it is incomplete, its filter is damaged, or the device
            can't run it.
    """
    info = find_model(model)
    decoding = DecodingConfig(min_confidence=min_confidence, lean=lean)
    predictor = open_predictor(
        info.folder,
        backend=backend,
        decoding=decoding,
        n_threads=n_threads,
        n_repeats=n_repeats,
        device=device,
    )
    of_folder = prefilter and has_prefilter(info.folder)
    sieve = read_prefilter(info.folder) if of_folder else None
    return Extractor(predictor, info=info, prefilter=sieve, device=device)


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that could not be processed, and why.

    Attributes:
        path: The source's label, see `somex.readers.inputs.Source`.
        reason: Why, in one line.
        id: The id that the document would have; empty where it is not known.
        sha256: Digest of the source's bytes, None where they can't be read.
    """

    path: str
    reason: str
    id: str = ""
    sha256: str | None = None


Annotate = Callable[[Iterable[Source]], Iterator[LabeledDocument | Failure]]
"""Yields the labelled document of each source, or why there is none, in order."""


def extract_files(
    extractor: Extractor, sources: Sequence[Source], folder: Path, *, grobid: str | None = None
) -> Iterator[LabeledDocument | Failure | None]:
    """Extract from sources into ``folder/documents.jsonl``, in this process.

    Args:
        extractor: The loaded model.
        sources: What to read.
        folder: Gets the output; made where it is missing.
        grobid: URL of a GROBID service that is to read the PDFs.

    Yields:
        As `write_documents`.

    Raises:
        FormatError: The folder can't be made.
    """
    annotate = partial(annotate_files, extractor, grobid=grobid)
    yield from write_documents(
        sources, folder, model=extractor.to_json(), annotate=annotate, grobid=grobid
    )


def write_documents(
    sources: Sequence[Source],
    folder: Path,
    *,
    model: Mapping[str, Any],
    annotate: Annotate,
    grobid: str | None = None,
    retry_failed: bool = False,
) -> Iterator[LabeledDocument | Failure | None]:
    """Annotate sources into ``folder/documents.jsonl``, one document a line.

    A run that was stopped, at any moment, goes on: lines of the same source bytes and model are
    kept, an unfinished line, changed sources and other models' lines are done again. Sources that
    fail are listed in ``failures.jsonl``, and the run goes on.

    Args:
        sources: What to read.
        folder: Gets the output; made where it is missing.
        model: What makes the annotation, written into each line.
        annotate: Does the work.
        grobid: URL of a GROBID service that is to read the PDFs.
        retry_failed: Do again what ``failures.jsonl`` lists, and nothing else.

    Yields:
        One item a source: the labelled document, the failure, or None for one already done or not
        tried.

    Raises:
        FormatError: The folder can't be made.
    """
    make_folder(folder)
    output = folder / OUTPUT_FILE
    failures: list[Failure] = []
    compared = {} if retry_failed else {s.id: s for s in sources}
    with SourceReader(grobid=grobid) as reader:
        done = _keep_finished(output, compared, model, reader)
    if retry_failed:
        done |= {s.id for s in sources} - read_failed_ids(folder)
    results = iter(annotate(source for source in sources if source.id not in done))
    with output.open("a", encoding="utf-8", newline="\n") as stream:
        for source in sources:
            if source.id in done:
                yield None
                continue
            result = next(results)
            if isinstance(result, Failure):
                failures.append(result)
            else:
                stream.write(format_line(result, model=model) + "\n")
                stream.flush()
            yield result
    next(results, None)  # lets it close what it holds
    write_failures(failures, folder / FAILURES_FILE)


def make_folder(folder: Path) -> None:
    """Make a folder for output.

    Raises:
        FormatError: It can't be made.
    """
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
    document = read_source(reader, source)
    if isinstance(document, Failure):
        return document
    try:
        return extractor.annotate([document])[0]
    except Exception as error:  # whatever it is, the batch goes on and the report has it
        return failure_of(source, error, sha256=document.provenance.get("sha256"))


def read_source(reader: SourceReader, source: Source) -> Document | Failure:
    """Return the document of a source, or why there is none, whatever the error is."""
    try:
        return reader.read(source)
    except Exception as error:
        return failure_of(source, error, sha256=hash_or_none(reader, source))


def hash_or_none(reader: SourceReader, source: Source) -> str | None:
    """Return the digest of a source's bytes, None where they can't be read."""
    try:
        return reader.hash(source)
    except Exception:  # what hinders this hinders the reading too, where it is told
        return None


def failure_of(source: Source, error: Exception, *, sha256: str | None) -> Failure:
    """Return the failure of a source by an error, its text in one line."""
    is_ours = isinstance(error, SomexError)
    reason = " ".join(str(error).splitlines()) if is_ours else f"{source.label}: {error!r}"
    return Failure(source.label, reason, source.id, sha256)


def _keep_finished(
    output: Path, sources: dict[str, Source], model: Mapping[str, Any], reader: SourceReader
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
    line: bytes, sources: dict[str, Source], model: Mapping[str, Any], reader: SourceReader
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


def write_failures(failures: Iterable[Failure], path: Path) -> None:
    """Write failures one a line, in one step; without any, the file goes."""
    lines = [json.dumps({"path": f.path, "reason": f.reason, "id": f.id}) for f in failures]
    if lines:
        write_text("\n".join(lines) + "\n", path)
    else:
        path.unlink(missing_ok=True)


def read_failed_ids(folder: Path) -> set[str]:
    """Return the ids in ``failures.jsonl`` of a folder.

    Raises:
        FormatError: A line breaks the form.
    """
    path = folder / FAILURES_FILE
    if not path.exists():
        return set()
    found: set[str] = set()
    for number, line in enumerate(split_lines(read_utf8(path)), start=1):
        try:
            found.add(str(json.loads(line)["id"]))
        except (ValueError, KeyError, TypeError):
            message = "is no failure, an object with path, reason and id"
            raise FormatError(message, path=str(path), line=number) from None
    return found
