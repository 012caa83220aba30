"""Checks a release, its contract and the room's log offline, trusting nobody.

Nothing here is shared with what writes them: signatures, trees, notes, JSON, accounting and rules are written once more, from the
specifications. Only the shapes of contracts, plans and releases come from `stillroom.model`. import-linter keeps it so.
"""

from __future__ import annotations

from stillroom.client.verification.report import Outcome, Report, StepReport
from stillroom.client.verification.verifier import verify

__all__ = ["Outcome", "Report", "StepReport", "verify"]
