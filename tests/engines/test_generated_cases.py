"""Every engine gives random questions over random contracts and data the exact cells of the reference.

All else that holds for such cases is checked once, in `tests/property/test_generated.py`, with the engine that rooms have by default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from hypothesis import HealthCheck, assume, given, settings

from tests.generator.cases import cases
from tests.generator.checks import Checks

if TYPE_CHECKING:
    from collections.abc import Callable

    from stillroom.ports import Engine
    from tests.generator.cases import Case


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(case=cases())
def test_random_cases_have_one_answer(make_engine: Callable[[int], Engine], case: Case) -> None:
    assume(case.refusal is None)
    assert make_engine(1).lacking(case.compiled.plan) == ()
    Checks(case, crc32(case.sql.encode()), engine=make_engine).engines()
