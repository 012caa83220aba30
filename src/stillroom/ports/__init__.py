"""What the core asks of the world: small protocols, each with a real fake in the tests."""

from __future__ import annotations

from stillroom.ports.measuring import AdmittedTable, Engine, Noise, Protection, Tables
from stillroom.ports.records import Approvals, Balances, Contracts, Counters, Jobs, LogBook, Parties, Records, Runs, Store, Versions
from stillroom.ports.surroundings import Clock, Entropy, Progress, Vault

__all__ = [
    "AdmittedTable",
    "Approvals",
    "Balances",
    "Clock",
    "Contracts",
    "Counters",
    "Engine",
    "Entropy",
    "Jobs",
    "LogBook",
    "Noise",
    "Parties",
    "Progress",
    "Protection",
    "Records",
    "Runs",
    "Store",
    "Tables",
    "Vault",
    "Versions",
]
