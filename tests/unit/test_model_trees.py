"""Trees on public bins: those of scikit-learn without noise; with noise, no split that noise could have made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from stillroom.errors import Code, InvalidInput
from stillroom.learning.models.bins import Bins
from stillroom.learning.models.forest import bare, forest_of
from stillroom.learning.models.splits import NOWHERE, Histogram, Sums
from stillroom.learning.models.trees import BoostedTrees
from stillroom.learning.rows import Rows
from stillroom.learning.scaling import NOWHERE as NO_VALUE
from stillroom.learning.scaling import Bounded, Listed, Scaling
from stillroom.learning.training import together, train
from tests.modelled import owners_of, squared_norm, with_noise, without_noise

if TYPE_CHECKING:
    from stillroom.learning.rows import Reals, Whole

GENERATOR = np.random.default_rng(11)
SCALING = Scaling(columns=(Bounded(low=0.0, high=10.0), Bounded(low=-1.0, high=1.0), Listed(size=2), Listed(size=4)))
TABLE = [GENERATOR.uniform(0, 10, 1500), GENERATOR.normal(0, 0.5, 1500), GENERATOR.integers(0, 2, 1500), GENERATOR.integers(0, 4, 1500)]
FEATURES = SCALING.features(TABLE)
SCORE = np.sin(TABLE[0]) * 2 + TABLE[1] * (TABLE[3] == 2) * 3 - TABLE[2] - 0.7
LABEL = (1 / (1 + np.exp(-SCORE)) > GENERATOR.uniform(size=1500)).astype(float)
MODEL = BoostedTrees(columns=SCALING.columns, trees=6, depth=3, bins=16, rate=0.3, ridge=0.0)
OWNERS = owners_of(FEATURES, LABEL)
BINS = Bins(SCALING.columns, intercept=True, each=8)


def same_bins(features: Reals) -> Reals:
    """Return what scikit-learn is given: the bin of each number, and of each listed value whether it is this one."""
    places = Bins(SCALING.columns, intercept=True, each=16).places(features)
    return np.column_stack([places[:, :2], *(places[:, [column]] == np.arange(size) for column, size in ((2, 2), (3, 4)))]).astype(float)


def test_without_noise_trees_are_those_of_scikit_learn() -> None:
    record = train(MODEL, 0.0, together(MODEL, OWNERS, without_noise))
    ours = MODEL.scores(record.parameters, FEATURES)
    pooled = HistGradientBoostingClassifier(
        learning_rate=0.3, max_iter=6, max_depth=3, max_leaf_nodes=None, min_samples_leaf=1, early_stopping=False
    ).fit(same_bins(FEATURES), LABEL)
    assert np.abs(ours - pooled.decision_function(same_bins(FEATURES))).max() < 1e-3


def test_with_little_noise_they_are_nearly_as_good() -> None:
    without = MODEL.scores(train(MODEL, 0.0, together(MODEL, OWNERS, without_noise)).parameters, FEATURES)
    deviation = 2.0 * MODEL.bound
    noisy = MODEL.scores(train(MODEL, deviation, together(MODEL, OWNERS, with_noise(deviation, 3))).parameters, FEATURES)
    assert roc_auc_score(LABEL, noisy) >= roc_auc_score(LABEL, without) - 0.03


def test_a_row_stands_in_one_bin_of_each_column_and_no_norm_is_wasted() -> None:
    """At score 0, with a label of 1, gradient and Hessian are both as large as can be."""
    model = MODEL.model_copy(update={"trees": 1, "depth": 2, "ridge": 1.0})
    step = model.step(model.begin())
    assert step is not None
    found = model.measure(step, Rows(FEATURES[:1], np.ones(1), np.zeros(1, dtype=np.int64)))
    gradients, hessians = found.reshape(2, -1)
    assert len(gradients) == 16 + 16 + 3 + 5
    assert [int((half > 0).sum()) for half in (gradients, hessians)] == [4, 4]
    assert gradients.max() == math.floor(2**20 * (0.9 / 4) ** 0.5)
    assert 0.999 * 2**20 <= squared_norm(found) ** 0.5 <= 2**20


def test_rows_fall_into_bins_of_the_bounds_and_domains() -> None:
    columns = [np.array([0.0, 1.24, 1.26, 10.0, 99.0]), np.zeros(5), np.array([0, 1, NO_VALUE, 7, 1]), np.array([3, NO_VALUE, 0, 9, 1])]
    assert BINS.places(SCALING.features(columns)).tolist() == [[0, 4, 0, 3], [0, 4, 1, 4], [1, 4, 2, 0], [7, 4, 2, 4], [7, 4, 1, 1]]
    assert BINS.starts == (0, 8, 16, 19, 24)


def histogram(gradients: Reals, hessians: Reals, deviation: float, seed: int) -> Histogram:
    """Return a histogram with noise of one deviation in gradients and a quarter of it in Hessians."""
    noise = np.random.default_rng(seed).normal(scale=deviation, size=(2, len(gradients)))
    return Histogram(BINS, gradients + noise[0], hessians + noise[1] / 4, deviation**2, (deviation / 4) ** 2)


def even(number: float) -> Reals:
    """Return sums over bins, as many in each column, of rows that are spread evenly over them."""
    return np.concatenate([np.full(size, number / size) for size in BINS.sizes])


@pytest.mark.parametrize("gradient", [0.0, 300.0])
def test_noise_splits_few_nodes_whose_rows_are_alike(gradient: float) -> None:
    """The greatest of the 20 chi-squares of such a node is beyond 2·ln 20 in a fifth of cases or so."""
    split = [histogram(even(gradient), even(500.0), 20.0, seed).best().column != NOWHERE for seed in range(400)]
    assert sum(split) < 100


def test_a_split_that_is_there_is_found_in_noise() -> None:
    gradients = even(0.0)
    gradients[:8] = [-60, -60, -60, -60, 60, 60, 60, 60]
    found = [histogram(gradients, even(500.0), 20.0, seed).best() for seed in range(50)]
    assert all(split.column == 0 and abs(split.place - 3) <= 1 for split in found)
    left = [split.left for split in found if split.place == 3]
    assert np.std([side.gradient for side in left]) == pytest.approx(left[0].gradient_variance ** 0.5, rel=0.3)
    assert np.std([side.hessian for side in left]) == pytest.approx(left[0].hessian_variance ** 0.5, rel=0.3)


def test_the_total_is_told_by_all_columns() -> None:
    totals = [histogram(even(40.0), even(500.0), 20.0, seed).total() for seed in range(300)]
    assert np.std([total.gradient for total in totals]) == pytest.approx(totals[0].gradient_variance ** 0.5, rel=0.15)
    assert np.mean([total.gradient for total in totals]) == pytest.approx(40, abs=5)
    assert totals[0].gradient_variance < 20.0**2 * 3


def test_noise_shrinks_leaves() -> None:
    leaves = [Sums(50.0, 100.0, variance, variance / 16).leaf(1.0) for variance in (0.0, 100.0, 1e4, 1e6)]
    assert leaves[0] == pytest.approx(50 / 101)
    assert leaves == sorted(leaves, reverse=True)
    assert leaves[-2] < 0.3
    assert leaves[-1] == 0.0


@pytest.mark.parametrize("score", [-2.0, 0.0, 1.5])
def test_sums_at_one_score_tell_those_at_another(score: float) -> None:
    chance = 1 / (1 + math.exp(-score))
    there = Sums(float((LABEL - chance).sum()), len(LABEL) * chance * (1 - chance))
    assert Sums(float((LABEL - 0.5).sum()), len(LABEL) / 4).seen_from(score) == pytest.approx(there)


def test_trees_of_another_model_are_refused() -> None:
    step = MODEL.step(MODEL.begin())
    assert step is not None
    for wrong in (step.parameters[:-1], (*step.parameters, 0), ()):
        with pytest.raises(InvalidInput) as caught:
            MODEL.measure(step.model_copy(update={"parameters": wrong}), OWNERS[0])
        assert caught.value.code is Code.DATA_INVALID


def test_trees_are_written_and_read_and_odd_ones_split_nothing() -> None:
    forest = bare(2, 2)
    forest.splits[1, 0] = [0, 3]
    forest.leaves[1] = [5, 0, -7, 0]
    flat = forest.flat()
    assert len(flat) == 1 + 2 * (6 + 4)
    places = BINS.places(FEATURES)
    again = forest_of(flat, 2, 2)
    assert again.flat() == flat
    expected: Whole = np.where(places[:, 0] > 3, -7, 5)
    assert (again.scores(places, BINS) * 2**16 == expected).all()
    odd = forest_of((2**80, *[2**70] * 20), 2, 2)
    assert np.isfinite(odd.scores(places, BINS)).all()
