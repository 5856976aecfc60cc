from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("narwhals", reason="narwhals is not installed (the extra frames)")

import somex
from somex.core.errors import ConfigError
from somex.models import fast

TEXTS = [
    "We ran all models in Glimmerfit version 2.4 [3].",
    "The leafcount package for Quill counted leaves (Orbital Labs).",
    None,
    "Samples were kept at four degrees.",
]
KINDS = ("pandas", "polars", "pyarrow")


def make(kind: str, **columns: list[Any]) -> Any:
    module = pytest.importorskip(kind, reason=f"{kind} is not installed")
    return module.table(columns) if kind == "pyarrow" else module.DataFrame(columns)


def rows(frame: Any) -> list[dict[str, Any]]:
    import narwhals as nw

    found = nw.from_native(frame).iter_rows(named=True)
    return [{k: None if v != v else v for k, v in row.items()} for row in found]  # pandas: NaN


def extract(frame: Any, model: Any, **options: Any) -> somex.frames.Frames[Any]:
    return somex.frames.extract_frame(frame, model=model, progress=False, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_hold_what_the_extractor_finds(kind: str, tiny_model: Path) -> None:
    frame = make(kind, doi=["10.1/a", "10.1/b", "10.1/c", "10.1/d"], abstract=TEXTS)
    with pytest.warns(UserWarning, match="1 of 4 texts failed .row 2: the text is missing.; see"):
        found = extract(frame, tiny_model, text="abstract", id="doi", batch_size=2)
    assert {type(part) for part in found} == {type(frame)}
    extractor = somex.load(tiny_model)
    expected, relations = [], []
    for row, text in enumerate(TEXTS):
        annotation = extractor.extract(text or "").annotation
        doi = f"10.1/{'abcd'[row]}"
        ids = {m: f"T{n}" for n, m in enumerate(annotation.mentions, start=1)}
        for m, id in ids.items():
            span = (text or "")[m.char_start : m.char_end]
            facts = (str(m.type), span, m.char_start, m.char_end, m.confidence, m.purpose)
            expected.append((row, doi, id, *facts))
        relations += [
            (row, doi, str(r.type), ids[r.head], ids[r.tail]) for r in annotation.relations
        ]
    assert expected
    assert [tuple(row.values()) for row in rows(found.mentions)] == expected
    assert [tuple(row.values())[:5] for row in rows(found.relations)] == relations
    assert rows(found.failures) == [{"row": 2, "doi": "10.1/c", "reason": "the text is missing"}]


@pytest.mark.parametrize("kind", KINDS)
def test_frames_without_rows_keep_their_columns(kind: str, tiny_model: Path) -> None:
    found = extract(make(kind, n=[7], text=[""]), tiny_model, id="n")
    names = ["row", "n", "mention", "type", "text", "char_start", "char_end"]
    import narwhals as nw

    mentions = nw.from_native(found.mentions)
    assert mentions.columns == [*names, "confidence", "purpose"]
    assert mentions.shape[0] == 0
    assert mentions.schema["n"] == nw.Int64
    assert nw.from_native(found.relations).shape == (0, 8)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_carry_ids_of_other_types_over(kind: str, tiny_model: Path) -> None:
    day = datetime.datetime(2026, 1, 2)
    frame = make(kind, day=[day], number=[4], text=TEXTS[:1])
    assert rows(extract(frame, tiny_model, id="day").mentions)[0]["day"] == day
    assert rows(extract(frame, tiny_model, id="number").mentions)[0]["number"] == 4


def test_frames_keep_nullable_and_categorical_ids_of_pandas(tiny_model: Path) -> None:
    pandas = pytest.importorskip("pandas")
    texts = pandas.array([*TEXTS[:2], None], dtype="string")
    frame = pandas.DataFrame(
        {
            "text": texts,
            "number": pandas.array([1, None, 3], dtype="Int64"),
            "kind": pandas.Categorical(["a", "b", "a"]),
        },
        index=[7, 7, 8],
    )
    for column in ("number", "kind"):
        with pytest.warns(UserWarning, match="row 2: the text is missing"):
            found = extract(frame, tiny_model, id=column)
        assert found.mentions[column].dtype == frame[column].dtype
        of_first = found.mentions[found.mentions["row"] == 0]
        assert list(of_first[column]) == [frame[column].iloc[0]] * len(of_first)
        assert list(found.failures[column]) == [frame[column].iloc[2]]


def test_frames_go_by_place_whatever_the_index_of_pandas(tiny_model: Path) -> None:
    frame = make("pandas", text=TEXTS[:2])
    frame.index = [9, 9]
    found = extract(frame, tiny_model).mentions
    assert set(found["row"]) == {0, 1}
    assert list(found.index) == list(range(len(found)))


def test_frames_report_a_row_that_fails_and_go_on(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = somex.load(tiny_model)
    annotate = extractor.annotate

    def fails_at_samples(documents: list[somex.Document]) -> list[somex.LabeledDocument]:
        if any(d.text.startswith("Samples") for d in documents):
            raise RuntimeError("no\nsamples")
        return annotate(documents)

    monkeypatch.setattr(extractor, "annotate", fails_at_samples)
    frame = make("pandas", text=[TEXTS[3], TEXTS[0], 5])
    with pytest.warns(UserWarning, match="2 of 3 texts failed"):
        found = extract(frame, extractor)
    told = {row["row"]: row["reason"] for row in rows(found.failures)}
    assert told == {0: "RuntimeError: no samples", 2: "5 is no text but int"}
    assert {row["row"] for row in rows(found.mentions)} == {1}


def test_frames_say_what_is_wrong(tiny_model: Path) -> None:
    frame = make("polars", abstract=TEXTS, type=[1, 2, 3, 4])
    with pytest.raises(ConfigError, match="unknown column 'text'; valid: abstract, type"):
        extract(frame, tiny_model)
    with pytest.raises(ConfigError, match="id column is called 'type', as one of the results"):
        extract(frame, tiny_model, text="abstract", id="type")
    with pytest.raises(ConfigError, match=r"polars.*LazyFrame; valid: an eager frame"):
        extract(frame.lazy(), tiny_model, text="abstract")
    with pytest.raises(ConfigError, match=r"builtins.list; valid: an eager frame"):
        extract(TEXTS, tiny_model)
    with pytest.raises(ConfigError, match="batch_size is 0"):
        extract(frame, tiny_model, text="abstract", batch_size=0)


def test_frames_show_progress(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    somex.frames.extract_frame(make("polars", text=TEXTS[:2]), model=tiny_model)
    assert "2/2" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(not (fast() / "encode.onnx").is_file(), reason=f"no model in {fast()}")
def test_frames_of_the_fast_model_hold_software() -> None:
    frame = make("polars", text=["We used SPSS version 25 (IBM Corp.)."])
    told = {(r["head_text"], r["tail_text"]) for r in rows(extract(frame, "fast").relations)}
    assert ("25", "SPSS") in told
