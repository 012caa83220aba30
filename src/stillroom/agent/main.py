"""The agent's process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stillroom.agent.agent import Agent


def open_agent(path: Path, note: Callable[[str], None]) -> Agent:
    """Put together the agent of a party that has joined a server; what killed ones have left in its home is swept.

    Args:
        path: The party's home.
        note: Hears in words what happens, for the party's own eyes.

    Raises:
        InvalidInput: `HOME_INVALID` if there is no such home, it has joined no server, or others can read the key of its certificate.
        Failed: `STORE_FAILED`.
    """
    from stillroom import bootstrap
    from stillroom.adapters.clock import SystemClock
    from stillroom.adapters.entropy import SystemEntropy
    from stillroom.adapters.home import Home
    from stillroom.adapters.home.log_copy import LogCopy
    from stillroom.adapters.home.membership import membership_of
    from stillroom.adapters.home.presence import enter
    from stillroom.adapters.home.watch import Watch
    from stillroom.adapters.remote.sender import TICKET_SIZE
    from stillroom.adapters.vault import LocalVault
    from stillroom.agent.agent import Agent, ChannelCarrier
    from stillroom.agent.errands import Errands
    from stillroom.agent.holds import Holds
    from stillroom.agent.own_pause import OwnPause
    from stillroom.agent.withdrawals import Withdrawals
    from stillroom.agent.witness import Proofs, WitnessingAgent

    home = Home.open(path)
    membership = membership_of(path)
    certificate = bootstrap.client_certificate(home)
    if certificate is not None and certificate.news:
        note(certificate.news)
    book = bootstrap.accounts_of(home)
    channel = bootstrap.open_channel(home, membership)
    vault = LocalVault(book, home.signing_key)
    clock, entropy = SystemClock(), SystemEntropy()
    watch = Watch(path, membership.name, membership.key, Proofs(channel))
    errands = Errands(home, membership, vault, book, ChannelCarrier(channel), watch, clock, entropy, Withdrawals(home, channel))
    copy = LogCopy(path, membership.name, membership.key, watch)
    witness = WitnessingAgent(home, watch, channel, clock, copy)
    holds = Holds(home, vault, book, watch, channel, clock, copy)
    pause = OwnPause(home, channel, membership.identity, clock)
    agent = Agent(channel, errands, book, witness, note, lambda: entropy.token(TICKET_SIZE).hex(), clock, holds, pause)
    enter(path, agent)
    return agent
