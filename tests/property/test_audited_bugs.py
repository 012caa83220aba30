"""Mistakes on purpose, each of which the empirical audit catches, at the level at which it tests Stillroom itself.

A mistake is a bent plan, bent noise, or something done to cells or to the table that the protection or the finish must not do. The claim
is what a release would promise, except where the mistake is the promise. Noise has seeds here, so nothing depends on luck.

Power: where an event is known, the probability that it refutes the claim in one direction is computed and is above 0.999. Where none is,
thirty audits with noise of their own catch the mistake every time under the slow mark, so that the probability of missing it is below
0.1 with confidence 0.95. Noise that is 30 % too small, Gaussian noise, and an average take 4,000 trials a side instead of 2,000.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from stillroom.audit.empirical import Claim, Verdict, audit_one_run, collect, gaussian_claims, judge, power
from stillroom.model.mechanism import Guarantee, Mechanism, NoiseKind
from stillroom.model.question import Terms
from stillroom.query.table.finish import finish
from tests.auditing import SHARE, TRIALS, Audited, Kind, altered, shown, slack
from tests.marginals import sole
from tests.world import Entry, measured, world

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.plan import LeafCells, Plan
    from tests.auditing import Pair

MANY = 30
"""How many audits show the power where it is not computed."""


ANY = Guarantee(sensitivity=0, rho=0)
"""Seeded noise asks for no guarantee."""


class Seeded:
    """Noise with a seed, as wide as its mechanism says, or not."""

    genuine = False
    name = "seeded, for tests"

    def __init__(self, seed: int, factor: float = 1.0) -> None:
        """Choose the seed, and how wide the noise really is."""
        self._numbers = np.random.default_rng(seed)
        self._factor = factor

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
        """Return draws of the discrete Laplace distribution, as differences of two geometric ones, or rounded Gaussian ones."""
        del guarantee
        scale = mechanism.scale * self._factor
        if mechanism.noise is NoiseKind.DISCRETE_GAUSSIAN:
            return np.rint(self._numbers.normal(0, scale, count)).astype(int).tolist()  # type: ignore[no-any-return]
        draws = self._numbers.geometric(-math.expm1(-1 / scale), (2, count))
        return (draws[0] - draws[1]).tolist()  # type: ignore[no-any-return]

    def choose(self, mechanism: Mechanism, scores: Sequence[Sequence[int]], guarantee: Guarantee) -> list[int]:
        """Return where the least scores are after Gumbel or exponential noise."""
        del guarantee
        draw = self._numbers.gumbel if mechanism.noise is NoiseKind.GUMBEL else self._numbers.standard_exponential
        scale = mechanism.scale * self._factor
        return [int(np.argmin(np.array(group) - scale * draw(size=len(group)))) for group in scores]


class Same(Seeded):
    """One draw for all cells of a measure."""

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
        """Return it as often as it is asked for."""
        return super().draw(mechanism, 1, guarantee) * count


class Bare(Seeded):
    """No noise in the first cell."""

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
        """Return noise for the others."""
        return [0, *super().draw(mechanism, count - 1, guarantee)]


class Repeating(Seeded):
    """The same noise in every release."""

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
        """Begin anew."""
        return Seeded(7).draw(mechanism, count, guarantee)


@dataclass(frozen=True)
class Bug:
    """A mistake.

    Attributes:
        asked: The question.
        pair: Exact cells of D and D'.
        claims: What is promised.
        bend: Makes releases, of a question and exact cells, with a seed.
        event: Probabilities of an event on either input, where one is known.
        claim: The claim that it breaks; the first, if nothing is said.
        trials: How often each input is run.
    """

    asked: Audited
    pair: Pair
    claims: Sequence[Claim]
    bend: Callable[[Audited, LeafCells, int], Callable[[], object]] = field(
        default=lambda asked, cells, seed: asked.release(cells, Seeded(seed))
    )
    event: tuple[float, float] | None = None
    claim: Claim | None = None
    trials: int = TRIALS

    def caught(self, seed: int) -> bool:
        """Audit it, as questions are audited."""
        one, other = (self.bend(self.asked, cells, 2 * seed + side) for side, cells in enumerate(self.pair))
        return judge(collect(one, other, self.claims, trials=self.trials), false_alarm=SHARE).verdict is Verdict.VIOLATED


def asked(sql: str, epsilon: float = 1.0, *, groups: int | None = None, variant: str = "plain", pure: bool = True) -> Audited:
    """Return a question."""
    terms = Terms(epsilon=epsilon, pure=pure, groups_per_person=groups)
    return Audited(Entry("bent", sql, terms, variant))


def bug(question: Audited, pair: Pair | None = None, claims: Sequence[Claim] = (), **rest: Any) -> Bug:  # noqa: ANN401  fields of a Bug
    """Return a mistake about somebody who appears or vanishes; what is not said is right."""
    return Bug(question, pair or question.worst(Kind.ADD_REMOVE), claims or question.claims(Kind.ADD_REMOVE), **rest)


def narrower(factor: float) -> Callable[[Audited, LeafCells, int], Callable[[], object]]:
    """Make releases with noise that is too small."""
    return lambda question, cells, seed: question.release(cells, Seeded(seed, factor))


def drawn(kind: type[Seeded]) -> Callable[[Audited, LeafCells, int], Callable[[], object]]:
    """Make releases with another noise."""
    return lambda question, cells, seed: question.release(cells, kind(seed))


def counted(steps: int, scale: float, moved: int) -> tuple[float, float]:
    """Return the chances that a count with noise is at least what it is with somebody, less some steps, with that person and without."""
    below = math.exp(-1 / scale)

    def at_least(step: int) -> float:
        return below**step / (1 + below) if step > 0 else 1 - below ** (1 - step) / (1 + below)

    return at_least(-steps), at_least(moved - steps)


def bent_cells(question: Audited, plan: Plan) -> Pair:
    """Return the exact cells that a bent plan has, where somebody with extreme rows is there and is not."""
    tables = [{**world(), **{name: altered(name, form, ("a1",)) for name in plan.datasets}} for form in ("spread", "highest", "removed")]
    *forms, without = (measured(plan, one) for one in tables)
    return max(((form, without) for form in forms), key=question.distance)


def unclamped() -> Bug:
    """Return a total that counts in full, though the noise is for a clamped one."""
    question = asked("SELECT SUM(cost) FROM visits")
    (measure,) = question.plan.measures
    wide = question.plan.model_copy(update={"measures": (measure.model_copy(update={"low": -(10**9), "high": 10**9}),)})
    return bug(question, pair=bent_cells(question, wide), event=(0.5, 0.5 * math.exp(-400 / 150)))


def in_every_group() -> Bug:
    """Return a person in three groups, though the noise is for one."""
    question = asked("SELECT ward, COUNT(DISTINCT patient) FROM visits GROUP BY ward", groups=1)
    plan = question.plan
    loose = plan.model_copy(update={"bounds": plan.bounds.model_copy(update={"groups": plan.cells, "keep_groups": False})})
    return bug(question, pair=bent_cells(question, loose))


def two_identifiers() -> Bug:
    """Return a person under two identifiers, with noise for one."""
    return bug(asked("SELECT COUNT(*) FROM visits", variant="twins"), bend=narrower(0.5), event=counted(0, 4.0, 8))


def gaussian(*, factor: float = 1.0, claimed: float = 1.0) -> Bug:
    """Return a count with Gaussian noise that is too small, or of which less is charged than it costs: that many times the ρ."""
    question = asked(ROWS, epsilon=14.0, pure=False)
    scale = question.mechanisms[0].scale
    shift = question.shift(question.sensitivities(Kind.ADD_REMOVE))
    claims = gaussian_claims(shift * math.sqrt(claimed), slack=slack(shift, scale))
    middle = stats.norm.cdf(shift / factor / 2)
    return bug(question, claims=claims, bend=narrower(factor), event=(middle, 1 - middle), claim=claims[0], trials=2 * TRIALS)


def reusing(question: Audited, cells: LeafCells, seed: int) -> Callable[[], object]:
    """Make releases in which equal cells have equal noise."""
    noise, compiled = Seeded(seed), question.entry.compiled

    def release() -> object:
        fresh = {
            value: noise.draw(mechanism, 1, ANY)[0] for mechanism, own in zip(question.mechanisms, cells, strict=True) for value in own
        }
        return shown(finish(compiled.plan, compiled.headings, sole(tuple(tuple(value + fresh[value] for value in own) for own in cells))))

    return release


def limited(question: Audited, cells: LeafCells, seed: int) -> Callable[[], object]:
    """Make releases in which exact counts of two or fewer are gone."""
    kept = tuple(tuple(value if value > 2 else -(10**6) for value in own) for own in cells)
    return question.release(kept, Seeded(seed))


def emptied(question: Audited, cells: LeafCells, seed: int) -> Callable[[], object]:
    """Make releases without the groups that nobody is in."""
    release = question.release(cells, Seeded(seed))

    def shorter() -> object:
        return [row for row, exact in zip(release().items(), cells[0], strict=True) if exact]  # type: ignore[attr-defined]

    return shorter


def ordered(question: Audited, cells: LeafCells, seed: int) -> Callable[[], object]:
    """Make releases with rows in the order of exact counts."""
    release = question.release(cells, Seeded(seed))

    def rows() -> object:
        return dict(row for _, row in sorted(zip(cells[0], release().items(), strict=True), key=lambda pair: pair[0]))  # type: ignore[attr-defined]

    return rows


def fitted(question: Audited, cells: LeafCells, seed: int) -> Callable[[], object]:
    """Make releases with noise as wide as the largest value that is there."""
    return question.release(cells, Seeded(seed, max(map(abs, cells[0])) / 100))


BY_REGION = "SELECT region, COUNT(*) FROM members GROUP BY region"
ONE = "SELECT COUNT(*) FROM members"
ROWS = "SELECT COUNT(*) FROM visits"
DOUBLE = asked(ONE, epsilon=2.0)

BUGS: dict[str, Callable[[], Bug]] = {
    "noise 30 % too small": lambda: bug(DOUBLE, bend=narrower(0.7), event=counted(0, 0.35, 1), trials=2 * TRIALS),
    "Gaussian noise 30 % too small": lambda: gaussian(factor=0.7),
    "a sensitivity of one row where there are four": lambda: bug(asked(ROWS), bend=narrower(0.25), event=counted(0, 1.0, 4)),
    "a clamp left out": unclamped,
    "the number of groups ignored": in_every_group,
    "a change that passes for an appearance": lambda: bug(asked(BY_REGION), pair=asked(BY_REGION).worst(Kind.CHANGE)),
    "noise that equal cells share": lambda: bug(asked(BY_REGION), pair=(((5, 5, 3, 2),), ((6, 5, 3, 2),)), bend=reusing),
    "one draw for all cells": lambda: bug(asked(BY_REGION), pair=(((5, 5, 3, 2),), ((6, 5, 3, 2),)), bend=drawn(Same)),
    "HAVING on exact counts": lambda: bug(asked(f"{BY_REGION} HAVING COUNT(*) > 2"), pair=(((3, 5, 9, 0),), ((2, 5, 9, 0),)), bend=limited),
    "groups from the data": lambda: bug(asked(BY_REGION), pair=(((1, 5, 3, 2),), ((0, 5, 3, 2),)), bend=emptied, event=(1.0, 0.0)),
    "no noise in one cell of 21": lambda: bug(
        asked("SELECT ward, severity, COUNT(*) FROM visits GROUP BY ward, severity"),
        pair=(((4,) + (1,) * 20,), ((5,) + (1,) * 20,)),
        bend=drawn(Bare),
        event=(1.0, 0.0),
    ),
    "rows in the order of exact counts": lambda: bug(
        asked(BY_REGION), pair=(((4, 5, 9, 1),), ((6, 5, 9, 1),)), bend=ordered, event=(1.0, 0.0)
    ),
    "noise with a seed": lambda: bug(asked(ONE), bend=drawn(Repeating), event=(1.0, 0.0)),
    "half the charge": lambda: bug(DOUBLE, claims=[Claim(1.0)], event=counted(0, 0.5, 1)),
    "half the charge of Gaussian noise": lambda: gaussian(claimed=0.5),
    "two identifiers that count as one": two_identifiers,
    "an average charged once": lambda: bug(
        asked("SELECT AVG(severity), SUM(severity), COUNT(severity) FROM visits"), bend=narrower(0.5), trials=2 * TRIALS
    ),
    "noise fitted to the data": lambda: bug(asked("SELECT SUM(age) FROM members"), pair=(((100,),), ((10,),)), bend=fitted),
}


@cache
def made(name: str) -> Bug:
    return BUGS[name]()


@pytest.mark.parametrize("name", BUGS)
def test_the_audit_catches(name: str) -> None:
    assert made(name).caught(0)


@pytest.mark.parametrize("name", BUGS)
def test_power_is_known(name: str) -> None:
    """By exact summation, at half of the trials and with the share that one direction has."""
    one = made(name)
    if one.event is None:
        pytest.skip("No single event is known beforehand: the next test shows the power.")
    assert power(*one.event, claim=one.claim or one.claims[0], trials=one.trials // 2, level=SHARE / 2) > 0.999


@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_the_audit_catches_it_every_time(name: str) -> None:
    one = made(name)
    if one.event is not None:
        pytest.skip("The power is computed.")
    assert [one.caught(seed) for seed in range(1, MANY + 1)] == [True] * MANY


@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_without_the_mistake_nothing_is_caught(name: str) -> None:
    """The same question with the noise that it should have, at neighbours within its bounds, against its own promise."""
    assert not wrongly_caught(made(name).asked)


@cache
def wrongly_caught(question: Audited) -> bool:
    return bug(question).caught(1)


def test_there_are_enough() -> None:
    assert len(BUGS) >= 12


# -------------------------------------------------------------------------------------------------------------- one run


def test_half_the_noise_is_seen_in_one_run() -> None:
    """800 guesses about 1,600 persons: by the share of the false alarm, ε = 1 allows for fewer correct ones than half the noise makes.

    Power: caught in each of 100 runs; the probability of missing it is below 0.03 with confidence 0.95.
    """
    question = asked("SELECT age, region, tariff, smoker, COUNT(*) FROM members GROUP BY age, region, tariff, smoker")

    def run(seed: int, factor: float) -> Verdict:
        noise = Seeded(seed, factor)

        def cells(present: Sequence[bool]) -> list[float]:
            drawn = noise.draw(question.mechanisms[0], len(present), ANY)
            return [here + extra for here, extra in zip(present, drawn, strict=True)]

        return audit_one_run(cells, 1_600, Claim(1.0), false_alarm=SHARE, seed=seed).verdict

    assert [run(seed, 0.5) for seed in range(100)] == [Verdict.VIOLATED] * 100
    assert [run(seed, 1.0) for seed in range(100)] == [Verdict.CONSISTENT] * 100


def test_the_seeded_noise_is_the_noise_that_it_stands_for() -> None:
    """Its rates are those of the discrete Laplace distribution, to three standard errors."""
    draws = np.array(Seeded(1).draw(Mechanism(noise=NoiseKind.DISCRETE_LAPLACE, scale=2.0), 200_000, ANY))
    below = math.exp(-1 / 2)
    for value, sign in product(range(5), (1, -1)):
        chance = (1 - below) / (1 + below) * below**value
        assert abs((draws == sign * value).mean() - chance) < 3 * math.sqrt(chance / len(draws))
