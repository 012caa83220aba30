"""How a session finds a release by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillroom import bootstrap
from stillroom.client.access import LocalAccess
from stillroom.client.caps import cap_of
from stillroom.client.session import Session
from stillroom.crypto.envelope import seal
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, Refusal
from stillroom.model import codec
from stillroom.model.release import PAYLOAD_TYPE
from stillroom.room.door import Silent
from stillroom.room.releases import read

EXAMPLE = Path(__file__).parents[2] / "docs" / "reference" / "example-release.json"
STORED = {7: "1234" + "a" * 60, 1234: "5678" + "b" * 60, 1300: "5678" + "c" * 60}
"""The digest of each release's plan, by its commit's number."""


class Stored(LocalAccess):
    """A room that has some releases."""

    def __init__(self, envelopes: tuple[bytes, ...]) -> None:
        """Name them."""
        self._envelopes = envelopes

    def releases(self) -> tuple[bytes, ...]:
        """Return them."""
        return self._envelopes


@pytest.fixture
def session(tmp_path: Path) -> Session:
    example = read(EXAMPLE.read_bytes())
    found = [example.model_copy(update={"commit_index": at, "plan_digest": f"sha256:{digest}"}) for at, digest in STORED.items()]
    envelopes = tuple(seal(PAYLOAD_TYPE, codec.encode(one), [SigningKey.from_seed(bytes(32))]) for one in found)
    return Session(bootstrap.create_home(tmp_path / "home", "clinic", cap_of(1, 1e-9, 0.0)), Stored(envelopes), Silent())


@pytest.mark.parametrize(("which", "index"), [("7", 7), ("1234", 1234), ("1234a", 7), ("sha256:1234", 7), ("5678b", 1234), ("1300", 1300)])
def test_a_commits_number_wins_over_the_beginning_of_a_digest(session: Session, which: str, index: int) -> None:
    assert session.release(which).statement.commit_index == index


@pytest.mark.parametrize("which", ["5678", "123", "8", "", "sha256:"])
def test_what_names_none_or_several_is_refused(session: Session, which: str) -> None:
    with pytest.raises(Refusal) as caught:
        session.release(which)
    assert caught.value.code is Code.RELEASE_UNKNOWN
