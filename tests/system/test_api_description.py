"""The description of the API is what the server does: every route, every body, every problem; and its examples are real."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from scripts.api_reference import DESCRIPTION, PAGE, described, page, with_examples, without_examples
from scripts.pages import block
from stillroom.adapters.http.problem import MEDIA_TYPE
from stillroom.errors import Code
from stillroom.server.description import operations
from tests.recording import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.recording import Exchange

REFRESH = "run `python -m scripts.api_reference`"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return described()


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory: pytest.TempPathFactory) -> list[Exchange]:
    """What goes over the wire in a story that uses every route."""
    return record(tmp_path_factory.mktemp("recorded"))


def check(document: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    """Validate a value, and the statement in it if it is an envelope."""
    Draft202012Validator({**schema, "components": document["components"]}).validate(value)
    statement = schema.get("properties", {}).get("payload", {}).get("contentSchema")
    if statement is not None and isinstance(value, dict):
        check(document, statement, json.loads(base64.b64decode(value["payload"])))


def test_what_is_published_is_what_the_program_says(document: dict[str, Any], published: dict[str, Any]) -> None:
    assert without_examples(published) == without_examples(document), REFRESH
    assert block(PAGE.read_text(encoding="utf-8"), "routes") == page(document), REFRESH
    assert document["openapi"].startswith("3.1")


def test_every_name_leads_to_a_schema_and_every_schema_is_one(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert names <= schemas.keys()
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    assert len({operation["operationId"] for _, _, operation in operations(document)}) == len(list(operations(document)))


def test_every_operation_says_what_goes_in_and_out_and_what_may_fail(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        answers = operation["responses"]
        assert ("requestBody" in operation) is (method in {"post", "put"}), path
        assert all(answer["description"] for answer in answers.values()), path
        assert [status for status in answers if status < "400"], path
        assert operation["security"] or operation["x-allowed"] == ["anybody"], path
        assert {"429", "503"} <= answers.keys(), path
        for status, answer in answers.items():
            assert (list(answer.get("content", {})) == [MEDIA_TYPE]) is (status >= "400"), path


def test_whatever_goes_over_the_wire_is_described(document: dict[str, Any], exchanges: list[Exchange]) -> None:
    places = {(path, method): operation for path, method, operation in operations(document)}
    for one in exchanges:
        operation = places[one.path, one.method]
        answer = operation["responses"][str(one.status)]
        content = answer.get("content", {})
        assert one.media_type == next(iter(content), ""), (one.path, one.status)
        if one.media_type.endswith("json") and one.media_type != "application/x-ndjson":
            check(document, content[one.media_type]["schema"], json.loads(one.answered))
        if one.status < 400 and one.asked and one.asked[:1] == b"{":
            check(document, operation["requestBody"]["content"]["application/json"]["schema"], json.loads(one.asked))


def test_the_story_uses_every_operation(document: dict[str, Any], exchanges: list[Exchange]) -> None:
    used = {(one.path, one.method) for one in exchanges if one.status < 400}
    assert {(path, method) for path, method, _ in operations(document)} == used
    assert {one.status for one in exchanges} >= {200, 202, 401, 403, 404, 409, 413, 422, 429, 503}


def test_examples_are_put_where_they_belong(document: dict[str, Any], exchanges: list[Exchange]) -> None:
    shown = with_examples(json.loads(json.dumps(document)), exchanges)
    assert without_examples(shown) == document
    assert "example" in shown["paths"]["/v1/runs"]["post"]["requestBody"]["content"]["application/json"]


def contents_of(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all that goes into an operation and comes out of it: where, and its description."""
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"asked {media_type}", content
    for status, answer in operation["responses"].items():
        for media_type, content in answer.get("content", {}).items():
            yield f"{status} {media_type}", content


@pytest.mark.parametrize("which", ["published", "made"])
def test_every_parameter_every_body_and_every_problem_has_an_example(
    published: dict[str, Any], document: dict[str, Any], exchanges: list[Exchange], which: str
) -> None:
    shown = published if which == "published" else with_examples(json.loads(json.dumps(document)), exchanges)
    lacking, parameters, contents = list[str](), 0, 0
    for path, method, operation in operations(shown):
        names = set(re.findall(r"{(\w+)}", path))
        assert {one["name"] for one in operation.get("parameters", ())} == names, path
        for parameter in operation.get("parameters", ()):
            parameters += 1
            lacking += [] if parameter.get("example") else [f"{method} {path}: {parameter['name']}"]
        for where, content in contents_of(operation):
            contents += 1
            lacking += [] if content.keys() & {"example", "examples"} else [f"{method} {path}: {where}"]
    assert lacking == []
    assert parameters >= 9
    assert contents >= 200


def test_examples_of_parameters_and_problems_are_what_they_are_of(published: dict[str, Any]) -> None:
    patterns = {"run": r"sha256:[0-9a-f]{64}", "reservation": r"[0-9a-f]{64}", "ticket": r"[0-9a-f]{32}"}
    for path, _, operation in operations(published):
        for parameter in operation.get("parameters", ()):
            assert re.fullmatch(patterns.get(parameter["name"], r"[0-9a-z./]+"), parameter["example"]), (path, parameter["name"])
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert answer["content"][MEDIA_TYPE]["example"]["status"] == int(status), (path, status)


def test_published_examples_are_valid(published: dict[str, Any]) -> None:
    found = 0
    for _, _, operation in operations(published):
        contents = [*operation.get("requestBody", {}).get("content", {}).values()]
        contents += [content for answer in operation["responses"].values() for content in answer.get("content", {}).values()]
        for content in contents:
            if "example" in content:
                check(published, content["schema"], content["example"])
                found += 1
    for schema in published["components"]["schemas"].values():
        for example in schema.get("examples", ()):
            check(published, schema, example)
            found += 1
    assert found > 50


def test_every_problem_has_a_code_that_is_explained(document: dict[str, Any], exchanges: list[Exchange]) -> None:
    assert set(document["components"]["schemas"]["Problem.Code"]["enum"]) == set(Code)
    problems = [json.loads(one.answered) for one in exchanges if one.status >= 400]
    assert {one["code"] for one in problems} >= {Code.TELEMETRY_OFF, Code.NOT_ALLOWED, Code.REQUEST_UNSIGNED, Code.RUN_UNKNOWN}
    assert all(one["fix"] and one["detail"] for one in problems)
