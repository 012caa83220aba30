"""What is wrong with the templates of a contract: caps above the contract's, domains of nothing, text that the contract would refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import StillroomError
from stillroom.model.codec import digest_of
from stillroom.model.contract import TemplateApproval
from stillroom.model.question import Question, Terms
from stillroom.policy.automatic import askers
from stillroom.policy.problem import Problem
from stillroom.query.compile import compile_question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.model.contract import Contract, Domain, Template
    from stillroom.model.question import Parameter


WORK_LIMIT = 20_000
"""The most templates, times the columns of all datasets, each of which is looked at when a template is compiled."""


def work_problems(contract: Contract) -> Iterator[Problem]:
    """Check that templates and columns are not too many together: to read a contract would take minutes, whoever hands it in."""
    rule = contract.approval
    columns = sum(len(dataset.columns) for dataset in contract.datasets.values())
    if isinstance(rule, TemplateApproval) and len(rule.templates) * columns > WORK_LIMIT:
        yield Problem(
            path="approval.templates",
            what=f"There are {len(rule.templates)} templates for {columns} columns: too many to be checked.",
            fix=f"Keep templates × columns at {WORK_LIMIT} at most: leave out columns that no question needs, or templates.",
        )


def template_problems(contract: Contract) -> Iterator[Problem]:
    """Check names, caps, parties and domains."""
    rule = contract.approval
    if not isinstance(rule, TemplateApproval):
        return
    names = [one.name for one in rule.templates]
    if len(set(names)) < len(names):
        yield Problem(path="approval.templates", what="Two templates have one name.", fix="Give each its own.")
    for place, template in enumerate(rule.templates):
        path = f"approval.templates.{place}"
        yield from _caps(contract, template, path)
        if not set(template.ask) <= set(contract.ask):
            yield Problem(path=f"{path}.ask", what="It names a party that may not ask.", fix="List the party under `ask`, or leave it out.")
        yield from _roles(contract, template, path)
        for name, domain in template.parameters.items():
            yield from _domain(domain, f"{path}.parameters.{name}")


def text_problems(contract: Contract) -> Iterator[Problem]:
    """Compile each template of a contract without other problems, with a parameter of each domain: what is refused, nobody could ask."""
    rule = contract.approval
    if not isinstance(rule, TemplateApproval):
        return
    named = digest_of(contract)
    for place, template in enumerate(rule.templates):
        parameters = {name: _example(domain) for name, domain in template.parameters.items()}
        terms, asker = Terms(epsilon=template.release_epsilon), askers(contract, template)[0]
        try:
            question = Question(contract=named, sql=template.sql, parameters=parameters, terms=terms, asked_by=asker)
            compile_question(contract, question, named)
        except StillroomError as error:
            yield Problem(path=f"approval.templates.{place}.sql", what=error.reason, fix=error.fix)


def _caps(contract: Contract, template: Template, path: str) -> Iterator[Problem]:
    caps = contract.caps
    if template.release_epsilon > caps.release_epsilon:
        yield Problem(
            path=f"{path}.release_epsilon", what="More would be automatic than is allowed.", fix="Lower it to caps.release_epsilon."
        )
    if template.analyst_epsilon > caps.epsilon:
        yield Problem(path=f"{path}.analyst_epsilon", what="More would be automatic than is allowed.", fix="Lower it to caps.epsilon.")


def _roles(contract: Contract, template: Template, path: str) -> Iterator[Problem]:
    """Check that each role is one that somebody has whom the template is for: of another, nobody could make use."""
    names = set(template.ask or contract.ask)
    there = {role for party in contract.parties if party.name in names for role in party.roles}
    for role in template.roles:
        if role not in there:
            what = f"Of the parties that the template is for, none has the role {role}."
            yield Problem(path=f"{path}.roles", what=what, fix="Give the role to a party that may ask it, or leave it out here.")


def _domain(domain: Domain, path: str) -> Iterator[Problem]:
    if (domain.values is None) == (domain.bounds is None):
        yield Problem(path=path, what="A parameter needs values or bounds, and not both.", fix="List values, or give two bounds.")
    elif domain.bounds is not None and domain.bounds[0] > domain.bounds[1]:
        yield Problem(path=path, what="The lower bound is above the upper one.", fix="Exchange them.")


def _example(domain: Domain) -> Parameter:
    """Return some value of a domain."""
    return domain.values[0] if domain.values is not None else (domain.bounds or (0, 0))[0]
