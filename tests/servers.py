"""Servers that engines compute on: children of the tests on loopback, started when they are first asked for and stopped by their ids."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

SAIL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
from pysail.spark import SparkConnectServer
server = SparkConnectServer("127.0.0.1", 0)
server.start(background=True)
print(server.listening_address[1], flush=True)
sys.stdin.read()
server.stop()
"""
"""Serves until its input ends, which it does when whoever started it is gone; what takes too much memory fails by itself."""

PATIENCE = 60
"""How many seconds a server may take to stop."""


class Server:
    """A child process that serves Spark Connect.

    Attributes:
        remote: Its URL.
        process: The child.
    """

    def __init__(self, remote: str, process: subprocess.Popen[str]) -> None:
        """Take over a child that serves already."""
        self.remote, self.process = remote, process

    @classmethod
    def sail(cls) -> Self:
        """Start Sail: Spark Connect without a JVM."""
        environment = {**os.environ, "RUST_LOG": "error"}
        process = subprocess.Popen(
            [sys.executable, "-c", SAIL],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        assert process.stdout is not None
        return cls(f"sc://127.0.0.1:{int(process.stdout.readline())}", process)

    def stop(self) -> None:
        """End the child, and wait for it."""
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


class Servers:
    """Servers by name."""

    def __init__(self) -> None:
        """Start none."""
        self._running: list[Server] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all."""
        for server in self._running:
            server.stop()

    @cached_property
    def sail(self) -> str:
        """The URL of Sail."""
        return self._started(Server.sail())

    def _started(self, server: Server) -> str:
        self._running.append(server)
        return server.remote
