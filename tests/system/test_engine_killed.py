"""A server that dies in mid-question leaves no release and one charge, and the same question succeeds when another is there."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stillroom.adapters.admitted import Contents, arrow_type
from stillroom.adapters.memory_table import MemoryTable
from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.adapters.spark.engine import SparkEngine
from stillroom.errors import Code, Failed
from stillroom.ledger.entry import ReleaseStored
from stillroom.protections.server import ServerProtection
from stillroom.room import extract
from stillroom.room.room import Genuine
from tests.connect_servers import Server
from tests.fakes import ListTables
from tests.rooms import KEYS, Steps, build, charge, refused, reopen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.rooms import Scene

WORKED = 0.2
"""Seconds of a processor that a server has worked on the question when it is killed. Whole, the question takes it several."""
PATIENCE = 240
TICK = os.sysconf("SC_CLK_TCK")


def scene(folder: Path, remote: str, size: int) -> Scene:
    """Open a room that measures many rows on a server."""
    tables = {}
    for name, dataset in reopen(folder).contract.datasets.items():
        nulls = {column: pa.nulls(size, arrow_type(declared)) for column, declared in dataset.columns.items()}
        persons = pc.utf8_lpad(pa.array(range(size)).cast(pa.string()), 9, "0")
        rows = pa.table({"person": pa.array(range(size), pa.int32()), **nulls})
        tables[name] = MemoryTable(Contents(rows, persons, name.encode()))
    protection = ServerProtection(SparkEngine(remote), OpendpNoise(), ListTables(tables))
    return reopen(folder, outlet=Genuine(protection, KEYS["room"]))


def processes(root: int, words: str) -> list[int]:
    """Return the processes below one, or itself, whose command has some words."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with_parent = re.match(r"(\d+) \(.*\) \S (\d+)", status.read_text(encoding="utf-8", errors="replace")) if status.exists() else None
        if with_parent:
            parents[int(with_parent[1])] = int(with_parent[2])
    family = {root}
    while grown := {child for child, parent in parents.items() if parent in family} - family:
        family |= grown
    return [one for one in family if words in Path(f"/proc/{one}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")]


def worked(process: int) -> float:
    """Return the processor's seconds that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def kill_at_work(found: Callable[[], list[int]]) -> threading.Thread:
    """Kill processes, in the background, once one of them has worked for a while from now on."""
    before = {process: worked(process) for process in found()}

    def watch() -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not any(worked(one) - was > WORKED for one, was in before.items()):
            time.sleep(0.02)
        for one in before:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def assert_dies_and_resumes(folder: Path, remote: str, size: int, victims: Callable[[], list[int]], revive: Callable[[], str]) -> None:
    """Kill while a question is asked; then ask it again."""
    build(folder)
    first = scene(folder, remote, size)
    killing = kill_at_work(victims)
    failure = refused(first)
    killing.join()
    assert isinstance(failure, Failed)
    assert (failure.code, failure.__cause__) == (Code.RUN_FAILED, None)
    assert first.spent() == first.account("insurer").spent == first.account("hospital").spent == charge()
    assert not any(isinstance(entry, ReleaseStored) for entry in extract.entries(first.room))
    again = scene(folder, revive(), size)
    answer = again.ask(progress=Steps())
    assert answer.fresh
    assert again.spent() == again.account("insurer").spent == again.account("hospital").spent == charge()
    assert sum(isinstance(entry, ReleaseStored) for entry in extract.entries(again.room)) == 1


@pytest.fixture
def sail() -> Iterator[list[Server]]:
    """Return a list with a server; all that come to stand in it are stopped."""
    running = [Server.sail()]
    yield running
    for server in running:
        server.stop()


def test_a_server_that_dies_in_mid_question(tmp_path: Path, sail: list[Server]) -> None:
    first = sail[0]

    def another() -> str:
        sail.append(Server.sail())
        return sail[-1].remote

    assert_dies_and_resumes(tmp_path, first.remote, 2_000_000, lambda: [first.process.pid], another)


@pytest.mark.slow
def test_workers_that_die_in_mid_question(tmp_path: Path) -> None:
    """Spark starts others in their place, and may give them the work: then there is a release at once. There is one, and one charge."""
    server = Server.spark()
    try:
        workers = "CoarseGrainedExecutorBackend"
        end = time.monotonic() + PATIENCE
        while len(processes(server.process.pid, workers)) < 2 and time.monotonic() < end:
            time.sleep(0.2)
        build(tmp_path)
        first = scene(tmp_path, server.remote, 100_000)
        killing = kill_at_work(lambda: processes(server.process.pid, workers))
        with suppress(Failed):
            first.ask(progress=Steps())
        killing.join()
        assert first.spent() == first.account("insurer").spent == charge()
        again = scene(tmp_path, server.remote, 100_000)
        assert again.ask(progress=Steps()).envelope
        assert again.spent() == again.account("insurer").spent == again.account("hospital").spent == charge()
        assert sum(isinstance(entry, ReleaseStored) for entry in extract.entries(again.room)) == 1
    finally:
        server.stop()
