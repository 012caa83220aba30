"""What protects, and what is not covered, as the pages about the promise and the threat model say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.report.markdown import bullets, listed

if TYPE_CHECKING:
    from stillroom.client.report.record import Record
    from stillroom.model.contract import Contract


def measures(record: Record) -> str:
    """Return what protects."""
    head = record.standing.extract.checkpoint.size
    seen = ", ".join(f"{listed([name])} at {size} of {head} entries" for name, size in sorted(record.standing.cosigners.items()))
    return bullets(
        (
            (
                "**Differential privacy.** Every number that leaves the room is made from cells with noise. The noise is scaled to "
                "the most that one person can contribute by the contract, and not to the data."
            ),
            (
                "**A cap.** Every release is charged before anything is measured, and a question beyond the cap is refused. The cap "
                "holds however later questions are chosen in view of earlier answers."
            ),
            (
                "**Owners' lifetime accounts.** The same charge is held by an account of every owner whose data are read, over all of "
                "its rooms and contracts. What is left in an account is the owner's secret: this document cannot state it."
            ),
            (
                "**A log that only grows.** Contracts, versions, decisions, charges, releases, refusals and pauses are entries of a "
                "Merkle tree, whose head the room signs."
            ),
            f"**Witnesses.** Parties that have cosigned heads of this log: {seen or 'none'}.",
            (
                "**Data minimisation.** Only declared columns are admitted; values are clamped or dropped as declared. A column "
                "without uses cannot be mentioned by a question."
            ),
            (
                "**Storage.** Admitted data are stored encrypted in the homes of their owners, under a key of their own for each "
                "version, which is deleted with it. Data that an owner attaches stay where they are, and are read by each run."
                f"{_kept(record.agreed.contract)}"
            ),
            (
                "**Control.** Owners decide about questions as the contract says, pause the room at once, withdraw data, and let one "
                "person's rows be removed. None of it takes back what was released or charged."
            ),
        )
    )


def _kept(contract: Contract) -> str:
    """Say of which datasets a server may keep something between runs."""
    if not contract.kept:
        return ""
    return (
        f" Of {listed(contract.kept)}, a server may keep between runs what runs have read. It is encrypted under keys that are in the "
        "homes of the owners, and are deleted there with the version, and when a contract no longer says so."
    )


def uncovered(contract: Contract) -> str:
    """Return what is not covered."""
    several = contract.identifiers_per_person
    return bullets(
        (
            (
                "**The operator of the room is trusted.** The process that measures reads the rows of a run, with the columns that "
                "its plan needs. With them come the identifiers of all persons of each dataset that the plan reads. Whoever operates "
                "the room could keep or misuse both. Where room and homes lie on one machine, that is whoever controls the machine."
            ),
            (
                "**Facts about groups.** What releases say about populations can be guessed of any member, whether or not that person "
                "is in the data."
            ),
            "**Groups of people.** The guarantee is for one person. For k people who belong together, ε is multiplied by about k.",
            (
                f"**Identifiers.** A person is an identifier, and has at most so many of them by the contract: {several}. Who has more "
                "is protected less in proportion; two people who share one are protected as one. Nothing shows that what owners "
                "declare is true."
            ),
            "**Other people mentioned in a row.** A row belongs to one person. Who is named in another column is not protected.",
            "**Business figures.** What is true of an organisation is not protected.",
            (
                "**What contract and log say.** All parties see them: domains, bounds, who asked when and at which charge, decisions, "
                "versions."
            ),
            (
                "**Other contracts and other systems.** The figures here are of this contract. Other releases about the same people "
                "add to them; within Stillroom an owner's account bounds their sum, as far as the owner keeps one account for one "
                "population."
            ),
            "**What a party does with its own data**, and what it publishes by other means.",
            "**A log shown differently to different people**, beyond the heads that a witness has cosigned or that somebody has kept.",
            "**Residual time and memory.** Work that takes longer than the quantum shows how many quanta it took.",
            "**A large ε.** A bound near 100 % hardly restrains anybody. Read the percentages.",
        )
    )
