"""Owners' accounts, as a room works with them: hold, and tell every account how a reservation stands once that is durable.

Accounts are asked again before anything is measured, and told of the release before it is answered. So a room that was restored from an
older copy, and has forgotten a commit or a release, cannot measure a second time what was paid for once.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest
from stillroom.errors import Code, Failed, Refusal, StillroomError, Unverified
from stillroom.ledger.account import AccountName
from stillroom.ledger.entry import AccountRaised, Hold, HoldLapsed
from stillroom.model.grounds import Grounds
from stillroom.model.record import RunState
from stillroom.room import contracts, log, releases
from stillroom.room.signed import open_signed
from stillroom.room.statement import HOLD_TYPE, LAPSE_TYPE, HoldStatement, LapseStatement
from stillroom.room.times import entry_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.ledger.entry import Entry
    from stillroom.model.contract import Contract
    from stillroom.model.plan import Plan
    from stillroom.model.record import RunRecord
    from stillroom.ports import Progress, Records, Vault
    from stillroom.room.room import Room
    from stillroom.room.stages import Cleared

WITHHELD_SECONDS = 3_600.0
"""How long a release waits for owners' accounts to take note of it, before it is handed out.

Until then nobody has it, and an account is told the digest of what the room has signed, from which nobody learns what that says: so whoever
holds it up does not know either. What an account's word is for is that a room which is put back to before the release does not measure
again under the same charge. An owner that gives no word goes without that for its own account alone: the others are told, and refuse.
"""

MOST_RAISES = 100
"""How many raises of one account are logged at a time, so that no owner can fill the log, or keep others waiting, by a number."""


def accounts_of(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return the accounts that a plan is charged to, as (owner, population), sorted.

    The charge is for one person's rows in all datasets at once, so an account is charged once, however many of its datasets are read.
    """
    return tuple(sorted({(part.owner, part.population) for part in plan.parts}))


def hold_all(room: Room, cleared: Cleared, record: RunRecord, progress: Progress) -> Mapping[tuple[str, str], bytes]:
    """Hold the charge in every account, in order, and return the owners' signed statements.

    Raises of caps that were made before are logged first. On an error, whoever asked for the holds gives the reservation up.

    Raises:
        Refusal: As `stillroom.ports.Vault.hold`.
        Unverified: A statement that the owner's key under the contract has not signed, or that says something else.
        Failed: An owner's home cannot be reached.
    """
    note_raises(room)
    shown = grounds(room, cleared)
    statements = {}
    for owner, population in record.accounts:
        progress.step(f"hold {owner}")
        account = AccountName(owner=owner, population=population)
        statements[owner, population] = _hold(room, cleared.planned.asked.contract, record, account, shown)
    return statements


def grounds(room: Room, cleared: Cleared) -> Grounds:
    """Return what speaks for a run, as it is now."""
    asked, plan = cleared.planned.asked, cleared.planned.price.plan_digest
    contract = asked.question.contract
    with room.store.reading() as records:
        decisions = records.approvals.decisions(contract, plan)
        return Grounds(contracts.find(records, contract).envelope, asked.envelope, decisions, cleared.versions)


def give_up(room: Room, record: RunRecord) -> None:
    """Lapse a reservation that is open; do nothing to any other.

    The room's own change comes first, so that no commit can follow once an account has let go.
    """
    with room.store.writing() as records:
        lapsed = records.runs.advance(record.model_copy(update={"state": RunState.LAPSED}), RunState.OPEN)
    if lapsed:
        settle(room, record.reservation)


def settle(room: Room, reservation: str) -> None:
    """Tell every account how a reservation stands; whoever cannot be reached, or says no, is told again later."""
    with room.store.reading() as records:
        record = records.runs.get(reservation)
    if record is None or record.settled or record.state is RunState.OPEN:
        return
    if record.state is not RunState.RELEASED and any(owner not in room.vaults for owner, _ in record.accounts):
        return
    tell_all = _settle_lapse if record.state is RunState.LAPSED else tell
    with suppress(Refusal, Failed):
        tell_all(room, record)


def tell(room: Room, record: RunRecord) -> None:
    """Tell every account that a charge is spent, or by which release the commit is answered; each of them, whatever another one says.

    No owner withholds a release for longer than `WITHHELD_SECONDS`: after that it does as if all of them had taken note.

    Raises:
        Refusal: `RESERVATION_INVALID` if an account knows better: then nothing may be measured for the reservation, or handed out.
        Failed: An owner's home cannot be reached, or takes no note of a release, for whatever reason of its own.
    """
    with room.store.reading() as records:
        kept = records.runs.release(record.reservation)
    problems = [found for name in record.accounts if (found := _untold(room, record.reservation, name, kept))]
    for problem in sorted(problems, key=lambda one: isinstance(one, Failed)):
        if kept is None or isinstance(problem, Refusal) or not _is_overdue(room, kept):
            raise problem
    if not record.settled:
        with room.store.writing() as records:
            records.runs.settle(record.reservation, RunState.COMMITTED if kept is None else RunState.RELEASED)


def note_raises(room: Room) -> None:
    """Log the caps that owners have raised, or given to new accounts, since the room first looked at what its contract names."""
    with room.store.reading() as records:
        active = records.contracts.active()
        if active is None:
            return
        contract = contracts.read(active.envelope)
        names = sorted({(one.owner, one.population) for one in contract.datasets.values() if one.kind == "private"})
        seen = {name: records.counters.raises(*name) for name in names if name[0] in room.vaults}
    present = {(owner, population): vault.raises(population) for owner, population in seen if (vault := room.vaults.get(owner))}
    if any(count != seen[name] for name, count in present.items()):
        with room.store.writing() as records:
            _note_raises(room, records, contract, present)


def _hold(room: Room, contract: Contract, record: RunRecord, account: AccountName, shown: Grounds) -> bytes:
    owner = account.owner
    envelope = _vault(room, owner).hold(room.identity, record.reservation, account.population, record.charge, shown)
    party = contract.party(owner)
    wanted = HoldStatement(room=room.identity, reservation=record.reservation, account=account, charge=record.charge)
    if party is None or open_signed(envelope, HOLD_TYPE, party, HoldStatement) != wanted:
        raise Unverified(
            Code.KEY_MISMATCH,
            f"The home of {owner} has signed another hold than the one asked for.",
            "Check that the room works with the right home.",
        )
    return envelope


def _vault(room: Room, owner: str) -> Vault:
    vault = room.vaults.get(owner)
    if vault is None:
        raise Failed(
            Code.HOME_INVALID, f"The home of {owner} cannot be reached.", "Have its agent run, or bring its folder back, then ask again."
        )
    return vault


def _is_overdue(room: Room, release: bytes) -> bool:
    """Tell whether a release has waited for owners' accounts for as long as it may."""
    return room.clock.now() - releases.read(release).released_at >= WITHHELD_SECONDS


def _untold(room: Room, reservation: str, name: tuple[str, str], release: bytes | None) -> StillroomError | None:
    """Tell an account how a reservation stands; return why it does not know, if so."""
    owner, population = name
    try:
        _tell(_vault(room, owner), reservation, population, release)
    except Refusal as refusal:
        if release is None or refusal.code is Code.RESERVATION_INVALID:
            return _forgotten(owner)
        return Failed(
            Code.AGENT_UNAVAILABLE,
            f"The agent of {owner} does not take note of the release: {refusal.code}.",
            "Ask again: a release is handed out an hour after the run at the latest, whether owners have taken note of it or not.",
        )
    except Failed as failed:
        return failed
    return None


def _tell(vault: Vault, reservation: str, population: str, release: bytes | None) -> None:
    if release is None:
        vault.commit(reservation, population)
    else:
        vault.answer(reservation, population, digest(release))


def _forgotten(owner: str) -> Refusal:
    return Refusal(
        Code.RESERVATION_INVALID,
        f"The account of {owner} knows no run that waits for this answer: the room, or that home, was put back to an older state.",
        "Get the release from who received it. Asked at another price, or on a new version of the data, the question is a new run.",
    )


def _settle_lapse(room: Room, record: RunRecord) -> None:
    answers = {(owner, population): _lapse(_vault(room, owner), record.reservation, population) for owner, population in record.accounts}
    with room.store.writing() as records:
        present = records.runs.get(record.reservation)
        if present is not None and not present.settled:
            contract = contracts.read(contracts.find(records, record.contract).envelope)
            signed = {name: answer for name, answer in answers.items() if answer and _is_by(contract, name[0], *answer)}
            _log_lapse(room, records, record, signed, entry_time(room.clock, contract))
            records.runs.settle(record.reservation, RunState.LAPSED)


def _lapse(vault: Vault, reservation: str, population: str) -> tuple[bytes, bytes] | None:
    """Give up a hold. An account in which it is committed keeps the charge: the room was put back to a time before its own commit."""
    try:
        return vault.lapse(reservation, population)
    except Refusal:
        return None


def _is_by(contract: Contract, owner: str, held: bytes, lapsed: bytes) -> bool:
    """Tell whether an owner has signed a hold and its lapse; a home with another key has nothing to say in the log."""
    party = contract.party(owner)
    if party is None:
        return False
    try:
        open_signed(held, HOLD_TYPE, party, HoldStatement)
        open_signed(lapsed, LAPSE_TYPE, party, LapseStatement)
    except Unverified:
        return False
    return True


def _log_lapse(room: Room, records: Records, record: RunRecord, lapsed: Mapping[tuple[str, str], tuple[bytes, bytes]], at: int) -> None:
    """Log all holds and then their lapses: holds are logged with their outcome, and nothing is held once something has lapsed."""
    holds: list[Entry] = []
    lapses: list[Entry] = []
    for (owner, population), (held, given_up) in lapsed.items():
        name, reservation = AccountName(owner=owner, population=population), record.reservation
        holds.append(Hold(at=at, reservation=reservation, account=name, charge=record.charge, statement=log.keep(records, held)))
        lapses.append(HoldLapsed(at=at, reservation=reservation, account=name, statement=log.keep(records, given_up)))
    if lapses:
        log.append(room, records, *holds, *lapses)


def _note_raises(room: Room, records: Records, contract: Contract, present: Mapping[tuple[str, str], int]) -> None:
    """Log so many raises as an owner has said, a limited number at a time; a home that says fewer than before was put back."""
    at = entry_time(room.clock, contract)
    raised: list[Entry] = []
    for (owner, population), count in present.items():
        seen = records.counters.raises(owner, population)
        told = count if seen is None else min(max(count, seen), seen + MOST_RAISES)
        raised += [AccountRaised(at=at, account=AccountName(owner=owner, population=population))] * (
            told - (told if seen is None else seen)
        )
        records.counters.keep_raises(owner, population, told)
    if raised:
        log.append(room, records, *raised)
