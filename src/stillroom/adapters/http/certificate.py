"""Certificates for TLS that a room's own key vouches for, so that whoever knows the room's key needs no authority."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography import x509

DAYS = 825
"""How long a certificate is good."""

RENEWAL_DAYS = 90
"""So long before its end, a certificate is made anew when the server starts."""


def make_certificate(hosts: Iterable[str], now: float) -> tuple[bytes, bytes]:
    """Return a new secret key and its certificate, signed by itself, both in PEM.

    Args:
        hosts: Names and addresses that the server answers to.
        now: The time, in seconds since 1970.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stillroom")])
    start = datetime.datetime.fromtimestamp(int(now), datetime.UTC) - datetime.timedelta(minutes=5)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return secret, certificate.public_bytes(serialization.Encoding.PEM)


def will_do(certificate: bytes, hosts: Iterable[str], now: float) -> bool:
    """Tell whether a certificate in PEM is for all of some names and addresses, and far enough from its end."""
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(certificate)
        named = set(found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except (ValueError, x509.ExtensionNotFound):
        return False
    left = found.not_valid_after_utc - datetime.datetime.fromtimestamp(now, datetime.UTC)
    return named >= {_name(host) for host in hosts} and left >= datetime.timedelta(days=RENEWAL_DAYS)


def is_older(certificate: bytes, than: bytes) -> bool:
    """Tell whether a certificate began to be good before another one did; both in PEM."""
    from cryptography import x509

    one, other = (x509.load_pem_x509_certificate(pem).not_valid_before_utc for pem in (certificate, than))
    return one < other


def check_files(secret: Path, public: Path, authorities: Path | None) -> None:
    """See that a server can be started with certificates.

    Args:
        secret: The secret key.
        public: Its certificate.
        authorities: Whose certificates clients must show, if any.

    Raises:
        InvalidInput: `CONFIGURATION_INVALID`.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(public, secret)
        if authorities is not None:
            context.load_verify_locations(authorities)
    except (OSError, ValueError):
        raise InvalidInput(
            Code.CONFIGURATION_INVALID,
            "The certificate, its private key or the clients' authorities cannot be used.",
            "See that the files are there, in PEM, readable by the server, and belong together.",
        ) from None


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate in PEM, as `sha256:…`, over its DER."""
    import ssl

    return "sha256:" + hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.decode("ascii"))).hexdigest()


def _name(host: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
