"""What agents and rooms tell each other about errands has bounds."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from stillroom.agent.agent import told
from stillroom.model.errand import ACCOUNTS_LIMIT, ERRANDS_LIMIT, RAISES_LIMIT, Fetch, Fetched


def fetch(raises: dict[str, int]) -> Fetch:
    return Fetch.model_validate_json(json.dumps({"session": "0" * 32, "raises": raises, "seconds": 1}))


@pytest.mark.parametrize("count", [-1, 1_001, 2**53, 10**400])
def test_an_account_got_a_cap_so_often_and_no_more(count: int) -> None:
    """The room writes an entry for each: 2**53 of them would keep it busy for good."""
    with pytest.raises(ValidationError):
        fetch({"people": count})
    for good in (0, 1_000):
        assert fetch({"people": good}).raises == {"people": good}


def test_an_agent_tells_of_so_many_accounts_and_no_more() -> None:
    many = {f"p{number}": 1 for number in range(101)}
    with pytest.raises(ValidationError):
        fetch(many)
    del many["p0"]
    assert fetch(many).raises == many


def test_an_agent_with_more_to_tell_tells_what_it_may() -> None:
    assert told({"b": 2, "a": 1, "c": RAISES_LIMIT + 1}) == {"a": 1, "b": 2, "c": RAISES_LIMIT}
    found = told({f"p{number:03d}": number for number in range(2_000)})
    assert list(found)[-1] == "p099"
    assert len(fetch(found).raises) == ACCOUNTS_LIMIT


def test_an_agent_takes_so_many_errands_at_a_time() -> None:
    Fetched(errands=("",) * ERRANDS_LIMIT)
    with pytest.raises(ValidationError):
        Fetched(errands=("",) * (ERRANDS_LIMIT + 1))
