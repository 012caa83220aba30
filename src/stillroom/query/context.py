"""What a SELECT is compiled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stillroom.query.names import Names

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from stillroom.model.contract import Contract
    from stillroom.query.frame import Frame, PublicTable


@dataclass(frozen=True)
class Context:
    """What names after FROM can mean, and how what is nested is compiled.

    Attributes:
        contract: The contract.
        subquery: Compiles a nested SELECT, given its name and this context.
        rows: Compiles WITH, FROM, JOIN and WHERE of a SELECT.
        tables: Common table expressions by name; each gets fresh names wherever it is named.
        names: The names inside the plan.
    """

    contract: Contract
    subquery: Callable[[exp.Query, str, Context], Frame]
    rows: Callable[[exp.Select, Context], tuple[Frame, Context]]
    tables: dict[str, Frame | PublicTable] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
