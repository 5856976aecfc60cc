from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from run_items import FirstWordExtractor, write_texts
from somex.core import ConfigError, LabeledDocument
from somex.pipeline import Failure, load
from somex.readers.inputs import Source, find_sources
from somex.runs import work
from somex.runs.engine import ProcessEngine, ThreadEngine, build_engine
from somex.runs.work import death_of


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    return find_sources([write_texts(tmp_path / "texts", 8)])


def test_runs_engine_results_do_not_depend_on_processes_and_repeats(
    tiny_model: Path, sources: list[Source]
) -> None:
    opener = partial(load, tiny_model, n_repeats=50)
    here = build_engine(opener, n_threads=1)
    beside = build_engine(opener, n_workers=2)
    plain = ThreadEngine(load(tiny_model, n_threads=1))
    assert isinstance(here, ThreadEngine)
    assert isinstance(beside, ProcessEngine)
    found = [list(engine.annotate(sources)) for engine in (here, beside, plain)]
    assert found[0] == found[1] == found[2]
    assert [type(item) for item in found[0]].count(Failure) == 2
    assert here.model == beside.model == plain.model
    for engine in (here, beside):
        totals = engine.totals
        assert totals.characters == sum(
            len(d.document.text) for d in found[0] if isinstance(d, LabeledDocument)
        )
        assert totals.sentences == totals.passed == totals.windows == 6
        assert totals.annotating_seconds > 0
    assert (here.n_workers, beside.n_workers) == (0, 2)


def test_runs_engine_settings_are_checked_before_any_work(tiny_model: Path) -> None:
    opener = partial(load, tiny_model)
    with pytest.raises(ConfigError, match="there are 0 workers; valid: 1 or more"):
        build_engine(opener, n_workers=0)
    with pytest.raises(ConfigError, match="GROBID's URL is 'ftp://x'"):
        build_engine(opener, n_workers=2, grobid="ftp://x")


def test_runs_engine_death_tells_the_source_and_its_digest(sources: list[Source]) -> None:
    failure = death_of(sources[0])
    assert failure.id == sources[0].id
    assert failure.sha256
    assert failure.reason.startswith(f"{sources[0].label}: the process that worked on it died")


def _ids(items: list[LabeledDocument | Failure]) -> list[str]:
    return [i.id if isinstance(i, Failure) else i.document.id for i in items]


def test_runs_engine_documents_share_batches_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = find_sources([write_texts(tmp_path / "texts", 30)])
    extractor = FirstWordExtractor()
    found = list(ThreadEngine(extractor).annotate(sources))  # type: ignore[arg-type]
    assert _ids(found) == [s.id for s in sources]
    assert [len(group) for group in extractor.groups] == [6, 7, 6, 5]  # of 8; every fifth is bad
    monkeypatch.setattr(work, "GROUP_CHARACTERS", 40)
    small = FirstWordExtractor()
    assert list(ThreadEngine(small).annotate(sources)) == found  # type: ignore[arg-type]
    assert max(len(group) for group in small.groups) == 2
    small.may_share_batches = False
    small.groups.clear()
    assert list(ThreadEngine(small).annotate(sources)) == found  # type: ignore[arg-type]
    assert {len(group) for group in small.groups} == {1}


def test_runs_engine_a_document_that_fails_takes_no_other_along(sources: list[Source]) -> None:
    extractor = FirstWordExtractor(fails_at="Quill3")
    engine = ThreadEngine(extractor)  # type: ignore[arg-type]
    found = list(engine.annotate(sources))
    assert _ids(found) == [s.id for s in sources]
    failed = {i.id: i for i in found if isinstance(i, Failure)}
    assert [*failed] == ["001", "003", "006"]
    assert failed["003"].reason == f"{sources[3].label}: ArithmeticError('not this one')"
    assert failed["003"].sha256
    assert engine.totals.sentences == 5


def test_runs_engine_a_document_that_kills_takes_no_other_along(tmp_path: Path) -> None:
    sources = find_sources([write_texts(tmp_path / "texts", 20)])
    opener = partial(FirstWordExtractor, dies_at="Quill13 ")
    engine = build_engine(opener, n_workers=2)  # type: ignore[arg-type]
    found = list(engine.annotate(sources))
    assert _ids(found) == [s.id for s in sources]
    failed = {i.id: i.reason for i in found if isinstance(i, Failure)}
    assert [*failed] == ["001", "006", "011", "013", "016"]
    assert "the process that worked on it died" in failed["013"]
    assert engine.totals.sentences == 15
