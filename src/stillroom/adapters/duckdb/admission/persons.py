"""Who the rows of a file belong to, and which rows of a person are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.adapters.duckdb.admission.cells import define_identifier
from stillroom.admission.rows import ROW_HASH

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from stillroom.model.contract import PrivateDataset

_SPELLINGS = """
    CREATE TABLE spellings AS
    SELECT *, canonical_of(raw) AS canonical FROM (
      SELECT person AS raw, count(*) AS found, count(*) FILTER (WHERE admissible) AS admissible FROM cells GROUP BY person
    )
"""

_TOLD_APART = "SELECT count(DISTINCT hash(raw)) = count(*) FROM spellings"

_CODES = """
    CREATE TABLE codes AS
    SELECT
      key,
      canonical,
      (dense_rank() OVER persons - 1)::INTEGER AS code,
      lag(canonical) OVER persons IS DISTINCT FROM canonical AS leads,
      (sum(admissible) OVER (persons RANGE BETWEEN CURRENT ROW AND CURRENT ROW))::BIGINT AS rows
    FROM (SELECT key_of(raw) AS key, canonical, admissible FROM spellings)
    WHERE canonical IS NOT NULL AND admissible > 0
    WINDOW persons AS (ORDER BY canonical)
"""

_COUNTS = """
    SELECT
      sum(found),
      sum(found) FILTER (WHERE canonical IS NULL),
      sum(found - admissible) FILTER (WHERE canonical IS NOT NULL),
      (SELECT sum(greatest(rows - $limit, 0)) FROM codes WHERE leads)
    FROM spellings
"""

_CODED = """
    CREATE VIEW coded AS
    SELECT cells.* EXCLUDE (person), codes.code AS person, codes.canonical, codes.rows
    FROM cells JOIN codes ON key_of(cells.person) = codes.key
    WHERE admissible
"""

_KEPT = """
    CREATE TABLE kept AS
    SELECT * EXCLUDE (occurrence) FROM (
      SELECT *, row_number() OVER (PARTITION BY person, fields ORDER BY marks) AS occurrence FROM coded WHERE rows > $limit
    )
    QUALIFY row_number() OVER (PARTITION BY person ORDER BY sha256($prefix || field(canonical) || fields || field(occurrence))) <= $limit
"""

_CHOSEN = "SELECT * FROM coded WHERE rows <= $limit UNION ALL BY NAME SELECT * FROM kept"

_PERSONS = "SELECT canonical FROM codes WHERE leads ORDER BY code"


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a file, by what becomes of them.

    Attributes:
        rows_read: All rows.
        without_person: Rows that name nobody.
        without_required: Other rows without a value in a required column.
        beyond_limit: Other rows beyond their person's limit.
    """

    rows_read: int
    without_person: int
    without_required: int
    beyond_limit: int


def number_persons(connection: DuckDBPyConnection, dataset: PrivateDataset) -> Counts:
    """Make the table `codes`: for each spelling in the file its canonical identifier, its person's dense code and number of rows.

    Each spelling is looked at once. Codes ascend with the identifiers, by code point; one spelling of each person leads.

    Spellings are found again by their hashes, which is faster than by their texts and comes to the same if no two in the file have one
    hash. That is looked at each time: the hash is public, and whoever chooses an identifier can give it the hash of another.
    """
    define_identifier(connection, dataset.person)
    connection.execute(_SPELLINGS)
    (told_apart,) = connection.execute(_TOLD_APART).fetchall()[0]
    connection.execute(f"CREATE MACRO key_of(text) AS {'hash(text)' if told_apart else 'text'}")
    connection.execute(_CODES)
    counts = connection.execute(_COUNTS, {"limit": dataset.rows_per_person}).fetchall()
    return Counts(*(int(count or 0) for count in counts[0]))


def identifiers(connection: DuckDBPyConnection) -> pa.Array:
    """Return the canonical identifiers, by code."""
    return connection.sql(_PERSONS).to_arrow_table().column(0).combine_chunks()


def choose_rows(connection: DuckDBPyConnection, limit: int, salt: bytes, *, some_beyond: bool) -> str:
    """Make the view of all rows that are kept, with their person's code as `person`, and return its name.

    Where some person has more rows than the limit, such persons keep the rows with the smallest `admission.rows.rank`.
    """
    connection.execute(_CODED)
    if not some_beyond:
        return "coded"
    connection.execute(_KEPT, {"limit": limit, "prefix": ROW_HASH + salt.hex()})
    connection.execute(f"CREATE VIEW chosen AS {_CHOSEN.replace('$limit', str(limit))}")
    return "chosen"
