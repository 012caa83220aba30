"""Logs as a room's server may show them: of any entries, in parts and in tiles, under a head that a key has signed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from stillroom.crypto.canonical import canonical
from stillroom.crypto.merkle import leaf_hash, root
from stillroom.crypto.note import Checkpoint, sign_checkpoint
from stillroom.crypto.tiles import WIDTH, Tile, join_hashes, parse
from stillroom.room.extract import PART_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.crypto.keys import SigningKey

NAME = "example.org/study"


class ShownLog:
    """A log that somebody shows.

    Attributes:
        entries: What stands in it.
        statements: What stands beside entries, by index.
        asked: What was asked for: how often, and in what order.
        handed: How many entries were handed out.
    """

    def __init__(self, key: SigningKey, entries: Sequence[dict[str, Any]], statements: Mapping[int, Any] | None = None) -> None:
        """Write a log, and sign its head."""
        self.entries, self.statements, self.asked, self.handed = list(entries), dict(statements or {}), list[str](), 0
        self._hashes = [leaf_hash(canonical(entry)) for entry in entries]
        self._key = key

    @cached_property
    def note(self) -> bytes:
        """The signed note of its head."""
        return sign_checkpoint(Checkpoint(NAME, len(self.entries), root(self._hashes)), NAME, self._key)

    def part(self, start: int) -> bytes:
        """Return the next entries from one on, as a room's server does."""
        self.asked.append(f"part {start}")
        rows = list(enumerate(self.entries))[start : start + PART_SIZE]
        self.handed += len(rows)
        first = {"schema": "stillroom/part/v1", "checkpoint": self.note.decode(), "start": start}
        lines: list[Any] = [first, *(self._line(index, entry) for index, entry in rows)]
        return b"".join(canonical(line) + b"\n" for line in lines)

    def tile(self, tile: Tile) -> bytes:
        """Return a tile of hashes."""
        self.asked.append(tile.path)
        below = WIDTH ** (tile.level or 0)
        return join_hashes(root(self._hashes[place * below : (place + 1) * below]) for place in tile.places)

    def answer(self, path: str) -> bytes | None:
        """Return what a server answers to a request about the log that it shows; nothing if it is about something else."""
        if path in {"/v1/log/checkpoint", "/v1/log/cosignatures"}:
            return self.note
        if path.startswith("/v1/log/from/"):
            return self.part(int(path.removeprefix("/v1/log/from/")))
        return self.tile(parse(path.removeprefix("/v1/log/"))) if path.startswith("/v1/log/tile/") else None

    def _line(self, index: int, entry: dict[str, Any]) -> dict[str, Any]:
        line = {"entry": entry, "leaf": self._hashes[index].hex()}
        return {**line, "statement": self.statements[index]} if index in self.statements else line


def refusals(count: int, at: int = 1_700_000_000) -> list[dict[str, Any]]:
    """Return entries, each of them another one."""
    return [{"kind": "refused", "at": at, "counts": [{"code": "PRICE_INVALID", "count": number + 1}]} for number in range(count)]
