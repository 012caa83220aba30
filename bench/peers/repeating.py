"""PipelineDP's local backend, which bounds what persons contribute once, and adds noise to it several times."""

from __future__ import annotations

from typing import Any

import pipeline_dp


class Repeating(pipeline_dp.LocalBackend):  # type: ignore[misc]  # no types are shipped
    """Adds noise to the same bounded numbers some times: a release each. Which rows of a person are kept is the same in all of them."""

    def __init__(self, times: int) -> None:
        """Say how many releases there are."""
        super().__init__()
        self._times = times

    def map_values(self, col: Any, fn: Any, stage_name: str | None = None) -> Any:  # noqa: ANN401  as the backend has it
        """Map values; where noise is added, to a list."""
        many = (lambda value: [fn(value) for _ in range(self._times)]) if stage_name == "Compute DP metrics" else fn
        return super().map_values(col, many, stage_name)
