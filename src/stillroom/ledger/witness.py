"""A witness of a room's log: what it has seen of it, and what it says to the next head.

The rules are pure functions from witness to witness, as C2SP tlog-witness has them. A witness keeps the last head that it has accepted, and
accepts another one only with a proof that the log before is its beginning (RFC 6962, section 2.1.2): of all heads that it ever accepts,
each extends the one before. What does not is an alarm: both heads, signed by the room, to be kept and shown.

There is nothing in it but heads of the log, which say nothing about data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto.keys import PublicKey
from stillroom.crypto.merkle import EMPTY_ROOT, verify_consistency
from stillroom.crypto.note import Checkpoint, open_checkpoint, read_checkpoint
from stillroom.errors import Code, StillroomError, Unverified
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence


class Witness(Value):
    """What somebody has seen of a room's log.

    Attributes:
        origin: The log's name, which is the room's.
        key: The room's public key (`ed25519:…`), as the witness knows it from elsewhere.
        seen: The signed note of the last head that was accepted; None before the first.
    """

    origin: str
    key: str
    seen: str | None = None

    @property
    def head(self) -> Checkpoint:
        """The last head that was accepted; before the first, that of a log without entries."""
        return Checkpoint(self.origin, 0, EMPTY_ROOT) if self.seen is None else read_checkpoint(self.seen.encode())


class Alarm(Value):
    """Two heads of a log, both signed by its room, of which the later one was not shown to extend the earlier one.

    Attributes:
        origin: The log's name.
        key: The room's public key.
        seen: The signed note that a witness had accepted.
        shown: The signed note that it was shown afterwards.
    """

    origin: str
    key: str
    seen: str
    shown: str

    @property
    def code(self) -> Code:
        """What it is about: `LOG_ROLLED_BACK`, `LOG_FORKED` or `LOG_REWRITTEN`."""
        before, after = (read_checkpoint(note.encode()).size for note in (self.seen, self.shown))
        if after < before:
            return Code.LOG_ROLLED_BACK
        return Code.LOG_FORKED if after == before else Code.LOG_REWRITTEN


class Alarmed(Unverified):
    """A witness raises the alarm.

    Attributes:
        alarm: The evidence.
    """

    def __init__(self, alarm: Alarm) -> None:
        """Say what happened, and keep the evidence."""
        super().__init__(
            alarm.code,
            f"The log of {alarm.origin} {_WHAT[alarm.code]}.",
            "Keep the alarm, show it to the other parties, and ask the room's operator for an explanation.",
        )
        self.alarm = alarm


_WHAT = {
    Code.LOG_ROLLED_BACK: "is shorter than it was when it was seen last",
    Code.LOG_FORKED: "has another head than the one of the same size that was seen",
    Code.LOG_REWRITTEN: "is not shown to go on from what was seen of it",
}


def see(witness: Witness, note: bytes, proof: Sequence[bytes] = ()) -> Witness:
    """Return the witness with the log's next head accepted; unchanged if it is the one that was seen last.

    Args:
        witness: What was seen before.
        note: The signed note of the head that is shown.
        proof: The proof of consistency from `witness.head` to the head that is shown; empty from size 0 on.

    Raises:
        Alarmed: `LOG_ROLLED_BACK` if the log is shorter, `LOG_FORKED` if it has another root at the same size, `LOG_REWRITTEN` if it is
            longer and the proof does not hold.
        Unverified: `LOG_UNKNOWN` if it is the log of another room, or not signed by its key; `CHECKPOINT_INVALID` if the note is malformed,
            `SIGNATURE_INVALID` if the room's signature does not hold, `PROOF_INVALID` for a proof where none is needed.
    """
    before, shown = witness.head, _opened(witness.origin, witness.key, note)
    if witness.seen is not None and shown == before:
        return witness
    try:
        verify_consistency(before.size, shown.size, proof, before.root, shown.root)
    except Unverified:
        if witness.seen is None or before.size == 0:
            raise
        raise Alarmed(Alarm(origin=witness.origin, key=witness.key, seen=witness.seen, shown=note.decode())) from None
    return Witness(origin=witness.origin, key=witness.key, seen=note.decode())


def check_alarm(alarm: Alarm) -> bool:
    """Accept an alarm that somebody shows, offline; return whether it proves by itself that the room has done wrong.

    A fork does: no log has two heads of one size. Any other alarm proves that the room has signed both heads, and that it owes a proof of
    consistency between them, which an honest room can give at any time (`answer_alarm`): old heads may be shown by anybody, and proofs be
    spoilt on their way.

    Whether the key is the room's is for those to know who are shown the alarm.

    Raises:
        Unverified: `ALARM_INVALID` if the key has not signed both heads, or they are one.
    """
    try:
        seen, shown = (_opened(alarm.origin, alarm.key, note.encode()) for note in (alarm.seen, alarm.shown))
    except StillroomError as error:
        raise _no_alarm("its key has not signed both of its heads") from error
    if seen == shown:
        raise _no_alarm("its heads are one and the same")
    return seen.size == shown.size


def answer_alarm(alarm: Alarm, proof: Sequence[bytes]) -> None:
    """Accept the room's answer to an alarm: a proof that the longer log begins with the shorter one. To a fork there is none.

    Raises:
        Unverified: `PROOF_INVALID` if it does not hold.
    """
    heads = (read_checkpoint(note.encode()) for note in (alarm.seen, alarm.shown))
    shorter, longer = sorted(heads, key=lambda head: head.size)
    verify_consistency(shorter.size, longer.size, proof, shorter.root, longer.root)


def _opened(origin: str, key: str, note: bytes) -> Checkpoint:
    """Return a head that a room has signed."""
    if read_checkpoint(note).origin != origin:
        raise _unknown(origin)
    try:
        return open_checkpoint(note, origin, {origin: PublicKey.parse(key)})
    except Unverified as error:
        if error.code is Code.SIGNATURE_MISSING:
            raise _unknown(origin) from None
        raise


def _unknown(origin: str) -> Unverified:
    return Unverified(
        Code.LOG_UNKNOWN,
        f"A checkpoint is not one of {origin} that its key has signed.",
        "Ask the room for its checkpoint; if its key has changed, compare the new one with the parties in person.",
    )


def _no_alarm(why: str) -> Unverified:
    return Unverified(Code.ALARM_INVALID, f"An alarm about a log proves nothing: {why}.", "Ask whoever raised it for both signed notes.")
