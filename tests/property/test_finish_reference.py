"""Tables are, cell for cell, what a plain interpreter of the plan's finish makes of the same noisy cells."""

from __future__ import annotations

import random
from math import prod
from typing import TYPE_CHECKING

import pytest

from stillroom.client.verification.table import check_table
from stillroom.model.codec import digest_of
from stillroom.model.expression import Over, walk
from stillroom.model.question import Question, Terms
from stillroom.query.compile import compile_question
from stillroom.query.table.finish import finish
from tests.finishing import finished
from tests.marginals import without_noise
from tests.training import hospitals
from tests.world import ACCEPTED, Entry

if TYPE_CHECKING:
    from stillroom.model.marginal import Marginal
    from stillroom.model.plan import NoisyCells, Plan

CELLS = 1_000
"""Plans with more leaf cells would keep the interpreter busy for long."""

MORE = (
    """SELECT region, smoker, SUM(income) - 2 * SUM(age) AS x, AVG(age) / COUNT(*) AS y, AVG(age), AVG(income), 1 / (COUNT(*) - 3) + 1 AS z,
    CASE WHEN COUNT(*) > 5 THEN SUM(age) ELSE AVG(income) END AS c, GROUPING(region) * 2 AS g, region IN ('north', 'south') AS i,
    CASE WHEN region IS NULL THEN 0 WHEN AVG(age) < 40 THEN COUNT(*) END AS d, COUNT(*) IN (1, 2, 3) AS k, COUNT(*) > 0 AS l,
    COUNT(*) > 10 AND NOT AVG(age) > 30 OR region LIKE 'n%' AS t, CASE WHEN COUNT(*) > 5 THEN 'many' ELSE region END AS text
    FROM members GROUP BY CUBE (region, smoker) HAVING COUNT(*) > -100 ORDER BY l, x DESC, region NULLS FIRST LIMIT 12 OFFSET 1""",
    "SELECT AVG(income), AVG(age) / 2, SUM(rating) FROM members",
    """SELECT region, ROUND(AVG(income), 1) AS r, ROUND(COUNT(*) / 3, -1) AS s, FLOOR(-SUM(rating) / 3) AS f, CEIL(AVG(age)) AS c,
    SIGN(SUM(rating)) AS g, ABS(SUM(rating)) AS a, SQRT(COUNT(*)) AS q, SQRT(COUNT(*) / 7 + 2) AS h, SQRT(2) * COUNT(*) AS w,
    GREATEST(COUNT(*), SUM(rating), NULL) AS x, LEAST(AVG(age), 30, COUNT(*)) AS y, GREATEST(region, 'o') AS t,
    COALESCE(SUM(age) / COUNT(*), 0) AS z, COALESCE(NULL, region, 'none') AS o, NULLIF(COUNT(*), 3) AS n, NULLIF(region, 'north') AS m,
    SUM(age) / NULLIF(COUNT(*), 0) AS u, NULLIF(COUNT(*), NULL) FROM members
    GROUP BY ROLLUP (region) HAVING ABS(COUNT(*)) >= 0 ORDER BY SIGN(COUNT(*) - 5), COALESCE(region, 'm') DESC""",
    """SELECT region, UPPER(region) || '-' || COUNT(*) AS a, CONCAT(region, ': ', SUM(rating) / 7) AS b,
    LENGTH(CAST(SUM(age) AS TEXT)) AS c,
    SUBSTRING(region, 2, 3) AS d, REPLACE(REVERSE(region), 'r', 'st') AS e, region ILIKE 'N%' AS f, STRPOS(region, 'o') AS g,
    TRIM(LEFT(region || '  ', 7)) AS h, CAST(CAST(COUNT(*) AS TEXT) AS DECIMAL(9, 2)) AS i, CAST(COUNT(*) > 5 AS INTEGER) AS j,
    YEAR(DATE '2020-01-31' + COUNT(*)) AS k, MONTH(DATE '2020-01-31' + COUNT(*)) AS l, DATE '2020-01-31' - INTERVAL 3 MONTH AS m,
    DATE_TRUNC('month', DATE '2020-01-31' + SUM(age)) AS n, DATE_DIFF('week', DATE '2020-01-31', DATE '2019-12-31' + COUNT(*)) AS o,
    CAST(DATE '2020-01-31' + COUNT(*) AS TEXT) AS p, LAST_DAY(DATE '2020-01-31' + COUNT(*)) AS q,
    CAST('2020-02-03 04:05' AS TIMESTAMP) AS r,
    WEEK(DATE '2020-01-31' + COUNT(*)) + DOY(DATE '2020-01-31') + DAY(DATE '2020-01-31' + COUNT(*)) AS s,
    RIGHT(region, 2) = 'th' IS TRUE AS t,
    CAST(region AS DATE) AS u, CAST('yes' AS BOOLEAN) AS v, ENDS_WITH(region, 'th') AS w
    FROM members GROUP BY ROLLUP (region) HAVING LENGTH(region) > 1 OR region IS NULL ORDER BY RIGHT(region, 2), REVERSE(region)""",
    """SELECT region, COUNT(*) % 7 AS a, SUM(age) % 1000000 AS b, SUM(rating) % COUNT(*) AS c, COUNT(*) // 7 AS d, COUNT(*) % 0 AS e,
    TRUNC(SUM(rating) / 7, 2) AS f, TRUNC(-SUM(age), -2) AS g, WIDTH_BUCKET(COUNT(*) - 20, -5, 400, 7) AS h, CAST(COUNT(*) AS BIGINT) AS i,
    LN(COUNT(*)) AS j, LOG(COUNT(*) + 1000) AS k, LOG2(ABS(SUM(age)) + 1) AS l, EXP(COUNT(*) / 100) AS m, EXP(-SUM(age)) AS n,
    POWER(COUNT(*), 2) AS o, POWER(COUNT(*) - 20, 3) AS p, POWER(COUNT(*) + 10, -2) AS q, POWER(ABS(COUNT(*)) + 1, 0.5) AS r,
    POWER(1.05, COUNT(*)) AS s, POWER(COUNT(*), COUNT(*) / 50) AS t, POWER(COUNT(*) / 3, 40) AS u, LN(COUNT(*) - 3) AS v,
    EXP(COUNT(*)) AS w, CAST(SUM(age) AS DOUBLE) AS x, POWER(COUNT(*) - 20, 0) AS y, LOG10(1000) + COUNT(*) AS z, CBRT(COUNT(*) - 20) AS aa,
    DEGREES(SUM(rating)) AS bb, RADIANS(-COUNT(*)) * PI() AS cc
    FROM members GROUP BY ROLLUP (region) HAVING COUNT(*) % 7 < 9 OR COUNT(*) > 0 ORDER BY POWER(COUNT(*), 2), COUNT(*) // 3""",
    """SELECT smoker, VARIANCE(age) AS a, VAR_POP(income) AS b, STDDEV(age) AS c, STDDEV_POP(rating) AS d, COVAR_POP(age, rating) AS e,
    COVAR_SAMP(income, age) AS f, CORR(age, rating) AS g, REGR_SLOPE(age, rating) AS h, REGR_INTERCEPT(age, rating) AS i,
    ROUND(STDDEV(age), 0) AS j,
    MEDIAN(age) - AVG(age) AS k, MAX(rating) AS l, QUANTILE_CONT(age, 0.9) / COUNT(*) AS m, COUNT(*) AS n, COUNT(age) AS o
    FROM members GROUP BY CUBE (smoker) ORDER BY STDDEV(age)""",
    """SELECT region, smoker, SUM(COUNT(*)) OVER (PARTITION BY GROUPING(region)) AS a, SUM(AVG(age)) OVER (ORDER BY region) AS b,
    COUNT(CASE WHEN COUNT(*) > 5 THEN region END) OVER () AS c, MIN(region) OVER (PARTITION BY smoker) AS d,
    MAX(SUM(age) / COUNT(*)) OVER () AS e,
    SUM(COUNT(*)) FILTER (WHERE region IS NOT NULL) OVER () AS f, SUM(1) FILTER (WHERE COUNT(*) > 5) OVER (ORDER BY smoker) AS g,
    RANK() OVER (PARTITION BY smoker ORDER BY COUNT(*) DESC) AS h, DENSE_RANK() OVER (ORDER BY SIGN(COUNT(*)), region) AS i,
    PERCENT_RANK() OVER (ORDER BY smoker, SUM(age)) AS j, CUME_DIST() OVER (ORDER BY COUNT(*)) AS k,
    NTILE(4) OVER (ORDER BY SUM(age) DESC) AS l,
    ROW_NUMBER() OVER (PARTITION BY COUNT(*) > 3 ORDER BY region) AS m, LAG(COUNT(*), 2, 0) OVER (ORDER BY COUNT(*)) AS n,
    LEAD(region, 1, 'none') OVER (ORDER BY region NULLS FIRST, smoker DESC) AS o, FIRST_VALUE(AVG(age)) OVER (PARTITION BY region) AS p,
    NTH_VALUE(region, 3) OVER (ROWS BETWEEN 2 FOLLOWING AND 4 FOLLOWING) AS q, MIN(1 / (COUNT(*) - 3)) OVER (PARTITION BY region) AS r,
    AVG(SUM(age)) OVER (ORDER BY region RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS s,
    MAX(SUM(age)) OVER (ORDER BY AVG(age)) AS t,
    RANK() OVER (ORDER BY region > 'n', COUNT(*)) AS u
    FROM members GROUP BY CUBE (region, smoker) QUALIFY ROW_NUMBER() OVER (ORDER BY COUNT(*)) > 1
    ORDER BY MAX(COUNT(*)) OVER (PARTITION BY region)""",
    """SELECT region, SUM(COUNT(*)) OVER () AS a, RANK() OVER (ORDER BY region) AS b, COUNT(*) * 1.0 / SUM(COUNT(*)) OVER () AS c
    FROM members GROUP BY region HAVING COUNT(*) > 3""",
    """SELECT region, SUM(COUNT(*)) OVER () AS a, MAX(region) OVER (ORDER BY region ROWS 2 PRECEDING) AS b
    FROM members GROUP BY ROLLUP (region) HAVING region IS NOT NULL""",
)
ENTRIES = [*ACCEPTED, *(Entry(f"more of it {number}", sql, Terms(epsilon=3.0)) for number, sql in enumerate(MORE))]


def noisy_cells(plan: Plan, size: int) -> NoisyCells:
    """Return cells around zero, some of them negative, of about a size."""
    draw = random.Random(size)
    leaves = tuple(
        tuple(draw.randint(-size // 4, size * max(1, one.high // plan.bounds.rows)) for _ in range(plan.cells_of(one)))
        for one in plan.measures
    )
    exact = without_noise(plan, leaves)
    spread = size // 10 + 2
    return tuple(
        tuple(_noisy(plan, draw, spread, marginal, cells) for marginal, cells in zip(strategy, one, strict=True))
        for strategy, one in zip(plan.strategies, exact, strict=True)
    )


def _noisy(plan: Plan, draw: random.Random, spread: int, marginal: Marginal, cells: tuple[int, ...]) -> tuple[int, ...]:
    """Return totals with noise; where buckets are chosen, any."""
    if marginal.part is None:
        return tuple(cell + draw.randint(-spread, spread) for cell in cells)
    buckets = prod(len(plan.keys[key].listed) for key in marginal.kept if key >= len(plan.grouping))
    return tuple(draw.randrange(buckets) for _ in cells)


def has_windows(plan: Plan) -> bool:
    """Tell whether a window looks over the table."""
    return any(isinstance(node, Over) for expression in plan.finish.expressions for node in walk(expression))


WITHOUT_WINDOWS = [entry for entry in ENTRIES if not has_windows(entry.compiled.plan)]
"""Questions whose table no window looks over: beside one, counts are not kept from being negative."""


@pytest.mark.parametrize("entry", WITHOUT_WINDOWS, ids=lambda entry: entry.name)
def test_a_table_without_negative_counts_is_what_the_plan_says(entry: Entry) -> None:
    finished_plan = entry.compiled.plan.finish.model_copy(update={"nonnegative": True})
    plan = entry.compiled.plan.model_copy(update={"finish": finished_plan})
    if max(map(plan.cells_of, plan.measures)) > CELLS:
        pytest.skip("too large for the interpreter")
    for size in (3, 400):
        cells = noisy_cells(plan, size)
        table = finish(plan, entry.compiled.headings, cells)
        check_table(plan, table)
        shown = [[(cell.value, cell.low, cell.high, cell.no_information, cell.totalled) for cell in row] for row in table.rows]
        assert shown == finished(plan, cells)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_table_is_what_the_plan_says(entry: Entry) -> None:
    """Once with numbers that no 64 bits hold, where totals are sums: they are exact all the same. Least squares are as good as doubles."""
    plan = entry.compiled.plan
    if max(map(plan.cells_of, plan.measures)) > CELLS:
        pytest.skip("too large for the interpreter")
    several = any(len(strategy) > 1 and not measure.grid for measure, strategy in zip(plan.measures, plan.strategies, strict=True))
    for size in (3, 400) if several else (3, 400, 10**6, 2**62):
        cells = noisy_cells(plan, size)
        table = finish(plan, entry.compiled.headings, cells)
        shown = [[(cell.value, cell.low, cell.high, cell.no_information, cell.totalled) for cell in row] for row in table.rows]
        assert shown == finished(plan, cells)


@pytest.mark.parametrize("size", [3, 400, 10**6])
def test_intervals_of_dates_are_rounded_outward(size: int) -> None:
    value = hospitals()
    asked = "SELECT MEDIAN(since) AS m, QUANTILE_CONT(since, 0.9) AS q, DATE_TRUNC('month', MAX(since)) AS x FROM visits"
    question = Question(contract=digest_of(value), sql=asked, terms=Terms(epsilon=1.0), asked_by="insurer")
    compiled = compile_question(value, question)
    cells = noisy_cells(compiled.plan, size)
    table = finish(compiled.plan, compiled.headings, cells)
    check_table(compiled.plan, table)
    shown = [[(cell.value, cell.low, cell.high, cell.no_information, cell.totalled) for cell in row] for row in table.rows]
    assert shown == finished(compiled.plan, cells)


def test_hardly_any_question_is_too_large() -> None:
    """The skip above must not empty the test."""
    assert sum(max(map(entry.compiled.plan.cells_of, entry.compiled.plan.measures)) <= CELLS for entry in ENTRIES) >= 0.9 * len(ENTRIES)
