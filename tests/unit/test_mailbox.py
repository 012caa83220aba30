"""Errands between a room and agents: in order, once, and no longer than somebody needs them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.clock import SystemClock
from stillroom.adapters.remote.mailbox import MOST_WAITING, PRESENT_SECONDS, Mailbox
from stillroom.errors import Code, Failed
from stillroom.model.errand import Commit, Errand, Fetch, Reply
from tests.rooms import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator


def errand(number: int, party: str = "clinic") -> Errand:
    return Errand(ticket=f"{number:032x}", room="room", party=party, task=Commit(reservation="r", population="people"))


def wish(seconds: float = 0, session: int = 0, **raises: int) -> Fetch:
    return Fetch(session=f"{session:032x}", raises=raises, seconds=seconds)


class Sending:
    """A thread that waits for an answer."""

    def __init__(self, mailbox: Mailbox, number: int, party: str = "clinic", seconds: float = 60) -> None:
        """Send."""
        self.reply: Reply | Failed | None = None
        self._arguments = mailbox, errand(number, party), seconds
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        while mailbox.errand(f"{number:032x}") is None and self._thread.is_alive():
            threading.Event().wait(0.001)

    def _run(self) -> None:
        mailbox, one, seconds = self._arguments
        try:
            self.reply = mailbox.send(one, one.ticket.encode(), seconds)
        except Failed as failed:
            self.reply = failed

    def outcome(self) -> Reply | Failed | None:
        """Wait for the end."""
        self._thread.join(60)
        return self.reply


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    found = Mailbox(SystemClock())
    yield found
    found.close()


def fetched(mailbox: Mailbox, party: str = "clinic", session: int = 0) -> list[int]:
    return [int(one, 16) for one in mailbox.fetch(party, wish(session=session))]


def test_each_agent_gets_its_own_errands_in_order_and_once(mailbox: Mailbox) -> None:
    senders = [Sending(mailbox, number, party) for number, party in ((1, "clinic"), (2, "insurer"), (3, "clinic"))]
    assert fetched(mailbox) == [1, 3]
    assert fetched(mailbox) == []
    assert fetched(mailbox, "insurer") == [2]
    for number in (1, 2, 3):
        assert mailbox.reply(f"{number:032x}", Reply())
        assert not mailbox.reply(f"{number:032x}", Reply(refusal=Code.NOT_ALLOWED))
    assert [one.outcome() for one in senders] == [Reply()] * 3


def test_an_agent_that_starts_again_gets_what_is_not_answered_again(mailbox: Mailbox) -> None:
    one, other = Sending(mailbox, 1), Sending(mailbox, 2)
    assert fetched(mailbox, session=1) == [1, 2]
    mailbox.reply(f"{1:032x}", Reply())
    assert one.outcome() == Reply()
    assert fetched(mailbox, session=2) == [2]
    mailbox.reply(f"{2:032x}", Reply())
    assert other.outcome() == Reply()


def test_whoever_waits_hears_when_the_errand_is_abandoned_or_the_mailbox_closed(mailbox: Mailbox) -> None:
    one, other = Sending(mailbox, 1), Sending(mailbox, 2)
    mailbox.abandon(f"{1:032x}")
    assert isinstance(one.outcome(), Failed)
    mailbox.close()
    assert isinstance(other.outcome(), Failed)
    with pytest.raises(Failed):
        mailbox.send(errand(3), b"", 60)


def test_an_answer_that_does_not_come_in_time_is_not_waited_for(mailbox: Mailbox) -> None:
    mailbox.fetch("clinic", wish())
    failed = Sending(mailbox, 1, seconds=0.01).outcome()
    assert isinstance(failed, Failed)
    assert failed.code is Code.AGENT_UNAVAILABLE
    assert not mailbox.reply(f"{1:032x}", Reply())


def test_an_agent_is_there_as_long_as_it_comes_and_its_raises_are_the_last_that_it_said() -> None:
    clock = FakeClock(1000)
    mailbox = Mailbox(clock)
    assert not mailbox.present("clinic")
    mailbox.fetch("clinic", wish(people=2))
    assert mailbox.present("clinic")
    assert (mailbox.raises("clinic", "people"), mailbox.raises("clinic", "others"), mailbox.raises("insurer", "people")) == (2, 0, 0)
    clock.moment += PRESENT_SECONDS
    assert not mailbox.present("clinic")


def test_nobody_waits_for_an_agent_that_went_away(mailbox: Mailbox) -> None:
    clock = FakeClock(1000)
    away = Mailbox(clock)
    away.fetch("clinic", wish())
    clock.moment += PRESENT_SECONDS
    failed = Sending(away, 1, seconds=0.05).outcome()
    assert isinstance(failed, Failed)
    del mailbox


def test_agents_that_wait_leave_threads_to_others(mailbox: Mailbox) -> None:
    waiting = [threading.Thread(target=mailbox.fetch, args=(f"party{number}", wish(30))) for number in range(MOST_WAITING)]
    for thread in waiting:
        thread.start()
    while mailbox.waiting()[1] < MOST_WAITING:
        threading.Event().wait(0.001)
    assert mailbox.fetch("clinic", wish(30)) == ()
    mailbox.close()
    for thread in waiting:
        thread.join(60)
        assert not thread.is_alive()
