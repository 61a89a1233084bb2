"""How the machines of a drawing are set going, and whether that can be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

from simulator import discovery
from simulator.errors import UsageError
from simulator.sharing.drawing.elements import Element, ranges
from simulator.sharing.tree import Scheduling, WeightRule

FAMILY, POLICIES = "sharing", "sharing/policies"
DEFAULT = "fluid"
_SLICE = "slice_s"
"""The parameter of a policy that the option for slices sets."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How the machines of a drawing are set going.

    Attributes:
        fidelity: name of the algorithm that divides processors; empty: ``fluid``, or where a policy is named the
            first that has one.
        policy: the scheduler of the machines; empty: none, or the first there is in a fidelity that needs one.
        guest_policy: the scheduler of the guests; empty: that of the machines.
        weights: ``shares``: a group weighs what is drawn; ``active``: times the processors it can use at the moment.
        slice_s: length of a slice, instead of the policy's own.
        switch_s: processor seconds it takes to go on with a thread or guest after another.
        seconds: how long the machines run.
    """

    fidelity: str = ""
    policy: str = ""
    guest_policy: str = ""
    weights: WeightRule = "shares"
    slice_s: float | None = None
    switch_s: float = 0.0
    seconds: float = 10.0

    def scheduling(self, policy: str) -> Scheduling:
        """A scheduler with what was set of it."""
        return Scheduling(policy, {} if self.slice_s is None else {_SLICE: self.slice_s})


def fidelities() -> dict[str, ModuleType]:
    """The modules of all fidelities by their names."""
    modules = (discovery.member(FAMILY, name) for name in discovery.members(FAMILY))
    return {module.FIDELITY: module for module in modules if hasattr(module, "FIDELITY")}


def has_slices(fidelity: ModuleType) -> bool:
    """Whether it has real processors with slices, and a scheduler that gives them out."""
    return getattr(fidelity, "SLICES", False)


def checked(setting: Setting, machines: Iterable[Element]) -> ModuleType:
    """The module of the fidelity, if it can do what is set and drawn.

    Raises:
        UsageError: the fidelity or a policy is not there, or an option means nothing to it.
    """
    module = _fidelity(setting)
    if setting.seconds <= 0.0:
        raise UsageError("nothing can be seen in no time; give at least a few milliseconds")
    if has_slices(module):
        for policy in filter(None, (setting.policy, setting.guest_policy)):
            _check_policy(policy, setting)
    else:
        _check_without_slices(setting, machines, module.FIDELITY)
    return module


def _fidelity(setting: Setting) -> ModuleType:
    found = fidelities()
    if setting.fidelity in found:
        return found[setting.fidelity]
    if setting.fidelity:
        raise UsageError(f"no fidelity {setting.fidelity!r}; there are: {', '.join(found)}")
    sliced = [module for module in found.values() if has_slices(module)]
    return sliced[0] if sliced and (setting.policy or setting.guest_policy) else found[DEFAULT]


def _check_policy(policy: str, setting: Setting) -> None:
    there = discovery.members(POLICIES)
    if policy not in there:
        raise UsageError(f"no policy {policy!r}; there are: {', '.join(sorted(there))}")
    parameters = [parameter.name for parameter in discovery.member(POLICIES, policy).POLICY.PARAMETERS]
    if setting.slice_s is not None and _SLICE not in parameters:
        raise UsageError(f"the policy {policy!r} has no fixed slice; its parameters are: {', '.join(parameters)}")


def _check_without_slices(setting: Setting, machines: Iterable[Element], fidelity: str) -> None:
    others = [repr(name) for name, each in fidelities().items() if has_slices(each)]
    meaningless = {
        f"the policy {setting.policy!r}": setting.policy,
        f"the guests' policy {setting.guest_policy!r}": setting.guest_policy,
        "the length of a slice": setting.slice_s is not None,
        "the cost of a switch": setting.switch_s,
    }
    pinned = [each for machine in machines for each in machine.everything() if each.cpus is not None]
    if pinned:
        meaningless[f"'@{ranges(pinned[0].cpus or ())}'"] = True
    for what in (what for what, given in meaningless.items() if given):
        remedy = f"take the fidelity {' or '.join(others)}, or leave it out" if others else "leave it out"
        raise UsageError(f"{what} means nothing in the fidelity {fidelity!r}, which has no slices; {remedy}")
