"""The server protection adds the plan's noise to exact cells, within the charge or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom.errors import Code, Failed, Refusal
from stillroom.model.charge import Charge
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.model.relation import Enrich, JoinKind, On
from stillroom.model.schema import Kind
from stillroom.privacy.mechanisms import guarantee_of
from stillroom.protections.server import ServerProtection
from stillroom.query.protected import plan_charge, protected
from tests.fakes import Listing, ListTable, ListTables, ZeroNoise, reading_of
from tests.marginals import sole
from tests.plans import column, count, facts_of, key, linked, part, plan, scan, total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.model.mechanism import Guarantee
    from stillroom.model.plan import Plan
    from stillroom.model.schema import Scalar
    from stillroom.ports import AdmittedTable, Engine

KINDS = {"a": {"n": Kind.INTEGER, "s": Kind.TEXT}, "pub": {"s": Kind.TEXT, "w": Kind.INTEGER}}
ROWS: list[dict[str, Scalar]] = [{"person": "p", "n": 4, "s": "x"}, {"person": "p", "n": 9, "s": "y"}, {"person": "q", "n": -2, "s": "x"}]
ENRICHED = Enrich(source=linked(), dataset="pub", name="pub", kind=JoinKind.LEFT, on=(On(left=column("a.s"), column="s"),), columns=("w",))
GAUSSIAN = Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=7.5)
LAPLACE = Mechanism(noise=NoiseKind.DISCRETE_LAPLACE, scale=20.0)
ASKED = plan(
    facts_of(KINDS),
    [part("a", scan("a", "n", "s"))],
    [count(2), total(column("a.n"), row=(-10, 10), bounds=(-10, 10)), total(column("pub.w"), row=(0, 3), bounds=(0, 6))],
    over=ENRICHED,
    keys=[key(column("a.s"), Kind.TEXT, "x", "y", "z")],
    rows=2,
    mechanisms=[GAUSSIAN, LAPLACE, GAUSSIAN],
)
EXACT = ((2, 1, 0), (2, 9, 0), (6, 0, 0))
VERSIONS = {"a": 1, "pub": 1}


@pytest.fixture
def tables() -> ListTables:
    public = ListTable([{"s": "x", "w": 3}, {"s": "y", "w": None}], KINDS["pub"], private=False)
    return ListTables({"a": ListTable(ROWS, KINDS["a"]), "pub": public})


class RecordedNoise(ZeroNoise):
    """Draws 1000, 1001, …, and remembers what it was asked for."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self.asked: list[tuple[Mechanism, int, Guarantee]] = []

    def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
        """Return numbers that never come twice."""
        drawn = 1000 + sum(earlier for _, earlier, _ in self.asked)
        self.asked.append((mechanism, count, guarantee))
        return list(range(drawn, drawn + count))


class ShortEngine(Listing):
    """Forgets the last cell."""

    name = "short"

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> Sequence[Sequence[int]]:
        """Return one cell too few."""
        del tables
        return [[0] * (plan.cells - 1) for _ in plan.measures]


def test_without_noise_the_exact_cells_show(engine: Engine, tables: ListTables) -> None:
    protection = ServerProtection(engine, ZeroNoise(), tables)
    assert protection.measure(ASKED, plan_charge(ASKED), reading_of(VERSIONS)).cells == sole(EXACT)
    assert (protection.name, protection.genuine, protection.sampler) == ("server", False, ZeroNoise.name)


def test_every_cell_gets_noise_of_its_own_measure(engine: Engine, tables: ListTables) -> None:
    """One draw for each cell and measure, under the guarantee that the price was made of; none is used twice."""
    noise = RecordedNoise()
    noisy = ServerProtection(engine, noise, tables).measure(ASKED, plan_charge(ASKED), reading_of(VERSIONS)).cells
    expected = iter(range(1000, 1009))
    assert noisy == sole(tuple(tuple(cell + next(expected) for cell in cells) for cells in EXACT))
    guarantees = [guarantee_of(one.marginal.mechanism, one.add_remove) for one in protected(ASKED)]
    assert noise.asked == [
        (mechanism, 3, guarantee) for mechanism, guarantee in zip([GAUSSIAN, LAPLACE, GAUSSIAN], guarantees, strict=True)
    ]
    assert sum(guarantee.rho for guarantee in guarantees) == plan_charge(ASKED).rho


def test_large_noise_is_added_without_overflow(engine: Engine, tables: ListTables) -> None:
    class Extreme(ZeroNoise):
        def draw(self, mechanism: Mechanism, count: int, guarantee: Guarantee) -> list[int]:
            del mechanism, guarantee
            return [2**63 - 1] * count

    noisy = ServerProtection(engine, Extreme(), tables).measure(ASKED, plan_charge(ASKED), reading_of(VERSIONS)).cells
    assert noisy == sole(tuple(tuple(cell + 2**63 - 1 for cell in cells) for cells in EXACT))


def test_a_charge_that_is_one_unit_short_reads_nothing(engine: Engine, tables: ListTables) -> None:
    noise, enough = RecordedNoise(), plan_charge(ASKED)
    protection = ServerProtection(engine, noise, tables)
    with pytest.raises(Failed) as failure:
        protection.measure(ASKED, Charge(rho=enough.rho - 1, delta=enough.delta), reading_of(VERSIONS))
    assert failure.value.code is Code.RUN_FAILED
    assert tables.read == []
    assert noise.asked == []
    assert len(protection.measure(ASKED, Charge(rho=enough.rho + 1, delta=1), reading_of(VERSIONS)).cells) == 3


@pytest.mark.parametrize("versions", [{}, {"a": 1}, {"pub": 1}])
def test_a_dataset_without_a_version_reads_nothing(engine: Engine, tables: ListTables, versions: dict[str, int]) -> None:
    with pytest.raises(Failed):
        ServerProtection(engine, ZeroNoise(), tables).measure(ASKED, plan_charge(ASKED), reading_of(versions))
    assert tables.read == []


def test_only_what_the_plan_reads_is_opened(engine: Engine, tables: ListTables) -> None:
    ServerProtection(engine, ZeroNoise(), tables).measure(ASKED, plan_charge(ASKED), reading_of({**VERSIONS, "other": 4}))
    assert sorted(tables.read) == ["a", "pub"]


def test_a_withdrawn_version_is_refused(engine: Engine, tables: ListTables) -> None:
    with pytest.raises(Refusal):
        ServerProtection(engine, ZeroNoise(), tables).measure(ASKED, plan_charge(ASKED), reading_of({"a": 2, "pub": 1}))


def test_no_cell_goes_without_noise(tables: ListTables) -> None:
    with pytest.raises(Failed) as failure:
        ServerProtection(ShortEngine(), ZeroNoise(), tables).measure(ASKED, plan_charge(ASKED), reading_of(VERSIONS))
    assert failure.value.code is Code.RUN_FAILED
