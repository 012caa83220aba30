"""Window functions: over the rows of one person, and over the rows of a table after the noise."""

from __future__ import annotations

from scripts.sql_entries.entry import KNOWN, Entry, Listing

MINE = "PARTITION BY pid ORDER BY day"
WHOLE = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
RUNNING = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
ORDERED = "ORDER BY COUNT(*) DESC"

PERSON_WINDOWS = Listing(
    "windows-per-person",
    ("window function", "value"),
    KNOWN + " (SELECT {person}, {example} AS x FROM {dataset})",
    (
        Entry("`ROW_NUMBER()`", "the place in the order, from 1", (f"ROW_NUMBER() OVER ({MINE})",)),
        Entry(
            "`LAG(x[, n[, default]])`, `LEAD`",
            "`x` of the row so many places before or behind, 1 unless it is written; the default, or `NULL`, where there is none",
            (f"LAG(cost) OVER ({MINE})", f"LEAD(ward, 2, 'none') OVER ({MINE})"),
        ),
        Entry(
            "`FIRST_VALUE(x)`, `LAST_VALUE(x)`",
            "`x` of the first and the last row of the frame",
            (f"FIRST_VALUE(ward) OVER ({MINE})", f"LAST_VALUE(ward) OVER ({MINE} {WHOLE})"),
        ),
        Entry(
            "`COUNT(*)`, `COUNT(x)`, `SUM(x)`, `AVG(x)`, `MIN(x)`, `MAX(x)`",
            "what they are per person, of the rows of the frame",
            (
                *(
                    "COUNT(*) OVER (PARTITION BY pid, ward)",
                    f"SUM(cost) OVER ({MINE} {RUNNING})",
                    f"AVG(cost) OVER ({MINE} ROWS UNBOUNDED PRECEDING)",
                ),
                *("MIN(ward) OVER (PARTITION BY pid)", "MAX(cost) OVER (PARTITION BY pid ORDER BY day DESC NULLS FIRST)"),
            ),
        ),
    ),
)

TABLE_WINDOWS = Listing(
    "windows-over-the-table",
    ("window function", "value", "interval"),
    "SELECT {key}, {example} AS x, COUNT(*) AS n FROM {dataset} GROUP BY {key}",
    (
        Entry(
            "`SUM(x)`, `AVG(x)`",
            "of the frame",
            ("SUM(COUNT(*)) OVER ()", "AVG(COUNT(*)) OVER (ORDER BY ward ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)"),
            ("of a plain count or sum over groups that share nobody's cell, exact; else the sum of those of all values",),
        ),
        Entry(
            "`COUNT(*)`, `COUNT(x)`, `COUNT_IF(condition)`, `COUNTIF`",
            "of the frame",
            ("COUNT(*) OVER (ORDER BY ward)", "COUNT(SUM(cost)) OVER ()", "COUNT_IF(COUNT(*) > 3) OVER ()", "COUNTIF(ward < 'z') OVER ()"),
            ("none needed for rows; of values that could be `NULL`, from those that cannot to all",),
        ),
        Entry(
            "`MIN(x)`, `MAX(x)`",
            "of the frame",
            ("MIN(COUNT(*)) OVER ()", "MAX(SUM(cost)) OVER (ORDER BY ward RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)"),
            ("least or greatest of the ends",),
        ),
        Entry(
            "any of these with `FILTER (WHERE condition)`",
            "of the rows for which it is true",
            ("SUM(COUNT(*)) FILTER (WHERE ward <> 'x') OVER ()",),
            ("the same; none for sums where noise decides the condition",),
        ),
        Entry(
            "`ROW_NUMBER()`, `RANK()`, `DENSE_RANK()`",
            "as usual",
            (f"ROW_NUMBER() OVER ({ORDERED})", f"RANK() OVER ({ORDERED})", f"DENSE_RANK() OVER ({ORDERED})"),
            ("where noise decides the order: as far up and down as the intervals of all rows let this one move",),
        ),
        Entry(
            "`PERCENT_RANK()`, `CUME_DIST()`, `NTILE(n)`",
            "as usual",
            (f"PERCENT_RANK() OVER ({ORDERED})", f"CUME_DIST() OVER ({ORDERED})", f"NTILE(2) OVER ({ORDERED})"),
            ("the same",),
        ),
        Entry(
            "`LAG(x[, n[, default]])`, `LEAD`",
            "of another row of the partition",
            ("LAG(COUNT(*)) OVER (ORDER BY ward)", "LEAD(COUNT(*), 1, 0) OVER (ORDER BY ward)"),
            ("that of the value there; none where noise decides the order",),
        ),
        Entry(
            "`FIRST_VALUE(x)`, `LAST_VALUE(x)`, `NTH_VALUE(x, n)`",
            "of a row of the frame",
            (
                *("FIRST_VALUE(COUNT(*)) OVER (ORDER BY ward)", f"LAST_VALUE(ward) OVER (ORDER BY ward {WHOLE})"),
                f"NTH_VALUE(COUNT(*), 2) OVER (ORDER BY ward {WHOLE})",
            ),
            ("the same",),
        ),
    ),
)
