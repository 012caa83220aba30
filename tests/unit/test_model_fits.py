"""What models learn: without noise what scikit-learn learns from pooled rows; with noise, and from odd rows, something finite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.cluster import KMeans as PooledKMeans
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.metrics import roc_auc_score

from stillroom.learning.models.descent import DescentRegression
from stillroom.learning.models.features import Curve, packed, predictors, unpacked
from stillroom.learning.models.kmeans import KMeans
from stillroom.learning.models.linear import LinearRegression
from stillroom.learning.models.logistic import LogisticRegression
from stillroom.learning.models.multinomial import MultinomialRegression
from stillroom.learning.models.poisson import PoissonRegression
from stillroom.learning.scaling import Bounded, Scaling
from stillroom.learning.training import together, train
from tests.modelled import MAKERS, norm_of, owners_of, sample, with_noise, without_noise

if TYPE_CHECKING:
    from stillroom.learning.rows import Rows

FEATURES = sample(900, 4)
TRUTH = np.array([2.0, -1.0, 0.5, 0.0, -0.6])
CHANCE = np.random.default_rng(6).uniform(size=900)
LABEL = (1 / (1 + np.exp(-FEATURES @ TRUTH)) > CHANCE).astype(float)
NORM = norm_of(4)


def exactly(model: Any, owners: list[Rows]) -> np.ndarray[Any, np.dtype[np.float64]]:  # noqa: ANN401  # models have states of their own
    return np.array(train(model, 0.0, together(model, owners, without_noise)).parameters)


@pytest.mark.parametrize("ridge", [0.0, 1.0, 30.0])
def test_newton_finds_what_pooled_training_finds(ridge: float) -> None:
    model = LogisticRegression(features=5, norm=NORM, ridge=ridge, rounds=10, curvature="each")
    found = exactly(model, owners_of(FEATURES, LABEL))
    pooled = linear_model.LogisticRegression(C=1 / ridge if ridge else math.inf, tol=1e-10, max_iter=1000).fit(FEATURES[:, :-1], LABEL)
    assert np.allclose(found[:-1], pooled.coef_[0], atol=1e-3)
    assert found[-1] / 2 == pytest.approx(pooled.intercept_[0], abs=1e-3)


def test_a_curvature_measured_once_gets_there_too() -> None:
    model = LogisticRegression(features=5, norm=NORM, rounds=60)
    newton = LogisticRegression(features=5, norm=NORM, rounds=10, curvature="each")
    owners = owners_of(FEATURES, LABEL)
    assert np.allclose(exactly(model, owners), exactly(newton, owners), atol=1e-3)


@pytest.mark.parametrize("ridge", [1.0, 30.0])
def test_descent_gets_there_too(ridge: float) -> None:
    model = DescentRegression(features=5, norm=NORM, ridge=ridge, rounds=600)
    found = exactly(model, owners_of(FEATURES, LABEL))
    pooled = linear_model.LogisticRegression(C=1 / ridge, tol=1e-10, max_iter=1000).fit(FEATURES[:, :-1], LABEL)
    assert np.allclose(found[:-1], pooled.coef_[0], atol=2e-3)
    assert found[-1] / 2 == pytest.approx(pooled.intercept_[0], abs=2e-3)


@pytest.mark.parametrize("features", [np.full((400, 3), 1.0), np.full((400, 3), 1e-3)])
def test_no_step_of_descent_is_too_long(features: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    """Also where all rows are alike, so that the curvature is as large as it can be: the loss without noise does not grow."""
    label = (np.arange(400) % 4 == 0).astype(float)
    losses = []
    for rounds in (1, 5, 50, 400):
        found = exactly(DescentRegression(features=3, norm=math.sqrt(3), ridge=0.0, rounds=rounds), owners_of(features, label))
        losses.append(np.mean(np.logaddexp(0, features @ found) - label * (features @ found)))
    assert losses == sorted(losses, reverse=True)


def test_a_step_of_descent_depends_on_the_noisy_sum_alone() -> None:
    """The length of a step is by the count in the sum, and by its noise where that is all there is."""
    model = DescentRegression(features=1, norm=1.0, rounds=2, bound=1000, share=0.25)
    total = np.array([round(1000 * 0.75**0.5), 500 * 80], dtype=np.int64)
    by_count = model.advance(model.begin(), total, 0.0).point[0]
    assert by_count == pytest.approx(0.5 / (80 / 4), rel=1e-3)
    by_noise = model.advance(model.begin(), total, 500 * 40.0).point[0]
    assert by_noise == pytest.approx(0.5 / (120 / 4 + 1), rel=1e-3)


def test_newton_ranks_real_patients_as_pooled_training_does() -> None:
    """Bounds are those of the table's documentation, rounded."""
    data, target = load_breast_cancer(return_X_y=True)
    scaling = Scaling(columns=tuple(Bounded(low=0.0, high=float(high)) for high in np.abs(data).max(axis=0)))
    features = scaling.features(list(data.T))
    model = LogisticRegression(features=31, norm=scaling.largest_norm, rounds=12, curvature="each")
    pooled = linear_model.LogisticRegression(tol=1e-8, max_iter=1000).fit(features[:, :-1], target)
    ours = roc_auc_score(target, features @ exactly(model, owners_of(features, target.astype(float))))
    assert abs(ours - roc_auc_score(target, pooled.decision_function(features[:, :-1]))) <= 1e-4


@pytest.mark.parametrize("ridge", [0.0, 5.0])
def test_linear_regression_is_that_of_pooled_rows(ridge: float) -> None:
    label = 40 + 10 * FEATURES @ TRUTH + 3 * (CHANCE - 0.5)
    model = LinearRegression(features=5, norm=NORM, ridge=ridge, label=Bounded(low=10.0, high=80.0))
    found = exactly(model, owners_of(FEATURES, label))
    pooled = linear_model.Ridge(alpha=ridge).fit(FEATURES[:, :-1], label)
    assert np.allclose(found[:-1], pooled.coef_, atol=0.02)
    assert found[-1] / 2 == pytest.approx(pooled.intercept_, abs=0.02)


def test_without_an_intercept_zero_is_zero() -> None:
    label = 10 * FEATURES[:, :-1] @ TRUTH[:-1]
    model = LinearRegression(features=4, norm=2.0, ridge=1.0, intercept=False, label=Bounded(low=-10.0, high=40.0))
    pooled = linear_model.Ridge(alpha=1.0, fit_intercept=False).fit(FEATURES[:, :-1], np.clip(label, -10, 40))
    assert np.allclose(exactly(model, owners_of(np.ascontiguousarray(FEATURES[:, :-1]), label)), pooled.coef_, atol=0.02)


@pytest.mark.parametrize("typical", [1.0, 4.0])
def test_poisson_regression_is_that_of_pooled_rows(typical: float) -> None:
    label = np.floor(np.exp(FEATURES @ TRUTH + 1.2) + CHANCE)
    model = PoissonRegression(features=5, norm=NORM, largest=100, typical=typical, rounds=15)
    found = exactly(model, owners_of(FEATURES, label))
    pooled = linear_model.PoissonRegressor(alpha=1 / len(label), tol=1e-10, max_iter=5000).fit(FEATURES[:, :-1], label)
    assert np.allclose(found[:-1], pooled.coef_, atol=2e-3)
    assert found[-1] / 2 == pytest.approx(pooled.intercept_, abs=2e-3)


def test_multinomial_regression_is_that_of_pooled_rows() -> None:
    data, target = load_iris(return_X_y=True)
    features = Scaling(columns=(Bounded(low=0.0, high=8.0),) * 4).features(list(data.T))
    model = MultinomialRegression(features=5, classes=3, norm=NORM, rounds=400)
    found = exactly(model, owners_of(features, target.astype(float))).reshape(3, 5)
    pooled = linear_model.LogisticRegression(tol=1e-9, max_iter=5000).fit(features[:, :-1], target)
    assert np.allclose(found[:, :-1], pooled.coef_, atol=5e-3)
    assert (found.sum(axis=0).round(3) == 0).all()


def test_centres_are_about_as_good_as_those_of_pooled_rows() -> None:
    data, _ = load_iris(return_X_y=True)
    features = Scaling(columns=(Bounded(low=0.0, high=8.0),) * 4, intercept=False).features(list(data.T))
    centres = exactly(KMeans(features=4, clusters=3, norm=2.0, rounds=20), owners_of(features, np.zeros(150))).reshape(3, 4)
    spread = ((features[:, np.newaxis] - centres[np.newaxis]) ** 2).sum(axis=2).min(axis=1).sum()
    assert spread <= 1.05 * PooledKMeans(3, n_init=5, random_state=1).fit(features).inertia_


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_models_are_trained_without_anybody(kind: str) -> None:
    model = MAKERS[kind](features=5, norm=NORM)
    assert np.isfinite(exactly(model, owners_of(np.zeros((0, 5)), np.zeros(0)))).all()


@pytest.mark.parametrize("ridge", [0.0, 1.0])
@pytest.mark.parametrize("kind", sorted(set(MAKERS) - {"kmeans"}))
def test_one_class_and_features_that_say_the_same_give_something_finite(kind: str, ridge: float) -> None:
    model = MAKERS[kind](features=6, norm=norm_of(5), ridge=ridge)
    features = np.hstack([FEATURES[:, :1], FEATURES])
    owners = owners_of(np.ascontiguousarray(features), np.ones(900))
    assert np.isfinite(exactly(model, owners)).all()
    assert np.isfinite(train(model, 1e6, together(model, owners, with_noise(1e6, 3))).parameters).all()


@pytest.mark.parametrize("kind", sorted(MAKERS))
@pytest.mark.parametrize("total", [2**62, -(2**62), 1])
def test_no_sum_is_too_strange(kind: str, total: int) -> None:
    """Whatever arrives, coefficients are finite and can be published."""
    model = MAKERS[kind](features=5, norm=NORM)
    state = model.begin()
    while (step := model.step(state)) is not None:
        state = model.advance(state, np.full(step.length, total, dtype=np.int64), 5.0)
    assert np.isfinite(model.parameters(state)).all()


def test_noise_draws_coefficients_to_zero_and_more_of_it_draws_more() -> None:
    model = LogisticRegression(features=5, norm=NORM)
    owners = owners_of(FEATURES, LABEL)
    lengths = []
    for deviation in (0.0, 2.0**20, 2.0**23, 2.0**26):
        found = [train(model, deviation, together(model, owners, with_noise(deviation, seed))).parameters for seed in range(20)]
        lengths.append(np.mean([np.linalg.norm(parameters) for parameters in found]))
    assert lengths[-1] < lengths[0] / 3


def test_curves_are_near_what_they_stand_for() -> None:
    numbers = np.linspace(-40, 40, 100_001)
    curve = Curve(lambda number: 1 / (1 + math.exp(-number)), -32, 32)
    assert np.abs(curve(numbers) - 1 / (1 + np.exp(-numbers))).max() < 2e-7
    exponential = Curve(math.exp, -16, math.log(50))
    assert np.abs(exponential(np.linspace(-16, 3.9, 10_001)) / np.exp(np.linspace(-16, 3.9, 10_001)) - 1).max() < 2e-6


def test_packing_keeps_norms_and_is_undone() -> None:
    vector = packed(FEATURES)
    assert np.allclose(np.linalg.norm(vector, axis=1), np.linalg.norm(FEATURES, axis=1) ** 2)
    assert np.allclose(unpacked(vector.sum(axis=0), 5), FEATURES.T @ FEATURES)


def test_predictors_are_exact() -> None:
    generator = np.random.default_rng(2)
    features = generator.integers(-(2**16), 2**16, (17, 1024))
    coefficients = tuple(int(number) for number in generator.integers(-(2**26), 2**26, 1024))
    exact = [sum(int(one) * other for one, other in zip(row, coefficients, strict=True)) for row in features]
    assert (predictors(features, coefficients)[:, 0] * 2**32).tolist() == exact
