"""Checks of one combination: what fits alone may not fit together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from simulator import discovery
from simulator.catalog.suggestion import suggestion
from simulator.errors import StackError
from simulator.notation import Node, Tree, build
from simulator.scenario import faults, fits, hardware, points, shipped
from simulator.scenario.combinations import Combination
from simulator.scenario.lookup import Lookup
from simulator.scenario.parts import TenantChoice
from simulator.scenario.schema import Fault
from simulator.scenario.types import processors, split
from simulator.space import divide
from simulator.units import format_quantity


def check(lookup: Lookup, combination: Combination) -> None:
    """Note everything that does not fit together."""
    tree = _tree(lookup, combination)
    _check_somebody(lookup, combination)
    _check_times(lookup, combination)
    _check_programs(lookup, combination)
    _check_talkers(lookup, combination)
    _check_built_for(lookup, combination)
    hardware.check(lookup, combination)
    shipped.check(lookup, combination)
    if tree is not None:
        givers = _givers(lookup, tree)
        guests = [tenant for tenant in combination.tenants if tenant.name in givers]
        kept = {tenant.name for tenant in guests if _is_kept(lookup, combination, tree.chains[tenant.name])}
        hosted = {tenant.name for tenant in guests if _is_hosted(lookup, combination, tree.chains[tenant.name])}
        _check_memory(lookup, combination, guests, kept | hosted)
        _check_kept(lookup, combination, kept)
        _check_groups(lookup, combination, tree)
        _check_processors(lookup, combination, guests)
        _check_network(lookup, combination)


def check_faults(lookup: Lookup, combinations: Sequence[Combination]) -> None:
    """Note every fault that contradicts itself, or whose names no stack of the scenario knows."""
    for index, fault in lookup.readable("faults", Fault):
        problem = faults.problem(fault)
        if problem is not None:
            keys, message, remedy = problem
            lookup.complain(("faults", index, *keys), message, remedy)
        elif combinations and not any(points.names(lookup, fault, combination) for combination in combinations):
            known = {name for each in combinations for name in points.known_to_faults(lookup, each)}
            name_key, name = faults.unknown(fault, known, lookup.layer_name)
            message = f"nothing in any stack is called {name!r}"
            lookup.complain(("faults", index, name_key), message, suggestion(name, known))
        elif fault.recover is not None:
            fitting = [each for each in combinations if points.names(lookup, fault, each)]
            _check_recovery(lookup, index, fault, fitting)


def _check_recovery(lookup: Lookup, index: int, fault: Fault, combinations: Sequence[Combination]) -> None:
    """Somebody must know how long recovering takes."""
    _, name = faults.struck(fault)
    for combination in combinations:
        if faults.recovery_s(lookup, fault, lookup.layer_name(name), combination) is None:
            message = f"nobody knows how {name} recovers in place"
            lookup.complain(("faults", index, "recover"), message, "write 'takes: ...' beside it, or 'restart' instead")
            return


def check_space(lookup: Lookup, combination: Combination, point: Mapping[str, Any]) -> None:
    """Note if the systems of a point, with what hypervisors take for themselves, do not fit into its memory."""
    tree = _tree(lookup, combination)
    capacity = combination.machine.capacity("capacity_bytes") if combination.machine else None
    if tree is None or capacity is None:
        return
    try:
        divide(tree, point, capacity)
    except StackError as error:
        message, _, remedy = str(error).partition(": ")
        lookup.complain(combination.tenants[-1].place("memory"), message, remedy)


def _tree(lookup: Lookup, combination: Combination) -> Tree | None:
    groups = {tenant.name: tenant.form.group for tenant in combination.tenants}
    expressions = {name: each for name, each in combination.stack.expressions.items() if name in groups}
    if len(expressions) < len(groups) or not groups:
        return None
    try:
        return build(expressions, groups)
    except StackError as error:
        lookup.complain(combination.stack.place, *split(str(error)))
        return None


def _check_somebody(lookup: Lookup, combination: Combination) -> None:
    if not combination.tenants and not lookup.problems:
        lookup.complain(("tenants",), "are none in one of the combinations: each count is 0", "let one start from 1")


def _check_times(lookup: Lookup, combination: Combination) -> None:
    duration_s, warmup_s = combination.setting("duration"), combination.setting("warmup")
    if duration_s is None:
        return
    end = f"the end at {format_quantity(duration_s, 's')}"
    if warmup_s >= duration_s:
        lookup.complain(combination.place("warmup"), f"is not before {end}", "nothing would be counted; shorten it")
    for tenant in combination.tenants:
        if tenant.form.start >= duration_s:
            lookup.complain(tenant.place("start"), f"is not before {end}", "write an earlier time")


def _check_programs(lookup: Lookup, combination: Combination) -> None:
    for tenant in combination.tenants:
        expression = combination.stack.expressions.get(tenant.name)
        if expression is None:
            continue
        problem = fits.misfit_program(lookup, expression, tenant.workload)
        if problem:
            lookup.complain(combination.stack.place, *problem)


def _check_talkers(lookup: Lookup, combination: Combination) -> None:
    """Who talks to programs of other tenants must find them there."""
    products = {tenant.name: lookup.workload(tenant.workload, lookup.any_machine) for tenant in combination.tenants}
    running = {product.program for product in products.values()}
    for tenant in combination.tenants:
        for other in discovery.member("workloads", products[tenant.name].program).PROGRAM.TALKS_TO:
            if other not in running:
                names = [name for name in lookup.names("workloads") if other == _program(lookup, name)]
                message = f"{tenant.workload} talks to another tenant that is not there"
                lookup.complain(tenant.place("workload"), message, f"add a tenant with {' or '.join(names)}")


def _program(lookup: Lookup, workload: str) -> str:
    return lookup.workload(workload, lookup.any_machine).program


def _check_built_for(lookup: Lookup, combination: Combination) -> None:
    """A program in machine code runs only where its processor and its system's interface are."""
    machine = combination.machine
    if machine is None:
        return
    for tenant in combination.tenants:
        expression = combination.stack.expressions.get(tenant.name)
        if expression is not None:
            architecture = lookup.machine(machine.base).architecture
            problem = fits.misbuilt(lookup, expression, tenant.workload, architecture)
            if problem:
                lookup.complain(combination.stack.place, *problem)


def _givers(lookup: Lookup, tree: Tree) -> set[str]:
    """The tenants whose figures a kernel in a virtual machine has: its own tenant's, or the first of its group."""
    kernels = {node.path for node in tree.nodes if node.apart and _is_kernel(lookup, node.name)}
    return {tenant for path, tenant in tree.givers.items() if path in kernels}


def _is_kernel(lookup: Lookup, name: str) -> bool:
    """Whether a layer stands on a machine and offers a system."""
    return (lookup.needs(name), lookup.layer_class(name).OFFERS) == (fits.MACHINE, fits.SYSTEM)


def _is_kept(lookup: Lookup, combination: Combination, chain: tuple[Node, ...]) -> bool:
    """Whether a tenant's virtual machine gets its memory as it touches it."""
    changed = combination.stack.structure
    return any(
        lookup.layer_class(node.name).overcommits({**lookup.product(node.name).structure, **changed.get(node.name, {})})
        for node in chain
        if lookup.layer_class(node.name).OFFERS == "machine"
    )


def _is_hosted(lookup: Lookup, combination: Combination, chain: tuple[Node, ...]) -> bool:
    """Whether a host's kernel gives a tenant's virtual machine its memory as it touches it, and can take it back."""
    changed = combination.stack.structure
    hosts = (
        lower.name
        for lower, upper in pairwise(chain)
        if lookup.layer_class(upper.name).OFFERS == "machine" and _is_kernel(lookup, lower.name)
    )
    return any(
        lookup.layer_class(name).hosts_lazily({**lookup.product(name).structure, **changed.get(name, {})})
        for name in hosts
    )


def _check_kept(lookup: Lookup, combination: Combination, kept: set[str]) -> None:
    """Rules for memory that only hypervisors keep which give out more than there is."""
    for tenant in combination.tenants:
        form = tenant.form
        rules = {"memory_reservation": form.memory_reservation, "memory_limit": form.memory_limit}
        rules["memory_weight"] = form.memory_weight if form.memory_weight != 1.0 else None
        for key, value in rules.items():
            if value is not None and tenant.name not in kept:
                remedy = "leave it out, or take a hypervisor that does, e.g. vmware-esx-4.1"
                lookup.complain(tenant.place(key), "nothing in this stack divides memory so", remedy)
        size, limit, reserved = form.memory, form.memory_limit, form.memory_reservation
        if reserved is not None and reserved > min(size or reserved, limit or reserved):
            lookup.complain(tenant.place("memory_reservation"), "is more than it may have", "reserve less")


def _check_groups(lookup: Lookup, combination: Combination, tree: Tree) -> None:
    """Soft limits and protection are kept by control groups of the second version."""
    for tenant in combination.tenants:
        if tenant.form.memory_high is None and tenant.form.memory_low is None:
            continue
        key = "memory_high" if tenant.form.memory_high is not None else "memory_low"
        names = [node.name for node in tree.chains[tenant.name] if node.apart]
        if not any(_has_group(lookup, combination, name) for name in names):
            remedy = "leave it out, or take a container with cgroup=v2, e.g. docker-27"
            lookup.complain(tenant.place(key), "nothing in this stack puts the tenant into a control group", remedy)
        elif tenant.form.memory_high and tenant.form.memory and tenant.form.memory_high > tenant.form.memory:
            message = f"is more than its memory of {format_quantity(tenant.form.memory, 'bytes')}"
            lookup.complain(tenant.place("memory_high"), message, "write less")


def _has_group(lookup: Lookup, combination: Combination, name: str) -> bool:
    layer = lookup.layer_class(name)
    structure = {**lookup.product(name).structure, **combination.stack.structure.get(name, {})}
    return layer.CONFINES_MEMORY and layer.OFFERS != fits.MACHINE and structure.get("cgroup") == "v2"


def _check_memory(lookup: Lookup, combination: Combination, guests: list[TenantChoice], kept: set[str]) -> None:
    machine = combination.machine
    size_bytes = machine.capacity("capacity_bytes") if machine else None
    if machine is None or size_bytes is None:
        return
    sizes = {tenant.name: tenant.form.memory for tenant in guests}
    has = f"{machine.name} has {format_quantity(size_bytes, 'bytes')}"
    remedy = "give less; more than there is give out e.g. vmware-esx-4.1, and KVM on linux-6(swap=disk)"
    total_bytes = sum(size for name, size in sizes.items() if size is not None and name not in kept)
    for tenant in guests:
        size = tenant.form.memory
        if size is None and not lookup.blamed(tenant.place()):
            lookup.complain(tenant.place(), "has a virtual machine of no known size", "add e.g. 'memory: 512 MiB'")
        elif size is not None and size > size_bytes and tenant.name not in kept:
            message = f"a virtual machine of {format_quantity(size, 'bytes')} is larger than its host: {has}"
            lookup.complain(tenant.place("memory"), message, remedy)
            return
    if total_bytes > size_bytes:
        message = f"the virtual machines want {format_quantity(total_bytes, 'bytes')} together, and {has}"
        lookup.complain(guests[-1].place("memory"), message, remedy)


def _check_processors(lookup: Lookup, combination: Combination, guests: list[TenantChoice]) -> None:
    machine = combination.machine
    cores = machine.capacity("cores_count") if machine else None
    if machine is None or cores is None:
        return
    cores *= machine.capacity("threads_per_core_count") or 1.0
    for tenant in combination.tenants:
        if tenant.form.cap is not None and tenant.form.cap > cores:
            message = f"a cap of {tenant.form.cap:g} processors is no limit: {machine.name} has {cores:g}"
            lookup.complain(tenant.place("cap"), message, f"write {cores:g} or less, or a part of one, e.g. '50 %'")
    _check_places(lookup, combination, machine.name, cores)
    _check_reservations(lookup, combination, machine.name, cores)
    for tenant in guests:
        vcpus = tenant.form.vcpus or 0
        if vcpus > cores:
            message = f"a virtual machine with {vcpus} processors is wider than its host: {machine.name} has {cores:g}"
            lookup.complain(tenant.place("vcpus"), message, f"write {cores:g} or less")


def _check_places(lookup: Lookup, combination: Combination, machine: str, cores: float) -> None:
    """Sets of processors must be there; without slices nobody knows who runs where, so they must not overlap."""
    taken: dict[int, str] = {}
    for tenant in combination.tenants:
        if tenant.form.cpus is None:
            continue
        numbers = processors(tenant.form.cpus)
        if max(numbers) >= cores:
            message = f"there is no processor {max(numbers)}: {machine} has {cores:g}, counted from 0"
            lookup.complain(tenant.place("cpus"), message, f"write numbers up to {cores - 1:g}")
        shared = sorted(numbers & taken.keys())
        if shared and not _slices(combination):
            message = f"processor {shared[0]} is also that of {taken[shared[0]]}, and the fluid fidelity has no places"
            lookup.complain(tenant.place("cpus"), message, "add 'fidelity: quantum', or give each its own processors")
        taken |= dict.fromkeys(numbers, tenant.name)


def _check_reservations(lookup: Lookup, combination: Combination, machine: str, cores: float) -> None:
    """What is reserved must be there, and the scheduler that divides the machine must know reservations."""
    reserving = [tenant for tenant in combination.tenants if tenant.form.reservation is not None]
    total = sum(tenant.form.reservation or 0.0 for tenant in reserving)
    if reserving and total > cores:
        message = f"{total:g} processors are reserved, and {machine} has {cores:g}"
        lookup.complain(reserving[-1].place("reservation"), message, "reserve less")
    for tenant in reserving:
        cap, expression = tenant.form.cap, combination.stack.expressions.get(tenant.name)
        if cap is not None and (tenant.form.reservation or 0.0) > cap:
            lookup.complain(tenant.place("reservation"), f"is more than the cap of {cap:g}", "reserve less")
        if expression is not None and _slices(combination):
            lowest = next(term.name for _, term in expression.placed())
            name = combination.stack.schedulers.get(lowest, lookup.product(lowest).scheduler)
            if name and "reservation" not in lookup.policy(name).HONOURS:
                message = f"the scheduler {name} of {lowest} keeps no reservations"
                lookup.complain(tenant.place("reservation"), message, "leave it out, or take another scheduler")


def _slices(combination: Combination) -> bool:
    """Whether the fidelity has time slices; False for one that does not exist, which is noted elsewhere."""
    fidelity = combination.setting("fidelity")
    return fidelity in discovery.members("sharing") and bool(discovery.member("sharing", fidelity).SLICES)


def _check_network(lookup: Lookup, combination: Combination) -> None:
    machine = combination.machine
    if machine is None or "nic" not in machine.devices:
        return
    link = machine.devices["nic"]["parameters"].get("link_bytes_per_s", float("inf"))
    for tenant in combination.tenants:
        limit = tenant.form.network_limit
        if limit is not None and limit > link:
            has = f"the link of {machine.name} carries {format_quantity(link, 'bytes_per_s')}"
            message = f"{format_quantity(limit, 'bytes_per_s')} is no limit: {has}"
            lookup.complain(tenant.place("network_limit"), message, "write less, or leave it out")
