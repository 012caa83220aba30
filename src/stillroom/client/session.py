"""A party's session in a room: sign, add data, price, ask, approve, and read what the party may read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from stillroom.client.caps import cap_of
from stillroom.client.named import begins
from stillroom.client.parameters import written
from stillroom.client.result import Release
from stillroom.client.views import AccountLine, AddedData, DataLine, WaitingQuestion
from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.codec import digest_of
from stillroom.model.question import Question, Terms

if TYPE_CHECKING:
    from pathlib import Path

    from stillroom.adapters.home import Home
    from stillroom.client.access import Access
    from stillroom.client.own_data import OwnData
    from stillroom.client.parameters import Values
    from stillroom.client.pause import Pause
    from stillroom.client.rows import Rows
    from stillroom.client.telemetry import Telemetry
    from stillroom.model.contract import Contract
    from stillroom.model.price import Price
    from stillroom.model.question import Term
    from stillroom.model.record import SignedContract
    from stillroom.ports import Progress
    from stillroom.room.approvals import Pending
    from stillroom.room.contracts import InForce

    Given: TypeAlias = Mapping[str, Term]

PUBLIC_KEY = "public.key"
"""The file of a home that others may read: what goes into the contract."""


FIXES = {
    "epsilon": "Give one of --epsilon, above 0 and at most 100, and --error.",
    "error": "Give one of --epsilon and --error, above 0.",
    "group_size": "Give a whole number from 1 to 10^12.",
    "groups_per_person": "Give a whole number from 1 to 10^12.",
    "advise": "Give a share of the price from 0.001 to 0.5; 0.05 is usual.",
    "caps": "Give a number above 0 for each column: --cap NAME=NUMBER.",
    "quantiles": "Write tree, or exponential.",
    "parameters": "Give names in small letters, and whole numbers below 2^53, decimal numbers, text, dates, true or false.",
    "weights": "Give headings of columns, each with a number from 0.01 to 100.",
    "sql": "Ask in at most 100,000 characters, in UTF-8.",
}
"""What to do about each part of a question that cannot be."""


def make_room(path: Path, name: str) -> str:
    """Make a room and return its public key."""
    from stillroom import bootstrap

    return bootstrap.create_room(path, name)


def make_home(  # noqa: PLR0913 - who, where, and the three parts of a cap
    path: Path, party: str, *, room: Path, epsilon: float, delta: float, selection_delta: float = 0.0
) -> str:
    """Make a party's home in a room and return the party's public key.

    Args:
        path: The home's folder, to be made.
        party: The party's name, as in contracts.
        room: The room's folder.
        epsilon: Lifetime cap of the party's account, as ε at `delta`.
        delta: The δ at which the cap is meant.
        selection_delta: Lifetime cap of the further δ that keys without a declared domain cost.
    """
    from stillroom import bootstrap
    from stillroom.client.files import write_bytes

    if party in bootstrap.read_plate(room).homes:
        raise InvalidInput(Code.HOME_EXISTS, f"{party} has another home in this room.", "Use that home, or another room.")
    home = bootstrap.create_home(path, party, cap_of(epsilon, delta, selection_delta))
    bootstrap.join(room, home)
    key = home.signing_key.public.text
    write_bytes(home.path / PUBLIC_KEY, key.encode())
    return key


def open_room(home: Path, room: Path | None = None, progress: Progress | None = None) -> Session:
    """Open a room as the party whose home this is.

    Args:
        home: The party's home.
        room: The folder of a room of this machine; the server or room that the home has joined when left out.
        progress: Hears of the steps of an ask, up to the measuring.

    Raises:
        InvalidInput: `HOME_INVALID` or `ROOM_INVALID`.
        Failed: `STORE_FAILED`.
    """
    from stillroom import bootstrap
    from stillroom.adapters.home import Home
    from stillroom.adapters.home.membership import Membership
    from stillroom.client.access import LocalAccess
    from stillroom.client.http_access import HttpAccess
    from stillroom.room.door import Silent

    mine = Home.open(home)
    membership = Membership.load(mine.path) if room is None else None
    access: Access
    if membership is None:
        access = LocalAccess(bootstrap.open_room(room or bootstrap.room_of(mine)), mine.party)
    else:
        access = HttpAccess(bootstrap.open_channel(mine, membership), mine, membership)
    return Session(mine, access, progress or Silent())


class Session:
    """A room, as one party sees it.

    Attributes:
        party: Whose session it is.
    """

    def __init__(self, home: Home, access: Access, progress: Progress) -> None:
        """Use `open_room`."""
        self._home, self._access, self._progress = home, access, progress
        self.party = home.party

    @property
    def room(self) -> str:
        """The room's name and public key."""
        return self._access.identity

    @property
    def contract(self) -> Contract:
        """The contract in force."""
        from stillroom.room.contracts import read

        return read(self.contract_envelope)

    @property
    def contract_digest(self) -> str:
        """The digest of the contract in force."""
        return digest_of(self.contract)

    @property
    def contract_envelope(self) -> bytes:
        """The contract in force with all its signatures."""
        envelope = self._access.contract()
        if envelope is None:
            raise Refusal(Code.CONTRACT_UNKNOWN, "No contract is in force.", "All parties sign one with `stillroom contract sign`.")
        return envelope

    def sign(self, file: str | Path | Contract) -> SignedContract:
        """Sign a contract, or the one in a file, as this party, and hand it to the room."""
        from stillroom.client.contracts import signed

        return self._access.submit(signed(file, self._home.signing_key))

    @property
    def _own(self) -> OwnData:
        from stillroom.client.own_data import OwnData

        return OwnData(self._home, self._access, self.contract, self._progress)

    def add_data(self, dataset: str, source: str | Path) -> AddedData:
        """Admit data as the next version of a dataset of this party, copy them into the home, and announce the version.

        Args:
            dataset: The dataset.
            source: A CSV or Parquet file, a folder of Parquet files, or a URL: `s3://…`, `duckdb://…` or `postgresql://…`.
        """
        return self._own.add(dataset, source)

    def attach_data(self, dataset: str, source: str | Path) -> AddedData:
        """Let the next version of a private dataset of this party lie where it is, and announce the version.

        The data are read now, to count what admission does to them, and by every run that needs them; nothing is copied.

        Args:
            dataset: The dataset.
            source: As for `add_data`, but no CSV, and no password.
        """
        return self._own.attach(dataset, source)

    def withdraw_data(self, dataset: str) -> None:
        """Withdraw a dataset of this party."""
        self._own.withdraw(dataset)

    def forget(self, person: str) -> dict[str, int]:
        """Remove one person's rows from every private dataset of this party; return the new versions.

        Raises:
            InvalidInput: `DATA_INVALID` if the identifier names nobody by the rules of any of these datasets.
        """
        return self._own.forget(person)

    def data(self) -> tuple[DataLine, ...]:
        """Return the datasets of the contract with their version numbers; this party's own may be attached, which others do not see."""
        contract, known = self.contract, self._access.versions()
        attached = {held.name: "attached" for held in self._home.datasets() if held.current and held.current.source}
        lines = []
        for name, declared in contract.datasets.items():
            record = known.get(name)
            state = "none yet" if record is None else "withdrawn" if record.withdrawn else attached.get(name, "there")
            lines.append(DataLine(dataset=name, owner=declared.owner, version=record.version if record else None, state=state))
        return tuple(lines)

    def table(self, dataset: str) -> Rows:
        """Return the rows of a private dataset, to build a question from: `table("visits").group_by("ward").agg(n=count())`.

        Raises:
            InvalidInput: `DATASET_UNKNOWN` if the contract has no private dataset of that name.
        """
        from stillroom.client.rows import Rows

        return Rows.of_dataset(self, dataset)

    def price(self, sql: str, *, parameters: Values | None = None, dialect: str | None = None, **terms: Term) -> Price:
        """Return what a question would cost; nothing is read and nothing is spent.

        Raises:
            InvalidInput: The question is malformed.
            Refusal: The contract or the room's engine has no answer to it.
        """
        from stillroom.query.compile import compile_question
        from stillroom.query.price import price
        from stillroom.room import checks

        question = self._question(contract := self.contract, sql, parameters, terms, dialect)
        compiled = compile_question(contract, question)
        checks.enforce_computable(self._access.lacking(question, compiled.plan))
        return price(contract, compiled, question.terms.group_size)

    def cap_exceeded(self, price: Price) -> float | None:
        """Return the most that one release may cost under the contract, as ε, if this price is more."""
        from stillroom.policy.allowance import allowance, most_for_one

        caps, most = self.contract.caps, most_for_one(self.contract)
        return None if price.charge.fits(allowance(most, caps.delta, caps.release_selection_delta)) else most

    def ask(self, sql: str, *, parameters: Values | None = None, dialect: str | None = None, **terms: Term) -> Release:
        """Ask a question.

        Args:
            sql: One SELECT.
            dialect: The dialect that it is written in, if not in DuckDB's.
            parameters: The constants that `:name` and `$name` stand for in it.
            terms: `epsilon` or `error`; `group_size`, `pure`, `groups_per_person`, `nonnegative`, `advise`, `caps`, `clamped`, `weights`
                and `quantiles` (see `stillroom.model.question.Terms`).

        Raises:
            InvalidInput: The question is malformed.
            Refusal: A rule says no. Nothing was charged.
            Failed: The run failed. What was committed stays charged; asking again resumes it.
        """
        from stillroom.room import releases
        from stillroom.room.signed import sign
        from stillroom.room.statement import QUESTION_TYPE

        question = self._question(self.contract, sql, parameters, terms, dialect)
        found = self._access.ask(sign(question, QUESTION_TYPE, self._home.signing_key), self._progress)
        return Release(releases.read(found.envelope), found.envelope, charged=found.fresh)

    def _question(self, contract: Contract, sql: str, parameters: Values | None, terms: Given, dialect: str | None) -> Question:
        """Return a question of this party under the contract in force."""
        from pydantic import ValidationError

        from stillroom.query.text.dialects import dialect_of

        given = {name: dict(value) if isinstance(value, Mapping) else value for name, value in terms.items() if value is not None}
        try:
            chosen, values = Terms.model_validate(given), written(parameters)
            spoken = dialect_of(dialect)
            return Question(contract=digest_of(contract), sql=sql, dialect=spoken, parameters=values, terms=chosen, asked_by=self.party)
        except ValidationError as error:
            field = str(next(iter(error.errors()[0]["loc"]), "the question"))
            reason = f"{field} is out of range, of the wrong kind or not known."
            code = Code.SQL_INVALID if field in {"sql", "parameters"} else Code.PRICE_INVALID
            raise InvalidInput(code, reason, FIXES.get(field, "The reference of `stillroom ask` lists what can be given.")) from None

    def waiting(self, *, answered: bool = False) -> tuple[WaitingQuestion, ...]:
        """Return the questions that wait for this party, with price and decisions so far.

        Args:
            answered: Return all that were put to owners instead, answered or not.
        """
        from stillroom.policy.contract_words import lying
        from stillroom.query.price import price
        from stillroom.room.data import datasets_of

        force, items = self._put_to_owners(answered=answered)
        return tuple(
            WaitingQuestion(
                question=item.question,
                price=price(force.contract, item.compiled, item.question.terms.group_size),
                readers=item.compiled.readers,
                rows=lying(force.contract, datasets_of(item.compiled.plan)),
                decisions={one.party: str(one.decision) for one in item.decisions},
                reasons={one.party: one.reason for one in item.decisions if one.reason},
            )
            for item in items
            if answered or item.waits_for(self.party)
        )

    def decide(self, plan: str, decision: str, reason: str = "") -> str:
        """Sign a decision about a plan that waits, named by the beginning of its digest, with a reason for others; return the digest."""
        from stillroom.adapters.home.decisions import keep_decision, own_decision
        from stillroom.ledger.entry import Decision
        from stillroom.policy.approval import APPROVAL_TYPE
        from stillroom.room import approvals
        from stillroom.room.signed import sign

        force, items = self._put_to_owners()
        found = [item for item in items if begins(item.plan_digest, plan)]
        if len(found) != 1:
            raise InvalidInput(Code.APPROVAL_INVALID, "That names no plan that waits, or several.", "`stillroom approve` lists them.")
        known = own_decision(self._home.path, force.contract, found[0].plan_digest)
        statement = approvals.statement(force, found[0], self.party, Decision(decision), known, reason)
        envelope = sign(statement, APPROVAL_TYPE, self._home.signing_key)
        keep_decision(self._home.path, found[0].plan_digest, envelope)
        self._access.decide(envelope)
        return found[0].plan_digest

    def _put_to_owners(self, *, answered: bool = True) -> tuple[InForce, tuple[Pending, ...]]:
        """Return the contract in force, and the questions that were put to owners under it; those that this party has answered if asked."""
        from stillroom.room import approvals, contracts

        force, found = contracts.InForce(digest_of(contract := self.contract), contract), self._access.questions()
        wanted = found if answered else approvals.undecided(force, found, self.party)
        return force, tuple(approvals.read(force, one) for one in wanted)

    def releases(self) -> tuple[Release, ...]:
        """Return the releases that this party may receive."""
        from stillroom.room import releases

        return tuple(Release(releases.read(envelope), envelope, charged=False) for envelope in self._access.releases())

    def release(self, which: str) -> Release:
        """Return one release, named by its commit's number or else by the beginning of its plan digest."""
        known = self.releases()
        found = [one for one in known if which == str(one.statement.commit_index)]
        found = found or [one for one in known if begins(one.statement.plan_digest, which)]
        if len(found) != 1:
            raise Refusal(Code.RELEASE_UNKNOWN, "That names no release that you may have, or several.", "`stillroom releases` lists them.")
        return found[0]

    def proof(self, which: str) -> bytes:
        """Return proofs that a release is in the log (`stillroom/proof/v1`), which `stillroom verify` takes in place of the log."""
        return self._access.proof(self.release(which).statement.reservation)

    def budget(self) -> tuple[AccountLine, ...]:
        """Return the contract's account, and this party's own accounts."""
        from stillroom import bootstrap

        tally = self._access.balance()
        own = [
            AccountLine(name=f"{account.name.owner}/{account.name.population}", cap=account.cap, held=account.held, spent=account.spent)
            for account in bootstrap.accounts_of(self._home).all()
        ]
        return (AccountLine(name="contract", cap=tally.cap, held=tally.held, spent=tally.spent), *own)

    def raise_account(self, population: str, epsilon: float | None, delta: float, selection_delta: float | None = None) -> bool:
        """Raise the lifetime cap of one of this party's accounts, or open a new account; return whether it is new.

        Args:
            population: Whose account.
            epsilon: The new cap, as ε at `delta`.
            delta: The δ at which it is meant.
            selection_delta: The new cap of δ for selecting keys; as it is, if left out.
        """
        from stillroom.client.own_accounts import raise_account

        return raise_account(self._home, population, epsilon, delta, selection_delta)

    @property
    def telemetry(self) -> Telemetry:
        """Whether there are metrics and operational logs, and what owners say about them."""
        from stillroom.client.telemetry import Telemetry

        return Telemetry(self._home, self._access, self.contract)

    @property
    def pause(self) -> Pause:
        """Whether the room is paused, and what this party says to that."""
        from stillroom.client.pause import Pause

        return Pause(self._home, self._access, lambda: self.contract)

    def export_log(self) -> bytes:
        """Return the whole log with its signed checkpoint (`stillroom/log/v1`), for `stillroom verify`."""
        return self._access.log()

    def log(self) -> tuple[dict[str, Any], ...]:
        """Return the entries of the log; there are none before a contract is in force."""
        if self._access.contract() is None:
            return ()
        return tuple(line["entry"] for line in map(json.loads, self.export_log().splitlines()) if "entry" in line)
