"""`verify`: every step in order, each with its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.client.verification.evidence import Evidence
from stillroom.client.verification.outcome import Broken, NotChecked
from stillroom.client.verification.report import Outcome, Report, StepReport
from stillroom.client.verification.steps import STEPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.client.verification.steps import Step


def verify(
    release: bytes,
    contract: bytes | None = None,
    log: bytes | None = None,
    room_key: str | None = None,
    seen: Sequence[bytes] = (),
) -> Report:
    """Check a release against itself, and against the contract, the log and the room's key as far as they are given.

    Args:
        release: The release's file, as it was received.
        contract: The contract's file, in its envelope.
        log: The room's log (`stillroom/log/v1`), or a proof from it (`stillroom/proof/v1`).
        room_key: The room's public key (`ed25519:…`), as the parties know it.
        seen: Checkpoints of the log (signed notes) that a witness, or anybody else, has seen and kept: the log must go on from them.

    Returns:
        Every step with its outcome. It never raises: whatever the files hold, a step fails.
    """
    evidence = Evidence(release, contract, log, room_key, tuple(seen))
    steps = tuple(_taken(number, step, evidence) for number, step in enumerate(STEPS, start=1))
    room = evidence.opened.release.room if evidence.opened else None
    return Report(room=room, vouched_by=tuple(dict.fromkeys(evidence.vouchers)), steps=steps)


def _taken(number: int, step: Step, evidence: Evidence) -> StepReport:
    try:
        outcome, detail = Outcome.PASSED, step.check(evidence)
    except NotChecked as why:
        outcome, detail = Outcome.NOT_CHECKED, str(why)
    except Broken as why:
        outcome, detail = Outcome.FAILED, str(why)
    return StepReport(number=number, title=step.title, outcome=outcome, detail=detail)
