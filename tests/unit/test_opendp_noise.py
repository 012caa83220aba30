"""The adapter of OpenDP's samplers: what it refuses, and what it returns."""

from __future__ import annotations

import pytest

from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.errors import Code, Failed
from stillroom.model.mechanism import LARGEST_SCALE, SMALLEST_SCALE, Guarantee, Mechanism, NoiseKind
from tests.fakes import ZeroNoise
from tests.noises import ADDED

MECHANISMS = [Mechanism(noise=noise, scale=4.0) for noise in ADDED]
# sensitivity 2: Gaussian rho = 4/32, Laplace epsilon = 2/4, rho = 1/8
EXACT = {
    NoiseKind.DISCRETE_GAUSSIAN: Guarantee(sensitivity=4, rho=10**12 // 8),
    NoiseKind.DISCRETE_LAPLACE: Guarantee(sensitivity=2, rho=10**12 // 8),
}


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda one: one.noise)
def test_draws_are_whole_numbers_as_many_as_asked_for(mechanism: Mechanism) -> None:
    draws = OpendpNoise().draw(mechanism, 1000, EXACT[mechanism.noise])
    assert len(draws) == 1000
    assert {type(draw) for draw in draws} == {int}
    assert OpendpNoise().draw(mechanism, 0, EXACT[mechanism.noise]) == []


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda one: one.noise)
def test_noise_beyond_the_guarantee_is_not_drawn(mechanism: Mechanism) -> None:
    exact = EXACT[mechanism.noise]
    for guarantee in (
        Guarantee(sensitivity=exact.sensitivity, rho=exact.rho - 1),
        Guarantee(sensitivity=exact.sensitivity + 1, rho=exact.rho),
        Guarantee(sensitivity=10**300, rho=2**53 - 1),
    ):
        with pytest.raises(Failed) as failed:
            OpendpNoise().draw(mechanism, 0, guarantee)
        assert failed.value.code is Code.RUN_FAILED


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize("scale", [SMALLEST_SCALE / 2, LARGEST_SCALE * 2, 1e300])
def test_scales_that_cannot_be_sampled_safely_are_refused(noise: NoiseKind, scale: float) -> None:
    with pytest.raises(Failed) as failed:
        OpendpNoise().draw(Mechanism(noise=noise, scale=scale), 1, Guarantee(sensitivity=0, rho=0))
    assert failed.value.code is Code.RUN_FAILED


@pytest.mark.parametrize("noise", ADDED)
@pytest.mark.parametrize("scale", [SMALLEST_SCALE, LARGEST_SCALE])
def test_the_ends_of_the_range_of_scales_are_sampled(noise: NoiseKind, scale: float) -> None:
    draws = OpendpNoise().draw(Mechanism(noise=noise, scale=scale), 100, Guarantee(sensitivity=0, rho=0))
    assert all(abs(draw) < 2**63 - 1 for draw in draws)
    assert any(draws) is (scale == LARGEST_SCALE)


def test_only_the_real_noise_says_that_it_is_genuine() -> None:
    assert OpendpNoise().genuine
    assert OpendpNoise().name.startswith("opendp ")
    assert not ZeroNoise().genuine
    assert ZeroNoise().draw(MECHANISMS[0], 3, Guarantee(sensitivity=0, rho=0)) == [0, 0, 0]
