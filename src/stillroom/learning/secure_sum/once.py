"""A question that is answered once."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from stillroom.errors import Code, Refusal, StillroomError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Once(Generic[T]):
    """Answers the first question, and no other one ever.

    Asked the same again, as happens when an answer got lost, it gives the same answer; a question that was refused is refused again. What
    somebody could learn from two different answers of one state, nobody learns. It cannot be copied in depth, or pickled.
    """

    __slots__ = ("_answer", "_asked", "_lock", "_refused")

    def __init__(self) -> None:
        """Wait for the first question."""
        self._lock = Lock()
        self._asked: str | None = None
        self._answer: tuple[T] | None = None
        self._refused: StillroomError | None = None

    def answer(self, asked: str, work: Callable[[], T]) -> T:
        """Return the answer to a question.

        Args:
            asked: What tells questions apart: a digest of all that is asked.
            work: Works the answer out.

        Raises:
            Refusal: `ROUND_INVALID` if another question was answered or refused before.
        """
        with self._lock:
            if self._asked is None:
                self._asked = asked
                self._work(work)
            if self._refused is not None and self._asked == asked:
                raise self._refused
            if self._answer is None or self._asked != asked:
                raise Refusal(Code.ROUND_INVALID, "This stage has been answered, for something else.", "Begin another round.")
            return self._answer[0]

    def _work(self, work: Callable[[], T]) -> None:
        try:
            self._answer = (work(),)
        except StillroomError as refused:
            self._refused = refused
