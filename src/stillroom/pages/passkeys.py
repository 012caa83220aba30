"""What a device is asked for a passkey (WebAuthn, levels 2 and 3), and whether its answer is good.

The key never leaves the device, which signs for one site's name only, and only once it has verified who holds it (by a finger, a face or a
PIN). Whose passkey has signed is told by the handle that the device keeps with it. What a device is made by is not asked.
"""

from __future__ import annotations

import ipaddress
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stillroom.adapters.home.passkeys import PasskeyBook
from stillroom.adapters.home.people import Passkey
from stillroom.adapters.home.refusals import login_invalid
from stillroom.crypto.canonical import digest
from stillroom.errors import Code, InvalidInput, StillroomError
from stillroom.pages.challenges import CHALLENGE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    from stillroom.pages.house import House
    from stillroom.pages.login import Visitor

ANSWER_LIMIT = 16_384
"""The longest answer of a device that is looked at, in characters: its keys and signatures have hundreds of bytes."""

_TIMEOUT = CHALLENGE_SECONDS * 1000


@dataclass(frozen=True, slots=True)
class Site:
    """The address by which a browser has come, as passkeys see it.

    Attributes:
        origin: Scheme, host and port.
        name: The host's name (RP ID), for which passkeys are made; nothing if the address is a number, for which there are none.
        elsewhere: The same pages at a name; nothing if they are at one, or have none.
    """

    origin: str
    name: str
    elsewhere: str = ""


def site_of(house: House, request: Request) -> Site:
    """Return by which of the addresses of these pages a request came: the guard has let no other through."""
    authority = request.headers.get("host", "").lower()
    origin, name = f"{house.scheme}://{authority}", _name(authority)
    named = sorted(one for one in house.authorities if _name(one))
    return Site(origin, name, "" if name or not named else f"{house.scheme}://{named[0]}")


def _name(authority: str) -> str:
    host = urlsplit(f"//{authority}").hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return ""


def check_named(site: Site) -> None:
    """Refuse an address for which no device makes a passkey.

    Raises:
        InvalidInput: `REQUEST_INVALID`.
    """
    if not site.name:
        fix = f"Open the pages at {site.elsewhere}." if site.elsewhere else "Let whoever runs the agent serve the pages under a name."
        raise InvalidInput(Code.REQUEST_INVALID, "Passkeys need an address with a name, and this one is a number.", fix)


def to_register(house: House, site: Site, visitor: Visitor, label: str) -> str:
    """Return what to ask a device for a new passkey of somebody, in JSON.

    Raises:
        InvalidInput: `USAGE` if the passkey could not have that name, `REQUEST_INVALID` as `check_named`.
    """
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import AuthenticatorSelectionCriteria, ResidentKeyRequirement, UserVerificationRequirement

    check_named(site)
    book = PasskeyBook(house.people)
    book.check(visitor.person, label)
    challenge = house.challenges.make(visitor.secret)
    options = generate_registration_options(
        rp_id=site.name,
        rp_name=f"Stillroom of {house.party}",
        user_id=house.challenges.handle(challenge),
        user_name=f"{visitor.person.name}, {visitor.person.role} of {house.party}",
        user_display_name=visitor.person.name,
        challenge=challenge,
        timeout=_TIMEOUT,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[_described(one) for one in book.of(visitor.person)],
    )
    return options_to_json(options)


def registered(house: House, site: Site, visitor: Visitor, label: str, answer: str) -> Passkey:
    """Return the passkey that a device has made for somebody, as it can be added.

    Raises:
        InvalidInput: `REQUEST_INVALID`, in the same words whatever is wrong with the answer; `USAGE` as `to_register`.
    """
    from webauthn import verify_registration_response
    from webauthn.helpers import bytes_to_base64url, parse_registration_credential_json

    check_named(site)
    PasskeyBook(house.people).check(visitor.person, label)
    with _refused_as(InvalidInput(Code.REQUEST_INVALID, "No passkey was registered: the device's answer does not fit.", "Try again.")):
        _require(len(answer) <= ANSWER_LIMIT)
        said = parse_registration_credential_json(answer)
        challenge = _challenge(house, said.response.client_data_json, visitor.secret)
        made = verify_registration_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=site.name,
            expected_origin=site.origin,
            require_user_verification=True,
        )
        _require(house.challenges.spend(challenge))
        return Passkey(
            token=digest(house.challenges.handle(challenge).hex().encode()),
            name=visitor.person.name,
            role=visitor.person.role,
            began=house.clock.now(),
            label=label,
            credential=bytes_to_base64url(made.credential_id),
            key=bytes_to_base64url(made.credential_public_key),
            count=made.sign_count,
        )


def to_sign_in(house: House, site: Site) -> str:
    """Return what to ask a device for a signature of whoever is in front of it, in JSON.

    Raises:
        InvalidInput: `REQUEST_INVALID` as `check_named`.
    """
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    check_named(site)
    options = generate_authentication_options(
        rp_id=site.name, challenge=house.challenges.make(), timeout=_TIMEOUT, user_verification=UserVerificationRequirement.REQUIRED
    )
    return options_to_json(options)


def proved(house: House, site: Site, answer: str) -> tuple[Passkey, int]:
    """Return which passkey has signed, and how often it has by now.

    Raises:
        Refusal: `LOGIN_INVALID`, in the same words whatever is wrong with the answer.
        InvalidInput: `REQUEST_INVALID` as `check_named`.
    """
    from webauthn import base64url_to_bytes, verify_authentication_response
    from webauthn.helpers import parse_authentication_credential_json

    check_named(site)
    with _refused_as(login_invalid()):
        _require(len(answer) <= ANSWER_LIMIT)
        said = parse_authentication_credential_json(answer)
        challenge = _challenge(house, said.response.client_data_json)
        passkey = PasskeyBook(house.people).known((said.response.user_handle or b"").hex())
        _require(said.id == passkey.credential)
        verified = verify_authentication_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=site.name,
            expected_origin=site.origin,
            credential_public_key=base64url_to_bytes(passkey.key),
            credential_current_sign_count=passkey.count,
            require_user_verification=True,
        )
        _require(house.challenges.spend(challenge))
    return passkey, verified.new_sign_count


def _challenge(house: House, client_data: bytes, whose: str = "") -> bytes:
    """Return the challenge that a device has signed, if it is one of ours for this, and was signed in no other site's frame."""
    from webauthn.helpers import parse_client_data_json

    said = parse_client_data_json(client_data)
    _require(house.challenges.good(said.challenge, whose) and not said.cross_origin)
    return said.challenge


def _described(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    from webauthn import base64url_to_bytes
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential))


def _require(holds: object) -> None:
    if not holds:
        raise ValueError


@contextmanager
def _refused_as(refusal: StillroomError) -> Iterator[None]:
    """Let whatever is wrong with an answer be one refusal: it comes from anybody, and the library says in many ways that it is bad."""
    try:
        yield
    except StillroomError:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, nobody is let in
        raise refusal from None
