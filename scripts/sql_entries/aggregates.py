"""Aggregates: of all rows, with noise; and of one person's rows, exactly."""

from __future__ import annotations

from scripts.sql_entries.entry import KNOWN, Entry, Listing

SAME = "the same"
AS_SUMS = "each as the sum that it is"
ROWS = "the rows that the contract allows"
SIX_MORE = "with six decimal places, or as many as `x`; `NULL` without a value"

AGGREGATES = Listing(
    "aggregates",
    ("form", "what is measured", "one person contributes at most"),
    "SELECT {example} AS x, COUNT(*) AS n FROM {dataset}",
    (
        Entry("`COUNT(*)`, `COUNT(x)`", "rows (with a value)", ("COUNT(*)", "COUNT(cost)"), (f"{ROWS}, or that keys tell apart",)),
        Entry("`COUNT(DISTINCT person)`", "persons with such a row, once in each total, too", ("COUNT(DISTINCT pid)",), ("1",)),
        Entry(
            "`COUNT(DISTINCT x)`",
            "the values of `x` that occur, whoever's they are",
            ("COUNT(DISTINCT ward)",),
            ("as many as rows, or as `x` has values by the contract",),
        ),
        Entry(
            "`SUM(x)`",
            "the sum; `NULL` counts as 0",
            ("SUM(cost)",),
            ("rows × the column's bounds, or the column's declared `total`; of groups of a person, what their rows add up to",),
        ),
        Entry(
            "`COUNT_IF(condition)`, `COUNTIF`",
            "rows for which it is true; 0 where DuckDB says `NULL` since it is never known",
            ("COUNT_IF(cost > 50)", "COUNTIF(ward = 'x')"),
            (ROWS,),
        ),
        Entry("`AVG(x)`", "a sum and a count, both measured", ("AVG(cost)",), ("as both",)),
        Entry(
            "`MEDIAN(x)`, `QUANTILE_CONT(x, p)`, `PERCENTILE_CONT(p) WITHIN GROUP (ORDER BY x)`",
            "rows in buckets of values, on several levels; all of a column share them",
            ("MEDIAN(cost)", "QUANTILE_CONT(cost, 0.9)", "PERCENTILE_CONT(0.1) WITHIN GROUP (ORDER BY cost DESC)"),
            (f"on each level {ROWS}",),
        ),
        Entry("`MIN(x)`, `MAX(x)`", SAME, ("MIN(cost)", "MAX(cost)"), (SAME,)),
        Entry(
            "`VARIANCE`, `VAR_SAMP`, `VAR_POP`, `STDDEV`, `STDDEV_SAMP`, `STDDEV_POP` of `x`",
            "a count, Σx and Σx²",
            ("VARIANCE(cost)", "VAR_SAMP(cost)", "VAR_POP(cost)", "STDDEV(cost)", "STDDEV_SAMP(cost)", "STDDEV_POP(cost)"),
            (AS_SUMS,),
        ),
        Entry(
            "`COVAR_POP`, `COVAR_SAMP` of `y, x`",
            "a count, Σx, Σy and Σxy",
            ("COVAR_POP(fare, HOUR(tapped))", "COVAR_SAMP(fare, HOUR(tapped))"),
            (AS_SUMS,),
        ),
        Entry(
            "`REGR_SLOPE`, `REGR_INTERCEPT` of `y, x`",
            "the same and Σx²",
            ("REGR_SLOPE(fare, HOUR(tapped))", "REGR_INTERCEPT(fare, HOUR(tapped))"),
            (AS_SUMS,),
        ),
        Entry("`CORR(y, x)`", "the same and Σy²", ("CORR(fare, HOUR(tapped))",), (AS_SUMS,)),
        Entry(
            "any of these with `FILTER (WHERE condition)`",
            "the same, of the rows for which it is true",
            ("COUNT(*) FILTER (WHERE cost > 50)", "AVG(cost) FILTER (WHERE day >= '2024-01-01')"),
            (SAME,),
        ),
    ),
)

PER_PERSON = Listing(
    "aggregates-per-person",
    ("per person", "what it is", "between"),
    KNOWN + " (SELECT {person}, {example} AS x FROM {dataset} GROUP BY {person})",
    (
        Entry(
            "`COUNT(*)`, `COUNT(x)`, `COUNT_IF(condition)`, `COUNTIF`",
            "rows (with a value, or for which it is true)",
            ("COUNT(*)", "COUNT(cost)", "COUNT_IF(ward = 'x')", "COUNTIF(cost > 50)"),
            ("0 and the rows that the contract allows",),
        ),
        Entry(
            "`COUNT(DISTINCT x)`",
            "the values of `x` that occur in them",
            ("COUNT(DISTINCT ward)",),
            ("0 and these rows, or as many as `x` has values by the contract",),
        ),
        Entry("`SUM(x)`", "the sum; `NULL` without a value", ("SUM(cost)",), ("the bounds of `x` times these rows",)),
        Entry("`AVG(x)`", f"that by `COUNT(x)`, {SIX_MORE}", ("AVG(cost)",), ("the bounds of `x`",)),
        Entry(
            "`MEDIAN(x)`, `QUANTILE_CONT(x, p)`, `PERCENTILE_CONT(p) WITHIN GROUP (ORDER BY x)`",
            f"the value at that place, or between the two around it, of numbers; {SIX_MORE}",
            ("MEDIAN(cost)", "QUANTILE_CONT(cost, 0.9)", "PERCENTILE_CONT(0.1) WITHIN GROUP (ORDER BY cost DESC)"),
            ("the bounds of `x`",),
        ),
        Entry(
            "`VARIANCE`, `VAR_SAMP`, `VAR_POP` of `x`; `COVAR_POP`, `COVAR_SAMP` of `y, x`",
            "with six decimal places, or as many as a square of the values; `NULL` for no row, for a sample for less than two",
            (
                *("VARIANCE(cost)", "VAR_SAMP(cost)", "VAR_POP(cost)"),
                *("COVAR_POP(cost, MONTH(day))", "COVAR_SAMP(cost, MONTH(day))"),
            ),
            ("0 or minus, and what the bounds allow",),
        ),
        Entry(
            "`STDDEV`, `STDDEV_SAMP`, `STDDEV_POP` of `x`",
            "the root of a variance, to six more decimal places than `x` has; to fewer, or to tens or hundreds, the wider its bounds are"
            " (seven or eight digits in all); `NULL` like the variance",
            ("STDDEV(cost)", "STDDEV_SAMP(cost)", "STDDEV_POP(cost)"),
            ("0 and the root of what a variance can be",),
        ),
        Entry(
            "`CORR(y, x)`",
            "with six decimal places; with fewer, down to two, the larger the squares of the sums can be; `NULL` where all `x` or all `y`"
            " are equal",
            ("CORR(cost, MONTH(day))",),
            ("-1 and 1",),
        ),
        Entry(
            "`REGR_SLOPE`, `REGR_INTERCEPT` of `y, x`",
            "with six decimal places, or as many as `y`; `NULL` where all `x` are equal",
            ("REGR_SLOPE(cost, MONTH(day))", "REGR_INTERCEPT(cost, MONTH(day))"),
            ("what the bounds allow",),
        ),
        Entry(
            "`MIN(x)`, `MAX(x)`",
            "the least and the greatest value, of texts by code point; true is greater than false; `NULL` without one",
            ("MIN(ward)", "MAX(cost)", "MAX(cost > 90)"),
            ("the bounds or the listed values of `x`",),
        ),
        Entry(
            "any of these with `FILTER (WHERE condition)`",
            "the same, of the rows for which it is true",
            ("SUM(cost) FILTER (WHERE ward = 'x')",),
            ("the same",),
        ),
    ),
)
