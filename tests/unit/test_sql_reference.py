"""Every statement of the SQL reference compiles, or is refused with the code that the page names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stillroom.errors import StillroomError
from tests.questions import compiled

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "sql.md"
BLOCKS = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
STATEMENTS = [
    (sql.strip(), code)
    for block in BLOCKS
    for sql, code in re.findall(r"(.*?);(?: -- refused: (\w+))?\n|\Z", block, flags=re.DOTALL)
    if sql.strip()
]


def test_the_page_has_both_kinds() -> None:
    assert len([code for _, code in STATEMENTS if not code]) > 12
    assert len([code for _, code in STATEMENTS if code]) > 8


@pytest.mark.parametrize(("sql", "code"), STATEMENTS)
def test_the_reference_tells_the_truth(sql: str, code: str) -> None:
    if not code:
        compiled(sql)
        return
    with pytest.raises(StillroomError) as refused:
        compiled(sql)
    assert refused.value.code == code
