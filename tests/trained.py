"""Models that were trained, or made up, and rows for them, for tests of what comes out of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from stillroom.learning.trained import trained_model
from stillroom.learning.training import Round, TrainingRecord
from stillroom.model.trained import TrainedModel, Variable
from stillroom.model.training import Descent, Linear, Logistic, Multinomial, Poisson
from stillroom.privacy.noise_shares import scale_of
from tests.training import compiled, three_hospitals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.training import CompiledTraining, Fit

OWNERS = ("hospital0", "hospital1", "hospital2")
Row = dict[str, Any]


def record_of(compiling: CompiledTraining, parameters: Sequence[float], **changes: object) -> TrainingRecord:
    """Return the record of a training with such an outcome."""
    plan = compiling.plan
    rounds = tuple(Round(step="sha256:" + "0" * 64, kind="gradient", length=length) for length in plan.lengths)
    deviation = scale_of(plan.share) * plan.share.counted**0.5
    fields = {"bound": plan.bound, "deviation": deviation, "rounds": rounds, "parameters": tuple(parameters)}
    return TrainingRecord.model_validate({**fields, **changes})


def outcome(fit: Fit | None = None, parameters: Sequence[float] = (0.5, -1.25, 0.75, 2.0, -0.1), **changes: Any) -> TrainedModel:  # noqa: ANN401 - of the template
    """Return the model of a training of three hospitals with such an outcome: by age, body mass index, sex, smoking, and a constant."""
    found = compiled(fit, **changes)
    return trained_model(three_hospitals(), found, record_of(found, parameters), [OWNERS] * len(found.plan.lengths))


VARIABLES = {
    "age": Variable(name="age", low=18, high=90),
    "bmi": Variable(name="bmi", low=-1005, high=6000, digits=2),
    "sex": Variable(name="sex", low=0, high=1, values=("m", "f")),
    "smoker": Variable(name="smoker", low=0, high=1, values=(False, True)),
    "region": Variable(name="region", low=0, high=3, values=("west", "east", "", "no|rth")),
    "ward name": Variable(name="ward name", low=0, high=2, values=("c", "a", "b")),
}
LABELS: dict[str, tuple[Fit, Variable]] = {
    "linear": (Linear(), Variable(name="cost", low=-5, high=1000, digits=1)),
    "poisson": (Poisson(), Variable(name="visits", low=0, high=20)),
    "truth": (Logistic(), Variable(name="ill", low=0, high=1, values=(False, True))),
    "descent": (Descent(), Variable(name="ill", low=0, high=1, values=(False, True))),
    "text": (Logistic(), Variable(name="probability", low=0, high=1, values=("well", "ill"))),
    "several": (Multinomial(), Variable(name="grade", low=0, high=2, values=("mild", "grave", "dire"))),
    "two of several": (Multinomial(), Variable(name="grade", low=0, high=1, values=("mild", "grave"))),
}
BASE = outcome()


def made(label: str, names: Sequence[str], parameters: Sequence[float]) -> TrainedModel:
    """Return a model of such columns; parameters are repeated as often as it takes."""
    fit, learned = LABELS[label]
    features = tuple(VARIABLES[name] for name in names)
    width = sum(one.width for one in features) + 1
    rows = len(learned.values) if isinstance(fit, Multinomial) else 1
    numbers = np.resize(np.array(parameters, dtype=np.float64), (rows, width))
    changes = {"fit": fit, "features": features, "label": learned, "parameters": tuple(map(tuple, numbers.tolist()))}
    fields = {name: getattr(BASE, name) for name in TrainedModel.model_fields}
    return TrainedModel.model_validate({**fields, **changes})


_REALS = st.floats(-8, 8, allow_subnormal=False)


@st.composite
def models(draw: st.DrawFn, label: str) -> TrainedModel:
    """Draw a model that learned such a label."""
    names = draw(st.lists(st.sampled_from(sorted(VARIABLES)), min_size=1, max_size=len(VARIABLES), unique=True))
    return made(label, names, draw(st.lists(_REALS, min_size=1, max_size=30)))


def values_of(variable: Variable) -> st.SearchStrategy[Any]:
    """Return what may stand in a column: numbers also beyond the bounds, and nothing."""
    if variable.values:
        return st.none() | st.sampled_from(variable.values)
    low, high = variable.bounds
    return st.none() | st.floats(low, high) | st.integers(-(2**40), 2**40) | st.floats(-1e300, 1e300)


def rows_of(model: TrainedModel) -> st.SearchStrategy[list[Row]]:
    """Return rows for a model."""
    return st.lists(st.fixed_dictionaries({one.name: values_of(one) for one in model.features}), min_size=1, max_size=8)


def array(model: TrainedModel, rows: Sequence[Mapping[str, Any]]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Return rows as an array of objects, with the features in order."""
    return np.array([[row[one.name] for one in model.features] for row in rows], dtype=object).reshape(len(rows), -1)
