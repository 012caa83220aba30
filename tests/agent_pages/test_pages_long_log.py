"""The pages of a room whose log is long: each asks for what is new, in parts, and for nothing else."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.home.log_copy import PARTS
from stillroom.agent.main import open_agent
from stillroom.errors import Code
from stillroom.pages.logbook import LINES_SHOWN, WORDS_LIMIT
from stillroom.room.extract import PART_SIZE
from tests.housed import plain
from tests.lying_pages import entries_of, lines_of, lying, written
from tests.parties import PARTIES, document
from tests.services import serving
from tests.shown_logs import refusals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lying_pages import Lied
    from tests.shown_logs import ShownLog

MANY = 2 * PARTS * PART_SIZE - 500
PROOFS = 12
"""Hash tiles that show that the log goes on from what was seen, and begins with what was read: a few of each of its three levels."""


@pytest.fixture
def lied(tmp_path: Path) -> Iterator[Lied]:
    """Pages of a home, without an agent."""
    with serving(tmp_path) as room:
        contract = document({name: room.join(name) for name in PARTIES})
        room.sign(contract, *PARTIES)
    with lying(tmp_path) as found:
        yield found


def long(lied: Lied, count: int) -> ShownLog:
    """Let the server show a log with so many entries more than there are."""
    beside = {index: line["statement"] for index, line in enumerate(lines_of(lied)) if "statement" in line}
    log = written(lied, [*entries_of(lied), *refusals(count)], beside)
    lied.shows(log)
    return log


def asked(log: ShownLog) -> tuple[int, int, int]:
    """Return how many parts and tiles were asked for, and how many entries were handed out; and begin to count anew."""
    parts = sum(one.startswith("part") for one in log.asked)
    found = parts, len(log.asked) - parts, log.handed
    log.asked, log.handed = [], 0
    return found


def test_a_view_reads_a_bounded_part_of_the_log_and_the_next_one_goes_on(lied: Lied) -> None:
    log = long(lied, MANY)
    said = lied.sees("/log")
    assert f"The first {PARTS * PART_SIZE} of {len(log.entries)} entries so far" in said
    parts, tiles, handed = asked(log)
    assert (parts, handed) == (PARTS, PARTS * PART_SIZE)
    assert tiles <= PROOFS
    assert f"{len(log.entries)} entries, which add up to the head" in lied.sees("/log")
    parts, tiles, handed = asked(log)
    assert (parts, handed) == (PARTS, len(log.entries) - PARTS * PART_SIZE)
    assert tiles <= PROOFS
    for page in ("/", "/log", "/log/7", f"/log/{MANY}", "/log?words=price+17&kind=refused", "/contract"):
        assert lied.officer.get(page).status_code == 200
        assert asked(log) == (1, 0, 0), page


def test_what_a_home_has_read_is_not_read_again_when_the_log_has_grown(lied: Lied) -> None:
    long(lied, 3000)
    lied.sees("/log")
    grown = long(lied, 3010)
    assert f"{len(grown.entries)} entries, which add up" in lied.sees("/")
    parts, tiles, handed = asked(grown)
    assert (parts, handed) == (1, 10)
    assert tiles <= PROOFS


def test_what_is_not_read_yet_is_neither_proved_nor_in_force(lied: Lied) -> None:
    log = long(lied, 3 * PARTS * PART_SIZE)
    for page in ("/contract", "/log/0"):
        answer = lied.officer.get(page)
        assert Code.AGENT_UNAVAILABLE in answer.text
        assert "entries of the log so far, and reads on" in answer.text
        assert "In plain words" not in answer.text
    assert "The first" in lied.sees("/log")
    assert "In plain words" in lied.sees("/contract")
    assert len(log.entries) == len(set(map(str, log.entries)))


def test_pages_of_the_log_lead_to_all_entries_and_back_without_scripts(lied: Lied) -> None:
    long(lied, 3 * LINES_SHOWN)
    for query in ("", "?kind=refused", "?words=PRICE+invalid"):
        forth = list(pages(lied, f"/log{query}", "Earlier"))
        numbers = [number for one in forth for number in one]
        assert numbers == sorted(set(numbers), reverse=True)
        assert len(numbers) == 3 * LINES_SHOWN + (len(entries_of(lied)) if not query else 0)
        assert all(len(one) <= LINES_SHOWN for one in forth)
    last = f"/log?kind=refused&before={numbers[-1] + 50}"
    back = list(pages(lied, last, "Later"))
    assert [number for one in reversed(back) for number in one] == numbers
    assert f"{3 * LINES_SHOWN} entries found" in lied.sees(last)


def test_more_words_than_anybody_looks_for_are_refused(lied: Lied) -> None:
    long(lied, 10)
    assert "10 entries found" in lied.sees("/log?words=" + "+".join(["refused"] * WORDS_LIMIT))
    assert Code.REQUEST_INVALID in lied.sees("/log?words=" + "+".join(["refused"] * (WORDS_LIMIT + 1)))
    for wrong in ("before=-1", "after=x", f"before={2**53}"):
        assert lied.officer.get(f"/log?{wrong}").status_code == 403


def test_the_agent_copies_what_is_new_so_that_pages_find_it_there(lied: Lied) -> None:
    log, agent = long(lied, PARTS * PART_SIZE), open_agent(lied.house.room.folder / "clinic", print)
    assert agent.look()
    assert asked(log)[0] == PARTS
    agent.look()
    assert asked(log)[0] == 1
    agent.look()
    assert asked(log) == (0, 0, 0)
    assert f"{len(log.entries)} entries, which add up" in lied.sees("/log")
    assert asked(log) == (1, 0, 0)


def pages(lied: Lied, path: str, link: str) -> Iterator[list[int]]:
    """Yield the numbers of the entries on a page, and on those that follow by a link of a name."""
    following: str | None = path
    while following is not None:
        text = lied.officer.get(following).text
        assert "entries found" in plain(text)
        yield [int(number) for number in re.findall(r'<span class="index">(\d+)</span>', text)]
        found = re.search(rf'<a href="([^"]*)"[^>]*>{link} entries</a>', text)
        following = html.unescape(found[1]) if found else None
