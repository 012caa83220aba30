"""A question that is built is the question that is written: both have one plan."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest

from stillroom.client.expressions import Expression, Value, col, count, of, param, when
from stillroom.client.lazy_question import LazyQuestion
from stillroom.client.rows import Rows
from stillroom.errors import Code, InvalidInput, StillroomError
from stillroom.model.codec import digest_of
from stillroom.model.question import Question, Terms
from stillroom.query.compile import compile_question
from tests.world import contract

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.model.price import Compiled
    from stillroom.model.question import Parameter, Term


class Asked:
    """What a session is to a builder: a contract, and a place to ask."""

    contract = contract()

    def __init__(self) -> None:
        """Start with nothing asked."""
        self.heard: list[tuple[str, str, dict[str, Any]]] = []

    def ask(self, sql: str, *, parameters: Any = None, dialect: Any = None, **terms: Term) -> Any:  # noqa: ANN401  nothing is made of it
        """Take note of a question."""
        assert parameters is dialect is None
        self.heard.append(("ask", sql, terms))

    def price(self, sql: str, *, parameters: Any = None, dialect: Any = None, **terms: Term) -> Any:  # noqa: ANN401  nothing is made of it
        """Take note of a question."""
        assert parameters is dialect is None
        self.heard.append(("price", sql, terms))


class Room(Asked):
    """One that takes note of the values of parameters."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self.given: list[Any] = []

    def ask(self, sql: str, *, parameters: Any = None, dialect: Any = None, **terms: Term) -> Any:  # noqa: ANN401  nothing is made of it
        """Take note of values."""
        self.given.append(parameters)
        super().ask(sql, dialect=dialect, **terms)


def table(name: str, session: Asked | None = None) -> Rows:
    return Rows.of_dataset(session or Asked(), name)


def compiled(sql: str) -> Compiled:
    question = Question(contract=digest_of(contract()), sql=sql, terms=Terms(epsilon=1.0), asked_by="insurer")
    return compile_question(contract(), question)


VISITS = table("visits")
BOTH = table("members").join("visits")
NUMBER = "ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen DESC, ward)"
BAND = "CASE WHEN age < 30 THEN 'young' WHEN age < 60 THEN 'middle' ELSE 'old' END"
TARIFFS = "('basic', 'it''s')"

BUILT: list[tuple[Callable[[], LazyQuestion], str]] = [
    (lambda: table("members").agg(n=count()), "SELECT COUNT(*) AS n FROM members"),
    (
        lambda: (
            table("visits").group_by("ward").agg(n=count(), who=table("visits").persons(), cost=col("cost").sum(), mean=col("cost").mean())
        ),
        "SELECT ward, COUNT(*) AS n, COUNT(DISTINCT patient) AS who, SUM(cost) AS cost, AVG(cost) AS mean FROM visits GROUP BY ward",
    ),
    (
        lambda: table("visits").group_by("ward").agg(grades=col("severity").n_unique(), who=col("patient").n_unique()),
        "SELECT ward, COUNT(DISTINCT severity) AS grades, COUNT(DISTINCT patient) AS who FROM visits GROUP BY ward",
    ),
    (
        lambda: table("members").agg(
            middle=col("age").median(), high=col("age").quantile(0.9), low=col("age").min(), most=col("age").max()
        ),
        "SELECT MEDIAN(age) AS middle, QUANTILE_CONT(age, 0.9) AS high, MIN(age) AS low, MAX(age) AS most FROM members",
    ),
    (
        lambda: (
            table("members").join("visits").filter(col("age") >= 30, col("urgent") | (col("cost") < 9.5)).group_by("tariff").agg(n=count())
        ),
        "SELECT tariff, COUNT(*) AS n FROM members JOIN visits ON member = patient WHERE age >= 30 AND (urgent OR cost < 9.5) GROUP BY 1",
    ),
    (
        lambda: table("members").join("outcomes", how="left").group_by("arm").agg(n=count(), gain=col("delta").mean()),
        "SELECT arm, COUNT(*) AS n, AVG(delta) AS gain FROM members LEFT JOIN outcomes ON member = patient GROUP BY arm",
    ),
    (
        lambda: table("members").join("visits", how="full").agg(n=count(), known=col("members.member").count()),
        "SELECT COUNT(*) AS n, COUNT(member) AS known FROM members FULL JOIN visits ON member = patient",
    ),
    (
        lambda: table("members").filter(col("age") > 30).join("visits", how="right").agg(n=count()),
        "SELECT COUNT(*) AS n FROM (SELECT member, age FROM members WHERE age > 30) m RIGHT JOIN visits ON member = patient",
    ),
    (
        lambda: table("members").semi_join("outcomes").join("visits", how="full").agg(n=count()),
        """SELECT COUNT(*) AS n FROM (SELECT member FROM members WHERE member IN (SELECT patient FROM outcomes)) m
        FULL JOIN visits ON member = patient""",
    ),
    (
        lambda: table("members").filter(col("region") == "north").join("visits").agg(n=count()),
        "SELECT COUNT(*) AS n FROM members m JOIN visits ON member = patient WHERE m.region = 'north'",
    ),
    (
        lambda: table("members").filter(-col("age") < -of(-30)).agg(n=count()),
        "SELECT COUNT(*) AS n FROM members WHERE -age < 30",
    ),
    (
        lambda: table("members").join("visits", col("members.region") == col("visits.region"), how="right").agg(n=count()),
        "SELECT COUNT(*) AS n FROM members m RIGHT JOIN visits v ON member = patient AND m.region = v.region",
    ),
    (
        lambda: table("members").join("outcomes").join("visits").group_by("arm", "ward").agg(cost=col("cost").sum()),
        "SELECT arm, ward, SUM(cost) FROM members JOIN outcomes o ON member = o.patient JOIN visits v ON member = v.patient GROUP BY 1, 2",
    ),
    (
        lambda: (
            table("members").join(table("visits").per_person(times=count(), worst=col("severity").max())).group_by("times").agg(n=count())
        ),
        "SELECT k, COUNT(*) FROM members JOIN (SELECT patient AS p, COUNT(*) AS k FROM visits GROUP BY patient) ON member = p GROUP BY k",
    ),
    (
        lambda: (
            table("visits").per_person(usual=col("cost").median(), dear=col("cost").quantile(0.9)).agg(s=(col("dear") - col("usual")).sum())
        ),
        "SELECT SUM(d - u) AS s FROM (SELECT patient, MEDIAN(cost) AS u, QUANTILE_CONT(cost, 0.9) AS d FROM visits GROUP BY patient)",
    ),
    (
        lambda: table("visits").per_person(wards=col("ward").n_unique()).group_by("wards").agg(n=count()),
        "SELECT k, COUNT(*) AS n FROM (SELECT patient, COUNT(DISTINCT ward) AS k FROM visits GROUP BY patient) GROUP BY k",
    ),
    (
        lambda: table("visits").per_person("ward", spent=col("cost").sum()).group_by("ward").agg(total=col("spent").sum()),
        "SELECT ward, SUM(spent) AS total FROM (SELECT patient, ward, SUM(cost) AS spent FROM visits GROUP BY patient, ward) GROUP BY ward",
    ),
    (
        lambda: table("visits").join(table("visits").filter(col("urgent"))).agg(n=count()),
        "SELECT COUNT(*) AS n FROM visits a JOIN (SELECT patient FROM visits WHERE urgent) b ON a.patient = b.patient",
    ),
    (
        lambda: table("members").semi_join(table("visits").filter(col("ward") == "er")).group_by("region").agg(n=count()),
        "SELECT region, COUNT(*) AS n FROM members WHERE member IN (SELECT patient FROM visits WHERE ward = 'er') GROUP BY region",
    ),
    (
        lambda: table("members").anti_join("visits").agg(n=count()),
        "SELECT COUNT(*) AS n FROM members WHERE member NOT IN (SELECT patient FROM visits)",
    ),
    (
        lambda: table("visits").first_by(col("seen").desc(), col("ward")).group_by("ward").agg(n=count()),
        f"SELECT ward, COUNT(*) AS n FROM (SELECT patient, ward FROM visits QUALIFY {NUMBER} = 1) GROUP BY ward",
    ),
    (
        lambda: table("visits").join("regions").group_by("size").agg(n=count()),
        "SELECT size, COUNT(*) AS n FROM visits JOIN regions USING (region) GROUP BY size",
    ),
    (
        lambda: table("visits").join("regions", using=["region"], how="left").group_by("size").agg(n=count()),
        "SELECT size, COUNT(*) AS n FROM visits LEFT JOIN regions USING (region) GROUP BY size",
    ),
    (
        lambda: table("visits").join("codes", col("visits.code") == col("codes.code"), how="left").group_by("chapter").agg(n=count()),
        "SELECT chapter, COUNT(*) AS n FROM visits v LEFT JOIN codes c ON v.code = c.code GROUP BY chapter",
    ),
    (
        lambda: table("members").with_columns(double=col("age") * 2 - 1).filter(col("double") > 50).agg(s=col("double").sum()),
        "SELECT SUM(d) AS s FROM (SELECT age * 2 - 1 AS d FROM members) WHERE d > 50",
    ),
    (
        lambda: table("members").group_by("tariff", "smoker", totals="cube").agg(n=count()),
        "SELECT tariff, smoker, COUNT(*) AS n FROM members GROUP BY CUBE (tariff, smoker)",
    ),
    (
        lambda: table("members").group_by("tariff", "smoker", totals="rollup").agg(n=count()),
        "SELECT tariff, smoker, COUNT(*) AS n FROM members GROUP BY ROLLUP (tariff, smoker)",
    ),
    (
        lambda: (
            table("members")
            .group_by(band=when(col("age") < 30, "young").when(col("age") < 60, "middle").otherwise("old"))
            .agg(n=count())
            .having(count() > 3, count() < 10**6)
            .order_by(count().desc(), "band")
            .limit(2)
        ),
        f"SELECT {BAND} AS band, COUNT(*) AS n FROM members GROUP BY 1 HAVING n > 3 AND n < 1000000 ORDER BY n DESC, band LIMIT 2",
    ),
    (
        lambda: (
            table("members")
            .filter(~col("name").like("a%"), col("age").between(20, 60) | col("age").is_null(), col("tariff").is_in(["basic", "it's"]))
            .agg(n=count())
        ),
        f"SELECT COUNT(*) FROM members WHERE NOT name LIKE 'a%' AND (age BETWEEN 20 AND 60 OR age IS NULL) AND tariff IN {TARIFFS}",
    ),
    (
        lambda: table("members").filter(col("since") < datetime.date(2020, 2, 1), col("tariff") != None).agg(n=(1 - col("age") / 2).sum()),  # noqa: E711
        "SELECT SUM(1 - age / 2) AS n FROM members WHERE since < DATE '2020-02-01' AND NOT tariff IS NULL",
    ),
]


@pytest.mark.parametrize(("built", "written"), BUILT, ids=[written for _, written in BUILT])
def test_what_is_built_has_the_plan_of_what_is_written(built: Callable[[], LazyQuestion], written: str) -> None:
    own, other = compiled(built().sql), compiled(written)
    assert digest_of(own.plan) == digest_of(other.plan), built().sql


def test_headings_are_the_names_that_were_given() -> None:
    question = table("visits").group_by("ward", bad=col("severity") > 3).agg(n=count(), **{"the cost": col("cost").sum()})
    assert compiled(question.sql).headings == ("ward", "bad", "n", "the cost")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "TRUE"),
        (None, "NULL"),
        (-3, "-3"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (Decimal("1E+3"), "1000"),
        ("it's", "'it''s'"),
        (datetime.date(2024, 2, 29), "DATE '2024-02-29'"),
        (datetime.datetime(2024, 2, 29, 8, 15), "TIMESTAMP '2024-02-29 08:15:00'"),  # noqa: DTZ001 - questions have no time zone
    ],
)
def test_constants_are_written_as_sql_reads_them(value: Value, text: str) -> None:
    assert of(value).sql == text


@pytest.mark.parametrize("value", [b"x", [1], datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC), object(), 1j])
def test_other_constants_are_refused(value: Any) -> None:  # noqa: ANN401  that is the point
    with pytest.raises(InvalidInput) as refused:
        of(value)
    assert refused.value.code is Code.SQL_INVALID


def test_numbers_without_end_are_refused() -> None:
    for value in (float("nan"), float("inf"), Decimal("-Infinity"), Decimal("sNaN"), Decimal("1E+999999"), 10**5000, 1e-200):
        with pytest.raises(InvalidInput) as refused:
            of(value)
        assert refused.value.code is Code.NUMBER_TOO_LARGE


def test_wrong_use_is_named() -> None:
    rows, text, number, any_ = table("members"), cast("Any", "age > 3"), cast("Any", 3), cast("Any", col("age"))
    wrong: list[tuple[Callable[[], object], str]] = [
        (lambda: rows.filter(text), "type str"),
        (lambda: rows.agg(n=text), "type str"),
        (lambda: rows.per_person(n=number), "type int"),
        (lambda: rows.group_by(any_), "named by text"),
        (lambda: rows.group_by("age", totals=text), "'age > 3'"),
        (lambda: rows.join("visits", how=text), "'age > 3'"),
        (lambda: rows.join("visits", on=text), "type str"),
        (lambda: rows.join("regions", on=text), "type str"),
        (lambda: rows.join("regions", using=text), "list of names"),
        (lambda: rows.join("regions", on=any_ == 3, using=["region"]), "by `using` or by `on`"),
        (lambda: rows.agg(n=count()).having(number), "type int"),
        (lambda: rows.agg(n=count()).order_by(number), "type int"),
        (lambda: when(text, 1), "type str"),
    ]
    for build, about in wrong:
        with pytest.raises(InvalidInput, match=about) as refused:
            build()
        assert refused.value.code is Code.SQL_INVALID


def test_text_is_never_a_column_nor_sql() -> None:
    hostile = "' OR 1 = 1; DROP TABLE members; --"
    question = table("members").filter(col("name") == hostile).agg(n=count())
    assert compiled(question.sql).plan.cells == 1
    with pytest.raises(StillroomError) as refused:
        compiled(table("members").filter(col('age" = 1 OR "age') == 1).agg(n=count()).sql)
    assert refused.value.code is Code.COLUMN_UNKNOWN


def test_a_constant_is_no_place_of_a_column() -> None:
    with pytest.raises(StillroomError) as refused:
        compiled(table("visits").group_by("ward", one=of(1)).agg(n=count()).sql)
    assert refused.value.code is Code.EXPRESSION_NOT_ALLOWED


def test_python_does_not_decide_what_the_room_should() -> None:
    age = col("age")
    for decide in (lambda: bool(age > 3), lambda: 3 < age < 5, lambda: age > 3 and age < 5, lambda: not age):
        with pytest.raises(InvalidInput, match="Use & for AND"):
            decide()


def test_columns_are_attributes_that_notebooks_complete() -> None:
    visits = table("visits")
    assert isinstance(visits.ward, Expression)
    assert visits.ward.sql == col("ward").sql
    assert {"ward", "cost", "join", "group_by"} <= set(dir(visits))
    assert "staff" not in dir(visits)
    with pytest.raises(AttributeError, match="There is no column 'wards'"):
        _ = visits.wards
    joined = visits.join("members")
    assert "region" not in joined.names
    assert {"ward", "tariff"} <= set(joined.names)


def test_datasets_that_are_not_there_are_named() -> None:
    for name in ("patients", "regions"):
        with pytest.raises(InvalidInput) as refused:
            table(name)
        assert refused.value.code is Code.DATASET_UNKNOWN


def test_parameters_have_their_values_where_a_question_is_asked() -> None:
    question = table("visits").filter(col("ward") == param("where"), col("cost") > param("least")).agg(n=count())
    values: dict[str, Parameter] = {"where": "it's :least", "least": 3}
    asked = Question(contract=digest_of(contract()), sql=question.sql, parameters=values, terms=Terms(epsilon=1.0), asked_by="insurer")
    written = compiled("SELECT COUNT(*) AS n FROM visits WHERE ward = 'it''s :least' AND cost > 3")
    assert digest_of(compile_question(contract(), asked).plan) == digest_of(written.plan)
    room = Room()
    LazyQuestion(room, question.columns, question.source).ask(parameters=values, epsilon=1.0)
    assert room.given == [values]


@pytest.mark.parametrize("name", ["", "Ward", "ward; DROP", "ward ", "1", "ward\n"])
def test_names_of_parameters_are_plain(name: str) -> None:
    with pytest.raises(InvalidInput, match="name of a parameter"):
        param(name)


def test_a_question_is_asked_where_it_was_begun_and_not_before() -> None:
    session = Asked()
    question = table("members", session).group_by("region").agg(n=count())
    assert session.heard == []
    question.price(epsilon=1.0)
    question.ask(error=5.0, pure=True)
    assert session.heard == [("price", question.sql, {"epsilon": 1.0}), ("ask", question.sql, {"error": 5.0, "pure": True})]
