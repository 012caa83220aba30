"""From a plan of training to what its rounds compute: how columns are scaled, which model is fitted, and an owner's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stillroom.errors import Code, Refusal
from stillroom.learning.models.descent import DescentRegression
from stillroom.learning.models.linear import LinearRegression
from stillroom.learning.models.logistic import LogisticRegression
from stillroom.learning.models.multinomial import MultinomialRegression
from stillroom.learning.models.poisson import PoissonRegression
from stillroom.learning.rows import Rows
from stillroom.learning.scaling import NOWHERE, Bounded, Listed, Scaling
from stillroom.model.training import Descent, Linear, Logistic, Multinomial, Poisson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillroom.learning.models.model import Model
    from stillroom.learning.rows import ReadRows, Reals
    from stillroom.model.training import Feature, Fit, Source

_TWO = 2
_MOST_CLASSES = 2**8
_LARGEST_COUNT = 10**6


def scaling_of(source: Source) -> Scaling:
    """Return how the columns of a source become features between -1 and 1: by the bounds and domains of the contract, and an intercept."""
    return Scaling(columns=tuple(Listed(size=len(one.values)) if one.values else _bounded(one) for one in source.features))


def _bounded(feature: Feature) -> Bounded:
    unit = 10**feature.digits
    return Bounded(low=feature.low / unit, high=feature.high / unit)


def model_of(fit: Fit, source: Source, clip: float, bound: int) -> Model[Any]:  # states differ from model to model
    """Return the model that a fit makes of the columns of a source.

    Args:
        fit: What is fitted.
        source: An owner's source; those of all owners have the same columns.
        clip: The share of the largest norm to which rows are cut.
        bound: The largest L2 norm of a person's vector, in units.

    Raises:
        Refusal: `TYPE_MISMATCH` if the label is not of the kind that the model learns.
    """
    scaling, label = scaling_of(source), source.label
    width, norm = scaling.width, clip * scaling.largest_norm
    match fit:
        case Linear():
            _require(not label.values and label.low < label.high, label, "a linear model", "a number with two values at least")
            return LinearRegression(features=width, norm=norm, label=_bounded(label), ridge=fit.ridge, bound=bound)
        case Logistic():
            two = len(label.values) == _TWO
            _require(two, label, "a logistic model", "a truth value, or text with two listed values")
            return LogisticRegression(features=width, norm=norm, ridge=fit.ridge, rounds=fit.rounds, bound=bound)
        case Descent():
            two = len(label.values) == _TWO
            _require(two, label, "a logistic model", "a truth value, or text with two listed values")
            return DescentRegression(features=width, norm=norm, ridge=fit.ridge, rounds=fit.rounds, bound=bound)
        case Multinomial():
            classes = len(label.values)
            _require(_TWO <= classes <= _MOST_CLASSES, label, "a multinomial model", "text with 2 to 256 listed values")
            return MultinomialRegression(features=width, classes=classes, norm=norm, ridge=fit.ridge, rounds=fit.rounds, bound=bound)
        case Poisson():
            counts = not label.values and label.digits == 0 and 0 <= label.low <= label.high <= _LARGEST_COUNT and label.high > 0
            _require(counts, label, "a Poisson model", "whole numbers from 0 up to a million at most")
            return PoissonRegression(
                features=width, norm=norm, largest=label.high, typical=fit.typical, ridge=fit.ridge, rounds=fit.rounds, bound=bound
            )


def _require(holds: bool, label: Feature, model: str, what: str) -> None:  # noqa: FBT001 - what is required
    if not holds:
        raise Refusal(Code.TYPE_MISMATCH, f"The label {label.name!r} is not what {model} learns.", f"Its label is {what}.")


def rows_of(source: Source, read: ReadRows) -> Rows:
    """Return an owner's rows as a model takes them.

    A number that is missing stands in the middle of its bounds, and any other value that is missing is none of those listed: both are zero
    as features. A row whose label is missing is left out. Each row becomes what it does by itself, whatever others there are.

    Raises:
        InvalidInput: `DATA_INVALID`.
    """
    known = ~np.isnan(read.values[:, source.label.measure])
    values = read.values[known]
    columns = [_column(one, values[:, one.measure]) for one in source.features]
    label = values[:, source.label.measure] / 10**source.label.digits
    return Rows(scaling_of(source).features(columns), label, read.person[known])


def _column(feature: Feature, numbers: Reals) -> NDArray[np.number]:
    """Return a column, in its own units or places."""
    missing = np.isnan(numbers)
    if feature.values:
        return np.where(missing, NOWHERE, np.nan_to_num(numbers)).astype(np.int64)
    middle = (feature.low + feature.high) / 2
    return np.asarray(np.where(missing, middle, numbers) / 10**feature.digits, dtype=np.float64)
