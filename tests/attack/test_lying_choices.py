"""Releases with quantiles by the exponential mechanism: honest ones hold; rooms that lie about what was chosen, or its price, are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stillroom.client.verification import verify
from tests.attack.test_lying_rooms import add, both, failed, put, scale
from tests.published import files
from tests.rooms import build

if TYPE_CHECKING:
    from pathlib import Path

    from tests.attack.test_lying_rooms import Change
    from tests.published import Files
    from tests.rooms import Scene

JOINED = "FROM members JOIN visits ON members.id = visits.pid"
QUESTION = (
    "SELECT members.age > 40 AS older, COUNT(*) AS n, MEDIAN(members.age * visits.age * visits.age) AS middle,"
    f" QUANTILE_CONT(visits.age, 0.9) AS high {JOINED} GROUP BY CUBE (older)"
)
"""Rows: not older, older, and all. Products are 0 to 970,299, in buckets of 30, with 14 in the middle of the first."""

OTHERS = (
    f"SELECT MEDIAN(visits.age) {JOINED}",
    f"SELECT visits.age > 50 AS older, MEDIAN(visits.age) - AVG(visits.age) AS skew {JOINED} GROUP BY older HAVING MEDIAN(visits.age) > 3",
    f"SELECT older, MAX(m) OVER () AS most FROM (SELECT visits.age > 50 AS older, MEDIAN(visits.age) AS m {JOINED} GROUP BY older)",
    f"SELECT SUM(visits.age) AS total, MEDIAN(visits.age) FILTER (WHERE members.age > 30) AS middle {JOINED}",
    f"SELECT COUNT(*) {JOINED}",
)
MIDDLE, HIGH = 1, 2
"""The measures of the products and of the ages."""


def ask(room: Scene, sql: str, **terms: Any) -> Files:  # noqa: ANN401  terms of several types
    return files(room, room.ask(sql, quantiles="exponential", **terms).envelope)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return ask(build(tmp_path_factory.mktemp("room")), QUESTION)


TERMS: dict[str, dict[str, Any]] = {
    "zCDP": {},
    "pure": {"pure": True},
    "advised": {"advise": 0.1},
    "advised, pure": {"advise": 0.1, "pure": True},
    "weighed": {"weights": {"middle": 3}},
    "few groups": {"groups_per_person": 1, "nonnegative": True, "clamped": True},
}


@pytest.mark.parametrize("terms", TERMS.values(), ids=TERMS)
def test_honest_releases_hold(tmp_path: Path, terms: dict[str, Any]) -> None:
    room = build(tmp_path)
    for question in (QUESTION, *(OTHERS if terms in ({}, {"pure": True}) else ())):
        found = ask(room, question, **terms)
        assert {step.outcome for step in verify(found.release, found.contract, found.log).steps} == {"passed"}, question
        assert failed(verify(found.release)) == {}


def test_a_release_says_what_was_chosen_and_how(one: Files) -> None:
    value = one.value
    assert value["question"]["terms"]["quantiles"] == "exponential"
    chosen = [noise for noise in value["noise"] if "part" in noise]
    assert [(noise["measure"], noise["part"], noise["mechanism"]["noise"]) for noise in chosen] == [
        (MIDDLE, 500_000, "gumbel"),
        (MIDDLE, 500_000, "gumbel"),
        (HIGH, 900_000, "gumbel"),
        (HIGH, 900_000, "gumbel"),
    ]
    assert all(row[column]["no_information"] for row in value["table"]["rows"] for column in (2, 3))


def every(number: int, **changes: object) -> Change:
    """Return the change of what is chosen first of a measure, wherever it is stated."""

    def change(document: dict[str, Any]) -> None:
        place = next(place for place, noise in enumerate(document["noise"]) if noise["measure"] == number)
        for one in (document["plan"]["strategies"][number][0], document["noise"][place], document["disclosure"]["mechanisms"][place]):
            one.update({name: value for name, value in changes.items() if name == "part"})
            one["mechanism"].update({name: value for name, value in changes.items() if name != "part"})

    return change


def kinds(noise: str) -> Change:
    """Return the change of the noise of all that is chosen."""

    def change(document: dict[str, Any]) -> None:
        for one in (*(one for strategy in document["plan"]["strategies"] for one in strategy), *document["noise"]):
            if "part" in one:
                one["mechanism"]["noise"] = noise
        for one in document["disclosure"]["mechanisms"]:
            if "part" in one:
                one["mechanism"]["noise"] = noise

    return change


def fewer(number: int, *, again: bool = False) -> Change:
    """Return the change that takes out what is chosen for the last grouping set, or puts what is chosen for the first in its place."""

    def change(document: dict[str, Any]) -> None:
        places = [place for place, noise in enumerate(document["noise"]) if noise["measure"] == number]
        for listed, mine in ((document["plan"]["strategies"][number], -1), (document["noise"], places[-1])):
            listed[mine : mine + 1 or None] = [listed[mine - 1]] if again else []
        document["disclosure"]["mechanisms"][places[-1] : places[-1] + 1] = (
            [document["disclosure"]["mechanisms"][places[0]]] if again else []
        )

    return change


def cell(text: str, row: int = 0, column: int = 2) -> Change:
    return put(text, "table", "rows", row, column, "value")


def tree(document: dict[str, Any]) -> None:
    """Say that nothing was asked for."""
    del document["question"]["terms"]["quantiles"]


def every_part(part: int) -> Change:
    """Return the change that has another quantile chosen of the ages than the table shows."""

    def change(document: dict[str, Any]) -> None:
        for one in (*document["plan"]["strategies"][HIGH], *document["noise"][-2:], *document["disclosure"]["mechanisms"][-2:]):
            one["part"] = part

    return change


LIES: dict[str, tuple[int, Change, str]] = {
    "less noise": (6, scale(0.5), "the charge: got"),
    "less noise of one choice": (6, every(MIDDLE, scale=10.0), "the charge: got"),
    "exponential noise at the price of Gumbel's": (6, kinds("exponential"), "the charge: got"),
    "noise of two kinds": (5, every(MIDDLE, noise="exponential"), "not chosen by noise of one kind"),
    "noise of totals": (1, every(MIDDLE, noise="discrete_gaussian"), ""),
    "another quantile": (5, every(MIDDLE, part=400_000), "is chosen once for each grouping set"),
    "another quantile everywhere": (5, every_part(800_000), "not of counts on ever finer grids"),
    "a quantile that is none": (1, every(MIDDLE, part=1_000_000), ""),
    "another quantile of the noise": (5, put(400_000, "noise", 2, "part"), "what was measured"),
    "a total that is not chosen": (5, fewer(MIDDLE), "is chosen once for each grouping set"),
    "a choice that is there twice": (5, fewer(MIDDLE, again=True), "is chosen once for each grouping set"),
    "nobody asked for it": (5, tree, "whether quantiles are chosen"),
    "L2 of one row less": (6, add(-1, "noise", 2, "add_remove_l2_squared"), "squared add/remove L2"),
    "L1 of a change": (6, add(-1, "noise", 2, "change_l1"), "change L1"),
    "L2 of a change": (6, add(-1, "noise", 2, "change_l2_squared"), "squared change L2"),
    "a value that is not the middle of a bucket": (8, cell("15.00"), "not the middle of a bucket"),
    "a value between two": (8, cell("14.50"), "lies between two values"),
    "a value outside": (8, both(cell("970314.00")), ""),
    "an interval": (8, put("3.00", "table", "rows", 0, 2, "low"), ""),
    "an interval that is said to be one": (8, put(False, "table", "rows", 0, 2, "no_information"), "known better than it is"),  # noqa: FBT003  a value of the file
}


@pytest.mark.parametrize("name", LIES)
def test_lies_are_found(one: Files, name: str) -> None:
    step, change, words = LIES[name]
    bent = one.bent(change)
    found = failed(verify(bent.release, bent.contract, bent.log))
    assert words in found[step]


def test_what_the_lies_are_about_is_honest(one: Files) -> None:
    for text in ("14.00", "44.00", "970274.00", "970294.00", "970299.00"):
        bent = one.bent(cell(text))
        assert failed(verify(bent.release, bent.contract, bent.log)) == {}, text
