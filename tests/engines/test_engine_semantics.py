"""Every engine and the reference give every plan the same exact cells, for any order of rows and number of threads."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.adapters.duckdb.dialect import DUCKDB
from stillroom.adapters.engine.cells import exact_cells
from stillroom.adapters.statements.statement import statements
from stillroom.errors import Failed
from stillroom.model.expression import Arithmetic, ArithmeticOp, Branch, Case, Compare, Comparison, Constant, Expression, IsNull, Like, Not
from stillroom.model.measure import Aggregate
from stillroom.model.relation import Enrich, Filter, JoinKind, Mark, Named, On, PartRows, PerPerson, Total, TotalFunction
from stillroom.model.schema import Kind
from tests import reference
from tests.fakes import ListTable
from tests.plans import Link, column, count, facts_of, key, linked, over_grid, part, plan, scan, total, union

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation
    from stillroom.model.schema import Scalar
    from stillroom.ports import Engine

KINDS = {
    "a": {"n": Kind.INTEGER, "s": Kind.TEXT, "b": Kind.BOOLEAN},
    "z": {"m": Kind.INTEGER, "t": Kind.TEXT},
    "pub": {"s": Kind.TEXT, "b": Kind.BOOLEAN, "w": Kind.INTEGER},
}
FACTS = facts_of(KINDS)
SALTS = {"a": b"salt of a", "z": b"salt of z", "pub": b""}
PERSONS = ("p", "P", "p ", "q", "é", "e\u0301", "ß", "😀", "\ue000", "'; --", "a|1", "a|1|2", "\0", "10", "9")
TEXTS = ("", "x", "y", "it's", "日本")

Row: TypeAlias = "dict[str, Scalar]"
Rows: TypeAlias = list[Row]

A = part("a", scan("a", "n", "s", "b"))
Z = part("z", scan("z", "m", "t"))


def tables(
    a: Sequence[Row], z: Sequence[Row] = (), pub: Sequence[Row] = (), *, batch: int | None = None, compact: bool = False
) -> dict[str, ListTable]:
    """Return the three tables."""
    return {
        name: ListTable(rows, KINDS[name], salt=SALTS[name], private=name != "pub", batch=batch, compact=compact)
        for name, rows in (("a", a), ("z", z), ("pub", pub))
    }


def agree(engine: Engine, asked: Plan, data: dict[str, ListTable]) -> tuple[tuple[int, ...], ...]:
    """Assert that engine and reference agree, and return the cells."""
    expected = reference.ReferenceEngine().measure_exactly(asked, data)
    found = engine.measure_exactly(asked, data)
    assert tuple(map(tuple, found)) == expected
    assert all(type(cell) is int for cells in found for cell in cells)
    return expected


def person(name: str, **columns: Scalar) -> dict[str, Scalar]:
    return {"person": name, "n": None, "s": None, "b": None, "m": None, "t": None, "w": None, **columns}


def less(left: Expression, right: Expression) -> Expression:
    return Compare(comparison=Comparison.LESS, left=left, right=right)


def times(left: Expression, right: Expression) -> Expression:
    return Arithmetic(operation=ArithmeticOp.MULTIPLY, left=left, right=right, bound=2**40)


def totals_of(source: Relation, value: Expression, *keys: Named) -> PerPerson:
    """Return all totals, named by their functions."""
    return PerPerson(source=source, keys=keys, totals=tuple(Total(name=f.value, function=f, value=value) for f in TotalFunction))


def with_public(source: Relation, kind: Literal[JoinKind.INNER, JoinKind.LEFT], left: Expression, *others: On) -> Enrich:
    return Enrich(source=source, dataset="pub", name="pub", kind=kind, on=(On(left=left, column="s"), *others), columns=("s", "b", "w"))


# ---------------------------------------------------------------------------------------------------------- any plan

TEXT_KEY = key(column("a.s"), Kind.TEXT, *TEXTS, None)
SOME_TEXTS = key(column("a.s"), Kind.TEXT, "y", "x", "never")
TRUTH_KEY = key(column("a.b"), Kind.BOOLEAN, True, False, None)  # noqa: FBT003  a domain
NUMBER_KEY = key(column("z.m"), Kind.INTEGER, *range(-5, 6), None)
SEEN_KEY = key(column("seen"), Kind.BOOLEAN, False, True)  # noqa: FBT003  a domain
PRESENT_KEY = key(IsNull(operand=column("present")), Kind.BOOLEAN, False, True)  # noqa: FBT003  a domain
MEASURES = [count(), total(column("a.n")), total(column("a.n"), bounds=(-3, 4)), count(2)]
BOTH = [count(), total(times(column("a.n"), column("z.m"))), count(1), total(column("z.m"), bounds=(0, 5))]
SELDOM = [count(), total(column("z.m"), row=(-6, 6), bounds=(-24, 30)), total(column("a.n"), row=(-6, 6))]
"""Few persons have totals beyond these bounds."""
CLAMPED = [count(3), total(column("z.m"), row=(-6, 6), bounds=(-7, 9))]
CLAMPED.append(CLAMPED[1].model_copy(update={"aggregate": Aggregate.REMOVED}))
UNIONS = [union(column("a.s")), count(), union(column("a.n")), union(column("a.b")), total(column("a.n"), bounds=(-3, 4))]
HALF = key(less(column("a.n"), Constant(value=0)), Kind.BOOLEAN, True, False)  # noqa: FBT003  a domain
FEW = key(column("a.n"), Kind.INTEGER, *range(-2, 3))
GRIDDED = [count(), over_grid(count(), 2), over_grid(total(column("a.n"), bounds=(-3, 4)), 2, 3), over_grid(union(column("a.n")), 3)]
CLOSE = less(column("a.n"), Arithmetic(operation=ArithmeticOp.ADD, left=column("z.m"), right=Constant(value=1), bound=2**60))
MATCHED = Filter(source=linked(), condition=column("present"))
PER_TEXT = totals_of(A.relation, column("a.n"), Named(name="s", value=column("a.s")))

X = Compare(comparison=Comparison.EQUAL, left=column("z.t"), right=Constant(value="x"))
CONSTANT = part("z", Filter(source=Z.relation, condition=X))
"""A part in which a column is constant; above an outer join it is not."""
CONSTANT_KEY = key(column("z.t"), Kind.TEXT, "x", None)

PLANS: dict[str, Plan] = {
    "left, constant on one side": plan(FACTS, [A, CONSTANT], BOTH, link=Link(kind=JoinKind.LEFT), keys=[TEXT_KEY, CONSTANT_KEY], groups=3),
    "full, constant on one side": plan(FACTS, [A, CONSTANT], BOTH, link=Link(kind=JoinKind.FULL), keys=[CONSTANT_KEY, PRESENT_KEY]),
    "one part": plan(FACTS, [A], MEASURES),
    "keys": plan(FACTS, [A], MEASURES, keys=[TEXT_KEY, TRUTH_KEY]),
    "some of the domain": plan(FACTS, [A], MEASURES, keys=[TRUTH_KEY, SOME_TEXTS]),
    "keep one": plan(FACTS, [A], MEASURES, keys=[TEXT_KEY, TRUTH_KEY], groups=1),
    "keep three": plan(FACTS, [A], MEASURES, keys=[TRUTH_KEY, TEXT_KEY], groups=3),
    "keep, some of the domain": plan(FACTS, [A], MEASURES, keys=[SOME_TEXTS, TRUTH_KEY], groups=2),
    "distinct": plan(FACTS, [A], UNIONS),
    "distinct by keys": plan(FACTS, [A], UNIONS, keys=[TEXT_KEY, TRUTH_KEY]),
    "distinct, keep two": plan(FACTS, [A], UNIONS, keys=[SOME_TEXTS, TRUTH_KEY], groups=2),
    "distinct of pairs": plan(FACTS, [A, Z], [union(column("z.t")), count()], link=Link(kind=JoinKind.LEFT), keys=[TRUTH_KEY], groups=1),
    "grids": plan(FACTS, [A], GRIDDED, keys=[TEXT_KEY, TRUTH_KEY, HALF, FEW]),
    "grids, keep two": plan(FACTS, [A], GRIDDED, keys=[SOME_TEXTS, TRUTH_KEY, HALF, FEW], groups=2),
    "grids alone": plan(FACTS, [A], [over_grid(count(), 1), over_grid(count(2), 0, 1)], keys=[HALF, FEW]),
    "grids, keep one": plan(FACTS, [A], [over_grid(count(), 1, 2), over_grid(count(2), 1)], keys=[TRUTH_KEY, HALF, FEW], groups=1),
    "filter": plan(FACTS, [A], MEASURES, over=Filter(source=linked(), condition=Like(operand=column("a.s"), pattern="%'%"))),
    "inner": plan(FACTS, [A, Z], BOTH, link=Link(kind=JoinKind.INNER), keys=[TEXT_KEY, NUMBER_KEY]),
    "inner, screened": plan(FACTS, [A, Z], SELDOM, link=Link(kind=JoinKind.INNER), keys=[TEXT_KEY, NUMBER_KEY]),
    "inner, rows screened": plan(FACTS, [A, Z], [count(4), *SELDOM], link=Link(kind=JoinKind.INNER), keys=[NUMBER_KEY]),
    "inner, screened, the other way round": plan(FACTS, [Z, A], SELDOM, link=Link(kind=JoinKind.INNER), keys=[NUMBER_KEY, TRUTH_KEY]),
    "inner, added up": plan(FACTS, [A, Z], CLAMPED, link=Link(kind=JoinKind.INNER), keys=[TEXT_KEY, TRUTH_KEY]),
    "left, added up": plan(FACTS, [Z, A], CLAMPED, link=Link(kind=JoinKind.LEFT), keys=[TEXT_KEY, PRESENT_KEY]),
    "left, added up, kept": plan(FACTS, [Z, A], CLAMPED, link=Link(kind=JoinKind.LEFT), keys=[SOME_TEXTS, TRUTH_KEY], groups=2),
    "inner on": plan(FACTS, [A, Z], BOTH, link=Link(kind=JoinKind.INNER, condition=CLOSE), keys=[TRUTH_KEY]),
    "left": plan(FACTS, [A, Z], BOTH, link=Link(kind=JoinKind.LEFT), keys=[NUMBER_KEY, PRESENT_KEY]),
    "left on": plan(FACTS, [A, Z], BOTH, link=Link(kind=JoinKind.LEFT, condition=CLOSE), keys=[NUMBER_KEY, PRESENT_KEY]),
    "left on, kept": plan(FACTS, [A, Z], BOTH, link=Link(kind=JoinKind.LEFT, condition=CLOSE), keys=[NUMBER_KEY, TEXT_KEY], groups=2),
    "left, matched only": plan(FACTS, [A, Z], BOTH, link=Link(kind=JoinKind.LEFT), over=MATCHED),
    "full": plan(FACTS, [A, Z], BOTH, link=Link(kind=JoinKind.FULL), keys=[NUMBER_KEY, PRESENT_KEY]),
    "full on": plan(FACTS, [A, Z], BOTH, link=Link(kind=JoinKind.FULL, condition=CLOSE), keys=[NUMBER_KEY, TEXT_KEY]),
    "full on, kept": plan(FACTS, [Z, A], BOTH, link=Link(kind=JoinKind.FULL, condition=CLOSE), keys=[NUMBER_KEY, TEXT_KEY], groups=2),
    "full, one side only": plan(
        FACTS,
        [A, Z],
        BOTH,
        link=Link(kind=JoinKind.FULL, condition=CLOSE),
        over=Filter(source=linked(), condition=IsNull(operand=column("first"))),
    ),
    "marked": plan(FACTS, [A, Z], MEASURES, over=Mark(source=PartRows(part=0), among=PartRows(part=1), name="seen"), keys=[SEEN_KEY]),
    "marked on": plan(
        FACTS,
        [Z, A],
        [count(), total(column("z.m"))],
        over=Filter(
            source=Mark(source=PartRows(part=0), among=PartRows(part=1), condition=CLOSE, name="seen"),
            condition=Not(operand=column("seen")),
        ),
    ),
    "left, other way round": plan(FACTS, [Z, A], BOTH, link=Link(kind=JoinKind.LEFT), keys=[NUMBER_KEY, TEXT_KEY], groups=2),
    "totals": plan(
        FACTS, [part("a", PER_TEXT)], [total(column(f.value)) for f in TotalFunction], keys=[key(column("s"), Kind.TEXT, *TEXTS)]
    ),
    "totals of linked": plan(
        FACTS,
        [A, Z],
        [total(column(f.value), bounds=(-9, 9)) for f in TotalFunction],
        link=Link(kind=JoinKind.LEFT),
        over=totals_of(linked(), column("z.m"), Named(name="b", value=column("a.b")), Named(name="nothing", value=Constant(value=None))),
        keys=[key(column("b"), Kind.BOOLEAN, False, True, None), key(column("nothing"), Kind.TEXT, "", None)],  # noqa: FBT003  a domain
    ),
    "linked totals": plan(
        FACTS,
        [part("z", totals_of(Z.relation, column("z.m"))), A],
        [total(column("sum")), count(), total(times(column("count"), column("a.n")))],
        link=Link(kind=JoinKind.INNER, condition=less(column("min"), column("a.n"))),
        keys=[TEXT_KEY],
    ),
    "public": plan(FACTS, [part("a", with_public(A.relation, JoinKind.INNER, column("a.s")))], [count(), total(column("pub.w"))]),
    "public left": plan(
        FACTS,
        [part("a", with_public(A.relation, JoinKind.LEFT, column("a.s"), On(left=column("a.b"), column="b")))],
        [count(), total(column("pub.w"), bounds=(-4, 4))],
        keys=[key(column("pub.s"), Kind.TEXT, *TEXTS, None)],
        groups=2,
    ),
    "public after a link": plan(
        FACTS,
        [A, Z],
        [count(3), total(times(column("pub.w"), column("z.m")))],
        link=Link(kind=JoinKind.LEFT),
        over=with_public(linked(), JoinKind.LEFT, column("z.t")),
        keys=[key(column("pub.b"), Kind.BOOLEAN, None, False, True)],  # noqa: FBT003  a domain
    ),
}

names = st.sampled_from(PERSONS)
texts = st.none() | st.sampled_from(TEXTS)
truths = st.none() | st.booleans()
small = st.none() | st.integers(-6, 6)
A_ROWS = st.lists(st.fixed_dictionaries({"person": names, "n": small, "s": texts, "b": truths}), max_size=25)
Z_ROWS = st.lists(st.fixed_dictionaries({"person": names, "m": small, "t": texts}), max_size=15)
PUB_ROWS = st.lists(st.fixed_dictionaries({"s": texts, "b": truths, "w": small}), max_size=6)


def crowd(chance: random.Random, people: Sequence[str], size: int) -> tuple[Rows, Rows, Rows]:
    """Return rows of all three tables, in which everything occurs."""
    numbers, words, bools = (None, *range(-6, 7)), (None, *TEXTS), (None, True, False)
    a = [person(chance.choice(people), n=chance.choice(numbers), s=chance.choice(words), b=chance.choice(bools)) for _ in range(size)]
    z = [person(chance.choice(people), m=chance.choice(numbers), t=chance.choice(words)) for _ in range(size // 4)]
    pub = [person("", s=chance.choice(words), b=chance.choice(bools), w=chance.choice(numbers)) for _ in range(8)]
    return a, z, pub


@pytest.mark.parametrize("name", PLANS)
def test_a_crowd_has_one_answer(engine: Engine, name: str) -> None:
    chance = random.Random(name)
    data = crowd(chance, PERSONS, 200)
    expected = agree(engine, PLANS[name], tables(*data))
    assert any(map(any, expected))
    for rows in data:
        chance.shuffle(rows)
    assert engine.measure_exactly(PLANS[name], tables(*data, compact=True)) == expected


@settings(max_examples=50)
@given(name=st.sampled_from(list(PLANS)), a=A_ROWS, z=Z_ROWS, pub=PUB_ROWS)
def test_any_data_has_one_answer(engine: Engine, name: str, a: Rows, z: Rows, pub: Rows) -> None:
    agree(engine, PLANS[name], tables(a, z, pub))


@pytest.mark.parametrize("name", PLANS)
def test_no_data_is_all_zeros(engine: Engine, name: str) -> None:
    assert agree(engine, PLANS[name], tables([])) == tuple((0,) * PLANS[name].cells_of(one) for one in PLANS[name].measures)


def test_threads_and_order_do_not_matter(make_engine: Callable[[int], Engine]) -> None:
    """Over many batches of rows, so that threads share the work; the large test of neighbours runs over questions."""
    chance = random.Random(7)
    a, z, pub = crowd(chance, [f"person {n}" for n in range(2000)], 20_000)
    for name in ("left on, kept", "totals of linked", "keep three"):
        expected = reference.ReferenceEngine().measure_exactly(PLANS[name], tables(a, z, pub))
        for threads in (1, 2, 4):
            chance.shuffle(a)
            chance.shuffle(z)
            assert make_engine(threads).measure_exactly(PLANS[name], tables(a, z, pub, batch=1500)) == expected


@pytest.mark.parametrize("name", ["inner, added up", "left, added up", "left, added up, kept", "inner, screened"])
def test_rows_of_which_everybody_has_one(engine: Engine, name: str) -> None:
    chance = random.Random(name)
    a, z, _ = crowd(chance, PERSONS, 200)
    firsts = {row["person"]: row for row in a}
    agree(engine, PLANS[name].model_copy(update={"lone": ("a",)}), tables([*firsts.values()], z))


# --------------------------------------------------------------------------------------------------------- the meaning


def test_cells_are_in_canonical_order(engine: Engine) -> None:
    """The last key varies fastest, each over its domain in the order given."""
    first = key(column("a.s"), Kind.TEXT, "y", "x")
    second = key(column("a.n"), Kind.INTEGER, 3, 1, None)
    rows = [
        person("p", s=s, n=n)
        for s, n, times_ in [("y", 3, 1), ("y", 1, 2), ("y", None, 3), ("x", 3, 4), ("x", 1, 5)]
        for _ in range(times_)
    ]
    assert agree(engine, plan(FACTS, [A], [count()], keys=[first, second]), tables(rows)) == ((1, 2, 3, 4, 5, 0),)


def test_totals_are_clamped_after_adding_up(engine: Engine) -> None:
    """Per person and cell: 9 - 8 = 1 stays, 9 + 9 becomes 10, -9 - 9 becomes -5. Clamping each row would give other sums."""
    rows = [person(name, n=n) for name, n in [("p", 9), ("p", -8), ("q", 9), ("q", 9), ("r", -9), ("r", -9), ("s", None)]]
    assert agree(engine, plan(FACTS, [A], [total(column("a.n"), bounds=(-5, 10))]), tables(rows)) == ((1 + 10 - 5,),)


def test_one_row_per_person_is_clamped_by_itself(engine: Engine) -> None:
    """With bounds above and below 0 a NULL still counts as 0: DuckDB's GREATEST(NULL, x) is x."""
    rows = [person(name, n=n) for name, n in [("p", 99), ("q", -99), ("r", None), ("s", 3)]]
    asked = plan(FACTS, [A], [total(column("a.n"), bounds=(-5, 10)), total(Constant(value=None)), count(1)], rows=1)
    assert agree(engine, asked, tables(rows)) == ((10 - 5 + 3,), (0,), (4,))


def test_totals_near_the_limits_do_not_overflow(engine: Engine) -> None:
    large = 2**62
    rows = [person(f"p{place % 3}", n=place_value) for place, place_value in enumerate([large, large, large, -large, large, large] * 4)]
    square = Arithmetic(operation=ArithmeticOp.MULTIPLY, left=column("a.n"), right=Constant(value=2**20), bound=2**82)
    wide = total(square, row=(-(2**82), 2**82), bounds=(-(2**93), 2**93))
    clamped = total(column("a.n"), row=(-large, large), bounds=(-large, large))
    narrow = total(square, row=(-(2**110), 2**110), bounds=(-1, 7))
    found = agree(engine, plan(FACTS, [A], [total(column("a.n"), row=(-large, large)), wide, clamped, narrow]), tables(rows))
    assert found[0] == (16 * large,)


@pytest.mark.parametrize("limit", range(1, 8))
def test_a_person_keeps_exactly_the_lesser_of_limit_and_groups(engine: Engine, limit: int) -> None:
    """Persons in 1 to 6 cells, several rows in each; all measures share the cells that are kept."""
    people = {name: number for number, name in enumerate(PERSONS[:6], start=1)}
    rows = [person(name, n=n, s=s) for name, number in people.items() for n, s in itertools.product(range(number), ["x", "x"])]
    domain = key(column("a.n"), Kind.INTEGER, *range(6))
    asked = plan(FACTS, [A], [count(1), count()], keys=[domain], groups=limit)
    touched, counted = agree(engine, asked, tables(rows))
    assert sum(touched) == sum(min(number, limit) for number in people.values())
    assert counted == tuple(2 * cell for cell in touched)
    for name, number in people.items():
        alone = engine.measure_exactly(asked, tables([row for row in rows if row["person"] == name]))
        assert sum(alone[0]) == min(number, limit)


def test_kept_cells_depend_on_that_person_alone(engine: Engine) -> None:
    """What a person keeps is the same whoever else is there, so cells of all persons together are the sum of each alone."""
    rows = [person(name, n=n) for name in PERSONS for n in range(-6, 7)]
    asked = plan(FACTS, [A], [count(), total(column("a.n"))], keys=[key(column("a.n"), Kind.INTEGER, *range(-6, 7))], groups=4)
    alone = [engine.measure_exactly(asked, tables([row for row in rows if row["person"] == name])) for name in PERSONS]
    together = agree(engine, asked, tables(rows))
    assert together == tuple(tuple(map(sum, zip(*(cells[measure] for cells in alone), strict=True))) for measure in (0, 1))


def test_the_salt_of_the_first_part_decides_which_cells_are_kept(engine: Engine) -> None:
    rows = [person(name, n=n) for name in PERSONS for n in range(6)]
    asked = plan(FACTS, [A], [count()], keys=[key(column("a.n"), Kind.INTEGER, *range(6))], groups=2)
    salted = [{"a": ListTable(rows, KINDS["a"], salt=salt)} for salt in (b"", b"one", b"two", bytes(range(256)))]
    assert len({agree(engine, asked, data) for data in salted}) == 4


def test_a_row_that_meets_a_thousand_counts_within_the_bound(engine: Engine) -> None:
    """One row in a × 1000 in z: contributions are bounded after the join, on the keys that are grouped by."""
    data = tables([person("p", n=1), person("q", n=1)], [person("p", m=n % 10) for n in range(1000)] + [person("q", m=1)])
    keys = [key(column("z.m"), Kind.INTEGER, *range(10))]
    link = Link(kind=JoinKind.INNER)
    assert agree(engine, plan(FACTS, [A, Z], [count(7)], link=link), data) == ((7 + 1,),)
    assert agree(engine, plan(FACTS, [A, Z], [count(7)], link=link, keys=keys), data) == ((7, 8, *[7] * 8),)
    kept = agree(engine, plan(FACTS, [A, Z], [count(7)], link=link, keys=keys, groups=3), data)
    assert sum(kept[0]) == 3 * 7 + 1


def test_values_of_cells_that_a_person_gives_up_do_not_count(engine: Engine) -> None:
    """Everybody has values of their own in six cells and keeps two: as many values count as two cells hold, wherever they are."""
    rows = [person(name, n=n, s=f"{name}{n}{end}") for name in PERSONS for n in range(6) for end in "abb"]
    asked = plan(FACTS, [A], [union(column("a.s")), count(1)], keys=[key(column("a.n"), Kind.INTEGER, *range(6))], groups=2)
    values, people = agree(engine, asked, tables(rows))
    assert values == tuple(2 * cell for cell in people)
    assert sum(values) == 2 * 2 * len(PERSONS)


def test_distinct_texts_differ_in_a_code_point(engine: Engine) -> None:
    """Neither case nor spaces nor Unicode forms make two texts one; NULL is no value, and a value of two persons is one."""
    rows = [person(name, s=text) for name in ("p", "q") for text in (*PERSONS, "", None)]
    asked = plan(FACTS, [A], [union(column("a.s")), union(Constant(value=None)), union(IsNull(operand=column("a.s")))])
    assert agree(engine, asked, tables(rows)) == ((len(PERSONS) + 1,), (0,), (2,))


def test_persons_are_linked_by_exact_text(engine: Engine) -> None:
    """Code points decide: no case, space, or Unicode form is equal to another; codes of the two tables never are."""
    data = tables([person(name, n=1) for name in PERSONS], [person(name, m=1) for name in (*PERSONS[::2], "P ", "É", "SS", "stranger")])
    matched = [count(), total(column("z.m"))]
    assert agree(engine, plan(FACTS, [A, Z], matched, link=Link(kind=JoinKind.INNER)), data) == ((8,), (8,))
    assert agree(engine, plan(FACTS, [A, Z], matched, link=Link(kind=JoinKind.LEFT)), data) == ((len(PERSONS),), (8,))
    assert agree(engine, plan(FACTS, [Z, A], matched, link=Link(kind=JoinKind.LEFT)), data) == ((12,), (12,))


def test_strangers_to_the_first_part_are_never_added_up(engine: Engine) -> None:
    """They share one missing code. As one person they would have three rows, whose number times 2**62 would overflow."""
    data = tables([person("p", n=1)], [person("p", m=1), *(person(name, m=5) for name in ("x", "y", "z"))])
    counted = totals_of(Z.relation, column("z.m"))
    large = Arithmetic(operation=ArithmeticOp.MULTIPLY, left=column("count"), right=Constant(value=2**52), bound=2**52)
    larger = Arithmetic(operation=ArithmeticOp.MULTIPLY, left=large, right=Constant(value=2**10), bound=2**62)
    positive = Filter(source=counted, condition=less(column("min"), larger))
    asked = plan(FACTS, [A, part("z", positive)], [count(), total(column("sum"))], link=Link(kind=JoinKind.LEFT))
    assert agree(engine, asked, data) == ((1,), (1,))


def test_constants_compare_with_what_is_constant_in_all_rows(engine: Engine) -> None:
    """An engine may keep such a column as one value, or not; there is one in every row."""
    known = Case(branches=(Branch(when=IsNull(operand=column("a.n")), then=Constant(value=1)),), otherwise=Constant(value=7))
    data = tables([person("p", n=1), person("p", n=2), person("q", n=3)])
    for least, expected in ((6, 3), (7, 0)):
        over = Filter(source=linked(), condition=less(Constant(value=least), known))
        assert agree(engine, plan(FACTS, [A], [count()], over=over), data) == ((expected,),)


def test_unmatched_rows_of_a_left_join(engine: Engine) -> None:
    """A row is unmatched when no row of the person satisfies the condition; NULL is not true. Its second side is all NULL."""
    data = tables(
        [person("p", n=1), person("p", n=5), person("q", n=1), person("r", n=None)], [person("p", m=3), person("p", m=4), person("r", m=0)]
    )
    link = Link(kind=JoinKind.LEFT, condition=less(column("a.n"), column("z.m")))
    keys = [key(column("present"), Kind.BOOLEAN, True, None)]  # noqa: FBT003  a domain
    shown = Case(branches=(Branch(when=IsNull(operand=column("z.m")), then=Constant(value=100)),), otherwise=column("z.m"))
    assert agree(engine, plan(FACTS, [A, Z], [count(), total(shown)], link=link, keys=keys), data) == ((2, 3), (7, 300))


def test_null_keys_of_a_public_table_match_nothing(engine: Engine) -> None:
    data = tables(
        [person("p", s="x", n=1), person("p", n=1), person("q", s="y", n=1)],
        (),
        [person("", s="x", w=5), person("", s="x", w=6), person("", w=7)],
    )
    inner = plan(FACTS, [part("a", with_public(A.relation, JoinKind.INNER, column("a.s")))], [count(), total(column("pub.w"))])
    left = plan(FACTS, [part("a", with_public(A.relation, JoinKind.LEFT, column("a.s")))], [count(), total(column("pub.w"))])
    assert agree(engine, inner, data) == ((2,), (11,))
    assert agree(engine, left, data) == ((4,), (11,))


def test_totals_of_a_person_leave_null_out(engine: Engine) -> None:
    data = tables([person("p", n=n) for n in (None, 4, -7)] + [person("q"), person("r", s="x", n=2)])
    by_text = totals_of(A.relation, column("a.n"), Named(name="s", value=column("a.s")))
    absent = [
        total(Case(branches=(Branch(when=IsNull(operand=column(f.value)), then=Constant(value=1)),), otherwise=Constant(value=0)))
        for f in TotalFunction
    ]
    measures = [total(column(f.value)) for f in TotalFunction] + absent
    found = agree(engine, plan(FACTS, [part("a", by_text)], measures, keys=[key(column("s"), Kind.TEXT, "x", None)]), data)
    numbers = {"count": (1, 2), "distinct": (1, 2)}
    assert dict(zip(TotalFunction, found, strict=False)) == {**numbers, "sum": (2, -3), "min": (2, -7), "max": (2, 4)}
    assert [cells[1] for cells in found[len(TotalFunction) :]] == [0, 0, 1, 1, 1]


def test_the_least_text_is_the_first_by_code_point(engine: Engine) -> None:
    """Not by units of UTF-16, in which the last of these would stand before the one before it; and false is less than true."""
    texts = ["", "A", "B", "a", "ab", "z", "\u00e9", "\uffee", "\U0001f600"]
    rows = [person("p", s=text, b=False) for text in texts] + [person("q", s=text, b=True) for text in texts[3:]]
    rows += [person("q"), person("q", b=False), person("r")]
    for value in (column("a.s"), column("a.b")):
        few = totals_of(A.relation, value).totals[:2] + totals_of(A.relation, value).totals[-2:]
        least = part("a", PerPerson(source=A.relation, keys=(), totals=few))
        listed = [*texts, None] if value == column("a.s") else [False, True, None]
        kind = Kind.TEXT if value == column("a.s") else Kind.BOOLEAN
        keys = [key(column(end), kind, *listed) for end in ("min", "max")]
        agree(engine, plan(FACTS, [least], [count(), total(column("distinct"))], keys=keys), tables(rows))


def test_keys_may_be_wide_or_constant(engine: Engine) -> None:
    """A key computed in 128 bits, and keys that do not depend on the row."""
    product = Arithmetic(operation=ArithmeticOp.MULTIPLY, left=column("a.n"), right=Constant(value=2), bound=2**70)
    keys = [
        key(product, Kind.INTEGER, -4, 6, None),
        key(Constant(value="x"), Kind.TEXT, "y", "x"),
        key(Constant(value=None), Kind.INTEGER, 0, None),
    ]
    rows = [person("p", n=3), person("q", n=3), person("r", n=-2), person("s"), person("t", n=1)]
    for groups in (None, 1):
        found = agree(engine, plan(FACTS, [A], [count()], keys=keys, groups=groups), tables(rows))
        assert found == ((0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1),)


def test_a_cell_that_is_found_twice_fails_the_run() -> None:
    """Whatever an engine does wrong: of two totals for one cell, none is taken."""
    asked = PLANS["full, constant on one side"]
    found = next(iter(statements(asked, b"", DUCKDB)))
    row = (0, 1, *range(len(asked.measures)))
    assert exact_cells(asked, [(found, [row])])
    with pytest.raises(Failed):
        exact_cells(asked, [(found, [row, row])])


def test_domains_of_the_longest_length(engine: Engine) -> None:
    domain = [f"value {n}" for n in range(50_000)]
    rows = [person("p", s=domain[-1]), person("q", s=domain[77]), person("q", s="elsewhere")]
    found = engine.measure_exactly(plan(FACTS, [A], [count()], keys=[key(column("a.s"), Kind.TEXT, *domain)]), tables(rows))
    assert [(place, cell) for place, cell in enumerate(found[0]) if cell] == [(77, 1), (49_999, 1)]
    assert len(found[0]) == 50_000
