"""What a home knows of copies of its data at a server: the secrets of their keys, and what was brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from stillroom.adapters.home.files import PRIVATE_FOLDER, read_value, replace_private, sync
from stillroom.crypto.canonical import canonical
from stillroom.model.contract import Digest
from stillroom.model.errand import Piece
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

_FOLDER = ("keys", "kept")


class Copy(Value):
    """A copy of a version of a dataset, in pieces. Without this, nobody can read it any more.

    Attributes:
        format: The version of this format.
        secret: What the keys of its pieces are derived from, in hexadecimal.
        pieces: The digest of each encrypted piece that was brought.
    """

    format: Literal["stillroom/copy/v1"] = Field(default="stillroom/copy/v1", alias="schema")
    secret: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]
    pieces: dict[Piece, Digest] = Field(default_factory=dict)


def read_copy(home: Path, dataset: str, version: int) -> Copy | None:
    """Return what a home knows of a copy, if there is one.

    Raises:
        InvalidInput: `HOME_INVALID` if the file is damaged.
    """
    return read_value(_file(home, dataset, version), Copy, f"The key of the copy of {dataset}", "Add the dataset again.")


def write_copy(home: Path, dataset: str, version: int, copy: Copy) -> None:
    """Take note of a copy, for whoever holds the home alone while its datasets change."""
    file = _file(home, dataset, version)
    file.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    replace_private(file, canonical(copy.to_json()))


def sweep_copies(home: Path, stay: Container[tuple[str, int]]) -> None:
    """Delete what is known of all other copies than those of some versions: they are of no use to anybody then."""
    for file in home.joinpath(*_FOLDER).glob("*"):
        if _named(file) not in stay:
            file.unlink()
            sync(file.parent)


def copies(home: Path) -> tuple[tuple[str, int], ...]:
    """Return the datasets and versions of which there are copies, sorted."""
    return tuple(sorted(_named(file) for file in home.joinpath(*_FOLDER).glob("*.json")))


def _named(file: Path) -> tuple[str, int]:
    dataset, number, *rest = file.name.split(".")
    return (dataset, int(number)) if rest == ["json"] and number.isascii() and number.isdigit() else ("", 0)


def _file(home: Path, dataset: str, version: int) -> Path:
    return home.joinpath(*_FOLDER, f"{dataset}.{version}.json")
