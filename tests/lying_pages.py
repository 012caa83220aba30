"""Pages whose room's server can be made to lie, and an officer who looks at them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stillroom import bootstrap
from tests.housed import housed, plain
from tests.shown_logs import ShownLog
from tests.strange_servers import Altering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx
    from fastapi import FastAPI

    from tests.housed import Housed


class Lied:
    """An officer at pages whose room's server can be made to lie.

    Attributes:
        house: The room and its pages.
        officer: Who looks at them.
        server: What the server says instead.
    """

    def __init__(self, house: Housed, officer: httpx.Client, server: Altering) -> None:
        """Begin with the truth."""
        self.house, self.officer, self.server = house, officer, server

    def says(self, path: str, alter: Callable[[bytes], bytes]) -> None:
        """Have the server lie about one path, and about nothing else."""
        self.server.by = {path: alter}

    def shows(self, log: ShownLog) -> None:
        """Have the server show another log, and lie about nothing else."""
        self.server.by, self.server.instead = {}, log.answer

    def tells_the_truth(self) -> None:
        """Have the server show what there is."""
        self.server.by, self.server.instead = {}, lambda _path: None

    def forgets_the_log(self) -> None:
        """Have the home forget what it has copied of the log."""
        (self.house.room.folder / "clinic" / "log.sqlite").unlink(missing_ok=True)

    def sees(self, page: str) -> str:
        """Return what a page says."""
        return plain(self.officer.get(page).text)


@contextmanager
def lying(folder: Path) -> Iterator[Lied]:
    """Serve a room by a server that can be made to lie, and let an officer of the clinic in."""
    servers: list[Altering] = []

    def around(app: FastAPI) -> Altering:
        servers.append(Altering(app))
        return servers[0]

    with housed(folder, "clinic", alone=True, around=around) as house, house.entered("clinic", "Ada", "officer") as officer:
        yield Lied(house, officer, servers[0])


def written(lied: Lied, entries: list[dict[str, Any]], statements: dict[int, Any] | None = None) -> ShownLog:
    """Return a log of these entries, signed by the room's own key."""
    return ShownLog(bootstrap.open_room(lied.house.room.folder / "room").notary.key, entries, statements)


def lines_of(lied: Lied) -> list[dict[str, Any]]:
    """Return the lines of the room's log."""
    return [json.loads(line) for line in lied.house.room.session("clinic").export_log().splitlines()[1:]]


def entries_of(lied: Lied) -> list[dict[str, Any]]:
    return [line["entry"] for line in lines_of(lied)]
