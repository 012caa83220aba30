"""Values in signed envelopes: canonical JSON that says all that a value has, and nothing else."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from stillroom.client.verification.canonical import parse
from stillroom.client.verification.outcome import Broken, require
from stillroom.model.value import Value

V = TypeVar("V", bound=Value)


def read_value(payload: bytes, kind: type[V], what: str) -> V:
    """Read a value from its canonical bytes, and from no others.

    Raises:
        Broken: They are not; the text names the first place that is wrong.
    """
    spelled = parse(payload, what)
    try:
        value = kind.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "its beginning"
        raise Broken(f"{what} cannot be read: at {place}, {first['msg']}") from None
    require(value.to_json() == spelled, f"{what} leaves something out, or spells it in another way")
    return value
