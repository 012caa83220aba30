"""The processing that a contract describes, and what has happened under it, in lists."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from stillroom.client.report.markdown import bullets, listed, quoted, time_text
from stillroom.client.verification.signature import read_key
from stillroom.model.contract import AutomaticApproval, PrivateDataset, TemplateApproval
from stillroom.policy import contract_words
from stillroom.policy.automatic import askers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stillroom.client.report.ledger import Activation, Ledger
    from stillroom.client.report.record import Record
    from stillroom.model.contract import Contract, Dataset, Template
    from stillroom.model.schema import Column


def heading(title: str, record: Record, counted: Ledger) -> str:
    """Return a document's title, what it was made from, and what of that was checked."""
    contract, standing = record.agreed.contract, record.standing
    head = standing.extract.checkpoint
    vouched = listed(standing.vouched_by)
    return f"# {title}\n\n" + bullets(
        (
            (
                f"Contract: {quoted(contract.name)}, version {contract.version}, {quoted(record.agreed.digest)}, signed by "
                f"{listed(party.name for party in contract.parties)}."
            ),
            f"Room: {quoted(standing.room.name)}, key {quoted(standing.room.key.text)}. That this is its key is said by: {vouched}.",
            (
                f"Log: {head.size} entries, root {quoted(head.root.hex())}, from {time_text(counted.times[0])} to "
                f"{time_text(counted.times[1])}."
            ),
            (
                "Checked: all signatures of the contract, the log's tree, the room's signature on its head, and the rules that "
                "entries keep. Each release is checked with `stillroom verify`."
            ),
            (
                f"Holds of owners' accounts: {counted.holds}. Compared with what their owners signed, under this contract: "
                f"{standing.signed_holds}."
            ),
            (
                "Made from contract and log only, without any data. It states figures and draws no legal conclusion: what is marked "
                "OPEN is for a person to fill in."
            ),
        )
    )


def parties(contract: Contract) -> str:
    """Return who takes part."""
    return bullets(
        f"{quoted(party.name)}: {', '.join(party.roles) or 'no role'}. Key {quoted(read_key(party.key, party.name).id)}."
        for party in contract.parties
    )


def purpose(contract: Contract) -> str:
    """Return why, under whose law and how long."""
    return bullets(
        (
            f"Purpose: {quoted(contract.purpose)}",
            f"Jurisdiction: {quoted(contract.jurisdiction)}",
            f"Days for which releases are kept: {contract.retention_days}.",
            f"The last day on which questions are answered is {quoted(contract.expires)} (UTC).",
            f"May ask: {listed(contract.ask)}. May receive releases: {listed(contract.receive)}.",
            (
                f"Exact cells exist only inside: {listed(contract.protections)}. Answers appear at multiples of "
                f"{contract.quantum_seconds:g} s."
            ),
        )
    )


def datasets(contract: Contract) -> str:
    """Return what is processed. Domains and bounds stand in the contract: they are public knowledge among the parties."""
    return "".join(_dataset(name, dataset) for name, dataset in contract.datasets.items()) or "None.\n"


def _dataset(name: str, dataset: Dataset) -> str:
    """Return one dataset and its columns."""
    described = f" Described as {quoted(dataset.description)}." if dataset.description else ""
    if isinstance(dataset, PrivateDataset):
        person = dataset.person
        canonical = f", compared after {', '.join(person.canonical)}" if person.canonical else ""
        nobody = f" As no person count: {listed(person.placeholders)}." if person.placeholders else ""
        account = quoted(f"{dataset.owner}/{dataset.population}")
        kind = (
            f"private, owned by {quoted(dataset.owner)}, charged to the account {account}. One person is one {quoted(person.column)}"
            f"{canonical}, of whom at most so many rows are kept: {dataset.rows_per_person}.{nobody}"
        )
    else:
        kind = f"public, about no person, supplied by {quoted(dataset.owner)}, fixed by {quoted(dataset.digest)}."
    lying = f"  - {contract_words.whereabouts(dataset)}\n" if isinstance(dataset, PrivateDataset) else ""
    columns = "".join(f"  - {_column(column, declared, dataset)}\n" for column, declared in dataset.columns.items())
    return f"- {quoted(name)}: {kind}{described}\n{lying}{columns}"


def _column(name: str, declared: Column, dataset: Dataset) -> str:
    """Return one column: what it holds, and what questions may do with it."""
    used = _uses(declared.uses) if isinstance(dataset, PrivateDataset) else "public"
    described = f" Described as {quoted(declared.description)}." if declared.description else ""
    return f"{quoted(name)}: {quoted(contract_words.values(declared))}; {used}.{described}"


def _uses(uses: tuple[str, ...]) -> str:
    """Say what questions may do with a column."""
    return f"uses: {', '.join(uses)}" if uses else "no use: no question can mention it"


def approval(contract: Contract) -> str:
    """Return who says yes to a question."""
    rule = contract.approval
    if isinstance(rule, AutomaticApproval):
        return bullets((contract_words.automatic(rule),))
    if not isinstance(rule, TemplateApproval):
        return bullets(("Every owner whose data a question reads approves that question first.",))
    return bullets(
        (*(_template(one, contract) for one in rule.templates), "Every other question is approved first by every owner it reads.")
    )


def _template(one: Template, contract: Contract) -> str:
    """Return a question that is approved beforehand."""
    given = "".join(f", with {quoted(name)} {quoted(contract_words.allowed(domain))}" for name, domain in sorted(one.parameters.items()))
    most = f"up to ε = {one.release_epsilon:g} a release and {one.analyst_epsilon:g} in total for each of them"
    named, found = listed(one.ask or contract.ask), listed(askers(contract, one))
    whom = f"{found} (those of {named} with the role {' or '.join(one.roles)})" if one.roles else found
    return f"Approved beforehand for {whom}, {most}: {quoted(one.name)}{given}: {quoted(' '.join(one.sql.split()))}"


def minimised(contract: Contract) -> str:
    """Return the worst cases that the contract allows of one question."""
    limits = contract.limits
    return bullets(
        (
            f"Identifiers of one person: at most {contract.identifiers_per_person}.",
            (
                f"Groups of a table that one person influences: at most {limits.groups_per_person}. Linked rows of one person: at most "
                f"{limits.rows_per_person}. Cells of a table: at most {limits.cells}."
            ),
            *_unused(contract),
        )
    )


def _unused(contract: Contract) -> Iterator[str]:
    """Name the columns that are declared without a use."""
    private = ((name, one) for name, one in contract.datasets.items() if isinstance(one, PrivateDataset))
    idle = [f"{name}.{column}" for name, one in private for column, declared in one.columns.items() if not declared.uses]
    if idle:
        yield f"Declared, and of no use to any question: {listed(idle)}."


def events(record: Record, counted: Ledger) -> str:
    """Return what has happened besides releases."""
    return bullets((*_contracts(counted), *_data(record), *_words(counted)))


def _contracts(counted: Ledger) -> Iterator[str]:
    """Yield the contracts that were in force, with what each amendment has changed."""
    first = counted.contracts[0]
    yield f"In force since {time_text(first.at)}: {quoted(first.digest)}. Amendments: {len(counted.contracts) - 1}."
    for before, after in pairwise(counted.contracts):
        yield f"Amended at {time_text(after.at)}: {quoted(after.digest)}.{_changes(before, after)}"


def _changes(before: Activation, after: Activation) -> str:
    """Return what an amendment has changed, as a list within the list."""
    if before.contract is None or after.contract is None:
        return " The log does not hand over what it changed."
    lines = contract_words.difference(before.contract, after.contract)
    return "".join(f"\n  - {quoted(line)}" for line in lines if not line.startswith(("amends: ", "version: ")))


def _data(record: Record) -> Iterator[str]:
    """Yield the state of each dataset. A version counts uploads; it says nothing of what was uploaded."""
    history = record.standing.history
    for name in record.agreed.contract.datasets:
        if name not in history.versions:
            yield f"Data {quoted(name)}: no version yet."
        else:
            yield f"Data {quoted(name)}: version {history.versions[name]}{', withdrawn' if name in history.withdrawn else ''}."


def _words(counted: Ledger) -> Iterator[str]:
    """Yield what parties have said, and what the room has refused."""
    yield f"Decisions: {_counts(counted.decisions)}."
    yield f"Refusals: {_counts(counted.refusals)}."
    yield f"Pauses: {sum(one.paused for one in counted.pauses)}."
    for one in counted.pauses:
        yield f"Pause {one.pause}: {quoted(one.party)} {'paused' if one.paused else 'resumed'} at {time_text(one.at)}."
    said = ", ".join(f"{quoted(name)} {'agrees' if on else 'does not agree'}" for name, on in sorted(counted.consents.items()))
    yield f"Metrics and operational logs of the room's server (kept only while every owner agrees): {said or 'no owner has said anything'}."
    raised = {f"{account.owner}/{account.population}": number for account, number in counted.raised.items()}
    yield f"Accounts raised or opened since the room began: {_counts(raised)}."


def _counts(counts: Mapping[str, int]) -> str:
    """Return counts by name."""
    return ", ".join(f"{quoted(name)} {number}" for name, number in sorted(counts.items())) or "none"
