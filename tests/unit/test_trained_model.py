"""What comes out of a training: a value made of public things, that promises what was paid for, and of one training only."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydantic import ValidationError

from stillroom.errors import Code, Unverified
from stillroom.learning.compile import compile_training
from stillroom.learning.fitting import model_of
from stillroom.learning.fitting import rows_of as training_rows
from stillroom.learning.predicting import predict, predict_probability
from stillroom.learning.rows import ReadRows
from stillroom.learning.trained import promises, trained_model
from stillroom.learning.training import together, train
from stillroom.model.charge import Charge
from stillroom.model.codec import decode, digest_of, encode
from stillroom.model.trained import TrainedModel, Unchecked, Variable
from stillroom.model.training import Linear, Logistic, Multinomial, Poisson
from stillroom.privacy.accountant import epsilon_from
from stillroom.privacy.noise_shares import norm_sensitivity, rho_of_sum
from tests.modelled import without_noise
from tests.trained import BASE, OWNERS, outcome, record_of
from tests.training import compiled, template, three_hospitals

if TYPE_CHECKING:
    from stillroom.model.training import Fit

DELTA = Fraction(1, 10**9)
PARAMETERS = (0.5, -1.25, 0.75, 2.0, -0.1)
CONTRACT = three_hospitals()
PLAIN = compiled()


def test_a_model_says_what_it_was_made_under_and_of() -> None:
    plan = PLAIN.plan
    assert (BASE.plan, BASE.contract, BASE.record) == (digest_of(plan), digest_of(CONTRACT), record_of(PLAIN, PARAMETERS).digest)
    assert (BASE.contract_name, BASE.contract_version, BASE.purpose, BASE.receivers) == ("study", 1, "tests", ("hospital0",))
    assert [one.name for one in BASE.features] == ["age", "bmi", "sex", "smoker"]
    assert (BASE.features[1].bounds, BASE.features[2].values, BASE.label.values) == ((10.0, 60.0), ("f", "m"), (False, True))
    assert (BASE.parameters, BASE.classes, BASE.width) == ((PARAMETERS,), (False, True), 5)
    assert (BASE.lengths, BASE.contributors, BASE.owners) == (plan.lengths, (OWNERS, OWNERS), 3)
    assert BASE.noise_multiplier == pytest.approx((2 * float(plan.share.squared)) ** 0.5 / (3 * plan.bound))


def test_rows_of_a_multinomial_model_are_those_of_its_values() -> None:
    label = {"label": "sex", "sources": {f"hospital{one}": f"SELECT age, smoker, sex FROM visits{one}" for one in range(3)}}
    assert outcome(Multinomial(), (1.0, 2.0, 3.0, 4.0, 5.0, 6.0), **label).parameters == ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    with pytest.raises(Unverified):
        outcome(Multinomial(), (1.0, 2.0, 3.0), **label)


@pytest.mark.parametrize("owners", [1, 2, 3])
def test_the_promise_is_that_of_a_person_in_all_owners_data(owners: int) -> None:
    """It is worked out here from the noise: honest shares of two owners, and one vector of each owner whose data the person is in."""
    model = outcome(owners_per_person=owners)
    plan = compiled(owners_per_person=owners).plan

    def rho(times: int) -> Fraction:
        return sum(
            (rho_of_sum(plan.share.squared, 2, norm_sensitivity((times * owners * plan.bound) ** 2, one)) for one in plan.lengths),
            Fraction(0),
        )

    assert model.promise.epsilon == pytest.approx(epsilon_from(rho(1), DELTA), rel=1e-9)
    assert model.promise.change_epsilon == pytest.approx(epsilon_from(rho(2), DELTA), rel=1e-9)
    assert epsilon_from(rho(1), DELTA) <= model.promise.epsilon <= 1
    assert (model.promise.delta, model.promise.conversion_delta) == (1e-9, 1e-9)
    assert (model.cap.epsilon, model.owners_per_person) == (50.0, owners)
    assert "at most 73.2 % of the time from this release" in model.sentences[0]


def test_draws_of_a_table_have_a_delta() -> None:
    plan = PLAIN.plan.model_copy(update={"tabled": True})
    exact, tabled = (promises(CONTRACT, one)[0] for one in (PLAIN.plan, plan))
    assert exact.delta < tabled.delta
    assert exact.epsilon <= tabled.epsilon


def test_what_was_not_verified_is_said() -> None:
    always = {Unchecked.NORM, Unchecked.NOISE, Unchecked.ROWS, Unchecked.ACCURACY}
    assert set(BASE.unchecked) == always
    assert set(outcome(owners_per_person=1).unchecked) == always | {Unchecked.DISJOINT}
    checked = trained_model(CONTRACT, PLAIN, record_of(PLAIN, PARAMETERS), [OWNERS] * 2, norms_verified=True)
    assert set(checked.unchecked) == always - {Unchecked.NORM}


def test_a_person_with_several_identifiers_is_paid_for() -> None:
    """With two identifiers each person moves a sum twice as far, which the plan's noise counts; one that does not makes no model."""
    contract = CONTRACT.model_copy(update={"identifiers_per_person": 2})
    found = compile_training(contract, digest_of(contract), template())
    assert found.plan.norm == 2 * found.plan.owners_per_person * found.plan.bound
    model = trained_model(contract, found, record_of(found, PARAMETERS), [OWNERS] * 2)
    assert model.promise.epsilon <= 1.0
    assert model.promise.epsilon == pytest.approx(BASE.promise.epsilon, rel=1e-3)
    single = PLAIN.plan.model_copy(update={"contract": digest_of(contract)})
    assert promises(contract, single)[0].epsilon == pytest.approx(BASE.promise.change_epsilon)
    cheap = PLAIN.model_copy(update={"plan": single})
    with pytest.raises(Unverified):
        trained_model(contract, cheap, record_of(cheap, PARAMETERS), [OWNERS] * 2)


REFUSED: dict[str, dict[str, Any]] = {
    "another contract": {"contract": three_hospitals(4)},
    "less was charged": {"compiled": PLAIN.model_copy(update={"charge": Charge(rho=PLAIN.charge.rho - 1_000)})},
    "nothing was charged": {"compiled": PLAIN.model_copy(update={"charge": Charge(rho=0)})},
    "a record without noise": {"record": record_of(PLAIN, PARAMETERS, deviation=0.0)},
    "a record with less noise": {"record": record_of(PLAIN, PARAMETERS, deviation=1e5)},
    "a record of another bound": {"record": record_of(PLAIN, PARAMETERS, bound=7)},
    "a record of fewer rounds": {"record": record_of(PLAIN, PARAMETERS, rounds=())},
    "too few contributors": {"contributors": [OWNERS, OWNERS[:2]]},
    "one contributor twice": {"contributors": [OWNERS, (*OWNERS[:2], OWNERS[0])]},
    "somebody else contributed": {"contributors": [OWNERS, (*OWNERS, "stranger")]},
    "a round without contributors": {"contributors": [OWNERS]},
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_of_one_training_is_refused(case: str) -> None:
    given = {"contract": CONTRACT, "compiled": PLAIN, "record": record_of(PLAIN, PARAMETERS), "contributors": [OWNERS, OWNERS]}
    with pytest.raises(Unverified) as caught:
        trained_model(**{**given, **REFUSED[case]})
    assert caught.value.code is Code.RELEASE_INVALID


def test_a_model_is_written_and_read_to_the_last_bit() -> None:
    numbers = (0.1, 1 / 3, -0.0, 5e-324, math.nextafter(1e308, math.inf))
    model = outcome(parameters=numbers)
    assert model.to_json()["parameters"] == [["0.1", "0.3333333333333333", "0.0", "5e-324", "1.0000000000000002e+308"]]
    again = decode(encode(model), TrainedModel)
    assert (again, digest_of(again)) == (model, digest_of(model))
    assert [number.hex() for number in again.parameters[0]] == [(number + 0.0).hex() for number in numbers]
    for text in ("0.10", "1_0", "nan", "inf", "1e999", "ten"):
        with pytest.raises(Unverified):
            decode(encode(model).replace(b'"0.1"', json.dumps(text).encode()), TrainedModel)


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": (PARAMETERS[:-1],)},
        {"parameters": (PARAMETERS, PARAMETERS)},
        {"parameters": ((*PARAMETERS[:-1], math.nan),)},
        {"fit": Linear()},
        {"fit": Poisson()},
        {"label": BASE.features[0]},
        {"fit": Poisson(), "label": Variable(name="n", low=-2, high=-1)},
        {"fit": Poisson(), "label": Variable(name="n", low=0, high=10, digits=1)},
        {"fit": Linear(), "parameters": (PARAMETERS, PARAMETERS)},
        {"features": (BASE.features[0], *BASE.features[:3])},
        {"contributors": (OWNERS,)},
        {"contributors": (OWNERS, (*OWNERS[:2], OWNERS[0]))},
        {"deviation": 0.0},
    ],
    ids=str,
)
def test_models_that_are_none(changes: dict[str, Any]) -> None:
    fields = {name: getattr(BASE, name) for name in TrainedModel.model_fields}
    with pytest.raises(ValidationError):
        TrainedModel.model_validate({**fields, **changes})


@pytest.mark.parametrize(
    "changes", [{"high": 0}, {"high": 2, "values": ("a", "b")}, {"high": 1, "values": ("a", "a")}, {"digits": -1}], ids=str
)
def test_variables_that_are_none(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Variable.model_validate({"name": "a", "low": 0, "high": 1, **changes})


def people(number: int) -> tuple[list[dict[str, Any]], ReadRows]:
    """Return people as somebody writes them, and as an owner reads them: of grade 3 where they are old or smoke, and ill then, too."""
    draw = np.random.default_rng(number)
    age, bmi, smoker = draw.integers(18, 91, number), draw.integers(100, 601, number), draw.integers(0, 2, number)
    grade = np.where((age > 54) | (smoker == 1), 3, 1)
    places = np.column_stack([age, bmi, np.arange(number) % 2, smoker, grade, grade == 3]).astype(np.float64)
    table = enumerate(zip(age, bmi, smoker, strict=True))
    rows = [{"age": int(a), "bmi": b / 10, "sex": "fm"[place % 2], "smoker": bool(s)} for place, (a, b, s) in table]
    return rows, ReadRows(np.arange(number), places)


@pytest.mark.parametrize(("fit", "label"), [(Linear(), "grade"), (Poisson(rounds=6), "grade"), (Logistic(rounds=6), "ill")], ids=str)
def test_a_model_predicts_what_was_trained(fit: Fit, label: str) -> None:
    """With noise that is accounted for, but not drawn: it draws parameters to zero."""
    found = compiled(fit, label=label, epsilon=100.0)
    plan, (rows, read) = found.plan, people(4_000)
    source = plan.sources["hospital0"]
    learned = read.values[:, [0, 1, 2, 3, 5 if label == "ill" else 4]]
    owned = training_rows(source, ReadRows(read.person, learned))
    model = model_of(fit, source, plan.clip, plan.bound)
    record = train(model, record_of(found, ()).deviation, together(model, [owned], without_noise))
    made = trained_model(CONTRACT, found, record, [OWNERS] * len(plan.lengths))
    said = np.array([one[True] for one in predict_probability(made, rows)] if made.classes else predict(made, rows), dtype=float)
    expected = owned.features @ np.array(record.parameters)
    assert np.allclose(
        said,
        {"linear": expected, "poisson": np.minimum(np.exp(expected), 3), "logistic": 1 / (1 + np.exp(-expected))}[fit.kind],
        rtol=1e-12,
    )
    assert np.corrcoef(said, learned[:, 4])[0, 1] > 0.4
    assert said.mean() == pytest.approx(learned[:, 4].mean(), rel=0.1)
