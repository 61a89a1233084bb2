"""The reference of scenario files, from the classes that check them: each key with type, default, example, meaning."""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from simulator.scenario import schema, types
from simulator.scenario.part import Part
from simulator.units import UNITS, Dimension
from virtlab_pages.markdown import code, in_html, page, paragraph, prose, table

_TYPES = {
    "Time": "a time with its unit; 0 too", "Duration": "a time with its unit, more than 0",
    "Size": "bytes with their unit, more than 0", "Rate": "bytes a second, with their unit",
    "Ratio": "a part or a multiple, as '10 %' or '0.1'", "Intensity": "a part of the time, from 0 to 1",
    "Text": "words", "Scalar": "a number with its unit; which one follows from the name it stands under",
    "Count": "a whole number from 1 up", "Copies": "a whole number from 0 up", "Seed": "a whole number from 0 up",
    "Events": "a number of events, from 1 up", "Pair": "a whole number from 2 up",
    "Replications": "a whole number from 1 up",
    "Proportion": "between 0 and 1, neither of them", "Operations": "operations a second, more than 0",
    "Weight": "a number greater than 0", "Cores": "processors: a number, or percent of one",
    "Processors": "a set of processors by their numbers",
    "WeightRule": "'shares' (once) or 'active' (for each processor in use)",
    "Version": "1", "bool": "true or false", "int": "a whole number", "float": "a number", "str": "words",
}  # fmt: skip
"""What each type of a value is, in words; a type that is missing here stops the build."""
_DIMENSIONS: Mapping[str, Dimension] = {
    "Time": "time", "Duration": "time", "Size": "size", "Rate": "rate", "Ratio": "ratio", "Intensity": "ratio",
    "Proportion": "ratio", "Cores": "ratio",
}  # fmt: skip
_WORD = re.compile(r"\w+")


@cache
def classes() -> dict[str, type[Part]]:
    """Every mapping of a scenario file, in whatever module of the schema: the file itself first."""
    found = [each for each in _below(Part) if each.__module__.startswith("simulator.scenario.")]
    bases = {base for each in found for base in each.__bases__}  # what is a part of another is described there
    first = [each for each in found if each.__module__ == schema.__name__]
    return {each.__name__: each for each in [schema.ScenarioFile, *first, *found] if each not in bases}


def _below(base: type[Part]) -> Iterator[type[Part]]:
    for each in base.__subclasses__():
        yield each
        yield from _below(each)


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """The page."""
    lead = paragraph(
        """
        One question per file, in YAML. Every key that a file may have, from the classes that check it; editors complete
        by the same in `simulator/scenario/schema.json`. Where *axis* says yes a list, or a range, may stand: every
        combination is a point. `virtlab check FILE` reports every mistake with file, line and remedy. Which fields may
        vary and how is in [sweep](../sweep.md).
        """
    )
    blocks = [_class(name, each) for name, each in classes().items()]
    kinds = [(code(name), escape(_TYPES[name]), _units(name), code(_example(name)))
             for name in _TYPES if name not in ("int", "float", "str", "bool")]  # fmt: skip
    values = ["## Values", "", *table(("type", "what may stand there", "units", "example"), kinds)]
    yield "scenario", page("Scenario files", lead, *blocks, values)


def _class(name: str, each: type[Part]) -> list[str]:
    properties: Mapping[str, Any] = each.model_json_schema()["properties"]
    written = _annotations(each)
    rows = []
    for key, field in each.model_fields.items():
        shown = field.alias or key
        form = written[key]
        meaning = in_html(properties[shown].get("description", "")) + _shown(field)
        rows.append((code(shown), _form(form), "yes" if "Axis[" in ast.unparse(form) else "", _default(field), meaning))
    title = "The file" if name == "ScenarioFile" else name
    said = prose(inspect.cleandoc(each.__doc__ or "").replace("\n", " "), "../")
    return [f"## {title}", "", said, "", *table(("key", "value", "axis", "default", "meaning"), rows)]


def _annotations(each: type[Part]) -> dict[str, ast.expr]:
    """The types of its fields as they are written, those of its bases included."""
    found: dict[str, ast.expr] = {}
    for base in reversed(each.__mro__):
        if issubclass(base, Part) and base is not Part:
            body = ast.parse(inspect.getsource(base)).body[0]
            assert isinstance(body, ast.ClassDef)
            found |= {
                line.target.id: line.annotation
                for line in body.body
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
            }
    return found


def _form(written: ast.expr) -> str:
    """A type in words: the names of the values, with links to what they are, and to the mappings."""
    return _WORD.sub(lambda word: _linked(word[0]), escape(_spoken(written), quote=False))


def _spoken(node: ast.expr) -> str:
    match node:
        case ast.Name(name):
            return _spoken(_named()[name]) if name in _named() else {"Any": "any value"}.get(name, name)
        case ast.Constant(value):
            return "" if value is None else str(value)
        case ast.BinOp(left, ast.BitOr(), right):
            return " or ".join(dict.fromkeys(filter(None, (_spoken(left), _spoken(right)))))
        case ast.Subscript(ast.Name("Axis"), inner):
            return _spoken(inner)
        case ast.Subscript(ast.Name("Annotated"), ast.Tuple([inner, *_])):
            return _spoken(inner)
        case ast.Subscript(ast.Name("dict"), ast.Tuple([_, inner])):
            return f"a mapping: name to {_spoken(inner)}"
        case ast.Subscript(ast.Name("tuple"), ast.Tuple([inner, *_])) | ast.Subscript(ast.Name("list"), inner):
            return f"list of {_spoken(inner)}"
        case ast.Subscript(ast.Name("Literal"), ast.Tuple(values)):
            return " or ".join(map(_spoken, values))
        case ast.Subscript(ast.Name("Literal"), value):
            return _spoken(value)
    raise TypeError(f"no words for the type {ast.unparse(node)}; say them in docs/_ext/virtlab_pages/scenario.py")


@cache
def _named() -> dict[str, ast.expr]:
    """Forms that have a name of their own in the schema."""
    modules = {each.__module__: sys.modules[each.__module__] for each in classes().values()}
    lines = [line for module in modules.values() for line in ast.parse(inspect.getsource(module)).body]
    return {
        line.targets[0].id: line.value
        for line in lines
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name)
    }


def _linked(word: str) -> str:
    if word in classes() and word != "ScenarioFile":
        return f'<a href="#{word.lower()}">{word}</a>'
    return f'<a href="#values">{word}</a>' if word in _TYPES and word not in ("int", "float", "str", "bool") else word


def _default(field: Any) -> str:
    if field.is_required():
        return "<em>needed</em>"
    value = field.get_default(call_default_factory=True)
    if value is None or (not isinstance(value, bool | int | float) and not value):
        return ""
    return "" if isinstance(value, Part) else code(str(value).lower() if isinstance(value, bool) else str(value))


def _shown(field: Any) -> str:
    examples = [code(each if isinstance(each, str) else json.dumps(each)) for each in field.examples or ()]
    return f" E.g. {', '.join(examples)}." if examples else ""


def _units(name: str) -> str:
    """The units that a type of values may have."""
    return escape(", ".join(UNITS[_DIMENSIONS[name]])) if name in _DIMENSIONS else ""


def _example(name: str) -> str:
    """Of a type: what its schema says."""
    from pydantic import TypeAdapter

    form = getattr(types, name, None)
    examples = TypeAdapter(form).json_schema().get("examples", ()) if form is not None else ()
    return str(examples[0]) if examples else ""
