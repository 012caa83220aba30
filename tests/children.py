"""Processes that ask questions of a room, and may stop anywhere. They are forked from a clean server, which has imported what they need."""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.adapters.clock import SystemClock
from stillroom.client.session import open_room
from stillroom.errors import StillroomError
from stillroom.room import door
from tests.rooms import Scene, Steps, numbered, reopen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.process import BaseProcess

    from stillroom.model.charge import Charge
    from stillroom.model.contract import Contract
    from stillroom.model.grounds import Grounds
    from stillroom.ports import Records, Store, Vault

STOPPED = 99
"""Exit code of a child that stopped where it was told to."""

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["psycopg", "tests.attempts", "tests.children"])


def start(work: Callable[..., None], *arguments: object) -> BaseProcess:
    """Start a child."""
    child = FORKS.Process(target=work, args=arguments, daemon=True)
    child.start()
    return child


def run(work: Callable[..., None], *arguments: object) -> int | None:
    """Run a child to its end and return its exit code."""
    child = start(work, *arguments)
    child.join(120)
    return child.exitcode


def kill(child: BaseProcess) -> None:
    """Kill a child as nothing can be caught, and bury it."""
    if child.pid is not None and child.is_alive():
        os.kill(child.pid, signal.SIGKILL)
    child.join(60)


class StopAt:
    """Stops the process when a step begins."""

    def __init__(self, step: str) -> None:
        """Name the step."""
        self._step = step

    def step(self, name: str) -> None:
        """Stop here?"""
        if name == self._step:
            os._exit(STOPPED)


class Countdown:
    """Stops the process before or after its n-th durable change, wherever that is."""

    def __init__(self, change: int, *, after: bool) -> None:
        """Choose the change, counted from 1."""
        self._left, self._after = change, after

    @contextmanager
    def change(self) -> Iterator[None]:
        """Count one change, which happens inside or is refused there."""
        self._left -= 1
        if self._left == 0 and not self._after:
            os._exit(STOPPED)
        try:
            yield
        finally:
            if self._left == 0:
                os._exit(STOPPED)


class CountedStore:
    """A store whose writing transactions are counted; a stop is before it begins or after it is durable."""

    def __init__(self, store: Store, countdown: Countdown) -> None:
        """Wrap a store."""
        self._store, self._countdown = store, countdown

    @contextmanager
    def reading(self) -> Iterator[Records]:
        """Read."""
        with self._store.reading() as records:
            yield records

    @contextmanager
    def writing(self) -> Iterator[Records]:
        """Write, and count it."""
        with self._countdown.change(), self._store.writing() as records:
            yield records

    @contextmanager
    def committing(self) -> Iterator[tuple[Records, Callable[[], None]]]:
        """Commit, and count it."""
        with self._countdown.change(), self._store.committing() as both:
            yield both


class CountedVault:
    """A vault whose changes are counted."""

    def __init__(self, vault: Vault, countdown: Countdown) -> None:
        """Wrap a vault."""
        self.owner = vault.owner
        self._vault, self._countdown = vault, countdown

    def hold(self, room: str, reservation: str, population: str, charge: Charge, grounds: Grounds) -> bytes:
        """Hold, and count it."""
        with self._countdown.change():
            return self._vault.hold(room, reservation, population, charge, grounds)

    def commit(self, reservation: str, population: str) -> None:
        """Commit, and count it."""
        with self._countdown.change():
            self._vault.commit(reservation, population)

    def answer(self, reservation: str, population: str, release: str) -> None:
        """Answer, and count it."""
        with self._countdown.change():
            self._vault.answer(reservation, population, release)

    def lapse(self, reservation: str, population: str) -> tuple[bytes, bytes] | None:
        """Lapse, and count it."""
        with self._countdown.change():
            return self._vault.lapse(reservation, population)

    def raises(self, population: str) -> int:
        """Return raises."""
        return self._vault.raises(population)


def ask_until_step(folder: str, step: str) -> None:
    """Ask one question, up to a step."""
    reopen(Path(folder)).ask(progress=StopAt(step))


def ask_until_change(folder: str, change: int, when: str) -> None:
    """Ask one question, up to just before or just after a durable change; a refusal is as good as a release."""
    scene = reopen(Path(folder))
    countdown = Countdown(change, after=when == "after")
    vaults = {owner: CountedVault(vault, countdown) for owner, vault in scene.room.vaults.items()}
    scene.room = replace(scene.room, store=CountedStore(scene.room.store, countdown), vaults=vaults)
    try:
        scene.ask()
    except StillroomError:
        return


def ask_all(folder: str, value: Contract, numbers: Sequence[int]) -> None:
    """Ask numbered questions one after the other, by the real clock, whatever the answers are."""
    scene = reopen(Path(folder), value, clock=SystemClock())
    for number in numbers:
        ask_numbered(scene, number)


def ask_numbered(scene: Scene, number: int) -> str:
    """Ask a numbered question; return `fresh`, `known`, or the code of the refusal."""
    try:
        answer = door.ask(scene.room, scene.question(numbered(number)), Steps())
    except StillroomError as error:
        return str(error.code)
    return "fresh" if getattr(answer, "fresh", False) else "known"


def attach(home: str, dataset: str, source: str) -> None:
    """Attach data of a party."""
    open_room(Path(home)).attach_data(dataset, source)


def ask(home: str, sql: str) -> None:
    """Ask one question of a room as a party."""
    open_room(Path(home)).ask(sql, epsilon=1.0)


class Notice:
    """Leaves a file where a step begins."""

    def __init__(self, step: str, file: Path) -> None:
        """Name both."""
        self._step, self._file = step, file

    def step(self, name: str) -> None:
        """Is it this one?"""
        if name == self._step:
            self._file.touch()


def ask_on_disk(room: str, question: str, started: str) -> None:
    """Ask a room in a folder a question in a file, with the real engine, and leave a file when the measuring begins."""
    from stillroom import bootstrap

    door.ask(bootstrap.open_room(Path(room)), Path(question).read_bytes(), Notice(door.Step.MEASURE, Path(started)))
