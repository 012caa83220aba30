"""A trained model as a scikit-learn estimator, which needs nothing of Stillroom any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stillroom.learning.predicting import weights_of
from stillroom.model.training import Poisson

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from stillroom.learning.rows import Reals
    from stillroom.model.trained import TrainedModel, Variable


def to_scikit_learn(model: TrainedModel) -> Pipeline:
    """Return a fitted pipeline: the columns' scaling, and a linear, logistic or Poisson regression with the model's coefficients.

    A Poisson regression stands in a `TransformedTargetRegressor`, which holds its means to the label's bound, as training does.

    It takes a data frame with the features' names, or an array of objects with the features in order. It is more lenient than
    `stillroom.learning.predicting.predict`: a text or a truth value that is not listed counts as missing, as NaN and None do. Classes are
    sorted, as scikit-learn's are, and not in the contract's order. The scaling is fitted to rows that are made up of the contract's bounds
    and values, and so is the rest before its coefficients are set: no row of anybody is in it.

    Raises:
        ModuleNotFoundError: scikit-learn is not there: it is the extra `learning`.
    """
    _load()
    from sklearn.pipeline import Pipeline

    rows = _made_up(model)
    scaling = _scaling(model).fit(rows)
    scaling.feature_names_in_ = np.array([one.name for one in model.features], dtype=object)
    return Pipeline([("scaling", scaling), ("model", _estimator(model, len(rows)))])


def _load() -> ModuleType:
    try:
        import sklearn
    except ModuleNotFoundError as error:
        error.add_note("Install it with Stillroom's extra: python3 -m pip install 'stillroom[learning]'")
        raise
    module: ModuleType = sklearn
    return module


def _made_up(model: TrainedModel) -> NDArray[np.object_]:
    """Return rows in which each number takes both of its bounds, and each other column all of its values; as many as there are classes."""
    ranges: list[tuple[object, ...]] = [one.values or one.bounds for one in model.features]
    count = max(len(model.classes), *map(len, ranges))
    return np.array([[values[row % len(values)] for values in ranges] for row in range(count)], dtype=object)


def _scaling(model: TrainedModel) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Return what scales the columns, not fitted yet."""
    from sklearn.compose import ColumnTransformer

    steps = [(f"column{place}", _column(model, one), [place]) for place, one in enumerate(model.features)]
    return ColumnTransformer(steps, sparse_threshold=0)


def _column(model: TrainedModel, variable: Variable) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Return what scales one column: to a number between -1 and 1, to one for two values, or to one for each.

    Frames become arrays first, so that what follows takes either without a warning about names.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder

    plain, missing = FunctionTransformer(np.asarray), SimpleImputer(strategy="constant", fill_value=0.0)
    categories = [np.array(variable.values, dtype=object)]
    if not variable.values:
        return make_pipeline(plain, MinMaxScaler((-1, 1), clip=True), missing)
    if variable.width == 1:
        places = OrdinalEncoder(categories=categories, handle_unknown="use_encoded_value", unknown_value=np.nan)
        return make_pipeline(plain, places, MinMaxScaler((-model.scaling.pair, model.scaling.pair)), missing)
    hot = OneHotEncoder(categories=categories, handle_unknown="ignore", sparse_output=False)
    return make_pipeline(plain, hot, MinMaxScaler((0, model.scaling.one)))


def _estimator(model: TrainedModel, count: int) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Return an estimator with the model's coefficients. It is fitted to so many rows of zeros first, for all else that a fit leaves."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    features, weights = np.zeros((count, model.width - 1)), weights_of(model)
    if not model.classes:
        intercept = float(weights[0, -1]) * model.scaling.constant
        if isinstance(model.fit, Poisson):
            return _poisson(model, features, weights[0, :-1], intercept)
        return _with(LinearRegression().fit(features, np.ones(count)), weights[0, :-1], intercept)
    order = sorted(range(len(model.classes)), key=model.classes.__getitem__)
    classes = np.array([model.classes[place] for place in order])
    weights = weights[order]
    if len(classes) == 2:  # noqa: PLR2004  # two classes share a row of coefficients
        weights = weights[1:] - weights[:1]
    fitted = LogisticRegression().fit(features, classes[np.arange(count) % len(classes)])
    return _with(fitted, weights[:, :-1], weights[:, -1] * model.scaling.constant)


def _poisson(model: TrainedModel, features: Reals, coefficients: Reals, intercept: float) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Return a Poisson regression whose means are held to the label's bound, as they were in training."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.linear_model import PoissonRegressor
    from sklearn.preprocessing import FunctionTransformer

    held = FunctionTransformer(inverse_func=np.clip, inv_kw_args={"a_min": 0, "a_max": model.label.high}, check_inverse=False)
    fitted = TransformedTargetRegressor(PoissonRegressor(), transformer=held).fit(features, np.ones(len(features)))
    _with(fitted.regressor_, coefficients, intercept)
    return fitted


def _with(estimator: Any, coefficients: Reals, intercept: Reals | float) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Set the coefficients of a linear estimator. The constant feature is its intercept."""
    estimator.coef_, estimator.intercept_ = coefficients, intercept
    return estimator
