"""An audit by one run: many persons at once, each of them in or out by a fair coin, and guesses who is in.

The scheme and its bound are those of Steinke, Nasr and Jagielski, "Privacy Auditing with One (1) Training Run", NeurIPS 2023,
arXiv:2305.08846. Where it takes long to run an algorithm, this asks for one run instead of thousands. It is weaker: it shows how well
persons are hidden on average, so that one cell of many that is not protected stays unseen.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.audit.evidence import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.audit.evidence import Claim

_STEPS = 60


@dataclass(frozen=True, slots=True)
class OneRun:
    """What guesses about one run prove.

    Attributes:
        claim: What is tested.
        persons: How many persons were in or out.
        guesses: About how many of them there was a guess.
        correct: How many guesses were right.
        bound: ε is at least this, at the δ of the claim.
        false_alarm: The probability, at most, that the bound is wrong.
    """

    claim: Claim
    persons: int
    guesses: int
    correct: int
    bound: float
    false_alarm: float

    @property
    def verdict(self) -> Verdict:
        """Violated if the bound exceeds the claim."""
        return Verdict.VIOLATED if self.bound > self.claim.epsilon else Verdict.CONSISTENT

    def __str__(self) -> str:
        return (
            f"{self.verdict.capitalize()}: claimed ε = {self.claim.epsilon:.4g} at δ = {self.claim.delta:.3g}; ε ≥ {self.bound:.4g} with "
            f"confidence 1 - {self.false_alarm:.2g}, as {self.correct} of {self.guesses} guesses about {self.persons} persons were right."
        )


def audit_one_run(  # noqa: PLR0913  one run, and how to look at it
    run: Callable[[Sequence[bool]], Sequence[float]],
    persons: int,
    claim: Claim,
    *,
    guesses: int | None = None,
    false_alarm: float = 1e-3,
    seed: int = 0,
) -> OneRun:
    """Run an algorithm once on persons who are in or out by coins, and guess who is in.

    Args:
        run: Takes for each person whether that person's rows are in the input; returns for each person a number that is larger where
            the output suggests so. It may look at the output only.
        persons: How many persons.
        claim: What is said of the algorithm when one person's rows appear or vanish.
        guesses: About how many of them to guess: half are said to be in, those with the largest numbers, and half to be out, those with
            the smallest. By default half of all persons.
        false_alarm: The probability that is allowed for a wrong bound.
        seed: Of the coins.
    """
    made = guesses if guesses is not None else persons // 2
    coins = flips(seed, "persons", persons)
    scores = run(coins)
    if len(scores) != persons or not 0 <= made <= persons:
        raise ValueError("There must be one score for each person, and no more guesses than persons.")
    order = sorted(range(persons), key=lambda person: scores[person])
    outside = made // 2
    correct = sum(not coins[person] for person in order[:outside]) + sum(coins[person] for person in order[persons - (made - outside) :])
    bound = one_run_bound(persons, made, correct, delta=claim.delta, level=false_alarm)
    return OneRun(claim, persons, made, correct, bound, false_alarm)


def one_run_p_value(persons: int, guesses: int, correct: int, claim: Claim) -> float:
    """Return a bound for the probability of so many correct guesses or more, if the claim holds (theorem 5.2 and appendix D there).

    With q = 1/(1 + e^-ε) and B binomial of `guesses` and q, that is P[B ≥ v] + 2mδ · max over i of P[v > B ≥ v - i]/i, for v correct
    guesses about m persons; at most 1.
    """
    import numpy as np
    from scipy import stats

    right = 1 / (1 + math.exp(-claim.epsilon))
    tail = float(stats.binom.sf(correct - 1, guesses, right))
    if correct == 0 or claim.delta == 0:
        return min(tail, 1.0)
    steps = np.arange(1, correct + 1)
    slope = (np.cumsum(stats.binom.pmf(correct - steps, guesses, right)) / steps).max()
    return min(tail + 2 * persons * claim.delta * float(slope), 1.0)


def one_run_bound(persons: int, guesses: int, correct: int, *, delta: float, level: float) -> float:
    """Return the largest ε that so many correct guesses refute at a level, by bisection from below; 0 if there is none."""
    from stillroom.audit.evidence import Claim

    low, high = 0.0, 1.0
    if one_run_p_value(persons, guesses, correct, Claim(0.0, delta)) >= level:
        return 0.0
    while one_run_p_value(persons, guesses, correct, Claim(high, delta)) < level:
        low, high = high, 2 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if one_run_p_value(persons, guesses, correct, Claim(middle, delta)) < level else (low, middle)
    return low


def flips(seed: int, purpose: str, count: int) -> list[bool]:
    """Return fair coins that depend on a seed and a purpose only: bits of SHA-256."""
    bits: list[bool] = []
    while len(bits) < count:
        block = hashlib.sha256(f"{seed} {purpose} {len(bits)}".encode()).digest()
        bits += [bool(byte >> place & 1) for byte in block for place in range(8)]
    return bits[:count]
