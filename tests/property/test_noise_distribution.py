"""The real noise against the exact discrete distributions.

Each run of `rejects` is a chi-square test of 10,000 draws over at least three classes whose expected counts are all at least 100,
at a nominal false-alarm rate of 1e-9. With classes that full, the statistic's true tail is within a small factor of the nominal
one, and there are fewer than 30 such tests: the whole file raises a false alarm with probability below 1e-6. Its power is
computed, not hoped for: against noise that is 30 % too wide or too narrow it is above 1 - 1e-9 at every scale tested.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
from scipy import stats

from stillroom.adapters.opendp_noise import LEAST_SHARE, OpendpNoise
from stillroom.model.mechanism import Guarantee, Mechanism, NoiseKind
from tests.noises import ADDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Wholes: TypeAlias = NDArray[np.int64]

GAUSSIAN, LAPLACE = NoiseKind.DISCRETE_GAUSSIAN, NoiseKind.DISCRETE_LAPLACE
DRAWS = 10_000
FALSE_ALARM = 1e-9
LEAST_EXPECTED = 100
SCALES = [0.4, 1.0, 3.3, 1000.0, 1e9, 2.0**50]
UNBOUNDED = Guarantee(sensitivity=0, rho=0)


def draw(noise: NoiseKind, scale: float, count: int = DRAWS) -> list[int]:
    """Return genuine noise; at sensitivity 0 every scale is within the guarantee."""
    return OpendpNoise().draw(Mechanism(noise=noise, scale=scale), count, UNBOUNDED)


def below(noise: NoiseKind, scale: float, edges: Wholes) -> Floats:
    """Return the exact P(X ≤ edge), by direct summation, or closed form where that is accurate to 1e-9."""
    if scale <= 5000:
        points = np.arange(-math.ceil(40 * scale) - 10, math.ceil(40 * scale) + 11)
        masses = np.exp(-(points**2) / (2 * scale**2)) if noise is GAUSSIAN else np.exp(-np.abs(points) / scale)
        return np.asarray((np.cumsum(masses) / masses.sum())[edges - points[0]])
    continuous = stats.norm if noise is GAUSSIAN else stats.laplace
    return np.asarray(continuous.cdf((edges + 0.5) / scale))


@dataclass(frozen=True)
class Classes:
    """Ranges of whole numbers, their tails merged, and the probability of each. The last edge of a class belongs to it."""

    edges: Wholes
    chances: Floats

    @classmethod
    def of(cls, noise: NoiseKind, scale: float) -> Classes:
        """Return about 20 classes of similar probability."""
        continuous = stats.norm if noise is GAUSSIAN else stats.laplace
        edges = np.unique(np.floor(continuous.ppf(np.linspace(0.03, 0.97, 20)) * scale).astype(np.int64))
        keep: list[int] = []
        for edge in edges:
            previous = below(noise, scale, np.array(keep[-1:])).sum() if keep else 0.0
            chance = below(noise, scale, np.array([edge]))[0]
            if min(chance - previous, 1 - chance) * DRAWS >= LEAST_EXPECTED:
                keep.append(int(edge))
        chosen = np.array(keep)
        return cls(chosen, np.diff(below(noise, scale, chosen), prepend=0.0, append=1.0))

    def counts(self, draws: Sequence[int]) -> Wholes:
        """Return how many draws fall into each class."""
        return np.bincount(np.searchsorted(self.edges, np.array(draws, dtype=np.int64)), minlength=len(self.chances))

    @property
    def threshold(self) -> float:
        """The statistic above which noise is rejected."""
        return float(stats.chi2.isf(FALSE_ALARM, len(self.chances) - 1))

    def power(self, chances: Floats) -> float:
        """Return the probability of rejecting draws whose classes have other chances (noncentral chi-square)."""
        distance = DRAWS * ((chances - self.chances) ** 2 / self.chances).sum()
        return float(stats.ncx2.sf(self.threshold, len(self.chances) - 1, distance))


def rejects(noise: NoiseKind, scale: float, draws: Sequence[int]) -> bool:
    """Tell whether draws do not look like this noise at this scale."""
    classes = Classes.of(noise, scale)
    expected = classes.chances * len(draws)
    statistic = ((classes.counts(draws) - expected) ** 2 / expected).sum()
    return bool(statistic > classes.threshold)


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize("scale", SCALES)
def test_noise_has_the_exact_distribution(noise: NoiseKind, scale: float) -> None:
    draws = draw(noise, scale)
    assert {type(value) for value in draws} == {int}
    assert not rejects(noise, scale, draws)


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_power_against_a_scale_that_is_wrong_by_30_percent(noise: NoiseKind, scale: float, factor: float) -> None:
    classes = Classes.of(noise, scale)
    assert len(classes.chances) >= 3
    assert (classes.chances * DRAWS).min() >= LEAST_EXPECTED
    wrong = np.diff(below(noise, scale * factor, classes.edges), prepend=0.0, append=1.0)
    assert classes.power(wrong) > 1 - 1e-9


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize(("scale", "factor"), [(0.4, 1.3), (3.3, 0.7), (1e9, 1.3)])
def test_noise_of_a_wrong_scale_is_rejected(noise: NoiseKind, scale: float, factor: float) -> None:
    """Negative control, with genuine noise of another scale: power above 1 - 1e-9 (the test before this one)."""
    assert rejects(noise, scale, draw(noise, scale * factor))


@pytest.mark.parametrize("noise", ADDED)
def test_rounded_continuous_noise_is_rejected(noise: NoiseKind) -> None:
    """Negative control: rounding Gaussian or Laplace doubles gives another distribution, at scale 0.4 visibly.

    At large scales the difference is far below what draws can show; there the adapter's whole numbers and privacy map stand in.
    """
    scale = 0.4
    continuous = stats.norm if noise is GAUSSIAN else stats.laplace
    classes = Classes.of(noise, scale)
    rounded = np.diff(continuous.cdf((classes.edges + 0.5) / scale), prepend=0.0, append=1.0)
    assert classes.power(rounded) > 1 - 1e-9
    sample = np.rint(continuous.rvs(scale=scale, size=DRAWS, random_state=np.random.default_rng(1))).astype(np.int64)
    assert rejects(noise, scale, sample.tolist())


@pytest.mark.parametrize("noise", ADDED)
def test_the_other_noise_is_rejected(noise: NoiseKind) -> None:
    other = LAPLACE if noise is GAUSSIAN else GAUSSIAN
    classes = Classes.of(noise, 3.3)
    chances = np.diff(below(other, 3.3, classes.edges), prepend=0.0, append=1.0)
    assert classes.power(chances) > 1 - 1e-9
    assert rejects(noise, 3.3, draw(other, 3.3))


def collisions_are_near_theory(noise: NoiseKind, scale: float, first: Sequence[int], second: Sequence[int]) -> bool:
    """Tell whether two samples are equal at about as many positions as independent ones are (exact binomial test at 1e-9)."""
    points = np.arange(-math.ceil(40 * scale), math.ceil(40 * scale) + 1)
    edges = below(noise, scale, points)
    chance = float((np.diff(edges, prepend=0.0) ** 2).sum())
    equal = sum(one == other for one, other in zip(first, second, strict=True))
    return bool(stats.binomtest(equal, len(first), chance).pvalue > FALSE_ALARM)


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize("scale", [1.0, 50.0])
def test_two_runs_collide_as_often_as_independent_ones(noise: NoiseKind, scale: float) -> None:
    first, second = draw(noise, scale, 4000), draw(noise, scale, 4000)
    assert collisions_are_near_theory(noise, scale, first, second)
    assert collisions_are_near_theory(noise, scale, first[::2], first[1::2])


@pytest.mark.parametrize("noise", ADDED)
def test_repeated_noise_is_noticed(noise: NoiseKind) -> None:
    """Negative control: a seeded sampler gives the same noise twice, a stuck one the same draw; both collide everywhere."""
    first = draw(noise, 50.0, 4000)
    assert not collisions_are_near_theory(noise, 50.0, first, first)
    assert not collisions_are_near_theory(noise, 50.0, first[:1] * 2000, first[:1] * 2000)


@pytest.mark.parametrize("noise", ADDED)
def test_noise_that_processes_share_is_that_of_one(noise: NoiseKind) -> None:
    """What all of them drew together, and what others than this process drew, has the distribution; and no two drew the same."""
    draws = draw(noise, 3.3, 2 * LEAST_SHARE)
    assert not rejects(noise, 3.3, draws)
    assert not rejects(noise, 3.3, draws[LEAST_SHARE:])
    assert collisions_are_near_theory(noise, 3.3, draws[:LEAST_SHARE], draws[LEAST_SHARE:])


@pytest.mark.parametrize("noise", ADDED)
def test_wide_noise_never_repeats(noise: NoiseKind) -> None:
    """Two of 10,000 draws of scale 2**52 are equal with probability below 5e7 / (2**52 · 3) < 1e-8."""
    assert len(set(draw(noise, 2.0**52))) == DRAWS
