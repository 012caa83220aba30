"""What a room knows of data: counters that owners announce."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stillroom.errors import Code, StillroomError
from stillroom.ledger.entry import DataVersion, DataWithdrawn
from stillroom.policy.contracts import section_digest
from stillroom.room import data, extract
from stillroom.room.signed import sign
from stillroom.room.statement import DATA_TYPE, DataStatement
from tests.rooms import KEYS, build

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rooms import Scene


def refused(scene: Scene, dataset: str, version: int, *, withdrawn: bool = False, key: str = "hospital") -> Code:
    """Announce something that is not taken, and return why."""
    section = section_digest(scene.contract, "visits")
    statement = DataStatement(dataset=dataset, version=version, section=section, withdrawn=withdrawn)
    with pytest.raises(StillroomError) as caught:
        data.announce(scene.room, sign(statement, DATA_TYPE, KEYS[key]))
    return caught.value.code


def test_versions_rise_and_the_log_has_a_counter_and_nothing_else(tmp_path: Path) -> None:
    scene = build(tmp_path)
    scene.announce("visits", 2)
    scene.announce("visits", 2)
    scene.announce("visits", 7)
    versions = [one for one in extract.entries(scene.room) if isinstance(one, DataVersion) and one.dataset == "visits"]
    assert [one.version for one in versions] == [1, 2, 7]
    assert set(versions[0].to_json()) == {"kind", "at", "dataset", "version", "contract"}
    assert refused(scene, "visits", 6) is Code.DATA_NOT_ADMITTED
    assert scene.replayed().versions == {"members": 1, "visits": 7}


def test_the_present_version_is_withdrawn_once_and_may_be_followed_by_another(tmp_path: Path) -> None:
    scene = build(tmp_path)
    assert refused(scene, "visits", 2, withdrawn=True) is Code.DATA_UNKNOWN
    scene.announce("visits", 1, withdrawn=True)
    scene.announce("visits", 1, withdrawn=True)
    assert [type(one) for one in extract.entries(scene.room)].count(DataWithdrawn) == 1
    assert refused(scene, "visits", 1) is Code.DATA_NOT_ADMITTED
    scene.announce("visits", 2)
    assert scene.replayed().withdrawn == frozenset()


def test_only_the_owner_speaks_of_a_dataset(tmp_path: Path) -> None:
    scene = build(tmp_path)
    assert refused(scene, "visits", 2, key="insurer") is Code.SIGNATURE_MISSING
    assert refused(scene, "unheard_of", 1) is Code.DATA_UNKNOWN
    assert scene.replayed().versions == {"members": 1, "visits": 1}
