"""Functions of results, after the noise: numbers with intervals."""

from __future__ import annotations

from scripts.sql_entries.entry import Entry, Listing

BOTH_ENDS = "of both ends"
WHERE_IT_RISES = (
    "of both ends where it rises with them, as years, months since a date and first days do, or where a part of a date (`MONTH`) is in the"
    " same year all over; else none"
)
OUTWARD = "of the ends, rounded outward"

RESULTS = Listing(
    "functions-of-results",
    ("function", "meaning", "interval"),
    "SELECT {key}, {example} AS x, COUNT(*) AS n FROM {dataset} GROUP BY {key}",
    (
        Entry(
            "`ROUND(x[, n])`, `TRUNC(x[, n])`",
            "to n places (from -12 to 12), half away from zero, or cut off",
            ("ROUND(AVG(cost), 1)", "TRUNC(SUM(cost), -2)"),
            ("both ends likewise",),
        ),
        Entry(
            "`FLOOR(x)`, `CEIL(x)`, `CEILING(x)`, `SIGN(x)`",
            "as usual",
            ("FLOOR(AVG(cost))", "CEIL(AVG(cost))", "CEILING(AVG(cost))", "SIGN(SUM(cost) - 100)"),
            (BOTH_ENDS,),
        ),
        Entry(
            "`x % y`, `MOD(x, y)`",
            "the remainder, with the sign of `x`; `NULL` for `y = 0`",
            ("COUNT(*) % 10", "MOD(COUNT(*), 7)"),
            ("of both ends, where all of the interval leaves the same quotient; else none, and none beside a noisy `y`",),
        ),
        Entry(
            "`x // y`",
            "the quotient of whole numbers, cut off towards zero; `NULL` for `y = 0`",
            ("COUNT(*) // 10",),
            ("of the ends of the quotient",),
        ),
        Entry(
            "`WIDTH_BUCKET(x, low, high, n)`",
            "as in a row; all but `x` constant",
            ("WIDTH_BUCKET(COUNT(*), 0, 1000, 5)",),
            (BOTH_ENDS,),
        ),
        Entry(
            "`LN(x)`, `LOG(x)`, `LOG10(x)`, `LOG2(x)`, `LOG(2, x)`",
            "natural, to the base 10 (`LOG` too) or 2; `NULL` for 0 and below",
            ("LN(COUNT(*))", "LOG(SUM(cost))", "LOG10(SUM(cost))", "LOG2(COUNT(*))", "LOG(2, COUNT(*))"),
            (f"{OUTWARD}; none where x could be 0 or below",),
        ),
        Entry("`EXP(x)`", "e to the power of x; `NULL` where that has more than 300 digits", ("EXP(AVG(cost) / 100)",), (OUTWARD,)),
        Entry(
            "`POWER(x, y)`, `POW`",
            "exact for whole `y`; `NULL` below 0 for others, for 0 to a power below 0, for `y` beyond ±1000, and where it has more than 300"
            " digits",
            ("POWER(AVG(cost), 2)", "POW(COUNT(*), 0.5)"),
            (f"{OUTWARD}, and 0 where x could be 0; none where it could be `NULL`: x 0 or below with a `y` that is noisy or not whole",),
        ),
        Entry(
            "`CBRT(x)`",
            "the cube root, below 0 where x is",
            ("CBRT(SUM(cost))",),
            (f"{OUTWARD}; where x could be 0, as far below 0 as above",),
        ),
        Entry(
            "`DEGREES(x)`, `RADIANS(x)`",
            "an angle in the other unit: x * 180 / PI(), x * PI() / 180",
            ("DEGREES(AVG(cost) / 100)", "RADIANS(AVG(cost))"),
            (BOTH_ENDS,),
        ),
        Entry("`PI()`", "3.141592653589793", ("PI() * COUNT(*)",), ("none: it is exact",)),
        Entry("`ABS(x)`", "as usual", ("ABS(COUNT(*) - 100)",), ("down to 0 where the interval of x contains 0",)),
        Entry(
            "`SQRT(x)`",
            "to 18 decimal places; `NULL` below 0",
            ("SQRT(COUNT(*))",),
            ("the ends rounded outward; none where x could be below 0",),
        ),
        Entry(
            "`GREATEST(x, …)`, `LEAST(x, …)`",
            "of what is not `NULL`",
            ("GREATEST(COUNT(*), 5)", "LEAST(SUM(cost), 1000)"),
            ("greatest or least of the ends",),
        ),
        Entry(
            "`COALESCE(x, …)`, `IFNULL(x, y)`",
            "the first that is not `NULL`",
            ("COALESCE(SUM(cost) / COUNT(*), 0)", "IFNULL(AVG(cost), 0)"),
            ("that of the first; none where it could be `NULL`",),
        ),
        Entry(
            "`IF(c, x, y)`, `IIF(c, x, y)`, `CASE`",
            "as in a row",
            ("IF(COUNT(*) > 5, 'many', 'few')", "IIF(ward = 'x', SUM(cost), 0)", "CASE WHEN SUM(cost) > 500 THEN 1 ELSE 0 END"),
            ("that of the value; where noise decides which it is, of numbers the ends of all, else none",),
        ),
        Entry(
            "`CAST(x AS INTEGER)`, `TINYINT`, `SMALLINT`, `BIGINT`, `HUGEINT`, `CAST(x AS DECIMAL(p, s))`, `x::type`",
            "rounded to as many places; no number is too large",
            (
                *("CAST(SUM(cost) AS INTEGER)", "AVG(cost)::TINYINT", "AVG(cost)::SMALLINT", "TRY_CAST(COUNT(*) AS BIGINT)"),
                *("SUM(cost)::HUGEINT", "CAST(AVG(cost) AS DECIMAL(9, 1))"),
            ),
            ("both ends rounded too",),
        ),
        Entry(
            "`CAST(x AS DOUBLE)`, `FLOAT`, `REAL`",
            "x: numbers are exact",
            ("CAST(COUNT(*) AS DOUBLE)", "SUM(cost)::FLOAT", "COUNT(*)::REAL"),
            ("that of x",),
        ),
        Entry(
            "what a function of rows makes of it",
            "as in a row",
            ("YEAR(MEDIAN(tapped))", "LENGTH(CAST(COUNT(*) AS TEXT))", "DATE_TRUNC('day', MEDIAN(tapped))"),
            (WHERE_IT_RISES,),
        ),
        Entry("`NULLIF(x, y)`", "`NULL` where both are equal", ("SUM(cost) / NULLIF(COUNT(*), 0)",), ("that of x, where it cannot be y",)),
    ),
)
