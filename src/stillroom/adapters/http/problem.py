"""Errors on the wire: problem details (RFC 9457) with our stable codes, and back again."""

from __future__ import annotations

from typing import Literal

from pydantic import ValidationError

from stillroom.errors import Code, Failed, InvalidInput, Refusal, StillroomError, Unverified
from stillroom.model.value import Value

MEDIA_TYPE = "application/problem+json"

_KINDS: dict[str, type[StillroomError]] = {"invalid": InvalidInput, "refused": Refusal, "unverified": Unverified, "failed": Failed}
_STATUS = {"invalid": 422, "refused": 409, "unverified": 422, "failed": 503}
_STATUS_OF_CODES = {
    Code.REQUEST_UNSIGNED: 401,
    Code.LOGIN_INVALID: 401,
    Code.NOT_ALLOWED: 403,
    Code.REQUEST_TOO_LARGE: 413,
    Code.TOO_MANY_REQUESTS: 429,
    Code.CONTRACT_UNKNOWN: 404,
    Code.TILE_UNKNOWN: 404,
    Code.RUN_UNKNOWN: 404,
    Code.RELEASE_UNKNOWN: 404,
}


class Problem(Value):
    """An error of ours.

    Attributes:
        type: Where the code is explained, relative to the documentation.
        title: The code, once more, for tools that show titles.
        status: The HTTP status.
        detail: What happened.
        code: The stable code.
        fix: What to do.
        kind: Which kind of error.
    """

    type: str
    title: str
    status: int
    detail: str
    code: Code
    fix: str
    kind: Literal["invalid", "refused", "unverified", "failed"]


def problem_of(error: StillroomError) -> Problem:
    """Return an error as it goes over the wire."""
    kind = next(name for name, type_ in _KINDS.items() if isinstance(error, type_))
    status = _STATUS_OF_CODES.get(error.code, _STATUS[kind])
    return Problem.model_validate(
        {
            "type": f"refusals.html#{error.code.lower().replace('_', '-')}",
            "title": str(error.code),
            "status": status,
            "detail": error.reason,
            "code": error.code,
            "fix": error.fix,
            "kind": kind,
        }
    )


def error_of(content: bytes) -> StillroomError:
    """Return the error that a server has answered, or what there is to say about an answer that is none of ours."""
    try:
        problem = Problem.model_validate_json(content)
    except ValidationError:
        return Failed(Code.SERVER_UNAVAILABLE, "The server's answer is none of Stillroom's.", "Check the address, and what is in between.")
    return _KINDS[problem.kind](problem.code, problem.detail, problem.fix)
