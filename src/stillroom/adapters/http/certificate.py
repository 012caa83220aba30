"""Certificates for TLS that need no authority: a room's key vouches for its server's, people compare, operators list those of clients."""

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

    return _made(
        "stillroom",
        now,
        (x509.SubjectAlternativeName([_name(host) for host in hosts]), False),
        (x509.BasicConstraints(ca=True, path_length=0), True),
    )


def make_pages_certificate(party: str, hosts: Iterable[str], now: float) -> tuple[bytes, bytes]:
    """Return a new secret key and its certificate for a party's pages, both in PEM.

    It is no authority: somebody who tells a browser or a system to trust it trusts it for these names, and for no other certificate.

    Args:
        party: Whose pages they are.
        hosts: Names and addresses that the pages answer to.
        now: The time, in seconds since 1970.
    """
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    names = x509.SubjectAlternativeName([_name(host) for host in hosts])
    return _made(f"stillroom pages of {party}", now, (names, False), *_leaf(ExtendedKeyUsageOID.SERVER_AUTH))


def make_client_certificate(party: str, now: float) -> tuple[bytes, bytes]:
    """Return a new secret key and its certificate that a party shows to servers, both in PEM.

    It is no authority: a server that lists it lets in who has this very key, and nobody by another certificate that the key has signed.

    Args:
        party: The party's name.
        now: The time, in seconds since 1970.
    """
    from cryptography.x509.oid import ExtendedKeyUsageOID

    return _made(party, now, *_leaf(ExtendedKeyUsageOID.CLIENT_AUTH))


def _leaf(usage: x509.ObjectIdentifier) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """Return the extensions of a certificate that is for one use, and signs no other one; whether each is critical."""
    from cryptography import x509

    signs = dict.fromkeys(("key_cert_sign", "crl_sign", "content_commitment", "encipher_only", "decipher_only"), False)
    seals = dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement"), False)
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.KeyUsage(digital_signature=True, **signs, **seals), True),
        (x509.ExtendedKeyUsage([usage]), False),
    )


def _made(common_name: str, now: float, *extensions: tuple[x509.ExtensionType, bool]) -> tuple[bytes, bytes]:
    """Return a new secret key and its certificate, signed by itself, both in PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    start = datetime.datetime.fromtimestamp(int(now), datetime.UTC) - datetime.timedelta(minutes=5)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=DAYS))
    )
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())  # tells two certificates of one name apart, of which one is the next
    named = ((own, False), (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), False))
    for extension, critical in (*extensions, *named):
        builder = builder.add_extension(extension, critical=critical)
    certificate = builder.sign(key, hashes.SHA256())
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
    return named >= {_name(host) for host in hosts} and days_left(certificate, now) >= RENEWAL_DAYS


def days_left(certificate: bytes, now: float) -> float:
    """Return for how many more days the first certificate in some PEM is good, which has to be one."""
    from cryptography import x509

    end = x509.load_pem_x509_certificate(certificate).not_valid_after_utc
    return (end - datetime.datetime.fromtimestamp(now, datetime.UTC)) / datetime.timedelta(days=1)


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


def certificates_in(pem: bytes) -> tuple[bytes, ...]:
    """Return the certificates in some PEM, each by itself; none if there are none, or something is broken."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        return tuple(one.public_bytes(serialization.Encoding.PEM) for one in x509.load_pem_x509_certificates(pem))
    except ValueError:
        return ()


def as_browsers_show(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate in PEM as people compare it: pairs of hexadecimal digits, with colons between them."""
    return bytes.fromhex(fingerprint(certificate).removeprefix("sha256:")).hex(":").upper()


def _name(host: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
