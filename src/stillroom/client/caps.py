"""Caps of accounts, as owners give them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput
from stillroom.privacy.accountant import cap_down, rho_from

if TYPE_CHECKING:
    from stillroom.model.charge import Charge

MOST_EPSILON = 100
"""The largest cap that can be given."""

MOST_SELECTION = 1e-3
"""The largest δ for selecting keys that can be given."""


def cap_of(epsilon: float, delta: float, selection: float) -> Charge:
    """Return a cap given as (ε, δ) and a further δ for selecting keys, rounded down.

    Raises:
        InvalidInput: `PRICE_INVALID` if one of them is out of range.
    """
    if not 0 < epsilon <= MOST_EPSILON:
        raise InvalidInput(Code.PRICE_INVALID, f"A cap lies between 0 and {MOST_EPSILON}.", "Choose another --epsilon.")
    if not 0 < delta < 1:
        raise InvalidInput(Code.PRICE_INVALID, "δ lies between 0 and 1.", "Choose another --delta.")
    if not 0 <= selection <= MOST_SELECTION:
        raise InvalidInput(Code.PRICE_INVALID, f"δ for selecting keys is at most {MOST_SELECTION}.", "Choose another --selection-delta.")
    return cap_down(rho_from(Fraction(str(epsilon)), Fraction(str(delta))), Fraction(str(selection)))
