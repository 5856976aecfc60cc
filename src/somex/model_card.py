"""The card of a model: how it was made and what it scores, for people and for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from somex.core.config import map_texts
from somex.core.errors import FormatError

CARD_FILE = "card.json"
README_FILE = "README.md"
MEMBERS_FILE = "members.json"
"""In the run folder of an averaged model: the cards of the runs that it is the mean of."""
_RUN_FILES = {
    "recipe": "recipe.json",
    "data": "data.json",
    "environment": "environment.json",
    "teachers": "teachers.json",
    "training": "metrics.json",
    "members": MEMBERS_FILE,
}


def build_card(
    name: str, *, run_folder: Path, scores: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Put a card together.

    Args:
        name: Name of the model.
        run_folder: Folder of the training run; what its files hold goes into the card, folders
            that environment variables ``SOMEX_...`` name being written as those variables.
        scores: Reports of ``somex evaluate --json`` by the name of the set.

    Returns:
        The card as plain values; a part whose file the run folder lacks is left out.
    """
    card: dict[str, Any] = {"name": name}
    for key, file in _RUN_FILES.items():
        path = run_folder / file
        if path.is_file():
            card[key] = portable(json.loads(path.read_text(encoding="utf-8")))
    made_by = card.get("members", [card])[0]
    if "recipe" in made_by:
        card["encoder"] = Path(made_by["recipe"]["model"]["encoder"]).name
    card["scores"] = {key: dict(report) for key, report in scores.items()}
    return card


def read_scores(path: Path) -> dict[str, Any]:
    """Read a report that ``somex evaluate --json`` wrote.

    Raises:
        FormatError: The file can't be read or is not JSON.
    """
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"can't be read: {error.strerror}", path=str(path)) from None
    except ValueError as error:
        raise FormatError(f"is not JSON: {error}", path=str(path)) from None
    return report


def portable(value: Any) -> Any:
    """Return plain values, folders that variables ``SOMEX_...`` name written as the variables."""

    def change(text: str) -> str:
        for variable, folder in os.environ.items():
            if variable.startswith("SOMEX_") and len(folder) > 1 and text.startswith(folder):
                return "${" + variable + "}" + text.removeprefix(folder)
        return text

    return map_texts(value, change)


def with_folders(value: Any) -> Any:
    """Return plain values with this machine's folders where `portable` put variables."""

    def change(text: str) -> str:
        return os.path.expandvars(text) if text.startswith("${SOMEX_") else text

    return map_texts(value, change)


def write_card(card: Mapping[str, Any], folder: Path) -> None:
    """Write a card into a model folder: ``card.json`` and, to be read, ``README.md``."""
    text = json.dumps(card, indent=2, sort_keys=True)
    (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8")
    (folder / README_FILE).write_text(render_card(card), encoding="utf-8")


def render_card(card: Mapping[str, Any]) -> str:
    """Return a card as Markdown."""
    lines = [f"# {card['name']}", ""]
    lines += [
        "A somex model: finds software mentions (14 entity types) and their relations (11 types)",
        "in sentences of scientific papers. Licence: Apache-2.0.",
        "",
        f"- Encoder: {card.get('encoder', 'unknown')}",
    ]
    members = card.get("members", [card])
    if len(members) > 1:
        lines.append(f"- Weights: the mean of {len(members)} runs from the same first weights")
    for member in members:
        lines += _render_run(member)
    lines += ["", "## Scores", "", "Macro F1, exact match, as the SOMD shared task scores.", ""]
    lines += ["| set | total | NER | RE |", "| --- | --- | --- | --- |"]
    for name, report in card.get("scores", {}).items():
        ner, re = report["ner"]["macro"]["f1"], report["re"]["macro"]["f1"]
        lines.append(f"| {name} | {(ner + re) / 2:.4f} | {ner:.4f} | {re:.4f} |")
    lines += [
        "",
        "## Limits",
        "",
        "- English papers, mostly life sciences; sentence by sentence, so that an attribute in",
        "  another sentence than its software is not tied to it.",
        "- Types with few training examples (AlternativeName, SoftwareCoreference, License,",
        "  Extension, Abbreviation) are less sure, and so is all text far from the life sciences.",
        "- Confidence values are calibrated where `calibration.json` lies beside this file.",
    ]
    return "\n".join(lines) + "\n"


def _render_run(card: Mapping[str, Any]) -> list[str]:
    lines = ["", f"## Training of {card['name']}", ""]
    for part, facts in card.get("data", {}).items():
        if facts["n_sentences"]:
            lines.append(
                f"- {part}: {facts['n_sentences']} sentences, {facts['n_mentions']} mentions, "
                f"SHA-256 {facts['sha256'][:16]}"
            )
    for teacher, fingerprint in card.get("teachers", {}).items():
        lines.append(f"- teacher: {teacher}, fingerprint {fingerprint}")
    if "recipe" in card:
        lines += ["", "```json", json.dumps(card["recipe"], indent=2), "```"]
    return lines
