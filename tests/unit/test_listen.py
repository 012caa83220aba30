"""Addresses that are taken, and listened on later."""

from __future__ import annotations

import socket

import pytest

from stillroom.adapters.http.listen import bound, listen, listening
from stillroom.errors import Code, Failed


def test_an_address_that_is_taken_refuses_connections_until_somebody_listens() -> None:
    with bound("127.0.0.1", 0) as found:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(found.getsockname(), timeout=30)
        listen(found)
        socket.create_connection(found.getsockname(), timeout=30).close()


def test_an_address_on_which_somebody_listens_is_told_at_once_and_nothing_is_left_open() -> None:
    """A socket that is left open is a warning, and so an error."""
    with listening("127.0.0.1", 0) as found, pytest.raises(Failed) as caught, bound(*found.getsockname()):
        pytest.fail("two have taken it")
    assert caught.value.code is Code.SERVER_UNAVAILABLE


def test_of_two_that_take_an_address_in_the_same_moment_one_listens() -> None:
    with bound("127.0.0.1", 0) as first, bound(*first.getsockname()) as second:
        listen(first)
        with pytest.raises(Failed) as caught:
            listen(second)
    assert caught.value.code is Code.SERVER_UNAVAILABLE
