from __future__ import annotations

import json
from typing import Any

import pytest

from llm_server import EMPTY, MENTIONS, RELATIONS, RIGHT, SENTENCE
from somex.core.errors import AnnotationError
from somex.core.types import Document, Sentence
from somex.llm.chat import Completion
from somex.llm.sentence import SentenceView, view_labeled, view_sentence
from somex.llm.verify import Checked, FaultKind, verify_answer, verify_choice
from somex.readers.somd import somd_document


def view(text: str = SENTENCE) -> SentenceView:
    return view_sentence(somd_document(text.split(), id="d", path="p", line=1))


def check(values: Any, *, text: str = SENTENCE, with_relations: bool = True) -> Checked:
    raw = values if isinstance(values, str) else json.dumps(values)
    return verify_answer(Completion(raw), view(text), with_relations=with_relations)


def kinds(checked: Checked) -> list[FaultKind]:
    return [fault.kind for fault in checked.faults]


def mention(id: int, text: str, type: str = "Application", occurrence: int = 1) -> dict[str, Any]:
    return {"id": id, "text": text, "occurrence": occurrence, "type": type}


def texts(checked: Checked, sentence: str = SENTENCE) -> list[str]:
    assert checked.annotation is not None
    return [sentence[m.char_start : m.char_end] for m in checked.annotation.mentions]


def test_llm_verify_accepts_a_right_answer() -> None:
    checked = check(RIGHT)
    assert checked.annotation is not None
    assert texts(checked) == [m["text"] for m in MENTIONS]
    assert [str(r.type) for r in checked.annotation.relations] == ["Version_of", "Developer_of"]
    assert (checked.faults, checked.n_mentions, checked.n_relations) == ((), 4, 2)


def test_llm_verify_takes_a_fence_off() -> None:
    assert texts(check(f"```json\n{json.dumps(RIGHT)}\n```")) == [m["text"] for m in MENTIONS]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", FaultKind.NOT_JSON),
        ("Sure! Here it is.", FaultKind.NOT_JSON),
        ('{"mentions": [{"id": 1, "text": "Tess', FaultKind.TRUNCATED),
        ('{"mentions": [], "relations": [', FaultKind.TRUNCATED),
        ("[" * 100_000, FaultKind.NOT_JSON),
        ("[]", FaultKind.BREAKS_SCHEMA),
        ("{}", FaultKind.BREAKS_SCHEMA),
        (json.dumps({**EMPTY, "note": "x"}), FaultKind.BREAKS_SCHEMA),
        (json.dumps({**EMPTY, "mentions": {"id": 1}}), FaultKind.BREAKS_SCHEMA),
        (json.dumps({**EMPTY, "mentions": ["Tessarix"]}), FaultKind.BREAKS_SCHEMA),
        (json.dumps({**EMPTY, "mentions": [{"text": "Tessarix"}]}), FaultKind.BREAKS_SCHEMA),
        (json.dumps({**EMPTY, "mentions": [mention(True, "Quill")]}), FaultKind.BREAKS_SCHEMA),
        (
            json.dumps({**EMPTY, "mentions": [{**mention(1, "Quill"), "note": 1}]}),
            FaultKind.BREAKS_SCHEMA,
        ),
        (
            json.dumps({**EMPTY, "mentions": [mention(1, "Quill"), mention(1, "Tessarix")]}),
            FaultKind.BREAKS_SCHEMA,
        ),
        (json.dumps({**EMPTY, "mentions": [mention(10**5, "Quill")]}), FaultKind.BREAKS_SCHEMA),
    ],
)
def test_llm_verify_drops_answers_without_the_form(text: str, kind: FaultKind) -> None:
    checked = check(text)
    assert checked.annotation is None
    assert kinds(checked) == [kind]
    assert checked.faults[0].message


def test_llm_verify_counts_an_answer_cut_at_the_limit_as_truncated() -> None:
    cut = Completion('{"mentions": [], "relations": []', is_cut=True)
    assert kinds(verify_answer(cut, view(), with_relations=True)) == [FaultKind.TRUNCATED]


@pytest.mark.parametrize(
    ("item", "kind", "named"),
    [
        (mention(9, "Glimmerfit"), FaultKind.INVENTED, "'Glimmerfit' does not stand"),
        (mention(9, "tessarix"), FaultKind.INVENTED, "does not stand"),
        (mention(9, "Tessarix  2.1"), FaultKind.INVENTED, "does not stand"),
        (mention(9, ""), FaultKind.INVENTED, "does not stand"),
        (mention(9, "\ud800"), FaultKind.INVENTED, "does not stand"),
        (mention(9, "Tessa"), FaultKind.UNALIGNED, "only a part of a word"),
        (mention(9, " "), FaultKind.UNALIGNED, "only a part of a word"),
        (mention(9, "Quill", occurrence=2), FaultKind.WRONG_OCCURRENCE, "valid: 1 to 1"),
        (mention(9, "Quill", "Software"), FaultKind.UNKNOWN_TYPE, "'Software', which does not"),
        (mention(9, "Tessarix 2.1"), FaultKind.OVERLAP, "overlaps another"),
    ],
)
def test_llm_verify_leaves_out_mentions_that_are_not_there(
    item: dict[str, Any], kind: FaultKind, named: str
) -> None:
    checked = check({"mentions": [*MENTIONS, item], "relations": RELATIONS})
    assert kinds(checked) == [kind]
    assert named in checked.faults[0].message
    assert texts(checked) == [m["text"] for m in MENTIONS]
    assert checked.n_mentions == 5


def test_llm_verify_counts_occurrences_on_token_borders() -> None:
    sentence = "In Rill we ran R and then R ."
    checked = check({**EMPTY, "mentions": [mention(1, "R", occurrence=2)]}, text=sentence)
    assert checked.annotation is not None
    assert checked.annotation.mentions[0].char_start == sentence.rindex("R")


@pytest.mark.parametrize(
    ("item", "kind", "named"),
    [
        ({"type": "Made_by", "head": 3, "tail": 1}, FaultKind.UNKNOWN_RELATION, "'Made_by'"),
        ({"type": "URL_of", "head": 7, "tail": 1}, FaultKind.MISSING_END, "7, which is not in"),
        ({"type": "Version_of", "head": 2, "tail": 5}, FaultKind.MISSING_END, "5, which was ref"),
        (
            {"type": "Version_of", "head": 1, "tail": 4},
            FaultKind.DISALLOWED,
            "from Application to ProgrammingEnvironment; valid there: Abbreviation_of",
        ),
        ({"type": "Developer_of", "head": 3, "tail": 2}, FaultKind.DISALLOWED, "there: none"),
        ({"type": "Specification_of", "head": 1, "tail": 1}, FaultKind.DISALLOWED, "to itself"),
    ],
)
def test_llm_verify_leaves_out_relations_that_can_not_be(
    item: dict[str, Any], kind: FaultKind, named: str
) -> None:
    invented = mention(5, "Glimmerfit")
    checked = check({"mentions": [*MENTIONS, invented], "relations": [*RELATIONS, item]})
    assert kinds(checked) == [FaultKind.INVENTED, kind]
    assert named in checked.faults[1].message
    assert checked.annotation is not None
    assert len(checked.annotation.relations) == 2


def test_llm_verify_refuses_relations_where_only_mentions_were_asked_for() -> None:
    assert kinds(check(RIGHT, with_relations=False)) == [FaultKind.BREAKS_SCHEMA]
    assert texts(check({"mentions": MENTIONS}, with_relations=False))[0] == "Tessarix"


def test_llm_verify_keeps_offsets_of_sentences_inside_documents() -> None:
    text = "Leaves fell. Quill ran."
    document = Document("d", text, (Sentence(13, 23),))
    answer = Completion(json.dumps({**EMPTY, "mentions": [mention(1, "Quill")]}))
    checked = verify_answer(answer, view_sentence(document), with_relations=True)
    assert texts(checked, text) == ["Quill"]


@pytest.mark.parametrize(
    ("text", "number", "kind"),
    [
        ('{"answer": "2"}', 2, None),
        ('{"answer": "0"}', 0, None),
        ('{"answer": "3"}', None, FaultKind.BREAKS_SCHEMA),
        ('{"answer": "-1"}', None, FaultKind.BREAKS_SCHEMA),
        ('{"answer": "²"}', None, FaultKind.BREAKS_SCHEMA),
        ('{"answer": 1}', None, FaultKind.BREAKS_SCHEMA),
        ('{"answer": "2', None, FaultKind.TRUNCATED),
        ("two", None, FaultKind.NOT_JSON),
    ],
)
def test_llm_verify_reads_choices(text: str, number: int | None, kind: FaultKind | None) -> None:
    found, fault = verify_choice(Completion(text), 3)
    assert found == number
    assert (fault.kind if fault else None) == kind


def test_llm_sentence_needs_exactly_one_sentence() -> None:
    with pytest.raises(AnnotationError, match="document 'd' has 0 sentences"):
        view_sentence(Document("d", "Quill ran."))


def test_llm_sentence_solved_examples_pass_the_check(tiny_corpus) -> None:  # type: ignore[no-untyped-def]
    from somex.llm.sentence import labels_to_json

    for labeled in tiny_corpus:
        labels = view_labeled(labeled)
        answer = Completion(json.dumps(labels_to_json(labels, with_relations=True)))
        checked = verify_answer(answer, labels.view, with_relations=True)
        assert checked.faults == ()
        assert checked.annotation == labeled.annotation
