"""A served room in which any step goes wrong: nothing is released without a commit, charged twice, held on, or left in the middle."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from stillroom import bootstrap
from stillroom.adapters.home import Home
from stillroom.errors import Code, StillroomError
from stillroom.model.errand import Bring, Errand, ShownGrounds
from stillroom.room.signed import sign
from stillroom.room.statement import ERRAND_TYPE, HoldStatement, LapseStatement
from tests.books import OTHER, check_settled, check_sound, question_in
from tests.faults import FOLDERS, HOWS, SERVER, At, Each
from tests.faulty import World
from tests.parties import PARTIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stillroom.client.access import Answer
    from tests.faults import Step

LONG_SECONDS = 60
"""No run waits so long, whatever is lost: an agent asks again for what it has not heard, or was not heard with."""

PARTS = 12
"""In so many parts are all steps gone through."""

ERRANDS = ("hold", "commit", "bring", "answer")
REPLIES = tuple(f"POST /errands/… {errand}" for errand in ERRANDS)
ROUTES = ("POST /errands", *REPLIES, "GET /log/checkpoint", "GET /log/tile/…", "POST /log/cosignatures")
FILES = ("PUT /errands/…/files/rows.parquet", "PUT /errands/…/files/persons.parquet")
ASKED = ("GET /contract", "POST /runs", "GET /runs/…/events", "GET /releases/…")

CHANGES = (
    "jobs.resume",
    "jobs.queue waiting",
    "jobs.put running",
    "runs.add open",
    "counters.keep_raises",
    "log.keep_statements, balances.spend, balances.spend_as, log.append, log.keep_checkpoint, runs.advance committed",
    "runs.settle committed",
    "runs.advance released, runs.keep_release, log.append, log.keep_checkpoint",
    "runs.settle released",
    "jobs.put done",
    "log.keep_cosignature",
)
"""What the server writes, each line in one transaction, from the question to the answer."""

SERVERS = {
    *(f"writes {one}" for one in CHANGES),
    *(f"{verb} {errand}" for verb in ("asks for", "waits for") for errand in ERRANDS),
    *(f"takes {one}" for one in (*ROUTES, *FILES, *ASKED)),
    *("gathers data", "measures", "tells followers"),
}
AGENTS = {*(f"sends {one}" for one in (*ROUTES, *FILES)), "holds", "commits", "notes the release", "remembers a head"}

REFUSED = {
    "server: writes runs.advance lapsed",
    "server: writes counters.refused",
    "server: writes log.keep_statements, log.append, log.keep_checkpoint, runs.settle lapsed",
    "server: writes jobs.put failed",
    "server: asks for lapse",
    "server: waits for lapse",
    *(f"{party}: lets lapse" for party in PARTIES),
}
"""What happens only where an account has not enough."""


@pytest.fixture(scope="module")
def question(settled: Path) -> bytes:
    """One question, signed by the insurer."""
    return question_in(settled)


def asked(world: World, question: bytes, codes: list[str]) -> Answer:
    """Ask until an answer comes, and start what was killed; keep in mind why none came."""
    while len(codes) < 200:
        try:
            return world.ask(question)
        except StillroomError as error:
            codes.append(str(error.code))
            world.restart()
    pytest.fail("no answer came")


def check_each(folder: Path, question: bytes, faults: Each) -> None:
    """Ask while each kind of step goes wrong once; then see that there is one release and one charge, and that no step was left out."""
    world = World(folder, faults)
    answer = asked(world, question, [])
    world.rest()
    assert check_settled(folder) == (answer.envelope,)
    assert faults.left == set()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, settled: Path, question: bytes) -> list[Step]:
    """All steps of a run in which nothing goes wrong."""
    world = World(shutil.copytree(settled, tmp_path_factory.mktemp("recorded"), dirs_exist_ok=True), nothing)
    assert world.ask(question).fresh
    world.rest()
    assert len(check_settled(world.folder)) == 1
    return world.steps.heard


def nothing(number: int, step: Step, how: str) -> bool:
    """Let nothing go wrong."""
    del number, step, how
    return False


def of(steps: list[Step], *processes: str) -> set[str]:
    """Return the steps of some processes."""
    return {str(step) for step in steps if step.process in processes}


def test_all_steps_are_known(recorded: list[Step]) -> None:
    """Whoever adds a step adds it here; none is left out unseen."""
    assert len(recorded) >= 160
    assert of(recorded, SERVER) == {f"server: {name}" for name in SERVERS}
    assert of(recorded, *PARTIES) == {f"{party}: {name}" for party in PARTIES for name in AGENTS}
    assert of(recorded, "asker") == {f"asker: sends {name}" for name in ASKED}


def test_a_server_that_is_killed_at_each_kind_of_step_costs_nothing(folder: Path, question: bytes, recorded: list[Step]) -> None:
    """Nobody follows a run that is over, as the last kill leaves it."""
    check_each(folder, question, Each(["after"], {step for step in of(recorded, SERVER) if "/events" not in step}))


def test_agents_that_are_killed_at_each_kind_of_step_cost_nothing(folder: Path, question: bytes, recorded: list[Step]) -> None:
    check_each(folder, question, Each(["before", "after"], of(recorded, *PARTIES)))


@pytest.mark.parametrize("how", HOWS)
def test_messages_that_are_lost_or_come_twice_or_late_cost_nothing(folder: Path, question: bytes, recorded: list[Step], how: str) -> None:
    """Each kind of message, and each answer by the errand that it is to: what an agent did is done a second time for each of them."""
    check_each(folder, question, Each([how], {str(step) for step in recorded if step.message}))


def test_what_is_killed_on_the_way_to_a_refusal_holds_nothing(folder: Path, question: bytes) -> None:
    book = bootstrap.accounts_of(Home.open(folder / "insurer"))
    (account,) = book.all()
    book.hold(HoldStatement(room="other", reservation=OTHER, account=account.name, charge=account.cap), b"")
    faults, codes = Each(["after"], REFUSED), list[str]()
    world = World(folder, faults)
    while Code.ACCOUNT_NOT_ENOUGH not in codes:
        with pytest.raises(StillroomError) as caught:
            world.ask(question)
        codes.append(str(caught.value.code))
        world.restart()
    world.rest()
    assert check_settled(folder) == ()
    assert faults.left == set()
    book.lapse(LapseStatement(reservation=OTHER, account=account.name), b"")
    answer = asked(world, question, [])
    world.rest()
    assert check_settled(folder) == (answer.envelope,)


@pytest.mark.parametrize(("message", "how"), [("POST /errands", "unheard"), ("POST /errands/… bring", "lost")])
def test_no_run_waits_for_data_whose_errand_or_answer_was_lost(
    folder: Path, question: bytes, recorded: list[Step], message: str, how: str
) -> None:
    names = [step.name for step in recorded]
    world = World(folder, At(names.index(f"sends {message}", names.index("waits for bring")), how))
    world.until = world.clock.now() + LONG_SECONDS
    assert world.ask(question).fresh


class Porters:
    """Carries nothing before it is told to."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.work: list[Callable[[], object]] = []

    def submit(self, work: Callable[[Errand], object], errand: Errand) -> None:
        """Keep what there is to do."""
        self.work.append(lambda: work(errand))


def test_what_is_handed_out_again_is_not_brought_twice_at_once(folder: Path) -> None:
    world, porters = World(folder, nothing), Porters()
    agent, shown = world.agent("clinic"), ShownGrounds(contract="", question="", decisions=(), versions={"visits": 1})
    task = Bring(reservation="r", dataset="visits", columns=(), key="A" * 43 + "=", proof="", grounds=shown)
    errand = Errand(ticket="0" * 32, room=world.room.identity, party="clinic", task=task)
    envelope = sign(errand, ERRAND_TYPE, world.room.notary.key)
    for turn in range(1, 3):
        assert agent.take(envelope, porters)  # type: ignore[arg-type]  # as much of a pool as an agent asks
        assert not agent.take(envelope, porters)  # type: ignore[arg-type]
        assert len(porters.work) == turn
        porters.work[-1]()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_step_goes_wrong(tmp_path: Path, settled: Path, question: bytes, recorded: list[Step], part: int) -> None:
    """Each step alone goes wrong in each way. All is sound there; comes to rest though nobody asks; and asking again finishes it."""
    cases = [(number, how) for number, step in enumerate(recorded) for how in ways(step)]
    assert len(cases) >= 480
    for number, how in cases[part::PARTS]:
        folder = shutil.copytree(settled, tmp_path / f"{number} {how}")
        world = World(folder, At(number, how))
        with suppress(StillroomError):
            world.ask(question)
        check_sound(folder)
        world.rest()
        before = check_settled(folder)
        answer = world.ask(question)
        world.turns()
        assert check_settled(folder) == (answer.envelope,), f"{recorded[number]} {how}"
        assert before in {(), (answer.envelope,)}, f"{recorded[number]} {how}"
        shutil.rmtree(folder)


def ways(step: Step) -> tuple[str, ...]:
    """Return in which ways a step may go wrong."""
    return (*(("before", "after") if step.process in FOLDERS else ()), *(HOWS if step.message else ()))
