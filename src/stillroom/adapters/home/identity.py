"""Who somebody is, as an identity provider says, and the mark by which a home knows that person again."""

from __future__ import annotations

from enum import StrEnum, unique

from pydantic import Field

from stillroom.model.value import Value

SUBJECT_LENGTH = 255
"""The most characters of a subject (OpenID Connect Core, section 2)."""

EMAIL_LENGTH = 254
"""The most characters of an e-mail address (RFC 5321)."""


class Identity(Value):
    """What an identity provider says about somebody who has signed in there.

    Attributes:
        issuer: The provider.
        subject: What it calls the person: never another one's, and always the same.
        email: The person's address, if the provider has verified it.
    """

    issuer: str
    subject: str
    email: str | None


@unique
class Claim(StrEnum):
    """What of an identity counts."""

    SUBJECT = "subject"
    EMAIL = "email"


class Mark(Value):
    """By what one person is known, of those whom one provider signs in.

    Attributes:
        issuer: The provider: another one may call somebody else the same.
        claim: What counts.
        value: What it has to be.
    """

    issuer: str
    claim: Claim
    value: str = Field(min_length=1, max_length=SUBJECT_LENGTH)

    @classmethod
    def of_subject(cls, issuer: str, subject: str) -> Mark:
        """Return the mark of whom a provider calls so.

        Raises:
            ValueError: That is no subject.
        """
        return cls(issuer=issuer, claim=Claim.SUBJECT, value=_printed(subject))

    @classmethod
    def of_email(cls, issuer: str, email: str) -> Mark:
        """Return the mark of whoever has an address. Large and small letters are the same.

        Raises:
            ValueError: That is no address that can be compared: ASCII, with one @.
        """
        name, _, domain = _printed(email).partition("@")
        if not (name and domain and "@" not in domain and len(email) <= EMAIL_LENGTH):
            raise ValueError(email)
        return cls(issuer=issuer, claim=Claim.EMAIL, value=email.lower())

    def fits(self, identity: Identity) -> bool:
        """Tell whether an identity is the one of this mark."""
        if identity.issuer != self.issuer:
            return False
        if self.claim is Claim.SUBJECT:
            return identity.subject == self.value
        return identity.email is not None and identity.email.isascii() and identity.email.lower() == self.value


def _printed(text: str) -> str:
    """Return a text whose characters are all seen, and look like no others: ASCII, without spaces."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    raise ValueError(text)
