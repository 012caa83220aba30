"""A room with two parties' homes, as the client makes them, for tests of what parties can see and do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stillroom.client.session import make_home, make_room, open_room

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.client.session import Session

PARTIES = ("clinic", "insurer")
"""Both own data and receive; the insurer asks."""

QUESTION = "SELECT sex, ward, COUNT(*) AS n, AVG(cost) AS c FROM members JOIN visits ON id = pid GROUP BY sex, ward"
MEMBERS = "id,age,sex\n" + "".join(f"person{number},{20 + number % 60},{'fm'[number % 2]}\n" for number in range(40))
VISITS = "pid,cost,ward\n" + "".join(f"person{number % 50},{number}.5,{'ab'[number % 3 % 2]}\n" for number in range(80))


def document(keys: dict[str, str]) -> dict[str, Any]:
    """Return a contract between the two."""
    return {
        "schema": "stillroom/contract/v1",
        "name": "study",
        "version": 1,
        "purpose": "tests",
        "jurisdiction": "none",
        "retention_days": 1,
        "expires": "2099-12-31",
        "quantum_seconds": 0.01,
        "ask": ["insurer"],
        "receive": list(PARTIES),
        "approval": {"rule": "automatic", "release_epsilon": 5, "analyst_epsilon": 10},
        "caps": {"epsilon": 10, "delta": 1e-9, "release_epsilon": 5},
        "parties": [{"name": name, "roles": ["owner", "analyst", "receiver"], "key": keys[name]} for name in PARTIES],
        "datasets": {
            "members": {
                "kind": "private",
                "owner": "insurer",
                "person": {"column": "id"},
                "rows_per_person": 1,
                "columns": {
                    "age": {"type": "integer", "uses": ["group", "filter", "measure"], "bounds": [0, 99]},
                    "sex": {"type": "text", "uses": ["group", "filter"], "values": ["f", "m"]},
                },
            },
            "visits": {
                "kind": "private",
                "owner": "clinic",
                "person": {"column": "pid"},
                "rows_per_person": 3,
                "columns": {
                    "cost": {"type": "decimal", "step": 0.01, "uses": ["filter", "measure"], "bounds": [0, 100]},
                    "ward": {"type": "text", "uses": ["group", "filter"], "values": ["a", "b"]},
                },
            },
        },
    }


def settle_in(folder: Path, epsilon: float = 20, **changes: object) -> dict[str, Any]:
    """Make a room and both homes with that lifetime cap, have the contract signed, and return it."""
    make_room(folder / "room", "example.org/study")
    keys = {name: make_home(folder / name, name, room=folder / "room", epsilon=epsilon, delta=1e-9) for name in PARTIES}
    contract = {**document(keys), **changes}
    sign(folder, contract)
    return contract


def sign(folder: Path, contract: dict[str, Any], room: str = "room") -> None:
    """Have both parties sign a contract."""
    file = folder / "contract.json"
    file.write_text(json.dumps(contract), encoding="utf-8")
    for name in PARTIES:
        session(folder, name, room).sign(file)


def session(folder: Path, party: str, room: str = "room") -> Session:
    """Open the room as a party."""
    return open_room(folder / party, folder / room)


def add(folder: Path, dataset: str, text: str, room: str = "room") -> None:
    """Add a file as its owner."""
    file = folder / f"{dataset}.csv"
    file.write_text(text, encoding="utf-8")
    session(folder, {"members": "insurer", "visits": "clinic"}[dataset], room).add_data(dataset, file)
