"""Every route × everybody who may come, from the running application: whoever is not named here is kept out."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from stillroom import bootstrap
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.http.signatures import Message, digest_header, sign_request
from stillroom.adapters.remote.sender import Sender
from stillroom.client.rooms import sign_as_operator
from stillroom.crypto.keys import SigningKey
from stillroom.errors import Code
from stillroom.model import errand
from stillroom.model.codec import digest_of
from stillroom.model.question import Question, Terms
from stillroom.room.signed import sign
from stillroom.room.statement import DRAFT_TYPE, QUESTION_TYPE
from stillroom.server.access import ALLOWED, Action
from stillroom.server.app import actions
from tests.parties import QUESTION, document
from tests.services import serving, wish, without_limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stillroom.adapters.remote.mailbox import Mailbox
    from tests.services import Served

TICKET = "0" * 32
"""An errand for the clinic's agent, which waits."""

MEMBERS = {"insurer", "clinic", "registry", "auditor", "desk", "joined"}
"""`insurer` owns, asks and receives; `clinic` owns and receives; `registry` receives; `auditor` does nothing but look; `desk` is the
operator; `joined` is confirmed, but no party of the contract."""

PARTIES = MEMBERS - {"joined"}
KEYHOLDERS = MEMBERS | {"pending", "stranger"}
"""`pending` has asked to join, and was not confirmed; of `stranger` nobody has heard."""

EVERYBODY = KEYHOLDERS | {"nobody"}
"""`nobody` signs nothing."""

EXPECTED: dict[tuple[str, str], set[str]] = {
    ("GET", "/v1/room"): EVERYBODY,
    ("GET", "/v1/health"): EVERYBODY,
    ("POST", "/v1/parties"): KEYHOLDERS,
    ("GET", "/v1/contract"): MEMBERS,
    ("POST", "/v1/contracts"): MEMBERS,
    ("GET", "/v1/data"): PARTIES,
    ("POST", "/v1/data"): {"insurer", "clinic"},
    ("POST", "/v1/questions/check"): {"insurer"},
    ("POST", "/v1/runs"): {"insurer"},
    ("GET", "/v1/runs/{run}"): {"insurer"},
    ("GET", "/v1/runs/{run}/events"): {"insurer"},
    ("DELETE", "/v1/runs/{run}"): {"insurer"},
    ("GET", "/v1/questions"): PARTIES,
    ("POST", "/v1/decisions"): {"insurer", "clinic"},
    ("GET", "/v1/releases"): {"insurer", "clinic", "registry"},
    ("GET", "/v1/releases/{reservation}"): {"insurer", "clinic", "registry"},
    ("GET", "/v1/releases/{reservation}/proof"): {"insurer", "clinic", "registry"},
    ("GET", "/v1/balance"): PARTIES,
    ("GET", "/v1/log"): MEMBERS,
    ("GET", "/v1/log/from/{start}"): MEMBERS,
    ("GET", "/v1/log/checkpoint"): MEMBERS,
    ("GET", "/v1/log/tile/{path:path}"): MEMBERS,
    ("POST", "/v1/log/cosignatures"): PARTIES,
    ("POST", "/v1/errands"): MEMBERS,
    ("POST", "/v1/errands/{ticket}"): {"clinic"},
    ("PUT", "/v1/errands/{ticket}/files/{name}"): {"clinic"},
    ("GET", "/v1/telemetry"): PARTIES,
    ("POST", "/v1/telemetry"): {"insurer", "clinic"},
    ("GET", "/v1/metrics"): {"desk"},
    ("GET", "/v1/pause"): PARTIES,
    ("POST", "/v1/pause"): {"insurer", "clinic"},
}
"""Each route, and who gets past the door. A run is the insurer's, an errand the clinic's; `/v1/questions/check` takes an own question."""


ANSWERED = ("POST", "/v1/errands/{ticket}"), "clinic"
"""This one ends the errand that others are kept from, so that it comes last."""

CELLS = [(route, who) for route in sorted(EXPECTED) for who in sorted(EVERYBODY) if (route, who) != ANSWERED] + [ANSWERED]


class Crowd:
    """A server, and everybody who may come to it."""

    def __init__(self, served: Served, keys: dict[str, SigningKey], questions: dict[str, bytes]) -> None:
        """Name the server, who comes by which key, and the insurer's question as routes take it."""
        self.served, self.keys, self.questions = served, keys, questions

    def send(self, who: str, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        """Send a request as somebody."""
        message = Message(method, self.served.url + path)
        if body is not None:
            message.headers["Content-Digest"] = digest_header(hashlib.sha256(body).digest())
        if who != "nobody":
            sign_request(message, self.keys[who], self.served.key, self.served.service.room.clock.now(), SystemEntropy().token(16).hex())
        return httpx.request(method, message.url, content=body, headers=message.headers, timeout=60, trust_env=False)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    with serving(tmp_path_factory.mktemp("crowd")) as served:
        without_limits(served)
        keys: dict[str, SigningKey] = {}
        for name in ("insurer", "clinic", "registry", "auditor", "joined", "pending"):
            served.join(name, confirmed=name != "pending")
            keys[name] = _key(served.folder / name)
        keys["desk"] = bootstrap.room_key(served.folder / "room")
        keys["stranger"] = SigningKey.from_seed(b"s" * 32)
        contract = document({name: keys[name].public.text for name in ("insurer", "clinic")})
        for name, role in (("registry", "receiver"), ("auditor", "auditor"), ("desk", "operator")):
            contract["parties"].append({"name": name, "roles": [role], "key": keys[name].public.text})
        contract["receive"] = ["insurer", "clinic", "registry"]
        contract["parties"][0]["roles"] = ["owner", "receiver"]
        served.sign(contract, "insurer", "clinic", "registry", "auditor")
        sign_as_operator(served.folder / "contract.json", served.folder / "room")
        force = served.session("insurer").contract
        asked = Question(contract=digest_of(force), sql=QUESTION, terms=Terms(epsilon=1.0), asked_by="insurer")
        kinds = {"/v1/runs": QUESTION_TYPE, "/v1/questions/check": DRAFT_TYPE}
        found = Crowd(served, keys, {path: sign(asked, kind, keys["insurer"]) for path, kind in kinds.items()})
        with _errand(served):
            yield found


def _key(home: Path) -> SigningKey:
    return Home.open(home).signing_key


@contextmanager
def _errand(served: Served) -> Iterator[None]:
    """Let an errand wait for the clinic's agent."""
    mailbox, notary = served.service.mailbox, served.service.room.notary
    grounds = errand.ShownGrounds(contract="", question="", decisions=(), versions={"visits": 1})
    task = errand.Bring(reservation="r", dataset="visits", columns=(), key="A" * 43 + "=", proof="", grounds=grounds)
    sender, over = Sender(notary, mailbox, SystemEntropy()), threading.Event()
    mailbox.fetch("clinic", wish(0))
    threads = [
        threading.Thread(target=sender.send, args=("clinic", task, 600, TICKET)),
        threading.Thread(target=_present, args=(mailbox, over)),
    ]
    for thread in threads:
        thread.start()
    while mailbox.errand(TICKET) is None:
        threading.Event().wait(0.01)
    yield
    over.set()
    mailbox.reply(TICKET, errand.Reply())
    for thread in threads:
        thread.join(60)


def _present(mailbox: Mailbox, over: threading.Event) -> None:
    """Come for errands every now and then, as an agent does that is there."""
    while not over.wait(1):
        mailbox.fetch("clinic", wish(0))


def test_the_expected_table_names_every_route(crowd: Crowd) -> None:
    assert set(actions(crowd.served.app)) == set(EXPECTED)


def test_every_action_is_decided_about_and_has_a_route(crowd: Crowd) -> None:
    assert set(ALLOWED) == set(Action) == set(actions(crowd.served.app).values())


@pytest.mark.parametrize(("route", "who"), CELLS, ids=lambda one: one if isinstance(one, str) else " ".join(one))
def test_who_gets_past_the_door(crowd: Crowd, route: tuple[str, str], who: str) -> None:
    method, path = route
    place = path.replace("{path:path}", "0/000.p/1").format(run="sha256:0", reservation="r", ticket=TICKET, name="rows.parquet", start=0)
    body = crowd.questions.get(path, b"{}") if method in {"POST", "PUT"} else None
    answer = crowd.send(who, method, place, body)
    kept_out = answer.status_code in {401, 403}
    assert kept_out is (who not in EXPECTED[route]), answer.text
    if who in {"nobody", "stranger", "pending"} and kept_out:
        assert answer.status_code == 401


def test_whoever_is_not_known_hears_the_same_in_every_case(crowd: Crowd) -> None:
    answers = {crowd.send(who, "GET", path).text for who in ("nobody", "stranger", "pending") for path in ("/v1/contract", "/v1/log")}
    assert len(answers) == 1


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/contract/", "/v1//log", "/v1/LOG", "/docs", "/openapi.json", "/v1/runs/a/b"])
@pytest.mark.parametrize("who", ["nobody", "stranger", "insurer", "desk"])
def test_an_unknown_route_is_like_one_that_is_not_allowed(crowd: Crowd, path: str, who: str) -> None:
    answer = crowd.send(who, "GET", path)
    assert answer.status_code == 403
    assert answer.json()["code"] == Code.NOT_ALLOWED
    assert answer.headers["content-type"] == "application/problem+json"


def test_another_method_on_a_known_route_is_not_allowed(crowd: Crowd) -> None:
    for method in ("PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"):
        assert crowd.send("insurer", method, "/v1/log").status_code == 403
