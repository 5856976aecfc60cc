"""Runs what docs/prefilter.md shows, and holds its figures to the embedded filter's card."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_docs import ROOT, blocks, needs_model, run_console

from somex.models import mpnet_joint
from somex.prefilter.model import has_prefilter, read_prefilter
from somex.readers.jsonl import read_jsonl

PAGE = ROOT / "docs" / "prefilter.md"

needs_filter = pytest.mark.skipif(
    not has_prefilter(mpnet_joint()), reason=f"no prefilter in {mpnet_joint()}"
)


@needs_model
@needs_filter
@pytest.mark.slow
def test_prefilter_page_examples_run_and_find_nearly_the_same(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for _, text in blocks(PAGE, "console"):
        run_console(text, tmp_path)
    keys = [
        {
            (labeled.document.id, mention.key)
            for labeled in read_jsonl(tmp_path / name / "documents.jsonl")
            for mention in labeled.annotation.mentions
        }
        for name in ("sifted", "whole")
    ]
    assert len(keys[0] ^ keys[1]) < 0.05 * len(keys[1])


@needs_filter
def test_prefilter_page_tells_the_figures_of_the_card() -> None:
    card = read_prefilter(mpnet_joint()).card
    page = PAGE.read_text(encoding="utf-8")
    figures = card["cross_validation"]
    whole = figures["whole_documents"]
    cells = [
        f"{whole['n_mentions']:,}",
        f"{100 * whole['mentions_lost']:.2f} %",
        f"{100 * whole['mentions_lost_first_pass']:.1f} %",
        f"{100 * whole['sentences_passed']:.1f} %",
        f"{100 * whole['characters_passed']:.1f} %",
    ]
    assert f"| whole papers and sections | {' | '.join(cells)} |" in page
    for row in card["curve"]:
        passed, characters = row["sentences_passed"], row["characters_passed"]
        assert f"{100 * passed:.1f} % | {100 * characters:.1f} %" in page
