"""Sensitivities against brute force over every feasible contribution."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.privacy.sensitivity import Sensitivity, sensitivities

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.int64]
    Norms: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True)
class Case:
    """The parameters of one bound."""

    lo: int
    hi: int
    rows_total: int
    groups: int
    cells: int
    identifiers: int = 1

    def declared(self) -> tuple[Sensitivity, Sensitivity]:
        """Return what the package says."""
        return sensitivities(**vars(self))

    def feasible(self) -> Vectors:
        """Return every contribution of one identifier."""
        entries = itertools.product(range(self.lo, self.hi + 1), repeat=self.cells)
        vectors = np.array(list(entries), dtype=np.int64)
        feasible: Vectors = vectors[(np.abs(vectors).sum(axis=1) <= self.rows_total) & ((vectors != 0).sum(axis=1) <= self.groups)]
        return feasible


SIDES = list(itertools.product((0, -1, -2), (0, 1, 3)))


def cases(lo: int, hi: int) -> list[Case]:
    """Return bounds with these limits of an entry, and every small total, number of groups and number of cells."""
    shapes = ((1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 3), (5, 3))
    return [Case(lo, hi, total, groups, cells) for total in (0, 1, 2, 3, 4, 5, 7, 20) for groups, cells in shapes]


CASES = [case for lo, hi in SIDES for case in cases(lo, hi)]
MANY = [Case(lo, hi, total, groups, 2, 2) for lo, hi in ((0, 1), (0, 2), (-1, 2), (-1, 1)) for total in (1, 2, 3, 9) for groups in (1, 2)]


def norms(vectors: Vectors) -> Norms:
    """Return the largest L0, L1, squared L2 and L∞ of vectors along the last axis."""
    size = np.abs(vectors)
    return int((size != 0).sum(-1).max()), int(size.sum(-1).max()), int((size**2).sum(-1).max()), int(size.max())


def differences(vectors: Vectors) -> Vectors:
    return vectors[:, None, :] - vectors[None, :, :]


def sums(vectors: Vectors) -> Vectors:
    """Return every contribution of a person with two identifiers."""
    return np.unique((vectors[:, None, :] + vectors[None, :, :]).reshape(-1, vectors.shape[1]), axis=0)


def declared_norms(sensitivity: Sensitivity) -> Norms:
    return sensitivity.l0, sensitivity.l1, sensitivity.l2_squared, sensitivity.linf


def within(actual: Norms, declared: Norms) -> bool:
    return all(one <= other for one, other in zip(actual, declared, strict=True))


@pytest.mark.parametrize(("lo", "hi"), SIDES)
def test_sensitivities_bound_every_neighbour(lo: int, hi: int) -> None:
    for case in cases(lo, hi):
        add_remove, change = case.declared()
        vectors = case.feasible()
        assert declared_norms(add_remove) == norms(vectors), case
        brute = norms(differences(vectors))
        assert within(brute, declared_norms(change)), case
        if 0 in {lo, hi} or case.groups == 1 or case.cells == 1:
            assert declared_norms(change) == brute, case


def test_sensitivities_bound_a_person_with_two_identifiers() -> None:
    for case in MANY:
        add_remove, change = case.declared()
        vectors = sums(case.feasible())
        assert within(norms(vectors), declared_norms(add_remove)), case
        assert within(norms(differences(vectors)), declared_norms(change)), case


def forget_the_rest(case: Case) -> tuple[Sensitivity, Sensitivity]:
    add_remove, change = case.declared()
    peak = max(add_remove.linf, 1)
    return add_remove.model_copy(update={"l2_squared": case.rows_total // peak * peak**2}), change


def forget_the_negative_side(case: Case) -> tuple[Sensitivity, Sensitivity]:
    return Case(0, case.hi, case.rows_total, case.groups, case.cells).declared()


def change_like_add_remove(case: Case) -> tuple[Sensitivity, Sensitivity]:
    add_remove, _ = case.declared()
    return add_remove, add_remove


def change_as_if_non_negative(case: Case) -> tuple[Sensitivity, Sensitivity]:
    add_remove, change = case.declared()
    return add_remove, change.model_copy(update={"l2_squared": 2 * add_remove.l2_squared, "linf": add_remove.linf})


def groups_off_by_one(case: Case) -> tuple[Sensitivity, Sensitivity]:
    return Case(case.lo, case.hi, case.rows_total, max(1, case.groups - 1), case.cells).declared()


@pytest.mark.parametrize(
    "planted",
    [forget_the_rest, forget_the_negative_side, change_like_add_remove, change_as_if_non_negative, groups_off_by_one],
)
def test_brute_force_finds_a_planted_mistake(planted: Callable[[Case], tuple[Sensitivity, Sensitivity]]) -> None:
    def passes(case: Case) -> bool:
        add_remove, change = planted(case)
        vectors = case.feasible()
        return within(norms(vectors), declared_norms(add_remove)) and within(norms(differences(vectors)), declared_norms(change))

    assert not all(passes(case) for case in CASES)


def test_brute_force_finds_forgotten_identifiers() -> None:
    def passes(case: Case) -> bool:
        add_remove, _ = Case(case.lo, case.hi, case.rows_total, case.groups, case.cells).declared()
        return within(norms(sums(case.feasible())), declared_norms(add_remove))

    assert not all(passes(case) for case in MANY)


sizes, counts = st.integers(0, 10**30), st.integers(1, 10**9)
large = st.builds(Case, lo=sizes.map(int.__neg__), hi=sizes, rows_total=sizes, groups=counts, cells=counts, identifiers=st.integers(1, 5))


@given(case=large)
def test_change_lies_between_add_remove_and_twice_of_it(case: Case) -> None:
    add_remove, change = case.declared()
    assert within(declared_norms(add_remove), declared_norms(change))
    assert change.l1 <= 2 * add_remove.l1
    assert change.l2_squared <= (4 if case.lo and case.hi else 2) * add_remove.l2_squared
    assert change.linf <= 2 * add_remove.linf
    assert change.l0 <= case.cells


@given(case=large.filter(lambda case: case.identifiers == 1))
def test_norms_agree_with_each_other(case: Case) -> None:
    for one in case.declared():
        assert one.linf <= one.l1 <= one.l0 * one.linf
        assert one.linf**2 <= one.l2_squared <= one.l1 * one.linf


def test_sensitivities_beyond_doubles_survive_json() -> None:
    add_remove, _ = Case(0, 2**60 + 1, 2**61, 1, 1).declared()
    assert add_remove.to_json() == {"l0": "1", "l1": str(2**60 + 1), "l2_squared": str((2**60 + 1) ** 2), "linf": str(2**60 + 1)}
    assert Sensitivity.model_validate(add_remove.to_json()) == add_remove
