"""Questions under a limit of memory: on the room that is there, or on a larger one whose data are stored as admission would store them."""

from __future__ import annotations

import json
import random
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.data import DAYS, GENDERS, LARGEST_COST, WARDS
from bench.probe import cost_of, report
from bench.questions import BY_MEMBER, BY_VISIT
from bench.room import OWNERS, agree
from stillroom import bootstrap
from stillroom.adapters.admitted import PERSON, Contents, arrow_schema
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.limits import FILE, Limits
from stillroom.client.session import open_room
from stillroom.policy.contracts import section_digest

MEMORY_MB = 256
"""What a run may use, so that its process stays below 512 MB."""


def ask(folder: Path, memory_mb: int) -> None:
    """Ask both questions once each, under a limit."""
    (folder / "room" / FILE).write_text(json.dumps(Limits(memory_mb=memory_mb).to_json()), encoding="utf-8")
    session = open_room(folder / OWNERS["members"])
    costs = {}
    for name, sql in (("by_member", BY_MEMBER), ("by_visit", BY_VISIT)):
        costs[name] = cost_of(partial(session.ask, sql, epsilon=0.5 + random.random() / 10))
    (folder / "room" / FILE).unlink()
    report(**costs)


def store(folder: Path, persons: int, rows: int) -> None:
    """Make a room whose homes hold so many persons and rows; the owners' files are left out."""
    sessions = agree(folder)
    numbers = np.random.default_rng(1)
    codes = np.arange(persons, dtype=np.int32)
    names = pc.binary_join_element_wise("P", pc.utf8_lpad(pc.cast(pa.array(codes), pa.string()), 12, "0"), "-")

    def one_of(values: tuple[str, ...], size: int) -> pa.Array:
        places = pa.array(numbers.integers(0, len(values), size, dtype=np.int32))
        return pa.DictionaryArray.from_arrays(places, pa.array(values))

    def whole(low: int, high: int, size: int) -> pa.Array:
        return pa.array(numbers.integers(low, high, size, dtype=np.int32))

    members = {PERSON: codes, "age": whole(18, 88, persons), "birth_day": whole(1, DAYS + 1, persons)}
    members |= {"gender": one_of(GENDERS, persons), "region": one_of(WARDS, persons)}
    visits = {PERSON: np.repeat(codes, rows // persons), "cost": whole(0, 100 * LARGEST_COST + 1, rows), "ward": one_of(WARDS, rows)}
    for dataset, columns in {"members": members, "visits": visits}.items():
        contract = sessions[dataset].contract
        home = Home.open(folder / OWNERS[dataset])
        schema = arrow_schema(contract.datasets[dataset].columns, private=True)
        table = pa.table([columns[field.name] for field in schema], schema)
        contents = Contents(table, names, home.salt(dataset, SystemEntropy()))
        home.add(dataset, contents, section=section_digest(contract, dataset), contract=sessions[dataset].contract_digest)
    bootstrap.open_room(folder / "room")
    report()


if __name__ == "__main__":
    place, *sizes = sys.argv[2:]
    if sys.argv[1] == "ask":
        ask(Path(place), *map(int, sizes))
    else:
        store(Path(place), *map(int, sizes))
