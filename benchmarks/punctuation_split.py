"""Rewrite a SOMD split as Phase II tokenises: every punctuation mark stands alone.

python benchmarks/punctuation_split.py ../shared/data/somd2025/phase1 OUT --split validation
"""

from __future__ import annotations

import argparse

from somex.readers.somd import read_somd_split
from somex.readers.somd_writer import write_somd
from somex.text.retokenize import split_punctuation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", help="SOMD folder")
    parser.add_argument("target", help="folder for the three files")
    parser.add_argument("--split", default="validation", choices=["train", "validation"])
    arguments = parser.parse_args()
    labeled = read_somd_split(arguments.source, arguments.split)
    report = write_somd(
        [split_punctuation(item) for item in labeled], arguments.target, split=arguments.split
    )
    print(f"{report.n_documents} sentences, {report.n_mentions} mentions; losses: {report.losses}")


if __name__ == "__main__":
    main()
