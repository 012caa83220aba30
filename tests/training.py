"""A contract of hospitals with columns of every type, for tests of training."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pyarrow as pa

from stillroom.adapters.admitted import Contents
from stillroom.adapters.memory_table import MemoryTable
from stillroom.learning.compile import compile_training
from stillroom.learning.sources import compile_source
from stillroom.model.codec import digest_of
from stillroom.model.training import Logistic, TrainingTemplate
from tests.rooms import contract
from tests.secure_sums import signing_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.contract import Contract
    from stillroom.model.schema import Scalar
    from stillroom.model.training import CompiledTraining, Fit, Source

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


def three_hospitals(number: int = 3) -> Contract:
    """Return a contract of several hospitals, each with visits of its own."""
    names = [f"hospital{place}" for place in range(number)]
    private = {"kind": "private", "columns": COLUMNS, "person": {"column": "pid"}, "rows_per_person": 3}
    keys = {name: signing_key(name).public.text for name in names}
    return contract(
        parties=[{"name": name, "roles": ["owner", "analyst", "receiver"], "key": keys[name]} for name in names],
        datasets={f"visits{place}": {**private, "owner": name} for place, name in enumerate(names)},
        ask=[names[0]],
        receive=[names[0]],
    )


def template(fit: Fit | None = None, *, label: str = "ill", number: int = 3, **changes: object) -> TrainingTemplate:
    """Return a template over their visits: who is ill, by age, body mass index, sex and smoking."""
    sources = {f"hospital{place}": f"SELECT age, bmi, sex, smoker, {label} FROM visits{place}" for place in range(number)}
    fields = {"name": "illness", "fit": fit or Logistic(), "sources": sources, "label": label, "epsilon": 1.0, "fewest": number}
    return TrainingTemplate.model_validate({**fields, **changes})


def compiled(fit: Fit | None = None, *, number: int = 3, **changes: object) -> CompiledTraining:
    """Compile that template."""
    value = three_hospitals(number)
    return compile_training(value, digest_of(value), template(fit, number=number, **changes))  # type: ignore[arg-type]


def cohort(number: int, people: int) -> dict[str, dict[str, MemoryTable]]:
    """Return the hospitals' tables, by owner: people who are ill the more likely the older they are, smokers above all."""
    draw = random.Random(f"cohort of {people}")
    found = {}
    for place in range(number):
        rows = []
        for person in range(people):
            age, smoker = draw.randint(18, 90), draw.random() < 0.3
            odds = (age - 55) / 15 + 1.5 * smoker
            chance = 1 / (1 + 2.718281828459045**-odds)
            sex, bmi = draw.choice(["f", "m"]), draw.randint(100, 600)
            rows.append({"person": person, "age": age, "bmi": bmi, "sex": sex, "smoker": smoker, "ill": draw.random() < chance, "grade": 1})
        found[f"hospital{place}"] = {f"visits{place}": visits(rows)["visits"]}
    return found
