"""Routes and their actions: a table says who may do what, and nothing is served that it does not decide about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Depends
from fastapi.routing import APIRoute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum

    from fastapi import FastAPI

    A = TypeVar("A", bound=StrEnum)


def deciding(dependency: Callable[..., Any], action: StrEnum) -> Any:  # noqa: ANN401 - a dependency, which FastAPI reads
    """Return the parameter of a route whose dependency decides about an action; `actions` finds it again."""
    dependency.action = action  # type: ignore[attr-defined]
    return Depends(dependency)


def actions(app: FastAPI, kind: type[A]) -> Mapping[tuple[str, str], A]:
    """Return the action of each route, by method and path.

    Args:
        app: The application.
        kind: Its actions.

    Raises:
        RuntimeError: A route has none, or several: nothing may be served that the table does not decide about.
    """
    found: dict[tuple[str, str], A] = {}
    for route in app.routes:
        dependencies = route.dependant.dependencies if isinstance(route, APIRoute) else []
        named = [action for one in dependencies if isinstance(action := getattr(one.call, "action", None), kind)]
        if not isinstance(route, APIRoute) or len(named) != 1:
            msg = f"The route {route!r} has not exactly one action."
            raise RuntimeError(msg)
        found.update({(method, route.path): named[0] for method in route.methods or ()})
    return found
