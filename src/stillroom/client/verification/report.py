"""The outcome of a verification, step by step."""

from __future__ import annotations

from enum import StrEnum

from stillroom.errors import Code, Unverified
from stillroom.model.value import Value


class Outcome(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


class StepReport(Value):
    """One step.

    Attributes:
        number: As in `docs/reference/verify.md`.
        title: Likewise.
        outcome: How it ended.
        detail: What was compared and held; what was got and expected; or why it was not checked.
    """

    number: int
    title: str
    outcome: Outcome
    detail: str

    @property
    def passed(self) -> bool:
        """Whether what it compares held."""
        return self.outcome is Outcome.PASSED

    @property
    def failed(self) -> bool:
        """Whether what it compares did not hold."""
        return self.outcome is Outcome.FAILED


class Report(Value):
    """All steps, in order.

    Attributes:
        room: The room's name and key, as the release states them; None when it cannot be read.
        vouched_by: Who, besides the release itself, says that this is the room's key: `--room-key`, or parties of the contract. When it is
            nobody, the reader must compare the key with the parties: anybody can make a room, and a release of it.
        steps: Every step.
    """

    room: str | None
    vouched_by: tuple[str, ...]
    steps: tuple[StepReport, ...]

    @property
    def accepted(self) -> bool:
        """Whether nothing failed. What was not checked does not count against a release, and is listed."""
        return not any(step.failed for step in self.steps)

    @property
    def caution(self) -> str | None:
        """What is left for the reader to do before relying on an accepted release, if anything."""
        if self.vouched_by or not self.accepted:
            return None
        return f"Only the release says that it is from {self.room}: compare that key with what the parties know (--room-key)."

    def enforce(self) -> None:
        """Pass, or raise for the first step that failed.

        Raises:
            Unverified: `RELEASE_INVALID`, naming the step.
        """
        for step in self.steps:
            if step.failed:
                raise Unverified(
                    Code.RELEASE_INVALID,
                    f"Step {step.number} ({step.title}) failed: {step.detail}.",
                    "Do not rely on this release; ask the room for release, contract and log again.",
                )
