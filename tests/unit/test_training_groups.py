"""Groups of owners: who is in which, what a round of them costs, and averages over them."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from stillroom.errors import Code, InvalidInput
from stillroom.learning.averages import median, median_deviation, multi_krum, total_of, trimmed_mean
from stillroom.learning.groups import group_charge, group_sensitivity, group_sessions, grouped, worst_squares
from stillroom.learning.models.model import Step
from stillroom.model.noise_share import NoiseShare
from stillroom.privacy.noise_shares import least_share, norm_sensitivity, round_charge
from tests.secure_sums import CONTRACT, signing_key

if TYPE_CHECKING:
    from collections.abc import Callable

STEP = Step(kind="gradient", round=1, length=7)


def names(number: int) -> list[str]:
    return [f"p{place}" for place in range(number)]


@pytest.mark.parametrize(("number", "size"), [(9, 3), (11, 3), (15, 3), (16, 5), (19, 4), (60, 3)])
def test_everybody_is_in_one_group_of_at_least_the_size(number: int, size: int) -> None:
    groups = grouped(names(number), "run", size)
    assert sorted(name for group in groups for name in group) == sorted(names(number))
    sizes = [len(group) for group in groups]
    assert min(sizes) >= size
    assert max(sizes) - min(sizes) <= 1
    assert len(groups) == number // size


def test_groups_depend_on_names_and_the_run_only() -> None:
    groups = grouped(names(15), "run", 3)
    assert grouped(names(15)[::-1], "run", 3) == groups
    assert grouped(names(15) * 2, "run", 3) == groups
    assert len({grouped(names(15), f"run {place}", 3) for place in range(20)}) == 20


def test_all_are_dealt_alike() -> None:
    """In 400 runs each of 15 owners is in the first of five groups some 80 times: within six standard deviations, so by chance always."""
    first = [grouped(names(15), f"run {place}", 3)[0] for place in range(400)]
    counts = [sum(name in group for group in first) for name in names(15)]
    assert all(abs(count - 80) < 6 * 8 for count in counts)


@pytest.mark.parametrize(("number", "size"), [(8, 3), (15, 2), (15, 1), (15, 0), (15, -3), (11, 4), (0, 3)])
def test_small_groups_and_few_are_refused(number: int, size: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        grouped(names(number), "run", size)
    assert caught.value.code is Code.CONTRACT_INVALID


@pytest.mark.parametrize("sizes", [(1,), (3, 3, 3), (4, 3, 2), (1, 1, 4), (2, 2)])
def test_the_worst_person_is_in_as_many_owners_of_a_group_as_can_be(sizes: tuple[int, ...]) -> None:
    groups = [names(size) for size in sizes]
    for owners in range(1, sum(sizes) + 2):
        placed = product(*(range(size + 1) for size in sizes))
        assert worst_squares(groups, owners) == max(sum(one**2 for one in each) for each in placed if sum(each) <= owners)


def test_a_person_in_one_owners_data_is_charged_for_one_sum() -> None:
    groups = grouped(names(15), "run", 3)
    share = NoiseShare(variance=2**30, fewest=3, colluders=1)
    alone = round_charge(share, norm_sensitivity(100**2, 5 * 7), 5 * 7, exact=True)
    assert group_charge(share, groups, group_sensitivity(groups, 1, 100, 7), 7, exact=True) == alone
    whole = round_charge(share, norm_sensitivity((15 * 100) ** 2, 5 * 7), 5 * 7, exact=True)
    three = group_charge(share, groups, group_sensitivity(groups, 3, 100, 7), 7, exact=True)
    everywhere = group_charge(share, groups, group_sensitivity(groups, 15, 100, 7), 7, exact=True)
    assert three.rho == pytest.approx(9 * alone.rho, rel=1e-6)
    assert everywhere.rho == pytest.approx(5 * three.rho, rel=1e-6)
    assert everywhere.rho < whole.rho


def test_the_charge_is_that_of_the_groups_one_by_one() -> None:
    """Adding up the charges of what a person may be in, group by group, is the other way to see it."""
    groups = grouped(names(11), "run", 3)
    share = NoiseShare(variance=2**40, fewest=3, colluders=1)
    together = group_charge(share, groups, group_sensitivity(groups, 6, 1000, 7), 7, exact=True)
    parts = [round_charge(share, norm_sensitivity((count * 1000) ** 2, 7), 7, exact=True).rho for count in (4, 2)]
    assert together.rho == pytest.approx(sum(parts), abs=1, rel=1e-9)


def test_draws_of_all_groups_are_counted() -> None:
    groups = grouped(names(15), "run", 3)
    sensitivity = group_sensitivity(groups, 1, 2**10, 7)
    share = least_share(Fraction(1), sensitivity, 5 * 7, 3, 1)
    assert group_charge(share, groups, sensitivity, 7, exact=False) == round_charge(share, sensitivity, 35)
    assert group_charge(share, groups, sensitivity, 7, exact=False).rho <= 10**12


def test_nobody_is_in_no_owners_data() -> None:
    with pytest.raises(InvalidInput) as caught:
        group_sensitivity([names(3)], 0, 1, 1)
    assert caught.value.code is Code.PRICE_INVALID


def test_each_group_has_a_session_of_its_own() -> None:
    keys = {name: signing_key(name).public.text for name in names(10)}
    share = NoiseShare(variance=2**20, fewest=3, colluders=1)
    sessions = group_sessions(CONTRACT, "run-1", STEP, keys, share, bits=64)
    assert sorted(len(session.members) for session in sessions) == [3, 3, 4]
    assert {name: key for session in sessions for name, key in session.members.items()} == keys
    assert {(session.fewest, session.colluders, session.length, session.round) for session in sessions} == {(3, 1, 7, 1)}
    assert len({session.digest for session in sessions}) == 3
    later = group_sessions(CONTRACT, "run-1", STEP.model_copy(update={"round": 2}), keys, share, bits=64)
    assert [session.members for session in later] == [session.members for session in sessions]


def test_colluders_may_all_be_in_one_group() -> None:
    keys = {name: signing_key(name).public.text for name in names(10)}
    with pytest.raises(InvalidInput) as caught:
        group_sessions(CONTRACT, "run-1", STEP, keys, NoiseShare(variance=2**20, fewest=3, colluders=2), bits=64)
    assert caught.value.code is Code.CONTRACT_INVALID


def test_averages() -> None:
    updates = np.array([[1, 10], [2, 20], [3, 30], [4, 40], [1_000, -1_000]])
    assert median(updates).tolist() == [3.0, 20.0]
    assert trimmed_mean(updates, 1).tolist() == [3.0, 20.0]
    assert trimmed_mean(updates, 0).tolist() == [202.0, -180.0]
    assert multi_krum(updates, 1, 1).tolist() == [2.0, 20.0]
    assert multi_krum(updates, 1, 4).tolist() == [2.5, 25.0]
    assert total_of(median(updates), 5).tolist() == [15, 100]
    assert total_of(np.array([1e300, -1e300]), 5).tolist() == [2**62, -(2**62)]
    assert median_deviation(2.0, 5) == pytest.approx(2.0 * math.sqrt(5 * math.pi / 2))


def test_krum_bears_numbers_whose_squares_are_too_large() -> None:
    updates = np.array([[0.0], [1.0], [2.0], [1e300], [-1e308]])
    assert multi_krum(updates, 1, 3).tolist() == [1.0]


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("wrong", [1e12, -1e12, 0.0])
def test_one_row_moves_no_average_beyond_the_others(place: int, wrong: float) -> None:
    updates = np.arange(10.0).reshape(5, 2) + 100
    updates[place] = wrong
    honest = np.delete(updates, place, axis=0)
    for average in (median(updates), trimmed_mean(updates, 1), multi_krum(updates, 1, 1)):
        assert (honest.min(axis=0) <= average).all()
        assert (average <= honest.max(axis=0)).all()


def test_too_few_rows_are_refused() -> None:
    def short(rows: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return np.zeros((rows, 2))

    calls: list[Callable[[], object]] = [
        lambda: median(short(2)),
        lambda: median(np.zeros(5)),
        lambda: median(np.zeros((5, 2), dtype=complex)),
        lambda: trimmed_mean(short(4), 2),
        lambda: trimmed_mean(short(5), -1),
        lambda: multi_krum(short(6), 2, 1),
        lambda: multi_krum(short(7), 2, 6),
        lambda: multi_krum(short(7), 2, 0),
        lambda: multi_krum(short(7), -1, 1),
    ]
    for call in calls:
        with pytest.raises(InvalidInput) as caught:
            call()
        assert caught.value.code is Code.DATA_INVALID
