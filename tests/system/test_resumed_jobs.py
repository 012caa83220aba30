"""Jobs of a server that is no more: the next one takes them up, as soon as agents have had time to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest
from stillroom.model.record import JobRecord, JobState
from stillroom.server.jobs import RESUME_SECONDS, Jobs
from tests.rooms import build

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rooms import Scene


def job(name: str) -> JobRecord:
    return JobRecord(job=digest(name.encode()), party="insurer", question=name.encode())


def test_a_server_that_starts_takes_up_soon_what_the_one_before_has_left(tmp_path: Path) -> None:
    scene = build(tmp_path)
    left = {name: job(name).model_copy(update={"state": JobState(name)}) for name in ("waiting", "running", "done", "failed")}
    left["running"] = left["running"].model_copy(update={"lease": 1e12})
    with scene.room.store.writing() as records:
        for one in left.values():
            records.jobs.put(one)
    assert taken(scene, 0) == ["waiting"]
    jobs = Jobs(scene.room, 0, lambda _: None, lambda _: None)
    jobs.resume()
    assert taken(scene, RESUME_SECONDS) == []
    assert taken(scene, RESUME_SECONDS + 1) == ["waiting", "running"]
    with scene.room.store.reading() as records:
        assert [records.jobs.get(left[name].job) for name in ("done", "failed")] == [left["done"], left["failed"]]


def test_what_is_asked_after_the_start_does_not_wait(tmp_path: Path) -> None:
    scene = build(tmp_path)
    jobs = Jobs(scene.room, 0, lambda _: None, lambda _: None)
    jobs.resume()
    with scene.room.store.writing() as records:
        records.jobs.put(job("new"))
    assert taken(scene, 0) == ["new"]


def taken(scene: Scene, seconds: float) -> list[str]:
    """Return which jobs workers take up some seconds from now, one after the other; leave all as it is."""
    found = []
    with scene.room.store.writing() as records:
        now = scene.room.clock.now() + seconds
        while (one := records.jobs.next(now)) is not None:
            records.jobs.put(one.model_copy(update={"state": JobState.DONE}))
            found.append(one)
        for one in found:
            records.jobs.put(one)
    return [one.question.decode() for one in found]
