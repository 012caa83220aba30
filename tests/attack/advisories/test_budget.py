"""Mistakes about numbers and budgets: what is no number, and what is spent twice because two looked at once."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from stillroom.adapters.home import Home
from stillroom.adapters.vault import LocalVault
from stillroom.bootstrap import accounts_of
from stillroom.crypto.envelope import seal
from stillroom.errors import Code, StillroomError
from stillroom.model.charge import Charge
from stillroom.model.grounds import Grounds
from stillroom.model.record import JobState
from stillroom.room.statement import DRAFT_TYPE, QUESTION_TYPE
from tests.callers import TICKET, asked, key_of, question, sent, signed
from tests.parties import PARTIES, QUESTION
from tests.services import ended

if TYPE_CHECKING:
    from tests.services import Served

NUMBERS = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "-1", '"1"', "true", "[1]"]
"""What is no number that a price could be made of."""


def test_what_is_no_number_is_refused(room: Served) -> None:
    """NVFlare: a model with NaN in its weights was added to the others, and spoilt all (known from a review of its source; no advisory).

    Here: such numbers for the ε of a question, signed and well formed otherwise, and for how long an agent waits. Nothing is booked.
    """
    key, payload = key_of(room, "insurer"), base64.b64decode(json.loads(question(room))["payload"]).decode()
    assert '"epsilon":1,' in payload
    for number in (*NUMBERS, "0", "1e-400"):
        for path, kind in (("/v1/runs", QUESTION_TYPE), ("/v1/questions/check", DRAFT_TYPE)):
            lie = seal(kind, payload.replace('"epsilon":1,', f'"epsilon":{number},').encode(), [key])
            answer = sent(signed(room, "POST", path, lie, key=key), lie)
            assert answer.status_code == 422, answer.text
    for number in NUMBERS:
        for text in (f'"raises":{{}},"seconds":{number}', f'"raises":{{"people":{number}.5}},"seconds":0'):
            body = f'{{"session":"{TICKET}",{text}}}'.encode()
            answer = sent(signed(room, "POST", "/v1/errands", body, key=key), body)
            assert answer.json()["code"] == Code.REQUEST_INVALID, text
    assert all(line.spent.rho == line.held.rho == 0 for line in room.session("insurer").budget())


def test_many_holds_at_once_hold_no_more_than_there_is(room: Served) -> None:
    """A budget that was read, compared and then written was overspent to 220 % by PostgreSQL's default isolation (in a trial of ours).

    Here: thirty threads hold a fifth of the clinic's account and a little less; five are let.
    """
    home = Home.open(room.folder / "clinic")
    (account,) = accounts_of(home).all()
    share = Charge(rho=account.cap.rho // 5)

    def hold(number: int) -> bool:
        vault = LocalVault(accounts_of(home), home.signing_key)
        try:
            vault.hold("room", f"r{number}", "people", share, Grounds(b"", b"", (), {}))
        except StillroomError as error:
            assert error.code is Code.ACCOUNT_NOT_ENOUGH  # noqa: PT017 - whose turn it is does not matter
            return False
        return True

    with ThreadPoolExecutor(30) as pool:
        assert sum(pool.map(hold, range(30))) == 5
    (after,) = accounts_of(home).all()
    assert after.held == Charge(rho=5 * share.rho)


def test_many_runs_at_once_cost_no_more_than_there_is(room: Served) -> None:
    """The same, by the whole way: different questions, each of which costs half of what the contract allows, are asked at once."""
    wanted = [question(room, QUESTION.replace("n,", f"n{number},"), epsilon=5.0) for number in range(2)]
    wanted += [question(room, QUESTION.replace(" GROUP", f" WHERE age < {age} GROUP"), epsilon=5.0) for age in range(30, 32)]
    with room.agents(*PARTIES), ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda body: asked(room, "POST", "/v1/runs", body).json(), wanted))
        ends = [ended(room, one["run"]) for one in answers]
        done = [one for one in ends if one.state is JobState.DONE and one.fresh]
        contract, own = room.session("insurer").budget()
        each = room.session("insurer").price(QUESTION, epsilon=5.0).charge
    assert 0 < len(done) < len(wanted)
    assert contract.spent.rho == own.spent.rho == len(done) * each.rho <= contract.cap.rho
    assert own.held.rho == 0
