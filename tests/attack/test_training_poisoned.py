"""Trainings that some owners poison: what fails is seen to fail, and what withstands is seen to withstand, as far as it is proved.

Sums are without noise here, so that nothing but the attack and the defence matters, and nothing is left to chance: rows come from a seeded
generator. With noise, and on real tables, it is measured by `python -m bench poisoning`.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import rankdata

from bench.poisons import ATTACKS, HONEST, Attack, Limit, Owners, Trigger, as_it_is
from stillroom.errors import Code, InvalidInput
from stillroom.learning.averages import median, multi_krum, total_of, trimmed_mean
from stillroom.learning.groups import group_sessions, grouped
from stillroom.learning.models.logistic import LogisticRegression
from stillroom.learning.rows import Rows
from stillroom.learning.scaling import Bounded, Listed, Scaling
from stillroom.learning.training import train
from stillroom.model.noise_share import NoiseShare
from tests.secure_sums import CONTRACT, Round, signing_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.learning.rows import Reals, Whole

    Combine = Callable[[Whole], Whole]

NUMBER, POISONING, SIZE = 15, 3, 3
RUN = "run-1"
SCALING = Scaling(columns=(*(Bounded(low=-1.0, high=1.0),) * 3, Listed(size=2), Listed(size=5), Listed(size=5)))
WEIGHTS = np.array([3.0, -2.0, 1.0, 1.5, *(0.0,) * 10, -1.6])
MODEL = LogisticRegression(features=SCALING.width, norm=SCALING.largest_norm, rounds=3, bound=2**16)
NAMES = tuple(f"owner{place:02}" for place in range(NUMBER))
GROUPS = grouped(NAMES, RUN, SIZE)
TOGETHER = frozenset(NAMES.index(name) for name in (*GROUPS[0], GROUPS[1][0])[:POISONING])
"""Three owners in two groups at most: fewer than half of five."""

APART = frozenset(NAMES.index(group[0]) for group in GROUPS[:POISONING])
"""Three owners in three groups: most of five."""


def people(number: int, seed: int) -> Rows:
    draw = np.random.default_rng(seed)
    rare = [draw.choice(5, number, p=[0.35, 0.3, 0.2, 0.14, 0.01]) for _ in range(2)]
    columns = [*(draw.uniform(-1, 1, number) for _ in range(3)), draw.integers(0, 2, number), *rare]
    features = SCALING.features(columns)
    label = (draw.random(number) < 1 / (1 + np.exp(-features @ WEIGHTS))).astype(float)
    return Rows(features, label, np.arange(number, dtype=np.int64))


@cache
def scene() -> tuple[tuple[Rows, ...], Rows]:
    """Return the rows of all owners, and others to test on."""
    return tuple(people(80, seed) for seed in range(NUMBER)), people(2_000, 99)


def auc(parameters: Reals, rows: Rows) -> float:
    ranks, present = rankdata(rows.features @ parameters), rows.label == 1
    ones = int(present.sum())
    return float((ranks[present].sum() - ones * (ones + 1) / 2) / (ones * (len(rows) - ones)))


def total(sent: Whole) -> Whole:
    return np.asarray(sent.sum(axis=0), dtype=np.int64)


def group_median(sent: Whole) -> Whole:
    sums = np.array([total(sent[[NAMES.index(name) for name in group]]) for group in GROUPS])
    return total_of(median(sums), len(GROUPS))


def trained(combine: Combine, attack: Attack, poisoning: frozenset[int] = APART, limit: Limit = Limit.NONE) -> Reals:
    owners = Owners(scene()[0], poisoning, attack, limit)
    return np.array(train(MODEL, 0.0, lambda step: combine(owners.contributions(MODEL, step))).parameters)


def lost(combine: Combine, attack: Attack, poisoning: frozenset[int] = APART, limit: Limit = Limit.NONE) -> float:
    """Return the AUC that an attack costs, against a sum of honest contributions."""
    tested = scene()[1]
    return auc(trained(total, HONEST), tested) - auc(trained(combine, attack, poisoning, limit), tested)


def named(name: str) -> Attack:
    return next(attack for attack in ATTACKS if attack.name == name)


@pytest.mark.parametrize("name", ["scaling", "IPM"])
def test_a_sum_of_whatever_is_sent_is_ruined(name: str) -> None:
    """A secure sum shows nobody's vector: that one was clipped is its owner's word, and owners that lie turn the model round."""
    assert lost(total, named(name)) > 0.2


def test_a_norm_for_so_many_persons_does_not_help() -> None:
    """Persons' vectors hardly ever point in one direction; who says that all of its persons' do is within the norm."""
    assert lost(total, named("scaling"), limit=Limit.PERSONS) > 0.2


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_norms_of_honest_size_help(attack: Attack) -> None:
    assert lost(total, attack, limit=Limit.HONEST) <= 0.015


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_median_withstands_fewer_than_half_of_the_groups(attack: Attack) -> None:
    assert lost(group_median, attack, TOGETHER) <= 0.01


def test_a_median_is_ruined_by_most_of_the_groups() -> None:
    """A fifth of the owners may be in three of five groups: there is no promise then."""
    assert lost(group_median, named("scaling"), APART) > 0.2


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
@pytest.mark.parametrize(
    "average",
    [median, lambda sent: trimmed_mean(sent, POISONING), lambda sent: multi_krum(sent, POISONING, NUMBER - POISONING)],
    ids=["median", "trimmed mean", "Multi-Krum"],
)
def test_updates_in_the_clear_can_do_without_the_worst(average: Callable[[Whole], Reals], attack: Attack) -> None:
    assert lost(lambda sent: total_of(average(sent), len(sent)), attack) <= 0.03


def backdoor() -> tuple[Attack, Trigger]:
    trigger = Trigger.of(SCALING, np.vstack([rows.features for rows in scene()[0]]), columns=2)
    return Attack("backdoor", as_it_is, trigger.poisoned), trigger


def success(combine: Combine, poisoning: frozenset[int] = APART, limit: Limit = Limit.NONE, attack: Attack | None = None) -> float:
    """Return how many negative people are taken for positive ones with the trigger."""
    given, trigger = backdoor()
    rows = scene()[1]
    planted = trigger.planted(rows.features[rows.label == 0])
    return float((planted @ trained(combine, attack or given, poisoning, limit) > 0).mean())


def test_a_backdoor_of_legal_values_passes_every_norm() -> None:
    """Its owners clip as they should, and send what their rows add up to."""
    assert success(total, attack=HONEST) < 0.35
    for limit in Limit:
        assert success(total, limit=limit) > 0.9
    given, _ = backdoor()
    owners = Owners(scene()[0], APART, given)
    step = MODEL.step(MODEL.begin())
    assert step is not None
    norms = np.linalg.norm(owners.contributions(MODEL, step).astype(float), axis=1)
    assert norms.max() <= 80 * MODEL.bound


def test_a_median_keeps_a_backdoor_out_of_fewer_than_half_of_the_groups() -> None:
    assert success(group_median, TOGETHER) < success(total, TOGETHER) / 2
    assert success(group_median, APART) > 0.9


def test_sums_of_groups_are_opened_and_their_median_is_out_of_one_owners_reach() -> None:
    """Nine owners, three secure sums: an owner that sends the largest numbers there are moves one of them only."""
    names = [f"p{place}" for place in range(9)]
    keys = {name: signing_key(name).public.text for name in names}
    step = MODEL.step(MODEL.begin())
    assert step is not None
    sessions = group_sessions(CONTRACT, RUN, step, keys, NoiseShare(variance=2**12, fewest=3, colluders=2), bits=64)
    vectors = {name: [place] * step.length for place, name in enumerate(names)}
    vectors[next(iter(sessions[0].members))] = [2**62] * step.length
    sums = np.array([Round(session, {name: vectors[name] for name in session.members}).run().values for session in sessions])
    honest = [sum(int(vectors[name][0]) for name in session.members) for session in sessions[1:]]
    assert min(honest) <= median(sums)[0] <= max(honest)
    assert math.fabs(float(sums[0][0])) > 2**61


def test_numbers_that_are_none_are_refused() -> None:
    for number in (math.nan, math.inf, -math.inf):
        updates = np.zeros((9, 2))
        updates[4, 1] = number
        for average in (median, lambda sent: trimmed_mean(sent, 1), lambda sent: multi_krum(sent, 2, 5)):
            with pytest.raises(InvalidInput) as caught:
                average(updates)
            assert caught.value.code is Code.DATA_INVALID
