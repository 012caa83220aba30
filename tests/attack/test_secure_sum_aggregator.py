"""What an aggregator that keeps to the protocol is sent by members, or on the way, that do not: noticed before a sum is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stillroom.errors import Code, Unverified
from stillroom.learning.secure_sum.messages import MaskedVector, Reveal, read
from tests.secure_sums import NAMES, Round, at_masking, forged, headers_without, refused, session_of, until

if TYPE_CHECKING:
    from stillroom.learning.secure_sum.aggregator import CollectingConfirmations


def spoilt(kind: str, lost: dict[str, list[str]]) -> tuple[Round, Any]:
    """Return a round in which bea reveals a wrong share of each secret of a kind, before the sum is opened."""
    session = session_of()
    played = Round(session, dict.fromkeys(session.members, [1] * 5), lost)
    stage = played.confirmations(played.vectors_taken(played.parcels(played.advertisements())))
    for name, state in played.confirmed.items():
        message = state.reveal(played.relayed["confirm"])
        if name == "bea":
            reveal = read(message, Reveal, session, "bea")
            wrong = {peer: text[:-2] + ("00" if text[-2:] != "00" else "01") for peer, text in getattr(reveal, kind).items()}
            assert wrong
            message = forged(reveal, "bea", **{kind: wrong})
        stage = stage.take(name, message)
    return played, stage


@pytest.mark.parametrize(("kind", "lost"), [("own_masks", {}), ("masking_keys", {"mask": ["dora"]})])
def test_a_wrong_share_is_noticed(kind: str, lost: dict[str, list[str]]) -> None:
    """No sum is opened with it, for it would be any sum; and the refusal shows no secret."""
    _, stage = spoilt(kind, lost)
    with pytest.raises(Unverified) as caught:
        stage.close()
    assert caught.value.code == Code.ROUND_INVALID
    assert not any(len(word) > 16 for word in caught.value.reason.split())


def revealing() -> tuple[Round, Any, dict[str, Reveal]]:
    """Return a round with a member lost, the stage that takes reveals, and all of these."""
    session = session_of(5, fewest=4, colluders=1)
    played = Round(session, dict.fromkeys(session.members, [1] * 5), {"mask": ["edda"]})
    stage = played.confirmations(played.vectors_taken(played.parcels(played.advertisements())))
    shown = {name: read(state.reveal(played.relayed["confirm"]), Reveal, session, name) for name, state in played.confirmed.items()}
    return played, stage, shown


def test_an_aggregator_takes_one_share_of_the_right_kind_for_each_peer() -> None:
    _, stage, shown = revealing()
    bea = shown["bea"]
    own, keys = bea.own_masks, bea.masking_keys
    lies: list[dict[str, Any]] = [
        {"masking_keys": {**keys, "ada": own["ada"]}},
        {"own_masks": {**own, "edda": keys["edda"]}},
        {"own_masks": {name: one for name, one in own.items() if name != "ada"}},
        {"masking_keys": {}},
        {"own_masks": shown["cleo"].own_masks},
        {"own_masks": {**own, "ada": own["ada"][:4] + "f" * 66}},
        {"active": "sha256:" + "0" * 64},
        {"roster": "sha256:" + "0" * 64},
    ]
    for changes in lies:
        with refused():
            stage.take("bea", forged(bea, "bea", **changes))
    with refused():
        stage.take("edda", forged(bea, "edda", sender="edda"))
    assert stage.take("bea", forged(bea, "bea")).missing == {"ada", "cleo", "dora"}


def test_words_that_are_not_those_of_the_header() -> None:
    """Somebody on the way changes a bit of the words: an honest aggregator notices, before they are in any sum."""
    played, stage = at_masking()
    vector = played.shared["ada"].mask(played.relayed["share"]["ada"], [0] * 5).message
    words = bytes([vector.words[0] ^ 1]) + vector.words[1:]
    with refused():
        stage.take("ada", MaskedVector(vector.header, words))


def test_a_member_that_masks_with_others_than_all() -> None:
    """A header that names other peers is refused by the aggregator and by each member; masks in it would not cancel."""
    played, stage = at_masking()
    vector = played.shared["dora"].mask({name: played.relayed["share"]["dora"][name] for name in ("ada", "bea")}, [0] * 5).message
    with refused():
        stage.take("dora", vector)
    with refused():
        whole = until("mask")
        whole.masked["ada"].confirm({**whole.relayed["mask"], "dora": vector.header})


def test_an_early_confirmation_of_another_set_is_not_collected() -> None:
    played = until("mask")
    stage: CollectingConfirmations
    twin = Round(played.session, played.vectors)
    stage = twin.vectors_taken(twin.parcels(twin.advertisements()))
    other = played.masked["bea"].confirm(headers_without(played, "dora")).message
    with refused():
        stage.take("bea", other)
    assert stage.missing == set(NAMES[:4])
