"""What must be true of a served room's books, however its processes ended: its log, its store and its parties' accounts agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.client.verification import verify
from stillroom.crypto.canonical import digest
from stillroom.ledger.account import Standing
from stillroom.ledger.entry import Commit, ReleaseStored
from stillroom.model.codec import digest_of
from stillroom.model.question import Question, Terms
from stillroom.room import contracts, extract
from stillroom.room.signed import sign
from stillroom.room.statement import QUESTION_TYPE
from tests.faults import FOLDERS
from tests.faulty import LEFT
from tests.parties import PARTIES, QUESTION
from tests.rooms import NOTHING

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.room.room import Room

OTHER = "other"
"""A reservation of another room's."""


def opened(folder: Path) -> Room:
    """Open a room's records, as they are on disk."""
    return bootstrap.open_served_room(folder / "room")[0]


def question_in(folder: Path, epsilon: float = 1.0) -> bytes:
    """Return the question of `tests.parties`, signed by the insurer, under the contract of a room that nobody serves."""
    with opened(folder).store.reading() as records:
        contract = contracts.in_force(records).contract
    asked = Question(contract=digest_of(contract), sql=QUESTION, terms=Terms(epsilon=epsilon), asked_by="insurer")
    return sign(asked, QUESTION_TYPE, Home.open(folder / "insurer").signing_key)


def check_sound(folder: Path) -> None:
    """See that the room's books agree with its log, and that all that was released verifies, and rests on a commit."""
    assert bootstrap.inconsistencies(folder / "room") == ()
    room = opened(folder)
    entries, log = extract.entries(room), extract.whole_log(room)
    with room.store.reading() as records:
        contract = contracts.find(records, contracts.in_force(records).digest).envelope
        releases = records.runs.releases()
    assert {digest(one) for one in releases} == {one.release for one in entries if isinstance(one, ReleaseStored)}
    for release in releases:
        assert verify(release, contract=contract, log=log).accepted


def check_settled(folder: Path) -> tuple[bytes, ...]:
    """See that accounts and room have paid once or not at all, that nothing is held, and no run under way; return the releases."""
    check_sound(folder)
    room = opened(folder)
    commits = {one.reservation: one.charge for one in extract.entries(room) if isinstance(one, Commit)}
    assert len(commits) <= 1
    spent = sum(commits.values(), NOTHING)
    with room.store.reading() as records:
        releases = records.runs.releases()
        assert records.runs.unsettled() == ()
        assert records.jobs.working("insurer") == 0
        assert records.balances.tally(contracts.in_force(records).contract.name).spent == spent
    for party in PARTIES:
        (account,) = bootstrap.accounts_of(Home.open(folder / party)).all()
        bookings = {one.reservation: one.standing for one in account.bookings if one.reservation != OTHER}
        assert account.spent == spent
        assert {one for one, standing in bookings.items() if standing is not Standing.LAPSED} == set(commits)
        assert set(bookings.values()) <= {Standing.COMMITTED, Standing.LAPSED}
        assert not (folder / party / "alarms").exists()
    for process, name in LEFT.items():
        assert [one for one in (folder / FOLDERS[process]).glob(name) if any(one.iterdir())] == []
    return releases
