"""Attacks on secure sums, those that were published and those that this protocol invites: each is refused, and gains nothing."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from stillroom.crypto.envelope import seal
from stillroom.crypto.exchange import ExchangeKey
from stillroom.crypto.keystream import keystream
from stillroom.errors import Code, InvalidInput, Refusal, Unverified
from stillroom.learning.secure_sum.contributor import begin
from stillroom.learning.secure_sum.masks import remove_pairs
from stillroom.learning.secure_sum.messages import Advertisement, Confirmation, Header, Parcel, Reveal, read, sign
from stillroom.learning.secure_sum.parcels import Held, pack
from stillroom.learning.shamir import Share
from stillroom.model import codec
from tests.secure_sums import NAMES, Draws, Round, at_masking, forged, headers_without, refused, session_of, signing_key, until

if TYPE_CHECKING:
    from collections.abc import Callable

CODES = {Code.ROUND_INVALID, Code.ROUND_ABORTED}


def test_both_lists() -> None:
    """A server shows ada as alive to some and as dropped to others, to collect both secrets; dora colludes, and signs both lists."""
    played, twin = until("mask"), until("mask")
    alive, dropped = played.relayed["mask"], headers_without(played, "ada")
    ada, bea = (played.masked[name].confirm(alive) for name in ("ada", "bea"))
    cleo = played.masked["cleo"].confirm(dropped)
    dora = {True: played.masked["dora"].confirm(alive), False: twin.masked["dora"].confirm(dropped)}

    for said in (
        {"cleo": cleo.message, "dora": dora[False].message},
        {"ada": ada.message, "bea": bea.message, "dora": dora[True].message},
        {"bea": bea.message, "cleo": cleo.message, "dora": dora[False].message},
    ):
        with pytest.raises((Refusal, Unverified)) as caught:
            cleo.state.reveal(said)
        assert caught.value.code in CODES
        cleo = until("mask").masked["cleo"].confirm(dropped)
    shown = bea.state.reveal({"ada": ada.message, "bea": bea.message, "dora": dora[True].message})
    reveal = read(shown, Reveal, played.session, "bea")
    assert "ada" in reveal.own_masks
    assert reveal.masking_keys == {}


def test_a_victim_alone_among_colluders() -> None:
    """A server tells ada that only a colluder and one other have shared; these others are then left out of the active set."""
    played, _ = at_masking()
    parcels = played.relayed["share"]
    few = {name: parcels["ada"][name] for name in ("bea", "dora")}
    ada = played.shared["ada"].mask(few, [5] * 5)
    others = {name: played.shared[name].mask(parcels[name], [0] * 5) for name in ("cleo", "dora")}
    told = {"ada": ada.message.header, **{name: done.message.header for name, done in others.items()}}
    with refused():
        others["cleo"].state.confirm(told)
    with refused():
        ada.state.confirm(told)


def test_key_substitution() -> None:
    """A server puts a key of its own in place of bea's: signed by nobody that counts, by a colluder, or unsigned as bea."""
    played = until("advertise")
    honest = read(played.sent["advertise"]["bea"], Advertisement, played.session, "bea")
    servers = ExchangeKey.from_bytes(Draws("server").token(32)).public.text
    for signer in ("dora", "the server"):
        relayed = {**played.relayed["advertise"], "bea": forged(honest, signer, masking=servers)}
        with refused(Code.SIGNATURE_MISSING):
            until("advertise").advertised["ada"].share(relayed, Draws("ada"))
    with refused(Code.SIGNATURE_INVALID):
        payload = codec.encode(honest.model_copy(update={"masking": servers}))
        broken = seal(Advertisement.media_type, payload, [signing_key("dora")]).replace(
            signing_key("dora").public.id.encode(), signing_key("bea").public.id.encode()
        )
        played.advertised["ada"].share({**played.relayed["advertise"], "bea": broken}, Draws("ada"))


def test_a_member_whose_own_key_was_swapped_notices() -> None:
    """Even a second key that ada itself has signed for this very session, earlier or on another machine."""
    played = until("advertise")
    second = begin(played.session, "ada", signing_key("ada"), Draws("another machine")).message
    with refused():
        played.advertised["ada"].share({**played.relayed["advertise"], "ada": second}, Draws("ada"))
    fresh = until("advertise")
    with refused():
        fresh.advertised["ada"].share({name: one for name, one in played.relayed["advertise"].items() if name != "ada"}, Draws("ada"))


def test_an_advertisement_of_another_member() -> None:
    """Relayed under bea's name: what cleo has signed, as cleo or as bea, and what bea has signed as cleo."""
    played = until("advertise")
    cleo = read(played.sent["advertise"]["cleo"], Advertisement, played.session, "cleo")
    for message, code in (
        (played.sent["advertise"]["cleo"], Code.SIGNATURE_MISSING),
        (forged(cleo, "cleo", sender="bea"), Code.SIGNATURE_MISSING),
        (forged(cleo, "bea"), Code.ROUND_INVALID),
    ):
        with refused(code):
            until("advertise").advertised["ada"].share({**played.relayed["advertise"], "bea": message}, Draws("ada"))


def test_a_stranger_joins() -> None:
    played = until("advertise")
    stranger = until("advertise", session_of(5, fewest=4)).sent["advertise"]["edda"]
    with refused():
        played.advertised["ada"].share({**played.relayed["advertise"], "edda": stranger}, Draws("ada"))


@pytest.mark.parametrize("other", [{"round": 1}, {"run": "run-2"}, {"contract": "sha256:" + "d0" * 32}, {"length": 6}])
def test_replay(other: dict[str, Any]) -> None:
    """What members have signed in another round, run or contract is worth nothing in this one, at any stage."""
    old = until("reveal", session_of(**other))
    played = until("advertise")
    with refused():
        played.advertised["ada"].share({**played.relayed["advertise"], "bea": old.sent["advertise"]["bea"]}, Draws("ada"))
    played, _ = at_masking()
    with refused():
        played.shared["ada"].mask({**played.relayed["share"]["ada"], "bea": old.relayed["share"]["ada"]["bea"]}, [0] * 5)
    played = until("mask")
    with refused():
        played.masked["ada"].confirm({**played.relayed["mask"], "bea": old.relayed["mask"]["bea"]})
    played = until("confirm")
    with refused():
        played.confirmed["ada"].reveal({**played.relayed["confirm"], "bea": old.relayed["confirm"]["bea"]})


def test_replay_of_the_same_session_with_other_keys() -> None:
    """A round that members began once more has the same session, and other keys, which all later messages name."""
    old = until("reveal", label="earlier")
    played, _ = at_masking()
    with refused():
        played.shared["ada"].mask({**played.relayed["share"]["ada"], "bea": old.relayed["share"]["ada"]["bea"]}, [0] * 5)
    played = until("mask")
    with refused():
        played.masked["ada"].confirm({**played.relayed["mask"], "bea": old.relayed["mask"]["bea"]})
    played = until("confirm")
    with refused():
        played.confirmed["ada"].reveal({**played.relayed["confirm"], "bea": old.relayed["confirm"]["bea"]})


def test_members_are_told_different_keys() -> None:
    """A colluder signs two advertisements, and the server gives bea the other one: ada and bea refuse each other."""
    played = until("advertise")
    second = begin(played.session, "dora", signing_key("dora"), Draws("dora's other keys")).message
    ada = played.advertised["ada"].share(played.relayed["advertise"], Draws("ada"))
    others = {name: played.advertised[name].share({**played.relayed["advertise"], "dora": second}, Draws(name)) for name in ("bea", "cleo")}
    with refused():
        ada.state.mask({name: done.messages["ada"] for name, done in others.items()}, [0] * 5)


def test_small_seed() -> None:
    """Masks of 2¹⁶ seeds of 32 bits, however spelled as a key, do not explain a vector of zeros; no secret is shorter than 32 bytes."""
    played, _ = at_masking()
    lone = played.shared["ada"].mask(played.relayed["share"]["ada"], [0] * 5).message.words
    session, roster = played.session, played.shared["ada"]._roster
    # The server knows all masks but the own one, as it does once ada has dropped out.
    seen = session.ring.to_bytes(remove_pairs(roster, "ada", session.ring.from_bytes(lone, 5), played.shared["ada"]._pairs))
    candidates = (seed.to_bytes(4, "little") for seed in range(2**16))
    keys = (key for seed in candidates for key in (seed.ljust(32, b"\0"), seed[::-1].rjust(32, b"\0"), seed * 8))
    assert not any(keystream(key, 8) == seen[:8] for key in keys)
    assert all(size >= 32 for draws in played.draws.values() for size in draws.sizes)
    used = [*played.shared["ada"]._pairs.values(), played.shared["ada"]._secret]
    assert {len(key) for key in used} == {32}
    assert len(set(used)) == len(used)
    assert all(len(set(key)) > 16 for key in used)


def test_scalar_mask() -> None:
    """The mask differs in every coordinate, and so do those of two members: no difference of coordinates shows."""
    session = session_of(length=4096, bits=64)
    played = until("mask", session, vectors=dict.fromkeys(session.members, [0] * 4096))
    words = {name: np.frombuffer(played.words(name).words, "<u8") for name in session.members}
    assert all(len(np.unique(one)) == 4096 for one in words.values())
    assert all(len(np.unique(np.diff(one))) == 4095 for one in words.values())
    assert len(np.unique(np.concatenate(list(words.values())))) == 4 * 4096


@pytest.mark.parametrize("stage", ["advertise", "share", "mask", "confirm", "reveal"])
def test_two_survivors(stage: str) -> None:
    """Of two vectors, each contributor would learn the other's from the sum; no aggregator and no member goes on with two."""
    session = session_of(3, colluders=0)
    played = Round(session, dict.fromkeys(session.members, [0] * 5), {stage: ["cleo"]})
    with refused(Code.ROUND_ABORTED, Refusal):
        played.run()
    whole = until("confirm", session)

    def two(relayed: dict[str, bytes]) -> dict[str, bytes]:
        return {name: one for name, one in relayed.items() if name != "cleo"}

    asks: dict[str, Callable[[], object]] = {
        "advertise": lambda: until("advertise", session).advertised["ada"].share(two(whole.relayed["advertise"]), Draws("ada")),
        "share": lambda: until("share", session).shared["ada"].mask(two(whole.relayed["share"]["ada"]), [0] * 5),
        "mask": lambda: until("mask", session).masked["ada"].confirm(two(whole.relayed["mask"])),
        "confirm": lambda: until("confirm", session).confirmed["ada"].reveal(two(whole.relayed["confirm"])),
    }
    if stage in asks:
        with refused(Code.ROUND_ABORTED, Refusal):
            asks[stage]()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (float("nan"), Code.TYPE_MISMATCH),
        (float("inf"), Code.TYPE_MISMATCH),
        (1.0, Code.TYPE_MISMATCH),
        (np.float32(1), Code.TYPE_MISMATCH),
        (None, Code.TYPE_MISMATCH),
        (True, Code.TYPE_MISMATCH),
        (2**63, Code.NUMBER_TOO_LARGE),
        (-(2**63) - 1, Code.NUMBER_TOO_LARGE),
    ],
)
def test_nan_and_its_kin(value: Any, code: Code) -> None:  # noqa: ANN401 - anything
    """What is no whole number of the ring never reaches a sum; the state is as it was, and nothing was sent."""
    played, _ = at_masking()
    with refused(code, InvalidInput):
        played.shared["ada"].mask(played.relayed["share"]["ada"], [0, 0, value, 0, 0])
    if isinstance(value, float):
        with refused(code, InvalidInput):
            played.shared["ada"].mask(played.relayed["share"]["ada"], np.array([0, 0, value, 0, 0]))
    assert played.shared["ada"].mask(played.relayed["share"]["ada"], [0] * 5)


def test_reused_ephemeral_keys() -> None:
    """A key that two offer, that one offers for both uses, or that mirrors the victim's own: masks would cancel, or be known."""
    played = until("advertise")
    sent = {name: read(message, Advertisement, played.session, name) for name, message in played.sent["advertise"].items()}
    ada, bea, dora = sent["ada"], sent["bea"], sent["dora"]
    for changes in (
        {"masking": bea.masking},
        {"sealing": bea.sealing},
        {"masking": dora.sealing},
        {"masking": ada.masking},
        {"masking": ada.sealing},
    ):
        with refused():
            until("advertise").advertised["ada"].share(
                {**played.relayed["advertise"], "dora": forged(dora, "dora", **changes)}, Draws("ada")
            )


@pytest.mark.parametrize("field", ["masking", "sealing"])
@pytest.mark.parametrize(("raw", "code"), [(bytes(32), Code.KEY_INVALID), ((2**255 - 10).to_bytes(32, "little"), Code.ROUND_INVALID)])
def test_keys_of_low_order_or_in_another_spelling(field: str, raw: bytes, code: Code) -> None:
    """With a point of low order the mask would be known to everybody; another spelling would be a key reused without notice."""
    played = until("advertise")
    dora = read(played.sent["advertise"]["dora"], Advertisement, played.session, "dora")
    text = "x25519:" + base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
    with refused(code):
        played.advertised["ada"].share({**played.relayed["advertise"], "dora": forged(dora, "dora", **{field: text})}, Draws("ada"))


def test_a_member_is_asked_twice_with_two_active_sets() -> None:
    """Having signed one list, ada signs no other; having revealed for it, nothing more; the same question has the same answer."""
    played = until("mask")
    everybody, without = played.relayed["mask"], headers_without(played, "dora")
    first = played.masked["ada"].confirm(everybody)
    with refused(kind=Refusal):
        played.masked["ada"].confirm(without)
    assert played.masked["ada"].confirm(everybody).message == first.message
    said = {name: played.masked[name].confirm(everybody).message for name in NAMES[:4]}
    shown = first.state.reveal(said)
    with refused(kind=Refusal):
        first.state.reveal({name: said[name] for name in NAMES[:3]})
    assert first.state.reveal(said) == shown


def test_a_member_is_asked_twice_at_every_other_stage() -> None:
    """Two vectors under the same masks would show their difference; two sets of shares, more of a secret than was meant."""
    played = until("advertise")
    relayed = played.relayed["advertise"]
    fewer = {name: relayed[name] for name in NAMES[:3]}
    first = played.advertised["ada"].share(relayed, Draws("ada"))
    with refused(kind=Refusal):
        played.advertised["ada"].share(fewer, Draws("ada"))
    assert played.advertised["ada"].share(relayed, Draws("other")).messages == first.messages
    played, _ = at_masking()
    parcels = played.relayed["share"]["ada"]
    vector = played.shared["ada"].mask(parcels, [1] * 5).message
    with refused(kind=Refusal):
        played.shared["ada"].mask(parcels, [2] * 5)
    with refused(kind=Refusal):
        played.shared["ada"].mask({name: parcels[name] for name in ("bea", "cleo")}, [1] * 5)
    assert played.shared["ada"].mask(parcels, [1] * 5).message == vector


def test_a_refusal_is_final() -> None:
    """A server cannot try what a member takes: the first question of a stage is the only one."""
    played = until("mask")
    with refused(Code.SIGNATURE_MISSING):
        played.masked["ada"].confirm({**played.relayed["mask"], "bea": played.relayed["mask"]["cleo"]})
    with refused(kind=Refusal):
        played.masked["ada"].confirm(played.relayed["mask"])


def test_an_active_set_without_oneself_or_with_strangers() -> None:
    played = until("mask")
    with refused():
        played.masked["ada"].confirm(headers_without(played, "ada"))
    session = session_of()
    left = Round(session, dict.fromkeys(session.members, [0] * 5), {"share": ["dora"]})
    left.vectors_taken(left.parcels(left.advertisements()))
    cleo = read(left.relayed["mask"]["cleo"], Header, session, "cleo")
    stranger = forged(cleo, "dora", sender="dora")
    with refused():
        left.masked["ada"].confirm({**left.relayed["mask"], "dora": stranger})
    outside = forged(cleo, "edda", sender="edda")
    with refused():
        until("mask").masked["ada"].confirm({**played.relayed["mask"], "edda": outside})


def test_confirmations_of_those_that_are_not_in_the_set() -> None:
    """A member that dropped out before it sent a vector does not count among those that confirm."""
    session = session_of()
    played = Round(session, dict.fromkeys(session.members, [0] * 5), {"mask": ["dora"]})
    played.confirmations(played.vectors_taken(played.parcels(played.advertisements())))
    ada = read(played.sent["confirm"]["ada"], Confirmation, session, "ada")
    said = {"ada": played.sent["confirm"]["ada"], "bea": played.sent["confirm"]["bea"], "dora": forged(ada, "dora", sender="dora")}
    with refused():
        played.confirmed["ada"].reveal(said)


def test_tampered_share_ciphertexts() -> None:
    """Changed on the way, opened by nobody; sealed wrongly by a colluder, its sender is named, and no secret; of somebody else, refused."""
    played, _ = at_masking()
    parcels = played.relayed["share"]["ada"]
    dora = read(parcels["dora"], Parcel, played.session, "dora")
    opened = bytearray(base64.b64decode(dora.sealed))
    opened[3] ^= 1
    changed = base64.b64encode(bytes(opened)).decode("ascii")
    for message, code in (
        (forged(dora, "the server", sealed=changed), Code.SIGNATURE_MISSING),
        (forged(dora, "dora", sealed=changed), Code.ROUND_INVALID),
        (forged(dora, "dora", sealed="AAAA"), Code.ROUND_INVALID),
        (forged(dora, "dora", sealed="?"), Code.ROUND_INVALID),
        (played.relayed["share"]["bea"]["dora"], Code.ROUND_INVALID),
    ):
        fresh, _ = at_masking()
        with pytest.raises(Unverified) as caught:
            fresh.shared["ada"].mask({**parcels, "dora": message}, [0] * 5)
        assert caught.value.code == code
        assert "dora" in caught.value.reason
        assert not any(len(word) > 16 for word in caught.value.reason.split())


@pytest.mark.parametrize("places", [(2, 2), (1, 2)])
def test_shares_at_another_place(places: tuple[int, int]) -> None:
    """A colluder seals to ada what should be bea's share: together with bea's own, it would be one share less than counted."""
    played, _ = at_masking()
    shared = played.shared["dora"]
    held = Held(Share(places[0], 5), Share(places[1], 5))
    parcel = sign(pack(shared._roster, "dora", shared._sealing, "ada", held), signing_key("dora"))
    with refused():
        played.shared["ada"].mask({**played.relayed["share"]["ada"], "dora": parcel}, [0] * 5)


def test_an_aggregator_lies_about_the_masked_vector() -> None:
    """It passes off another header as ada's: ada signs no set with it, and no set without the vector that it has sent."""
    played = until("mask")
    ada = read(played.relayed["mask"]["ada"], Header, played.session, "ada")
    words = "sha256:" + hashlib.sha256(b"other words").hexdigest()
    with refused(Code.SIGNATURE_MISSING):
        played.masked["ada"].confirm({**played.relayed["mask"], "ada": forged(ada, "the server", words=words)})
    stolen = forged(ada, "ada", words=words)  # by somebody who has ada's signing key
    with refused():
        until("mask").masked["ada"].confirm({**played.relayed["mask"], "ada": stolen})
    bea = until("mask").masked["bea"].confirm({**played.relayed["mask"], "ada": stolen})
    ours = {name: until("mask").masked[name].confirm(played.relayed["mask"]).message for name in ("ada", "cleo")}
    with refused():
        bea.state.reveal({**ours, "bea": bea.message})
