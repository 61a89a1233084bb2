"""How the machines of a drawing are set going, and whether that can be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType

from simulator import discovery
from simulator.errors import UsageError
from simulator.sharing.drawing.elements import Element, ranges
from simulator.sharing.tree import INFINITE, Scheduling, WeightRule

FAMILY, POLICIES = "sharing", "sharing.policies"
DEFAULT, DEFAULT_POLICY = "fluid", "cfs"
_SLICES = ("slice_s", "quantum_s")
"""The parameters of policies that the option for slices sets: what each calls the length of a turn."""
_SHORTEST_SLICE_S = 1e-6


@dataclass(frozen=True, slots=True)
class Setting:
    """How the machines of a drawing are set going.

    Attributes:
        fidelity: name of the algorithm that divides processors; empty: ``fluid``, or where a policy is named the
            first that has one.
        policy: the scheduler of the machines; empty: none, or ``cfs`` in a fidelity that needs one.
        guest_policy: the scheduler of the guests; empty: that of the machines.
        weights: ``shares``: a group weighs what is drawn; ``active``: times the processors it can use at the moment.
        slice_s: length of a slice, instead of the policy's own.
        switch_s: processor seconds it takes to go on with a thread or guest after another.
        seconds: how long the machines run.
        parameters: numbers of the policies in SI units; every policy takes those that it has.
    """

    fidelity: str = ""
    policy: str = ""
    guest_policy: str = ""
    weights: WeightRule = "shares"
    slice_s: float | None = None
    switch_s: float = 0.0
    seconds: float = 10.0
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def policies(self) -> tuple[str, str]:
        """The schedulers of the machines and of the guests, where there are any."""
        policy = self.policy or DEFAULT_POLICY
        return policy, self.guest_policy or policy

    def scheduling(self, policy: str) -> Scheduling:
        """A scheduler with what was set of it."""
        lengths = {} if self.slice_s is None else dict.fromkeys(_SLICES, self.slice_s)
        known = parameters_of(policy)
        chosen = {**lengths, **self.parameters}
        return Scheduling(policy, {name: value for name, value in chosen.items() if name in known})


def fidelities() -> dict[str, ModuleType]:
    """The modules of all fidelities by their names."""
    modules = (discovery.member(FAMILY, name) for name in discovery.members(FAMILY))
    return {module.FIDELITY: module for module in modules if hasattr(module, "FIDELITY")}


def parameters_of(policy: str) -> Mapping[str, float]:
    """The parameters of a policy with their defaults.

    Raises:
        UsageError: there is no such policy.
    """
    there = discovery.members(POLICIES)
    if policy not in there:
        raise UsageError(f"no policy {policy!r}; there are: {', '.join(sorted(there))}")
    found = discovery.member(POLICIES, policy).POLICY
    return {**found.COMMON, **found.DEFAULTS}


def checked(setting: Setting, machines: Iterable[Element]) -> ModuleType:
    """The module of the fidelity, if it can do what is set and drawn.

    Raises:
        UsageError: the fidelity or a policy is not there, or an option means nothing to it.
    """
    module = _fidelity(setting)
    if setting.seconds <= 0.0:
        raise UsageError("nothing can be seen in no time; give at least a few milliseconds")
    if module.SLICES:
        _check_numbers(setting)
        for machine in machines:
            _check_pins(machine, "", machine.processors, frozenset(range(machine.processors)))
    else:
        _check_without_slices(setting, machines, module.FIDELITY)
    return module


def unknown_to(policies: tuple[str, str], machines: Iterable[Element]) -> list[str]:
    """What is drawn and the scheduler that should keep it does not honour, in words."""
    found: dict[str, None] = {}

    def look(element: Element, policy: str) -> None:
        honours = discovery.member(POLICIES, policy).POLICY.HONOURS
        for rule, drawn in _rules(element).items():
            if drawn and rule not in honours:
                found[f"{policy} does not honour {rule}s: shares do not follow those that are drawn"] = None
        for child in element.children:
            look(child, policies[1] if element.kind == "guest" else policy)

    for machine in machines:
        look(machine, policies[0])
    return list(found)


def _rules(element: Element) -> dict[str, bool]:
    return {"weight": element.weight != 1.0, "cap": element.cap < INFINITE, "reservation": element.reservation > 0.0}


def _fidelity(setting: Setting) -> ModuleType:
    found = fidelities()
    if setting.fidelity in found:
        return found[setting.fidelity]
    if setting.fidelity:
        raise UsageError(f"no fidelity {setting.fidelity!r}; there are: {', '.join(found)}")
    sliced = [module for module in found.values() if module.SLICES]
    return sliced[0] if sliced and (setting.policy or setting.guest_policy) else found[DEFAULT]


def _check_numbers(setting: Setting) -> None:
    known = {policy: parameters_of(policy) for policy in setting.policies}
    wanted: dict[str, tuple[str, ...]] = {f"parameter {name!r}": (name,) for name in setting.parameters}
    if setting.slice_s is not None:
        if setting.slice_s < _SHORTEST_SLICE_S:
            raise UsageError("a slice of less than a microsecond is no time to do anything; give a longer one")
        wanted["slice of a fixed length"] = _SLICES
    for what, names in wanted.items():
        if not any(name in parameters for name in names for parameters in known.values()):
            there = "; ".join(f"{policy} has: {', '.join(parameters)}" for policy, parameters in known.items())
            raise UsageError(f"there is no {what}; {there}")


def _check_pins(around: Element, path: str, number: int, left: frozenset[int]) -> None:
    """Whether every element has a processor that neither its own pins nor those around it exclude.

    Args:
        around: what the elements stand in.
        path: its path, ending in "/".
        number: processors of the scheduler there; a guest can use no more than what it stands on has.
        left: those that elements in it may use.
    """
    for child in around.children:
        mine = left if child.cpus is None else left & child.cpus
        if not mine:
            raise UsageError(
                f"{path}{child.name} is pinned to {ranges(child.cpus or ())}, and of what is around it to "
                f"{ranges(left)}: no processor is left; widen its '@...'"
            )
        below = min(number, child.processors) if child.kind == "guest" else number
        _check_pins(child, f"{path}{child.name}/", below, frozenset(range(below)) if child.kind == "guest" else mine)


def _check_without_slices(setting: Setting, machines: Iterable[Element], fidelity: str) -> None:
    others = [repr(name) for name, each in fidelities().items() if each.SLICES]
    meaningless = {
        f"the policy {setting.policy!r}": setting.policy,
        f"the guests' policy {setting.guest_policy!r}": setting.guest_policy,
        "the length of a slice": setting.slice_s is not None,
        "the cost of a switch": setting.switch_s,
        "a parameter of a policy": setting.parameters,
    }
    pinned = [each for machine in machines for each in machine.everything() if each.cpus is not None]
    if pinned:
        meaningless[f"'@{ranges(pinned[0].cpus or ())}'"] = True
    for what in (what for what, given in meaningless.items() if given):
        remedy = f"take the fidelity {' or '.join(others)}, or leave it out" if others else "leave it out"
        raise UsageError(f"{what} means nothing in the fidelity {fidelity!r}, which has no slices; {remedy}")
