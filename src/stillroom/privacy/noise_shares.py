"""What a sum guarantees to which each owner adds a share of the noise, and the least share that a price buys.

**The mechanism.** At least k honest owners each add an independent draw of N(0, s²), the discrete Gaussian on the integers, to each
coordinate of an integer vector; only the sum is seen, modulo 2ᵇ. Reducing it, further shares, and whatever the others add are computed
from that sum without the data's help, or are known to the attacker: post-processing. So a bound for k is one for any number from k on.

**Sums of discrete Gaussians are nearly discrete Gaussian.** (After Kairouz, Liu and Steinke 2021, "The Distributed Discrete Gaussian
Mechanism for Federated Learning with Secure Aggregation", arXiv:2102.06387, theorem 1 and proposition 14. The argument is given here in
full, as everything rests on it.) Let g_j(z) = exp(-z²/2js²) and let P_j be the distribution of the sum of j shares in one coordinate.
Completing the square, with a = z·j/(j+1) and c_j² = s²·j/(j+1),

    Σ_x g_j(x) g_1(z - x) = g_{j+1}(z) · Θ_j(a),    Θ_j(a) = Σ_x exp(-(x - a)²/2c_j²).

By Poisson's formula Θ_j(a) = √(2π) c_j (1 + 2 Σ_{m≥1} q^(m²) cos 2πma) with q = exp(-2π²c_j²), so Θ_j lies within a constant times 1 ± h,
h = 2(q + q⁴ + q⁹ + …). If P_j = w_j g_j with w_j between two positive constants, then P_{j+1}(z) = const Σ_x w_j(x) g_j(x) g_1(z - x) =
w_{j+1}(z) g_{j+1}(z), where the range of log w has grown by log((1 + h)/(1 - h)) at most. As s ≥ 1/2 and j ≥ 1, c_j² ≥ 1/8 and q ≤
exp(-π²/4) < 0.0849, thus h < 2.002 q < 0.17 and log((1 + h)/(1 - h)) = 2(h + h³/3 + …) < 2.03 h < 5q. Hence, from w_1 constant, log w_k
has a range of at most

    τ/2,    where τ = 10 Σ_{j=1}^{k-1} exp(-2π²s²·j/(j+1)).

**Two bounds on rho**, for inputs that differ by an integer vector Δ. Coordinates are independent, so divergences add up, and where Δ is 0
there is none. Let P be the noise of one coordinate, G the discrete Gaussian N(0, ks²), and δ = |Δᵢ|/(s√k).

1. P(z)/P(z + Δᵢ) is the same ratio of G times at most exp(τ/2), and the ratio of G is exp((2zΔᵢ + Δᵢ²)/2ks²). A share has E exp(tX) ≤
   exp(t²s²/2) (Canonne, Kamath and Steinke 2020, arXiv:2004.00010), so the sum has E_P exp(tz) ≤ exp(t²ks²/2), hence E_P (P(z)/P(z +
   Δᵢ))^(α-1) ≤ exp((α - 1)(αδ²/2 + τ/2)), so D_α ≤ αδ²/2 + τ/2 ≤ α(δ² + τ)/2, for all α > 1. Over all coordinates rho = (‖Δ‖₂²/ks² +
   τ‖Δ‖₀)/2.
2. As P and G are distributions, |log P/G| ≤ τ/2: P and G are within pure τ/2-DP of each other, hence within rho τ²/8 (Bun and Steinke
   2016, arXiv:1605.02065, proposition 1.4); so are P and G shifted by Δᵢ. G and its shift are within rho δ²/2 (Canonne, Kamath and
   Steinke). By the triangle inequality of Rényi divergences, D_α(P‖R) ≤ κα/(κα-1) · D_{(κα-1)/(κ-1)}(P‖Q) + D_{κα}(Q‖R) for κ > 1 (Bun
   and Steinke, section 5), rhos a and b compose to a·κ/(κ-1) + bκ, at best (√a + √b)². So √(2 rho) = τ/2 + δ + τ/2, and over all
   coordinates rho = (‖Δ‖₂²/ks² + 2τ‖Δ‖₁/(s√k) + τ²‖Δ‖₀)/2.

The paper's third bound, (‖Δ‖₂/(s√k) + τ√d)²/2, follows from the second by ‖Δ‖₁ ≤ √d ‖Δ‖₂, which `rho_of_sum` applies. Its first one is
D_α ≤ αδ²/2 + τ, twice what is proved above. What τ adds is of no consequence from s = 3 on. All sums are rounded upwards.

**The draws are not exact** (`stillroom.learning.noise_table`): each is within a total variation ν of the discrete Gaussian, so that all
of k shares in d coordinates are within η = kdν together, and so is whatever is computed from them. Let P, Q be the exact outputs at two
neighbours, within rho of each other, and P̃, Q̃ the real ones. Approximate zCDP (Bun and Steinke, section 8) asks for parts of P̃ and Q̃
of mass 1 - δ, or more, that are within rho. Let u = min(1, P̃/P, Q̃/Q) pointwise: uP ≤ P̃ and uQ ≤ Q̃ are such parts.

- *Their mass.* What is missing of uP is at most E_P(1 - P̃/P)⁺ ≤ η, and E_P φ with φ = (1 - Q̃/Q)⁺. E_Q φ ≤ η and 0 ≤ φ ≤ 1, so by
  Hölder's inequality E_P φ ≤ exp((α - 1)rho) η^(1-1/α) for all α > 1. With L = log(1/η) and α = √(L/rho), this is exp(-(√L - √rho)²), for
  rho < L. So δ = η + exp(-(√L - √rho)²).
- *Their divergence.* Made distributions, D_α ≤ α rho + λα/(α - 1), where λ = log(1/(1-δ)) ≤ δ/(1 - δ): masses are 1 - δ at least, u at
  most 1. From α = 1 + c on this is at most α(rho + λ/c); below it is at most what it is at 1 + c, as D_α grows with α. With c = √(λ/rho)
  all of it is at most α(√rho + √λ)².

So a round is δ-approximate (√rho + √λ)²-zCDP. A *change* of a person is a removal and an addition, hence within 4·rho
(`accountant.CHANGE_FACTOR`) of the exact sum, and (2√rho + √λ)² ≤ 4(√rho + √λ)². δ is computed with 4·rho, so that it holds for either
kind of neighbours.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal
from stillroom.model.charge import RHO_UNIT, Charge
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.model.noise_share import LARGEST_VARIANCE, LEAST_VARIANCE, VARIANCE_UNIT, NoiseShare, draw_error
from stillroom.privacy.accountant import CHANGE_FACTOR, charge_up
from stillroom.privacy.intervals import quantile
from stillroom.privacy.rounding import float_up, units_down
from stillroom.privacy.sensitivity import Sensitivity

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGITS = 60
_SLACK = 1 + Fraction(1, 10**30)
"""More than the relative error of an exponential that is computed with 60 digits, of a number between -1000 and 0."""

_TWO_PI_SQUARED = Fraction(19739208802178, 10**12)
"""Not above 2π² = 19.7392088021787…"""

_FADED = 200
"""exp(-200) stands for all that is smaller."""

_ROOT = 10**40

_MOST_DELTA = Fraction(1, 10**12)
"""The most δ in a round of a share that `least_share` chooses: with very little noise, draws that are not exact would cost more."""


def norm_sensitivity(l2_squared: int, dimension: int) -> Sensitivity:
    """Return the sensitivity of a sum of integer vectors, given how much one person adds or takes in the squared L2 norm.

    A whole number is at most its square, so neither the coordinates that differ nor the L1 norm exceed the squared L2 norm; and the
    L1 norm is at most √(L0)·L2 (Cauchy and Schwarz).

    Args:
        l2_squared: The square of owners_per_person × bound.
        dimension: The number of coordinates.
    """
    l0 = min(dimension, l2_squared)
    return Sensitivity(l0=l0, l1=min(math.isqrt(l0 * l2_squared), l2_squared), l2_squared=l2_squared, linf=math.isqrt(l2_squared))


def rho_of_sum(squared: Fraction, shares: int, sensitivity: Sensitivity) -> Fraction:
    """Return an upper bound on the zCDP rho of a sum with this many exact shares of noise, or more; see the module.

    As a bound for j ≤ k shares is one for k, it is the least of these, so that it never grows with k.

    Args:
        squared: s² of one share, at least 1/4.
        shares: k, the honest shares that are counted on, at least 1.
        sensitivity: Of the sum without noise; its `l0` counts the coordinates that a person can move.

    Raises:
        ValueError: The variance or the number of shares is out of range.
    """
    if squared < LEAST_VARIANCE or shares < 1:
        raise ValueError("The bound takes a variance of 1/4 or more, and one share or more.")
    return min(_rho(squared * count, tau, sensitivity) for count, tau in enumerate(_taus(squared, shares), start=1))


def _taus(squared: Fraction, shares: int) -> Iterator[Fraction]:
    """Return τ for one share, for two, and so on."""
    terms = (10 * _exp_up(-_TWO_PI_SQUARED * squared * count / (count + 1)) for count in range(1, shares))
    return accumulate(terms, initial=Fraction(0))


def _rho(total: Fraction, tau: Fraction, sensitivity: Sensitivity) -> Fraction:
    """Return the lesser of the two bounds, where the shares' variances add up to `total`."""
    l0, l2_squared = sensitivity.l0, sensitivity.l2_squared
    l1 = min(sensitivity.l1, math.isqrt(l0 * l2_squared))
    first = tau * l0
    second = 2 * tau * l1 * _root_up(1 / total) + tau**2 * l0
    return (l2_squared / total + min(first, second)) / 2


def round_charge(share: NoiseShare, sensitivity: Sensitivity, dimension: int, *, exact: bool = False) -> Charge:
    """Return what a sum with such shares costs: rho, and the δ of draws that are not exact; see the module.

    Args:
        share: The noise that each owner adds.
        sensitivity: Add/remove, of the sum without noise.
        dimension: The number of coordinates, each with a draw.
        exact: Whether draws are exact, and cost no δ.

    Raises:
        Refusal: `PRICE_INVALID`: it is larger than can be counted.
    """
    return charge_up(*_cost(share.squared, share.counted, sensitivity, dimension, exact=exact))


def _cost(squared: Fraction, counted: int, sensitivity: Sensitivity, dimension: int, *, exact: bool) -> tuple[Fraction, Fraction]:
    """Return the rho and δ of a sum with so many shares."""
    rho = rho_of_sum(squared, counted, sensitivity)
    return (rho, Fraction(0)) if exact else _with_draws(rho, _distance(squared, counted, dimension))


def _distance(squared: Fraction, counted: int, dimension: int) -> Fraction:
    """Return η, how far all draws together are from exact ones in total variation."""
    return counted * dimension * draw_error(squared)


def _with_draws(rho: Fraction, distance: Fraction) -> tuple[Fraction, Fraction]:
    """Return the rho and δ of a sum whose exact rho and whose distance η from the exact one are given; δ of 1 says nothing."""
    delta = distance + _missed(CHANGE_FACTOR * rho, distance)
    if delta >= 1:
        return rho, Fraction(1)
    excess = delta / (1 - delta)
    return rho + 2 * _root_up(rho * excess) + excess, delta


def _missed(rho: Fraction, distance: Fraction) -> Fraction:
    """Return exp(-(√L - √rho)²), rounded up, where L = log(1/η); 1 where that says nothing."""
    with localcontext(prec=_DIGITS):
        log = (Decimal(distance.denominator) / Decimal(distance.numerator)).ln()
        gap = Fraction(log.sqrt()) - _root_up(rho) - Fraction(1, _ROOT)
    return _exp_up(-(gap**2)) if gap > 0 else Fraction(1)


def least_share(  # noqa: PLR0913 - what is paid, for what, among whom
    rho: Fraction, sensitivity: Sensitivity, dimension: int, fewest: int, colluders: int, *, exact: bool = False
) -> NoiseShare:
    """Return the share of least variance, in whole units, with which a sum's charge is within a rho, rounded down to 1e-12.

    Args:
        rho: What one round may cost.
        sensitivity: Add/remove, of the sum without noise.
        dimension: The number of coordinates.
        fewest: The fewest owners whose contributions make a sum.
        colluders: How many of these may know their own share, or add none.
        exact: Whether draws are exact.

    Raises:
        Refusal: `PRICE_NOT_REACHABLE`: no share that can be sampled is large enough.
    """
    counted, budget = fewest - colluders, units_down(rho, RHO_UNIT) * RHO_UNIT

    def enough(variance: int) -> bool:
        loss, delta = _cost(variance * VARIANCE_UNIT, counted, sensitivity, dimension, exact=exact)
        return loss <= budget and delta <= _MOST_DELTA

    low, high = units_down(LEAST_VARIANCE, VARIANCE_UNIT), units_down(LARGEST_VARIANCE, VARIANCE_UNIT)
    if not enough(high):
        raise Refusal(
            Code.PRICE_NOT_REACHABLE,
            "At this price each owner's share of the noise would be larger than can be sampled.",
            "Offer more for each round, or let contributions be counted in larger units.",
        )
    if enough(low):
        high = low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return NoiseShare(variance=high, fewest=fewest, colluders=colluders)


def half_width(share: NoiseShare, owners: int, level: Fraction = Fraction(95, 100)) -> int:
    """Return the half-width of an interval around a coordinate of a sum, in the contribution's own units.

    It covers the sum without noise with probability `level` at least where `owners` shares or fewer were added: noise of fewer is closer
    to 0 (`stillroom.privacy.intervals.rounded_terms`), as is noise of a lesser variance.
    That draws are not exact changes the probability by less than 1e-25, for which `quantile` has room.

    Args:
        share: The noise that each owner adds.
        owners: How many contributions are in the sum.
        level: The probability, below 1 - 1e-8.
    """
    return quantile(Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=scale_of(share)), owners, level)


def scale_of(share: NoiseShare) -> float:
    """Return s of a share, rounded up to a double: noise of a larger variance guarantees no less (`rho_of_sum` falls with s)."""
    return float_up(_root_up(share.squared))


def _exp_up(number: Fraction) -> Fraction:
    """Return an upper bound of exp(number) for a number of at most 0, but no less than exp(-200)."""
    with localcontext(prec=_DIGITS):
        power = Decimal(max(number, Fraction(-_FADED)).numerator) / Decimal(max(number, Fraction(-_FADED)).denominator)
        return Fraction(power.exp()) * _SLACK


def _root_up(number: Fraction) -> Fraction:
    """Return an upper bound of a square root, by less than 2e-40."""
    square = math.ceil(number * _ROOT**2)
    root = math.isqrt(square)
    return Fraction(root + (root**2 < square), _ROOT)
