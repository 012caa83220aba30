"""What only the Polars engine promises: it writes nothing to disk, and says one thing when it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.polars.engine import PolarsEngine
from stillroom.errors import Code, Failed
from stillroom.model.expression import Constant, Not
from stillroom.model.relation import Filter, JoinKind
from stillroom.model.schema import Kind
from tests.fakes import Damaged, ListTable
from tests.plans import Link, column, count, facts_of, key, linked, part, plan, scan, total

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model.expression import Expression
    from stillroom.model.schema import Scalar

KINDS = {"secret_a": {"n": Kind.INTEGER, "words": Kind.TEXT}, "z": {"m": Kind.INTEGER}}
FACTS = facts_of(KINDS)
A = part("secret_a", scan("secret_a", "n", "words"))
Z = part("z", scan("z", "m"))


def test_running_out_of_memory_is_a_fixed_failure_and_writes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Polars would go on on disk, in the clear, wherever its settings say. With enough memory again, a run finishes."""
    monkeypatch.setenv("POLARS_OOC_SPILL_DIR", str(tmp_path))
    monkeypatch.setenv("POLARS_OOC_SPILL_MIN_BYTES", "0")
    rows: list[dict[str, Scalar]] = [{"person": f"person {n % 20_000}", "n": n, "words": f"secret words {n % 7}"} for n in range(100_000)]
    words = key(column("secret_a.words"), Kind.TEXT, *(f"secret words {n}" for n in range(7)))
    asked = plan(FACTS, [A], [count(), total(column("secret_a.n"))], keys=[words], groups=3)
    table = ListTable(rows, KINDS["secret_a"])
    with pytest.raises(Failed) as failure:
        PolarsEngine(memory_mb=1).measure_exactly(asked, {"secret_a": table})
    assert failure.value.code is Code.RUN_FAILED
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__
    assert "words" not in str(failure.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    (counted, _) = PolarsEngine().measure_exactly(asked, {"secret_a": table})
    assert sum(counted) == 3 * 20_000


def test_a_plan_that_is_too_deep_is_a_fixed_failure() -> None:
    node: Expression = Constant(value=True)
    for _ in range(2000):
        node = Not(operand=node)
    asked = plan(FACTS, [A], [count(1)], over=Filter(source=linked(), condition=node))
    with pytest.raises(Failed) as failure:
        PolarsEngine().measure_exactly(asked, {"secret_a": ListTable([], KINDS["secret_a"])})
    assert failure.value.code is Code.RUN_FAILED


def test_damaged_data_are_a_fixed_failure() -> None:
    asked = plan(FACTS, [A, Z], [count(1)], link=Link(JoinKind.INNER), rows=1)
    whole = ListTable([{"person": "p", "n": 4, "words": "w"}], KINDS["secret_a"])
    with pytest.raises(Failed) as failure:
        PolarsEngine().measure_exactly(asked, {"secret_a": whole, "z": Damaged([{"person": "p", "m": 1}], KINDS["z"])})
    assert failure.value.code is Code.RUN_FAILED
