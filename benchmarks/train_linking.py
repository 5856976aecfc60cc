"""Trains the scorer of linking that ships with somex, on both subtasks of SOMD 2026.

python benchmarks/train_linking.py --data FOLDER --out src/somex/linking/weights.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from somex.linking.bench import gold_of
from somex.linking.somd2026 import SUBTASKS, read_somd2026
from somex.linking.training import L2, Problem, train_scorer
from somex.readers.files import write_text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of SOMD 2026")
    parser.add_argument("--out", type=Path, required=True, help="file for the weights")
    arguments = parser.parse_args()
    problems = []
    for subtask in SUBTASKS:
        benchmark = read_somd2026(arguments.data, subtask=subtask)
        problems.append(Problem(benchmark.items, gold_of(benchmark)))
    trained = {
        "data": "SOMD 2026, subtasks 1 and 2",
        "command": "python benchmarks/train_linking.py",
        "method": f"logistic regression, Newton's method, L2 {L2}; threshold of best CoNLL F1",
        "n_pairs": sum(len(problem.pairs) for problem in problems),
        "n_pairs_of_one_software": sum(int(problem.labels.sum()) for problem in problems),
    }
    scorer = train_scorer(problems, trained=trained)
    write_text(json.dumps(scorer.to_json(), indent=2) + "\n", arguments.out)
    print(f"{trained['n_pairs']} pairs, threshold {scorer.threshold}; wrote {arguments.out}")


if __name__ == "__main__":
    main()
