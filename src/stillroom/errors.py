"""The one tree of errors, and the register of their stable codes.

Every error that Stillroom raises on purpose is a `StillroomError`: a stable `code`, a `reason` (what happened) and a `fix` (what to do).
No message carries a value from a data file, a row, a noise-free number, or anything that depends on one; names of datasets, columns and
parties, and the analyst's own words, may appear.
"""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class Code(StrEnum):
    """Stable codes. Each has a section in `docs/reference/refusals.md`."""

    # contract
    CONTRACT_INVALID = "CONTRACT_INVALID"
    CONTRACT_UNSIGNED = "CONTRACT_UNSIGNED"
    CONTRACT_EXPIRED = "CONTRACT_EXPIRED"
    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    CONTRACT_REPLACED = "CONTRACT_REPLACED"
    AMENDMENT_INVALID = "AMENDMENT_INVALID"
    # homes, keys, files
    HOME_INVALID = "HOME_INVALID"
    HOME_EXISTS = "HOME_EXISTS"
    ROOM_INVALID = "ROOM_INVALID"
    ROOM_EXISTS = "ROOM_EXISTS"
    KEY_INVALID = "KEY_INVALID"
    KEY_MISMATCH = "KEY_MISMATCH"
    # bytes and signatures
    JSON_INVALID = "JSON_INVALID"
    ENVELOPE_INVALID = "ENVELOPE_INVALID"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    SIGNATURE_MISSING = "SIGNATURE_MISSING"
    CHECKPOINT_INVALID = "CHECKPOINT_INVALID"
    CHECKPOINT_UNKNOWN = "CHECKPOINT_UNKNOWN"
    # data
    DATA_INVALID = "DATA_INVALID"
    DATA_UNKNOWN = "DATA_UNKNOWN"
    DATA_NOT_ADMITTED = "DATA_NOT_ADMITTED"
    DATA_WITHDRAWN = "DATA_WITHDRAWN"
    SOURCE_INVALID = "SOURCE_INVALID"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    # questions
    SQL_INVALID = "SQL_INVALID"
    SQL_TOO_LARGE = "SQL_TOO_LARGE"
    STATEMENT_NOT_ALLOWED = "STATEMENT_NOT_ALLOWED"
    CLAUSE_NOT_ALLOWED = "CLAUSE_NOT_ALLOWED"
    FUNCTION_NOT_ALLOWED = "FUNCTION_NOT_ALLOWED"
    EXPRESSION_NOT_ALLOWED = "EXPRESSION_NOT_ALLOWED"
    AGGREGATE_NOT_ALLOWED = "AGGREGATE_NOT_ALLOWED"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    NUMBER_TOO_LARGE = "NUMBER_TOO_LARGE"
    DATASET_UNKNOWN = "DATASET_UNKNOWN"
    COLUMN_UNKNOWN = "COLUMN_UNKNOWN"
    COLUMN_AMBIGUOUS = "COLUMN_AMBIGUOUS"
    COLUMN_USE_NOT_ALLOWED = "COLUMN_USE_NOT_ALLOWED"
    PERSON_NOT_RELEASED = "PERSON_NOT_RELEASED"
    PERSON_LOST = "PERSON_LOST"
    NOT_AGGREGATED = "NOT_AGGREGATED"
    NOT_GROUPED = "NOT_GROUPED"
    JOIN_NOT_ALLOWED = "JOIN_NOT_ALLOWED"
    JOIN_WITHOUT_PERSON = "JOIN_WITHOUT_PERSON"
    SUBQUERY_NOT_ALLOWED = "SUBQUERY_NOT_ALLOWED"
    KEY_WITHOUT_DOMAIN = "KEY_WITHOUT_DOMAIN"
    KEY_WITHOUT_VALUES = "KEY_WITHOUT_VALUES"
    TOO_MANY_CELLS = "TOO_MANY_CELLS"
    BOUND_MISSING = "BOUND_MISSING"
    BOUND_TOO_LARGE = "BOUND_TOO_LARGE"
    # price and budget
    PRICE_INVALID = "PRICE_INVALID"
    PRICE_NOT_REACHABLE = "PRICE_NOT_REACHABLE"
    RELEASE_CAP_EXCEEDED = "RELEASE_CAP_EXCEEDED"
    CONTRACT_CAP_EXCEEDED = "CONTRACT_CAP_EXCEEDED"
    ANALYST_CAP_EXCEEDED = "ANALYST_CAP_EXCEEDED"
    ACCOUNT_NOT_ENOUGH = "ACCOUNT_NOT_ENOUGH"
    HOLD_LAPSED = "HOLD_LAPSED"
    RESERVATION_INVALID = "RESERVATION_INVALID"
    CAP_LOWERED = "CAP_LOWERED"
    # requests and parties
    REQUEST_UNSIGNED = "REQUEST_UNSIGNED"
    REQUEST_INVALID = "REQUEST_INVALID"
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    LOGIN_INVALID = "LOGIN_INVALID"
    NOT_ALLOWED = "NOT_ALLOWED"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    SERVER_UNAVAILABLE = "SERVER_UNAVAILABLE"
    AGENT_UNAVAILABLE = "AGENT_UNAVAILABLE"
    TELEMETRY_OFF = "TELEMETRY_OFF"
    TELEMETRY_INVALID = "TELEMETRY_INVALID"
    ROOM_PAUSED = "ROOM_PAUSED"
    PAUSE_INVALID = "PAUSE_INVALID"
    # who may
    PARTY_UNKNOWN = "PARTY_UNKNOWN"
    ASK_NOT_ALLOWED = "ASK_NOT_ALLOWED"
    RECEIVE_NOT_ALLOWED = "RECEIVE_NOT_ALLOWED"
    OWNER_ONLY = "OWNER_ONLY"
    APPROVAL_MISSING = "APPROVAL_MISSING"
    APPROVAL_INVALID = "APPROVAL_INVALID"
    APPROVAL_REJECTED = "APPROVAL_REJECTED"
    PROTECTION_NOT_ALLOWED = "PROTECTION_NOT_ALLOWED"
    # runs and releases
    ENGINE_LACKS = "ENGINE_LACKS"
    RUN_FAILED = "RUN_FAILED"
    STORE_FAILED = "STORE_FAILED"
    RUN_UNKNOWN = "RUN_UNKNOWN"
    RUN_CANCELLED = "RUN_CANCELLED"
    ROUND_INVALID = "ROUND_INVALID"
    ROUND_ABORTED = "ROUND_ABORTED"
    RELEASE_UNKNOWN = "RELEASE_UNKNOWN"
    RELEASE_INVALID = "RELEASE_INVALID"
    LOG_INVALID = "LOG_INVALID"
    PROOF_INVALID = "PROOF_INVALID"
    TILE_INVALID = "TILE_INVALID"
    TILE_UNKNOWN = "TILE_UNKNOWN"
    LOG_UNKNOWN = "LOG_UNKNOWN"
    LOG_ROLLED_BACK = "LOG_ROLLED_BACK"
    LOG_FORKED = "LOG_FORKED"
    LOG_REWRITTEN = "LOG_REWRITTEN"
    ALARM_INVALID = "ALARM_INVALID"
    # audit
    TABLES_INVALID = "TABLES_INVALID"
    # operation
    CONFIGURATION_INVALID = "CONFIGURATION_INVALID"
    BACKUP_INVALID = "BACKUP_INVALID"
    PASSPHRASE_INVALID = "PASSPHRASE_INVALID"  # noqa: S105 - a code
    ROOM_INCONSISTENT = "ROOM_INCONSISTENT"
    # command line
    USAGE = "USAGE"
    FILE_INVALID = "FILE_INVALID"


class StillroomError(Exception):
    """Anything Stillroom refuses or fails at, on purpose.

    Attributes:
        code: The stable code.
        reason: What happened, in one or two sentences.
        fix: What to do about it.
    """

    exit_code = 1

    def __init__(self, code: Code, reason: str, fix: str) -> None:
        """Keep the three parts apart, so that faces may set them as they like."""
        super().__init__(f"{code}: {reason} {fix}")
        self.code = code
        self.reason = reason
        self.fix = fix


class InvalidInput(StillroomError):
    """Something handed in is malformed: a contract, a data file, an argument. Nothing was changed."""

    exit_code = 2


class Refusal(StillroomError):
    """The rules say no. Depends on contract, question and accounts only, never on data."""

    exit_code = 3


class Unverified(StillroomError):
    """A signature, digest, proof or log does not hold."""

    exit_code = 4


class Failed(StillroomError):
    """A run or a store failed. What was committed stays charged; asking again resumes it."""

    exit_code = 5
