"""A server that starts: whoever asks meanwhile finds nobody, or is answered."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from stillroom import bootstrap
from stillroom.adapters.clock import SystemClock
from stillroom.adapters.entropy import SystemEntropy
from stillroom.adapters.home import Home
from stillroom.adapters.http.channel import Channel
from stillroom.errors import Code, StillroomError
from tests.servers import free_port

if TYPE_CHECKING:
    from pathlib import Path

ANSWERED = "answered"


def test_what_is_signed_and_sent_while_a_server_starts_is_answered_or_finds_nobody(folder: Path) -> None:
    """A server takes nothing that was signed before it began, and so keeps nobody waiting who has."""
    port, heard, ready = free_port(), [], threading.Event()
    room, insurer = bootstrap.room_key(folder / "room").public.text, Home.open(folder / "insurer").signing_key
    channel = Channel(f"http://127.0.0.1:{port}", insurer, room, SystemClock(), SystemEntropy())

    def ask() -> None:
        last = False
        while not last:
            last = ready.is_set()
            try:
                channel.get("/v1/balance")
                heard.append(ANSWERED)
            except StillroomError as error:
                heard.append(error.code)

    asking = threading.Thread(target=ask)
    command = [sys.executable, "-m", "stillroom.cli", "serve", str(folder / "room"), "--port", str(port), "--no-tls"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        asking.start()
        server.stdout.readline()
        ready.set()
        asking.join(60)
        server.terminate()
    assert heard[-1] == ANSWERED
    assert set(heard) == {Code.SERVER_UNAVAILABLE, ANSWERED}
