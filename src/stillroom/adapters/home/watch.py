"""What a party has seen of its room's log, kept in its home: the last head that it accepted, and alarms."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from stillroom.adapters.home.files import PRIVATE_FOLDER, disk_errors, exclusive, replace_private
from stillroom.crypto.canonical import canonical, digest
from stillroom.crypto.merkle import verify_consistency
from stillroom.crypto.note import read_checkpoint
from stillroom.errors import Code, InvalidInput, Unverified
from stillroom.ledger.witness import Alarm, Alarmed, Witness, see

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Proof = Callable[[int, int], Sequence[bytes]]

FILE = "witness.json"
ALARMS = "alarms"

ALARMS_LIMIT = 20
"""So many alarms are kept: a room can sign as many heads as it likes, and two of them are evidence enough."""


class Seen(Witness):
    """What a home keeps of its room's log.

    Attributes:
        cosigned: Entries of the largest head that was cosigned, and handed to the room.
    """

    cosigned: int = Field(default=0, ge=0)


class Watch:
    """A party's watch over a room's log."""

    def __init__(self, home: Path, origin: str, key: str, prove: Proof) -> None:
        """Name the home, the log and its key, and who gives proofs of consistency between two sizes of it."""
        self._home, self._start, self._prove = home, Seen(origin=origin, key=key), prove

    def alarms(self) -> tuple[Alarm, ...]:
        """Return the alarms that were raised, and that the owner has not put away.

        Raises:
            InvalidInput: `HOME_INVALID` if one of them cannot be read.
        """
        try:
            return tuple(_alarm(file) for file in sorted((self._home / ALARMS).glob("*.json")))
        except (OSError, ValidationError, Unverified):
            raise InvalidInput(
                Code.HOME_INVALID, f"An alarm in the folder {ALARMS} of the home cannot be read.", "Restore the home from its backup."
            ) from None

    def look(self, fetch: Callable[[], bytes]) -> bytes | None:
        """Fetch the log's present head and accept it: it extends the last one that was accepted.

        It is fetched while nobody else looks, so that the last one that was accepted was there before.

        Returns:
            The head, if it is to be cosigned: the log is larger than it was when that was done last (`cosigned`).

        Raises:
            Alarmed: The log is shorter than it was, or another one. The evidence is in the home from then on.
            Unverified: It is not signed by the room, or malformed.
            InvalidInput: `HOME_INVALID` if what was seen before cannot be read.
            Failed: `STORE_FAILED`, or the log's proofs cannot be had.
        """
        with self._alone():
            note = fetch()
            after = self._accept(self._load(), note)
            return note if after.head.size > after.cosigned else None

    def cosigned(self, note: bytes) -> None:
        """Take note that a head is cosigned and the room has got it. Until then it is to be cosigned at the next look."""
        with self._alone():
            before, size = self._load(), see(self._start, note).head.size
            if size > before.cosigned:
                self._keep(before.model_copy(update={"cosigned": size}))

    def check(self, note: bytes) -> None:
        """Accept a head that the room shows with something else: it extends the last one that was accepted, or is an earlier one.

        It fails as `look` does; and with whatever the room says if it has no proof that an earlier head is one of the same log.
        """
        with self._alone():
            before, shown = self._load(), see(self._start, note).head
            head = before.head
            if before.seen is None or shown.size >= head.size:
                self._accept(before, note)
                return
            proof = self._prove(shown.size, head.size)
            try:
                verify_consistency(shown.size, head.size, proof, shown.root, head.root)
            except Unverified:
                raise self.keep(Alarm(origin=before.origin, key=before.key, seen=before.seen, shown=note.decode())) from None

    def head(self) -> bytes | None:
        """Return the signed note of the last head that was accepted."""
        seen = self._load().seen
        return None if seen is None else seen.encode()

    def keep(self, alarm: Alarm) -> Alarmed:
        """Keep the evidence of an alarm, once and if there is not enough of it, and return what is raised."""
        folder = self._home / ALARMS
        heads = [read_checkpoint(note.encode()).text for note in (alarm.seen, alarm.shown)]
        file = folder / f"{digest(canonical(heads)).removeprefix('sha256:')[:16]}.json"
        with disk_errors("The home"):
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            if not file.exists() and len(list(folder.glob("*.json"))) < ALARMS_LIMIT:
                replace_private(file, canonical(alarm.to_json()))
        return Alarmed(alarm)

    def _accept(self, before: Seen, note: bytes) -> Seen:
        """Accept a head, keep it, and return what is seen from then on."""
        first, second = before.head.size, see(self._start, note).head.size
        proof = self._prove(first, second) if 0 < first < second else ()
        try:
            seen = see(before, note, proof).seen
        except Alarmed as alarmed:
            raise self.keep(alarmed.alarm) from None
        if seen == before.seen:
            return before
        after = before.model_copy(update={"seen": seen})
        self._keep(after)
        return after

    def _keep(self, seen: Seen) -> None:
        replace_private(self._home / FILE, canonical(seen.to_json()))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with disk_errors("The home"), exclusive(self._home / "witness.lock"):
            yield

    def _load(self) -> Seen:
        try:
            known = Seen.model_validate_json((self._home / FILE).read_bytes())
            known.head  # noqa: B018 - reads the note
        except FileNotFoundError:
            return self._start
        except (OSError, ValidationError, Unverified):
            raise InvalidInput(
                Code.HOME_INVALID, "What the home has seen of the room's log cannot be read.", "Restore the home from its backup."
            ) from None
        return known if (known.origin, known.key) == (self._start.origin, self._start.key) else self._start


def _alarm(file: Path) -> Alarm:
    """Read an alarm, and both of its heads."""
    alarm = Alarm.model_validate_json(file.read_bytes())
    alarm.code  # noqa: B018 - reads both notes
    return alarm
