"""Attached data, read where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.memory_table import MemoryTable

if TYPE_CHECKING:
    from stillroom.adapters.home.attachment import Attachment
    from stillroom.model.contract import Dataset


def read_attached(attachment: Attachment, declared: Dataset) -> MemoryTable:
    """Read an attached source and admit it, for one run.

    Privacy: each bound of the section is enforced on the very rows that the run reads, by the code that admits copies. With one person's
    rows more or less in the source, the table differs in that person's rows only, within the declared bounds; so the sensitivity that the
    plan derives from the contract holds for this run, whatever the source was before. Runs compose adaptively (Whitehouse, Ramdas, Rogers
    and Wu, 2023, arXiv:2203.05481) as they do on one table: their guarantees are needed, not that their inputs are the same.

    Args:
        attachment: Where the rows lie, and who is left out.
        declared: The contract's section, under which the door has found the version to be admitted.

    Raises:
        InvalidInput: The source is not what the contract says.
        Failed: It cannot be read.
    """
    from stillroom.adapters.duckdb import admission
    from stillroom.adapters.sources import place_of

    admitted = admission.admit(place_of(attachment.source), declared, attachment.salt, attached=True, at_run=True)
    return MemoryTable(attachment.without_forgotten(admitted))
