"""Releases whose caps a first measurement chose: honest ones hold; rooms that choose others, or draw less noise than is paid, are found."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from numpy.random import default_rng

from stillroom.client.verification import verify
from stillroom.client.verification.bounds import check_bounds
from stillroom.client.verification.caps import with_caps as verified
from stillroom.client.verification.outcome import Broken
from stillroom.model.expression import Average
from stillroom.model.plan import Plan
from stillroom.model.release import MeasureNoise
from stillroom.privacy.advice import losses
from stillroom.query.advised import advised, mechanisms, with_caps
from tests.attack.test_lying_rooms import add, both, failed, put
from tests.published import files
from tests.questions import CONTRACT, compiled
from tests.rooms import build
from tests.world import corpus

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.model.expression import Expression
    from stillroom.model.marginal import Marginal
    from tests.attack.test_lying_rooms import Change
    from tests.published import Files
    from tests.rooms import Scene
    from tests.world import Entry

QUESTION = (
    "SELECT visits.age > 40 AS older, visits.age > 60 AS old, COUNT(*) AS n, SUM(visits.age) AS ages, AVG(visits.age - 50) AS above"
    " FROM visits GROUP BY CUBE (older, old)"
)
"""Two keys, so that a person is in up to three cells; caps of cells, of `ages`, and of the signed sum that is averaged."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return build(tmp_path_factory.mktemp("room"))


@pytest.fixture(scope="module")
def one(scene: Scene) -> Files:
    """Return a release whose votes are so precise that lower caps may be chosen in four cells, too."""
    return files(scene, scene.ask(QUESTION, advise=0.5).envelope)


def test_honest_releases_hold(one: Files, tmp_path: Path) -> None:
    assert {step.outcome for step in verify(one.release, one.contract, one.log).steps} == {"passed"}
    assert [advice["measure"] for advice in one.value["plan"]["advice"]] == [None, 1, 2]
    scene = build(tmp_path)
    for share in (0.05, 0.2, 0.5):
        for question in ("SELECT COUNT(*) FROM visits", "SELECT age > 40, SUM(age - 50), COUNT(*) FROM visits GROUP BY 1"):
            found = files(scene, scene.ask(question, advise=share, epsilon=share).envelope)
            assert {step.outcome for step in verify(found.release, found.contract, found.log).steps} == {"passed"}, question


def test_the_release_says_what_was_chosen(one: Files) -> None:
    value = one.value
    for advice, chosen in zip(value["plan"]["advice"], value["table"]["advised"], strict=True):
        assert chosen["cap"] in advice["caps"]
        assert len(chosen["votes"]) == len(advice["caps"])
    stated = {one["measure"]: one["person_total_high"] for one in value["disclosure"]["mechanisms"]}
    assert stated[1] == value["table"]["advised"][1]["cap"]
    assert value["disclosure"]["contribution_bounds"]["cells_per_person"] == int(value["table"]["advised"][0]["cap"])


def other_cap(number: int) -> Change:
    """Return the change that states another cap than the votes choose."""

    def change(value: dict[str, Any]) -> None:
        chosen = value["table"]["advised"][number]
        chosen["cap"] = next(cap for cap in value["plan"]["advice"][number]["caps"] if cap != chosen["cap"])

    return change


def louder(number: int) -> Change:
    """Return the change that makes everybody vote for the highest cap or, if that is chosen, for the lowest."""

    def change(value: dict[str, Any]) -> None:
        advice, chosen = value["plan"]["advice"][number], value["table"]["advised"][number]
        votes, highest = ["0"] * len(advice["caps"]), chosen["cap"] == advice["caps"][-1]
        votes[0 if highest else -1] = "1000000"
        chosen["votes"] = votes

    return change


def hopeful(value: dict[str, Any]) -> None:
    """Make nobody vote, and choose what would be best if that were sure: noise may hide persons, and the contract's bound has to stay."""
    plan = Plan.model_validate_json(json.dumps(value["plan"]))
    advice, chosen = plan.advice[1], value["table"]["advised"][1]
    variances = [Fraction(one.scale) ** 2 for one in mechanisms(plan, advice, int(value["table"]["advised"][0]["cap"]))]
    votes = [0] * len(advice.caps)
    errors = losses(advice.caps, votes, Fraction(advice.mechanism.scale) ** 2, variances, 4)
    chosen.update(votes=[str(vote) for vote in votes], cap=str(advice.caps[errors.index(min(errors))]))


def less_noise(factor: float) -> Change:
    """Return the change that states less noise for the first marginal, everywhere."""

    def change(value: dict[str, Any]) -> None:
        for stated in (value["noise"], value["disclosure"]["mechanisms"]):
            stated[0]["mechanism"]["scale"] *= factor

    return change


def _quieter(value: dict[str, Any], factor: float) -> None:
    for advice in value["plan"]["advice"]:
        advice["mechanism"]["scale"] *= factor


def _uncharged(value: dict[str, Any]) -> None:
    value["charge"]["rho"] = int(value["charge"]["rho"] * 0.9)
    value["balance"]["after"]["rho"] = value["balance"]["before"]["rho"] - value["charge"]["rho"]


def _higher(value: dict[str, Any]) -> None:
    value["plan"]["advice"][1]["caps"][-1] = str(int(value["plan"]["advice"][1]["caps"][-1]) + 1)


def _many(value: dict[str, Any]) -> None:
    """State a choice among so many caps that going through them all would take hours."""
    highest = 20_000
    value["plan"]["measures"][1]["high"] = str(highest)
    value["plan"]["advice"][1]["caps"] = [str(cap) for cap in range(1, highest + 1)]
    value["table"]["advised"][1]["votes"] = ["1"] * highest


def _narrower(value: dict[str, Any]) -> None:
    value["promise"]["change_epsilon"] = value["promise"]["epsilon"]


def _wider(value: dict[str, Any]) -> None:
    cell = value["table"]["rows"][0][3]
    cell.update(low=str(int(cell["low"]) - 10_000), high=str(int(cell["high"]) + 10_000))


LIES: dict[str, tuple[Change, set[int]]] = {
    "another cap of a total": (other_cap(1), {5}),
    "another number of cells": (other_cap(0), {5}),
    "other votes": (louder(1), {5}),
    "other votes about cells": (louder(0), {5}),
    "a cap that is not to choose from": (put("7777", "table", "advised", 1, "cap"), {1, 5}),
    "too few votes": (lambda value: value["table"]["advised"][1]["votes"].pop(), {5}),
    "no votes": (lambda value: value["table"].pop("advised"), {5}),
    "a cap too many": (lambda value: value["table"]["advised"].append(value["table"]["advised"][0]), {5}),
    "less noise than is paid": (less_noise(0.99), {5}),
    "hardly any noise": (less_noise(1e-9), {5}),
    "noise of another kind": (put("discrete_laplace", "noise", 0, "mechanism", "noise"), {5}),
    "votes without noise": (put(2.0**-7, "plan", "advice", 0, "mechanism", "scale"), {5}),
    "votes with less noise than is paid": (lambda value: _quieter(value, 0.9), {5, 6}),
    "votes that were not asked for": (lambda value: value["question"]["terms"].pop("advise"), {5}),
    "votes that are not charged": (_uncharged, {6}),
    "a cap above the contract's": (_higher, {1}),
    "very many caps": (_many, {1}),
    "a cap of no measure": (put(7, "plan", "advice", 1, "measure"), {1}),
    "a change understated": (add(-1, "noise", 0, "change_l2_squared"), {6}),
    "bounds that are not those chosen": (put("1", "disclosure", "mechanisms", 1, "person_total_high"), {7}),
    "a promise for a change as if caps were known": (_narrower, {7}),
    "an interval as of the highest cap": (_wider, {8}),
    "an average that is known too well": (put("20", "plan", "finish", "outputs", 4, "value", "high"), {6}),
    "an average of a key": (put("k0", "plan", "finish", "outputs", 4, "value", "total"), {6}),
}


@pytest.mark.parametrize(("change", "steps"), LIES.values(), ids=LIES)
def test_lies_are_found(one: Files, change: Change, steps: set[int]) -> None:
    bent = one.bent(change)
    found = failed(verify(bent.release, bent.contract, bent.log))
    assert steps & found.keys(), found


def stated(marginal: Marginal) -> MeasureNoise:
    """Return what a release states of a marginal's noise; what it costs is computed again, whatever is stated."""
    return MeasureNoise(
        measure=0,
        kept=marginal.kept,
        mechanism=marginal.mechanism,
        digits=0,
        add_remove_l1="0",
        add_remove_l2_squared="0",
        change_l1="0",
        change_l2_squared="0",
    )


@pytest.mark.parametrize("entry", corpus("advised.sql"), ids=lambda entry: entry.name)
def test_a_verifier_chooses_what_votes_choose_and_nothing_else(entry: Entry) -> None:
    """For crowds of different sizes at the lower caps, and noise."""
    plan, rng = entry.compiled.plan, default_rng(5)
    for people in (0, 1_000, 100_000):
        votes = [[int(rng.normal(people / 2**place, one.mechanism.scale)) for place in range(len(one.caps))] for one in plan.advice]
        chosen = advised(plan, votes)
        capped = with_caps(plan, [one.cap for one in chosen])
        noise = [one for strategy in capped.strategies for one in map(stated, strategy)]
        assert verified(plan, chosen, noise, capped.selection if plan.selection else None).measures == capped.measures
        last, caps = chosen[-1], plan.advice[-1].caps
        for cap in {caps[0], caps[-1]} - {last.cap}:
            with pytest.raises(Broken, match="votes"):
                verified(plan, [*chosen[:-1], last.model_copy(update={"cap": cap})], noise, capped.selection if plan.selection else None)


@pytest.mark.parametrize("terms", [{"advise": 0.05}, {"caps": {"total": 50}}])
def test_an_average_of_what_may_be_cut_is_not_known_to_keep_from_zero(terms: dict[str, Any]) -> None:
    """Ages are from 12 on, and so is their average as long as nothing is cut."""

    def bounded(low: int, **more: Any) -> Plan:  # noqa: ANN401 - terms of a question
        plan = compiled("SELECT AVG(age) AS mean, SUM(age) AS total FROM members", epsilon=1.0, **more).plan
        return plan.model_copy(update={"finish": plan.finish.with_each(lambda node: _from(node, low))})

    check_bounds(bounded(12), CONTRACT)
    check_bounds(bounded(0, **terms), CONTRACT)
    for narrow in (bounded(13), bounded(12, **terms)):
        with pytest.raises(Broken, match="the bounds of an average"):
            check_bounds(narrow, CONTRACT)


def _from(node: Expression, low: int) -> Expression:
    return node.model_copy(update={"low": low}) if isinstance(node, Average) else node


def test_a_cap_that_votes_do_not_bear_out_is_found(scene: Scene) -> None:
    """It is lower than the contract's bound, and would be best if votes had no noise."""
    bent = files(scene, scene.ask(QUESTION, advise=0.02).envelope).bent(hopeful)
    assert int(bent.value["table"]["advised"][1]["cap"]) < int(bent.value["plan"]["advice"][1]["caps"][-1])
    assert "bear out" in failed(verify(bent.release, bent.contract, bent.log))[5]


def test_a_bent_release_that_says_the_same_holds(one: Files) -> None:
    again = one.bent(both(lambda value: value))
    assert failed(verify(again.release, again.contract, again.log)) == {}
