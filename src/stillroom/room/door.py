"""The one door out of a room.

check → compile → price → approved, on admitted data? → reserve → hold on every owner's account → commit → settle → measure → finish →
sign → store → answer, in that order, refusing on any doubt. Nothing else can make a release. To settle is to tell every account of the
commit, and the answer is given once every account has been told of the release, or an owner has not let itself be told for an hour.

What is durable when, so that a crash anywhere leaves neither a release without a commit nor a second charge:

- Holds are durable in owners' homes before the commit. The commit is one transaction of the room: the contract's account, the reservation
  and the log entries of holds and commit. It asks every rule again, so that it rests on decisions and data versions as they are then.
- Only a committed run is measured. Its noisy cells leave this module inside a release that was stored first, in a second transaction,
  once for each reservation: of two that measure the same at the same time, one throws its cells away.
- A reservation is found by what is run. Asking again finds it, and goes on from where it stands: a release that is there is handed out
  without a charge, a run that was committed is measured without another one, unless an account knows of its release.

Refusals depend on contract, question, decisions, accounts and data versions only. A run that fails says one fixed text; it, a release,
its entry in the log and any error of the measuring all appear at a multiple of the contract's quantum, and the measuring begins at one.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from stillroom.crypto.canonical import digest
from stillroom.errors import Code, Failed, Refusal, StillroomError
from stillroom.ledger.entry import ReleaseStored, decode
from stillroom.model.contract import TemplateApproval
from stillroom.model.reading import Reading
from stillroom.model.record import RunState
from stillroom.model.release import PAYLOAD_TYPE
from stillroom.query.advised import advised, with_caps
from stillroom.query.compile import compile_question
from stillroom.query.table.finish import finish
from stillroom.room import accounts, approvals, checks, commitment, log, refusals, release
from stillroom.room.room import Genuine
from stillroom.room.signed import sign
from stillroom.room.stages import Committed, Rehearsal, Released
from stillroom.room.times import first_after, rounded_down, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.model.record import RunRecord
    from stillroom.model.release import Table
    from stillroom.model.selection import Measurement
    from stillroom.ports import Progress, Records
    from stillroom.room.room import Room
    from stillroom.room.stages import Asked, Cleared


ENDS_THE_PROCESS = (KeyboardInterrupt, SystemExit)
"""What is no error of a run. A panic of an engine in another language is one, and no `Exception`."""


class Step(StrEnum):
    """The steps of an ask, in order. A `Progress` hears of each as it begins, and of `hold <owner>` for each account."""

    CHECK = "check"
    COMPILE = "compile"
    PRICE = "price"
    APPROVE = "approve"
    RESERVE = "reserve"
    HOLD = "hold"
    COMMIT = "commit"
    SETTLE = "settle"
    MEASURE = "measure"
    FINISH = "finish"
    SIGN = "sign"
    STORE = "store"
    ANSWER = "answer"


class Silent:
    """Hears of steps and says nothing."""

    def step(self, name: str) -> None:
        """Do nothing."""


class Discreet:
    """Passes steps on to another `Progress`, up to the measuring.

    That it has ended, and so how long it took, is seen only by the answer, which waits for the quantum.
    """

    def __init__(self, progress: Progress) -> None:
        """Name who may hear."""
        self._progress = progress
        self._measuring = False

    def step(self, name: str) -> None:
        """Pass on a step, unless rows may have been read."""
        if not self._measuring:
            self._progress.step(name)
        self._measuring = self._measuring or name == Step.MEASURE


def ask(room: Room, envelope: bytes, progress: Progress) -> Released | Rehearsal:
    """Take a signed question through the door.

    Args:
        room: The room.
        envelope: The question (`stillroom.model.question.Question`), signed by the party that asks.
        progress: Hears of each step.

    Returns:
        The signed release, or a rehearsal where the room's protection does not protect.

    Raises:
        InvalidInput: The question is malformed.
        Refusal: A rule says no, or an account has not enough left. Nothing was charged.
        Unverified: A signature does not hold.
        Failed: The run or a store failed. What was committed stays charged; asking again resumes it.
    """
    progress.step(Step.CHECK)
    asked = checks.authenticate(room, envelope)
    with refusals.counted(room):
        cleared = _cleared(room, asked, progress)
        with _put_if_used_up(room, cleared):
            record = _committed(room, cleared, progress)
    if record.state is not RunState.RELEASED:
        progress.step(Step.SETTLE)
        record = _settled(room, record)
    if record.state is RunState.RELEASED or record.commitment is None:
        return _stored(room, record)
    return _measured(room, Committed(cleared, record.reservation, record.commitment), progress)


def is_committed(room: Room, envelope: bytes) -> bool:
    """Tell whether the run that a signed question comes to now is committed, or released. Nothing is changed; it fails as `ask` does."""
    asked = checks.authenticate(room, envelope)
    planned = checks.planned(room, asked, compile_question(asked.contract, asked.question))
    with room.store.reading() as records:
        last = records.runs.last(checks.clear(room, records, planned).run)
    return last is not None and last.state in {RunState.COMMITTED, RunState.RELEASED}


def _cleared(room: Room, asked: Asked, progress: Progress) -> Cleared:
    """Compile, price, and ask every rule. Whatever lacks only an approval is put to the owners."""
    progress.step(Step.COMPILE)
    compiled = compile_question(asked.contract, asked.question)
    progress.step(Step.PRICE)
    planned = checks.planned(room, asked, compiled)
    progress.step(Step.APPROVE)
    try:
        with room.store.reading() as records:
            return checks.clear(room, records, planned)
    except Refusal as refusal:
        if refusal.code is Code.APPROVAL_MISSING:
            approvals.put_to_owners(room, planned)
        raise


@contextmanager
def _put_if_used_up(room: Room, cleared: Cleared) -> Iterator[None]:
    """Put a question of a template to the owners if what the template grants is used up: their signatures approve it all the same."""
    try:
        yield
    except Refusal as refusal:
        if refusal.code is Code.ANALYST_CAP_EXCEEDED and isinstance(cleared.planned.asked.contract.approval, TemplateApproval):
            approvals.put_to_owners(room, cleared.planned)
        raise


def _committed(room: Room, cleared: Cleared, progress: Progress) -> RunRecord:
    """Return the reservation, committed or released: now, or before."""
    progress.step(Step.RESERVE)
    record = commitment.reserve(room, cleared)
    if record.state is not RunState.OPEN:
        return record
    try:
        progress.step(Step.HOLD)
        holds = accounts.hold_all(room, cleared, record, progress)
        progress.step(Step.COMMIT)
    except StillroomError as error:
        accounts.give_up(room, record)
        if isinstance(error, Refusal):
            return _moved_on(room, record, error)
        raise
    return commitment.commit(room, cleared, record, holds)


def _settled(room: Room, record: RunRecord) -> RunRecord:
    """Tell every account of a commit. It says no to one that is answered, by another process just now or in a future that is forgotten."""
    try:
        accounts.tell(room, record)
    except Refusal as refusal:
        return _moved_on(room, record, refusal)
    return record


def _moved_on(room: Room, record: RunRecord, refusal: Refusal) -> RunRecord:
    """Return a reservation that another process has taken further, which explains an account's refusal; otherwise raise that."""
    with room.store.reading() as records:
        present = records.runs.get(record.reservation)
    if present is None or present.state in {record.state, RunState.LAPSED}:
        raise refusal
    return present


def _measured(room: Room, committed: Committed, progress: Progress) -> Released | Rehearsal:
    """Measure and answer. Whatever the measuring comes to, an error of any kind too, is seen at a multiple of the quantum, and not before.

    It also begins at one. Otherwise whoever asks could choose the moment, so that a multiple falls where the work ends, and see on which
    side of it that is; so, what takes less than a quantum takes one, whenever it was asked. The log, the list of releases and the owners'
    agents tell no earlier than the answer does: all that comes of the measuring comes after the second wait.
    """
    contract = committed.cleared.planned.asked.contract
    wait(room.clock, contract)
    try:
        table = _finished(room, committed, progress)
        moment = _moment(room, committed)
    except ENDS_THE_PROCESS:
        raise
    except BaseException:
        wait(room.clock, contract)
        raise
    wait(room.clock, contract)
    return _answered(room, committed, table, moment, progress)


def _finished(room: Room, committed: Committed, progress: Progress) -> Table:
    """Measure, and finish the table."""
    planned = committed.cleared.planned
    progress.step(Step.MEASURE)
    measured = _measure(room, committed)
    progress.step(Step.FINISH)
    plan = planned.compiled.plan
    caps = advised(plan, measured.votes)
    measured_plan = with_caps(plan, [one.cap for one in caps])
    table = finish(measured_plan, planned.compiled.headings, measured.cells, measured.shown)
    return table.model_copy(update={"advised": caps, "selection": measured_plan.selection}) if caps else table


def _answered(room: Room, committed: Committed, table: Table, moment: float, progress: Progress) -> Released | Rehearsal:
    """Sign and store, if the protection protects, and tell the accounts."""
    answer: Released | Rehearsal
    match room.outlet:
        case Genuine() as outlet:
            answer = _released(room, outlet, committed, table, moment, progress)
        case _:
            answer = Rehearsal(committed.cleared.planned.price.plan_digest, table)
    progress.step(Step.ANSWER)
    if isinstance(answer, Released):
        _told(room, answer.reservation)
    return answer


def _measure(room: Room, committed: Committed) -> Measurement:
    """Return noisy cells; on any failure, too little memory and mistakes of ours among them, one fixed text."""
    planned = committed.cleared.planned
    try:
        reading = Reading(committed.reservation, committed.commitment.index, accounts.grounds(room, committed.cleared))
        return room.outlet.protection.measure(planned.compiled.plan, planned.compiled.charge, reading)
    except ENDS_THE_PROCESS:
        raise
    except BaseException:  # noqa: BLE001 - what an error says may depend on rows, and who catches it elsewhere would show it
        raise Failed(
            Code.RUN_FAILED,
            "The run did not finish. Its charge is committed and stays so.",
            "Ask again, which resumes it without another charge.",
        ) from None


def _released(  # noqa: PLR0913, PLR0917 - what is released, by whom, and when
    room: Room, outlet: Genuine, committed: Committed, table: Table, moment: float, progress: Progress
) -> Released:
    """Sign the release and store it with its log entry; if another process has stored one first, return that one."""
    progress.step(Step.SIGN)
    value = release.write(committed, table, room=room.identity, sampler=outlet.protection.sampler, released_at=moment)
    envelope = sign(value, PAYLOAD_TYPE, outlet.key)
    progress.step(Step.STORE)
    refusals.keep(room)
    with room.store.writing() as records:
        kept = records.runs.release(committed.reservation)
        if kept is not None:
            return Released(committed.reservation, kept, fresh=False)
        _store(records, committed.reservation, envelope)
        at = math.floor(moment)
        refusals.write(room, records, at)
        log.append(room, records, ReleaseStored(at=at, reservation=committed.reservation, release=digest(envelope)))
        return Released(committed.reservation, envelope, fresh=True)


def _moment(room: Room, committed: Committed) -> float:
    """Return the time of a release: that of its measuring, rounded down, but not before its commit if the clock was set back since."""
    quantum = committed.cleared.planned.asked.contract.quantum_seconds
    with room.store.reading() as records:
        commit = decode(records.log.leaves(committed.commitment.index, committed.commitment.index + 1)[0])
    now = rounded_down(room.clock.now(), quantum)
    return now if now >= commit.at else first_after(commit.at, quantum)


def _store(records: Records, reservation: str, envelope: bytes) -> None:
    """Keep a release of a committed reservation, and of no other."""
    record = records.runs.get(reservation)
    update = {"state": RunState.RELEASED, "settled": False}
    if record is None or not records.runs.advance(record.model_copy(update=update), RunState.COMMITTED):
        raise _lost(reservation)
    records.runs.keep_release(reservation, envelope)


def _stored(room: Room, record: RunRecord) -> Released:
    """Return the release that is there."""
    with room.store.reading() as records:
        kept = records.runs.release(record.reservation)
    if kept is None:
        raise _lost(record.reservation)
    _told(room, record.reservation)
    return Released(record.reservation, kept, fresh=False)


def _told(room: Room, reservation: str) -> None:
    """See that every account knows of a release before it is answered."""
    with room.store.reading() as records:
        record = records.runs.get(reservation)
    if record is not None and not record.settled:
        accounts.tell(room, record)


def _lost(reservation: str) -> Failed:
    return Failed(
        Code.STORE_FAILED, f"The room's store has lost part of reservation {reservation}.", "Restore the room's folder from a backup."
    )
