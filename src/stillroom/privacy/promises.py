"""What a release, and a contract's cap, guarantee in (ε, δ)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from stillroom.model.charge import RHO_UNIT
from stillroom.model.release import Promise
from stillroom.privacy.accountant import CHANGE_FACTOR, epsilon_from, rho_from
from stillroom.privacy.mechanisms import charge_of, epsilon_of
from stillroom.privacy.rounding import float_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.mechanism import Mechanism
    from stillroom.privacy.sensitivity import Sensitivity


class Noised(NamedTuple):
    """One measure's noise and sensitivities."""

    mechanism: Mechanism
    add_remove: Sensitivity
    change: Sensitivity


def release_promise(measures: Sequence[Noised], delta: Fraction, selection: Fraction = Fraction(0)) -> Promise:
    """Return the guarantee of releasing all measures together.

    With Laplace noise only, it is pure: epsilons add up and δ is 0. Otherwise the rounded-up rhos add up, and are converted at δ. What
    selecting keys costs comes on top of that δ, for either kind of neighbours (`stillroom.privacy.selection`).

    Args:
        measures: Every measure of the plan, and what selects keys.
        delta: The contract's δ.
        selection: The δ of selecting keys.

    Raises:
        Refusal: The privacy loss is larger than can be counted.
    """
    add_remove = [(measure.mechanism, measure.add_remove) for measure in measures]
    change = [(measure.mechanism, measure.change) for measure in measures]
    pure = _pure_epsilon(add_remove), _pure_epsilon(change)
    if pure[0] is not None and pure[1] is not None:
        return Promise(epsilon=float_up(pure[0]), change_epsilon=float_up(pure[1]), delta=0.0, conversion_delta=0.0)
    epsilon, change_epsilon = (epsilon_from(charge_of(noise).rho * RHO_UNIT, delta) for noise in (add_remove, change))
    total, stated = float_up(delta + selection), float_up(delta)
    return Promise(epsilon=epsilon, change_epsilon=change_epsilon, delta=total, conversion_delta=stated)


def cap_promise(epsilon: Fraction, delta: Fraction, selection: Fraction = Fraction(0)) -> Promise:
    """Return the guarantee of a cap (ε, δ), whatever is asked under it and in whichever order.

    A change is a removal and an addition, so its rho is at most four times the cap's. The δ of all selection of keys comes on top.
    """
    change_epsilon = epsilon_from(CHANGE_FACTOR * rho_from(epsilon, delta), delta)
    change, total, stated = max(change_epsilon, float_up(epsilon)), float_up(delta + selection), float_up(delta)
    return Promise(epsilon=float_up(epsilon), change_epsilon=change, delta=total, conversion_delta=stated)


def _pure_epsilon(noise: Sequence[tuple[Mechanism, Sensitivity]]) -> Fraction | None:
    """Return the sum of pure epsilons, or None where one measure has none."""
    total = Fraction(0)
    for mechanism, sensitivity in noise:
        epsilon = epsilon_of(mechanism, sensitivity)
        if epsilon is None:
            return None
        total += epsilon
    return total
