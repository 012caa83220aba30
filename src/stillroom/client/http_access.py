"""A room that is a server (`stillroom.client.access.Access`). What it says is checked wherever it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter, ValidationError

from stillroom.adapters.home.in_force import contract_in_force
from stillroom.adapters.http.problem import error_of
from stillroom.adapters.http.shapes import Lacking, Paused, PutQuestions, Releases, Run, Telemetry
from stillroom.client.access import Answer
from stillroom.client.kept import Kept
from stillroom.crypto.canonical import canonical
from stillroom.crypto.envelope import open_envelope
from stillroom.crypto.keys import PublicKey
from stillroom.errors import Code, Failed, Refusal, Unverified
from stillroom.model.codec import digest_of
from stillroom.model.record import DataRecord, JobState, SignedContract, Tally
from stillroom.model.release import PAYLOAD_TYPE
from stillroom.room import contracts, door, releases
from stillroom.room.approvals import Put
from stillroom.room.questions import claimed
from stillroom.room.signed import sign
from stillroom.room.statement import DRAFT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stillroom.adapters.home import Home
    from stillroom.adapters.home.membership import Membership
    from stillroom.adapters.http.channel import Channel
    from stillroom.model.plan import Plan
    from stillroom.model.question import Question
    from stillroom.model.record import PauseRecord
    from stillroom.model.release import Release
    from stillroom.model.value import Value
    from stillroom.ports import Progress

    V = TypeVar("V", bound=Value)

RUN_SECONDS = 60.0
"""How long a server that tells of a run may be silent before it is asked how the run stands."""

KEPT_BYTES = 64_000_000
"""How much of releases is kept, so that looking at one does not fetch all."""

PHASES = frozenset(door.Step)
"""The first words of phases that are passed on: what else a server says could be meant for a terminal."""

_VERSIONS = TypeAdapter(dict[str, DataRecord])


class HttpAccess:
    """A room at a server, whose key the party has compared with the operator."""

    def __init__(self, channel: Channel, home: Home, membership: Membership) -> None:
        """Name the channel, the party's home, and the server that it has joined."""
        self._channel, self._home, self._membership = channel, home, membership
        self._kept = Kept(KEPT_BYTES)

    def contract(self) -> bytes | None:
        """Return the contract in force, if this home takes it for that."""
        try:
            envelope = self._channel.get("/v1/contract")
        except Refusal as refusal:
            if refusal.code is Code.CONTRACT_UNKNOWN:
                return None
            raise
        contract_in_force(self._home, envelope, newcomer=True)
        return envelope

    def submit(self, envelope: bytes) -> SignedContract:
        """Hand in a contract."""
        return _read(SignedContract, self._channel.post("/v1/contracts", envelope))

    def versions(self) -> Mapping[str, DataRecord]:
        """Return the present version of each dataset."""
        answer = self._channel.get("/v1/data")
        try:
            return _VERSIONS.validate_json(answer)
        except ValidationError:
            raise _strange() from None

    def announce(self, envelope: bytes) -> None:
        """Hand in an announcement of data."""
        self._channel.post("/v1/data", envelope)

    def lacking(self, question: Question, plan: Plan) -> tuple[str, ...]:
        """Ask the server, which compiles the question itself."""
        del plan
        return _read(Lacking, self._channel.post("/v1/questions/check", sign(question, DRAFT_TYPE, self._channel.key))).lacking

    def ask(self, question: bytes, progress: Progress) -> Answer:
        """Ask, follow the run, and get the release, which the room must have signed."""
        contract = self.contract()
        run = _read(Run, self._channel.post("/v1/runs", question))
        run = self._followed(run, progress)
        if run.problem is not None:
            raise error_of(canonical({**run.problem}))
        if run.reservation is None:
            raise _strange()
        envelope = self._release(run.reservation)
        _check_answers(releases.read(envelope), contract, claimed(question))
        return Answer(self._kept.put(run.reservation, envelope), run.fresh)

    def questions(self) -> tuple[Put, ...]:
        """Return the questions that were put to owners."""
        found = _read(PutQuestions, self._channel.get("/v1/questions")).questions
        return tuple(Put(one.question.encode(), tuple(decision.encode() for decision in one.decisions)) for one in found)

    def decide(self, envelope: bytes) -> None:
        """Hand in a decision."""
        self._channel.post("/v1/decisions", envelope)

    def releases(self) -> tuple[bytes, ...]:
        """Return the party's releases: those that the server lists, each of which is fetched once, since it never changes."""
        return tuple(self._kept.get(one, self._release) for one in _read(Releases, self._channel.get("/v1/releases")).releases)

    def proof(self, reservation: str) -> bytes:
        """Return proofs that a release is in the log."""
        return self._channel.get(f"/v1/releases/{reservation}/proof")

    def balance(self) -> Tally:
        """Return the contract's balance."""
        return _read(Tally, self._channel.get("/v1/balance"))

    def log(self) -> bytes:
        """Return the whole log."""
        return self._channel.get("/v1/log")

    @property
    def identity(self) -> str:
        """The room's name and public key."""
        return self._membership.identity

    def said(self) -> Mapping[str, bytes]:
        """Return what owners say about telemetry."""
        found = _read(Telemetry, self._channel.get("/v1/telemetry")).statements
        return {party: statement.encode() for party, statement in found.items()}

    def say(self, envelope: bytes) -> None:
        """Hand in a statement about telemetry."""
        self._channel.post("/v1/telemetry", envelope)

    def pause(self) -> PauseRecord | None:
        """Return the room's last pause."""
        return _read(Paused, self._channel.get("/v1/pause")).record()

    def say_pause(self, envelope: bytes) -> None:
        """Hand in a statement that the room pauses, or that an owner resumes."""
        self._channel.post("/v1/pause", envelope)

    def _followed(self, run: Run, progress: Progress) -> Run:
        """Follow a run until it is over, and tell of its phases.

        After a stream that ends comes another one. One that breaks off is no reason to give up while the server says how the run stands.
        """
        heard = ""
        while run.state not in {JobState.DONE, JobState.FAILED}:
            for told in self._told(run.run):
                run = told
                if run.phase != heard and run.phase.isprintable() and run.phase.partition(" ")[0] in PHASES:
                    progress.step(heard := run.phase)
        return run

    def _told(self, run: str) -> Iterator[Run]:
        """Yield how a run stands, as one stream tells it."""
        place = f"/v1/runs/{run}"
        try:
            with self._channel.events(f"{place}/events", seconds=RUN_SECONDS) as events:
                for data in events:
                    yield _read(Run, data.encode())
        except Failed as error:
            if error.code is not Code.SERVER_UNAVAILABLE:
                raise
            yield _read(Run, self._channel.get(place))

    def _release(self, reservation: str) -> bytes:
        """Fetch the release of a run, which the room must have signed as that run's."""
        envelope = self._channel.get(f"/v1/releases/{reservation}")
        open_envelope(envelope, PAYLOAD_TYPE, {self._membership.name: PublicKey.parse(self._membership.key)})
        if releases.read(envelope).reservation != reservation:
            raise _strange()
        return envelope


def _check_answers(release: Release, contract: bytes | None, question: Question) -> None:
    """Accept the release of the very plan that a question means under a contract: which release answers it, the server alone says.

    Raises:
        Unverified: `RELEASE_INVALID`.
    """
    from stillroom.query.compile import compile_question

    known = None if contract is None else contracts.read(contract)
    if known is None or digest_of(compile_question(known, question).plan) != release.plan_digest:
        raise Unverified(
            Code.RELEASE_INVALID,
            "The release that the room hands out answers another question than was asked.",
            "Ask again; if it stays so, do not use it, and ask the room's operator for an explanation.",
        )


def _read(kind: type[V], answer: bytes) -> V:
    try:
        return kind.model_validate_json(answer)
    except ValidationError:
        raise _strange() from None


def _strange() -> Failed:
    return Failed(
        Code.SERVER_UNAVAILABLE, "The server's answer is none of Stillroom's.", "Use the same version of Stillroom on both sides."
    )
