"""A release in the hands of a receiver: a table with intervals, and the signed bytes that prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.arrow import arrow_table, pandas_frame
from stillroom.client.files import write_bytes
from stillroom.client.joined import Joined, joined
from stillroom.client.picture import table_html

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from stillroom.client.joined import How
    from stillroom.model.release import Release as Statement
    from stillroom.model.release import Removed


class Release:
    """What a question was answered with.

    Attributes:
        statement: All that the release says: question, plan, charge, promise, table.
        envelope: The signed bytes, as stored; `stillroom verify` checks them.
        charged: Whether this ask was charged; False when the stored answer was returned.
    """

    def __init__(self, statement: Statement, envelope: bytes, *, charged: bool) -> None:
        """Hold the statement and its signed bytes."""
        self.statement, self.envelope, self.charged = statement, envelope, charged

    @property
    def table(self) -> pa.Table:
        """The table as Arrow. A noisy column `x` has its interval beside it, as `x_low` and `x_high` (null where unbounded).

        A key column that is totalled over in some rows has a column `x_totalled` beside it, which tells NULL from a total. Where the
        question has a column of such a name itself, that one keeps it, and `_` is added to the other.
        """
        return arrow_table(self.statement.table)

    @property
    def clamped(self) -> tuple[Removed, ...]:
        """What clamping removed from each sum that is clamped, with its interval; empty unless it was asked for, and where none is clamped.

        Each has the columns that it concerns, and is one number for the whole table: what all persons' totals lost, in the sum's own units.
        """
        return self.statement.table.clamped

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a pandas frame, decimals as floats. Needs the extra `stillroom[pandas]`."""
        return pandas_frame(self.table)

    def join(self, other: Release, on: str | Sequence[str] | None = None, *, how: How = "inner") -> Joined:
        """Join the table with that of another release on columns of keys. It costs nothing: both are released.

        Rows meet whose keys are the same: a NULL group meets a NULL group, and a total a total. Each interval holds as it did; that both
        of a row hold at once is less sure.

        Args:
            other: The other release; no two rows of it have the same keys.
            on: The columns; without it, all keys that both have.
            how: Which rows stay that meet none: "inner" none, "left" those of this table, "full" those of both.

        Raises:
            InvalidInput: A column is not there, is noisy, or of another type; two rows of the other table have the same keys; or `how` is
                another word.
        """
        return joined(self.statement.table, other.statement.table, [on] if isinstance(on, str) else on, how)

    def save(self, path: str | Path) -> None:
        """Write the signed bytes to a file."""
        write_bytes(path, self.envelope)

    def _repr_html_(self) -> str:
        """Show the table with error bars, in a notebook."""
        return table_html(self.statement)

    def __repr__(self) -> str:
        """Name the release without showing the table."""
        return (
            f"<Release {self.statement.plan_digest[:19]}… of {len(self.statement.table.rows)} rows, commit {self.statement.commit_index}>"
        )
