"""Contracts as text: YAML or JSON in, a frozen contract out, or all problems at once."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from stillroom.errors import Code, InvalidInput
from stillroom.model.contract import NAME, Contract
from stillroom.policy.contract_parts import problems_of_parts
from stillroom.policy.contract_problems import semantic_problems
from stillroom.policy.problem import Problem

if TYPE_CHECKING:
    import yaml
    from pydantic_core import ErrorDetails

SIZE_LIMIT = 1_000_000
"""The longest contract, in bytes."""

_FIXES = {"missing": "Add the field.", "union_tag_not_found": "Add the field.", "extra_forbidden": "Check its spelling, or leave it out."}
"""What to do about some problems of form."""

_PLAIN = {
    "tag:yaml.org,2002:null": re.compile(r"^(?:null|~|)$"),
    "tag:yaml.org,2002:bool": re.compile(r"^(?:true|false)$"),
    "tag:yaml.org,2002:int": re.compile(r"^-?(?:0|[1-9][0-9]*)$"),
    "tag:yaml.org,2002:float": re.compile(r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$"),
}
"""What is not text without quotes: JSON's words and numbers. `no`, `1_000` and 2026-01-31 are text."""


def parse_contract(text: str | bytes) -> Contract:
    """Read a contract.

    Raises:
        InvalidInput: It is not YAML or JSON, or has problems; the message names the first and says how many there are.
    """
    contract, problems = examine(text)
    if contract is None or problems:
        first = problems[0]
        more = f" There are {len(problems)} problems; `stillroom contract check` lists them." if len(problems) > 1 else ""
        raise InvalidInput(Code.CONTRACT_INVALID, f"{first.path}: {first.what}{more}", first.fix)
    return contract


def examine(text: str | bytes) -> tuple[Contract | None, tuple[Problem, ...]]:
    """Return a contract, if it can be read, and all its problems.

    Raises:
        InvalidInput: The text is not YAML or JSON at all.
    """
    data = _loaded(text)
    if not isinstance(data, dict):
        raise _unreadable("It does not consist of fields, such as `version: 1`.")
    try:
        contract = Contract.model_validate_json(json.dumps(data))
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        return None, (*map(_structural, details), *problems_of_parts(data, details))
    return contract, semantic_problems(contract)


def _structural(detail: ErrorDetails) -> Problem:
    """Return a problem of form: a field that is missing, unknown or of the wrong kind."""
    kind, message = detail["type"], detail["msg"]
    location = [str(part) for part in detail["loc"] if part not in {"private", "public", "automatic", "each-owner"}]
    tag = str(detail.get("ctx", {}).get("discriminator", "")).strip("'")
    if tag:
        location.append(tag)
    path = ".".join(location) or "the contract"
    if NAME in message:
        return Problem(path=path, what="This is not a name.", fix="Use small letters, digits and underscores, a letter first.")
    if kind == "union_tag_invalid":
        return Problem(path=path, what=f"The field `{tag}` is none of {detail['ctx']['expected_tags']}.", fix="Write one of these.")
    return Problem(path=path, what=_said(kind, path, message), fix=_FIXES.get(kind, "`docs/reference/contract.md` describes every field."))


def _said(kind: str, path: str, message: str) -> str:
    """Return what is wrong with the form of a field, with its name where it is not there, or should not be."""
    name = path.rpartition(".")[2]
    match kind:
        case "missing" | "union_tag_not_found":
            return f"The field `{name}` is missing."
        case "extra_forbidden":
            return f"There is no field `{name}` here."
        case _:
            return f"{message.rstrip('.')}."


def _loaded(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON data
    """Return the data that YAML or JSON text stands for. What begins with `{` is JSON."""
    if len(text) > SIZE_LIMIT:
        raise _unreadable("It is larger than a contract can be.")
    try:
        written = text.decode("utf-8") if isinstance(text, bytes) else text
        return _json(written) if written.lstrip().startswith("{") else _yaml(written)
    except UnicodeDecodeError:
        raise _unreadable("It is not UTF-8.") from None
    except RecursionError:
        raise _unreadable("It is nested too deeply.") from None


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON data
    """Read JSON, without repeated keys, NaN and infinities."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a repeated key")
        return dict(pairs)

    def never(constant: str) -> None:
        raise ValueError(constant)

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=never)
    except json.JSONDecodeError as error:
        raise _unreadable(f"It is not JSON near line {error.lineno}.") from None
    except ValueError:
        raise _unreadable("It repeats a key, or holds a number that JSON does not have.") from None


def _yaml(text: str) -> Any:  # noqa: ANN401 - any JSON data
    """Read YAML, JSON's types only."""
    import yaml

    try:
        return yaml.load(text, Loader=_loader())  # noqa: S506 - a loader of JSON's types only, made below
    except yaml.constructor.ConstructorError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _unreadable(f"A key is repeated or is not text, or an alias or a tag is used, near line {line}.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise _unreadable(f"It is not YAML or JSON{f' near line {mark.line + 1}' if mark else ''}.") from None
    except ValueError:
        raise _unreadable("It holds a number that is too long.") from None


def _unreadable(reason: str) -> InvalidInput:
    """Return the error for text that is not a contract at all."""
    return InvalidInput(Code.CONTRACT_INVALID, f"The contract cannot be read. {reason}", "Write it as YAML or JSON, in UTF-8.")


def _loader() -> type[yaml.SafeLoader]:
    """Return a YAML loader that knows JSON's types only, and refuses aliases and repeated keys."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {}  # noqa: RUF012 - the library's own way to set them

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.events.AliasEvent):
                alias = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it out
                raise yaml.constructor.ConstructorError(None, None, "an alias", alias.start_mark)
            return super().compose_node(parent, index)

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - as above
            seen: set[str] = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, "a key is repeated or not text", key.start_mark)
                seen.add(key.value)
            return {str(key): value for key, value in super().construct_mapping(node, deep).items()}

    for tag, pattern in _PLAIN.items():
        Loader.add_implicit_resolver(tag, pattern, None)
    allowed = {*_PLAIN, "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map", None}
    Loader.yaml_constructors = {tag: make for tag, make in yaml.SafeLoader.yaml_constructors.items() if tag in allowed}
    return Loader
