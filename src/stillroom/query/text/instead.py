"""What to write in the place of words, signs and functions that questions often have, and that are not supported."""

from __future__ import annotations

_CLOCK = "A question reads no clock: write the date, as DATE '2026-01-31', or give it as a parameter."
_PATTERN = "Write LIKE or ILIKE, several with OR; or STARTS_WITH, ENDS_WITH, CONTAINS, SUBSTRING."
_SPELLED = "Write EXTRACT or DATE_TRUNC, or a part of CAST(d AS TEXT), which is YYYY-MM-DD."
_LATER = "Write d + INTERVAL 3 MONTH, or d + n for days."
_READ = "Write CAST(t AS DATE) or CAST(t AS TIMESTAMP), which read YYYY-MM-DD HH:MM:SS."
_WRITTEN = "Write DATE '2026-01-31' or TIMESTAMP '2026-01-31 08:15:00'; or CAST of a text that is put together."
_QUANTILE = "Write QUANTILE_CONT(x, p), once for each p."
_CONDITION = "Write COUNT_IF(condition), and HAVING COUNT_IF(condition) > 0 for groups; per person, BOOL_OR or BOOL_AND in a subquery."
_SAID = "What one row says is not released: group by it and count; per person, it stands in a subquery that is grouped by the person."
_FREQUENT = "Group by the column, and write ORDER BY COUNT(*) DESC LIMIT 1; per person, MODE stands in a subquery."
_PRODUCT = "Products of rows have no bound: write SUM, or one product of columns in each row."
_ANGLE = "Compute it of the release, as in math.sin(value) in Python: what is made of a release is free."
_ROWS = "The values of rows are not released: group by the column, and count."

_FIXES = {
    "CURRENT_DATE CURRENT_TIMESTAMP CURRENT_TIME LOCALTIMESTAMP LOCALTIME NOW TODAY GETDATE SYSDATE GET_CURRENT_TIMESTAMP": _CLOCK,
    "REGEXP REGEXP_MATCHES REGEXP_LIKE REGEXP_FULL_MATCH REGEXP_EXTRACT REGEXP_REPLACE RLIKE GLOB ~ !~ SPLIT_PART": _PATTERN,
    "STRFTIME TO_CHAR DATE_FORMAT FORMAT_DATE": _SPELLED,
    "DAYNAME": "Write ISODOW(d): Monday is 1.",
    "MONTHNAME": "Write MONTH(d).",
    "YEARWEEK ISOYEAR": "Write DATE_TRUNC('week', d).",
    "TIME_BUCKET": "Write DATE_TRUNC, or FLOOR(EPOCH(s) / 900) for quarters of an hour.",
    "DATE_ADD DATEADD DATE_SUB DATESUB TIMESTAMPADD ADD_MONTHS": _LATER,
    "AGE TIMESTAMPDIFF MONTHS_BETWEEN": "Write DATE_DIFF('month', d, e), or d - e for days.",
    "STRPTIME TRY_STRPTIME TO_DATE TO_TIMESTAMP PARSE_DATE": _READ,
    "MAKE_DATE MAKE_TIMESTAMP DATE_FROM_PARTS DATEFROMPARTS": _WRITTEN,
    "INTERVAL": "Write a constant, as in INTERVAL 3 MONTH; days in a column are added as d + n.",
    "LPAD": "Write RIGHT('00000' || t, 5).",
    "RPAD": "Write LEFT(t || '     ', 5).",
    "INITCAP": "Write UPPER(LEFT(t, 1)) || LOWER(SUBSTRING(t, 2)).",
    "GROUPING_ID": "Write GROUPING(key), once for each key.",
    "CONCAT_WS": "Write CONCAT, or t || '-' || u.",
    "ESCAPE": "Write CONTAINS, STARTS_WITH or ENDS_WITH, in which no sign is special.",
    "ANY SOME": "Write one comparison for each value, with OR.",
    "[": "Write SUBSTRING(t, start, length) for a part of a text, and one QUANTILE_CONT for each quantile.",
    "^ ** SQUARE": "Write x * x; of results, POWER(x, y).",
    "APPROX_COUNT_DISTINCT APPROX_DISTINCT": "Write COUNT(DISTINCT x).",
    "APPROX_QUANTILE PERCENTILE_DISC QUANTILE QUANTILE_DISC APPROX_PERCENTILE": _QUANTILE,
    "APPROX_TOP_K": _FREQUENT,
    "HISTOGRAM": "Write GROUP BY WIDTH_BUCKET(x, low, high, n).",
    "REGR_R2": "Write CORR(y, x) * CORR(y, x).",
    "EVERY": _CONDITION,
    "ARBITRARY": "Per person, in a subquery, write ANY_VALUE(column), or FIRST(column ORDER BY …).",
    "LATERAL": "Write (SELECT … WHERE its person = the outer person) as a value; or join a subquery that is grouped by the person.",
    "PRODUCT GEOMEAN GEOMETRIC_MEAN": _PRODUCT,
    "STRING_AGG GROUP_CONCAT LISTAGG ARRAY_AGG LIST": _ROWS,
    "VALUES": "Write CASE column WHEN … THEN … END; or have the values as a public table in the contract.",
    "TABLESAMPLE": "Leave it out: noise hides each person, and fewer rows cost precision only.",
    "EXCLUDE COLUMNS": "List the columns that are wanted, or write table.*.",
    "MATERIALIZED": "Leave it out: how a subquery is computed is not for the question to say.",
    "PIVOT UNPIVOT": "Write COUNT(*) FILTER (WHERE column = 'value') AS value, once for each value.",
    "POSITIONAL": "Write JOIN … ON, and equate the persons.",
    "ISNULL NOTNULL": "Write IS NULL, or IS NOT NULL.",
    "SIN COS TAN COT ASIN ACOS ATAN ATAN2 SINH COSH TANH": _ANGLE,
    "UNNEST GENERATE_SERIES": "A question reads datasets of the contract; have the values as a public table in it.",
    "COLLATE": "Write LOWER(t) or UPPER(t) on both sides: texts are compared letter by letter.",
    "FOR INTO": "Leave it out: a question only reads.",
    "INSERT UPDATE DELETE MERGE": "Ask with SELECT: a question changes nothing.",
    "PERCENT": "Write a number of rows: LIMIT 3.",
    "RANDOM RAND UUID GEN_RANDOM_UUID SETSEED": "Leave it out: an answer depends on data and noise only.",
    "HASH MD5 SHA1 SHA256": "Write the column itself: persons are joined and counted as they are.",
    "JSON_OBJECT JSON_EXTRACT TO_JSON JSON_VALUE -> ->>": "Declare the parts as columns of their own in the contract.",
    "{ STRUCT_PACK ROW": "Name the columns one by one.",
    "MAD": "Write MEDIAN(x), and QUANTILE_CONT(x, 0.25) and QUANTILE_CONT(x, 0.75) for the spread around it.",
    "ENTROPY": "Group by the column and count, and compute it of the release.",
    "BIT_AND BIT_OR BIT_XOR": "Write COUNT_IF(condition), once for each condition.",
    "& |": "Write x % 2, x // 2 % 2 and so on for parts of a number; AND, OR of conditions.",
    "FSUM KAHAN_SUM SUMKAHAN": "Write SUM(x): sums are exact before the noise.",
    "? $": "Give a parameter a name: :name, or $name.",
    "|>": "Write SELECT … FROM ….",
    "FAVG": "Write AVG(x): sums are exact before the noise.",
    "REGR_COUNT": "Write COUNT(*) FILTER (WHERE y IS NOT NULL AND x IS NOT NULL).",
    "SCHEMA DATABASE CATALOG": "Name the dataset alone, as in the contract.",
    "XOR": "Write a <> b of the two conditions.",
    "NVL": "Write COALESCE(x, y).",
    "DECODE": "Write CASE x WHEN … THEN … ELSE … END.",
    "INTERSECT": "Write WHERE person IN (SELECT person …).",
    "EXCEPT MINUS": "Write WHERE person NOT IN (SELECT person …).",
}
_INSTEAD = {"SIMILAR TO": _PATTERN, **{word: fix for words, fix in _FIXES.items() for word in words.split()}}

OF_EVERYBODY = {
    **dict.fromkeys(("logicaland", "logicalor"), _CONDITION),
    **dict.fromkeys(("anyvalue", "first", "last", "argmin", "argmax"), _SAID),
    "mode": _FREQUENT,
}
"""What to write for aggregates that one person's rows have, and everybody's have not, by the names of their syntax nodes."""

_NUMBERED = "Write ROW_NUMBER and COUNT(*), and compute it of these in a SELECT around."
OF_ROWS = {
    **dict.fromkeys(("Ntile", "PercentRank", "CumeDist"), _NUMBERED),
    "NthValue": "Write LAG or LEAD; or MAX(CASE WHEN number = 2 THEN column END) of each person, with ROW_NUMBER() AS number inside.",
    "IgnoreNulls": "Leave rows without a value out in a subquery, by WHERE column IS NOT NULL.",
    **dict.fromkeys(
        ("Median", "PercentileCont", "WithinGroup", "Stddev", "StddevPop", "StddevSamp", "Variance", "VariancePop", "Mode", "Corr"),
        "Aggregate in a subquery that is grouped by the person, and join it; or write it as a value, (SELECT … WHERE its person = …).",
    ),
}
"""What to write for functions that windows over one person's rows have not, by the names of their syntax nodes."""

WORDS = frozenset(_INSTEAD)
"""What something is known to replace."""

LISTED = "The SQL reference lists what is supported."
"""Where to look for what nothing is known to replace."""


def instead(word: str, otherwise: str = LISTED) -> str:
    """Return the fix for a word, sign or function that is not supported."""
    return _INSTEAD.get(word.upper(), otherwise)
