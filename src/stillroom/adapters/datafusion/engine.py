"""The engine: runs plans exactly with DataFusion, in memory, on tables that are handed to it."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from importlib.metadata import version
from itertools import chain
from typing import TYPE_CHECKING, Any

from stillroom.adapters.engine.cells import failed
from stillroom.adapters.engine.finding import FindingEngine
from stillroom.adapters.engine.links import PersonLinks
from stillroom.adapters.statements.sql import unsound
from stillroom.errors import Failed
from stillroom.model.expression import Case, children
from stillroom.model.relation import expressions, steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from datafusion import SessionContext

    from stillroom.adapters.statements.statement import Statement
    from stillroom.model.expression import Expression
    from stillroom.model.plan import Plan
    from stillroom.ports import AdmittedTable


BEYOND = "numbers of this size"
"""The name of what does not fit the engine's decimals."""

CASES = 8
"""How deep the conditions of one `case` may have another in them: the optimizer thinks twice as long about each further one."""

NESTED = f"case in the condition of a case, more than {CASES} deep"
"""The name of what it would think about for too long."""


class DatafusionEngine(FindingEngine):
    """Runs plans with DataFusion.

    Attributes:
        name: Name and version, for people.
    """

    def __init__(self, *, threads: int = 2, memory_limit: int = 8 * 2**30) -> None:
        """Set the resources of each run, memory in bytes. A run that needs more memory fails; it never writes to disk."""
        self.name = f"datafusion {version('datafusion')}"
        self._threads, self._memory_limit = threads, memory_limit
        self._links = PersonLinks()

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return what a plan asks for that this engine does not compute exactly, or not in a time that anybody would wait, by name."""
        from stillroom.adapters.datafusion.dialect import DATAFUSION
        from stillroom.adapters.statements.statement import statements

        if nested_cases(plan) > CASES:
            return (NESTED,)
        try:
            statements(plan, b"", DATAFUSION)
        except Failed:
            return (BEYOND,)
        return ()

    def _found(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> list[tuple[Statement, list[tuple[Any, ...]]]]:
        """Run the statements of a plan, and return each with its rows."""
        from stillroom.adapters.datafusion.context import locked_context, with_deep_stack
        from stillroom.adapters.datafusion.dialect import DATAFUSION
        from stillroom.adapters.statements.inputs import inputs_of
        from stillroom.adapters.statements.statement import statements

        try:
            _bearable(plan)
            questions = statements(plan, tables[plan.datasets[0]].salt, DATAFUSION)
            inputs = [inputs_of(plan, question, tables, self._links) for question in questions]
            context = locked_context(self._threads, self._memory_limit)
            return [
                (question, with_deep_stack(partial(_answer, context, question, named)))
                for question, named in zip(questions, inputs, strict=True)
            ]
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 - DataFusion raises no narrower kind, and what panics is none of `Exception`
            raise failed() from None


def nested_cases(plan: Plan) -> int:
    """Return how many `case` stand in the condition of one another in a plan, at most."""
    values = (*(key.value for key in plan.keys), *(measure.value for measure in plan.measures))
    return max(_depth(node) for node in (*chain.from_iterable(map(expressions, steps(plan.whole))), *values))


def _bearable(plan: Plan) -> None:
    if nested_cases(plan) > CASES:
        raise unsound()


def _depth(node: Expression) -> int:
    inside = max(map(_depth, children(node)), default=0)
    if not isinstance(node, Case):
        return inside
    return max(inside, 1 + max(_depth(branch.when) for branch in node.branches))


def _answer(context: SessionContext, question: Statement, inputs: Mapping[str, pa.Table]) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows."""
    import pyarrow as pa

    from stillroom.adapters.datafusion.context import read_only

    for name, table in inputs.items():
        context.deregister_table(name)
        context.register_record_batches(name, [table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]])
    found = context.sql_with_options(question.sql, read_only(), param_values=question.texts or None).to_arrow_table()
    columns = [[int(value) if isinstance(value, Decimal) else value for value in column.to_pylist()] for column in found.columns]
    return list(zip(*columns, strict=True))
