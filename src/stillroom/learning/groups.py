"""Sums over groups of owners, so that a median over groups can do without those that an owner has spoiled.

Owners are dealt into groups by a rule that reads nothing but public names. Each group's sum is opened by a secure sum of its own
(`stillroom.learning.secure_sum`), with noise that suffices by itself: at least `share.counted` honest shares are in each that is opened.
What is made of the sums (`stillroom.learning.averages`) is post-processing.

**What is charged.** All groups' sums of a round are one vector, (S₁, …, S_G): one mechanism with G·length coordinates, in each of which is
the noise of `share.counted` shares or more, independent of all other noise. Let a person be in the data of at most m owners
(`owners_per_person`), m_g of them in group g. These are different owners, so that m_g ≤ n_g, the number of owners of the group, and
Σ m_g ≤ m. With or without the person, S_g differs by a vector of L2 norm at most m_g·bound, by the triangle inequality over the owners of
this group alone. So (S₁, …, S_G) differs by a vector of squared norm at most

    bound²·Σ m_g² ≤ bound²·W,    where W is the most that whole numbers 0 ≤ m_g ≤ n_g with Σ m_g ≤ m make of Σ m_g².

W is found by filling the largest groups first. For let m_g be such numbers, sorted so that larger groups come first, and the m_g in falling
order, too: they still fit, as the j-th largest of them is at most the j-th largest n_g. If they are not filled from the front, then some
a = m_g < n_g is followed by a b ≥ 1 with b ≤ a, and moving a unit from b to a adds 2(a - b) + 2 > 0. So a round costs what
`noise_shares.round_charge` says for the squared sensitivity W·bound² and G·length coordinates. That is once, not once for each group:

- With m = 1, W = 1: a person is in one owner's data, so in one group's sum. The price is that of this one sum.
- W ≤ m²: it is never more than one secure sum over all owners costs with as much noise, and less where m exceeds the largest group.
- An aggregator that has groups measure different steps, or one after it has seen another's sum, gains nothing: a person's part in each has
  norm m_g·bound at most whatever is measured, and rhos of (m_g·bound)² each add up to the same W (`stillroom.privacy.accountant`).
- Owners that drop out take from m_g, and groups that are not opened from the sum. That they do must not depend on data, as ever.

What groups cost is accuracy: noise that would be enough once is in each of G sums. And colluders may all be in one group: `share.colluders`
are so many of a single one.

**What groups withstand.** f owners that do what they like spoil at most f groups. As long as 2f < G, a median over groups lies, in each
coordinate, between values of groups that none of them is in. As each group has k owners or more, G ≤ n/k, so that f is less than n/2k: with
groups of three, less than one owner in six. Beyond that it is luck, which names and runs decide; whoever may choose the name of a run may
look for luck.

What is not hidden: a sum over three owners tells more of these as businesses than one over all. What it tells of a person is charged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.crypto import canonical
from stillroom.errors import Code, InvalidInput
from stillroom.learning.secure_sum.session import FEWEST, Session
from stillroom.privacy.noise_shares import norm_sensitivity, round_charge

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stillroom.learning.models.model import Step
    from stillroom.learning.ring import Bits
    from stillroom.model.charge import Charge
    from stillroom.model.noise_share import NoiseShare
    from stillroom.privacy.sensitivity import Sensitivity

FEWEST_GROUPS = 3
"""With two groups a median is a mean, and one of them can move it anywhere."""


def grouped(names: Collection[str], named: str, size: int) -> tuple[tuple[str, ...], ...]:
    """Deal owners into as many groups of at least `size` as there can be, whose sizes differ by one at most.

    The order in which they are dealt is that of digests of `named` and each name: it depends on nothing else, and all can work it out.

    Args:
        names: The owners.
        named: What names the run, publicly.
        size: The fewest owners of a group.

    Raises:
        InvalidInput: `CONTRACT_INVALID` if a group would have fewer than three owners, or there would be fewer than three groups.
    """
    count = len(set(names)) // size if size >= FEWEST else 0
    if count < FEWEST_GROUPS:
        raise InvalidInput(
            Code.CONTRACT_INVALID,
            f"{len(set(names))} owners are too few for {FEWEST_GROUPS} groups of {max(size, FEWEST)}.",
            f"A group has {FEWEST} owners at least, and there are {FEWEST_GROUPS} groups at least; or do without groups.",
        )
    order = sorted(set(names), key=lambda name: (canonical.digest_of([named, name]), name))
    return tuple(tuple(sorted(order[place::count])) for place in range(count))


def worst_squares(groups: Sequence[Collection[str]], owners_per_person: int) -> int:
    """Return W, the most that the squares of how many owners of each group have one person's data add up to; see the module.

    Raises:
        InvalidInput: `PRICE_INVALID`: a person is in no owner's data.
    """
    if owners_per_person < 1:
        raise InvalidInput(Code.PRICE_INVALID, "A person is in at least one owner's data.", "Give 1 only where people are disjoint.")
    left, squares = owners_per_person, 0
    for size in sorted(map(len, groups), reverse=True):
        taken = min(size, left)
        squares += taken**2
        left -= taken
    return squares


def group_sensitivity(groups: Sequence[Collection[str]], owners_per_person: int, bound: int, length: int) -> Sensitivity:
    """Return the add/remove sensitivity of all groups' sums of a round together; see the module.

    Args:
        groups: The owners of each.
        owners_per_person: In how many owners' data one person may be.
        bound: The largest L2 norm of what one person adds to one owner's contribution, under all identifiers together, in units.
        length: How many numbers a group sums.

    Raises:
        InvalidInput: `PRICE_INVALID`: a person is in no owner's data.
    """
    return norm_sensitivity(worst_squares(groups, owners_per_person) * bound**2, len(groups) * length)


def group_charge(share: NoiseShare, groups: Sequence[Collection[str]], sensitivity: Sensitivity, length: int, *, exact: bool) -> Charge:
    """Return what a round costs in which every group's sum is opened; see the module.

    Args:
        share: The noise that each owner adds to each number; it is enough for each group by itself.
        groups: The owners of each.
        sensitivity: `group_sensitivity`, of all sums together.
        length: How many numbers a group sums.
        exact: Whether draws are exact, and cost no δ.

    Raises:
        Refusal: `PRICE_INVALID`: it is larger than can be counted.
    """
    return round_charge(share, sensitivity, len(groups) * length, exact=exact)


def group_sessions(  # noqa: PLR0913, PLR0917 - what names a session
    contract: str, run: str, step: Step, keys: Mapping[str, str], share: NoiseShare, bits: Bits
) -> tuple[Session, ...]:
    """Return the secure sums of a round, one for each group, which every owner works out for itself and compares.

    Groups are the same in all rounds of a run, so that who spoils a sum spoils the sums of one group only.

    Args:
        contract: The digest of the contract.
        run: The run.
        step: What the round measures.
        keys: The owners' public keys, by name.
        share: The noise that each owner adds. A group has `share.fewest` owners at least, and is not opened with fewer.
        bits: The sums are modulo 2^bits.

    Raises:
        InvalidInput: `CONTRACT_INVALID` as `grouped`, or if in the largest group two sets of owners could be confirmed.
    """
    groups = grouped(keys, canonical.digest_of([contract, run]), share.fewest)
    if 2 * share.fewest <= max(map(len, groups)) + share.colluders:
        raise InvalidInput(
            Code.CONTRACT_INVALID,
            f"{share.fewest} owners are too few for the largest of {len(groups)} groups, where {share.colluders} may collude.",
            "Twice `fewest` is more than a group's owners and colluders together: raise it, or assume fewer colluders.",
        )
    return tuple(
        Session(
            contract=contract,
            run=run,
            round=step.round,
            members={name: keys[name] for name in group},
            length=step.length,
            bits=bits,
            fewest=share.fewest,
            colluders=share.colluders,
        )
        for group in groups
    )
