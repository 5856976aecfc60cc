"""One variant in a process of its own, so that its memory and start-up time are its own.

Run as ``python -m somex.speed.worker SPEC.json``. It says when it is ready, then times the sample
once for each line ``run`` on standard input, and writes what it found for ``write FILE``.
"""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from somex.calibration import read_calibrations
from somex.cascade import Annotator, Cascade
from somex.core.types import Document, LabeledDocument
from somex.decoding import DecodingConfig
from somex.model.backend import Backend
from somex.model.config import ModelConfig, read_model_config
from somex.model.folder import TOKENIZER_FILE, choose_batch_pieces, count_cores, read_pieces
from somex.model.inputs import Pieces, encode_sentence
from somex.model.onnx_backend import OnnxBackend
from somex.model.predictor import Predictor
from somex.prefilter.model import Prefilter, read_prefilter
from somex.readers.jsonl import read_jsonl, write_jsonl
from somex.runs.work import GROUP_DOCUMENTS
from somex.speed.backends import PairByPairBackend, Tally, TimedBackend
from somex.speed.variants import BY_NAME, Variant
from somex.text.sentences import split_sentences

if TYPE_CHECKING:
    from somex.speed.gliner_way import GlinerWay


@dataclass(frozen=True, slots=True)
class Spec:
    """What a worker runs.

    Attributes:
        variant: Name of the variant.
        model: Model folder: that of PyTorch, or the exported one, as the variant needs.
        prefilter: Folder of the prefilter; not used by variants without.
        documents: JSON Lines of the sample.
        n_threads: Threads of the network; all cores by default.
    """

    variant: str
    model: str
    prefilter: str
    documents: str
    n_threads: int | None = None


class Worker:
    """A loaded variant and the sample."""

    def __init__(self, spec: Spec) -> None:
        self.variant: Variant = BY_NAME[spec.variant]
        folder = Path(spec.model)
        self._config: ModelConfig = read_model_config(folder)
        self._pieces: Pieces = read_pieces(
            folder / TOKENIZER_FILE, max_pieces=self._config.max_pieces
        )
        self._n_together = 1 if self.variant.is_naive else GROUP_DOCUMENTS
        self._prefilter: Prefilter | None = None
        self._timed, self._annotator = self._open(folder, spec)
        if self.variant.has_prefilter:
            self._prefilter = read_prefilter(Path(spec.prefilter))
            self._annotator = Cascade(self._annotator, self._prefilter)
        self.documents: list[Document] = [d.document for d in read_jsonl(spec.documents)]
        self.found: list[LabeledDocument] = []

    def _open(self, folder: Path, spec: Spec) -> tuple[TimedBackend | GlinerWay, Annotator]:
        """Return what counts the calls of the network, and what annotates."""
        if self.variant.kind == "gliner":
            from somex.speed.gliner_way import GlinerWay

            way = GlinerWay(folder, n_threads=spec.n_threads)
            return way, way
        is_onnx = self.variant.kind == "onnx"
        timed = TimedBackend(_open_backend(self.variant, folder, spec.n_threads))
        is_int8 = self.variant.precision == "int8"
        batch_pieces = choose_batch_pieces("cpu", is_onnx=is_onnx, is_int8=is_int8)
        predictor = Predictor(
            timed,
            pieces=self._pieces.encoder,
            config=self._config,
            pad_id=self._pieces.pad_id,
            decoding=DecodingConfig(calibrations=read_calibrations(folder)),
            batch_pieces=1 if self.variant.is_naive else batch_pieces,
            n_parallel=(spec.n_threads or count_cores()) if is_onnx else 1,
        )
        return timed, predictor

    def run(self) -> dict[str, Any]:
        """Annotate the sample once, as many documents together as a run, and tell what it took."""
        self._timed.tally = tally = Tally()
        started = time.perf_counter()
        annotations = [
            annotation
            for start in range(0, len(self.documents), self._n_together)
            for annotation in self._annotator.annotate(
                self.documents[start : start + self._n_together]
            )
        ]
        seconds = time.perf_counter() - started
        self.found = [
            LabeledDocument(d, a) for d, a in zip(self.documents, annotations, strict=True)
        ]
        n_pieces = sum(tally.lengths)
        return {
            "seconds": seconds,
            "stages": {**self._other_stages(), **tally.stages()},
            "n_pieces": n_pieces,
            "lengths": tally.lengths,
            "padding_share": 1 - n_pieces / max(sum(tally.places), 1),
            "peak_rss_mb": peak_rss_mb(),
        }

    def _other_stages(self) -> dict[str, float]:
        """Time the stages before the network on their own; they are part of the whole time."""
        started = time.perf_counter()
        sentences = [(d, s) for d in self.documents for s in split_sentences(d.text)]
        after_split = time.perf_counter()
        if self._prefilter is not None:
            texts = [d.slice(s.char_start, s.char_end) for d, s in sentences]
            passes = self._prefilter.passes(texts).tolist()
            sentences = [pair for pair, is_in in zip(sentences, passes, strict=True) if is_in]
        after_filter = time.perf_counter()
        for document, sentence in sentences:
            encode_sentence(document, sentence, pieces=self._pieces.encoder, config=self._config)
        return {
            "segment": after_split - started,
            "prefilter": after_filter - after_split,
            "tokenise": time.perf_counter() - after_filter,
        }


def peak_rss_mb() -> float:
    """Read this process's own peak; `getrusage` counts that of the parent before exec too."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else float("nan")


def _open_backend(variant: Variant, folder: Path, n_threads: int | None) -> Backend:
    if variant.kind == "onnx":
        return OnnxBackend(folder, n_threads=1)
    import torch

    from somex.model.torch_backend import TorchBackend
    from somex.model.torch_folder import load_model

    if n_threads is not None:
        torch.set_num_threads(n_threads)
    backend = TorchBackend(load_model(folder))
    return PairByPairBackend(backend) if variant.is_naive else backend


def _say(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def main() -> None:
    """Serve the bench until its end of standard input."""
    spec = Spec(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    worker = Worker(spec)
    _say(ready=True, spec=asdict(spec))
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        if command == "run":
            _say(**worker.run())
        elif command == "write":
            write_jsonl(worker.found, argument)
            _say(written=argument)


if __name__ == "__main__":
    main()
