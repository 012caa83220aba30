"""Step 7: what the release promises in words and in (ε, δ) follows from its noise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from stillroom.client.verification.accounting import allowance, costs, epsilon_span
from stillroom.client.verification.conversion import epsilon_of
from stillroom.client.verification.outcome import expect, require
from stillroom.client.verification.sentences import check_sentences
from stillroom.model.charge import DELTA_UNIT, RHO_UNIT

if TYPE_CHECKING:
    from stillroom.client.verification.evidence import Evidence
    from stillroom.model.contract import Caps
    from stillroom.model.plan import Plan
    from stillroom.model.release import Promise, Release

TITLE = "The promise follows from the noise"

BELOW, ABOVE = 1e-9, 1e-6
"""How far a stated ε may be below and above the computed one, relative to the larger of it and 1."""

ROUNDED = 1e-12
"""How far a double may be from the contract's number, relative to it, from rounding up."""


def check(evidence: Evidence) -> str:
    """Compute ε for both kinds of neighbours, for the release and for the cap, and the sentences.

    Raises:
        Broken: The release promises more than its noise gives.
        NotChecked: The charge does not hold.
    """
    release = evidence.charged
    promise, cap = release.promise, release.cap
    require(0 < cap.conversion_delta <= cap.delta < 1, f"the contract's delta is {cap.delta}, converted at {cap.conversion_delta}")
    if evidence.contract_file is not None:
        _check_agreed(cap, evidence.contract.caps)
    add_remove, change = costs(release.plan)
    expect("the delta of the conversion", promise.conversion_delta, 0.0 if add_remove.pure is not None else cap.conversion_delta)
    delta = promise.conversion_delta + release.charge.delta * float(DELTA_UNIT)
    require(math.isclose(promise.delta, delta, rel_tol=ROUNDED), f"the delta of the promise: got {promise.delta}, expected {delta}")
    _states("epsilon", promise.epsilon, *epsilon_span(add_remove, promise.conversion_delta))
    _states("epsilon of a change", promise.change_epsilon, *epsilon_span(change, promise.conversion_delta))
    _check_cap(cap)
    check_sentences(release.sentences, promise, cap)
    _check_disclosure(release, evidence.as_measured)
    return f"ε = {promise.epsilon:.6g} (a change: {promise.change_epsilon:.6g}) at δ = {promise.delta:g}"


def _check_agreed(cap: Promise, caps: Caps) -> None:
    """Compare the cap with the contract's."""
    pairs = ((cap.epsilon, caps.epsilon), (cap.conversion_delta, caps.delta), (cap.delta, caps.delta + caps.selection_delta))
    same = all(math.isclose(one, other, rel_tol=ROUNDED) for one, other in pairs)
    got, expected = (f"ε = {epsilon} at δ = {delta} ({total} in all)" for epsilon, delta, total in zip(*pairs, strict=True))
    require(same, f"the cap: got {got}, expected {expected}")


def _check_cap(cap: Promise) -> None:
    """Compute the cap's ε for a change: at most four times the rho, since a change is a removal and an addition."""
    require(0 < cap.epsilon <= 1000, f"the contract's epsilon is {cap.epsilon}")  # noqa: PLR2004 - beyond any contract
    delta = cap.conversion_delta
    rho = allowance(cap.epsilon, delta) * float(RHO_UNIT)
    least = max(cap.epsilon, epsilon_of(4 * max(0.0, rho - float(RHO_UNIT)), delta))
    most = max(cap.epsilon, epsilon_of(4 * (rho + float(RHO_UNIT)), delta))
    _states("epsilon of a change under the cap", cap.change_epsilon, least, most)


def _states(what: str, stated: float, least: float, most: float) -> None:
    size = max(1.0, most)
    inside = math.isfinite(stated) and least - BELOW * size <= stated <= most + ABOVE * size
    require(inside, f"{what}: got {stated}, expected {least:.9g}, rounded up")


def _check_disclosure(release: Release, plan: Plan) -> None:
    """Compare the figures of the disclosure with those of the release. Its texts are the room's own."""
    for section, figures in _figures(release, plan).items():
        found = release.disclosure.get(section)
        known = {name: found.get(name) for name in figures} if isinstance(found, dict) else found
        expect(f"the disclosure's {section}", known, figures)
    expect("the disclosure's sampler", release.disclosure.get("sampler"), release.sampler)
    bounded = [(noise, plan.measures[noise.measure]) for noise in release.noise]
    mechanisms = [{**noise.to_json(), "person_total_low": str(one.low), "person_total_high": str(one.high)} for noise, one in bounded]
    expect("the disclosure's mechanisms", release.disclosure.get("mechanisms"), mechanisms)


def _figures(release: Release, plan: Plan) -> dict[str, dict[str, Any]]:
    """Return the figures that a disclosure repeats, by section."""
    bounds, populations = plan.bounds, {f"{part.owner}/{part.population}" for part in release.plan.parts}
    return {
        "guarantee": {
            "release": release.promise.to_json(),
            "contract_cap": release.cap.to_json(),
            "rho_in_1e-12": release.charge.rho,
            "delta_in_1e-18": release.charge.delta,
        },
        "privacy_unit": {"identifiers_per_person": bounds.identifiers, "populations": sorted(populations)},
        "contribution_bounds": {"rows_per_person": bounds.rows, "cells_per_person": bounds.groups},
    }
