"""How routes are made: a function, its action, and what goes in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request, Response
from pydantic import ValidationError

from stillroom.errors import Code, InvalidInput
from stillroom.model.value import Value
from stillroom.server.caller import Caller, allowed
from stillroom.server.service import Service

if TYPE_CHECKING:
    from stillroom.server.access import Action

V = TypeVar("V", bound=Value)

JSON = "application/json"


def service_of(request: Request) -> Service:
    """Return what the application serves."""
    found: Service = request.app.state.service
    return found


Served = Annotated[Service, Depends(service_of)]


def by(action: Action, *, streamed: bool = False) -> Any:  # noqa: ANN401 - a dependency, which FastAPI reads
    """Return the parameter of a route that says who calls, and lets only those through who may do the action."""
    dependency = allowed(action, streamed=streamed)
    dependency.action = action  # type: ignore[attr-defined]  # found again by `stillroom.server.app.actions`
    return Depends(dependency)


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


def takes(kind: type[Value] | None, description: str) -> dict[str, Any]:
    """Return what the description of the API says about a route's body: a value, or a signed envelope."""
    schema: dict[str, Any] = {"type": "object"} if kind is None else kind.model_json_schema(by_alias=True)
    return {"requestBody": {"required": True, "description": description, "content": {JSON: {"schema": schema}}}}
