"""What the people of a party have decided and done on its pages: who, when and what. It stays in the home."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pydantic import ValidationError

from stillroom.adapters.home.files import PRIVATE_FILE, disk_errors, exclusive
from stillroom.adapters.home.people import PersonName, Role
from stillroom.crypto.canonical import canonical
from stillroom.errors import Code, InvalidInput
from stillroom.model.value import Value

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.adapters.home.people import Person
    from stillroom.ports import Clock

FILE = "journal.jsonl"


class Deed(Value):
    """One thing that somebody did.

    Attributes:
        at: When, in seconds since 1970.
        name: Who.
        role: As what.
        what: What was done, in a few words.
        about: To what: the name of a plan, a contract or a release; nothing where there is no such name.
    """

    at: float
    name: PersonName
    role: Role
    what: str
    about: str = ""


class Journal:
    """A file that only grows."""

    def __init__(self, home: Path, clock: Clock) -> None:
        """Name the home and the time."""
        self._home, self._clock = home, clock

    def note(self, person: Person, what: str, about: str = "") -> None:
        """Write down what somebody is about to do, through to the disk, before it is done.

        Raises:
            Failed: `STORE_FAILED`; then it is not to be done.
        """
        deed = Deed(at=self._clock.now(), name=person.name, role=person.role, what=what, about=about)
        with disk_errors("The journal"), exclusive(self._home / "journal.lock"):
            descriptor = os.open(self._home / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE_FILE)
            with os.fdopen(descriptor, "ab") as file:
                file.write(canonical(deed.to_json()) + b"\n")
                file.flush()
                os.fsync(descriptor)

    def deeds(self) -> tuple[Deed, ...]:
        """Return all, the latest first.

        Raises:
            InvalidInput: `HOME_INVALID`.
        """
        try:
            lines = (self._home / FILE).read_bytes().splitlines()
            return tuple(Deed.model_validate_json(line) for line in reversed(lines))
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError):
            raise InvalidInput(Code.HOME_INVALID, f"The home's {FILE} cannot be read.", "Restore it from its backup.") from None
