"""Errands: what a room asks of an owner's agent, and what the agent answers.

A room that runs beside its owners' homes calls their accounts and tables itself. A room elsewhere sends errands, which each agent fetches,
looks at, and does or refuses. Envelopes are carried as the text that they are.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from stillroom.errors import Code
from stillroom.model.charge import Charge
from stillroom.model.contract import Digest, Name
from stillroom.model.value import Value

Text = Annotated[str, Field(max_length=4_000_000)]
"""A signed envelope, or an extract of the log."""

Ticket = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""What an errand is known by."""

Reservation = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""What a run is known by, as accounts and the log spell it (`stillroom.ledger.account`): nothing else can be signed about."""


Piece = Annotated[str, Field(pattern=r"^(persons|row\.[a-z][a-z0-9_]{0,62})$")]
"""A part of a table that is encrypted on its own: the identifiers of its persons, or one column of its rows."""

RAISES_LIMIT = 1_000
"""So many caps of one account are told to a room; an account that got more is said to have got so many."""

ACCOUNTS_LIMIT = 100
"""Of so many accounts a room is told how often they got a cap: of those whose populations come first in the alphabet."""

ERRANDS_LIMIT = 10_000
"""So many errands are handed out at a time."""


class ShownGrounds(Value):
    """Grounds (`stillroom.model.grounds.Grounds`) as they travel."""

    contract: Text
    question: Text
    decisions: tuple[Text, ...] = Field(max_length=100)
    versions: dict[Name, int]


class Hold(Value):
    """Hold a charge, if the grounds bear it out."""

    kind: Literal["hold"] = "hold"
    reservation: Reservation
    population: Name
    charge: Charge
    grounds: ShownGrounds


class Commit(Value):
    """Spend a hold, for good."""

    kind: Literal["commit"] = "commit"
    reservation: Reservation
    population: Name


class Answer(Value):
    """Take note of the release that answers a commit."""

    kind: Literal["answer"] = "answer"
    reservation: Reservation
    population: Name
    release: Digest


class Lapse(Value):
    """Give up a hold for which nothing was measured."""

    kind: Literal["lapse"] = "lapse"
    reservation: Reservation
    population: Name


class Bring(Value):
    """Bring the columns of a dataset that a committed run reads, sealed to the key of that run.

    Attributes:
        kind: Always `bring`.
        reservation: The run.
        dataset: The dataset.
        columns: The columns.
        held: The pieces of them that the server keeps (`stillroom.adapters.remote.pieces`), where it may keep any. What it has not is
            brought in pieces then, and it may keep them too.
        key: The public key that the run has made for this, X25519, in base64.
        proof: The commit's entry in the log with its proof, under a checkpoint that the room has signed (`stillroom/proof/v1`).
        grounds: What the charge was held for.
    """

    kind: Literal["bring"] = "bring"
    reservation: Reservation
    dataset: Name
    columns: tuple[Name, ...]
    held: tuple[Piece, ...] | None = Field(default=None, exclude_if=lambda held: held is None)
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]
    proof: Text
    grounds: ShownGrounds


Task: TypeAlias = Annotated[Hold | Commit | Answer | Lapse | Bring, Field(discriminator="kind")]


class Errand(Value):
    """A task for one party's agent, signed by the room.

    Attributes:
        format: The version of this format.
        ticket: What it is known by.
        room: The room's identity.
        party: Whose agent is to do it.
        task: What to do.
    """

    format: Literal["stillroom/errand/v1"] = Field(default="stillroom/errand/v1", alias="schema")
    ticket: Ticket
    room: str
    party: Name
    task: Task


class Reply(Value):
    """What an agent answers: what it has signed, or why not. A refusal is a code, with no words of the agent's.

    Attributes:
        refusal: Why not; nothing if it was done.
        statements: Signed envelopes: of a hold; or of a hold and its lapse.
        sealed: Of what was brought, the key of the files and the dataset's salt, sealed to the run's key, in base64; of what is brought in
            pieces, the salt, and each piece's key and digest.
    """

    refusal: Code | None = None
    statements: tuple[Text, ...] = Field(default=(), max_length=2)
    sealed: Annotated[str, Field(max_length=1_000_000)] | None = None


class Fetch(Value):
    """An agent's wish for errands.

    Attributes:
        session: What tells one start of the agent from another. A new one gets all errands again that are not answered: the process before
            may have died with them. All of them may be done twice.
        raises: How often each of its accounts got a cap, by population. The room logs each further one.
        seconds: How long it will wait for the first errand.
    """

    session: Ticket
    raises: dict[Name, Annotated[int, Field(ge=0, le=RAISES_LIMIT)]] = Field(max_length=ACCOUNTS_LIMIT)
    seconds: Annotated[float, Field(ge=0, le=30)]


class Fetched(Value):
    """Errands for an agent, signed."""

    errands: tuple[str, ...] = Field(max_length=ERRANDS_LIMIT)
