"""The copy of a log that a home keeps: of what the room has signed, and of nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.copied import Span
from stillroom.adapters.home.log_copy import LogCopy
from stillroom.adapters.home.watch import Watch
from stillroom.crypto.keys import SigningKey
from stillroom.crypto.merkle import consistency_proof, leaf_hash
from stillroom.crypto.tile_proofs import root
from stillroom.errors import Code, StillroomError
from stillroom.room.extract import PART_SIZE
from tests.shown_logs import NAME, ShownLog, refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ROOM, STRANGER = (SigningKey.from_seed(bytes([number]) * 32) for number in (1, 2))
FEW = refusals(40)


class Proving:
    """Gives proofs of a log."""

    def __init__(self, log: ShownLog) -> None:
        """Name the log."""
        self._leaves = [leaf_hash(json.dumps(one, separators=(",", ":"), sort_keys=True).encode()) for one in log.entries]

    def __call__(self, first: int, second: int) -> Sequence[bytes]:
        """Return a proof."""
        return consistency_proof(first, self._leaves[:second])


def copy_in(home: Path, **limits: int) -> LogCopy:
    def nothing(first: int, second: int) -> Sequence[bytes]:
        raise AssertionError(first, second)

    return LogCopy(home, NAME, ROOM.public.text, Watch(home, NAME, ROOM.public.text, nothing), **limits)


def followed(copy: LogCopy, log: ShownLog, alter: Callable[[bytes], bytes] = bytes) -> int:
    """Follow a log to its end, by parts that are altered; return how much of it is copied."""
    return copy.follow(lambda start: alter(log.part(start)), Proving(log)).copied


def refused(use: Callable[[], object]) -> Code:
    with pytest.raises(StillroomError) as caught:
        use()
    return caught.value.code


def changed(part: bytes) -> bytes:
    return part.replace(b'"count":7}', b'"count":8}')


def without_the_last(part: bytes) -> bytes:
    return b"".join(line + b"\n" for line in part.splitlines()[:-1])


def with_one_twice(part: bytes) -> bytes:
    return part + part.splitlines()[-1] + b"\n"


def head_alone(part: bytes) -> bytes:
    return part.splitlines()[0]


def of_another_place(part: bytes) -> bytes:
    return part.replace(b'"start":0', b'"start":1')


def a_whole_log(part: bytes) -> bytes:
    return part.replace(b"stillroom/part/v1", b"stillroom/log/v1")


def an_object(part: bytes) -> bytes:
    return part[:0] + b"{}"


def nothing(part: bytes) -> bytes:
    return part[:0]


def no_entries(part: bytes) -> bytes:
    return part.replace(b'"entry":', b'"other":')


def nested_deeply(part: bytes) -> bytes:
    return part + b'{"entry":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"


@pytest.mark.parametrize(
    "alter",
    [changed, without_the_last, with_one_twice, head_alone, of_another_place, a_whole_log, an_object, nothing, no_entries, nested_deeply],
)
def test_what_does_not_add_up_to_the_signed_head_is_not_kept(tmp_path: Path, alter: Callable[[bytes], bytes]) -> None:
    copy, log = copy_in(tmp_path), ShownLog(ROOM, FEW)
    assert refused(lambda: followed(copy, log, alter)) is Code.LOG_INVALID
    assert copy.stored.count(Span(len(FEW))) == 0
    assert followed(copy, log) == len(FEW)


def test_a_part_before_the_end_is_shown_to_be_a_beginning_of_the_log(tmp_path: Path) -> None:
    log = ShownLog(ROOM, refusals(3 * PART_SIZE))
    copy = copy_in(tmp_path)
    heads = copy.follow(log.part, Proving(log), parts=1)
    assert (heads.copied, heads.complete) == (PART_SIZE, False)
    assert refused(
        lambda: copy_in(tmp_path).follow(lambda start: log.part(start).replace(b'"count":1500}', b'"count":1}'), Proving(log))
    ) is (Code.LOG_INVALID)
    assert copy.stored.standing()[0].size == PART_SIZE
    assert followed(copy_in(tmp_path), log) == 3 * PART_SIZE
    frontier, note = copy.stored.standing()
    assert note == log.note
    assert root(3 * PART_SIZE, copy.stored.hashes) == frontier.root


@pytest.mark.parametrize(
    ("older", "code"), [(b"junk", Code.CHECKPOINT_INVALID), (ShownLog(STRANGER, FEW[:3]).note, Code.SIGNATURE_MISSING)]
)
def test_an_earlier_head_that_the_room_has_not_signed_is_none(tmp_path: Path, older: bytes, code: Code) -> None:
    def with_older(part: bytes) -> bytes:
        first, *lines = part.splitlines()
        return b"\n".join([json.dumps({**json.loads(first), "older": [older.decode()]}).encode(), *lines])

    copy = copy_in(tmp_path)
    assert refused(lambda: followed(copy, ShownLog(ROOM, FEW), with_older)) is code
    assert copy.stored.count(Span(len(FEW))) == 0


def test_a_head_that_another_key_has_signed_is_none(tmp_path: Path) -> None:
    assert refused(lambda: followed(copy_in(tmp_path), ShownLog(STRANGER, FEW))) is Code.SIGNATURE_MISSING


@pytest.mark.parametrize(
    ("entries", "code"),
    [(FEW[:-1], Code.LOG_ROLLED_BACK), (refusals(40, at=7), Code.LOG_FORKED), (refusals(41, at=7), Code.LOG_REWRITTEN)],
)
def test_a_log_that_does_not_go_on_from_what_is_copied_raises_the_alarm(
    tmp_path: Path, entries: list[dict[str, object]], code: Code
) -> None:
    assert followed(copy_in(tmp_path), ShownLog(ROOM, FEW)) == len(FEW)
    other = ShownLog(ROOM, entries)
    assert refused(lambda: followed(copy_in(tmp_path), other)) is code
    assert len(list((tmp_path / "alarms").glob("*.json"))) == 1
    assert copy_in(tmp_path).stored.found(Span(1))[0].leaf == json.dumps(FEW[0], separators=(",", ":"), sort_keys=True).encode()


def test_a_copy_ends_at_a_size_however_much_a_room_signs(tmp_path: Path) -> None:
    log = ShownLog(ROOM, refusals(6 * PART_SIZE))
    copy = copy_in(tmp_path, most=300_000)
    for _ in range(6):
        copied = copy.follow(log.part, Proving(log), parts=1).copied
    assert copied == 2 * PART_SIZE
    assert not copy.is_behind()
