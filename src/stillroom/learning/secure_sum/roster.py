"""Who takes part: the advertisements that all members of a round have to be told alike."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from stillroom.crypto import canonical
from stillroom.crypto.exchange import PublicExchangeKey
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.learning.secure_sum.messages import Advertisement, read, wrong
from stillroom.model import codec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sized

    from stillroom.learning.secure_sum.session import Session


@dataclass(frozen=True)
class Roster:
    """All advertisements of a session.

    Attributes:
        session: The session.
        advertisements: What each has advertised, by name.
        digest: What names them all, in each later message.
    """

    session: Session
    advertisements: Mapping[str, Advertisement]
    digest: str

    @classmethod
    def read(cls, session: Session, envelopes: Mapping[str, bytes]) -> Roster:
        """Check and take what all have advertised.

        Raises:
            Unverified: As `messages.read`; `ROUND_INVALID` if a key is no key, or is offered twice, by one member or by two.
            Refusal: `ROUND_ABORTED` if they are fewer than the session's fewest.
        """
        advertisements = {name: read_advertisement(session, name, envelopes[name]) for name in sorted(envelopes)}
        enough(session, advertisements)
        keys = list(chain.from_iterable((one.masking, one.sealing) for one in advertisements.values()))
        if len(set(keys)) < len(keys):
            raise wrong("A key is offered twice; each is made for one member, one use and one round.")
        digests = {name: codec.digest_of(one) for name, one in advertisements.items()}
        return cls(session, advertisements, canonical.digest_of(digests))


def read_advertisement(session: Session, name: str, envelope: bytes) -> Advertisement:
    """Return what a member has advertised.

    Raises:
        Unverified: As `messages.read`; `ROUND_INVALID` if a key is no key.
    """
    advertisement = read(envelope, Advertisement, session, name)
    try:
        for text in (advertisement.masking, advertisement.sealing):
            PublicExchangeKey.parse(text)
    except InvalidInput:
        raise wrong(f"What {name} has advertised are not keys.") from None
    return advertisement


def enough(session: Session, remaining: Sized) -> None:
    """Go on only with the session's fewest or more.

    Raises:
        Refusal: `ROUND_ABORTED` with fewer.
    """
    if len(remaining) < session.fewest:
        raise Refusal(
            Code.ROUND_ABORTED,
            f"Of the round, {len(remaining)} remain; a sum is opened over {session.fewest} or more.",
            "Begin another round when enough parties can be reached.",
        )
