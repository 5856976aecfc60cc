"""The public corpora: where each lies, at which revision, and the checksums of its files.

A checksum is None where nobody has computed one from a copy known to be right; such a file is
fetched only with a checksum of the user's, or on first trust, which a lock file records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from somex.core.errors import FormatError, unknown_value


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a corpus.

    Attributes:
        path: Where it goes, below the corpus's folder.
        remote: Where it lies, below the base URL.
        sha256: Its checksum in hexadecimal, None where unknown.
        n_bytes: Its size, None where unknown.
    """

    path: str
    remote: str
    sha256: str | None = None
    n_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class PublicCorpus:
    """A corpus that can be fetched.

    Attributes:
        name: Its name on the command line, and the folder it goes to.
        description: What it is, in one line.
        licence: Its licence.
        home: Where people read about it.
        revision: The pinned commit or record.
        base_url: Where its files lie; None where only a copy of the user's can be named.
        files: Its files.
        unpack: Whether the files are zip archives to unpack.
        note: What to know before use.
    """

    name: str
    description: str
    licence: str
    home: str
    revision: str
    base_url: str | None
    files: tuple[RemoteFile, ...]
    unpack: bool = False
    note: str = ""


_SOMD_COMMIT = "6a52109"
_PHASES = {
    "phase1": (
        "Phase I Open",
        {
            "train_texts.txt": (
                "37fc5a7012b313d04aa6c73ee9eacbb3b4942d5a04ec00e4b328dcdabb3e9abf",
                181_441,
            ),
            "train_entities.txt": (
                "561e748b5dcc74fc5be20b78ab28c4a0d8b7b906f3fcc845e483bda12ef79a5d",
                126_062,
            ),
            "train_relations.txt": (
                "69d96e781a7d181228f1fea636cd5d5cb270cf3a99f728c3b1808f1f5b6f7857",
                44_372,
            ),
            "validation_texts.txt": (
                "450e788c184f126a231f58ade8ceb62871c9723edf58929b2137479db9ba1555",
                30_890,
            ),
            "validation.entities.labels.txt": (
                "adbb6c3ac64e3f5bf5bce40a0882bcf226289c0b47a60bdec160cec5179d9629",
                22_094,
            ),
            "validation.relations.labels.txt": (
                "d99c681dea872d1c9cb34357e4f19816bdc863a8dbad8de446e230bb526fdcf0",
                7_850,
            ),
        },
    ),
    "phase2": (
        "Phase II",
        {
            "test_texts.txt": (
                "02104535dcfa0228fe89c8015e81f500cf102206907d8a4691ecbd391a8b0544",
                45_478,
            ),
        },
    ),
}

_SOMD = PublicCorpus(
    name="somd2025",
    description="SOMD 2025 shared task: Phase I train and validation, Phase II test sentences",
    licence="CC BY 4.0",
    home="https://github.com/adsabs/SOMD-2026",
    revision=f"commit {_SOMD_COMMIT}",
    base_url=f"https://raw.githubusercontent.com/adsabs/SOMD-2026/{_SOMD_COMMIT}/data/SOMD 2025",
    files=tuple(
        RemoteFile(f"{folder}/{name}", f"{remote}/{name}", sha256, n_bytes)
        for folder, (remote, files) in _PHASES.items()
        for name, (sha256, n_bytes) in files.items()
    ),
)
_SOMESCI = PublicCorpus(
    name="somesci",
    description="SoMeSci in BRAT stand-off format: 1,367 annotated documents",
    licence="CC BY 4.0",
    home="https://doi.org/10.5281/zenodo.4968738",
    revision="Zenodo record 4968738",
    base_url="https://zenodo.org/api/records/4968738",
    files=(RemoteFile("somesci.zip", "files-archive"),),
    unpack=True,
    note="it holds SOMD 2025's validation sentences: never score a model trained on it there",
)
_SOFTCITE = PublicCorpus(
    name="softcite",
    description="Softcite corpus, working part, TEI XML: 1,081 documents",
    licence="CC BY 4.0",
    home="https://github.com/softcite/software-mentions",
    revision="the file whose checksum is recorded here",
    base_url=None,
    files=(
        RemoteFile(
            "softcite-working.tei.xml",
            "softcite-working.tei.xml",
            "74f8cadad3b9305153b0093b2037f15c4c1a9c6dae6a284811fff4fa9b831015",
            2_814_099,
        ),
    ),
    note="its path in the home repository is not recorded: name a copy's folder with --base-url",
)

CORPORA: Mapping[str, PublicCorpus] = MappingProxyType(
    {corpus.name: corpus for corpus in (_SOMD, _SOMESCI, _SOFTCITE)}
)
"""The corpora by name."""


def get_corpus(name: str) -> PublicCorpus:
    """Return the corpus called ``name``.

    Raises:
        FormatError: There is none; the message lists all names.
    """
    if name not in CORPORA:
        raise FormatError(unknown_value("corpus", name, list(CORPORA)))
    return CORPORA[name]
