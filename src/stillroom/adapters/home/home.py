"""A party's home folder.

`home.json` says whose it is; `keys/` holds the signing seed, the data key, and a key of each version of data and of its copy at a server;
`datasets.json` lists the datasets, whose rows are in `data/<dataset>/<version>/`, or lie where it says. Whatever changes the home does so
at one stroke: after a crash it is as before or as after.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationError

from stillroom.adapters.admitted import Contents
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home.attachment import Attachment, mark_of
from stillroom.adapters.home.copies import copies, sweep_copies, write_copy
from stillroom.adapters.home.files import (
    PRIVATE_FOLDER,
    disk_errors,
    exclusive,
    is_private,
    new_folder,
    replace_private,
    sync,
    write_private,
)
from stillroom.adapters.home.manifest import Holding, Manifest, State
from stillroom.adapters.home.sealed_parquet import KEY_SIZE
from stillroom.adapters.home.stored_table import StoredTable, version_key, write_table
from stillroom.admission.identifiers import canonical
from stillroom.crypto.canonical import canonical as canonical_json
from stillroom.crypto.keys import SEED_SIZE, SigningKey
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.contract import Name
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path
    from typing import Self

    from stillroom.adapters.home.copies import Copy
    from stillroom.adapters.home.manifest import Version
    from stillroom.model.contract import Person
    from stillroom.ports import Entropy

SALT_SIZE = 32
"""Bytes of the secret key of a dataset's keyed hashes."""

_LIST = "datasets.json"
_INCOMING = ".incoming"


class Deed(Value):
    """Whose home a folder is."""

    format: Literal["stillroom/home/v1"] = Field(default="stillroom/home/v1", alias="schema")
    party: Name


class Home:
    """A party's home: its keys and its admitted data.

    Attributes:
        path: The folder.
        party: Whose it is.
    """

    def __init__(self, path: Path, party: str) -> None:
        """Name a home that is there; use `create` or `open`."""
        self.path = path
        self.party = party

    @classmethod
    def create(cls, path: Path, party: str, entropy: Entropy) -> Self:
        """Make a home, with new keys, in a folder that is empty or not there.

        Raises:
            InvalidInput: `HOME_EXISTS` if there is something; `HOME_INVALID` if the party's name is not one.
            Failed: `STORE_FAILED` if the disk refuses.
        """
        deed = _deed(party)
        with disk_errors("The home"):
            taken = path.exists() and (not path.is_dir() or any(path.iterdir()))
        if taken:
            raise InvalidInput(Code.HOME_EXISTS, f"There is something at {path} already.", "Use the home that is there, or another folder.")
        with disk_errors("The home"), new_folder(path, path.with_name(f".{path.name}.incoming")) as folder:
            (folder / "keys").mkdir(mode=PRIVATE_FOLDER)
            (folder / "data").mkdir(mode=PRIVATE_FOLDER)
            write_private(folder / "keys" / "signing.key", entropy.token(SEED_SIZE))
            write_private(folder / "keys" / "data.key", entropy.token(KEY_SIZE))
            write_private(folder / "home.json", canonical_json(deed.to_json()))
            Manifest().save(folder / _LIST)
        return cls(path, party)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a home.

        Raises:
            InvalidInput: `HOME_INVALID` if the folder is not a home, or others can read its keys.
        """
        try:
            deed = Deed.model_validate_json((path / "home.json").read_bytes())
        except (OSError, ValidationError):
            raise _invalid(f"{path} is not a home of a party.", "Name the right folder; `stillroom init` makes a new home.") from None
        home = cls(path, deed.party)
        home._key("signing.key")
        home._key("data.key")
        return home

    @property
    def signing_key(self) -> SigningKey:
        """The key that the party signs with."""
        return SigningKey.from_seed(self._key("signing.key"))

    def datasets(self) -> tuple[Holding, ...]:
        """Return what the home holds or held, by name."""
        return tuple(holding for _, holding in sorted(self._manifest().datasets.items()))

    def salt(self, dataset: str, entropy: Entropy) -> bytes:
        """Return the secret key of a private dataset's keyed hashes: a new one if the home never held it. `add` keeps it."""
        holding = self._manifest().datasets.get(dataset)
        return entropy.token(SALT_SIZE) if holding is None or not holding.salt else bytes.fromhex(holding.salt)

    def add(self, dataset: str, contents: Contents, *, section: str, contract: str, after: int = 0) -> int:
        """Store a new version of a dataset; the rows of the one before are deleted.

        Args:
            dataset: Its name in the contract.
            contents: The table, admitted under the dataset's `salt`.
            section: Digest of the contract's section for it.
            contract: Digest of the contract.
            after: The last number that the room has heard of: it may be another home's, or this one's before it was put back.

        Returns:
            The number of the version.

        Raises:
            InvalidInput: `DATA_INVALID` if the table was admitted under another salt.
            Failed: `STORE_FAILED` if the disk refuses; nothing was changed.
        """
        with self._changing() as manifest:
            holding = manifest.holding_for(dataset, contents.salt)
            return self._store(manifest, holding.extended(section, contract, after), contents)

    def attach(self, dataset: str, salt: bytes, source: str, *, section: str, contract: str, after: int = 0) -> int:  # noqa: PLR0913
        """Take note of where the rows of a new version lie; the rows of the one before are deleted.

        Args:
            dataset: Its name in the contract.
            salt: The dataset's `salt`, under which the rows were found to be admissible.
            source: Where the rows lie, without a password.
            section: Digest of the contract's section for it.
            contract: Digest of the contract.
            after: As for `add`.

        Returns:
            The number of the version.

        Raises:
            InvalidInput: `DATA_INVALID` if that is another salt than the dataset's.
            Failed: `STORE_FAILED` if the disk refuses; nothing was changed.
        """
        with self._changing() as manifest:
            return self._list(manifest, manifest.holding_for(dataset, salt).extended(section, contract, after, source))

    def withdraw(self, dataset: str) -> None:
        """Delete a dataset's rows, and what they could be read with. What was charged for it stays charged.

        Raises:
            InvalidInput: `DATA_UNKNOWN` if the home never held it.
            Refusal: `DATA_WITHDRAWN` if it is withdrawn already.
        """
        with self._changing() as manifest:
            holding = manifest.holding(dataset)
            _current(holding)
            manifest.with_holding(holding.retired(State.WITHDRAWN)).save(self.path / _LIST)

    def forget(self, dataset: str, person: Person, identifier: str, *, after: int = 0) -> int:
        """Delete one person's rows from a private dataset, which becomes a new version, whether or not the person was in it.

        Where the rows lie elsewhere, they are left out whenever they are read.

        Args:
            dataset: Its name in the contract.
            person: How the contract reads identifiers.
            identifier: Any spelling of the person's identifier.
            after: As for `add`.

        Returns:
            The number of the new version.

        Raises:
            InvalidInput: `DATA_UNKNOWN` if the home never held the dataset; `DATA_INVALID` if it is public or the identifier names nobody.
            Refusal: `DATA_WITHDRAWN` if it is withdrawn.
            Failed: `STORE_FAILED` if the disk refuses or the stored rows are damaged; nothing was changed.
        """
        name = canonical(identifier, person)
        with self._changing() as manifest:
            holding = manifest.holding(dataset)
            version = _current(holding)
            if name is None or not holding.private:
                raise InvalidInput(Code.DATA_INVALID, f"Nobody in `{dataset}` can have that identifier.", "Give it as the data has it.")
            extended = partial(holding.extended, version.section, version.contract, after)
            if version.source is not None:
                mark = mark_of(bytes.fromhex(holding.salt), name)
                return self._list(manifest, extended(version.source, tuple(sorted({*version.forgotten, mark}))))
            return self._store(manifest, extended(), _without(self._table(holding, version.number), name))

    def table(self, dataset: str, version: int) -> StoredTable:
        """Return a version of a dataset whose rows are in the home.

        Raises:
            Refusal: `DATA_WITHDRAWN` if its owner took it back; `DATA_UNKNOWN` if there is no such version, or a later one took its place,
                or its rows lie elsewhere.
        """
        holding, found = self._readable(dataset, version)
        if found.source is not None:
            raise Refusal(Code.DATA_UNKNOWN, f"The rows of `{dataset}` are not in the home.", "They are read where they lie.")
        return self._table(holding, version)

    def attachment(self, dataset: str, version: int) -> Attachment | None:
        """Return where the rows of a version lie, or nothing if they are in the home.

        Raises:
            Refusal: `DATA_WITHDRAWN` or `DATA_UNKNOWN`, as `table`.
        """
        holding, found = self._readable(dataset, version)
        if found.source is None:
            return None
        return Attachment(found.source, bytes.fromhex(holding.salt), frozenset(found.forgotten))

    def keep_copy(self, dataset: str, version: int, copy: Copy) -> None:
        """Take note of a copy at a server. Its key is deleted with the version.

        Raises:
            Refusal: `DATA_WITHDRAWN` or `DATA_UNKNOWN`, as `table`.
            Failed: `STORE_FAILED` if the disk refuses.
        """
        with self._changing():
            self._readable(dataset, version)
            write_copy(self.path, dataset, version, copy)

    def drop_copies(self, stay: Collection[str]) -> tuple[str, ...]:
        """Delete the keys of copies at a server, but for some datasets; return of which they were.

        Raises:
            Failed: `STORE_FAILED` if the disk refuses.
        """
        dropped = tuple(sorted({dataset for dataset, _ in copies(self.path) if dataset not in stay}))
        if dropped:
            with self._changing():
                sweep_copies(self.path, {one for one in copies(self.path) if one[0] in stay})
        return dropped

    def _readable(self, dataset: str, version: int) -> tuple[Holding, Version]:
        """Return a version that can be read, and its dataset."""
        holding = self._manifest().datasets.get(dataset)
        found = holding.version(version) if holding else None
        if holding is None or found is None or found.state is State.SUPERSEDED:
            raise Refusal(Code.DATA_UNKNOWN, f"There is no version {version} of `{dataset}`, or no longer.", "Use the current version.")
        if found.state is State.WITHDRAWN:
            raise _withdrawn(dataset)
        return holding, found

    def _table(self, holding: Holding, number: int) -> StoredTable:
        return StoredTable(self._folder(holding.name, number), self._data_key(holding.name, number), bytes.fromhex(holding.salt))

    def _store(self, manifest: Manifest, holding: Holding, contents: Contents) -> int:
        """Write the contents of a holding's newest version, then the list that says so."""
        number = holding.next_number - 1
        folder, own = self._folder(holding.name, number), self._own_key(holding.name, number)
        own.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        replace_private(own, SystemEntropy().token(KEY_SIZE))
        folder.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        with new_folder(folder, self.path / "data" / _INCOMING) as incoming:
            write_table(incoming, folder, self._data_key(holding.name, number), contents)
        return self._list(manifest, holding)

    def _data_key(self, dataset: str, number: int) -> bytes:
        """Return the key of a version's files: the home's data key and the version's own, unless it is from before there were any."""
        own = self._own_key(dataset, number)
        return version_key(self._key("data.key"), self._key(f"versions/{own.name}")) if own.exists() else self._key("data.key")

    def _own_key(self, dataset: str, number: int) -> Path:
        return self.path / "keys" / "versions" / f"{dataset}.{number}.key"

    def _list(self, manifest: Manifest, holding: Holding) -> int:
        """Write the list with a holding in it, and return the number of its newest version."""
        manifest.with_holding(holding).save(self.path / _LIST)
        return holding.next_number - 1

    @contextmanager
    def _changing(self) -> Iterator[Manifest]:
        """Hold the home alone while it changes, and leave no rows in it but those of current versions."""
        with disk_errors(f"The home of {self.party}"), exclusive(self.path / "datasets.lock"):
            self._sweep()
            yield self._manifest()
            self._sweep()

    def _sweep(self) -> None:
        """Delete the rows and the keys of every version that is not current, and what a crash left."""
        held = [(name, one.current.number) for name, one in self._manifest().datasets.items() if one.current]
        for key in set((self.path / "keys" / "versions").glob("*")) - {self._own_key(*one) for one in held}:
            key.unlink()
            sync(key.parent)
        sweep_copies(self.path, held)
        current = {self._folder(*one) for one in held}
        for folder in (self.path / "data").glob("*/*"):
            if folder not in current:
                shutil.rmtree(folder) if folder.is_dir() else folder.unlink()

    def _manifest(self) -> Manifest:
        return Manifest.load(self.path / _LIST)

    def _folder(self, dataset: str, number: int) -> Path:
        return self.path / "data" / dataset / str(number)

    def _key(self, name: str) -> bytes:
        """Read a secret key that nobody else can."""
        path = self.path / "keys" / name
        try:
            key = path.read_bytes()
            private = is_private(path)
        except OSError:
            raise _invalid(f"The key {name} of the home of {self.party} is missing.", "Restore the home from its backup.") from None
        if len(key) != KEY_SIZE:
            raise _invalid(f"The key {name} of the home of {self.party} is damaged.", "Restore the home from its backup.")
        if not private:
            raise _invalid(f"Others can read the key {name} of the home of {self.party}.", f"Run chmod 600 on {path}.")
        return key


def _without(table: StoredTable, identifier: str) -> Contents:
    """Return a table without one person's rows."""
    import pyarrow.compute as pc

    contents = Contents(table.rows(), table.persons(), table.salt)
    code = pc.index(contents.persons, identifier).as_py()
    return contents if code < 0 else contents.without([code])


def _current(holding: Holding) -> Version:
    if holding.current is None:
        raise _withdrawn(holding.name)
    return holding.current


def _withdrawn(dataset: str) -> Refusal:
    return Refusal(Code.DATA_WITHDRAWN, f"The dataset `{dataset}` is withdrawn.", "Its owner can add it again, as a new version.")


def _invalid(reason: str, fix: str) -> InvalidInput:
    return InvalidInput(Code.HOME_INVALID, reason, fix)


def _deed(party: str) -> Deed:
    try:
        return Deed(party=party)
    except ValidationError:
        raise _invalid(f"{party!r} is not the name of a party.", "Use small letters, digits and underscores, a letter first.") from None
