"""Random contracts, small enough that every rule about them can bite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stillroom.crypto.keys import SigningKey
from stillroom.model.contract import Contract
from stillroom.model.schema import DOMAIN_LIMIT

if TYPE_CHECKING:
    from tests.generator.tape import Tape

OWNERS = ("a", "b", "c")
KEYS = tuple(SigningKey.from_seed(name.encode() * 32).public.text for name in OWNERS)

COLUMNS: dict[str, tuple[dict[str, Any], ...]] = {
    "k": (
        {"type": "text", "values": ["x", "y", "z"]},
        {"type": "text", "values": ["x", "é", "O'B"], "other": "é"},
        {"type": "text", "values": ["y", "x"], "required": True},
    ),
    "n": (
        {"type": "integer", "bounds": [-2, 3]},
        {"type": "integer", "bounds": [0, 4], "step": 2},
        {"type": "integer", "values": [3, -1, 2]},
        {"type": "integer", "bounds": [0, 1], "required": True},
        {"type": "integer", "bounds": [-2, 3], "total": [-1, 4]},
    ),
    "m": ({"type": "integer", "bounds": [0, 99]}, {"type": "integer", "bounds": [-1_000_000_000, 1_000_000_000]}, {"type": "integer"}),
    "d": (
        {"type": "decimal", "bounds": [0, 100], "step": 0.5},
        {"type": "decimal", "bounds": [-2.5, 1.5], "step": 0.01},
        {"type": "decimal", "bounds": [-50, 900], "step": 0.05, "total": [-60, 1000.5]},
        {"type": "decimal", "bounds": [0, 100], "step": 0.5, "total": [0, 150], "required": True},
        {"type": "decimal", "bounds": [-7, -2], "step": 0.25},
    ),
    "b": ({"type": "boolean"}, {"type": "boolean", "required": True}, {"type": "boolean", "values": [True, False]}),
    "t": (
        {"type": "date", "bounds": ["2024-02-27", "2024-03-02"]},
        {"type": "date", "bounds": ["0001-01-01", "0001-01-04"]},
        {"type": "date", "bounds": ["9999-12-28", "9999-12-31"], "required": True},
        {"type": "date", "bounds": ["2023-01-30", "2024-12-31"]},
        {"type": "date"},
    ),
    "at": (
        {"type": "timestamp", "bounds": ["2024-02-28 22:15:00", "2024-03-01 01:30:59"]},
        {"type": "timestamp", "bounds": ["1969-12-31 23:59:50", "1970-01-01 00:00:10"], "required": True},
        {"type": "timestamp"},
    ),
    "s": ({"type": "text", "max_length": 12}, {"type": "text", "max_length": 2}),
}
"""How a column of a name may be declared. All datasets draw on the same names."""

COMMON: dict[str, Any] = {
    "schema": "stillroom/contract/v1",
    "name": "random",
    "version": 1,
    "purpose": "tests",
    "jurisdiction": "none",
    "retention_days": 1,
    "expires": "2099-12-31",
    "ask": ["a"],
    "receive": ["a"],
    "approval": {"rule": "each-owner"},
    "caps": {"epsilon": 100, "delta": 1e-6, "release_epsilon": 50},
}
"""What all contracts have in common."""

SELECTING = {**COMMON["caps"], "selection_delta": 1e-5, "release_selection_delta": 1e-7}
"""The caps of contracts under which keys without a declared domain may be selected."""

PUBLIC: dict[str, dict[str, Any]] = {
    "pk": {
        "key": ["k"],
        "columns": {
            "k": {"type": "text", "values": ["x", "y", "z", "é", "O'B"], "required": True},
            "size": {"type": "integer", "bounds": [0, 3]},
            "coast": {"type": "boolean"},
        },
    },
    "pnb": {
        "key": ["n", "b"],
        "columns": {
            "n": {"type": "integer", "bounds": [-2, 4], "required": True},
            "b": {"type": "boolean", "required": True},
            "shift": {"type": "text", "values": ["early", "late"], "required": True},
            "rate": {"type": "decimal", "bounds": [-1, 2], "step": 0.25},
        },
    },
}


def contract_of(tape: Tape) -> Contract:
    """Return a contract between two or three owners."""
    owners, selecting = OWNERS[: tape.upto(3, 2)], tape.chance(30)
    private = {f"ds{number}": _private(tape, owners[number % len(owners)], selecting) for number in range(tape.upto(3, 2))}
    public = {
        name: {**table, "kind": "public", "owner": "a", "digest": "sha256:" + "0" * 64, "rows_per_key": tape.pick([1, 1, 2, 3])}
        for name, table in PUBLIC.items()
    }
    roles = ["owner", "analyst", "receiver"]
    return Contract.model_validate(
        {
            **COMMON,
            **({"caps": SELECTING} if selecting else {}),
            "parties": [{"name": name, "roles": roles, "key": key} for name, key in zip(owners, KEYS, strict=False)],
            "datasets": {**private, **public},
            "identifiers_per_person": tape.pick([1, 1, 1, 2]),
            "limits": {
                "groups_per_person": tape.pick([100, 100, 2, 1]),
                "cells": 300,
                "rows_per_person": tape.pick([*[1_000_000] * 5, 20]),
            },
        },
        strict=False,
    )


def _private(tape: Tape, owner: str, selecting: bool) -> dict[str, Any]:  # noqa: FBT001 - as the contract says
    return {
        "kind": "private",
        "owner": owner,
        "person": {"column": tape.pick(["id", "pid"]), "placeholders": ["n/a"]},
        "rows_per_person": tape.pick([1, 2, 1, 3, 1, 4]),
        "columns": {name: _column(tape, name, selecting) for name in tape.some([*COLUMNS], 6, 3)},
    }


def _column(tape: Tape, name: str, selecting: bool) -> dict[str, Any]:  # noqa: FBT001 - as the contract says
    """Return a declaration with uses that it may have; mostly all of them. Where keys are selected, any column may be grouped by."""
    declared = tape.pick(COLUMNS[name])
    further = _further(declared)
    allowed = ["filter", "join", *further, *(["group"] if selecting and "group" not in further else [])]
    return {**declared, "uses": tape.pick([*[allowed] * 6, allowed[:1], allowed[1:], allowed[2:], []])}


def _further(declared: dict[str, Any]) -> list[str]:
    """Return whether a column may be grouped by and measured: some types need values or bounds for that, and not too many."""
    bounds = declared.get("bounds")
    if "values" in declared or declared["type"] in {"boolean", "decimal"}:
        return ["group", "measure"]
    if bounds is None:
        return ["measure"] if declared["type"] in {"text", "date", "timestamp"} else []
    return ["measure", "group"] if declared["type"] in {"date", "timestamp"} or bounds[1] - bounds[0] < DOMAIN_LIMIT else ["measure"]
