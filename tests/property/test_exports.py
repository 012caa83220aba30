"""Exported models say what ours say, to 1e-9, of whatever rows there may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.client.exports.scikit_learn import to_scikit_learn
from stillroom.learning.predicting import predict, predict_probability
from tests.trained import LABELS, VARIABLES, array, made, models, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.trained import TrainedModel
    from tests.trained import Row

NEAR = 1e-9
EVERYTHING = list(VARIABLES)
PARAMETERS = (0.3, -1.0, 2.0, 0.7, -0.25, 0.11, 1.7)
ROWS: list[Row] = [
    {"age": 30, "bmi": 25.5, "sex": "m", "smoker": True, "region": "no|rth", "ward name": "a"},
    {"age": 10**6, "bmi": -1e300, "sex": "f", "smoker": False, "region": "", "ward name": "b"},
    dict.fromkeys(EVERYTHING),
]


def by_scikit_learn(model: TrainedModel, rows: Sequence[Row]) -> tuple[list[Any], list[dict[Any, float]]]:
    """Return the predictions of an export, and its probabilities by value."""
    fitted, table = to_scikit_learn(model), array(model, rows)
    found = fitted.predict(table).tolist()
    if not model.classes:
        return found, []
    return found, [dict(zip(fitted.classes_.tolist(), row, strict=True)) for row in fitted.predict_proba(table).tolist()]


def by_reference(model: TrainedModel, rows: Sequence[Row]) -> tuple[list[Any], list[dict[Any, float]]]:
    """Return those of an ONNX graph, by the package's own evaluator."""
    reference = pytest.importorskip("onnx.reference")
    return by_graph(model, rows, lambda graph, feed: reference.ReferenceEvaluator(graph).run(None, feed))


def by_runtime(model: TrainedModel, rows: Sequence[Row]) -> tuple[list[Any], list[dict[Any, float]]]:
    """Return those of an ONNX graph, by the runtime that most people use."""
    runtime = pytest.importorskip("onnxruntime")
    return by_graph(
        model,
        rows,
        lambda graph, feed: runtime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, feed),
    )


def by_graph(model: TrainedModel, rows: Sequence[Row], run: Callable[[Any, Any], Any]) -> tuple[list[Any], list[dict[Any, float]]]:
    pytest.importorskip("onnx")
    from stillroom.client.exports.onnx import to_onnx

    feed = {one.name: column_of([row[one.name] for row in rows], listed=bool(one.values)) for one in model.features}
    found, *chances = run(to_onnx(model), feed)
    assert found.shape == (len(rows), 1)
    return found[:, 0].tolist(), [dict(zip(model.classes, row, strict=True)) for table in chances for row in table.tolist()]


def column_of(values: list[Any], *, listed: bool) -> Any:  # noqa: ANN401 - texts or numbers
    """Return a column as a graph takes it."""
    if not listed:
        return np.array([[float("nan") if value is None else float(value)] for value in values])
    texts = ["?" if value is None else str(value).lower() if isinstance(value, bool) else value for value in values]
    return np.array(texts, dtype=object)[:, np.newaxis]


EXPORTS = {"scikit-learn": by_scikit_learn, "onnx": by_reference, "onnxruntime": by_runtime}


def assert_alike(model: TrainedModel, rows: list[Row], export: str) -> None:
    """Of values that are as likely, to within the last digits, either may be the one that is predicted."""
    found, chances = EXPORTS[export](model, rows)
    if not model.classes:
        assert found == pytest.approx(predict(model, rows), rel=NEAR, abs=NEAR)
        return
    assert len(chances) == len(rows)
    for theirs, probabilities in zip(chances, predict_probability(model, rows), strict=True):
        assert theirs == pytest.approx(probabilities, rel=NEAR, abs=NEAR)
    for value, row, ours in zip(found, chances, predict(model, rows), strict=True):
        assert type(value) is type(ours)
        assert value == ours or row[value] == pytest.approx(row[ours], abs=NEAR)


@pytest.mark.parametrize("export", EXPORTS)
@pytest.mark.parametrize("label", LABELS)
def test_an_export_says_what_the_model_says(label: str, export: str) -> None:
    assert_alike(made(label, EVERYTHING, PARAMETERS), ROWS, export)


@pytest.mark.parametrize("export", EXPORTS)
@pytest.mark.parametrize("label", LABELS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_an_export_says_what_the_model_says_of_any_rows(label: str, export: str, data: st.DataObject) -> None:
    model = data.draw(models(label))
    assert_alike(model, data.draw(rows_of(model)), export)


def test_a_frame_may_have_its_columns_in_another_order_and_other_types() -> None:
    model = made("text", EVERYTHING, PARAMETERS)
    frame = pd.DataFrame(ROWS[:2])[EVERYTHING[::-1]]
    assert [str(frame[name].dtype) for name in ("age", "bmi", "smoker")] == ["int64", "float64", "bool"]
    found = to_scikit_learn(model).predict_proba(frame)
    gaps = frame.astype({"smoker": object, "age": float})
    gaps.loc[0] = np.nan
    assert to_scikit_learn(model).predict_proba(gaps)[0] == pytest.approx(
        list(reversed(predict_probability(model, [dict.fromkeys(EVERYTHING)])[0].values())), abs=NEAR
    )
    assert found == pytest.approx(np.array([[row["ill"], row["well"]] for row in predict_probability(model, ROWS[:2])]), abs=NEAR)
    with pytest.raises(ValueError, match="missing"):
        to_scikit_learn(model).predict(frame.drop(columns="age"))


@pytest.mark.parametrize("export", EXPORTS)
def test_a_value_that_is_not_listed_counts_as_missing_in_an_export(export: str) -> None:
    model = made("several", EVERYTHING, PARAMETERS)
    strange = {**ROWS[0], "sex": "x", "region": "south"}
    _, (chances,) = EXPORTS[export](model, [strange])
    (ours,) = predict_probability(model, [{**ROWS[0], "sex": None, "region": None}])
    assert chances == pytest.approx(ours, abs=NEAR)


def test_classes_are_sorted_as_scikit_learns_are() -> None:
    fitted = to_scikit_learn(made("several", EVERYTHING, PARAMETERS))
    assert fitted.classes_.tolist() == ["dire", "grave", "mild"]
    assert fitted[-1].coef_.shape == (3, 11)


def test_a_graph_says_what_it_is() -> None:
    onnx = pytest.importorskip("onnx")
    from stillroom.client.exports.onnx import to_onnx

    model = made("text", EVERYTHING, PARAMETERS)
    graph = onnx.load_from_string(to_onnx(model).SerializeToString())
    assert [one.name for one in graph.graph.input] == EVERYTHING
    assert [one.name for one in graph.graph.output] == ["probability", "probability_"]
    stated = {one.key: one.value for one in graph.metadata_props}
    assert stated["stillroom_promise"] == "\n".join(model.sentences)
    assert stated["stillroom_unchecked"].split()[0] == "norm"
