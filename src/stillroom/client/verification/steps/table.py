"""Step 8: the table is one that the plan's noise can have made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.selection import check_shown
from stillroom.client.verification.table import check_table

if TYPE_CHECKING:
    from stillroom.client.verification.evidence import Evidence

TITLE = "The table fits the noise, and totals are the sums of their parts"


def check(evidence: Evidence) -> str:
    """Check rows, keys, intervals and totals.

    Raises:
        Broken: One does not fit, or a combination of selected keys is shown that has too few persons.
        NotChecked: The plan does not hold.
    """
    release = evidence.measured
    check_shown(evidence.as_measured, release.table.shown)
    found = check_table(evidence.as_measured, release.table)
    return f"{len(release.table.rows)} rows; {found.intervals} intervals and {found.totals} totals computed again"
