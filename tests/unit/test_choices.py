"""Quantiles by the exponential mechanism: what is asked for, measured, priced and shown."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from stillroom.cli.screen import price_lines, question_text
from stillroom.errors import Code, Refusal
from stillroom.model.codec import digest_of
from stillroom.model.expression import PARTS, Quantile
from stillroom.model.marginal import Marginal
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.model.question import Question, Terms
from stillroom.privacy.accountant import rho_from
from stillroom.query.price import price
from stillroom.query.protected import plan_charge, protected
from stillroom.query.quantiles import middle
from stillroom.query.table.finish import finish
from tests.marginals import without_noise
from tests.questions import CONTRACT, compiled

if TYPE_CHECKING:
    from stillroom.model.question import Term

JOINED = "FROM members JOIN visits ON id = pid"
CHOSEN: dict[str, Term] = {"epsilon": 1.0, "quantiles": "exponential"}


@pytest.mark.parametrize(
    ("outputs", "chosen"),
    [
        ("MEDIAN(age)", [500_000]),
        ("MEDIAN(age), QUANTILE_CONT(age, 0.5), COUNT(*)", [500_000]),
        ("QUANTILE_CONT(age, 0.9), MEDIAN(age), PERCENTILE_CONT(0.1) WITHIN GROUP (ORDER BY age)", [100_000, 500_000, 900_000]),
        ("MEDIAN(age), MEDIAN(age) FILTER (WHERE gender = 'F')", [500_000, 500_000]),
        ("MEDIAN(age) - MEDIAN(age * 2)", [500_000, 500_000]),
    ],
)
def test_each_quantile_of_a_column_is_chosen_once(outputs: str, chosen: list[int]) -> None:
    plan = compiled(f"SELECT {outputs} FROM members", **CHOSEN).plan
    assert [one.part for strategy in plan.strategies for one in strategy if one.part is not None] == chosen


def test_each_grouping_set_chooses_for_itself() -> None:
    sql = f"SELECT gender, ward, MEDIAN(cost), QUANTILE_CONT(cost, 0.9) {JOINED} GROUP BY ROLLUP (gender, ward)"
    (strategy,) = compiled(sql, **CHOSEN).plan.strategies
    found = [(one.part, one.kept) for one in strategy]
    assert found == [(part, (*kept, 2, 3, 4, 5, 6)) for part in (500_000, 900_000) for kept in ((0, 1), (0,), ())]


def test_nothing_changes_where_no_quantile_is_asked_for() -> None:
    sql = "SELECT gender, COUNT(*), AVG(age) FROM members GROUP BY gender"
    assert compiled(sql, **CHOSEN) == compiled(sql)


def test_terms_that_do_not_say_it_are_written_as_ever() -> None:
    assert "quantiles" not in Terms(epsilon=1.0).to_json()
    assert Terms.model_validate({"epsilon": 1.0, "quantiles": "tree"}) == Terms(epsilon=1.0)
    assert Terms.model_validate(CHOSEN).to_json()["quantiles"] == "exponential"
    assert Terms.model_validate_json('{"epsilon": 1.0, "quantiles": "exponential"}') == Terms.model_validate(CHOSEN)
    plan = compiled("SELECT MEDIAN(age) FROM members").plan.to_json()
    assert all("part" not in one for strategy in plan["strategies"] for one in strategy)
    with pytest.raises(ValidationError):
        Terms.model_validate({"epsilon": 1.0, "quantiles": "laplace"})


@pytest.mark.parametrize("extreme", ["MIN(age)", "MAX(age)", "QUANTILE_CONT(age, 0)", "QUANTILE_CONT(age, 1)"])
def test_extremes_are_not_chosen(extreme: str) -> None:
    with pytest.raises(Refusal, match="knows none") as refused:
        compiled(f"SELECT MEDIAN(age), {extreme} FROM members", **CHOSEN)
    assert refused.value.code is Code.AGGREGATE_NOT_ALLOWED


@pytest.mark.parametrize("noise", [NoiseKind.GUMBEL, NoiseKind.DISCRETE_GAUSSIAN])
def test_a_marginal_has_noise_of_its_kind(noise: NoiseKind) -> None:
    part = None if noise is NoiseKind.GUMBEL else PARTS // 2
    with pytest.raises(ValidationError, match="not of the kind"):
        Marginal(kept=(0,), mechanism=Mechanism(noise=noise, scale=1.0), part=part)
    for beyond in (0, PARTS, -1):
        with pytest.raises(ValidationError):
            Marginal(kept=(0,), mechanism=Mechanism(noise=NoiseKind.GUMBEL, scale=1.0), part=beyond)


# --------------------------------------------------------------------------------------------------------------------- price


@pytest.mark.parametrize("sql", ["SELECT MEDIAN(age) FROM members", f"SELECT ward, COUNT(*), MEDIAN(cost) {JOINED} GROUP BY CUBE (ward)"])
@pytest.mark.parametrize("weights", [{}, {"median": 4.0}])
def test_all_choices_together_cost_what_was_offered(sql: str, weights: dict[str, float]) -> None:
    plan = compiled(sql, **CHOSEN, weights=weights).plan
    most = rho_from(Fraction(1), Fraction(1, 10**9)) * 10**12
    assert most - 100 < plan_charge(plan).rho <= most
    asked = compiled(sql, **CHOSEN, pure=True, weights=weights)
    assert Decimal("0.999") < Decimal(asked.pure_epsilon or 0) <= 1


def test_a_person_pays_for_all_rows_in_all_groups() -> None:
    """Five rows of a person, all in one ward, or one each in many: the squares are most for the first."""
    (one,) = protected(compiled(f"SELECT ward, MEDIAN(cost) {JOINED} GROUP BY ward", **CHOSEN).plan)
    row = 2 * PARTS
    assert (one.add_remove.l1, one.add_remove.l2_squared) == (5 * row, 25 * row**2)
    assert (one.change.l1, one.change.l2_squared) == (10 * row, 100 * row**2)
    (few,) = protected(compiled("SELECT QUANTILE_CONT(age, 0.9) FROM members", **CHOSEN).plan)
    assert (few.add_remove.l1, few.add_remove.l2_squared) == (9 * row // 5, (9 * row // 5) ** 2)


def test_a_price_says_how_far_off_the_place_may_be_and_that_there_is_no_interval() -> None:
    sql = f"SELECT gender, MEDIAN(cost) AS middle, COUNT(*) AS n {JOINED} GROUP BY gender"
    small, large = (price(CONTRACT, compiled(sql, **{**CHOSEN, "epsilon": epsilon})).errors for epsilon in (0.5, 5.0))
    assert 5 * int(large[0].rank_half_width or 0) < int(small[0].rank_half_width or 0)
    assert [one.chosen for one in small] == [True, False]
    tree = price(CONTRACT, compiled(sql, epsilon=0.5)).errors
    assert tree[0].resolution == small[0].resolution
    assert "chosen" not in tree[0].to_json()
    lines = price_lines(price(CONTRACT, compiled(sql, **CHOSEN)))
    assert any(line.startswith("Expected error of middle: by up to ") and "without an interval" in line for line in lines)


def test_a_lone_median_of_a_group_is_known_better_than_from_a_tree() -> None:
    sql = "SELECT MEDIAN(age) FROM members"
    for pure in (False, True):
        chosen, tree = (price(CONTRACT, compiled(sql, **terms, pure=pure)).errors[0] for terms in (CHOSEN, {"epsilon": 1.0}))
        assert int(chosen.rank_half_width or 0) < int(tree.rank_half_width or 0)


# --------------------------------------------------------------------------------------------------------------------- table


def node(low: int, high: int, width: int, step: int) -> Quantile:
    return Quantile(measure="m0", part=1, low=low, high=high, width=width, step=step, digits=0)


@pytest.mark.parametrize(
    ("of", "middles"),
    [
        (node(0, 9, 1, 1), list(range(10))),
        (node(0, 9, 3, 1), [1, 4, 7, 9]),
        (node(0, 9, 4, 1), [1, 5, 8, 9]),
        (node(-7, 7, 5, 1), [-5, 0, 5, 7]),
        (node(0, 100, 20, 5), [5, 25, 45, 65, 85, 100, 100]),
    ],
)
def test_a_bucket_stands_for_a_value_in_its_middle(of: Quantile, middles: list[int]) -> None:
    """One that can occur; buckets behind the last value stand for that."""
    assert [middle(of, bucket) for bucket in range(len(middles))] == middles


def test_what_was_chosen_is_shown_with_the_ends_of_its_column() -> None:
    sql = f"SELECT gender, MEDIAN(cost) AS middle, MEDIAN(cost) > 30 AS dear {JOINED} GROUP BY ROLLUP (gender)"
    asked = compiled(sql, **CHOSEN)
    (measure,) = asked.plan.measures
    cells = [0] * asked.plan.cells_of(measure)
    cells[4000], cells[len(cells) // 2 + 2000] = 7, 2
    rows = finish(asked.plan, asked.headings, without_noise(asked.plan, (tuple(cells),))).rows
    assert [(row[1].value, row[2].value) for row in rows] == [("40.0000", "true"), ("20.0000", "false"), ("40.0000", "true")]
    assert {(row[1].low, row[1].high, row[1].no_information) for row in rows} == {("0.0000", "100.0000", True)}


def test_who_is_asked_for_approval_sees_it() -> None:
    asked = Question(contract=digest_of(CONTRACT), sql="SELECT 1", terms=Terms.model_validate(CHOSEN), asked_by="a")
    assert question_text(asked) == "SELECT 1  quantiles exponential"
