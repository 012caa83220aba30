"""Sends errands that the room has signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.errand import Errand
from stillroom.room.signed import sign
from stillroom.room.statement import ERRAND_TYPE

if TYPE_CHECKING:
    from stillroom.adapters.remote.mailbox import Mailbox
    from stillroom.model.errand import Reply, Task
    from stillroom.ports import Entropy
    from stillroom.room.room import Notary

TICKET_SIZE = 16
"""Bytes of a ticket."""


class Sender:
    """A room's way to its parties' agents."""

    def __init__(self, notary: Notary, mailbox: Mailbox, entropy: Entropy) -> None:
        """Name the room, where errands wait, and what tickets are made of."""
        self._notary, self._mailbox, self._entropy = notary, mailbox, entropy

    @property
    def room(self) -> str:
        """The room's identity."""
        return self._notary.identity

    def reaches(self, party: str) -> bool:
        """Tell whether a party's agent is there."""
        return self._mailbox.present(party)

    def raises(self, party: str, population: str) -> int:
        """Return how often an account of a party's got a cap, as its agent has said."""
        return self._mailbox.raises(party, population)

    def send(self, party: str, task: Task, seconds: float, ticket: str | None = None) -> Reply:
        """Send a task, and wait for the answer.

        Raises:
            Failed: `AGENT_UNAVAILABLE` if none comes in time.
        """
        errand = Errand(ticket=ticket or self.ticket(), room=self._notary.identity, party=party, task=task)
        return self._mailbox.send(errand, sign(errand, ERRAND_TYPE, self._notary.key), seconds)

    def abandon(self, ticket: str) -> None:
        """Wait no more for the answer to an errand."""
        self._mailbox.abandon(ticket)

    def ticket(self) -> str:
        """Return a new ticket."""
        return self._entropy.token(TICKET_SIZE).hex()
