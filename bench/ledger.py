"""Commits in a second: each is durable with its log entries, which are a hold of each of two owners, the commit and a signed checkpoint.

Recovery is what a room does when it is opened again after it was killed with as many runs committed, and no account told yet: it tells
each of two accounts, which keep it durably.

A SQLite file and a PostgreSQL server are on the same disk, and both sync it at every commit. Beside each is what one row takes there,
written by a transaction of the same store.

One who commits alone waits for a sync each time. A server lets those who commit at once share it, and so is measured by what several
processes commit together; what one commits alone stands beside it.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.data import make
from bench.probe import cost_of, in_own_process, report, say
from bench.questions import COUNTS
from bench.report import Row
from bench.room import OWNERS, add
from bench.small import PERSONS, QUANTUM, ROWS
from bench.together import AT_ONCE, Held, commit_all, commit_together
from bench.together import WARM as WARM_EACH
from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.adapters.sql_store.store import create_store_at
from stillroom.ledger.log import replay
from stillroom.model.codec import digest_of
from stillroom.model.question import Question, Terms
from stillroom.query.compile import compile_question
from stillroom.room import accounts, checks, commitment, contracts, data, extract
from stillroom.room.door import Silent
from stillroom.room.recovery import recover
from stillroom.room.signed import sign
from stillroom.room.statement import DATA_TYPE, QUESTION_TYPE, DataStatement
from tests.servers import postgresql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.probe import Cost
    from stillroom.crypto.keys import SigningKey
    from stillroom.room.room import Room

COMMITS, WARM = 300, 30
TARGETS = {"SQLite": 200, "PostgreSQL": 300}


def ledger(*, full: bool) -> list[Row]:
    """Measure both databases, by the clock."""
    del full
    say("Commits ...")
    rows = []
    with tempfile.TemporaryDirectory(prefix="stillroom-bench-") as folder, postgresql("fsync=on") as server:
        for name, url in {"SQLite": "", "PostgreSQL": server.database()}.items():
            (Path(folder) / name).mkdir()
            rows += _rows(name, in_own_process("bench.ledger", f"{folder}/{name}", url))
    return rows


def _rows(name: str, found: Mapping[str, Cost]) -> list[Row]:
    one, commits = (COMMITS / found[what].wall for what in ("one", "commits"))
    recovered = (WARM + COMMITS) / found["recovery"].wall
    together = COMMITS / found["together"].wall
    return [
        Row(f"one row, durable, in {name}", "one transaction of the store", f"{one:.0f} in a second"),
        Row(
            f"commits with two holds and their log entries, durable, in {name}",
            "Stillroom",
            f"{commits:.0f} in a second, {1000 * found['commits'].cpu / COMMITS:.1f} CPU ms each",
            f"{commits / one:.2f} × one row",
            found["commits"].peak_mb,
            *_target(name, "SQLite", commits),
        ),
        Row(
            f"the same by {AT_ONCE} processes at once, in {name}",
            "Stillroom",
            f"{together:.0f} in a second, {1000 * found['together'].cpu / COMMITS:.1f} CPU ms each",
            f"{together / commits:.2f} × by one",
            found["together"].peak_mb,
            *_target(name, "PostgreSQL", together),
        ),
        Row(
            f"recovery of {WARM + COMMITS} runs that a kill has left committed and untold, in {name}",
            "Stillroom",
            f"{recovered:.0f} in a second, {found['recovery'].wall:.1f} s in all",
            f"{commits / recovered:.2f} × a commit each",
            found["recovery"].peak_mb,
        ),
    ]


def _target(name: str, of: str, commits: float) -> tuple[str, bool | None]:
    """Return the target of a database and whether so many commits in a second meet it, in the row that has one."""
    return (f"≥ {TARGETS[of]} in a second", commits >= TARGETS[of]) if name == of else ("", None)


def main(folder: Path, url: str) -> None:
    """Hold for many questions, then commit them one after the other; recover; and do it again, in several processes."""
    make(folder, persons=PERSONS, rows=ROWS)
    add(folder, QUANTUM)
    keys = {party: Home.open(folder / party).signing_key for party in OWNERS.values()}
    room = bootstrap.open_room(folder / "room")
    if url:
        room = moved(room, url, keys)
    held = [hold(room, keys[OWNERS["members"]], turn) for turn in range(WARM + COMMITS)]
    commit_all(room, held[:WARM])
    one = cost_of(lambda: write_rows(room))
    commits = cost_of(lambda: commit_all(room, held[WARM:]))
    assert sum(run.commit is not None for run in replay(extract.entries(room)).runs.values()) == WARM + COMMITS
    recovery = cost_of(lambda: recover(room))
    with room.store.reading() as records:
        assert not records.runs.unsettled()
    more = [hold(room, keys[OWNERS["members"]], WARM + COMMITS + turn) for turn in range(AT_ONCE * WARM_EACH + COMMITS)]
    together = commit_together(folder, url, more)
    assert sum(run.commit is not None for run in replay(extract.entries(room)).runs.values()) == WARM + COMMITS + len(more)
    report(one=one, commits=commits, recovery=recovery, together=together)


def moved(room: Room, url: str, keys: Mapping[str, SigningKey]) -> Room:
    """Return a room like another one, with its store on a server."""
    there = replace(room, store=create_store_at(url))
    with room.store.reading() as records:
        force, versions = contracts.in_force(records), records.versions.all()
        envelope = contracts.find(records, force.digest).envelope
    contracts.submit(there, envelope)
    for one in versions:
        statement = DataStatement(dataset=one.dataset, version=one.version, section=one.section)
        data.announce(there, sign(statement, DATA_TYPE, keys[OWNERS[one.dataset]]))
    return there


def hold(room: Room, key: SigningKey, turn: int) -> Held:
    """Go with a question as far as the commit; each time at another price, so that each is a run of its own."""
    with room.store.reading() as records:
        contract = contracts.in_force(records).contract
    terms = Terms(epsilon=0.01 + turn / 10**5)
    question = Question(contract=digest_of(contract), sql=COUNTS, terms=terms, asked_by=OWNERS["members"])
    asked = checks.authenticate(room, sign(question, QUESTION_TYPE, key))
    plan = checks.planned(room, asked, compile_question(contract, question))
    with room.store.reading() as records:
        cleared = checks.clear(room, records, plan)
    record = commitment.reserve(room, cleared)
    return Held(cleared, record, accounts.hold_all(room, cleared, record, Silent()))


def write_rows(room: Room) -> None:
    """Write one row so often."""
    for number in range(COMMITS):
        with room.store.writing() as records:
            records.counters.keep_raises("nobody", "nowhere", number)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
