"""Questions that owners have approved beforehand, by the text of a template in the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.accounting import allowance
from stillroom.client.verification.outcome import require
from stillroom.model.question import Dialect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.model.contract import Contract, Domain, Template, TemplateApproval
    from stillroom.model.question import Question
    from stillroom.model.release import Release


def check_template(rule: TemplateApproval, contract: Contract, release: Release, unsigned: Sequence[str]) -> None:
    """Accept a release without the approval of some owners, if its question is of a template, and it costs no more than that allows.

    What an analyst has spent by one template before is not in the log, which has no questions.

    Raises:
        Broken: It is of none, or costs more.
    """
    found = [one for one in rule.templates if _is_of(one, contract, release.question)]
    require(bool(found), f"the plan was committed without the approval of {', '.join(unsigned)}, and is of no template")
    most = allowance(found[0].release_epsilon, contract.caps.delta) + 1
    require(release.charge.rho <= most, f"the charge is {release.charge.rho}, expected at most {most} by the template {found[0].name}")


def _is_of(template: Template, contract: Contract, question: Question) -> bool:
    """Compare text, parameters and asker."""
    given = question.parameters
    if question.sql != template.sql or question.dialect != Dialect.DUCKDB or set(given) != set(template.parameters):
        return False
    if not _is_for(template, contract, question.asked_by):
        return False
    return all(_allows(domain, given[name]) for name, domain in template.parameters.items())


def _is_for(template: Template, contract: Contract, asker: str) -> bool:
    """Tell whether a template lets a party ask: by its name, where there are names, and by a role of it, where there are roles."""
    if asker not in (template.ask or contract.ask):
        return False
    has = {role for party in contract.parties if party.name == asker for role in party.roles}
    return not template.roles or not has.isdisjoint(template.roles)


def _allows(domain: Domain, value: object) -> bool:
    """Tell whether a value is listed, as what it is, or is a number that lies between two."""
    if domain.values is not None:
        return (type(value), value) in [(type(one), one) for one in domain.values]
    return isinstance(value, int | float) and not isinstance(value, bool) and domain.bounds is not None and _between(value, domain.bounds)


def _between(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value and not bounds[1] < value
