"""Whom a party's identity provider may sign in: nobody but who was admitted, each by one mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from stillroom.adapters.home.people import Admitted, Person, check_role
from stillroom.adapters.home.refusals import bad_name
from stillroom.errors import Code, InvalidInput, Refusal

if TYPE_CHECKING:
    from stillroom.adapters.home.identity import Identity, Mark
    from stillroom.adapters.home.people import People, PeopleBook, Role


def admit(book: PeopleBook, name: str, role: Role, mark: Mark) -> None:
    """Let a person in whenever the identity provider knows the person by a mark.

    Raises:
        InvalidInput: `USAGE` if that is no name; if somebody of that name is known with another role; or if another person has the mark:
            who asks would be who approves.
    """
    try:
        made = Admitted(name=name, role=role, mark=mark)
    except ValidationError:
        raise bad_name() from None

    def admitted(known: People) -> People:
        check_role(known, name, role)
        if any(one.mark == mark and one.name != name for one in known.admitted):
            raise InvalidInput(
                Code.USAGE, "Somebody is admitted by that already.", "`stillroom agent people` lists who; `--revoke NAME` ends it."
            )
        return known.model_copy(update={"admitted": (*(one for one in known.admitted if one != made), made)})

    book.change(admitted)


def arrive(book: PeopleBook, identity: Identity) -> tuple[str, Person]:
    """Begin a session of whom an identity is; return its token, and whose it is.

    Raises:
        Refusal: `LOGIN_INVALID` if nobody is admitted by it, or several are: the reason says which.
    """

    def who(known: People) -> Person:
        found = {(one.name, one.role) for one in known.admitted if one.mark.fits(identity)}
        if len(found) != 1:
            reason = "Several people are admitted by what it says." if found else "Nobody is admitted by what it says."
            raise Refusal(Code.LOGIN_INVALID, reason, "`stillroom agent people` lists who is admitted, and by what.")
        ((name, role),) = found
        return Person(name=name, role=role)

    return book.enter_as(who)
