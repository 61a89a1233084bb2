"""Parts of a scenario as they are written, changed for another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from simulator.notation import parse
from simulator.scenario.schema import StackForm


def seconds(time_s: float) -> str:
    """A time as a scenario writes it."""
    return f"{time_s!r} s"


def first(value: Any) -> Any:
    """A part of a scenario with every list of values replaced by its first."""
    if isinstance(value, list):
        return first(value[0])
    return {key: first(item) for key, item in value.items()} if isinstance(value, dict) else value


def labelled(stacks: Any) -> dict[str, Any]:
    """Stacks by label, also where they are written as a list."""
    return dict(stacks) if isinstance(stacks, dict) else {str(stack): stack for stack in stacks}


def of_tenants(stack: Any, tenant: str, more: Mapping[str, str]) -> Any:
    """A stack with the expression of one of its tenants and those of more; a single text where all are alike."""
    if isinstance(stack, dict) and stack.keys() & StackForm.model_fields.keys():
        return {**stack, "stack": of_tenants(stack["stack"], tenant, more)}
    own = stack[tenant] if isinstance(stack, dict) else stack
    alike = all(parse(each) == parse(own) for each in more.values())
    return own if alike else {tenant: own, **more}


def expression(stack: Any) -> str:
    """The expression in a stack that has one for all tenants."""
    return str(stack["stack"] if isinstance(stack, dict) else stack)


def places_beside(text: str) -> Iterator[str]:
    """Where a neighbour can stand beside a tenant: on the same floors, else one of the tenant's own floors lower.

    >>> list(places_beside("linux-6 | docker / hotspot-17"))
    ['linux-6 | docker / hotspot-17', 'linux-6 | docker']
    """
    yield text
    parsed = parse(text)
    *shared, own = parsed.segments
    if own and not own[-1].is_role:
        yield str(replace(parsed, segments=(*shared, own[:-1])))
