"""A round from its first key to its sum: what it opens, what it weighs, and what each stage takes and refuses."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydantic import ValidationError

from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, InvalidInput, Refusal, StillroomError, Unverified
from stillroom.learning.secure_sum.aggregator import CollectingAdvertisements
from stillroom.learning.secure_sum.contributor import begin
from stillroom.learning.secure_sum.messages import MaskedVector
from stillroom.learning.secure_sum.once import Once
from tests.secure_sums import NAMES, STAGES, Draws, Round, session_of, signing_key, until

if TYPE_CHECKING:
    from collections.abc import Callable


def size(sent: Any) -> int:  # noqa: ANN401 - messages, or anything that holds some
    """Return how many bytes some messages have."""
    if isinstance(sent, bytes):
        return len(sent)
    return sum(size(one) for one in (sent if isinstance(sent, tuple) else sent.values()))


@pytest.mark.parametrize("bits", [32, 64])
def test_the_sum_of_all_is_opened(bits: int) -> None:
    half = 2 ** (bits - 1)
    vectors = {"ada": [1, half - 9, 0], "bea": [-2, 3, -half], "cleo": [0, 4, half - 1], "dora": [0, 0, -1]}
    total = Round(session_of(length=3, bits=bits), vectors).run()
    assert total.values.tolist() == [-1, half - 2, -2]
    assert total.active.headers.keys() == vectors.keys()


def test_weights_and_row_counts_are_coordinates() -> None:
    """Nothing travels beside the vector: a weighted mean is two sums of one round."""
    rows, ages = {"ada": 10, "bea": 1, "cleo": 1}, {"ada": 400, "bea": 31, "cleo": 29}
    total = Round(session_of(3, colluders=0, length=2), {name: [ages[name], rows[name]] for name in rows}).run()
    assert total.values[0] / total.values[1] == 460 / 12


@pytest.mark.parametrize("stage", STAGES)
def test_one_may_leave_at_any_stage(stage: str) -> None:
    session = session_of()
    played = Round(session, {name: [10**place] * 5 for place, name in enumerate(session.members)}, {stage: ["bea"]})
    expected = 1111 if stage in {"confirm", "reveal"} else 1101
    assert played.run().values.tolist() == [expected] * 5


@pytest.mark.parametrize("stage", STAGES)
def test_a_round_of_too_few_is_aborted_at_any_stage(stage: str) -> None:
    session = session_of()
    played = Round(session, dict.fromkeys(session.members, [1] * 5), {stage: ["bea", "cleo"]})
    with pytest.raises(Refusal) as caught:
        played.run()
    assert caught.value.code == Code.ROUND_ABORTED


def test_a_masked_vector_weighs_what_its_words_weigh() -> None:
    """At 2¹⁸ words of 32 bits: all that is sent and relayed is within 1.1 times the words, and a masked vector within 1.01."""
    length = 2**18
    session = session_of(3, colluders=0, length=length, bits=32)
    played = until("reveal", session, vectors=dict.fromkeys(session.members, np.arange(length)))  # type: ignore[arg-type]
    raw = 3 * 4 * length
    relayed = size(played.relayed["share"]) + 3 * sum(size(played.relayed[stage]) for stage in ("advertise", "mask", "confirm"))
    assert size(played.sent["mask"]) <= 1.01 * raw
    assert size(played.sent) + relayed <= 1.1 * raw


def test_a_round_of_three_with_a_short_vector_is_small() -> None:
    played = until("reveal", session_of(3, colluders=0, length=32, bits=32))
    relayed = size(played.relayed["share"]) + 3 * sum(size(played.relayed[stage]) for stage in ("advertise", "mask", "confirm"))
    assert size(played.sent) + relayed <= 40_000


@pytest.mark.parametrize(
    "changed",
    [
        {"count": 3, "fewest": 2},  # a sum of two
        {"count": 3, "fewest": 4, "colluders": 0},  # more than there are
        {"count": 5, "fewest": 3},  # two sets could be confirmed: 2·3 = 5 + 1
        {"count": 4, "fewest": 3, "colluders": 2},
        {"count": 3, "colluders": 3},  # everybody
        {"colluders": -1},
        {"bits": 33},
        {"length": 0},
        {"round": -1},
        {"run": ""},
        {"contract": "sha256:0"},
    ],
)
def test_a_session_that_could_not_keep_its_promise_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        session_of(**changed)


@pytest.mark.parametrize("count", range(3, 9))
def test_a_session_has_more_in_a_sum_than_colluders(count: int) -> None:
    """What thresholds are accepted all leave somebody honest in a sum, and no two sets that both could be confirmed."""
    for fewest in range(count + 2):
        for colluders in range(count + 1):
            try:
                session_of(count, fewest=fewest, colluders=colluders)
            except ValidationError:
                continue
            assert fewest - colluders >= 1
            assert 2 * (fewest - colluders) > count - colluders


def test_members_have_keys_of_their_own() -> None:
    shared = dict.fromkeys(NAMES[:3], signing_key("ada").public.text)
    with pytest.raises(ValidationError, match="a key of its own"):
        session_of(members=shared)
    with pytest.raises(InvalidInput) as caught:
        session_of(members={**shared, "bea": "ed25519:none"})
    assert caught.value.code == Code.KEY_INVALID


def test_only_a_member_begins_and_only_with_its_key() -> None:
    session = session_of()
    for name, key in (("ada", signing_key("bea")), ("gus", signing_key("gus")), ("ada", SigningKey.from_seed(bytes(32)))):
        with pytest.raises(InvalidInput) as caught:
            begin(session, name, key, Draws("ada"))
        assert caught.value.code == Code.KEY_MISMATCH


def test_everything_about_a_session_is_in_its_digest() -> None:
    others = [
        {"run": "run-2"},
        {"round": 1},
        {"contract": "sha256:" + "d0" * 32},
        {"length": 6},
        {"bits": 32},
        {"fewest": 4},
        {"count": 3},
        {"colluders": 0},
    ]
    assert len({session_of(**other).digest for other in ({}, *others)}) == len(others) + 1  # type: ignore[arg-type]


def test_an_aggregator_knows_who_is_missing_and_takes_a_message_twice() -> None:
    played = until("share")
    stage = CollectingAdvertisements(played.session)
    assert stage.missing == set(played.session.members)
    once = stage.take("ada", played.sent["advertise"]["ada"])
    assert once.missing == {"bea", "cleo", "dora"}
    assert once.take("ada", played.sent["advertise"]["ada"]) == once
    other = begin(played.session, "ada", signing_key("ada"), Draws("other")).message
    with pytest.raises(Unverified, match="two different messages") as caught:
        once.take("ada", other)
    assert caught.value.code == Code.ROUND_INVALID


def test_a_vector_that_comes_twice_counts_once() -> None:
    played = Round(session_of(), {name: [1] * 5 for name in NAMES[:4]})
    stage = played.parcels(played.advertisements())
    vectors = {name: state.mask(played.relayed["share"][name], [1] * 5) for name, state in played.shared.items()}
    for name in (*vectors, "bea"):
        stage = stage.take(name, vectors[name].message)
    played.masked = {name: done.state for name, done in vectors.items()}
    closed = stage.close()
    played.relayed["mask"] = closed.relay
    assert stage.missing == frozenset()
    assert played.reveals(played.confirmations(closed.stage)).close().values.tolist() == [4] * 5


def test_an_aggregator_takes_words_of_the_right_length_only() -> None:
    played = Round(session_of(), {name: [1] * 5 for name in NAMES[:4]})
    stage = played.parcels(played.advertisements())
    vector = played.shared["ada"].mask(played.relayed["share"]["ada"], [1] * 5).message
    with pytest.raises(InvalidInput) as caught:
        stage.take("ada", MaskedVector(vector.header, vector.words[:-8]))
    assert caught.value.code == Code.ROUND_INVALID


def test_an_aggregator_takes_parcels_for_each_peer_and_for_nobody_else() -> None:
    played = Round(session_of(), {})
    stage = played.advertisements()
    messages = played.advertised["ada"].share(played.relayed["advertise"], Draws("ada")).messages
    assert stage.missing == set(NAMES[:4])
    for wrong in ({}, {"bea": messages["bea"]}, {**messages, "ada": messages["bea"]}, {**messages, "bea": messages["cleo"]}):
        with pytest.raises(Unverified) as caught:
            stage.take("ada", wrong)
        assert caught.value.code == Code.ROUND_INVALID
    assert stage.take("ada", messages).missing == {"bea", "cleo", "dora"}


def test_a_vector_of_another_length_is_refused_and_may_be_mended() -> None:
    played = until("share")
    for vector in ([1] * 4, [1] * 6, []):
        with pytest.raises(InvalidInput) as caught:
            played.shared["ada"].mask(played.relayed["share"]["ada"], vector)
        assert caught.value.code == Code.ROUND_INVALID
    assert played.shared["ada"].mask(played.relayed["share"]["ada"], [1] * 5).message.words


def test_a_question_is_answered_once_and_that_answer_again() -> None:
    once: Once[list[int]] = Once()
    first = once.answer("a", lambda: [1])
    assert once.answer("a", lambda: [2]) is first
    with pytest.raises(Refusal) as caught:
        once.answer("b", lambda: [3])
    assert caught.value.code == Code.ROUND_INVALID


def test_a_question_that_was_refused_stays_refused() -> None:
    def refuse() -> int:
        raise Refusal(Code.ROUND_ABORTED, "No.", "None.")

    def fail() -> int:
        raise MemoryError

    once: Once[int] = Once()
    for work in (refuse, lambda: 1):
        with pytest.raises(Refusal) as caught:
            once.answer("a", work)
        assert caught.value.code == Code.ROUND_ABORTED
    broken: Once[int] = Once()
    with pytest.raises(MemoryError):
        broken.answer("a", fail)
    for asked in "ab":
        with pytest.raises(Refusal):
            broken.answer(asked, lambda: 1)


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_a_state_cannot_be_written_down(copied: Callable[[object], object]) -> None:
    """A state that could be brought back could be asked twice."""
    played = until("confirm")
    for state in (played.advertised["ada"], played.shared["ada"], played.masked["ada"], played.confirmed["ada"]):
        with pytest.raises(TypeError):
            copied(state)


def test_a_shallow_copy_is_spent_with_its_state() -> None:
    played = until("mask")
    twin = copy.copy(played.masked["ada"])
    assert twin.confirm(played.relayed["mask"])
    headers = {name: header for name, header in played.relayed["mask"].items() if name != "dora"}
    with pytest.raises(Refusal, match="has been answered"):
        played.masked["ada"].confirm(headers)


def test_states_print_no_secret() -> None:
    played = until("confirm")
    states = [played.advertised["ada"], played.shared["ada"], played.masked["ada"], played.confirmed["ada"]]
    assert all(repr(state).endswith(">") and "=" not in repr(state) for state in states)
    held = played.confirmed["ada"]._held["bea"]
    assert str(held.own_mask.value) not in repr(held)


@pytest.mark.parametrize("junk", [b"", b"{}", b"\xff" * 40, until("reveal").sent["reveal"]["ada"]])
@pytest.mark.parametrize("stage", STAGES)
def test_bytes_that_are_no_message_of_the_stage_are_refused(stage: str, junk: bytes) -> None:
    played, everybody = until("confirm"), dict.fromkeys(NAMES[:4], junk)
    fresh = Round(played.session, {})
    fresh.advertisements()
    asks: dict[str, Callable[[], object]] = {
        "advertise": lambda: CollectingAdvertisements(played.session).take("ada", junk),
        "share": lambda: fresh.advertised["ada"].share(everybody, Draws("ada")),
        "mask": lambda: until("share").shared["ada"].mask(dict.fromkeys(NAMES[1:4], junk), [0] * 5),
        "confirm": lambda: until("mask").masked["ada"].confirm(everybody),
        "reveal": lambda: until("confirm").confirmed["ada"].reveal(everybody),
    }
    with pytest.raises(StillroomError) as caught:
        asks[stage]()
    assert caught.value.code == Code.ENVELOPE_INVALID
