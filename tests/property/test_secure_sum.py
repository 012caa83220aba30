"""Rounds of any size with any dropouts, and aggregators that tell members anything: the right sum, or nothing at all."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.crypto.canonical import digest
from stillroom.errors import Code, Refusal, Unverified
from stillroom.learning.secure_sum.messages import Confirmation, Header, Reveal, read, sign
from stillroom.learning.secure_sum.once import Once
from tests.secure_sums import NAMES, STAGES, Round, session_of, signing_key, until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.learning.secure_sum.contributor import Confirmed

HONEST, COLLUDER = NAMES[:5], NAMES[5]
SESSION = session_of(6, fewest=4)
BASE = until("share", SESSION)


@st.composite
def rounds(draw: st.DrawFn) -> Round:
    """Return a round of any size, thresholds and vectors, from which members are lost at any stage."""
    count = draw(st.integers(3, 8))
    fewest = draw(st.integers(max(3, count // 2 + 1), count))
    colluders = draw(st.integers(0, 2 * fewest - count - 1))
    bits = draw(st.sampled_from([32, 64]))
    session = session_of(count, fewest=fewest, colluders=colluders, length=3, bits=bits, round=draw(st.integers(0, 9)))
    most = (2 ** (bits - 1) - 1) // count
    numbers = st.lists(st.integers(-most, most), min_size=3, max_size=3)
    vectors = {name: draw(numbers) for name in session.members}
    leaving = draw(st.dictionaries(st.sampled_from(sorted(session.members)), st.sampled_from(STAGES), max_size=count - fewest + 1))
    return Round(session, vectors, {stage: [name for name, at in leaving.items() if at == stage] for stage in STAGES})


def remaining(played: Round, stage: str) -> list[str]:
    """Return who answers in a stage, as they would if the round went on."""
    return [name for name in played.session.members if played.stays(name, stage)]


@settings(max_examples=40)
@given(rounds())
def test_any_dropouts_leave_the_right_sum_or_a_clean_abort(played: Round) -> None:
    active = remaining(played, "mask")
    if len(remaining(played, "reveal")) < played.session.fewest:
        with pytest.raises(Refusal) as caught:
            played.run()
        assert caught.value.code == Code.ROUND_ABORTED
        assert len(played.sent["reveal"]) < played.session.fewest
    else:
        total = played.run()
        assert sorted(total.active.headers) == sorted(active)
        assert total.values.tolist() == [sum(played.vectors[name][place] for name in active) for place in range(3)]
    for name, message in played.sent["reveal"].items():
        assert_one_kind(read(message, Reveal, played.session, name), active)


def assert_one_kind(reveal: Reveal, active: list[str]) -> None:
    """Find one share for each peer at most, of the kind that the active set asks for."""
    assert reveal.own_masks.keys() == set(active)
    assert not reveal.own_masks.keys() & reveal.masking_keys.keys()


@dataclass
class Lies:
    """What an aggregator tells each of five honest members of six, with a colluder that signs whatever helps.

    Attributes:
        peers: Whose parcels each is given.
        active: Whose headers each is given, at a first and perhaps a second time.
        adapting: Whether the colluder's header names the peers of the member that is told it, or all.
    """

    peers: Mapping[str, frozenset[str]]
    active: Mapping[str, Sequence[frozenset[str]]]
    adapting: bool = True
    headers: dict[str, bytes] = field(default_factory=dict)
    confirmed: list[tuple[frozenset[str], Confirmed, Confirmation, bytes]] = field(default_factory=list)
    reveals: list[Reveal] = field(default_factory=list)

    def play(self) -> None:
        """Mask, confirm and reveal: each honest member with what it is told, as far as it goes along."""
        masked = {}
        for name in HONEST:
            parcels = {peer: parcel for peer, parcel in BASE.relayed["share"][name].items() if peer in self.peers[name]}
            masked[name], vector = replace(BASE.shared[name], _once=Once()).mask(parcels, [7] * SESSION.length)
            self.headers[name] = vector.header
        for name, state in masked.items():
            for active in self.active[name]:
                with suppress(Refusal, Unverified):
                    confirmed, said = state.confirm({peer: self.header(peer, name) for peer in active})
                    self.confirmed.append((active, confirmed, read(said, Confirmation, SESSION, name), said))
        for active, confirmed, own, _ in self.confirmed:
            with suppress(Refusal, Unverified):
                shown = confirmed.reveal(self.confirmations(active, own))
                self.reveals.append(read(shown, Reveal, SESSION, own.sender))

    def header(self, peer: str, name: str) -> bytes:
        """Return a peer's header; the colluder signs one as it likes."""
        if peer != COLLUDER:
            return self.headers[peer]
        own = read(self.headers[name], Header, SESSION, name)
        peers = own.peers if self.adapting else tuple(sorted(SESSION.members))
        fitting = {"sender": COLLUDER, "peers": peers, "words": digest(b"anything"), "commitment": "00" * 32}
        return sign(own.model_copy(update=fitting), signing_key(COLLUDER))

    def confirmations(self, active: frozenset[str], own: Confirmation) -> dict[str, bytes]:
        """Return what a member is shown: what others in its set have signed, of this very set if these are enough, and the colluder."""
        said = {other.sender: data for _, _, other, data in self.confirmed if other.sender in active}
        fitting = {other.sender: data for _, _, other, data in self.confirmed if other.active == own.active}
        shown = fitting if len(fitting) + 1 >= SESSION.fewest else said
        return {**shown, COLLUDER: sign(own.model_copy(update={"sender": COLLUDER}), signing_key(COLLUDER))}

    def known(self, kind: str) -> set[str]:
        """Return whose secrets of a kind can be restored, with the colluder's own share of each."""
        holders = {(reveal.sender, name) for reveal in self.reveals for name in getattr(reveal, kind)}
        shares = Counter(name for _, name in holders)
        return {name for name in HONEST if shares[name] + 1 >= SESSION.fewest}

    def opened(self) -> list[set[str]]:
        """Return each set of honest members whose sum can be computed, and that of no part of it.

        Two members hang together by a mask that is not known, and that both have. A set of those that hang together is open if the own
        masks of all are known, and nobody in it has a mask with somebody who does not have it.
        """
        known = self.known("masking_keys") | {COLLUDER}
        masks = {(name, peer) for name in HONEST for peer in self.peers[name] - {name} if not {name, peer} & known}
        groups: list[set[str]] = [{name} for name in HONEST]
        for name, peer in masks:
            one, other = (next(group for group in groups if end in group) for end in (name, peer))
            if (peer, name) in masks and one is not other:
                groups.remove(other)
                one |= other
        alone = {name for name, peer in masks if (peer, name) not in masks}
        return [group for group in groups if group <= self.known("own_masks") - alone]


@st.composite
def lies(draw: st.DrawFn) -> Lies:
    """Return lies that aim at one or two victims.

    Lists are as short as they may be: a member's own one has the victims, itself, the colluder and few others, and one list is for all that
    are in it. All are told the same kind of list, or each is told any kind. A victim's peers may be those that this one list leaves out.
    """
    victims = draw(st.lists(st.sampled_from(HONEST), min_size=1, max_size=2, unique=True))

    def short(*names: str) -> frozenset[str]:
        return frozenset(list(dict.fromkeys((*names, COLLUDER, *victims, *draw(st.permutations(HONEST)))))[: SESSION.fewest])

    everybody, one = frozenset((*HONEST, COLLUDER)), short()
    told = {name: {"one": one | {name}, "everybody": everybody, "own": short(name)} for name in HONEST}
    kinds = st.lists(st.sampled_from(["one", "everybody", "own"]), min_size=1, max_size=2, unique=True)
    alike = draw(st.none() | kinds)
    active = {name: [told[name][kind] for kind in alike or draw(kinds)] for name in HONEST}
    lonely = victims[0] if draw(st.booleans()) else ""
    peers = {name: (everybody - one) | {name, COLLUDER} if name == lonely else everybody for name in HONEST}
    return Lies(peers, active, draw(st.booleans()))


@settings(max_examples=120)
@given(lies())
def test_no_lie_opens_a_sum_of_few(told: Lies) -> None:
    """With k = 4 and 2k > n + t as tight as it can be: no secret of both kinds, and no sum with fewer than k - t honest members in it."""
    told.play()
    assert not told.known("own_masks") & told.known("masking_keys")
    assert [group for group in told.opened() if len(group) < SESSION.fewest - SESSION.colluders] == []


def test_the_world_of_lies_is_no_world_without_sums() -> None:
    """Told the truth, all reveal, and what is opened is the sum of all; told that edda dropped out, that of all others."""
    everybody = frozenset((*HONEST, COLLUDER))
    truth = Lies(dict.fromkeys(HONEST, everybody), {name: [everybody] for name in HONEST})
    truth.play()
    assert truth.opened() == [set(HONEST)]
    without = Lies(truth.peers, {name: [everybody - {"edda"}] for name in HONEST})
    without.play()
    assert without.known("masking_keys") == {"edda"}
    assert without.opened() == [set(HONEST) - {"edda"}]
