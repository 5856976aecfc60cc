"""Check CHANGELOG.md: the version of the package has a section, all sections have their form."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_SECTION = re.compile(r"## \[(\d+\.\d+\.\d+)\] - (Unreleased|\d{4}-\d{2}-\d{2})")


def find_faults(changelog: str, *, version: str, code_version: str) -> list[str]:
    """Return what is wrong.

    Args:
        changelog: Text of CHANGELOG.md.
        version: Version in pyproject.toml.
        code_version: ``somex.__version__``.
    """
    faults = []
    if version != code_version:
        faults.append(f"pyproject.toml has version {version}, somex.__version__ {code_version}")
    versions = []
    for number, line in enumerate(changelog.splitlines(), start=1):
        if line.startswith("## "):
            found = _SECTION.fullmatch(line)
            if found is None:
                faults.append(f"line {number}: {line!r}; valid: ## [1.2.3] - 2030-01-31")
            else:
                versions.append(found[1])
        elif line.startswith("### ") and line.removeprefix("### ") not in KINDS:
            faults.append(f"line {number}: {line!r}; valid: {', '.join(KINDS)}")
    if version not in versions:
        faults.append(f"no section for version {version}")
    keys = [tuple(map(int, v.split("."))) for v in versions]
    if keys != sorted(set(keys), reverse=True):
        faults.append(f"versions must fall, each once: {', '.join(versions)}")
    return faults


def main() -> int:
    """Print the faults; return the exit code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    code = (ROOT / "src/somex/__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', code, re.MULTILINE)
    faults = find_faults(
        (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        version=project["version"],
        code_version=found[1] if found else "none",
    )
    for fault in faults:
        print(f"CHANGELOG.md: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
