"""What a trained model says of rows, which stay where they are.

Features are those that the model was trained on (`stillroom.model.trained.Scaling`); that training cut long rows to a norm is not done
again. A number is taken as it is, also between two steps of the contract.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from stillroom.errors import Code, InvalidInput
from stillroom.model.training import Descent, Logistic, Poisson

if TYPE_CHECKING:
    from stillroom.learning.rows import Reals
    from stillroom.model.trained import TrainedModel, Variable

Table: TypeAlias = Iterable[Mapping[str, object]] | Mapping[str, Iterable[object]]
"""Rows, each with a value for each feature; or columns, each with a value for each row. None stands for a value that is missing."""


def predict(model: TrainedModel, table: Table) -> list[bool | str | float]:
    """Return what a model predicts of each row: the likeliest value of the label, or the number that is expected.

    Of values that are equally likely, it is the first in the contract's order.

    Args:
        model: The model.
        table: Rows or columns, with values as the contract writes them. A number outside of the bounds counts as the bound.

    Raises:
        InvalidInput: `COLUMN_UNKNOWN` if columns are not the model's features; `DATA_INVALID` if a value is not one of its column.
    """
    scores = scores_of(model, features_of(model, table))
    if model.classes:
        return [model.classes[place] for place in scores.argmax(axis=1)]
    if isinstance(model.fit, Poisson):
        scores = np.exp(np.minimum(scores, largest_log(model)))
    return [float(number) for number in scores[:, 0]]


def predict_probability(model: TrainedModel, table: Table) -> list[dict[bool | str, float]]:
    """Return how likely a model takes each value of the label to be, for each row.

    Args:
        model: A logistic or multinomial model.
        table: As for `predict`.

    Raises:
        InvalidInput: As `predict`; `TYPE_MISMATCH` if the model predicts a number.
    """
    if not model.classes:
        raise InvalidInput(Code.TYPE_MISMATCH, f"The model {model.name} predicts a number, not one of several values.", "Use predict.")
    scores = scores_of(model, features_of(model, table))
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances = odds / odds.sum(axis=1, keepdims=True)
    return [dict(zip(model.classes, map(float, row), strict=True)) for row in chances]


def largest_log(model: TrainedModel) -> float:
    """Return the log of the largest mean that a Poisson model predicts: as in training, which takes no mean beyond the label's bound."""
    return math.log(model.label.high)


def weights_of(model: TrainedModel) -> Reals:
    """Return the parameters: a row for each value that the model tells apart, or one row."""
    rows = np.array(model.parameters, dtype=np.float64)
    return np.vstack([np.zeros_like(rows), rows]) if isinstance(model.fit, Logistic | Descent) else rows


def scores_of(model: TrainedModel, features: Reals) -> Reals:
    """Return a column of scores for each row of `weights_of`."""
    return np.asarray(features @ weights_of(model).T, dtype=np.float64)


def features_of(model: TrainedModel, table: Table) -> Reals:
    """Return rows as features, with the constant last.

    Raises:
        InvalidInput: As `predict`.
    """
    columns = _columns(model, table)
    blocks = [_features(model, one, columns[one.name]) for one in model.features]
    return np.hstack([*blocks, np.full((len(blocks[0]), 1), model.scaling.constant)])


def _columns(model: TrainedModel, table: Table) -> dict[str, list[object]]:
    """Return the columns of a table, by name: those of the model, each of the same length."""
    if isinstance(table, Mapping):
        _check_names(model, table)
        columns = {name: _listed(column) for name, column in table.items()}
    else:
        rows = _listed(table)
        for row in rows:
            _check_names(model, row)
        columns = {one.name: [row[one.name] for row in rows if isinstance(row, Mapping)] for one in model.features}
    if len({len(column) for column in columns.values()}) != 1:
        raise InvalidInput(Code.DATA_INVALID, "Columns are not of one length.", "Give a value, or None, for each row.")
    return columns


def _listed(values: object) -> list[object]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InvalidInput(Code.DATA_INVALID, "What is given is neither rows nor columns.", "Give a list of rows, or lists by column.")
    return list(values)


def _check_names(model: TrainedModel, given: object) -> None:
    names = [one.name for one in model.features]
    if not isinstance(given, Mapping) or set(given) != set(names):
        reason = f"Rows have not the columns that the model {model.name} predicts from."
        raise InvalidInput(Code.COLUMN_UNKNOWN, reason, f"Give these, and no others: {', '.join(names)}. None stands for what is missing.")


def _features(model: TrainedModel, variable: Variable, values: list[object]) -> Reals:
    """Return the features of a column: zero where there is no value."""
    if not variable.values:
        low, high = variable.bounds
        numbers = np.array([math.nan if value is None else _number(variable, value) for value in values], dtype=np.float64)
        return np.nan_to_num((2 * numbers - (low + high)) / (high - low))[:, np.newaxis]
    places = {value: place for place, value in enumerate(variable.values)}
    found = [len(places) if value is None else _place(variable, places, value) for value in values]
    return levels(model, variable)[np.array(found, dtype=np.int64)]


def levels(model: TrainedModel, variable: Variable) -> Reals:
    """Return the features of each listed value, and last, those of what is missing."""
    if variable.width == 1:
        return np.array([[-model.scaling.pair], [model.scaling.pair], [0.0]])
    return np.vstack([np.eye(variable.width) * model.scaling.one, np.zeros((1, variable.width))])


def _number(variable: Variable, value: object) -> float:
    """Return a number within the bounds. It is compared as it is, so that one that no double holds is none the worse."""
    given = value.item() if isinstance(value, np.generic) else value
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal) or not _is_finite(given):
        raise _invalid(variable, "a number")
    low, high = variable.bounds
    return low if given <= low else high if given >= high else float(given)


def _is_finite(number: float | Decimal) -> bool:
    return number.is_finite() if isinstance(number, Decimal) else isinstance(number, int) or math.isfinite(number)


def _place(variable: Variable, places: Mapping[bool | str, int], value: object) -> int:
    """Return the place of a listed value, or of a truth value. 1 is no truth value, though it equals one."""
    given = value.item() if isinstance(value, np.generic) else value
    kind = bool if isinstance(variable.values[0], bool) else str
    if not isinstance(given, kind) or given not in places:
        raise _invalid(variable, "a truth value" if kind is bool else "one of the values that the contract lists")
    return places[given]


def _invalid(variable: Variable, what: str) -> InvalidInput:
    return InvalidInput(
        Code.DATA_INVALID,
        f"Column {variable.name!r} has a value that is not {what}.",
        "Write it as the contract does; None if it is missing.",
    )
