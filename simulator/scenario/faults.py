"""What a fault of a scenario says: its kind, whom it strikes, what contradicts itself, how long recovering takes."""

from __future__ import annotations

from collections.abc import Callable, Collection

from simulator.faults.kinds.base import Kind, kinds
from simulator.scenario.combinations import Combination
from simulator.scenario.lookup import Lookup
from simulator.scenario.schema import Fault

Complaint = tuple[tuple[str, ...], str, str]
"""Where within the fault, what is wrong, what to do."""


def struck(fault: Fault) -> tuple[str, str]:
    """The kind of a fault, and the name of what it strikes; both empty where it says neither."""
    written = [(kind, getattr(fault, kind, None)) for kind in kinds()]
    return next(((kind, str(name)) for kind, name in written if name is not None), ("", ""))


def problem(fault: Fault) -> Complaint | None:
    """What contradicts itself in a fault."""
    written = [kind for kind in kinds() if getattr(fault, kind, None) is not None]
    if len(written) != 1:
        message = "says nothing of what happens" if not written else f"is {' and '.join(written)} at once"
        return (), message, f"write one of {', '.join(kinds())}, with what it strikes"
    kind = written[0]
    family = kinds()[kind]
    if (fault.resource is not None) != family.NEEDS_RESOURCE:
        if family.NEEDS_RESOURCE:
            return (kind,), "does not say what is used up", "add 'resource: processes', or descriptors, or memory"
        return ("resource",), f"means nothing for {kind}", "remove it, or write 'exhaust'"
    if kind == "escape" and fault.of is not None:
        return ("of",), "means nothing for an escape", "'escape' names the tenant whose code it is"
    if kind != "escape" and fault.through is not None:
        return ("through",), f"means nothing for {kind}", "remove it, or write 'escape'"
    return _problem_after(fault, kind, family)


def _problem_after(fault: Fault, kind: str, family: type[Kind]) -> Complaint | None:
    """What contradicts itself in what is done about a fault."""
    if fault.restart is not None and fault.recover is not None:
        return ("recover",), "contradicts 'restart'", "it is started anew, or goes on in place: keep one"
    if fault.restart is not None and not family.ENDS:
        return ("restart",), f"nothing has ended that could be started after {kind}", "remove it, or write 'recover'"
    if fault.recover is not None and kind == "escape":
        return ("recover",), "there is no recovering from an escape", "remove it"
    if fault.takes is not None and fault.recover is None:
        return ("takes",), "belongs to 'recover'", "add 'recover: 0 s', or remove it"
    return None


def unknown(fault: Fault, known: Collection[str], full_name: Callable[[str], str]) -> tuple[str, str]:
    """Which name of a fault nobody knows, and under which key it stands."""
    kind, name = struck(fault)
    given = [(kind, name), ("of", fault.of), ("through", fault.through)]
    return next(((key, each) for key, each in given if each and full_name(each) not in known), (kind, name))


def roles(lookup: Lookup, combination: Combination) -> dict[str, str]:
    """The roles that products of a stack have, each with the product."""
    return {role: name for name in combination.stack.products for role in lookup.product(name).roles}


def recovery_s(lookup: Lookup, fault: Fault, name: str, combination: Combination) -> float | None:
    """How long it takes a component to go on in place, once its fault is noticed; None if nobody knows.

    A hypervisor's role is restarted by it. What was used up is free again at once.
    """
    if fault.takes is not None:
        return fault.takes
    kind, _ = struck(fault)
    if not kinds()[kind].ENDS:
        return 0.0
    machine = combination.machine
    hypervisor = roles(lookup, combination).get(name, "")
    product = hypervisor or name
    if machine is None or product not in combination.stack.products:
        return None
    numbers = lookup.layer(product, machine.base).recovery
    found = numbers.get("driver_restart_s" if hypervisor else "micro_reboot_s")
    return None if found is None else found.value
