"""Noise from a process of its own: what it is asked for, and how its answer is read."""

from __future__ import annotations

import os
import subprocess
import sys
from array import array
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Annotated, Self, cast

from pydantic import Field

from stillroom.errors import Code, Failed
from stillroom.model.mechanism import Guarantee, Mechanism
from stillroom.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND = (sys.executable, "-P", "-m", "stillroom.adapters.noise_worker")
"""What draws: a fresh interpreter, which imports nothing from the folder that it starts in."""

WHOLE = "q"
"""How a draw is written between two processes of one machine: as eight bytes, in the machine's own order."""


class Request(Value):
    """What a process draws.

    Attributes:
        mechanism: The noise.
        count: How many draws.
        guarantee: What the noise must be within; the process asks its sampler again.
    """

    mechanism: Mechanism
    count: Annotated[int, Field(ge=0)]
    guarantee: Guarantee


class NoiseProcess:
    """A process that draws noise beside this one, from when it is made until it has answered; when it is left, it is ended.

    It is a new program and no fork, so it shares no state of a generator with this one. What it draws is as secret as exact numbers, and
    how many draws there are may depend on the data (`stillroom.privacy.selection`). So both pass through pipes that only these two
    processes hold; neither stands in a command line, which others may read, or in a file.
    """

    def __init__(self, request: Request, command: Sequence[str] = COMMAND) -> None:
        """Start it.

        Raises:
            Failed: It does not start.
        """
        self._size = request.count * array(WHOLE).itemsize
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, env=environment)
        except OSError as error:
            raise _failed() from error
        with suppress(BrokenPipeError), cast("IO[bytes]", self._process.stdin) as asked:
            asked.write(request.model_dump_json().encode())

    def __enter__(self) -> Self:
        """Hold it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whether it has answered or not."""
        self._process.kill()
        cast("IO[bytes]", self._process.stdout).close()
        self._process.wait()

    def draws(self) -> array[int]:
        """Return all that it drew.

        Raises:
            Failed: It ended otherwise than it should, or did not return as many draws as it was asked for.
        """
        with cast("IO[bytes]", self._process.stdout) as answered:
            answer = answered.read(self._size + 1)
        if self._process.wait() or len(answer) != self._size:
            raise _failed()
        return array(WHOLE, answer)


def _failed() -> Failed:
    reason = "A process that draws noise did not end as it should."
    return Failed(Code.RUN_FAILED, reason, "See whether the machine has memory left, then ask again; nothing was released.")
