"""Whether cost stays flat: a document as a run grows, a token as sentences grow.

    python benchmarks/flat_cost.py documents $SOMEX_DATA/somesci/PLoS_methods --model fast
    python benchmarks/flat_cost.py sentences $SOMEX_DATA/somesci/PLoS_methods

``documents``: the corpus is repeated, under new ids, until there are enough; milliseconds of
processor time a document in each stretch of the run, and peak memory, with the cache of repeated
sentences on and off. ``sentences``: the corpus's text is cut into sentences of one length, in
atoms; milliseconds of processor time a token, all stages but the prefilter counted.
"""

from __future__ import annotations

import argparse
import itertools
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from somex.core.types import Document, Sentence
from somex.pipeline import Extractor, load
from somex.readers.inputs import Source, find_sources
from somex.readers.papers import SourceReader
from somex.runs.engine import ThreadEngine
from somex.runs.work import N_REPEATS
from somex.speed.worker import peak_rss_mb
from somex.text.atoms import split_atoms

LENGTHS = (10, 20, 40, 80, 160, 240, 320, 400)
N_TOKENS = 8_000
N_ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("documents", "sentences"))
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--stops", default="100,1000,10000", help="documents, ends of stretches")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    if arguments.what == "sentences":
        time_sentences(load(arguments.model, prefilter=False, n_threads=1), arguments.corpus)
        return
    stops = [int(stop) for stop in arguments.stops.split(",")]
    for n_repeats in (N_REPEATS, 0):
        extractor = load(arguments.model, n_repeats=n_repeats, n_threads=arguments.threads)
        print(f"cache of {n_repeats} repeated sentences")
        time_documents(extractor, arguments.corpus, stops)


def time_documents(extractor: Extractor, corpus: Path, stops: list[int]) -> None:
    """Print what a document cost in each stretch."""
    results = ThreadEngine(extractor).annotate(repeat(find_sources([corpus]), max(stops)))
    done = 0
    for stop in stops:
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in itertools.islice(results, stop - done):
            pass
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        each = 1000 / (stop - done)
        print(
            f"documents {done + 1} to {stop}: {cpu * each:.1f} ms of processor time each, "
            f"{wall * each:.1f} ms on the clock, peak memory {peak_rss_mb():.0f} MB",
            flush=True,
        )
        done = stop
    for _ in results:
        pass


def repeat(sources: list[Source], n: int) -> Iterator[Source]:
    """Yield sources again and again, each time under new ids."""
    for number in range(n):
        turn, place = divmod(number, len(sources))
        yield replace(sources[place], id=f"{turn}/{sources[place].id}")


def time_sentences(extractor: Extractor, corpus: Path) -> None:
    """Print what a token costs in sentences of each length."""
    text = read_text(corpus)
    documents = {length: cut(text, length) for length in LENGTHS}
    seconds: dict[int, list[float]] = {length: [] for length in LENGTHS}
    for _ in range(N_ROUNDS + 1):
        for length, document in documents.items():
            started = time.process_time()
            extractor.annotate([document])
            seconds[length].append(time.process_time() - started)
    for length, document in documents.items():
        n_tokens = length * len(document.sentences)
        median = statistics.median(seconds[length][1:])
        print(f"sentences of {length} atoms: {1000 * median / n_tokens:.3f} ms a token")


def read_text(corpus: Path) -> str:
    """Return text of the corpus with more than enough atoms, on one line."""
    texts: list[str] = []
    with SourceReader() as reader:
        for source in find_sources([corpus]):
            texts.append(reader.read(source).text)
            if sum(map(len, texts)) > 20 * N_TOKENS:
                break
    return re.sub(r"\s+", " ", " ".join(texts))


def cut(text: str, length: int) -> Document:
    """Cut text into sentences of so many atoms."""
    atoms = split_atoms(text)[:N_TOKENS]
    firsts, lasts = atoms[::length], atoms[length - 1 :: length]
    sentences = (Sentence(a.char_start, b.char_end) for a, b in zip(firsts, lasts, strict=False))
    return Document(f"sentences-of-{length}", text, tuple(sentences))


if __name__ == "__main__":
    main()
