"""One run of the demo, for every test that looks at it."""

from __future__ import annotations

import pytest

from scripts.refresh_docs import demo_output


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what the demo prints, 80 columns wide."""
    return demo_output(tmp_path_factory.mktemp("shown") / "demo")
