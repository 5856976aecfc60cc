"""Ways to ask for the annotation of a sentence: all in one, or mentions and then choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from somex.core.schema import RelationType, relations_between
from somex.core.types import Annotation, Mention, Relation
from somex.llm.chat import ChatModel, Completion, Message, Schema
from somex.llm.config import PromptConfig
from somex.llm.prompts import (
    build_choice,
    build_messages,
    choice_text,
    correct,
    listed_form,
    mentions_form,
)
from somex.llm.sentence import Labels, SentenceView
from somex.llm.verify import Checked, Fault, verify_answer, verify_choice

Kind = Literal["mentions", "choice"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """An answer and what was wrong with it.

    Attributes:
        kind: Whether mentions were asked for (and relations) or a choice.
        answer: What the model wrote, and what it cost.
        n_corrections: 0 for the first answer, 1 for the one after its errors were named.
        faults: What is wrong with it.
        n_mentions: Mentions that it names.
        n_relations: Relations that it names.
    """

    kind: Kind
    answer: Completion
    n_corrections: int
    faults: tuple[Fault, ...]
    n_mentions: int = 0
    n_relations: int = 0


@dataclass(slots=True)
class Outcome:
    """What was found in a sentence and how.

    Attributes:
        annotation: What was accepted; empty where nothing was.
        records: All answers, in order.
        error: Why the sentence got no answer; empty where it did.
    """

    annotation: Annotation = field(default_factory=Annotation)
    records: list[AnswerRecord] = field(default_factory=list)
    error: str = ""


class Strategy(Protocol):
    """A way to annotate a sentence."""

    def annotate(self, view: SentenceView, examples: Sequence[Labels], outcome: Outcome) -> None:
        """Annotate a sentence.

        Args:
            view: The sentence.
            examples: Solved sentences to show, the most similar one last.
            outcome: Gets annotation and records, those before an error too.

        Raises:
            ServiceError: As `ChatModel.complete`.
        """
        ...


class JointStrategy:
    """Asks for mentions and relations in one answer.

    Args:
        model: Answers.
        n_corrections: How often its errors are named.
        listed: Whether the form lists the texts that a mention may have.
    """

    def __init__(self, model: ChatModel, *, n_corrections: int = 1, listed: bool = False) -> None:
        self._asker = _Asker(model, n_corrections, listed=listed)

    def annotate(self, view: SentenceView, examples: Sequence[Labels], outcome: Outcome) -> None:
        """Annotate a sentence; see `Strategy`."""
        outcome.annotation = self._asker.mentions(view, examples, outcome, with_relations=True)


@dataclass(frozen=True, slots=True)
class Option:
    """An answer to a choice: a relation of the mention to another one."""

    type: RelationType
    tail: Mention


def relation_options(head: Mention, mentions: Sequence[Mention]) -> list[Option]:
    """Return the relations that the schema allows from a mention to others, in their order."""
    return [
        Option(kind, tail)
        for tail in mentions
        if tail != head
        for kind in relations_between(head.type, tail.type)
    ]


def relation_question(
    view: SentenceView,
    head: Mention,
    options: Sequence[Option],
    examples: Sequence[Labels] = (),
) -> tuple[list[Message], Schema]:
    """Return the question which option holds, 0 standing for none, and its answer's form.

    Args:
        view: The sentence.
        head: The mention that is asked about.
        options: The relations that it may have.
        examples: Solved sentences, the most similar one last; from each, the question on a
            mention of the same type is shown solved, or on another one where it has none.
    """
    shown = []
    for labels in examples:
        solved = solve_choices(labels)
        alike = [c for c in solved if c.head.type == head.type] or solved
        if alike:
            shown.append((alike[0].asked, alike[0].answer))
    return build_choice(_choice_text(view, head, options), len(options) + 1, shown)


@dataclass(frozen=True, slots=True)
class SolvedChoice:
    """A question on a mention of a solved sentence, with the number of the right option."""

    head: Mention
    asked: str
    answer: int


def solve_choices(labels: Labels) -> list[SolvedChoice]:
    """Return the solved questions on the mentions of a sentence from which relations may lead."""
    solved = []
    mentions = labels.annotation.mentions
    for head in mentions:
        options = relation_options(head, mentions)
        if not options or not all(_is_quotable(labels.view, m) for m in mentions):
            continue
        right = {(r.type, r.tail) for r in labels.annotation.relations if r.head == head}
        number = next((n for n, o in enumerate(options, 1) if (o.type, o.tail) in right), 0)
        solved.append(SolvedChoice(head, _choice_text(labels.view, head, options), number))
    return solved


def _choice_text(view: SentenceView, head: Mention, options: Sequence[Option]) -> str:
    texts = ["none of these", *(_describe(view, option) for option in options)]
    question = f"What is the {head.type} {_quote(view, head)} in this sentence?"
    return choice_text(view, question, texts)


class StagedStrategy:
    """Asks for mentions, then for each which of the relations that the schema allows holds.

    Args:
        model: Answers.
        n_corrections: How often its errors are named, for each question.
        listed: Whether the form lists the texts that a mention may have.
    """

    def __init__(self, model: ChatModel, *, n_corrections: int = 1, listed: bool = False) -> None:
        self._asker = _Asker(model, n_corrections, listed=listed)

    def annotate(self, view: SentenceView, examples: Sequence[Labels], outcome: Outcome) -> None:
        """Annotate a sentence; see `Strategy`."""
        found = self._asker.mentions(view, examples, outcome, with_relations=False)
        outcome.annotation = found
        relations: list[Relation] = []
        for head in found.mentions:
            options = relation_options(head, found.mentions)
            if not options:
                continue
            question = relation_question(view, head, options, examples)
            chosen = self._asker.choose(question, options, outcome)
            if chosen is not None:
                relations.append(Relation(chosen.type, head, chosen.tail))
                outcome.annotation = Annotation.build(found.mentions, relations)


class _Asker:
    """Asks, checks, and asks again with the errors named."""

    def __init__(self, model: ChatModel, n_corrections: int, *, listed: bool) -> None:
        self._model = model
        self._n_corrections = n_corrections
        self._listed = listed

    def mentions(
        self,
        view: SentenceView,
        examples: Sequence[Labels],
        outcome: Outcome,
        *,
        with_relations: bool,
    ) -> Annotation:
        """Return what is accepted of the answer with the fewest faults, the first of equals."""
        if not view.text.strip():
            return Annotation()
        checked: list[Checked] = []

        def check(answer: Completion, n_corrections: int) -> tuple[Fault, ...]:
            found = verify_answer(answer, view, with_relations=with_relations)
            checked.append(found)
            counts = (found.n_mentions, found.n_relations)
            outcome.records.append(
                AnswerRecord("mentions", answer, n_corrections, found.faults, *counts)
            )
            return found.faults

        messages = build_messages(view, examples, with_relations=with_relations)
        form = listed_form(view, with_relations=with_relations) if self._listed else None
        self._ask(messages, form or mentions_form(with_relations=with_relations), check)
        usable = [c for c in checked if c.annotation is not None]
        best = min(usable, key=lambda c: len(c.faults), default=None)
        return Annotation() if best is None or best.annotation is None else best.annotation

    def choose(
        self,
        question: tuple[list[Message], Schema],
        options: Sequence[Option],
        outcome: Outcome,
    ) -> Option | None:
        """Return the option that the model takes, None for none of them or no valid answer."""
        chosen: list[int | None] = []

        def check(answer: Completion, n_corrections: int) -> tuple[Fault, ...]:
            number, fault = verify_choice(answer, len(options) + 1)
            chosen.append(number)
            faults = () if fault is None else (fault,)
            outcome.records.append(AnswerRecord("choice", answer, n_corrections, faults))
            return faults

        self._ask(*question, check)
        number = chosen[-1]
        return options[number - 1] if number else None

    def _ask(
        self,
        messages: Sequence[Message],
        form: Schema,
        check: Callable[[Completion, int], tuple[Fault, ...]],
    ) -> None:
        turns = list(messages)
        for n_corrections in range(self._n_corrections + 1):
            answer = self._model.complete(turns, form)
            faults = check(answer, n_corrections)
            if not faults:
                return
            turns = correct(messages, answer.text, [fault.message for fault in faults])


def _describe(view: SentenceView, option: Option) -> str:
    words = option.type.removesuffix("_of")
    return f"{words} of the {option.tail.type} {_quote(view, option.tail)}"


def _quote(view: SentenceView, mention: Mention) -> str:
    """Return a mention's text, with its number where the text stands several times."""
    quote = view.document.slice(mention.char_start, mention.char_end)
    places = view.find(quote)
    number = 1 + [place.char_start for place in places].index(mention.char_start)
    return f'"{quote}"' if len(places) == 1 else f'"{quote}" (occurrence {number})'


def _is_quotable(view: SentenceView, mention: Mention) -> bool:
    """Tell whether a mention stands on token borders, as every accepted one does."""
    quote = view.document.slice(mention.char_start, mention.char_end)
    return mention.char_start in [place.char_start for place in view.find(quote)]


def build_strategy(config: PromptConfig, model: ChatModel) -> Strategy:
    """Return the strategy of a recipe."""
    kind = JointStrategy if config.strategy == "joint" else StagedStrategy
    return kind(model, n_corrections=config.corrections, listed=config.spans == "listed")
