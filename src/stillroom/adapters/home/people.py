"""The people of a party who may use its pages: links that let them in, passkeys, who else may, their sessions, and API tokens."""

from __future__ import annotations

import hmac
from enum import StrEnum, unique
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from stillroom.adapters.home.files import disk_errors, exclusive, read_value, replace_private
from stillroom.adapters.home.identity import Mark
from stillroom.adapters.home.refusals import bad_name, login_invalid
from stillroom.crypto.canonical import canonical, digest
from stillroom.errors import Code, InvalidInput
from stillroom.model.contract import Digest
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import TypeVar

    from stillroom.ports import Clock, Entropy

    H = TypeVar("H", bound="Held")

FILE = "people.json"

TOKEN_SIZE = 32
"""Bytes of a token: 256 bits, which nobody guesses."""

INVITATION_SECONDS = 15 * 60
"""How long a link is good for."""

IDLE_SECONDS = 30 * 60
"""How long a session lasts without a request."""

SESSION_SECONDS = 12 * 60 * 60
"""How long a session lasts at most."""

API_DAYS = 90
"""How many days an API token is good for at most."""

API_TOKENS = 20
"""How many API tokens one person may have at a time."""

API_MARK = "stillroom_"
"""What API tokens begin with, so that programs which look for lost secrets can find them."""

DAY_SECONDS = 24 * 60 * 60

SEEN_SECONDS = 60
"""How exactly it is remembered when a session was last used, so that not every request writes."""

Label = Annotated[str, StringConstraints(pattern=r"^[\w][\w .-]{0,39}$")]
Bytes = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$", max_length=1364)]
PersonName = Annotated[str, StringConstraints(pattern=r"^[\w][\w .@'-]{0,63}$")]


@unique
class Role(StrEnum):
    """What somebody may do on a party's pages."""

    OFFICER = "officer"
    """Decides: about questions and contracts."""
    ANALYST = "analyst"
    """Asks."""
    VIEWER = "viewer"
    """Looks."""


class Held(Value):
    """A token that somebody holds.

    Attributes:
        token: The digest of the token.
        name: Whose it is.
        role: What that person may do with it.
        began: When it was made, in seconds since 1970.
    """

    token: Digest
    name: PersonName
    role: Role
    began: float


class Invitation(Held):
    """A link that was made, and not yet opened."""


class Visit(Held):
    """A session.

    Attributes:
        seen: When it was last used, roughly.
    """

    seen: float


class ApiToken(Held):
    """A token by which a script comes as its person.

    Attributes:
        label: What its person calls it.
        ends: When it is good no more, in seconds since 1970.
    """

    label: Label
    ends: float


class Passkey(Held):
    """A key pair on a device of its person, which the home knows by its public half.

    Attributes:
        token: The digest of its handle, which the device keeps with the key and shows once it has verified its user.
        label: What its person calls it.
        credential: Its name among all keys of all devices, in base64url: up to 1023 bytes.
        key: The public key (COSE), in base64url.
        count: How often it has signed, as its device says; 0 for ever where the device does not count.
    """

    label: Label
    credential: Bytes
    key: Bytes
    count: Annotated[int, Field(ge=0)]


class Person(Value):
    """Somebody who uses the pages."""

    name: PersonName
    role: Role


class Admitted(Person):
    """Somebody whom the identity provider may sign in.

    Attributes:
        mark: By what it knows the person.
    """

    mark: Mark


class People(Value):
    """All tokens and passkeys that are good, and who may come in without one.

    Attributes:
        format: The version of this format.
        invitations: Links.
        visits: Sessions.
        tokens: Those of scripts.
        passkeys: Those that were registered.
        admitted: Whom the identity provider may sign in.
    """

    format: Literal["stillroom/people/v1"] = Field(default="stillroom/people/v1", alias="schema")
    invitations: tuple[Invitation, ...] = ()
    visits: tuple[Visit, ...] = ()
    tokens: tuple[ApiToken, ...] = ()
    passkeys: tuple[Passkey, ...] = ()
    admitted: tuple[Admitted, ...] = ()

    @property
    def held(self) -> tuple[Held | Admitted, ...]:
        """All of them."""
        return (*self.invitations, *self.visits, *self.tokens, *self.passkeys, *self.admitted)

    def at(self, now: float) -> People:
        """Return what of this is still good."""
        return People(
            invitations=tuple(one for one in self.invitations if now < one.began + INVITATION_SECONDS),
            visits=tuple(one for one in self.visits if now < one.seen + IDLE_SECONDS and now < one.began + SESSION_SECONDS),
            tokens=tuple(one for one in self.tokens if now < one.ends),
            passkeys=self.passkeys,
            admitted=self.admitted,
        )

    def without(self, name: str) -> People:
        """Return what is left when a person has nothing any more."""
        return People(
            invitations=tuple(one for one in self.invitations if one.name != name),
            visits=tuple(one for one in self.visits if one.name != name),
            tokens=tuple(one for one in self.tokens if one.name != name),
            passkeys=tuple(one for one in self.passkeys if one.name != name),
            admitted=tuple(one for one in self.admitted if one.name != name),
        )


class PeopleBook:
    """Lets people in, and knows them again."""

    def __init__(self, home: Path, clock: Clock, entropy: Entropy) -> None:
        """Name the home, the time, and what tokens are made of."""
        self._home, self._clock, self._entropy = home, clock, entropy

    def invite(self, name: str, role: Role) -> str:
        """Return a token that lets a person in once, for a quarter of an hour.

        One person has one role at a time: the rules tell apart who asks and who approves by names, and so does the journal.

        Raises:
            InvalidInput: `USAGE` if that is no name, or somebody of that name has a link, session, token or passkey with another role.
        """
        token = self._entropy.token(TOKEN_SIZE).hex()
        try:
            made = Invitation(token=_digest(token), name=name, role=role, began=self._clock.now())
        except ValidationError:
            raise bad_name() from None
        with self._alone():
            known = self._load()
            check_role(known, name, role)
            self._save(known.model_copy(update={"invitations": (*known.invitations, made)}))
        return token

    def invited(self, token: str) -> Person:
        """Return whom a link lets in, without using it up.

        Raises:
            Refusal: `LOGIN_INVALID`.
        """
        return _person(held_by(self._load().invitations, token))

    def enter(self, token: str) -> tuple[str, Person]:
        """Use a link up; return the token of a new session, and whose it is.

        Raises:
            Refusal: `LOGIN_INVALID`, in the same words whatever is wrong with the link.
        """
        with self._alone():
            known = self._load()
            found = held_by(known.invitations, token)
            session, now = self._entropy.token(TOKEN_SIZE).hex(), self._clock.now()
            visit = Visit(token=_digest(session), name=found.name, role=found.role, began=now, seen=now)
            left = tuple(one for one in known.invitations if one != found)
            self._save(known.model_copy(update={"invitations": left, "visits": (*known.visits, visit)}))
        return session, _person(found)

    def enter_as(self, who: Callable[[People], Person]) -> tuple[str, Person]:
        """Begin a session of somebody whom something else than a link has proved to be there; return its token, and whose it is.

        Args:
            who: Tells who it is, of those that are known, or refuses.
        """
        with self._alone():
            known = self._load()
            person, session, now = who(known), self._entropy.token(TOKEN_SIZE).hex(), self._clock.now()
            visit = Visit(token=_digest(session), name=person.name, role=person.role, began=now, seen=now)
            self._save(known.model_copy(update={"visits": (*known.visits, visit)}))
        return session, person

    def change(self, step: Callable[[People], People]) -> None:
        """Change who is known, while nobody else does. It fails as the step does."""
        with self._alone():
            self._save(step(self._load()))

    def person(self, session: str) -> Person:
        """Return whose session a token is of, and remember that it was used.

        Raises:
            Refusal: `LOGIN_INVALID`, in the same words whatever is wrong with the session.
        """
        found, now = held_by(self._load().visits, session), self._clock.now()
        if now >= found.seen + SEEN_SECONDS:
            with self._alone():
                known = self._load()
                seen = (one.model_copy(update={"seen": now}) if one.token == found.token else one for one in known.visits)
                self._save(known.model_copy(update={"visits": tuple(seen)}))
        return _person(found)

    def leave(self, session: str) -> None:
        """End a session."""
        with self._alone():
            known = self._load()
            self._save(known.model_copy(update={"visits": tuple(one for one in known.visits if one.token != _digest(session))}))

    def revoke(self, name: str) -> int:
        """End all that a person has: sessions, links, API tokens, passkeys, being admitted; return how many there were.

        Raises:
            InvalidInput: `USAGE` if there were none.
        """
        with self._alone():
            known = self._load()
            after = known.without(name)
            ended = len(known.held) - len(after.held)
            if not ended:
                raise InvalidInput(
                    Code.USAGE, "Nobody of that name is signed in, invited or admitted.", "`stillroom agent people` lists who is."
                )
            self._save(after)
        return ended

    def make_token(self, person: Person, label: str, days: int) -> str:
        """Return a new token for a person's scripts; only its digest is kept.

        Raises:
            InvalidInput: `USAGE` if that is no name, or that of another token of this person; for more days than a token may have; or if
                the person has too many.
        """
        token, now = f"{API_MARK}{self._entropy.token(TOKEN_SIZE).hex()}", self._clock.now()
        if not 1 <= days <= API_DAYS:
            raise InvalidInput(Code.USAGE, "An API token is not good for so long.", f"Take from 1 to {API_DAYS} days.")
        try:
            made = ApiToken(token=_digest(token), name=person.name, role=person.role, began=now, label=label, ends=now + days * DAY_SECONDS)
        except ValidationError:
            raise InvalidInput(
                Code.USAGE, "That is no name for an API token.", "Take up to 40 letters, digits, spaces, dots and dashes."
            ) from None
        with self._alone():
            known = self._load()
            own = [one.label for one in known.tokens if one.name == person.name]
            if label in own or len(own) >= API_TOKENS:
                raise InvalidInput(
                    Code.USAGE, f"You have an API token of that name already, or {API_TOKENS} of them.", "Take another name, or revoke one."
                )
            self._save(known.model_copy(update={"tokens": (*known.tokens, made)}))
        return token

    def script(self, token: str) -> tuple[Person, str]:
        """Return as whom a script comes, and what its token is called.

        Raises:
            Refusal: `LOGIN_INVALID`, in the same words whatever is wrong with the token.
        """
        found = held_by(self._load().tokens, token)
        return _person(found), found.label

    def tokens_of(self, person: Person) -> tuple[ApiToken, ...]:
        """Return the API tokens of a person that are good now."""
        return tuple(one for one in self._load().tokens if one.name == person.name)

    def revoke_token(self, person: Person, label: str) -> None:
        """End an API token of a person.

        Raises:
            InvalidInput: `USAGE` if the person has none of that name.
        """
        with self._alone():
            known = self._load()
            left = tuple(one for one in known.tokens if (one.name, one.label) != (person.name, label))
            if left == known.tokens:
                raise InvalidInput(Code.USAGE, "You have no API token of that name.", "The list has those that are good.")
            self._save(known.model_copy(update={"tokens": left}))

    def all(self) -> People:
        """Return all links, sessions, API tokens and passkeys that are good now."""
        return self._load()

    def _load(self) -> People:
        fix = f"Restore {FILE} from a backup, or remove it and invite everybody again."
        known = read_value(self._home / FILE, People, "Who may use the pages of this home", fix) or People()
        return known.at(self._clock.now())

    def _save(self, people: People) -> None:
        with disk_errors("The home"):
            replace_private(self._home / FILE, canonical(people.to_json()))

    def _alone(self) -> AbstractContextManager[None]:
        return exclusive(self._home / "people.lock")


def check_role(known: People, name: str, role: Role) -> None:
    """Refuse another role for somebody who has one already, spelt in whatever letters."""
    for one in known.held:
        if one.name.casefold() == name.casefold() and (one.name, one.role) != (name, role):
            raise InvalidInput(
                Code.USAGE,
                f"{one.name} is invited, admitted or signed in already, or has a passkey, or has an API token, as {one.role}.",
                f'To change that, end it first: `stillroom agent people --revoke "{one.name}"`; then invite again.',
            )


def held_by(all_held: Iterable[H], token: str) -> H:
    """Return what a token stands for. Each is compared, and each in the same time, whether it is the one or not.

    Raises:
        Refusal: `LOGIN_INVALID`.
    """
    wanted, found = _digest(token).encode(), None
    for one in all_held:
        if hmac.compare_digest(one.token.encode(), wanted):
            found = one
    if found is None:
        raise login_invalid()
    return found


def _digest(token: str) -> str:
    return digest(token.encode())


def _person(held: Held) -> Person:
    return Person(name=held.name, role=held.role)
