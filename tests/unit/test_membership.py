"""Which room a home has joined, and what it keeps of it when it joins again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom.adapters.home.membership import FILE, Membership
from stillroom.errors import Code, InvalidInput, Refusal

if TYPE_CHECKING:
    from pathlib import Path

SEEN = {"study": (2, "sha256:" + "0" * 64)}
JOINED = Membership(url="https://one.example", name="example.org/study", key="ed25519:" + "A" * 43)


def test_a_home_that_joins_again_goes_to_the_new_address_and_keeps_what_it_has_seen(tmp_path: Path) -> None:
    JOINED.model_copy(update={"contracts": SEEN}).join(tmp_path)
    moved = JOINED.model_copy(update={"url": "https://two.example", "certificate": "PEM"})
    moved.join(tmp_path)
    assert Membership.load(tmp_path) == moved.model_copy(update={"contracts": SEEN})


@pytest.mark.parametrize("change", [{"key": "ed25519:" + "B" * 43}, {"name": "example.org/other"}])
def test_a_home_joins_no_second_room(tmp_path: Path, change: dict[str, str]) -> None:
    JOINED.join(tmp_path)
    for join in (JOINED.model_copy(update=change).join, JOINED.model_copy(update=change).rejoined):
        with pytest.raises(Refusal) as caught:
            join(tmp_path)
        assert caught.value.code is Code.KEY_MISMATCH
    assert Membership.load(tmp_path) == JOINED


def test_joining_again_mends_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"{")
    with pytest.raises(InvalidInput) as caught:
        Membership.load(tmp_path)
    assert caught.value.code is Code.HOME_INVALID
    JOINED.join(tmp_path)
    assert Membership.load(tmp_path) == JOINED
