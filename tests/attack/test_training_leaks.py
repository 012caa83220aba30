"""What a round tells of one person: everything without noise, and next to nothing at ε = 1.

Random bytes are drawn again in each run, so that a test that passes passes always. With fresh bytes each would fail by chance with a
probability below 10⁻⁶: bounds are five standard errors, or more, above what is proved or expected.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from scipy.stats import rankdata

from stillroom.learning.models.logistic import LogisticRegression
from stillroom.learning.noise_table import drawn, noise_table
from stillroom.learning.rows import Rows
from stillroom.learning.training import deviation_for, together, train
from stillroom.privacy.accountant import rho_from
from stillroom.privacy.noise_shares import least_share, norm_sensitivity
from tests.modelled import without_noise
from tests.secure_sums import Draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.learning.models.model import Step
    from stillroom.learning.rows import Reals, Whole

WIDTH, BOUND = 6, 2**12
FEWEST, COLLUDERS = 3, 1
RHO = rho_from(Fraction(1), Fraction(1, 10**9))
"""ε = 1 at δ = 10⁻⁹, all of it for one round: no attack on it gains more than one on several rounds that share it."""

CHANCE = 0.55
ERRORS = 5.0
TARGETS, TRIALS = 20, 150
MODEL = LogisticRegression(features=WIDTH, norm=math.sqrt(WIDTH), rounds=1, bound=BOUND)


def people(number: int, seed: int, width: int = WIDTH) -> Rows:
    """Return people with features at the ends of their bounds, and an intercept: whoever stands out most has most to lose."""
    draw = np.random.default_rng(seed)
    features = draw.choice([-1.0, 1.0], size=(number, width))
    features[:, -1] = 0.5
    label = (draw.random(number) < 0.5).astype(float)
    return Rows(features, label, np.arange(number, dtype=np.int64))


def only(rows: Rows, places: Sequence[int]) -> Rows:
    chosen = np.array(places, dtype=np.int64)
    return Rows(rows.features[chosen], rows.label[chosen], rows.person[chosen])


def first_step() -> Step:
    step = MODEL.step(MODEL.begin())
    assert step is not None
    return step


def auc(present: Reals, absent: Reals) -> float:
    """Return how often a score of somebody who is there is above that of somebody who is not; ties count half."""
    ranks = rankdata(np.concatenate([present, absent]))
    least = len(present) * (len(present) + 1) / 2
    return float((ranks[: len(present)].sum() - least) / (len(present) * len(absent)))


def auc_error(number: int) -> float:
    """Return the standard error of an AUC of as many present as absent, at chance."""
    return math.sqrt((2 * number + 1) / (12 * number**2))


class Attacked(NamedTuple):
    """Sums less all that the attacker knows, which is everybody but one person; with that person, or without.

    Attributes:
        vectors: What each target adds.
        present: For each target, such sums with it.
        absent: Without it.
        variance: Of the noise in each number.
    """

    vectors: Reals
    present: Reals
    absent: Reals
    variance: float

    def ratios(self, sums: Reals) -> Reals:
        """Return the logarithm of the likelihood ratio for each sum: no test tells more apart (Neyman and Pearson)."""
        inner = np.einsum("tki,ti->tk", sums, self.vectors)
        return np.asarray(((inner - np.square(self.vectors).sum(axis=1)[:, np.newaxis] / 2) / self.variance).ravel(), dtype=np.float64)


@cache
def attacked(*, noise: bool = True) -> Attacked:
    """Have three owners contribute to a round, again and again, each with its own share of noise."""
    rows, others, step = people(TARGETS, 1), people(60, 2), first_step()
    shares = [only(others, range(place, 60, 3)) for place in range(3)]
    known = sum(MODEL.measure(step, one) for one in shares)
    joined = [
        Rows(np.vstack([shares[0].features, rows.features[k : k + 1]]), np.append(shares[0].label, rows.label[k]), np.arange(21))
        for k in range(TARGETS)
    ]
    rest = sum(MODEL.measure(step, one) for one in shares[1:])
    vectors = np.array([MODEL.measure(step, one) + rest - known for one in joined])
    share = least_share(RHO, norm_sensitivity(BOUND**2, step.length), step.length, FEWEST, COLLUDERS)
    table, size = noise_table(share.squared), TARGETS * TRIALS * step.length
    honest = FEWEST - COLLUDERS
    draws = [
        np.sum([drawn(table, size, Draws(f"{side} {owner}")) for owner in range(honest)], axis=0).reshape(TARGETS, TRIALS, -1) * noise
        for side in ("present", "absent")
    ]
    return Attacked(vectors.astype(float), vectors[:, np.newaxis] + draws[0], draws[1].astype(float), float(honest * share.squared))


def test_who_is_there_is_plain_from_a_plain_sum_however_clipped() -> None:
    found = attacked(noise=False)
    assert auc(found.ratios(found.present), found.ratios(found.absent)) == 1.0


def test_who_is_there_is_a_guess_from_a_noised_sum() -> None:
    """The attacker knows everybody else, and two owners' noise; each target's vector is nearly as long as may be.

    Between two normal distributions whose means are μ standard deviations apart the AUC is Φ(μ/√2), and rho is μ²/2, so that
    it is at most Φ(√rho) = 0.549.
    """
    found = attacked()
    most = NormalDist().cdf(math.sqrt(RHO))
    assert most <= CHANCE
    assert np.square(found.vectors).sum(axis=1).min() > (0.8 * BOUND) ** 2
    assert auc(found.ratios(found.present), found.ratios(found.absent)) <= most + ERRORS * auc_error(TARGETS * TRIALS)


def test_with_a_fifth_of_the_noise_that_test_fails() -> None:
    """It has the power to see noise that is too little."""
    found = attacked()
    less = found._replace(
        present=found.vectors[:, np.newaxis] + (found.present - found.vectors[:, np.newaxis]) / 5, absent=found.absent / 5
    )
    assert auc(less.ratios(less.present), less.ratios(less.absent)) > CHANCE + 2 * ERRORS * auc_error(TARGETS * TRIALS)


def inverted(gradient: Reals) -> tuple[Reals, float]:
    """Return features and label of the one person whose gradient (y - 1/2)·x it is; the last feature is known to be 1/2."""
    label = float(gradient[-1] > 0)
    return np.asarray(gradient * 0.5 / gradient[-1], dtype=np.float64), label


def test_a_plain_contribution_of_one_person_is_that_person() -> None:
    rows, step = people(30, 3), first_step()
    for place in range(len(rows)):
        features, label = inverted(MODEL.measure(step, only(rows, [place]))[:WIDTH].astype(float))
        assert features == pytest.approx(rows.features[place], abs=5e-3)
        assert label == rows.label[place]


def test_a_row_that_is_clipped_is_that_person_too() -> None:
    """Clipping shortens what an attacker sees, and turns it nowhere."""
    rows = people(30, 3)
    short = MODEL.model_copy(update={"norm": 0.2})
    step = short.step(short.begin())
    assert step is not None
    for place in range(len(rows)):
        features, label = inverted(short.measure(step, only(rows, [place]))[:WIDTH].astype(float))
        assert features == pytest.approx(rows.features[place], abs=5e-3)
        assert label == rows.label[place]


def test_a_noised_sum_shows_no_features() -> None:
    """Signs of features are guessed from a sum less everybody else: right as often as chance would have it, or a little more.

    That the label is known makes the guess (2y - 1)·sign of the gradient the best one. A feature is at most 0.2 of the standard deviation
    of its noise, by which a guess is right with a probability of at most Φ(0.2) = 0.58; on the average of all it must be 0.55 at most.
    """
    found = attacked()
    rows = people(TARGETS, 1)
    signs = np.sign(found.present[:, :, : WIDTH - 1] * np.sign(rows.label - 0.5)[:, np.newaxis, np.newaxis])
    right = float((signs == rows.features[:, np.newaxis, : WIDTH - 1]).mean())
    assert right <= CHANCE + ERRORS * 0.5 / math.sqrt(TARGETS * TRIALS)
    plain = attacked(noise=False)
    signs = np.sign(plain.present[:, :, : WIDTH - 1] * np.sign(rows.label - 0.5)[:, np.newaxis, np.newaxis])
    assert (signs == rows.features[:, np.newaxis, : WIDTH - 1]).all()


def loss_auc(trainings: int, *, private: bool) -> tuple[float, float]:
    """Return how well a small loss tells who was trained on, with its standard error: labels are tosses, so all else is chance."""
    width, number = 30, 30
    model = LogisticRegression(features=width, norm=math.sqrt(width), rounds=2, bound=BOUND)
    if not private:
        model = model.model_copy(update={"rounds": 8, "curvature": "each", "bound": 2**20})
    deviation = deviation_for(model, RHO, 1) if private else 0.0
    table = noise_table(Fraction(deviation) ** 2) if private else None
    found = []
    for training in range(trainings):
        trained, outside = people(number, 100 + training, width), people(number, 9_000 + training, width)
        draws = Draws(f"training {training}")

        def added(step: Step, sent: Sequence[Whole], draws: Draws = draws) -> Whole:
            return without_noise(step, sent) + (drawn(table, step.length, draws) if table else 0)

        owners = [only(trained, range(place, number, 3)) for place in range(3)]
        parameters = np.array(train(model, deviation, together(model, owners, added)).parameters)
        margins = [(rows.features @ parameters) * (2 * rows.label - 1) for rows in (trained, outside)]
        found.append(auc(margins[0], margins[1]))
    return float(np.mean(found)), float(np.std(found, ddof=1) / math.sqrt(trainings))


def test_a_model_without_noise_remembers_whom_it_was_trained_on() -> None:
    mean, error = loss_auc(20, private=False)
    assert mean - ERRORS * error > 0.65


def test_a_model_with_noise_does_not() -> None:
    mean, error = loss_auc(80, private=True)
    assert mean <= CHANCE + ERRORS * error
    assert error < 0.02
