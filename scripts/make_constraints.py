"""Write what the running environment has installed as pip constraints: make_constraints.py FILE."""

from __future__ import annotations

import sys
from importlib.metadata import distributions
from pathlib import Path

HEADER = "# Every package of the environments that `make` builds; from `make constraints`.\n"
LEFT_OUT = {"somex", "pip", "setuptools", "wheel"}


def pinned() -> list[str]:
    """Return ``name==version`` of each installed package, without local tags such as ``+cpu``."""
    found = {d.metadata["Name"]: d.version.partition("+")[0] for d in distributions()}
    names = sorted((name for name in found if name.lower() not in LEFT_OUT), key=str.lower)
    return [f"{name}=={found[name]}" for name in names]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(HEADER + "\n".join(pinned()) + "\n", encoding="utf-8")
