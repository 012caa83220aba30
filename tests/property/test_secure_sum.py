"""Rounds of any size with any dropouts, and aggregators that tell members anything: the right sum, or nothing at all."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.crypto.canonical import digest
from stillroom.errors import Code, Refusal, Unverified
from stillroom.learning.secure_sum.messages import Confirmation, Header, Reveal, read, sign
from tests.secure_sums import NAMES, STAGES, Round, session_of, signing_key, until

if TYPE_CHECKING:
    from stillroom.learning.secure_sum.contributor import Confirmed, Masked
    from stillroom.learning.secure_sum.session import Session

HONEST, COLLUDER = NAMES[:3], NAMES[3]


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
    """What an aggregator tells each honest member, with one colluder that signs whatever helps.

    Attributes:
        peers: Whose parcels each is given.
        active: Whose headers each is given.
        mixed: Whether each is given all confirmations, or only those of the set that it has confirmed.
    """

    peers: dict[str, frozenset[str]]
    active: dict[str, frozenset[str]]
    mixed: bool = False
    masked: dict[str, Masked] = field(default_factory=dict)
    headers: dict[str, bytes] = field(default_factory=dict)
    confirmed: dict[str, Confirmed] = field(default_factory=dict)
    said: dict[str, bytes] = field(default_factory=dict)
    reveals: dict[str, Reveal] = field(default_factory=dict)

    def play(self, played: Round) -> None:
        """Mask, confirm and reveal: each honest member with what it is told, as far as it goes along."""
        session = played.session
        for name in HONEST:
            parcels = {peer: parcel for peer, parcel in played.relayed["share"][name].items() if peer in self.peers[name]}
            self.masked[name], vector = played.shared[name].mask(parcels, [7] * session.length)
            self.headers[name] = vector.header
        for name in HONEST:
            told = {peer: self.header(session, peer, name) for peer in self.active[name]}
            with suppress(Refusal, Unverified):
                self.confirmed[name], self.said[name] = self.masked[name].confirm(told)
        for name in self.confirmed:
            with suppress(Refusal, Unverified):
                self.reveal(session, name)

    def header(self, session: Session, peer: str, name: str) -> bytes:
        """Return a peer's header; the colluder's says whatever fits the member that is told it."""
        if peer != COLLUDER:
            return self.headers[peer]
        own = read(self.headers[name], Header, session, name)
        return sign(
            own.model_copy(update={"sender": COLLUDER, "words": digest(b"anything"), "commitment": "00" * 32}), signing_key(COLLUDER)
        )

    def reveal(self, session: Session, name: str) -> None:
        """Give a member all confirmations that fit its own, and the colluder's."""
        own = read(self.said[name], Confirmation, session, name)
        signed = {peer: read(said, Confirmation, session, peer).active for peer, said in self.said.items()}
        fitting = {peer: said for peer, said in self.said.items() if self.mixed or signed[peer] == own.active}
        if COLLUDER in self.active[name]:
            fitting[COLLUDER] = sign(own.model_copy(update={"sender": COLLUDER}), signing_key(COLLUDER))
        self.reveals[name] = read(self.confirmed[name].reveal(fitting), Reveal, session, name)

    def known(self, kind: str, session: Session) -> set[str]:
        """Return whose secrets of a kind can be restored, with the colluder's own share of each."""
        shares = Counter(name for reveal in self.reveals.values() for name in getattr(reveal, kind))
        return {name for name in HONEST if shares[name] + 1 >= session.fewest}

    def bare(self, session: Session) -> set[str]:
        """Return whose vectors have all their masks taken off: the own one, and each with a peer."""
        keys = self.known("masking_keys", session) | {COLLUDER}
        return {
            name for name in self.known("own_masks", session) if name in keys or all(peer in keys for peer in self.peers[name] - {name})
        }


def some_with(name: str) -> st.SearchStrategy[frozenset[str]]:
    """Return sets of three or four members with a member in it."""
    everybody = (*HONEST, COLLUDER)
    return st.sampled_from([frozenset(some) for size in (3, 4) for some in combinations(everybody, size) if name in some])


@st.composite
def lies(draw: st.DrawFn) -> Lies:
    """Return lies. Members are often told alike, as lies that differ everywhere lead nowhere."""
    alike = draw(st.booleans())
    everybody = frozenset((*HONEST, COLLUDER))
    peers = {name: everybody if alike else draw(some_with(name)) for name in HONEST}
    first, second = draw(some_with("ada")), draw(some_with("bea"))
    active = {name: draw(st.sampled_from([some for some in (first, second, everybody) if name in some])) for name in HONEST}
    return Lies(peers, active, draw(st.booleans()))


@settings(max_examples=80)
@given(lies())
def test_no_lie_about_who_is_there_takes_all_masks_off_a_vector(told: Lies) -> None:
    """Three honest members of four, one colluder, an aggregator that tells each what it likes (k = 3, and 2k > n + t is tight)."""
    played = until("share", session_of())
    told.play(played)
    session = played.session
    assert not told.known("own_masks", session) & told.known("masking_keys", session)
    assert told.bare(session) == set()


def test_an_honest_aggregator_still_gets_its_sum_in_the_world_of_lies() -> None:
    """The world in which lies are told is no world in which nobody ever reveals."""
    everybody = frozenset((*HONEST, COLLUDER))
    told = Lies(dict.fromkeys(HONEST, everybody), dict.fromkeys(HONEST, everybody))
    played = until("share", session_of())
    told.play(played)
    assert told.known("own_masks", played.session) == set(HONEST)
    assert told.known("masking_keys", played.session) == set()
