from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "scripts" / "check_sentences.py"
GOOD = "All peaks were integrated by hand before {a:Application} {v:Version>a} drew the maps."


def _check(*paths: Path) -> tuple[int, list[str]]:
    environment = {k: v for k, v in os.environ.items() if k != "SOMEX_DATA"}
    done = subprocess.run(
        [sys.executable, SCRIPT, *paths], capture_output=True, text=True, env=environment
    )
    return done.returncode, done.stdout.splitlines()


def test_check_sentences_tells_each_faulty_line(tmp_path: Path) -> None:
    one, other = tmp_path / "a.txt", tmp_path / "b.txt"
    one.write_text(
        f"# ours\n{GOOD}\nRead {{a:Program}}.\nSee {{a:Application}} ({{c:Citation>a}}).\n", "utf-8"
    )
    other.write_text("\n" + GOOD.replace("maps", "plots") + "\nNobody came.\n", "utf-8")
    code, lines = _check(one, other)
    assert code == 1
    assert lines[0].startswith(f"{one}:3: unknown type Program; valid: Application")
    assert lines[1:] == [
        f"{one}:4: a random Citation has brackets of its own",
        f"{other}:2: too like {one}:2",
    ]


def test_check_sentences_passes_the_committed_ones() -> None:
    folder = SCRIPT.parents[1] / "recipes"
    assert _check(*sorted(folder.glob("papers*/*.txt"))) == (0, ["no faults"])
