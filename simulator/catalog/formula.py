"""A formula: arithmetic on numbers and on other parameters of the same file, with the range that follows.

Numbers, names, ``+ - * /`` and parentheses; nothing is ever executed. The range of the result is the natural
interval extension (Moore, Interval Analysis, 1966): each operation on the ends of its operands' ranges.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from simulator.errors import CatalogError


class Span(NamedTuple):
    """A value and the range it may lie in."""

    value: float
    low: float
    high: float


_OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_TREES = 16_384
"""Formulas of which is remembered what they name: those of a whole catalog, for one machine after the other."""
_REMEDY = "a formula has numbers, names of parameters of the same file, + - * / and parentheses"


def parse(text: str) -> ast.expr:
    """The tree of a formula.

    Raises:
        CatalogError: not arithmetic.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise CatalogError(f"{text!r} is not arithmetic; {_REMEDY}") from None
    for node in ast.walk(tree):
        _check(node, text)
    return tree


def _check(node: ast.AST, text: str) -> None:
    allowed = (ast.BinOp, ast.UnaryOp, ast.Name, ast.Load, ast.USub, ast.UAdd, *_OPERATIONS)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return
    if not isinstance(node, allowed):
        raise CatalogError(f"{text!r} has {ast.unparse(node) or type(node).__name__!r}; {_REMEDY}")


@lru_cache(maxsize=_TREES)
def names(tree: ast.expr) -> tuple[str, ...]:
    """The parameters a formula is made of, in order of appearance."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return tuple(dict.fromkeys(node.id for node in sorted(found, key=lambda node: (node.lineno, node.col_offset))))


def evaluate(tree: ast.expr, values: Mapping[str, Span]) -> Span:
    """The value and its range, given those of the parameters it names.

    Raises:
        ArithmeticError: a division by 0, or by a range that contains 0.
    """
    match tree:
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value, low, high = evaluate(operand, values)
            return Span(-value, -high, -low)
        case ast.UnaryOp(operand=operand):
            return evaluate(operand, values)
        case ast.BinOp(left=left, op=operation, right=right):
            return _apply(type(operation), evaluate(left, values), evaluate(right, values))
        case ast.Constant(value=int() | float() as number):
            return Span(float(number), float(number), float(number))
        case _:
            raise AssertionError(f"parse let through {ast.dump(tree)}")


def _apply(operation: type[ast.operator], left: Span, right: Span) -> Span:
    if operation is ast.Div and right.low <= 0.0 <= right.high:
        raise ZeroDivisionError(f"divides by something between {right.low:g} and {right.high:g}")
    function = _OPERATIONS[operation]
    ends = [function(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    return Span(function(left.value, right.value), min(ends), max(ends))
