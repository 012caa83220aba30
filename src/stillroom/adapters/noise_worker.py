"""`python -m stillroom.adapters.noise_worker`: read one request, draw the noise, write it, and end."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

from stillroom.adapters.noise_process import WHOLE, Request
from stillroom.adapters.opendp_noise import sample

if TYPE_CHECKING:
    from typing import BinaryIO


def answer(asked: BinaryIO, answered: BinaryIO) -> None:
    """Draw what is asked for.

    Raises:
        Failed: OpenDP's own account of the mechanism is not within the guarantee, or it cannot sample at this scale.
        pydantic.ValidationError: It is no request.
    """
    request = Request.model_validate_json(asked.read())
    array(WHOLE, sample(request.mechanism, request.count, request.guarantee)).tofile(answered)


if __name__ == "__main__":
    answer(sys.stdin.buffer, sys.stdout.buffer)
