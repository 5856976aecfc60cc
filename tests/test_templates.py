from __future__ import annotations

import random
from pathlib import Path

import pytest

from somex.core import ConfigError, LabeledDocument, Sentence
from somex.core.schema import EntityType, RelationType
from somex.templates import Fill, fill_template, parse_template, read_templates

E, R = EntityType, RelationType


def _fill(**texts: str) -> Fill:
    return lambda kind, host: texts.get(f"{kind}_{host}") or texts.get(str(kind))


def _told(labeled: LabeledDocument) -> tuple[list[tuple[str, str]], list[tuple[str, str, str]]]:
    def text(m: object) -> str:
        return labeled.document.slice(m.char_start, m.char_end)  # type: ignore[attr-defined]

    annotation = labeled.annotation
    return (
        [(str(m.type), text(m)) for m in annotation.mentions],
        [(text(r.head), str(r.type), text(r.tail)) for r in annotation.relations],
    )


def test_fill_template_puts_texts_in_their_slots() -> None:
    template = parse_template("We ran {a:Application} (v{v:Version>a}) twice.")
    fill = _fill(Application="Glimmerfit", Version="2.4")
    made = fill_template(template, fill=fill, rng=random.Random(1))
    assert made is not None
    assert made.document.text == "We ran Glimmerfit (v2.4) twice."
    (sentence,) = made.document.sentences
    assert (sentence.char_start, sentence.char_end) == (0, len(made.document.text))
    assert _told(made) == (
        [("Application", "Glimmerfit"), ("Version", "2.4")],
        [("2.4", "Version_of", "Glimmerfit")],
    )


def test_fill_template_draws_a_plug_in_for_its_host() -> None:
    template = parse_template("Fits used {k:PlugIn>p} in {p:ProgrammingEnvironment=Quill}.")
    fill = _fill(PlugIn="anything", PlugIn_Quill="leafcount")
    made = fill_template(template, fill=fill, rng=random.Random(1))
    assert made is not None
    assert made.document.text == "Fits used leafcount in Quill."
    assert _told(made)[1] == [("leafcount", "PlugIn_of", "Quill")]


def test_fill_template_chooses_among_wordings() -> None:
    template = parse_template("[[Our|The]] {s:SoftwareCoreference=[[tool|code]]} is free.")
    rng = random.Random(1)
    made = [fill_template(template, fill=_fill(), rng=rng) for _ in range(40)]
    texts = {m.document.text for m in made if m is not None}
    assert texts == {f"{a} {b} is free." for a in ("Our", "The") for b in ("tool", "code")}
    assert {_told(m)[0][0][1] for m in made if m is not None} == {"tool", "code"}


@pytest.mark.parametrize(
    ("kind", "relation", "long_is_host"),
    [
        (E.ALTERNATIVE_NAME, R.ALTERNATIVE_NAME_OF, False),
        (E.ABBREVIATION, R.ABBREVIATION_OF, True),
    ],
)
def test_fill_template_makes_up_two_names(
    kind: EntityType, relation: RelationType, *, long_is_host: bool
) -> None:
    template = parse_template(f"{{a:Application}} ({{b:{kind}>a}}) is free.")
    for seed in range(20):
        made = fill_template(template, fill=_fill(), rng=random.Random(seed))
        assert made is not None
        (_, host), (_, other) = _told(made)[0]
        long, short = (host, other) if long_is_host else (other, host)
        assert " " in long
        assert " " not in short
        assert set(short.lower()) <= set(long.lower())
        assert _told(made)[1] == [(other, str(relation), host)]


def test_fill_template_gives_up_where_no_text_is_known() -> None:
    template = parse_template("{a:Application} {r:Release>a}")
    assert fill_template(template, fill=_fill(Application="A"), rng=random.Random(1)) is None


def test_fill_template_without_slots_mentions_nothing() -> None:
    template = parse_template("Cells were kept at [[37|39]] degrees.")
    made = fill_template(template, fill=_fill(), rng=random.Random(1))
    assert made is not None
    assert made.document.text in {f"Cells were kept at {n} degrees." for n in (37, 39)}
    assert made.document.sentences == (Sentence(0, len(made.document.text)),)
    assert _told(made) == ([], [])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("We ran {a:Applicaton}.", "unknown type Applicaton; valid: Application, PlugIn"),
        ("{a:Application} {a:Version}", "two slots are called 'a'"),
        ("{a:Application} {v:Version>b}", "slot 'v' has the host 'b'; valid: a, v"),
        ("{v:Version} {l:License>v}", "a License can't be an attribute of a Version"),
        ("{a:Application} {x:OperatingSystem>a}", "a OperatingSystem can't be an attribute"),
        (
            "{a:Application} {k:PlugIn=fit>a}",
            r"the host stands before the text, \{k:PlugIn>host=fit\}",
        ),
        ("We ran a:Application} twice.", "a slot must read"),
        ("{a:Application} and {b", "a slot must read"),
        ("{a:Application} [[{v:Version>a}|ran]].", "a slot can't stand in one of several wordings"),
    ],
)
def test_parse_template_names_the_fault(line: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_template(line)


def test_read_templates_tells_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("# ours\n\n{a:Application} ran.\n{b:Nothing} ran.\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"t\.txt:4: unknown type Nothing"):
        read_templates(path)
    path.write_text("# ours\n\n{a:Application} ran.\n", encoding="utf-8")
    assert [t.line for t in read_templates(path)] == ["{a:Application} ran."]
    with pytest.raises(ConfigError, match="can't be read"):
        read_templates(tmp_path / "none.txt")


def test_read_templates_reads_the_files_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no \*\.txt file"):
        read_templates(tmp_path)
    for name, line in (("b.txt", "Third."), ("a.txt", "First.\nSecond."), ("c.md", "Not this.")):
        (tmp_path / name).write_text(line + "\n", encoding="utf-8")
    assert [t.line for t in read_templates(tmp_path)] == ["First.", "Second.", "Third."]
