"""What stands in expressions over one row: signs, and functions of values, numbers, dates and text."""

from __future__ import annotations

from scripts.sql_entries.entry import KNOWN, Entry, Listing

IN_A_ROW = KNOWN + " (SELECT {person}, {example} AS x FROM {dataset})"
"""Any expression over a row can stand here, of whatever type it is."""

FUNCTION = ("function", "value")

OPERATORS = Listing(
    "operators",
    ("written", "value"),
    IN_A_ROW,
    (
        Entry("`x + y`, `x - y`, `x * y`, `-x`", "exact, with as many decimal places as it needs", ("(cost + 1) * -cost - 0.005",)),
        Entry("`x / y`", "with six decimal places, rounded half away from zero; `NULL` for `y = 0`", ("cost / 3", "1 / (age - 30)")),
        Entry(
            "`x = y`, `<>`, `<`, `<=`, `>`, `>=`",
            "whether that is so, of numbers, texts (by code point), dates, timestamps or truth values",
            ("cost = 50", "ward <> 'x'", "day < '2024-01-01'", "age <= 30", "cost > 9.995", "tapped >= TIMESTAMP '2024-02-01 08:15:00'"),
        ),
        Entry(
            "`x IS [NOT] DISTINCT FROM y`",
            "whether they differ, never `NULL`: two `NULL` do not differ",
            ("region IS DISTINCT FROM 'n'", "region IS NOT DISTINCT FROM NULL"),
        ),
        Entry(
            "`x [NOT] BETWEEN [SYMMETRIC] y AND z`",
            "whether it lies between them, ends included; `SYMMETRIC`: whichever is less",
            ("age BETWEEN 30 AND 39", "cost NOT BETWEEN 10 AND 90"),
        ),
        Entry(
            "`x [NOT] IN (constants)`",
            "whether it is one of them; `NULL` may not be among them",
            ("ward IN ('x', 'y')", "age NOT IN (12, 90)"),
        ),
        Entry(
            "`t [NOT] LIKE pattern`",
            "whether it is of a constant pattern, without an escape: `%` stands for any text, `_` for one code point",
            ("ward LIKE 'x%'", "ward || 'x' NOT LIKE '_x'"),
        ),
        Entry("`x IS [NOT] NULL`", "whether it is missing, never `NULL`", ("region IS NULL", "cost IS NOT NULL")),
        Entry(
            "`c IS [NOT] TRUE`, `c IS [NOT] FALSE`, `c IS [NOT] UNKNOWN`",
            "never `NULL`",
            ("cost > 50 IS TRUE", "(region = 'n') IS NOT FALSE", "(region = 'n') IS UNKNOWN"),
        ),
        Entry("`NOT c`, `c AND d`, `c OR d`", "in the three truth values of SQL", ("NOT (age > 30 AND region = 'n') OR FALSE",)),
        Entry(
            "`CASE WHEN c THEN x … ELSE y END`, `CASE x WHEN y THEN z … END`",
            "by the first condition that is true; `NULL` where none is and there is no `ELSE`",
            ("CASE WHEN age < 30 THEN 'young' ELSE 'old' END", "CASE region WHEN 'n' THEN 1 WHEN 's' THEN 2 END"),
        ),
    ),
)

CHOICES = Listing(
    "functions-of-values",
    FUNCTION,
    IN_A_ROW,
    (
        Entry(
            "`COALESCE(x, y, …)`, `IFNULL(x, y)`",
            "the first that is not `NULL`",
            ("COALESCE(region, 'none')", "IFNULL(cost, 0)"),
        ),
        Entry("`NULLIF(x, y)`", "`x`; `NULL` where the two are equal", ("NULLIF(region, 'n')",)),
        Entry(
            "`IF(c, x, y)`, `IIF(c, x, y)`",
            "`x` where the condition is true, else `y`",
            ("IF(age < 30, 'young', 'old')", "IIF(region = 'n', age, 0)"),
        ),
        Entry(
            "`GREATEST(x, y, …)`, `LEAST(x, y, …)`",
            "of those that are not `NULL`, as DuckDB has it",
            ("GREATEST(cost, 50)", "LEAST(day, DATE '2024-01-31')"),
        ),
    ),
)

NUMBERS = Listing(
    "functions-of-numbers",
    FUNCTION,
    IN_A_ROW,
    (
        Entry("`x % y`, `MOD(x, y)`", "the remainder, with the sign of `x`; `NULL` for `y = 0`", ("(age - 30) % 10", "MOD(cost, 0.35)")),
        Entry("`x // y`", "the quotient of whole numbers, cut off towards zero; `NULL` for `y = 0`", ("(age - 30) // 10",)),
        Entry("`ABS(x)`, `SIGN(x)`", "the size, and -1, 0 or 1", ("ABS(cost - 50)", "SIGN(cost - 50)")),
        Entry(
            "`FLOOR(x)`, `CEIL(x)`, `CEILING(x)`",
            "the next whole number that is not above, or not below",
            ("FLOOR(cost / 7)", "CEIL(cost)", "CEILING(-cost)"),
        ),
        Entry(
            "`SQRT(x)`",
            "the root, rounded half away from zero to six decimal places; to fewer, or to tens or hundreds, the greater `x` can be"
            " (engines take roots of whole numbers below 2⁵² exactly); `NULL` below 0",
            ("SQRT(cost)",),
        ),
        Entry(
            "`LN(x)`, `LOG(x)`, `LOG10(x)`, `LOG2(x)`, `LOG(2, x)`, `EXP(x)`, `CBRT(x)`",
            "rounded half away from zero to six decimal places, or fewer where they are large; logarithms are `NULL` for 0 and below."
            " It is a `CASE` over the values of `x`, of which there may be some 250 by its bounds and step, or fewer where `x` is computed",
            ("LN(age)", "LOG(age)", "LOG10(age)", "LOG2(age)", "LOG(2, age)", "EXP(age // 10)", "CBRT(age - 50)"),
        ),
        Entry(
            "`POWER(x, y)`, `POW`",
            "one of both constant: for `y` from 1 to 4 the product, of any `x`; else a `CASE` over the values, too; `NULL` as of results",
            ("POWER(cost, 2)", "POW(age, 0.5)", "POWER(2, age // 10)"),
        ),
        Entry(
            "`ROUND(x[, n])`, `TRUNC(x[, n])`",
            "`x` to `n` decimal places (constant, from -12 to 12), rounded half away from zero, or cut off",
            ("ROUND(cost)", "ROUND(cost, 1)", "TRUNC(cost, -1)"),
        ),
        Entry(
            "`WIDTH_BUCKET(x, low, high, n)`",
            "which of `n` buckets of equal width, counted from 1; 0 below `low`, `n` + 1 from `high` on; all but `x` constant",
            ("WIDTH_BUCKET(age, 20, 80, 6)",),
        ),
    ),
)

DATES = Listing(
    "functions-of-dates",
    FUNCTION,
    IN_A_ROW,
    (
        Entry(
            "`EXTRACT(part FROM d)`, `DATE_PART('part', d)`, `DATEPART`",
            "a part of a date or a timestamp, from the table below, as a whole number",
            ("EXTRACT(week FROM day)", "DATE_PART('hour', tapped)", "DATEPART('quarter', day)"),
        ),
        Entry(
            "`YEAR(d)`, `QUARTER(d)`, `MONTH(d)`, `WEEK(d)`, `DAY(d)`, `DOY(d)`, `ISODOW(d)`, `DOW(d)`",
            "the same; `DAYOFMONTH`, `DAYOFYEAR`, `DAYOFWEEK` and `WEEKOFYEAR`, too",
            (
                *("YEAR(day)", "QUARTER(day)", "MONTH(tapped)", "WEEK(day)", "DAY(day)", "DOY(day)", "ISODOW(day)", "DOW(tapped)"),
                *("DAYOFMONTH(day)", "DAYOFYEAR(day)", "DAYOFWEEK(day)", "WEEKOFYEAR(day)"),
            ),
        ),
        Entry(
            "`HOUR(s)`, `MINUTE(s)`, `SECOND(s)`, `EPOCH(s)`",
            "the same of a timestamp; `EPOCH` of a date, too",
            ("HOUR(tapped)", "MINUTE(tapped)", "SECOND(tapped)", "EPOCH(tapped)", "EPOCH(day)"),
        ),
        Entry(
            "`DATE_TRUNC('unit', d)`, `DATETRUNC`",
            "where the unit of time of a date or a timestamp began. Of a date it is a date, where DuckDB says midnight of that day; of a"
            " timestamp a timestamp",
            (
                "DATE_TRUNC('month', day)",
                "DATE_TRUNC('hour', tapped)",
                "DATETRUNC('week', tapped)",
                "DATE_TRUNC('year', CAST(tapped AS DATE))",
            ),
        ),
        Entry("`LAST_DAY(d)`", "the last day of the month", ("LAST_DAY(day)",)),
        Entry(
            "`d + n`, `d - n`",
            "so many days later or earlier",
            ("day + 30", "day - 7"),
        ),
        Entry(
            "`d + INTERVAL n unit`, `d - INTERVAL n unit`",
            "later or earlier by constant units, cut to the last day of a shorter month; a date that is moved by hours, minutes or seconds"
            " is a timestamp",
            ("day + INTERVAL 1 MONTH", "tapped - INTERVAL '90' MINUTE", "day + INTERVAL 5 HOUR"),
        ),
        Entry("`d - e`", "the days between two dates; of timestamps, take `DATE_DIFF`", ("day - DATE '2024-02-29'",)),
        Entry(
            "`DATE_DIFF('unit', d, e)`, `DATEDIFF`",
            "from `d` to `e`: whole days or weeks, or the months, quarters or years that begin in between; if one is a timestamp, also"
            " hours, minutes or seconds",
            ("DATE_DIFF('month', day, DATE '2025-01-31')", "DATEDIFF('hour', DATE '2024-02-01', tapped)"),
        ),
    ),
)

TEXTS = Listing(
    "functions-of-text",
    FUNCTION,
    IN_A_ROW,
    (
        Entry(
            "`LENGTH(t)`, `LEN`, `CHAR_LENGTH`, `CHARACTER_LENGTH`",
            "how many code points",
            ("LENGTH('ab' || region)", "LEN(region || 'é')", "CHAR_LENGTH(gender || region)", "CHARACTER_LENGTH(gender || region)"),
        ),
        Entry(
            "`LOWER(t)`, `UPPER(t)`, `LCASE`, `UCASE`",
            "in the other case: the letters A to Z only",
            ("LOWER(gender)", "UPPER(region)", "LCASE(gender)", "UCASE(region)"),
        ),
        Entry(
            "`t [NOT] ILIKE pattern`",
            "`LIKE` without regard to the case of the letters A to Z",
            ("gender ILIKE 'f'", "region NOT ILIKE 'N%'"),
        ),
        Entry(
            "`TRIM(t)`, `LTRIM(t)`, `RTRIM(t)`",
            "without spaces at the ends, the beginning or the end; neither tabs nor line ends are spaces",
            ("TRIM(' ' || region || ' ')", "LTRIM(' ' || region || ' ')", "RTRIM(' ' || region || ' ')"),
        ),
        Entry(
            "`SUBSTRING(t, start[, length])`, `SUBSTR`, `SUBSTRING(t FROM start FOR length)`",
            "from a place on, counted from 1 (constants)",
            ("SUBSTRING('ab' || region, 2)", "SUBSTR(gender || region, 1, 1)", "SUBSTRING(gender || region FROM 2 FOR 1)"),
        ),
        Entry(
            "`LEFT(t, n)`, `RIGHT(t, n)`",
            "the first or last `n` code points (constant)",
            ("LEFT(gender || region, 1)", "RIGHT('ab' || region, 2)"),
        ),
        Entry(
            "`t || u`, `CONCAT(t, u, …)`",
            "one after the other, whatever is no text as `CAST` spells it; `CONCAT` leaves out what is `NULL`",
            ("gender || '-' || region", "age || ' years'", "CONCAT(gender, '-', region)"),
        ),
        Entry("`REPLACE(t, old, new)`", "with another text in the place of one (constants)", ("REPLACE(region, 'n', 'north')",)),
        Entry(
            "`POSITION(u IN t)`, `STRPOS(t, u)`, `INSTR(t, u)`",
            "where `u` first stands in `t`, counted from 1; 0 where it does not",
            ("POSITION('n' IN gender || region)", "STRPOS(gender || region, 's')", "INSTR(gender || region, 'F')"),
        ),
        Entry(
            "`STARTS_WITH(t, u)`, `ENDS_WITH(t, u)`, `CONTAINS(t, u)`, `PREFIX`, `SUFFIX`",
            "whether it does at the beginning, at the end, or somewhere",
            (
                "STARTS_WITH(gender || region, 'F')",
                "ENDS_WITH(gender || region, 's')",
                "CONTAINS(gender || region, 'Fn')",
                "PREFIX(ward || 'a', 'x')",
                "SUFFIX('a' || ward, 'y')",
            ),
        ),
        Entry(
            "`REVERSE(t)`",
            "its code points from the last to the first, where DuckDB keeps letters and their accents together",
            ("REVERSE(gender || region)",),
        ),
    ),
)

CASTS = Listing(
    "casts",
    ("`CAST(x AS type)`, `TRY_CAST(x AS type)`, `x::type`", "value"),
    IN_A_ROW,
    (
        Entry(
            "`INTEGER` (32 bits), `SMALLINT`, `TINYINT`",
            "of numbers, texts and truth values; `NULL` where it does not fit",
            ("CAST(cost AS INTEGER)", "TRY_CAST(region AS SMALLINT)", "(age + 30)::TINYINT", "CAST(cost > 50 AS INTEGER)"),
        ),
        Entry("`BIGINT`", "of numbers, which must be known to fit, and of truth values", ("CAST(cost AS BIGINT)",)),
        Entry(
            "`DECIMAL(p, s)`",
            "of numbers and texts; `p` up to 15, `s` up to 12 and 0 where it is left out; `NULL` where it does not fit",
            ("CAST(cost / 3 AS DECIMAL(4, 1))", "TRY_CAST(age || '.5' AS DECIMAL(9, 2))", "cost::DECIMAL(3)"),
        ),
        Entry(
            "`TEXT`, `VARCHAR`, `CHARACTER VARYING`",
            "of any value, as it is spelled",
            ("CAST(age AS TEXT)", "cost::VARCHAR", "CAST(cost > 50 AS TEXT)", "CAST(day AS TEXT)", "tapped::CHARACTER VARYING"),
        ),
        Entry(
            "`DATE`",
            "of texts, dates and timestamps; `NULL` where a text is none",
            ("CAST(tapped AS DATE)", "TRY_CAST('2024-02-' || age AS DATE)"),
        ),
        Entry(
            "`TIMESTAMP`, `TIMESTAMP_US`",
            "the same",
            ("CAST(day AS TIMESTAMP)", "day::TIMESTAMP_US", "TRY_CAST(day || ' 08:15' AS TIMESTAMP)"),
        ),
        Entry("`BOOLEAN`", "of numbers, texts and truth values", ("CAST(age - 30 AS BOOLEAN)", "TRY_CAST(gender AS BOOLEAN)")),
    ),
)
