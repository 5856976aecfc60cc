from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from llm_server import EMPTY, MENTIONS, RIGHT, SENTENCE
from somex.core.schema import ENTITY_TYPES, RELATION_TYPES
from somex.core.types import LabeledDocument
from somex.llm.chat import Completion, Message, Schema
from somex.llm.prompts import ENTITY_MEANINGS, RELATION_MEANINGS, system_prompt
from somex.llm.sentence import view_labeled, view_sentence
from somex.llm.strategies import JointStrategy, Outcome, StagedStrategy, Strategy
from somex.llm.verify import FaultKind
from somex.readers.somd import somd_document

INVENTED = {"id": 5, "text": "Glimmerfit", "occurrence": 1, "type": "Application"}


class Scripted:
    """Answers from a list or function, and keeps what it was asked."""

    def __init__(self, answers: Sequence[object] | Callable[[str], object]) -> None:
        self._answers = answers
        self.asked: list[list[Message]] = []
        self.forms: list[Schema] = []

    def complete(self, messages: Sequence[Message], schema: Schema) -> Completion:
        self.asked.append(list(messages))
        self.forms.append(schema)
        if callable(self._answers):
            given = self._answers(messages[-1].content)
        else:
            given = self._answers[len(self.asked) - 1]
        return Completion(given if isinstance(given, str) else json.dumps(given))


def annotate(strategy: Strategy, text: str = SENTENCE, examples: Sequence[object] = ()) -> Outcome:
    outcome = Outcome()
    view = view_sentence(somd_document(text.split(), id="d", path="p", line=1))
    strategy.annotate(view, examples, outcome)  # type: ignore[arg-type]
    return outcome


def test_llm_strategy_joint_takes_a_right_answer_at_once() -> None:
    model = Scripted([RIGHT])
    outcome = annotate(JointStrategy(model))
    assert len(outcome.annotation.mentions) == 4
    assert len(outcome.annotation.relations) == 2
    assert len(model.asked) == 1


def test_llm_strategy_names_the_errors_and_asks_again() -> None:
    model = Scripted([{**RIGHT, "mentions": [*MENTIONS, INVENTED]}, RIGHT])
    outcome = annotate(JointStrategy(model))
    first, second = model.asked
    assert second[: len(first)] == first
    assert [m.role for m in second[len(first) :]] == ["assistant", "user"]
    assert "'Glimmerfit' does not stand in the sentence" in second[-1].content
    assert [r.n_corrections for r in outcome.records] == [0, 1]
    assert [f.kind for f in outcome.records[0].faults] == [FaultKind.INVENTED]
    assert len(outcome.annotation.mentions) == 4


def test_llm_strategy_accepts_nothing_of_answers_without_the_form() -> None:
    outcome = annotate(JointStrategy(Scripted(["no idea", "[]", "{"]), n_corrections=2))
    assert outcome.annotation.mentions == ()
    found = [record.faults[0].kind for record in outcome.records]
    assert found == [FaultKind.NOT_JSON, FaultKind.BREAKS_SCHEMA, FaultKind.TRUNCATED]


def test_llm_strategy_keeps_the_answer_with_the_fewest_faults() -> None:
    two = {**RIGHT, "mentions": [*MENTIONS, INVENTED, {**INVENTED, "id": 6}]}
    one = {**EMPTY, "mentions": [MENTIONS[0], INVENTED]}
    outcome = annotate(JointStrategy(Scripted([two, one, "broken"]), n_corrections=2))
    assert [m.type for m in outcome.annotation.mentions] == ["Application"]


def test_llm_strategy_asks_nothing_of_an_empty_sentence() -> None:
    model = Scripted([])
    assert annotate(JointStrategy(model), "").records == []
    assert model.asked == []


def test_llm_strategy_staged_asks_only_for_relations_that_the_schema_allows() -> None:
    def reply(asked: str) -> object:
        if "Question:" not in asked:
            return {"mentions": MENTIONS}
        lines = asked.splitlines()
        wanted = {"Version": "Version of the Application", "Developer": "Developer of the Appl"}
        kind = next((k for k in wanted if f"the {k} " in lines[1]), None)
        if kind is None:
            return {"answer": "0"}
        number = next(line.split(":")[0] for line in lines[2:] if wanted[kind] in line)
        return {"answer": number}

    model = Scripted(reply)
    outcome = annotate(StagedStrategy(model))
    assert [str(r.type) for r in outcome.annotation.relations] == ["Version_of", "Developer_of"]
    assert [r.kind for r in outcome.records] == ["mentions", *["choice"] * 4]
    question = next(m[-1].content for m in model.asked if "the Version " in m[-1].content)
    assert question.splitlines()[1:] == [
        'Question: What is the Version "2.1" in this sentence?',
        "0: none of these",
        '1: Version of the Application "Tessarix"',
        '2: Version of the ProgrammingEnvironment "Quill"',
    ]
    assert model.forms[1]["properties"]["answer"]["enum"]


def test_llm_strategy_staged_takes_no_relation_where_the_choice_is_broken() -> None:
    def reply(asked: str) -> object:
        return {"mentions": MENTIONS} if "Question:" not in asked else {"answer": "99"}

    model = Scripted(lambda asked: "9" if "errors" in asked else reply(asked))
    outcome = annotate(StagedStrategy(model))
    assert outcome.annotation.relations == ()
    assert len(outcome.annotation.mentions) == 4
    assert sum(bool(r.faults) for r in outcome.records) == 8


def test_llm_strategy_tells_equal_mentions_apart_in_questions() -> None:
    sentence = "Quill 4.0 follows Quill 3.9 ."
    named = [
        {"id": 1, "text": "Quill", "occurrence": 1, "type": "Application"},
        {"id": 2, "text": "4.0", "occurrence": 1, "type": "Version"},
        {"id": 3, "text": "Quill", "occurrence": 2, "type": "Application"},
    ]
    model = Scripted(lambda a: {"answer": "2"} if "Question:" in a else {"mentions": named})
    outcome = annotate(StagedStrategy(model), sentence)
    (relation,) = [r for r in outcome.annotation.relations if str(r.type) == "Version_of"]
    assert relation.tail.char_start == sentence.rindex("Quill")


def test_llm_strategy_shows_solved_examples_before_the_question(
    tiny_corpus: list[LabeledDocument],
) -> None:
    model = Scripted([RIGHT])
    shown = [view_labeled(labeled) for labeled in tiny_corpus[:2]]
    annotate(JointStrategy(model), examples=shown)
    roles = [m.role for m in model.asked[0]]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    assert "Glimmerfit" in model.asked[0][2].content
    assert model.asked[0][-1].content == f"Sentence: {SENTENCE}"


def test_llm_prompts_explain_every_type_and_relation() -> None:
    assert set(ENTITY_MEANINGS) == set(ENTITY_TYPES)
    assert set(RELATION_MEANINGS) == set(RELATION_TYPES)
    prompt = system_prompt(with_relations=True)
    assert [name for name in (*ENTITY_TYPES, *RELATION_TYPES) if f"- {name}:" not in prompt] == []
    assert "Version_of" not in system_prompt(with_relations=False)


def test_llm_strategy_lists_runs_of_whole_tokens_in_the_form() -> None:
    model = Scripted([EMPTY])
    annotate(JointStrategy(model, listed=True), "We used R and R 2.1 .")
    listed = model.forms[0]["properties"]["mentions"]["items"]["properties"]["text"]["enum"]
    assert listed[:6] == ["We", "used", "R", "and", "2.1", "."]
    assert "R 2.1" in listed
    assert "We used R and R 2.1 ." in listed
    assert len(listed) == len(set(listed))


def test_llm_sentence_lists_no_more_spans_than_asked_for() -> None:
    text = " ".join(f"w{n}" for n in range(50))
    view = view_sentence(somd_document(text.split(), id="d", path="p", line=1))
    assert len(view.spans(400)) == 50 + 49 + 48 + 47 + 46 + 45 + 44 + 43
    assert len(view.spans(10)) == 50
    assert len(view.spans(10**6)) == 50 * 51 // 2


def test_llm_strategy_staged_shows_solved_choices_too(tiny_corpus: list[LabeledDocument]) -> None:
    model = Scripted(lambda a: {"answer": "0"} if "Question:" in a else {"mentions": MENTIONS})
    shown = [view_labeled(labeled) for labeled in tiny_corpus[:2]]
    annotate(StagedStrategy(model), examples=shown)
    asked = next(m for m in model.asked if "the Version " in m[-1].content)
    assert [m.role for m in asked] == ["system", *["user", "assistant"] * 2, "user"]
    assert 'What is the Version "2.4"' in asked[1].content
    assert asked[2].content == '{"answer": "1"}'
    assert all("2.1" not in m.content for m in asked[:-1])
