"""Contract files: check, explain and compare them, without a room."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.client.files import read_bytes
from stillroom.policy import contract_words
from stillroom.policy.contract_text import examine, parse_contract

if TYPE_CHECKING:
    from stillroom.crypto.keys import SigningKey
    from stillroom.model.contract import Contract
    from stillroom.policy.problem import Problem

SIZE_LIMIT = 1_000_000
"""The largest contract file, in bytes."""


def read(path: str | Path) -> Contract:
    """Return the contract in a file.

    Raises:
        InvalidInput: The file cannot be read, or is not a valid contract.
    """
    return parse_contract(read_bytes(path, SIZE_LIMIT))


def signed(given: str | Path | Contract, key: SigningKey) -> bytes:
    """Return a contract, or the one in a file, signed by one of its parties. It fails as `read` does."""
    from stillroom.room.signed import sign
    from stillroom.room.statement import CONTRACT_TYPE

    return sign(read(given) if isinstance(given, str | Path) else given, CONTRACT_TYPE, key)


def check(path: Path) -> tuple[Problem, ...]:
    """Return all problems of the contract in a file.

    Raises:
        InvalidInput: The file cannot be read, or is not YAML or JSON.
    """
    return examine(read_bytes(path, SIZE_LIMIT))[1]


def explain(path: Path) -> tuple[str, ...]:
    """Return what the contract in a file means, in plain words."""
    return contract_words.explain(read(path))


def sentences(contract: Contract) -> tuple[str, ...]:
    """Return what a contract means, in plain words."""
    return contract_words.explain(contract)


def difference(old: Path, new: Path) -> tuple[str, ...]:
    """Return what changes from one contract file to another."""
    return contract_words.difference(read(old), read(new))
