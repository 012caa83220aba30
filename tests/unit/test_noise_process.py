"""Noise from processes of their own: how draws are shared, and that no answer but a whole one is taken."""

from __future__ import annotations

import os
import signal
import sys
from array import array
from io import BytesIO

import pytest

from stillroom.adapters.noise_process import NoiseProcess, Request
from stillroom.adapters.noise_worker import answer
from stillroom.adapters.opendp_noise import LEAST_SHARE, MOST_PROCESSES, _shares
from stillroom.errors import Code, Failed
from stillroom.model.mechanism import LARGEST_SCALE, SMALLEST_SCALE, Guarantee, Mechanism, NoiseKind

MECHANISM = Mechanism(noise=NoiseKind.DISCRETE_LAPLACE, scale=4.0)
WITHIN = Guarantee(sensitivity=2, rho=10**12 // 8)
REQUEST = Request(mechanism=MECHANISM, count=3, guarantee=WITHIN)


def program(text: str) -> tuple[str, ...]:
    """Return the command of a program that stands in for the one that draws."""
    return (sys.executable, "-c", f"import os, sys; from array import array; out = sys.stdout.buffer\n{text}")


def draws(command: tuple[str, ...]) -> list[int]:
    """Return what a process draws."""
    with NoiseProcess(REQUEST, command) as process:
        return list(process.draws())


@pytest.mark.parametrize("cores", [1, 2, 3, 64])
@pytest.mark.parametrize("count", [0, 1, LEAST_SHARE, 2 * LEAST_SHARE - 1, 2 * LEAST_SHARE, 10 * LEAST_SHARE + 7])
def test_draws_are_shared_out_evenly_and_all_of_them(count: int, cores: int) -> None:
    shares = _shares(count, cores)
    assert sum(shares) == count
    assert max(shares) - min(shares) <= 1
    assert len(shares) <= min(cores, MOST_PROCESSES)
    assert len(shares) == 1 or min(shares) >= LEAST_SHARE


def test_many_draws_are_shared_among_all_cores() -> None:
    assert [len(_shares(10**6, cores)) for cores in (1, 2, 3, 4, 5)] == [1, 2, 3, 4, MOST_PROCESSES]


def test_the_worker_answers_with_whole_numbers_of_the_mechanism() -> None:
    """Three draws of a scale of 2**40 are all nearer to 0 than 1000 with probability below 1e-25."""
    wide = Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=2.0**40)
    with NoiseProcess(Request(mechanism=wide, count=3, guarantee=Guarantee(sensitivity=0, rho=0))) as process:
        drawn = process.draws()
    assert len(drawn) == 3
    assert max(map(abs, drawn)) > 1000


def test_no_draws_are_an_answer_too() -> None:
    with NoiseProcess(Request(mechanism=MECHANISM, count=0, guarantee=WITHIN)) as process:
        assert list(process.draws()) == []


@pytest.mark.parametrize("scale", [SMALLEST_SCALE, 0.1, 1 / 3, 1e6 / 7, 2.0**52 - 0.5, LARGEST_SCALE])
def test_a_request_arrives_as_it_was_sent(scale: float) -> None:
    mechanism = Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=scale)
    request = Request(mechanism=mechanism, count=2, guarantee=Guarantee(sensitivity=10**40 + 1, rho=2**53 - 1))
    assert Request.model_validate_json(request.model_dump_json()) == request


def test_the_worker_asks_the_sampler_again() -> None:
    answered = BytesIO()
    answer(BytesIO(REQUEST.model_dump_json().encode()), answered)
    assert len(array("q", answered.getvalue())) == 3
    beyond = REQUEST.model_copy(update={"guarantee": Guarantee(sensitivity=2, rho=WITHIN.rho - 1)})
    answered = BytesIO()
    with pytest.raises(Failed, match="does not confirm"):
        answer(BytesIO(beyond.model_dump_json().encode()), answered)
    assert answered.getvalue() == b""
    with NoiseProcess(beyond) as process, pytest.raises(Failed) as failed:
        process.draws()
    assert failed.value.code is Code.RUN_FAILED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "array('q', [1, 2]).tofile(out)",
        "array('q', [1, 2, 3, 4]).tofile(out)",
        "array('q', [1, 2, 3]).tofile(out); out.write(b'.')",
        "array('q', [1, 2, 3]).tofile(out); out.flush(); os._exit(1)",
        "array('q', [1, 2, 3]).tofile(out); out.flush(); os.kill(os.getpid(), 9)",
        "array('q', range(10**6)).tofile(out)",
        "os.close(0); os._exit(3)",
    ],
    ids=["nothing", "too few", "too many", "a byte too many", "an error behind", "killed behind", "far too many", "an error before"],
)
def test_an_answer_that_is_not_whole_is_none(text: str) -> None:
    with pytest.raises(Failed) as failed:
        draws(program(text))
    assert failed.value.code is Code.RUN_FAILED


def test_a_whole_answer_is_taken_as_it_is() -> None:
    """Negative control of the test above: the same program, with the right number of draws."""
    assert draws(program("array('q', [1, -2, 2**63 - 1]).tofile(out)")) == [1, -2, 2**63 - 1]


def test_a_program_that_is_not_there_is_a_failure() -> None:
    with pytest.raises(Failed) as failed:
        NoiseProcess(REQUEST, ("a program that is nowhere",))
    assert failed.value.code is Code.RUN_FAILED


def test_a_process_that_is_killed_at_work_is_a_failure() -> None:
    with NoiseProcess(REQUEST.model_copy(update={"count": 10**7})) as process:
        os.kill(process._process.pid, signal.SIGKILL)
        with pytest.raises(Failed) as failed:
            process.draws()
    assert failed.value.code is Code.RUN_FAILED


def test_a_process_that_is_left_is_ended() -> None:
    with NoiseProcess(REQUEST, program("import time; time.sleep(600)")) as process:
        assert process._process.poll() is None
    assert process._process.returncode == -signal.SIGKILL


def test_what_is_asked_for_is_in_no_command_line() -> None:
    with NoiseProcess(REQUEST) as process:
        said = process._process.args
        assert list(process.draws()) != []
    assert isinstance(said, tuple)
    assert said == (sys.executable, "-P", "-m", "stillroom.adapters.noise_worker")
