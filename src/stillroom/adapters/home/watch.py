"""What a party has seen of its room's log, kept in its home: the last head that it accepted, and alarms."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import ValidationError

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


class Watch:
    """A party's watch over a room's log."""

    def __init__(self, home: Path, origin: str, key: str, prove: Proof) -> None:
        """Name the home, the log and its key, and who gives proofs of consistency between two sizes of it."""
        self._home, self._start, self._prove = home, Witness(origin=origin, key=key), prove

    def alarms(self) -> tuple[Alarm, ...]:
        """Return the alarms that were raised, and that the owner has not put away."""
        found = sorted((self._home / ALARMS).glob("*.json"))
        return tuple(Alarm.model_validate_json(file.read_bytes()) for file in found)

    def look(self, fetch: Callable[[], bytes]) -> bytes | None:
        """Fetch the log's present head and accept it: it extends the last one that was accepted.

        It is fetched while nobody else looks, so that the last one that was accepted was there before.

        Returns:
            The head, if the log has grown.

        Raises:
            Alarmed: The log is shorter than it was, or another one. The evidence is in the home from then on.
            Unverified: It is not signed by the room, or malformed.
            InvalidInput: `HOME_INVALID` if what was seen before cannot be read.
            Failed: `STORE_FAILED`, or the log's proofs cannot be had.
        """
        with self._alone():
            note = fetch()
            return note if self._accept(self._load(), note) else None

    def check(self, note: bytes) -> None:
        """Accept a head that the room shows with something else: it extends the last one that was accepted, or is an earlier one.

        It fails as `look` does; and with whatever the room says if it has no proof that an earlier head is one of the same log.
        """
        with self._alone():
            before, shown = self._load(), read_checkpoint(note)
            head = before.head
            if before.seen is None or shown.size >= head.size or shown.origin != head.origin:
                self._accept(before, note)
                return
            see(self._start, note)
            try:
                verify_consistency(shown.size, head.size, self._prove(shown.size, head.size), shown.root, head.root)
            except Unverified:
                raise self.keep(Alarm(origin=before.origin, key=before.key, seen=before.seen, shown=note.decode())) from None

    def head(self) -> bytes | None:
        """Return the signed note of the last head that was accepted."""
        seen = self._load().seen
        return None if seen is None else seen.encode()

    def keep(self, alarm: Alarm) -> Alarmed:
        """Keep the evidence of an alarm, and return what is raised."""
        content = canonical(alarm.to_json())
        folder = self._home / ALARMS
        with disk_errors("The home"):
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            replace_private(folder / f"{digest(content).removeprefix('sha256:')[:16]}.json", content)
        return Alarmed(alarm)

    def _accept(self, before: Witness, note: bytes) -> bool:
        """Accept a head, and keep it; tell whether the log has grown."""
        first, second = before.head.size, read_checkpoint(note).size
        try:
            after = see(before, note, self._prove(first, second) if 0 < first < second else ())
        except Alarmed as alarmed:
            raise self.keep(alarmed.alarm) from None
        if after != before:
            replace_private(self._home / FILE, canonical(after.to_json()))
        return second > first

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with disk_errors("The home"), exclusive(self._home / "witness.lock"):
            yield

    def _load(self) -> Witness:
        try:
            known = Witness.model_validate_json((self._home / FILE).read_bytes())
        except FileNotFoundError:
            return self._start
        except (OSError, ValidationError):
            raise InvalidInput(
                Code.HOME_INVALID, "What the home has seen of the room's log cannot be read.", "Restore the home from its backup."
            ) from None
        return known if (known.origin, known.key) == (self._start.origin, self._start.key) else self._start
