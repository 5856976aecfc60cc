from __future__ import annotations

import os
import random
import re
import runpy
from pathlib import Path

import pytest

from somex.core import LabeledDocument
from somex.core.schema import EntityType, RelationType
from somex.templates import fill_template, read_templates

RECIPES = Path(__file__).parents[1] / "recipes"
FILES = sorted([*RECIPES.glob("templates*.txt"), *RECIPES.glob("papers*/*.txt")])
TEXTS = {
    EntityType.RELEASE: "R2099a",
    EntityType.VERSION: "7.7.7",
    EntityType.CITATION: "[77]",
    EntityType.URL: "https://glimmerfit.example",
    EntityType.DEVELOPER: "Glimmer Works",
    EntityType.EXTENSION: "Twilight",
}


def _fill_all(path: Path) -> list[LabeledDocument]:
    rng = random.Random(1)
    made = [
        fill_template(t, fill=lambda kind, _: TEXTS.get(kind, "Glimmerfit"), rng=rng)
        for t in read_templates(path)
        for _ in "ab"
    ]
    assert None not in made
    return [part for part in made if part is not None]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_template_files_fill_to_plain_sentences(path: Path) -> None:
    filled = _fill_all(path)
    assert len(filled) > 100
    assert not [d.document.text for d in filled if re.search(r"[{}]|\[\[|\]\]", d.document.text)]


def test_templates_cover_all_types_and_relations_but_specification() -> None:
    filled = _fill_all(RECIPES / "templates.txt")
    types = {m.type for made in filled for m in made.annotation.mentions}
    assert types == set(EntityType)
    relations = {r.type for made in filled for r in made.annotation.relations}
    assert relations == set(RelationType) - {RelationType.SPECIFICATION_OF}


def test_templates_of_fields_hold_sentences_without_software() -> None:
    empty = [d for d in _fill_all(RECIPES / "templates-fields.txt") if not d.annotation.mentions]
    assert len(empty) > 100  # two of each


@pytest.mark.skipif("SOMEX_DATA" not in os.environ, reason="SOMEX_DATA is not set")
@pytest.mark.filterwarnings("ignore")
def test_templates_are_no_sentences_of_the_corpora() -> None:
    script = runpy.run_path(str(RECIPES.parent / "scripts" / "check_sentences.py"))
    runs_of, n_words = script["runs_of"], script["N_WORDS"]
    theirs = script["read_runs"](Path(os.environ["SOMEX_DATA"]))
    assert n_words == 9
    assert len(theirs) > 100_000
    shared = [
        d.document.text
        for path in FILES
        for d in _fill_all(path)
        if not theirs.isdisjoint(runs_of(d.document.text, n_words))
    ]
    form = "any restrictions to use by non-academics"  # the words that BMC's journals prescribe
    assert not [t for t in shared if form not in t.lower() and "Project name:" not in t]
