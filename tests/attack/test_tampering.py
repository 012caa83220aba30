"""Files that were altered on their way: whatever byte is changed, and however files are mixed, verification finds it."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.client.verification import verify
from stillroom.client.verification.steps import contract as contract_step
from stillroom.client.verification.steps import envelope as envelope_step
from stillroom.client.verification.steps import log as log_step
from stillroom.crypto.canonical import canonical
from stillroom.crypto.envelope import seal
from stillroom.crypto.merkle import inclusion_proof, leaf_hash
from stillroom.model.release import PAYLOAD_TYPE
from stillroom.room.statement import CONTRACT_TYPE
from tests.published import ORIGIN, Files, cosigned, files, log_file, note
from tests.rooms import KEYS, SQL, build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stillroom.client.verification import Report

STEP = 29
"""Every 29th byte is flipped, besides all that JSON and base64 are made of: a prime, so that bytes of every kind come up."""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Files, Files]:
    scene = build(tmp_path_factory.mktemp("room"))
    first = scene.ask("SELECT COUNT(*) FROM visits").envelope
    second = scene.ask(SQL).envelope
    return files(scene, first), files(scene, second)


@pytest.fixture(scope="module")
def one(two: tuple[Files, Files]) -> Files:
    return two[1]


def failed(report: Report) -> dict[int, str]:
    return {step.number: step.detail for step in report.steps if step.failed}


def flips(data: bytes, structural: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield copies with one byte flipped: in its lowest bit, its case bit or its highest bit, in turn."""
    positions = {*range(0, len(data), STEP), *(match.start() for match in structural.finditer(data)), len(data) - 1}
    for count, position in enumerate(sorted(positions)):
        altered = bytearray(data)
        altered[position] ^= (0x01, 0x20, 0x80)[count % 3]
        yield position, bytes(altered)


def test_the_files_are_accepted_as_they_are(two: tuple[Files, Files]) -> None:
    for one in two:
        assert failed(verify(one.release, one.contract, one.log)) == {}


def test_any_flipped_byte_of_a_release_is_found(one: Files) -> None:
    accepted = [position for position, altered in flips(one.release, re.compile(rb'[{}\[\]":,=]')) if verify(altered).accepted]
    assert accepted == []


def test_any_flipped_byte_of_what_is_signed_is_found_without_the_signature(one: Files) -> None:
    """Flipped inside the payload, which is then encoded again: neither step 1 nor step 2 lets it pass."""
    document = json.loads(one.release)
    payload = base64.b64decode(document["payload"])
    for position, altered in flips(payload, re.compile(rb'[{}\[\]":,]')):
        report = verify(canonical({**document, "payload": base64.b64encode(altered).decode()}))
        assert failed(report).keys() & {1, 2}, position


def test_any_flipped_byte_of_a_log_is_found_and_its_entry_is_named(one: Files) -> None:
    first = one.log.index(b"\n") + 1
    for position, altered in flips(one.log, re.compile(rb"[{}\[\]\n]")):
        found = failed(verify(one.release, log=altered))
        entry = one.log[first:position].count(b"\n")
        assert 9 in found, position
        assert position < first or re.search(rf"\bentry {entry}\b", found[9]), (position, found[9])


def test_any_flipped_byte_of_a_contract_is_found(one: Files) -> None:
    for position, altered in flips(one.contract, re.compile(rb'[{}\[\]":,=]')):
        assert 3 in failed(verify(one.release, altered)), position


def test_cut_and_padded_files_are_refused(one: Files) -> None:
    for number, file in enumerate((one.release, one.contract, one.log)):
        for altered in (
            b"",
            file[:-1],
            file[: len(file) // 2],
            file + b"\n",
            b" " + file,
            file + file,
            b"\xef\xbb\xbf" + file,
            b"\0" * 100,
        ):
            given = [altered if place == number else file for place, file in enumerate((one.release, one.contract, one.log))]
            assert failed(verify(given[0], given[1], given[2])).keys() & {1, 3, 9}, altered[:20]


def resealed(one: Files, change: Callable[[dict[str, Any]], object]) -> bytes:
    value = one.value
    change(value)
    return seal(PAYLOAD_TYPE, canonical(value), [KEYS["room"]])


def test_another_key_cannot_sign_for_the_room(one: Files) -> None:
    stranger = seal(PAYLOAD_TYPE, canonical(one.value), [KEYS["stranger"]])
    assert "has not signed" in failed(verify(stranger))[2]
    both = seal(PAYLOAD_TYPE, canonical(one.value), [KEYS["room"], KEYS["stranger"]])
    assert failed(verify(both)) == {1: "the number of signatures: got 2, expected 1"}


def test_a_room_of_the_same_name_is_another_room(one: Files) -> None:
    """A forger makes a key, a release and a log that hold by themselves. Nobody vouches; the owners' holds and the room's key tell."""
    name = f"example.org/room {KEYS['stranger'].public.text}"
    forged = seal(PAYLOAD_TYPE, canonical({**one.value, "room": name}), [KEYS["stranger"]])
    alone = verify(forged)
    assert alone.accepted
    assert KEYS["stranger"].public.text in str(alone.caution)
    assert 2 in failed(verify(forged, room_key=KEYS["room"].public.text))
    assert "is not signed by" in failed(verify(forged, one.contract, one.log))[9]
    signed = note(one.entries, KEYS["stranger"])
    relogged = log_file(one.entries, one.statements, signed)
    assert failed(verify(forged, one.contract, relogged)).keys() == {10, 11}
    assert "the hold that hospital signed" in failed(verify(forged, one.contract, relogged))[10]


def proof_file(head: str, lines: list[dict[str, Any]]) -> bytes:
    return b"".join(canonical(line) + b"\n" for line in ({"schema": "stillroom/proof/v1", "checkpoint": head}, *lines))


def test_a_head_that_parties_cosigned_does_not_vouch_for_a_release_that_is_not_in_its_log(one: Files) -> None:
    """A forger adds a line of its own to an honest checkpoint, and proves the inclusion of something else."""
    name = f"{ORIGIN} {KEYS['stranger'].public.text}"
    forged = seal(PAYLOAD_TYPE, canonical({**one.value, "room": name}), [KEYS["stranger"]])
    forgers = note(one.entries, KEYS["stranger"]).splitlines(keepends=True)[-1]
    signed = cosigned(note(one.entries), "hospital") + forgers
    assert failed(verify(forged, one.contract, log_file(one.entries, one.statements, signed))).keys() == {10, 11}
    leaves = [leaf_hash(canonical(entry)) for entry in one.entries]
    path = [node.hex() for node in inclusion_proof(0, leaves)]
    report = verify(forged, one.contract, proof_file(signed, [{"entry": one.entries[0], "index": 0, "path": path}]))
    assert failed(report) == {}
    assert report.vouched_by == ()
    assert KEYS["stranger"].public.text in str(report.caution)


def test_proofs_of_something_else_are_refused(one: Files) -> None:
    leaves = [leaf_hash(canonical(entry)) for entry in one.entries]
    path = [node.hex() for node in inclusion_proof(2, leaves)]
    good: dict[str, Any] = {"entry": one.entries[2], "index": 2, "path": path}
    for lines, words in (
        ([good, good], "each another one"),
        ([{**good, "index": 3}], "the root that the proof of entry 3 leads to: got "),
        ([{**good, "index": 10**6}], "leads to: got None"),
        ([{**good, "index": -1}], "leads to: got None"),
        ([{**good, "index": True}], "proofs need an index"),
        ([{**good, "path": path[:-1]}], "leads to: got None"),
        ([{**good, "path": ["x"]}], "is not made of hashes"),
        ([{**good, "path": "x"}], "where a list of texts should be"),
        ([{**good, "entry": one.entries[3]}], "the root that the proof of entry 2 leads to: got "),
        ([{**good, "extra": 1}], "must be an object of entry, index, path"),
    ):
        assert words in failed(verify(one.release, one.contract, proof_file(note(one.entries), lines)))[9]
    assert "does not end" in failed(verify(one.release, log=proof_file(note(one.entries), [])[:-1]))[9]


def test_signatures_do_not_move_to_other_payloads(two: tuple[Files, Files]) -> None:
    first, second = (json.loads(one.release) for one in two)
    swapped = canonical({**first, "signatures": second["signatures"]})
    assert failed(verify(swapped)).keys() == {2}
    typed = canonical({**json.loads(two[0].contract), "payloadType": PAYLOAD_TYPE})
    assert 1 in failed(verify(typed))
    assert 1 in failed(verify(two[0].contract))
    assert 3 in failed(verify(two[0].release, two[0].release))
    other = canonical({**json.loads(two[0].release), "payloadType": CONTRACT_TYPE})
    assert "the type of the release" in failed(verify(other))[1]


def test_the_signatures_of_a_contract_are_all_there_and_in_place(one: Files) -> None:
    document = json.loads(one.contract)
    first, second = document["signatures"]
    exchanged = [{**first, "sig": second["sig"]}, {**second, "sig": first["sig"]}]
    for signatures, words in (
        ([first], "has not signed"),
        ([second, first], "in the order of key ids"),
        ([first, first], "in the order of key ids"),
        ([], "must have signatures"),
        (exchanged, "does not hold"),
        ([{**first, "extra": 1}, second], "must be an object of keyid, sig"),
        ([{**first, "sig": ""}, second], "does not hold"),
    ):
        assert words in failed(verify(one.release, canonical({**document, "signatures": signatures})))[3]


def test_a_release_is_not_the_release_of_another_commit(two: tuple[Files, Files]) -> None:
    first, second = two
    assert failed(verify(first.release, first.contract, second.log)) == {}  # the later log has both
    moved = resealed(first, lambda value: value.update(commit_index=second.value["commit_index"]))
    found = failed(verify(moved, first.contract, second.log))
    assert "the reservation of entry" in found[10]
    assert "the release of entry" in found[11]
    borrowed = resealed(first, lambda value: value.update(reservation=second.value["reservation"]))
    assert failed(verify(borrowed, first.contract, second.log)).keys() >= {10, 11}


def test_a_dropped_last_entry_is_missed(one: Files) -> None:
    lines = one.log.splitlines(keepends=True)
    found = failed(verify(one.release, one.contract, b"".join(lines[:-1])))
    assert found == {9: f"the number of entries: got {len(lines) - 2}, expected {len(lines) - 1}"}
    shorter = log_file(one.entries[:-1], one.statements)
    assert "the log has 0 releases" in failed(verify(one.release, one.contract, shorter))[11]


def test_entries_cannot_change_places(one: Files) -> None:
    lines = one.log.splitlines(keepends=True)
    lines[-1], lines[-2] = lines[-2], lines[-1]
    found = failed(verify(one.release, one.contract, b"".join(lines)))
    assert found[9].startswith(f"the root of the first {len(lines) - 1} entries: got ")


def test_an_entry_with_its_leaf_hash_replaced_is_missed_by_the_root(one: Files) -> None:
    altered = [{**one.entries[0], "at": 1}, *one.entries[1:]]
    found = failed(verify(one.release, log=log_file(altered, head=note(one.entries))))
    assert found[9].startswith("the root of the first ")


def test_a_log_of_another_room_or_key_is_refused(one: Files) -> None:
    for head, words in (
        (note(one.entries, KEYS["stranger"]), "is not signed by"),
        (note(one.entries, origin="example.org/other"), "the origin of the log: got example.org/other, expected example.org/room"),
        (note(one.entries).replace("\n\n", "\nmore\n\n"), "is not a signed note"),
        (note(one.entries)[:-1], "is not a signed note"),
        (note(one.entries) + note(one.entries).splitlines()[-1] + "\n", "two signatures of one key"),
        (note(one.entries).replace("— ", "- "), "is not a signed note"),
        (note(one.entries).replace(f"\n{len(one.entries)}\n", f"\n0{len(one.entries)}\n"), "is not a signed note"),
        (re.sub(r"\n\S+\n\n", "\nAAAA\n\n", note(one.entries)), "the checkpoint's root is not a SHA-256 hash"),
        (re.sub(r"\S+\n$", "AAAA\n", note(one.entries)), "a line that is not a signature"),
        (re.sub(r"\S+\n$", "A+A\n", note(one.entries)), "something that is not base64"),
        ("", "is not a signed note"),
    ):
        assert words in failed(verify(one.release, one.contract, log_file(one.entries, head=head)))[9]


def test_a_checkpoint_is_text(one: Files) -> None:
    first, rest = one.log.split(b"\n", 1)
    altered = canonical({**json.loads(first), "checkpoint": 1}) + b"\n" + rest
    assert failed(verify(one.release, log=altered)) == {9: "the checkpoint is not text"}


def test_statements_are_those_that_entries_name(one: Files) -> None:
    lines = [json.loads(line) for line in one.log.splitlines()]
    held = [number for number, line in enumerate(lines) if line.get("entry", {}).get("kind") == "hold"]
    lines[held[0]]["statement"], lines[held[1]]["statement"] = lines[held[1]]["statement"], lines[held[0]]["statement"]
    altered = b"".join(canonical(line) + b"\n" for line in lines)
    assert failed(verify(one.release, one.contract, altered))[9].startswith(f"the digest of the statement beside entry {held[0] - 1}: got ")
    stray = one.log.splitlines()
    stray[-1] = canonical({**json.loads(stray[-1]), "statement": {}})
    assert "expected None" in failed(verify(one.release, log=b"\n".join([*stray, b""])))[9]


@pytest.mark.parametrize(
    "altered",
    [
        b'{"payload":"e30=","payload":"e30=","payloadType":"application/vnd.stillroom.release.v1+json","signatures":[]}',
        *(b"[]", b"null", b'"release"', b"{}", b"0", b"[" * 1_000_000, b'{"a":' * 100_000, b"9" * 1_000_000, b"\xff\xfe{\x00}\x00"),
        b'{"payload":7,"payloadType":"x","signatures":[]}',
        b'{"payload":"","payloadType":"application/vnd.stillroom.release.v1+json","signatures":["x"]}',
    ],
)
def test_odd_input_is_refused_with_words(one: Files, altered: bytes) -> None:
    assert failed(verify(altered)).keys() == {1}
    assert 3 in failed(verify(one.release, altered))
    assert 9 in failed(verify(one.release, log=altered))
    assert 9 in failed(verify(one.release, log=altered + b"\n"))


def test_duplicate_keys_and_unknown_fields_are_refused(one: Files) -> None:
    payload = canonical(one.value)
    for altered in (
        payload.replace(b'{"balance":', b'{"balance":null,"balance":', 1),
        payload.replace(b'{"balance":', b'{"added":1,"balance":', 1),
        canonical({**one.value, "extra": 1}),
        canonical({name: value for name, value in one.value.items() if name != "sampler"}),
        canonical({**one.value, "charge": {"rho": one.value["charge"]["rho"]}}),
        canonical({**one.value, "table": {**one.value["table"], "rows": [[]] * 3}, "commit_index": 1.5}),
        payload.replace(b'"delta":0,', b'"delta":0.0,', 1),
    ):
        assert failed(verify(seal(PAYLOAD_TYPE, altered, [KEYS["room"]]))).keys() == {1}


def test_words_of_a_failure_name_the_place_and_nothing_else(one: Files) -> None:
    """What is said about a file that cannot be read is where, not what it holds."""
    altered = {**one.value, "sampler": {"secret": "value"}}
    assert failed(verify(seal(PAYLOAD_TYPE, canonical(altered), [KEYS["room"]]))) == {
        1: "the payload of the release cannot be read: at sampler, Input should be a valid string"
    }


@pytest.mark.parametrize(("step", "number"), [(envelope_step, 1), (contract_step, 3), (log_step, 9)])
def test_huge_files_are_refused_before_they_are_read(one: Files, step: Any, number: int) -> None:  # noqa: ANN401
    huge = bytes(step.LIMIT + 1)
    given = {1: replace(one, release=huge), 3: replace(one, contract=huge), 9: replace(one, log=huge)}[number]
    assert failed(verify(given.release, given.contract, given.log))[number].endswith(f"expected at most {step.LIMIT}")
