"""Times as others see them are multiples of the quantum, on the right side of the moment."""

from __future__ import annotations

import datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from stillroom.room.times import day, first_after, rounded_down

MOMENTS = st.floats(min_value=0, max_value=4e9)
QUANTA = st.sampled_from([0.25, 0.5, 1.0, 5.0, 60.0, 3600.0])


@given(MOMENTS, QUANTA)
def test_entries_are_rounded_down_and_answers_wait_for_the_next_multiple(moment: float, quantum: float) -> None:
    before, after = rounded_down(moment, quantum), first_after(moment, quantum)
    assert before <= moment < after
    assert Fraction(after) - Fraction(before) == Fraction(quantum)
    assert Fraction(before) % Fraction(quantum) == 0


def test_days_are_those_of_utc() -> None:
    assert day(1_800_000_000.0) == datetime.date(2027, 1, 15)
    assert day(86_399.9) == datetime.date(1970, 1, 1)
