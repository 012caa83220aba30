"""An owner's accounts together with the key that signs what they hold (`stillroom.ports.Vault`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.ledger.account import AccountName
from stillroom.room.signed import sign
from stillroom.room.statement import HOLD_TYPE, LAPSE_TYPE, HoldStatement, LapseStatement

if TYPE_CHECKING:
    from stillroom.adapters.sql_store.accounts import SqlAccounts
    from stillroom.crypto.keys import SigningKey
    from stillroom.ledger.account import Purpose
    from stillroom.model.charge import Charge
    from stillroom.model.grounds import Grounds


class LocalVault:
    """A vault in a folder of this machine. Whoever can open the folder acts for its owner.

    Attributes:
        owner: Whose it is.
    """

    def __init__(self, accounts: SqlAccounts, key: SigningKey) -> None:
        """Join an owner's accounts with the owner's key."""
        self.owner = accounts.owner
        self._accounts = accounts
        self._key = key

    def hold(self, room: str, reservation: str, population: str, charge: Charge, grounds: Grounds) -> bytes:
        """Hold a charge for a reservation and return the signed statement; the room in this very process has looked at the grounds."""
        del grounds
        return self.hold_of(room, reservation, population, charge, None)

    def hold_of(self, room: str, reservation: str, population: str, charge: Charge, purpose: Purpose | None) -> bytes:
        """Hold a charge for what the owner itself has looked at, and return the signed statement."""
        wanted = HoldStatement(room=room, reservation=reservation, account=self._name(population), charge=charge)
        return self._accounts.hold(wanted, sign(wanted, HOLD_TYPE, self._key), purpose)

    def commit(self, reservation: str, population: str) -> None:
        """Spend a hold, for good."""
        self._accounts.commit(reservation, population)

    def answer(self, reservation: str, population: str, release: str) -> None:
        """Take note of the one release that answers a commit."""
        self._accounts.answer(reservation, population, release)

    def lapse(self, reservation: str, population: str) -> tuple[bytes, bytes] | None:
        """Give up a hold; return the signed statements of the hold and of its lapse, or None if nothing was ever held."""
        lapsed = LapseStatement(reservation=reservation, account=self._name(population))
        return self._accounts.lapse(lapsed, sign(lapsed, LAPSE_TYPE, self._key))

    def raises(self, population: str) -> int:
        """Return how often an account got a cap."""
        return self._accounts.raises(population)

    def _name(self, population: str) -> AccountName:
        return AccountName(owner=self.owner, population=population)
