"""Accuracy of a CUBE over three attributes: asked for as it is, and as eight tables one by one, for the same price in all."""

from __future__ import annotations

import json
import math
import random
from contextlib import nullcontext
from fractions import Fraction
from itertools import combinations, product
from typing import TYPE_CHECKING

from stillroom.adapters.opendp_noise import OpendpNoise
from stillroom.model.charge import RHO_UNIT
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract
from stillroom.model.grounds import Grounds
from stillroom.model.question import Question, Terms
from stillroom.model.reading import Reading
from stillroom.model.selection import Occupation
from stillroom.privacy.accountant import epsilon_from, rho_from
from stillroom.protections.server import ServerProtection
from stillroom.query.compile import compile_question
from stillroom.query.table.finish import finish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from stillroom.model.plan import Plan
    from stillroom.model.price import Compiled
    from stillroom.ports import AdmittedTable

SIZES = {"month": 12, "region": 16, "sex": 2}
EPSILON, DELTA = 1.0, 1e-9
RELEASES = 100
READING = Reading("run", 0, Grounds(b"", b"", (), {"members": 1}))
CONTRACT = Contract.model_validate_json(
    json.dumps(
        {
            "schema": "stillroom/contract/v1",
            "name": "accuracy",
            "version": 1,
            "purpose": "Measure accuracy.",
            "jurisdiction": "None.",
            "retention_days": 1,
            "expires": "2099-12-31",
            "ask": ["owner"],
            "receive": ["owner"],
            "approval": {"rule": "each-owner"},
            "parties": [{"name": "owner", "roles": ["owner", "analyst", "receiver"], "key": "ed25519:owner"}],
            "caps": {"epsilon": 10, "delta": DELTA, "release_epsilon": 5},
            "datasets": {
                "members": {
                    "kind": "private",
                    "owner": "owner",
                    "person": {"column": "id"},
                    "rows_per_person": 1,
                    "columns": {
                        name: {"type": "integer", "uses": ["group"], "bounds": [1, n], "required": True} for name, n in SIZES.items()
                    },
                }
            },
        }
    )
)
EVERY = tuple(names for size in range(len(SIZES) + 1) for names in combinations(SIZES, size))
"""The eight tables, by the attributes that they keep."""


class Counts:
    """An engine that knows how many people are in each cell, and adds them up for any table."""

    name = "counts"

    def __init__(self) -> None:
        """Draw up to 400 people a cell."""
        draw = random.Random(1)
        self.cells = {place: draw.randrange(400) for place in product(*map(range, SIZES.values()))}

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return nothing."""
        del plan
        return ()

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> tuple[tuple[int, ...], ...]:
        """Return the exact cells of a plan."""
        del tables
        return (tuple(self.table(tuple(str(key.value.model_dump()["name"]).partition(".")[2] for key in plan.keys)).values()),)

    def table(self, names: Sequence[str]) -> dict[tuple[int, ...], int]:
        """Return how many people are in each cell of a table of some attributes, in the order of their domains."""
        kept = [list(SIZES).index(name) for name in names]
        found = dict.fromkeys(product(*(range(SIZES[name]) for name in names)), 0)
        for place, people in self.cells.items():
            found[tuple(place[key] for key in kept)] += people
        return found

    def measure_occupied(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> Occupation:
        """Return nobody: no key is selected."""
        del plan, tables
        return Occupation((), ())


class NoTables:
    """Tables that nobody opens."""

    def opened(self, plan: Plan, reading: Reading) -> AbstractContextManager[Mapping[str, AdmittedTable]]:
        """Return none: the counts are known."""
        del plan, reading
        return nullcontext({})


def squared_errors() -> dict[str, float]:
    """Return the total squared error over all rows of the eight tables, a release, by how they were asked for."""
    counts, rho = Counts(), rho_from(Fraction(EPSILON), Fraction(str(DELTA)))
    rows = {names: math.prod(SIZES[name] for name in names) for names in EVERY}
    best = {names: math.sqrt(number) for names, number in rows.items()}
    shares = {"equal": dict.fromkeys(EVERY, 1 / len(EVERY)), "best": {names: part / sum(best.values()) for names, part in best.items()}}
    found = {"cube": _error(counts, [_compiled(f"CUBE ({', '.join(SIZES)})", EPSILON)])}
    for name, share in shares.items():
        asked = [_compiled(", ".join(names), _epsilon(rho * Fraction(part))) for names, part in share.items()]
        found[name] = _error(counts, asked)
    return found


def _epsilon(rho: Fraction) -> float:
    """Return the ε that buys a share of ρ."""
    return epsilon_from(math.ceil(rho / RHO_UNIT) * RHO_UNIT, Fraction(str(DELTA)))


def _compiled(groups: str, epsilon: float) -> Compiled:
    names = f"{groups.removeprefix('CUBE (').removesuffix(')')}, " if groups else ""
    sql = f"SELECT {names}COUNT(*) FROM members" + (f" GROUP BY {groups}" if groups else "")
    return compile_question(CONTRACT, Question(contract=digest_of(CONTRACT), sql=sql, terms=Terms(epsilon=epsilon), asked_by="owner"))


def _error(counts: Counts, asked: Sequence[Compiled]) -> float:
    """Return the mean total squared error of some questions together."""
    protection = ServerProtection(counts, OpendpNoise(), NoTables())
    total = Fraction(0)
    for one in (question for _ in range(RELEASES) for question in asked):
        truth = _truth(counts, one.plan)
        for row in finish(one.plan, one.headings, protection.measure(one.plan, one.charge, READING).cells).rows:
            place = tuple(None if cell.totalled else int(cell.value or 0) - 1 for cell in row[:-1])
            total += (Fraction(row[-1].value or 0) - truth[place]) ** 2
    return float(total) / RELEASES


def _truth(counts: Counts, plan: Plan) -> dict[tuple[int | None, ...], int]:
    """Return the exact rows of a plan's table, with None where a key is totalled over."""
    names = [str(key.value.model_dump()["name"]).partition(".")[2] for key in plan.keys]
    found: dict[tuple[int | None, ...], int] = {}
    for kept in plan.finish.sets:
        for place, people in counts.table([names[key] for key in kept]).items():
            known = dict(zip(kept, place, strict=True))
            found[tuple(known.get(key) for key in range(len(names)))] = people
    return found
