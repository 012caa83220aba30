"""The ε caps of a contract as charges: zCDP ρ, rounded down.

Every comparison is made in ρ, the unit that accounts add up in. Let ε(ρ, δ) be the conversion that prices use; it rises with ρ, so a
charge within `rho_from(ε, δ)` is (ε, δ)-DP, and a sum of charges within it is too. That δ belongs to the conversion. What an allowance has
of δ to give away is the contract's further δ for selecting keys, on top of it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from stillroom.model.contract import AutomaticApproval
from stillroom.privacy.accountant import cap_down, rho_from

if TYPE_CHECKING:
    from stillroom.model.charge import Charge
    from stillroom.model.contract import Caps, Contract


def contract_allowance(caps: Caps) -> Charge:
    """Return the most that may be spent under a contract."""
    return allowance(caps.epsilon, caps.delta, caps.selection_delta)


def release_allowance(caps: Caps) -> Charge:
    """Return the most that one release may cost."""
    return allowance(caps.release_epsilon, caps.delta, caps.release_selection_delta)


def automatic_allowance(rule: AutomaticApproval, caps: Caps) -> Charge:
    """Return the most that one release may cost without anybody's signature."""
    return allowance(rule.release_epsilon, caps.delta, caps.release_selection_delta)


def most_for_one(contract: Contract) -> float:
    """Return the ε that no release goes beyond: the cap for one, or the lower one for automatic approval."""
    approval = contract.approval
    automatic = [approval.release_epsilon] if isinstance(approval, AutomaticApproval) else []
    return min([contract.caps.release_epsilon, *automatic])


def analyst_allowance(rule: AutomaticApproval, caps: Caps) -> Charge:
    """Return the most that one analyst may spend on automatic releases in total; of δ, all that the contract has, if it says no less."""
    own = rule.analyst_selection_delta
    return allowance(rule.analyst_epsilon, caps.delta, caps.selection_delta if own is None else own)


@lru_cache(maxsize=256)
def allowance(epsilon: float, delta: float, selection: float = 0.0) -> Charge:
    """Return the charge that (ε, δ) allows, and so much δ for selecting keys. Numbers mean what their decimal text says."""
    return cap_down(rho_from(Fraction(str(epsilon)), Fraction(str(delta))), Fraction(str(selection)))
