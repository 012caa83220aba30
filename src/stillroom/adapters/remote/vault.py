"""An owner's accounts at the owner's agent (`stillroom.ports.Vault`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stillroom.errors import Code, Refusal, Unverified
from stillroom.model import errand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stillroom.adapters.remote.sender import Sender
    from stillroom.model.charge import Charge
    from stillroom.model.grounds import Grounds
    from stillroom.ports import Vault

SECONDS = 30.0
"""How long an agent may take over an account: it compiles the question anew."""


class RemoteVault:
    """The accounts of an owner whose agent fetches errands.

    Attributes:
        owner: Whose they are.
    """

    def __init__(self, owner: str, sender: Sender) -> None:
        """Name the owner, and what sends errands."""
        self.owner = owner
        self._sender = sender

    def hold(self, room: str, reservation: str, population: str, charge: Charge, grounds: Grounds) -> bytes:
        """Have the agent hold, and return its signed statement."""
        del room
        task = errand.Hold(reservation=reservation, population=population, charge=charge, grounds=shown(grounds))
        return self._statements(task, 1)[0]

    def commit(self, reservation: str, population: str) -> None:
        """Have the agent spend a hold."""
        self._statements(errand.Commit(reservation=reservation, population=population), 0)

    def answer(self, reservation: str, population: str, release: str) -> None:
        """Have the agent take note of a release."""
        self._statements(errand.Answer(reservation=reservation, population=population, release=release), 0)

    def lapse(self, reservation: str, population: str) -> tuple[bytes, bytes] | None:
        """Have the agent give up a hold."""
        found = self._sent(errand.Lapse(reservation=reservation, population=population)).statements
        return (found[0].encode(), found[1].encode()) if len(found) == 2 else None  # noqa: PLR2004 - a hold and its lapse

    def raises(self, population: str) -> int:
        """Return how often the owner has said that it gave an account a cap."""
        return self._sender.raises(self.owner, population)

    def _statements(self, task: errand.Task, number: int) -> tuple[bytes, ...]:
        found = self._sent(task).statements
        if len(found) != number:
            raise Unverified(Code.ENVELOPE_INVALID, f"The agent of {self.owner} answered something else.", "Ask its operator to look.")
        return tuple(one.encode() for one in found)

    def _sent(self, task: errand.Task) -> errand.Reply:
        reply = self._sender.send(self.owner, task, SECONDS)
        if reply.refusal is not None:
            raise Refusal(
                reply.refusal,
                f"The agent of {self.owner} refuses: {reply.refusal}.",
                "What the code means, and what to do, is in the reference of refusals; ask the owner.",
            )
        return reply


class RemoteVaults(Mapping[str, "Vault"]):
    """The vaults of all owners whose agents are there."""

    def __init__(self, sender: Sender, parties: Callable[[], tuple[str, ...]]) -> None:
        """Say who sends errands, and which parties there are."""
        self._sender, self._parties = sender, parties

    def __getitem__(self, owner: str) -> RemoteVault:
        if not self._sender.reaches(owner):
            raise KeyError(owner)
        return RemoteVault(owner, self._sender)

    def __iter__(self) -> Iterator[str]:
        return (owner for owner in self._parties() if self._sender.reaches(owner))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def shown(grounds: Grounds) -> errand.ShownGrounds:
    """Return grounds as they travel."""
    return errand.ShownGrounds(
        contract=grounds.contract.decode(),
        question=grounds.question.decode(),
        decisions=tuple(one.decode() for one in grounds.decisions),
        versions=dict(grounds.versions),
    )
