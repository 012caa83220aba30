"""How routes are made: a function, its action, and what goes in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from fastapi import Depends, Request, Response
from pydantic import ValidationError

from stillroom.adapters.http.routes import deciding
from stillroom.errors import Code, InvalidInput
from stillroom.model.value import Value
from stillroom.server.caller import Caller, allowed
from stillroom.server.service import Service

if TYPE_CHECKING:
    from stillroom.server.access import Action

V = TypeVar("V", bound=Value)

JSON = "application/json"
BINARY = "application/octet-stream"
TEXT = "text/plain"

SCHEMAS = "#/components/schemas/"


def service_of(request: Request) -> Service:
    """Return what the application serves."""
    found: Service = request.app.state.service
    return found


Served = Annotated[Service, Depends(service_of)]


def by(action: Action, *, streamed: bool = False) -> Any:  # noqa: ANN401 - a dependency, which FastAPI reads
    """Return the parameter of a route that says who calls, and lets only those through who may do the action."""
    return deciding(allowed(action, streamed=streamed), action)


def body_of(caller: Caller, kind: type[V]) -> V:
    """Return what the body of a request says.

    Raises:
        InvalidInput: `REQUEST_INVALID` if it is something else.
    """
    try:
        return kind.model_validate_json(caller.body)
    except ValidationError:
        raise InvalidInput(
            Code.REQUEST_INVALID, "The body of the request is not what this route takes.", "The reference of the API shows it."
        ) from None


def envelope(content: bytes) -> Response:
    """Return a signed envelope, byte for byte."""
    return Response(content, media_type=JSON)


def takes(kind: type[Value], description: str) -> dict[str, Any]:
    """Return what the description of the API says about a route whose body is a value."""
    return {"requestBody": body(JSON, schema_of(kind), description)}


def takes_signed(payload_type: str, kind: type[Value], description: str) -> dict[str, Any]:
    """Return what the description of the API says about a route whose body is a signed statement."""
    return {"requestBody": body(JSON, signed_schema(payload_type, kind), description)}


def takes_bytes(media_type: str, description: str) -> dict[str, Any]:
    """Return what the description of the API says about a route whose body is text or a file."""
    return {"requestBody": body(media_type, {} if media_type == BINARY else {"type": "string"}, description)}


def body(media_type: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """Return the description of a body."""
    return {"required": True, "description": description, "content": {media_type: {"schema": schema}}}


def gives(media_type: str, description: str, *refused: int, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return what the description of the API says about a route's answers, where the first is no value.

    Args:
        media_type: What it is.
        description: What it says.
        refused: Further statuses of problems.
        status: Its status.
    """
    content = {media_type: {"schema": {} if media_type == BINARY else {"type": "string"}}} if media_type else {}
    return {status: {"description": description, **({"content": content} if content else {})}, **fails(*refused)}


def gives_signed(payload_type: str, kind: type[Value], description: str, *refused: int) -> dict[int | str, dict[str, Any]]:
    """Return what the description of the API says about the answers of a route that gives a signed statement."""
    return {200: {"description": description, "content": {JSON: {"schema": signed_schema(payload_type, kind)}}}, **fails(*refused)}


def fails(*refused: int) -> dict[int | str, dict[str, Any]]:
    """Return what the description of the API says about problems of a route, besides those that any route may have."""
    return {status: {"description": ""} for status in refused}


def schema_of(kind: type[Value], *, written: bool = False) -> dict[str, Any]:
    """Return the name of a value's schema, and the schema itself under `$defs`, from where `stillroom.server.description` takes it.

    Values inside it are named behind it, since different values have columns, say, that are different.

    Args:
        kind: The value.
        written: Whether it is in its one canonical encoding, which leaves nothing out.
    """
    mode: Literal["serialization", "validation"] = "serialization" if written else "validation"
    name = kind.__name__
    schema = kind.model_json_schema(by_alias=True, mode=mode, ref_template=f"{SCHEMAS}{name}.{{model}}")
    inner = {f"{name}.{part}": part_schema for part, part_schema in schema.pop("$defs", {}).items()}
    return {"$ref": SCHEMAS + name, "$defs": {**inner, name: schema}}


def signed_schema(payload_type: str, kind: type[Value]) -> dict[str, Any]:
    """Return the schema of a DSSE envelope whose payload is a statement."""
    named = schema_of(kind, written=True)
    payload = {"type": "string", "contentEncoding": "base64", "contentMediaType": JSON, "contentSchema": {"$ref": named["$ref"]}}
    properties = {"payloadType": {"const": payload_type}, "payload": payload}
    return {"allOf": [{"$ref": SCHEMAS + "Envelope"}], "type": "object", "properties": properties, "$defs": named["$defs"]}
