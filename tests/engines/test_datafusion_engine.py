"""What only the DataFusion engine promises: a locked session, SQL of its own words, and one thing to say when it fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.datafusion.context import locked_context, read_only
from stillroom.adapters.datafusion.dialect import DATAFUSION
from stillroom.adapters.datafusion.engine import BEYOND, CASES, NESTED, DatafusionEngine
from stillroom.adapters.statements.statement import statements
from stillroom.errors import Code, Failed
from stillroom.model.expression import Arithmetic, ArithmeticOp, Branch, Case, Compare, Comparison, Constant, IsNull, Like, Not
from stillroom.model.relation import Filter, JoinKind
from stillroom.model.schema import Kind
from tests.fakes import Damaged, ListTable
from tests.plans import Link, column, count, facts_of, key, linked, part, plan, scan, total
from tests.world import ACCEPTED, referred, world

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model.expression import Expression
    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation
    from stillroom.model.schema import Scalar

KINDS = {"secret_a": {"n": Kind.INTEGER, "words": Kind.TEXT}, "z": {"m": Kind.INTEGER}}
FACTS = facts_of(KINDS)
A = part("secret_a", scan("secret_a", "n", "words"))
Z = part("z", scan("z", "m"))

# ------------------------------------------------------------------------------------------------------------ the lock


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '{file}'",
        'SELECT * FROM "{file}"',
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_parquet('{file}')",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{file}'",
        "CREATE TABLE t AS SELECT 1",
        "CREATE VIEW t AS SELECT 1",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "INSERT INTO '{folder}/out.csv' VALUES (1)",
        "SET datafusion.execution.target_partitions = 4",
        "SELECT * FROM information_schema.df_settings",
        "SELECT * FROM 'https://example.org/a.parquet'",
    ],
)
def test_a_session_reaches_nothing(tmp_path: Path, sql: str) -> None:
    file = tmp_path / "file.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(Exception, match=r"(?i)not found|not supported|no table|no function|invalid"):
        locked_context(1, 2**26).sql_with_options(sql.format(file=file, folder=tmp_path), read_only()).collect()
    assert [path.name for path in tmp_path.iterdir()] == ["file.csv"]


def test_sql_is_made_of_words_of_its_own() -> None:
    """No text of a contract or question becomes SQL: not a constant, a pattern, nor the name of a dataset or column."""
    texts = ["'; DROP TABLE t1; --", 'a"b', "\\", "$s0", "/*", "\0"]
    equal = [Compare(comparison=Comparison.EQUAL, left=column("secret_a.words"), right=Constant(value=text)) for text in texts]
    rest: Relation = Filter(source=linked(), condition=Like(operand=column("secret_a.words"), pattern=texts[1]))
    for condition in equal:
        rest = Filter(source=rest, condition=condition)
    asked = plan(FACTS, [A, Z], [count(1)], link=Link(kind=JoinKind.LEFT), over=rest, keys=[key(column("z.m"), Kind.INTEGER, 1)], groups=1)
    (written,) = statements(asked, b"salt", DATAFUSION)
    assert set(texts) <= set(written.texts.values())
    words = set(re.findall(r"[A-Za-z_]+\d*", written.sql))
    own = {word for word in words if re.fullmatch(r"[a-z]\d+|person|persons|code|identifier|cells|rank|hex", word)}
    assert all(word.isupper() for word in words - own)
    assert set(re.findall(r"'[^']*'", written.sql)) <= {"'|'", "','", "'hex'"}


# -------------------------------------------------------------------------------------------------------------- habits


@pytest.mark.parametrize(
    "name", ["number of a row", "each row of a full join, by the person of one side"], ids=["nulls-in-orders", "outer-joins"]
)
def test_what_it_takes_for_granted_changes_no_cell(name: str) -> None:
    """Left to itself, it puts NULL first where an order descends, and takes what is constant on a side of a join for constant above it."""
    (entry,) = (one for one in ACCEPTED if one.name == name)
    stored = {name: table.stored for name, table in world().items()}
    assert DatafusionEngine().measure_exactly(entry.compiled.plan, stored) == referred(entry.compiled.plan, world())


# ------------------------------------------------------------------------------------------------------------ failures


def refused(engine: DatafusionEngine, asked: Plan, tables: dict[str, ListTable]) -> Failed:
    """Return the failure of a plan, which says nothing about rows."""
    with pytest.raises(Failed) as failure:
        engine.measure_exactly(asked, tables)
    assert failure.value.code is Code.RUN_FAILED
    assert failure.value.__cause__ is None
    assert "words" not in str(failure.value)
    return failure.value


def test_running_out_of_memory_is_a_fixed_failure() -> None:
    rows: list[dict[str, Scalar]] = [{"person": f"person {n}", "n": n, "words": f"very secret words {n}"} for n in range(100_000)]
    asked = plan(FACTS, [A], [total(column("secret_a.n"))], keys=[key(column("secret_a.words"), Kind.TEXT, "very secret words 1")])
    failure = refused(DatafusionEngine(memory_limit=2**20), asked, {"secret_a": ListTable(rows, KINDS["secret_a"])})
    assert failure.__suppress_context__


def test_plans_that_are_too_deep_are_a_fixed_failure() -> None:
    """An expression, and a tower of relations: neither ends the process."""
    node: Expression = Constant(value=True)
    for _ in range(2000):
        node = Not(operand=node)
    tower: Relation = linked()
    for _ in range(400):
        tower = Filter(source=tower, condition=IsNull(operand=column("secret_a.n")))
    for over in (Filter(source=linked(), condition=node), tower):
        refused(DatafusionEngine(), plan(FACTS, [A], [count(1)], over=over), {"secret_a": ListTable([], KINDS["secret_a"])})


def test_a_tower_of_relations_is_measured() -> None:
    """As many steps as a statement can be written of: the optimizer has stack enough."""
    tower: Relation = linked()
    for _ in range(40):
        tower = Filter(source=tower, condition=Not(operand=IsNull(operand=column("secret_a.n"))))
    asked = plan(FACTS, [A], [count(1)], over=tower)
    table = ListTable([{"person": "p", "n": 4, "words": "w"}, {"person": "q", "n": None, "words": "w"}], KINDS["secret_a"])
    assert DatafusionEngine().measure_exactly(asked, {"secret_a": table}) == ((1,),)


def test_damaged_data_are_a_fixed_failure() -> None:
    asked = plan(FACTS, [A, Z], [count(1)], link=Link(JoinKind.INNER), rows=1)
    whole = ListTable([{"person": "p", "n": 4, "words": "w"}], KINDS["secret_a"])
    refused(DatafusionEngine(), asked, {"secret_a": whole, "z": Damaged([{"person": "p", "m": 1}], KINDS["z"])})


# ---------------------------------------------------------------------------------------------------- what it does not do


def nested(depth: int) -> Expression:
    """Return a CASE that has so many in its condition, one inside the other."""
    node: Expression = column("secret_a.n")
    for _ in range(depth):
        less = Compare(comparison=Comparison.LESS, left=node, right=Constant(value=5))
        node = Case(branches=(Branch(when=less, then=Constant(value=7)),), otherwise=column("secret_a.n"))
    return node


def test_what_the_optimizer_would_think_about_for_too_long_is_lacking() -> None:
    table = ListTable([{"person": "p", "n": 4, "words": "w"}], KINDS["secret_a"])
    fine, deep = (plan(FACTS, [A], [total(nested(depth))]) for depth in (CASES, CASES + 1))
    assert DatafusionEngine().lacking(fine) == ()
    assert DatafusionEngine().measure_exactly(fine, {"secret_a": table}) == ((4,),)
    assert DatafusionEngine().lacking(deep) == (NESTED,)
    refused(DatafusionEngine(), deep, {"secret_a": table})


def test_numbers_beyond_its_decimals_are_lacking() -> None:
    square = Arithmetic(operation=ArithmeticOp.MULTIPLY, left=column("secret_a.n"), right=column("secret_a.n"), bound=2**124)
    assert DatafusionEngine().lacking(plan(FACTS, [A], [total(square)])) == (BEYOND,)
