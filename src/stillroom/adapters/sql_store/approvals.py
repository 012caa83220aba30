"""Waiting questions and decisions in SQL (`stillroom.ports.Approvals`)."""

from __future__ import annotations

import sqlalchemy as sa

from stillroom.adapters.sql_store.room_tables import decisions, questions
from stillroom.adapters.sql_store.upsert import put, put_first


class SqlApprovals:
    """Questions that wait for owners, and what owners said."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def ask(self, contract: str, plan: str, question: bytes) -> None:
        """Keep a signed question for the owners to look at; the first one for a plan stays."""
        put_first(self._connection, questions, contract=contract, plan=plan, envelope=question)

    def question(self, contract: str, plan: str) -> bytes | None:
        """Return the signed question that is kept for a plan."""
        mine = sa.and_(questions.c.contract == contract, questions.c.plan == plan)
        return self._connection.execute(sa.select(questions.c.envelope).where(mine)).scalar_one_or_none()

    def questions(self, contract: str) -> tuple[bytes, ...]:
        """Return all signed questions that are kept under a contract, in the order in which they came."""
        mine = sa.select(questions.c.envelope).where(questions.c.contract == contract).order_by(questions.c.position)
        return tuple(self._connection.execute(mine).scalars())

    def decide(self, contract: str, plan: str, party: str, envelope: bytes) -> None:
        """Keep a party's signed decision, in place of its decision before."""
        put(self._connection, decisions, contract=contract, plan=plan, party=party, envelope=envelope)

    def decisions(self, contract: str, plan: str) -> tuple[bytes, ...]:
        """Return the latest signed decision of each party about a plan, by party."""
        mine = sa.and_(decisions.c.contract == contract, decisions.c.plan == plan)
        return tuple(self._connection.execute(sa.select(decisions.c.envelope).where(mine).order_by(decisions.c.party)).scalars())
