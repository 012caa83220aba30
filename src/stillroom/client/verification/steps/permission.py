"""Step 4: the contract allows this question, to this party, for these receivers, on that day."""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.client.verification.declared import column, dataset, last_day
from stillroom.client.verification.outcome import require
from stillroom.model.contract import PrivateDataset
from stillroom.model.expression import Column
from stillroom.model.relation import Enrich, Scan, dataset_of, sources
from stillroom.model.schema import Use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.client.verification.evidence import Evidence
    from stillroom.model.contract import Contract
    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation

TITLE = "The contract allows the question"

_DAY = 86_400
_EPOCH = datetime.date(1970, 1, 1).toordinal()
_DOUBLES = Fraction(1, 10**5)
"""More than doubles are off, in seconds, for any time of our day."""


def check(evidence: Evidence) -> str:
    """Compare the release with what the contract allows.

    Raises:
        Broken: It does not allow it.
        NotChecked: There is no contract.
    """
    contract, release = evidence.contract, evidence.release
    asker, receivers = release.question.asked_by, release.receivers
    require(asker in contract.ask, f"{asker} may not ask")
    require(bool(receivers) and set(receivers) <= set(contract.receive), f"{', '.join(receivers) or 'nobody'} may not receive")
    require(asker in receivers, f"{asker} asked, and is not among the receivers")
    require(list(receivers) == sorted(set(receivers)), "the receivers are not listed in order, each once")
    require(release.plan.protection in contract.protections, f"the protection {release.plan.protection} is not allowed")
    _in_time(contract, release.released_at)
    _data(contract, release.plan, set(release.versions))
    return f"{asker} may ask, {', '.join(receivers)} may receive, and the contract runs until {contract.expires}"


def _in_time(contract: Contract, moment: float) -> None:
    """Accept releases up to a day after the contract's last day: what was committed on that day may be answered after midnight."""
    last = last_day(contract).toordinal() - _EPOCH
    require(0 <= moment < (last + 2) * _DAY, f"released at {moment}, expected at most a day after {contract.expires}")
    quantum = Fraction(str(contract.quantum_seconds))
    late = Fraction(str(moment)) - round(Fraction(str(moment)) / quantum) * quantum
    require(abs(late) < _DOUBLES, f"released at {moment}, which is no multiple of the contract's quantum")


def _data(contract: Contract, plan: Plan, versions: set[str]) -> None:
    """Accept the datasets and columns that a plan reads."""
    read = set()
    for table in _tables(plan.whole):
        dataset(contract, table.dataset)
        read.add(table.dataset)
        for name in table.columns:
            column(contract, f"{table.name}.{name}")
    require(read == versions, f"the release states versions of {', '.join(sorted(versions))}, and reads {', '.join(sorted(read))}")
    for key in plan.keys:
        if isinstance(key.value, Column) and "." in key.value.name:
            _groups(contract, key.value.name)


def _tables(relation: Relation) -> Iterator[Scan | Enrich]:
    """Yield the steps of a relation that read a dataset."""
    if isinstance(relation, Scan | Enrich):
        yield relation
    for source in sources(relation):
        yield from _tables(source)


def _groups(contract: Contract, name: str) -> None:
    """Accept a column that is grouped by; what the plan makes itself (`dataset.#n`) is not a column."""
    own = name.partition(".")[2]
    source = contract.datasets.get(dataset_of(name))
    if isinstance(source, PrivateDataset) and own in source.columns:
        require(Use.GROUP in source.columns[own].uses, f"the contract does not let a question group by {name}")
