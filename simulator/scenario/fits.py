"""What fits onto what: a layer stands on a machine or on a system, and offers one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.catalog.product import Product
from simulator.notation import ROLES, Expression, Term
from simulator.scenario.lookup import Lookup

_ALSO = {"x86-64": ("x86",)}
"""Older machine code that processors execute as well."""
MACHINE, SYSTEM, BYTECODE = "machine", "system", "bytecode"


@dataclass(frozen=True)
class Floor:
    """A term of a stack with its product: what that needs and offers, and ``abi``, what code on it is built for."""

    term: Term
    product: str
    needs: str
    offers: str
    abi: str


def floors(lookup: Lookup, expression: Expression) -> list[Floor]:
    """The stack from the hardware up, roles by the product that fills them."""
    found: list[Floor] = []
    below, abi = Term(""), MACHINE
    for _, term in expression.placed():
        product = dict(below.options)[term.name] if term.is_role else term.name
        offers = lookup.layer_class(product).OFFERS
        abi = lookup.product(product).abi or (MACHINE if offers == MACHINE else abi)
        found.append(Floor(term, product, lookup.needs(product), offers, abi))
        below = term
    return found


def misfit(lookup: Lookup, expression: Expression) -> tuple[str, str] | None:
    """Message and remedy for the first layer that cannot stand where it stands, from the hardware up."""
    stack = floors(lookup, expression)
    for index, floor in enumerate(stack):
        below = stack[index - 1] if index else None
        offered = below.offers if below else MACHINE
        if floor.needs != offered:
            return _sentence(lookup, stack, index, offered)
        for role, filler in floor.term.options:
            problem = _misfit_role(lookup, floor, role, filler)
            if problem:
                return problem
    return None


def _misfit_role(lookup: Lookup, floor: Floor, role: str, filler: str) -> tuple[str, str] | None:
    if role not in ROLES or floor.offers == lookup.needs(filler):
        return None
    system = lookup.layer_for(floor.offers, SYSTEM)
    return f"{filler} cannot be the {role} of {floor.product}", f"write e.g. '{role}={system}'"


def _sentence(lookup: Lookup, stack: Sequence[Floor], index: int, offered: str) -> tuple[str, str]:
    floor = stack[index]
    below = stack[index - 1].product if index else "bare hardware"
    used = tuple(each.product for each in stack)
    between = lookup.layer_for(offered, floor.needs, used)
    repaired = _repaired(stack, index, between)
    if floor.needs == SYSTEM and offered == MACHINE:
        return (
            f"{floor.product} is a program of a host system and cannot stand on {below}",
            f"put a system under it, e.g. '{repaired}'" if between else "put a system under it",
        )
    if floor.needs == MACHINE and offered == SYSTEM:
        return (
            f"{floor.product} needs a machine, real or virtual, and cannot run as a program of {below}",
            f"put a hypervisor under it, e.g. '{repaired}'" if between else "put a hypervisor under it",
        )
    return (
        f"{floor.product} needs a {floor.needs}, and {below} offers a {offered}",
        f"put between them what offers a {floor.needs}",
    )


def _repaired(stack: Sequence[Floor], index: int, between: str) -> str:
    """The stack with a layer put in; below all others it is the machine's, otherwise the tenant's."""
    terms = [str(floor.term) for floor in stack]
    lower = [*terms[:index], between] if not index else terms[:index]
    upper = terms[index:] if not index else [between, *terms[index:]]
    return f"{' / '.join(lower)} | {' / '.join(upper)}"


def as_class_files(lookup: Lookup, expression: Expression, workload: str) -> bool:
    """Whether a workload runs there in its build of bytecode: on top of a Java virtual machine."""
    product = lookup.workload(workload, lookup.any_machine)
    return floors(lookup, expression)[-1].offers == BYTECODE and bool(product.bytecode)


def misfit_program(lookup: Lookup, expression: Expression, workload: str) -> tuple[str, str] | None:
    """Message and remedy if the top of a stack does not offer what a workload runs on."""
    stack = floors(lookup, expression)
    top, interface = stack[-1], lookup.workload(workload, lookup.any_machine).interface
    if top.offers == interface or as_class_files(lookup, expression, workload):
        return None
    if top.offers == BYTECODE:
        return (
            f"{workload} is there in machine code only, and {top.product} at the top of '{expression}' runs bytecode",
            "take a workload that has class files, or leave the Java virtual machine out",
        )
    above = lookup.layer_for(top.offers, interface, tuple(floor.product for floor in stack))
    text = str(expression)
    example = f"{text} {above}" if text.endswith("|") else f"{text} / {above}"
    return (
        f"{workload} runs on a {interface}, and {top.product} at the top of '{text}' offers a {top.offers}",
        f"put a {interface} on top, e.g. '{example}'" if above else f"put a {interface} on top",
    )


def misbuilt(lookup: Lookup, expression: Expression, workload: str, architecture: str) -> tuple[str, str] | None:
    """Message and remedy for the first product whose machine code does not run where it stands, from the hardware up.

    ``runs_on`` names the interfaces that a product is built for (``linux``, or ``machine`` for a kernel that knows only
    machines as they are, not paravirtual ones), ``architectures`` its processors; bytecode is built for none.
    """
    problem = misbuilt_layer(lookup, expression, architecture)
    if problem or as_class_files(lookup, expression, workload):
        return problem
    abi = floors(lookup, expression)[-1].abi
    return _misbuilt(lookup, lookup.workload(workload, lookup.any_machine), abi, architecture)


def misbuilt_layer(lookup: Lookup, expression: Expression, architecture: str) -> tuple[str, str] | None:
    """The same for the layers alone, whatever program runs on them."""
    abi = MACHINE
    for floor in floors(lookup, expression):
        problem = _misbuilt(lookup, lookup.product(floor.product), abi, architecture)
        if problem:
            return problem
        abi = floor.abi
    return None


def _misbuilt(lookup: Lookup, product: Product, abi: str, architecture: str) -> tuple[str, str] | None:
    executed = {architecture, *_ALSO.get(architecture, ())}
    if product.architectures and executed.isdisjoint(product.architectures):
        fitting = lookup.machine_for(product.architectures)
        example = f", e.g. {fitting}" if fitting else ""
        return (
            f"{product.name} is machine code for {' or '.join(product.architectures)}, and this machine's processors "
            f"execute {architecture}",
            f"take a machine that fits{example}, or a program in bytecode, which runs on both",
        )
    if not product.runs_on or abi in product.runs_on:
        return None
    if MACHINE in product.runs_on:
        return (
            f"{product.name} is a kernel for machines as they are, and what it stands on offers the paravirtual one of "
            f"{abi}",
            "take a kernel that is ported to it, or a hypervisor that offers a machine as it is",
        )
    there = "the bare machine" if abi == MACHINE else f"that of {abi}"
    return (
        f"{product.name} is built for the program interface of {' or '.join(product.runs_on)}, and what it stands "
        f"on offers {there}",
        f"put {' or '.join(product.runs_on)} under it, or take a program in bytecode",
    )
