"""Holds of which a room has made nothing: an agent ends them by itself, as the log has it, and a commit is never given up."""

from __future__ import annotations

import datetime
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.adapters.home.files import replace_private
from stillroom.adapters.home.log_copy import PARTS
from stillroom.adapters.home.membership import Membership
from stillroom.agent.holds import HOLD_SECONDS, LOOK_SECONDS
from stillroom.agent.witness import Parts, Proofs
from stillroom.crypto.note import read_checkpoint
from stillroom.errors import Code, Refusal, StillroomError
from stillroom.ledger.account import Standing
from stillroom.ledger.entry import RefusalCount, Refused
from stillroom.model.record import RunState
from stillroom.room import extract, log
from stillroom.room.door import Step
from stillroom.room.extract import PART_SIZE
from stillroom.room.recovery import GRACE_SECONDS
from tests.books import check_settled, question_in
from tests.faults import Each
from tests.faulty import World
from tests.parties import PARTIES
from tests.rooms import NOTHING, OWNERS, At, FakeClock, build, charge

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.adapters.http.channel import Channel
    from tests.rooms import Scene

HELD = "server: waits for hold"
COMMIT = "server: writes log.keep_statements, balances.spend, balances.spend_as, log.append, log.keep_checkpoint, runs.advance committed"


@pytest.fixture(scope="module")
def question(settled: Path) -> bytes:
    """One question, signed by the insurer."""
    return question_in(settled)


def stopped(folder: Path, question: bytes, step: str) -> World:
    """Ask while the server is killed after a step, and start it again; agents know what they hold by then."""
    world = World(folder, Each(["after"], {step}))
    with pytest.raises(StillroomError):
        world.ask(question)
    world.serve()
    world.turns()
    return world


def put_back(world: World, copy: bytes) -> None:
    """Put the room back to an earlier state, and serve it: in a new file, as what a killed server left open still leads to the old one."""
    replace_private(world.folder / "room" / "room.sqlite", copy)
    world.serve()


def kept(world: World) -> bytes:
    """Return a copy of the room's records."""
    return (world.folder / "room" / "room.sqlite").read_bytes()


def standings(folder: Path) -> set[Standing]:
    """Return how all that was ever held stands."""
    accounts = [account for party in PARTIES for account in bootstrap.accounts_of(Home.open(folder / party)).all()]
    return {booking.standing for account in accounts for booking in account.bookings}


def passes(world: World, seconds: float) -> None:
    """Let time pass while agents come and nobody recovers the room."""
    world.clock.moment += seconds
    world.turns()


def test_a_hold_of_which_the_room_has_forgotten_all_ends_after_a_while_and_not_before(folder: Path, question: bytes) -> None:
    before = (folder / "room" / "room.sqlite").read_bytes()
    world = stopped(folder, question, HELD)
    put_back(world, before)
    world.turns()
    passes(world, HOLD_SECONDS - 10)
    assert Standing.HELD in standings(folder)
    passes(world, 11)
    assert standings(folder) == {Standing.LAPSED}
    answer = world.ask(question)
    world.turns()
    assert check_settled(folder) == (answer.envelope,)


def test_a_hold_that_was_committed_while_its_agent_heard_nothing_is_spent_as_the_log_says(folder: Path, question: bytes) -> None:
    world = stopped(folder, question, COMMIT)
    assert standings(folder) == {Standing.HELD}
    passes(world, HOLD_SECONDS + 1)
    assert standings(folder) == {Standing.COMMITTED}
    answer = world.ask(question)
    world.rest()
    assert check_settled(folder) == (answer.envelope,)


def test_a_hold_for_a_room_whose_log_was_put_back_ends_though_it_gets_nothing_any_more(folder: Path, question: bytes) -> None:
    world = World(folder, Each(["after"], set()))
    before = kept(world)
    world.ask(question)
    world.turns()
    faults = world.steps._faults
    assert isinstance(faults, Each)
    faults.left = {(HELD, "after")}
    with suppress(StillroomError):
        world.ask(question_in(folder, epsilon=2.0))
    put_back(world, before)
    world.turns()
    assert (folder / "clinic" / "alarms").exists()
    assert Standing.HELD in standings(folder)
    passes(world, HOLD_SECONDS + 1)
    assert standings(folder) == {Standing.COMMITTED, Standing.LAPSED}


def test_while_the_room_cannot_be_reached_holds_stay_until_the_contracts_last_day_is_over(folder: Path, question: bytes) -> None:
    world = stopped(folder, question, HELD)
    world.steps.dead.add("server")
    passes(world, 100 * HOLD_SECONDS)
    passes(world, 1)
    assert standings(folder) == {Standing.HELD}
    known = Membership.load(folder / "insurer")
    assert known is not None
    last = max(datetime.date.fromisoformat(term.last_day) for term in known.terms.values())
    world.clock.moment = datetime.datetime.combine(last, datetime.time(23, 59, 59), datetime.UTC).timestamp()
    world.turns()
    assert standings(folder) == {Standing.HELD}
    passes(world, 1)
    assert standings(folder) == {Standing.LAPSED}


def test_a_room_that_shows_another_log_than_it_signs_ends_no_hold(folder: Path, question: bytes) -> None:
    world = stopped(folder, question, COMMIT)
    agent = world.agent("clinic")
    real = agent._holds._channel

    class Lying:
        """A channel to a server that leaves the commit out of the log that it shows."""

        def get(self, path: str) -> bytes:
            lines = real.get(path).splitlines(keepends=True)
            return b"".join(line for line in lines if b'"kind":"commit"' not in line)

    agent._holds._channel = Lying()  # type: ignore[assignment]  # as much of a channel as is used
    world.clock.moment += HOLD_SECONDS + 1
    with pytest.raises(StillroomError) as caught:
        agent._holds.end()
    assert caught.value.code is Code.LOG_INVALID
    assert standings(folder) == {Standing.HELD}


def grow(world: World, count: int) -> None:
    """Let the room log so many refusals."""
    with world.room.store.writing() as records:
        counts = (RefusalCount(code=Code.PRICE_INVALID, count=1),)
        log.append(world.room, records, *(Refused(at=int(world.clock.moment), counts=counts) for _ in range(count)))


class Counting:
    """A channel that counts what it fetches.

    Attributes:
        asked: What was asked for.
        lines: How many lines came of parts of the log, but for the heads.
    """

    def __init__(self, real: Channel) -> None:
        """Name the channel that is used."""
        self._real, self.asked, self.lines = real, list[str](), 0

    def get(self, path: str) -> bytes:
        """Fetch."""
        self.asked.append(path)
        found = self._real.get(path)
        self.lines += len(found.splitlines()) - 1 if path.startswith("/v1/log/from/") else 0
        return found


@pytest.mark.parametrize(("step", "comes"), [(HELD, Standing.LAPSED), (COMMIT, Standing.COMMITTED)])
def test_what_the_home_has_copied_of_the_log_is_not_fetched_again_to_end_a_hold(
    folder: Path, question: bytes, step: str, comes: Standing
) -> None:
    world = stopped(folder, question, step)
    grow(world, 2 * PART_SIZE)
    holds = world.agent("clinic")._holds
    assert holds._copy.follow(Parts(holds._channel), Proofs(holds._channel)).complete
    grow(world, 10)
    counting = Counting(holds._channel)
    holds._channel = counting  # type: ignore[assignment]  # as much of a channel as is used
    world.clock.moment += HOLD_SECONDS + 1
    assert len(holds.end()) == 1
    assert standings(folder) >= {comes}
    head = holds._watch.head()
    assert head is not None
    assert read_checkpoint(head).size == len(extract.entries(world.room))
    parts = [path for path in counting.asked if not path.startswith("/v1/log/tile/")]
    assert (parts, counting.lines) == ([f"/v1/log/from/{len(extract.entries(world.room)) - 10}"], 10)


def test_a_hold_is_not_ended_by_the_beginning_of_a_log(folder: Path, question: bytes) -> None:
    world = stopped(folder, question, COMMIT)
    before = len(extract.entries(world.room))
    grow(world, PARTS * PART_SIZE)
    passes(world, HOLD_SECONDS + 1)
    assert standings(folder) == {Standing.HELD}
    assert world.agent("clinic")._holds._copy.stored.standing()[0].size == PARTS * PART_SIZE
    passes(world, LOOK_SECONDS)
    assert standings(folder) == {Standing.COMMITTED}
    assert world.agent("clinic")._holds._copy.stored.standing()[0].size == PARTS * PART_SIZE + before


# ------------------------------------------------------------------------------------------------------------- the room's part


def late(scene: Scene, seconds: float) -> None:
    clock = scene.room.clock
    assert isinstance(clock, FakeClock)
    clock.moment += seconds


def test_a_room_commits_no_reservation_that_owners_may_have_given_up(tmp_path: Path) -> None:
    scene = build(tmp_path)
    with pytest.raises(Refusal) as caught:
        scene.ask(progress=At(Step.COMMIT, lambda: late(scene, GRACE_SECONDS)))
    assert caught.value.code is Code.HOLD_LAPSED
    assert [scene.account(owner).spent for owner in OWNERS] == [NOTHING, NOTHING]
    assert [scene.account(owner).held for owner in OWNERS] == [NOTHING, NOTHING]
    assert scene.spent() == NOTHING
    assert scene.ask(progress=At(Step.COMMIT, lambda: late(scene, GRACE_SECONDS - 1))).fresh
    assert [scene.account(owner).spent for owner in OWNERS] == [charge(), charge()]


def test_an_old_reservation_that_was_left_is_given_up_and_the_question_asked_anew(tmp_path: Path) -> None:
    scene = build(tmp_path)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.ask(progress=At(Step.COMMIT, stop))
    late(scene, GRACE_SECONDS)
    assert scene.ask().fresh
    with scene.room.store.reading() as records:
        assert sorted(one.state for one in records.runs.all()) == [RunState.LAPSED, RunState.RELEASED]
    assert [scene.account(owner).spent for owner in OWNERS] == [charge(), charge()]
    assert [scene.account(owner).held for owner in OWNERS] == [NOTHING, NOTHING]


def test_an_agent_waits_longer_than_a_room_may_take() -> None:
    assert HOLD_SECONDS >= 2 * GRACE_SECONDS
