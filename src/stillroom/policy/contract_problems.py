"""What is wrong with a contract beyond its form: all of it at once, each with its fix."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from stillroom.crypto.keys import PublicKey
from stillroom.errors import StillroomError
from stillroom.model.contract import Contract, PrivateDataset, PublicDataset, Role
from stillroom.model.schema import DOMAIN_LIMIT, Column, Kind, Use, column_type, days
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

UNIT_LIMIT = 2**53
"""Bounds, in their own units, stay below this."""


class Problem(Value):
    """One thing that is wrong.

    Attributes:
        path: Where.
        what: What.
        fix: What to do.
    """

    path: str
    what: str
    fix: str


def semantic_problems(contract: Contract) -> tuple[Problem, ...]:
    """Return all problems of a contract whose form is right."""
    return (*_parties(contract), *_terms(contract), *_datasets(contract))


def _parties(contract: Contract) -> Iterator[Problem]:
    """Check who signs, who asks and who receives."""
    names = [party.name for party in contract.parties]
    keys = [party.key for party in contract.parties]
    if len(set(names)) < len(names):
        yield Problem(path="parties", what="Two parties have one name.", fix="Give each its own.")
    if len(set(keys)) < len(keys):
        yield Problem(path="parties", what="Two parties have one key.", fix="Each party signs with a key of its own.")
    for position, party in enumerate(contract.parties):
        try:
            PublicKey.parse(party.key)
        except StillroomError:
            fix = "Copy what `stillroom init home` printed: ed25519:…"
            yield Problem(path=f"parties.{position}.key", what="This is not a public key.", fix=fix)
    for field, role, listed in (("ask", Role.ANALYST, contract.ask), ("receive", Role.RECEIVER, contract.receive)):
        for name in listed:
            party_ = contract.party(name)
            if party_ is None or role not in party_.roles:
                yield Problem(path=field, what=f"{name} is not a party with the role {role}.", fix=f"Add the role {role} to the party.")
        if not listed or len(set(listed)) < len(listed):
            yield Problem(path=field, what="The list is empty or names a party twice.", fix="Name each party once.")


def _terms(contract: Contract) -> Iterator[Problem]:
    """Check dates, versions and caps."""
    try:
        datetime.date.fromisoformat(contract.expires)
    except ValueError:
        yield Problem(path="expires", what="This is not a date.", fix='Write "2027-12-31".')
    if (contract.version == 1) != (contract.amends is None):
        fix = "Version 1 amends nothing; a later version names the digest of the one before."
        yield Problem(path="amends", what="Version and `amends` do not go together.", fix=fix)
    if contract.caps.release_epsilon > contract.caps.epsilon:
        yield Problem(path="caps.release_epsilon", what="One release could cost more than the contract has.", fix="Lower it.")
    if not contract.protections or len(set(contract.protections)) < len(contract.protections):
        yield Problem(path="protections", what="The list is empty or repeats itself.", fix="Name each protection once.")
    if contract.approval.rule == "automatic" and contract.approval.release_epsilon > contract.caps.release_epsilon:
        fix = "Lower it to caps.release_epsilon."
        yield Problem(path="approval.release_epsilon", what="More would be automatic than is allowed.", fix=fix)


def _datasets(contract: Contract) -> Iterator[Problem]:
    """Check every dataset."""
    if not any(isinstance(dataset, PrivateDataset) for dataset in contract.datasets.values()):
        yield Problem(path="datasets", what="There is no private dataset.", fix="Describe the data that questions are about.")
    for name, dataset in contract.datasets.items():
        path = f"datasets.{name}"
        owner = contract.party(dataset.owner)
        if owner is None or Role.OWNER not in owner.roles:
            fix = "Add the role owner to the party."
            yield Problem(path=f"{path}.owner", what=f"{dataset.owner} is not a party with the role owner.", fix=fix)
        if isinstance(dataset, PublicDataset):
            yield from _public(dataset, path)
        else:
            yield from _private(dataset, path)
        for column, declared in dataset.columns.items():
            private = isinstance(dataset, PrivateDataset)
            yield from _column(declared, f"{path}.columns.{column}", questions=private)


def _private(dataset: PrivateDataset, path: str) -> Iterator[Problem]:
    """Check a private dataset."""
    if dataset.person.column in dataset.columns:
        fix = "Remove it from columns: the person is never a value."
        yield Problem(path=f"{path}.person.column", what="The person column is also an ordinary column.", fix=fix)
    if not dataset.columns:
        yield Problem(path=f"{path}.columns", what="There are no columns.", fix="Declare the columns that questions may mention.")


def _public(dataset: PublicDataset, path: str) -> Iterator[Problem]:
    """Check a public dataset."""
    missing = [name for name in dataset.key if name not in dataset.columns]
    if missing or len(set(dataset.key)) < len(dataset.key):
        yield Problem(path=f"{path}.key", what="A key column is not declared, or stands twice.", fix="Declare each key column once.")


def _column(column: Column, path: str, *, questions: bool) -> Iterator[Problem]:
    """Check one column."""
    found = list(_shape(column, path))
    yield from found
    if found:
        return
    try:
        kind = column_type(column)
    except ValueError:
        yield Problem(
            path=path, what="Bounds, step and values do not fit together.", fix="Write bounds and values as multiples of the step."
        )
        return
    if kind.low is not None and kind.high is not None:
        if kind.low > kind.high:
            yield Problem(path=f"{path}.bounds", what="The lower bound is above the upper.", fix="Swap them.")
        if max(abs(kind.low), abs(kind.high)) >= UNIT_LIMIT:
            yield Problem(path=f"{path}.bounds", what="The bounds are too large.", fix="Use a coarser step or narrower bounds.")
        if any(bound % kind.step for bound in (kind.low, kind.high)):
            yield Problem(path=f"{path}.bounds", what="A bound is not a multiple of the step.", fix="Move it to one.")
    if questions and Use.GROUP in column.uses and kind.low is not None and kind.low <= (kind.high or 0) and kind.domain() is None:
        fix = f"List the values, or use a coarser step: at most {DOMAIN_LIMIT} values."
        yield Problem(path=f"{path}.uses", what="Its values are too many to group by.", fix=fix)


def _shape(column: Column, path: str) -> Iterator[Problem]:
    """Check that a column declares what its type needs, and nothing that does not go with it."""
    numeric = column.type in {Kind.INTEGER, Kind.DECIMAL}
    if column.values is not None:
        yield from _values(column, path)
    if column.type is Kind.TEXT and (column.values is None) == (column.max_length is None):
        yield Problem(path=path, what="Text needs either values or max_length.", fix="Give one of them.")
    if column.type is Kind.DECIMAL and column.step is None:
        yield Problem(path=f"{path}.step", what="A decimal column needs a step.", fix="Write the granularity, such as step: 0.01.")
    if column.step is not None and (not numeric or column.step <= 0):
        yield Problem(path=f"{path}.step", what="A step is a positive number, of a number column.", fix="Correct or remove it.")
    if column.type is Kind.INTEGER and column.step is not None and column.step != int(column.step):
        yield Problem(path=f"{path}.step", what="The step of integers is whole.", fix="Use type: decimal, or a whole step.")
    if column.bounds is not None and (column.values is not None or column.type in {Kind.TEXT, Kind.BOOLEAN}):
        yield Problem(path=f"{path}.bounds", what="Bounds are for numbers and dates without listed values.", fix="Remove them.")
    if column.bounds is not None:
        yield from _bounds(column, path)
    if column.max_length is not None and column.type is not Kind.TEXT:
        yield Problem(path=f"{path}.max_length", what="Only text has a length.", fix="Remove it.")
    yield from _uses(column, path)


def _values(column: Column, path: str) -> Iterator[Problem]:
    """Check listed values."""
    kinds = {Kind.TEXT: str, Kind.BOOLEAN: bool, Kind.INTEGER: int}
    expected = kinds.get(column.type)
    values = column.values or ()
    if expected is None or any(type(value) is not expected for value in values):
        yield Problem(path=f"{path}.values", what=f"The values are not of type {column.type}.", fix="List text, integers or truth values.")
    if not values or len(set(values)) < len(values):
        yield Problem(path=f"{path}.values", what="The list is empty or names a value twice.", fix="Name each value once.")
    if len(values) > DOMAIN_LIMIT:
        yield Problem(path=f"{path}.values", what="The list is too long.", fix=f"List at most {DOMAIN_LIMIT} values.")


def _bounds(column: Column, path: str) -> Iterator[Problem]:
    """Check that bounds are of the column's type."""
    for bound in column.bounds or ():
        try:
            right = isinstance(bound, str) and bool(days(bound) or 1) if column.type is Kind.DATE else Decimal(str(bound)).is_finite()
        except (ValueError, ArithmeticError):
            right = False
        if not right or (column.type is not Kind.DATE and isinstance(bound, str)):
            yield Problem(path=f"{path}.bounds", what="A bound is not of the column's type.", fix="Write numbers, or ISO 8601 dates.")


def _uses(column: Column, path: str) -> Iterator[Problem]:
    """Check that uses go with what is declared."""
    numeric = column.type in {Kind.INTEGER, Kind.DECIMAL}
    if column.other is not None and (column.values is None or column.other not in column.values):
        yield Problem(path=f"{path}.other", what="`other` is not one of the listed values.", fix="Add it to values.")
    if column.other is not None and column.required:
        yield Problem(path=f"{path}.other", what="A required column drops rows instead of using `other`.", fix="Remove one of the two.")
    if len(set(column.uses)) < len(column.uses):
        yield Problem(path=f"{path}.uses", what="A use stands twice.", fix="Name each once.")
    if Use.MEASURE in column.uses and numeric and column.bounds is None and column.values is None:
        yield Problem(path=f"{path}.uses", what="Numbers that are measured need bounds.", fix="Declare bounds.")
    if Use.GROUP in column.uses and column.values is None and column.bounds is None and column.type is not Kind.BOOLEAN:
        yield Problem(path=f"{path}.uses", what="A column to group by needs values or bounds.", fix="Declare them.")
    if column.total is not None and (not numeric or column.total[0] > column.total[1]):
        yield Problem(
            path=f"{path}.total", what="A total is the lowest and highest per-person sum of numbers.", fix="Correct or remove it."
        )
