"""Rounds, whoever sums: their record, their noise, and what they do not accept."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.learning.models.logistic import LogisticRegression
from stillroom.learning.training import deviation_for, rounds, together, train
from stillroom.model.codec import digest_of
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.privacy.mechanisms import rho_of
from stillroom.privacy.sensitivity import Sensitivity
from tests.modelled import norm_of, owners_of, sample, without_noise

MODEL = LogisticRegression(features=4, norm=norm_of(3), rounds=3)
FEATURES = sample(120, 3)
OWNERS = owners_of(FEATURES, (FEATURES[:, 0] > 0).astype(float))


def test_a_training_is_the_same_for_one_owner_and_for_sixty() -> None:
    label = (FEATURES[:, 0] > 0).astype(float)
    records = [train(MODEL, 0.0, together(MODEL, owners_of(FEATURES, label, owners), without_noise)) for owners in (1, 3, 60)]
    assert len({record.digest for record in records}) == 1


def test_a_record_says_what_was_done() -> None:
    record = train(MODEL, 0.0, together(MODEL, OWNERS, without_noise))
    assert [(done.kind, done.length) for done in record.rounds] == [("gradient and curvature", 14), ("gradient", 4), ("gradient", 4)]
    assert record.rounds[0].step == digest_of(MODEL.step(MODEL.begin()))  # type: ignore[arg-type]  # the first step is one
    assert (record.bound, record.deviation, len(record.parameters)) == (2**20, 0.0, 4)
    assert record.digest != record.model_copy(update={"deviation": 1.0}).digest


def test_rounds_go_on_step_by_step() -> None:
    course = rounds(MODEL, 7.5)
    step = next(course)
    assert step.parameters == (0, 0, 0, 0)
    step = course.send(without_noise(step, [MODEL.measure(step, rows) for rows in OWNERS]))
    assert (step.round, step.parameters == (0, 0, 0, 0)) == (1, False)


@pytest.mark.parametrize("total", [np.zeros(13, dtype=np.int64), np.zeros(14), np.zeros((1, 14), dtype=np.int64)])
def test_a_sum_of_another_step_is_refused(total: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> None:
    with pytest.raises(InvalidInput) as caught:
        train(MODEL, 0.0, lambda _: total)
    assert caught.value.code is Code.DATA_INVALID


@pytest.mark.parametrize("owners", [1, 3])
def test_all_rounds_together_cost_what_was_offered(owners: int) -> None:
    rho = Fraction(24, 1000)
    deviation = deviation_for(MODEL, rho, owners)
    norm = owners * MODEL.bound
    each = rho_of(Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=deviation), Sensitivity(l0=14, l1=norm, l2_squared=norm**2, linf=norm))
    assert rho * Fraction(999, 1000) <= 3 * each <= rho


def test_noise_that_cannot_be_had_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        deviation_for(MODEL, Fraction(1), 0)
    assert caught.value.code is Code.PRICE_INVALID
    with pytest.raises(Refusal) as refused:
        deviation_for(MODEL, Fraction(0), 1)
    assert refused.value.code is Code.PRICE_NOT_REACHABLE
