"""The reference of the API: its description in OpenAPI, with examples from a story that was recorded, and a page of it."""  # noqa: INP001  scripts are run, not imported

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.adapters.http.problem import MEDIA_TYPE
from stillroom.server.description import describe, operations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.recording import Exchange

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
DESCRIPTION = REFERENCE / "openapi.json"
PAGE = REFERENCE / "api.md"
SHORT = 40_000
"""Longer bodies are no examples."""

BYTES = 64
"""So many bytes are shown of what is no text."""

BEGINNING = "The first bytes, in base64 here, since JSON has no bytes; they are sent as they are."


def described() -> dict[str, Any]:
    """Return the description of the API, without examples."""
    from stillroom.client.session import make_room
    from stillroom.server.main import served
    from stillroom.server.settings import Settings

    with tempfile.TemporaryDirectory() as base:
        room = Path(base).resolve() / "room"
        make_room(room, "example.org/study")
        with served(room, Settings.model_validate({"log": "off", "tls": False})) as (app, _):
            return describe(app)


def with_examples(document: dict[str, Any], exchanges: Iterable[Exchange]) -> dict[str, Any]:
    """Put the first exchange of each operation and status into a description, and the statements that it carries beside their schemas.

    Where an operation had no problem of some status in the story, the first one of another operation is its example.
    """
    places = {(path, method): operation for path, method, operation in operations(document)}
    story = list(exchanges)
    for one in story:
        operation = places[one.path, one.method]
        answer = operation["responses"][str(one.status)]
        _put(answer.get("content", {}).get(one.media_type), one.answered)
        if one.status < 400:  # noqa: PLR2004  an answer that is no problem
            for content in operation.get("requestBody", {}).get("content", {}).values():
                _put(content, one.asked, document)
            for parameter in operation.get("parameters", ()):
                parameter.setdefault("example", one.parameters[parameter["name"]])
    for operation in places.values():
        for one in story:
            _put(operation["responses"].get(str(one.status), {}).get("content", {}).get(MEDIA_TYPE), one.answered)
    return document


def without_examples(node: Any) -> Any:  # noqa: ANN401  parsed JSON
    """Return a description without its examples."""
    if isinstance(node, dict):
        return {key: without_examples(value) for key, value in node.items() if key not in {"example", "examples"}}
    return [without_examples(value) for value in node] if isinstance(node, list) else node


def _put(content: dict[str, Any] | None, body: bytes, document: dict[str, Any] | None = None) -> None:
    """Make a body an example, unless there is one, or it is long; of one that is no text, its beginning, in base64."""
    if not content or content.keys() & {"example", "examples"} or len(body) > SHORT:
        return
    if not content["schema"]:
        content["examples"] = {"beginning": {"summary": BEGINNING, "value": base64.b64encode(body[:BYTES]).decode("ascii")}}
        return
    text = body.decode("utf-8")
    content["example"] = text if content["schema"] == {"type": "string"} else json.loads(text)
    statement = content["schema"].get("properties", {}).get("payload", {}).get("contentSchema")
    if document is not None and statement is not None:
        name = statement["$ref"].rpartition("/")[2]
        document["components"]["schemas"][name].setdefault("examples", [json.loads(base64.b64decode(content["example"]["payload"]))])


def page(document: dict[str, Any]) -> str:
    """Return a table of all operations: route, action, who may, what goes in and what comes out."""
    lines = ["", "| route | action | who may | in | out | problems |", "|---|---|---|---|---|---|"]
    for path, method, operation in operations(document):
        answers = operation["responses"]
        good = [content for status, answer in answers.items() if status < "400" for content in answer.get("content", {}).items()]
        out = ", ".join(_kind(*content) for content in good) or "nothing"
        asked = ", ".join(_kind(*content) for content in operation.get("requestBody", {}).get("content", {}).items()) or "nothing"
        problems = ", ".join(status for status in answers if status >= "400")
        allowed = ", ".join(operation["x-allowed"])
        lines.append(f"| `{method.upper()} {path}` | {operation['x-action']} | {allowed} | {asked} | {out} | {problems} |")
    return "\n".join([*lines, "", ""])


def _kind(media_type: str, content: dict[str, Any]) -> str:
    """Return the name of what a body is."""
    schema = content["schema"]
    statement = schema.get("properties", {}).get("payload", {}).get("contentSchema", {}).get("$ref")
    if statement:
        return f"signed `{statement.rpartition('/')[2]}`"
    return f"`{schema['$ref'].rpartition('/')[2]}`" if "$ref" in schema else f"`{media_type}`"


def write(exchanges: Iterable[Exchange]) -> None:
    """Write the description and the page."""
    from scripts.pages import with_block

    document = described()
    PAGE.write_text(with_block(PAGE.read_text("utf-8"), "routes", page(document)), "utf-8")
    shown = json.dumps(with_examples(document, exchanges), ensure_ascii=False, indent=1)
    DESCRIPTION.write_text(f"{shown}\n", "utf-8")


def refresh() -> None:
    """Record a story, and write both anew."""
    from tests.recording import record

    with tempfile.TemporaryDirectory() as base:
        write(record(Path(base).resolve()))


if __name__ == "__main__":
    refresh()
