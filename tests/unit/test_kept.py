"""What is fetched once, and kept up to a size."""

from __future__ import annotations

import pytest

from stillroom.client.kept import Kept


class Far:
    """Where things are fetched from: each is as large as its name says."""

    def __init__(self) -> None:
        """Nothing was fetched yet."""
        self.asked = ""

    def __call__(self, name: str) -> bytes:
        """Fetch something."""
        self.asked += name
        return name.encode() * int(name)


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        ("333", "3"),
        ("123123", "123"),
        ("12341", "12341"),
        ("1214", "124"),
        ("12141", "124"),
        ("12142", "1242"),
        ("99", "99"),
        ("1919", "1919"),
    ],
)
def test_what_was_asked_for_longest_ago_goes_first(names: str, asked: str) -> None:
    kept, far = Kept(6), Far()
    for name in names:
        assert kept.get(name, far) == name.encode() * int(name)
    assert far.asked == asked


def test_what_is_put_takes_the_place_of_what_was_there() -> None:
    kept, far = Kept(6), Far()
    kept.get("2", far)
    assert kept.put("2", b"new") == kept.get("2", far) == b"new"
    assert far.asked == "2"
