"""Plans of training: what they cost, and what is refused before anything is read."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from stillroom.errors import Code, StillroomError
from stillroom.learning.compile import LARGEST_BOUND, SMALLEST_BOUND
from stillroom.model.charge import RHO_UNIT
from stillroom.model.codec import encode
from stillroom.model.training import Descent, Linear, Logistic, Multinomial, Poisson, TrainingPlan
from stillroom.privacy.accountant import epsilon_from, rho_from
from stillroom.privacy.noise_shares import norm_sensitivity, rho_of_sum
from tests.training import compiled, template

DELTA = Fraction(1, 10**9)


@pytest.mark.parametrize(
    "fit",
    [Linear(), Logistic(rounds=4), Descent(rounds=20), Poisson(), Multinomial(rounds=1)],
    ids=["linear", "logistic", "descent", "poisson", "multi"],
)
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("owners", [1, 3])
def test_the_charge_is_what_the_price_buys_and_what_the_noise_costs(fit: Any, epsilon: float, owners: int) -> None:  # noqa: ANN401 - one of several
    """No more than ε at the contract's δ, hardly less, and for each round at least what its noise costs at the sensitivity of a person."""
    label = "grade" if fit.kind in {"linear", "poisson"} else "ill"
    found = compiled(fit, label=label, epsilon=epsilon, owners_per_person=owners)
    plan, rho = found.plan, found.charge.rho * RHO_UNIT
    assert found.charge.delta == 0
    assert epsilon_from(rho, DELTA) <= epsilon
    assert rho >= Fraction(99, 100) * rho_from(Fraction(str(epsilon)), DELTA)
    rounds = [rho_of_sum(plan.share.squared, 2, norm_sensitivity((owners * plan.bound) ** 2, length)) for length in plan.lengths]
    assert sum(rounds) <= rho
    assert len(plan.lengths) == getattr(fit, "rounds", 1)


def test_by_default_a_person_may_be_in_everybodys_data() -> None:
    assert compiled().plan == compiled(owners_per_person=3).plan
    assert compiled().plan.owners_per_person == 3
    less = compiled(owners_per_person=1).plan
    three, one = (float(plan.share.squared) ** 0.5 / plan.bound for plan in (compiled().plan, less))
    assert three == pytest.approx(3 * one, rel=1e-3)


def test_noise_is_for_the_fewest_that_are_honest() -> None:
    """Four are enough of five: each adds a quarter if none colludes, and half if two may; whoever comes besides adds as much."""
    alone, colluding = (compiled(number=5, fewest=4, colluders=count, owners_per_person=1).plan for count in (0, 2))
    each = [float(plan.share.squared) / plan.bound**2 for plan in (alone, colluding)]
    assert each[1] == pytest.approx(2 * each[0], rel=1e-3)
    assert (alone.share.fewest, alone.share.counted, colluding.share.counted) == (4, 4, 2)


def test_more_units_are_taken_as_long_as_their_noise_can_be_sampled() -> None:
    assert compiled(epsilon=50.0, owners_per_person=1).plan.bound == LARGEST_BOUND
    assert SMALLEST_BOUND < compiled(epsilon=0.01).plan.bound < LARGEST_BOUND


def test_very_many_draws_are_made_by_a_table_and_cost_a_delta() -> None:
    wide = {
        f"hospital{place}": f"SELECT {', '.join(f'age + {number} AS a{number}' for number in range(150))}, ill FROM visits{place}"
        for place in range(3)
    }
    found = compiled(Logistic(rounds=4), sources=wide, owners_per_person=1)
    assert found.plan.tabled is False
    found = compiled(Logistic(rounds=100), sources=wide, owners_per_person=1, epsilon=50.0)
    assert found.plan.tabled is (sum(found.plan.lengths) > 2**15)


def test_a_plan_is_a_value_that_can_be_written_and_read() -> None:
    plan = compiled().plan
    assert TrainingPlan.model_validate_json(encode(plan)) == plan


REFUSED: dict[str, tuple[dict[str, Any], Code]] = {
    "fewer than enough": ({"fewest": 4}, Code.CONTRACT_INVALID),
    "two sets could be confirmed": ({"number": 5, "fewest": 3}, Code.CONTRACT_INVALID),
    "as many colluders as owners": ({"colluders": 3}, Code.CONTRACT_INVALID),
    "in more data than there are": ({"owners_per_person": 4}, Code.CONTRACT_INVALID),
    "a price that buys nothing": ({"epsilon": 1e-9}, Code.PRICE_NOT_REACHABLE),
    "a number for a logistic model": ({"label": "grade"}, Code.TYPE_MISMATCH),
    "a truth value for a linear model": ({"fit": Linear()}, Code.TYPE_MISMATCH),
    "a number for descent": ({"fit": Descent(), "label": "grade"}, Code.TYPE_MISMATCH),
    "decimals for a Poisson model": ({"fit": Poisson(), "label": "bmi * 2"}, Code.COLUMN_UNKNOWN),
    "a number for a multinomial model": ({"fit": Multinomial(), "label": "grade"}, Code.TYPE_MISMATCH),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_go_together_is_refused(case: str) -> None:
    changes, code = REFUSED[case]
    with pytest.raises(StillroomError) as refusal:
        compiled(**changes)
    assert refusal.value.code is code


def test_owners_must_bring_the_same_columns() -> None:
    sources = dict(template().sources)
    for other in ("SELECT age, sex, bmi, smoker, ill FROM visits1", "SELECT age, bmi, sex, LEAST(age, 50) AS smoker, ill FROM visits1"):
        with pytest.raises(StillroomError) as refusal:
            compiled(sources={**sources, "hospital1": other})
        assert refusal.value.code is Code.TYPE_MISMATCH
        assert "hospital1" in refusal.value.reason


def test_nobody_trains_on_anothers_data() -> None:
    with pytest.raises(StillroomError) as refusal:
        compiled(sources={**template().sources, "hospital1": template().sources["hospital2"]})
    assert refusal.value.code is Code.OWNER_ONLY


@pytest.mark.parametrize(
    "changes",
    [
        {"fewest": 2},
        {"epsilon": 0.0},
        {"epsilon": 101.0},
        {"clip": 0.0},
        {"clip": 1.5},
        {"colluders": -1},
        {"owners_per_person": 0},
        {"sources": {}},
    ],
    ids=str,
)
def test_templates_that_are_none(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        template(**changes)
