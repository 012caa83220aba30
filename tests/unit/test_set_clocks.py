"""How long something lasts within one process does not depend on what the machine's clock is set to meanwhile."""

from __future__ import annotations

import pytest

from stillroom.adapters.clock import SystemClock
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.remote.mailbox import PRESENT_SECONDS, Mailbox
from stillroom.model.errand import Fetch
from stillroom.pages.challenges import CHALLENGE_SECONDS, Challenges
from stillroom.server.rates import Rates
from tests.rooms import SetClock

SET = pytest.mark.parametrize("set_by", [-1e6, 1e6])


@SET
def test_an_agent_is_there_as_long_as_it_came_lately(set_by: float) -> None:
    clock = SetClock()
    mailbox = Mailbox(clock)
    assert not mailbox.present("clinic")
    mailbox.fetch("clinic", Fetch(session="0" * 32, raises={}, seconds=0))
    clock.moment += set_by
    assert mailbox.present("clinic")
    assert mailbox.waiting() == (0, 1)
    clock.passed += PRESENT_SECONDS
    assert not mailbox.present("clinic")


@SET
def test_requests_come_back_with_time_and_no_otherwise(set_by: float) -> None:
    clock = SetClock()
    rates = Rates(clock, per_second=1, burst=1)
    assert rates.take("somebody")
    clock.moment += set_by
    assert not rates.take("somebody")
    clock.passed += 1
    assert rates.take("somebody")


@SET
def test_a_challenge_is_good_for_some_minutes(set_by: float) -> None:
    clock = SetClock()
    challenges = Challenges(clock, SystemEntropy())
    made = challenges.make()
    clock.moment += set_by
    assert challenges.good(made)
    assert challenges.spend(made)
    clock.passed += CHALLENGE_SECONDS
    assert not challenges.good(made)


def test_the_machines_steady_clock_goes_on() -> None:
    clock = SystemClock()
    first = clock.steady()
    clock.sleep_until(clock.now() + 0.02)
    assert 0.005 < clock.steady() - first < 60
