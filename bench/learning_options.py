"""What was considered instead of few noisy rounds, at the same ε and on the same features and splits (ADR 47).

Where it says so, an option has the best of several settings, known only afterwards and chosen without paying for it; ours has one. Output
and objective perturbation need the rows in one place. Noise of options is normal, from a seeded generator: for comparison only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bench.accuracy.figures import Spread
from bench.learning import CLIPPED, DELTA, EPSILON, Split, pooled_fit, split, trained
from bench.report import Row
from stillroom.learning.models.logistic import LogisticRegression
from stillroom.privacy.accountant import rho_from

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.learning_tables import Table
    from stillroom.learning.rows import Reals

    Fit = Callable[[Reals, Reals], Reals]

RHO = float(rho_from(EPSILON, DELTA))
GENERATOR = np.random.default_rng(47)
SPLITS, TRAININGS = 8, 3


def options(tables: Sequence[Table]) -> list[Row]:
    """Return a line for each table and option."""
    return [row for table in tables for row in _of(table)]


def _of(table: Table) -> list[Row]:
    parts = [split(table, number) for number in range(SPLITS)]
    norm = CLIPPED * table.scaling.largest_norm
    losses = {name: _best([_lost(parts, fit, norm) for fit in fits]) for name, fits in CENTRAL.items()}
    width = table.scaling.width
    ours = LogisticRegression(features=width, norm=norm)
    for rounds in (1, 2, 3):
        losses[f"curvature once, {rounds} rounds"] = _lost_by_ours(parts, ours.model_copy(update={"rounds": rounds}))
    for rounds in (2, 4):
        newton = ours.model_copy(update={"rounds": rounds, "curvature": "each"})
        losses[f"curvature in each of {rounds} rounds"] = _lost_by_ours(parts, newton)
    workload = f"{table.name}: options at ε = 1"
    return [Row(workload, name, f"{loss.mean:.4f} ± {loss.error:.4f} lost") for name, loss in losses.items()]


def _best(losses: Sequence[Spread]) -> Spread:
    return min(losses, key=lambda loss: loss.mean)


def _lost(parts: Sequence[Split], fit: Fit, norm: float) -> Spread:
    found = []
    for part in parts:
        best = part.auc(pooled_fit(part.owners))
        features = np.concatenate([rows.features for rows in part.owners])
        label = np.concatenate([rows.label for rows in part.owners])
        clipped = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), norm)
        found += [best - part.auc([float(number) for number in fit(clipped, label)]) for _ in range(TRAININGS)]
    return Spread.of(found)


def _lost_by_ours(parts: Sequence[Split], model: LogisticRegression) -> Spread:
    found = []
    for part in parts:
        best = part.auc(pooled_fit(part.owners))
        found += [best - part.auc(trained(model, part.owners).parameters) for _ in range(TRAININGS)]
    return Spread.of(found)


def _gradient(features: Reals, label: Reals, coefficients: Reals) -> Reals:
    chances = 1 / (1 + np.exp(-np.clip(features @ coefficients, -30, 30)))
    return np.asarray(features.T @ (label - chances), dtype=np.float64)


def _descent(rounds: int, rate: float) -> Fit:
    """Noisy gradient descent on all rows (DP-SGD without sampling, which parties that see each other's rounds cannot keep secret)."""

    def fit(features: Reals, label: Reals) -> Reals:
        coefficients = average = np.zeros(features.shape[1])
        deviation = math.sqrt(rounds / (2 * RHO))
        for done in range(rounds):
            noisy = _gradient(features, label, coefficients) + GENERATOR.normal(scale=deviation, size=len(coefficients))
            coefficients = coefficients + rate / len(label) * noisy
            average = average + coefficients * (done >= rounds // 2)
        return average

    return fit


def _optimum(features: Reals, label: Reals, tilt: Reals, *, ridge: float) -> Reals:
    """Return the least of the loss + ridge/2·‖θ‖² + tilt·θ, by Newton's method."""
    coefficients = np.zeros(features.shape[1])
    for _ in range(30):
        chances = 1 / (1 + np.exp(-np.clip(features @ coefficients, -30, 30)))
        curvature = (features * (chances * (1 - chances))[:, np.newaxis]).T @ features + ridge * np.eye(len(coefficients))
        slope = features.T @ (label - chances) - ridge * coefficients - tilt
        coefficients = coefficients + np.linalg.solve(curvature, slope)
    return coefficients


def _output(ridge: float) -> Fit:
    """Output perturbation (Chaudhuri, Monteleoni and Sarwate 2011): one person moves the optimum by 1/ridge at most."""

    def fit(features: Reals, label: Reals) -> Reals:
        width = features.shape[1]
        deviation = 1 / ridge / math.sqrt(2 * RHO)
        return _optimum(features, label, np.zeros(width), ridge=ridge) + GENERATOR.normal(scale=deviation, size=width)

    return fit


def _objective(ridge: float) -> Fit:
    """Objective perturbation (Kifer, Smith and Thakurta 2012, with Gaussian noise): its σ, and at least its ridge of 2·(1/4)/ε."""

    def fit(features: Reals, label: Reals) -> Reals:
        epsilon = float(EPSILON)
        deviation = math.sqrt(8 * math.log(2 / float(DELTA)) + 4 * epsilon) / epsilon
        tilt = np.asarray(GENERATOR.normal(scale=deviation, size=features.shape[1]))
        return _optimum(features, label, tilt, ridge=max(ridge, 0.5 / epsilon))

    return fit


def _functional(threshold: float) -> Fit:
    """The functional mechanism (Zhang et al. 2012) in zCDP: noisy coefficients of Taylor's series; what is lost in noise is cut."""

    def fit(features: Reals, label: Reals) -> Reals:
        width = features.shape[1]
        scale = 1 / math.sqrt(RHO)
        noise = np.triu(GENERATOR.normal(scale=scale / 4, size=(width, width)) * np.where(np.eye(width), 1, math.sqrt(0.5)))
        values, vectors = np.linalg.eigh(features.T @ features / 4 + noise + np.triu(noise, 1).T)
        slope = features.T @ (label - 0.5) + GENERATOR.normal(scale=scale / 2, size=width)
        kept = values > threshold * scale / 4
        return np.asarray((vectors[:, kept] / values[kept]) @ (vectors[:, kept].T @ slope), dtype=np.float64)

    return fit


CENTRAL: dict[str, list[Fit]] = {
    "noisy gradient descent, 40 rounds": [_descent(40, 16.0)],
    "noisy gradient descent, best of 9": [_descent(rounds, rate) for rounds in (10, 30, 100) for rate in (2.0, 8.0, 30.0)],
    "output perturbation, best of 4": [_output(ridge) for ridge in (3.0, 10.0, 30.0, 100.0)],
    "objective perturbation, best of 4": [_objective(ridge) for ridge in (0.5, 2.0, 5.0, 15.0)],
    "functional mechanism, best of 4": [_functional(threshold) for threshold in (0.5, 1.0, 2.0, 4.0)],
}
