"""A training from SQL to parameters: each owner reads its own rows, and nothing but masked sums leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as Pooled

from stillroom.adapters.duckdb.source_rows import SourceReader
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.errors import Code, Refusal
from stillroom.learning.contributing import contribution_of, noisy
from stillroom.learning.fitting import model_of, rows_of
from stillroom.learning.predicting import predict_probability
from stillroom.learning.rounds import train_together
from stillroom.learning.secure_sum.member import Member
from stillroom.learning.trained import trained_model
from stillroom.learning.training import together, train
from stillroom.model.training import Descent, Linear, Logistic, Multinomial, Poisson
from tests.modelled import without_noise
from tests.secure_sums import signing_key
from tests.training import cohort, compiled, three_hospitals, visits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from stillroom.learning.models.model import Step
    from stillroom.learning.rounds import Trained
    from stillroom.learning.rows import Rows, Whole
    from stillroom.learning.secure_sum.session import Session
    from stillroom.model.schema import Scalar
    from stillroom.model.training import TrainingPlan

READER = SourceReader()


class Here:
    """The owners of one round, all in this process; some leave before a stage."""

    def __init__(self, session: Session, vectors: Mapping[str, Callable[[], Whole]], lost: Mapping[str, Collection[str]]) -> None:
        """Let every owner take part, up to the stage in which it is lost."""
        entropy = SystemEntropy()
        self._members = {name: Member(session, name, signing_key(name), entropy, vectors[name]) for name in session.members}
        self._lost, self._gone = lost, set[str]()

    def _asked(self, stage: str, names: Collection[str]) -> list[str]:
        self._gone |= set(self._lost.get(stage, ()))
        return [name for name in names if name not in self._gone]

    def advertise(self, names: Collection[str]) -> dict[str, Any]:
        """Ask for advertisements."""
        return {name: self._members[name].advertise() for name in self._asked("advertise", names)}

    def share(self, relay: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for parcels."""
        return {name: self._members[name].share(relay[name]) for name in self._asked("share", relay)}

    def mask(self, relay: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for masked vectors."""
        return {name: self._members[name].mask(relay[name]) for name in self._asked("mask", relay)}

    def confirm(self, relay: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for confirmations."""
        return {name: self._members[name].confirm(relay[name]) for name in self._asked("confirm", relay)}

    def reveal(self, relay: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for shares."""
        return {name: self._members[name].reveal(relay[name]) for name in self._asked("reveal", relay)}


def rows(plan: TrainingPlan, people: int) -> dict[str, Rows]:
    """Return what each owner reads of its own tables."""
    tables = cohort(len(plan.sources), people)
    return {owner: rows_of(source, READER.read(source, tables[owner])) for owner, source in plan.sources.items()}


def trained(plan: TrainingPlan, owners: Mapping[str, Rows], *, noise: bool, lost: Mapping[str, Collection[str]] | None = None) -> Trained:
    """Train by secure sums."""
    sampler, entropy = OpendpNoise(), SystemEntropy()

    def vector(owner: str, step: Step) -> Whole:
        exact = contribution_of(plan, owner, step, owners[owner])
        return noisy(plan, exact, sampler, entropy) if noise else exact

    def members(session: Session, step: Step) -> Here:
        return Here(session, {owner: lambda owner=owner: vector(owner, step) for owner in owners}, lost or {})  # type: ignore[misc]

    return train_together(three_hospitals(len(owners)), plan, "run-1", members)


@pytest.mark.parametrize(
    "fit",
    [Linear(), Logistic(), Descent(rounds=4), Multinomial(), Poisson()],
    ids=["linear", "logistic", "descent", "multinomial", "poisson"],
)
def test_masked_sums_train_what_plain_sums_train(fit: Any) -> None:  # noqa: ANN401 - one of several
    label = {"linear": "grade", "poisson": "grade"}.get(fit.kind, "ill")
    plan = compiled(fit, label=label).plan
    owners = rows(plan, 40)
    model: Any = model_of(fit, plan.sources["hospital0"], plan.clip, plan.bound)
    record, contributors = trained(plan, owners, noise=False)
    assert contributors == (tuple(plan.sources),) * len(plan.lengths)
    deviation = record.deviation
    assert record == train(model, deviation, together(model, list(owners.values()), without_noise))
    assert deviation > 0


def test_without_clipping_and_noise_it_is_the_pooled_model() -> None:
    plan = compiled(Logistic(rounds=30), clip=1.0, epsilon=100.0).plan
    owners = list(rows(plan, 300).values())
    model: Any = model_of(plan.fit, plan.sources["hospital0"], 1.0, 2**20)
    found = train(model, 0.0, together(model, owners, without_noise)).parameters
    features, label = np.vstack([one.features for one in owners]), np.concatenate([one.label for one in owners])
    weights = Pooled(C=1.0, fit_intercept=True, max_iter=10_000, tol=1e-10).fit(features[:, :-1], label)
    expected = [*weights.coef_[0], weights.intercept_[0] / features[0, -1]]
    assert found == pytest.approx(expected, abs=0.02)


def test_with_noise_it_learns_what_there_is_to_learn() -> None:
    """Being old is worse than being young, and smoking is bad: at ε = 20 for 1,500 people the signs are beyond doubt."""
    plan = compiled(epsilon=20.0, owners_per_person=1).plan
    found = compiled(epsilon=20.0, owners_per_person=1)
    record, contributors = trained(plan, rows(plan, 500), noise=True)
    age, _, _, smoker, _ = record.parameters
    assert age > 0
    assert smoker > 0
    model = trained_model(three_hospitals(), found, record, contributors)
    assert model.promise.epsilon <= 20.0
    old, young = ({"age": years, "bmi": 30, "sex": "f", "smoker": True} for years in (85, 20))
    assert predict_probability(model, [old])[0][True] > predict_probability(model, [young])[0][True]


def test_whoever_drops_out_is_left_out_of_the_sum() -> None:
    plan = compiled(number=4, fewest=3).plan
    owners = rows(plan, 30)
    record, contributors = trained(plan, owners, noise=False, lost={"mask": ["hospital3"]})
    assert contributors == (("hospital0", "hospital1", "hospital2"),) * 2
    model: Any = model_of(plan.fit, plan.sources["hospital0"], plan.clip, plan.bound)
    stayed = [owners[f"hospital{place}"] for place in range(3)]
    assert record == train(model, record.deviation, together(model, stayed, without_noise))


@pytest.mark.parametrize("stage", ["advertise", "share", "mask", "confirm", "reveal"])
def test_with_too_few_nothing_is_opened(stage: str) -> None:
    plan = compiled().plan
    with pytest.raises(Refusal) as refusal:
        trained(plan, rows(plan, 5), noise=False, lost={stage: ["hospital1"]})
    assert refusal.value.code is Code.ROUND_ABORTED


def test_a_number_that_is_missing_stands_in_the_middle_and_a_row_without_a_label_is_left_out() -> None:
    plan = compiled().plan
    source = plan.sources["hospital0"]
    given: list[dict[str, Scalar]] = [
        {"person": 0, "age": 18, "bmi": 600, "sex": "f", "smoker": False, "ill": True},
        {"person": 0, "age": None, "bmi": None, "sex": None, "smoker": None, "ill": False},
        {"person": 1, "age": 90, "bmi": 100, "sex": "m", "smoker": True, "ill": None},
    ]
    found = rows_of(source, READER.read(source, {"visits0": visits(given)["visits"]})).by_person()
    order = np.argsort(found.label)
    assert found.features[order].tolist() == [[0.0, 0.0, 0.0, 0.0, 0.5], [-1.0, 1.0, -0.5, -0.5, 0.5]]
    assert found.label[order].tolist() == [0.0, 1.0]
