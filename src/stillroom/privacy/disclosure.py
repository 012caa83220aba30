"""A disclosure of the guarantee, as NIST SP 800-226 asks for: what a reader needs to judge a claim of differential privacy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.charge import Charge
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Plan
    from stillroom.model.release import MeasureNoise, Promise

_TRUST = {
    "server": {
        "model": "central: a trusted third party runs the room",
        "exact_rows_held_by": "each owner, and the operator's server while it measures",
        "exact_results_held_by": "the operator's server while it measures; they are neither stored nor logged",
        "assumes": "an honest operator",
    },
}


def disclosure(  # noqa: PLR0913 - a disclosure has six parts
    *, plan: Plan, noise: Sequence[MeasureNoise], sampler: str, charge: Charge, promise: Promise, cap: Promise
) -> dict[str, Any]:
    """Return the disclosure of a release, as JSON data that depends on plan, contract and noisy numbers only.

    Args:
        plan: What was measured, with the caps that were chosen if any were.
        noise: Mechanism and sensitivities of each marginal that was measured.
        sampler: Name and version of the noise sampler.
        charge: What was charged.
        promise: The guarantee of this release.
        cap: The guarantee of everything the contract allows.
    """
    return {
        "after": "NIST SP 800-226 (2025)",
        "privacy_unit": {
            "unit": "one person: all rows under the person's identifiers, after canonicalisation, in all datasets",
            "identifiers_per_person": plan.bounds.identifiers,
            "populations": sorted({f"{part.owner}/{part.population}" for part in plan.parts}),
        },
        "neighbouring": {
            "add_remove": "one person's rows appear or vanish in all datasets at once",
            "change": "one person's rows are altered arbitrarily in any of the datasets",
            "charged": "add_remove",
        },
        "guarantee": {
            "definition": _definition(plan, promise),
            "release": promise.to_json(),
            "contract_cap": cap.to_json(),
            "rho_in_1e-12": charge.rho,
            "delta_in_1e-18": charge.delta,
        },
        "accounting": "sum of zCDP charges under a cap that holds for adaptively chosen questions; per contract and per owner, for life",
        "mechanisms": [_measure(plan.measures[one.measure], one) for one in noise],
        "sampler": sampler,
        "contribution_bounds": {
            "rows_per_person": plan.bounds.rows,
            "cells_per_person": plan.bounds.groups,
            "cells_enforced_by": "keyed selection" if plan.bounds.keep_groups else "the contract",
        },
        "keys": _keys(plan),
        "trust": _TRUST[plan.protection],
        "not_protected": "facts about groups and businesses; persons mentioned in another person's row; remaining timing",
    }


def _definition(plan: Plan, promise: Promise) -> str:
    """Return which guarantee it is."""
    if promise.delta == 0:
        return "pure differential privacy"
    return "zCDP, stated as (ε, δ)" if plan.selection is None else "δ-approximate zCDP, stated as (ε, δ)"


def _keys(plan: Plan) -> str:
    """Return where the groups of the table come from."""
    if plan.selection is None:
        return "declared domains, empty cells included"
    selected = f"differentially private selection of those with at least {plan.selection.threshold} persons, by a noisy number"
    return selected if plan.selected == len(plan.keys) else f"{selected}; of other keys declared domains, empty cells included"


def _measure(measure: Measure, noise: MeasureNoise) -> dict[str, Any]:
    """Return the part of a disclosure that is about one marginal of a measure."""
    return {**noise.to_json(), "person_total_low": str(measure.low), "person_total_high": str(measure.high)}
