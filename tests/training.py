"""A contract of hospitals with columns of every type, for tests of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from stillroom.adapters.admitted import Contents
from stillroom.adapters.memory_table import MemoryTable
from stillroom.learning.sources import compile_source
from stillroom.model.codec import digest_of
from tests.rooms import contract

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.contract import Contract
    from stillroom.model.schema import Scalar
    from stillroom.model.training import Source

COLUMNS = {
    "age": {"type": "integer", "uses": ["group", "filter", "measure"], "bounds": [18, 90]},
    "bmi": {"type": "decimal", "step": 0.1, "uses": ["measure", "filter"], "bounds": [10, 60]},
    "sex": {"type": "text", "values": ["f", "m"], "uses": ["group", "measure"]},
    "smoker": {"type": "boolean", "uses": ["group", "measure", "filter"]},
    "since": {"type": "date", "uses": ["measure"], "bounds": ["2020-01-01", "2025-12-31"]},
    "note": {"type": "text", "max_length": 10, "uses": ["measure"]},
    "grade": {"type": "integer", "values": [3, 1, 2], "uses": ["measure", "group"]},
    "ward": {"type": "integer", "uses": ["filter"], "bounds": [0, 9]},
    "ill": {"type": "boolean", "uses": ["measure", "group"]},
}
TYPES = {"bmi": pa.int64(), "sex": pa.large_string(), "note": pa.large_string(), "smoker": pa.bool_(), "ill": pa.bool_()}


def hospitals() -> Contract:
    """Return the contract: the hospital has visits, the insurer members."""
    private = {"kind": "private", "columns": COLUMNS}
    visits = {**private, "owner": "hospital", "person": {"column": "pid"}, "rows_per_person": 3}
    members = {**private, "owner": "insurer", "person": {"column": "id"}, "rows_per_person": 1}
    return contract(datasets={"visits": visits, "members": members})


def source(sql: str, label: str = "ill", owner: str = "hospital") -> Source:
    """Compile a source under that contract."""
    value = hospitals()
    return compile_source(value, digest_of(value), owner, sql, label)


def visits(rows: Sequence[Mapping[str, Scalar]]) -> dict[str, MemoryTable]:
    """Return the hospital's table: rows in whole units, each with the code of its person."""
    columns = {name: pa.array([row.get(name) for row in rows], TYPES.get(name, pa.int64())) for name in COLUMNS}
    persons = [code for row in rows if isinstance(code := row["person"], int)]
    table = pa.table({"person": pa.array(persons, pa.int32()), **columns})
    names = pa.array([f"p{code}" for code in range(max(persons, default=-1) + 1)], pa.large_string())
    return {"visits": MemoryTable(Contents(table, names, b"s" * 16))}
