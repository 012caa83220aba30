"""What one person adds through groups of the person's rows is bounded as closely as the contract proves, and no closer."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from stillroom.client.verification.bounds import check_bounds
from stillroom.client.verification.outcome import Broken
from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract
from stillroom.model.question import Question, Terms
from stillroom.query.compile import compile_question
from stillroom.query.protected import protected
from tests.questions import CONTRACT

if TYPE_CHECKING:
    from stillroom.model.plan import Plan

VISITS = {
    "ward": {"type": "text", "uses": ["group", "filter", "measure"], "values": ["x", "y", "z"], "required": True},
    "urgent": {"type": "boolean", "uses": ["group", "filter"]},
    "day": {"type": "date", "uses": ["group", "filter"], "bounds": ["2020-01-01", "2025-12-31"]},
    "cost": {"type": "integer", "uses": ["group", "filter", "measure"], "bounds": [0, 100]},
    "dose": {"type": "integer", "uses": ["group", "filter", "measure"], "bounds": [5, 10]},
    "change": {"type": "integer", "uses": ["filter", "measure"], "bounds": [-50, 100]},
    "fee": {"type": "integer", "uses": ["measure"], "bounds": [0, 100], "total": [0, 300]},
}
ROTA = {
    "kind": "public",
    "owner": "b",
    "digest": "sha256:" + "0" * 64,
    "key": ["ward"],
    "rows_per_key": 2,
    "columns": {
        "ward": {"type": "text", "values": ["x", "y", "z"], "required": True},
        "shift": {"type": "text", "values": ["early", "late"]},
    },
}


@cache
def agreed() -> Contract:
    """Return the small contract, with twenty visits a person, of which more is known, and a public table."""
    known = CONTRACT.to_json()
    known["datasets"]["visits"] |= {"rows_per_person": 20, "columns": VISITS}
    known["datasets"]["trips"]["columns"]["mode"]["uses"] = ["group", "filter"]
    known["datasets"]["rota"] = ROTA
    return Contract.model_validate(known, strict=False)


def plan_of(sql: str) -> Plan:
    asked = Question(contract=digest_of(agreed()), sql=sql, terms=Terms(epsilon=1.0), asked_by="a")
    return compile_question(agreed(), asked).plan


def moved(plan: Plan) -> object:
    """Return how far one person moves each measure, and what noise that takes."""
    noises = [[one.mechanism.scale for one in strategy] for strategy in plan.strategies]
    return [one[2:] for one in protected(plan)], noises


def groups(key: str, total: str) -> str:
    return f"(SELECT pid, {key}, {total} FROM visits GROUP BY pid, {key})"


SAME = [
    (f"SELECT ward, SUM(n) FROM {groups('ward', 'COUNT(*) n')} GROUP BY ward", "SELECT ward, COUNT(*) FROM visits GROUP BY ward"),
    (f"SELECT ward, SUM(t) FROM {groups('ward', 'SUM(cost) t')} GROUP BY ward", "SELECT ward, SUM(cost) FROM visits GROUP BY ward"),
    (f"SELECT ward, SUM(t) FROM {groups('ward', 'SUM(change) t')} GROUP BY ward", "SELECT ward, SUM(change) FROM visits GROUP BY ward"),
    (f"SELECT ward, SUM(t) FROM {groups('ward, day', 'SUM(fee) t')} GROUP BY ward", "SELECT ward, SUM(fee) FROM visits GROUP BY ward"),
    (f"SELECT SUM(n) FROM {groups('day', 'COUNT(cost) n')}", "SELECT COUNT(cost) FROM visits"),
    (f"SELECT SUM(t) FROM {groups('day', 'SUM(change) t')} WHERE t * 1 > 0", "SELECT SUM(change) FROM visits"),
    (f"SELECT SUM(t) FROM {groups('day', 'SUM(change) t')} WHERE t > 0", "SELECT SUM(change) FROM visits WHERE change > 0"),
    (f"SELECT SUM(t) FILTER (WHERE t < 9) FROM {groups('day', 'SUM(change) t')}", "SELECT SUM(change) FROM visits"),
    (f"SELECT SUM(IF(urgent, t, 0)) FROM {groups('urgent, day', 'SUM(cost) t')}", "SELECT SUM(cost) FROM visits"),
    (f"SELECT SUM(m) FROM {groups('day', 'MAX(change) m')}", "SELECT SUM(change) FROM visits"),
    (f"SELECT SUM(m) FROM {groups('day', 'MIN(dose) m')}", "SELECT SUM(dose) FROM visits"),
    (f"SELECT SUM(n) FROM {groups('day', 'COUNT(DISTINCT ward) n')}", "SELECT COUNT(*) FROM visits"),
    (f"SELECT SUM(s) FROM (SELECT pid, SUM(n) s FROM {groups('day', 'COUNT(*) n')} GROUP BY pid)", "SELECT COUNT(*) FROM visits"),
    (f"SELECT gender, SUM(n) FROM members JOIN {groups('day', 'COUNT(*) n')} ON id = pid GROUP BY gender",
     "SELECT gender, COUNT(*) FROM members JOIN visits ON id = pid GROUP BY gender"),
    (f"SELECT SUM(n) FROM {groups('ward', 'COUNT(*) n')} g JOIN rota r ON g.ward = r.ward",
     "SELECT COUNT(*) FROM visits v JOIN rota r ON v.ward = r.ward"),
    (f"SELECT SUM(n) FROM {groups('day', 'COUNT(*) n')} g JOIN trips t ON g.pid = t.pid",
     "SELECT COUNT(*) FROM visits v JOIN trips t ON v.pid = t.pid"),
    ("SELECT ward, COUNT(*) FROM (SELECT DISTINCT pid, ward FROM visits) GROUP BY ward",
     "SELECT ward, COUNT(DISTINCT pid) FROM visits GROUP BY ward"),
    ("WITH w AS (SELECT DISTINCT pid, ward FROM visits) SELECT ward, COUNT(*) FROM w GROUP BY ward",
     "SELECT ward, COUNT(DISTINCT pid) FROM visits GROUP BY ward"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "plain"), SAME)
def test_totals_of_groups_have_the_noise_of_their_rows(sql: str, plain: str) -> None:
    assert moved(plan_of(sql)) == moved(plan_of(plain))


WARDS = "(SELECT DISTINCT pid, ward FROM visits)"
MODES = "(SELECT DISTINCT pid, mode FROM trips)"
BOTH = "(SELECT DISTINCT pid, ward, urgent FROM visits)"
URGENT = "(SELECT DISTINCT pid, urgent FROM visits)"
RATED = groups("ward", "AVG(cost) a")
BOUNDS = [
    (f"SELECT ward, COUNT(*) FROM {WARDS} GROUP BY ward", 3, 1),
    (f"SELECT COUNT(*) FROM {WARDS}", 3, 3),
    (f"SELECT COUNT(*) FROM {URGENT}", 3, 3),
    (f"SELECT ward, COUNT(*) FROM {WARDS} WHERE ward <> 'x' GROUP BY ward", 3, 1),
    (f"SELECT ward, COUNT(*) FROM {BOTH} GROUP BY ward", 9, 3),
    (f"SELECT urgent, COUNT(*) FROM {BOTH} GROUP BY urgent", 9, 3),
    ("SELECT ward, COUNT(*) FROM (SELECT DISTINCT pid, ward, day FROM visits) GROUP BY ward", 20, 20),
    ("SELECT ward || '', COUNT(*) FROM (SELECT DISTINCT pid, ward FROM visits) GROUP BY 1", 3, 3),
    (f"SELECT ward, COUNT(*) FROM (SELECT pid, ward FROM {WARDS} UNION ALL SELECT pid, ward FROM {WARDS}) GROUP BY ward", 6, 6),
    (f"SELECT ward, COUNT(*) FROM (SELECT pid, ward FROM {WARDS} UNION SELECT pid, ward FROM visits) GROUP BY ward", 23, 1),
    (f"SELECT ward, COUNT(*) FROM {WARDS} w JOIN {MODES} m ON w.pid = m.pid GROUP BY ward", 6, 2),
    (f"SELECT mode, COUNT(*) FROM {WARDS} w JOIN {MODES} m ON w.pid = m.pid GROUP BY mode", 6, 3),
    (f"SELECT mode, ward, COUNT(*) FROM {WARDS} w JOIN {MODES} m ON w.pid = m.pid GROUP BY mode, ward", 6, 1),
    (f"SELECT ward, COUNT(*) FROM {WARDS} w JOIN trips t ON w.pid = t.pid GROUP BY ward", 9, 9),
    (f"SELECT ward, COUNT(*) FROM members JOIN {WARDS} w ON id = w.pid GROUP BY ward", 3, 1),
    (f"SELECT ward, COUNT(*) FROM members LEFT JOIN {WARDS} w ON id = w.pid GROUP BY ward", 3, 1),
    (f"SELECT ward, COUNT(*) FROM members FULL JOIN {WARDS} w ON id = w.pid GROUP BY ward", 3, 1),
    (f"SELECT ward, COUNT(*) FROM {MODES} m LEFT JOIN {WARDS} w ON m.pid = w.pid AND ward < mode GROUP BY ward", 6, 2),
    (f"SELECT ward, COUNT(*) FROM {MODES} m FULL JOIN {WARDS} w ON m.pid = w.pid AND ward < mode GROUP BY ward", 6, 6),
    (f"SELECT COUNT(*) FROM (SELECT DISTINCT m.pid AS p, ward FROM {MODES} m LEFT JOIN {WARDS} w ON m.pid = w.pid AND ward < mode)", 4, 4),
    (f"SELECT w.ward, COUNT(*) FROM {WARDS} w JOIN rota r ON w.ward = r.ward GROUP BY w.ward", 6, 6),
    ("SELECT b, COUNT(*) FROM (SELECT DISTINCT pid, ward AS a, ward AS b FROM visits) GROUP BY b", 3, 1),
    ("SELECT b, COUNT(*) FROM (SELECT pid, cost + 1 AS a, 1 + cost AS b FROM visits GROUP BY pid, a, b) GROUP BY b", 20, 1),
    (f"SELECT ward, COUNT(DISTINCT a) FROM {RATED} GROUP BY ward", 3, 3),
    (f"SELECT ward, COUNT(*) FROM (SELECT pid, ward, ROW_NUMBER() OVER (PARTITION BY pid) r FROM {WARDS}) WHERE r < 3 GROUP BY ward", 2, 1),
    (f"SELECT n, COUNT(*) FROM (SELECT pid, COUNT(*) n FROM {BOTH} GROUP BY pid, ward) GROUP BY n", 3, 3),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows", "most"), BOUNDS)
def test_groups_of_a_person_are_no_more_than_keys_tell_apart(sql: str, rows: int, most: int) -> None:
    """What the verifier derives is the same, or closer: it takes the plan, and none with less where nothing enforces it."""
    plan = plan_of(sql)
    assert (plan.bounds.rows, plan.measures[0].high) == (rows, most)
    check_bounds(plan, agreed())
    with pytest.raises(Broken, match=r"rows of one person|cells of one person|distinct values"):
        check_bounds(plan.model_copy(update={"bounds": plan.bounds.model_copy(update={"rows": rows - 1})}), agreed())


SPANS = [
    ("SELECT AVG(a) FROM (SELECT pid, AVG(cost) a FROM visits GROUP BY pid)", 0, 100_000_000),
    ("SELECT AVG(a) FROM (SELECT pid, AVG(change) a FROM visits GROUP BY pid)", -50_000_000, 100_000_000),
    ("SELECT SUM(a) FROM (SELECT pid, AVG(dose) a FROM visits GROUP BY pid)", 0, 10_000_000),
    ("SELECT SUM(a) FROM (SELECT pid, AVG(dose) FILTER (WHERE urgent) a FROM visits GROUP BY pid)", 0, 10_000_000),
    ("SELECT SUM(a) FROM (SELECT pid, ROW_NUMBER() OVER (PARTITION BY pid) r, AVG(dose) OVER (PARTITION BY pid) a FROM visits) WHERE r = 1",
     0, 10_000_000),
    (f"SELECT ward, SUM(a) FROM {RATED} GROUP BY ward", 0, 100_000_000),
    ("SELECT SUM(m) FROM (SELECT pid, MEDIAN(dose) m FROM visits GROUP BY pid)", 0, 10_000_000),
    (f"SELECT AVG(t) FROM {groups('ward', 'SUM(dose) t')}", 0, 200),
    (f"SELECT ward, SUM(n) FROM {groups('ward, day', 'COUNT(*) n')} GROUP BY ward", 0, 20),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "low", "high"), SPANS)
def test_averages_lie_between_values(sql: str, low: int, high: int) -> None:
    plan = plan_of(sql)
    assert (plan.measures[0].low, plan.measures[0].high) == (low, high)
    check_bounds(plan, agreed())


def test_an_average_of_a_person_without_values_is_null() -> None:
    """It counts for nothing, and is another value where one is named."""
    counted, every = (plan_of(f"SELECT COUNT({what}) FROM (SELECT pid, AVG(dose) a FROM visits GROUP BY pid)") for what in ("a", "*"))
    assert counted.measures[0].value != every.measures[0].value
    key = plan_of("SELECT FLOOR(a / 10) k, COUNT(*) FROM (SELECT pid, AVG(dose) a FROM visits GROUP BY pid) GROUP BY k").keys[0]
    assert key.domain == (0, 1, None)
    zero = plan_of("SELECT FLOOR(z) k, COUNT(*) FROM (SELECT pid, COALESCE(AVG(dose), 0) z FROM visits GROUP BY pid) GROUP BY k").keys[0]
    assert set(zero.listed) >= {0, 5, 10}


def test_what_nothing_enforces_must_be_proved() -> None:
    """No release states less for what a person adds to all cells, or for the rows of a group that a grid divides."""
    for sql, name in (
        (f"SELECT ward, SUM(t) FROM {groups('ward', 'SUM(change) t')} GROUP BY ward", "total"),
        (f"SELECT ward, MEDIAN(t) FROM {groups('ward, urgent', 'SUM(cost) t')} GROUP BY ward", "high"),
    ):
        plan = plan_of(sql)
        check_bounds(plan, agreed())
        (measure,) = plan.measures
        less = measure.model_copy(update={name: getattr(measure, name) - 1})
        with pytest.raises(Broken, match=r"over all cells|in a group"):
            check_bounds(plan.model_copy(update={"measures": (less,)}), agreed())


def test_totals_that_are_not_known_to_be_less_are_not_in_plans() -> None:
    """The plans of other questions, and of releases that were made before, are written as they were."""
    assert "total" not in plan_of("SELECT ward, SUM(change) FROM visits GROUP BY ward").measures[0].to_json()
    assert plan_of(f"SELECT SUM(t) FROM {groups('ward', 'SUM(change) t')}").measures[0].to_json()["total"] == "2000"


def test_what_nothing_can_remove_is_not_measured() -> None:
    asked = Terms(epsilon=1.0, clamped=True)
    proved = f"SELECT ward, SUM(m) FROM {groups('ward', 'MAX(cost) m')} GROUP BY ward"
    for sql, measures in ((proved, 1), (f"SELECT ward, SUM(t) FROM {groups('ward', 'SUM(fee) t')} GROUP BY ward", 2)):
        question = Question(contract=digest_of(agreed()), sql=sql, terms=asked, asked_by="a")
        assert len(compile_question(agreed(), question).plan.measures) == measures
