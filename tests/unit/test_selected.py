"""Keys without a declared domain, compiled and finished: what is measured for which grouping sets, and what the rows of a table add up."""

from __future__ import annotations

import random
from collections import defaultdict
from math import prod
from typing import TYPE_CHECKING

import pytest

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.measure import Aggregate, told
from stillroom.model.selection import Shown
from stillroom.query.compile import NOISE_LIMIT
from stillroom.query.estimation import marginal_of, sizes_of
from stillroom.query.price import price
from stillroom.query.protected import protected
from stillroom.query.table.finish import finish
from tests.questions import CONTRACT, compiled

if TYPE_CHECKING:
    from stillroom.model.plan import NoisyCells, Plan

CUBE = "SELECT place, mode, COUNT(*) AS n, SUM(fare) AS fares FROM trips GROUP BY CUBE (place, mode)"
PLACES = [("a",), ("b",), (None,)]


def made_up(plan: Plan, shown: int, hidden: int) -> NoisyCells:
    """Return cells without noise: of shown combinations, and of totals to which as many others add `hidden` in each leaf cell."""
    found = []
    for number, (measure, strategy) in enumerate(zip(plan.measures, plan.strategies, strict=True)):
        sizes = sizes_of(plan, measure, shown)
        size = plan.cells_of(measure) * (shown if plan.tells_selected(measure) else 1)
        leaves = [10 * number + place + (0 if plan.tells_selected(measure) else hidden) for place in range(size)]
        found.append(tuple(tuple(marginal_of(leaves, sizes, one.kept)) for one in strategy))
    return tuple(found)


def test_sets_without_selected_keys_have_a_measure_of_their_own() -> None:
    plan = compiled(CUBE).plan
    assert plan.finish.sets == ((0, 1), (0,), (1,), ())
    assert [(one.aggregate, one.kept) for one in plan.measures] == [(Aggregate.SUM, None)] * 2 + [(Aggregate.SUM, (1,))] * 2
    assert [told(plan.measures, number, plan.finish.sets) for number in range(4)] == [[(0, 1), (0,)]] * 2 + [[(1,), ()]] * 2
    assert [[one.kept for one in strategy] for strategy in plan.strategies] == [[(0, 1)]] * 2 + [[(1,), ()]] * 2


def test_where_every_set_keeps_them_there_is_none() -> None:
    for sql in ("SELECT place, COUNT(*) FROM trips GROUP BY place", "SELECT place, mode, COUNT(*) FROM trips GROUP BY place, CUBE (mode)"):
        assert all(one.kept is None for one in compiled(sql).plan.measures)


def test_a_person_adds_all_cells_to_a_total() -> None:
    """A person of three trips is in three groups at most: one total of everybody moves by three, as all cells of the groups do together."""
    plan = compiled(CUBE).plan
    moved = {(one.measure, one.marginal.kept): one.add_remove for one in protected(plan)}
    assert (moved[0, (0, 1)].l1, moved[0, (0, 1)].l2_squared) == (3, 9)
    assert (moved[2, ()].l1, moved[2, ()].l2_squared) == (3, 9)
    assert (moved[3, ()].linf, moved[3, ()].l2_squared) == (6000, 6000**2)


def test_rows_are_those_of_shown_groups_and_then_of_everybody() -> None:
    asked = compiled(CUBE)
    shown = [Shown(keys, 50) for keys in PLACES]
    table = finish(asked.plan, asked.headings, made_up(asked.plan, 3, hidden=100), shown)
    rows = [tuple(cell.value for cell in row[:3]) for row in table.rows]
    assert [row[:2] for row in rows] == [
        *((place, mode) for (place,) in PLACES for mode in ("bus", "rail")),
        *((place, None) for (place,) in PLACES),
        *((None, mode) for mode in ("bus", "rail")),
        (None, None),
    ]
    totalled = [(row[0].totalled, row[1].totalled) for row in table.rows]
    assert totalled == [(False, False)] * 6 + [(False, True)] * 3 + [(True, False)] * 2 + [(True, True)]
    numbers = [float(str(row[2])) for row in rows]
    assert numbers[6:9] == [numbers[0] + numbers[1], numbers[2] + numbers[3], numbers[4] + numbers[5]]
    assert numbers[11] == numbers[9] + numbers[10] > sum(numbers[:6])


def test_nobody_shown_leaves_the_totals() -> None:
    for sql in (CUBE, CUBE.replace("SUM(fare)", "MEDIAN(fare)"), CUBE.replace("SUM(fare)", "COUNT(DISTINCT driver)")):
        for nonnegative in (False, True):
            asked = compiled(sql, epsilon=1.0, nonnegative=nonnegative)
            table = finish(asked.plan, asked.headings, made_up(asked.plan, 0, hidden=7), [])
            assert [tuple(cell.value for cell in row[:2]) for row in table.rows] == [(None, "bus"), (None, "rail"), (None, None)]
    asked = compiled("SELECT place, MEDIAN(fare) FROM trips GROUP BY place")
    assert finish(asked.plan, asked.headings, made_up(asked.plan, 0, hidden=7), []).rows == ()


def test_counts_are_kept_from_being_negative_in_shown_groups_and_totals() -> None:
    """Cells of a group add up to its total; those of everybody to theirs."""
    asked = compiled(CUBE, epsilon=1.0, nonnegative=True)
    random.seed(7)
    cells = tuple(tuple(tuple(random.randrange(-40, 60) for _ in one) for one in each) for each in made_up(asked.plan, 3, hidden=0))
    table = finish(asked.plan, asked.headings, cells, [Shown(keys, 50) for keys in PLACES])
    sums: defaultdict[tuple[object, ...], float] = defaultdict(float)
    for place, mode, count, *_ in table.rows:
        assert float(str(count.value)) >= 0
        assert float(str(count.low)) >= 0
        sums[place.totalled, place.value, mode.totalled] += float(str(count.value))
    for total in {key[:2] for key in sums}:
        assert sums[*total, True] == sums[*total, False]


@pytest.mark.parametrize(
    "sql", ["GROUP BY ROLLUP (place, driver)", "GROUP BY CUBE (place, driver)", "GROUP BY GROUPING SETS ((place), (driver))"]
)
def test_some_selected_keys_without_the_others_are_refused(sql: str) -> None:
    with pytest.raises(Refusal) as refused:
        compiled(f"SELECT place, driver, COUNT(*) FROM trips {sql}")
    assert refused.value.code is Code.KEY_WITHOUT_DOMAIN


def test_pure_differential_privacy_has_no_delta_for_it() -> None:
    with pytest.raises(InvalidInput, match="pure differential privacy has none"):
        compiled("SELECT place, COUNT(*) FROM trips GROUP BY place", epsilon=1.0, pure=True)


def test_the_price_says_the_error_of_shown_groups_and_of_everybody() -> None:
    asked = compiled(CUBE)
    found = price(CONTRACT, asked)
    (counts, fares) = found.errors
    assert counts.total_half_width is not None
    assert fares.total_half_width is not None
    assert found.selection is not None
    alone = price(CONTRACT, compiled("SELECT place, mode, COUNT(*) AS n FROM trips GROUP BY place, mode")).errors[0]
    assert alone.total_half_width is None


def test_the_grid_of_a_quantile_leaves_room_for_groups() -> None:
    """Two thousand fares are too many for a hundred groups; beside declared keys they are told apart one by one."""
    selected, declared = (compiled(f"SELECT {key}, MEDIAN(fare) FROM trips GROUP BY {key}").plan for key in ("place", "mode"))
    assert selected.selection is not None
    assert selected.selection.most >= 1000
    assert selected.cells_of(selected.measures[0]) < declared.cells_of(declared.measures[0]) // declared.cells


def test_a_cap_of_one_makes_a_count_that_of_persons() -> None:
    """Which is then measured once."""
    both = "SELECT mode, COUNT(*) AS n, COUNT(DISTINCT pid) AS people FROM trips GROUP BY mode"
    assert len(compiled(both).plan.measures) == 2
    capped = compiled(both, epsilon=1.0, caps={"n": 1}).plan
    assert len(capped.measures) == 1
    assert [one.measure for one in capped.finish.outputs] == [None, 0, 0]


@pytest.mark.parametrize("quantiles", ["tree", "exponential"])
def test_so_many_groups_are_shown_that_noise_can_be_drawn_for_all(quantiles: str) -> None:
    """Twenty quantiles by counts share these; chosen one by one, and for totals of everybody, they leave room for fewer groups."""
    items = ", ".join(f"QUANTILE_CONT(fare, {part / 100})" for part in range(1, 21))
    plan = compiled(f"SELECT place, mode, {items} FROM trips GROUP BY CUBE (place, mode)", epsilon=1.0, quantiles=quantiles).plan
    assert plan.selection is not None
    sizes = [len(key.listed) or 1 for key in plan.keys]
    draws = [(0 in one.kept, prod(sizes[key] for key in one.kept)) for strategy in plan.strategies for one in strategy]
    along, once = (sum(number for selects, number in draws if selects is wanted) for wanted in (True, False))
    assert plan.selection.most * along + once <= NOISE_LIMIT
    assert quantiles == "tree" or (plan.selection.most + 1) * along + once > NOISE_LIMIT
