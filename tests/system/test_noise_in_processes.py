"""Many draws, shared among processes: independent, and none where a process was killed."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from time import sleep

import pytest

from stillroom.adapters.noise_process import NoiseProcess, Request
from stillroom.adapters.opendp_noise import LEAST_SHARE, OpendpNoise, _cores
from stillroom.errors import Code, Failed
from stillroom.model.mechanism import Guarantee, Mechanism, NoiseKind
from tests.noises import ADDED

UNBOUNDED = Guarantee(sensitivity=0, rho=0)
MANY = 2 * LEAST_SHARE
CHILDREN = Path(f"/proc/self/task/{threading.main_thread().native_id}/children")


def children() -> set[int]:
    """Return the processes that this thread has started and that have not ended."""
    return set(map(int, CHILDREN.read_text(encoding="ascii").split()))


@pytest.mark.parametrize("noise", ADDED)
def test_no_draw_of_one_process_comes_again_from_another(noise: NoiseKind) -> None:
    """Two of 10¹⁰ pairs of draws of scale 2**52 are equal with probability below 1e10 / (2**52 · 3) < 1e-6."""
    drawn = OpendpNoise().draw(Mechanism(noise=noise, scale=2.0**52), MANY, UNBOUNDED)
    assert len(drawn) == MANY
    assert {type(draw) for draw in drawn} == {int}
    assert set(drawn[:LEAST_SHARE]).isdisjoint(drawn[LEAST_SHARE:])


def test_two_processes_at_the_same_time_draw_apart() -> None:
    """As above, with processes that begin together, whatever the number of cores: a clock or a number of a process is no seed."""
    request = Request(mechanism=Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=2.0**52), count=5000, guarantee=UNBOUNDED)
    with NoiseProcess(request) as one, NoiseProcess(request) as other:
        first, second = one.draws(), other.draws()
    assert len({*first, *second}) == 10_000


@pytest.mark.skipif(_cores() < 2 or not CHILDREN.exists(), reason="needs two cores, and a list of the processes that were started")
def test_when_a_process_is_killed_nothing_is_drawn() -> None:
    before, killed = children(), set[int]()

    def kill() -> None:
        """Kill the first process that is started."""
        for _ in range(1000):
            killed.update(children() - before)
            if killed:
                os.kill(min(killed), signal.SIGKILL)
                return
            sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(Failed) as failed:
        OpendpNoise().draw(Mechanism(noise=NoiseKind.DISCRETE_LAPLACE, scale=4.0), MANY, UNBOUNDED)
    killer.join()
    assert killed
    assert failed.value.code is Code.RUN_FAILED
    assert children() & killed == set()
