"""Pauses: any owner pauses the room at once, all of them resume, and nothing is committed in between."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.adapters.home import Home
from stillroom.adapters.home.pauses import FILE, Pauses, keep_pause
from stillroom.client.verification import verify
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, InvalidInput, Refusal, StillroomError
from stillroom.ledger.entry import HoldLapsed, Pause, decode
from stillroom.model.contract import Contract
from stillroom.room import door, pauses
from stillroom.room.signed import sign
from stillroom.room.statement import PAUSE_TYPE, PauseStatement
from tests.lied_to import committed, scene_of
from tests.parties import PARTIES, QUESTION, document
from tests.published import files
from tests.rooms import KEYS, At, build
from tests.services import serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lied_to import Scene
    from tests.rooms import Scene as Local
    from tests.services import Served


def test_any_owner_pauses_and_all_resume(room: Served) -> None:
    asker, owner = (room.session(party) for party in ("insurer", "clinic"))
    assert owner.pause.missing() == ()
    owner.pause.begin()
    assert asker.pause.missing() == ("clinic", "insurer")
    with room.agents(*PARTIES):
        for session, missing in ((asker, "clinic and insurer have"), (owner, "clinic has")):
            with pytest.raises(Refusal) as caught:
                asker.ask(QUESTION, epsilon=1.0)
            assert caught.value.code is Code.ROOM_PAUSED
            assert f"once {missing} resumed" in caught.value.reason
            session.pause.resume()
        assert owner.pause.missing() == ()
        release = asker.ask(QUESTION, epsilon=1.0)
    said = [(one["party"], one["pause"], one["paused"]) for one in asker.log() if one["kind"] == "pause"]
    assert said == [("clinic", 1, True), ("insurer", 1, False), ("clinic", 1, False)]
    assert verify(release.envelope, contract=asker.contract_envelope, log=asker.export_log()).accepted


def test_a_release_of_a_room_that_goes_on_before_all_have_resumed_does_not_verify(tmp_path: Path) -> None:
    """A room that leaves out one owner's word of two, and keeps the rules of the log otherwise."""
    scene = build(tmp_path)
    assert said(scene) is None
    assert said(scene, paused=False) is None
    with scene.room.store.writing() as records:
        last = records.pauses.last()
        assert last is not None
        records.pauses.put(last.model_copy(update={"ended": True}))
    published = files(scene, scene.ask().envelope)
    (failed,) = [step for step in verify(published.release, published.contract, published.log).steps if step.failed]
    assert failed.detail == "it was committed while the room was paused: insurer had not resumed"
    assert scene.replayed().spent.rho > 0, "what the log alone can tell is in order"


def test_who_pauses_again_waits_for_all_again(room: Served) -> None:
    first, second = (room.session(party).pause for party in PARTIES)
    first.begin()
    second.resume()
    assert first.missing() == ("clinic",)
    first.begin()
    assert first.missing() == ("clinic", "insurer")
    second.resume()
    second.begin()
    assert first.missing() == ("clinic", "insurer")
    second.resume()
    first.resume()
    assert first.missing() == ()


# --------------------------------------------------------------------------------------------- what a room may not do


def served(room: Served) -> Scene:
    """Return the clinic's agent, and a room that has not heard of any pause."""
    return scene_of(room)


def pause_here(room: Served, *, paused: bool) -> None:
    """Have the clinic pause the room, or resume, without the room being told."""
    keep_pause(room.folder / "clinic", room.service.room.identity, paused=paused)


def test_an_agent_holds_nothing_while_its_owner_pauses_whatever_the_room_says(room: Served) -> None:
    scene = served(room)
    cleared = scene.cleared()
    pause_here(room, paused=True)
    assert scene.hold(cleared).refusal is Code.ROOM_PAUSED
    keep_pause(room.folder / "clinic", "another room", paused=False)
    assert scene.hold(cleared).refusal is Code.ROOM_PAUSED
    pause_here(room, paused=False)
    assert scene.hold(cleared).refusal is None


def test_an_agent_brings_nothing_while_its_owner_pauses_and_brings_it_afterwards(room: Served) -> None:
    scene = served(room)
    _, bring, _ = committed(scene)
    pause_here(room, paused=True)
    assert scene.do(bring).refusal is Code.ROOM_PAUSED
    assert scene.bag.brought == []
    pause_here(room, paused=False)
    assert scene.do(bring).refusal is None


def test_an_owners_agent_holds_still_even_if_the_room_cannot_be_told(folder: Path) -> None:
    with serving(folder) as found:
        pause = found.session("clinic").pause
        identity = found.service.room.identity
    with pytest.raises(StillroomError) as caught:
        pause.begin()
    assert caught.value.code is Code.SERVER_UNAVAILABLE
    assert Pauses.load(folder / "clinic").rooms == {identity}


def test_nothing_is_allowed_by_a_home_whose_pauses_cannot_be_read(room: Served) -> None:
    scene = served(room)
    cleared = scene.cleared()
    (room.folder / "clinic" / FILE).write_bytes(b"{")
    assert scene.hold(cleared).refusal is Code.HOME_INVALID
    with pytest.raises(InvalidInput) as caught:
        keep_pause(room.folder / "clinic", "room", paused=False)
    assert caught.value.code is Code.HOME_INVALID


# ----------------------------------------------------------------------------------------------------------- statements


def said(scene: Local, signer: str = "hospital", **changes: Any) -> Code | None:  # noqa: ANN401 - of the statement
    """Hand in a statement that may be false, and return why it is refused."""
    word = {"room": scene.room.identity, "party": "hospital", "pause": 1, "paused": True, **changes}
    key = KEYS.get(signer) or SigningKey.from_seed(b"s" * 32)
    try:
        pauses.record(scene.room, sign(PauseStatement.model_validate(word), PAUSE_TYPE, key))
    except StillroomError as error:
        return error.code
    return None


def missing(scene: Local) -> tuple[str, ...]:
    """Return who has yet to resume."""
    return pauses.current(scene.room).missing


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"room": "another"}, Code.PAUSE_INVALID),
        ({"pause": 2}, Code.PAUSE_INVALID),
        ({"paused": False}, Code.PAUSE_INVALID),
        ({"party": "nobody"}, Code.OWNER_ONLY),
        ({"signer": "insurer"}, Code.SIGNATURE_MISSING),
    ],
)
def test_what_is_not_an_owners_word_for_this_room_and_pause_changes_nothing(tmp_path: Path, changes: dict[str, Any], code: Code) -> None:
    scene = build(tmp_path)
    assert said(scene, **changes) is code
    assert missing(scene) == ()


def test_a_word_about_an_earlier_pause_does_not_end_a_later_one(tmp_path: Path) -> None:
    scene = build(tmp_path)
    assert said(scene) is None
    assert said(scene) is None, "the same word again changes nothing"
    assert said(scene, paused=False) is None
    assert missing(scene) == ("insurer",)
    assert said(scene, pause=2) is None
    assert said(scene, paused=False) is Code.PAUSE_INVALID
    assert said(scene) is Code.PAUSE_INVALID
    assert missing(scene) == ("hospital", "insurer")
    assert said(scene, pause=2, paused=False) is None
    assert said(scene, "insurer", party="insurer", pause=2, paused=False) is None
    assert missing(scene) == ()
    assert said(scene, pause=2, paused=False) is None, "the same word again changes nothing"
    with scene.room.store.reading() as records:
        assert sum(isinstance(decode(leaf), Pause) for leaf in records.log.leaves()) == 5


def test_a_pause_stops_a_question_that_is_on_its_way_and_its_holds_lapse(tmp_path: Path) -> None:
    scene = build(tmp_path)
    during = At("hold insurer", lambda: said(scene))
    with pytest.raises(Refusal) as caught:
        door.ask(scene.room, scene.question(), during)
    assert caught.value.code is Code.ROOM_PAUSED
    with scene.room.store.reading() as records:
        assert any(isinstance(decode(leaf), HoldLapsed) for leaf in records.log.leaves())
    assert scene.replayed().spent == scene.spent()
    assert scene.spent().rho == 0


def test_a_word_by_a_key_that_was_replaced_is_none(room: Served) -> None:
    first, second = (room.session(party).pause for party in PARTIES)
    first.begin()
    first.resume()
    with room.service.room.store.reading() as records:
        last = records.pauses.last()
    keys = {name: Home.open(room.folder / name).signing_key.public.text for name in PARTIES}
    text = document({**keys, "clinic": SigningKey.from_seed(b"s" * 32).public.text})
    contract = Contract.model_validate_json(json.dumps(text))
    assert second.missing() == ("insurer",)
    assert pauses.Pausing(contract, last).missing == ("clinic", "insurer")


def test_a_pause_that_has_ended_is_not_begun_by_an_owner_who_comes_later(tmp_path: Path) -> None:
    scene = build(tmp_path)
    assert said(scene) is None
    assert said(scene, paused=False) is None
    assert said(scene, "insurer", party="insurer", paused=False) is None
    visits = scene.contract.datasets["visits"].model_copy(update={"owner": "newcomer"})
    later = scene.contract.model_copy(update={"datasets": {**scene.contract.datasets, "visits": visits}})
    with scene.room.store.reading() as records:
        assert "newcomer" in later.owners
        assert pauses.pausing(records, later).missing == ()
