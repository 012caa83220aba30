r"""Showing keys that no contract lists: which combinations of their values are shown, and what that costs.

Let a *combination* be one value of each selected key, and its persons those who are in one of its cells after every person is cut to
`groups` cells. The mechanism adds independent discrete Gaussian noise to the number of persons of every combination that somebody is in,
shows those whose noisy number is at least a threshold T, and adds noise to all cells of the measures in the shown combinations, and to
totals over all combinations, whether they are shown or not.

**Theorem.** Let the noise make the numbers of persons and the measures, over any fixed list of combinations, together with the totals over
all combinations, ρ-zCDP. Let δ ≥ L₀·m·P(Z ≥ T - m), where L₀ is `groups`, m the most identifiers of a person and Z one draw of the noise on
numbers of persons. Then the mechanism is δ-approximate ρ-zCDP (Bun and Steinke 2016, arXiv:1605.02065, definition 8.1), for either kind of
neighbours with that kind's ρ.

*Proof.* Let x and x' be neighbours that differ in one person, and S the combinations that anybody else is in. What others contribute does
not depend on the person, so S is the same in both. Let U be the combinations that only this person is in, in x' say; each identifier is in
at most L₀, so that U has at most L₀·m, each with at most m persons (one for each identifier). Let E be the event that no combination in U
is shown. The noise of U is drawn apart from all other noise, so that, given E, the output is exactly that of a mechanism M: noise on
numbers of persons and on cells over the fixed list S, and on the totals, which are as many numbers for any data and hold what the person
has in U, too; that is ρ-zCDP; and then leaving out cells by what was drawn, which is post-processing. The same holds in x with its own U.
So both outputs, each given its own event, are those of M on neighbouring inputs, and each event has probability at least
1 - L₀·m·P(Z ≥ T - m), by the union bound and since P(Z ≥ T - n) rises with n. ∎

δ does not double for a *change* (one person's rows altered): the definition asks of each of the two events by itself that its complement
has probability at most δ, and in both inputs the person has at most L₀·m combinations alone. Only ρ is larger, by the change sensitivity;
it is at most four times that of add/remove, since both hold over the fixed list S.

ρ-zCDP implies (ε, δ')-DP, and δ-approximate ρ-zCDP (ε, δ + δ')-DP: write M(x) = (1 - δ)·P + δ·P', M(x') = (1 - δ)·Q + δ·Q' with P and Q
given the events; then M(x)(T) ≤ (1 - δ)(e^ε·Q(T) + δ') + δ ≤ e^ε·M(x')(T) + δ' + δ. Charges of δ add up (section 8 there; adaptively by
Whitehouse et al. 2023).

If more than `most` combinations pass, those with the largest noisy numbers stay: that, too, is post-processing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stillroom.model.charge import DELTA_UNIT

if TYPE_CHECKING:
    from fractions import Fraction

    from stillroom.model.selection import Selection

_BLOCKS = 256
_FINENESS = 32
_SLACK = 1 + 2.0**-30
"""More than the relative error of a few hundred operations on doubles, all on numbers of one sign."""
_FADED = 40
"""At so many σ a tail is below 1e-347, less than any δ."""


def tail(scale: float, least: int) -> float:
    """Return P(Z ≥ least) for a discrete Gaussian: from `least` = 1 on an upper bound, which is at most 0.1 % too large.

    With w(x) = exp(-x²/2σ²) it is Σ w(x) over x ≥ t, divided by Σ w(x) over all x. From s on, w(s + i)/w(s) = exp(-(2si + i²)/2σ²) ≤ rⁱ for
    r = exp(-(2s + 1)/2σ²), because i² ≥ i. So b terms from s on add up to at most w(s)(1 - r^b)/(1 - r), and all to w(s)/(1 - r); the sum
    is cut into blocks of b ≤ max(1, σ/32) terms, so that i² - i is small beside 2σ². The divisor is at least σ√(2π), by Poisson's formula,
    all of whose terms are positive, and at least its three middle terms. Up to t = 0, by symmetry P(Z ≥ t) = 1 - P(Z ≥ 1 - t).
    """
    if least < 1:
        return 1 - tail(scale, 1 - least)
    width, square = max(1, int(scale / _FINENESS)), 2 * scale**2
    total = 0.0
    for block in range(_BLOCKS):
        start = least + block * width
        slope = (2 * start + 1) / square
        last = block == _BLOCKS - 1
        total += math.exp(-(start**2) / square) * (1.0 if last else -math.expm1(-width * slope)) / -math.expm1(-slope)
    whole = max(scale * math.sqrt(2 * math.pi), 1 + 2 * math.exp(-1 / square))
    return min(1.0, total / whole * _SLACK)


def threshold_for(scale: float, delta: Fraction, *, groups: int, identifiers: int) -> int:
    """Return the least threshold that costs at most δ: the least T > m with L₀·m·P(Z ≥ T - m) ≤ δ.

    Args:
        scale: σ of the noise on numbers of persons.
        delta: What may be spent, a whole number of units of 1e-18.
        groups: The most cells of one identifier (L₀).
        identifiers: The most identifiers of one person (m).
    """
    low, high = 0, math.ceil(_FADED * scale) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if groups * identifiers * tail(scale, middle) <= delta else (middle, high)
    return identifiers + high


def chance_shown(selection: Selection, persons: int) -> float:
    """Return how likely a combination with so many persons is shown, if not too many are."""
    return tail(selection.mechanism.scale, selection.threshold - persons)


def cost_of(selection: Selection) -> Fraction:
    """Return the δ of a selection."""
    return selection.delta * DELTA_UNIT
