"""An entry: one number of a file, on one machine, with its source. Reading it refuses what is not sourced."""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from simulator.catalog import formula
from simulator.catalog.document import Document, Place
from simulator.catalog.suggestion import suggestion
from simulator.errors import CatalogError, UnitError
from simulator.parameters import Parameter
from simulator.units import DIMENSIONS, parse_quantity

ANY = "any"
"""``measured_on`` of a number that does not depend on the machine."""

KINDS = ("published", "measured", "derived", "assumed")
_REQUIRED = ("kind", "where")
_OPTIONAL = ("value", "formula", "range", "source", "measured_on", "includes", "fitted", "fitted_on")


@dataclass(frozen=True, slots=True)
class Entry:
    """One number; the attributes are those of :class:`~simulator.catalog.product.Quantity`.

    Attributes:
        place: where in its document it stands.
        value: the number, or None where there is a formula.
        tree: the parsed formula, or None.
        range: the ends of the range, or None.
    """

    place: Place
    value: float | None
    formula: str
    tree: ast.expr | None
    range: tuple[float, float] | None
    kind: str
    source: str
    where: str
    measured_on: str
    includes: tuple[str, ...]
    fitted: bool
    fitted_on: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an entry may refer to.

    Attributes:
        sources: keys of the known sources.
        machines: names of the known machines.
        home: the machine that an entry is about if it says nothing, empty if it must say.
        parameters: names that a formula may use.
    """

    sources: Collection[str]
    machines: Collection[str]
    home: str = ""
    parameters: Collection[str] = ()


def read(document: Document, place: Place, data: object, parameter: Parameter, around: Surroundings) -> Entry | None:
    """The entry at ``place``, or None with the reasons among the document's problems."""
    before = len(document.problems)
    fields = document.mapping(place, data, "{value: ..., kind: ..., source: ..., where: ..., measured_on: ...}")
    if len(document.problems) == before:
        document.check_keys(place, fields, _REQUIRED, _OPTIONAL)
    if len(document.problems) > before:
        return None
    reader = _Reader(document, place, fields, parameter, around)
    entry = reader.entry()
    return entry if len(document.problems) == before else None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the fields of one entry and notes every mistake."""

    document: Document
    place: Place
    fields: Mapping[str, object]
    parameter: Parameter
    around: Surroundings

    def entry(self) -> Entry:
        value = self._number(self.fields["value"], "value") if "value" in self.fields else None
        kind = self._text("kind")
        text = self._text("formula")
        entry = Entry(
            place=self.place,
            value=value,
            formula=text,
            tree=self._tree(text),
            range=self._range(value),
            kind=kind,
            source=self._source(kind),
            where=self._text("where"),
            measured_on=self._machine(kind),
            includes=self._includes(),
            fitted=self._fitted(kind),
            fitted_on=self._text("fitted_on"),
        )
        if ("value" in self.fields) == ("formula" in self.fields):
            self._refuse("", "needs exactly one of 'value' and 'formula'", "keep one of the two")
        return entry

    def _refuse(self, key: str, message: str, remedy: str) -> None:
        self.document.complain((*self.place, key) if key else self.place, message, remedy)

    def _text(self, key: str) -> str:
        return self.document.text(self.place, self.fields, key)

    def _number(self, value: object, key: str) -> float | None:
        """A number in the parameter's own unit, or a text with a unit of its dimension."""
        unit = self.parameter.unit
        dimension = DIMENSIONS.get(unit)
        try:
            if isinstance(value, str) and dimension is not None:
                return parse_quantity(value, dimension)
        except UnitError as error:
            self._refuse(key, str(error), f"a plain number here is in {unit}")
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._refuse(key, f"{value!r} is not a number", f"write a plain number in {unit}, or a formula")
            return None
        return float(value)

    def _tree(self, text: str) -> ast.expr | None:
        if not text:
            return None
        try:
            tree = formula.parse(text)
        except CatalogError as error:
            self._refuse("formula", str(error), "")
            return None
        for name in formula.names(tree):
            if name not in self.around.parameters:
                self._refuse(
                    "formula", f"{name!r} is no parameter of this file", suggestion(name, self.around.parameters)
                )
        return tree

    def _range(self, value: float | None) -> tuple[float, float] | None:
        if "range" not in self.fields:
            if self.fields["kind"] == "assumed":
                self._refuse("", "is assumed but has no range", "add 'range: [low, high]': how wrong may it be?")
            return None
        ends = self.fields["range"]
        if not isinstance(ends, list) or len(ends) != 2:
            self._refuse("range", f"{ends!r} is not a range", "write [low, high]")
            return None
        low, high = (self._number(end, "range") for end in ends)
        if low is None or high is None:
            return None
        if low > high:
            self._refuse("range", f"{ends!r} begins above its end", "write [low, high]")
        elif value is not None and not low <= value <= high:
            self._refuse("range", f"{ends!r} does not contain the value {value:g}", "check both against the source")
        return low, high

    def _source(self, kind: str) -> str:
        source = self._text("source")
        if kind not in KINDS:
            self._refuse("kind", f"{kind!r} is no kind of number", suggestion(kind, KINDS))
        elif "source" not in self.fields and kind != "assumed":
            self._refuse("", "has no source", "add 'source: <key in sources.bib>', or say 'kind: assumed' and a range")
        elif source and source not in self.around.sources:
            self._refuse("source", f"{source!r} is not in sources.bib", suggestion(source, self.around.sources))
        return source

    def _machine(self, kind: str) -> str:
        machine = self._text("measured_on") or self.around.home or (ANY if kind == "assumed" else "")
        if not machine and "measured_on" not in self.fields:
            self._refuse("", "does not say where it was measured", f"add 'measured_on: <machine>', or '{ANY}'")
        elif machine and machine not in (ANY, *self.around.machines):
            self._refuse(
                "measured_on",
                f"{machine!r} is no machine with a year in the catalog",
                suggestion(machine, (ANY, *self.around.machines)),
            )
        return machine

    def _includes(self) -> tuple[str, ...]:
        includes = self.fields.get("includes", [])
        if isinstance(includes, list) and all(isinstance(part, str) for part in includes):
            return tuple(includes)
        self._refuse("includes", f"{includes!r} is not a list of texts", "write [what it contains already, ...]")
        return ()

    def _fitted(self, kind: str) -> bool:
        """A fitted number is derived, and says from which result; a judging figure is never a parameter."""
        fitted = self.fields.get("fitted", False)
        if not isinstance(fitted, bool):
            self._refuse("fitted", f"{fitted!r} is neither true nor false", "write 'fitted: true'")
        elif fitted and kind != "derived":
            self._refuse("kind", f"is {kind}, but the number is fitted", "a fitted number is 'kind: derived'")
        elif fitted and "fitted_on" not in self.fields:
            self._refuse(
                "", "is fitted but does not say on what", "add 'fitted_on: <the native or calibrating result>'"
            )
        elif not fitted and "fitted_on" in self.fields:
            self._refuse("fitted_on", "says on what it was fitted, but it is not fitted", "add 'fitted: true'")
        return fitted is True
