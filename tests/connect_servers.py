"""Servers that engines compute on: children of the tests on loopback, started when they are first asked for and stopped by their ids."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bench.environments import environment

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

REQUIREMENTS = Path(__file__).parent / "spark.txt"
WORKERS = "local-cluster[2,1,2048]"
SERVICE = "org.apache.spark.sql.connect.service.SparkConnectServer"
SPARK = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": "0",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "2",
    "spark.task.maxFailures": "1",
    "spark.ui.enabled": "false",
}

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
        environment = {**os.environ, "RUST_LOG": "error", "RUST_MIN_STACK": str(128 << 20)}
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

    @classmethod
    def spark(cls) -> Self:
        """Start Apache Spark, in an environment of its own: one process that plans, and two workers of one core and 2 GB each.

        A task that fails is not tried again, so that a worker's death is the question's.
        """
        home = next(environment(REQUIREMENTS).parents[1].glob("lib/python*/site-packages/pyspark"))
        settings = [word for name, value in SPARK.items() for word in ("--conf", f"{name}={value}")]
        process = subprocess.Popen(
            [home / "bin" / "spark-submit", "--master", WORKERS, *settings, "--class", SERVICE, "spark-internal"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"},
            start_new_session=True,
        )
        assert process.stderr is not None
        started = next(found for line in process.stderr if (found := re.search(r"Spark Connect server started at: \S*:(\d+)$", line)))
        threading.Thread(target=process.stderr.read, daemon=True).start()
        return cls(f"sc://127.0.0.1:{started[1]}", process)

    def stop(self) -> None:
        """End the child and what it started, and wait for it."""
        if self.process.poll() is None and os.getpgid(self.process.pid) == self.process.pid:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait(timeout=PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


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

    @cached_property
    def spark(self) -> str:
        """The URL of Apache Spark."""
        return self._started(Server.spark())

    def _started(self, server: Server) -> str:
        self._running.append(server)
        return server.remote
