"""What a party may add to the log alone, and how fast: never so much that it grows without end, and a pause at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.adapters.home.membership import membership_of
from stillroom.agent.withdrawals import Withdrawals
from stillroom.errors import Code, Refusal
from stillroom.server.rates import STATEMENTS, STATEMENTS_PER_SECOND, SWITCHES, SWITCHES_PER_SECOND, Limits, Rates
from tests.parties import PARTIES, QUESTION, VISITS
from tests.rooms import FakeClock
from tests.services import serving, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.services import Served

FEW = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("rates")
    with serving(found) as room:
        settle(room, approval={"rule": "each-owner"})
    return found


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(0.0)


@pytest.fixture
def room(folder: Path, clock: FakeClock) -> Iterator[Served]:
    """A room that takes a few statements at once, of which one comes back in a minute."""
    with serving(folder) as found:
        plenty = Rates(clock, per_second=0.0, burst=10_000)
        few = {name: Rates(clock, per_second=1 / 60, burst=FEW) for name in ("statements", "switches")}
        object.__setattr__(found.service, "limits", Limits(plenty, plenty, plenty, plenty, **few))
        yield found
        object.__setattr__(found.service, "limits", Limits(plenty, plenty, plenty, plenty, plenty, plenty))
        for party in found.session("clinic").pause.missing():
            found.session(party).pause.resume()


def entries(room: Served, kind: str) -> int:
    return sum(one["kind"] == kind for one in room.session("clinic").log())


def refused(use: Callable[[], object]) -> Code | None:
    try:
        use()
    except Refusal as refusal:
        return refusal.code
    return None


def test_an_owner_that_pauses_and_resumes_as_fast_as_it_can_does_not_flood_the_log(room: Served, clock: FakeClock) -> None:
    before, owner = entries(room, "pause"), room.session("clinic").pause
    codes = [refused(turn) for _ in range(20) for turn in (owner.begin, owner.resume)]
    assert set(codes[: FEW + 1]) == {None}
    assert set(codes[FEW + 1 :]) == {Code.TOO_MANY_REQUESTS}
    assert entries(room, "pause") - before == FEW + 1
    clock.moment += 60
    assert refused(owner.begin if owner.missing() == ("insurer",) else owner.resume) is None
    assert refused(owner.begin) is Code.TOO_MANY_REQUESTS


def test_owners_that_take_turns_do_not_flood_it_either(room: Served) -> None:
    before = entries(room, "pause")
    first, second = (room.session(party).pause for party in PARTIES)
    for _ in range(20):
        for turn in (first.begin, second.begin, second.resume, first.resume):
            refused(turn)
    assert entries(room, "pause") - before <= 2 * 2 * FEW + 1


def test_a_room_that_goes_on_is_paused_at_any_time(room: Served) -> None:
    owner, other = (room.session(party).pause for party in ("clinic", "insurer"))
    owner.begin()
    for _ in range(FEW - 1):
        assert refused(owner.begin) is None
    assert refused(owner.resume) is None
    assert refused(owner.begin) is Code.TOO_MANY_REQUESTS
    assert refused(other.resume) is None
    assert owner.missing() == ()
    assert refused(owner.begin) is None
    assert owner.missing() == PARTIES
    assert refused(owner.begin) is Code.TOO_MANY_REQUESTS
    assert owner.missing() == PARTIES, "what was refused has changed nothing"


def test_decisions_versions_and_words_about_telemetry_have_a_rate(room: Served) -> None:
    owner, before = room.session("clinic"), len(room.session("clinic").log())
    assert refused(lambda: room.session("insurer").ask(QUESTION, epsilon=1.0)) is Code.APPROVAL_MISSING
    (waiting,) = owner.waiting()
    decisions = [refused(lambda one=one: owner.decide(waiting.price.plan_digest, one)) for one in ("approved", "rejected") * 10]  # type: ignore[misc]
    assert decisions == [None] * FEW + [Code.TOO_MANY_REQUESTS] * (20 - FEW)
    assert refused(lambda: room.add("visits", "pid,cost,ward\np1,1.5,a\n")) is Code.TOO_MANY_REQUESTS
    words = [refused(lambda on=on: owner.telemetry.say(on=on)) for on in (True, False) * 10]  # type: ignore[misc]
    assert words == [None] * (FEW + 1) + [Code.TOO_MANY_REQUESTS] * (19 - FEW)
    assert len(owner.log()) - before <= 2 * FEW + 1


def test_an_owner_ends_telemetry_at_any_time(room: Served) -> None:
    owner = room.session("clinic").telemetry
    for on in (True, False, True, False, True):
        assert refused(lambda on=on: owner.say(on=on)) is None  # type: ignore[misc]
    assert refused(lambda: owner.say(on=True)) is Code.TOO_MANY_REQUESTS
    assert refused(lambda: owner.say(on=False)) is None
    assert not owner.agreed()["clinic"]
    assert refused(lambda: owner.say(on=False)) is Code.TOO_MANY_REQUESTS


def test_a_withdrawal_that_came_too_soon_after_others_is_said_again(room: Served, clock: FakeClock) -> None:
    clinic = room.folder / "clinic"
    room.add("visits", VISITS)
    while room.service.limits.statements.take(Home.open(clinic).signing_key.public.text):
        pass
    home = Home.open(clinic)
    home.withdraw("visits")
    withdrawals = Withdrawals(home, bootstrap.open_channel(home, membership_of(clinic)))
    withdrawals.tell()
    assert {one.dataset: one.state for one in room.session("insurer").data()}["visits"] == "there"
    clock.moment += 60
    withdrawals.tell()
    assert {one.dataset: one.state for one in room.session("insurer").data()}["visits"] == "withdrawn"


def test_the_rates_leave_room_for_what_people_and_their_scripts_do(clock: FakeClock) -> None:
    limits = Limits.of(clock, per_second=50.0, burst=200)
    for rates, burst, rate in ((limits.statements, STATEMENTS, STATEMENTS_PER_SECOND), (limits.switches, SWITCHES, SWITCHES_PER_SECOND)):
        assert [rates.take("a") for _ in range(burst + 1)] == [True] * burst + [False]
        assert rates.take("b")
        clock.moment += 1.001 / rate
        assert [rates.take("a") for _ in range(2)] == [True, False]
