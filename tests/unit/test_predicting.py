"""Predictions: those of the features that were trained on, whatever order the columns come in; all else is refused, by code."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from stillroom.errors import Code, StillroomError
from stillroom.learning.fitting import rows_of
from stillroom.learning.predicting import features_of, predict, predict_probability
from stillroom.learning.rows import ReadRows
from stillroom.model.training import Linear, Poisson
from tests.trained import BASE, made, outcome
from tests.training import compiled

ROW = {"age": 54, "bmi": 35.0, "sex": "m", "smoker": False}
NOBODY = dict.fromkeys(ROW)


def test_features_are_those_that_were_trained_on() -> None:
    """The same rows, as an owner reads them for a round, in units and places, and as somebody writes them."""
    read = np.array([[18, 600, 0, 1, 1], [90, 100, 1, 0, 0], [37, 251, 1, 1, 1], [np.nan] * 4 + [1.0]])
    trained = rows_of(compiled().plan.sources["hospital0"], ReadRows(np.arange(4), read)).features
    rows: list[dict[str, Any]] = [
        {"age": 18, "bmi": 60.0, "sex": "f", "smoker": True},
        {"age": 90, "bmi": 10, "sex": "m", "smoker": False},
        {"age": 37, "bmi": 25.1, "sex": "m", "smoker": True},
        NOBODY,
    ]
    assert np.allclose(features_of(BASE, rows), trained, atol=1e-15)
    assert np.array_equal(trained[3], [0, 0, 0, 0, 0.5])


def test_several_values_have_a_feature_each() -> None:
    model = made("linear", ["region"], [1.0, 2.0, 3.0, 4.0, 10.0])
    column = {"region": ["west", "east", "", "no|rth", None]}
    assert predict(model, column) == pytest.approx([5 + half for half in (0.5**0.5, 2**0.5, 3 * 0.5**0.5, 8**0.5, 0)])


def test_predictions_are_sums_of_features_and_parameters() -> None:
    """0.5·0 - 1.25·0 + 0.75·0.5 + 2·(-0.5) - 0.1·0.5 = -0.675."""
    assert predict(BASE, [ROW]) == [False]
    assert predict_probability(BASE, [ROW]) == [pytest.approx({False: 1 / (1 + np.exp(-0.675)), True: 1 / (1 + np.exp(0.675))})]
    assert predict(outcome(Linear(), label="grade"), [ROW]) == [pytest.approx(-0.675)]
    assert predict(outcome(Poisson(), label="grade"), [ROW]) == [pytest.approx(np.exp(-0.675))]


def test_rows_and_columns_say_the_same_in_any_order() -> None:
    rows = [ROW, {**ROW, "age": 90}, NOBODY]
    columns = {name: [row[name] for row in rows] for name in reversed(ROW)}
    assert predict_probability(BASE, rows) == predict_probability(BASE, columns)
    assert predict_probability(BASE, iter(rows)) == predict_probability(BASE, {name: np.array(one) for name, one in columns.items()})
    assert predict(BASE, []) == []
    assert predict(BASE, {name: [] for name in ROW}) == []


def test_a_tie_is_the_first_value_and_a_mean_is_no_larger_than_a_label() -> None:
    assert predict(outcome(parameters=(0.0,) * 5), [ROW]) == [False]
    assert predict(made("text", ["age"], [0.0]), {"age": [1]}) == ["well"]
    assert predict(outcome(Poisson(), (0.0, 0.0, 0.0, 0.0, 1e6), label="grade"), [ROW]) == [pytest.approx(3)]
    assert predict_probability(outcome(parameters=(0.0, 0.0, 0.0, 0.0, 1e6)), [ROW]) == [{False: 0.0, True: 1.0}]


@pytest.mark.parametrize("number", [10**400, 91, 1e300, Decimal("1e999"), np.int64(400), np.float32(90.5)], ids=repr)
def test_a_number_beyond_its_bounds_is_at_the_bound(number: object) -> None:
    assert predict_probability(BASE, [{**ROW, "age": number}]) == predict_probability(BASE, [{**ROW, "age": 90}])


@pytest.mark.parametrize("value", [np.bool_(False), False])  # noqa: FBT003 - truth values are what is tested
def test_truth_values_of_numpy_are_truth_values(value: object) -> None:
    assert predict_probability(BASE, [{**ROW, "smoker": value}]) == predict_probability(BASE, [ROW])


BAD: dict[str, tuple[Any, Code]] = {
    "a column too many": ([{**ROW, "ill": True}], Code.COLUMN_UNKNOWN),
    "a column too few": ([{"age": 54, "bmi": 35.0, "sex": "m"}], Code.COLUMN_UNKNOWN),
    "another column": ({"age": [1], "bmi": [1], "sex": ["m"], "Smoker": [False]}, Code.COLUMN_UNKNOWN),
    "a name that is none": ([{**ROW, 3: 4}], Code.COLUMN_UNKNOWN),
    "a row of none": ([ROW, None], Code.COLUMN_UNKNOWN),
    "a row that is a text": (["age"], Code.COLUMN_UNKNOWN),
    "no rows at all": (None, Code.DATA_INVALID),
    "a text": ("rows", Code.DATA_INVALID),
    "columns of texts": (dict.fromkeys(ROW, "m"), Code.DATA_INVALID),
    "one row for columns": (ROW, Code.DATA_INVALID),
    "columns of two lengths": ({"age": [1, 2], "bmi": [1], "sex": ["m"], "smoker": [False]}, Code.DATA_INVALID),
}
ODD: dict[str, tuple[object, ...]] = {
    "age": ("54", float("nan"), float("inf"), -float("inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), True, 1j, [54], b"5"),
    "sex": ("x", "", "M", 0, True, b"m", ["m"], {"m": 1}),
    "smoker": (0, 1, 1.0, "true", "f", [True], np.int64(1)),
}
KINDS = {"age": "a number", "sex": "one of the values that the contract lists", "smoker": "a truth value"}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_table_of_the_features_is_refused(case: str) -> None:
    table, code = BAD[case]
    with pytest.raises(StillroomError) as caught:
        predict(BASE, table)
    assert caught.value.code is code


@pytest.mark.parametrize(("name", "place"), [(name, place) for name, values in ODD.items() for place in range(len(values))])
def test_a_value_that_is_none_of_its_column_is_refused_and_not_repeated(name: str, place: int) -> None:
    value = ODD[name][place]
    with pytest.raises(StillroomError) as caught:
        predict(BASE, [ROW, {**ROW, name: value}])
    assert caught.value.code is Code.DATA_INVALID
    assert caught.value.reason == f"Column {name!r} has a value that is not {KINDS[name]}."


def test_numbers_have_no_probability() -> None:
    with pytest.raises(StillroomError) as caught:
        predict_probability(outcome(Linear(), label="grade"), [ROW])
    assert caught.value.code is Code.TYPE_MISMATCH
