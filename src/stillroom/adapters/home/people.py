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


@unique
class Scope(StrEnum):
    """What a script may do by an API token, of what its person may: the pages' table says which actions each is."""

    READ = "read"
    """Sees the room, the contract, questions, releases, budget and log."""
    PRICE = "price"
    """Learns what questions would cost."""
    ASK = "ask"
    """Asks, which spends; and learns prices."""
    DECIDE = "decide"
    """Decides about questions; and sees them."""
    PAUSE = "pause"
    """Pauses the room, or resumes."""
    JOURNAL = "journal"
    """Sees who of the party has done what."""


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
        scopes: What it is good for. One that was made before there were scopes has none, and is good for nothing.
    """

    label: Label
    ends: float
    scopes: tuple[Scope, ...] = ()


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
            made = Invitation(token=token_digest(token), name=name, role=role, began=self._clock.now())
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
            visit = Visit(token=token_digest(session), name=found.name, role=found.role, began=now, seen=now)
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
            visit = Visit(token=token_digest(session), name=person.name, role=person.role, began=now, seen=now)
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
            self._save(known.model_copy(update={"visits": tuple(one for one in known.visits if one.token != token_digest(session))}))

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
    wanted, found = token_digest(token).encode(), None
    for one in all_held:
        if hmac.compare_digest(one.token.encode(), wanted):
            found = one
    if found is None:
        raise login_invalid()
    return found


def token_digest(token: str) -> str:
    """Return what is kept of a token."""
    return digest(token.encode())


def _person(held: Held) -> Person:
    return Person(name=held.name, role=held.role)
