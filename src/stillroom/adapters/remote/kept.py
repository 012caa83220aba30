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
    from collections.abc import Iterable, Iterator, Mapping
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

    def files(self, owner: str, dataset: str, version: int, pieces: Iterable[str]) -> dict[str, Path]:
        """Return where those of some pieces are that are here."""
        place = self._place(owner, dataset, version)
        return {piece: place / piece for piece in pieces if (place / piece).exists()}

    def take(self, owner: str, dataset: str, version: int, brought: Mapping[str, Path]) -> dict[str, Path]:
        """Keep pieces that were brought for a run, unless they are to be kept no more, or would be too much of one owner.

        Returns:
            Where they are now.

        Raises:
            Failed: `STORE_FAILED` if the disk refuses.
        """
        place = self._place(owner, dataset, version)
        with self._changing, disk_errors("What is to be kept"):
            if (owner, dataset, version) not in self._allowed() or self._size(place, brought) > self._limit:
                return dict(brought)
            place.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            for file in brought.values():
                sync(file)
            moved = {piece: file.rename(place / piece) for piece, file in brought.items()}
            sync(place)
            return moved

    def drop(self, owner: str, dataset: str, version: int, piece: str) -> None:
        """Delete a piece that is not what was brought, so that it is brought anew for the next run."""
        (self._place(owner, dataset, version) / piece).unlink(missing_ok=True)

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

    def _size(self, place: Path, brought: Mapping[str, Path]) -> int:
        """Return how many bytes of a place's owner there would be, with pieces that are brought there."""
        stay = (file for file in place.parent.parent.glob("*/*/*") if file.parent != place or file.name not in brought)
        return sum(file.stat().st_size for file in (*stay, *brought.values()))

    def _place(self, owner: str, dataset: str, version: int) -> Path:
        return self._folder / owner / dataset / str(version)
