"""Who may do what on a party's pages: the one table, from which everything that is not in it is denied."""

from __future__ import annotations

from enum import StrEnum, unique
from types import MappingProxyType
from typing import TYPE_CHECKING

from stillroom.adapters.home.people import Role, Scope
from stillroom.errors import Code, InvalidInput, Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@unique
class Action(StrEnum):
    """What can be done on the pages. Each route is one of them."""

    SEE_LOOKS = "see style sheet and scripts"
    SIGN_IN = "open a link, or sign in by a passkey or by the identity provider"
    SIGN_OUT = "sign out"
    SEE_ROOM = "see the room and the state of the agent"
    SEE_CONTRACT = "read the contract"
    SIGN_CONTRACT = "look at a contract's differences, and sign it"
    PRICE = "learn what a question would cost"
    ASK = "ask a question"
    SEE_QUESTIONS = "see the questions that were put to owners"
    DECIDE = "decide about a question"
    PAUSE = "pause the room, or resume"
    SEE_RELEASES = "see, verify and download releases"
    SEE_BUDGET = "see what is spent and left"
    SEE_LOG = "read the room's log"
    SEE_JOURNAL = "see who decided what"
    KEEP_TOKENS = "make, list and revoke API tokens"
    KEEP_PASSKEYS = "register, list and remove passkeys"


PUBLIC = frozenset({Action.SEE_LOOKS, Action.SIGN_IN})
"""What needs no session: it shows nothing of the room, or is how a session begins."""

_EVERYBODY = frozenset(Role)

ALLOWED: Mapping[Action, frozenset[Role]] = MappingProxyType(
    {
        Action.SEE_LOOKS: _EVERYBODY,
        Action.SIGN_IN: _EVERYBODY,
        Action.SIGN_OUT: _EVERYBODY,
        Action.SEE_ROOM: _EVERYBODY,
        Action.SEE_CONTRACT: _EVERYBODY,
        Action.SIGN_CONTRACT: frozenset({Role.OFFICER}),
        Action.PRICE: frozenset({Role.ANALYST, Role.OFFICER}),
        Action.ASK: frozenset({Role.ANALYST}),
        Action.SEE_QUESTIONS: _EVERYBODY,
        Action.DECIDE: frozenset({Role.OFFICER}),
        Action.PAUSE: frozenset({Role.OFFICER}),
        Action.SEE_RELEASES: _EVERYBODY,
        Action.SEE_BUDGET: _EVERYBODY,
        Action.SEE_LOG: _EVERYBODY,
        Action.SEE_JOURNAL: frozenset({Role.OFFICER}),
        Action.KEEP_TOKENS: _EVERYBODY,
        Action.KEEP_PASSKEYS: _EVERYBODY,
    }
)
"""Each action, and to whom it is allowed. That a run is one's own is checked where it is looked up."""

BY_SCRIPT: Mapping[Action, frozenset[Scope]] = MappingProxyType(
    {
        Action.SEE_ROOM: frozenset({Scope.READ}),
        Action.SEE_CONTRACT: frozenset({Scope.READ}),
        Action.PRICE: frozenset({Scope.PRICE, Scope.ASK}),
        Action.ASK: frozenset({Scope.ASK}),
        Action.SEE_QUESTIONS: frozenset({Scope.READ, Scope.DECIDE}),
        Action.DECIDE: frozenset({Scope.DECIDE}),
        Action.PAUSE: frozenset({Scope.PAUSE}),
        Action.SEE_RELEASES: frozenset({Scope.READ}),
        Action.SEE_BUDGET: frozenset({Scope.READ}),
        Action.SEE_LOG: frozenset({Scope.READ}),
        Action.SEE_JOURNAL: frozenset({Scope.JOURNAL}),
    }
)
"""Each action that a script may do for a person to whom it is allowed, and the scopes of which its token has to have one.

What is not here is done in person: a contract is to be seen before it is signed, and no token makes another, or a passkey.
"""


def may(role: Role, action: Action) -> bool:
    """Tell whether the table allows something, for pages that leave out what is not."""
    return role in ALLOWED.get(action, frozenset())


def permit(role: Role, action: Action) -> None:
    """Refuse what the table does not allow.

    Raises:
        Refusal: `NOT_ALLOWED`, in the same words whatever was asked for.
    """
    if not may(role, action):
        raise not_allowed()


def scope_allows(scopes: Collection[Scope], action: Action) -> bool:
    """Tell whether a token with some scopes is good for something that its person may do."""
    return not BY_SCRIPT.get(action, frozenset()).isdisjoint(scopes)


def permit_script(scopes: Collection[Scope], action: Action) -> None:
    """Refuse what a token's scopes are not for, and what is done in person.

    Raises:
        Refusal: `NOT_ALLOWED`, in the same words as `permit`.
    """
    if not scope_allows(scopes, action):
        raise not_allowed()


def scopes_of(role: Role) -> tuple[Scope, ...]:
    """Return the scopes that a token of somebody with a role can have: those of which the person may do everything."""
    beyond = {scope for action, scopes in BY_SCRIPT.items() if not may(role, action) for scope in scopes}
    return tuple(scope for scope in Scope if scope not in beyond)


def check_scopes(role: Role, wanted: Collection[str]) -> tuple[Scope, ...]:
    """Return the scopes that somebody has chosen for a token.

    Raises:
        InvalidInput: `USAGE` if there is none, or one is none of those that the role can have.
    """
    found = tuple(scope for scope in scopes_of(role) if scope in wanted)
    if not found or len(found) != len(set(wanted)):
        raise InvalidInput(
            Code.USAGE, "A token has one or more scopes, and none that its person's role cannot use.", "Choose those that its scripts need."
        )
    return found


def not_allowed() -> Refusal:
    """Return what is said about anything that is not allowed, be it there or not."""
    return Refusal(
        Code.NOT_ALLOWED,
        "This is not allowed, or there is no such thing.",
        "Ask whoever runs the agent for a link with the role that it takes: officer, analyst or viewer. A script's token needs the scope.",
    )
