from __future__ import annotations

import csv
import io

import pytest

import reproduce_items as items
from somex.reproduce.differences import (
    Difference,
    Interval,
    MetricDifference,
    compare_losses,
    state_claim,
)
from somex.reproduce.plan import PaperFigures
from somex.reproduce.tables import rows_table, table1, table2, table2_names, table3, table4
from somex.significance import PairedBootstrap

PAPER = PaperFigures(phase1=0.83, phase2=0.69)


def records(table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.to_csv())))


def test_reproduce_table1_gives_mean_and_deviation_beside_the_papers_figure() -> None:
    done = items.result(
        "a", "joint", (items.half(), items.half()), (items.perfect(), items.half()), paper=PAPER
    )
    table = table1([done], 2, "validation sentences")
    # seeds: totals 0.75 and 1, mean 0.875, deviation 0.25 / sqrt(2)
    row = "| Tiny | token classification | joint | 2 of 2 | 0.917 ± 0.118 | 0.833 ± 0.236 "
    assert row + "| 0.875 ± 0.177 |" in table.to_markdown()
    assert table.cells[0][-1] == "0.83"
    (record,) = records(table)
    assert float(record["total"]) == pytest.approx(0.875)
    assert float(record["total_std"]) == pytest.approx(0.25 / 2**0.5)
    assert float(record["ner_recall"]) == pytest.approx((3 / 4 + 1) / 2)
    assert record["paper_total"] == "0.83"


def test_reproduce_table1_fills_in_nothing_that_was_not_run() -> None:
    missing = items.result("b", "joint", paper=PAPER)
    missing.missing = ["a GPU", "a model hub, for x/y"]
    cells = table1([missing], 2, "validation sentences").cells
    assert cells == [["Tiny", "token classification", "joint", "not run", *["–"] * 5, "0.83"]]
    (row,) = rows_table([missing]).cells
    assert "not run: needs a GPU; a model hub, for x/y" in row


def test_reproduce_table1_tells_half_finished_rows_and_one_seed_without_deviation() -> None:
    begun = items.result("c", "none", (items.half(), items.half()), wanted=3)
    cells = table1([begun], 2, "validation sentences").cells
    assert cells[0][3:7] == ["1 of 3", "0.833", "0.667", "0.750"]
    assert begun.state == "half finished, 1 of 3 seeds"
    begun.problem = "out of memory"
    assert begun.state == "half finished, 1 of 3 seeds: out of memory"


def test_reproduce_table2_gives_the_drop_by_seed() -> None:
    done = items.result(
        "a", "joint", (items.perfect(), items.half()), (items.half(), items.half()), paper=PAPER
    )
    table = table2([done], items.sets())
    # drops by seed: 0.25 and 0
    assert table.cells[0][4:] == ["0.875 ± 0.177", "0.750 ± 0.000", "0.125 ± 0.177", "0.69", "0.14"]
    assert "Phase II-style (punctuation apart) 1" in table.note
    (record,) = records(table)
    assert float(record["drop"]) == pytest.approx(0.125)
    assert float(record["paper_drop"]) == pytest.approx(0.14)
    assert table2_names([done], items.sets()) is None


def test_reproduce_table3_compares_the_seeds_that_both_losses_have() -> None:
    joint = items.result(
        "j",
        "joint",
        (items.perfect(), items.perfect()),
        (items.half(), items.half()),
        paper=PaperFigures(0.83, 0.69),
    )
    disjoint = items.result(
        "d", "disjoint", (items.half(), items.nothing()), paper=PaperFigures(0.80, 0.59)
    )
    system, family = compare_losses([joint, disjoint], items.sets(), n_resamples=200)
    values = system.by_metric["total"]
    assert system.seeds == "1"
    assert values.sets["in-distribution"].found.difference == pytest.approx(0.25)
    assert values.outside.found.difference == pytest.approx(1.0)
    assert values.widening.found.difference == pytest.approx(0.75)
    assert system.paper_in == pytest.approx(0.03)
    assert system.paper_out == pytest.approx(0.10)
    assert family.is_family
    assert family.by_metric["total"] == values
    table = table3([system, family], items.sets())
    assert table.cells[0][0] == "Tiny"
    assert table.cells[0][3] == "+1.000 [+1.000, +1.000]"
    assert table.cells[0][-2:] == ["+0.03", "+0.10"]
    assert table.cells[1][0] == "**all with token classification**"
    assert table.cells[1][-1] == "–"
    assert {r["metric"] for r in records(table)} == {"total", "ner", "re"}
    claim = state_claim([system, family])
    assert "**Not shown.**" in claim  # a resample of two sentences may draw the equal one alone
    assert "(ahead in 1 of 1 run); out of distribution joint is better, +1.000" in claim
    swapped = compare_losses(
        [
            items.result("j", "joint", (items.nothing(), items.nothing())),
            items.result("d", "disjoint", (items.half(), items.half())),
        ],
        items.sets(),
        n_resamples=50,
    )
    assert "**It does not hold.**" in state_claim(swapped)


def test_reproduce_table3_says_that_nothing_can_be_said() -> None:
    joint = items.result("j", "joint", (items.half(), items.half()), paper=PAPER)
    disjoint = items.result("d", "disjoint", paper=PaperFigures(0.80))
    found = compare_losses([joint, disjoint], items.sets())
    assert [(d.seeds, d.by_metric) for d in found] == [("not run", {})]
    assert table3(found, items.sets()).cells[0][1:4] == ["not run", "–", "–"]
    assert "nothing can be said" in state_claim(found)


def test_reproduce_claim_is_not_told_where_the_interval_holds_zero() -> None:
    pair = [
        items.result("j", "joint", (items.half(), items.half())),
        items.result("d", "disjoint", (items.half(), items.half())),
    ]
    claim = state_claim(compare_losses(pair, items.sets(), n_resamples=50))
    assert "In distribution can't be told apart, +0.000" in claim
    assert "**Not shown.**" in claim


@pytest.mark.parametrize(
    ("inside", "outside", "widening", "verdict"),
    [
        (0.02, 0.06, 0.04, "It holds."),
        (0.02, 0.02, 0.0, "Joint is better, more so out of distribution is not shown."),
        (0.0, 0.06, 0.06, "Not shown."),
        (-0.02, 0.06, 0.08, "It does not hold."),
        (0.0, -0.02, -0.02, "It does not hold."),
    ],
)
def test_reproduce_claim_has_two_parts(inside, outside, widening, verdict) -> None:
    def interval(point: float) -> Interval:
        return Interval(PairedBootstrap("total", point, point - 0.01, point + 0.01, 0.5, 0.95, 100))

    found = MetricDifference(
        {"in-distribution": interval(inside)}, interval(outside), interval(widening)
    )
    family = Difference("spans", True, "3", "2 of 3 runs", {"total": found})
    assert f"spans: **{verdict}**" in state_claim([family])


def test_reproduce_table4_gives_types_in_and_out_of_distribution() -> None:
    done = items.result("a", "joint", (items.half(), items.nothing()))
    empty = items.result("b", "disjoint")
    table = table4([done, empty], items.sets())
    assert table.columns == ("Type", "In the gold", "`a`")
    assert table.cells == [
        ["Application", "2", "1.00 (0.00)"],
        ["Version", "2", "0.67 (0.00)"],
        ["Version_of", "2", "0.67 (0.00)"],
    ]
    version = next(r for r in records(table) if r["type"] == "Version" and "in-" in r["set"])
    assert float(version["f1"]) == pytest.approx(2 / 3)
    assert version["support"] == "2"
