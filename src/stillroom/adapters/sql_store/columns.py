"""Columns and conditions that both databases share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from stillroom.adapters.sql_store.stored import stored
from stillroom.model.charge import Charge

if TYPE_CHECKING:
    from typing import Any

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
"""Text that is ordered by its bytes, as SQLite does it: by no language, and so in no other way once the server's system is a newer one."""


def charge_columns(name: str, *, nullable: bool = False) -> tuple[sa.Column[int], sa.Column[int]]:
    """Return two columns for a charge: rho and delta, in whole units."""
    return (
        sa.Column(f"{name}_rho", sa.BigInteger, nullable=nullable),
        sa.Column(f"{name}_delta", sa.BigInteger, nullable=nullable),
    )


def charge_values(name: str, charge: Charge) -> dict[str, int]:
    """Return the values of `charge_columns`."""
    return {f"{name}_rho": charge.rho, f"{name}_delta": charge.delta}


@stored()
def read_charge(row: sa.Row[Any], name: str) -> Charge:
    """Read the values of `charge_columns`."""
    return Charge(rho=row._mapping[f"{name}_rho"], delta=row._mapping[f"{name}_delta"])  # noqa: SLF001 - its documented name


def one_of(column: str, values: type) -> sa.CheckConstraint:
    """Return the rule that a column holds a member of an enumeration of text."""
    listed = ", ".join(f"'{member.value}'" for member in values)  # type: ignore[attr-defined]
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")
