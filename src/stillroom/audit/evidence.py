"""What counts of an event prove about ε: exact binomial bounds, and how likely they are to prove anything.

An algorithm M is (ε, δ)-differentially private for neighbouring inputs D and D' only if P[M(D) ∈ S] ≤ e^ε · P[M(D') ∈ S] + δ for every
set S of outputs. One set for which that fails refutes the claim. The two probabilities are bounded from counts as in Clopper and Pearson,
"The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26(4), 1934: the bounds hold with their
stated confidence whatever the probabilities are. To bound ε in this way is the method of Jagielski, Ullman and Oprea, "Auditing
Differentially Private Machine Learning: How Private is Private SGD?", NeurIPS 2020.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]


class Verdict(StrEnum):
    """What an audit may say. It never says that something is safe."""

    VIOLATED = "violated"
    CONSISTENT = "consistent with the claim"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of an algorithm: (ε, δ)-differential privacy for the neighbours that are audited."""

    epsilon: float
    delta: float = 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """How often an event happened in trials that had no part in choosing it.

    Attributes:
        question: What was audited.
        direction: Which of the two inputs makes the event more likely: the first name of "D over D'".
        event: The event in words. It names values of outputs.
        claim: What is tested.
        hits: In how many trials on the one input it happened.
        other_hits: In how many trials on the other.
        trials: How many trials there were on each input.
        other_trials: How many on the other.
    """

    question: str
    direction: str
    event: str
    claim: Claim
    hits: int
    other_hits: int
    trials: int
    other_trials: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What one piece of evidence proves.

    Attributes:
        evidence: The counts.
        bound: ε is at least this, at the δ of the claim.
        reach: The largest bound that so many trials could have given: a claim beyond it was not tested.
        confidence: Of this bound alone.
    """

    evidence: Evidence
    bound: float
    reach: float
    confidence: float

    @property
    def verdict(self) -> Verdict:
        """Violated if the bound exceeds the claim."""
        return Verdict.VIOLATED if self.bound > self.evidence.claim.epsilon else Verdict.CONSISTENT

    def __str__(self) -> str:
        one = self.evidence
        return (
            f"{one.question}, {one.direction}: {self.verdict}. Claimed ε = {one.claim.epsilon:.4g} at δ = {one.claim.delta:.3g}; "
            f"ε ≥ {self.bound:.4g} (at most {self.reach:.4g} could show) with confidence 1 - {1 - self.confidence:.2g}, as {one.event} "
            f"in {one.hits} of {one.trials} trials against {one.other_hits} of {one.other_trials}."
        )


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of an audit.

    Attributes:
        findings: One for each question and direction.
        false_alarm: The probability, at most, that any of them says "violated" when all claims hold.
    """

    findings: tuple[Finding, ...]
    false_alarm: float

    @property
    def verdict(self) -> Verdict:
        """Violated if one finding is."""
        return Verdict.VIOLATED if self.violations else Verdict.CONSISTENT

    @property
    def violations(self) -> tuple[Finding, ...]:
        """The findings that refute their claims."""
        return tuple(finding for finding in self.findings if finding.verdict is Verdict.VIOLATED)

    def __str__(self) -> str:
        tests = (
            f"{len(self.findings)} tests; if all claims hold, one of them says otherwise with probability {self.false_alarm:.2g} at most."
        )
        return "\n".join([f"{self.verdict.capitalize()}: {tests}", *map(str, self.findings)])


def judge(evidence: Sequence[Evidence], *, false_alarm: float = 1e-3) -> Report:
    """Say what evidence proves, all of it together.

    Each of n pieces gets an equal share of the false alarm (Bonferroni), and each of its two probabilities half of that. So the
    chance that any bound is wrong is at most `false_alarm`, however the pieces depend on each other.
    """
    share = false_alarm / max(1, len(evidence))
    return Report(tuple(_finding(one, share) for one in evidence), false_alarm)


def _finding(one: Evidence, share: float) -> Finding:
    delta = one.claim.delta
    bound = epsilon_bound(one.hits, one.trials, one.other_hits, one.other_trials, delta=delta, level=share)
    reach = epsilon_bound(one.trials, one.trials, 0, one.other_trials, delta=delta, level=share)
    return Finding(one, float(bound), float(reach), 1 - share)


def epsilon_bound(hits: Any, trials: int, other_hits: Any, other_trials: int, *, delta: Any, level: float) -> Any:  # noqa: ANN401, PLR0913  numbers, or arrays of them
    """Return a lower bound of ε, at least 0, from counts of an event; it is wrong with probability `level` at most.

    Numbers may be arrays, and counts may be fractions, which interpolate.
    """
    import numpy as np

    low, high = at_least(hits, trials, level / 2), at_most(other_hits, other_trials, level / 2)
    return np.log(np.maximum((low - delta) / high, 1.0))


def at_least(hits: Any, trials: int, level: float) -> Floats:  # noqa: ANN401  a number, or an array of them
    """Return a lower bound of a probability (Clopper-Pearson, one-sided)."""
    import numpy as np
    from scipy.special import betaincinv

    found = np.asarray(hits, dtype=float)
    return np.where(found <= 0, 0.0, betaincinv(np.maximum(found, 1e-9), trials - found + 1, level))


def at_most(hits: Any, trials: int, level: float) -> Floats:  # noqa: ANN401  a number, or an array of them
    """Return an upper bound of a probability (Clopper-Pearson, one-sided)."""
    return 1 - at_least(trials - hits, trials, level)


def power(chance: float, other_chance: float, *, claim: Claim, trials: int, level: float) -> float:
    """Return the probability that an event refutes a claim, by exact summation.

    Args:
        chance: Its probability on the input that makes it more likely.
        other_chance: Its probability on the other.
        claim: What is tested.
        trials: How many trials test it on each input, which is half of all.
        level: The share of the false alarm that this test has.
    """
    import numpy as np
    from scipy import stats

    counts = np.arange(trials + 1)
    needed = math.exp(claim.epsilon) * at_most(counts, trials, level / 2) + claim.delta
    least = np.searchsorted(at_least(counts, trials, level / 2), needed, side="right")
    seen = stats.binom.pmf(counts, trials, other_chance)
    return float((seen * stats.binom.sf(least - 1, trials, chance)).sum())


def gaussian_claims(shift: float, *, slack: float = 0.0) -> tuple[Claim, ...]:
    """Return points of the privacy curve of Gaussian noise, each of which has to hold.

    A claim with a tiny δ can hardly be refuted by thousands of trials. But who adds Gaussian noise of scale σ to a vector that moves by
    at most Δ in L2 claims more: (ε, δ(ε)) for every ε, where δ(ε) = Φ(μ/2 - ε/μ) - e^ε Φ(-μ/2 - ε/μ) and μ = Δ/σ (Balle and Wang,
    "Improving the Gaussian Mechanism for Differential Privacy", ICML 2018, theorem 8).

    Args:
        shift: μ, the sensitivity in units of the scale.
        slack: What is added to each δ, for noise that is nearly Gaussian.
    """
    import numpy as np
    from scipy.special import ndtr

    points = np.linspace(0, shift**2 / 2 + 2 * shift, 25)
    deltas = ndtr(shift / 2 - points / shift) - np.exp(points) * ndtr(-shift / 2 - points / shift) + slack
    return tuple(Claim(float(epsilon), float(delta)) for epsilon, delta in zip(points, deltas, strict=True) if delta < 1)
