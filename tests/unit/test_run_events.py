"""Streams of how a run stands: what they say, when they end, and that whoever follows a run goes on."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.http.shapes import Run
from stillroom.client.http_access import HttpAccess
from stillroom.errors import Code, Failed, Refusal
from stillroom.model.record import JobRecord, JobState
from stillroom.server.api.runs import EVENTS_SECONDS, STREAM_SECONDS, events
from stillroom.server.followers import MOST, Followers
from tests.rooms import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JOB = JobRecord(job="sha256:" + "0" * 64, party="insurer", question=b"", state=JobState.RUNNING)
DONE = JOB.model_copy(update={"state": JobState.DONE})


def said(look: Callable[[int], JobRecord]) -> list[str]:
    """Return what a stream says of a run, which is looked at once a second."""
    clock = FakeClock(0.0)

    async def looked() -> JobRecord:
        return look(int(clock.now()))

    async def change() -> None:
        clock.moment += 1

    async def all_of() -> list[str]:
        return [event async for event in events(looked, change, clock)]

    return asyncio.run(all_of())


def test_a_stream_tells_of_changes_alone_and_ends_when_the_run_is_over() -> None:
    told = said(lambda second: JOB if second < 3 else JOB.model_copy(update={"phase": "measure"}) if second < 5 else DONE)
    assert [Run.model_validate_json(one.removeprefix("data: ")) for one in told] == [
        Run(run=JOB.job, state=state, phase=phase, reservation=None, fresh=False, problem=None)
        for state, phase in ((JobState.RUNNING, ""), (JobState.RUNNING, "measure"), (JobState.DONE, ""))
    ]


def test_a_stream_with_nothing_to_tell_says_that_it_is_still_there_and_ends_after_ten_minutes() -> None:
    told = said(lambda _: JOB)
    assert [one for one in told if one.startswith("data: ")] == told[:1]
    assert told[1:] == [": still there\n\n"] * (round(STREAM_SECONDS / EVENTS_SECONDS) - 1)


def test_a_stream_ends_when_nobody_knows_how_the_run_stands() -> None:
    def look(second: int) -> JobRecord:
        if second:
            raise Failed(Code.STORE_FAILED, "It is away.", "Wait.")
        return JOB

    assert len(said(look)) == 1


def test_a_party_follows_so_many_runs_at_once_and_keeps_no_place_of_another() -> None:
    followers = Followers()
    with ExitStack() as open_:
        for _ in range(MOST):
            open_.enter_context(followers.one("insurer"))
        with followers.one("clinic"), pytest.raises(Refusal) as caught:
            open_.enter_context(followers.one("insurer"))
        assert caught.value.code is Code.TOO_MANY_REQUESTS
    with ExitStack() as again:
        for _ in range(MOST):
            again.enter_context(followers.one("insurer"))


class Streams:
    """A channel to a server whose streams end early."""

    def __init__(self, *streams: tuple[Run | Failed, ...]) -> None:
        """Say what each stream tells; one that is asked for how the run stands tells it too."""
        self.left = list(streams)
        self.asked: list[str] = []

    @contextmanager
    def events(self, path: str, *, seconds: float) -> Iterator[Iterator[str]]:
        """Yield what the next stream tells."""
        del path, seconds
        yield (_told(one) for one in self.left.pop(0))

    def get(self, path: str) -> bytes:
        """Return how the run stands."""
        self.asked.append(path)
        (one,) = self.left.pop(0)
        return _told(one).encode()


def _told(one: Run | Failed) -> str:
    if isinstance(one, Failed):
        raise one
    return one.model_dump_json()


class Heard(list[str]):
    """The phases that were heard of."""

    def step(self, name: str) -> None:
        """Take note."""
        self.append(name)


RUN = Run(run=JOB.job, state=JobState.RUNNING, phase="hold", reservation=None, fresh=False, problem=None)
MEASURED = RUN.model_copy(update={"phase": "measure"})
OVER = RUN.model_copy(update={"state": JobState.DONE, "reservation": "r"})
SILENT = Failed(Code.SERVER_UNAVAILABLE, "It says nothing.", "Wait.")


def followed(channel: Streams, heard: Heard) -> Run:
    """Return how a run ends for a client that follows it."""
    return HttpAccess(channel, None, None)._followed(RUN, heard)  # type: ignore[arg-type]  # it needs a channel alone to follow a run


def test_a_client_opens_another_stream_when_one_ends_before_the_run_does() -> None:
    channel, heard = Streams((RUN,), (), (RUN, MEASURED), (OVER,)), Heard()
    assert followed(channel, heard) == OVER
    assert (channel.left, channel.asked) == ([], [])
    assert heard == ["hold", "measure", "hold"]


def test_a_client_whose_stream_breaks_off_asks_how_the_run_stands_and_opens_another_one() -> None:
    channel, heard = Streams((RUN, SILENT), (MEASURED,), (SILENT,), (MEASURED,), (MEASURED, OVER)), Heard()
    assert followed(channel, heard) == OVER
    assert channel.asked == [f"/v1/runs/{RUN.run}"] * 2
    assert channel.left == []


@pytest.mark.parametrize("last", [SILENT, Failed(Code.STORE_FAILED, "It is away.", "Wait.")])
def test_a_client_gives_up_when_nobody_says_how_the_run_stands(last: Failed) -> None:
    for channel in (Streams((RUN, SILENT), (last,)), Streams((last,), (last,))):
        with pytest.raises(Failed) as caught:
            followed(channel, Heard())
        assert caught.value is last
