"""The paper's four tables, from what the rows predicted: cells for readers, records for CSV."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from somex.core.schema import ENTITY_TYPES, RELATION_TYPES
from somex.metrics import Report, TaskScores
from somex.reproduce.differences import Difference
from somex.reproduce.plan import FAMILY_TITLES
from somex.reproduce.rows import RowResult
from somex.reproduce.sets import IN, TITLES, EvaluationSet
from somex.softcite_scores import names_of, score_softcite

NONE = "–"
LOSS_TITLES = {"joint": "joint", "disjoint": "disjoint", "none": NONE}


@dataclass(frozen=True, slots=True)
class Spread:
    """A score over seeds: mean and standard deviation (0 for one seed)."""

    mean: float
    std: float
    n_seeds: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.std:.3f}" if self.n_seeds > 1 else f"{self.mean:.3f}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table in two forms.

    Attributes:
        name: Of its files: ``table1``.
        title: Heading.
        note: What a reader must know of it.
        columns: Heads of the columns.
        cells: The rows, texts for readers.
        records: The same and more as values, one CSV line each.
    """

    name: str
    title: str
    note: str
    columns: tuple[str, ...]
    cells: list[list[str]]
    records: list[dict[str, Any]]

    def to_markdown(self) -> str:
        """Return heading, note and table."""
        lines = [f"## {self.title}", "", self.note, ""]
        lines.append("| " + " | ".join(self.columns) + " |")
        lines.append("| --- " * len(self.columns) + "|")
        escaped = [[cell.replace("|", "\\|") for cell in row] for row in self.cells]
        lines += ["| " + " | ".join(row) + " |" for row in escaped]
        return "\n".join(lines) + "\n"

    def to_csv(self) -> str:
        """Return the records as CSV, with the keys of all of them as columns."""
        keys = list(dict.fromkeys(key for record in self.records for key in record))
        stream = io.StringIO()
        writer = csv.DictWriter(stream, keys, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.records)
        return stream.getvalue()


def spread(result: RowResult, set_name: str, pick: Callable[[Report], float]) -> Spread | None:
    """Return a score of a set over a row's finished seeds; None where none predicted it."""
    return _spread([pick(r[set_name]) for r in result.reports.values() if set_name in r])


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    std = statistics.stdev(values) if len(values) > 1 else 0.0
    return Spread(statistics.fmean(values), std, len(values))


def total(report: Report) -> float:
    """Return the shared task's total."""
    return report.total_macro_f1


def drops(result: RowResult, set_names: Sequence[str]) -> Spread | None:
    """Return the total in distribution minus the mean total of sets, over a row's seeds."""
    values = [
        total(reports[IN]) - statistics.fmean(total(reports[name]) for name in set_names)
        for reports in result.reports.values()
        if set_names and all(name in reports for name in (IN, *set_names))
    ]
    return _spread(values)


def perturbed(sets: Sequence[EvaluationSet]) -> list[str]:
    """Return the names of the sets that are the test sentences written otherwise."""
    return [s.name for s in sets if s.name != IN and not s.is_softcite]


def _text(value: object) -> str:
    return NONE if value is None else str(value)


def _figure(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return NONE
    return f"{value:+.2f}" if signed else f"{value:.2f}"


def _head(result: RowResult) -> list[str]:
    row = result.row
    return [row.system, FAMILY_TITLES[row.family], LOSS_TITLES[row.loss], _seeds(result)]


def _seeds(result: RowResult) -> str:
    if not result.is_there:
        return "not run"
    return f"{len(result.reports)} of {len(result.wanted)}"


_HEAD = ("System", "Family", "Loss", "Seeds")

_SCORES: dict[str, Callable[[Report], float]] = {
    "ner_precision": lambda r: r.ner.macro_precision,
    "ner_recall": lambda r: r.ner.macro_recall,
    "ner_f1": lambda r: r.ner.macro_f1,
    "re_precision": lambda r: r.re.macro_precision,
    "re_recall": lambda r: r.re.macro_recall,
    "re_f1": lambda r: r.re.macro_f1,
    "total": total,
    "ner_micro_f1": lambda r: r.ner.micro_f1,
    "re_micro_f1": lambda r: r.re.micro_f1,
}


def rows_table(results: Sequence[RowResult]) -> Table:
    """Return what each row is and how far it is."""
    cells = []
    records: list[dict[str, Any]] = []
    for result in results:
        row = result.row
        recipe = f"`{row.recipe}`" if row.recipe else NONE
        cells.append([f"`{row.name}`", row.system, result.state, recipe, row.note])
        records.append(_keys(result) | {"recipe": row.recipe, "state": result.state})
    columns = ("Row", "System", "State", "Recipe", "Note")
    return Table("rows", "Rows", "What is compared, and how far it is.", columns, cells, records)


def _keys(result: RowResult) -> dict[str, Any]:
    row = result.row
    return {"row": row.name, "system": row.system, "family": row.family, "loss": row.loss}


def _records(result: RowResult, set_name: str, scores: dict[str, Spread | None]) -> dict[str, Any]:
    record = {**_keys(result), "set": set_name, "n_seeds": len(result.reports)}
    for name, value in scores.items():
        record |= {name: value and value.mean, f"{name}_std": value and value.std}
    return record


def table1(results: Sequence[RowResult], n_sentences: int, where: str) -> Table:
    """Return the scores in distribution by system and loss."""
    cells, records = [], []
    for result in results:
        found = {name: spread(result, IN, pick) for name, pick in _SCORES.items()}
        shown = [_text(found[name]) for name in ("ner_f1", "re_f1", "total")]
        shown += [_text(found[name]) for name in ("ner_micro_f1", "re_micro_f1")]
        paper = result.row.paper.phase1
        cells.append([*_head(result), *shown, _figure(paper)])
        records.append({**_records(result, IN, found), "paper_total": paper})
    note = (
        f"Macro F1 of mentions (NER) and relations (RE) and their mean, the total, on {where} "
        f"({n_sentences}): mean ± standard deviation over seeds. Rows without any figure are left "
        "out of the tables below."
    )
    columns = (*_HEAD, "NER", "RE", "Total", "NER micro", "RE micro", "Published")
    return Table("table1", "Table 1: in distribution", note, columns, cells, records)


def table2(results: Sequence[RowResult], sets: Sequence[EvaluationSet]) -> Table:
    """Return the totals out of distribution and what is lost there."""
    names = perturbed(sets)
    cells, records = [], []
    for result in results:
        paper = result.row.paper
        if not result.is_there and paper.phase2 is None:
            continue
        lost = drops(result, names)
        shown = [_text(spread(result, name, total)) for name in (IN, *names)]
        fell = None
        if paper.phase1 is not None and paper.phase2 is not None:
            fell = paper.phase1 - paper.phase2
        shown += [_text(lost), _figure(paper.phase2), _figure(fell)]
        cells.append([*_head(result), *shown])
        for name in names:
            found: dict[str, Spread | None] = {"drop": drops(result, [name])}
            found |= {key: spread(result, name, pick) for key, pick in _SCORES.items()}
            published = {"paper_phase2_total": paper.phase2, "paper_drop": fell}
            records.append(_records(result, name, found) | published)
    changed = ", ".join(f"{TITLES[s.name]} {s.n_changed}" for s in sets if s.name in names)
    note = (
        "Total on the same sentences, written otherwise (sentences that change: "
        f"{changed}). The drop is the total in distribution minus the mean of these sets. The "
        "published figures are those of Phase II, other sentences whose gold was never published: "
        "they stand beside ours for the direction, not to be compared one to one."
    )
    titles = [TITLES[name] for name in (IN, *names)]
    columns = (*_HEAD, *titles, "Drop", "Published: Phase II", "Published: drop")
    return Table("table2", "Table 2: out of distribution", note, columns, cells, records)


def table2_names(results: Sequence[RowResult], sets: Sequence[EvaluationSet]) -> Table | None:
    """Return the F1 of software names on another corpus; None where the plan has none."""
    softcite = [s for s in sets if s.is_softcite]
    if not softcite:
        return None
    gold = next(s for s in sets if s.name == IN).documents
    cells, records = [], []
    for result in [result for result in results if result.is_there]:
        names = [names_of(score_softcite(gold, p[IN])) for p in result.predictions.values()]
        base = _spread(names)
        found = {s.name: spread(result, s.name, s.main_score) for s in softcite}
        cells.append([*_head(result), _text(base), *map(_text, found.values())])
        records.append(_records(result, IN, {"names_f1": base}))
        records += [_records(result, name, {"names_f1": value}) for name, value in found.items()]
    sizes = ", ".join(f"{s.name} {len(s.documents)}" for s in softcite)
    note = (
        "F1 of software names, exact spans whatever their kind, in distribution and on softcite "
        f"(documents: {sizes}), whose guidelines are others."
    )
    columns = (*_HEAD, TITLES[IN], *(s.title for s in softcite))
    title = "Table 2b: software names in another corpus"
    return Table("table2b", title, note, columns, cells, records)


def table3(differences: Sequence[Difference], sets: Sequence[EvaluationSet]) -> Table:
    """Return joint minus disjoint by system and family."""
    names = perturbed(sets)
    cells, records = [], []
    for found in differences:
        if not found.by_metric and found.paper_in is None:
            continue
        totals = found.by_metric.get("total")
        shown = [NONE] * (len(names) + 3)
        if totals is not None:
            parts = [totals.sets[name] for name in (IN, *names)]
            shown = [str(part) for part in (*parts, totals.outside, totals.widening)]
        label = f"**{found.label}**" if found.is_family else found.label
        paper = [_figure(value, signed=True) for value in (found.paper_in, found.paper_out)]
        cells.append([label, found.seeds, *shown, *paper])
        records += found.records()
    note = (
        "Total of joint minus total of disjoint training, mean over the seeds that both have, with "
        "the 95 % interval of a paired bootstrap over sentences (the same draw for all seeds and "
        "sets). The last but two is the mean of the sets out of distribution, the next by how much "
        "it exceeds the difference in distribution."
    )
    titles = [TITLES[name] for name in (IN, *names)]
    more = ("Out of distribution", "Out minus in", "Published: Phase I", "Published: Phase II")
    columns = ("System", "Seeds", *titles, *more)
    title = "Table 3: joint minus disjoint"
    return Table("table3", title, note, columns, cells, records)


def table4(results: Sequence[RowResult], sets: Sequence[EvaluationSet]) -> Table:
    """Return the F1 of each type, in distribution and where it drops."""
    there = [result for result in results if result.is_there]
    outside = perturbed(sets)
    cells: list[list[str]] = []
    for task, types in (("ner", ENTITY_TYPES), ("re", RELATION_TYPES)):
        for name in types:
            support = _support(there, task, str(name))
            if support:
                row = [_type_cell(result, task, str(name), outside) for result in there]
                cells.append([str(name), str(support), *row])
    records = [
        record
        for result in there
        for evaluation_set in sets
        for record in _type_records(result, evaluation_set)
    ]
    note = (
        "F1 in distribution, mean over seeds; in parentheses the mean of the sets out of "
        "distribution. The paper's figures by type are not in the plan."
    )
    columns = ("Type", "In the gold", *(f"`{result.row.name}`" for result in there))
    return Table("table4", "Table 4: by type", note, columns, cells, records)


def type_f1(result: RowResult, set_name: str, task: str, name: str) -> float | None:
    """Return a type's mean F1 over a row's seeds; None where the set was not predicted."""
    scores = [_task(r[set_name], task) for r in result.reports.values() if set_name in r]
    f1s = [next((row.f1 for row in s.per_type if row.type == name), 0.0) for s in scores]
    return statistics.fmean(f1s) if f1s else None


def _task(report: Report, task: str) -> TaskScores:
    return report.ner if task == "ner" else report.re


def _support(there: Sequence[RowResult], task: str, name: str) -> int:
    for result in there:
        for reports in result.reports.values():
            rows = _task(reports[IN], task).per_type
            return next((row.support for row in rows if row.type == name), 0)
    return 0


def _type_cell(result: RowResult, task: str, name: str, outside: Sequence[str]) -> str:
    f1 = type_f1(result, IN, task, name)
    others = [type_f1(result, each, task, name) for each in outside]
    known = [value for value in others if value is not None]
    shown = NONE if f1 is None else f"{f1:.2f}"
    return f"{shown} ({statistics.fmean(known):.2f})" if known else shown


def _type_records(result: RowResult, evaluation_set: EvaluationSet) -> list[dict[str, Any]]:
    records = []
    reports = [r[evaluation_set.name] for r in result.reports.values() if evaluation_set.name in r]
    for task, types in (("ner", ENTITY_TYPES), ("re", RELATION_TYPES)):
        for name in types:
            rows = [row for r in reports for row in _task(r, task).per_type if row.type == name]
            if rows:
                f1 = _spread([r.f1 for r in rows] + [0.0] * (len(reports) - len(rows)))
                record = _records(result, evaluation_set.name, {"f1": f1})
                records.append(
                    record | {"task": task, "type": str(name), "support": rows[0].support}
                )
    return records
