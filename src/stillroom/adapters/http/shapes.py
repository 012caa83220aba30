"""What goes over the wire besides signed envelopes and values of the model."""

from __future__ import annotations

from stillroom.model.contract import Name
from stillroom.model.record import JobState, PauseRecord
from stillroom.model.value import Value


class Health(Value):
    """Whether the server works."""

    status: str


class Lacking(Value):
    """What the room's engine lacks for a question; nothing if it can be answered."""

    lacking: tuple[str, ...]


class Run(Value):
    """How a run stands.

    Attributes:
        run: What it is known by.
        state: `waiting`, `running`, `done` or `failed`.
        phase: The last step that it has begun, up to the measuring; how long that takes depends on data, and is not told.
        reservation: What its release is known by, once it is done.
        fresh: Whether this run was charged, once it is done.
        problem: Why it failed, as problem details.
    """

    run: str
    state: JobState
    phase: str
    reservation: str | None
    fresh: bool
    problem: dict[str, str | int] | None


class PutQuestion(Value):
    """A question that was put to owners, signed, and what they have signed about its plan."""

    question: str
    decisions: tuple[str, ...]


class PutQuestions(Value):
    """Questions that were put to owners, in the order in which they came."""

    questions: tuple[PutQuestion, ...]


class Releases(Value):
    """The releases that a party may have, in the order in which they were stored, by reservation."""

    releases: tuple[str, ...]


class Cosigned(Value):
    """Whose cosignatures were taken."""

    parties: tuple[str, ...]


class Telemetry(Value):
    """Whether there are metrics and operational logs.

    Attributes:
        on: Whether every owner agrees.
        statements: The last signed statement of each party that has made one, by party.
    """

    on: bool
    statements: dict[Name, str]


class Paused(Value):
    """How the room's last pause stands.

    Attributes:
        pause: Which it is, from 1; 0 if there was none.
        ended: Whether all owners have resumed; true if there was none.
        missing: Who has yet to resume.
        statements: The last signed statement of each owner in it, by party.
    """

    pause: int
    ended: bool
    missing: tuple[Name, ...]
    statements: dict[Name, str]

    def record(self) -> PauseRecord | None:
        """Return the pause as rooms record it, if there was one."""
        if self.pause < 1:
            return None
        return PauseRecord(pause=self.pause, ended=self.ended, words={party: said.encode() for party, said in self.statements.items()})


class Done(Value):
    """That something was taken."""

    taken: bool
