"""Sentences of our own with slots: mentions of rare types in the words that papers use for them.

A template is a line of natural text. ``{a:Application}`` is a slot, called ``a``; an attribute
names its host, ``{v:Version>a}``, and the relation between them is the one that bears the
attribute's name (``Version_of``); ``{c:SoftwareCoreference=program}`` is a slot whose text stands
fast. ``[[is|was]]`` is one of several wordings. An Abbreviation or AlternativeName slot and its
host get a made-up long name and the letters that stand for it; other slots get a text of their
type. A line without slots is a sentence that mentions no software.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from somex.core.config import read_setting_file
from somex.core.errors import ConfigError
from somex.core.schema import EntityType, RelationType, is_compatible
from somex.core.types import (
    Annotation,
    Document,
    LabeledDocument,
    Mention,
    Relation,
    Sentence,
)
from somex.long_names import make_names

_SLOT = re.compile(r"\{(\w+):(\w+)(?:>(\w+))?(?:=([^{}]+))?\}")
_MISPLACED = re.compile(r"(?<=\S)>\w+$")
_WORDINGS = re.compile(r"\[\[([^\[\]]*)\]\]")
_SECOND_NAMES = (EntityType.ABBREVIATION, EntityType.ALTERNATIVE_NAME)

Fill: TypeAlias = Callable[[EntityType, str | None], str | None]
"""Draws a text of a type, for a host of that text where one is given; None where none is known."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of a template.

    Attributes:
        name: What other slots call it.
        type: Type of the mention.
        host: Name of the slot that it is an attribute of.
        text: Its text, where that stands fast.
    """

    name: str
    type: EntityType
    host: str | None
    text: str | None

    @property
    def relation(self) -> RelationType:
        """Type of the relation to the host."""
        return RelationType(f"{self.type}_of")


@dataclass(frozen=True, slots=True)
class Template:
    """A line of natural text with slots, in their order."""

    line: str
    slots: tuple[Slot, ...]


def read_templates(path: Path) -> list[Template]:
    """Read templates, one a line; empty lines and those after ``#`` are passed over.

    Args:
        path: A file, or a folder whose ``*.txt`` files are read in the order of their names.

    Raises:
        ConfigError: A file can't be read, a folder holds none, or a line has an unknown type, a
            host that is no slot or that the schema does not allow, or two slots of one name; the
            message says where.
    """
    if not path.is_dir():
        return _read_file(path)
    files = sorted(path.glob("*.txt"))
    if not files:
        raise ConfigError(f"folder of templates {path} holds no *.txt file")
    return [template for file in files for template in _read_file(file)]


def _read_file(path: Path) -> list[Template]:
    lines = read_setting_file(path, "file of templates").splitlines()
    return [
        parse_template(line.strip(), where=f"{path}:{number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]


def parse_template(line: str, *, where: str = "template") -> Template:
    """Parse a template.

    Raises:
        ConfigError: As `read_templates`.
    """
    slots: dict[str, Slot] = {}
    for name, kind, host, text in _SLOT.findall(line):
        if kind not in list(EntityType):
            raise ConfigError(f"{where}: unknown type {kind}; valid: {', '.join(EntityType)}")
        if name in slots:
            raise ConfigError(f"{where}: two slots are called {name!r}")
        if _MISPLACED.search(text):
            right = f"{{{name}:{kind}>host={_MISPLACED.sub('', text)}}}"
            raise ConfigError(f"{where}: the host stands before the text, {right}: {line!r}")
        slots[name] = Slot(name, EntityType(kind), host or None, text or None)
    if set("{}") & set(_SLOT.sub("", line)):
        raise ConfigError(f"{where}: a slot must read {{name:Type}}, {{name:Type>host}}: {line!r}")
    if any("{" in wordings for wordings in _WORDINGS.findall(line)):
        raise ConfigError(
            f"{where}: a slot can't stand in one of several wordings, as other sentences would be "
            f"without it; write a line for each: {line!r}"
        )
    for slot in slots.values():
        if slot.host is not None:
            _check_host(slot, slots, where)
    return Template(line, tuple(slots.values()))


def _check_host(slot: Slot, slots: Mapping[str, Slot], where: str) -> None:
    host = slots.get(slot.host or "")
    if host is None:
        raise ConfigError(
            f"{where}: slot {slot.name!r} has the host {slot.host!r}; valid: {', '.join(slots)}"
        )
    if f"{slot.type}_of" not in list(RelationType) or not is_compatible(
        slot.relation, slot.type, host.type
    ):
        raise ConfigError(f"{where}: a {slot.type} can't be an attribute of a {host.type}")


def fill_template(template: Template, *, fill: Fill, rng: random.Random) -> LabeledDocument | None:
    """Make a sentence from a template.

    Args:
        template: The template.
        fill: Draws texts.
        rng: Draws wordings and made-up names.

    Returns:
        A document of one sentence in natural text; None where ``fill`` knows no text for a slot.
    """
    texts = _texts(template.slots, fill, rng)
    if texts is None:
        return None
    line = _WORDINGS.sub(lambda found: rng.choice(found[1].split("|")), template.line)
    text, reached = "", 0
    mentions: dict[str, Mention] = {}
    for found in _SLOT.finditer(line):
        text += line[reached : found.start()]
        name, filled = found[1], found[4] or texts[found[1]]
        mentions[name] = Mention(EntityType(found[2]), len(text), len(text) + len(filled))
        text, reached = text + filled, found.end()
    text += line[reached:]
    relations = [
        Relation(slot.relation, mentions[slot.name], mentions[slot.host])
        for slot in template.slots
        if slot.host is not None
    ]
    document = Document("template", text, (Sentence(0, len(text)),))
    return LabeledDocument(document, Annotation.build(mentions.values(), relations))


def _texts(slots: Sequence[Slot], fill: Fill, rng: random.Random) -> dict[str, str] | None:
    """Return a text for each slot: fixed ones, pairs of names, then hosts before their parts."""
    texts = {slot.name: slot.text for slot in slots if slot.text is not None}
    for slot in slots:
        if slot.type in _SECOND_NAMES and slot.host is not None and slot.text is None:
            long, short = make_names(rng)
            first = slot.type is EntityType.ABBREVIATION
            texts[slot.host], texts[slot.name] = (long, short) if first else (short, long)
    for slot in sorted(slots, key=lambda s: s.type is EntityType.PLUGIN):
        if slot.name not in texts:
            part = slot.type is EntityType.PLUGIN and slot.host
            drawn = fill(slot.type, texts[part] if part else None)
            if drawn is None:
                return None
            texts[slot.name] = drawn
    return texts
