"""Verifying a release on the pages: by the home's copy of the log, for which only what is new is fetched, or by all of it, fetched anew."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.copied import Leaf, Span
from stillroom.adapters.sql_store.log_copy import log_copy_at
from stillroom.crypto.canonical import canonical
from tests.housed import plain, sent
from tests.lying_pages import entries_of, lying
from tests.parties import PARTIES, QUESTION
from tests.services import serving, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lying_pages import Lied


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room with a release, whose clinic keeps no copy of the log yet."""
    folder = tmp_path_factory.mktemp("answered")
    with serving(folder) as room:
        settle(room)
        with room.agents(*PARTIES):
            room.session("insurer").ask(QUESTION, epsilon=1.0)
    (folder / "clinic" / "log.sqlite").unlink()
    return folder


@pytest.fixture
def lied(answered: Path, tmp_path: Path) -> Iterator[Lied]:
    shutil.copytree(answered, tmp_path, dirs_exist_ok=True)
    with lying(tmp_path) as found:
        yield found


def verified(lied: Lied) -> tuple[str, list[str]]:
    """Verify the release; return what the page says, and what was asked for of the log."""
    asked: list[str] = []
    lied.server.instead = asked.append  # which answers nothing itself
    (release,) = lied.house.room.session("clinic").releases()
    said = plain(sent(lied.officer, f"/releases/{release.statement.commit_index}/verify").text)
    lied.server.instead = lambda _path: None
    return said, [path for path in asked if path.startswith("/v1/log")]


def without_statements(part: bytes) -> bytes:
    """Return a part of the log without what parties have signed, as older servers hand it out."""
    first, *lines = map(json.loads, part.splitlines())
    return b"".join(canonical(one) + b"\n" for one in (first, *({**line, "statement": {}} for line in lines)))


def test_only_what_is_new_of_the_log_is_fetched(lied: Lied) -> None:
    size = len(entries_of(lied))
    said, asked = verified(lied)
    assert "Accepted. 12 of 12 steps passed." in said
    assert asked == ["/v1/log/from/0"]
    said, asked = verified(lied)
    assert "Accepted. 12 of 12 steps passed." in said
    assert asked == [f"/v1/log/from/{size}"]


def test_all_of_the_log_is_fetched_where_the_copy_lacks_what_owners_have_signed(lied: Lied) -> None:
    lied.says("/v1/log/from/0", without_statements)
    for start in (0, len(entries_of(lied))):
        said, asked = verified(lied)
        assert "Accepted. 12 of 12 steps passed." in said
        assert asked == [f"/v1/log/from/{start}", "/v1/log"]


def test_a_copy_that_somebody_has_altered_is_not_taken_for_the_log(lied: Lied) -> None:
    verified(lied)
    file = lied.house.room.folder / "clinic" / "log.sqlite"
    old = log_copy_at(file)
    frontier, note = old.standing()
    leaves = [old.found(Span(place + 1, above=place - 1))[0] for place in range(frontier.size)]
    assert note is not None
    forged = [Leaf(one.position, one.kind, one.leaf.replace(b'"asked_by":"insurer"', b'"asked_by":"clinic"')) for one in leaves]
    assert forged != leaves
    named = {name: envelope for one in leaves if (name := json.loads(one.leaf).get("statement")) and (envelope := old.envelope(name))}
    file.unlink()
    log_copy_at(file).keep(forged, frontier, note, named)
    said, asked = verified(lied)
    assert asked == [f"/v1/log/from/{frontier.size}"]
    assert "Do not rely on these figures" in said
