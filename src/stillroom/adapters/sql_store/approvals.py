"""Waiting questions and decisions in SQL (`stillroom.ports.Approvals`)."""

from __future__ import annotations

import sqlalchemy as sa

from stillroom.adapters.sql_store.room_tables import decisions, questions
from stillroom.adapters.sql_store.upsert import put, put_first

_QUESTION = sa.select(questions.c.envelope).where(questions.c.contract == sa.bindparam("under"), questions.c.plan == sa.bindparam("about"))
_QUESTIONS = sa.select(questions.c.envelope).where(questions.c.contract == sa.bindparam("under")).order_by(questions.c.position)
_PLANS = sa.select(questions.c.plan).where(questions.c.contract == sa.bindparam("under")).order_by(questions.c.position)
_DECIDED = sa.select(decisions.c.plan).where(decisions.c.contract == questions.c.contract, decisions.c.plan == questions.c.plan)
_UNDECIDED = _QUESTIONS.where(~_DECIDED.exists())
_DECISIONS = (
    sa.select(decisions.c.envelope)
    .where(decisions.c.contract == sa.bindparam("under"), decisions.c.plan == sa.bindparam("about"))
    .order_by(decisions.c.party)
)


class SqlApprovals:
    """Questions that wait for owners, and what owners said."""

    def __init__(self, connection: sa.Connection) -> None:
        """Use a connection that is inside a transaction."""
        self._connection = connection

    def ask(self, contract: str, plan: str, question: bytes) -> None:
        """Keep a signed question for the owners to look at; the first one for a plan stays."""
        put_first(self._connection, questions, {"contract": contract, "plan": plan, "envelope": question})

    def question(self, contract: str, plan: str) -> bytes | None:
        """Return the signed question that is kept for a plan."""
        return self._connection.execute(_QUESTION, {"under": contract, "about": plan}).scalar_one_or_none()

    def questions(self, contract: str) -> tuple[bytes, ...]:
        """Return all signed questions that are kept under a contract, in the order in which they came."""
        return tuple(self._connection.execute(_QUESTIONS, {"under": contract}).scalars())

    def plans(self, contract: str) -> tuple[str, ...]:
        """Return the names of the plans of these questions, in the same order."""
        return tuple(self._connection.execute(_PLANS, {"under": contract}).scalars())

    def undecided(self, contract: str) -> tuple[bytes, ...]:
        """Return those of these questions about whose plan nobody has decided yet."""
        return tuple(self._connection.execute(_UNDECIDED, {"under": contract}).scalars())

    def decide(self, contract: str, plan: str, party: str, envelope: bytes) -> None:
        """Keep a party's signed decision, in place of its decision before."""
        put(self._connection, decisions, contract=contract, plan=plan, party=party, envelope=envelope)

    def decisions(self, contract: str, plan: str) -> tuple[bytes, ...]:
        """Return the latest signed decision of each party about a plan, by party."""
        return tuple(self._connection.execute(_DECISIONS, {"under": contract, "about": plan}).scalars())
