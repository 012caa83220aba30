"""An agent: it fetches errands from its room's server, does them, and answers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import ValidationError

from stillroom.adapters.http.channel import SECONDS
from stillroom.agent.pace import Pace
from stillroom.errors import Code, Failed, StillroomError
from stillroom.model import codec
from stillroom.model.errand import ACCOUNTS_LIMIT, RAISES_LIMIT, Bring, Fetch, Fetched, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from stillroom.adapters.http.channel import Channel
    from stillroom.adapters.sql_store.accounts import SqlAccounts
    from stillroom.agent.errands import Errands
    from stillroom.agent.holds import Holds
    from stillroom.agent.own_pause import OwnPause
    from stillroom.agent.witness import WitnessingAgent
    from stillroom.model.errand import Errand
    from stillroom.model.value import Value
    from stillroom.ports import Clock

WAIT_SECONDS = 20.0
"""How long the server may keep a request for errands."""

REST_SECONDS = 1.0
"""How long to rest when the server cannot be reached."""

BRING_SECONDS = 3_600.0

CARRIED_LIMIT = 32
"""So many errands that bring data wait beside the rest; where there are more, nothing else is done until one is carried."""

NOTE_LIMIT = 1_000
"""The most characters of what goes wrong that are noted: a server writes as many as it likes."""


class ChannelCarrier:
    """Brings files over a channel (`stillroom.agent.errands.Carrier`)."""

    def __init__(self, channel: Channel) -> None:
        """Name the channel."""
        self._channel = channel

    def bring(self, ticket: str, file: Path) -> None:
        """Bring one file."""
        self._channel.put_file(f"/v1/errands/{ticket}/files/{file.name}", file, seconds=BRING_SECONDS)


class Agent:
    """Does errands until it is told to stop. What brings data works beside the rest, so that a large table keeps no account waiting."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it does, what it watches, who hears of it, and the time
        self,
        channel: Channel,
        errands: Errands,
        book: SqlAccounts,
        witness: WitnessingAgent,
        note: Callable[[str], None],
        session: Callable[[], str],
        clock: Clock,
        holds: Holds,
        pause: OwnPause,
    ) -> None:
        """Put together an agent.

        Args:
            channel: The way to the server.
            errands: What it does.
            book: The party's accounts.
            witness: Looks at the room's log.
            note: Hears in words what happens, for the party's own eyes.
            session: Makes what tells this start of the agent from others.
            clock: The time.
            holds: What is held for the room.
            pause: The party's pause of the room.
        """
        self._holds, self._pause = holds, pause
        self._channel, self._errands, self._book, self._witness, self._note = channel, errands, book, witness, note
        self._stopped, self._places = threading.Event(), threading.Semaphore(CARRIED_LIMIT)
        self._in_hand: set[str] = set()
        self._new_session, self._session = session, session()
        self._clock, self._pace = clock, Pace()

    def run(self) -> None:
        """Fetch and do errands until `stop`, whatever a server sends: what goes wrong is noted, and tried again after a rest."""
        with ThreadPoolExecutor(4) as porters:
            while not self._stopped.is_set():
                self._stopped.wait(self.turn(porters))

    def turn(self, porters: ThreadPoolExecutor | None = None) -> float:
        """Fetch errands once, do them, and look at the log; return how many seconds to rest before the next turn."""
        begun = self._clock.steady()
        self._tell_pause()
        self._wipe_ended()
        self._drop_copies()
        self._end_holds()
        with self._noted():
            envelopes = self._fetched()
            kept = self._clock.steady() - begun >= WAIT_SECONDS / 2
            taken = [self.take(one, porters) for one in envelopes if not self._stopped.is_set()]
            return self._pace.rest(useful=self.look() and (kept or any(taken)))
        return REST_SECONDS

    def look(self) -> bool:
        """Look at the room's log, and cosign its head; tell whether all is well. An alarm is noted, and kept in the home."""
        with self._noted():
            self._witness.look()
            return True
        return False

    def stop(self) -> None:
        """Take no more errands; `run` returns once what it does is done.

        A request that waits at the server is answered as soon as another one comes, which is sent from here.
        """
        self._stopped.set()
        threading.Thread(target=self._unwaited, daemon=True).start()

    def _unwaited(self) -> None:
        """Ask for errands without waiting. Whoever starts next gets those that come all the same."""
        with self._noted():
            self._fetched(0.0)

    def _tell_pause(self) -> None:
        with self._noted():
            if self._pause.tell():
                self._note("pause: the room had not heard that this home has paused it, and was told")

    def _wipe_ended(self) -> None:
        with self._noted():
            for name in self._errands.wipe_ended():
                self._note(f"{name}: its contract's last day is over, and its rows are deleted, with their key")

    def _drop_copies(self) -> None:
        """See whether the contract still lets the server keep copies, if there are any; their keys are deleted if not."""
        if self._errands.has_copies():
            with self._noted():
                self._errands.see(self._channel.get("/v1/contract"))
            with self._noted():
                for name in self._errands.drop_copies():
                    self._note(f"{name}: the contract lets no server keep it any more, and the key of what was kept is deleted")

    def _end_holds(self) -> None:
        with self._noted():
            for reservation in self._holds.end():
                self._note(f"hold {reservation[:12]}: the room has not said what became of it, and it is ended as the log has it")

    def _fetched(self, seconds: float = WAIT_SECONDS) -> tuple[bytes, ...]:
        raises = {account.name.population: self._book.raises(account.name.population) for account in self._book.all()}
        wish = Fetch(session=self._session, raises=told(raises), seconds=seconds)
        answer = self._sent("/v1/errands", wish, seconds + 30)
        return tuple(one.encode() for one in _listed(answer))

    def take(self, envelope: bytes, porters: ThreadPoolExecutor | None = None) -> bool:
        """Do an errand, and answer it; one that the room has not signed, or that is on its way already, is left alone.

        Args:
            envelope: The errand.
            porters: Who brings data, beside the rest.

        Returns:
            Whether it is one.
        """
        errand: Errand | None = None
        with self._noted():
            errand = self._errands.open(envelope)
        if errand is None:
            return False
        if errand.ticket in self._in_hand:
            return False
        if porters is not None and isinstance(errand.task, Bring) and self._places.acquire(blocking=False):
            self._in_hand.add(errand.ticket)
            porters.submit(self._carried, errand)
        else:
            self._done(errand)
        return True

    def _carried(self, errand: Errand) -> None:
        try:
            self._done(errand)
        finally:
            self._in_hand.discard(errand.ticket)
            self._places.release()

    def _done(self, errand: Errand) -> None:
        reply = Reply(refusal=Code.RUN_FAILED)
        with self._noted():
            reply = self._errands.do(errand)
        outcome = "done" if reply.refusal is None else f"refused, {reply.refusal}"
        self._note(f"{errand.task.kind} {errand.task.reservation[:12]}: {outcome}")
        with self._noted():
            self._sent(f"/v1/errands/{errand.ticket}", reply, SECONDS)

    def _sent(self, path: str, value: Value, seconds: float) -> bytes:
        """Send something about errands, and return the answer.

        Where none comes, nobody knows whether the server has heard, or what it has said: a new session begins, in which the server hands
        out again whatever is not answered. To do an errand twice changes nothing.
        """
        try:
            return self._channel.post(path, codec.encode(value), seconds=seconds)
        except StillroomError:
            self._session = self._new_session()
            raise

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Note what goes wrong, and go on. Of what is none of our errors, its type alone is told: what it says may depend on rows."""
        try:
            yield
        except StillroomError as error:
            self._note(f"{error.code}: {error.reason}"[:NOTE_LIMIT])
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - no server ends the agent; what panics in a library in Rust is no Exception
            self._note(f"{Code.RUN_FAILED}: {type(error).__name__}")


def told(raises: Mapping[str, int]) -> dict[str, int]:
    """Return how often accounts got a cap, as far as a room is told."""
    return {population: min(raises[population], RAISES_LIMIT) for population in sorted(raises)[:ACCOUNTS_LIMIT]}


def _listed(answer: bytes) -> tuple[str, ...]:
    try:
        return Fetched.model_validate_json(answer).errands
    except ValidationError:
        raise Failed(Code.SERVER_UNAVAILABLE, "The server's answer is none of Stillroom's.", "Check the address.") from None
