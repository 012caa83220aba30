"""What is said to those whom a home lets in by nothing, and about names that are none."""

from __future__ import annotations

from stillroom.errors import Code, InvalidInput, Refusal


def login_invalid() -> Refusal:
    """Return what is said about any link, passkey, sign-in or session that lets nobody in, whatever is wrong with it."""
    return Refusal(
        Code.LOGIN_INVALID,
        "You are not signed in, or this link is not good any more.",
        "Sign in with a passkey that you have registered at this address, or open a new link: "
        "whoever runs the agent makes one with `stillroom agent invite NAME --role ROLE`.",
    )


def bad_name() -> InvalidInput:
    """Return what is said about a name that is none."""
    return InvalidInput(Code.USAGE, "That is no name for a person.", "Take up to 64 letters, digits, spaces, dots, dashes and @.")
