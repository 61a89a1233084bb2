"""The resolved points: self-contained descriptions of what to run, of nothing but the standard library's types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.catalog.product import values
from simulator.scenario import faults, installing, operations, shipped
from simulator.scenario.combinations import Combination
from simulator.scenario.fits import as_class_files
from simulator.scenario.hardware import hardware
from simulator.scenario.lookup import Lookup
from simulator.scenario.parts import MachineChoice, TenantChoice
from simulator.scenario.schema import Fault, Operation
from simulator.scenario.stacks import StackChoice
from simulator.scenario.types import processors

Point = dict[str, Any]
_FURTHER: Mapping[str, Callable[[Lookup, dict[str, Any], str], Point]] = {
    "tenants": lambda lookup, operation, machine: {},
    "images": shipped.of_operation,
    "layers": installing.of_operation,
}
"""What an operation needs to know beside what is written, by the kind of thing that it is done to."""


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
        "faults": [_fault(lookup, each, combination) for each in header["faults"] if names(lookup, each, combination)],
        "operations": _operations(lookup, header["operations"], combination),
        "point": number,
        "axes": dict(combination.axes),
        "stack": stack.label,
        **companion,
        "expression": stack.text,
        "machine": {
            "name": machine.name,
            "base": machine.base,
            "devices": {name: dict(each) for name, each in machine.devices.items()},
        },
        "layers": {name: _layer(lookup, combination, name, machine) for name in stack.products},
        "hardware": {each.name: hardware(lookup, combination, each, machine.base) for each in combination.tenants},
        "without": list(stack.without),
        "tenants": {each.name: _tenant(lookup, combination, each, machine) for each in combination.tenants},
        "duration_s": combination.setting("duration"),
        "warmup_s": combination.setting("warmup"),
        "fidelity": combination.setting("fidelity"),
    }


def _operations(lookup: Lookup, written: Sequence[Operation], combination: Combination) -> list[Point]:
    """Those whose tenants are there, with full names of products."""
    tenants = {tenant.name for tenant in combination.tenants}
    assert combination.machine is not None
    machine = combination.machine.base
    found = (operations.resolved(each, lookup.layer_name) for each in written)
    here = [each for each in found if operations.tenants(each) <= tenants]
    return [{**each, **_FURTHER[operations.targets(each)](lookup, each, machine)} for each in here]


def names(lookup: Lookup, fault: Fault, combination: Combination) -> bool:
    """Whether all that a fault names is there in this combination."""
    known = known_to_faults(lookup, combination)
    _, name = faults.struck(fault)
    return all(lookup.layer_name(each) in known for each in (name, fault.of, fault.through) if each)


def known_to_faults(lookup: Lookup, combination: Combination) -> set[str]:
    """Products, tenants and roles: what a fault may name."""
    tenants = (tenant.name for tenant in combination.tenants)
    return {*combination.stack.products, *tenants, *faults.roles(lookup, combination)}


def _fault(lookup: Lookup, fault: Fault, combination: Combination) -> Point:
    """A fault with full names; only what was written."""
    kind, name = faults.struck(fault)
    written = {"of": fault.of, "through": fault.through and lookup.layer_name(fault.through)}
    times_s = {"restart_after_s": fault.restart, "recover_after_s": fault.recover}
    found: Point = {"at_s": fault.at, kind: lookup.layer_name(name)}
    found |= {
        key: value for key, value in {**written, "resource": fault.resource, **times_s}.items() if value is not None
    }
    if fault.recover is not None:
        found["recovery_s"] = faults.recovery_s(lookup, fault, lookup.layer_name(name), combination)
    return found


def _layer(lookup: Lookup, combination: Combination, name: str, machine: MachineChoice) -> Point:
    product, stack = lookup.layer(name, machine.base), combination.stack
    return {
        "family": product.family,
        "scheduler": _scheduler(lookup, stack, stack.schedulers.get(name, product.scheduler), machine),
        "start": values(product.start) or None,
        "start_queue": values(product.start_queue) or None,
        **({"pull": values(product.pull)} if product.pull else {}),
        "lacks": list(product.lacks),
        "adds": list(product.adds),
        **{name: values(numbers) for name, numbers in product.control.items()},
        "structure": {**product.structure, **stack.structure.get(name, {})},
        "parameters": {**product.values(), **stack.parameters.get(name, {})},
    }


def _scheduler(lookup: Lookup, stack: StackChoice, name: str, machine: MachineChoice) -> Point | None:
    """What divides the processors on a layer; None where it leaves that to what lies below."""
    if not name:
        return None
    product = lookup.scheduler(name, machine.base)
    return {
        "name": name,
        "policy": product.family,
        "parameters": {**product.values(), **stack.parameters.get(name, {})},
    }


def _tenant(lookup: Lookup, combination: Combination, tenant: TenantChoice, machine: MachineChoice) -> Point:
    product, form = lookup.workload(tenant.workload, machine.base), tenant.form
    expression = combination.stack.expressions[tenant.name]
    portable = as_class_files(lookup, expression, tenant.workload)
    given = tenant.parameters
    own = {name: value for name, value in given.items() if name not in product.writes}
    return {
        "copy_of": tenant.copy_of or tenant.name,
        "workload": product.name,
        "program": product.program,
        "metric": dict(product.metric),
        "parameters": product.values() | own,
        "bytecode": {name: each.value for name, each in product.bytecode.items()} if portable else None,
        "writes": values(product.writes) | {name: given[name] for name in given if name in product.writes},
        "memory_bytes": form.memory,
        "memory_high_bytes": form.memory_high,
        "memory_low_bytes": form.memory_low,
        "memory_reservation_bytes": form.memory_reservation,
        "memory_limit_bytes": form.memory_limit,
        "memory_weight": form.memory_weight,
        "vcpus": form.vcpus,
        "weight": form.weight,
        "weight_rule": form.weight_rule,
        "cap_cores": form.cap,
        "cap_period_s": form.cap_period,
        "cap_burst_s": form.cap_burst,
        "reservation_cores": form.reservation,
        "cpus": sorted(processors(form.cpus)) if form.cpus is not None else None,
        "disk_weight": form.disk_weight,
        "disk_bytes_per_s": form.disk_limit,
        "disk_operations_per_s": form.disk_operations_limit,
        "network_weight": form.network_weight,
        "network_bytes_per_s": form.network_limit,
        "start_s": form.start + tenant.number * form.start_every,
        "boot": form.boot,
        **({"image": shipped.of_tenant(lookup, combination, tenant, machine.base)} if form.image else {}),
        "stop_s": form.stop,
        "intensity": form.intensity,
        "group": form.group,
        "limits": {name: dict(each) for name, each in tenant.limits.items()},
        "expression": str(expression),
    }
