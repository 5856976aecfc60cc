from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest

import tiny
from somex.core import ConfigError, LabeledDocument
from somex.core.marks import turn_of, with_turn
from somex.core.schema import EntityType
from somex.made_sentences import fill_templates, make_sentences
from somex.name_lists import PublicNames, read_names
from somex.readers.somd import read_somd_split
from somex.recipe import DataConfig, NameList, Source, Templates, read_recipe

E = EntityType
PACKAGES = ("fenlib", "mosswave", "tidemark")


@pytest.fixture
def corpus(tmp_path: Path) -> list[LabeledDocument]:
    return read_somd_split(tiny.write_marked(tmp_path / "somd"), "train")


def _list(path: Path, *names: str) -> str:
    path.write_text("# names\n" + "\n".join(names) + "\n", encoding="utf-8")
    return str(path)


def _lists(folder: Path) -> tuple[NameList, ...]:
    return (
        NameList(_list(folder / "quill.txt", *PACKAGES), "PlugIn", "Quill"),
        NameList(_list(folder / "programs.txt", "Zephyrion"), "Application"),
    )


def _made(corpus: list[LabeledDocument], **options: object) -> list[LabeledDocument]:
    config = DataConfig(Source("unused"), rare_below=0, **options)  # type: ignore[arg-type]
    return make_sentences(corpus, config, rng=random.Random(1))


def _texts(documents: list[LabeledDocument], kind: EntityType) -> set[str]:
    return {
        d.document.slice(m.char_start, m.char_end)
        for d in documents
        for m in d.annotation.mentions
        if m.type is kind
    }


def test_public_names_are_drawn_by_type_and_host(tmp_path: Path) -> None:
    names, rng = PublicNames(_lists(tmp_path)), random.Random(1)
    assert {names.draw(E.PLUGIN, "QUILL", rng) for _ in range(40)} == set(PACKAGES)
    assert names.draw(E.PLUGIN, "Mossflow", rng) is None
    assert names.draw(E.PLUGIN, None, rng) is None
    assert names.draw(E.APPLICATION, None, rng) == "Zephyrion"
    assert names.draw(E.APPLICATION, "Quill", rng) is None


def test_public_names_leave_out_what_a_test_holds_out(tmp_path: Path) -> None:
    names, rng = PublicNames(_lists(tmp_path), barred=("mosswave", "zephyrion")), random.Random(1)
    assert {names.draw(E.PLUGIN, "Quill", rng) for _ in range(40)} == {"fenlib", "tidemark"}
    assert names.draw(E.APPLICATION, None, rng) is None


def test_read_names_tells_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.txt can't be read: No such file"):
        read_names(tmp_path / "none.txt")
    (tmp_path / "bad.txt").write_bytes(b"ok\n\xff\n")
    with pytest.raises(ConfigError, match=r"bad\.txt is not UTF-8: byte 3"):
        read_names(tmp_path / "bad.txt")
    with pytest.raises(ConfigError, match="holds no name; write one a line"):
        read_names(Path(_list(tmp_path / "empty.txt")))


def test_name_list_refuses_types_that_name_no_software() -> None:
    with pytest.raises(ConfigError, match="of type 'Version'; valid: Application, PlugIn"):
        NameList("names.txt", "Version")


def test_made_sentences_swap_in_names_of_the_lists(
    corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    options: dict[str, object] = {"swap_copies": 4, "swap_rate": 1.0}
    plain = _made(corpus, **options)
    listed = _made(corpus, **options, name_lists=_lists(tmp_path), list_share=1.0)
    assert not _texts(plain, E.APPLICATION) & {"Zephyrion"}
    assert _texts(listed, E.APPLICATION) == {"Zephyrion", "Multi Orbit Planner", "Brookstat"}
    assert _texts(plain, E.PLUGIN) == {"leafcount", "plotmoss"}
    assert _texts(listed, E.PLUGIN) & set(PACKAGES)


def test_made_sentences_give_a_plug_in_a_name_of_the_host_it_gets(
    corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    """Where Quill was swapped for Mossflow, no list fits, and the name is a training one."""
    made = _made(corpus, swap_copies=30, swap_rate=1.0, name_lists=_lists(tmp_path), list_share=1.0)
    pairs = {
        (d.document.slice(r.tail.char_start, r.tail.char_end), head)
        for d in made
        for r in d.annotation.relations
        if r.type == "PlugIn_of"
        for head in [d.document.slice(r.head.char_start, r.head.char_end)]
    }
    assert pairs == {("Quill", p) for p in PACKAGES} | {
        ("Mossflow", p) for p in ("leafcount", "plotmoss")
    }


def test_made_sentences_of_each_turn_are_other_ones(corpus: list[LabeledDocument]) -> None:
    made = _made(corpus, swap_copies=1, swap_rate=1.0, swap_turns=3)
    n_full = sum(bool(d.annotation.mentions) for d in corpus)
    turns = [turn_of(d) for d in made]
    assert turns == [(t, 3) for t in range(3) for _ in range(n_full)]
    texts = [[d.document.text for d in made if turn_of(d)[0] == t] for t in range(3)]
    assert texts[0] != texts[1] != texts[2]
    once = _made(corpus, swap_copies=1, swap_rate=1.0)
    assert {turn_of(d) for d in once} == {(0, 1)}


def test_made_sentences_copy_a_sentence_in_its_own_turns(corpus: list[LabeledDocument]) -> None:
    parts = [with_turn(d, number % 2, 2) for number, d in enumerate(corpus)]
    made = _made(parts, swap_copies=1, swap_turns=4)
    full = [d for d in parts if d.annotation.mentions]
    for turn in range(4):
        own = [d.document.text for d in full if turn_of(d)[0] == turn % 2]
        assert [d.document.text for d in made if turn_of(d) == (turn, 4)] == own
    assert len(_made(parts, swap_copies=1)) == len(full)  # one set of copies is for all turns


def test_made_sentences_fill_templates_each_turn(
    corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    path, other = tmp_path / "templates.txt", tmp_path / "more.txt"
    path.write_text("{a:Application} {v:Version>a} drew it.\n", encoding="utf-8")
    other.write_text("Nobody drew it.\nNor did they.\n", encoding="utf-8")
    made = _made(
        corpus,
        swap_turns=2,
        templates=(Templates(str(path), copies=4), Templates(str(other))),
        name_lists=_lists(tmp_path),
        list_share=1.0,
    )
    named = [d for d in made if d.annotation.mentions]
    assert len(named) == 8
    assert all(d.document.text.startswith("Zephyrion ") for d in named)
    assert _texts(named, E.VERSION) <= _texts(corpus, E.VERSION)
    none = Counter(d.document.text for d in made if not d.annotation.mentions)
    assert none == {"Nobody drew it.": 2, "Nor did they.": 2}


def test_made_sentences_show_templates_in_parts(
    corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    path = tmp_path / "templates.txt"
    path.write_text("".join(f"Nobody drew the {n}th moss.\n" for n in range(5)), encoding="utf-8")
    templates = (Templates(str(path), copies=2, turns=3),)
    made = _made(corpus, swap_turns=6, templates=templates)
    shown = [[d.document.text[16] for d in made if turn_of(d) == (t, 6)] for t in range(6)]
    assert shown == [["0", "0", "3", "3"], ["1", "1", "4", "4"], ["2", "2"]] * 2
    with pytest.raises(ConfigError, match=r"turns: 3, which does not divide swap_turns \(4\)"):
        _made(corpus, swap_turns=4, templates=templates)


def test_made_sentences_cite_by_author_and_year_where_a_file_says_so(
    corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    path = tmp_path / "templates.txt"
    path.write_text("It was drawn ({a:Application}; {c:Citation>a}).\n", encoding="utf-8")
    cited = {}
    for author_year in (False, True):
        templates = (Templates(str(path), copies=5, author_year=author_year),)
        made = _made(corpus, templates=templates)
        assert len(made) == 5
        cited[author_year] = _texts(made, E.CITATION)
    assert cited[False] <= _texts(corpus, E.CITATION)
    assert all(re.fullmatch(r"[^()\[\]]+ (19|20)\d\d", text) for text in cited[True])


def test_templates_are_filled_alone_whatever_else_a_recipe_makes(
    corpus: list[LabeledDocument], tmp_path: Path
) -> None:
    path = tmp_path / "templates.txt"
    path.write_text("{a:Application} {v:Version>a} drew it.\n", encoding="utf-8")
    options: dict[str, object] = {"swap_turns": 2, "templates": (Templates(str(path), copies=3),)}
    everything = DataConfig(
        Source("unused"),
        rare_repeat=3,
        turn_names=True,
        swap_copies=2,
        **options,  # type: ignore[arg-type]
    )
    filled = fill_templates(corpus, everything, rng=random.Random(1))
    assert [d.document.text for d in filled] == [d.document.text for d in _made(corpus, **options)]
    assert [turn_of(d) for d in filled] == [(turn, 2) for turn in (0, 1) for _ in range(3)]


def test_recipe_finds_lists_and_templates_beside_itself(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "name: here\nmodel: {encoder: any}\ndata:\n  train: {path: corpus}\n"
        "  name_lists: [{path: names/a.txt, type: PlugIn, host: R}, {path: /b.txt, type: PlugIn}]\n"
        "  templates: [{path: t.txt, copies: 2}, {path: /u.txt}]\n",
        encoding="utf-8",
    )
    data = read_recipe(path).data
    assert [n.path for n in data.name_lists] == [str(tmp_path / "names/a.txt"), "/b.txt"]
    assert data.templates == (Templates(str(tmp_path / "t.txt"), 2), Templates("/u.txt"))
