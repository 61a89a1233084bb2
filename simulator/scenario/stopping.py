"""The stopping rule of a scenario: there must be such a metric and such a tenant, and one width of the right kind."""

from __future__ import annotations

from pydantic import ValidationError

from simulator.catalog.document import Place
from simulator.catalog.suggestion import suggestion
from simulator.errors import UnitError
from simulator.records import TABLES
from simulator.results.stopping import Stopping
from simulator.scenario.lookup import Lookup
from simulator.scenario.schema import StoppingRule, Until
from simulator.scenario.types import split
from simulator.units import DIMENSIONS, parse_quantity

_UNITS = {column.name: column.unit for column in TABLES["tenants"] if column.kind != "text"}
_UNTIL: Place = ("replications", "until")


def check(lookup: Lookup) -> None:
    """Note a metric or a tenant that there is not, a width that cannot be, and a least that is more than the most."""
    written = lookup.source.data.get("replications")
    if not isinstance(written, dict):
        return
    try:
        read = StoppingRule.model_validate(written)
    except ValidationError:
        return
    tenants = lookup.source.data.get("tenants")
    names = tenants if isinstance(tenants, dict) else {}
    until = read.until
    if until.metric not in _UNITS:
        lookup.complain((*_UNTIL, "metric"), f"there is no metric {until.metric!r}", suggestion(until.metric, _UNITS))
    if until.tenant is not None and until.tenant not in names:
        lookup.complain((*_UNTIL, "tenant"), f"no tenant is called {until.tenant!r}", suggestion(until.tenant, names))
    _check_over(lookup, until)
    if read.min > read.max:
        key, other = ("max", "min") if "max" in written else ("min", "max")
        place, why = ("replications", key), f"max, {read.max}, is less than min, {read.min}"
        lookup.complain(place, why, f"change {key}" if other in written else f"change {key}, or give {other} as well")
    _check_widths(lookup, until)


def _check_over(lookup: Lookup, until: Until) -> None:
    """The metric is divided by that of a stack which is there; a ratio has no unit."""
    if until.over is None:
        return
    stacks = lookup.source.data.get("stacks")
    names = list(stacks) if isinstance(stacks, dict) else []
    if until.over not in names:
        lookup.complain((*_UNTIL, "over"), f"no stack is called {until.over!r}", suggestion(until.over, names))
    elif len(names) < 2:
        lookup.complain((*_UNTIL, "over"), "is the only stack", "add another one, or leave 'over' out")
    if until.half_width is not None:
        lookup.complain((*_UNTIL, "half_width"), "a ratio has no unit", "write e.g. 'relative_half_width: 1 %'")


def _check_widths(lookup: Lookup, until: Until) -> None:
    widths = [until.relative_half_width, until.half_width]
    if widths == [None, None]:
        lookup.complain(_UNTIL, "does not say how narrow", "add e.g. 'relative_half_width: 5 %'")
    elif None not in widths:
        lookup.complain((*_UNTIL, "half_width"), "is given beside relative_half_width", "keep one of the two")
    elif until.half_width is not None and until.metric in _UNITS:
        try:
            _half_width(until)
        except UnitError as error:
            lookup.complain((*_UNTIL, "half_width"), *split(str(error)))


def _half_width(until: Until) -> float | None:
    """The absolute width in the unit of the metric.

    Raises:
        UnitError: it is none.
    """
    written, unit = until.half_width, _UNITS[until.metric]
    if written is None:
        return None
    if unit in DIMENSIONS:
        found = parse_quantity(written, DIMENSIONS[unit])
    elif isinstance(written, str):
        raise UnitError(
            f"{written!r} cannot be compared: {until.metric} is in another unit for each workload; "
            "write 'relative_half_width: 5 %', or a number in the unit of your workload"
        )
    else:
        found = written
    if found <= 0.0:
        raise UnitError(f"{written!r} is never reached; write more than 0")
    return found


def rule(replications: int | StoppingRule) -> int | Stopping:
    """A number of replications, or the rule that a scenario without mistakes has instead."""
    if isinstance(replications, int):
        return replications
    until = replications.until
    return Stopping(
        until.metric, until.tenant or "", until.relative_half_width, _half_width(until), until.level,
        replications.min, replications.max, until.over or "",
    )  # fmt: skip
