"""Doing errands: holds, commits, answers and lapses in the owner's own accounts, and bringing data to a run that is committed."""

from __future__ import annotations

import shutil
from contextlib import contextmanager, suppress
from functools import partial, singledispatchmethod
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Protocol

from stillroom.adapters.admitted import Contents
from stillroom.adapters.attached import read_attached
from stillroom.adapters.home.copies import copies
from stillroom.adapters.home.in_force import contract_in_force
from stillroom.adapters.home.presence import BRINGING
from stillroom.adapters.home.sealed_parquet import KEY_SIZE
from stillroom.adapters.home.stored_table import FILES, write_table
from stillroom.adapters.remote.pieces import Version
from stillroom.adapters.remote.seal import seal
from stillroom.adapters.remote.tables import about
from stillroom.agent.copying import Copier
from stillroom.agent.examination import examine
from stillroom.agent.expiry import drop_copies, wipe_ended
from stillroom.crypto.envelope import open_envelope
from stillroom.crypto.keys import PublicKey
from stillroom.errors import Code, Failed, Refusal, StillroomError, Unverified
from stillroom.ledger.account import Standing
from stillroom.ledger.entry import Commit
from stillroom.ledger.witness import Alarmed
from stillroom.model import errand
from stillroom.model.codec import decode
from stillroom.room import accounts, data
from stillroom.room.proof import entry_in
from stillroom.room.statement import ERRAND_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.adapters.home import Home
    from stillroom.adapters.home.membership import Membership
    from stillroom.adapters.home.watch import Watch
    from stillroom.adapters.sql_store.accounts import SqlAccounts
    from stillroom.adapters.vault import LocalVault
    from stillroom.agent.examination import Examined
    from stillroom.agent.withdrawals import Withdrawals
    from stillroom.ledger.account import Booking
    from stillroom.model.contract import Contract
    from stillroom.ports import AdmittedTable, Clock, Entropy


class Carrier(Protocol):
    """Brings files to the room's server."""

    def bring(self, ticket: str, file: Path) -> None:
        """Bring one file that an errand asks for."""


class Errands:
    """What an agent does for its party."""

    def __init__(  # noqa: PLR0913, PLR0917 - the home, its accounts and key, the room, and the world
        self,
        home: Home,
        membership: Membership,
        vault: LocalVault,
        book: SqlAccounts,
        carrier: Carrier,
        watch: Watch,
        clock: Clock,
        entropy: Entropy,
        withdrawals: Withdrawals | None = None,
    ) -> None:
        """Put together what an agent works with."""
        self._home, self._membership, self._vault, self._book = home, membership, vault, book
        self._carrier, self._watch, self._clock, self._entropy = carrier, watch, clock, entropy
        self._withdrawals = withdrawals

    def open(self, envelope: bytes) -> errand.Errand:
        """Return an errand that this room has signed for this party.

        Raises:
            Unverified: It has not, or it is for somebody else.
        """
        room = self._membership
        found = decode(open_envelope(envelope, ERRAND_TYPE, {room.name: PublicKey.parse(room.key)}), errand.Errand)
        if (found.room, found.party) != (room.identity, self._home.party):
            raise Unverified(Code.ENVELOPE_INVALID, "The errand is another room's, or for another party.", "Ask the room's operator.")
        return found

    def do(self, one: errand.Errand) -> errand.Reply:
        """Do an errand, or say by a code why not. Nothing is done for a room whose log has raised an alarm."""
        try:
            for alarm in self._watch.alarms():
                raise Alarmed(alarm)
            return self._do(one.task, one.ticket)
        except StillroomError as error:
            return errand.Reply(refusal=error.code)

    def wipe_ended(self) -> tuple[str, ...]:
        """Delete what no contract lets anybody use any more, and tell the room what it may not have heard of; return which datasets.

        It fails as `stillroom.agent.expiry.wipe_ended`. A room that cannot be reached is told later.
        """
        wiped = wipe_ended(self._home, self._clock.now())
        if self._withdrawals is not None:
            with suppress(Failed):
                self._withdrawals.tell()
        return wiped

    def has_copies(self) -> bool:
        """Tell whether the home has keys of copies at the server."""
        return bool(copies(self._home.path))

    def see(self, contract: bytes) -> None:
        """Take note of the contract in force. It fails as `stillroom.adapters.home.in_force.contract_in_force`."""
        contract_in_force(self._home, contract)

    def drop_copies(self) -> tuple[str, ...]:
        """Delete keys of copies at the server; return of which datasets. It fails as `stillroom.agent.expiry.drop_copies`."""
        return drop_copies(self._home, self._clock.now())

    @singledispatchmethod
    def _do(self, task: object, ticket: str) -> errand.Reply:
        del task, ticket
        raise Refusal(Code.NOT_ALLOWED, "This agent does no such errand.", "Use the same version of Stillroom on both sides.")

    @_do.register
    def _hold(self, task: errand.Hold, ticket: str) -> errand.Reply:
        del ticket
        found = self._examined(task.grounds)
        if task.charge != found.compiled.charge or (self._home.party, task.population) not in accounts.accounts_of(found.compiled.plan):
            raise Refusal(Code.PRICE_INVALID, "The room asks for another charge, or from another account.", "Ask its operator.")
        held = self._vault.hold_of(self._membership.identity, task.reservation, task.population, task.charge, found.purpose)
        return errand.Reply(statements=(held.decode(),))

    @_do.register
    def _commit(self, task: errand.Commit, ticket: str) -> errand.Reply:
        del ticket
        self._booking(task.reservation, task.population)  # which refuses another room's
        self._vault.commit(task.reservation, task.population)
        return errand.Reply()

    @_do.register
    def _answer(self, task: errand.Answer, ticket: str) -> errand.Reply:
        del ticket
        self._booking(task.reservation, task.population)
        self._vault.answer(task.reservation, task.population, task.release)
        return errand.Reply()

    @_do.register
    def _lapse(self, task: errand.Lapse, ticket: str) -> errand.Reply:
        """Give up a hold. Once data were brought for it, it is committed here, and does not lapse."""
        del ticket
        self._booking(task.reservation, task.population)
        found = self._vault.lapse(task.reservation, task.population)
        return errand.Reply(statements=() if found is None else tuple(one.decode() for one in found))

    @_do.register
    def _bring(self, task: errand.Bring, ticket: str) -> errand.Reply:
        """Bring what a committed run reads of a dataset, and nothing else, once the charge is spent in the owner's own account."""
        found = self._examined(task.grounds)
        self._check_spent(task, found)
        if task.columns != data.columns_of(found.compiled.plan).get(task.dataset):
            raise Refusal(Code.COLUMN_USE_NOT_ALLOWED, "The room asks for other columns than the plan reads.", "Ask its operator.")
        if found.contract.datasets[task.dataset].owner != self._home.party:
            raise Refusal(Code.OWNER_ONLY, "The dataset belongs to another party.", "Ask the room's operator.")
        version = task.grounds.versions[task.dataset]
        table = self._table(found.contract, task.dataset, version)
        with self._folder() as folder:
            if self._may_keep(task, found.contract, version):
                kept = Version(self._membership.identity, task.dataset, version)
                secret = Copier(self._home, kept, table, partial(self._carrier.bring, ticket), self._entropy).bring(task, folder)
            else:
                secret = self._whole(task, ticket, version, table, folder)
        return errand.Reply(sealed=seal(secret, task.key, about(ticket, task.reservation, task.dataset, version)))

    def _may_keep(self, task: errand.Bring, contract: Contract, version: int) -> bool:
        """Tell whether the server may keep what it is brought, and would. What is attached is another table in each run."""
        if task.held is None or task.dataset not in contract.kept:
            return False
        return self._home.attachment(task.dataset, version) is None

    def _examined(self, grounds: errand.ShownGrounds) -> Examined:
        return examine(self._home, self._membership.identity, grounds, self._clock.now())

    def _check_spent(self, task: errand.Bring, found: Examined) -> None:
        """See that the commit is logged, and the charge spent in each account of the owner that the plan draws on, and not yet answered.

        Raises:
            Refusal: `RESERVATION_INVALID`.
            Unverified: The room shows no proof of that very commit, or of its log being the one that this party has seen.
        """
        entry, note = entry_in(task.proof.encode(), self._membership.name, self._membership.key)
        wanted = (task.reservation, found.plan_digest, found.compiled.charge, found.compiled.plan.contract)
        if not isinstance(entry, Commit) or (entry.reservation, entry.plan, entry.charge, entry.contract) != wanted:
            raise Unverified(Code.PROOF_INVALID, "The room shows a proof of something else than that commit.", "Ask its operator.")
        self._watch.check(note)
        mine = {population for owner, population in accounts.accounts_of(found.compiled.plan) if owner == self._home.party}
        for population in mine:
            booking = self._booking(task.reservation, population)
            if booking is None or booking.standing is not Standing.COMMITTED or booking.release is not None:
                raise Refusal(Code.RESERVATION_INVALID, "Nothing is spent for that run, or it is answered.", "Ask again.")
            if (booking.charge, booking.run) != (found.compiled.charge, found.purpose.run):
                raise Refusal(Code.RESERVATION_INVALID, "What is spent there is spent for another run.", "Ask again.")

    def _booking(self, reservation: str, population: str) -> Booking | None:
        return self._book.booking(self._membership.identity, reservation, population)

    def _table(self, contract: Contract, dataset: str, version: int) -> AdmittedTable:
        attachment = self._home.attachment(dataset, version)
        if attachment is None:
            return self._home.table(dataset, version)
        return read_attached(attachment, contract.datasets[dataset])

    def _whole(self, task: errand.Bring, ticket: str, version: int, table: AdmittedTable, folder: Path) -> bytes:
        """Encrypt a table under a key of its own, bring its files, and return what opens them."""
        secret = self._entropy.token(KEY_SIZE)
        write_table(folder, Path(task.dataset) / str(version), secret, _contents(table, task.columns))
        for name in FILES:
            if (folder / name).exists():
                self._carrier.bring(ticket, folder / name)
        return secret + table.salt

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """Make a folder for files that are to be brought, and leave nothing of them here."""
        folder = Path(mkdtemp(prefix=BRINGING, dir=self._home.path))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _contents(table: AdmittedTable, columns: tuple[str, ...]) -> Contents:
    """Return the columns of a table that are to be brought, and the identifiers by which persons are linked."""
    return Contents(table.rows(columns), table.persons(), table.salt)
