"""The values of keys that conditions leave: a table has no group that WHERE excludes, and those that it names need no declaration."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from stillroom.client.verification.bounds import check_bounds
from stillroom.client.verification.kept import truth
from stillroom.client.verification.outcome import Broken
from stillroom.errors import Code, Refusal
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract
from stillroom.model.expression import (
    All,
    Among,
    Any,
    Arithmetic,
    ArithmeticOp,
    Average,
    Column,
    Compare,
    Comparison,
    Constant,
    IsNull,
    Like,
    Not,
    Quantile,
    walk,
)
from stillroom.model.question import Question, Terms
from stillroom.query.compile import compile_question
from stillroom.query.evaluate import evaluate
from tests.questions import CONTRACT

if TYPE_CHECKING:
    from stillroom.model.expression import Expression
    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar


@cache
def agreed() -> Contract:
    """Return the small contract, in which more columns may be grouped and filtered by, and no key may be selected."""
    known = CONTRACT.to_json()
    known["caps"] |= {"selection_delta": 0, "release_selection_delta": 0}
    known["datasets"]["visits"]["columns"]["day"]["uses"] = ["group", "filter"]
    known["datasets"]["visits"]["columns"]["serial"] = {"type": "integer", "uses": ["group", "filter"], "bounds": [0, 10**9], "step": 10}
    for name in ("place", "driver", "mode"):
        known["datasets"]["trips"]["columns"][name]["uses"] = ["group", "filter"]
    return Contract.model_validate(known, strict=False)


def plan_of(sql: str) -> Plan:
    asked = Question(contract=digest_of(agreed()), sql=sql, terms=Terms(epsilon=1.0), asked_by="a")
    return compile_question(agreed(), asked).plan


def domains(sql: str) -> list[object]:
    """Return the values of each key; whoever verifies finds them right."""
    plan = plan_of(sql)
    check_bounds(plan, agreed())
    return [key.domain for key in plan.keys]


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("SELECT region, COUNT(*) FROM members WHERE region = 'n' GROUP BY region", [("n",)]),
        ("SELECT region, COUNT(*) FROM members WHERE region IS NOT NULL GROUP BY region", [("n", "s")]),
        ("SELECT region, COUNT(*) FROM members WHERE region <> 'n' GROUP BY region", [("s",)]),
        ("SELECT region, COUNT(*) FROM members WHERE NOT region LIKE 'n%' OR region IS NULL GROUP BY region", [("s", None)]),
        ("SELECT region, COUNT(*) FROM members WHERE COALESCE(region, 'z') <> 's' GROUP BY region", [("n", None)]),
        ("SELECT age, COUNT(*) FROM members WHERE age BETWEEN 20 AND 22 AND age * 2 <> 42 GROUP BY age", [(20, 22)]),
        ("SELECT age >= 65 AS old, COUNT(*) FROM members WHERE age > 70 GROUP BY old", [(True,)]),
        ("SELECT YEAR(day) AS y, COUNT(*) FROM visits WHERE day BETWEEN '2021-03-01' AND '2022-02-28' GROUP BY y", [(2021, 2022)]),
        # of several keys, each by the conditions about itself
        (
            "SELECT gender, ward, COUNT(*) FROM members JOIN visits ON id = pid WHERE ward > 'x' AND gender = 'F' GROUP BY 1, 2",
            [("F",), ("y", "z")],
        ),
        # one condition about two columns says nothing about either
        ("SELECT gender, COUNT(*) FROM members WHERE gender = 'F' OR region = 'n' GROUP BY gender", [("F", "M")]),
        # through subqueries, groups of a person, windows, marks and left joins
        ("WITH v AS (SELECT pid, ward FROM visits WHERE ward <> 'y') SELECT ward, COUNT(*) FROM v GROUP BY ward", [("x", "z")]),
        (
            "SELECT ward, SUM(n) FROM (SELECT pid, ward, COUNT(*) AS n FROM visits WHERE ward <> 'y' GROUP BY pid, ward) GROUP BY ward",
            [("x", "z")],
        ),
        ("SELECT ward, COUNT(*) FROM visits WHERE ward <> 'y' AND pid IN (SELECT id FROM members) GROUP BY ward", [("x", "z")]),
        (
            "SELECT ward, COUNT(*) FROM (SELECT ward, MIN(day) OVER (PARTITION BY pid) AS d FROM visits WHERE ward > 'x') GROUP BY ward",
            [("y", "z")],
        ),
        (
            "SELECT region, ward, COUNT(*) FROM members LEFT JOIN visits ON id = pid WHERE region = 'n' GROUP BY region, ward",
            [("n",), ("x", "y", "z", None)],
        ),
        # what an outer join keeps, no condition of the other side leaves out
        (
            "SELECT region, COUNT(*) FROM visits LEFT JOIN (SELECT * FROM members WHERE region = 'n') m ON id = pid GROUP BY region",
            [("n", "s", None)],
        ),
        # values that a condition names, of those that the contract allows
        ("SELECT serial, COUNT(*) FROM visits WHERE serial IN (20, 10, 15, -10, 2000000000) GROUP BY serial", [(10, 20)]),
        ("SELECT serial / 10 AS s, COUNT(*) FROM visits WHERE serial IN (20, 2000000000) GROUP BY s", [(2_000_000,)]),
        ("SELECT place, COUNT(*) FROM trips WHERE place IN ('Ayr', 'Rye') GROUP BY place", [("Ayr", "Rye")]),
        ("SELECT place, COUNT(*) FROM trips WHERE place = 'Rye' OR 'Ayr' = place GROUP BY place", [("Ayr", "Rye")]),
        ("SELECT place, COUNT(*) FROM trips WHERE place IN ('Ayr', 'Rye', 'Ely') AND place < 'M' GROUP BY place", [("Ayr", "Ely")]),
        ("SELECT UPPER(place) AS p, COUNT(*) FROM trips WHERE place IN ('Rye', 'rye') GROUP BY p", [("RYE",)]),
    ],
)
def test_keys_have_the_values_that_conditions_leave(sql: str, left: list[object]) -> None:
    assert domains(sql) == left


def test_fewer_groups_of_a_person_take_less_noise() -> None:
    every, some = (
        plan_of(f"SELECT ward, gender, COUNT(*) FROM members JOIN visits ON id = pid {where} GROUP BY ward, gender")
        for where in ("", "WHERE ward = 'x' AND gender = 'F'")
    )
    assert (every.bounds.groups, some.bounds.groups) == (5, 1)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT region, COUNT(*) FROM members WHERE region = 'nowhere' GROUP BY region", Code.KEY_WITHOUT_VALUES),
        ("SELECT age, COUNT(*) FROM members WHERE age > 50 AND age < 40 GROUP BY age", Code.KEY_WITHOUT_VALUES),
        ("SELECT place, COUNT(*) FROM trips WHERE place = 'Ayr' AND place = 'Rye' GROUP BY place", Code.KEY_WITHOUT_VALUES),
        ("SELECT place, COUNT(*) FROM trips WHERE place = 'Rye' OR mode = 'bus' GROUP BY place", Code.KEY_WITHOUT_DOMAIN),
        ("SELECT place, COUNT(*) FROM trips WHERE place <> 'Rye' GROUP BY place", Code.KEY_WITHOUT_DOMAIN),
        ("SELECT place, COUNT(*) FROM trips WHERE place IN ('Ayr') OR place > 'B' GROUP BY place", Code.KEY_WITHOUT_DOMAIN),
    ],
)
def test_where_none_or_no_end_of_them_is_left_is_refused(sql: str, code: Code) -> None:
    with pytest.raises(Refusal) as refused:
        plan_of(sql)
    assert refused.value.code is code


def test_a_domain_with_another_value_or_without_one_that_is_left_is_refused() -> None:
    """By whoever verifies a release."""
    for sql, right, wrong in (
        ("SELECT region, COUNT(*) FROM members WHERE region IS NOT NULL GROUP BY region", ("n", "s"), [("n",), ("n", "s", "t")]),
        ("SELECT place, COUNT(*) FROM trips WHERE place IN ('A', 'B') GROUP BY place", ("A", "B"), [("A",), ("A", "B", "C")]),
        ("SELECT age, COUNT(*) FROM members WHERE age < 14 GROUP BY age", (12, 13), [(12,), (13,), (True, 12, 13)]),
    ):
        plan = plan_of(sql)
        plan, (key,) = plan.model_copy(update={"bounds": plan.bounds.model_copy(update={"groups": 5})}), plan.keys
        assert key.domain == right
        for domain in wrong:
            with pytest.raises(Broken, match="conditions leave"):
                check_bounds(plan.model_copy(update={"keys": (key.model_copy(update={"domain": domain}),)}), agreed())


X = Column(name="t.x")
TEXT: list[Expression] = [
    Compare(comparison=Comparison.EQUAL, left=X, right=Constant(value="b")),
    Compare(comparison=Comparison.NOT_EQUAL, left=Constant(value="b"), right=X),
    Compare(comparison=Comparison.LESS, left=X, right=Constant(value="b")),
    Compare(comparison=Comparison.LESS_OR_EQUAL, left=Constant(value="b"), right=X),
    Compare(comparison=Comparison.EQUAL, left=X, right=Constant(value=None)),
    Among(operand=X, values=(Constant(value="a"), Constant(value="c"))),
    Like(operand=X, pattern="_"),
    IsNull(operand=X),
]
NUMBERS: list[Expression] = [
    Compare(comparison=Comparison.EQUAL, left=X, right=Constant(value=2)),
    Compare(comparison=Comparison.LESS, left=Constant(value=2), right=X),
    Among(operand=X, values=(Constant(value=1), Constant(value=3))),
]


@pytest.mark.parametrize(("atoms", "values"), [(TEXT, ["a", "b", "c", "bc", ""]), (NUMBERS, [-1, 0, 1, 2, 3])])
def test_whoever_verifies_reads_conditions_as_whoever_compiles(atoms: list[Expression], values: list[Scalar]) -> None:
    """Two evaluators that were written apart agree on conditions over one column, three-valued."""
    pairs = [pair(operands=(one, Not(operand=other))) for one in atoms for other in atoms for pair in (All, Any)]
    seen = set()
    for condition in (*atoms, *pairs, *(Not(operand=pair) for pair in pairs)):
        for value in values:
            found = evaluate(condition, {"t.x": value})
            assert truth(condition, value) == {True: "true", False: "false", None: "null"}[found]  # type: ignore[index]
            seen.add(found)
    assert seen >= {True, False}


def test_what_is_not_computed_again_is_unknown() -> None:
    twice = Arithmetic(operation=ArithmeticOp.ADD, left=X, right=X, bound=10)
    unknown = Compare(comparison=Comparison.EQUAL, left=twice, right=Constant(value=2))
    false = Compare(comparison=Comparison.LESS, left=X, right=Constant(value=0))
    assert truth(unknown, 1) == truth(Not(operand=unknown), 1) == "unknown"
    assert truth(All(operands=(unknown, false)), 1) == "false"
    assert truth(Any(operands=(unknown, Not(operand=false))), 1) == "true"
    assert truth(Compare(comparison=Comparison.EQUAL, left=X, right=Constant(value="1")), 1) == "unknown"


@pytest.mark.parametrize(
    ("where", "ends"),
    [
        ("", (0, 100_00)),
        ("WHERE cost <= 10", (0, 10_00)),
        ("WHERE cost < 10", (0, 9_99)),
        ("WHERE cost > 50", (0, 100_00)),
        ("WHERE cost BETWEEN 20 AND 30 AND 25 > cost", (0, 24_99)),
        ("WHERE cost = 7.5", (0, 7_50)),
        ("WHERE cost IN (1, 3, 2)", (0, 3_00)),
        ("WHERE (cost < 5 OR cost IN (8, 9)) AND ward = 'x'", (0, 9_00)),
        ("WHERE cost < 5 OR ward = 'x'", (0, 100_00)),
        ("WHERE cost * 1 < 5", (0, 100_00)),
        ("WHERE cost < 5 AND cost > 6", (0, 100_00)),
        ("WHERE cost < -5", (0, 100_00)),
        ("WHERE cost < 500", (0, 100_00)),
        ("WHERE cost <> 5", (0, 100_00)),
    ],
)
def test_a_sum_is_of_values_that_conditions_leave(where: str, ends: tuple[int, int]) -> None:
    """Five rows of a person add up to five times the most that is left."""
    plan = plan_of(f"SELECT SUM(cost) FROM visits {where}")
    (measure,) = plan.measures
    assert (measure.row_low, measure.row_high) == ends
    assert (measure.low, measure.high) == (0, 5 * ends[1])
    check_bounds(plan, agreed())
    if ends[1] < 100_00:
        lower = measure.model_copy(update={"row_high": measure.row_high - 1})
        with pytest.raises(Broken, match="values of measure 0"):
            check_bounds(plan.model_copy(update={"measures": (lower,)}), agreed())


def test_averages_and_quantiles_lie_where_conditions_leave_values() -> None:
    plan = plan_of("SELECT AVG(age) AS mean, MEDIAN(age) AS middle FROM members WHERE age BETWEEN 30 AND 39")
    average, quantile = (next(walk(output.value)) for output in plan.finish.outputs)
    assert isinstance(average, Average)
    assert isinstance(quantile, Quantile)
    assert (average.low, average.high) == (quantile.low, quantile.high) == (30, 39)
    check_bounds(plan, agreed())


def test_what_is_computed_before_rows_are_left_out_keeps_its_bounds() -> None:
    """Engines may compute an expression of all rows first: so nothing that they compute with gets smaller."""
    wide, narrow = (plan_of(f"SELECT SUM(cost * 2) FROM visits {where}").measures for where in ("", "WHERE cost < 5"))
    assert wide == narrow
