"""What a question costs: approximate zCDP in whole units, so that sums are exact."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import Field

from stillroom.model.value import Value

RHO_UNIT = Fraction(1, 10**12)
"""One unit of `Charge.rho`."""

DELTA_UNIT = Fraction(1, 10**18)
"""One unit of `Charge.delta`."""

# RFC 8785 numbers are doubles: whole numbers stay exact up to 2**53 - 1 (rho of about 9,007, delta of about 0.009).
Units = Annotated[int, Field(ge=0, le=2**53 - 1)]


class Charge(Value):
    """A privacy charge (rho, delta) of approximate zCDP (Bun and Steinke 2016, section 8), in whole units.

    Attributes:
        rho: Units of 1e-12 zCDP rho. Charges are rounded up, caps down.
        delta: Units of 1e-18 delta.
    """

    rho: Units
    delta: Units = 0

    def __add__(self, other: Charge) -> Charge:
        """Compose: rho and delta add up."""
        return Charge(rho=self.rho + other.rho, delta=self.delta + other.delta)

    def fits(self, cap: Charge) -> bool:
        """Tell whether this charge is within a cap, in both parts."""
        return self.rho <= cap.rho and self.delta <= cap.delta
