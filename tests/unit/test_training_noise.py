"""An owner's share of the noise: fresh for each number, and no less than the plan says."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.learning.contributing import noisy
from stillroom.model.mechanism import NoiseKind
from stillroom.privacy.noise_shares import scale_of
from tests.secure_sums import Draws
from tests.training import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.mechanism import Guarantee, Mechanism
    from stillroom.model.training import TrainingPlan

EXACT = compiled().plan
TABLED = EXACT.model_copy(update={"tabled": True, "share": EXACT.share.model_copy(update={"variance": 100 * 2**12})})


class Asked:
    """A Noise that takes note of what it is asked for, and counts."""

    genuine = False
    name = "asked"

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self.asked: list[tuple[Mechanism, int, Guarantee]] = []

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> Sequence[int]:
        """Return counted numbers."""
        self.asked.append((mechanism, count, guarantee))
        return range(1, count + 1)

    def choose(self, mechanism: Mechanism, scores: Sequence[Sequence[int]], guarantee: Guarantee) -> Sequence[int]:
        """Choose nothing."""
        raise NotImplementedError


def test_each_number_gets_a_draw_of_the_share() -> None:
    noise = Asked()
    found = noisy(EXACT, np.array([10, 20, 30]), noise, Draws("unused"))
    assert found.tolist() == [11, 22, 33]
    ((mechanism, count, guarantee),) = noise.asked
    assert (mechanism.noise, count) == (NoiseKind.DISCRETE_GAUSSIAN, 3)
    assert Fraction(mechanism.scale) ** 2 >= EXACT.share.squared
    assert mechanism.scale == pytest.approx(float(EXACT.share.squared) ** 0.5, rel=1e-12)
    assert guarantee.sensitivity == (3 * EXACT.bound) ** 2
    assert scale_of(EXACT.share) == mechanism.scale


@pytest.mark.parametrize("plan", [EXACT, TABLED], ids=["exact", "tabled"])
def test_the_noise_of_owners_adds_up_to_what_is_charged(plan: TrainingPlan) -> None:
    """The variance of 4,000 draws. False alarm: 5.5 standard deviations, 4e-8; a fifth less is seen in all but 1e-6."""
    draws = noisy(plan, np.zeros(4_000, dtype=np.int64), OpendpNoise(), SystemEntropy())
    variance = float(np.mean(draws.astype(float) ** 2)) / float(plan.share.squared)
    assert abs(variance - 1) <= 5.5 * (2 / 4_000) ** 0.5
    assert len(set(draws.tolist())) > 1


def test_a_table_takes_random_bytes_for_each_number() -> None:
    entropy = Draws("bytes")
    noisy(TABLED, np.zeros(7, dtype=np.int64), Asked(), entropy)
    assert entropy.sizes == [16 * 7]
