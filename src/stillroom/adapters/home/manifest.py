"""What a home holds: each dataset's versions, and the secret key of its hashes."""

from __future__ import annotations

import operator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError

from stillroom.adapters.home.files import replace_private
from stillroom.crypto.canonical import canonical
from stillroom.errors import Code, InvalidInput
from stillroom.model.contract import Digest, Name
from stillroom.model.value import Value

if TYPE_CHECKING:
    from pathlib import Path


class State(StrEnum):
    """What became of a version of a dataset."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    """A later version took its place; its rows are deleted."""
    WITHDRAWN = "withdrawn"
    """Its owner took it back; its rows are deleted."""


class Version(Value):
    """One admitted version of a dataset.

    Attributes:
        number: Counts what was added, whatever it was.
        section: Digest of the contract's section under which it was admitted (`policy.contracts.section_digest`).
        contract: Digest of that contract.
        state: What became of it.
        source: Where its rows lie, if they are not in the home; never with a password. A version that is not current has forgotten it.
        forgotten: What stands for persons that are left out of a source (`mark_of`).
    """

    number: int = Field(ge=1)
    section: Digest
    contract: Digest
    state: State = State.CURRENT
    source: str | None = Field(default=None, exclude_if=operator.not_, repr=False)
    forgotten: tuple[str, ...] = Field(default=(), exclude_if=operator.not_, repr=False)


class Holding(Value):
    """A dataset of the home.

    Attributes:
        name: Its name in contracts.
        private: Whether it is about people.
        salt: The secret key of its keyed hashes, in hexadecimal, made at its first admission; empty for a public table.
        versions: All there ever were here, with rising numbers: the next number follows the last.
    """

    name: Name
    private: bool
    salt: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$", repr=False)]
    versions: tuple[Version, ...] = ()

    @property
    def current(self) -> Version | None:
        """The version that can be read, if there is one."""
        return self.versions[-1] if self.versions and self.versions[-1].state is State.CURRENT else None

    @property
    def next_number(self) -> int:
        """The least number that the next version can have; no number is ever used twice."""
        return self.versions[-1].number + 1 if self.versions else 1

    def version(self, number: int) -> Version | None:
        """Return the version of that number, if there is one."""
        return next((version for version in self.versions if version.number == number), None)

    def retired(self, state: State) -> Holding:
        """Return the holding without a current version: what was current gets a state instead."""
        current = self.current
        if current is None:
            return self
        retired = current.model_copy(update={"state": state, "source": None, "forgotten": ()})
        return self.model_copy(update={"versions": (*self.versions[:-1], retired)})

    def extended(self, section: str, contract: str, after: int, source: str | None = None, forgotten: tuple[str, ...] = ()) -> Holding:
        """Return the holding with one more version, which supersedes the one before, and any that has a number up to `after` elsewhere."""
        number = max(self.next_number, after + 1)
        version = Version(number=number, section=section, contract=contract, source=source, forgotten=forgotten)
        return self.model_copy(update={"versions": (*self.retired(State.SUPERSEDED).versions, version)})


class Manifest(Value):
    """The list of a home's datasets, by name."""

    format: Literal["stillroom/manifest/v1"] = Field(default="stillroom/manifest/v1", alias="schema")
    datasets: dict[Name, Holding] = Field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read the list from a file.

        Raises:
            InvalidInput: `HOME_INVALID` if it is missing or damaged.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            raise InvalidInput(
                Code.HOME_INVALID,
                f"The list of datasets in the home, {path.name}, is missing or damaged.",
                "Restore the home from its backup.",
            ) from None

    def save(self, path: Path) -> None:
        """Replace the file at one stroke."""
        replace_private(path, canonical(self.to_json()))

    def holding(self, name: str) -> Holding:
        """Return a dataset.

        Raises:
            InvalidInput: `DATA_UNKNOWN` if the home never held it.
        """
        if name not in self.datasets:
            raise InvalidInput(Code.DATA_UNKNOWN, f"This home holds no dataset `{name}`.", "`stillroom data list` shows what it holds.")
        return self.datasets[name]

    def holding_for(self, name: str, key: bytes) -> Holding:
        """Return the dataset that a table belongs to that was admitted under a secret key; a new one if the home never held it.

        Raises:
            InvalidInput: `DATA_INVALID` if that is another secret key than the dataset's.
        """
        salt = key.hex()
        holding = self.datasets.get(name) or Holding(name=name, private=bool(salt), salt=salt)
        if holding.salt != salt:
            raise InvalidInput(
                Code.DATA_INVALID,
                f"The rows for `{name}` were admitted under another secret key than the dataset's.",
                "Add the file again: somebody else added the dataset at the same time, or it has become private or public.",
            )
        return holding

    def with_holding(self, holding: Holding) -> Manifest:
        """Return the list with a dataset put in or replaced."""
        return self.model_copy(update={"datasets": {**self.datasets, holding.name: holding}})
