"""Checks every answer: nothing is taken that breaks the form, the sentence or the schema."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from somex.core.schema import EntityType, RelationType, is_compatible, relations_between
from somex.core.types import Annotation, Mention, Relation
from somex.llm.chat import Completion, Schema
from somex.llm.grammar import object_of
from somex.llm.prompts import JOINT_FORM, MENTIONS_FORM
from somex.llm.sentence import SentenceView

_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
_SHOWN = 60
_SHOWN_FAULT = 200
_ENTITY_TYPES = {str(entity): entity for entity in EntityType}
_RELATION_TYPES = {str(relation): relation for relation in RelationType}


class FaultKind(StrEnum):
    """What can be wrong with an answer."""

    TRUNCATED = "truncated JSON"
    NOT_JSON = "no JSON"
    BREAKS_SCHEMA = "schema-breaking output"
    INVENTED = "invented text"
    WRONG_OCCURRENCE = "occurrence that is not there"
    UNALIGNED = "not on token borders"
    OVERLAP = "overlapping mention"
    UNKNOWN_TYPE = "unknown type"
    UNKNOWN_RELATION = "unknown relation type"
    MISSING_END = "relation of a mention that is not there"
    DISALLOWED = "disallowed relation"


ANSWER_FAULTS = (FaultKind.TRUNCATED, FaultKind.NOT_JSON, FaultKind.BREAKS_SCHEMA)
"""Faults for which the whole answer is dropped."""

MENTION_FAULTS = (
    FaultKind.INVENTED,
    FaultKind.WRONG_OCCURRENCE,
    FaultKind.UNALIGNED,
    FaultKind.OVERLAP,
    FaultKind.UNKNOWN_TYPE,
)
RELATION_FAULTS = (FaultKind.UNKNOWN_RELATION, FaultKind.MISSING_END, FaultKind.DISALLOWED)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, in words for the model."""

    kind: FaultKind
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of an answer.

    Attributes:
        annotation: What was accepted; None where the whole answer was dropped.
        faults: What is wrong with it.
        n_mentions: Mentions that it named, right or not.
        n_relations: Relations likewise.
    """

    annotation: Annotation | None
    faults: tuple[Fault, ...] = ()
    n_mentions: int = 0
    n_relations: int = 0

    def counts(self) -> Counter[FaultKind]:
        """Return how many faults of each kind there are."""
        return Counter(fault.kind for fault in self.faults)


class _BrokenError(Exception):
    """The answer is dropped as a whole."""

    def __init__(self, kind: FaultKind, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(kind, message)


def verify_answer(answer: Completion, view: SentenceView, *, with_relations: bool) -> Checked:
    """Check an answer that names mentions and, maybe, relations.

    Args:
        answer: What the model wrote.
        view: The sentence that it is about.
        with_relations: Whether relations were asked for.
    """
    try:
        values = parse_json(answer)
        _check_form(values, JOINT_FORM if with_relations else MENTIONS_FORM)
        mentions, relations = values["mentions"], values.get("relations", [])
        _check_ids(mentions)
    except _BrokenError as error:
        return Checked(None, (error.fault,))
    faults: list[Fault] = []
    accepted = _accept_mentions(mentions, view, faults)
    related = _accept_relations(relations, accepted, {m["id"] for m in mentions}, faults)
    annotation = Annotation.build(accepted.values(), related)
    return Checked(annotation, tuple(faults), len(mentions), len(relations))


def verify_choice(answer: Completion, n_options: int) -> tuple[int | None, Fault | None]:
    """Return the number of the option that was chosen, or what is wrong with the answer."""
    try:
        values = parse_json(answer)
        _check_form(values, object_of(answer={"type": "string", "maxLength": 9}))
        chosen = values["answer"].strip()
    except _BrokenError as error:
        return None, error.fault
    if not (chosen.isascii() and chosen.isdecimal() and int(chosen) < n_options):
        message = f"answer is {_short(chosen)}; valid: 0 to {n_options - 1}"
        return None, Fault(FaultKind.BREAKS_SCHEMA, message)
    return int(chosen), None


def parse_json(answer: Completion) -> Any:
    """Read the JSON of an answer; a fence around it is taken off.

    Raises:
        _BrokenError: There is none, or it was cut off.
    """
    fenced = _FENCE.match(answer.text)
    text = (fenced[1] if fenced else answer.text).strip()
    try:
        values = json.loads(text)
    except RecursionError:
        raise _BrokenError(FaultKind.NOT_JSON, "the answer is nested too deeply") from None
    except ValueError as error:
        if answer.is_cut or _ends_early(text):
            message = "the answer was cut off before its JSON ended; answer shorter"
            raise _BrokenError(FaultKind.TRUNCATED, message) from None
        raise _BrokenError(FaultKind.NOT_JSON, f"the answer is no JSON: {error}") from None
    return values


def _ends_early(text: str) -> bool:
    """Tell whether a text that is no JSON would be, had it not ended so early."""
    if not text.startswith(("{", "[")):
        return False
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        else:
            depth += (character in "{[") - (character in "}]")
    return in_string or depth > 0


def _check_form(values: object, form: Schema) -> None:
    """Raise unless a value has a form; names of types are looked at later, one by one."""
    faults = Draft202012Validator(_without_names(form)).iter_errors(values)
    worst = best_match(faults)
    if worst is not None:
        message = f"{worst.json_path}: {worst.message[:_SHOWN_FAULT]}"
        raise _BrokenError(FaultKind.BREAKS_SCHEMA, message)


def _without_names(form: Schema) -> dict[str, Any]:
    """Return a form with any text where one of a list of names is to stand."""
    if "enum" in form:
        return {"type": "string"}
    relaxed = dict(form)
    if "items" in form:
        relaxed["items"] = _without_names(form["items"])
    if "properties" in form:
        relaxed["properties"] = {k: _without_names(v) for k, v in form["properties"].items()}
    return relaxed


def _check_ids(mentions: Sequence[Mapping[str, Any]]) -> None:
    ids = Counter(mention["id"] for mention in mentions)
    twice = [id for id, count in ids.items() if count > 1]
    if twice:
        raise _BrokenError(FaultKind.BREAKS_SCHEMA, f"two mentions have the id {twice[0]}")


def _accept_mentions(
    items: Sequence[Mapping[str, Any]], view: SentenceView, faults: list[Fault]
) -> dict[int, Mention]:
    """Return the mentions that stand in the sentence, by their ids; the first of two stays."""
    accepted: dict[int, Mention] = {}
    for item in items:
        found = _find(item, view)
        if isinstance(found, Mention):
            across = [o for o in accepted.values() if found.overlaps(o)]
            if across:
                message = f"{_short(item['text'])} overlaps another mention; leave one of them out"
                found = Fault(FaultKind.OVERLAP, message)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            accepted[item["id"]] = found
    return accepted


def _find(item: Mapping[str, Any], view: SentenceView) -> Mention | Fault:
    quote, occurrence = item["text"], int(item["occurrence"])
    if item["type"] not in _ENTITY_TYPES:
        message = f"{_short(quote)} has type {_short(item['type'])}, which does not exist"
        return Fault(FaultKind.UNKNOWN_TYPE, message)
    if not quote or view.count(quote) == 0:
        message = f"{_short(quote)} does not stand in the sentence; copy its characters"
        return Fault(FaultKind.INVENTED, message)
    places = view.find(quote)
    if not places:
        message = f"{_short(quote)} is only a part of a word of the sentence; name whole words"
        return Fault(FaultKind.UNALIGNED, message)
    if not 1 <= occurrence <= len(places):
        message = f"{_short(quote)} has occurrence {occurrence}; valid: 1 to {len(places)}"
        return Fault(FaultKind.WRONG_OCCURRENCE, message)
    place = places[occurrence - 1]
    return Mention(_ENTITY_TYPES[item["type"]], place.char_start, place.char_end)


def _accept_relations(
    items: Sequence[Mapping[str, Any]],
    mentions: Mapping[int, Mention],
    named: set[int],
    faults: list[Fault],
) -> list[Relation]:
    """Return the relations between accepted mentions that the schema allows, each once."""
    accepted: dict[tuple[RelationType, int, int], Relation] = {}
    for item in items:
        kind, head, tail = item["type"], item["head"], item["tail"]
        if kind not in _RELATION_TYPES:
            message = f"relation type {_short(kind)} does not exist"
            faults.append(Fault(FaultKind.UNKNOWN_RELATION, message))
            continue
        missing = next((id for id in (head, tail) if id not in mentions), None)
        if missing is not None:
            why = "was refused" if missing in named else "is not in the list"
            message = f"{kind} names mention {missing}, which {why}"
            faults.append(Fault(FaultKind.MISSING_END, message))
            continue
        ends = mentions[head], mentions[tail]
        if head == tail or not is_compatible(_RELATION_TYPES[kind], ends[0].type, ends[1].type):
            faults.append(Fault(FaultKind.DISALLOWED, _forbidden(kind, head, tail, ends)))
            continue
        relation = Relation(_RELATION_TYPES[kind], *ends)
        accepted.setdefault((relation.type, head, tail), relation)
    return list(accepted.values())


def _forbidden(kind: str, head: int, tail: int, ends: tuple[Mention, Mention]) -> str:
    if head == tail:
        return f"{kind} leads from mention {head} to itself"
    allowed = ", ".join(relations_between(ends[0].type, ends[1].type)) or "none"
    return f"{kind} can't lead from {ends[0].type} to {ends[1].type}; valid there: {allowed}"


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
