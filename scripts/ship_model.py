"""Export a trained run to int8, score it on Phase I validation, and put both into a model.

    python scripts/ship_model.py runs/mpnet-default/seed-1 src/somex/models/mpnet-joint

Scores for the card: int8 as it is, torch in fp32, and int8 with every punctuation mark apart. The
prefilter and the calibration that lie in the target stay there; renew them with ``somex prefilter``
and ``somex calibrate``. Needs SOMEX_DATA.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOMEX = str(Path(sys.executable).with_name("somex"))


def run(*command: str | Path) -> None:
    """Show a command and run it; stop where it fails."""
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True)


def score(model: Path, gold: Path, place: Path, *options: str) -> Path:
    """Predict a SOMD validation split and return the JSON report of its evaluation."""
    run(SOMEX, "predict", gold / "validation_texts.txt", "--out", place, "--model", model, *options)
    report = place / "report.json"
    run(SOMEX, "evaluate", gold, place, "--split", "validation", "--json", report)
    return report


def score_all(run_folder: Path, exported: Path, work: Path) -> list[str]:
    """Return the ``--score`` options for the card."""
    gold = Path(os.environ["SOMEX_DATA"]) / "somd2025" / "phase1"
    run(sys.executable, ROOT / "benchmarks" / "punctuation_split.py", gold, work / "apart")
    name = "SOMD 2025 Phase I validation"
    reports = {
        f"{name}, int8": score(exported, gold, work / "int8"),
        f"{name}, torch fp32": score(
            run_folder / "model", gold, work / "fp32", "--backend", "torch"
        ),
        f"{name}, every punctuation mark apart, int8": score(
            exported, work / "apart", work / "split"
        ),
    }
    return [part for title, path in reports.items() for part in ("--score", f"{title}={path}")]


def main() -> None:
    """Do it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="run folder that holds model/")
    parser.add_argument("target", type=Path, help="folder of the installed model")
    parser.add_argument("--keep", type=Path, help="folder for exports and predictions")
    arguments = parser.parse_args()
    work = arguments.keep or Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    name = arguments.target.name
    trained, first, last = arguments.run / "model", work / "export", work / name
    run(SOMEX, "export", trained, "--out", first, "--name", name)
    scores = score_all(arguments.run, first, work)
    run(SOMEX, "export", trained, "--out", last, "--name", name, *scores)
    shutil.copytree(last, arguments.target, dirs_exist_ok=True)
    print(f"{arguments.target}: read its README.md, then run make test")


if __name__ == "__main__":
    main()
