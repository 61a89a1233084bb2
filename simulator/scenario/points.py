"""The resolved points: self-contained descriptions of what to run, of nothing but the standard library's types."""

from __future__ import annotations

from typing import Any

from simulator.scenario.combinations import Combination
from simulator.scenario.lookup import Lookup
from simulator.scenario.parts import MachineChoice, TenantChoice

Point = dict[str, Any]


def point(lookup: Lookup, combination: Combination, number: int, header: Point) -> Point:
    """One point.

    Args:
        lookup: the catalog.
        combination: what to run.
        number: the number of the point.
        header: what all points of the scenario have in common.
    """
    machine, stack = combination.machine, combination.stack
    assert machine is not None
    companion = {"companion_of": stack.companion_of} if stack.companion_of else {}
    return {
        **header,
        "point": number,
        "axes": dict(combination.axes),
        "stack": stack.label,
        **companion,
        "expression": stack.text,
        "machine": {"name": machine.name, "devices": {name: dict(each) for name, each in machine.devices.items()}},
        "layers": {name: _layer(lookup, combination, name, machine) for name in stack.products},
        "without": list(stack.without),
        "tenants": {each.name: _tenant(lookup, combination, each, machine) for each in combination.tenants},
        "duration_s": combination.setting("duration"),
        "warmup_s": combination.setting("warmup"),
        "fidelity": combination.setting("fidelity"),
    }


def _layer(lookup: Lookup, combination: Combination, name: str, machine: MachineChoice) -> Point:
    product, stack = lookup.layer(name, machine.base), combination.stack
    return {
        "family": product.family,
        "structure": {**product.structure, **stack.structure.get(name, {})},
        "parameters": {**product.values(), **stack.parameters.get(name, {})},
    }


def _tenant(lookup: Lookup, combination: Combination, tenant: TenantChoice, machine: MachineChoice) -> Point:
    product, form = lookup.workload(tenant.workload, machine.base), tenant.form
    return {
        "workload": product.name,
        "program": product.program,
        "metric": dict(product.metric),
        "parameters": {**product.values(), **tenant.parameters},
        "memory_bytes": form.memory,
        "vcpus": form.vcpus,
        "weight": form.weight,
        "cap_cores": form.cap,
        "start_s": form.start,
        "stop_s": form.stop,
        "group": form.group,
        "limits": {name: dict(each) for name, each in tenant.limits.items()},
        "expression": str(combination.stack.expressions[tenant.name]),
    }
