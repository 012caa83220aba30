"""Contracts in plain words, and what an amendment changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stillroom.model.contract import AutomaticApproval, Contract, Keep, PrivateDataset, PublicDataset, TemplateApproval
from stillroom.policy.automatic import askers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stillroom.model.contract import Domain, Template
    from stillroom.model.schema import Column


def explain(contract: Contract) -> tuple[str, ...]:
    """Return what a contract means, one sentence or two a line."""
    return (*_general(contract), *_caps(contract), *(line for name in contract.datasets for line in _dataset(contract, name)))


def _general(contract: Contract) -> Iterator[str]:
    """Say who, why and how long."""
    amended = f", which replaces {contract.amends}" if contract.amends else ""
    yield f"{contract.name}, version {contract.version}{amended}."
    yield f"Purpose: {contract.purpose} Jurisdiction: {contract.jurisdiction}"
    yield f"Signed by {_list([party.name for party in contract.parties])}; in force once all have signed, until {contract.expires}."
    yield f"{_list(contract.ask)} may ask. {_list(contract.receive)} may receive releases, and keep them {contract.retention_days} days."
    yield f"Exact cells exist only inside: {_list(contract.protections)}. Answers appear at multiples of {contract.quantum_seconds:g} s."


def _caps(contract: Contract) -> Iterator[str]:
    """Say how much may be revealed, and who agrees to a question."""
    caps = contract.caps
    yield f"Everything ever released under this contract together is within ε = {caps.epsilon:g} at δ = {caps.delta:g}."
    yield f"One release is within ε = {caps.release_epsilon:g}."
    if caps.release_selection_delta > 0:
        yield (
            f"A column without a declared domain may be grouped by: its values are then shown where enough persons have them. Each such "
            f"release costs δ = {caps.release_selection_delta:g} more, and all together at most {caps.selection_delta:g} more."
        )
    rule = contract.approval
    yield from (automatic(rule),) if isinstance(rule, AutomaticApproval) else _templates(contract)
    if contract.identifiers_per_person > 1:
        yield f"One person may have up to {contract.identifiers_per_person} identifiers; all noise is that much larger."
    limits = contract.limits
    yield f"One person influences at most {limits.groups_per_person} groups of a table, and a table has at most {limits.cells} cells."


def automatic(rule: AutomaticApproval) -> str:
    """Say which questions are approved without anybody's signature."""
    each = f"{rule.analyst_epsilon:g} in total for each analyst"
    if rule.analyst_selection_delta is not None:
        each += f", with at most δ = {rule.analyst_selection_delta:g} for selecting values"
    return f"Questions are approved automatically up to ε = {rule.release_epsilon:g} a release and {each}."


def _templates(contract: Contract) -> Iterator[str]:
    """Say which questions are approved beforehand, if any, and who approves the others."""
    rule = contract.approval
    if not isinstance(rule, TemplateApproval):
        yield "Every owner whose data a question reads approves that question first."
        return
    for one in rule.templates:
        with_ = "".join(f", with {name} {allowed(domain)}" for name, domain in sorted(one.parameters.items()))
        most = f"up to ε = {one.release_epsilon:g} a release and {one.analyst_epsilon:g} in total for each of them"
        yield f"Approved automatically, for {_for(contract, one)}, {most}: {one.name}{with_}: {' '.join(one.sql.split())}"
    yield "Every other question is approved first by every owner whose data it reads."


def _for(contract: Contract, template: Template) -> str:
    """Say whom a template is for, and by which roles, if by any."""
    named, found = _list(template.ask or contract.ask), _list(askers(contract, template))
    return f"{found} (those of {named} with the role {' or '.join(template.roles)})" if template.roles else found


def allowed(domain: Domain) -> str:
    """Say what a parameter may be."""
    if domain.values is not None:
        return f"one of {', '.join(map(str, domain.values))}"
    low, high = domain.bounds or (0, 0)
    return f"from {low} to {high}"


def _dataset(contract: Contract, name: str) -> Iterator[str]:
    """Say what a dataset is and what may be done with its columns."""
    dataset = contract.datasets[name]
    if isinstance(dataset, PublicDataset):
        yield f"{name}: public, supplied by {dataset.owner}, fixed by {dataset.digest}. Joined on {_list(dataset.key)}."
    elif isinstance(dataset, PrivateDataset):
        rows = "one row" if dataset.rows_per_person == 1 else f"at most {dataset.rows_per_person} rows"
        yield f"{name}: private, owned by {dataset.owner}. The person is {dataset.person.column}, with {rows} each."
        yield f"  {whereabouts(dataset)}"
    for column, declared in dataset.columns.items():
        uses = f"may be used to {_list(declared.uses)}" if declared.uses else "cannot be mentioned by any question"
        yield f"  {column}: {values(declared)}; {uses if isinstance(dataset, PrivateDataset) else 'public'}."


def whereabouts(dataset: PrivateDataset) -> str:
    """Say where the rows of a private dataset lie."""
    if dataset.keep is Keep.AT_SERVER:
        return (
            f"Its columns, and the identifiers of its persons, may lie at the room's server once a run has read them, also between runs: "
            f"encrypted, under keys that only {dataset.owner} has and hands to one run at a time."
        )
    return f"Its rows lie with {dataset.owner}; a room's server has what a run reads, encrypted, until that run is over."


def lying(contract: Contract, datasets: Sequence[str]) -> tuple[str, ...]:
    """Say where the rows lie of those of some datasets that are private."""
    found = ((name, contract.datasets[name]) for name in datasets)
    return tuple(f"{name}: {whereabouts(one)}" for name, one in found if isinstance(one, PrivateDataset))


def values(column: Column) -> str:
    """Say which values a column has."""
    words: str = str(column.type)
    if column.values is not None:
        words += f", one of {_list([str(value) for value in column.values])}"
    if column.bounds is not None:
        words += f" from {column.bounds[0]} to {column.bounds[1]}"
    if column.step is not None:
        words += f" in steps of {column.step}"
    if column.max_length is not None:
        words += f" of up to {column.max_length} characters"
    if column.other is not None:
        words += f", anything else counts as {column.other}"
    return words + (", rows without it are dropped" if column.required else "")


def _list(items: Any) -> str:  # noqa: ANN401 - any sequence of text
    """Join words with commas and `and`."""
    words = [str(item) for item in items]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def difference(old: Contract, new: Contract) -> tuple[str, ...]:
    """Return what changes from one contract to another, a line for each field."""
    return tuple(_changes(old.to_json(), new.to_json(), ""))


def _changes(old: Any, new: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON data
    """Yield the differences of two JSON values."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _changes(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
        return
    if _named(old) and _named(new):
        yield from _changes(_by_name(old), _by_name(new), path)
        return
    if old is None:
        yield f"{path}: added {_shown(new)}"
    elif new is None:
        yield f"{path}: removed {_shown(old)}"
    else:
        yield f"{path}: {_shown(old)} → {_shown(new)}"


def _named(value: Any) -> bool:  # noqa: ANN401 - any JSON data
    """Tell whether a value is a list of named things."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and "name" in item for item in value)


def _by_name(value: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a list of named things as a mapping."""
    return {str(item["name"]): item for item in value}


def _shown(value: Any) -> str:  # noqa: ANN401 - any JSON data
    """Return a JSON value for reading."""
    return ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) if isinstance(value, dict) else str(value)
