"""Parquet files in a bucket of an S3 service, read with the credentials that its owner's environment or AWS configuration has."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from stillroom.adapters.sources.parquet import File, folder_columns, is_hidden, read_files
from stillroom.adapters.sources.rows import invalid, unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa

    from stillroom.adapters.sources.place import BucketPlace
    from stillroom.adapters.sources.rows import Rows

_SECONDS_TO_CONNECT = 10
_SECONDS_TO_ANSWER = 60
_ATTEMPTS = 3


@contextmanager
def read(place: BucketPlace, columns: Sequence[str], *, at_run: bool) -> Iterator[Rows]:
    """Read the Parquet file of that name, or all under that prefix, except for what is hidden. Credentials are looked up by the AWS SDK.

    Raises:
        InvalidInput: `DATA_INVALID` if there is nothing, or not what was declared.
        Failed: `SOURCE_UNAVAILABLE` if the service cannot be reached, or does not let us read.
    """
    with _errors():
        system = _service(place)
        files = list(_files(system, place.path))
    yield read_files(files, columns, at_run=at_run)


def _service(place: BucketPlace) -> Any:  # noqa: ANN401 - pyarrow has no types
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    return S3FileSystem(
        **place.options,
        connect_timeout=_SECONDS_TO_CONNECT,
        request_timeout=_SECONDS_TO_ANSWER,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )


def _files(system: Any, path: str) -> Iterator[File]:  # noqa: ANN401 - pyarrow has no types
    """Find the files: the one of that name, or those whose names go on after it and a slash."""
    from pyarrow.fs import FileSelector, FileType

    found = system.get_file_info(path)
    if found.type == FileType.File:
        yield File(partial(_opened, system, path))
        return
    if found.type == FileType.NotFound:
        raise invalid("There is nothing of that name in the bucket.", "Check the bucket and the prefix.")
    for info in sorted(system.get_file_info(FileSelector(path, recursive=True)), key=lambda one: one.path):
        *folders, name = info.path.removeprefix(path).strip("/").split("/")
        if info.type == FileType.File and not any(map(is_hidden, (*folders, name))):
            yield File(partial(_opened, system, info.path), folder_columns(folders))


@contextmanager
def _opened(system: Any, path: str) -> Iterator[pa.NativeFile]:  # noqa: ANN401 - pyarrow has no types
    with _errors():
        file = system.open_input_file(path)
    with file:
        yield file


def _errors() -> AbstractContextManager[None]:
    """Replace errors of the service, which quote what was asked for and by whom."""
    return unavailable(
        "The bucket cannot be reached, or does not let you read.",
        "Check the endpoint, the region, your AWS credentials, and what they may do.",
    )
