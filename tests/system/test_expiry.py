"""After a contract's last day an owner's agent deletes what it let be used, whatever the room's server says or does not say."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.adapters.home.membership import Membership, membership_of, see_contract
from stillroom.agent.expiry import wipe_ended
from stillroom.agent.main import open_agent
from stillroom.agent.withdrawals import Withdrawals
from stillroom.errors import Code, Refusal
from stillroom.model.contract import PrivateDataset
from stillroom.model.record import DataRecord
from tests.parties import PARTIES, document
from tests.services import serving, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services import Served

LAST, AFTER = 1_830_211_200.0 + 86_399, 1_830_211_200.0 + 86_400
"""The last second of the last day, 2027-12-31 (UTC), and the first one after it."""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        settle(served, expires="2027-12-31")
        served.session("clinic").contract  # noqa: B018 - the clinic sees it
        yield served


def home_of(room: Served) -> Home:
    """Return the clinic's home."""
    return Home.open(room.folder / "clinic")


def amend(room: Served, **changes: object) -> None:
    """Put another version in force, and have the clinic see it."""
    keys = {name: Home.open(room.folder / name).signing_key.public.text for name in PARTIES}
    before = Membership.load(room.folder / "clinic")
    assert before is not None
    version, digest = before.contracts["study"]
    room.sign({**document(keys), "version": version + 1, "amends": digest, "expires": "2027-12-31", **changes}, *PARTIES)
    room.session("clinic").contract  # noqa: B018 - the clinic sees it


def test_rows_are_there_on_the_last_day_and_deleted_after_it(room: Served) -> None:
    home = home_of(room)
    assert wipe_ended(home, LAST) == ()
    assert home.table("visits", 1).rows().num_rows
    assert wipe_ended(home, AFTER) == ("visits",)
    assert wipe_ended(home, AFTER) == ()
    with pytest.raises(Refusal) as caught:
        home.table("visits", 1)
    assert caught.value.code is Code.DATA_WITHDRAWN
    assert not list((home.path / "data").rglob("*.parquet"))
    assert not list((home.path / "keys" / "versions").iterdir())


def test_an_agent_deletes_them_also_when_its_server_cannot_be_reached(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        settle(served, expires="2020-01-01")
        served.session("clinic").contract  # noqa: B018 - the clinic sees it
    noted: list[str] = []
    open_agent(tmp_path / "clinic", noted.append).turn()
    assert "visits: its contract's last day is over, and its rows are deleted, with their key" in noted
    assert Home.open(tmp_path / "clinic").datasets()[0].current is None
    open_agent(tmp_path / "clinic", noted.append).turn()
    assert sum("visits" in one for one in noted) == 1
    with serving(tmp_path) as served:
        assert [one.state for one in served.session("insurer").data() if one.dataset == "visits"] == ["there"]
        with served.agents("clinic"):
            while served.session("insurer").data()[1].state != "withdrawn":
                threading.Event().wait(0.01)
    assert sum("visits" in one for one in noted) == 1


def test_a_withdrawal_that_the_room_has_not_heard_of_is_said_again(room: Served) -> None:
    home_of(room).withdraw("visits")
    session = room.session("clinic")
    assert {one.dataset: one.state for one in session.data()} == {"members": "there", "visits": "there"}
    session.withdraw_data("visits")
    assert {one.dataset: one.state for one in session.data()} == {"members": "there", "visits": "withdrawn"}
    with pytest.raises(Refusal) as caught:
        session.withdraw_data("visits")
    assert caught.value.code is Code.DATA_WITHDRAWN


def test_a_withdrawal_is_told_also_where_the_room_has_not_heard_of_the_last_version(room: Served) -> None:
    home, declared = home_of(room), room.session("clinic").contract.datasets["visits"]
    assert isinstance(declared, PrivateDataset)
    assert home.forget("visits", declared.person, "p1") == 2
    withdrawals = Withdrawals(home, bootstrap.open_channel(home, membership_of(home.path)))
    withdrawals.tell()
    assert {one.dataset: one.state for one in room.session("insurer").data()}["visits"] == "there"
    home.withdraw("visits")
    withdrawals.tell()
    assert {one.dataset: one.state for one in room.session("insurer").data()}["visits"] == "withdrawn"


def test_nothing_is_said_of_a_version_that_this_home_has_not_had(room: Served) -> None:
    home = home_of(room)
    home.withdraw("visits")
    (held,) = home.datasets()
    known = DataRecord(dataset="visits", version=1, section=held.versions[0].section, withdrawn=False)
    assert bootstrap.withdrawal(home, "visits", known) is not None
    for other in (known.model_copy(update={"version": 2}), known.model_copy(update={"withdrawn": True}), None):
        assert bootstrap.withdrawal(home, "visits", other) is None


def test_an_amendment_gives_more_time_or_less(room: Served) -> None:
    amend(room, expires="2028-01-31")
    assert wipe_ended(home_of(room), AFTER) == ()
    amend(room, expires="2027-12-31")
    assert wipe_ended(home_of(room), AFTER) == ("visits",)


def test_what_another_contract_still_lets_be_used_is_kept(room: Served) -> None:
    session = room.session("clinic")
    see_contract(room.folder / "clinic", "clinic", session.contract.model_copy(update={"name": "other", "expires": "2028-01-31"}))
    assert wipe_ended(home_of(room), AFTER) == ()


def test_a_home_that_has_seen_no_contract_loses_nothing(room: Served) -> None:
    home = home_of(room)
    known = Membership.load(home.path)
    assert known is not None
    known.model_copy(update={"contracts": {}, "terms": {}}).save(home.path)
    assert wipe_ended(home, AFTER) == ()
    (home.path / "server.json").unlink()
    assert wipe_ended(home, AFTER) == ()
