"""Measure sentence and word segmentation on the corpora: ``python benchmarks/segmentation.py``.

Reads ``SOMEX_DATA`` (or the folder given) and prints, for SoMeSci, how many gold mentions a
sentence boundary cuts, how many relations cross one and how long the sentences are; for SOMD 2025,
how many sentences ``split_words`` splits exactly as the organisers did.
"""

from __future__ import annotations

import argparse
import os
from bisect import bisect_right
from collections import Counter
from pathlib import Path

from somex.text.sentences import split_sentences
from somex.text.words import split_words


def measure_sentences(folder: Path, *, n_shown: int = 0) -> Counter[str]:
    """Count mentions, relations, sentences and faults over the BRAT files under ``folder``."""
    counts: Counter[str] = Counter()
    lengths: list[int] = []
    shown = 0
    for path in sorted(folder.glob("*/*.ann")):
        text = path.with_suffix(".txt").read_text(encoding="utf-8")
        sentences = split_sentences(text)
        starts = [s.char_start for s in sentences]
        lengths += [s.char_end - s.char_start for s in sentences]
        home: dict[str, int] = {}
        lines = path.read_text(encoding="utf-8").splitlines()
        for line in sorted(lines, reverse=True):  # T lines before R lines
            fields = line.split("\t")
            if line.startswith("T"):
                offsets = fields[1].split()[1:]
                start, end = int(offsets[0]), int(offsets[-1])
                index = bisect_right(starts, start) - 1
                home[fields[0]] = index
                counts["mentions"] += 1
                if end > sentences[index].char_end:
                    counts["cut mentions"] += 1
                    if shown < n_shown:
                        shown += 1
                        print("cut:", path.name, repr(text[max(0, start - 60) : end + 60]))
            elif line.startswith("R"):
                head, tail = (arg.split(":")[1] for arg in fields[1].split()[1:3])
                counts["relations"] += 1
                if home[head] != home[tail]:
                    counts["crossing relations"] += 1
                    if shown < n_shown:
                        shown += 1
                        edge = sentences[min(home[head], home[tail])].char_end
                        print("cross:", path.name, repr(text[max(0, edge - 90) : edge + 60]))
        counts["documents"] += 1
    lengths.sort()
    counts["sentences"] = len(lengths)
    for share in (5, 50, 95, 99):
        counts[f"characters, percentile {share}"] = lengths[len(lengths) * share // 100]
    counts["characters, longest"] = lengths[-1]
    return counts


def measure_words(data: Path, *, n_shown: int = 0) -> Counter[str]:
    """Compare ``split_words`` with Phase I's tokens, on the sentences that SoMeSci holds too."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(data.glob("somesci/*/*.txt"))]
    natural = "\n".join(texts)
    places = [place for place, sign in enumerate(natural) if not sign.isspace()]
    squeezed = "".join(natural[place] for place in places)
    counts: Counter[str] = Counter()
    path = data / "somd2025" / "phase1" / "train_texts.txt"
    for words in map(str.split, path.read_text(encoding="utf-8").splitlines()):
        joined = "".join(words)
        first = squeezed.find(joined)
        counts["sentences"] += 1
        if not words or first < 0:
            continue
        source = natural[places[first] : places[first + len(joined) - 1] + 1]
        ours = [source[token.char_start : token.char_end] for token in split_words(source)]
        counts["in SoMeSci"] += 1
        counts["same words"] += ours == words
        if ours != words and n_shown > 0:
            n_shown -= 1
            print("words:", sorted({*ours} ^ {*words}))
    return counts


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default=os.environ.get("SOMEX_DATA"))
    parser.add_argument("--show", type=int, default=0, help="print this many faults")
    args = parser.parse_args()
    if args.data is None:
        parser.error("name the data folder, or set SOMEX_DATA")
    data = Path(args.data)
    print("SoMeSci sentences")
    for name, value in measure_sentences(data / "somesci", n_shown=args.show).items():
        print(f"  {name:28} {value}")
    print("SOMD 2025 Phase I words")
    for name, value in measure_words(data, n_shown=args.show).items():
        print(f"  {name:28} {value}")


if __name__ == "__main__":
    main()
