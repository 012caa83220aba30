"""Learning together: how well rounds of bounded sums train a model, beside pooled rows and beside each owner alone.

Three owners have the rows of each table, by its natural sites where it has any. A quarter of the rows tests; AUCs are means over several
such splits, and over several trainings of each where there is noise, ± their standard error. All see the same features
(`bench.learning_tables`). Noise is OpenDP's, added to the sum of all owners; its share of each is the secure sum's affair.
"""

from __future__ import annotations

from fractions import Fraction
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bench.accuracy.figures import Spread
from bench.learning_tables import Table, tables
from bench.probe import say
from bench.report import Row
from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.learning.models.descent import DescentRegression
from stillroom.learning.models.logistic import LogisticRegression
from stillroom.learning.rows import Rows
from stillroom.learning.training import Added, State, TrainingRecord, deviation_for, lengths_of, together, train
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.privacy.accountant import rho_from
from stillroom.privacy.mechanisms import guarantee_of
from stillroom.privacy.sensitivity import Sensitivity
from tests.modelled import without_noise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.learning.models.model import Model, Step
    from stillroom.learning.rows import Reals, Whole

EPSILON, DELTA = Fraction(1), Fraction(1, 10**6)
SPLITS, TRAININGS = 8, 3
FRESH = 100
"""Splits are numbered from here: settings were chosen while looking at the first few, which are not measured."""

EXACT, PRIVATE = 1e-4, 0.02
LARGE = 4_000
"""Tables of so many rows have a target with noise."""

CLIPPED = 0.8
"""With noise, rows are clipped to this share of the largest norm: more would be noise for rows that hardly occur."""


class Split(NamedTuple):
    """One split of a table: rows of each owner to train on, and rows to test on."""

    owners: list[Rows]
    features: Reals
    label: Reals

    def auc(self, coefficients: Sequence[float]) -> float:
        """Return the area under the curve of a linear score of the test rows."""
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(self.label, self.features @ np.array(coefficients)))


class Case(NamedTuple):
    """What is measured on a table: its splits, the AUC of pooled training on each, and how often training with noise is repeated."""

    workload: str
    parts: Sequence[Split]
    pooled: Sequence[float]
    trainings: int


def learning(*, full: bool) -> list[Row]:
    """Measure each table."""
    from bench.learning_trees import trees_of

    repeats = 3 if full else 1
    found = []
    for table in tables():
        say(f"Training on {table.name} ...")
        found += [*measured(table, SPLITS * repeats, TRAININGS * repeats), *trees_of(table)]
    if full:
        from bench.learning_options import options

        say("Training by what was considered instead ...")
        found += options([table for table in tables() if len(table.label) >= LARGE])
    return found


def measured(table: Table, splits: int, trainings: int) -> list[Row]:
    """Return the lines of a table."""
    parts = [split(table, number) for number in range(splits)]
    pooled = [part.auc(pooled_fit(part.owners)) for part in parts]
    alone = [float(np.mean([part.auc(pooled_fit([rows])) for rows in part.owners])) for part in parts]
    width, norm = table.scaling.width, table.scaling.largest_norm
    newton = LogisticRegression(features=width, norm=norm, rounds=10, curvature="each")
    private = LogisticRegression(features=width, norm=CLIPPED * norm)
    descent = DescentRegression(features=width, norm=CLIPPED * norm)
    records = [train(newton, 0.0, together(newton, part.owners, without_noise)) for part in parts]
    exact = [part.auc(record.parameters) for part, record in zip(parts, records, strict=True)]
    off = max(abs(one - other) for one, other in zip(exact, pooled, strict=True))
    workload = f"{table.name}: logistic regression, {len(table.label):,} rows, {width} features, 3 owners"
    case = Case(workload, parts, pooled, trainings)
    return [
        Row(workload, "scikit-learn, pooled", f"AUC {np.mean(pooled):.4f}"),
        Row(workload, "scikit-learn, each owner alone", f"AUC {np.mean(alone):.4f}", _loss(fmean(pooled) - fmean(alone))),
        Row(
            workload,
            "Stillroom without noise",
            f"AUC {np.mean(exact):.4f} in {newton.rounds} rounds of {records[0].rounds[0].length} numbers",
            f"off by {off:.1e} at most",
            target=f"off by ≤ {EXACT:.0e}",
            met=off <= EXACT,
        ),
        with_noise(case, "Stillroom, ε = 1 for a person", private),
        with_noise(case, "Stillroom by descent, ε = 1 for a person", descent),
    ]


def with_noise(case: Case, name: str, model: Model[State]) -> Row:
    """Return the line of a linear model that is trained with noise, several times on each split."""
    noisy = [[part.auc(trained(model, part.owners).parameters) for _ in range(case.trainings)] for part in case.parts]
    lost = Spread.of([one - other for one, several in zip(case.pooled, noisy, strict=True) for other in several])
    large = sum(map(len, case.parts[0].owners)) + len(case.parts[0].label) >= LARGE
    lengths = ", ".join(str(length) for length in dict.fromkeys(lengths_of(model)))
    return Row(
        case.workload,
        name,
        f"AUC {np.mean(noisy):.4f} in {model.rounds} rounds of {lengths} numbers",
        f"{_loss(lost.mean)} ± {lost.error:.4f}",
        target=f"lost ≤ {PRIVATE}" if large else "",
        met=lost.mean <= PRIVATE if large else None,
    )


def split(table: Table, number: int) -> Split:
    """Return a split: three quarters of the rows to train on."""
    order = np.random.default_rng(FRESH + number).permutation(len(table.label))
    trained, tested = np.split(order, [len(order) * 3 // 4])
    parts = [np.sort(trained[table.owner[trained] == owner]) for owner in range(3)]
    owners = [Rows(table.features[part], table.label[part], part) for part in parts]
    return Split(owners, table.features[tested], table.label[tested])


def pooled_fit(owners: Sequence[Rows]) -> list[float]:
    """Return scikit-learn's coefficients; the last is that of our intercept, and adds the same to each score."""
    from sklearn.linear_model import LogisticRegression as Pooled

    features = np.concatenate([rows.features[:, :-1] for rows in owners])
    model = Pooled(tol=1e-8, max_iter=10_000).fit(features, np.concatenate([rows.label for rows in owners]))
    return [*model.coef_[0], 0.0]


def trained(model: Model[State], owners: Sequence[Rows]) -> TrainingRecord:
    """Return a training with noise for disjoint owners."""
    deviation = deviation_for(model, rho_from(EPSILON, DELTA), 1)
    return train(model, deviation, together(model, owners, opendp_added(deviation, model.bound)))


def opendp_added(deviation: float, norm: int) -> Added:
    """Return a sum with OpenDP's noise, which it confirms to be within the charge."""
    sensitivity = Sensitivity(l0=norm, l1=norm**2, l2_squared=norm**2, linf=norm)
    mechanism = Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=deviation)
    guarantee = guarantee_of(mechanism, sensitivity)
    noise = OpendpNoise()

    def added(step: Step, contributions: Sequence[Whole]) -> Whole:
        drawn = np.array(noise.draw(mechanism, step.length, guarantee), dtype=np.int64)
        return np.asarray(without_noise(step, contributions) + drawn, dtype=np.int64)

    return added


def _loss(lost: float) -> str:
    return f"{lost:.4f} lost"
