"""Tests a claim of differential privacy on any callable, by what comes out of it.

Hand in two callables of no arguments that return one output each, the algorithm on an input D and on a neighbouring input D', and what
is claimed of it. `audit` runs both many times, picks on some of the outputs an event that tells D from D', and counts on the others how
often it happens. If it happens more often than the claim allows, by exact binomial bounds, the claim is refuted. Nothing has to be known
about the algorithm, and nothing about it is assumed but that its runs are independent.

An audit refutes; it never proves. What is not refuted may be wrong on other inputs, in rarer events, or by less than so many trials show.
That a claim *holds* takes a proof. Whoever wants to know before what an audit could show asks `power`.

The harness draws no randomness. Its choices (in which order the two inputs are run, which outputs choose the event, who is in a run) follow
from a seed, so that an audit of the same outputs says the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.audit.events import choose_event
from stillroom.audit.evidence import Claim, Evidence, Finding, Report, Verdict, gaussian_claims, judge, power
from stillroom.audit.one_run import OneRun, audit_one_run, flips, one_run_bound, one_run_p_value
from stillroom.audit.outputs import Seen, see

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Claim",
    "Evidence",
    "Finding",
    "OneRun",
    "Report",
    "Verdict",
    "audit",
    "audit_one_run",
    "collect",
    "gaussian_claims",
    "judge",
    "one_run_bound",
    "one_run_p_value",
    "power",
]

LEAST_TRIALS = 40
"""With fewer trials a side there is nothing to learn from."""


def audit(  # noqa: PLR0913  two inputs, a claim, and how hard to look
    one: Callable[[], object],
    other: Callable[[], object],
    *,
    epsilon: float,
    delta: float = 0.0,
    trials: int = 2_000,
    false_alarm: float = 1e-3,
    seed: int = 0,
) -> Report:
    """Audit one pair of neighbouring inputs, in both directions.

    Args:
        one: Runs the algorithm on D and returns an output: numbers, text, None, or sequences and mappings of such. Where an error is
            an output too, it has to be returned as one.
        other: The same on D'.
        epsilon: The claim.
        delta: Its δ.
        trials: How often to run each.
        false_alarm: The probability that is allowed for saying "violated" of a claim that holds.
        seed: Of the harness's own choices.

    Raises:
        ValueError: There are too few trials.
    """
    return judge(collect(one, other, [Claim(epsilon, delta)], trials=trials, seed=seed), false_alarm=false_alarm)


def collect(  # noqa: PLR0913  as `audit`
    one: Callable[[], object],
    other: Callable[[], object],
    claims: Sequence[Claim],
    *,
    trials: int = 2_000,
    question: str = "audited",
    seed: int = 0,
) -> tuple[Evidence, Evidence]:
    """Collect evidence about one pair of neighbouring inputs, in both directions, to be judged with that of others.

    Args:
        one: Runs the algorithm on D.
        other: Runs it on D'.
        claims: What is said of it. All claims have to hold; the one to test is chosen with the event.
        trials: How often to run each.
        question: What the evidence is known by.
        seed: Of the harness's own choices.

    Raises:
        ValueError: There are too few trials, or there is no claim.
    """
    if trials < LEAST_TRIALS or not claims:
        raise ValueError(f"An audit takes a claim, and at least {LEAST_TRIALS} trials of each input.")
    seen = _outputs(one, other, trials, seed)
    return (
        _evidence(question, "D over D'", seen, claims),
        _evidence(question, "D' over D", seen[::-1], claims),
    )


def _outputs(one: Callable[[], object], other: Callable[[], object], trials: int, seed: int) -> tuple[list[Seen], list[Seen]]:
    """Run both, in an order that the algorithm cannot know, so that what it remembers of its last runs favours neither."""
    first: list[Seen] = []
    second: list[Seen] = []
    for coin in flips(seed, "order", trials):
        if coin:
            first.append(see(one()))
            second.append(see(other()))
        else:
            second.append(see(other()))
            first.append(see(one()))
    return first, second


def _evidence(question: str, direction: str, seen: tuple[list[Seen], list[Seen]], claims: Sequence[Claim]) -> Evidence:
    """Choose an event on the first half of the trials, and count it on the second."""
    half = len(seen[0]) // 2
    one, other = seen[0][half:], seen[1][half:]
    event = choose_event(seen[0][:half], seen[1][:half], claims, len(one))
    return Evidence(question, direction, str(event), event.claim, event.happens(one), event.happens(other), len(one), len(other))
