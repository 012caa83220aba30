"""The two functions of months that DataFusion does not have, or not without writing their operand twice, in NumPy's calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    from datafusion import SessionContext

MONTHS, MONTH_START = "MONTHS_OF_DAY", "DAY_OF_MONTHS"
"""Their names in a statement."""

EPOCH = 12 * 1970
"""The month of 1970-01-01: twelve times its year."""


def register_months(context: SessionContext) -> None:
    """Make both known to statements."""
    import pyarrow as pa
    from datafusion import udf

    for name, function in ((MONTHS, _months), (MONTH_START, _month_start)):
        context.register_udf(udf(function, [pa.int64()], pa.int64(), "immutable", name.lower()))


def _months(days: pa.Array) -> pa.Array:
    """Return the month of each day."""
    return _converted(days, "D", "M", 0, EPOCH)


def _month_start(months: pa.Array) -> pa.Array:
    """Return the first day of each month."""
    return _converted(months, "M", "D", -EPOCH, 0)


def _converted(numbers: pa.Array, unit: str, other: str, before: int, after: int) -> pa.Array:
    """Return numbers of one unit since 1970 as numbers of another; NULL stays."""
    import pyarrow as pa

    known = numbers.fill_null(0).to_numpy(zero_copy_only=False) + before
    converted = known.astype(f"datetime64[{unit}]").astype(f"datetime64[{other}]").astype("int64") + after
    return pa.array(converted, pa.int64(), mask=numbers.is_null().to_numpy(zero_copy_only=False))
