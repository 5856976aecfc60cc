from __future__ import annotations

import os
from pathlib import Path

import pytest

from link_items import SOMD_ROWS as ROWS
from link_items import write_somd2026 as write
from somex.core.errors import FormatError
from somex.core.software import Identifier
from somex.linking.somd2026 import read_somd2026


def test_somd2026_reads_mentions_and_clusters(tmp_path: Path) -> None:
    benchmark = read_somd2026(write(tmp_path, ROWS, [["m2", "m1"], ["m3"]]), subtask=2)
    long, short, plugin = benchmark.items
    assert (long.aliases, short.aliases) == (("SLR",), ("Slope Length Runner",))
    assert (plugin.host, long.host) == ("Slope Length Runner", None)
    assert plugin.versions == ("2 . 0",)
    assert plugin.identifiers == (Identifier("url", "https://slope.example"),)
    assert benchmark.clusters == (frozenset((long.ref, short.ref)), frozenset((plugin.ref,)))


@pytest.mark.parametrize(
    ("rows", "clusters", "message"),
    [
        ([*ROWS, {"mention": "X"}], [["m1"]], r"mentions.jsonl:4: is no mention"),
        ([{**ROWS[0], "type": "Tool"}], [["m1"]], r"mentions.jsonl:1: is no mention.*Tool"),
        ([{k: v for k, v in ROWS[1].items() if k != "docid"}], [["m2"]], "lacks docid"),
        (ROWS, [["m1", "m2"]], "2 mentions in clusters, 3 in all"),
        (ROWS, [["m1", "m2"], ["m2"]], "3 mentions in clusters, 3 in all; each belongs to one"),
        (ROWS, [["m9"]], "is no list of lists of mention ids"),
        (ROWS, 3, "is no list of lists of mention ids"),
    ],
)
def test_somd2026_names_faults(tmp_path: Path, rows, clusters, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_somd2026(write(tmp_path, rows, clusters), subtask=2)


def test_somd2026_refuses_other_subtasks(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="subtask is 3; valid: 1, 2"):
        read_somd2026(tmp_path, subtask=3)
    with pytest.raises(FormatError, match="no such file"):
        read_somd2026(tmp_path, subtask=1)


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="needs the corpora: set SOMEX_DATA")
@pytest.mark.parametrize("subtask", [1, 2])
def test_somd2026_linking_is_as_good_as_promised(subtask: int) -> None:
    from somex.linking.bench import LEARNED, NORMALISED, compare, cross_validate, summarise

    folder = Path(os.environ["SOMEX_DATA"]) / "somd2026"
    folds = cross_validate(read_somd2026(folder, subtask=subtask), n_folds=5, seeds=[0])
    assert summarise(folds)[LEARNED]["conll_f1"]["mean"] >= 0.96
    assert compare(folds, LEARNED, NORMALISED)["folds_worse"] == 0
