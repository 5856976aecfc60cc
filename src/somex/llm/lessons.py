"""What a language model is fine-tuned on: conversations of a strategy with right answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from somex.core.types import LabeledDocument
from somex.llm.chat import Message
from somex.llm.local import format_prompt
from somex.llm.prompts import build_choice, build_messages, dump
from somex.llm.sentence import Labels, labels_to_json, view_labeled
from somex.llm.strategies import solve_choices


@dataclass(frozen=True, slots=True)
class Lesson:
    """A conversation and the right answer to it."""

    messages: tuple[Message, ...]
    answer: str


def build_lessons(labeled: Sequence[LabeledDocument], *, strategy: str) -> list[Lesson]:
    """Return the lessons of labelled sentences.

    Args:
        labeled: Documents of one sentence each; empty ones teach nothing.
        strategy: ``joint``: one lesson a sentence; ``staged``: one for the mentions, and one for
            each mention that the schema allows a relation from.
    """
    lessons: list[Lesson] = []
    for item in labeled:
        labels = view_labeled(item)
        if not labels.view.text.strip():
            continue
        joint = strategy == "joint"
        messages = build_messages(labels.view, (), with_relations=joint)
        answer = dump(labels_to_json(labels, with_relations=joint))
        lessons.append(Lesson(tuple(messages), answer))
        if not joint:
            lessons += _choices(labels)
    return lessons


def _choices(labels: Labels) -> list[Lesson]:
    lessons = []
    for solved in solve_choices(labels):
        messages, _ = build_choice(solved.asked, solved.answer + 1)
        lessons.append(Lesson(tuple(messages), dump({"answer": str(solved.answer)})))
    return lessons


@dataclass(frozen=True, slots=True)
class Encoded:
    """A lesson in tokens.

    Attributes:
        ids: Prompt and answer, L of them.
        n_prompt: How many of them are the prompt, which is not learned.
    """

    ids: tuple[int, ...]
    n_prompt: int


def encode_lesson(lesson: Lesson, tokenizer: Any) -> Encoded:
    """Return a lesson in tokens; the answer ends as the tokenizer's chat template ends turns.

    Prompt and answer are cut into tokens apart, as the model will meet them.
    """
    prompt = format_prompt(lesson.messages, tokenizer)
    answer = lesson.answer + (tokenizer.eos_token or "")
    if getattr(tokenizer, "chat_template", None):
        turns = [m.to_json() for m in (*lesson.messages, Message("assistant", lesson.answer))]
        whole: str = tokenizer.apply_chat_template(turns, tokenize=False)
        if whole.startswith(prompt):
            answer = whole[len(prompt) :]
    first, second = (
        tokenizer(text, add_special_tokens=False).input_ids for text in (prompt, answer)
    )
    return Encoded((*first, *second), len(first))
