"""What the model is told: the types, the answer's form, solved examples, and its own errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from somex.core.schema import ENTITY_TYPES, RELATION_TYPES, EntityType, RelationType
from somex.llm.chat import Message, Schema
from somex.llm.grammar import enum_of, list_of, object_of
from somex.llm.sentence import Labels, SentenceView, labels_to_json

MAX_MENTIONS, MAX_RELATIONS = 40, 60
MAX_SPANS = 400
"""So many texts a form lists; hosted endpoints take about 500."""

_MAX_TEXT = 300
_E, _R = EntityType, RelationType

ENTITY_MEANINGS: dict[EntityType, str] = {
    _E.APPLICATION: "name of a program, tool, package or web service",
    _E.PLUGIN: "name of an extension that runs inside another program",
    _E.PROGRAMMING_ENVIRONMENT: "name of a programming language or its environment",
    _E.OPERATING_SYSTEM: "name of an operating system",
    _E.SOFTWARE_COREFERENCE: "words that point at a software named elsewhere (our tool)",
    _E.VERSION: "number or name of a version",
    _E.RELEASE: "date or name of a release",
    _E.DEVELOPER: "company, group or person that made a software",
    _E.CITATION: "reference to a publication of a software",
    _E.URL: "web address of a software",
    _E.LICENSE: "name of a licence",
    _E.ABBREVIATION: "short form of a software's name that stands beside the long one",
    _E.ALTERNATIVE_NAME: "another full name of a software",
    _E.EXTENSION: "edition or variant that is part of a software's name (Professional)",
}
"""What the types mean, in words of SoMeSci's annotation guidelines."""

RELATION_MEANINGS: dict[RelationType, str] = {
    _R.VERSION_OF: "a Version of a software",
    _R.DEVELOPER_OF: "the Developer of a software",
    _R.URL_OF: "the URL of a software, developer or licence",
    _R.LICENSE_OF: "the License of a software",
    _R.CITATION_OF: "the Citation of a software",
    _R.ABBREVIATION_OF: "the short form of a name",
    _R.ALTERNATIVE_NAME_OF: "another name of a software",
    _R.RELEASE_OF: "the Release of a software",
    _R.PLUGIN_OF: "a PlugIn of the software that it runs in",
    _R.EXTENSION_OF: "the Extension of a software",
    _R.SPECIFICATION_OF: "a software that specifies another one further",
}

_NUMBER: Schema = {"type": "integer", "minimum": 1, "maximum": 99}
_TEXT: Schema = {"type": "string", "maxLength": _MAX_TEXT}


def mentions_form(quote: Schema = _TEXT, *, with_relations: bool) -> Schema:
    """Return the form of an answer that names mentions and, maybe, relations.

    Args:
        quote: Form of a mention's text; any text by default.
        with_relations: Whether it names relations.
    """
    mention = object_of(id=_NUMBER, text=quote, occurrence=_NUMBER, type=enum_of(ENTITY_TYPES))
    relation = object_of(type=enum_of(RELATION_TYPES), head=_NUMBER, tail=_NUMBER)
    mentions = list_of(mention, n_most=MAX_MENTIONS)
    if not with_relations:
        return object_of(mentions=mentions)
    return object_of(mentions=mentions, relations=list_of(relation, n_most=MAX_RELATIONS))


def listed_form(view: SentenceView, *, with_relations: bool) -> Schema:
    """Return the form in which a mention's text is a run of whole tokens of the sentence."""
    return mentions_form(enum_of(view.spans(MAX_SPANS)), with_relations=with_relations)


MENTIONS_FORM = mentions_form(with_relations=False)
JOINT_FORM = mentions_form(with_relations=True)

_TASK = """You find mentions of software in a sentence of a scientific paper.
Answer with JSON alone. For the sentence "{sentence}" the answer is:
{form}
Rules:
- "text" is copied from the sentence, character by character, blanks included.
- "occurrence" is 1 for the first place where that text stands in the sentence, 2 for the second.
- "id" numbers the mentions from 1. Mentions do not overlap.
- A sentence without software gives empty lists.
Types of mentions:
{types}"""

_RELATION_RULES = """
Relations lead from "head" (the attribute) to "tail" (what it belongs to), both ids of mentions:
{relations}"""

_CHOICE = (
    "You answer single-choice questions on a sentence of a scientific paper. "
    'Answer with JSON alone, {"answer": "..."}, where the dots are the number of the right option.'
)

_SAMPLE = "Leaves were counted in Tessarix 2.1 ."
_SAMPLE_ANSWER: dict[str, list[dict[str, Any]]] = {
    "mentions": [
        {"id": 1, "text": "Tessarix", "occurrence": 1, "type": "Application"},
        {"id": 2, "text": "2.1", "occurrence": 1, "type": "Version"},
    ],
    "relations": [{"type": "Version_of", "head": 2, "tail": 1}],
}
"""Shows the form; sentence and software are invented."""


def system_prompt(*, with_relations: bool) -> str:
    """Return the instructions: task, form of the answer, and what the types mean."""
    types = "\n".join(f"- {name}: {text}" for name, text in ENTITY_MEANINGS.items())
    parts = ("mentions", "relations") if with_relations else ("mentions",)
    form = dump({part: _SAMPLE_ANSWER[part] for part in parts})
    prompt = _TASK.format(sentence=_SAMPLE, form=form, types=types)
    if with_relations:
        lines = "\n".join(f"- {name}: {text}" for name, text in RELATION_MEANINGS.items())
        prompt += _RELATION_RULES.format(relations=lines)
    return prompt


def build_messages(
    view: SentenceView, examples: Sequence[Labels], *, with_relations: bool
) -> list[Message]:
    """Return the conversation that asks for the mentions of a sentence.

    Args:
        view: The sentence.
        examples: Solved sentences, the most similar one last.
        with_relations: Whether relations are asked for in the same answer.
    """
    messages = [Message("system", system_prompt(with_relations=with_relations))]
    for example in examples:
        messages.append(Message("user", _ask(example.view.text)))
        answer = labels_to_json(example, with_relations=with_relations)
        messages.append(Message("assistant", dump(answer)))
    messages.append(Message("user", _ask(view.text)))
    return messages


def _ask(text: str) -> str:
    return f"Sentence: {text}"


def dump(values: Any) -> str:
    """Return values as the JSON that examples show."""
    return json.dumps(values, ensure_ascii=False)


def choice_text(view: SentenceView, question: str, options: Sequence[str]) -> str:
    """Return a single-choice question on a sentence; its first option has number 0."""
    lines = "\n".join(f"{number}: {option}" for number, option in enumerate(options))
    return f"{_ask(view.text)}\nQuestion: {question}\n{lines}"


def build_choice(
    asked: str, n_options: int, examples: Sequence[tuple[str, int]] = ()
) -> tuple[list[Message], Schema]:
    """Return the conversation that asks a single-choice question, and the form of its answer.

    Args:
        asked: Of `choice_text`.
        n_options: How many options it has.
        examples: Questions with the numbers of the right options.
    """
    form = object_of(answer=enum_of([str(number) for number in range(n_options)]))
    messages = [Message("system", _CHOICE)]
    for example, number in examples:
        messages.append(Message("user", example))
        messages.append(Message("assistant", dump({"answer": str(number)})))
    return [*messages, Message("user", asked)], form


def correct(messages: Sequence[Message], answer: str, faults: Sequence[str]) -> list[Message]:
    """Return the conversation that goes on with the answer's errors named."""
    listed = "\n".join(f"- {fault}" for fault in faults[:10])
    asked = f"Your answer has errors:\n{listed}\nAnswer again, with JSON alone and all corrected."
    return [*messages, Message("assistant", answer or "(empty)"), Message("user", asked)]
