"""Caps of ε as charges: never more than the ε, and a price of the same ε fits exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest

from stillroom.model.charge import RHO_UNIT
from stillroom.policy.allowance import allowance
from stillroom.privacy.accountant import epsilon_from
from tests.questions import CONTRACT, compiled


@pytest.mark.parametrize("epsilon", [0.01, 0.1, 0.3, 1.0, 2.5, 5.0])
def test_an_allowance_is_within_its_epsilon_and_nearly_all_of_it(epsilon: float) -> None:
    cap = allowance(epsilon, 1e-9)
    assert epsilon_from(cap.rho * RHO_UNIT, Fraction("1e-9")) <= epsilon
    assert epsilon_from((cap.rho + 2) * RHO_UNIT, Fraction("1e-9")) > epsilon
    assert cap.delta == 0


@pytest.mark.parametrize("epsilon", [0.1, 0.3, 1.1, 2.2])
def test_a_question_at_the_price_of_a_cap_fits_it(epsilon: float) -> None:
    charge = compiled("SELECT COUNT(*), SUM(age) FROM members", epsilon=epsilon).charge
    assert charge.fits(allowance(epsilon, CONTRACT.caps.delta))
