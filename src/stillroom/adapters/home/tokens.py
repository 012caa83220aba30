"""API tokens of the people of a party, by which scripts come: each with an end, and with scopes that were chosen when it was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from stillroom.adapters.home.people import TOKEN_SIZE, ApiToken, Person, Scope, held_by, token_digest
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection

    from stillroom.adapters.home.people import People, PeopleBook
    from stillroom.ports import Clock, Entropy

API_DAYS = 90
"""How many days an API token is good for at most."""

API_TOKENS = 20
"""How many API tokens one person may have at a time."""

API_MARK = "stillroom_"
"""What API tokens begin with, so that programs which look for lost secrets can find them."""

DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Script:
    """Who comes by an API token.

    Attributes:
        person: As whom.
        label: What the token is called.
        scopes: What it is good for, as the home has kept it.
    """

    person: Person
    label: str
    scopes: frozenset[Scope]


class TokenBook:
    """Makes and revokes API tokens, and knows who comes by one."""

    def __init__(self, people: PeopleBook, clock: Clock, entropy: Entropy) -> None:
        """Name those among whom tokens are, the time, and what tokens are made of."""
        self._people, self._clock, self._entropy = people, clock, entropy

    def make(self, person: Person, label: str, days: int, scopes: Collection[Scope]) -> str:
        """Return a new token for a person's scripts; only its digest is kept.

        Raises:
            InvalidInput: `USAGE` if that is no name, or that of another token of this person; for more days than a token may have; for no
                scope; or if the person has too many.
        """
        if not 1 <= days <= API_DAYS:
            raise InvalidInput(Code.USAGE, "An API token is not good for so long.", f"Take from 1 to {API_DAYS} days.")
        if not scopes:
            raise InvalidInput(Code.USAGE, "An API token without a scope is good for nothing.", "Choose what its scripts are to do.")
        token = f"{API_MARK}{self._entropy.token(TOKEN_SIZE).hex()}"
        made = self._made(person, token, label, days, scopes)

        def added(known: People) -> People:
            own = [one.label for one in known.tokens if one.name == person.name]
            if label in own or len(own) >= API_TOKENS:
                raise InvalidInput(
                    Code.USAGE, f"You have an API token of that name already, or {API_TOKENS} of them.", "Take another name, or revoke one."
                )
            return known.model_copy(update={"tokens": (*known.tokens, made)})

        self._people.change(added)
        return token

    def script(self, token: str) -> Script:
        """Return who comes by a token.

        Raises:
            Refusal: `LOGIN_INVALID`, in the same words whatever is wrong with the token.
        """
        found = held_by(self._people.all().tokens, token)
        return Script(Person(name=found.name, role=found.role), found.label, frozenset(found.scopes))

    def of(self, person: Person) -> tuple[ApiToken, ...]:
        """Return the API tokens of a person that are good now."""
        return tuple(one for one in self._people.all().tokens if one.name == person.name)

    def revoke(self, person: Person, label: str) -> None:
        """End an API token of a person.

        Raises:
            InvalidInput: `USAGE` if the person has none of that name.
        """

        def left(known: People) -> People:
            kept = tuple(one for one in known.tokens if (one.name, one.label) != (person.name, label))
            if kept == known.tokens:
                raise InvalidInput(Code.USAGE, "You have no API token of that name.", "The list has those that are good.")
            return known.model_copy(update={"tokens": kept})

        self._people.change(left)

    def _made(self, person: Person, token: str, label: str, days: int, scopes: Collection[Scope]) -> ApiToken:
        now = self._clock.now()
        try:
            return ApiToken(
                token=token_digest(token),
                name=person.name,
                role=person.role,
                began=now,
                label=label,
                ends=now + days * DAY_SECONDS,
                scopes=tuple(one for one in Scope if one in scopes),
            )
        except ValidationError:
            raise InvalidInput(
                Code.USAGE, "That is no name for an API token.", "Take up to 40 letters, digits, spaces, dots and dashes."
            ) from None
