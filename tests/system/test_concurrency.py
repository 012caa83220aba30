"""Many ask at once, and there is room for ten questions: exactly ten are released, and every ledger says so, on either database."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from stillroom.errors import Code
from stillroom.model.charge import Charge
from stillroom.policy.allowance import allowance
from stillroom.room import releases
from tests.children import ask_all, ask_numbered, start
from tests.rooms import OWNERS, PLENTY, build, charge, contract, reopen

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model.contract import Contract
    from tests.rooms import Scene

ROOM_FOR = 10
QUICK = 0.01
"""A quantum that does not make tests wait."""


def ten_by_accounts() -> tuple[Contract, dict[str, Charge]]:
    """Return a contract with plenty, and owners with enough for ten questions and a bit."""
    enough = Charge(rho=ROOM_FOR * charge().rho + charge().rho // 2)
    return contract(quantum_seconds=QUICK), {"hospital": enough, "insurer": enough}


def ten_by_contract() -> tuple[Contract, dict[str, Charge]]:
    """Return a contract with enough for ten questions and a bit, and owners with plenty."""
    wanted = ROOM_FOR * charge().rho
    epsilon = next(step / 100 for step in range(50, 5000) if allowance(step / 100, 1e-9).rho >= wanted)
    assert allowance(epsilon, 1e-9).rho < wanted + charge().rho
    return contract(quantum_seconds=QUICK, caps={"epsilon": epsilon, "delta": 1e-9, "release_epsilon": 0.5}, **automatic(epsilon)), {}


def ten_by_analyst() -> tuple[Contract, dict[str, Charge]]:
    """Return a contract under which the analyst has enough for ten questions and a bit."""
    value, _ = ten_by_contract()
    return contract(quantum_seconds=QUICK, **automatic(value.caps.epsilon)), {}


def automatic(analyst: float) -> dict[str, object]:
    return {"approval": {"rule": "automatic", "release_epsilon": 0.5, "analyst_epsilon": analyst}}


LIMITS = {"accounts": ten_by_accounts, "contract": ten_by_contract, "analyst": ten_by_analyst}


def assert_exactly_ten(scene: Scene) -> None:
    """Every ledger agrees on ten commits and ten releases, and nothing is held."""
    spent = Charge(rho=ROOM_FOR * charge().rho)
    state = scene.replayed()
    assert scene.spent() == state.spent == spent
    assert [(scene.account(owner).spent, scene.account(owner).held) for owner in OWNERS] == [(spent, Charge(rho=0))] * 2
    assert len(releases.received_by(scene.room, "insurer")) == ROOM_FOR
    assert sum(run.release is not None for run in state.runs.values()) == ROOM_FOR


@pytest.mark.parametrize("limit", LIMITS)
def test_fifty_threads(tmp_path: Path, place: str, limit: str) -> None:
    value, caps = LIMITS[limit]()
    scene = build(tmp_path, value, caps=caps or dict.fromkeys(OWNERS, PLENTY), store=place)
    with ThreadPoolExecutor(50) as pool:
        answers = Counter(pool.map(lambda number: ask_numbered(scene, number), range(50)))
    refusal = {"accounts": Code.ACCOUNT_NOT_ENOUGH, "contract": Code.CONTRACT_CAP_EXCEEDED, "analyst": Code.ANALYST_CAP_EXCEEDED}[limit]
    assert answers == {"fresh": ROOM_FOR, refusal: 50 - ROOM_FOR}
    assert_exactly_ten(scene)


def test_fifty_threads_ask_the_same(tmp_path: Path, place: str) -> None:
    scene = build(tmp_path, contract(quantum_seconds=QUICK), store=place)
    with ThreadPoolExecutor(50) as pool:
        answers = Counter(pool.map(lambda _: ask_numbered(scene, 1), range(50)))
    assert answers["fresh"] == 1
    assert answers["fresh"] + answers["known"] == 50
    assert scene.spent() == scene.account("insurer").spent == scene.replayed().spent == charge()


def test_eight_processes(tmp_path: Path, place: str) -> None:
    value, caps = ten_by_accounts()
    build(tmp_path, value, caps=caps, store=place)
    children = [start(ask_all, str(tmp_path), value, [(5 * child + step) % 12 for step in range(4)]) for child in range(8)]
    for child in children:
        child.join(300)
    assert [child.exitcode for child in children] == [0] * 8
    assert_exactly_ten(reopen(tmp_path, value))
