"""Copies of a layer's state: everything that it has made for itself, and nothing of the machine that it stands on.

``copy.deepcopy`` does not follow functions, and layers keep functions that know the layer (how to lower a demand): a
copy's own would go on to change the original. Here a function that has captured something is copied with that.
"""

from __future__ import annotations

import copy
import functools
import types
from collections.abc import Iterable
from typing import Any, TypeVar

T = TypeVar("T")
_AS_THEY_ARE = (
    type(None), bool, int, float, complex, str, bytes, type, types.ModuleType, types.BuiltinFunctionType, range,
)  # fmt: skip


def copied(original: T, instead: Iterable[tuple[object, object]] = ()) -> T:
    """A copy that shares nothing with the original.

    Args:
        original: what to copy.
        instead: what stands in the copy for which object of the original; the same one where both share it.
    """
    pairs = list(instead)
    memo: dict[int, Any] = {id(old): new for old, new in pairs}
    alive: list[object] = [*pairs]
    result: T = _copy(original, memo, alive)
    return result


def _copy(thing: Any, memo: dict[int, Any], alive: list[object]) -> Any:
    if isinstance(thing, _AS_THEY_ARE):
        return thing
    found = memo.get(id(thing), memo)
    if found is not memo:
        return found
    alive.append(thing)
    if isinstance(thing, types.FunctionType):
        return _function(thing, memo, alive)
    if isinstance(thing, types.MethodType):
        return types.MethodType(_copy(thing.__func__, memo, alive), _copy(thing.__self__, memo, alive))
    if isinstance(thing, functools.partial):
        inside = (thing.func, thing.args, thing.keywords)
        function, arguments, named = (_copy(each, memo, alive) for each in inside)
        return memo.setdefault(id(thing), functools.partial(function, *arguments, **named))
    if isinstance(thing, list | set | dict) or type(thing).__module__ in ("collections",):
        return _container(thing, memo, alive)
    if isinstance(thing, tuple | frozenset):
        return _immutable(thing, memo, alive)
    return _object(thing, memo, alive)


def _function(function: types.FunctionType, memo: dict[int, Any], alive: list[object]) -> types.FunctionType:
    """The same code with copies of what it has captured."""
    if not function.__closure__:
        return function
    cells = tuple(types.CellType() for _ in function.__closure__)
    made = types.FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, cells)
    made.__kwdefaults__, made.__dict__ = function.__kwdefaults__, dict(function.__dict__)
    memo[id(function)] = made
    for cell, old in zip(cells, function.__closure__, strict=True):
        cell.cell_contents = _copy(old.cell_contents, memo, alive)
    return made


def _container(thing: Any, memo: dict[int, Any], alive: list[object]) -> Any:
    """Filled after it was made: it may hold itself."""
    made = copy.copy(thing)
    memo[id(thing)] = made
    if isinstance(thing, dict):
        made.clear()
        for key, value in thing.items():
            made[_copy(key, memo, alive)] = _copy(value, memo, alive)
        if hasattr(thing, "default_factory"):
            made.default_factory = _copy(thing.default_factory, memo, alive)
        return made
    made.clear()
    for each in thing:
        (made.add if isinstance(thing, set) else made.append)(_copy(each, memo, alive))
    return made


def _immutable(thing: Any, memo: dict[int, Any], alive: list[object]) -> Any:
    parts = [_copy(each, memo, alive) for each in thing]
    if all(new is old for new, old in zip(parts, thing, strict=True)):
        made = thing
    elif hasattr(thing, "_make"):
        made = thing._make(parts)
    else:
        made = type(thing)(parts)
    memo[id(thing)] = made
    return made


def _object(thing: Any, memo: dict[int, Any], alive: list[object]) -> Any:
    """An object of some class: its attributes, whether in a dictionary or in slots."""
    slots = [name for each in type(thing).__mro__ for name in _slots(each) if hasattr(thing, name)]
    if not hasattr(thing, "__dict__") and not slots:
        return memo.setdefault(id(thing), copy.copy(thing))
    made = object.__new__(type(thing))
    memo[id(thing)] = made
    for name, value in vars(thing).items() if hasattr(thing, "__dict__") else ():
        object.__setattr__(made, name, _copy(value, memo, alive))
    for name in slots:
        object.__setattr__(made, name, _copy(getattr(thing, name), memo, alive))
    return made


def _slots(family: type) -> tuple[str, ...]:
    names = family.__dict__.get("__slots__", ())
    found = (names,) if isinstance(names, str) else tuple(names)
    return tuple(f"_{family.__name__.lstrip('_')}{each}" if each.startswith("__") else each for each in found)
