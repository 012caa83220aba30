"""Functions of text. Its length, in code points, stays bounded, whatever is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.errors import Code, InvalidInput, Refusal
from stillroom.model.expression import Comparison, Constant, Like, Not
from stillroom.model.function import Function
from stillroom.model.schema import ColumnType, Kind
from stillroom.query.comparisons import BOOLEAN, compared
from stillroom.query.function_values import LOWER
from stillroom.query.functions.call import called, constant_number, needs, nullable, whole
from stillroom.query.functions.choices import either
from stillroom.query.functions.spelling import as_text
from stillroom.query.text.parse import only, unsupported
from stillroom.query.typed import Typed, combined, constant, is_null, mismatch, number_type

if TYPE_CHECKING:
    from sqlglot import exp

    from stillroom.query.functions.call import Meaning, Operand

TEXT_LIMIT = 10_000
"""The longest text that an expression may make, in characters."""


def longest(operand: Typed) -> int:
    """Return the most characters of a text.

    Raises:
        Refusal: It is no text, or the contract does not say how long it is.
    """
    most = needs(Kind.TEXT, operand, "A function of text").type.longest
    if most is None:
        names = ", ".join(sorted(operand.mentions)) or "a text"
        raise Refusal(Code.BOUND_MISSING, f"The contract does not say how long {names} can be.", "Ask the owner to declare `max_length`.")
    return most


def _text(function: Function, most: int, *operands: Typed) -> Typed:
    """Return a call that makes a text of at most so many characters.

    Raises:
        InvalidInput: It could become too long.
    """
    if most > TEXT_LIMIT:
        raise InvalidInput(Code.SQL_TOO_LARGE, f"A text could have more than {TEXT_LIMIT} characters.", "Put fewer texts together.")
    return called(function, ColumnType(kind=Kind.TEXT, length=most, nullable=nullable(*operands)), *operands)


def _of_text(node: exp.Expr, operand: Operand) -> Typed:
    """Return a text that is no longer than another: in other letters, or the other way round."""
    only(node, {"this"})
    text = operand(node.this)
    return _text(_SAME_LENGTH[type(node).__name__], longest(text), text)


_SAME_LENGTH = {"Lower": Function.LOWER, "Upper": Function.UPPER, "Reverse": Function.REVERSE}


def _trim(node: exp.Expr, operand: Operand) -> Typed:
    """Take spaces away at the beginning, the end or both."""
    if node.expression is not None:
        fix = "Write REPLACE(t, 'x', ''), or CASE WHEN STARTS_WITH(t, 'x') THEN SUBSTRING(t, 2) ELSE t END."
        raise Refusal(Code.CLAUSE_NOT_ALLOWED, "TRIM takes away spaces only.", fix)
    only(node, {"this", "position"})
    text, position = operand(node.this), node.args.get("position") or "BOTH"
    for function, skipped in ((Function.TRIM_START, "TRAILING"), (Function.TRIM_END, "LEADING")):
        text = text if position == skipped else _text(function, longest(text), text)
    return text


def _length(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this"})
    text = operand(node.this)
    return called(Function.LENGTH, number_type(0, 0, longest(text), nullable=text.type.nullable), text)


def _substring(node: exp.Expr, operand: Operand) -> Typed:
    """Return what stands from a place on, counted from 1."""
    only(node, {"this", "start", "length"})
    text, written = operand(node.this), node.args.get("length")
    start = constant_number(operand(node.args["start"]), 1, TEXT_LIMIT, "Where a text begins")
    rest = max(longest(text) - start + 1, 0)
    length = rest if written is None else min(rest, _size(operand(written)))
    return _text(Function.SUBSTRING, length, text, whole(start), whole(length))


def _left(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this", "expression"})
    text = operand(node.this)
    length = min(longest(text), _size(operand(node.expression)))
    return _text(Function.SUBSTRING, length, text, whole(1), whole(length))


def _right(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this", "expression"})
    text = operand(node.this)
    return _ending(text, min(longest(text), _size(operand(node.expression))))


def _ending(text: Typed, length: int) -> Typed:
    return _text(Function.RIGHT, min(longest(text), length), text, whole(length))


def _size(operand: Typed) -> int:
    return constant_number(operand, 0, TEXT_LIMIT, "The length of a text")


def joined(values: list[Typed]) -> Typed:
    """Return values, as they are spelled, after each other; NULL where one is."""
    texts = [as_text(value) for value in values]
    if len(texts) == 1:
        return texts[0]
    return _text(Function.CONCAT, sum(longest(text) for text in texts), *texts)


def _pipes(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this", "expression", "safe"})
    return joined([operand(one) for one in node.flatten()])


def _concat(node: exp.Expr, operand: Operand) -> Typed:
    """Return texts after each other; those that are NULL are left out."""
    only(node, {"expressions", "safe", "coalesce"})
    empty = constant("", Kind.TEXT)
    texts = [as_text(operand(one)) for one in node.expressions]
    return joined([either(text, empty) if text.type.nullable else text for text in texts])


def _replace(node: exp.Expr, operand: Operand) -> Typed:
    """Put a constant text in the place of another, wherever that stands."""
    only(node, {"this", "expression", "replacement"})
    text, old, new = operand(node.this), operand(node.expression), operand(node.args["replacement"])
    most, before, after = longest(text), _constant_text(old), _constant_text(new)
    times = most // len(before) if before else 0
    return _text(Function.REPLACE, most + times * max(len(after) - len(before), 0), text, old, new)


def _constant_text(operand: Typed) -> str:
    value = operand.expression.value if isinstance(operand.expression, Constant) else None
    if not isinstance(value, str):
        raise mismatch("REPLACE needs two constant texts.")
    return value


def position(text: Typed, part: Typed) -> Typed:
    """Return where a text first stands in another, counted from 1; 0 where it does not."""
    longest(part)
    return called(Function.POSITION, number_type(0, 0, max(longest(text), 1), nullable=nullable(text, part)), text, part)


def _position(node: exp.Expr, operand: Operand) -> Typed:
    only(node, {"this", "substr"})
    return position(operand(node.this), operand(node.args["substr"]))


def _pair(node: exp.Expr, operand: Operand) -> tuple[Typed, Typed]:
    """Compile the two operands of a call, whether the parser knows it or not."""
    only(node, {"this", "expression", "expressions", "json_scope"})
    found = [operand(one) for one in (node.expressions if isinstance(node.this, str) else [node.this, node.expression])]
    match found:
        case [text, part]:
            return text, part
        case _:
            raise unsupported(node)


def _starts(node: exp.Expr, operand: Operand) -> Typed:
    return compared(Comparison.EQUAL, position(*_pair(node, operand)), whole(1))


def _contains(node: exp.Expr, operand: Operand) -> Typed:
    return compared(Comparison.LESS, whole(0), position(*_pair(node, operand)))


def _ends(node: exp.Expr, operand: Operand) -> Typed:
    """Tell whether a text ends with another; read backwards, it begins with it."""
    text, part = _pair(node, operand)
    if isinstance(part.expression, Constant) and isinstance(part.expression.value, str):
        return compared(Comparison.EQUAL, _ending(text, longest(part)), part)
    text, part = (_text(Function.REVERSE, longest(one), one) for one in (text, part))
    return compared(Comparison.EQUAL, position(text, part), whole(1))


def _ilike(node: exp.Expr, operand: Operand) -> Typed:
    """Compile ILIKE: LIKE of both in lower case."""
    only(node, {"this", "expression", "negate"})
    text, pattern = operand(node.this), operand(node.expression)
    if is_null(text) or not isinstance(pattern.expression, Constant) or not isinstance(pattern.expression.value, str):
        raise mismatch("ILIKE needs text and a constant pattern.")
    lower = _text(Function.LOWER, longest(text), text)
    kind = BOOLEAN.model_copy(update={"nullable": text.type.nullable})
    matches = combined(Like(operand=lower.expression, pattern=pattern.expression.value.translate(LOWER)), kind, lower).as_test()
    return combined(Not(operand=matches.expression), kind, matches).as_test() if node.args.get("negate") else matches


TEXTS: dict[str, Meaning] = {
    **dict.fromkeys(_SAME_LENGTH, _of_text),
    "Trim": _trim,
    "Length": _length,
    "Substring": _substring,
    "Left": _left,
    "Right": _right,
    "Concat": _concat,
    "DPipe": _pipes,
    "Replace": _replace,
    "StrPosition": _position,
    "StartsWith": _starts,
    "PREFIX": _starts,
    "EndsWith": _ends,
    "SUFFIX": _ends,
    "Contains": _contains,
    "ILike": _ilike,
}
