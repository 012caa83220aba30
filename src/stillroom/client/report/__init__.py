"""Documents for data protection officers, made from a signed contract and an exported log, and from nothing else.

They state figures. Legal conclusions are left to a person, in fields that say so. The same inputs give the same bytes.
"""

from __future__ import annotations

from stillroom.client.report.dpia import dpia
from stillroom.client.report.wp216 import wp216

__all__ = ["dpia", "wp216"]
