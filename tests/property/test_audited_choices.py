"""The empirical audit of quantiles by the exponential mechanism, and that no score and no count leaves the protection beside them.

Neighbours are a small ward with and without somebody who has all four rows in its last bucket, which makes that the best one. Releases of
each side are tested against the promise, in both directions; the probability that one of the audits here fails though all holds is below
1e-6. Power: with noise for one row only, the last bucket is chosen in 0.7 of all releases with that person and in 0.05 without, where the
promise allows for 2.8 times as many: 2,000 releases a side, half of which are tested, miss that with probability below 1e-9 (by summing
binomial probabilities), and 400 where there is hardly any noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.audit.empirical import Claim, Verdict, collect, judge
from stillroom.errors import Failed
from stillroom.model.mechanism import CHOOSING, Mechanism
from stillroom.model.question import Quantiles, Terms
from stillroom.privacy.exponential import scores
from stillroom.privacy.mechanisms import guarantee_of
from stillroom.protections.server import ServerProtection
from stillroom.query.price import promises
from stillroom.query.protected import plan_charge, protected
from stillroom.query.table.finish import finish
from tests.auditing import Known, shown
from tests.fakes import ListTables, ZeroNoise, reading_of
from tests.world import Entry, contract, world

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.mechanism import Guarantee
    from stillroom.ports import Noise

SHARE = 1e-7
"""The false alarm of one audit."""

ENTRY = Entry(
    "audited",
    "SELECT ward, MEDIAN(severity) AS middle, COUNT(*) AS n FROM visits GROUP BY ward",
    Terms(epsilon=1.0, pure=True, quantiles=Quantiles.EXPONENTIAL, weights={"middle": 100.0}),
)
"""Nearly all of the price is for the median: what goes wrong with it shows."""

PLAN = ENTRY.compiled.plan
WARDS, BUCKETS = (len(key.listed) for key in PLAN.keys)
ROWS = PLAN.bounds.rows


def cells(last: int) -> tuple[tuple[int, ...], ...]:
    """Return the exact cells where the first ward has six rows in its first bucket and so many in its last; all others are empty."""
    counts = [0] * (WARDS * BUCKETS)
    counts[0], counts[BUCKETS - 1] = 6, last
    return tuple(counts), (6 + last, *[0] * (WARDS - 1))


WITH, WITHOUT = cells(4 + ROWS), cells(4)


class Softened(OpendpNoise):
    """Chooses with less noise than the mechanism says, or with none for the first group."""

    def __init__(self, factor: float) -> None:
        """Say how much less."""
        super().__init__()
        self._factor = factor

    def choose(self, mechanism: Mechanism, scores: Sequence[Sequence[int]], guarantee: Guarantee) -> list[int]:
        """Choose by scores that are so many times as far apart, which is the same."""
        return super().choose(mechanism, [[round(score * self._factor) for score in group] for group in scores], guarantee)


def protection(exact: tuple[tuple[int, ...], ...], noise: Noise) -> ServerProtection:
    return ServerProtection(Known(exact), noise, ListTables({name: table.stored for name, table in world().items()}))


def releasing(exact: tuple[tuple[int, ...], ...], noise: Noise) -> Callable[[], object]:
    """Return what releases a table about a world."""
    room = protection(exact, noise)
    return lambda: shown(
        finish(PLAN, ENTRY.compiled.headings, room.measure(PLAN, plan_charge(PLAN), reading_of(dict.fromkeys(world(), 1))).cells)
    )


def verdict(noise: Noise, trials: int) -> Verdict:
    """Audit releases with and without somebody against the promise."""
    promise, _ = promises(contract(), PLAN)
    assert promise.epsilon <= 1.0 + 1e-9
    assert promise.delta == 0
    one, other = (releasing(exact, noise) for exact in (WITH, WITHOUT))
    return judge(collect(one, other, [Claim(promise.epsilon, 0.0)], trials=trials), false_alarm=SHARE).verdict


@pytest.mark.parametrize("trials", [400, pytest.param(4_000, marks=pytest.mark.slow)])
def test_what_is_chosen_keeps_its_promise(trials: int) -> None:
    assert ROWS == 4
    assert verdict(OpendpNoise(), trials) is Verdict.CONSISTENT


@pytest.mark.parametrize(
    ("factor", "trials"), [pytest.param(ROWS, 2000, marks=pytest.mark.slow), (100, 400)], ids=["noise for one row", "hardly any noise"]
)
def test_too_little_noise_is_caught(factor: float, trials: int) -> None:
    assert verdict(Softened(factor), trials) is Verdict.VIOLATED


# ------------------------------------------------------------------------------------------------------------- the protection


class Recorded(ZeroNoise):
    """Remembers what it was asked to choose by."""

    def __init__(self, places: Sequence[int] | None = None) -> None:
        """Remember nothing yet; and choose these places, if any are given."""
        self.asked: list[tuple[Mechanism, list[list[int]], Guarantee]] = []
        self._places = places

    def choose(self, mechanism: Mechanism, scores: Sequence[Sequence[int]], guarantee: Guarantee) -> list[int]:
        """Choose the best ones."""
        self.asked.append((mechanism, [list(group) for group in scores], guarantee))
        return super().choose(mechanism, scores, guarantee) if self._places is None or not scores else list(self._places)


def test_the_sampler_confirms_before_it_chooses_by_the_scores_of_each_group() -> None:
    noise = Recorded()
    found = protection(WITH, noise).measure(PLAN, plan_charge(PLAN), reading_of(dict.fromkeys(world(), 1)))
    (chosen,) = (one for one in protected(PLAN) if one.marginal.mechanism.noise in CHOOSING)
    guarantee = guarantee_of(chosen.marginal.mechanism, chosen.add_remove)
    groups = [scores(WITH[0][first : first + BUCKETS], 500_000) for first in range(0, WARDS * BUCKETS, BUCKETS)]
    assert noise.asked == [(chosen.marginal.mechanism, [], guarantee), (chosen.marginal.mechanism, groups, guarantee)]
    assert found.cells[0] == ((BUCKETS - 1, *[0] * (WARDS - 1)),)


@pytest.mark.parametrize("places", [[], [0], [0] * (WARDS + 1), [BUCKETS] * WARDS, [-1] * WARDS])
def test_what_is_no_bucket_of_each_group_is_not_released(places: list[int]) -> None:
    with pytest.raises(Failed, match="did not choose one bucket of each group"):
        protection(WITH, Recorded(places)).measure(PLAN, plan_charge(PLAN), reading_of(dict.fromkeys(world(), 1)))


def test_cells_that_are_missing_are_not_chosen_by() -> None:
    with pytest.raises(Failed, match="one number for each cell"):
        protection((WITH[0][:-1], WITH[1]), Recorded()).measure(PLAN, plan_charge(PLAN), reading_of(dict.fromkeys(world(), 1)))
