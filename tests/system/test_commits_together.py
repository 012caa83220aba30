"""Commits that overlap on a server before their turns: whoever comes second is told of the first, and rules hold for both."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stillroom.model.charge import Charge
from stillroom.model.record import RunState
from stillroom.room import accounts, commitment
from stillroom.room.door import Silent
from tests.attempts import OWNER, cleared, numbered, room_with_caps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from stillroom.model.record import RunRecord
    from stillroom.ports import Records, Store
    from stillroom.room.room import Room
    from stillroom.room.stages import Cleared
    from tests.servers import Server

PLENTY = Charge(rho=10**15, delta=10**15)


class Overtaken:
    """A store in which something happens just before each turn."""

    def __init__(self, store: Store, happens: Callable[[], object]) -> None:
        """Name the store, and what happens."""
        self._store, self._happens = store, happens

    def reading(self) -> AbstractContextManager[Records]:
        """Begin to read."""
        return self._store.reading()

    def writing(self) -> AbstractContextManager[Records]:
        """Begin to write."""
        return self._store.writing()

    @contextmanager
    def committing(self) -> Iterator[tuple[Records, Callable[[], None]]]:
        """Begin to commit."""
        with self._store.committing() as (records, take_turn):

            def late() -> None:
                self._happens()
                take_turn()

            yield records, late


def held(room: Room, one: Cleared) -> tuple[RunRecord, Mapping[tuple[str, str], bytes]]:
    """Return a reservation for which every account holds, and what owners have signed."""
    record = commitment.reserve(room, one)
    return record, accounts.hold_all(room, one, record, Silent())


@pytest.mark.parametrize("whose", ["the same question", "another question"])
def test_a_run_that_another_one_comes_beside_before_its_turn(database_server: Server, tmp_path: Path, whose: str) -> None:
    """The same run is committed once, and both hear of that; of two runs each is committed."""
    scene = room_with_caps(tmp_path, database_server.database(), under_contract=PLENTY, for_life=PLENTY)
    one = cleared(scene)
    other = one if whose == "the same question" else numbered(scene.room, one, 1)
    mine, theirs = held(scene.room, one), held(scene.room, other)
    done: list[RunRecord] = []
    thread = threading.Thread(target=lambda: done.append(commitment.commit(scene.room, other, *theirs)))

    def begin_other() -> None:
        thread.start()
        thread.join(0.5 if other is one else 60)
        assert thread.is_alive() is (other is one)  # it waits for us where it would keep the same statements

    second = commitment.commit(replace(scene.room, store=Overtaken(scene.room.store, begin_other)), one, *mine)
    thread.join()
    assert second.state is done[0].state is RunState.COMMITTED
    assert (second == done[0]) is (other is one)
    spent = (1 if other is one else 2) * one.planned.compiled.charge.rho
    assert scene.spent().rho == scene.replayed().spent.rho == scene.account(OWNER).held.rho == spent
