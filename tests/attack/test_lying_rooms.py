"""Rooms that lie, and sign their lies: releases and logs with good signatures and digests that do not add up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from stillroom.client.verification import verify
from stillroom.crypto.canonical import canonical
from stillroom.crypto.envelope import seal
from stillroom.room.statement import HOLD_TYPE
from tests.published import Files, files, publish
from tests.rooms import KEYS, OWNERS, SQL, build, contract

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.client.verification import Report

Change: TypeAlias = "Callable[[dict[str, Any]], object]"
Rewrite: TypeAlias = "Callable[[list[dict[str, Any]]], object]"

QUESTION = (
    "SELECT members.age > 40 AS older, COUNT(*), SUM(visits.age), AVG(visits.age) FROM members JOIN visits ON members.id = visits.pid"
    " GROUP BY CUBE (older)"
)
"""Rows: not older, older, and all. Measures: a count, which is the average's too, and a sum."""

YES, NO = True, False
DIGITS = {"value": {"op": "constant", "value": 1, "digits": 0}, "kind": "integer", "digits": 0, "domain": list(range(10))}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Files:
    scene = build(tmp_path_factory.mktemp("room"))
    scene.ask(SQL)
    return files(scene, scene.ask(QUESTION).envelope)


def failed(report: Report) -> dict[int, str]:
    return {step.number: step.detail for step in report.steps if step.failed}


def put(value: object, *path: str | int) -> Change:
    """Return the change that puts a value in a place."""

    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def add(amount: float, *path: str | int) -> Change:
    """Return the change that adds to a number, or to decimal text, in a place."""

    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        known = place[path[-1]]
        place[path[-1]] = str(int(known) + int(amount)) if isinstance(known, str) else known + amount

    return change


def both(*changes: Change) -> Change:
    """Return several changes as one."""
    return lambda document: [change(document) for change in changes]


def scale(factor: float) -> Change:
    """Return the change that makes all noise smaller or larger, wherever it is stated."""

    def change(document: dict[str, Any]) -> None:
        for strategy in document["plan"]["strategies"]:
            for marginal in strategy:
                marginal["mechanism"]["scale"] *= factor
        for stated in (document["noise"], document["disclosure"]["mechanisms"]):
            for noise in stated:
                noise["mechanism"]["scale"] *= factor

    return change


def shift(amount: int, row: int, column: int) -> Change:
    """Return the change that moves a cell together with its interval."""
    return both(*(add(amount, "table", "rows", row, column, end) for end in ("value", "low", "high")))


def stretch(amount: int, row: int, column: int) -> Change:
    """Return the change that moves both ends of an interval outward."""
    return both(add(-amount, "table", "rows", row, column, "low"), add(amount, "table", "rows", row, column, "high"))


def test_what_the_lies_are_about_is_honest(one: Files) -> None:
    report = verify(one.release, one.contract, one.log)
    assert {step.outcome for step in report.steps} == {"passed"}
    again = one.bent(lambda value: value)
    assert failed(verify(again.release, again.contract, again.log)) == {}


def test_no_rows_beyond_all_counting_are_no_rows(one: Files) -> None:
    bent = one.bent(both(put(1e20, "plan", "finish", "offset"), put([], "table", "rows")))
    assert failed(verify(bent.release, bent.contract, bent.log)) == {}


def _reword(value: dict[str, Any], number: int, before: str, after: str) -> None:
    assert before in value["sentences"][number]
    value["sentences"][number] = value["sentences"][number].replace(before, after, 1)


def _narrow_total(value: dict[str, Any]) -> None:
    part, total = value["table"]["rows"][0][1], value["table"]["rows"][2][1]
    half = int(part["high"]) - int(part["value"])
    total.update(low=str(int(total["value"]) - half), high=str(int(total["value"]) + half))


def _noised(value: dict[str, Any]) -> None:
    """State the noise of each marginal of each measure as the plan has it."""
    first = {noise["measure"]: noise for noise in value["noise"]}
    pairs = [(number, marginal) for number, strategy in enumerate(value["plan"]["strategies"]) for marginal in strategy]
    value["noise"] = [{**first[number], **marginal} for number, marginal in pairs]
    value["disclosure"]["mechanisms"] = value["noise"]


def _marginal_twice(value: dict[str, Any]) -> None:
    strategy = value["plan"]["strategies"][0]
    strategy.append(strategy[0])
    _noised(value)


def _relabel(kept: list[int]) -> Change:
    """Return the change that makes the first measure's strategy one marginal of other keys."""

    def change(value: dict[str, Any]) -> None:
        strategy = value["plan"]["strategies"][0]
        value["plan"]["strategies"][0] = [{**strategy[0], "kept": kept}]
        _noised(value)

    return change


LIES: dict[str, tuple[int, Change, str]] = {
    "someone who may not asked": (4, put("hospital", "question", "asked_by"), "hospital may not ask"),
    "a stranger asked": (4, put("stranger", "question", "asked_by"), "stranger may not ask"),
    "a stranger receives": (4, put(["insurer", "stranger"], "receivers"), "insurer, stranger may not receive"),
    "nobody receives": (4, put([], "receivers"), "nobody may not receive"),
    "a receiver twice": (4, put(["insurer", "insurer"], "receivers"), "not listed in order"),
    "after the last day": (4, put(4_102_444_800.0 + 86_400, "released_at"), "expected at most a day after 2099-12-31"),
    "before time": (4, put(-1e300, "released_at"), "released at -1e+300"),
    "between quanta": (4, add(0.5, "released_at"), "no multiple of the contract's quantum"),
    "a version of other data": (4, put({"members": 1}, "versions"), "the release states versions of members, and reads members, visits"),
    "a column that is not there": (4, put(["age", "name"], "plan", "parts", 0, "relation", "columns"), "does not let a question use"),
    "a room without a name": (2, lambda value: value.update(room=value["room"].split()[1]), "the release names no room"),
    "decimal places that are not the plan's": (5, put(3, "noise", 0, "digits"), "the decimal places of the measures"),
    "counts kept from being negative, unasked": (5, put(YES, "plan", "finish", "nonnegative"), "whether counts are kept from being"),
    "counts not kept from being negative, though asked": (5, put(YES, "question", "terms", "nonnegative"), "whether counts are kept from"),
    "a heading that is missing": (5, lambda value: value["table"]["headings"].pop(), "the number of headings: got 3, expected 4"),
    "a heading of another kind": (5, put("text", "table", "headings", 1, "kind"), "what column count holds"),
    "more cells than there can be": (5, lambda value: value["plan"].update(keys=[DIGITS] * 8), "100000000 cells"),
    "another plan's digest": (5, put("sha256:" + "0" * 64, "plan_digest"), "the plan's digest: got sha256:"),
    "a plan of another contract": (5, put("sha256:" + "0" * 64, "plan", "contract"), "the contract of the plan: got sha256:"),
    "a question of another contract": (5, put("sha256:" + "0" * 64, "question", "contract"), "the contract of the question"),
    "noise that is not the plan's": (5, put(99.0, "noise", 0, "mechanism", "scale"), "what was measured"),
    "a measure without noise": (5, lambda value: value["plan"]["strategies"].pop(), "the number of strategies: got 1, expected 2"),
    "noise that vanishes": (5, scale(1e-9), "no noise is drawn at the scale"),
    "a column of no measure": (5, put("m7", "plan", "finish", "outputs", 1, "value", "name"), "the finish reads m7, which is not there"),
    "a column of exact cells": (
        5,
        both(put(NO, "plan", "finish", "outputs", 1, "noisy"), put(NO, "table", "headings", 1, "noisy")),
        "is said not to be noisy",
    ),
    "a set twice": (5, put([[0], [0]], "plan", "finish", "sets"), "a grouping set is there twice"),
    "a marginal twice": (5, _marginal_twice, "is there twice"),
    "a marginal of no key": (5, _relabel([3]), "is not a marginal"),
    "a set that nothing tells about": (5, _relabel([]), "tells about the grouping set"),
    "a set of no key": (5, put([[3]], "plan", "finish", "sets"), "is not a grouping set"),
    "bounds that leave out nothing": (5, put("1", "plan", "measures", 0, "low"), "the bounds of measure 0 leave out 0"),
    "endless bounds": (5, put("9" * 4000, "plan", "measures", 0, "row_high"), "or are too large"),
    "endless decimal places": (5, put(10**9, "plan", "keys", 0, "digits"), "more than 300 decimal places"),
    "too little noise": (6, scale(0.99), "the charge: got"),
    "more charged than it costs": (6, both(add(1000, "charge", "rho"), add(-1000, "balance", "after", "rho")), "the charge: got"),
    "less charged than it costs": (6, both(add(-1000, "charge", "rho"), add(1000, "balance", "after", "rho")), "the charge: got"),
    "a charge of delta": (6, put(1, "charge", "delta"), "the charged delta: got 1, expected 0"),
    "a balance that does not go down": (6, add(1, "balance", "after", "rho"), "the balance after the charge"),
    "a balance above the cap": (
        6,
        both(add(10**15, "balance", "after", "rho"), add(10**15, "balance", "before", "rho")),
        "the balance was",
    ),
    "add/remove L1 understated": (6, add(-1, "noise", 2, "add_remove_l1"), "the add/remove L1 sensitivity of measure 1"),
    "add/remove L2 understated": (6, add(-1, "noise", 0, "add_remove_l2_squared"), "squared add/remove L2 sensitivity of measure 0"),
    "change L1 understated": (6, add(-1, "noise", 0, "change_l1"), "the change L1 sensitivity of measure 0"),
    "change L2 understated": (6, put("1e2", "noise", 0, "change_l2_squared"), "the squared change L2 sensitivity of measure 0: got 1e2"),
    "epsilon understated": (7, add(-1e-8, "promise", "epsilon"), "epsilon: got"),
    "epsilon overstated": (7, add(1e-4, "promise", "epsilon"), "epsilon: got"),
    "a change understated": (7, add(-1e-8, "promise", "change_epsilon"), "epsilon of a change: got"),
    "another delta": (7, put(1e-6, "promise", "delta"), "the delta of the promise: got 1e-06, expected 1e-09"),
    "pure, with Gaussian noise": (7, put(0.0, "promise", "delta"), "the delta of the promise: got 0.0, expected 1e-09"),
    "another cap": (7, put(40.0, "cap", "epsilon"), "the cap: got ε = 40.0 at δ = 1e-09 (1e-09 in all), expected ε = 50.0"),
    "no delta": (7, put(0.0, "cap", "delta"), "the contract's delta is 0.0"),
    "another delta of the cap": (7, put(1e-8, "cap", "delta"), "the cap: got"),
    "a change under the cap understated": (7, add(-1e-3, "cap", "change_epsilon"), "epsilon of a change under the cap"),
    "a milder sentence": (7, lambda value: _reword(value, 0, "62.3 %", "61.3 %"), "a sentence says 61.3 %, expected"),
    "a harsher sentence": (7, lambda value: _reword(value, 0, "62.3 %", "62.5 %"), "a sentence says 62.5 %, expected"),
    "another sentence": (7, put("All is well.", "sentences", 1), "does not read as it should"),
    "a missing sentence": (7, lambda value: value["sentences"].pop(), "the number of sentences: got 1, expected 2"),
    "another disclosure": (7, put(0.1, "disclosure", "guarantee", "release", "epsilon"), "the disclosure's guarantee"),
    "another unit": (7, put(2, "disclosure", "privacy_unit", "identifiers_per_person"), "the disclosure's privacy_unit"),
    "no disclosure": (7, put({}, "disclosure"), "the disclosure's guarantee: got None"),
    "a total that is not the sum": (8, shift(1, 2, 1), "a total: got"),
    "a part that was moved": (8, shift(1, 0, 2), "a total: got"),
    "a count shown with decimal places": (8, put(2, "plan", "finish", "outputs", 1, "digits"), "the decimal places of a measure's column"),
    "fewer than no decimal places": (5, put(-1, "plan", "finish", "outputs", 3, "digits"), "more than 300 decimal places"),
    "an average shown with too few": (8, put(7, "plan", "finish", "outputs", 3, "value", "digits"), "an average is shown with fewer"),
    "an average shown with far too many": (8, put(-(10**9), "plan", "finish", "outputs", 3, "value", "digits"), "or with far more"),
    "rows that are skipped beyond all counting": (8, put(1e20, "plan", "finish", "offset"), "the number of rows: got 3, expected 0"),
    "a count marked as no information": (8, put(YES, "table", "rows", 0, 1, "no_information"), "is marked as something else"),
    "an average with half an interval": (8, put(None, "table", "rows", 0, 3, "low"), "an interval has one end"),
    "an interval that is too narrow": (
        8,
        stretch(-3, 0, 1),
        "an interval of",
    ),
    "an interval that is too wide": (
        8,
        stretch(3, 1, 2),
        "an interval of",
    ),
    "an interval of a total like that of a part": (8, _narrow_total, "an interval of"),
    "a lopsided interval": (8, both(add(5, "table", "rows", 0, 1, "low"), add(5, "table", "rows", 0, 1, "high")), "an interval of"),
    "an endless interval": (
        8,
        both(
            put("-" + "9" * 900, "table", "rows", 0, 1, "low"),
            put("9" * 900, "table", "rows", 0, 1, "high"),
            put("0", "table", "rows", 0, 1, "value"),
        ),
        "an interval of",
    ),
    "no interval": (8, put(None, "table", "rows", 0, 1, "low"), "None is not a number"),
    "a cell that is no number": (8, put("many", "table", "rows", 0, 1, "value"), "many is not a number"),
    "an average outside of its interval": (8, put("-1000.000000", "table", "rows", 0, 3, "value"), "a value lies outside of its interval"),
    "an average outside of the bounds": (
        8,
        both(put("-1.000000", "table", "rows", 0, 3, "low"), put("-1.000000", "table", "rows", 0, 3, "value")),
        "the interval of an average exceeds",
    ),
    "a row that is missing": (8, lambda value: value["table"]["rows"].pop(), "the number of rows: got 2, expected 3"),
    "a row twice": (8, put(None, "table", "rows", 0, 0, "value"), "the keys of a row"),
    "rows in another order": (8, lambda value: value["table"]["rows"].reverse(), "the keys of a row"),
    "a total that poses as a part": (8, put(NO, "table", "rows", 2, 0, "totalled"), "the keys of a row"),
    "a row that is too short": (8, lambda value: value["table"]["rows"][1].pop(), "the number of cells of a row: got 3, expected 4"),
    "a key with an interval": (8, put("1", "table", "rows", 0, 0, "low"), "has no noise, and has intervals"),
    "another commit": (10, add(1, "commit_index"), "is a release_stored, expected a commit"),
    "a commit before the log begins to have one": (10, put(0, "commit_index"), "entry 0 is a contract_activated, expected a commit"),
    "a commit that is not there": (10, put(10**6, "commit_index"), "expected one numbered 1000000"),
    "another reservation": (10, put("other", "reservation"), "the reservation of entry"),
    "released before it was committed": (10, add(-3600, "released_at"), "expected before"),
    "a balance of delta": (
        6,
        both(put(7, "balance", "before", "delta"), put(7, "balance", "after", "delta")),
        "the balance of delta was 7, expected at most 0",
    ),
    "versions that were not there": (12, put({"members": 2, "visits": 1}, "versions"), "the versions of the data"),
    "a balance that forgets what was spent": (
        12,
        both(add(1000, "balance", "before", "rho"), add(1000, "balance", "after", "rho")),
        "the balance and what was committed before it",
    ),
}
"""What the room says, the step that finds it, and how."""


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found(one: Files, lie: str) -> None:
    number, change, words = LIES[lie]
    bent = one.bent(change)
    found = failed(verify(bent.release, bent.contract, bent.log))
    assert min(found) == number, found
    assert words in found[number]


SEEN_ALONE = [name for name, (number, _, _) in LIES.items() if number in {5, 6, 7, 8}]
NEEDS_CONTRACT = ("a balance above the cap", "a balance of delta")
"""Lies that are no lies under some other contract."""


@pytest.mark.parametrize("lie", SEEN_ALONE)
def test_lies_about_plan_noise_and_table_are_found_in_the_release_alone(one: Files, lie: str) -> None:
    _, change, _ = LIES[lie]
    report = verify(one.bent(change).release)
    assert report.accepted == (lie in NEEDS_CONTRACT)


def test_no_cap_is_that_high(one: Files) -> None:
    assert failed(verify(one.bent(put(2000.0, "cap", "epsilon")).release)) == {7: "the contract's epsilon is 2000.0"}


NUMBERED = (
    "SELECT COUNT(*), SUM(age) FROM (SELECT pid, age, ROW_NUMBER() OVER (PARTITION BY pid ORDER BY age DESC) AS n FROM visits) WHERE n < 2"
)


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Files:
    scene = build(tmp_path_factory.mktemp("numbered"))
    return files(scene, scene.ask(NUMBERED).envelope)


def _unordered(document: dict[str, Any]) -> None:
    """Leave it to the engine which of a person's rows is the first."""
    step = document["plan"]["parts"][0]["relation"]
    while step["op"] != "window":
        step = step["source"]
    step["order"] = []


def test_rows_that_the_engine_may_choose_are_found(numbered: Files) -> None:
    """One person's part could depend on others' rows; the charge is for plans in which it cannot."""
    assert failed(verify(numbered.release, numbered.contract, numbered.log)) == {}
    found = failed(verify(numbered.bent(_unordered).release, numbered.contract))
    assert "the order of a window does not tell apart all rows that the plan does" in found[6]


LISTED = (
    "SELECT age, age > 60 AS old, COUNT(*) AS n, COUNT(*) > 5 AS many, AVG(age) AS mean, SUM(age) / COUNT(*) AS ratio FROM visits"
    " GROUP BY GROUPING SETS ((age, old), (age)) HAVING COUNT(*) > -1"
)
"""A question whose rows are known by their keys alone: 200 rows of both keys, then 100 of one."""


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Files:
    scene = build(tmp_path_factory.mktemp("listed"))
    return files(scene, scene.ask(LISTED).envelope)


def _copy_row(value: dict[str, Any]) -> None:
    value["table"]["rows"][1] = value["table"]["rows"][0]


def _exchange_rows(value: dict[str, Any]) -> None:
    rows = value["table"]["rows"]
    rows[0], rows[1] = rows[1], rows[0]


LISTED_LIES: dict[str, tuple[Change, str]] = {
    "a row twice": (_copy_row, "the table has a row twice"),
    "rows in another order": (_exchange_rows, "the rows of the table are not in their order"),
    "a key that is not in its domain": (put("1000", "table", "rows", 0, 0, "value"), "a key that is not in its domain"),
    "a row of no grouping set": (put(YES, "table", "rows", 0, 0, "totalled"), "a row of the table is of no grouping set"),
    "a total with a key": (put("true", "table", "rows", 250, 1, "value"), "the keys of a row"),
    "a condition with an interval": (put("0", "table", "rows", 0, 3, "low"), "a column without numbers has intervals"),
    "a ratio with half an interval": (put(None, "table", "rows", 0, 5, "high"), "an interval has one end"),
    "an average with too few decimal places": (
        both(put(1, "plan", "finish", "outputs", 4, "value", "digits"), put(0, "plan", "finish", "outputs", 4, "digits")),
        "is not a number with 0 decimal places",
    ),
    "more rows than there can be": (lambda value: value["table"]["rows"].extend(value["table"]["rows"]), "expected 300 or fewer"),
}


def test_what_is_listed_is_honest(listed: Files) -> None:
    assert failed(verify(listed.release, listed.contract, listed.log)) == {}
    assert len(listed.value["table"]["rows"]) == 300


@pytest.mark.parametrize("lie", LISTED_LIES)
def test_a_lie_about_listed_rows_is_found(listed: Files, lie: str) -> None:
    change, words = LISTED_LIES[lie]
    found = failed(verify(listed.bent(change).release))
    assert found.keys() == {8}
    assert words in found[8]


RAISED = "SELECT age > 60 AS old, age < 20 AS young, COUNT(*), SUM(age), COUNT(*) * 2 AS twice FROM visits GROUP BY CUBE (old, young)"
"""A question about small groups, of which a count may be kept from being negative."""


@pytest.fixture(scope="module")
def raised(tmp_path_factory: pytest.TempPathFactory) -> Files:
    scene = build(tmp_path_factory.mktemp("raised"))
    assert scene.ask(RAISED).fresh
    asked = scene.ask(RAISED, epsilon=0.5, nonnegative=True)
    assert asked.fresh
    assert not scene.ask(RAISED, epsilon=0.5, nonnegative=True).fresh
    return files(scene, asked.envelope)


def test_counts_that_are_kept_from_being_negative_verify(raised: Files) -> None:
    assert failed(verify(raised.release, raised.contract, raised.log)) == {}
    assert all(float(row[column]["value"]) >= 0 for row in raised.value["table"]["rows"] for column in (2, 3, 4))


RAISED_LIES = {
    "an interval below zero": put("-1", "table", "rows", 0, 2, "low"),
    "a total below zero": both(put("-1", "table", "rows", 8, 2, "low"), put("-1", "table", "rows", 8, 2, "value")),
    "an interval that ends before its value": put("-1", "table", "rows", 0, 3, "high"),
}


@pytest.mark.parametrize("lie", RAISED_LIES)
def test_a_lie_about_them_is_found(raised: Files, lie: str) -> None:
    assert failed(verify(raised.bent(RAISED_LIES[lie]).release)).keys() == {8}


CLAMPED = "SELECT age > 60 AS old, COUNT(*) AS n, AVG(age) AS mean, SUM(age) AS total FROM visits GROUP BY ROLLUP (old)"
"""A question about sums that are clamped."""


@pytest.fixture(scope="module")
def clamped(tmp_path_factory: pytest.TempPathFactory) -> Files:
    column = {"type": "integer", "uses": ["group", "filter", "measure"], "bounds": [0, 99], "required": True}
    under = contract()
    visits = under.to_json()["datasets"]["visits"] | {"columns": {"age": column | {"total": [0, 150]}}}
    scene = build(tmp_path_factory.mktemp("clamped"), contract(datasets={**under.to_json()["datasets"], "visits": visits}))
    plain, asked = scene.ask(CLAMPED), scene.ask(CLAMPED, clamped=True)
    assert (plain.fresh, asked.fresh, scene.ask(CLAMPED, clamped=True).fresh) == (True, True, False)
    return files(scene, asked.envelope)


def test_what_clamping_removed_verifies(clamped: Files) -> None:
    report = verify(clamped.release, clamped.contract, clamped.log)
    assert {step.outcome for step in report.steps} == {"passed"}
    (found,) = clamped.value["table"]["clamped"]
    assert found["columns"] == ["mean", "total"]
    assert [noise["kept"] for noise in clamped.value["noise"] if noise["measure"] == 2] == [[]]


def _key_of_removed(value: dict[str, Any]) -> None:
    value["plan"]["strategies"][2][0]["kept"] = [0]
    value["noise"][-1]["kept"] = value["disclosure"]["mechanisms"][-1]["kept"] = [0]


CLAMPED_LIES: dict[str, tuple[int, Change, str]] = {
    "nobody asked": (5, lambda value: value["question"]["terms"].pop("clamped"), "and nobody asked for it"),
    "by group": (5, _key_of_removed, "is not one number for the whole table"),
    "of no sum": (5, put("140", "plan", "measures", 2, "high"), "is not what clamping removes from a sum of the plan"),
    "as a column": (5, put("m2", "plan", "finish", "outputs", 1, "value", "name"), "is one number for the whole table"),
    "noise that vanishes": (5, put(1e-9, "plan", "strategies", 2, 0, "mechanism", "scale"), "no noise is drawn at the scale"),
    "rows that are not counted": (6, put(1, "plan", "bounds", "rows"), "the charge: got"),
    "add/remove L1 understated": (6, add(-1, "noise", -1, "add_remove_l1"), "the add/remove L1 sensitivity of measure 2"),
    "add/remove L2 understated": (6, add(-1, "noise", -1, "add_remove_l2_squared"), "squared add/remove L2 sensitivity of measure 2"),
    "change L1 understated": (6, add(-1, "noise", -1, "change_l1"), "the change L1 sensitivity of measure 2"),
    "less charged than it costs": (6, both(add(-1000, "charge", "rho"), add(1000, "balance", "after", "rho")), "the charge: got"),
    "no number": (8, lambda value: value["table"].pop("clamped"), "how many numbers say what clamping removed"),
    "a number that was moved": (8, add(40, "table", "clamped", 0, "value"), "the interval of what clamping removed"),
    "an interval that is too narrow": (8, add(9, "table", "clamped", 0, "low"), "the interval of what clamping removed"),
    "other columns": (8, put(["n"], "table", "clamped", 0, "columns"), "the columns that clamping removed something from"),
}


@pytest.mark.parametrize("lie", CLAMPED_LIES)
def test_a_lie_about_what_clamping_removed_is_found(clamped: Files, lie: str) -> None:
    step, change, words = CLAMPED_LIES[lie]
    bent = clamped.bent(change)
    found = failed(verify(bent.release, bent.contract, bent.log))
    assert words in found[step], found


DISTINCT = "SELECT age > 60 AS old, COUNT(DISTINCT age) AS ages, COUNT(*) AS n FROM visits GROUP BY ROLLUP (old)"
"""A question about distinct values, of which each grouping set has its own."""


@pytest.fixture(scope="module")
def distinct(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return publish(tmp_path_factory.mktemp("distinct"), DISTINCT)


def test_distinct_values_of_totals_verify(distinct: Files) -> None:
    assert failed(verify(distinct.release, distinct.contract, distinct.log)) == {}
    plan = distinct.value["plan"]
    assert [measure.get("kept") for measure in plan["measures"]] == [[0], None, []]
    assert [[one["kept"] for one in strategy] for strategy in plan["strategies"]][::2] == [[[0]], [[]]]


def _set_of_another(value: dict[str, Any]) -> None:
    value["plan"]["measures"][2]["kept"] = [0]


def _summed(number: int) -> Change:
    return lambda value: value["plan"]["measures"][number].pop("aggregate")


def _of_persons(number: int) -> Change:
    return put("persons", "plan", "measures", number, "aggregate")


DISTINCT_LIES: dict[str, tuple[int, Change, str]] = {
    "a set without a measure": (5, _set_of_another, "tells about the grouping set (0,), or several do"),
    "a sum of one set": (5, both(*(_summed(one) for one in (0, 2))), "of keys that no grouping set has by itself"),
    "values that pose as persons": (6, both(*(_of_persons(one) for one in (0, 2))), "counts persons, and has other bounds"),
    "one measure for all": (5, lambda value: value["plan"]["measures"][0].pop("kept"), "tells about the grouping set"),
    "noise of another set": (8, stretch(-2, 2, 1), "an interval of"),
    "values of a total understated": (6, add(-1, "noise", -1, "add_remove_l1"), "the add/remove L1 sensitivity of measure 2"),
    "a set uncharged": (6, both(add(-(10**6), "charge", "rho"), add(10**6, "balance", "after", "rho")), "the charge: got"),
}


@pytest.mark.parametrize("lie", DISTINCT_LIES)
def test_a_lie_about_distinct_values_of_totals_is_found(distinct: Files, lie: str) -> None:
    step, change, words = DISTINCT_LIES[lie]
    bent = distinct.bent(change)
    found = failed(verify(bent.release, bent.contract, bent.log))
    assert words in found[step], found


COMPUTED = (
    "SELECT age > 60 AS old, COUNT(age), SUM(age - 49), SUM((age - 49) * (age - 49)), VARIANCE(age), 1000000 * STDDEV_POP(age),"
    " SQRT(COUNT(age)), CORR(age, age * age) FROM visits GROUP BY ROLLUP (old)"
)
"""Three measures as they are, columns that are made of these, and one that is made of others too."""


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Files:
    scene = build(tmp_path_factory.mktemp("computed"))
    return files(scene, scene.ask(COMPUTED).envelope)


def _nudge(column: int, *, end: str | None) -> Change:
    """Return the change that moves a cell's value, or narrows its interval to what is half as far away."""

    def change(document: dict[str, Any]) -> None:
        cell = document["table"]["rows"][1][column]
        value = Decimal(cell["value"])
        step = Decimal(1).scaleb(value.as_tuple().exponent)  # type: ignore[arg-type]  # a number
        if end is None:
            cell["value"] = str(value + step if value < Decimal(cell["high"]) else value - step)
        else:
            cell[end] = str(((value + Decimal(cell[end])) / 2).quantize(step))

    return change


COVARIANCE = ("plan", "finish", "outputs", 4, "value")

COMPUTED_LIES: dict[str, tuple[int, Change, str]] = {
    "another variance": (8, _nudge(4, end=None), "value"),
    "another deviation": (8, _nudge(5, end=None), "a computed value: got"),
    "another root": (8, _nudge(6, end=None), "a computed value: got"),
    "a deviation that is known too well": (8, _nudge(5, end="high"), "the interval of a computed value"),
    "a root that is known too well": (8, _nudge(6, end="low"), "the interval of a computed value"),
    "a variance beyond its range": (8, put("4901.000000", "table", "rows", 0, 4, "high"), "leaves the range that is known"),
    "a value that passes for a total over a key": (8, put(True, "table", "rows", 0, 4, "totalled"), "marked as a total"),  # noqa: FBT003
    "a narrow range": (8, add(-1, *COVARIANCE, "high"), "narrower than the bounds of its measures allow"),
    "a range without zero": (8, put("1", *COVARIANCE, "low"), "narrower than the bounds of its measures allow"),
    "a covariance of constants": (8, put({"op": "constant", "value": 1, "digits": 0}, *COVARIANCE, "left"), "not of two measures"),
    "endless precision": (5, put(10**9, *COVARIANCE, "digits"), "more than 300 decimal places"),
    "a covariance with a truth value": (
        8,
        put({"op": "is_null", "operand": {"op": "column", "name": "m0"}}, *COVARIANCE, "product"),
        "made of values that do not go together",
    ),
    "NULLIF of one value": (
        8,
        put({"op": "after", "function": "nullif", "operands": [{"op": "column", "name": "m0"}], "digits": 0}, *COVARIANCE),
        "made of values that do not go together",
    ),
    "the greatest of unlike values": (
        8,
        put(
            {
                "op": "after",
                "function": "greatest",
                "operands": [{"op": "column", "name": "m0"}, {"op": "constant", "value": "a", "digits": 0}],
                "digits": 0,
            },
            *COVARIANCE,
        ),
        "made of values that do not go together",
    ),
}


def test_what_is_computed_is_honest(computed: Files) -> None:
    """Two rows and their total: five columns are computed again, of a correlation of other measures only the range is known."""
    report = verify(computed.release, computed.contract, computed.log)
    assert failed(report) == {}
    (detail,) = [step.detail for step in report.steps if step.number == 8]
    assert detail == "3 rows; 18 intervals and 3 totals computed again"


@pytest.mark.parametrize("lie", COMPUTED_LIES)
def test_a_lie_about_what_is_computed_is_found(computed: Files, lie: str) -> None:
    number, change, words = COMPUTED_LIES[lie]
    found = failed(verify(computed.bent(change).release))
    assert number in found
    assert words in found[number]


PLACED = (
    "SELECT age > 60 AS old, MEDIAN(age), MAX(age), COUNT(DISTINCT age), COUNT(*), MEDIAN(age) / COUNT(*) FROM visits"
    " GROUP BY old ORDER BY old"
)
"""A tree of three levels over the ages, a count of distinct values and a count, in this order."""

NODE = ("plan", "finish", "outputs", 1, "value")
TREE = ("plan", "strategies", 0)


def _swap(document: dict[str, Any]) -> None:
    """Let two levels of the tree change places, in what was measured too."""
    for levels in (document["plan"]["strategies"][0], document["noise"]):
        levels[0], levels[1] = levels[1], levels[0]


def _drop(document: dict[str, Any]) -> None:
    """Leave a level of the tree out."""
    del document["plan"]["strategies"][0][1]
    del document["noise"][1]


PLACED_LIES: dict[str, tuple[int, Change, str]] = {
    "a median beyond its bounds": (8, put("131.00", "table", "rows", 0, 1, "high"), "leaves the range that is known"),
    "a median beside its interval": (8, put("-1.00", "table", "rows", 0, 1, "value"), "a value lies outside of its interval"),
    "a greatest value below its bounds": (8, put("-1", "table", "rows", 1, 2, "low"), "leaves the range that is known"),
    "distinct values known too well": (8, add(-1, "table", "rows", 1, 3, "high"), "an interval"),
    "levels in another order": (5, _swap, "not of counts on ever finer grids"),
    "a level left out": (5, _drop, "not of counts on ever finer grids"),
    "a median of a count": (5, put("m2", *NODE, "measure"), "not of counts on ever finer grids"),
    "a median of what is not there": (5, put("m9", *NODE, "measure"), "the finish reads m9"),
    "a grid that is too short": (5, put("1000", *NODE, "high"), "values outside of its grid"),
    "a grid that ends before it begins": (5, put("-1", *NODE, "high"), "values outside of its grid"),
    "a digit of its own": (5, put([1, 0, 2, 3, 4], "plan", "keys", 1, "domain"), "not of counts on ever finer grids"),
    "a grid as one number": (5, put({"op": "column", "name": "m0"}, *NODE), "a measure over a grid is shown as one number"),
    "an average of a grid": (
        5,
        put({"op": "average", "total": "m0", "count": "m2", "low": "0", "high": "1", "digits": 0}, *NODE),
        "a measure over a grid is shown as one number",
    ),
    "a count over a grid": (5, put([0, 1], "plan", "strategies", 2, 0, "kept"), "is not a marginal"),
    "fewer distinct values": (6, put("2", "plan", "measures", 1, "high"), "the charge: got"),
    "a level that costs nothing": (5, put(1e6, "noise", 1, "mechanism", "scale"), "what was measured"),
    "a level that is finer than said": (6, put("1", "noise", 1, "change_l1"), "change L1 sensitivity of measure 0"),
}


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Files:
    scene = build(tmp_path_factory.mktemp("placed"))
    return files(scene, scene.ask(PLACED).envelope)


def test_what_is_placed_is_honest(placed: Files) -> None:
    report = verify(placed.release, placed.contract, placed.log)
    assert failed(report) == {}


@pytest.mark.parametrize("lie", PLACED_LIES)
def test_a_lie_about_what_is_placed_is_found(placed: Files, lie: str) -> None:
    number, change, words = PLACED_LIES[lie]
    found = failed(verify(placed.bent(change).release, placed.contract))
    assert number in found
    assert words in found[number]


def test_columns_that_may_not_be_grouped_by_are_found(listed: Files) -> None:
    bent = listed.agreed(put(["filter", "measure"], "datasets", "visits", "columns", "age", "uses"))
    assert "does not let a question group by visits.age" in failed(verify(bent.release, bent.contract))[4]


AGREEMENTS: dict[str, tuple[int, Change, str]] = {
    "no analyst": (4, put([], "ask"), "insurer may not ask"),
    "no receiver": (4, put(["hospital"], "receive"), "insurer may not receive"),
    "expired": (4, put("2027-01-13", "expires"), "expected at most a day after 2027-01-13"),
    "not a date": (4, put("2027-02-31", "expires"), "which is not a day"),
    "a coarser quantum": (4, put(3600, "quantum_seconds"), "no multiple"),
    "without the dataset": (4, lambda agreed: agreed["datasets"].pop("visits"), "the contract has no dataset visits"),
    "endless bounds": (6, put([0, "1e1000000"], "datasets", "visits", "columns", "age", "bounds"), "makes no sense"),
    "huge bounds": (
        6,
        put([0, 1e300], "datasets", "visits", "columns", "age", "bounds"),
        "values of measure 1: got 0 to 99, expected 0 to 1",
    ),
    "without a use": (4, put([], "datasets", "members", "columns", "age", "uses"), "does not let a question use members.age"),
    "no protection": (4, put([], "protections"), "the protection server is not allowed"),
    "fewer cells": (6, put(1, "limits", "cells"), "the table has 2 cells, expected at most 1"),
    "an owner who is no party": (10, lambda agreed: agreed["parties"].pop(0), "the contract knows no party hospital"),
    "more rows": (6, put(4, "datasets", "visits", "rows_per_person"), "rows of one person: got 3, expected 4"),
    "wider bounds": (
        6,
        put([0, 120], "datasets", "visits", "columns", "age", "bounds"),
        "values of measure 1: got 0 to 99, expected 0 to 120",
    ),
    "senseless bounds": (6, put(["a", "b"], "datasets", "visits", "columns", "age", "bounds"), "makes no sense"),
    "twins": (6, put(2, "identifiers_per_person"), "identifiers: got 1, expected 2"),
    "a cap for one release": (6, put(0.4, "caps", "release_epsilon"), "under the cap for a release"),
    "a cap for all": (6, put(0.4, "caps", "epsilon"), "under the cap for everything"),
    "a cap for automatic approval": (6, put(0.4, "approval", "release_epsilon"), "under the cap for automatic approval"),
    "a cap for the analyst": (12, put(0.6, "approval", "analyst_epsilon"), "insurer has spent"),
    "approval by each owner": (12, put({"rule": "each-owner"}, "approval"), "without the approval of hospital, insurer"),
    "a higher cap": (7, put(60.0, "caps", "epsilon"), "the cap: got"),
    "two parties of one name": (3, lambda agreed: agreed["parties"].append(agreed["parties"][0]), "names a party twice"),
    "an odd key": (3, put("ed25519:hospital", "parties", 0, "key"), "the key of hospital is not an Ed25519 public key"),
}
"""What was agreed, when the room did otherwise; the step that finds it, and how."""


@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_what_was_not_agreed_is_found(one: Files, agreement: str) -> None:
    number, change, words = AGREEMENTS[agreement]
    bent = one.agreed(change)
    found = failed(verify(bent.release, bent.contract, bent.log))
    assert min(found) == number, found
    assert words in found[number]


def test_the_asker_receives(one: Files) -> None:
    bent = one.agreed(put(["hospital"], "receive")).bent(put(["hospital"], "receivers"))
    assert failed(verify(bent.release, bent.contract))[4] == "insurer asked, and is not among the receivers"


def test_a_commit_after_the_last_day_is_found_even_where_the_release_came_after_midnight(one: Files) -> None:
    """The 15th of January 2027 is the day of the release: a contract until the 14th allows it only if the commit was made by then."""
    bent = one.agreed(put("2027-01-14", "expires"))
    found = failed(verify(bent.release, bent.contract, bent.log))
    assert found.keys() == {10}
    assert "after the contract's last day, 2027-01-14" in found[10]
    early = bent.relogged(instead("commit", at=1_800_000_000 - 86_400))
    assert failed(verify(early.release, early.contract, early.log)) == {}


def test_another_contract_is_not_the_one_that_the_release_names(one: Files) -> None:
    other = one.agreed(put("another purpose", "purpose"))
    found = failed(verify(one.release, other.contract))
    assert found == {3: f"the contract's digest: got {other.value['contract_digest']}, expected {one.value['contract_digest']}"}


def at(entries: list[dict[str, Any]], kind: str, nth: int = -1) -> int:
    """Return the index of an entry of a kind, the last one by default."""
    return [index for index, entry in enumerate(entries) if entry["kind"] == kind][nth]


def instead(kind: str, nth: int = -1, **changes: object) -> Rewrite:
    """Return the rewriting that changes an entry."""

    def rewrite(entries: list[dict[str, Any]]) -> None:
        entries[at(entries, kind, nth)].update(changes)

    return rewrite


def gone(kind: str, nth: int = -1) -> Rewrite:
    """Return the rewriting that puts a harmless entry in the place of another."""

    def rewrite(entries: list[dict[str, Any]]) -> None:
        index = at(entries, kind, nth)
        account = {"owner": OWNERS[0], "population": "people"}
        entries[index] = {"account": account, "at": entries[index]["at"], "kind": "account_raised"}

    return rewrite


def again(kind: str, nth: int = -1) -> Rewrite:
    """Return the rewriting that repeats an entry at the end."""
    return lambda entries: entries.append(dict(entries[at(entries, kind, nth)]))


def later(entry: dict[str, object]) -> Rewrite:
    """Return the rewriting that adds an entry at the end."""
    return lambda entries: entries.append({"at": 1_800_000_000, **entry})


def swapped(entries: list[dict[str, Any]]) -> None:
    """Exchange the last commit and its release."""
    first, second = at(entries, "commit"), at(entries, "release_stored")
    entries[first], entries[second] = entries[second], entries[first]


DIGEST = "sha256:" + "0" * 64


def _withdrawal(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"at": entries[0]["at"], "dataset": "visits", "kind": "data_withdrawn"}


def _reject(entries: list[dict[str, Any]]) -> None:
    """Put a rejection in the place of the first release, which nothing after it needs."""
    plan = entries[at(entries, "commit")]["plan"]
    rejection = {"kind": "approval", "plan": plan, "party": "hospital", "decision": "rejected", "statement": DIGEST}
    entries[at(entries, "release_stored", 0)] = {"at": entries[0]["at"], **rejection}


def _forget_first(entries: list[dict[str, Any]]) -> None:
    """Put harmless entries in the place of the first run."""
    gone("release_stored", 0)(entries)
    gone("commit", 0)(entries)


LOGS: dict[str, tuple[int, Rewrite, str]] = {
    "a commit of another plan": (10, instead("commit", plan=DIGEST), "the plan of entry"),
    "a commit under another contract": (10, instead("commit", contract=DIGEST), "the contract of entry"),
    "a commit by somebody else": (10, instead("commit", asked_by="hospital"), "the asker of entry"),
    "a cheaper commit": (10, instead("commit", charge={"delta": 0, "rho": 1}), "the charge of entry"),
    "a commit of fewer accounts": (10, instead("commit", accounts=[{"owner": "insurer", "population": "people"}]), "the accounts of entry"),
    "a commit after the release": (10, instead("commit", at=1_900_000_000), "is of 1900000000, expected before"),
    "another release": (11, instead("release_stored", release=DIGEST), "the release of entry"),
    "no release": (11, gone("release_stored"), "the log has 0 releases"),
    "two releases": (11, again("release_stored"), "the log has 2 releases"),
    "a release that was there before": (11, swapped, "comes before its commit"),
    "a commit for which one account holds nothing": (10, gone("hold"), "the accounts that hold the charge"),
    "a hold of less": (12, instead("hold", charge={"delta": 0, "rho": 1}), "just the accounts of a commit hold its charge"),
    "no hold": (12, gone("hold"), "just the accounts of a commit hold its charge"),
    "a hold more": (12, again("hold"), "breaks a rule: nothing is held after the commit"),
    "a lapse after the commit": (
        12,
        later({"kind": "hold_lapsed", "reservation": "", "account": {"owner": "hospital", "population": "people"}, "statement": DIGEST}),
        "breaks a rule: nothing lapses after the commit",
    ),
    "a commit twice": (12, again("commit"), "breaks a rule: a reservation is committed once"),
    "a contract twice": (12, again("contract_activated"), "breaks a rule: a contract comes into force once"),
    "no contract": (12, gone("contract_activated"), "entry 1 breaks a rule: data is admitted under a contract"),
    "another contract in force": (
        12,
        lambda entries: entries.insert(0, entries[0]),
        "entry 1 breaks a rule: a contract comes into force once",
    ),
    "a version that does not rise": (12, again("data_version"), "breaks a rule: versions of a dataset rise"),
    "a withdrawal of nothing": (12, later({"kind": "data_withdrawn", "dataset": "others"}), "only data that is there is withdrawn"),
    "a version under no contract": (
        12,
        later({"kind": "data_version", "dataset": "visits", "version": 9, "contract": DIGEST}),
        "data is admitted under a contract",
    ),
    "another version": (12, instead("data_version", version=7), "the versions of the data"),
    "data that was withdrawn": (12, lambda entries: entries.__setitem__(at(entries, "hold", 0), _withdrawal(entries)), "breaks a rule"),
    "a plan that a party rejected": (12, _reject, "what a party has not approved is not committed"),
    "an earlier commit that is missing": (12, _forget_first, "the balance and what was committed before it"),
}
"""What the log says, the step that finds it, and how."""


@pytest.mark.parametrize("log", LOGS)
def test_a_log_that_does_not_add_up_is_found(one: Files, log: str) -> None:
    number, rewrite, words = LOGS[log]

    def complete(entries: list[dict[str, Any]]) -> None:
        rewrite(entries)
        for entry in entries:
            if entry.get("reservation") == "":
                entry["reservation"] = one.value["reservation"]

    found = failed(verify(one.release, one.contract, one.relogged(complete).log))
    assert number in found, found
    assert words in found[number]


def hold(one: Files, signer: str, **changes: object) -> bytes:
    """Return the last hold of a log, signed by somebody, with changes."""
    entry = one.entries[at(one.entries, "hold")]
    statement = {
        "schema": "stillroom/hold/v1",
        "room": one.value["room"],
        "reservation": entry["reservation"],
        "account": entry["account"],
        "charge": entry["charge"],
        **changes,
    }
    return seal(HOLD_TYPE, canonical(statement), [KEYS[signer]])


def test_a_hold_that_its_owner_did_not_sign_is_found(one: Files) -> None:
    """The last hold is of the insurer's account."""
    same = one.restated("hold", hold(one, "insurer"))
    assert failed(verify(same.release, same.contract, same.log)) == {}
    for envelope, words in (
        (None, "the hold of insurer is not handed over with the log"),
        (hold(one, "stranger"), "insurer has not signed"),
        (hold(one, "insurer", room="example.org/room " + KEYS["stranger"].public.text), "the hold that insurer signed: got"),
        (hold(one, "insurer", reservation="another"), "the hold that insurer signed: got"),
        (hold(one, "insurer", charge={"rho": 1, "delta": 0}), "the hold that insurer signed: got"),
        (hold(one, "insurer", account={"owner": "hospital", "population": "people"}), "the hold that insurer signed: got"),
        (hold(one, "insurer", extra=1), "the hold of insurer cannot be read"),
        (seal("another/type", b"{}", [KEYS["insurer"]]), "the type of the hold of insurer"),
    ):
        bent = one.restated("hold", envelope)
        assert words in failed(verify(bent.release, bent.contract, bent.log))[10]
        assert "hold signed by insurer" not in verify(bent.release, bent.contract, bent.log).vouched_by


ENTRIES: dict[str, tuple[Rewrite, str]] = {
    "an unknown kind": (later({"kind": "party"}), "is none of the entries that a log has"),
    "a further field": (instead("commit", note="hello"), "is none of the entries that a log has"),
    "a missing field": (lambda entries: entries[0].pop("envelope"), "entry 0 is none of the entries that a log has"),
    "a missing zero": (lambda entries: entries[at(entries, "commit")]["charge"].pop("delta"), "leaves something out"),
    "a time that is no whole number": (instead("data_version", at=1.5), "is none of the entries that a log has"),
    "accounts out of order": (lambda entries: entries[at(entries, "commit")]["accounts"].reverse(), "not in order"),
    "counts out of order": (
        later({"kind": "refused", "counts": [{"code": "B", "count": 1}, {"code": "A", "count": 1}]}),
        "not in order",
    ),
    "no counts": (later({"kind": "refused", "counts": []}), "is none of the entries that a log has"),
    "an odd decision": (
        later({"kind": "approval", "plan": DIGEST, "party": "hospital", "decision": "maybe", "statement": DIGEST}),
        "is none of the entries that a log has",
    ),
}
"""Entries that are none, and how they are found."""


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_that_is_none_is_named(one: Files, entry: str) -> None:
    rewrite, words = ENTRIES[entry]
    found = failed(verify(one.release, one.contract, one.relogged(rewrite).log))
    assert "entry " in found[9]
    assert words in found[9]
