"""From a template and a contract to a plan of training and its charge, before anything is read.

**What it guarantees.** One person, in at most m owners' data (`owners_per_person`) under at most i identifiers each (the contract's
`identifiers_per_person`), adds to the sum of a round at most m·i vectors of L2 norm `bound`, one in an owner's contribution for each
identifier (`stillroom.learning.clipping`); so with or without the person the sum differs by m·i·bound at most.
Each round is charged for that, with the noise that is in it whoever drops out (`stillroom.privacy.noise_shares`); what a round measures
depends on earlier sums alone, and charges of such rounds add up (`stillroom.privacy.accountant`). All else is computed from the sums.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.learning.fitting import model_of
from stillroom.learning.sources import compile_source
from stillroom.learning.training import lengths_of
from stillroom.model.training import CompiledTraining, TrainingPlan
from stillroom.privacy.accountant import compose, rho_from
from stillroom.privacy.noise_shares import least_share, norm_sensitivity, round_charge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.model.contract import Contract, Digest, Name
    from stillroom.model.noise_share import NoiseShare
    from stillroom.model.training import Feature, Source, TrainingTemplate

LARGEST_BOUND, SMALLEST_BOUND = 2**20, 2**8
"""Units of a person's vector: the more, the less is lost by rounding; with fewer, more noise can be sampled."""

MOST_EXACT = 2**15
"""Up to so many draws in all rounds are made by an exact sampler, which takes some 12 µs for each; more by a table, at the price of a δ."""


def compile_training(contract: Contract, named: Digest, template: TrainingTemplate) -> CompiledTraining:
    """Compile a template under a contract. Plan and charge depend on these two only.

    Args:
        contract: The contract.
        named: Its digest.
        template: The template.

    Raises:
        InvalidInput: A source is not SQL; `CONTRACT_INVALID` if numbers of owners do not go together.
        Refusal: As for a question, of a source; `TYPE_MISMATCH` if sources differ, or the label is not what the model learns;
            `PRICE_NOT_REACHABLE` if noise for this price is larger than can be sampled.
    """
    _check_owners(template)
    sources = {owner: compile_source(contract, named, owner, sql, template.label) for owner, sql in sorted(template.sources.items())}
    _check_alike(sources)
    source = next(iter(sources.values()))
    lengths = lengths_of(model_of(template.fit, source, template.clip, SMALLEST_BOUND))
    delta = Fraction(str(contract.caps.delta))
    rho = rho_from(Fraction(str(template.epsilon)), delta) / len(lengths)
    tabled = sum(lengths) > MOST_EXACT
    owners = template.owners_per_person or len(sources)
    vectors = owners * contract.identifiers_per_person
    bound, share = _units(rho, vectors, max(lengths), template, exact=not tabled)
    charges = (round_charge(share, norm_sensitivity((vectors * bound) ** 2, length), length, exact=not tabled) for length in lengths)
    plan = TrainingPlan(
        contract=named,
        name=template.name,
        fit=template.fit,
        sources=sources,
        clip=template.clip,
        bound=bound,
        lengths=lengths,
        owners_per_person=owners,
        identifiers_per_person=contract.identifiers_per_person,
        share=share,
        tabled=tabled,
    )
    return CompiledTraining(plan=plan, charge=compose(charges))


def _units(rho: Fraction, vectors: int, length: int, template: TrainingTemplate, *, exact: bool) -> tuple[int, NoiseShare]:
    """Return the most units of a vector for which the noise of a round can be sampled, and each owner's share of it."""
    bound = LARGEST_BOUND
    while True:
        sensitivity = norm_sensitivity((vectors * bound) ** 2, length)
        try:
            return bound, least_share(rho, sensitivity, length, template.fewest, template.colluders, exact=exact)
        except Refusal:
            if bound == SMALLEST_BOUND:
                raise
        bound //= 2


def _check_owners(template: TrainingTemplate) -> None:
    """See that a sum is opened over one set of owners only, and that one of them is honest (`stillroom.learning.secure_sum`)."""
    owners, fewest, colluders = len(template.sources), template.fewest, template.colluders
    if fewest > owners or 2 * fewest <= owners + colluders:
        raise InvalidInput(
            Code.CONTRACT_INVALID,
            f"{fewest} of {owners} owners are too few, or too many, where {colluders} may collude.",
            "`fewest` is at most the number of sources, and twice as much is more than sources and colluders together.",
        )
    if (template.owners_per_person or owners) > owners:
        raise InvalidInput(
            Code.CONTRACT_INVALID, "A person cannot be in more owners' data than there are.", "Lower owners_per_person, or leave it out."
        )


def _check_alike(sources: Mapping[Name, Source]) -> None:
    """See that all owners' sources have the same columns."""
    first, *others = sources.items()
    for owner, source in others:
        if [*map(_kind, (*source.features, source.label))] != [*map(_kind, (*first[1].features, first[1].label))]:
            raise Refusal(
                Code.TYPE_MISMATCH,
                f"The sources of {first[0]} and {owner} differ in their columns.",
                "Name the same columns in the same order, with the same bounds and values; LEAST and GREATEST cut numbers.",
            )


def _kind(feature: Feature) -> tuple[object, ...]:
    return feature.name, feature.low, feature.high, feature.digits, feature.values
