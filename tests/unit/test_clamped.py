"""What clamping removes: one more number for each sum that is clamped, with noise of its own, within the same price."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.client.verification.accounting import costs
from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.sensitivity import moves
from stillroom.client.verification.table import check_table
from stillroom.errors import Code, StillroomError
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract
from stillroom.model.expression import Column
from stillroom.model.measure import Aggregate, Measure
from stillroom.model.plan import Bounds
from stillroom.model.question import Question, Terms
from stillroom.model.release import Removed
from stillroom.policy.allowance import allowance
from stillroom.protections.server import ServerProtection
from stillroom.query.compile import compile_question
from stillroom.query.price import price
from stillroom.query.protected import marginal_sensitivities, protected
from stillroom.query.table.finish import finish
from stillroom.testing import measure_exactly
from tests.auditing import Known
from tests.fakes import ListTable, ListTables, ZeroNoise, reading_of
from tests.marginals import without_noise
from tests.questions import CONTRACT
from tests.world import contract as world_contract

if TYPE_CHECKING:
    from stillroom.model.mechanism import Guarantee, Mechanism
    from stillroom.model.price import Compiled
    from stillroom.model.question import Term

SQL = "SELECT ward, COUNT(*) AS n, SUM(cost) AS total, COUNT(DISTINCT pid) AS people FROM visits GROUP BY ward"
BOTH = "SELECT SUM(cost) AS total, AVG(gain) AS mean, SUM(gain) * 2 AS twice FROM visits"


def clamping(**changes: object) -> Contract:
    """Return the small contract with a total of cost, and a signed column with one, too."""
    document: dict[str, Any] = json.loads(CONTRACT.model_dump_json(by_alias=True, exclude_none=True))
    columns = document["datasets"]["visits"]["columns"]
    columns["cost"] |= {"total": [0, 120], **changes}
    columns["gain"] = {"type": "integer", "uses": ["measure"], "bounds": [-10, 20], "total": [-15, 30]}
    return Contract.model_validate_json(json.dumps(document))


def compiled(sql: str, under: Contract | None = None, **terms: Term) -> Compiled:
    asked_under = under or clamping()
    chosen = Terms.model_validate({"epsilon": 1.0, "clamped": True, **terms})
    return compile_question(asked_under, Question(contract=digest_of(asked_under), sql=sql, terms=chosen, asked_by="a"))


def removed(asked: Compiled) -> list[tuple[int, int]]:
    """Return the bounds of the sums of which it is measured what clamping removes."""
    return [(asked.plan.measures[number].low, asked.plan.measures[number].high) for number in asked.plan.removed]


# what is measured


@pytest.mark.parametrize(
    ("sql", "bounds"),
    [
        (SQL, [(0, 12000)]),
        (BOTH, [(0, 12000), (-15, 30)]),
        ("SELECT AVG(cost), SUM(cost), VARIANCE(cost) FROM visits", [(0, 12000)]),
        ("SELECT SUM(cost) FILTER (WHERE ward = 'x'), SUM(cost) FROM visits", [(0, 12000), (0, 12000)]),
        ("SELECT COUNT(*), COUNT(DISTINCT pid), COUNT(DISTINCT ward), MEDIAN(cost), SUM(cost + 1) FROM visits", []),
        ("SELECT COUNT(*) FROM visits HAVING SUM(cost) > 10", []),
        ("SELECT SUM(age) FROM members", []),
        ("SELECT SUM(cost) FROM (SELECT pid, cost FROM visits QUALIFY ROW_NUMBER() OVER (PARTITION BY pid ORDER BY day) = 1)", []),
    ],
)
def test_each_sum_that_can_be_clamped_has_a_number(sql: str, bounds: list[tuple[int, int]]) -> None:
    assert removed(compiled(sql)) == bounds


def test_where_nothing_is_clamped_it_is_the_same_plan() -> None:
    sql = "SELECT COUNT(*), COUNT(DISTINCT pid) FROM visits"
    assert digest_of(compiled(sql).plan) == digest_of(compiled(sql, clamped=False).plan)
    assert digest_of(compiled(SQL).plan) != digest_of(compiled(SQL, clamped=False).plan)
    assert "removed" not in str(compiled(SQL, clamped=False).plan.to_json())
    assert "clamped" not in Terms(epsilon=1.0).to_json()


VISITS = [
    *({"pid": "p0", "cost": "100", "ward": "x", "day": "2024-05-01", "gain": 20} for _ in range(4)),
    {"pid": "p0", "cost": "90", "ward": "y", "day": "2024-05-01", "gain": -10},
    {"pid": "p1", "cost": "70.25", "ward": "z", "day": "2024-05-01", "gain": -10},
    {"pid": "p1", "cost": "70.25", "ward": "z", "day": "2024-05-02", "gain": -10},
    {"pid": "p2", "cost": None, "ward": "z", "day": "2024-05-02", "gain": None},
]


def test_it_is_what_the_persons_totals_lose_in_all_their_cells() -> None:
    """The first person loses 280 in one ward and nothing in another; the second 20.50."""
    exact = measure_exactly(clamping(), {"visits": VISITS}, SQL, terms=Terms(epsilon=1.0, clamped=True))
    assert exact.measures[1].cells == {("x",): 12000, ("y",): 9000, ("z",): 12000}
    assert exact.measures[3].cells == {(): 28000 + 2050}
    assert exact.measures[3].marginals[0].totals == {(None,): 30050}


def test_what_is_too_much_and_what_is_too_little_have_opposite_signs() -> None:
    exact = measure_exactly(clamping(), {"visits": VISITS}, BOTH, terms=Terms(epsilon=1.0, clamped=True))
    sums, lost = exact.measures[1:3], exact.measures[-1]
    assert {one.cells[()] for one in sums} == {30 - 15, 7}
    assert lost.cells == {(): (70 - 30) - (20 - 15)}


def test_a_person_with_one_row_loses_row_by_row() -> None:
    """One row a person is clamped without adding up, where the declared total is less than the largest value."""
    once = (
        "SELECT SUM(cost) AS total FROM (SELECT pid, cost FROM visits QUALIFY ROW_NUMBER() OVER (PARTITION BY pid ORDER BY cost DESC) = 1)"
    )
    under = clamping(total=[0, 80])
    exact = measure_exactly(under, {"visits": VISITS}, once, terms=Terms(epsilon=1.0, clamped=True))
    assert [one.cells for one in exact.measures] == [{(): 8000 + 7025}, {(): 2000}]


def test_groups_that_a_person_gives_up_are_not_in_it() -> None:
    """What a limit of groups drops is another loss: a person in three wards, of which one is kept, loses what clamping takes there."""
    rows = [{"pid": "p0", "cost": "100", "ward": ward, "day": "2024-05-01", "gain": 0} for ward in "xyzxy"]
    exact = measure_exactly(clamping(), {"visits": rows}, SQL, terms=Terms(epsilon=1.0, clamped=True, groups_per_person=1))
    kept = max(exact.measures[1].cells.values())
    assert exact.measures[3].cells == {(): 8000 if kept == 12000 else 0}


# how far a person moves it


CASE = st.tuples(st.integers(-4, 0), st.integers(0, 4), st.integers(1, 4), st.data())


@settings(deadline=None, max_examples=150)
@given(CASE)
def test_no_person_moves_it_further_than_declared(case: tuple[int, int, int, st.DataObject]) -> None:
    """Over all rows of one person in up to three cells; the largest addition, and the largest change, are reached."""
    row_low, row_high, rows, data = case
    low, high = data.draw(st.integers(rows * row_low, 0)), data.draw(st.integers(0, rows * row_high))
    found = {lost(low, high, cells) for cells in vectors(row_low, row_high, rows)}
    measure = Measure(value=Column(name="x.y"), row_low=row_low, row_high=row_high, low=low, high=high, aggregate=Aggregate.REMOVED)
    for identifiers in (1, 2):
        bounds = Bounds(rows=rows, groups=min(rows, 3), keep_groups=False, identifiers=identifiers)
        add_remove, change = marginal_sensitivities(measure, bounds, (1,), ())
        assert add_remove.l1 == add_remove.linf == identifiers * max(map(abs, found))
        assert change.l1 == change.linf == identifiers * (max(found) - min(found))
        assert (add_remove.l2_squared, change.l2_squared) == (add_remove.l1**2, change.l1**2)
        one, other = moves(measure, bounds, [3], [])
        assert (one.l1, one.l2_squared, other.l1, other.l2_squared) == (
            add_remove.l1,
            add_remove.l2_squared,
            change.l1,
            change.l2_squared,
        )


def vectors(row_low: int, row_high: int, rows: int) -> set[tuple[int, ...]]:
    """Return the totals that a person's rows can have in three cells, in any order."""
    found: set[tuple[int, ...]] = {(0, 0, 0)}
    for _ in range(rows):
        found |= {
            tuple(sorted((*cells[:place], cells[place] + value, *cells[place + 1 :])))
            for cells, place, value in product(found, range(3), {row_low, row_high, min(1, row_high), max(-1, row_low)})
        }
    return found


def lost(low: int, high: int, cells: tuple[int, ...]) -> int:
    return sum(total - min(max(total, low), high) for total in cells)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([SQL, BOTH, "SELECT ward, AVG(cost) FROM visits GROUP BY ROLLUP (ward)"]), st.booleans(), st.floats(0.01, 5))
def test_it_has_its_share_of_the_price(sql: str, pure: bool, epsilon: float) -> None:  # noqa: FBT001 - drawn
    asked = compiled(sql, epsilon=epsilon, pure=pure)
    assert asked.plan.removed
    if pure:
        assert float(asked.pure_epsilon or 0) <= epsilon * (1 + 1e-9)
        return
    offered = allowance(epsilon, 1e-9).rho
    assert offered * (1 - 1e-6) - 10 <= asked.charge.rho <= offered
    assert costs(asked.plan)[0].rho <= offered * 1e-12


def test_it_is_as_precise_as_the_sum_relative_to_what_one_person_adds() -> None:
    for terms in ({}, {"pure": True}, {"epsilon": None, "error": 50.0}):
        asked = compiled(SQL, **terms)
        found = {one.measure: one.marginal.mechanism.scale / one.add_remove.linf for one in protected(asked.plan)}
        (number,) = asked.plan.removed
        assert found[number] == pytest.approx(found[1] if "error" not in terms else min(found.values()), rel=1e-6)


def test_weights_do_not_take_from_it_more_than_from_others() -> None:
    found = {one.measure: one.marginal.mechanism.scale / one.add_remove.linf for one in protected(compiled(SQL, weights={"total": 3}).plan)}
    assert found[3] == pytest.approx(found[0], rel=1e-6)
    assert found[1] * 3 == pytest.approx(found[0], rel=1e-6)


class Thousands(ZeroNoise):
    """Draws 1000, as often as it is asked."""

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
        """Return that."""
        del mechanism, guarantee
        return [1000] * count


def test_it_gets_its_noise() -> None:
    asked = compiled(SQL)
    cells = ((1, 2, 3), (4, 5, 6), (7, 8, 9), (30,))
    tables = ListTables({"visits": ListTable([], {}, private=True)})
    found = ServerProtection(Known(cells), Thousands(), tables).measure(asked.plan, asked.charge, reading_of({"visits": 1}))
    assert found.cells == (((1001, 1002, 1003),), ((1004, 1005, 1006),), ((1007, 1008, 1009),), ((1030,),))


# what is shown


def table(asked: Compiled, lost_of: dict[int, int] | None = None) -> Any:  # noqa: ANN401 - a Table, or a lie about one
    cells = tuple(
        ((lost_of or {}).get(number, 30050),) if number in asked.plan.removed else (5000,) * asked.plan.cells
        for number in range(len(asked.plan.measures))
    )
    return finish(asked.plan, asked.headings, without_noise(asked.plan, cells))


def test_it_stands_beside_the_table_with_its_interval() -> None:
    asked = compiled(SQL)
    (found,) = table(asked).clamped
    (expected,) = price(clamping(), asked).clamped
    assert (found.columns, found.value, expected.name) == (("total",), "300.50", "total")
    assert float(found.high) - 300.50 == pytest.approx(float(expected.half_width or 0))
    assert 300.50 - float(found.low) == pytest.approx(float(expected.half_width or 0))
    assert float(expected.half_width or 0) == pytest.approx(1.96 * asked.plan.strategies[3][0].mechanism.scale / 100, rel=0.001)


def test_it_may_be_below_zero_and_names_all_columns_that_it_concerns() -> None:
    asked = compiled(BOTH, nonnegative=True)
    first, second = table(asked, dict.fromkeys(asked.plan.removed, -7)).clamped
    assert (first.columns, first.value) == (("total",), "-0.07")
    assert (second.columns, second.value) == (("mean", "twice"), "-7")


def test_the_table_is_left_alone() -> None:
    asked, plain = compiled(SQL), compiled(SQL, clamped=False)
    assert table(plain).clamped == ()
    assert "clamped" not in table(plain).to_json()
    assert table(asked).headings == table(plain).headings
    assert [[cell.value for cell in row] for row in table(asked).rows] == [[cell.value for cell in row] for row in table(plain).rows]


LIES: dict[str, tuple[dict[str, Any] | None, str]] = {
    "no number": (None, "how many numbers say what clamping removed"),
    "another column": ({"columns": ("n",)}, "the columns that clamping removed something from"),
    "an interval that is too narrow": ({"low": "300.00"}, "is not what its noise gives"),
    "a value beside the middle": ({"value": "320.50"}, "is not what its noise gives"),
    "a value that is no number of its sum": ({"value": "300.505"}, "300.505"),
}


@pytest.mark.parametrize("lie", LIES)
def test_the_verifier_finds_what_does_not_fit(lie: str) -> None:
    asked = compiled(SQL)
    honest = table(asked)
    before = check_table(asked.plan, honest).intervals
    assert before == check_table(compiled(SQL, clamped=False).plan, table(compiled(SQL, clamped=False))).intervals + 1
    change, words = LIES[lie]
    bent = () if change is None else (honest.clamped[0].model_copy(update=change),)
    with pytest.raises(Broken, match=words):
        check_table(asked.plan, honest.model_copy(update={"clamped": bent}))


def test_a_number_that_nobody_measured_is_found() -> None:
    asked = compiled(SQL, clamped=False)
    bent = table(asked).model_copy(update={"clamped": (Removed(columns=("total",), value="1.00", low="0.00", high="2.00"),)})
    with pytest.raises(Broken, match="how many numbers"):
        check_table(asked.plan, bent)


# what is refused


def test_what_cannot_be_measured_is_refused() -> None:
    sql = "SELECT SUM(income) FROM members"
    document = json.loads(world_contract().model_dump_json(by_alias=True, exclude_none=True))
    document["datasets"]["members"]["columns"]["income"] |= {"bounds": [0, 9e15], "step": 0.001, "total": [0, 10]}
    under = Contract.model_validate_json(json.dumps(document))
    question = Question(contract=digest_of(under), sql=sql, terms=Terms(epsilon=1.0, clamped=True), asked_by="insurer")
    with pytest.raises(StillroomError) as refused:
        compile_question(under, question)
    assert refused.value.code is Code.BOUND_TOO_LARGE
