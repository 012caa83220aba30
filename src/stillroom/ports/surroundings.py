"""What surrounds a room: time, random bytes, owners' accounts, and whoever hears of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from stillroom.model.charge import Charge
    from stillroom.model.grounds import Grounds


class Clock(Protocol):
    """Wall-clock time, in seconds since 1970-01-01T00:00:00Z; and how much time passes, which nobody sets back."""

    def now(self) -> float:
        """Return the time now, in seconds."""

    def steady(self) -> float:
        """Return how many seconds have passed since some moment. It tells how long something lasts within one process, and no more."""

    def sleep_until(self, moment: float) -> None:
        """Return at `moment` or later."""


class Entropy(Protocol):
    """Cryptographically secure random bytes."""

    def token(self, size: int) -> bytes:
        """Return `size` fresh random bytes."""


class Progress(Protocol):
    """Hears which step of an ask is about to begin."""

    def step(self, name: str) -> None:
        """Take note of a step.

        Raises:
            Refusal: The ask is to go no further. Up to the commit, what it held lapses.
        """


class Vault(Protocol):
    """The accounts of one owner, in the owner's own home. Every change is durable before it is answered, and may be repeated."""

    owner: str

    def hold(self, room: str, reservation: str, population: str, charge: Charge, grounds: Grounds) -> bytes:
        """Hold a charge for a reservation and return the owner's signed statement (`stillroom.room.statement.HoldStatement`).

        Args:
            room: The room's identity.
            reservation: What the charge is held for.
            population: Which account of the owner.
            charge: How much.
            grounds: Why, for an owner who looks.

        Raises:
            Refusal: `ACCOUNT_NOT_ENOUGH`, which tells no amount; `HOLD_LAPSED` if it lapsed; `RESERVATION_INVALID` if it is committed.
        """

    def commit(self, reservation: str, population: str) -> None:
        """Spend a hold, for good.

        Raises:
            Refusal: `HOLD_LAPSED`; `RESERVATION_INVALID` if nothing is held, or a release answers it already.
        """

    def answer(self, reservation: str, population: str, release: str) -> None:
        """Take note of the release, by its digest, that answers a commit: from now on nothing may be measured for it.

        Raises:
            Refusal: `RESERVATION_INVALID` if it is not committed, or another release answers it.
        """

    def lapse(self, reservation: str, population: str) -> tuple[bytes, bytes] | None:
        """Give up a hold, and never hold for this reservation again.

        Returns:
            The owner's signed statements of the hold and of its lapse (`LapseStatement`), or None if nothing was ever held.

        Raises:
            Refusal: `RESERVATION_INVALID` if it is committed.
        """

    def raises(self, population: str) -> int:
        """Return how often the owner has given an account a cap: not at all, when opening it, or also by raises since."""
