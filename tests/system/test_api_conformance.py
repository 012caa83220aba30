"""A real server, called with all that its description allows and does not allow: it never breaks, and every problem is one of ours."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requests.auth import AuthBase
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from scripts.api_reference import DESCRIPTION, without_examples
from stillroom import bootstrap
from stillroom.adapters.clock import SystemClock
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.http.problem import MEDIA_TYPE, Problem
from stillroom.adapters.http.signatures import Message, digest_header, sign_request
from stillroom.crypto.canonical import canonical
from stillroom.crypto.envelope import seal
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code, InvalidInput
from stillroom.server.description import operations
from tests.recording import send
from tests.services import serving, settle, without_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import PreparedRequest
    from schemathesis import Case

    from tests.services import Served

Operation: TypeAlias = Any
"""An operation of schemathesis, of which it gives no type that can be written."""

FEW, MANY = 10, 300
SIGNERS = ("insurer", "clinic", "room", "stranger", "nobody")
NAMED = ["status_code_conformance", "content_type_conformance", "response_schema_conformance", "not_a_server_error"]
DOCUMENT: dict[str, Any] = without_examples(json.loads(DESCRIPTION.read_text(encoding="utf-8")))


def statements(document: dict[str, Any]) -> dict[str, Any]:
    """Return a description in which the bodies are the statements themselves, so that they are made up, and then signed, and arrive."""
    paths: dict[str, Any] = {}
    for path, method, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        properties = content.get("schema", {}).get("properties", {})
        if "payloadType" in properties:
            body = {"required": True, "content": {"application/json": {"schema": properties["payload"]["contentSchema"]}}}
            paths[path] = {method: {**operation, "requestBody": body, "x-type": properties["payloadType"]["const"]}}
    return {**document, "paths": paths}


def operations_of(document: dict[str, Any]) -> dict[str, Operation]:
    found: list[Any] = list(schemathesis.openapi.from_dict(json.loads(json.dumps(document))).get_all_operations())
    return {result.ok().label: result.ok() for result in found}


OPERATIONS = operations_of(DOCUMENT)
SIGNED = operations_of(statements(DOCUMENT))
CHECKED: list[Any] = CHECKS.get_by_names(NAMED)


class Signing(AuthBase):
    """Signs requests with a party's key."""

    def __init__(self, key: SigningKey | None, room: str) -> None:
        """Name the key, without which nothing is signed, and the room's."""
        self._key, self._room = key, room

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign a request as it is about to be sent."""
        if self._key is None:
            return request
        message = Message(str(request.method), str(request.url))
        if request.body is not None:
            body = request.body.encode() if isinstance(request.body, str) else request.body
            assert isinstance(body, bytes)
            message.headers["Content-Digest"] = digest_header(hashlib.sha256(body).digest())
        sign_request(message, self._key, self._room, SystemClock().now(), SystemEntropy().token(16).hex())
        request.headers.update(message.headers)
        return request


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("conformance")) as found:
        settle(found)
        without_limits(found)
        yield found


@pytest.fixture(scope="module")
def keys(served: Served) -> dict[str, SigningKey | None]:
    homes: dict[str, SigningKey | None] = {name: Home.open(served.folder / name).signing_key for name in ("insurer", "clinic")}
    return {**homes, "room": bootstrap.room_key(served.folder / "room"), "stranger": SigningKey.from_seed(b"s" * 32), "nobody": None}


def bounded(count: int) -> Callable[[Any], Any]:
    return settings(max_examples=count, deadline=None, derandomize=count == FEW, database=None, suppress_health_check=list(HealthCheck))


def examine(case: Case[Any], served: Served, key: SigningKey | None) -> None:
    """Send a case, and hold the answer against the description."""
    if isinstance(case.body, dict) and case.body.get("seconds"):
        case.body["seconds"] = 0.01  # nobody waits for errands here
    response = case.call(base_url=served.url, auth=Signing(key, served.service.room.notary.key.public.text), timeout=60)
    if response.status_code >= 400:
        check_problem(response.headers["content-type"][0], response.content)
    if response.status_code != 403:  # a path that was made up may be no route at all
        case.validate_response(response, checks=CHECKED)
    assert response.status_code < 500


def check_problem(media_type: str, content: bytes) -> None:
    assert media_type == MEDIA_TYPE
    problem = Problem.model_validate_json(content)
    assert problem.code in Code
    assert problem.code not in {Code.STORE_FAILED, Code.SERVER_UNAVAILABLE}


def fuzz(operation: Operation, served: Served, keys: dict[str, SigningKey | None], count: int) -> None:
    can_be_wrong = {"requestBody", "parameters"} & operation.definition.raw.keys()
    for mode in (GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if can_be_wrong else [])):

        @bounded(count)
        @given(case=operation.as_strategy(mode), who=st.sampled_from(SIGNERS))
        def run(case: Case[Any], who: str) -> None:
            examine(case, served, keys[who])

        run()


def fuzz_signed(operation: Operation, served: Served, keys: dict[str, SigningKey | None], count: int) -> None:
    """Send statements that are made up, but signed, and so go as far as they can."""
    kind = operation.definition.raw["x-type"]

    @bounded(count)
    @given(case=operation.as_strategy(), who=st.sampled_from(("insurer", "clinic")), mine=st.booleans())
    def run(case: Case[Any], who: str, mine: bool) -> None:  # noqa: FBT001 - drawn
        key = keys[who]
        assert key is not None
        body: Any = case.body
        if mine and isinstance(body, dict):
            own = {"party": who, "room": served.service.room.identity, "key": key.public.text, "asked_by": who, "dataset": "visits"}
            body = {**body, **{name: value for name, value in own.items() if name in body}}
        try:
            envelope = seal(kind, canonical(body), [key])
        except InvalidInput:
            return  # a number that JSON has no one spelling for
        answer = send(served, key, operation.method.upper(), operation.path, envelope)
        assert answer.status_code < 500
        if answer.status_code >= 400:
            check_problem(answer.headers["content-type"], answer.content)

    run()


@pytest.mark.parametrize("label", OPERATIONS)
def test_a_server_keeps_to_its_description(served: Served, keys: dict[str, SigningKey | None], label: str) -> None:
    fuzz(OPERATIONS[label], served, keys, FEW)


@pytest.mark.parametrize("label", SIGNED)
def test_signed_statements_of_any_content_are_taken_or_refused(served: Served, keys: dict[str, SigningKey | None], label: str) -> None:
    fuzz_signed(SIGNED[label], served, keys, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("label", OPERATIONS)
def test_a_server_keeps_to_its_description_for_long(served: Served, keys: dict[str, SigningKey | None], label: str) -> None:
    fuzz(OPERATIONS[label], served, keys, MANY)


@pytest.mark.slow
@pytest.mark.parametrize("label", SIGNED)
def test_signed_statements_are_taken_or_refused_for_long(served: Served, keys: dict[str, SigningKey | None], label: str) -> None:
    fuzz_signed(SIGNED[label], served, keys, MANY)
