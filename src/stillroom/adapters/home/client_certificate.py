"""The certificate that a party shows to servers that ask for one: made by its home and listed by operators, without any authority."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.adapters.home.files import check_private, disk_errors, exclusive, replace_private
from stillroom.adapters.http.certificate import (
    DAYS,
    RENEWAL_DAYS,
    as_browsers_show,
    certificates_in,
    days_left,
    make_client_certificate,
)
from stillroom.errors import Code

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.adapters.home import Home

SHOWN = "client.pem"
"""The file of a home, or of a room, with the certificate that a server is shown which asks for one, and its secret key."""

PUBLIC = "client-certificate.pem"
"""The file of a home with what its party hands to operators: the certificate that it shows, and the next one, once there is one."""

NEXT = "client-next.pem"
"""The file of a home with the certificate that is to take the other one's place, and its secret key."""

NOTICE_DAYS = 60
"""So long operators have, to list the next certificate before it is shown."""

LOCK = "certificates.lock"
"""The file of a home that is locked while its certificates are made."""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What a party shows to servers that ask for a certificate.

    Attributes:
        public: The file for operators, without secrets.
        fingerprint: The SHA-256 of the newest certificate in it, for people to compare.
        news: What the party has to know, if anything.
    """

    public: Path
    fingerprint: str
    news: str


def client_certificate(home: Home, now: float) -> ClientCertificate | None:
    """Return the certificate that a party shows to servers, made first if there is none; None for one from elsewhere, which is left alone.

    Operators list certificates by hand, so none is replaced without notice: when fewer than 90 days are left, the next one is made and
    added to what operators are to have; 60 days later, or when the other one has ended, it is the one that is shown.

    Args:
        home: The party's home.
        now: The time, in seconds since 1970.

    Raises:
        InvalidInput: `HOME_INVALID` if others can read a secret key.
        Failed: `STORE_FAILED` if the disk refuses.
    """
    shown, public = home.path / SHOWN, home.path / PUBLIC
    with disk_errors("The home"), exclusive(home.path / LOCK):
        if not shown.exists():
            secret, certificate = make_client_certificate(home.party, now)
            (home.path / NEXT).unlink(missing_ok=True)  # what was to follow the one that is gone is not known to all operators
            replace_private(public, certificate)
            replace_private(shown, certificate + secret)
            news = f"Made {PUBLIC}: the operator needs it, if the room's server asks parties for a certificate."
        elif _shown(shown) in certificates_in(_read(public)):
            news = _renewed(home, now)
        else:
            return None
        return ClientCertificate(public, as_browsers_show(certificates_in(public.read_bytes())[-1]), news)


def shown_to_servers(folder: Path | None) -> Path | None:
    """Return the file of the certificate that a folder's holder shows to servers, if there is one."""
    return folder / SHOWN if folder is not None and (folder / SHOWN).exists() else None


def _renewed(home: Home, now: float) -> str:
    """Make the next certificate in time, and show it in time; return what the party has to know."""
    shown, following, public = (home.path / name for name in (SHOWN, NEXT, PUBLIC))
    check_private(shown, Code.HOME_INVALID, f"Delete {SHOWN} in the home: it is made anew, and operators need the new {PUBLIC}.")
    left = days_left(_shown(shown), now)
    if left >= RENEWAL_DAYS:
        return ""
    if not following.exists():
        secret, certificate = make_client_certificate(home.party, now)
        replace_private(following, certificate + secret)
    replace_private(public, _shown(shown) + _shown(following))
    check_private(following, Code.HOME_INVALID, f"Delete {NEXT} in the home: it is made anew, and operators need the new {PUBLIC}.")
    known = DAYS - days_left(_shown(following), now)
    if left <= 0 or known >= NOTICE_DAYS:
        following.rename(shown)
        replace_private(public, _shown(shown))
        return f"Servers are shown another certificate from now on: the one that {PUBLIC} has."
    return (
        f"The certificate that servers are shown ends in {left:.0f} days. The next one is in {PUBLIC} too: hand that file to operators "
        f"who ask parties for one, within {NOTICE_DAYS - known:.0f} days."
    )


def _shown(file: Path) -> bytes:
    """Return the certificate in a file that has its secret key too; nothing if there is none."""
    return next(iter(certificates_in(file.read_bytes())), b"")


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""
