"""Make recipes/names/*.txt: names of packages and programs from Debian's package index.

    python scripts/make_name_lists.py /var/lib/apt/lists/*_Packages.lz4 recipes/names

Debian writes names in lower case; their own spelling is taken from the home page (CRAN and
Bioconductor name a package in its address, GitHub a repository) or from the description, where one
of them holds the same letters. Names that are common words are left out of the programs.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_R_ADDRESS = re.compile(
    r"cran\.r-project\.org/(?:web/packages/|package=)([\w.]+)"
    r"|bioconductor\.org/packages/(?:\w+/)*(?:html/)?([A-Za-z][\w.]+?)(?:\.html|/|$)"
)
_SCIENCE = ("science", "math", "graphics", "electronics")
_NO_PROGRAM = re.compile(
    r"^(lib|python3?-|r-|octave-|golang|node-|ruby-|fonts-|tesseract-ocr-|indi-|apertium-|cantor-|texlive|django|pytest|pylint|flask|xstatic)"
    r"|-(dev|doc|docs|data|common|dbg|examples?|tools?|tests?|bin|cli|gui|utils?|source|plugins?|"
    r"server|client|modules?|scripts|extras?|models?|theme|java|core|qt|gtk|x11|backend|nox)\d*$"
)
_SCIENTIFIC = re.compile(
    r"scien|statist|plot|numer|imag|learn|sequenc|genom|bio|chem|physic|astro|matri|graph|analy|data"
    r"|simul|signal|neuro|geo|math|optimi[sz]|model|array|tree|cluster",
    re.IGNORECASE,
)
_MOST_WORDS = 3


def read_packages(path: Path) -> Iterator[dict[str, str]]:
    """Yield the fields of each package; ``.lz4`` is unpacked with the command of that name."""
    data = (
        subprocess.run(["lz4", "-dcq", str(path)], check=True, capture_output=True).stdout
        if path.suffix == ".lz4"
        else path.read_bytes()
    )
    for block in data.decode("utf-8").split("\n\n"):
        yield dict(re.findall(r"^(Package|Section|Homepage|Description): (.*)$", block, re.M))


def own_spelling(name: str, package: dict[str, str]) -> str:
    """Return a name as its authors write it, as far as the index tells; hyphens stand for any."""
    pattern = re.escape(name).replace(r"\-", "[-_ ]?")
    tail = package.get("Homepage", "").rstrip("/").rpartition("/")[2].removesuffix(".git")
    for text in (tail, package.get("Description", "")):
        found = re.search(rf"(?<![\w-]){pattern}(?![\w-])", text, re.IGNORECASE)
        if found and found[0] != found[0].lower():
            return found[0]
    return name


def is_scientific(package: dict[str, str]) -> bool:
    """Tell whether a Python package is one for research, by its section or description."""
    text = package.get("Description", "")
    return package.get("Section") in _SCIENCE or bool(_SCIENTIFIC.search(text))


def is_common(name: str, package: dict[str, str]) -> bool:
    """Tell whether a lower-case name is also a plain word of some package's description."""
    return name in COMMON or (name.islower() and name in package.get("Description", "").split())


def collect(packages: list[dict[str, str]]) -> dict[str, set[str]]:
    """Return the names by list."""
    found: dict[str, set[str]] = {"r-packages": set(), "python-packages": set(), "programs": set()}
    for package in packages:
        name = package.get("Package", "")
        address = _R_ADDRESS.search(package.get("Homepage", ""))
        if address:
            found["r-packages"].add(address[1] or address[2])
        elif name.startswith("python3-"):
            plain = name.removeprefix("python3-")
            if not _NO_PROGRAM.search(plain) and is_scientific(package):
                found["python-packages"].add(own_spelling(plain, package))
        elif package.get("Section") in _SCIENCE and not _NO_PROGRAM.search(name):
            spelled = own_spelling(name, package)
            if len(name) > 2 and name.count("-") < _MOST_WORDS and not is_common(spelled, package):
                found["programs"].add(spelled)
    return found


COMMON: set[str] = set()
"""Words that stand in many descriptions."""


def main() -> None:
    """Read the index and write the lists."""
    packages = list(read_packages(Path(sys.argv[1])))
    counts: dict[str, int] = {}
    for package in packages:
        for word in set(re.findall(r"[a-z]+", package.get("Description", ""))):
            counts[word] = counts.get(word, 0) + 1
    COMMON.update(word for word, count in counts.items() if count > 25)
    for list_name, names in collect(packages).items():
        path = Path(sys.argv[2]) / f"{list_name}.txt"
        ordered = sorted(names - COMMON, key=lambda n: (n.lower(), n))
        path.write_text("\n".join(ordered) + "\n", encoding="utf-8")
        print(path, len(ordered))


if __name__ == "__main__":
    main()
