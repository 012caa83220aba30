"""What a server keeps of owners' tables between runs: encrypted pieces, to which it has no key."""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stillroom.adapters.home.files import PRIVATE_FOLDER, disk_errors, sync
from stillroom.room import data
from stillroom.room.times import day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from stillroom.ports import Clock, Store


class Kept:
    """A folder with pieces of those versions that the room's records let it keep: `<owner>/<dataset>/<version>/<piece>`.

    A piece is there whole or not at all. What may be kept no more is deleted as soon as the records say so (`sweep`); it is of no use to
    anybody by then, since its owner has deleted the key.
    """

    def __init__(self, store: Store, clock: Clock, folder: Path, limit: int) -> None:
        """Say where it is known what may be kept, what time it is, where pieces are, and how many bytes of each owner may be."""
        self._store, self._clock, self._folder, self._limit = store, clock, folder, limit
        self._changing = threading.Lock()
        self._datasets: dict[str, threading.Lock] = {}

    @contextmanager
    def alone(self, dataset: str) -> Iterator[None]:
        """Let one run at a time have a dataset brought: the next one finds what was brought, instead of having it brought again."""
        with self._changing:
            lock = self._datasets.setdefault(dataset, threading.Lock())
        with lock:
            yield

    def held(self, owner: str, dataset: str, version: int, pieces: Sequence[str]) -> tuple[str, ...]:
        """Return those of some pieces that are here."""
        return tuple(piece for piece in pieces if (self._place(owner, dataset, version) / piece).exists())

    def take(self, owner: str, dataset: str, version: int, files: Mapping[str, Path]) -> dict[str, Path]:
        """Keep files that were brought for a run, unless they are not to be kept any more, or its owner has too much here already.

        Returns:
            Where all pieces of the run are: those that were brought, and those that were here.

        Raises:
            Failed: `STORE_FAILED` if the disk refuses.
        """
        place = self._place(owner, dataset, version)
        with self._changing, disk_errors("What is kept"):
            here = {file.name: file for file in place.glob("*")} | dict(files)
            if (owner, dataset, version) not in self._allowed() or self._size(owner, here) > self._limit:
                return here
            place.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            for piece, file in files.items():
                sync(file)
                here[piece] = file.rename(place / piece)
            sync(place)
            return here

    def drop(self, file: Path) -> None:
        """Delete a piece that is not what was brought, if it is kept: it is brought again for the next run."""
        if file.is_relative_to(self._folder):
            file.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete all that may be kept no more."""
        with self._changing:
            allowed = {self._place(*one) for one in self._allowed()}
            for place in self._folder.glob("*/*/*"):
                if place not in allowed:
                    shutil.rmtree(place, ignore_errors=True)

    def _allowed(self) -> set[tuple[str, str, int]]:
        with self._store.reading() as records:
            return set(data.to_be_kept(records, day(self._clock.now())))

    def _size(self, owner: str, more: Mapping[str, Path]) -> int:
        """Return how many bytes of an owner are here, with some files more, which replace those of their names."""
        others = [file for file in (self._folder / owner).glob("*/*/*") if file not in more.values()]
        return sum(file.stat().st_size for file in (*others, *more.values()))

    def _place(self, owner: str, dataset: str, version: int) -> Path:
        return self._folder / owner / dataset / str(version)
