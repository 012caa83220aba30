"""Telemetry of a room's server, as one owner sees and decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.room.signed import sign
from stillroom.room.statement import TELEMETRY_TYPE
from stillroom.room.telemetry import Consent, statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.adapters.home import Home
    from stillroom.client.access import Access
    from stillroom.model.contract import Contract


class Telemetry:
    """Whether a room's server may keep metrics and operational logs."""

    def __init__(self, home: Home, access: Access, contract: Contract) -> None:
        """Name the party's home, its room, and the contract in force."""
        self._home, self._access, self._contract = home, access, contract

    def say(self, *, on: bool) -> None:
        """Agree to telemetry, or end it, as this party. It fails as `stillroom.room.telemetry.record` does."""
        word = statement(self._access.identity, self._home.party, self._access.said(), on=on)
        self._access.say(sign(word, TELEMETRY_TYPE, self._home.signing_key))

    def agreed(self) -> Mapping[str, bool]:
        """Return whether each owner agrees, by signature; telemetry is on if all do."""
        consent = Consent(self._contract, self._access.said())
        return {owner: consent.agrees(owner) for owner in self._contract.owners}
