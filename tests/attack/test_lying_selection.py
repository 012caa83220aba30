"""Releases with keys that no contract lists: honest ones hold; rooms that lie about the groups they show, or their price, are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stillroom.client.verification import verify
from stillroom.errors import Code
from stillroom.model.charge import Charge
from stillroom.policy.contract_words import explain
from tests.attack.test_lying_rooms import add, both, failed, put
from tests.published import files
from tests.rooms import NOTHING, OWNERS, PLENTY, Scene, assert_nothing_spent, build, charge, contract, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stillroom.model.contract import Contract
    from tests.attack.test_lying_rooms import Change
    from tests.published import Files

EACH = 10**6
"""What a release costs of δ, in units of 1e-18."""

QUESTION = "SELECT visits.town, visits.age > 40 AS older, COUNT(*), SUM(visits.age) FROM visits GROUP BY visits.town, CUBE (older)"
ORDERED = "SELECT town, COUNT(*) AS n, COUNT(*) * 2 AS twice FROM visits GROUP BY town HAVING COUNT(*) > 5 ORDER BY n, town"
TWO = "SELECT age * town_number AS number, visits.town, COUNT(*) FROM visits GROUP BY 1, 2"
TOTALS = (
    "SELECT visits.town, visits.age > 40 AS older, COUNT(*) AS n, SUM(visits.age - 50) AS ages, COUNT(DISTINCT visits.age) AS different,"
    " MEDIAN(visits.age) AS middle, AVG(visits.age) AS mean FROM visits GROUP BY CUBE (visits.town, older)"
)
"""Totals of everybody beside selected towns: sums, distinct values and quantiles, each over all ages and over either half."""

RICH = {name: Charge(rho=PLENTY.rho, delta=10 * EACH) for name in OWNERS}


def selecting(**changes: object) -> Contract:
    """Return a contract under which towns may be grouped by, three times in all."""
    plain = contract().to_json()
    datasets: Any = plain["datasets"]
    datasets["visits"]["columns"]["town"] = {"type": "text", "max_length": 20, "uses": ["group"]}
    datasets["visits"]["columns"]["town_number"] = {"type": "integer", "uses": ["group"], "bounds": [0, 10**6]}
    caps = {**plain["caps"], "selection_delta": 3e-12, "release_selection_delta": 1e-12}
    return contract(datasets=datasets, caps=caps, **changes)


def scene(folder: Path, value: Contract | None = None) -> Scene:
    return build(folder, value or selecting(), caps=RICH)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Files:
    room = scene(tmp_path_factory.mktemp("room"))
    room.ask(ORDERED)
    return files(room, room.ask(QUESTION).envelope)


def test_honest_releases_hold(one: Files, tmp_path: Path) -> None:
    assert {step.outcome for step in verify(one.release, one.contract, one.log).steps} == {"passed"}
    room = scene(tmp_path)
    for question in (ORDERED, TWO):
        found = files(room, room.ask(question).envelope)
        assert {step.outcome for step in verify(found.release, found.contract, found.log).steps} == {"passed"}, question
        assert failed(verify(found.release)) == {}


@pytest.fixture(scope="module")
def totals(tmp_path_factory: pytest.TempPathFactory) -> Files:
    room = scene(tmp_path_factory.mktemp("room"))
    return files(room, room.ask(TOTALS, epsilon=2).envelope)


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Return a release whose caps are chosen, that of a person's cells among them."""
    room = scene(tmp_path_factory.mktemp("room"))
    return files(room, room.ask(TOTALS, advise=0.2, epsilon=2).envelope)


def test_totals_of_everybody_hold(totals: Files, chosen: Files, tmp_path: Path) -> None:
    """Those of shown towns add up to less than the total; the totals of the two ages add up to it."""
    for found in (totals, chosen):
        assert {step.outcome for step in verify(found.release, found.contract, found.log).steps} == {"passed"}
    rows = [[cell["value"] for cell in row[:3]] for row in totals.value["table"]["rows"]]
    whole, *_ = (int(n) for town, older, n in rows[-1:])
    assert [older for _, older, _ in rows[-3:]] == ["false", "true", None]
    assert sum(int(n) for _, _, n in rows[-3:-1]) == whole
    room = scene(tmp_path)
    for question, clamped in ((TOTALS, True), ("SELECT town, MAX(age) FROM visits GROUP BY ROLLUP (town)", False)):
        other = files(room, room.ask(question, clamped=clamped).envelope)
        assert {step.outcome for step in verify(other.release, other.contract, other.log).steps} == {"passed"}, question


def test_the_rule_follows_from_the_caps_that_were_chosen(totals: Files, chosen: Files) -> None:
    """It is stated with the table, and the same δ pays for it."""
    planned, rule = chosen.value["plan"]["selection"], chosen.value["table"]["selection"]
    assert (planned["delta"], planned["most"]) == (rule["delta"], rule["most"])
    assert int(rule["threshold"]) <= int(planned["threshold"])
    assert "selection" not in totals.value["table"]


def everybody(value: dict[str, Any]) -> int:
    """Return the number of the measure that counts everybody."""
    return next(number for number, one in enumerate(value["plan"]["measures"]) if one.get("kept") == [1] and "grid" not in one)


def of_everybody(change: Callable[[int], Change]) -> Change:
    return lambda value: change(everybody(value))(value)


def without_total(value: dict[str, Any]) -> None:
    """Leave out what is measured of everybody, so that totals are those of the towns that are shown."""
    number = everybody(value)
    del value["plan"]["measures"][number], value["plan"]["strategies"][number]
    value["noise"] = [one for one in value["noise"] if one["measure"] != number]


TOTAL_LIES: list[tuple[str, Change, set[int]]] = [
    ("totals of what is shown alone", without_total, {5}),
    ("totals of all keys", of_everybody(lambda number: put([0, 1], "plan", "measures", number, "kept")), {5}),
    ("totals of no key", of_everybody(lambda number: put([], "plan", "measures", number, "kept")), {5}),
    ("a total as if one cell were all", of_everybody(lambda number: _smaller(number, "add_remove_l1")), {6}),
    ("a total whose square is that of one cell", of_everybody(lambda number: _smaller(number, "add_remove_l2_squared")), {6}),
    ("a change of one cell", of_everybody(lambda number: _smaller(number, "change_l2_squared")), {6}),
    ("less noise in totals", of_everybody(lambda number: put(1.0, "plan", "strategies", number, 0, "mechanism", "scale")), {5}),
    ("a rule where no cap was chosen", put({"mechanism": {"noise": "discrete_gaussian", "scale": 1.0}}, "table", "selection"), {1}),
]


def _smaller(number: int, name: str) -> Change:
    """Return the change that states a sensitivity for all marginals of a measure that is too small by one."""

    def change(value: dict[str, Any]) -> None:
        for one in value["noise"]:
            if one["measure"] == number:
                one[name] = str(int(one[name]) - 1)

    return change


@pytest.mark.parametrize(("change", "steps"), [lie[1:] for lie in TOTAL_LIES], ids=[lie[0] for lie in TOTAL_LIES])
def test_lies_about_totals_are_found(totals: Files, change: Change, steps: set[int]) -> None:
    bent = totals.bent(change)
    found = failed(verify(bent.release, bent.contract, bent.log)).keys()
    assert steps & found, failed(verify(bent.release, bent.contract, bent.log))


RULE_LIES: list[tuple[str, Change, set[int]]] = [
    ("a threshold that is too low", add(-1, "table", "selection", "threshold"), {6}),
    ("noise that is too small", put(1.0, "table", "selection", "mechanism", "scale"), {5}),
    ("more that are shown", add(1, "table", "selection", "most"), {5}),
    ("less δ", put(1000, "table", "selection", "delta"), {5}),
    ("no rule", lambda value: value["table"].pop("selection"), {5}),
    ("a town with few persons", put("1", "table", "shown", 0, "persons"), {8}),
]


@pytest.mark.parametrize(("change", "steps"), [lie[1:] for lie in RULE_LIES], ids=[lie[0] for lie in RULE_LIES])
def test_lies_about_the_chosen_rule_are_found(chosen: Files, change: Change, steps: set[int]) -> None:
    bent = chosen.bent(change)
    found = failed(verify(bent.release, bent.contract, bent.log)).keys()
    assert steps & found, failed(verify(bent.release, bent.contract, bent.log))


def test_a_release_says_what_was_charged(one: Files) -> None:
    value = one.value
    assert value["charge"]["delta"] == value["plan"]["selection"]["delta"] == EACH
    assert (value["balance"]["before"]["delta"], value["balance"]["after"]["delta"]) == (2 * EACH, EACH)
    assert value["promise"]["delta"] == pytest.approx(1e-9 + 1e-12)
    assert value["cap"]["delta"] == pytest.approx(1e-9 + 3e-12)
    assert value["promise"]["conversion_delta"] == value["cap"]["conversion_delta"] == 1e-9
    assert [one["keys"] for one in value["table"]["shown"]] == [["a"], ["b"], [None]]


def capped(delta: float | None) -> dict[str, Any]:
    """Return automatic approval with a cap of the δ that one analyst may use."""
    rule = {"rule": "automatic", "release_epsilon": 5, "analyst_epsilon": 50}
    return rule if delta is None else rule | {"analyst_selection_delta": delta}


def test_an_analyst_has_a_cap_of_delta_where_the_contract_says_so(tmp_path: Path) -> None:
    """Two releases use it up, though the contract has δ for a third; what needs no δ, or is asked by others, goes on."""
    room = scene(tmp_path, selecting(approval=capped(2e-12), ask=["hospital", "insurer"], receive=["hospital", "insurer"]))
    for question in (QUESTION, ORDERED):
        room.ask(question)
    assert refused(room, TWO).code is Code.ANALYST_CAP_EXCEEDED
    assert room.ask("SELECT COUNT(*) FROM visits").fresh
    found = files(room, room.ask(TWO, asked_by="hospital").envelope)
    assert {step.outcome for step in verify(found.release, found.contract, found.log).steps} == {"passed"}


def test_a_release_beyond_an_analysts_cap_of_delta_is_found(one: Files) -> None:
    """Two were asked by one analyst."""
    for delta, found in ((3e-12, set()), (2e-12, set()), (1e-12, {12}), (0.0, {12})):
        bent = one.agreed(put(delta, "approval", "analyst_selection_delta"))
        lies = failed(verify(bent.release, bent.contract, bent.log))
        assert lies.keys() == found
        assert all("insurer has spent 2000000 units of delta" in words for words in lies.values())


def test_a_contract_without_such_a_cap_is_written_as_ever() -> None:
    assert "analyst_selection_delta" not in str(selecting().to_json())
    assert selecting(approval=capped(None)).to_json() == selecting().to_json()
    assert "with at most δ = 2e-12 for selecting values" in "".join(explain(selecting(approval=capped(2e-12))))


def lower(threshold: int) -> Change:
    """Return the change that shows smaller groups."""
    return add(-threshold, "plan", "selection", "threshold")


LIES: list[tuple[str, Change, set[int]]] = [
    ("a group that is too small", put("1", "table", "shown", 0, "persons"), {8}),
    ("a group that is not in its place", put(["c"], "table", "shown", 0, "keys"), {8}),
    ("a group that is there twice", put(["b"], "table", "shown", 0, "keys"), {8}),
    ("a group of another kind", put([1], "table", "shown", 0, "keys"), {8}),
    ("a group of too many keys", put(["a", "a"], "table", "shown", 0, "keys"), {8}),
    ("a group that the table does not have", put(["aa"], "table", "shown", 0, "keys"), {8}),
    ("more groups than can be", put(2, "plan", "selection", "most"), {4, 8}),
    ("more groups than the contract lets", put(10**6, "plan", "selection", "most"), {6}),
    ("a threshold that is too low", lower(1), {6}),
    ("a threshold of one person", put("1", "plan", "selection", "threshold"), {6}),
    ("noise that is too small", put(1.0, "plan", "selection", "mechanism", "scale"), {6}),
    ("other noise", put("discrete_laplace", "plan", "selection", "mechanism", "noise"), {6}),
    ("a charge without δ", put(0, "charge", "delta"), {6}),
    ("less δ", both(put(1000, "charge", "delta"), put(1000, "plan", "selection", "delta")), {6}),
    (
        "more δ",
        both(put(2 * EACH, "charge", "delta"), put(2 * EACH, "plan", "selection", "delta"), put(0, "balance", "after", "delta")),
        {6},
    ),
    ("a promise without the δ of selection", put(1e-9, "promise", "delta"), {7}),
    ("a cap without the δ of selection", put(1e-9, "cap", "delta"), {7}),
    (
        "a balance of δ that was not there",
        both(put(9 * EACH, "balance", "before", "delta"), put(8 * EACH, "balance", "after", "delta")),
        {6},
    ),
    (
        "a balance of δ before all spending",
        both(put(3 * EACH, "balance", "before", "delta"), put(2 * EACH, "balance", "after", "delta")),
        {12},
    ),
]


@pytest.mark.parametrize(("change", "steps"), [lie[1:] for lie in LIES], ids=[lie[0] for lie in LIES])
def test_lies_are_found(one: Files, change: Change, steps: set[int]) -> None:
    bent = one.bent(change)
    found = failed(verify(bent.release, bent.contract, bent.log)).keys()
    assert steps & found, failed(verify(bent.release, bent.contract, bent.log))


def test_a_contract_without_selection_gives_none(one: Files) -> None:
    def change(agreed: dict[str, Any]) -> None:
        agreed["caps"] |= {"selection_delta": 0, "release_selection_delta": 0}

    agreed = one.agreed(change)
    assert 6 in failed(verify(agreed.release, agreed.contract, agreed.log))


# ------------------------------------------------------------------------------------------------------------------ accounts


def test_delta_runs_out(tmp_path: Path) -> None:
    """The contract has δ for three releases; questions without selected keys go on."""
    room = scene(tmp_path)
    for number in range(3):
        room.ask(f"SELECT town, COUNT(*) FROM visits WHERE age <> {number} GROUP BY town")
    assert room.spent().delta == room.replayed().spent.delta == 3 * EACH
    assert [room.account(owner).spent.delta for owner in OWNERS] == [3 * EACH, 0]
    assert refused(room, "SELECT town, COUNT(*) FROM visits WHERE age <> 3 GROUP BY town").code is Code.CONTRACT_CAP_EXCEEDED
    room.ask("SELECT COUNT(*) FROM visits")
    assert room.spent().delta == 3 * EACH


def test_an_account_without_delta_gives_none(tmp_path: Path) -> None:
    room = build(tmp_path, selecting())
    error = refused(room, "SELECT town, COUNT(*) FROM visits GROUP BY town")
    assert error.code is Code.ACCOUNT_NOT_ENOUGH
    assert "declared keys" in error.fix
    assert_nothing_spent(room)


def test_without_selected_keys_nothing_is_spent_of_delta(tmp_path: Path) -> None:
    value = selecting()
    assert charge("SELECT age, COUNT(*) FROM visits GROUP BY age", value).delta == 0
    assert charge("SELECT town, COUNT(*) FROM visits GROUP BY town", value).delta == EACH
    room = scene(tmp_path)
    room.ask("SELECT age, COUNT(*) FROM visits GROUP BY age")
    assert (room.spent().delta, NOTHING.delta) == (0, 0)
