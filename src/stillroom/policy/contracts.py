"""What of a contract determines how a dataset is admitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest_of

if TYPE_CHECKING:
    from stillroom.model.contract import Contract

_QUESTIONS_ONLY = {"uses", "description", "total"}
"""What of a column bears on questions alone."""


def section_digest(contract: Contract, dataset: str) -> str:
    """Return the digest of everything that determines how a dataset's file is admitted.

    Data admitted under one section can be read under any contract with the same one: what may be asked, by whom and at which price, and
    where rows lie between runs, can be amended without admitting the data again; bounds, domains, steps, rows per person, the person and
    how many identifiers a person may have cannot.
    """
    section = contract.datasets[dataset].to_json()
    kept = {name: value for name, value in section.items() if name not in {"description", "population", "keep", "columns"}}
    columns = {
        name: {field: value for field, value in column.items() if field not in _QUESTIONS_ONLY}
        for name, column in section["columns"].items()
    }
    return digest_of({"dataset": dataset, "identifiers_per_person": contract.identifiers_per_person, **kept, "columns": columns})
