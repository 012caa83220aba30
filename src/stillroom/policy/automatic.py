"""Which questions owners have approved beforehand, by signing the contract, and within which limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.model.contract import AutomaticApproval, TemplateApproval
from stillroom.model.question import Dialect
from stillroom.policy.allowance import allowance, analyst_allowance, automatic_allowance

if TYPE_CHECKING:
    from stillroom.model.charge import Charge
    from stillroom.model.contract import Contract, Domain, Template
    from stillroom.model.question import Parameter, Question


@dataclass(frozen=True, slots=True)
class Automatic:
    """An approval that is part of the contract.

    Attributes:
        spender: Who spends it, by which template if by one: what is spent so is added up under this name.
        what: What it is for, in words.
        epsilon: The most that one release may cost, as the contract writes it.
        release: The same as a charge.
        total: The most that the spender may spend so in all.
    """

    spender: str
    what: str
    epsilon: float
    release: Charge
    total: Charge


def automatic(contract: Contract, question: Question) -> Automatic | None:
    """Return the approval that the contract has ready for a question, if it has one. It depends on contract and question alone."""
    rule, caps, asker = contract.approval, contract.caps, question.asked_by
    if isinstance(rule, AutomaticApproval):
        return Automatic(asker, "any question", rule.release_epsilon, automatic_allowance(rule, caps), analyst_allowance(rule, caps))
    if not isinstance(rule, TemplateApproval):
        return None
    template = next((one for one in rule.templates if _is_of(one, contract, question)), None)
    if template is None:
        return None
    release = allowance(template.release_epsilon, caps.delta, caps.release_selection_delta)
    total = allowance(template.analyst_epsilon, caps.delta, caps.selection_delta)
    return Automatic(f"{asker}/{template.name}", f"the template {template.name}", template.release_epsilon, release, total)


def askers(contract: Contract, template: Template) -> tuple[str, ...]:
    """Return the parties that a template is for: named, if it names any, *and* with one of its roles, if it has any."""
    named = template.ask or contract.ask
    if not template.roles:
        return named
    able = {party.name for party in contract.parties if set(party.roles) & set(template.roles)}
    return tuple(name for name in named if name in able)


def _is_of(template: Template, contract: Contract, question: Question) -> bool:
    """Tell whether a question is a template, word for word, with parameters that it allows, and asked by whom it is for."""
    return (
        question.sql == template.sql
        and question.dialect is Dialect.DUCKDB
        and question.asked_by in askers(contract, template)
        and question.parameters.keys() == template.parameters.keys()
        and all(_within(template.parameters[name], value) for name, value in question.parameters.items())
    )


def _within(domain: Domain, value: Parameter) -> bool:
    """Tell whether a parameter is one of the listed values, of the same type, or a number between the bounds."""
    if domain.values is not None:
        return any(type(one) is type(value) and one == value for one in domain.values)
    if domain.bounds is None or isinstance(value, bool | str):
        return False
    low, high = domain.bounds
    return low <= value <= high
