"""Check files of sentences with slots before they are trained on (recipes/papers/README.md).

    python scripts/check_sentences.py recipes/papers/*.txt

Reports lines that can't be read, lines too like an earlier one of any of the files, and, where
SOMEX_DATA is set, lines that share nine words in a row with a corpus. Exit code 1 if there are any.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from somex.core import ConfigError, LabeledDocument
from somex.core.schema import EntityType
from somex.readers.registry import read_corpus
from somex.readers.somd import read_somd_split
from somex.templates import Template, fill_template, parse_template

N_WORDS = 9
N_ALIKE = 4
Words = tuple[str, ...]
FORM = "Operating system(s)"
"""Of the form that BMC's journals prescribe, in whose words all papers are alike."""
TEXTS = {EntityType.VERSION: "7.7.7", EntityType.CITATION: "[77]"}


def runs_of(text: str, n: int) -> set[Words]:
    """Return all n words in a row of a text, in lower case."""
    words = re.findall(r"\w+", text.lower())
    return set(zip(*(words[i:] for i in range(n)), strict=False))


def text_of(template: Template) -> str:
    """Return a template's text with some name in each slot."""
    made = fill_template(
        template, fill=lambda kind, _: TEXTS.get(kind, "Glimmerfit"), rng=random.Random(1)
    )
    assert made is not None
    return made.document.text


def find_faults(paths: list[Path], corpus: set[Words]) -> Iterator[str]:
    """Tell what is wrong with the lines of files, a message each."""
    seen: list[tuple[str, set[Words]]] = []
    for path in paths:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            where = f"{path}:{number}"
            try:
                template = parse_template(line.strip(), where=where)
            except ConfigError as error:
                yield str(error)
                continue
            text = text_of(template)
            if re.search(r"[(\[]\[77\][)\]]", text):
                yield f"{where}: a random Citation has brackets of its own"
            if copied := runs_of(text, N_WORDS) & corpus:
                yield f"{where}: stands in a corpus: {' '.join(min(copied))}"
            skeleton = runs_of(re.sub(r"\{[^}]*\}", "", line), N_ALIKE)
            alike = next((other for other, key in seen if _are_alike(skeleton, key)), None)
            if alike is not None and FORM not in line:
                yield f"{where}: too like {alike}"
            seen.append((where, skeleton))


def _are_alike(one: set[Words], other: set[Words]) -> bool:
    least = min(len(one), len(other))
    return least >= N_ALIKE and 2 * len(one & other) > least


def read_runs(folder: Path) -> set[Words]:
    """Return all nine words in a row of the corpora in a folder."""
    somd = folder / "somd2025"
    splits = (("phase1", "train"), ("phase1", "validation"), ("phase2", "test"))
    documents: list[LabeledDocument] = [
        *read_corpus(folder / "somesci", format="brat"),
        *read_corpus(folder / "softcite" / "softcite-working.tei.xml", format="softcite"),
        *(d for phase, split in splits for d in read_somd_split(somd / phase, split)),
    ]
    return {run for d in documents for run in runs_of(d.document.text, N_WORDS)}


def main() -> int:
    """Print the faults; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("paths", type=Path, nargs="+")
    paths = parser.parse_args().paths
    data = os.environ.get("SOMEX_DATA")
    if data is None:
        print("SOMEX_DATA is not set: not compared with the corpora", file=sys.stderr)
    faults = list(find_faults(paths, read_runs(Path(data)) if data else set()))
    print("\n".join(faults) or "no faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
