"""What is wrong with a contract beyond its form: all of it at once, each with its fix."""

from __future__ import annotations

import datetime
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING

from stillroom.admission.identifiers import canonical
from stillroom.crypto.keys import PublicKey
from stillroom.errors import StillroomError
from stillroom.model.charge import DELTA_UNIT
from stillroom.model.contract import Contract, PrivateDataset, PublicDataset, Role
from stillroom.model.schema import CALENDAR, DOMAIN_LIMIT, Column, Kind, Use, column_type, days, places, seconds, to_units
from stillroom.policy.problem import Problem
from stillroom.policy.template_problems import template_problems, text_problems, work_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from stillroom.model.contract import Caps, Dataset

UNIT_LIMIT = 2**53
"""Bounds, in their own units, stay below this, and so does every whole number: RFC 8785 numbers are doubles."""

PLACES_LIMIT = 12
"""The most decimal places of a step."""

RESERVED = "person"
"""What tables of rows call the person; no column of a private dataset has this name."""


def semantic_problems(contract: Contract) -> tuple[Problem, ...]:
    """Return all problems of a contract whose form is right."""
    return part_problems(dict(contract)) or tuple(text_problems(contract))


def part_problems(parts: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return the problems beyond form of those fields of a contract whose form is right."""
    contract = Contract.model_construct(None, **parts)
    return tuple(problem for needs, check in _CHECKS if needs <= parts.keys() for problem in check(contract))


def dataset_problems(name: str, dataset: Dataset) -> Iterator[Problem]:
    """Return the problems of one dataset, whatever the rest of the contract says."""
    path = f"datasets.{name}"
    if isinstance(dataset, PublicDataset):
        yield from _public(dataset, path)
    else:
        yield from _private(dataset, path)
    for column, declared in dataset.columns.items():
        yield from column_problems(declared, f"{path}.columns.{column}")


def _parties(contract: Contract) -> Iterator[Problem]:
    """Check who signs."""
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
        if Role.OPERATOR in party.roles and {Role.OWNER, Role.ANALYST} & set(party.roles):
            what = "An operator signs with the room's key, and an owner or analyst with the key of its home."
            yield Problem(path=f"parties.{position}.roles", what=what, fix="Make the operator a party of its own.")


def _rights(contract: Contract) -> Iterator[Problem]:
    """Check who asks and who receives."""
    for field, role, listed in (("ask", Role.ANALYST, contract.ask), ("receive", Role.RECEIVER, contract.receive)):
        for name in listed:
            party_ = contract.party(name)
            if party_ is None or role not in party_.roles:
                yield Problem(path=field, what=f"{name} is not a party with the role {role}.", fix=f"Add the role {role} to the party.")
        if not listed or len(set(listed)) < len(listed):
            yield Problem(path=field, what="The list is empty or names a party twice.", fix="Name each party once.")


def _expiry(contract: Contract) -> Iterator[Problem]:
    """Check the last day."""
    try:
        datetime.date.fromisoformat(contract.expires)
    except ValueError:
        yield Problem(path="expires", what="This is not a date.", fix='Write "2027-12-31".')


def _numbers(contract: Contract) -> Iterator[Problem]:
    """Check that whole numbers have a canonical form."""
    for path, number in (
        ("version", contract.version),
        ("retention_days", contract.retention_days),
        ("limits.rows_per_person", contract.limits.rows_per_person),
    ):
        if number >= UNIT_LIMIT:
            yield Problem(path=path, what="The number is too large.", fix=f"Stay below {UNIT_LIMIT}.")


def _amends(contract: Contract) -> Iterator[Problem]:
    """Check that version and predecessor go together."""
    if (contract.version == 1) != (contract.amends is None):
        fix = "Version 1 amends nothing; a later version names the digest of the one before."
        yield Problem(path="amends", what="Version and `amends` do not go together.", fix=fix)


def _caps(contract: Contract) -> Iterator[Problem]:
    """Check that what is allowed at once fits what is allowed in total."""
    if contract.caps.release_epsilon > contract.caps.epsilon:
        yield Problem(path="caps.release_epsilon", what="One release could cost more than the contract has.", fix="Lower it.")
    yield from _selection(contract.caps)
    if contract.approval.rule != "automatic":
        return
    if contract.approval.release_epsilon > contract.caps.release_epsilon:
        fix = "Lower it to caps.release_epsilon."
        yield Problem(path="approval.release_epsilon", what="More would be automatic than is allowed.", fix=fix)
    if contract.approval.analyst_epsilon > contract.caps.epsilon:
        fix = "Lower it to caps.epsilon."
        yield Problem(path="approval.analyst_epsilon", what="More would be automatic than is allowed.", fix=fix)
    if (contract.approval.analyst_selection_delta or 0) > contract.caps.selection_delta:
        fix = "Lower it to caps.selection_delta, or leave it out."
        yield Problem(path="approval.analyst_selection_delta", what="More would be automatic than is allowed.", fix=fix)


def _selection(caps: Caps) -> Iterator[Problem]:
    """Check that the δ for selecting keys is there for all and for one release, or for none."""
    path, (each, most) = "caps.release_selection_delta", (caps.release_selection_delta, caps.selection_delta)
    if (each > 0) != (most > 0):
        fix = "Give both, or neither: all selection of keys draws on caps.selection_delta, and each release takes its part of it."
        yield Problem(path=path, what="It does not go together with caps.selection_delta.", fix=fix)
    elif each > most:
        yield Problem(path=path, what="One release could cost more than the contract has.", fix="Lower it.")
    elif 0 < each < float(DELTA_UNIT):
        yield Problem(path=path, what="It is smaller than what is counted.", fix="Give at least 1e-18.")


def _domains(contract: Contract) -> Iterator[Problem]:
    """Check that columns to group by have a domain, where the contract has no δ for selecting their values."""
    if contract.caps.release_selection_delta > 0:
        return
    for name, dataset in contract.datasets.items():
        for column, declared in dataset.columns.items() if isinstance(dataset, PrivateDataset) else ():
            if Use.GROUP in declared.uses and not _has_domain(declared):
                what = "A column to group by needs values, or bounds and a step with not too many between them."
                fix = f"Declare at most {DOMAIN_LIMIT} values, or agree on caps.selection_delta: then those of large groups are shown."
                yield Problem(path=f"datasets.{name}.columns.{column}.uses", what=what, fix=fix)


def _has_domain(column: Column) -> bool:
    """Tell whether a column declares the values that it can have; so does one that declares nonsense, which other checks find.

    Timestamps between bounds need not be few: it is their hours or days that are grouped by.
    """
    if column.type is Kind.TIMESTAMP and column.bounds is not None:
        return True
    try:
        return any(_shape(column, "")) or column_type(column).domain() is not None
    except ValueError:
        return True


def _protections(contract: Contract) -> Iterator[Problem]:
    """Check that some protection is allowed."""
    if not contract.protections or len(set(contract.protections)) < len(contract.protections):
        yield Problem(path="protections", what="The list is empty or repeats itself.", fix="Name each protection once.")


def _datasets(contract: Contract) -> Iterator[Problem]:
    """Check every dataset."""
    if not any(isinstance(dataset, PrivateDataset) for dataset in contract.datasets.values()):
        yield Problem(path="datasets", what="There is no private dataset.", fix="Describe the data that questions are about.")
    for name, dataset in contract.datasets.items():
        yield from dataset_problems(name, dataset)


def _owners(contract: Contract) -> Iterator[Problem]:
    """Check that somebody owns each dataset."""
    for name, dataset in contract.datasets.items():
        owner = contract.party(dataset.owner)
        if owner is None or Role.OWNER not in owner.roles:
            fix = "Add the role owner to the party."
            yield Problem(path=f"datasets.{name}.owner", what=f"{dataset.owner} is not a party with the role owner.", fix=fix)


def _limits(contract: Contract) -> Iterator[Problem]:
    """Check that the limits leave room for a question."""
    for name, dataset in contract.datasets.items():
        if isinstance(dataset, PrivateDataset) and dataset.rows_per_person > contract.limits.rows_per_person:
            fix = "Lower it, or raise limits.rows_per_person."
            what = "It is above limits.rows_per_person: every question would be refused."
            yield Problem(path=f"datasets.{name}.rows_per_person", what=what, fix=fix)


_CHECKS: tuple[tuple[frozenset[str], Callable[[Contract], Iterator[Problem]]], ...] = (
    (frozenset({"parties"}), _parties),
    (frozenset({"parties", "ask", "receive"}), _rights),
    (frozenset({"expires"}), _expiry),
    (frozenset({"version", "retention_days", "limits"}), _numbers),
    (frozenset({"version", "amends"}), _amends),
    (frozenset({"caps", "approval"}), _caps),
    (frozenset({"caps", "approval", "ask", "parties"}), template_problems),
    (frozenset({"datasets", "approval"}), work_problems),
    (frozenset({"protections"}), _protections),
    (frozenset({"datasets"}), _datasets),
    (frozenset({"datasets", "parties"}), _owners),
    (frozenset({"datasets", "caps"}), _domains),
    (frozenset({"datasets", "limits"}), _limits),
)
"""Each check, with the fields that it looks at."""


def _private(dataset: PrivateDataset, path: str) -> Iterator[Problem]:
    """Check a private dataset."""
    if dataset.person.column in dataset.columns:
        fix = "Remove it from columns: the person is never a value."
        yield Problem(path=f"{path}.person.column", what="The person column is also an ordinary column.", fix=fix)
    if not dataset.columns:
        yield Problem(path=f"{path}.columns", what="There are no columns.", fix="Declare the columns that questions may mention.")
    if RESERVED in dataset.columns:
        fix = "Give the column another name, in the file too."
        yield Problem(path=f"{path}.columns.{RESERVED}", what=f"The name `{RESERVED}` stands for the person everywhere.", fix=fix)
    rule = dataset.person.model_copy(update={"placeholders": ()})
    for placeholder in dataset.person.placeholders:
        if canonical(placeholder, rule) != placeholder:
            what = f"The placeholder {placeholder!r} can never occur: it is not in canonical form."
            spelling = canonical(placeholder, rule)
            fix = "Remove it: it counts as NULL already." if spelling is None else f"Write it as {spelling!r}."
            yield Problem(path=f"{path}.person.placeholders", what=what, fix=fix)


def _public(dataset: PublicDataset, path: str) -> Iterator[Problem]:
    """Check a public dataset."""
    missing = [name for name in dataset.key if name not in dataset.columns]
    if missing or len(set(dataset.key)) < len(dataset.key):
        yield Problem(path=f"{path}.key", what="A key column is not declared, or stands twice.", fix="Declare each key column once.")


def column_problems(column: Column, path: str) -> Iterator[Problem]:
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
    elif column.step is not None and (column.step >= UNIT_LIMIT or places(column.step) > PLACES_LIMIT or column.values is not None):
        fix = f"Use at most {PLACES_LIMIT} decimal places; listed values have no step."
        yield Problem(path=f"{path}.step", what="The step is too fine, too coarse, or beside listed values.", fix=fix)
    if column.type is Kind.INTEGER and column.step is not None and column.step != int(column.step):
        yield Problem(path=f"{path}.step", what="The step of integers is whole.", fix="Use type: decimal, or a whole step.")
    if column.bounds is not None and (column.values is not None or column.type in {Kind.TEXT, Kind.BOOLEAN}):
        yield Problem(path=f"{path}.bounds", what="Bounds are for numbers, dates and timestamps without listed values.", fix="Remove them.")
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
    if any(isinstance(value, str) and not _printable(value) for value in values):
        fix = "Write visible characters; the empty text is NULL, which `other` can stand for."
        yield Problem(path=f"{path}.values", what="A text is empty or holds control characters.", fix=fix)
    if len(values) > DOMAIN_LIMIT:
        yield Problem(path=f"{path}.values", what="The list is too long.", fix=f"List at most {DOMAIN_LIMIT} values.")


def _printable(text: str) -> bool:
    """Tell whether a text can stand in a table."""
    return bool(text) and not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def _bounds(column: Column, path: str) -> Iterator[Problem]:
    """Check that bounds are of the column's type."""
    for bound in column.bounds or ():
        try:
            right = _is_bound(column.type, bound)
        except (ValueError, ArithmeticError):
            right = False
        if not right:
            fix = "Write numbers, or in quotes ISO 8601 dates, and timestamps without a time zone: '2027-12-31 08:15:00'."
            yield Problem(path=f"{path}.bounds", what="A bound is not of the column's type.", fix=fix)


def _is_bound(kind: Kind, bound: float | str) -> bool:
    """Tell whether a bound is of a kind.

    Raises:
        ValueError, ArithmeticError: It is not.
    """
    if kind in CALENDAR:
        return isinstance(bound, str) and bool((days if kind is Kind.DATE else seconds)(bound) or 1)
    return not isinstance(bound, str) and Decimal(str(bound)).is_finite()


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
    if column.total is not None and not (numeric and _total_fits(column, column.total)):
        what = "A total is the lowest and highest per-person sum of numbers, with the decimal places of the column's step."
        yield Problem(path=f"{path}.total", what=what, fix="Correct or remove it.")


def _total_fits(column: Column, total: tuple[float, float]) -> bool:
    """Tell whether a total is a range of whole units of the column."""
    try:
        low, high = (to_units(end, places(column.step or 1)) for end in total)
    except ValueError:
        return False
    return -UNIT_LIMIT < low <= high < UNIT_LIMIT
