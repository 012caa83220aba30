"""A model card (Mitchell and others 2019, "Model Cards for Model Reporting", arXiv:1810.03993): what a model is, and what it is not."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from stillroom.client.report.markdown import bound_text, bullets, delta_text, listed, quoted, rho_text, section
from stillroom.model.codec import digest_of
from stillroom.model.trained import Unchecked
from stillroom.privacy.words import attacker_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.model.trained import TrainedModel, Variable

_KINDS = {
    "linear": "a number, as a weighted sum of the features",
    "logistic": "the probability of the second of two values, by logistic regression",
    "descent": "the probability of the second of two values, by logistic regression with gradient descent",
    "multinomial": "the probability of each of several values, by multinomial regression",
    "poisson": "the mean of a count, as the exponential of a weighted sum of the features",
}

_UNCHECKED = {
    Unchecked.NORM: (
        "**Norm not verified.** That what an owner brought for each person is within the bound. An owner that does not keep to it can make "
        "of the model what it likes, and protects its own people less; those in other owners' data alone are protected all the same."
    ),
    Unchecked.NOISE: "**Noise not verified.** That every owner, but for the colluders allowed for, added its share of the noise.",
    Unchecked.ROWS: "**Rows not verified.** That what owners' rows say is true, and that they are rows of the people that they name.",
    Unchecked.DISJOINT: (
        "**Disjointness not verified.** That nobody is in more owners' data than stated. A person who is in k times as many is protected "
        "with k² times the ρ."
    ),
    Unchecked.ACCURACY: "**Accuracy not measured.** No figure of merit on owners' rows was paid for, so this card states none.",
}

_NOT_CLAIMED = (
    "How well the model predicts, for anybody or for any group of people, or that it treats groups alike.",
    "That a weight says what causes what: weights carry noise, and are drawn to zero by the ridge and by the noise.",
    "That nothing can be guessed of a person from what is true of people in general, whether or not that person's rows were learned from.",
    "Anything about the rows for which it is asked to predict: they are outside of the guarantee.",
    "That a number that a linear model predicts is within the label's bounds.",
)


def card(model: TrainedModel) -> str:
    """Return a model's card in Markdown. It is made of the model alone; no figure in it depends on data otherwise than the model does.

    The attacker's sentences are worked out again from the promise. All that a party wrote is shown as code spans, where nothing means
    anything but itself.
    """
    parts = (
        f"# Model card: {quoted(model.name)}\n",
        section("What it predicts, and from what", _predicts(model)),
        section("Whom it was made for", _made_for(model)),
        section("What it reveals about one person", bullets(_privacy(model))),
        section("Rounds and noise", bullets(_rounds(model))),
        section("What is not verified", _not_verified(model)),
        section("What is not claimed", bullets(_NOT_CLAIMED)),
        section("What names it", bullets(_named(model))),
    )
    return "\n".join(parts)


def _predicts(model: TrainedModel) -> str:
    features = bullets(map(_variable, model.features))
    return (
        f"The label {_variable(model.label)}. The model gives {_KINDS[model.fit.kind]}.\n\nThe features are these, as the contract bounds "
        f"them. A number beyond its bounds counts as the bound; what is missing adds nothing.\n\n{features}"
    )


def _variable(one: Variable) -> str:
    """Return a column, and what it can be."""
    if one.values:
        return f"{quoted(one.name)}: {listed(str(value).lower() if isinstance(value, bool) else value for value in one.values)}"
    low, high = (f"{Decimal(bound).scaleb(-one.digits):f}" for bound in (one.low, one.high))
    return f"{quoted(one.name)}: a number from {low} to {high}"


def _made_for(model: TrainedModel) -> str:
    return bullets(
        (
            f"Contract: {quoted(model.contract_name)}, version {model.contract_version}.",
            f"Purpose, as the contract states it: {quoted(model.purpose)}. No other use was agreed on.",
            f"Receivers: {listed(model.receivers)}.",
        )
    )


def _privacy(model: TrainedModel) -> Iterator[str]:
    promise, persons = model.promise, model.owners_per_person
    yield (
        f"The unit is a person in all owners' data together, who is in the data of at most {persons} of {model.owners} owners, and has at "
        f"most so many identifiers: {model.identifiers_per_person}."
    )
    yield (
        f"Whether a person's rows are there: ε = {bound_text(promise.epsilon)}. How they are altered, in all of these data: "
        f"ε = {bound_text(promise.change_epsilon)}. Both at δ = {bound_text(promise.delta)}."
    )
    yield from attacker_sentences(promise, model.cap)
    rho, delta = rho_text(model.charge.rho), delta_text(model.charge.delta)
    yield f"Charged to the same accounts as questions: ρ = {rho}, δ = {delta} (approximate zCDP)."


def _rounds(model: TrainedModel) -> Iterator[str]:
    share, least = model.share, model.share.fewest
    yield f"Rounds: {len(model.lengths)}. Numbers summed in each: {', '.join(map(str, model.lengths))}."
    yield (
        f"The noise that is counted on in each number of a sum has a standard deviation of {model.noise_multiplier:.4g} times the most "
        f"that one person can change the sum by (L2). It is a sum of discrete Gaussians."
    )
    yield (
        f"A sum was opened of {least} owners' contributions or more. Each owner adds a share of the noise; those of {share.counted} owners "
        f"are all of the noise that is counted on, so that {share.colluders} of {least} may work together with whoever adds up."
    )
    for number, names in enumerate(model.contributors, start=1):
        yield f"Contributors to round {number}: {listed(names)}."


def _not_verified(model: TrainedModel) -> str:
    return bullets(_UNCHECKED[one] for one in Unchecked if one in model.unchecked)


def _named(model: TrainedModel) -> Iterator[str]:
    names = {"Model": digest_of(model), "Plan": model.plan, "Contract": model.contract, "Record of the training": model.record}
    return (f"{what}: {quoted(name)}" for what, name in names.items())
