"""Sphinx settings: Markdown through MyST, the Furo theme, warnings are errors (see the Makefile)."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "Stillroom"
author = "The Stillroom authors"
copyright = "2026, The Stillroom authors"
release = version = installed_version("stillroom")

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

exclude_patterns = ["conftest.py"]
html_theme = "furo"
html_title = f"Stillroom {release}"
