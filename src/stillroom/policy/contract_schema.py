"""The JSON Schema of contracts."""

from __future__ import annotations

from typing import Any

from stillroom.model.contract import Contract

IDENTIFIER = "https://stillroom.example/schemas/contract-v1.json"
"""The schema's name; nothing is fetched from there."""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `stillroom/contract/v1`."""
    schema = Contract.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": IDENTIFIER, **schema}
