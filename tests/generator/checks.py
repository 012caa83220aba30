"""What holds for every case: nothing crashes, engine and reference agree, and nobody moves more than is declared."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from stillroom.adapters.duckdb.engine import DuckdbEngine
from stillroom.client.verification.accounting import costs, distances, epsilon_span
from stillroom.client.verification.bounds import check_bounds
from stillroom.client.verification.person import rows_of
from stillroom.client.verification.selection import check_shown
from stillroom.client.verification.sentences import check_sentences
from stillroom.client.verification.table import check_table
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.charge import RHO_UNIT
from stillroom.model.codec import digest_of, encode
from stillroom.model.measure import Aggregate
from stillroom.model.plan import Plan
from stillroom.model.schema import Kind
from stillroom.model.selection import Shown
from stillroom.privacy.mechanisms import rho_of
from stillroom.privacy.sensitivity import Sensitivity
from stillroom.privacy.words import attacker_sentences
from stillroom.query.advised import votes_plan, with_caps
from stillroom.query.price import price, promises
from stillroom.query.protected import drawn
from stillroom.query.table.finish import finish
from tests import reference
from tests.alterations import ALTERATIONS
from tests.finishing import finished
from tests.marginals import made_up_cells
from tests.neighbours import Vector, apart, beside, declared, distinct, of_marginal, united, within
from tests.proved import check_totals, is_told_more
from tests.world import by_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stillroom.model.plan import NoisyCells
    from stillroom.model.schema import Scalar
    from stillroom.ports import Engine
    from stillroom.query.protected import Protected
    from tests.generator.cases import Case
    from tests.reference import Sparse
    from tests.world import Parts, World

SIZES = (3, 400, 2**62)
"""About how large noisy cells are."""

LARGEST = 400
"""Least squares in doubles are as good as exact for numbers of about this size."""

CELLS = 200
"""Tables of more cells would keep the slow interpreter busy for long."""


def _duckdb(threads: int) -> Engine:
    return DuckdbEngine(threads=threads)


@dataclass(frozen=True)
class Checks:
    """All that is checked of one case.

    Attributes:
        case: The case.
        seed: Chooses neighbours.
        thorough: Whether nothing is left to another case.
        engine: Makes the engine, with so many threads.
    """

    case: Case
    seed: int = 0
    thorough: bool = False
    engine: Callable[[int], Engine] = _duckdb

    @property
    def asked(self) -> Plan:
        """The plan of the question."""
        return self.case.compiled.plan

    @cached_property
    def plan(self) -> Plan:
        """What is measured: the plan, with some of the caps that are to choose from."""
        numbers = random.Random(self.seed)
        return with_caps(self.asked, [numbers.choice(one.caps) for one in self.asked.advice])

    def run(self) -> bool:
        """Check everything; return whether the question is accepted."""
        refusal = self.case.refusal
        if refusal is not None:
            assert isinstance(refusal, Refusal | InvalidInput)
            assert isinstance(refusal.code, Code)
            assert "qzw7" not in str(refusal)
            return False
        self.spellings()
        self.verified()
        self.finished()
        self.engines()
        self.sensitivities()
        return True

    def spellings(self) -> None:
        """The plan and its price are those of the question, however it is spelled; and the plan says all that is in it."""
        compiled = self.case.compiled
        spellings = self.case.spellings if self.thorough else self.case.spellings[-1:]
        for sql in [self.case.sql] if self.case.broken is not None else spellings:
            again = self.case.compile(sql)
            assert digest_of(again.plan) == digest_of(compiled.plan), sql
            assert price(self.case.contract, again) == price(self.case.contract, compiled)
        assert Plan.model_validate_json(encode(compiled.plan)) == compiled.plan

    def verified(self) -> None:
        """The verifier derives the same bounds, sensitivities and charge."""
        plan, agreed = self.asked, self.case.contract
        check_bounds(plan, agreed)
        assert rows_of(plan, agreed).most <= plan.bounds.rows
        cost, _ = costs(plan)
        assert cost.rho <= self.case.compiled.charge.rho * RHO_UNIT <= cost.most
        written = [(one.add_remove, one.change) for one in drawn(plan)]
        assert [tuple((one.l1, one.l2_squared) for one in pair) for pair in written] == [tuple(pair) for pair in distances(plan)]
        promise, cap = promises(agreed, plan)
        for stated, own in zip((promise.epsilon, promise.change_epsilon), costs(plan), strict=True):
            least, most = epsilon_span(own, promise.conversion_delta)
            assert least - 1e-12 <= stated <= most + 1e-9
        check_sentences(attacker_sentences(promise, cap), promise, cap)

    def finished(self) -> None:
        """A table of any noisy cells is what the slow interpreter makes of them, and what the verifier expects."""
        sizes = SIZES if self.thorough else (SIZES[self.seed % len(SIZES)],)
        for size in sizes if self.plan.cells <= CELLS else ():
            combinations = self._combinations()
            cells = self._noisy(size, len(combinations))
            table = finish(self.plan, self.case.compiled.headings, cells, combinations)
            shown = [[(cell.value, cell.low, cell.high, cell.no_information, cell.totalled) for cell in row] for row in table.rows]
            assert self.plan.selection or shown == finished(self.plan, cells) or (size > LARGEST and self.several)
            assert "nan" not in str(shown).lower()
            check_shown(self.plan, combinations)
            check_table(self.plan, table)

    @property
    def several(self) -> bool:
        """Whether totals are estimated from several marginals, in doubles: of very large numbers the last digits depend on the way."""
        return any(len(strategy) > 1 for strategy in self.plan.strategies)

    def _combinations(self) -> list[Shown]:
        """Return none of selected keys, or some."""
        rule = self.plan.selection
        if rule is None:
            return []
        values = [self._values(key.kind) for key in self.plan.keys[: self.plan.selected]]
        return [
            Shown(keys, rule.threshold + place)
            for place, keys in enumerate(zip(*values, strict=True))
            if place < min(rule.most, self.seed % 4)
        ]

    def _values(self, kind: Kind) -> tuple[Scalar, ...]:
        """Return values of a key in their order."""
        return ("", "a", None) if kind is Kind.TEXT else (False, True, None) if kind is Kind.BOOLEAN else (-3, 8, None)

    def _noisy(self, size: int, combinations: int) -> NoisyCells:
        draw = random.Random(self.seed + size)
        return made_up_cells(self.plan, combinations, lambda: draw.randint(-size, size), draw.randrange)

    # ------------------------------------------------------------------------------------------------------------- cells

    def engines(self) -> None:
        """The engine gives what the reference gives, with one thread and two, in two orders; and without or with another person.

        What the reference gives does not depend on how rows are stored, either.
        """
        shuffled = {name: table.shuffled(self.seed) for name, table in self.case.world.items()}
        assert self.contributions(shuffled) == self.contributions(self.case.world)
        if self.thorough or self.seed % 2 == 0 or not self.case.persons:
            self.agree(shuffled, 1)
        if self.case.persons and (self.thorough or self.seed % 2):
            self.agree(self.neighbour(), 2)

    def neighbour(self) -> World:
        """Return the world without somebody, or with other rows of somebody in one dataset."""
        case, numbers = self.case, random.Random(self.seed)
        person, name = numbers.choice(case.persons), numbers.choice([*case.private])
        if numbers.random() < 0.5:
            return {**case.world, **{read: case.altered(read, "removed", person) for read in case.private}}
        return {**case.world, name: case.altered(name, numbers.choice([*ALTERATIONS]), person)}

    def agree(self, tables: World, threads: int) -> None:
        """Run the engine and the reference on the same tables."""
        engine = self.engine(threads)
        stored, listed = ({name: getattr(table, form) for name, table in tables.items()} for form in ("stored", "listed"))
        for plan in (self.plan, *([votes_plan(self.asked)] if self.asked.advice else [])):
            if plan.selection is None:
                assert engine.measure_exactly(plan, stored) == reference.measure(plan, listed)
                continue
            found, expected = engine.measure_occupied(plan, stored), reference.occupation(plan, listed)
            assert (by_keys(found), tuple(map(tuple, found.totals))) == (by_keys(expected), expected.totals)

    # ---------------------------------------------------------------------------------------------------- sensitivities

    def contributions(self, tables: World) -> dict[str, Parts]:
        """Return what everybody contributes."""
        found = reference.contributions(self.plan, {name: table.listed for name, table in tables.items()})
        return {person: found.get(person, self.nothing) for person in self.case.persons}

    @property
    def nothing(self) -> Parts:
        """What somebody adds who has no rows; where keys are selected, to numbers of persons too."""
        return tuple({} for _ in range(len(self.plan.measures) + (self.plan.selection is not None)))

    def worlds(self) -> Iterator[list[World]]:
        """Yield worlds that differ in one dataset, in which everybody's rows have some forms, each person's apart."""
        case, numbers = self.case, random.Random(self.seed)
        for name in case.private:
            rest = dict(case.world)
            for other in case.private:
                if other != name and numbers.random() < 0.5:
                    rest[other] = case.altered(other, numbers.choice(["highest", "spread", "random"]), *case.persons)
            forms = numbers.sample([*ALTERATIONS], 4)
            yield [rest, *({**rest, name: case.altered(name, form, *case.persons)} for form in forms)]

    def sensitivities(self) -> None:
        """Nobody moves a measure further than declared: by appearing or vanishing, or by other rows in one dataset."""
        bounds = drawn(self.plan)
        people = [(person,) for person in self.case.persons]
        pairs = list(pairwise(self.case.persons)) if self.case.contract.identifiers_per_person > 1 else []
        for worlds in self.worlds():
            if is_told_more(self.asked, self.case.contract):
                check_totals(self.asked, self.case.contract, worlds)
            forms = [self.contributions(tables) for tables in worlds]
            for who in (*people, *pairs):
                for vectors in self.moves(who, forms):
                    self.bounded(who, vectors, bounds)

    def moves(self, who: tuple[str, ...], forms: list[dict[str, Parts]]) -> Iterator[list[Vector]]:
        """Yield how far somebody moves each measure in each form: beside nobody; and where it matters, beside all others."""
        others = [parts for person, parts in forms[0].items() if person not in who]
        unions = any(measure.aggregate is Aggregate.UNION for measure in self.plan.measures)
        for rest in [self.nothing, *([united(others)] if others and unions else [])]:
            yield distinct(beside(united(parts[identifier] for identifier in who), rest) for parts in forms)

    def bounded(self, who: tuple[str, ...], vectors: list[Vector], bounds: list[Protected]) -> None:
        """See that vectors and their differences are within what is declared, and paid for."""
        for vector in vectors:
            moved = [apart(self.plan, one, cells, {}) for one, cells in zip(bounds, self.marginals(vector), strict=True)]
            assert all(within(one, declared(limit.add_remove)) for one, limit in zip(moved, bounds, strict=True)), (who, moved)
            self.charged(moved)
        for one, other in combinations(vectors, 2):
            both = zip(bounds, self.marginals(one), self.marginals(other), strict=True)
            moved = [apart(self.plan, known, before, after) for known, before, after in both]
            assert all(within(own, declared(limit.change)) for own, limit in zip(moved, bounds, strict=True)), (who, moved)

    def marginals(self, vector: Vector) -> list[Sparse]:
        """Return what a vector of leaf cells adds to each marginal of each measure; last, to numbers of persons."""
        return [of_marginal(self.plan, vector, one) for one in drawn(self.plan)]

    def charged(self, moved: list[tuple[int, int, int, int]]) -> None:
        """All mechanisms together cost no more than is charged, for somebody who moves the measures so far."""
        found = [Sensitivity(l0=l0, l1=l1, l2_squared=l2_squared, linf=linf) for l0, l1, l2_squared, linf in moved]
        mechanisms = [one.marginal.mechanism for one in drawn(self.plan)]
        spent = sum((rho_of(mechanism, one) for mechanism, one in zip(mechanisms, found, strict=True)), Fraction(0))
        assert spent <= self.case.compiled.charge.rho * RHO_UNIT
