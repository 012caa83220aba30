"""A small contract and a shorthand to compile questions under it, for unit tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.model.codec import digest_of
from stillroom.model.contract import Contract
from stillroom.model.question import Question, Terms
from stillroom.query.compile import compile_question

if TYPE_CHECKING:
    from stillroom.model.price import Compiled
    from stillroom.model.question import Term

CONTRACT = Contract.model_validate_json("""
{
  "schema": "stillroom/contract/v1", "name": "example", "version": 1, "purpose": "tests", "jurisdiction": "none", "retention_days": 1,
  "expires": "2099-12-31", "ask": ["a"], "receive": ["a"], "approval": {"rule": "each-owner"},
  "caps": {
    "epsilon": 10, "delta": 1e-9, "release_epsilon": 5, "selection_delta": 1e-9, "release_selection_delta": 1e-11
  },
  "parties": [
    {"name": "a", "roles": ["owner", "analyst", "receiver"], "key": "ed25519:a"},
    {"name": "b", "roles": ["owner"], "key": "ed25519:b"}
  ],
  "datasets": {
    "members": {
      "kind": "private", "owner": "a", "person": {"column": "id"}, "rows_per_person": 1,
      "columns": {
        "age": {"type": "integer", "uses": ["group", "filter", "measure"], "bounds": [12, 90], "required": true},
        "gender": {"type": "text", "uses": ["group", "filter"], "values": ["F", "M"], "required": true},
        "region": {"type": "text", "uses": ["group", "filter"], "values": ["n", "s"]}
      }
    },
    "visits": {
      "kind": "private", "owner": "b", "person": {"column": "pid"}, "rows_per_person": 5,
      "columns": {
        "cost": {"type": "decimal", "step": 0.01, "uses": ["filter", "measure"], "bounds": [0, 100]},
        "ward": {"type": "text", "uses": ["group", "filter"], "values": ["x", "y", "z"], "required": true},
        "day": {"type": "date", "uses": ["filter"], "bounds": ["2020-01-01", "2025-12-31"]}
      }
    },
    "trips": {
      "kind": "private", "owner": "b", "person": {"column": "pid"}, "rows_per_person": 3,
      "columns": {
        "place": {"type": "text", "uses": ["group"], "max_length": 40},
        "driver": {"type": "text", "uses": ["group"], "max_length": 40},
        "mode": {"type": "text", "uses": ["group"], "values": ["bus", "rail"], "required": true},
        "fare": {"type": "decimal", "step": 0.01, "uses": ["measure"], "bounds": [0, 20]},
        "tapped": {"type": "timestamp", "uses": ["group", "filter", "measure"], "bounds": ["2024-01-01 00:00:00", "2024-03-31 23:59:59"]}
      }
    },
    "wards": {
      "kind": "public", "owner": "b", "digest": "sha256:0000000000000000000000000000000000000000000000000000000000000000",
      "key": ["ward"],
      "columns": {
        "ward": {"type": "text", "values": ["x", "y", "z"], "required": true},
        "beds": {"type": "integer", "bounds": [0, 20], "required": true}
      }
    }
  }
}
""")


def compiled(sql: str, **terms: Term) -> Compiled:
    """Compile a question under the small contract; for one ε unless told otherwise."""
    chosen = Terms.model_validate(terms or {"epsilon": 1.0})
    return compile_question(CONTRACT, Question(contract=digest_of(CONTRACT), sql=sql, terms=chosen, asked_by="a"))
