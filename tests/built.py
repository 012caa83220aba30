"""What the Python builder makes of the datasets of the SQL reference, each beside the question that is written, by what it shows."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from stillroom.client.expressions import (
    coalesce,
    col,
    concat_str,
    corr,
    count,
    count_if,
    cov,
    cume_dist,
    dense_rank,
    grouping,
    lit,
    max_horizontal,
    min_horizontal,
    ntile,
    percent_rank,
    pi,
    rank,
    regr_intercept,
    regr_slope,
    row_number,
    when,
)
from stillroom.client.rows import Rows
from tests.questions import CONTRACT

if TYPE_CHECKING:
    from stillroom.client.expressions import Expression
    from stillroom.client.lazy_question import LazyQuestion
    from stillroom.model.question import Term

    Conditions: TypeAlias = "list[tuple[str, Expression, str]]"
    Questions: TypeAlias = "list[tuple[LazyQuestion, str]]"


class Example:
    """What a session is to a builder, under the contract of the SQL reference; nothing is asked there."""

    contract = CONTRACT

    def ask(self, sql: str, *, parameters: Any = None, dialect: Any = None, **terms: Term) -> Any:  # noqa: ANN401  nothing is made of it
        """Ask nothing."""
        raise NotImplementedError(sql, parameters, dialect, terms)

    price = ask


def table(name: str) -> Rows:
    """Return the rows of a dataset of the SQL reference."""
    return Rows.of_dataset(Example(), name)


age, cost, day, gender, tapped, ward, region = map(col, ("age", "cost", "day", "gender", "tapped", "ward", "region"))
BEGUN = datetime.datetime(2024, 2, 1, 6)  # noqa: DTZ001 - questions have no time zone

CONDITIONS: Conditions = [
    # operators
    ("visits", cost % 7 == 3, "cost % 7 = 3"),
    ("visits", 200 % cost == 3, "200 % cost = 3"),
    ("members", age // 7 == 3, "age // 7 = 3"),
    ("members", 700 // age == 30, "700 // age = 30"),
    ("visits", cost / 3 > 2, "cost / 3 > 2"),
    ("visits", 3 / cost > 2, "3 / cost > 2"),
    ("visits", 3 - cost + 2 * cost < 2 + cost, "3 - cost + 2 * cost < 2 + cost"),
    ("visits", -cost <= -5, "-cost <= -5"),
    ("visits", (cost != 5) & True, "cost <> 5 AND TRUE"),
    ("visits", (cost >= 5) | False, "cost >= 5 OR FALSE"),
    ("visits", True & (cost > 6), "TRUE AND cost > 6"),
    ("visits", False | (cost > 7), "FALSE OR cost > 7"),
    ("visits", ~(cost == 8), "NOT cost = 8"),
    # conditions
    ("visits", cost.is_null(), "cost IS NULL"),
    ("visits", cost.is_not_null(), "cost IS NOT NULL"),
    ("members", region.eq_missing("n"), "region IS NOT DISTINCT FROM 'n'"),
    ("members", region.ne_missing("n"), "region IS DISTINCT FROM 'n'"),
    ("members", age.is_in([30, 40]), "age IN (30, 40)"),
    ("members", ~region.is_in(("n",)), "region NOT IN ('n')"),
    ("members", age.is_between(30, 40), "age BETWEEN 30 AND 40"),
    ("members", age.between(31, 40), "age BETWEEN 31 AND 40"),
    ("members", region.like("%n_"), "region LIKE '%n_'"),
    ("members", ~region.ilike("N%"), "region NOT ILIKE 'N%'"),
    # numbers
    ("visits", (cost - 50).abs() > 3, "ABS(cost - 50) > 3"),
    ("visits", abs(cost - 51) > 3, "ABS(cost - 51) > 3"),
    ("visits", (cost - 50).sign() == 1, "SIGN(cost - 50) = 1"),
    ("visits", cost.floor() == 4, "FLOOR(cost) = 4"),
    ("visits", cost.ceil() == 4, "CEIL(cost) = 4"),
    ("visits", cost.round() == 4, "ROUND(cost) = 4"),
    ("visits", cost.round(1) == 4, "ROUND(cost, 1) = 4"),
    ("visits", cost.truncate() == 5, "TRUNC(cost) = 5"),
    ("visits", cost.truncate(-1) == 40, "TRUNC(cost, -1) = 40"),
    ("visits", cost.sqrt() > 3, "SQRT(cost) > 3"),
    ("visits", cost.width_bucket(0, 100, 5) > 2, "WIDTH_BUCKET(cost, 0, 100, 5) > 2"),
    ("visits", cost.clip(10, 90) > 20, "CASE WHEN cost IS NULL THEN NULL ELSE LEAST(GREATEST(cost, 10), 90) END > 20"),
    ("visits", cost.clip(high=90) > 20, "CASE WHEN cost IS NULL THEN NULL ELSE LEAST(cost, 90) END > 20"),
    ("visits", cost.clip(low=10) > 20, "CASE WHEN cost IS NULL THEN NULL ELSE GREATEST(cost, 10) END > 20"),
    ("visits", cost.fill_null(1) > 20, "COALESCE(cost, 1) > 20"),
    ("visits", cost.nullif(100) > 20, "NULLIF(cost, 100) > 20"),
    ("visits", coalesce(cost, 3, 4) > 20, "COALESCE(cost, 3, 4) > 20"),
    ("visits", max_horizontal(cost, 5) > 20, "GREATEST(cost, 5) > 20"),
    ("visits", min_horizontal(cost, 5) > 2, "LEAST(cost, 5) > 2"),
    ("visits", lit(3) < cost, "3 < cost"),
    ("visits", when(cost > 5, 1).otherwise(0) == 1, "CASE WHEN cost > 5 THEN 1 ELSE 0 END = 1"),
    (
        "visits",
        when(cost > 5, "a").when(cost > 2, "b").otherwise() == "a",
        "CASE WHEN cost > 5 THEN 'a' WHEN cost > 2 THEN 'b' END = 'a'",
    ),
    # casts
    ("visits", cost.cast("integer") == 7, "CAST(cost AS INTEGER) = 7"),
    ("visits", cost.cast(int) == 8, "CAST(cost AS INTEGER) = 8"),
    ("visits", (cost * 3).cast("tinyint") == 7, "CAST(cost * 3 AS TINYINT) = 7"),
    ("visits", cost.cast("smallint") == 9, "CAST(cost AS SMALLINT) = 9"),
    ("visits", cost.cast("bigint") == 10, "CAST(cost AS BIGINT) = 10"),
    ("visits", cost.cast("decimal", 3, 1) == 7, "CAST(cost AS DECIMAL(3, 1)) = 7"),
    ("visits", cost.cast("text") == "0.50", "CAST(cost AS TEXT) = '0.50'"),
    ("visits", cost.cast(str) == "0.60", "CAST(cost AS TEXT) = '0.60'"),
    ("visits", cost.cast(bool), "CAST(cost AS BOOLEAN)"),
    ("trips", tapped.cast(datetime.date) == datetime.date(2024, 2, 1), "CAST(tapped AS DATE) = DATE '2024-02-01'"),
    ("visits", day.cast(datetime.datetime) > BEGUN, "CAST(day AS TIMESTAMP) > TIMESTAMP '2024-02-01 06:00:00'"),
    # texts
    ("members", region.str.lower() == "n", "LOWER(region) = 'n'"),
    ("members", region.str.upper() == "N", "UPPER(region) = 'N'"),
    ("members", region.str.strip() == "n", "TRIM(region) = 'n'"),
    ("members", region.str.lstrip() == "n", "LTRIM(region) = 'n'"),
    ("members", region.str.rstrip() == "n", "RTRIM(region) = 'n'"),
    ("members", region.str.reverse() == "n", "REVERSE(region) = 'n'"),
    ("members", region.str.len_chars() == 1, "LENGTH(region) = 1"),
    ("members", concat_str(region, "ab").str.slice(1) == "a", "SUBSTRING(region || 'ab', 2) = 'a'"),
    ("members", concat_str(region, "ab").str.slice(0, 2) == "na", "SUBSTRING(region || 'ab', 1, 2) = 'na'"),
    ("members", concat_str(region, "ab").str.slice(-2) == "ab", "RIGHT(region || 'ab', 2) = 'ab'"),
    ("members", concat_str(region, "ab").str.head(2) == "nb", "LEFT(region || 'ab', 2) = 'nb'"),
    ("members", concat_str(region, "ab").str.tail(1) == "b", "RIGHT(region || 'ab', 1) = 'b'"),
    ("members", concat_str(region, 3, ignore_nulls=True) == "n3", "CONCAT(region, 3) = 'n3'"),
    ("members", region.str.replace("n", "it's") == "s", "REPLACE(region, 'n', 'it''s') = 's'"),
    ("members", region.str.position("n") == 2, "STRPOS(region, 'n') = 2"),
    ("members", region.str.starts_with("n"), "STARTS_WITH(region, 'n')"),
    ("members", region.str.ends_with("n"), "ENDS_WITH(region, 'n')"),
    ("members", region.str.contains("n"), "CONTAINS(region, 'n')"),
    # dates
    ("visits", day.dt.year() == 2024, "YEAR(day) = 2024"),
    ("visits", day.dt.quarter() == 2, "QUARTER(day) = 2"),
    ("visits", day.dt.month() == 2, "MONTH(day) = 2"),
    ("visits", day.dt.week() == 2, "WEEK(day) = 2"),
    ("visits", day.dt.day() == 2, "DAY(day) = 2"),
    ("visits", day.dt.ordinal_day() == 2, "DOY(day) = 2"),
    ("visits", day.dt.weekday() == 2, "ISODOW(day) = 2"),
    ("visits", day.dt.day_from_sunday() == 2, "DOW(day) = 2"),
    ("trips", tapped.dt.hour() == 2, "HOUR(tapped) = 2"),
    ("trips", tapped.dt.minute() == 2, "MINUTE(tapped) = 2"),
    ("trips", tapped.dt.second() == 2, "SECOND(tapped) = 2"),
    ("trips", tapped.dt.epoch() == 2, "EPOCH(tapped) = 2"),
    ("trips", tapped.dt.date() == datetime.date(2024, 2, 2), "CAST(tapped AS DATE) = DATE '2024-02-02'"),
    ("visits", day.dt.truncate("month") == datetime.date(2024, 2, 1), "DATE_TRUNC('month', day) = DATE '2024-02-01'"),
    ("trips", tapped.dt.truncate("hour") == BEGUN, "DATE_TRUNC('hour', tapped) = TIMESTAMP '2024-02-01 06:00:00'"),
    ("visits", day.dt.month_end() == datetime.date(2024, 2, 29), "LAST_DAY(day) = DATE '2024-02-29'"),
    ("visits", day.dt.offset_by(3, "month") > datetime.date(2024, 2, 29), "day + INTERVAL 3 MONTH > DATE '2024-02-29'"),
    ("trips", tapped.dt.offset_by(-2, "hour") > BEGUN, "tapped - INTERVAL 2 HOUR > TIMESTAMP '2024-02-01 06:00:00'"),
    ("visits", day + 3 > datetime.date(2024, 2, 29), "day + 3 > DATE '2024-02-29'"),
    ("visits", day - datetime.date(2024, 2, 29) > 3, "day - DATE '2024-02-29' > 3"),
    ("visits", day.dt.since(datetime.date(2020, 1, 1)) > 3, "DATE_DIFF('day', DATE '2020-01-01', day) > 3"),
    ("trips", tapped.dt.since(BEGUN, "minute") > 3, "DATE_DIFF('minute', TIMESTAMP '2024-02-01 06:00:00', tapped) > 3"),
]
"""Conditions on rows: a dataset, what is built, and what is written after WHERE."""

AGGREGATES: Conditions = [
    ("visits", count(), "COUNT(*)"),
    ("visits", cost.count(), "COUNT(cost)"),
    ("visits", cost.sum(), "SUM(cost)"),
    ("visits", cost.mean(), "AVG(cost)"),
    ("visits", ward.n_unique(), "COUNT(DISTINCT ward)"),
    ("visits", count_if(cost > 3), "COUNT_IF(cost > 3)"),
    ("visits", cost.min(), "MIN(cost)"),
    ("visits", cost.max(), "MAX(cost)"),
    ("visits", cost.median(), "MEDIAN(cost)"),
    ("visits", cost.quantile(0.9), "QUANTILE_CONT(cost, 0.9)"),
    ("visits", cost.var(), "VAR_SAMP(cost)"),
    ("visits", cost.var(ddof=0), "VAR_POP(cost)"),
    ("visits", cost.std(), "STDDEV_SAMP(cost)"),
    ("visits", cost.std(ddof=0), "STDDEV_POP(cost)"),
    ("visits", cov(cost, cost * 2), "COVAR_SAMP(cost, cost * 2)"),
    ("visits", cov(cost, cost * 2, ddof=0), "COVAR_POP(cost, cost * 2)"),
    ("visits", corr(cost, cost * 2), "CORR(cost, cost * 2)"),
    ("visits", regr_slope(cost, cost * 2), "REGR_SLOPE(cost, cost * 2)"),
    ("visits", regr_intercept(cost, cost * 2), "REGR_INTERCEPT(cost, cost * 2)"),
]
"""Aggregates, over groups and over each person's rows."""

PICKED: Conditions = [
    ("visits", (cost > 50).any(), "BOOL_OR(cost > 50)"),
    ("visits", (cost > 50).all(), "BOOL_AND(cost > 50)"),
    ("visits", ward.mode() == "x", "MODE(ward) = 'x'"),
    ("visits", ward.min_by(cost) == "x", "ARG_MIN(ward, cost) = 'x'"),
    ("visits", ward.max_by(cost).filter(cost < 50) == "x", "ARG_MAX(ward, cost) FILTER (WHERE cost < 50) = 'x'"),
    ("visits", ward.first(order_by="day") == "x", "FIRST(ward ORDER BY day) = 'x'"),
    ("visits", ward.last(order_by=[day, "cost"]) == "x", "LAST(ward ORDER BY day, cost) = 'x'"),
    ("visits", ward.first(order_by="day", descending=True) == "y", "FIRST(ward ORDER BY day DESC) = 'y'"),
]
"""Conditions on what one of a person's rows says, or all of them say."""

EACH = "OVER (PARTITION BY pid"
BY_DAY = f"{EACH} ORDER BY day"
LONG = f"{BY_DAY} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"

PLACES: Conditions = [
    ("visits", row_number().over(order_by="day") == 2, f"ROW_NUMBER() {BY_DAY}) = 2"),
    ("visits", row_number().over("ward", order_by=["day", "cost"]) == 2, f"ROW_NUMBER() {EACH}, ward ORDER BY day, cost) = 2"),
    ("visits", row_number().over(order_by=day.desc()) == 2, f"ROW_NUMBER() {BY_DAY} DESC) = 2"),
    (
        "visits",
        row_number().over(order_by=["ward", "day"], descending=[True, False]) == 2,
        f"ROW_NUMBER() {EACH} ORDER BY ward DESC, day) = 2",
    ),
    ("visits", row_number().over(order_by=day.asc(nulls_last=False)) == 2, f"ROW_NUMBER() {BY_DAY} NULLS FIRST) = 2"),
    ("visits", row_number().over(order_by=day.desc(nulls_last=False)) == 2, f"ROW_NUMBER() {BY_DAY} DESC NULLS FIRST) = 2"),
    ("visits", cost.shift().over(order_by="day") < cost, f"LAG(cost) {BY_DAY}) < cost"),
    ("visits", cost.shift(2, 0).over(order_by="day") < cost, f"LAG(cost, 2, 0) {BY_DAY}) < cost"),
    ("visits", cost.shift(-1).over(order_by="day") < cost, f"LEAD(cost) {BY_DAY}) < cost"),
    ("visits", cost.first().over(order_by="day") < cost, f"FIRST_VALUE(cost) {BY_DAY}) < cost"),
    ("visits", cost.last().over(order_by="day", rows=(None, None)) < cost, f"LAST_VALUE(cost) {LONG} < cost"),
    ("visits", cost.sum().over(order_by="day") > 50, f"SUM(cost) {BY_DAY}) > 50"),
    ("visits", cost.sum().over(order_by="day", rows=(None, None)) > 50, f"SUM(cost) {LONG} > 50"),
    ("visits", cost.sum().over((day - 1).dt.year()) > 50, f"SUM(cost) {EACH}, YEAR(day - 1)) > 50"),
    ("visits", count().over() > 2, f"COUNT(*) {EACH}) > 2"),
    ("visits", cost.count().over(order_by="day", rows=(None, 0)) > 2, f"COUNT(cost) {BY_DAY} ROWS UNBOUNDED PRECEDING) > 2"),
    ("visits", cost.count().over(order_by="day", peers=(None, 0)) > 2, f"COUNT(cost) {BY_DAY}) > 2"),
    ("visits", cost.count().over(order_by="day", peers=(None, None)) > 2, f"COUNT(cost) {LONG} > 2"),
    ("visits", cost.mean().over("ward") > 50, f"AVG(cost) {EACH}, ward) > 50"),
    ("visits", cost.min().over() > 50, f"MIN(cost) {EACH}) > 50"),
    ("visits", cost.max().over() > 50, f"MAX(cost) {EACH}) > 50"),
]
"""Windows over a person's rows, likewise."""

visits, members, trips = table("visits"), table("members"), table("trips")
wards = visits.group_by("ward").agg(n=count(), cost=cost.sum())
ages = members.group_by("gender", "age").agg(n=count())
WARDS = "(SELECT ward, COUNT(*) AS n, SUM(cost) AS cost FROM visits GROUP BY ward)"
AGES = "(SELECT gender, age, COUNT(*) AS n FROM members GROUP BY gender, age)"
DAYS = f"SELECT pid, ward, SUM(cost) {BY_DAY}) AS so_far FROM visits"
n = col("n")

RELATIONS: Questions = [
    (
        visits.with_columns(so_far=cost.sum().over(order_by="day")).group_by("ward").agg(s=col("so_far").sum()),
        f"SELECT ward, SUM(so_far) AS s FROM ({DAYS}) GROUP BY ward",
    ),
    (
        visits.filter(cost > 9).filter(row_number().over(order_by="day") <= 2, ward == "x").group_by("ward").agg(n=count()),
        f"""SELECT ward, COUNT(*) AS n FROM (SELECT pid, ward FROM visits WHERE cost > 9
        QUALIFY ROW_NUMBER() {BY_DAY}) <= 2 AND ward = 'x') GROUP BY ward""",
    ),
    (
        visits.first_by("day", rows=2, descending=True).group_by("ward").agg(n=count()),
        f"SELECT ward, COUNT(*) AS n FROM (SELECT pid, ward FROM visits QUALIFY ROW_NUMBER() {BY_DAY} DESC) <= 2) GROUP BY ward",
    ),
    (
        visits.select("ward", dear=cost > 90).unique().group_by("ward").agg(n=count(), dear=count_if(col("dear"))),
        "SELECT ward, COUNT(*) AS n, COUNT_IF(dear) AS dear FROM (SELECT DISTINCT pid, ward, cost > 90 AS dear FROM visits) GROUP BY ward",
    ),
    (
        visits.drop("day", "cost").unique().group_by("ward").agg(n=count()),
        "SELECT ward, COUNT(*) AS n FROM (SELECT DISTINCT pid, ward FROM visits) GROUP BY ward",
    ),
    (
        visits.select(what=ward).concat(members.select(what=gender)).group_by("what").agg(n=count()),
        "SELECT what, COUNT(*) AS n FROM (SELECT pid, ward AS what FROM visits UNION ALL SELECT id, gender FROM members) GROUP BY what",
    ),
    (
        visits.select(what=ward).concat(members.select(what=gender), members.select(what=region)).unique().group_by("what").agg(n=count()),
        """SELECT what, COUNT(*) AS n FROM (SELECT pid, ward AS what FROM visits UNION ALL SELECT id, gender FROM members
        UNION SELECT id, region FROM members) GROUP BY what""",
    ),
    (
        visits.join(visits.rename({"day": "later", "ward": "then"}), on=day < col("later")).group_by("ward", "then").agg(n=count()),
        "SELECT a.ward, b.ward, COUNT(*) FROM visits a JOIN visits b ON a.pid = b.pid AND a.day < b.day GROUP BY a.ward, b.ward",
    ),
    (
        visits.join("visits", on=col("visits.day") < col("visits_2.day")).agg(n=col("visits_2.cost").sum()),
        "SELECT SUM(b.cost) FROM visits a JOIN visits b ON a.pid = b.pid AND a.day < b.day",
    ),
    (
        visits.join(visits.select("ward", "cost").rename({"cost": "other"}), using=["ward"]).group_by("ward").agg(s=col("other").sum()),
        "SELECT a.ward, SUM(b.cost) FROM visits a JOIN visits b USING (pid, ward) GROUP BY a.ward",
    ),
    (
        visits.semi_join("visits", on=col("visits_2.day") < col("visits.day")).group_by("ward").agg(n=count()),
        "SELECT ward, COUNT(*) FROM visits v WHERE EXISTS (SELECT 1 FROM visits w WHERE w.pid = v.pid AND w.day < v.day) GROUP BY ward",
    ),
    (
        visits.anti_join("visits", on=col("visits_2.day") < col("visits.day")).group_by("ward").agg(n=count()),
        "SELECT ward, COUNT(*) FROM visits v WHERE NOT EXISTS (SELECT 1 FROM visits w WHERE w.pid = v.pid AND w.day < v.day) GROUP BY ward",
    ),
    (
        visits.semi_join("trips", on=col("trips.tapped") > day)
        .join("trips")
        .anti_join("visits", on=col("visits_2.day") < col("visits.day"))
        .agg(n=count()),
        """SELECT COUNT(*) FROM visits v JOIN trips t ON v.pid = t.pid
        WHERE EXISTS (SELECT 1 FROM trips u WHERE u.pid = v.pid AND u.tapped > v.day)
        AND NOT EXISTS (SELECT 1 FROM visits w WHERE w.pid = v.pid AND w.day < v.day)""",
    ),
    (
        visits.group_by("ward").agg(n=count()).order_by(lit(2), "ward"),
        "SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward ORDER BY (2), ward",
    ),
    (
        members.group_by("gender", "region", totals=[("gender",), ("region",), ()]).agg(total=grouping("region"), n=count()),
        "SELECT gender, region, GROUPING(region), COUNT(*) FROM members GROUP BY GROUPING SETS ((gender), (region), ())",
    ),
    (
        trips.group_by("place", "mode", totals=[("place", "mode"), ("place",)]).agg(n=count()),
        "SELECT place, mode, COUNT(*) FROM trips GROUP BY place, ROLLUP (mode)",
    ),
    (
        members.group_by("gender", old=age > 65, totals=[("gender", "old"), ("old",)]).agg(total=grouping(gender), n=members.persons()),
        "SELECT gender, age > 65 AS old, GROUPING(gender), COUNT(DISTINCT id) FROM members GROUP BY GROUPING SETS ((gender, old), (old))",
    ),
    (
        members.agg(quarter=age.quantile(0.25), half=age.median(), most=age.quantile(0.75).filter(gender == "F")),
        "SELECT QUANTILE_CONT(age, 0.25), MEDIAN(age), QUANTILE_CONT(age, 0.75) FILTER (WHERE gender = 'F') FROM members",
    ),
    (
        members.group_by("gender", "region", totals="rollup").agg(n=count()),
        "SELECT gender, region, COUNT(*) FROM members GROUP BY ROLLUP (gender, region)",
    ),
    (
        members.group_by("gender", "region", totals="cube").agg(n=count()),
        "SELECT gender, region, COUNT(*) FROM members GROUP BY CUBE (gender, region)",
    ),
    (
        members.join("visits", how="left").group_by("gender").agg(n=count(), seen=cost.count()),
        "SELECT gender, COUNT(*), COUNT(cost) FROM members LEFT JOIN visits ON id = pid GROUP BY gender",
    ),
    (
        members.join("visits", how="right").group_by("ward").agg(n=age.sum()),
        "SELECT ward, SUM(age) FROM members RIGHT JOIN visits ON id = pid GROUP BY ward",
    ),
    (
        members.join("visits", how="full").group_by("ward").agg(n=age.sum()),
        "SELECT ward, SUM(age) FROM members FULL JOIN visits ON id = pid GROUP BY ward",
    ),
    (
        members.semi_join(visits.filter(ward == "x")).anti_join("trips").agg(n=count()),
        "SELECT COUNT(*) FROM members WHERE id IN (SELECT pid FROM visits WHERE ward = 'x') AND id NOT IN (SELECT pid FROM trips)",
    ),
    (
        members.group_by("gender").agg(north=members.persons().filter(region == "n")),
        "SELECT gender, COUNT(DISTINCT id) FILTER (WHERE region = 'n') FROM members GROUP BY gender",
    ),
    (
        visits.per_person(total=cost.sum(), times=count()).filter(col("total") > 50).group_by("times").agg(mean=col("total").mean()),
        """SELECT times, AVG(t) FROM (SELECT pid, COUNT(*) AS times, SUM(cost) AS t FROM visits GROUP BY pid HAVING SUM(cost) > 50)
        GROUP BY times""",
    ),
]
"""Rows that are put together, and their groups."""

RESULTS: Questions = [
    (
        wards.with_columns(per_visit=col("cost") / n),
        "SELECT ward, COUNT(*) AS n, SUM(cost) AS c, SUM(cost) / COUNT(*) FROM visits GROUP BY ward",
    ),
    (wards.with_columns(n=n * 2), "SELECT ward, COUNT(*) * 2, SUM(cost) FROM visits GROUP BY ward"),
    (wards.select("ward", mean=col("cost") / n), f"SELECT ward, cost / n FROM {WARDS}"),
    (
        members.group_by("gender", "region", totals="rollup").agg(n=count()).with_columns(n=n / 2).sort("n"),
        "SELECT gender, region, COUNT(*) / 2 AS half FROM members GROUP BY ROLLUP (gender, region) ORDER BY half",
    ),
    (
        trips.group_by("place")
        .agg(n=count(), fare=col("fare").sum())
        .with_columns(mean=col("fare") / n)
        .filter(n > 20)
        .sort("mean")
        .head(3),
        "SELECT place, COUNT(*) AS n, SUM(fare) AS s, s / n AS mean FROM trips GROUP BY place HAVING n > 20 ORDER BY mean LIMIT 3",
    ),
    (wards.select("ward", "n"), "SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward"),
    (wards.drop("n"), "SELECT ward, SUM(cost) AS cost FROM visits GROUP BY ward"),
    (wards.rename({"n": "visits"}).filter(col("visits") > 5), f"SELECT ward, n, cost FROM {WARDS} WHERE n > 5"),
    (
        wards.filter(n > 100, col("cost") > 7),
        "SELECT ward, COUNT(*), SUM(cost) FROM visits GROUP BY ward HAVING COUNT(*) > 100 AND SUM(cost) > 7",
    ),
    (
        wards.with_columns(n=n * 3).having(n > 100).order_by("n"),
        f"SELECT * FROM (SELECT ward, n * 3 AS n, cost FROM {WARDS}) WHERE n > 100 ORDER BY n",
    ),
    (
        ages.group_by(age=age // 10).agg(n=n.sum()).having(n.sum() > 9),
        f"SELECT age // 10, SUM(n) FROM {AGES} GROUP BY age // 10 HAVING SUM(n) > 9",
    ),
    (members.group_by(age=-age).agg(n=count()).order_by("age"), "SELECT -age AS a, COUNT(*) FROM members GROUP BY a ORDER BY a"),
    (members.group_by(age=-age - 1).agg(n=count()).sort("age"), "SELECT -age - 1 AS a, COUNT(*) FROM members GROUP BY a ORDER BY a"),
    (wards.having(count() > 100), "SELECT ward, COUNT(*), SUM(cost) FROM visits GROUP BY ward HAVING COUNT(*) > 100"),
    (wards.sort("cost", n.desc()), "SELECT ward, COUNT(*), SUM(cost) FROM visits GROUP BY ward ORDER BY SUM(cost), COUNT(*) DESC"),
    (
        wards.order_by("cost", "n", descending=[True, False]),
        "SELECT ward, COUNT(*), SUM(cost) FROM visits GROUP BY ward ORDER BY 3 DESC, 2",
    ),
    (
        wards.sort("n", descending=True).limit(2, offset=1),
        "SELECT ward, COUNT(*), SUM(cost) FROM visits GROUP BY ward ORDER BY 2 DESC LIMIT 2 OFFSET 1",
    ),
    (wards.head(2), "SELECT ward, COUNT(*), SUM(cost) FROM visits GROUP BY ward LIMIT 2"),
    (wards.agg(usual=n.mean(), most=n.max()), f"SELECT AVG(n) AS usual, MAX(n) AS most FROM {WARDS}"),
    (
        ages.filter(age < 30).group_by("gender").agg(young=n.sum()).having(n.sum() > 10),
        f"SELECT gender, SUM(n) AS young FROM {AGES} WHERE age < 30 GROUP BY gender HAVING SUM(n) > 10",
    ),
    (
        ages.group_by(decade=age // 10).agg(groups=count(), least=n.min(), few=count_if(n < 5), sure=n.sum().filter(n > 5)),
        f"""SELECT age // 10 AS decade, COUNT(*), MIN(n), COUNT_IF(n < 5), SUM(n) FILTER (WHERE n > 5) FROM {AGES} GROUP BY decade""",
    ),
    (wards.with_columns(share=n * 100 / n.sum().over()), f"SELECT *, n * 100 / SUM(n) OVER () FROM {WARDS}"),
    (
        visits.group_by("ward").agg(share=count() * 100 / count().sum().over()),
        "SELECT ward, COUNT(*) * 100 / SUM(COUNT(*)) OVER () FROM visits GROUP BY ward",
    ),
    (
        ages.with_columns(up_to=n.sum().over("gender", order_by="age"), step=n - n.shift().over("gender", order_by="age")),
        f"""SELECT *, SUM(n) OVER (PARTITION BY gender ORDER BY age), n - LAG(n) OVER (PARTITION BY gender ORDER BY age) FROM {AGES}""",
    ),
    (
        ages.filter(row_number().over("gender", order_by="n", descending=True) <= 3).filter(n > 4).sort("gender"),
        f"""SELECT gender, age, n FROM (SELECT * FROM {AGES} QUALIFY ROW_NUMBER() OVER (PARTITION BY gender ORDER BY n DESC) <= 3)
        WHERE n > 4 ORDER BY gender""",
    ),
    (
        ages.filter(n > 4).filter(row_number().over(order_by="n") <= 3),
        f"SELECT * FROM {AGES} WHERE n > 4 QUALIFY ROW_NUMBER() OVER (ORDER BY n) <= 3",
    ),
    (wards.with_columns(p=rank().over(order_by=n.desc())), f"SELECT *, RANK() OVER (ORDER BY n DESC) FROM {WARDS}"),
    (wards.with_columns(p=dense_rank().over(order_by="n")), f"SELECT *, DENSE_RANK() OVER (ORDER BY n) FROM {WARDS}"),
    (wards.with_columns(p=percent_rank().over(order_by="n")), f"SELECT *, PERCENT_RANK() OVER (ORDER BY n) FROM {WARDS}"),
    (wards.with_columns(p=cume_dist().over(order_by="n")), f"SELECT *, CUME_DIST() OVER (ORDER BY n) FROM {WARDS}"),
    (wards.with_columns(p=ntile(2).over(order_by="n")), f"SELECT *, NTILE(2) OVER (ORDER BY n) FROM {WARDS}"),
    (wards.with_columns(p=n.nth(2).over(order_by="ward")), f"SELECT *, NTH_VALUE(n, 2) OVER (ORDER BY ward) FROM {WARDS}"),
    (wards.with_columns(p=n.first().over(order_by="ward")), f"SELECT *, FIRST_VALUE(n) OVER (ORDER BY ward) FROM {WARDS}"),
    (wards.with_columns(p=n.last().over()), f"SELECT *, LAST_VALUE(n) OVER () FROM {WARDS}"),
    (wards.with_columns(p=n.shift(-2, 0).over(order_by="ward")), f"SELECT *, LEAD(n, 2, 0) OVER (ORDER BY ward) FROM {WARDS}"),
    (wards.with_columns(p=n.sum().filter(n > 3).over()), f"SELECT *, SUM(n) FILTER (WHERE n > 3) OVER () FROM {WARDS}"),
    (
        ages.with_columns(smooth=n.mean().over(order_by="age", rows=(-2, 2))),
        f"SELECT *, AVG(n) OVER (ORDER BY age ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING) FROM {AGES}",
    ),
    (
        ages.with_columns(rest=n.sum().over(order_by="age", peers=(0, None))),
        f"SELECT *, SUM(n) OVER (ORDER BY age RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM {AGES}",
    ),
    (wards.with_columns(f=n.log(), g=n.log(10), h=n.log(2)), f"SELECT *, LN(n), LOG10(n), LOG2(n) FROM {WARDS}"),
    (
        wards.with_columns(f=n**2, g=n.pow(0.5), h=2**n, e=(n / 100).exp()),
        f"SELECT *, POWER(n, 2), POWER(n, 0.5), POWER(2, n), EXP(n / 100) FROM {WARDS}",
    ),
    (
        wards.with_columns(f=n.cbrt(), g=n.degrees(), h=n.radians(), i=n * pi()),
        f"SELECT *, CBRT(n), DEGREES(n), RADIANS(n), n * PI() FROM {WARDS}",
    ),
    (wards.with_columns(f=n.cast(float), g=(n * 2).cast("hugeint")), f"SELECT *, CAST(n AS DOUBLE), CAST(n * 2 AS HUGEINT) FROM {WARDS}"),
    (
        wards.with_columns(f=n.sqrt().round(2), g=(n // 10) % 3, h=n.clip(0), i=n.width_bucket(0, 1000, 5)),
        f"""SELECT *, ROUND(SQRT(n), 2), (n // 10) % 3, CASE WHEN n IS NULL THEN NULL ELSE GREATEST(n, 0) END, WIDTH_BUCKET(n, 0, 1000, 5)
        FROM {WARDS}""",
    ),
    (
        wards.with_columns(label=concat_str(ward.str.upper(), ": ", n)).filter(ward.str.contains("x")),
        f"SELECT * FROM (SELECT *, UPPER(ward) || ': ' || n FROM {WARDS}) WHERE CONTAINS(ward, 'x')",
    ),
    (
        trips.group_by(day=tapped.dt.date()).agg(n=count()).select("n", month=day.dt.month(), due=day.dt.offset_by(1, "week")),
        """SELECT n, MONTH(day), day + INTERVAL 1 WEEK FROM (SELECT CAST(tapped AS DATE) AS day, COUNT(*) AS n FROM trips GROUP BY day)""",
    ),
]
"""What is said of tables, after the noise."""
