"""What a guarantee means in words, and the disclosure."""

from __future__ import annotations

import json
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from stillroom.model.charge import Charge
from stillroom.model.expression import Constant
from stillroom.model.marginal import Marginal
from stillroom.model.measure import Measure
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.model.plan import Bounds, Finish, Output, Part, Plan
from stillroom.model.relation import PartRows, Scan
from stillroom.model.release import MeasureNoise, Promise
from stillroom.model.schema import Kind
from stillroom.privacy.accountant import epsilon_from, rho_from
from stillroom.privacy.disclosure import disclosure
from stillroom.privacy.promises import Noised, cap_promise, release_promise
from stillroom.privacy.sensitivity import sensitivities
from stillroom.privacy.words import attacker_sentences, guess_probability

DELTA = Fraction(1, 10**9)
GAUSSIAN, LAPLACE = NoiseKind.DISCRETE_GAUSSIAN, NoiseKind.DISCRETE_LAPLACE
SIGNED = sensitivities(lo=-5, hi=5, rows_total=5, groups=1, cells=4, identifiers=1)
COUNT = sensitivities(lo=0, hi=1, rows_total=1, groups=1, cells=4, identifiers=1)


def test_guess_probability_of_known_cases() -> None:
    assert guess_probability(0.0, 0.0) == pytest.approx(0.5)
    assert guess_probability(1.0, 0.0) == pytest.approx(0.7310585786300049)
    assert guess_probability(0.0, 0.1) == pytest.approx(0.55)
    assert guess_probability(10_000.0, 0.0) == 1.0


@pytest.mark.parametrize("epsilon", [0.0, 1e-9, 0.1, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("delta", [0.0, 1e-9, 0.01])
def test_guess_probability_is_rounded_up(epsilon: float, delta: float) -> None:
    with localcontext(prec=50):
        odds = Decimal(epsilon).exp()
        exact = (odds + Decimal(delta)) / (1 + odds)
    assert exact <= Decimal(guess_probability(epsilon, delta)) <= exact * (1 + Decimal("1e-14"))


def test_attacker_sentences_say_four_numbers() -> None:
    release = Promise(epsilon=1.0, change_epsilon=2.0, delta=1e-9, conversion_delta=1e-9)
    cap = Promise(epsilon=8.0, change_epsilon=20.0, delta=1e-9, conversion_delta=1e-9)
    presence, fact = attacker_sentences(release, cap)
    assert presence == (
        "Is this person in the data? An attacker who starts at 50:50 guesses right at most 73.2 % of the time from this release, "
        "and at most 99.97 % from everything the contract ever allows."
    )
    assert fact == (
        "A yes/no fact about a person known to be in the data? An attacker who starts at 50:50 guesses right at most 88.1 % of the "
        "time from this release, and at most 100 % from everything the contract ever allows."
    )


def test_promise_of_gaussian_noise_adds_up_rho() -> None:
    measures = [Noised(Mechanism(noise=GAUSSIAN, scale=10.0), *SIGNED), Noised(Mechanism(noise=GAUSSIAN, scale=2.0), *COUNT)]
    promise = release_promise(measures, DELTA)
    assert promise.epsilon == pytest.approx(epsilon_from(Fraction(25, 200) + Fraction(1, 8), DELTA), rel=1e-9)
    assert promise.change_epsilon == pytest.approx(epsilon_from(Fraction(100, 200) + Fraction(2, 8), DELTA), rel=1e-9)
    assert promise.delta == 1e-9


def test_promise_of_laplace_noise_is_pure() -> None:
    measures = [Noised(Mechanism(noise=LAPLACE, scale=10.0), *SIGNED), Noised(Mechanism(noise=LAPLACE, scale=2.0), *COUNT)]
    assert release_promise(measures, DELTA) == Promise(epsilon=1.0, change_epsilon=2.0, delta=0.0, conversion_delta=0.0)


def test_promise_of_a_cap_allows_for_any_change() -> None:
    promise = cap_promise(Fraction(2), DELTA)
    assert promise.epsilon == 2.0
    assert promise.change_epsilon == epsilon_from(4 * rho_from(Fraction(2), DELTA), DELTA)
    assert promise.epsilon < promise.change_epsilon


def test_a_release_that_spends_the_cap_promises_no_more_than_it() -> None:
    """The worst measure there is: signed, one cell, all of the budget."""
    rho = rho_from(Fraction(2), DELTA)
    scale = float((Fraction(25) / (2 * rho)) ** Fraction(1, 2)) * (1 + 1e-9)
    worst = sensitivities(lo=-5, hi=5, rows_total=5, groups=1, cells=1, identifiers=1)
    release, cap = release_promise([Noised(Mechanism(noise=GAUSSIAN, scale=scale), *worst)], DELTA), cap_promise(Fraction(2), DELTA)
    assert release.epsilon <= cap.epsilon
    assert release.change_epsilon <= cap.change_epsilon
    assert release.change_epsilon == pytest.approx(cap.change_epsilon, rel=1e-6)


def test_disclosure_names_what_a_reader_needs() -> None:
    mechanism = Mechanism(noise=GAUSSIAN, scale=3.0)
    one = Constant(value=1)
    plan = Plan(
        contract="sha256:" + "0" * 64,
        protection="server",
        facts=(),
        parts=(Part(owner="clinic", population="patients", relation=Scan(dataset="visits", name="visits", columns=())),),
        rows=PartRows(part=0),
        keys=(),
        measures=(Measure(value=one, row_low=0, row_high=1, low=0, high=1),),
        strategies=((Marginal(kept=(), mechanism=mechanism),),),
        bounds=Bounds(rows=1, groups=1, keep_groups=False, identifiers=2),
        finish=Finish(sets=((),), outputs=(Output(value=one, kind=Kind.INTEGER, noisy=True),)),
    )
    noise = MeasureNoise(
        measure=0,
        kept=(),
        mechanism=mechanism,
        digits=0,
        add_remove_l1="2",
        add_remove_l2_squared="4",
        change_l1="2",
        change_l2_squared="4",
    )
    promise = release_promise([Noised(mechanism, *COUNT)], DELTA)
    disclosed = disclosure(
        plan=plan, noise=[noise], sampler="opendp 1", charge=Charge(rho=5), promise=promise, cap=cap_promise(Fraction(2), DELTA)
    )
    assert json.loads(json.dumps(disclosed, allow_nan=False)) == disclosed
    assert disclosed["privacy_unit"]["identifiers_per_person"] == 2
    assert disclosed["privacy_unit"]["populations"] == ["clinic/patients"]
    assert disclosed["guarantee"]["release"]["epsilon"] == promise.epsilon
    assert disclosed["guarantee"]["rho_in_1e-12"] == 5
    assert disclosed["mechanisms"][0]["mechanism"] == {"noise": "discrete_gaussian", "scale": 3.0}
    assert disclosed["mechanisms"][0]["person_total_high"] == "1"
    assert disclosed["trust"]["assumes"] == "an honest operator"
    assert disclosed["sampler"] == "opendp 1"
