"""Refusals are cheap: counted in memory, kept and logged in batches, and lost at most for a second."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stillroom.errors import Code, Failed, Refusal
from stillroom.ledger.entry import Refused
from stillroom.room import extract, refusals
from stillroom.room.refusals import BATCH
from stillroom.room.waiting import Waiting
from stillroom.server.threads import Every
from tests.books import opened
from tests.rooms import build
from tests.services import serving, settle

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from stillroom.ports import Records, Store
    from tests.rooms import Scene

CODE = Code.CONTRACT_CAP_EXCEEDED


class Counting:
    """A store that counts its changes, and fails while it is away.

    Attributes:
        written: How many changes there were, or would have been.
        away: Whether it fails.
    """

    def __init__(self, store: Store) -> None:
        """Wrap a store."""
        self._store, self.written, self.away = store, 0, False

    def reading(self) -> AbstractContextManager[Records]:
        """Begin to read."""
        return self._store.reading()

    def writing(self) -> AbstractContextManager[Records]:
        """Begin to write."""
        self.written += 1
        if self.away:
            raise Failed(Code.STORE_FAILED, "It is away.", "Wait.")
        return self._store.writing()

    def committing(self) -> AbstractContextManager[tuple[Records, Callable[[], None]]]:
        """Begin to commit."""
        self.written += 1
        return self._store.committing()


def served(tmp_path: Path) -> tuple[Scene, Counting]:
    """Return a room that counts in memory, as one that is served does, and its store."""
    scene = build(tmp_path)
    store = Counting(scene.room.store)
    scene.room = replace(scene.room, store=store, waiting=Waiting(BATCH))
    return scene, store


def refuse(scene: Scene, number: int, code: Code = CODE) -> None:
    for _ in range(number):
        with pytest.raises(Refusal) as caught, refusals.counted(scene.room):
            raise Refusal(code, "No.", "Ask for less.")
        assert caught.value.code is code


def kept(scene: Scene) -> dict[str, int]:
    with scene.room.store.reading() as records:
        return dict(records.counters.refusals())


def logged(scene: Scene) -> list[dict[Code, int]]:
    found = [one for one in extract.entries(scene.room) if isinstance(one, Refused)]
    return [{count.code: count.count for count in one.counts} for one in found]


def test_to_refuse_changes_nothing_until_there_is_a_batch_which_is_one_change_and_one_entry(tmp_path: Path) -> None:
    scene, store = served(tmp_path)
    refuse(scene, BATCH - 1)
    assert store.written == 0
    refuse(scene, 1, Code.SQL_INVALID)
    assert store.written == 1
    assert logged(scene) == [{CODE: BATCH - 1, Code.SQL_INVALID: 1}]
    assert kept(scene) == {}
    refuse(scene, 10 * BATCH)
    assert store.written == 11


def test_what_is_kept_before_a_batch_is_full_is_logged_with_the_rest(tmp_path: Path) -> None:
    scene, store = served(tmp_path)
    refuse(scene, 3)
    refusals.keep(scene.room)
    refusals.keep(scene.room)
    assert (store.written, kept(scene), logged(scene)) == (1, {CODE: 3}, [])
    refuse(scene, BATCH - 4)
    refusals.keep(scene.room)
    assert (kept(scene), logged(scene)) == ({CODE: BATCH - 1}, [])
    refuse(scene, 1)
    refusals.keep(scene.room)
    assert (kept(scene), logged(scene)) == ({}, [{CODE: BATCH}])


def test_a_release_comes_after_the_refusals_before_it(tmp_path: Path) -> None:
    scene, _ = served(tmp_path)
    refuse(scene, 2)
    scene.ask()
    assert logged(scene) == [{CODE: 2}]
    assert [type(one).__name__ for one in extract.entries(scene.room)][-2:] == ["Refused", "ReleaseStored"]


def test_while_the_store_is_away_a_refusal_is_a_refusal_and_none_is_forgotten(tmp_path: Path) -> None:
    scene, store = served(tmp_path)
    store.away = True
    refuse(scene, BATCH + 5)
    with pytest.raises(Failed):
        refusals.keep(scene.room)
    store.away = False
    refuse(scene, 1)
    assert logged(scene) == [{CODE: BATCH + 6}]


def test_many_at_once_are_counted_each(tmp_path: Path) -> None:
    scene, _ = served(tmp_path)
    threads = [threading.Thread(target=refuse, args=(scene, 130)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refusals.keep(scene.room)
    assert sum(one[CODE] for one in logged(scene)) + sum(kept(scene).values()) == 6 * 130


def test_a_process_that_ends_with_its_question_keeps_each(tmp_path: Path) -> None:
    scene = build(tmp_path)
    refuse(scene, 2)
    assert kept(scene) == {CODE: 2}


def test_a_room_that_is_served_counts_in_memory(settled: Path) -> None:
    room = opened(settled)
    with pytest.raises(Refusal), refusals.counted(room):
        raise Refusal(CODE, "No.", "Ask for less.")
    assert room.waiting.take() == {CODE: 1}


def test_what_is_done_every_now_and_then_is_done_once_more_at_the_end_and_goes_on_after_a_failure() -> None:
    done, enough = list[int](), threading.Event()

    def step() -> None:
        done.append(1)
        if len(done) > 2:
            enough.set()
        raise Failed(Code.STORE_FAILED, "It is away.", "Wait.")

    often = Every(0.01, step, lambda _: None)
    often.start()
    assert enough.wait(60)
    often.stop(60)
    done.clear()
    seldom = Every(3600, step, lambda _: None)
    seldom.start()
    seldom.stop(60)
    assert len(done) == 1


def test_a_server_keeps_what_it_has_refused_within_a_second_or_two_and_when_it_ends(tmp_path: Path) -> None:
    with serving(tmp_path) as found:
        settle(found)
        room = found.service.room
        for _ in range(2):
            with pytest.raises(Refusal), refusals.counted(room):
                raise Refusal(CODE, "No.", "Ask for less.")
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with room.store.reading() as records:
                if records.counters.refusals() == {CODE: 2}:
                    break
            time.sleep(0.05)
        with pytest.raises(Refusal), refusals.counted(room):
            raise Refusal(CODE, "No.", "Ask for less.")
    with opened(tmp_path).store.reading() as records:
        assert records.counters.refusals() == {CODE: 3}
