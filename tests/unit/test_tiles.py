"""Names and bytes of tiles: each has one spelling, and what does not fit it is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.crypto.tiles import (
    ENTRY_LIMIT,
    WIDTH,
    Tile,
    below,
    completed,
    join_entries,
    join_hashes,
    parse,
    split_hashes,
)
from stillroom.errors import Code, InvalidInput, Unverified
from tests.tiles import bundles, split_entries, tiles

NAMED = st.builds(Tile, st.none() | st.integers(0, 63), st.integers(0, 10**18 - 1), st.integers(1, WIDTH))
SIZES = st.integers(0, 200_000)


@given(NAMED)
def test_a_path_leads_back_to_its_tile(tile: Tile) -> None:
    assert parse(tile.path) == tile


@given(st.from_regex(r"tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,3}[0-9]{3}(\.p/[0-9]{1,3})?", fullmatch=True))
def test_what_reads_like_a_path_is_one_in_its_only_spelling_or_is_refused(path: str) -> None:
    with suppress(InvalidInput):
        assert parse(path).path == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile//000", "tile/0/000\n", " tile/0/000", "TILE/0/000"),
        *("tile/00/000", "tile/01/000", "tile/+1/000", "tile/64/000", "tile/100/000", "tile/\u0661/000", "tile/0/\u0661\u0661\u0661"),
        *("tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/1000", "tile/0/x000/001", "tile/0/x000/x000/001", "tile/0/001/002"),
        *("tile/0/X001/002", "tile/0/x1/002", "tile/0/x001/x002", "tile/0/x001//002", "tile/0/../000", "tile/0/000/../000"),
        *("tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/999", "tile/0/000.p/-1"),
        *("tile/0/000.P/1", "tile/0/000.p/1/", "tile/0/000.p/1.p/1", "tile/0/000.p1", "tile/0/000.p/\u0661", "tile/0/x001.p/1/002"),
        *("tile/entries", "tile/entries/", "tile/entry/000", "tile/data/000", "tile/-1/000", "tile/8/0/000", "entries/000", "checkpoint"),
        "tile/0/" + "x999/" * 6 + "999",
        "tile/0/" + "x999/" * 100_000 + "999",
        "tile/0/000.p/" + "9" * 100_000,
    ],
)
def test_other_spellings_are_refused(path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(path)
    assert caught.value.code is Code.TILE_INVALID


@pytest.mark.parametrize(("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257), (None, 0, 0)])
def test_tiles_that_no_path_names_cannot_be_made(level: int | None, index: int, width: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        Tile(level, index, width)
    assert caught.value.code is Code.TILE_INVALID


@given(SIZES)
def test_the_tiles_of_a_size_hold_all_complete_subtrees_once(size: int) -> None:
    listed = list(tiles(size))
    assert all(tile.within(size) for tile in listed)
    for level in range(4):
        places = [place for tile in listed if tile.level == level for place in tile.places]
        assert places == list(range(size // WIDTH**level))
    assert [place for tile in bundles(size) for place in tile.places] == list(range(size))


@given(SIZES, st.integers(0, 4), st.integers(0, 10**6), st.integers(1, WIDTH))
def test_a_tile_is_within_a_size_when_its_leaves_are(size: int, level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert tile.within(size) == ((index * WIDTH + width) * WIDTH**level <= size)
    assert Tile(None, index, width).within(size) == (index * WIDTH + width <= size)


@given(SIZES, st.integers(0, 2000))
def test_hashes_are_completed_after_what_they_are_made_of(before: int, more: int) -> None:
    there = {(level, place) for level in range(1, 4) for place in range(before // WIDTH**level)}
    for level, place in completed(before, before + more):
        assert (level, place) not in there
        assert level == 1 or {(level - 1, one) for one in below(place)} <= there
        there.add((level, place))
    after = before + more
    assert there == {(level, place) for level in range(1, 4) for place in range(after // WIDTH**level)}


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=WIDTH))
def test_hashes_come_back(hashes: list[bytes]) -> None:
    data = join_hashes(hashes)
    assert split_hashes(Tile(3, 1, len(hashes)), data) == tuple(hashes)
    for other in (b"", data[:-1], data + b"\0", data + hashes[0], data[32:]):
        with pytest.raises(Unverified) as caught:
            split_hashes(Tile(3, 1, len(hashes)), other)
        assert caught.value.code is Code.TILE_INVALID


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=20))
def test_entries_come_back(entries: list[bytes]) -> None:
    assert split_entries(join_entries(entries)) == tuple(entries)


def test_an_entry_has_a_longest_length() -> None:
    longest = bytes(ENTRY_LIMIT)
    assert split_entries(join_entries([longest])) == (longest,)
    with pytest.raises(InvalidInput) as caught:
        join_entries([longest + b"\0"])
    assert caught.value.code is Code.TILE_INVALID
