"""Boosted trees: as good as scikit-learn's on the same public bins without noise, and what they lose with noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.accuracy.figures import Spread
from bench.learning import LARGE, Split, split, trained
from bench.report import Row
from stillroom.learning.models.bins import Bins
from stillroom.learning.models.trees import BoostedTrees
from stillroom.learning.scaling import Bounded
from stillroom.learning.training import together, train
from tests.modelled import without_noise

if TYPE_CHECKING:
    from bench.learning_tables import Table
    from stillroom.learning.rows import Reals

CLOSE = 0.003
"""Trees without noise have an AUC this near to scikit-learn's, on tables of `LARGE` rows: on small ones ties between splits, which are
decided otherwise, matter more."""

EXACT_SPLITS = 3
SPLITS, TRAININGS = 8, 2


def trees_of(table: Table) -> list[Row]:
    """Return the lines of a table."""
    columns = table.scaling.columns
    parts = [split(table, number) for number in range(SPLITS)]
    large = BoostedTrees(columns=columns, trees=20, depth=3, bins=16, rate=0.3, ridge=0.0)
    small = BoostedTrees(columns=columns)
    pairs = [(_auc(part, _exact(large, part)), _auc(part, _pooled(large, part))) for part in parts[:EXACT_SPLITS]]
    off = max(abs(ours - theirs) for ours, theirs in pairs)
    best = [_auc(part, _pooled(small, part)) for part in parts]
    noisy = [[_auc(part, small.scores(trained(small, part.owners).parameters, part.features)) for _ in range(TRAININGS)] for part in parts]
    lost = Spread.of([one - other for one, several in zip(best, noisy, strict=True) for other in several])
    workload = f"{table.name}: boosted trees, {len(table.label):,} rows, {len(columns)} columns, 3 owners"
    return [
        Row(
            workload,
            "Stillroom without noise",
            f"AUC {np.mean([ours for ours, _ in pairs]):.4f}, scikit-learn {np.mean([theirs for _, theirs in pairs]):.4f}: 20 trees",
            f"off by {off:.1e} at most",
            target=f"off by ≤ {CLOSE}" if len(table.label) >= LARGE else "",
            met=off <= CLOSE if len(table.label) >= LARGE else None,
        ),
        Row(
            workload,
            "Stillroom, ε = 1 for a person",
            f"AUC {np.mean(noisy):.4f} in {small.rounds} rounds, scikit-learn without noise {np.mean(best):.4f}: {small.trees} trees",
            f"{lost.mean:.4f} ± {lost.error:.4f} lost",
        ),
    ]


def _exact(model: BoostedTrees, part: Split) -> Reals:
    return model.scores(train(model, 0.0, together(model, part.owners, without_noise)).parameters, part.features)


def _pooled(model: BoostedTrees, part: Split) -> Reals:
    """Return the scores of scikit-learn's trees: of the bin of each number, and of each listed value whether it is this one."""
    from sklearn.ensemble import HistGradientBoostingClassifier as Pooled

    pooled = Pooled(
        learning_rate=model.rate,
        max_iter=model.trees,
        max_depth=model.depth,
        l2_regularization=model.ridge,
        max_leaf_nodes=None,
        min_samples_leaf=1,
        early_stopping=False,
    )
    features = np.concatenate([rows.features for rows in part.owners])
    pooled.fit(_binned(model, features), np.concatenate([rows.label for rows in part.owners]))
    return np.asarray(pooled.decision_function(_binned(model, part.features)), dtype=np.float64)


def _binned(model: BoostedTrees, features: Reals) -> Reals:
    places = Bins(model.columns, model.intercept, model.bins).places(features)
    found = [
        places[:, [number]] if isinstance(column, Bounded) else places[:, [number]] == np.arange(column.size)
        for number, column in enumerate(model.columns)
    ]
    return np.hstack(found).astype(np.float64)


def _auc(part: Split, scores: Reals) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(part.label, scores))
