"""What else is wrong with a contract whose form is not right: its sound parts are checked all the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from stillroom.model.contract import Contract, PrivateDataset, PublicDataset
from stillroom.model.schema import Column
from stillroom.policy.contract_problems import column_problems, dataset_problems, part_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stillroom.policy.problem import Problem

_DATASET: TypeAdapter[PrivateDataset | PublicDataset] = TypeAdapter(
    Annotated[PrivateDataset | PublicDataset, Field(discriminator="kind")],
)
_COLUMN = TypeAdapter(Column)


def problems_of_parts(data: Any, errors: Sequence[Mapping[str, Any]]) -> tuple[Problem, ...]:  # noqa: ANN401 - any JSON data
    """Return the problems beyond form of all parts whose form is right.

    Args:
        data: What was read.
        errors: What is wrong with its form, as pydantic lists it.
    """
    if not isinstance(data, dict):
        return ()
    broken = {str(error["loc"][0]) for error in errors if error["loc"]}
    parts = {
        name: _valid(TypeAdapter(field.rebuild_annotation()), data[field.alias or name])
        for name, field in Contract.model_fields.items()
        if (field.alias or name) in data and (field.alias or name) not in broken
    }
    defaults = {name: field.default for name, field in Contract.model_fields.items() if not field.is_required() and name not in data}
    return (*part_problems({**defaults, **parts}), *(_sound_datasets(data["datasets"]) if "datasets" in broken & data.keys() else ()))


def _sound_datasets(datasets: Any) -> Iterator[Problem]:  # noqa: ANN401 - any JSON data
    """Check each dataset whose form is right, and each such column of the others."""
    for name, raw in datasets.items() if isinstance(datasets, dict) else ():
        dataset = _valid(_DATASET, raw)
        if dataset is not None:
            yield from dataset_problems(name, dataset)
            continue
        columns = raw.get("columns") if isinstance(raw, dict) else None
        for column, declared in columns.items() if isinstance(columns, dict) else ():
            sound = _valid(_COLUMN, declared)
            if sound is not None:
                yield from column_problems(sound, f"datasets.{name}.columns.{column}")


def _valid(adapter: TypeAdapter[Any], data: Any) -> Any:  # noqa: ANN401 - any JSON data
    """Return data as a value, or None if its form is not right."""
    try:
        return adapter.validate_json(json.dumps(data), strict=True)
    except ValidationError:
        return None
