"""The record of a data protection impact assessment (GDPR, Article 35(7)), as far as contract and log can state it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.report import figures, limits, processing
from stillroom.client.report.ledger import ledger
from stillroom.client.report.markdown import left_open, section
from stillroom.client.report.record import read_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.client.report.ledger import Ledger
    from stillroom.client.report.record import Record

TITLE = "Data protection impact assessment: record of the processing"


def dpia(contract: bytes, log: bytes, room_key: str | None = None, seen: Sequence[bytes] = ()) -> str:
    """Return the record, as Markdown.

    Args:
        contract: The signed contract.
        log: The room's whole log.
        room_key: The room's public key, if it is known.
        seen: Checkpoints that somebody has seen and kept.

    Raises:
        StillroomError: As `stillroom.client.report.record.read_record`.
    """
    record = read_record(contract, log, room_key, seen)
    counted = ledger(record)
    parts = (_described(record, counted), _necessary(record), _risks(record), _measures(record), _rest())
    return "\n".join((processing.heading(TITLE, record, counted), *parts))


def _described(record: Record, counted: Ledger) -> str:
    """Article 35(7)(a)."""
    contract = record.agreed.contract
    return section(
        "1. The processing and its purposes (Article 35(7)(a))",
        "Organisations join data about people, and put questions to them. Only releases leave: tables with noise.",
        "### Parties",
        processing.parties(contract),
        "### Purpose and time",
        processing.purpose(contract),
        "### Data",
        "Domains and bounds are declared by the parties. They are public knowledge among them, and not worked out from data.",
        processing.datasets(contract),
        "### Questions",
        processing.approval(contract),
        "### What has happened so far",
        processing.events(record, counted),
        "### What is spent",
        figures.spent(record, counted),
        left_open("legal basis, controllers and processors, legitimate interests, recipients outside of the contract"),
    )


def _necessary(record: Record) -> str:
    """Article 35(7)(b)."""
    return section(
        "2. Necessity and proportionality (Article 35(7)(b))",
        "What the contract lets one question use, at most:",
        processing.minimised(record.agreed.contract),
        "What it lets all questions reveal about one person, at most:",
        figures.caps_table(record.agreed.contract),
        left_open("are these data, columns, recipients, caps and times necessary for the purpose, and in proportion to it?"),
    )


def _risks(record: Record) -> str:
    """Article 35(7)(c)."""
    contract = record.agreed.contract
    return section(
        "3. Risks for the people in the data (Article 35(7)(c))",
        (
            "From releases, for an attacker who knows everything but what is asked, for all time, and combines all releases as it "
            "likes. The release meant is the costliest one that the contract allows:"
        ),
        figures.sentences(contract),
        "As charges, which add up:",
        figures.allowances(contract),
        "These bounds are for one person. What they do not cover:",
        limits.uncovered(contract),
        left_open("how likely and how severe is each risk for the rights and freedoms of these people, and of those not covered?"),
    )


def _measures(record: Record) -> str:
    """Article 35(7)(d)."""
    return section(
        "4. Measures (Article 35(7)(d))",
        limits.measures(record),
        left_open("are these measures enough, and which organisational ones come on top: access, training, volumes, backups, contracts?"),
    )


def _rest() -> str:
    """What else Articles 35 and 36 ask a person for."""
    return section(
        "5. What else is asked for",
        left_open("advice of the data protection officer (Article 35(2))"),
        left_open("views of the people concerned, or of those who represent them (Article 35(9))"),
        left_open("is a prior consultation of the supervisory authority needed (Article 36)?"),
    )
