"""What was handed in, and what the steps so far have made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from stillroom.client.verification.outcome import NotChecked

if TYPE_CHECKING:
    from stillroom.client.verification.envelope import Envelope
    from stillroom.client.verification.extract import Extract
    from stillroom.client.verification.signature import Key
    from stillroom.model.contract import Contract
    from stillroom.model.plan import Plan
    from stillroom.model.release import Release

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Opened:
    """A release whose envelope is well-formed.

    Attributes:
        envelope: The envelope.
        release: What it holds.
    """

    envelope: Envelope
    release: Release


@dataclass(frozen=True, slots=True)
class Identity:
    """Which room a release says it is from."""

    name: str
    key: Key


@dataclass(slots=True)
class Evidence:
    """The files, and what has been established from them; each step may use what an earlier one has established.

    Attributes:
        release_file: The release.
        contract_file: The contract, if it was given.
        log_file: The log, or proofs from it, if they were given.
        room_key: The room's key, if it was given.
        seen_files: Checkpoints of the log that somebody has seen and kept.
        vouchers: Who says that the release's key is the room's.
        cosigners: Parties that have signed heads of the log as well, with the size of the largest one, from step 9.
        opened: From step 1.
        identity: From step 2.
        contract_signed: From step 3.
        plan_sound: From step 5.
        capped: From step 5, see `as_measured`.
        charge_sound: From step 6.
        extract_proved: From step 9.
    """

    release_file: bytes
    contract_file: bytes | None = None
    log_file: bytes | None = None
    room_key: str | None = None
    seen_files: tuple[bytes, ...] = ()
    vouchers: list[str] = field(default_factory=list)
    cosigners: dict[str, int] = field(default_factory=dict)
    opened: Opened | None = None
    identity: Identity | None = None
    contract_signed: Contract | None = None
    plan_sound: bool = False
    capped: Plan | None = None
    charge_sound: bool = False
    extract_proved: Extract | None = None

    @property
    def release(self) -> Release:
        """The release.

        Raises:
            NotChecked: It could not be read.
        """
        return _established(self.opened, 1).release

    @property
    def room(self) -> Identity:
        """The room.

        Raises:
            NotChecked: It could not be established.
        """
        return _established(self.identity, 2)

    @property
    def contract(self) -> Contract:
        """The contract.

        Raises:
            NotChecked: It was not given, or is not the right one.
        """
        if self.contract_file is None:
            raise NotChecked("no --contract was given")
        return _established(self.contract_signed, 3)

    @property
    def measured(self) -> Release:
        """The release, with a plan that is the one named and is well-formed.

        Raises:
            NotChecked: It is not.
        """
        _established(self.plan_sound or None, 5)
        return self.release

    @property
    def as_measured(self) -> Plan:
        """The plan with the caps and the noise that it was measured with.

        Raises:
            NotChecked: The plan does not hold.
        """
        return _established(self.capped, 5)

    @property
    def charged(self) -> Release:
        """The release, with a charge that is what its noise costs.

        Raises:
            NotChecked: It is not.
        """
        _established(self.charge_sound or None, 6)
        return self.release

    @property
    def extract(self) -> Extract:
        """The log, or proofs from it.

        Raises:
            NotChecked: Nothing was given, or it does not hold.
        """
        if self.log_file is None:
            raise NotChecked("no --log was given")
        return _established(self.extract_proved, 9)


def _established(value: T | None, number: int) -> T:
    """Return what a step has established."""
    if value is None:
        raise NotChecked(f"step {number} did not pass")
    return value
