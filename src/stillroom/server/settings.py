"""How a server is set up: from the command line, the environment, the room's `stillroom.toml`, and defaults, in that order."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from stillroom.errors import Code, InvalidInput
from stillroom.server.journal import LogFormat

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

FILE = "stillroom.toml"
"""Where an operator writes settings down, in the room's folder, in the table `[serve]`."""

TABLE = "serve"
PREFIX = "STILLROOM_SERVE_"
"""What names of environment variables begin with; the setting in capitals follows."""

PATHS = frozenset({"certificate", "private_key", "client_ca"})


def _listed(value: object) -> object:
    """Return what is between the commas of a text."""
    return tuple(one.strip() for one in value.split(",")) if isinstance(value, str) else value


HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,253}$")]
"""A name or an address of a machine."""


class Settings(BaseModel):
    """How a server is set up. Nothing in it is secret.

    Attributes:
        host: The address to listen on.
        port: The port; 0 for one that is free.
        names: More names and addresses by which parties reach the server, for the certificate that the room makes. As text, with commas.
        tls: Whether to serve with TLS. Without it, something in front has to, or only this machine is served.
        certificate: The operator's own certificate with its chain, in PEM; the room makes one, which its key vouches for, if left out.
        private_key: The certificate's secret key.
        client_ca: Certificates of authorities, in PEM; clients must show a certificate by one of them.
        workers: How many runs are measured at a time; all but one of them may be of the same party.
        requests_per_second: How many requests come back to each party's key in a second.
        burst: How many requests each key may send at once.
        body_limit: The largest body of a request, in bytes, but for what agents bring.
        file_limit: The largest file that an agent brings, in bytes.
        reserve: How many bytes of the room's disk such files leave free.
        kept_limit: How many bytes of each owner are kept between runs, where the contract lets any be.
        log: How operational logs are written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8461
    names: Annotated[tuple[HostName, ...], BeforeValidator(_listed)] = ()
    tls: bool = True
    certificate: Path | None = None
    private_key: Path | None = None
    client_ca: Path | None = None
    workers: Annotated[int, Field(ge=1, le=64)] = 3
    requests_per_second: Annotated[float, Field(gt=0, le=10**6)] = 50.0
    burst: Annotated[int, Field(ge=1, le=10**6)] = 200
    body_limit: Annotated[int, Field(ge=10_000, le=10**9)] = 5_000_000
    file_limit: Annotated[int, Field(ge=10_000, le=2**40)] = 2**37
    reserve: Annotated[int, Field(ge=0, le=2**50)] = 2**28
    kept_limit: Annotated[int, Field(ge=0, le=2**50)] = 2**38
    log: LogFormat = LogFormat.JSON

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Refuse certificates that come without a key, or are not used, and names for none."""
        if (self.certificate is None) != (self.private_key is None):
            msg = "certificate and private_key belong together"
            raise ValueError(msg)
        if not self.tls and (self.certificate or self.client_ca):
            msg = "certificates are of no use without tls"
            raise ValueError(msg)
        if self.names and (self.certificate or not self.tls):
            msg = "names are for the certificate that the room makes, and it makes none"
            raise ValueError(msg)
        return self


class Found(NamedTuple):
    """Settings, and where each value comes from.

    Attributes:
        settings: What holds.
        sources: `command line`, `environment`, `stillroom.toml` or `default`, by setting.
    """

    settings: Settings
    sources: Mapping[str, str]


class _Given(NamedTuple):
    value: object
    source: str
    place: str


def read_settings(room: Path, given: Mapping[str, object], environment: Mapping[str, str] | None = None) -> Found:
    """Return how a room is served.

    Args:
        room: The room's folder.
        given: What the command line says; None for what it does not say.
        environment: The environment; the process's own if left out.

    Raises:
        InvalidInput: `CONFIGURATION_INVALID`, which lists all that is wrong.
    """
    values = _from_file(room)
    variables = os.environ if environment is None else environment
    for name, text in sorted(variables.items()):
        if name.startswith(PREFIX):
            values[name.removeprefix(PREFIX).lower()] = _Given(text, "environment", name)
    for name, value in given.items():
        if value is not None:
            values[name] = _Given(value, "command line", f"--{name.replace('_', '-')}")
    try:
        settings = Settings.model_validate({name: one.value for name, one in values.items()})
    except ValidationError as error:
        raise _invalid(_problem(one, values) for one in error.errors(include_url=False)) from None
    return Found(settings, {name: values[name].source if name in values else "default" for name in Settings.model_fields})


def _from_file(room: Path) -> dict[str, _Given]:
    """Return what a room's file says. Paths in it are relative to the room."""
    try:
        text = (room / FILE).read_text(encoding="utf-8")
        written = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _invalid([f"{FILE} cannot be read: {error.strerror}"]) from None
    except ValueError as error:
        raise _invalid([f"{FILE}: {error}"]) from None
    table = written.pop(TABLE, {})
    if written or not isinstance(table, dict):
        raise _invalid([f"{_place(text, name)}: only the table [{TABLE}] is known" for name in written or [TABLE]])
    return {name: _Given(_resolved(room, name, value), FILE, _place(text, name)) for name, value in table.items()}


def _resolved(room: Path, name: str, value: object) -> object:
    return room / value if name in PATHS and isinstance(value, str) else value


def _place(text: str, name: str) -> str:
    """Return the line of a file in which a name is given a value, or a table begins."""
    pattern = re.compile(rf"""\s*(\[+\s*)?["']?{re.escape(name)}["']?\s*[=.\]]""")
    lines = (number for number, line in enumerate(text.splitlines(), start=1) if pattern.match(line))
    return f"{FILE}, line {next(lines, 1)}, {name}"


def _problem(error: Any, values: Mapping[str, _Given]) -> str:  # noqa: ANN401 - pydantic's
    """Return what is wrong with a value, without the value."""
    if not error["loc"]:
        return str(error["ctx"]["error"])
    name = str(error["loc"][0])
    said = "is not known" if error["type"] == "extra_forbidden" else error["msg"].removeprefix("Input ")
    return f"{values[name].place}: {said}"


def _invalid(problems: Any) -> InvalidInput:  # noqa: ANN401 - any lines
    return InvalidInput(
        Code.CONFIGURATION_INVALID,
        f"The server's settings cannot be: {'; '.join(problems)}.",
        "Correct them as the how-to on operating a server says; `stillroom admin config` shows what holds.",
    )
