"""What a party keeps of its room's log: only what the room has signed, and no more of it than is needed."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.home.watch import ALARMS, ALARMS_LIMIT, FILE, Watch
from stillroom.crypto.canonical import canonical
from stillroom.crypto.keys import SigningKey
from stillroom.crypto.merkle import consistency_proof, leaf_hash, root
from stillroom.crypto.note import Checkpoint, Signature, key_id, sign_checkpoint
from stillroom.errors import Code, StillroomError, Unverified
from stillroom.ledger.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ORIGIN = "example.com/room"
ROOM, STRANGER = (SigningKey.from_seed(bytes([number]) * 32) for number in (1, 2))
LEAVES = [leaf_hash(b"%d" % number) for number in range(20)]


class Log:
    """A log that gives proofs, and counts them."""

    def __init__(self) -> None:
        """Nothing is asked for yet."""
        self.proved = 0

    def __call__(self, first: int, second: int) -> Sequence[bytes]:
        """Return a proof."""
        self.proved += 1
        return consistency_proof(first, LEAVES[:second])


def note(size: int, key: SigningKey = ROOM) -> bytes:
    """Return a head of the log."""
    return sign_checkpoint(Checkpoint(ORIGIN, size, root(LEAVES[:size])), ORIGIN, key)


def fork(number: int) -> bytes:
    """Return a head of a log that is another one from its second entry on, of as many entries as `note(20)`."""
    leaves = [LEAVES[0], *(leaf_hash(b"%d of %d" % (number, other)) for other in range(19))]
    return sign_checkpoint(Checkpoint(ORIGIN, 20, root(leaves)), ORIGIN, ROOM)


def alarms(home: Path) -> list[Path]:
    return sorted((home / ALARMS).glob("*.json"))


def watch(home: Path, log: Callable[[int, int], Sequence[bytes]] | None = None) -> Watch:
    return Watch(home, ORIGIN, ROOM.public.text, log or Log())


def refused(use: Callable[[], object]) -> Code:
    with pytest.raises(StillroomError) as caught:
        use()
    return caught.value.code


def test_nobody_is_asked_for_proofs_of_a_head_that_the_room_has_not_signed(tmp_path: Path) -> None:
    log = Log()
    found = watch(tmp_path, log)
    found.check(note(7))
    assert refused(lambda: found.check(note(20, STRANGER))) is Code.LOG_UNKNOWN
    assert refused(lambda: found.look(lambda: note(20, STRANGER))) is Code.LOG_UNKNOWN
    assert log.proved == 0
    found.check(note(20))
    assert log.proved == 1


@pytest.mark.parametrize("size", [2**53, 9_999_999_999_999_999_999])
def test_a_head_of_more_entries_than_can_be_counted_is_refused(tmp_path: Path, size: int) -> None:
    found = watch(tmp_path)
    found.check(note(7))
    text = f"{ORIGIN}\n{size}\n{base64.b64encode(bytes(32)).decode()}\n"
    signature = base64.b64encode(key_id(ORIGIN, ROOM.public) + ROOM.sign(text.encode())).decode()
    lie = f"{text}\n— {ORIGIN} {signature}\n".encode()
    assert refused(lambda: found.look(lambda: lie)) is Code.CHECKPOINT_INVALID
    assert refused(lambda: found.check(lie)) is Code.CHECKPOINT_INVALID
    assert found.head() == note(7)


def test_the_newest_head_is_to_be_cosigned_until_that_is_done_whoever_has_shown_it(tmp_path: Path) -> None:
    found = watch(tmp_path)
    assert found.look(lambda: note(0)) is None
    found.check(note(7))
    for _ in range(2):
        assert found.look(lambda: note(7)) == note(7)
    found.cosigned(note(7))
    assert found.look(lambda: note(7)) is None
    found.check(note(9))
    assert watch(tmp_path).look(lambda: note(9)) == note(9)
    found.cosigned(note(9))
    found.cosigned(note(7))
    assert found.look(lambda: note(9)) is None
    assert refused(lambda: found.cosigned(note(20, STRANGER))) is Code.LOG_UNKNOWN


def test_what_a_home_had_seen_before_it_kept_what_it_cosigned_is_known(tmp_path: Path) -> None:
    seen = Witness(origin=ORIGIN, key=ROOM.public.text, seen=note(7).decode())
    (tmp_path / FILE).write_bytes(canonical(seen.to_json()))
    found = watch(tmp_path)
    assert found.head() == note(7)
    assert found.look(lambda: note(7)) == note(7)


def test_the_same_two_heads_are_one_alarm_whatever_else_is_signed_beside_them(tmp_path: Path) -> None:
    found = watch(tmp_path)
    found.check(note(20))
    for number in range(3):
        shown = fork(1) + Signature(f"w{number}", bytes(4), bytes(64)).line.encode()
        assert refused(lambda shown=shown: found.look(lambda: shown)) is Code.LOG_FORKED  # type: ignore[misc]
        (file,) = alarms(tmp_path)
        assert [one.shown for one in found.alarms()] == [fork(1).decode() + "— w0 " + shown.decode().rsplit(" ", 1)[1]]
    written = file.stat().st_ino
    assert refused(lambda: found.check(fork(1))) is Code.LOG_FORKED
    assert file.stat().st_ino == written


def test_so_many_alarms_are_kept_and_no_more(tmp_path: Path) -> None:
    found = watch(tmp_path)
    found.check(note(20))
    for number in range(ALARMS_LIMIT + 3):
        assert refused(lambda number=number: found.check(fork(number))) is Code.LOG_FORKED  # type: ignore[misc]
    assert len(alarms(tmp_path)) == ALARMS_LIMIT


def test_who_gives_no_proof_raises_no_alarm(tmp_path: Path) -> None:
    def none(first: int, second: int) -> Sequence[bytes]:
        raise Unverified(Code.TILE_INVALID, f"No proof from {first} to {second}.", "Ask again.")

    watch(tmp_path).check(note(7))
    found = watch(tmp_path, none)
    for use in (lambda: found.look(lambda: note(20)), lambda: found.check(note(20)), lambda: found.check(note(3))):
        assert refused(use) is Code.TILE_INVALID
    assert alarms(tmp_path) == []
    assert found.head() == note(7)


@pytest.mark.parametrize("content", [b"", b"{", b'{"origin":"o","key":"k","seen":"none","shown":"none"}'])
def test_a_damaged_alarm_stops_the_agent_in_our_own_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ALARMS).mkdir()
    (tmp_path / ALARMS / "one.json").write_bytes(content)
    assert refused(watch(tmp_path).alarms) is Code.HOME_INVALID


def test_what_was_seen_and_is_no_head_stops_the_agent_in_our_own_words(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(canonical(Witness(origin=ORIGIN, key=ROOM.public.text, seen="none").to_json()))
    assert refused(watch(tmp_path).head) is Code.HOME_INVALID
