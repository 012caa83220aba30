"""One person more or less moves an owner's contribution by at most the bound, all the way from the owner's table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.adapters.duckdb.source_rows import SourceReader
from stillroom.learning.contributing import contribution_of
from stillroom.learning.fitting import rows_of
from stillroom.learning.models.model import Step
from stillroom.model.training import Descent, Linear, Logistic, Multinomial, Poisson
from tests.training import compiled, visits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.learning.rows import Whole
    from stillroom.model.schema import Scalar
    from stillroom.model.training import TrainingPlan

READER = SourceReader()
PLANS: dict[str, TrainingPlan] = {
    fit.kind: compiled(fit, label=label).plan
    for fit, label in ((Linear(), "grade"), (Logistic(), "ill"), (Descent(rounds=3), "ill"), (Multinomial(), "ill"), (Poisson(), "grade"))
}
"""Plans of every model over the same rows."""

visit = st.fixed_dictionaries(
    {
        "age": st.none() | st.sampled_from([18, 90]) | st.integers(18, 90),
        "bmi": st.none() | st.sampled_from([100, 600]) | st.integers(100, 600),
        "sex": st.sampled_from([None, "f", "m"]),
        "smoker": st.sampled_from([None, True, False]),
        "grade": st.sampled_from([None, 1, 2, 3]),
        "ill": st.sampled_from([None, True, False]),
    }
)
people = st.lists(st.lists(visit, min_size=1, max_size=3), min_size=1, max_size=5)


def contribution(plan: TrainingPlan, step: Step, rows: Sequence[Mapping[str, Scalar]]) -> Whole:
    """Return what the first hospital's table adds up to."""
    source = plan.sources["hospital0"]
    return contribution_of(plan, "hospital0", step, rows_of(source, READER.read(source, {"visits0": visits(rows)["visits"]})))


def steps_of(plan: TrainingPlan, parameters: Sequence[int]) -> list[Step]:
    """Return what any round could measure, at any parameters."""
    return [Step(kind="any", round=number, length=length, parameters=tuple(parameters)) for number, length in enumerate(plan.lengths)]


@pytest.mark.parametrize("kind", PLANS)
@settings(max_examples=25, deadline=None)
@given(everybody=people, gone=st.integers(0, 4), data=st.data())
def test_a_person_moves_a_contribution_by_at_most_the_bound(
    kind: str, everybody: list[list[dict[str, Scalar]]], gone: int, data: st.DataObject
) -> None:
    plan = PLANS[kind]
    gone %= len(everybody)
    rows = [{"person": code, **one} for code, person in enumerate(everybody) for one in person]
    others = [one for one in rows if one["person"] != gone]
    width = 5 * (2 if kind == "multinomial" else 1)
    parameters = data.draw(st.lists(st.sampled_from([0, 2**16, -(2**20), 2**26, -(2**26)]), min_size=width, max_size=width))
    for step in steps_of(plan, parameters):
        moved: Any = contribution(plan, step, rows) - contribution(plan, step, others)
        assert sum(int(number) ** 2 for number in moved) <= plan.bound**2


def test_somebody_moves_it_by_nearly_that_much() -> None:
    """The bound is not far too large: somebody with extreme rows comes within a tenth of it in the linear model."""
    plan = PLANS["linear"]
    worst = [{"person": 0, "age": age, "bmi": bmi, "sex": "m", "smoker": True, "grade": 3} for age in (18, 90) for bmi in (100, 600)][:3]
    (step,) = steps_of(plan, [0] * 5)
    assert np.linalg.norm(contribution(plan, step, worst).astype(float)) >= 0.9 * plan.bound
