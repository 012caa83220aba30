"""The contract: who shares what, who may ask, and how much may ever be revealed."""

from __future__ import annotations

import operator
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from stillroom.model.expression import SmallInt
from stillroom.model.schema import Column
from stillroom.model.value import Value

NAME = r"^[a-z][a-z0-9_]{0,62}$"
"""What a name looks like."""

Name = Annotated[str, Field(pattern=NAME)]
"""Names of parties, datasets and columns: lower-case, so that SQL's folding of names cannot confuse two."""

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]

PARTIES_LIMIT = 1_000
"""The most parties of a contract."""

TEMPLATES_LIMIT = 100
"""The most templates of a contract: whoever reads it compiles each of them."""


class Role(StrEnum):
    """What a party is in a room."""

    OWNER = "owner"
    ANALYST = "analyst"
    RECEIVER = "receiver"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class Party(Value):
    """An organisation and the public key it signs with (`ed25519:…`)."""

    name: Name
    roles: tuple[Role, ...] = Field(max_length=len(Role))
    key: str


class CanonicalRule(StrEnum):
    """Steps that make two spellings of one identifier equal; applied in the order given, until they change nothing."""

    TRIM = "trim"
    """Remove white space at both ends."""
    NFKC = "nfkc"
    """Unicode compatibility composition."""
    CASEFOLD = "casefold"
    """Lower case, by Unicode's full case folding."""
    ALPHANUMERIC = "alphanumeric"
    """Keep letters and digits only."""
    STRIP_ZEROS = "strip_zeros"
    """Remove leading zeros."""


class Person(Value):
    """How a dataset names the person to whom a row belongs.

    Attributes:
        column: The column with the identifier.
        canonical: Rules applied to each identifier.
        placeholders: Canonical spellings that count as NULL; the empty text always does.
    """

    column: Name
    canonical: tuple[CanonicalRule, ...] = (CanonicalRule.TRIM,)
    placeholders: tuple[str, ...] = ()


class Keep(StrEnum):
    """Where the rows of a private dataset may lie between runs."""

    WITH_OWNER = "with_owner"
    """With their owner alone, who has what a run reads brought for that run."""
    AT_SERVER = "at_server"
    """At the room's server too, what a run has read: encrypted, under keys that the owner's agent has and hands to one run at a time."""


class PrivateDataset(Value):
    """Data about people.

    Attributes:
        kind: Always `private`.
        owner: The party that owns it.
        person: Whose row a row is.
        rows_per_person: The most rows of one person that are kept.
        columns: All other columns that a question may come to use.
        keep: Where its rows may lie between runs. Left out of the encoding where they stay with their owner.
        population: The owner's account that questions over this dataset are charged to.
        description: For people.
    """

    kind: Literal["private"] = "private"
    owner: Name
    person: Person
    rows_per_person: int = Field(ge=1, le=1_000_000)
    columns: dict[Name, Column]
    keep: Keep = Field(default=Keep.WITH_OWNER, exclude_if=lambda keep: keep is Keep.WITH_OWNER)
    population: Name = "people"
    description: str = ""


class PublicDataset(Value):
    """A table about no person, fixed by its digest, which every party can see.

    Attributes:
        kind: Always `public`.
        owner: The party that supplies it.
        digest: SHA-256 of the file's bytes.
        key: Columns that a join must equate, all of them.
        rows_per_key: The most rows that share one key; a file with more is refused.
        columns: All columns, the key's too.
        description: For people.
    """

    kind: Literal["public"]
    owner: Name
    digest: Digest
    key: tuple[Name, ...] = Field(min_length=1)
    rows_per_key: int = Field(default=1, ge=1, le=10_000)
    columns: dict[Name, Column]
    description: str = ""


Dataset: TypeAlias = PrivateDataset | PublicDataset


class Caps(Value):
    """The most that may be revealed under the contract.

    Attributes:
        epsilon: Cap of ε for everything released under this contract, at `delta`.
        delta: The δ of every (ε, δ) statement under this contract; a constant that never comes from a row count.
        release_epsilon: Cap of ε for one release, at `delta`.
        selection_delta: Further δ, for all selection of keys without a declared domain under this contract; 0 allows none.
        release_selection_delta: The part of it that each release with such keys costs.
    """

    epsilon: float = Field(gt=0, le=100)
    delta: float = Field(gt=0, le=1e-3)
    release_epsilon: float = Field(gt=0, le=100)
    selection_delta: float = Field(default=0.0, ge=0, le=1e-3)
    release_selection_delta: float = Field(default=0.0, ge=0, le=1e-3)


class AutomaticApproval(Value):
    """Owners approve, by signing the contract, every question within these caps.

    Attributes:
        rule: Always `automatic`.
        release_epsilon: Cap of ε for one automatic release.
        analyst_epsilon: Cap of ε for all automatic releases to one analyst.
        analyst_selection_delta: Cap of the further δ for selecting keys, for all automatic releases to one analyst; the contract's own cap
            if left out. Left out of the encoding then.
    """

    rule: Literal["automatic"]
    release_epsilon: float = Field(gt=0, le=100)
    analyst_epsilon: float = Field(gt=0, le=100)
    analyst_selection_delta: Annotated[float, Field(ge=0, le=1e-3)] | None = Field(default=None, exclude_if=lambda cap: cap is None)


Constant: TypeAlias = bool | SmallInt | float | Annotated[str, Field(max_length=1_000)]
"""A value of a parameter."""


class Domain(Value):
    """What a parameter of a template may be: exactly one of the two is given.

    Attributes:
        values: One of these, of the same type.
        bounds: A number from the first to the second.
    """

    values: Annotated[tuple[Constant, ...], Field(min_length=1, max_length=10_000)] | None = Field(
        default=None, exclude_if=lambda values: values is None
    )
    bounds: tuple[SmallInt | float, SmallInt | float] | None = Field(default=None, exclude_if=lambda bounds: bounds is None)


class Template(Value):
    """A question that owners approve beforehand, by signing the contract: its text, word for word, with parameters within their domains.

    Attributes:
        name: Its name.
        sql: The text, in DuckDB's dialect, with `:name` where a parameter stands.
        parameters: What each parameter may be.
        ask: Parties that it is for; all that may ask, if left out.
        roles: Roles that it is for: of those parties, it is for the ones that have one of these; all of them, if left out.
        release_epsilon: Cap of ε for one release.
        analyst_epsilon: Cap of ε for all releases of this template to one analyst.
    """

    name: Name
    sql: Annotated[str, Field(min_length=1, max_length=100_000)]
    parameters: dict[Name, Domain] = Field(default_factory=dict, exclude_if=operator.not_)
    ask: tuple[Name, ...] = Field(default=(), max_length=PARTIES_LIMIT, exclude_if=operator.not_)
    roles: tuple[Role, ...] = Field(default=(), max_length=len(Role), exclude_if=operator.not_)
    release_epsilon: float = Field(gt=0, le=100)
    analyst_epsilon: float = Field(gt=0, le=100)


class TemplateApproval(Value):
    """Owners approve questions of some forms beforehand; every other one, each owner whose data it reads approves by a signature."""

    rule: Literal["templates"]
    templates: Annotated[tuple[Template, ...], Field(min_length=1, max_length=TEMPLATES_LIMIT)]


class EachOwnerApproval(Value):
    """Every owner of a private dataset that a plan reads approves that plan by a signature."""

    rule: Literal["each-owner"]


class Limits(Value):
    """Worst cases beyond which a plan is refused from the contract alone.

    Attributes:
        groups_per_person: The most groups that one person may influence; people in more keep that many.
        cells: The most cells of a table.
        rows_per_person: The most linked rows of one person.
    """

    groups_per_person: int = Field(default=100, ge=1, le=1_000_000)
    cells: int = Field(default=100_000, ge=1, le=1_000_000)
    rows_per_person: int = Field(default=1_000_000, ge=1)


class Contract(Value):
    """What the parties agree on. Its digest names it everywhere.

    Attributes:
        format: The version of this format.
        name: The contract's name; amendments keep it.
        version: 1, then one more with each amendment.
        amends: Digest of the version that this one replaces.
        parties: Everyone who signs.
        purpose: What the data may be used for.
        jurisdiction: Whose law applies.
        retention_days: How long releases are kept.
        expires: Last day (UTC) on which questions are answered, ISO 8601.
        quantum_seconds: Answers appear at whole multiples of this, and times in the log are rounded to it.
        datasets: What is shared.
        identifiers_per_person: How many identifiers one person may have over all datasets.
        ask: Parties that may ask.
        receive: Parties that may receive releases.
        protections: How exact cells may be protected while they exist.
        approval: Who says yes to a question.
        caps: The most that may be revealed.
        limits: Worst cases per question.
    """

    format: Literal["stillroom/contract/v1"] = Field(alias="schema")
    name: Name
    version: int = Field(ge=1)
    amends: Digest | None = None
    parties: tuple[Party, ...] = Field(min_length=1, max_length=PARTIES_LIMIT)
    purpose: str = Field(min_length=1)
    jurisdiction: str = Field(min_length=1)
    retention_days: int = Field(ge=1)
    expires: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    quantum_seconds: float = Field(default=1.0, ge=0.001, le=3600)
    datasets: dict[Name, Annotated[PrivateDataset | PublicDataset, Field(discriminator="kind")]]
    identifiers_per_person: int = Field(default=1, ge=1, le=100)
    ask: tuple[Name, ...] = Field(max_length=PARTIES_LIMIT)
    receive: tuple[Name, ...] = Field(max_length=PARTIES_LIMIT)
    protections: tuple[Literal["server"], ...] = ("server",)
    approval: Annotated[AutomaticApproval | EachOwnerApproval | TemplateApproval, Field(discriminator="rule")]
    caps: Caps
    limits: Limits = Limits()

    @property
    def owners(self) -> tuple[str, ...]:
        """Who owns a dataset, sorted."""
        return tuple(sorted({dataset.owner for dataset in self.datasets.values()}))

    @property
    def kept(self) -> tuple[str, ...]:
        """The datasets of which a server may keep something between runs, sorted."""
        private = ((name, one) for name, one in self.datasets.items() if isinstance(one, PrivateDataset))
        return tuple(sorted(name for name, one in private if one.keep is Keep.AT_SERVER))

    def party(self, name: str) -> Party | None:
        """Return the party of that name, if there is one."""
        return next((party for party in self.parties if party.name == name), None)
