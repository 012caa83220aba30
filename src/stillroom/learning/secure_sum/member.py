"""A member's part in one round, answer by answer, for whoever carries messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from stillroom.errors import Code, Refusal
from stillroom.learning.secure_sum.contributor import Advertised, Confirmed, Masked, Shared, begin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from stillroom.crypto.keys import SigningKey
    from stillroom.learning.secure_sum.messages import MaskedVector
    from stillroom.learning.secure_sum.session import Session
    from stillroom.ports import Entropy

    Vector = Sequence[int] | NDArray[Any]

State = TypeVar("State", Advertised, Shared, Masked, Confirmed)


class Member:
    """One member of one round. It lives in memory alone: after a crash, it has dropped out.

    Each method is a stage, and takes what the aggregator relays, by sender. They are called once each, in order. All fail as their stage of
    `contributor` does, and with `ROUND_INVALID` out of order.
    """

    def __init__(self, session: Session, name: str, key: SigningKey, entropy: Entropy, vector: Callable[[], Vector]) -> None:
        """Take part in a session that was compared with the contract and the plan.

        Args:
            session: The session.
            name: The member's name.
            key: Its signing key.
            entropy: Where its secrets come from.
            vector: Returns its vector, noise included. It is called once, and not before enough members have shared.
        """
        self._session, self._name, self._key, self._entropy, self._vector = session, name, key, entropy, vector
        self._state: Advertised | Shared | Masked | Confirmed | None = None

    def advertise(self) -> bytes:
        """Make keys, and advertise them."""
        if self._state is not None:
            raise self._out_of_order()
        begun = begin(self._session, self._name, self._key, self._entropy)
        self._state = begun.state
        return begun.message

    def share(self, relayed: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """Take everybody's keys, and share secrets."""
        done = self._at(Advertised).share(relayed, self._entropy)
        self._state = done.state
        return done.messages

    def mask(self, relayed: Mapping[str, bytes]) -> MaskedVector:
        """Take the parcels of those that have shared, and mask the vector."""
        state = self._at(Shared)
        done = state.mask(relayed, self._vector())
        self._state = done.state
        return done.message

    def confirm(self, relayed: Mapping[str, bytes]) -> bytes:
        """Take the headers of all vectors, and sign that they are the sum's."""
        done = self._at(Masked).confirm(relayed)
        self._state = done.state
        return done.message

    def reveal(self, relayed: Mapping[str, bytes]) -> bytes:
        """Take what others have signed, and reveal one share for each peer."""
        return self._at(Confirmed).reveal(relayed)

    def _at(self, stage: type[State]) -> State:
        """Return the state, if it is that of a stage."""
        if not isinstance(self._state, stage):
            raise self._out_of_order()
        return self._state

    def _out_of_order(self) -> Refusal:
        return Refusal(Code.ROUND_INVALID, f"{self._name} is not at this stage of the round.", "Begin a new round.")
