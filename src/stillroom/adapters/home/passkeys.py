"""Passkeys of the people of a party, among all else that lets them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from stillroom.adapters.home.people import Label, Person, held_by
from stillroom.adapters.home.refusals import login_invalid
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from stillroom.adapters.home.people import Passkey, People, PeopleBook

PASSKEYS = 10
"""How many passkeys one person may have at a time."""


class PasskeyBook:
    """Registers passkeys, and lets in by them."""

    def __init__(self, people: PeopleBook) -> None:
        """Name those among whom they are."""
        self._people = people

    def of(self, person: Person) -> tuple[Passkey, ...]:
        """Return the passkeys of a person."""
        return _of(self._people.all(), person.name)

    def known(self, handle: str) -> Passkey:
        """Return the passkey that has a handle.

        Raises:
            Refusal: `LOGIN_INVALID` if none has.
        """
        return held_by(self._people.all().passkeys, handle)

    def check(self, person: Person, label: str) -> None:
        """Refuse a name that no further passkey of a person can have.

        Raises:
            InvalidInput: `USAGE` if it is none, or that of another passkey of this person, or if the person has too many.
        """
        _check(self._people.all(), person.name, label)

    def add(self, session: str, passkey: Passkey) -> None:
        """Register a passkey, for a person who is there.

        Raises:
            Refusal: `LOGIN_INVALID` if the session is over, or another person's.
            InvalidInput: `USAGE` as `check`, or if somebody has registered this passkey before.
        """

        def added(known: People) -> People:
            visit = held_by(known.visits, session)
            if (visit.name, visit.role) != (passkey.name, passkey.role):
                raise login_invalid()
            _check(known, passkey.name, passkey.label)
            if any(one.credential == passkey.credential for one in known.passkeys):
                raise InvalidInput(Code.USAGE, "This passkey is registered already.", "Take another device, or sign in with it.")
            return known.model_copy(update={"passkeys": (*known.passkeys, passkey)})

        self._people.change(added)

    def enter(self, passkey: Passkey, count: int) -> tuple[str, Person]:
        """Begin a session of the person of a passkey that has just signed; return its token, and whose it is.

        Args:
            passkey: The passkey, as it was when its signature was verified.
            count: How often it has signed now.

        Raises:
            Refusal: `LOGIN_INVALID` if it was removed or has signed something else meanwhile.
        """
        after = passkey.model_copy(update={"count": count})

        def signed(known: People) -> People:
            _require(passkey, known)
            return known.model_copy(update={"passkeys": tuple(after if one == passkey else one for one in known.passkeys)})

        def who(known: People) -> Person:
            _require(after, known)
            return Person(name=after.name, role=after.role)

        self._people.change(signed)
        return self._people.enter_as(who)

    def remove(self, person: Person, label: str) -> None:
        """Forget a passkey of a person.

        Raises:
            InvalidInput: `USAGE` if the person has none of that name.
        """

        def removed(known: People) -> People:
            left = tuple(one for one in known.passkeys if (one.name, one.label) != (person.name, label))
            if left == known.passkeys:
                raise InvalidInput(Code.USAGE, "You have no passkey of that name.", "The list has those that are registered.")
            return known.model_copy(update={"passkeys": left})

        self._people.change(removed)


def _of(known: People, name: str) -> tuple[Passkey, ...]:
    return tuple(one for one in known.passkeys if one.name == name)


def _require(passkey: Passkey, known: People) -> None:
    if passkey not in known.passkeys:
        raise login_invalid()


def _check(known: People, name: str, label: str) -> None:
    try:
        TypeAdapter(Label).validate_python(label)
    except ValidationError:
        raise InvalidInput(
            Code.USAGE, "That is no name for a passkey.", "Take up to 40 letters, digits, spaces, dots and dashes."
        ) from None
    own = [one.label for one in _of(known, name)]
    if label in own or len(own) >= PASSKEYS:
        raise InvalidInput(
            Code.USAGE, f"You have a passkey of that name already, or {PASSKEYS} of them.", "Take another name, or remove one."
        )
