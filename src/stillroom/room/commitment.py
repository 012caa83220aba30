"""Reserving and committing: from an allowed plan to a charge that is spent, once, whoever asks and however often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest_of
from stillroom.errors import Code, Refusal
from stillroom.ledger.account import AccountName
from stillroom.ledger.entry import Commit, Hold
from stillroom.model.contract import TemplateApproval
from stillroom.model.record import Commitment, RunRecord, RunState
from stillroom.room import accounts, checks, log
from stillroom.room.recovery import GRACE_SECONDS
from stillroom.room.times import entry_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.charge import Charge
    from stillroom.policy.automatic import Automatic
    from stillroom.ports import Records
    from stillroom.room.room import Room
    from stillroom.room.stages import Cleared


def reserve(room: Room, cleared: Cleared) -> RunRecord:
    """Return the reservation of a run; a new one if there is none, or the last one has lapsed.

    One that is too old to be committed is given up first. Whoever is refused here has kept no writer waiting.

    Raises:
        Refusal: `CONTRACT_CAP_EXCEEDED` or `ANALYST_CAP_EXCEEDED` where a new one would be in vain. (The commit decides.)
    """
    with room.store.reading() as records:
        live, _ = _attempts(records, cleared)
    if live is not None and not _too_old(room, live):
        return live
    if live is not None:
        accounts.give_up(room, live)
    with room.store.writing() as records:
        live, lapsed = _attempts(records, cleared)
        if live is None:
            live = _new(room, cleared, lapsed + 1)
            records.runs.add(live)
        return live


def commit(room: Room, cleared: Cleared, record: RunRecord, holds: Mapping[tuple[str, str], bytes]) -> RunRecord:
    """Spend the charge of a reservation for which every account holds, in one transaction. On a no, the holds lapse.

    A reservation that is too old is not committed: owners who have not heard of it since may have given up their holds.

    Args:
        room: The room.
        cleared: What would be run.
        record: Its reservation.
        holds: The owners' signed statements, by account.

    Returns:
        The reservation, committed; by somebody else who asked the same, perhaps.

    Raises:
        Refusal: The contract's account or the analyst has not enough left; a rule, a decision or a data version has changed since the
            plan was cleared; or the holds have lapsed.
    """
    try:
        with room.store.committing() as (records, take_turn):
            if present := _committed(records, record):
                return present
            now = _cleared_still(room, records, cleared)
            kept = log.keep_all(records, [holds[account] for account in record.accounts])
            take_turn()
            return _commit(room, records, now, record, kept)
    except Refusal:
        with room.store.reading() as records:
            if present := _committed(records, record):
                return present  # somebody has had their turn before us
        accounts.give_up(room, record)
        raise


def _too_old(room: Room, record: RunRecord) -> bool:
    """Tell whether an open reservation has to lapse."""
    return record.state is RunState.OPEN and room.clock.now() - record.opened_at >= GRACE_SECONDS


def _attempts(records: Records, cleared: Cleared) -> tuple[RunRecord | None, int]:
    """Return the attempt of a run that has not lapsed, and how many have; if all have, another one must be affordable."""
    last = records.runs.last(cleared.run)
    if last is not None and last.state is not RunState.LAPSED:
        return last, last.attempt - 1
    _check_affordable(records, cleared)
    return None, 0 if last is None else last.attempt


def _new(room: Room, cleared: Cleared, attempt: int) -> RunRecord:
    """Return a new reservation.

    Its name holds the time: a room that was restored from an older copy, and has forgotten a run, asks accounts for a new hold and
    finds none that was spent before, so that what it measures again is charged again.
    """
    plan, now = cleared.planned, room.clock.now()
    return RunRecord(
        reservation=digest_of({"run": cleared.run, "attempt": attempt, "opened_at": now}).removeprefix("sha256:"),
        run=cleared.run,
        attempt=attempt,
        state=RunState.OPEN,
        contract=plan.asked.question.contract,
        plan=plan.price.plan_digest,
        versions=dict(cleared.versions),
        accounts=accounts.accounts_of(plan.compiled.plan),
        charge=plan.compiled.charge,
        asked_by=plan.asked.question.asked_by,
        opened_at=now,
    )


def _check_affordable(records: Records, cleared: Cleared) -> None:
    """Refuse what the commit would refuse anyway, before any owner is bothered."""
    contract, charge = cleared.planned.asked.contract, cleared.planned.compiled.charge
    tally = records.balances.tally(contract.name)
    if not (tally.spent + charge).fits(tally.cap):
        raise _contract_exhausted()
    share = cleared.share
    if share is not None and not (records.balances.spent_as(contract.name, share.spender) + charge).fits(share.total):
        raise _share_exhausted(cleared, share)


def _committed(records: Records, record: RunRecord) -> RunRecord | None:
    """Return a reservation that somebody has committed already."""
    present = records.runs.get(record.reservation)
    return present if present is not None and present.state in {RunState.COMMITTED, RunState.RELEASED} else None


def _cleared_still(room: Room, records: Records, cleared: Cleared) -> Cleared:
    """Ask every rule again, as it is in the transaction that commits."""
    now = checks.clear(room, records, cleared.planned)
    if now.run != cleared.run:
        raise Refusal(Code.DATA_NOT_ADMITTED, "The data got a new version while the question was on its way.", "Ask again.")
    return now


def _commit(room: Room, records: Records, cleared: Cleared, record: RunRecord, kept: Sequence[str]) -> RunRecord:
    """Spend, log and take note, in a turn: of the owners' statements the digests under which they are kept."""
    spent = _spend(records, cleared)
    index = _log(room, records, cleared, record, kept)
    commitment = Commitment(index=index, spent_before=spent)
    asked_by = cleared.planned.asked.question.asked_by
    done = record.model_copy(update={"state": RunState.COMMITTED, "commitment": commitment, "asked_by": asked_by})
    if _too_old(room, record) or not records.runs.advance(done, RunState.OPEN):
        raise Refusal(Code.HOLD_LAPSED, f"The holds of reservation {record.reservation} have lapsed.", "Ask again; nothing was charged.")
    return done


def _spend(records: Records, cleared: Cleared) -> Charge:
    """Spend the charge under the contract, and return what had been spent before."""
    contract, charge = cleared.planned.asked.contract, cleared.planned.compiled.charge
    before = records.balances.spend(contract.name, charge)
    if before is None:
        raise _contract_exhausted()
    share = cleared.share
    if share is not None and not records.balances.spend_as(contract.name, share.spender, charge, share.total):
        raise _share_exhausted(cleared, share)
    return before


def _log(room: Room, records: Records, cleared: Cleared, record: RunRecord, kept: Sequence[str]) -> int:
    """Log every hold, with the digest of its owner's statement, and the commit; return the commit's index."""
    at = entry_time(room.clock, cleared.planned.asked.contract)
    names = [AccountName(owner=owner, population=population) for owner, population in record.accounts]
    holds = [
        Hold(at=at, reservation=record.reservation, account=name, charge=record.charge, statement=statement)
        for name, statement in zip(names, kept, strict=True)
    ]
    commit = Commit(
        at=at,
        reservation=record.reservation,
        accounts=tuple(names),
        contract=record.contract,
        plan=record.plan,
        protection=cleared.planned.compiled.plan.protection,
        charge=record.charge,
        asked_by=cleared.planned.asked.question.asked_by,
    )
    return log.append(room, records, *holds, commit)


def _contract_exhausted() -> Refusal:
    return Refusal(
        Code.CONTRACT_CAP_EXCEEDED,
        "The contract's account does not have enough left for this question.",
        "Ask with a smaller epsilon or a larger error, or agree on an amendment with a higher cap.",
    )


def _share_exhausted(cleared: Cleared, share: Automatic) -> Refusal:
    planned, fix = cleared.planned, "Ask with a smaller epsilon or a larger error, or agree on an amendment."
    if isinstance(planned.asked.contract.approval, TemplateApproval):
        fix = f"Ask the owners to look at plan {planned.price.plan_digest} and approve it, then ask again; or ask with a smaller epsilon."
    return Refusal(
        Code.ANALYST_CAP_EXCEEDED,
        f"{planned.asked.question.asked_by} does not have enough left for automatic releases of {share.what}.",
        fix,
    )
