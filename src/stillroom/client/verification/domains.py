"""Which values an expression takes, as far as the contract limits them."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from stillroom.client.verification.declared import domain, typed
from stillroom.model.expression import All, Among, Any, Case, Column, Compare, Constant, IsNull, Like, Not

if TYPE_CHECKING:
    from stillroom.client.verification.declared import Typed
    from stillroom.model.contract import Contract
    from stillroom.model.expression import Expression


def values_of(expression: Expression, contract: Contract) -> frozenset[Typed] | None:
    """Return values among which those of an expression are, without NULL; None where the contract does not limit them."""
    match expression:
        case Constant():
            return typed([expression.value] if expression.value is not None else [])
        case Column() if "#" not in expression.name.partition(".")[2]:
            return domain(contract, expression.name)
        case Compare() | IsNull() | Not() | All() | Any() | Among() | Like():
            return typed((False, True))
        case Case():
            parts = [values_of(one, contract) for one in (*(branch.then for branch in expression.branches), expression.otherwise)]
            known = [part for part in parts if part is not None]
            return frozenset(chain.from_iterable(known)) if len(known) == len(parts) else None
        case _:
            return None
