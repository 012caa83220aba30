"""Keys that no contract lists: whether their threshold costs what is charged, and whether what is shown is what it can show."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from stillroom.client.verification.outcome import expect, require
from stillroom.model.charge import DELTA_UNIT
from stillroom.model.mechanism import NoiseKind
from stillroom.model.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.plan import Bounds, Key, Plan
    from stillroom.model.schema import Scalar
    from stillroom.model.selection import Selection, Shown

ROOM = 1 + 1e-6
"""How much larger than stated a cost may come out here, for numerical error."""

POINTS = 200_000
"""The most terms of a tail that are added up one by one."""

_FADED = 45
_TYPES: dict[Kind, type] = {Kind.TEXT: str, Kind.BOOLEAN: bool}


def check_threshold(rule: Selection, bounds: Bounds) -> None:
    """See that the chance of showing a combination that one person alone is in, on top of all noise, is within the δ of the rule.

    A person has at most `groups` combinations for each identifier, with at most one count for each identifier in a combination.

    Raises:
        Broken: The threshold is too low, or it is not for Gaussian noise.
    """
    require(rule.mechanism.noise is NoiseKind.DISCRETE_GAUSSIAN, "keys are selected by other noise than Gaussian")
    require(rule.threshold > bounds.identifiers, f"a threshold of {rule.threshold} shows what one person is in without any noise")
    most = bounds.groups * bounds.identifiers * tail(rule.mechanism.scale, rule.threshold - bounds.identifiers)
    stated = rule.delta * DELTA_UNIT
    require(most <= float(stated) * ROOM, f"selecting keys costs δ = {most:.6g} at the threshold {rule.threshold}, got {float(stated):.6g}")


def tail(scale: float, least: int) -> float:
    """Return P(Z ≥ least) of a discrete Gaussian, for a positive number: term after term, or by the integral where there are too many.

    With so large a σ, the sum is the integral over the steps around its terms, up to less than 1e-6 of it.
    """
    reach = math.ceil(_FADED * scale) + 1
    if reach > POINTS:
        return math.erfc((least - 0.5) / (scale * math.sqrt(2))) / 2
    weights = [math.exp(-((one / scale) ** 2) / 2) for one in range(reach + 1)]
    return math.fsum(weights[least:]) / (2 * math.fsum(weights) - 1)


def check_shown(plan: Plan, shown: Sequence[Shown]) -> None:
    """See that what is shown has enough persons, by the noisy number, is of the right kind, in order, and not more than can be.

    Raises:
        Broken: It is not.
    """
    rule = plan.selection
    require(rule is not None or not shown, "combinations of keys are shown, and none are selected")
    if rule is None:
        return
    require(len(shown) <= rule.most, f"{len(shown)} combinations are shown, expected at most {rule.most}")
    keys = plan.keys[: plan.selected]
    for one in shown:
        require(one.persons >= rule.threshold, f"a combination with {one.persons} persons is shown, expected at least {rule.threshold}")
        expect("the number of values of a combination", len(one.keys), len(keys))
        require(all(map(_fits, one.keys, keys)), "a value of a combination is not of its key's type")
    ordered = all(_order(one.keys) < _order(other.keys) for one, other in pairwise(shown))
    require(ordered, "the combinations are not in their order, each once")


def _fits(value: Scalar, key: Key) -> bool:
    return value is None or type(value) is _TYPES.get(key.kind, int)


def _order(values: Sequence[Scalar]) -> list[tuple[bool, Scalar]]:
    """Order by value, NULL last."""
    return [(value is None, value if value is not None else 0) for value in values]
