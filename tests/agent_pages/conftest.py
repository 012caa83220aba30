"""One room for most tests of pages: two parties, whose owners approve each question, with one release and one question that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home.people import PeopleBook
from tests.housed import BOTH, housed
from tests.identity import Idp, identifying
from tests.keepers import keeping
from tests.rooms import FakeClock
from tests.services import serving, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.housed import Housed

ANSWERED = "SELECT sex, ward, COUNT(*) AS n, AVG(cost) AS c FROM members JOIN visits ON id = pid GROUP BY sex, ward"
WAITING = "SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward"
MANY_MEMBERS = "id,age,sex\n" + "".join(f"p{number},{20 + number % 60},{'fm'[number % 2]}\n" for number in range(4000))
MANY_VISITS = "pid,cost,ward\n" + "".join(f"p{number * 7 % 4000},{number % 90}.5,{'aab'[number % 3]}\n" for number in range(6000))
PURPOSE = "Whether the programme lowers the cost of treatment."


def furnish(folder: Path) -> None:
    """Make the room, with data enough for a picture, one release and one question that waits for the clinic."""
    with serving(folder) as room:
        settle(room, approval={"rule": "each-owner"}, purpose=PURPOSE, datasets=keeping("visits"))
        room.add("members", MANY_MEMBERS)
        room.add("visits", MANY_VISITS)


def ask_both(house: Housed) -> None:
    """Have one question answered, and put another one to its owner."""
    asker = house.room.session("insurer")
    for sql in (ANSWERED, WAITING):
        with pytest.raises(Exception, match="APPROVAL_MISSING"):
            asker.ask(sql, epsilon=1.0)
    answered = asker.price(ANSWERED, epsilon=1.0).plan_digest
    for party in BOTH:
        house.room.session(party).decide(answered, "approved")
    assert asker.ask(ANSWERED, epsilon=1.0).charged


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def book(tmp_path: Path, clock: FakeClock) -> PeopleBook:
    """Who may use the pages of a home."""
    return PeopleBook(tmp_path, clock, SystemEntropy())


@pytest.fixture(scope="session")
def running_idp() -> Iterator[Idp]:
    with identifying() as found:
        yield found


@pytest.fixture
def idp(running_idp: Idp) -> Idp:
    """An identity provider that does as it should, until a test has it do otherwise."""
    return running_idp.renewed()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Housed]:
    """The room that tests share: each asks questions of its own."""
    folder = tmp_path_factory.mktemp("housed")
    furnish(folder)
    with housed(folder, *BOTH) as found:
        ask_both(found)
        yield found
