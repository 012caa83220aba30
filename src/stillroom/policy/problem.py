"""One thing that is wrong with a contract."""

from __future__ import annotations

from stillroom.model.value import Value


class Problem(Value):
    """One thing that is wrong.

    Attributes:
        path: Where.
        what: What.
        fix: What to do.
    """

    path: str
    what: str
    fix: str
