"""Weights divide a charge: they move the scales of measures against each other, and nothing else."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stillroom.cli.options import numbers_of
from stillroom.cli.screen import question_text
from stillroom.client.verification.accounting import costs, distances
from stillroom.errors import Code, StillroomError
from stillroom.model.codec import digest_of
from stillroom.model.question import HEAVIEST, LIGHTEST, Question, Terms
from stillroom.policy.allowance import allowance
from stillroom.query.price import price
from stillroom.query.protected import protected
from stillroom.query.weights import measure_weights
from tests.questions import CONTRACT, compiled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.price import Compiled
    from stillroom.privacy.sensitivity import Sensitivity

ROLLUP = (
    "SELECT gender, region, COUNT(*) AS n, AVG(age) AS mean, SUM(age) / COUNT(*) AS ratio FROM members GROUP BY ROLLUP (gender, region)"
)
QUESTIONS = [
    "SELECT ward, COUNT(*) AS n, SUM(cost) AS total, COUNT(DISTINCT pid) AS people FROM visits GROUP BY ward",
    ROLLUP,
    "SELECT AVG(cost) AS mean, MEDIAN(cost) AS middle, COUNT(DISTINCT ward) AS wards FROM visits",
    "SELECT place, COUNT(*) AS n, SUM(fare) AS total FROM trips GROUP BY place",
    "SELECT ward, COUNT(*) AS n, VARIANCE(cost) AS spread FROM visits GROUP BY ward HAVING COUNT(DISTINCT pid) > 5",
]
PURE = QUESTIONS[0]
NAMES = {
    sql: [name for name in ("n", "total", "people", "mean", "ratio", "middle", "wards", "spread") if f"AS {name}" in sql]
    for sql in QUESTIONS
}
WEIGHT = st.floats(LIGHTEST, HEAVIEST)


def errors(asked: Compiled) -> list[float]:
    """Return the root of the finest marginal's variance ÷ the most that a person adds to a cell, of each measure."""
    found: dict[int, float] = {}
    for one in protected(asked.plan):
        found.setdefault(one.measure, one.marginal.mechanism.scale / one.add_remove.linf)
    return list(found.values())


@pytest.mark.parametrize("sql", QUESTIONS)
def test_weights_of_one_are_no_weights(sql: str) -> None:
    plain = compiled(sql, epsilon=1.0)
    weighted = compiled(sql, epsilon=1.0, weights=dict.fromkeys(NAMES[sql], 1.0))
    assert plain.plan.to_json() == weighted.plan.to_json()
    assert digest_of(plain.plan) == digest_of(weighted.plan)


@pytest.mark.parametrize("sql", QUESTIONS[:3])
def test_the_same_weight_for_all_that_is_measured_is_no_weight(sql: str) -> None:
    assert compiled(sql, epsilon=1.0).plan == compiled(sql, epsilon=1.0, weights=dict.fromkeys(NAMES[sql], 4.0)).plan


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(QUESTIONS), st.data(), st.booleans())
def test_the_charge_is_never_more_than_was_offered(sql: str, data: st.DataObject, pure: bool) -> None:  # noqa: FBT001 - drawn
    """By the compiler's account, and by that of the verifier, who has one of its own."""
    pure = pure and sql == PURE
    weights = data.draw(st.dictionaries(st.sampled_from(NAMES[sql]), WEIGHT))
    asked = compiled(sql, epsilon=1.0, pure=pure, weights=weights)
    delta = Fraction(str(CONTRACT.caps.delta))
    if pure:
        assert Fraction(str(asked.pure_epsilon)) <= 1 + Fraction(1, 10**9)
        return
    offered = allowance(1.0, float(delta)).rho
    assert asked.charge.rho <= offered
    assert asked.charge.rho >= offered * (1 - 1e-6)
    assert costs(asked.plan)[0].rho <= offered * Fraction(1, 10**12)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(QUESTIONS), st.data())
def test_more_weight_is_never_less_precise(sql: str, data: st.DataObject) -> None:
    """Of the measures of a column that gets it, that whose weight rises most; measures whose weight stays are never more precise."""
    weights = data.draw(st.dictionaries(st.sampled_from(NAMES[sql]), WEIGHT))
    name = data.draw(st.sampled_from(NAMES[sql]))
    both = [{**weights, name: weight} for weight in sorted((weights.get(name, 1.0), data.draw(WEIGHT)))]
    before, after = (compiled(sql, epsilon=1.0, weights=one) for one in both)
    rises = [float(two / one) for one, two in zip(*(of_measures(compiled(sql), one) for one in both), strict=True)]
    assert min(rises) >= 1
    for rise, one, other in zip(rises, errors(before), errors(after), strict=False):
        assert other <= one * (1 + 1e-9) or rise < max(rises)
        assert other >= one * (1 - 1e-9) or rise > 1


def of_measures(asked: Compiled, weights: Mapping[str, float]) -> tuple[Fraction, ...]:
    return measure_weights(asked.plan.finish, asked.headings, asked.plan.measures, Terms(epsilon=1.0, weights=dict(weights)))


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize("weight", [0.01, 0.5, 2, 7.25])
def test_an_error_is_inverse_to_its_weight(weight: float, *, pure: bool) -> None:
    found = errors(compiled(PURE, epsilon=1.0, pure=pure, weights={"total": weight}))
    assert found[1] * weight == pytest.approx(found[0], rel=1e-6)
    assert found[2] == pytest.approx(found[0], rel=1e-6)


def test_half_widths_follow() -> None:
    """What `price` says of a column, relative to the most that a person adds to it."""
    asked = compiled(PURE, epsilon=0.01, weights={"n": 4})
    expected = {one.name: float(one.half_width or 0) for one in price(CONTRACT, asked).errors}
    assert expected["n"] / 5 * 4 == pytest.approx(expected["people"], rel=0.01)
    assert expected["total"] / 500 == pytest.approx(expected["people"], rel=0.01)


def test_totals_and_their_parts_follow_together() -> None:
    plain, heavier = (compiled(ROLLUP, epsilon=1.0, weights={"n": weight, "mean": 1}) for weight in (1, 3))
    scales = [[[one.mechanism.scale for one in strategy] for strategy in asked.plan.strategies] for asked in (plain, heavier)]
    ratios = [[after / before for before, after in zip(*pair, strict=True)] for pair in zip(*scales, strict=True)]
    count, total = ([pytest.approx(one[0], rel=1e-6)] * len(one) for one in ratios)
    assert ratios == [count, total]
    assert ratios[0][0] * 3 == pytest.approx(ratios[1][0], rel=1e-6)


def test_distinct_values_have_one_weight_in_all_grouping_sets() -> None:
    sql = "SELECT ward, COUNT(DISTINCT cost) AS costs, COUNT(DISTINCT pid) AS people FROM visits GROUP BY CUBE (ward)"
    found = errors(compiled(sql, epsilon=1.0, weights={"costs": 3}))
    assert len(found) == 4, "both are measured for each set"
    assert found[2] == pytest.approx(found[0], rel=1e-6)
    assert found[3] == pytest.approx(found[1], rel=1e-6)


def test_a_measure_of_several_columns_has_the_largest_of_their_weights() -> None:
    """The mean and the ratio are made of the count that `n` shows: no weight of `n` makes these less precise."""
    assert compiled(ROLLUP, epsilon=1.0, weights={"n": 0.1}).plan == compiled(ROLLUP, epsilon=1.0).plan
    one, other = compiled(ROLLUP, epsilon=1.0, weights={"n": 0.1, "mean": 3}), compiled(ROLLUP, epsilon=1.0, weights={"mean": 3})
    assert one.plan == other.plan
    assert one.plan == compiled(ROLLUP, epsilon=1.0).plan


def test_the_split_makes_the_largest_weighted_error_least() -> None:
    """Any other split of the same charge has a larger one: all are alike, and each falls with its own share alone."""
    weights = {"n": 2.0, "total": 0.5, "people": 1.0}
    asked = compiled(PURE, epsilon=1.0, weights=weights)
    weighted = [error * weights[name] for error, name in zip(errors(asked), ("n", "total", "people"), strict=True)]
    assert max(weighted) == pytest.approx(min(weighted), rel=1e-6)


def test_sensitivities_have_nothing_to_do_with_weights() -> None:
    def known(weights: Mapping[str, float]) -> list[tuple[Sensitivity, Sensitivity]]:
        return [(one.add_remove, one.change) for one in protected(compiled(PURE, epsilon=1.0, weights=weights).plan)]

    assert known({}) == known({"n": 50.0})
    assert distances(compiled(PURE, epsilon=1.0).plan) == distances(compiled(PURE, epsilon=1.0, weights={"n": 50.0}).plan)


# what is refused


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"cost": 2.0}, "'cost', which is no column with noise"),
        ({"ward": 2.0}, "'ward', which is no column with noise"),
        ({"N": 2.0}, "'N', which is no column with noise"),
        ({"n": 1.0, "": 2.0}, "'', which is no column with noise"),
    ],
)
def test_unknown_columns_are_refused(weights: dict[str, float], words: str) -> None:
    with pytest.raises(StillroomError, match=words) as refused:
        compiled(PURE, epsilon=1.0, weights=weights)
    assert refused.value.code is Code.PRICE_INVALID
    assert "n, total, people" in refused.value.fix


def test_weights_go_with_a_price_only() -> None:
    with pytest.raises(StillroomError, match="Weights divide a price"):
        compiled(PURE, error=20.0, weights={"n": 2.0})
    assert compiled(PURE, error=20.0, weights={}).plan == compiled(PURE, error=20.0).plan


@pytest.mark.parametrize("weight", [0, -1, 0.0099, 100.1, float("inf"), float("nan"), "2", True, None])
def test_weights_out_of_range_are_no_terms(weight: object) -> None:
    with pytest.raises(ValidationError):
        Terms.model_validate({"epsilon": 1.0, "weights": {"n": weight}})


def test_noise_that_would_be_too_large_is_refused() -> None:
    with pytest.raises(StillroomError) as refused:
        compiled("SELECT COUNT(*) AS n, SUM(cost) AS total FROM visits", epsilon=1e-12, pure=True, weights={"total": 0.01})
    assert refused.value.code is Code.PRICE_NOT_REACHABLE


# how they are written


def test_they_are_in_the_question_and_not_in_the_plan() -> None:
    terms = Terms(epsilon=1.0, weights={"n": 2.0})
    question = Question(contract=digest_of(CONTRACT), sql=PURE, terms=terms, asked_by="a")
    assert question.to_json()["terms"]["weights"] == {"n": 2.0}
    assert "weights" not in Terms(epsilon=1.0).to_json()
    assert question_text(question).endswith("  weighing n by 2")
    assert "weigh" not in str(compiled(PURE, epsilon=1.0, weights={"n": 2.0}).plan.to_json())


def test_they_are_typed_as_names_and_numbers() -> None:
    assert numbers_of(None, "--weight") == {}
    assert numbers_of(["n=2", "a = b=0.25", "the sum=10"], "--weight") == {"n": 2.0, "a = b": 0.25, "the sum": 10.0}


@pytest.mark.parametrize("written", [["n"], ["n="], ["=2"], ["n=two"], ["n=nan"], ["n=-1"], ["n=1e1"], ["n=1", "n=2"], ["n=\u0661"]])
def test_what_is_typed_otherwise_is_refused(written: list[str]) -> None:
    with pytest.raises(StillroomError) as refused:
        numbers_of(written, "--weight")
    assert refused.value.code is Code.USAGE
