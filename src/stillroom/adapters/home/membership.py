"""Which server a home has joined, and what its agent has seen there: the newest version of each contract that the party has signed."""

from __future__ import annotations

import operator
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from stillroom.adapters.home.files import disk_errors, exclusive, read_value, replace_private
from stillroom.crypto.canonical import canonical
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.codec import digest_of
from stillroom.model.contract import Digest, Name
from stillroom.model.value import Value

if TYPE_CHECKING:
    import datetime
    from pathlib import Path
    from typing import Self

    from stillroom.model.contract import Contract

FILE = "server.json"
LOCK = "server.lock"


class Term(Value):
    """Until when a contract lets datasets be used.

    Attributes:
        last_day: The contract's last day (UTC), ISO 8601.
        datasets: Those of the party that it names.
        kept: Those of them of which the server may keep something between runs.
    """

    last_day: str
    datasets: tuple[Name, ...]
    kept: tuple[Name, ...] = Field(default=(), exclude_if=operator.not_)


class Membership(Value):
    """A server that a party has joined, whose key it has compared with the operator.

    Attributes:
        format: The version of this format.
        url: Where it is.
        name: The room's name.
        key: The room's public key.
        certificate: The server's certificate in PEM, which the room's key vouches for; nothing where authorities do.
        contracts: Newest version that was seen of each contract, with its digest.
        terms: How long that version lets each of the party's datasets be used, by contract.
    """

    format: Literal["stillroom/membership/v1"] = Field(default="stillroom/membership/v1", alias="schema")
    url: str
    name: str
    key: str
    certificate: str | None = None
    contracts: dict[Name, tuple[int, Digest]] = Field(default_factory=dict)
    terms: dict[Name, Term] = Field(default_factory=dict)

    def ended(self, today: datetime.date) -> tuple[str, ...]:
        """Return the party's datasets that no contract lets anybody use any more, sorted."""
        over = {one for term in self.terms.values() if term.last_day < today.isoformat() for one in term.datasets}
        return tuple(sorted(over - {one for term in self.terms.values() if term.last_day >= today.isoformat() for one in term.datasets}))

    def kept(self, today: datetime.date) -> frozenset[str]:
        """Return the party's datasets of which a contract lets the server keep something between runs."""
        return frozenset(one for term in self.terms.values() if term.last_day >= today.isoformat() for one in term.kept)

    @property
    def identity(self) -> str:
        """The room's name and public key, as releases and holds state them."""
        return f"{self.name} {self.key}"

    @classmethod
    def load(cls, home: Path) -> Membership | None:
        """Return which server a home has joined, if any.

        Raises:
            InvalidInput: `HOME_INVALID` if the file that says so is damaged.
        """
        return read_value(home / FILE, cls, "What the home knows of its room's server", "Join again: stillroom agent join URL.")

    def rejoined(self, home: Path) -> Self:
        """Return this with what a home has seen of the same room before: to join again makes nobody forget which contract is the newest.

        Raises:
            Refusal: `KEY_MISMATCH` if the home has joined another room.
        """
        known = None
        with suppress(InvalidInput):  # of a file that is damaged there is nothing to keep: joining again is the way out
            known = self.load(home)
        if known is None:
            return self
        if known.identity != self.identity:
            raise Refusal(
                Code.KEY_MISMATCH,
                f"The home has joined the room {known.name}, and this is another one, or has another key.",
                "Do not join if it should be the same room; ask the operator. For another room, make another home.",
            )
        return self.model_copy(update={"contracts": known.contracts, "terms": known.terms})

    def join(self, home: Path) -> None:
        """Keep this in a home that has joined, with what it has seen before. It fails as `rejoined` and `save`."""
        with disk_errors("The home"), exclusive(home / LOCK):
            self.rejoined(home).save(home)

    def save(self, home: Path) -> None:
        """Keep this in a home.

        Raises:
            Failed: `STORE_FAILED` if the disk refuses.
        """
        with disk_errors("The home"):
            replace_private(home / FILE, canonical(self.to_json()))


def see_certificate(home: Path, joined: Membership, certificate: str) -> None:
    """Keep the new certificate, in PEM, of the server that a home has joined, unless it has joined another one meanwhile.

    Raises:
        InvalidInput: `HOME_INVALID` if the file that says so is damaged.
        Failed: `STORE_FAILED`.
    """
    with disk_errors("The home"), exclusive(home / LOCK):
        known = Membership.load(home)
        if known is not None and (known.identity, known.url) == (joined.identity, joined.url):
            known.model_copy(update={"certificate": certificate}).save(home)


def see_contract(home: Path, party: str, contract: Contract) -> None:
    """Take note of a contract that all its parties have signed. An older version than one that was seen is not in force any more.

    Args:
        home: The home.
        party: Whose it is.
        contract: The contract.

    Raises:
        InvalidInput: `HOME_INVALID` if the home has joined no server.
        Refusal: `CONTRACT_REPLACED` if a newer version was seen, or another one of the same number.
        Failed: `STORE_FAILED`.
    """
    with disk_errors("The home"), exclusive(home / LOCK):
        membership = membership_of(home)
        found = contract.version, digest_of(contract)
        known = membership.contracts.get(contract.name, (0, ""))
        if found[0] < known[0] or (found[0] == known[0] and found != known):
            raise Refusal(
                Code.CONTRACT_REPLACED,
                f"{contract.name} is at version {known[0]} here; what the room shows is older, or another one.",
                "Ask under the contract in force; if the room says that this is it, the room was put back, or lies.",
            )
        own = tuple(sorted(name for name, one in contract.datasets.items() if one.owner == party))
        term = Term(last_day=contract.expires, datasets=own, kept=tuple(name for name in own if name in contract.kept))
        if (found, term) != (known, membership.terms.get(contract.name)):
            seen = {"contracts": {**membership.contracts, contract.name: found}, "terms": {**membership.terms, contract.name: term}}
            membership.model_copy(update=seen).save(home)


def membership_of(home: Path) -> Membership:
    """Return which server a home has joined.

    Raises:
        InvalidInput: `HOME_INVALID` if it has joined none.
    """
    found = Membership.load(home)
    if found is None:
        raise InvalidInput(Code.HOME_INVALID, "The home has joined no server.", "Join one: stillroom agent join URL.")
    return found
