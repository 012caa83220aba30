"""The steps of a verification, one a file: each has a title, and a function that takes the step and returns what held."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stillroom.client.verification.steps import (
    charge,
    commit,
    contract,
    envelope,
    history,
    log,
    permission,
    plan,
    promise,
    release,
    signature,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.client.verification.evidence import Evidence


class Step(NamedTuple):
    """A step: its title, and the function that takes it."""

    title: str
    check: Callable[[Evidence], str]


STEPS = tuple(
    Step(one.TITLE, one.check)
    for one in (envelope, signature, contract, permission, plan, charge, promise, table, log, commit, release, history)
)
"""All steps. Their numbers, from 1, and titles are those of `docs/reference/verify.md`."""
