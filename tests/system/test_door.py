"""The one door out: what passes, in which order, at which charge, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.sql_store.accounts import open_accounts
from stillroom.adapters.vault import LocalVault
from stillroom.client.verification import verify
from stillroom.crypto.envelope import open_envelope
from stillroom.errors import Code, Failed, Refusal, Unverified
from stillroom.ledger.entry import AccountRaised, Commit, Decision, Hold, HoldLapsed, Refused, ReleaseStored
from stillroom.model.charge import Charge
from stillroom.model.codec import digest_of
from stillroom.model.release import PAYLOAD_TYPE, Release
from stillroom.room import door, extract, releases
from stillroom.room.approvals import MOST_WAITING
from stillroom.room.door import Step
from stillroom.room.recovery import recover
from stillroom.room.refusals import BATCH
from stillroom.room.room import Genuine, Rehearsing
from stillroom.room.times import first_after
from tests.published import files
from tests.rooms import (
    KEYS,
    NOON,
    NOTHING,
    OWNERS,
    PLENTY,
    SQL,
    At,
    FakeClock,
    Guessing,
    PanicError,
    Steps,
    assert_nothing_spent,
    build,
    charge,
    contract,
    numbered,
    refused,
    reopen,
)

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.ledger.entry import Entry
    from stillroom.model.plan import Plan
    from stillroom.model.reading import Reading
    from stillroom.model.selection import Measurement
    from tests.rooms import Scene


class Failing(Guessing):
    """A protection whose run fails, with words that nobody may hear."""

    def __init__(self, error: BaseException) -> None:
        """Choose how it fails."""
        super().__init__()
        self._error = error

    def measure(self, plan: Plan, charge: Charge, reading: Reading) -> Measurement:
        """Fail."""
        del plan, charge, reading
        raise self._error


def entries(scene: Scene) -> tuple[Entry, ...]:
    return extract.entries(scene.room)


def test_steps_come_in_the_order_of_the_design(tmp_path: Path) -> None:
    steps = Steps()
    build(tmp_path).ask(progress=steps)
    assert steps.heard == [
        *(Step.CHECK, Step.COMPILE, Step.PRICE, Step.APPROVE, Step.RESERVE),
        *(Step.HOLD, "hold hospital", "hold insurer", Step.COMMIT, Step.SETTLE),
        *(Step.MEASURE, Step.FINISH, Step.SIGN, Step.STORE, Step.ANSWER),
    ]
    assert {step for step in steps.heard if not step.startswith("hold ")} == set(Step)


def test_a_release_says_what_was_done(tmp_path: Path) -> None:
    scene = build(tmp_path)
    answer = scene.ask()
    payload = open_envelope(answer.envelope, PAYLOAD_TYPE, {"room": KEYS["room"].public})
    release = Release.model_validate_json(payload)
    commit, stored = entries(scene)[release.commit_index], entries(scene)[-1]
    assert isinstance(commit, Commit)
    assert isinstance(stored, ReleaseStored)
    assert commit.reservation == stored.reservation == release.reservation == answer.reservation
    assert (commit.plan, commit.contract, commit.charge) == (release.plan_digest, digest_of(scene.contract), charge())
    assert (release.versions, release.receivers) == ({"members": 1, "visits": 1}, ("insurer",))
    assert release.balance.before.rho - release.balance.after.rho == charge().rho
    assert release.room == f"example.org/room {KEYS['room'].public}"
    assert release.plan_digest == digest_of(release.plan)


def test_both_owners_and_the_contract_are_charged_once(tmp_path: Path) -> None:
    scene = build(tmp_path)
    scene.ask()
    assert [scene.account(owner).spent for owner in OWNERS] == [charge(), charge()]
    assert [scene.account(owner).held for owner in OWNERS] == [NOTHING, NOTHING]
    assert scene.spent() == scene.replayed().spent == charge()


def test_an_owner_of_both_datasets_is_charged_once(tmp_path: Path) -> None:
    value = contract()
    visits = value.datasets["visits"].model_copy(update={"owner": "insurer"})
    scene = build(tmp_path, value.model_copy(update={"datasets": {**value.datasets, "visits": visits}}))
    scene.ask()
    assert scene.account("insurer").spent == charge()
    assert scene.account("hospital").spent == NOTHING


def test_asking_twice_gives_the_same_bytes_and_charges_nothing(tmp_path: Path) -> None:
    scene = build(tmp_path)
    first = scene.ask()
    size = scene.replayed().size
    again = scene.ask("select   count(*) as total from members as m inner join visits v on v.pid = m.id")
    assert (again.envelope, again.fresh, first.fresh) == (first.envelope, False, True)
    assert scene.spent() == charge()
    assert scene.replayed().size == size


def test_another_question_or_another_version_is_another_run(tmp_path: Path) -> None:
    scene = build(tmp_path)
    answers = [scene.ask(), scene.ask(numbered(1)), scene.ask(epsilon=0.25)]
    scene.announce("visits", 2)
    answers.append(scene.ask())
    assert len({answer.reservation for answer in answers}) == len({answer.envelope for answer in answers}) == 4
    assert scene.spent().rho == 3 * charge().rho + charge(epsilon=0.25).rho


def test_a_repeat_still_has_to_be_allowed(tmp_path: Path) -> None:
    scene = build(tmp_path)
    scene.ask()
    assert refused(scene, asked_by="hospital").code is Code.ASK_NOT_ALLOWED
    scene.announce("visits", 1, withdrawn=True)
    assert refused(scene).code is Code.DATA_WITHDRAWN
    late = reopen(tmp_path, clock=FakeClock(4_200_000_000))
    assert refused(late).code is Code.CONTRACT_EXPIRED


def test_only_the_party_itself_can_ask_in_its_name(tmp_path: Path) -> None:
    scene = build(tmp_path)
    assert refused(scene, signed_by="stranger").code is Code.SIGNATURE_MISSING
    assert refused(scene, asked_by="stranger").code is Code.PARTY_UNKNOWN
    scene.contract = contract(purpose="another")
    assert refused(scene).code is Code.CONTRACT_UNKNOWN
    with scene.room.store.reading() as records:
        assert records.counters.refusals() == {}


def test_data_must_be_there_and_admitted_under_the_section_in_force(tmp_path: Path) -> None:
    scene = build(tmp_path)
    scene.announce("visits", 2, section="sha256:" + "0" * 64)
    assert refused(scene).code is Code.DATA_NOT_ADMITTED
    value = contract()
    section = value.datasets["members"].model_copy(update={"rows_per_person": 2})
    amended = value.model_copy(
        update={"version": 2, "amends": digest_of(value), "datasets": {**value.datasets, "members": section}},
    )
    scene.submit(amended, *OWNERS)
    scene.contract = amended
    scene.announce("visits", 3)
    assert refused(scene).code is Code.DATA_NOT_ADMITTED
    scene.announce("members", 2)
    assert scene.ask().fresh


def test_without_data_nothing_is_asked(tmp_path: Path) -> None:
    third = contract().datasets["visits"]
    scene = build(tmp_path)
    amended = scene.contract.model_copy(
        update={"version": 2, "amends": digest_of(scene.contract), "datasets": {**scene.contract.datasets, "stays": third}},
    )
    scene.submit(amended, *OWNERS)
    scene.contract = amended
    assert refused(scene, SQL.replace("visits", "stays")).code is Code.DATA_UNKNOWN


def test_a_no_of_the_second_owner_frees_the_hold_of_the_first(tmp_path: Path) -> None:
    cost = charge().rho
    scene = build(tmp_path, caps={"insurer": Charge(rho=cost - 1)})
    error = refused(scene)
    assert error.code is Code.ACCOUNT_NOT_ENOUGH
    assert "insurer" in str(error)
    assert not any(character.isdigit() for character in str(error))
    assert [scene.account(owner).held for owner in OWNERS] == [NOTHING, NOTHING]
    assert scene.account("hospital").balance.rho == 10**15
    assert [type(one) for one in entries(scene)[-2:]] == [Hold, HoldLapsed]
    assert scene.replayed().spent == scene.spent() == NOTHING


def test_after_a_raise_the_same_question_passes_and_the_raise_is_logged(tmp_path: Path) -> None:
    scene = build(tmp_path, caps={"insurer": Charge(rho=1)})
    assert refused(scene).code is Code.ACCOUNT_NOT_ENOUGH
    open_accounts(tmp_path / "insurer.sqlite", "insurer").raise_cap("people", charge())
    assert scene.ask().fresh
    raised = [one.account.owner for one in entries(scene) if isinstance(one, AccountRaised)]
    assert raised == ["insurer"]
    assert scene.replayed().spent == scene.account("insurer").spent == charge()


def test_an_account_that_is_opened_later_is_logged_like_a_raise(tmp_path: Path) -> None:
    value = contract()
    staff = value.datasets["visits"].model_copy(update={"population": "staff"})
    scene = build(tmp_path, value.model_copy(update={"datasets": {**value.datasets, "visits": staff}}))
    assert refused(scene).code is Code.ACCOUNT_NOT_ENOUGH
    accounts = open_accounts(tmp_path / "hospital.sqlite", "hospital")
    accounts.add("staff", charge())
    accounts.add("nobody_asks_for", charge())
    assert scene.ask().fresh
    accounts.raise_cap("staff", PLENTY)
    for _ in range(2):
        recover(scene.room)
    assert [one.account.population for one in entries(scene) if isinstance(one, AccountRaised)] == ["staff", "staff"]
    assert scene.replayed().spent == charge()


def test_the_contracts_cap_is_met_before_any_owner_is_bothered(tmp_path: Path) -> None:
    scene = build(tmp_path, contract(caps={"epsilon": 0.7, "delta": 1e-9, "release_epsilon": 0.5}, approval=automatic(0.5, 0.7)))
    scene.ask()
    size = scene.replayed().size
    assert refused(scene, numbered(1)).code is Code.CONTRACT_CAP_EXCEEDED
    assert scene.replayed().size == size
    assert scene.account("hospital").spent == charge()


def test_an_analyst_has_a_cap_of_its_own_for_automatic_releases(tmp_path: Path) -> None:
    both = contract(ask=["insurer", "hospital"], receive=["insurer", "hospital"], approval=automatic(0.5, 0.6))
    scene = build(tmp_path, both)
    scene.ask()
    assert refused(scene, numbered(1)).code is Code.ANALYST_CAP_EXCEEDED
    assert scene.ask(numbered(1), asked_by="hospital").fresh
    assert not scene.ask(numbered(1)).fresh


def automatic(release: float, analyst: float) -> dict[str, object]:
    return {"rule": "automatic", "release_epsilon": release, "analyst_epsilon": analyst}


def test_what_the_engine_lacks_is_refused_by_name_before_anybody_is_asked(tmp_path: Path) -> None:
    """It is known from the plan: no owner is asked for approval, nothing is held, and another engine answers."""
    under = contract(approval={"rule": "each-owner"})
    build(tmp_path, under)
    scene = reopen(tmp_path, under, outlet=Genuine(Guessing(lacks=("text_date", "week")), KEYS["room"]))
    steps = Steps()
    with pytest.raises(Refusal) as refusal:
        scene.ask(progress=steps)
    assert refusal.value.code is Code.ENGINE_LACKS
    assert "text_date, week" in refusal.value.reason
    assert steps.heard == [Step.CHECK, Step.COMPILE, Step.PRICE]
    assert_nothing_spent(scene)
    with scene.room.store.reading() as records:
        assert records.approvals.questions(digest_of(scene.contract)) == ()
    assert refused(reopen(tmp_path, under)).code is Code.APPROVAL_MISSING


def test_refusals_are_counted_by_code_and_logged_in_batches(tmp_path: Path) -> None:
    scene = build(tmp_path)
    words = "SELECT peculiar_word FROM members"
    for _ in range(BATCH - 1):
        refused(scene, words)
    assert not any(isinstance(one, Refused) for one in entries(scene))
    refused(scene, "not sql at all")
    batch = entries(scene)[-1]
    assert isinstance(batch, Refused)
    assert sum(one.count for one in batch.counts) == BATCH
    refused(scene, words)
    scene.ask()
    assert [type(one) for one in entries(scene)[-2:]] == [Refused, ReleaseStored]
    assert b"peculiar_word" not in (tmp_path / "room.sqlite").read_bytes()


@pytest.mark.parametrize(
    "failure",
    [Failed(Code.RUN_FAILED, "Row 17 of Alice is odd.", "Look at Alice."), MemoryError("Alice"), ValueError("Alice"), PanicError("Alice")],
)
def test_a_run_that_fails_says_a_fixed_text_stays_charged_and_can_be_resumed(tmp_path: Path, failure: BaseException) -> None:
    build(tmp_path)
    clock = FakeClock()
    scene = reopen(tmp_path, outlet=Genuine(Failing(failure), KEYS["room"]), clock=clock)
    error = refused(scene)
    assert isinstance(error, Failed)
    assert (error.code, error.__cause__, "Alice" in str(error)) == (Code.RUN_FAILED, None, False)
    assert clock.moment == NOON + 1.75
    assert scene.spent() == scene.account("hospital").spent == charge()
    assert reopen(tmp_path).ask().fresh
    assert scene.spent() == scene.account("hospital").spent == charge()


def test_noise_that_does_not_protect_makes_rehearsals_only(tmp_path: Path) -> None:
    build(tmp_path)
    with pytest.raises(Unverified):
        Genuine(Guessing(genuine=False), KEYS["room"])
    scene = reopen(tmp_path, outlet=Rehearsing(Guessing(genuine=False)))
    assert scene.rehearse().table.rows
    assert releases.received_by(scene.room, "insurer") == ()
    assert not any(isinstance(one, ReleaseStored) for one in entries(scene))


def test_of_two_that_measure_the_same_one_release_is_kept(tmp_path: Path) -> None:
    scene = build(tmp_path)
    found = []
    slow = scene.ask(progress=At(Step.STORE, lambda: found.append(scene.ask())))
    assert (slow.envelope, slow.fresh, found[0].fresh) == (found[0].envelope, False, True)
    assert scene.spent() == scene.account("insurer").spent == scene.replayed().spent == charge()


def test_of_two_that_commit_the_same_one_is_charged(tmp_path: Path) -> None:
    scene = build(tmp_path)
    slow = scene.ask(progress=At(Step.COMMIT, scene.ask))
    assert not slow.fresh
    assert scene.spent() == scene.account("insurer").spent == scene.replayed().spent == charge()


def test_the_balance_shows_what_is_held_for_a_run_on_its_way(tmp_path: Path) -> None:
    scene, found = build(tmp_path), []
    scene.ask(progress=At(Step.COMMIT, lambda: found.append(releases.balance(scene.room))))
    found.append(releases.balance(scene.room))
    assert [(one.held, one.spent) for one in found] == [(charge(), Charge(rho=0)), (Charge(rho=0), charge())]


def test_an_ask_whose_holds_lapsed_on_the_way_is_not_committed(tmp_path: Path) -> None:
    scene = build(tmp_path)
    late = FakeClock(NOON + 10_000)
    with pytest.raises(Refusal) as caught:
        scene.ask(progress=At(Step.COMMIT, lambda: recover(reopen(tmp_path, clock=late).room)))
    assert caught.value.code is Code.HOLD_LAPSED
    assert_nothing_spent(scene)
    assert scene.ask().fresh


def test_an_owner_whose_home_is_away_or_signs_with_another_key_is_not_charged(tmp_path: Path) -> None:
    scene = build(tmp_path)
    insurer = scene.room.vaults["insurer"]
    away = replace(scene.room, vaults={"insurer": insurer})
    with pytest.raises(Failed) as failed:
        door.ask(away, scene.question(), Steps())
    assert failed.value.code is Code.HOME_INVALID
    wrong = LocalVault(open_accounts(tmp_path / "hospital.sqlite", "hospital"), KEYS["stranger"])
    with pytest.raises(Unverified):
        door.ask(replace(scene.room, vaults={"insurer": insurer, "hospital": wrong}), scene.question(), Steps())
    assert_nothing_spent(scene)
    assert scene.ask().fresh


@pytest.mark.parametrize(("quantum", "begun"), [(1, 1_800_000_001), (60, 1_800_000_060), (0.5, 1_800_000_000.5)])
def test_answers_and_entries_keep_to_the_quantum(tmp_path: Path, quantum: float, begun: float) -> None:
    """The measuring begins at a multiple of it, and the answer comes at the next one."""
    clock, moments = FakeClock(), list[float]()
    scene = build(tmp_path, contract(quantum_seconds=quantum), clock=clock)
    scene.ask(progress=At(Step.MEASURE, lambda: moments.append(clock.moment)))
    assert moments == [begun]
    assert clock.moment == begun + quantum
    before, (stored,) = entries(scene)[:-1], entries(scene)[-1:]
    assert {one.at for one in before} == {1_800_000_000}
    assert (type(stored), stored.at) == (ReleaseStored, int(begun))
    release = releases.received_by(scene.room, "insurer")[0]
    assert release.released_at == begun


@pytest.mark.parametrize("took", [0.0, 0.3, 0.999])
@pytest.mark.parametrize("asked", [0.0, 0.001, 0.5, 0.75])
def test_what_takes_less_than_a_quantum_takes_one(tmp_path: Path, asked: float, took: float) -> None:
    """Whoever asks at a chosen moment does not see on which side of it the work ended: not in the answer, nor in the log."""
    clock = FakeClock(NOON + asked)
    scene = build(tmp_path, clock=clock)
    scene.ask(progress=At(Step.MEASURE, lambda: setattr(clock, "moment", clock.moment + took)))
    begun = first_after(NOON + asked, 1)
    assert (clock.moment, entries(scene)[-1].at) == (begun + 1, begun)


class Watching(FakeClock):
    """A clock by which somebody looks at everything that others may see, whenever a room waits."""

    def __init__(self) -> None:
        """See nothing yet."""
        super().__init__()
        self.scene: Scene | None = None
        self.seen = list[tuple[bytes, object, object]]()

    def sleep_until(self, moment: float) -> None:
        """Look, and be there."""
        if self.scene is not None:
            log, got = extract.whole_log(self.scene.room), releases.received_by(self.scene.room, "insurer")
            answered = [one.release for owner in OWNERS for one in self.scene.account(owner).bookings]
            self.seen.append((log, got, answered))
        super().sleep_until(moment)


def test_nothing_tells_that_the_measuring_has_ended_before_the_quantum_does(tmp_path: Path) -> None:
    """Neither the log, nor the list of releases, nor what the owners' accounts hear: all is as it was when the measuring began."""
    clock = Watching()
    clock.scene = build(tmp_path, clock=clock)
    clock.scene.ask()
    before, after = clock.seen
    assert before == after
    assert clock.scene.replayed().size > len(before[0].splitlines()) - 1
    assert all(one.release is not None for owner in OWNERS for one in clock.scene.account(owner).bookings)


@pytest.mark.parametrize(("step", "lost"), [(Step.STORE, "room.sqlite"), (Step.ANSWER, "insurer.sqlite")])
def test_errors_after_the_measuring_keep_to_the_quantum(tmp_path: Path, step: Step, lost: str) -> None:
    """An owner that takes its account away at the right moment does not learn when the measuring ended."""
    clock = FakeClock()
    scene = build(tmp_path, clock=clock)
    with pytest.raises(Failed) as failure:
        scene.ask(progress=At(step, (tmp_path / lost).unlink))
    assert failure.value.code is Code.STORE_FAILED
    assert clock.moment == NOON + 1.75


def test_a_mistake_after_the_measuring_keeps_to_the_quantum(tmp_path: Path) -> None:
    """Whatever goes wrong, it does not tell when the measuring ended; and the run is resumed without another charge."""

    def mistake() -> None:
        raise ArithmeticError

    clock = FakeClock()
    scene = build(tmp_path, clock=clock)
    with pytest.raises(ArithmeticError):
        scene.ask(progress=At(Step.FINISH, mistake))
    assert clock.moment == NOON + 1.75
    assert scene.ask().fresh
    assert scene.spent() == charge()


@pytest.mark.parametrize("quantum", [1, 0.7, 60])
def test_a_release_is_not_older_than_its_commit_when_the_clock_is_set_back(tmp_path: Path, quantum: float) -> None:
    clock = FakeClock()
    scene = build(tmp_path, contract(quantum_seconds=quantum), clock=clock)
    answer = scene.ask(progress=At(Step.SETTLE, lambda: setattr(clock, "moment", NOON - 86_400)))
    published = files(scene, answer.envelope)
    assert verify(published.release, published.contract, published.log).accepted
    assert releases.received_by(scene.room, "insurer")[0].released_at < NOON + quantum


def test_releases_are_shown_to_receivers_only(tmp_path: Path) -> None:
    scene = build(tmp_path)
    answer = scene.ask()
    assert releases.envelope_for(scene.room, "insurer", answer.reservation) == answer.envelope
    assert releases.received_by(scene.room, "hospital") == ()
    with pytest.raises(Refusal) as caught:
        releases.envelope_for(scene.room, "hospital", answer.reservation)
    assert caught.value.code is Code.RELEASE_UNKNOWN


def test_who_cannot_receive_does_not_get_an_answer(tmp_path: Path) -> None:
    scene = build(tmp_path, contract(receive=["hospital"]))
    assert refused(scene).code is Code.RECEIVE_NOT_ALLOWED


def test_so_many_questions_of_one_party_wait_for_a_first_word_and_no_more(tmp_path: Path) -> None:
    """Whoever reviews questions has to read them all: a party cannot bury the questions of others under its own."""
    under = contract(approval={"rule": "each-owner"})
    build(tmp_path, under)
    scene = reopen(tmp_path, under)
    asked = [SQL.replace("SELECT", f"SELECT {number} AS number,", 1) for number in range(MOST_WAITING + 1)]
    assert {refused(scene, sql).code for sql in asked[:-1]} == {Code.APPROVAL_MISSING}
    assert refused(scene, asked[-1]).code is Code.TOO_MANY_REQUESTS
    assert refused(scene, asked[0]).code is Code.APPROVAL_MISSING, "what waits already may be asked for again"
    assert len(scene.waiting()) == MOST_WAITING
    scene.decide(scene.waiting()[0].plan_digest, OWNERS[0], Decision.REJECTED)
    assert refused(scene, asked[-1]).code is Code.APPROVAL_MISSING
