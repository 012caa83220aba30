"""A note on the three tests of the Article 29 Working Party (Opinion 05/2014, WP216), for all releases under a contract.

The tests are those of section 2.2.2 of the opinion. What differential privacy gives for each follows from its definition: (ε, δ) bounds how
far any output, and so anything that is worked out from it with any other knowledge, can depend on one person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.report import figures, limits, processing
from stillroom.client.report.ledger import ledger
from stillroom.client.report.markdown import bullets, left_open, quoted, section
from stillroom.client.report.record import read_record
from stillroom.model.contract import PrivateDataset
from stillroom.privacy.words import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.client.report.ledger import Ledger
    from stillroom.client.report.record import Record
    from stillroom.model.contract import Contract

TITLE = "Releases under a contract, by the three tests of Opinion 05/2014 (WP216)"


def wp216(contract: bytes, log: bytes, room_key: str | None = None, seen: Sequence[bytes] = ()) -> str:
    """Return the note, as Markdown. Arguments and errors are those of `dpia`."""
    record = read_record(contract, log, room_key, seen)
    counted = ledger(record)
    agreed = record.agreed.contract
    tests = (_scope(record, counted), _guarantee(agreed), _singling_out(agreed), _linkability(agreed), _inference(agreed), _rest(agreed))
    return "\n".join((processing.heading(TITLE, record, counted), *tests))


def _scope(record: Record, counted: Ledger) -> str:
    """Say which releases are meant."""
    return section(
        "1. What this note is about",
        (
            "All releases that were made under this contract and the versions before it, and all that may still be made: tables of "
            "counts, sums and what is computed from them, each number with noise. It is not about the data in the homes of their "
            "owners, nor about the rows that a run reads: these are personal data."
        ),
        "Parties:",
        processing.parties(record.agreed.contract),
        "What the log says of releases so far:",
        figures.spent(record, counted),
        figures.releases(record, counted),
    )


def _guarantee(contract: Contract) -> str:
    """Say what is guaranteed."""
    person = bullets(
        f"In {quoted(name)}: one {quoted(one.person.column)}, of whom at most so many rows are kept: {one.rows_per_person}."
        for name, one in contract.datasets.items()
        if isinstance(one, PrivateDataset)
    )
    return section(
        "2. What is guaranteed",
        (
            "All releases together are differentially private: each outcome is almost as likely with one person's data as without "
            "them, within the factor e^ε, except with probability δ. It holds against every attacker, with any other knowledge, now "
            "or later. An attacker who knows everything but what is asked, and holds both answers for equally likely, is right at "
            "most as often as (e^ε + δ)/(1 + e^ε):"
        ),
        figures.caps_table(contract),
        figures.sentences(contract),
        f"What one person is (identifiers of one person, at most: {contract.identifiers_per_person}):",
        person,
    )


def _singling_out(contract: Contract) -> str:
    """The first test."""
    ever = figures.bounds(contract).all
    lines = [
        (
            f"Whether a person is in the data: right at most {percent(ever.epsilon, ever.delta)} of the time, from all releases "
            "together, instead of 50 %. To isolate a person's records by means of releases takes an output that depends on that "
            "person's data. How far any may is what ε and δ bound."
        ),
        "Releases have no records. Their rows are groups, whose keys come from domains that the contract declares.",
        _selected(contract),
    ]
    return section(
        "3. Singling out",
        "*Can some or all records be isolated that identify an individual?*",
        bullets(lines),
        left_open("given this bound, is it still possible to single out an individual?"),
    )


def _selected(contract: Contract) -> str:
    """Say what showing values that no contract lists adds."""
    caps = contract.caps
    if caps.release_selection_delta == 0:
        return "Values that the contract does not list are never shown as groups."
    return (
        "Values that the contract does not list may be shown as groups, where the noisy number of persons who have them reaches a "
        f"threshold. That a value of one person alone is shown has a chance of at most δ = {caps.release_selection_delta:g} in a "
        f"release and {caps.selection_delta:g} in all; both are in the δ above."
    )


def _linkability(contract: Contract) -> str:
    """The second test."""
    ever = figures.bounds(contract).all
    change = percent(ever.change_epsilon, ever.delta)
    lines = (
        (
            f"Whether a person who is known to be in one dataset is in another one too: right at most {change} of the time, from all "
            "releases together, instead of 50 % (a change)."
        ),
        (
            "Whether two records are of one person or of two: the data differ in what two persons have, so what bounds it is about "
            "the sum of ε (presence) and ε (a change)."
        ),
        "The same bounds hold for links with other sources: the guarantee does not depend on what an attacker knows already.",
        (
            "Inside the room rows are linked by their identifiers, so who operates it can link them. A question that shows "
            "identifiers is refused."
        ),
        "Linking two members of a group: the guarantee is for one person; for k people who belong together, ε is multiplied by about k.",
    )
    return section(
        "4. Linkability",
        "*Can at least two records be linked that concern the same person or group of persons?*",
        bullets(lines),
        left_open("given this bound, is it still possible to link records relating to an individual?"),
    )


def _inference(contract: Contract) -> str:
    """The third test."""
    ever = figures.bounds(contract).all
    change = percent(ever.change_epsilon, ever.delta)
    lines = (
        (
            f"A yes/no fact about a person who is known to be in the data: right at most {change} of the time, from all releases "
            "together, instead of 50 %, if nothing else speaks for either answer."
        ),
        (
            "What is learnt about a person from all releases, beyond what would be learnt if that person's data were not in them, is "
            "bounded by ε and δ (presence)."
        ),
        (
            "**Inference about groups is not prevented.** What is true of most members of a group can be guessed of each, whether or "
            "not that person is in the data. To learn such facts is the purpose of statistics."
        ),
    )
    return section(
        "5. Inference",
        "*Can the value of an attribute be deduced, with significant probability, from the values of others?*",
        bullets(lines),
        left_open("given these bounds, can information be inferred concerning an individual, and what follows from facts about groups?"),
    )


def _rest(contract: Contract) -> str:
    """What is not covered, and what is left to a person."""
    return section(
        "6. What is not covered",
        limits.uncovered(contract),
        left_open(
            "conclusion: are these releases personal data in the hands of their receivers, by all means reasonably likely to be used?"
        ),
    )
