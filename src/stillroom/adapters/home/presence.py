"""Agents that are in a home, and the folders in which they make what they bring."""

from __future__ import annotations

import fcntl
import os
import shutil
import weakref
from typing import TYPE_CHECKING

from stillroom.adapters.home.files import PRIVATE_FILE, disk_errors

if TYPE_CHECKING:
    from pathlib import Path

BRINGING = ".bring-"
"""How the name of a folder begins in which an agent makes what it brings. It is gone when that is brought, unless the agent is killed."""

LOCK = "agent.lock"


def enter(home: Path, agent: object) -> None:
    """Take note that an agent is in a home until it is gone or its process has ended; if it is the only one, sweep what others have left.

    Every agent shares a lock, which the system frees when its holder dies: whoever gets it alone knows that nobody makes anything.

    Raises:
        Failed: `STORE_FAILED` if the disk refuses.
    """
    with disk_errors("The home"):
        descriptor = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        weakref.finalize(agent, os.close, descriptor)
        if _alone(descriptor):
            for folder in home.glob(f"{BRINGING}*"):
                shutil.rmtree(folder, ignore_errors=True)
        fcntl.flock(descriptor, fcntl.LOCK_SH)


def _alone(descriptor: int) -> bool:
    """Tell whether nobody else holds the lock, and hold it then."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
