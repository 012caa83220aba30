"""Step 10: the charge was committed, by every account, before anything was measured."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from stillroom.client.verification.declared import last_day
from stillroom.client.verification.entry import Commit, Hold
from stillroom.client.verification.outcome import Broken, expect, require
from stillroom.client.verification.statement import check_hold

if TYPE_CHECKING:
    from stillroom.client.verification.evidence import Evidence
    from stillroom.client.verification.extract import Extract

TITLE = "The charge was committed before the release"

_DAY = 86_400
_EPOCH = datetime.date(1970, 1, 1).toordinal()


def check(evidence: Evidence) -> str:
    """Compare the entry at the release's `commit_index` with the release; with the contract, its day and the owners' signatures as well.

    Raises:
        Broken: It is another entry, or says something else.
        NotChecked: There is no log, or a proof that leaves this entry out.
    """
    release, extract = evidence.measured, evidence.extract
    index = release.commit_index
    entry = extract.entry(index)
    if not isinstance(entry, Commit):
        raise Broken(f"entry {index} is a {entry.kind}, expected a commit")
    accounts = sorted({(part.owner, part.population) for part in release.plan.parts})
    stated = {
        "reservation": (entry.reservation, release.reservation),
        "contract": (entry.contract, release.contract_digest),
        "plan": (entry.plan, release.plan_digest),
        "protection": (entry.protection, release.plan.protection),
        "charge": (entry.charge.to_json(), release.charge.to_json()),
        "asker": (entry.asked_by, release.question.asked_by),
        "accounts": ([(one.owner, one.population) for one in entry.accounts], accounts),
    }
    for name, (got, expected) in stated.items():
        expect(f"the {name} of entry {index}", got, expected)
    require(entry.at <= release.released_at, f"entry {index} is of {entry.at}, expected before {release.released_at}")
    _in_time(evidence, entry.at)
    signed = _signed_holds(evidence, extract, entry)
    return f"entry {index}" + (f"; holds signed by {', '.join(signed)}" if signed else "")


def _in_time(evidence: Evidence, moment: int) -> None:
    """Compare the day of the commit with the contract's last day."""
    if evidence.contract_signed is not None:
        last = last_day(evidence.contract_signed)
        require(moment // _DAY <= last.toordinal() - _EPOCH, f"committed at {moment}, after the contract's last day, {last}")


def _signed_holds(evidence: Evidence, extract: Extract, commit: Commit) -> list[str]:
    """Verify the owners' signed holds, which come with a whole log; they name the room and its key, so their owners vouch for it."""
    if evidence.contract_signed is None or not extract.whole:
        return []
    before = ((index, entry) for index, entry in extract.entries.items() if index < evidence.release.commit_index)
    held = {index: entry for index, entry in before if isinstance(entry, Hold) and entry.reservation == commit.reservation}
    expect("the accounts that hold the charge", {entry.account for entry in held.values()}, set(commit.accounts))
    for index, entry in held.items():
        check_hold(extract.statements.get(index), evidence.contract_signed, evidence.release, entry.account)
    signed = [entry.account.owner for entry in held.values()]
    evidence.vouchers += [f"hold signed by {name}" for name in signed]
    return signed
