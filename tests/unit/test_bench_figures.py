"""The arithmetic of the benchmark's errors, and what is compared with what."""

from __future__ import annotations

import pytest

from bench.__main__ import GROUPS, PARTS, chosen
from bench.accuracy.compared import beside_peers, told
from bench.accuracy.figures import Spread, rank_error, relative_error
from bench.accuracy.skewed import CAP, LARGEST, Caps
from bench.environments import NotRun, reason_of
from bench.report import Row, not_run

BAD, GOOD, BEST = Spread(0.8, 0.08), Spread(0.4, 0.03), Spread(0.1, 0.004)


def test_a_mean_has_the_standard_error_of_its_values() -> None:
    """The standard deviation of 1, 2, 3, 4 is √(5/3), that of their mean half of it."""
    spread = Spread.of([1, 2, 3, 4])
    assert spread.mean == 2.5
    assert spread.error == pytest.approx((5 / 3) ** 0.5 / 2)
    assert Spread.of([7, 7, 7]) == Spread(7, 0)


def test_a_ratio_has_the_errors_of_both() -> None:
    """Relative errors of 3 and 4 per cent are 5 per cent together."""
    ratio = Spread(2, 0.06).over(Spread(4, 0.16))
    assert ratio.mean == 0.5
    assert ratio.error == pytest.approx(0.025)
    assert ratio.text() == "0.50 ± 0.03"
    assert Spread(0.01234, 0.0005).percent() == "1.23 ± 0.05 %"


def test_relative_errors_do_not_cancel() -> None:
    assert relative_error([11, 8], [10, 10]) == pytest.approx(0.15)
    assert relative_error([10, 10], [10, 10]) == 0


@pytest.mark.parametrize(
    ("value", "part", "off"),
    [(2, 0.5, 0), (2.5, 0.5, 0), (3, 0.5, 0), (1, 0.5, 1), (4, 0.5, 1), (0, 0.5, 2), (9, 0.5, 2), (1, 0, 0), (4, 1, 0), (1, 1, 3)],
)
def test_a_quantile_is_off_by_the_rows_between_it_and_its_place(value: float, part: float, off: float) -> None:
    """Half of four rows end where the second ends and the third begins, so that neither is off, nor is what lies between them."""
    assert rank_error(value, part, [1, 2, 3, 4]) == pytest.approx(off)


def test_rows_of_one_value_are_at_all_of_their_places() -> None:
    rows = [1, 5, 5, 5, 5, 9]
    assert [rank_error(5, part, rows) for part in (0.25, 0.5, 0.75)] == [0, 0, 0]
    assert rank_error(5, 0, rows) == 1
    assert rank_error(4, 0.5, rows) == 2


def test_every_part_can_be_named_and_stands_where_the_report_has_it() -> None:
    assert chosen(["quantiles", "cube"], full=False) == ["cube", "quantiles"]
    assert chosen(["accuracy"], full=True) == ["cube", "skewed", "quantiles", "learning", "poisoning"]
    assert sorted([*chosen(["accuracy"], full=True), *chosen(["speed"], full=True)]) == sorted(PARTS)
    assert {part for parts in GROUPS.values() for part in parts} == set(PARTS)


def test_without_names_all_parts_are_measured_or_the_quick_ones() -> None:
    assert chosen([], full=True) == list(PARTS)
    assert chosen([], full=False) == ["large", "import", "noise", "cube", "room", "ledger"]


def test_peers_are_told_the_contracts_caps_and_the_mean_of_those_that_were_chosen() -> None:
    assert told(1.0, [[10, 100.0], [13, 101.0]]) == [Caps(CAP, CAP * LARGEST, 1.0), Caps(12, 100, 1.0)]
    assert Caps.read(Caps(12, 100.5, 1.0).written()) == Caps(12, 100.5, 1.0)


def cells(rows: list[Row]) -> list[tuple[str, str, str, bool | None]]:
    """Return who, what, beside whom, and whether the target is met."""
    return [(row.engine, row.measured, row.ratio, row.met) for row in rows]


def test_ours_is_held_against_the_best_peer_with_the_contracts_cap() -> None:
    theirs: dict[str, list[Spread] | NotRun] = {"tumult": [BAD, BEST], "opendp_polars": [GOOD, GOOD], "pipelinedp": NotRun("it is away")}
    found = cells(beside_peers("w", [GOOD, BEST], theirs, ["20", "40"]))
    assert found == [
        ("Tumult Analytics, the contract's cap of 20", "80.00 ± 8.00 %", "", None),
        ("OpenDP with Polars, the contract's cap of 20", "40.00 ± 3.00 %", "", None),
        ("PipelineDP, the contract's cap of 20", "*not run*: it is away", "", None),
        ("Tumult Analytics, told our cap of 40", "10.00 ± 0.40 %", "", None),
        ("OpenDP with Polars, told our cap of 40", "40.00 ± 3.00 %", "", None),
        ("PipelineDP, told our cap of 40", "*not run*: it is away", "", None),
        ("Stillroom, the contract's cap of 20", "40.00 ± 3.00 %", "1.00 ± 0.11 × best peer", None),
        ("Stillroom, cap chosen: 40", "10.00 ± 0.40 %", "0.25 ± 0.02 × best peer; 1.00 ± 0.06 × best peer told our cap", True),
    ]
    assert beside_peers("w", [GOOD, GOOD], theirs, ["20", "40"])[-1].met is False


def test_without_peers_nothing_is_met() -> None:
    rows = beside_peers("w", [GOOD, BEST], {"tumult": NotRun("it is away")}, ["20", "40"])
    assert [row.met for row in rows] == [None] * 4
    assert [row.ratio for row in rows] == [""] * 4


def test_what_was_not_run_is_named_with_its_reason() -> None:
    row = not_run("w", "Tumult Analytics", NotRun("it could not be installed"), "≤ 1")
    assert (row.measured, row.target, row.met) == ("*not run*: it could not be installed", "≤ 1", None)


def test_a_reason_names_no_place_and_breaks_no_table() -> None:
    said = "Looking in indexes: https://somewhere\nERROR: No matching distribution found for x==1\nERROR: see /tmp/log\nERROR: a | b\n"
    assert reason_of("failed", said) == "failed (ERROR: No matching distribution found for x==1)"
    assert reason_of("failed", "gone\nerror in /tmp") == "failed"
