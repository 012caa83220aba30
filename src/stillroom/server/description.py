"""The API in the words of OpenAPI 3.1, for the documentation and the tests; a server that runs does not hand it out."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from stillroom.adapters.http.problem import MEDIA_TYPE, Problem
from stillroom.server.access import ALLOWED, Action, Relation
from stillroom.server.api.routes import SCHEMAS, schema_of
from stillroom.server.app import actions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

ABOUT = """What a room's server does for its parties' agents and clients. Every request is signed; who may do what is decided by one table
(`x-action` and `x-allowed` of each operation). Statements of parties travel in DSSE envelopes, which are kept and logged as they were
signed. Errors are problem details (RFC 9457) with a stable `code`, each explained in the reference of refusals. Whatever is not there, or
not allowed, or not one's own, has the same answer."""

SIGNATURE = """HTTP Message Signatures (RFC 9421) by Ed25519. `Signature-Input` covers `@method`, `@authority`, `@path`, `@query` and,
with a body, `content-digest` (RFC 9530, `sha-256`); its parameters are `keyid` (the public key, `ed25519:` and base64url), `created`,
`expires` (at most 60 seconds later), a `nonce` that was never used before, `alg` and the `tag`: `stillroom`, a space and the
room's public key."""

ENVELOPE = {
    "type": "object",
    "description": "A DSSE envelope: a statement with the signatures over its type and its bytes.",
    "required": ["payload", "payloadType", "signatures"],
    "properties": {
        "payload": {"type": "string", "contentEncoding": "base64"},
        "payloadType": {"type": "string"},
        "signatures": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["keyid", "sig"],
                "properties": {"keyid": {"type": "string"}, "sig": {"type": "string", "contentEncoding": "base64"}},
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}

PROBLEMS = {
    401: "No key that the room knows has signed the request, or not just now.",
    403: "The caller may not do this, or there is no such thing.",
    404: "There is nothing of that name, or not yet.",
    409: "The rules say no, or something has changed meanwhile.",
    413: "The body is too large.",
    422: "The body is malformed, or a signature in it does not hold.",
    429: "Too many requests came at once.",
    503: "The server's store, or something else that it needs, does not answer.",
}
"""What each status of a problem says."""

METHODS = ("get", "post", "put", "delete")


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the description of an application, without examples."""
    document: dict[str, Any] = app.openapi()
    document["info"] = {"title": "Stillroom", "version": version("stillroom"), "description": " ".join(ABOUT.split())}
    components: dict[str, Any] = document.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    decided = {(method.lower(), path.replace(":path", "")): action for (method, path), action in actions(app).items()}
    for path, method, operation in operations(document):
        _complete(operation, decided[method, path])
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= {"Envelope": ENVELOPE, **schema_of(Problem)["$defs"]}
    _hoist(document["paths"], schemas)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    scheme = {"type": "apiKey", "in": "header", "name": "Signature", "description": " ".join(SIGNATURE.split())}
    components["securitySchemes"] = {"signature": scheme}
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and description of each operation."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _complete(operation: dict[str, Any], action: Action) -> None:
    """Say who may, and which problems there may be."""
    anybody = Relation.ANYBODY in ALLOWED[action]
    operation["x-action"] = str(action)
    operation["x-allowed"] = sorted(map(str, ALLOWED[action]))
    operation["security"] = [] if anybody else [{"signature": []}]
    answers: dict[str, Any] = operation["responses"]
    _drop_theirs(answers)
    takes = "requestBody" in operation
    common = [*([] if anybody else [401, 403]), *([413, 422] if takes and not anybody else []), 429, 503]
    for number in common:
        answers.setdefault(str(number), {})
    for status, answer in answers.items():
        if int(status) in PROBLEMS:
            answer["description"] = PROBLEMS[int(status)]
            answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": SCHEMAS + Problem.__name__}}}
    operation["responses"] = dict(sorted(answers.items()))


def _drop_theirs(answers: dict[str, Any]) -> None:
    """Leave out the problem that FastAPI would answer with: the server answers with its own."""
    shown = answers.get("422", {}).get("content", {}).get("application/json", {})
    if shown.get("schema", {}).get("$ref", "").endswith("HTTPValidationError"):
        del answers["422"]


def _hoist(node: Any, schemas: dict[str, Any]) -> None:  # noqa: ANN401 - parsed JSON
    """Move schemas that stand inside others to where all of them are.

    Raises:
        RuntimeError: Two different ones have the same name.
    """
    if isinstance(node, dict):
        for name, schema in node.pop("$defs", {}).items():
            if schemas.setdefault(name, schema) != schema:
                msg = f"Two schemas are named {name}."
                raise RuntimeError(msg)
        for inner in node.values():
            _hoist(inner, schemas)
    elif isinstance(node, list):
        for inner in node:
            _hoist(inner, schemas)
