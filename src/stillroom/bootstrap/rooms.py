"""Puts together rooms and homes on one machine.

A room is a folder: `room.json` (its name and key, and where each party's home is), `room.key` (its secret key), `room.sqlite` or
`database.url`, and `engine.json` where it does not compute with DuckDB. On one machine, the room reaches owners' accounts and data in their
homes; a home that is away is left out, and what needs it fails.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError

from stillroom.errors import Code, Failed, InvalidInput
from stillroom.model.contract import Name
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stillroom.adapters.admitted import Admitted
    from stillroom.adapters.engine_choice import EngineChoice
    from stillroom.adapters.home import Home
    from stillroom.adapters.sql_store.accounts import SqlAccounts
    from stillroom.crypto.keys import SigningKey
    from stillroom.model.charge import Charge
    from stillroom.model.contract import Dataset
    from stillroom.ports import Engine, Protection, Store, Vault
    from stillroom.room.room import Room

POPULATION = "people"
"""The account that every home begins with."""


class Plate(Value):
    """What is written on a room's door.

    Attributes:
        format: The version of this format.
        name: The room's name, and its log's origin.
        key: The room's public key.
        homes: Folder of each party's home, by party; relative to the room where both are on one disk.
    """

    format: Literal["stillroom/room/v1"] = Field(default="stillroom/room/v1", alias="schema")
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$")]
    key: str
    homes: dict[Name, str] = Field(default_factory=dict)


class Joined(Value):
    """Which room a home has joined first.

    Attributes:
        format: The version of this format.
        room: The room's folder, relative to the home where both are on one disk.
    """

    format: Literal["stillroom/joined/v1"] = Field(default="stillroom/joined/v1", alias="schema")
    room: str


def create_room(path: Path, name: str) -> str:
    """Make a room with a new key, in a folder that is empty or not there, and return its public key.

    Raises:
        InvalidInput: `ROOM_EXISTS` if there is something; `ROOM_INVALID` if the name is not one.
        Failed: `STORE_FAILED` if the disk refuses.
    """
    from stillroom.adapters.entropy import SystemEntropy
    from stillroom.adapters.home.files import disk_errors, new_folder, write_private
    from stillroom.adapters.room_store import make_store
    from stillroom.crypto.canonical import canonical
    from stillroom.crypto.keys import SEED_SIZE, SigningKey

    with disk_errors("The room"):
        path = free(path, Code.ROOM_EXISTS)
    seed = SystemEntropy().token(SEED_SIZE)
    key = SigningKey.from_seed(seed).public.text
    plate = _plate(name, key)
    with disk_errors("The room"), new_folder(path, path.with_name(f".{path.name}.incoming")) as folder:
        write_private(folder / "room.key", seed)
        write_private(folder / "room.json", canonical(plate.to_json()))
        make_store(folder)
    return key


def create_home(path: Path, party: str, cap: Charge) -> Home:
    """Make a party's home with new keys and an account for life, in a folder that is empty or not there.

    Raises:
        InvalidInput: `HOME_EXISTS` if there is something; `HOME_INVALID` if the party's name is not one.
        Failed: `STORE_FAILED` if the disk refuses.
    """
    from stillroom.adapters.entropy import SystemEntropy
    from stillroom.adapters.home import Home
    from stillroom.adapters.home.files import disk_errors, sync
    from stillroom.adapters.sql_store.accounts import create_accounts

    with disk_errors("The home"):
        path = free(path, Code.HOME_EXISTS)
        incoming = path.with_name(f".{path.name}.making")
        shutil.rmtree(incoming, ignore_errors=True)
        Home.create(incoming, party, SystemEntropy())
        create_accounts(incoming / "account.sqlite", party).add(POPULATION, cap)
        incoming.rename(path)
        sync(path.parent)
    return Home.open(path)


def join(room: Path, home: Home) -> Plate:
    """Tell a room where a party's home is, and the home where the room is, unless it has joined another one before.

    Returns:
        What is written on the room's door.

    Raises:
        InvalidInput: `ROOM_INVALID` if there is no room; `HOME_EXISTS` if the party has another home in it.
        Failed: `STORE_FAILED` if the disk refuses.
    """
    from stillroom.adapters.home.files import disk_errors, exclusive, replace_private
    from stillroom.crypto.canonical import canonical

    read_plate(room)
    with disk_errors("The room"), exclusive(room / "room.lock"):
        plate = read_plate(room)
        place = os.path.relpath(home.path.resolve(), room.resolve())
        if plate.homes.get(home.party, place) != place:
            raise InvalidInput(Code.HOME_EXISTS, f"{home.party} has another home in this room.", "Use that home, or another room.")
        if not _has_joined(home):
            joined = Joined(room=os.path.relpath(room.resolve(), home.path.resolve()))
            replace_private(home.path / "joined.json", canonical(joined.to_json()))
        after = plate.model_copy(update={"homes": {**plate.homes, home.party: place}})
        replace_private(room / "room.json", canonical(after.to_json()))
        return after


def _has_joined(home: Home) -> bool:
    """Tell whether a home knows a room that is there."""
    try:
        read_plate(room_of(home))
    except InvalidInput:
        return False
    return True


def room_of(home: Home) -> Path:
    """Return the folder of the room that a home has joined first.

    Raises:
        InvalidInput: `HOME_INVALID` if it has joined none.
    """
    try:
        return (home.path / Joined.model_validate_json((home.path / "joined.json").read_bytes()).room).resolve()
    except (OSError, ValidationError):
        raise InvalidInput(Code.HOME_INVALID, f"{home.path} has not joined a room.", "Name the room with --room.") from None


def read_plate(path: Path) -> Plate:
    """Return what is written on a room's door.

    Raises:
        InvalidInput: `ROOM_INVALID` if the folder is not a room.
    """
    try:
        return Plate.model_validate_json((path / "room.json").read_bytes())
    except (OSError, ValidationError):
        raise InvalidInput(
            Code.ROOM_INVALID, f"{path} is not a room.", "Name the right folder; `stillroom init room` makes a new room."
        ) from None


def choose_engine(path: Path, engine: str | None = None, remote: str | None = None) -> EngineChoice:
    """Return what a room computes with; choose it first, if an engine is named. It fails as `read_plate` and `EngineChoice` do."""
    from stillroom.adapters.engine_choice import EngineChoice

    read_plate(path)
    if engine is None:
        return EngineChoice.load(path)
    chosen = EngineChoice.of(engine, remote)
    chosen.save(path)
    return chosen


def admit(home: Home, name: str, dataset: Dataset, source: str | Path, *, attached: bool = False) -> Admitted:
    """Admit data that lie at a path or URL on the owner's side, as runs will read them if they are to stay there; nothing is stored yet.

    Raises:
        InvalidInput: `DATA_INVALID` or `SOURCE_INVALID`.
        Failed: `RUN_FAILED` if the machine's memory is too small; `SOURCE_UNAVAILABLE` if the source cannot be reached.
    """
    from stillroom.adapters.duckdb import admission
    from stillroom.adapters.entropy import SystemEntropy
    from stillroom.adapters.sources import place_of
    from stillroom.model.contract import PrivateDataset

    salt = home.salt(name, SystemEntropy()) if isinstance(dataset, PrivateDataset) else b""
    return admission.admit(place_of(str(source)), dataset, salt, attached=attached)


def to_be_noted(source: str | Path) -> str:
    """Return what a home notes of where data lie; it is `SOURCE_INVALID` if it is no source, or has a password in it."""
    from stillroom.adapters.sources.place import place_of, to_be_kept

    return to_be_kept(place_of(str(source)))


def accounts_of(home: Home) -> SqlAccounts:
    """Open a party's accounts, for the party itself.

    Raises:
        Failed: `STORE_FAILED` if they are not there or cannot be used.
    """
    from stillroom.adapters.sql_store.accounts import open_accounts

    return open_accounts(home.path / "account.sqlite", home.party)


def open_room(path: Path) -> Room:
    """Open a room, with genuine noise and every home that can be reached, and put in order what a crash has left.

    Raises:
        InvalidInput: `ROOM_INVALID` if the folder is not a room, its key is missing, readable by others, or another room's, or its limits
            are none.
        Failed: `STORE_FAILED` if its records cannot be used.
    """
    from stillroom.adapters.clock import SystemClock
    from stillroom.adapters.limits import read_limits
    from stillroom.adapters.room_store import find_store
    from stillroom.bootstrap.announcing import announce_late
    from stillroom.room.recovery import recover
    from stillroom.room.room import Genuine, Notary, Room

    plate, key, limits = read_plate(path), room_key(path), read_limits(path)
    homes = _homes(path, plate)
    store = find_store(path)
    room = Room(
        notary=Notary(plate.name, key),
        outlet=Genuine(_protection(choose_engine(path).made(limits), store, homes), key),
        store=store,
        vaults=_vaults(homes),
        clock=SystemClock(),
    )
    recover(room)
    announce_late(room, homes)
    return room


def _protection(engine: Engine, store: Store, homes: Mapping[str, Home]) -> Protection:
    from stillroom.adapters.opendp_noise import OpendpNoise
    from stillroom.bootstrap.tables import RoomTables
    from stillroom.protections.server import ServerProtection

    return ServerProtection(engine, OpendpNoise(), RoomTables(store, homes))


def _homes(path: Path, plate: Plate) -> dict[str, Home]:
    """Open every home that is where the room says, is that party's and is whole. What is wrong with another one, its party is told."""
    from stillroom.adapters.home import Home

    homes = {}
    for party, place in plate.homes.items():
        with suppress(InvalidInput):
            home = Home.open(path / place)
            home.datasets()
            if home.party == party:
                homes[party] = home
    return homes


def _vaults(homes: Mapping[str, Home]) -> dict[str, Vault]:
    """Open the accounts of each home; an owner whose accounts are damaged is like one whose home is away."""
    from stillroom.adapters.vault import LocalVault

    vaults: dict[str, Vault] = {}
    for party, home in homes.items():
        with suppress(Failed):
            vaults[party] = LocalVault(accounts_of(home), home.signing_key)
    return vaults


def room_key(path: Path) -> SigningKey:
    """Return a room's secret key, for the room itself and for its operator.

    Raises:
        InvalidInput: `ROOM_INVALID` if the folder is not a room, or its key is missing, readable by others, or another room's.
    """
    from stillroom.adapters.home.files import is_private
    from stillroom.crypto.keys import SigningKey

    try:
        key = SigningKey.from_seed((path / "room.key").read_bytes())
        private = is_private(path / "room.key")
    except OSError:
        raise _unusable("missing") from None
    if not private or key.public.text != read_plate(path).key:
        raise _unusable("readable by others" if not private else "that of another room")
    return key


def _unusable(why: str) -> InvalidInput:
    return InvalidInput(Code.ROOM_INVALID, f"The room's key is {why}.", "Restore the room's folder, or its permissions, from a backup.")


def _plate(name: str, key: str) -> Plate:
    try:
        return Plate(name=name, key=key)
    except ValidationError:
        raise InvalidInput(
            Code.ROOM_INVALID, "That is not a name for a room.", "Use letters, digits, dots, dashes and slashes, such as example.org/study."
        ) from None


def free(path: Path, code: Code) -> Path:
    """Return the whole path of a folder that can be made: it takes the place of an empty one, but not of the one that we are in."""
    whole = path.resolve()
    if whole.exists() and (not whole.is_dir() or any(whole.iterdir()) or whole.samefile(".")):
        raise InvalidInput(code, f"There is something at {path} already, or we are in it.", "Name a folder that is empty or not there.")
    return whole
