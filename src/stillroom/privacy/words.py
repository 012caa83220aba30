"""What a guarantee means for an attacker, in plain sentences. They depend on plan and contract only."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.release import Promise

_ROOM = 1 + 2.0**-50

TOLD = Fraction(1, 100)
"""Where a cap may cut off more than this share, it is said how much."""

_ALMOST = 0.995
"""Chances from here on are not told apart: two digits of per cent would say 100."""


def guess_probability(epsilon: float, delta: float) -> float:
    """Return the most often that an attacker who starts at 50:50 can guess right, rounded up.

    For two neighbouring inputs that are equally likely, any guess from an (ε, δ)-DP output is right with probability at most
    (e^ε + δ)/(1 + e^ε) (Kairouz, Oh and Viswanath 2015, "The Composition Theorem for Differential Privacy": the two error rates
    of a test satisfy P + e^ε·Q ≥ 1 - δ and Q + e^ε·P ≥ 1 - δ; add both). It is computed as (1 + δx)/(1 + x), x = e^-ε.
    """
    inverse = math.exp(-epsilon)
    return min(1.0, (1 + delta * inverse) / (1 + inverse) * _ROOM)


def attacker_sentences(release: Promise, cap: Promise) -> tuple[str, str]:
    """Return the two sentences that say what a release can reveal about one person.

    Args:
        release: The guarantee of this release.
        cap: The guarantee of everything the contract ever allows.
    """
    return (
        _sentence("Is this person in the data?", percent(release.epsilon, release.delta), percent(cap.epsilon, cap.delta)),
        _sentence(
            "A yes/no fact about a person known to be in the data?",
            percent(release.change_epsilon, release.delta),
            percent(cap.change_epsilon, cap.delta),
        ),
    )


def selection_sentence(threshold: int, delta: float, most: int) -> str:
    """Say which groups of keys without a declared domain a table shows, and at which price.

    Args:
        threshold: The noisy number of persons from which on a group is shown; one of that size is shown every other time.
        delta: What selecting them costs.
        most: The most groups that are shown.
    """
    return (
        f"Keys without a declared domain: groups of fewer than about {threshold} persons are usually not shown, and at most {most} groups "
        f"are. Selecting them costs δ = {delta:g} of the δ in all."
    )


def columns_named(columns: Sequence[str]) -> str:
    """Name the columns that show a total, or say that none does."""
    return ", ".join(columns) or "what no column shows"


def cap_sentence(columns: Sequence[str] | None, cap: str, beyond: tuple[Fraction, Fraction] | None) -> str:
    """Say which cap a first measurement chose, and how much it cuts off by the votes, if that may be more than a hundredth.

    Args:
        columns: The columns of the totals that it caps; None where it caps how many cells a person is in.
        cap: The cap, as decimal text.
        beyond: Which share of all there is lies beyond it, about and at the most; None where the votes cannot tell.
    """
    cut = _beyond_words("persons' cells" if columns is None else "persons' largest totals", beyond)
    if columns is None:
        cells = "1 cell" if cap == "1" else f"{cap} cells"
        return f"Chosen by a first measurement: each person is in at most {cells}; of further ones, nothing is counted.{cut}"
    named = columns_named(columns)
    return f"Chosen by a first measurement: one person adds at most {cap} to a cell of {named}; what is beyond is cut off.{cut}"


def _beyond_words(what: str, beyond: tuple[Fraction, Fraction] | None) -> str:
    """Say how much of something lies beyond a cap."""
    if beyond is None:
        return " The votes are too few to tell how much that is; no interval covers it."
    about, most = beyond
    if most <= TOLD:
        return ""
    words = "less than 1 %" if about < TOLD else f"about {round(100 * about)} %"
    return f" By the votes, that is {words} of {what}, and hardly more than {math.ceil(100 * most)} %; no interval covers it."


def _sentence(subject: str, release: str, cap: str) -> str:
    return (
        f"{subject} An attacker who starts at 50:50 guesses right at most {release} of the time from this release, "
        f"and at most {cap} from everything the contract ever allows."
    )


def chance_words(chance: float) -> str:
    """Return a chance in per cent, with two digits; what is nearly sure is said to be more than 99 %."""
    return f"{chance * 100:.2g} %" if chance < _ALMOST else "over 99 %"


def percent(epsilon: float, delta: float) -> str:
    """Return how often an attacker who starts at 50:50 guesses right, at most, in per cent.

    It is rounded up, with as many decimals as it takes to stay below 100.
    """
    probability = Fraction(guess_probability(epsilon, delta)) * 100
    for digits in (1, 2, 3, 4):
        steps = math.ceil(probability * 10**digits)
        if steps < 100 * 10**digits:
            return f"{Decimal(steps).scaleb(-digits)} %"
    return "100 %"
