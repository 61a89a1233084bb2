"""What a kernel or a hypervisor does against leaks through speculation (Spectre, Meltdown), event by event.

A kernel with ``mitigations: on`` pays at each entry from a program (``entry_guard``: fences, buffers cleared), changes
its page tables there and back where the processor would let a program read the kernel's (``page_table_isolation``),
keeps indirect branches of its code from being predicted (``branch_guard``: retpolines), and empties the branch
predictor at switches to processes that asked for it (``branch_barrier``). A hypervisor pays at each exit
(``exit_guard``), and empties the first-level cache before an entry where the processor needs it (``cache_flush``).

Each is a price of one event; how often the events happen follows from what programs ask for. A price of 0 says that the
processor needs no such thing. ``contained``: the figures of the product were measured with all of it and nobody can
tell it apart. Host and guest are two systems, and each has its own choice.

Without ``tags`` (PCID) each change of page tables also loses the translations of the other side, which are walked for
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from simulator.layers.base import Mechanism, Priced
from simulator.parameters import Parameter, Parameters
from simulator.steps import Choice, Parallel, Repeat, Send, Spawn, Step, Use

CHOICES = ("off", "on", "contained")
KERNEL_STRUCTURE = {"mitigations": CHOICES, "tags": ("on", "off")}
HYPERVISOR_STRUCTURE = {"mitigations": CHOICES}
_ON = "mitigations=on"

KERNEL_PARAMETERS = (
    Parameter("entry_guard_cycles", "cycles", "fences and buffers cleared, at an entry and the return", "entry_guard",
              _ON),
    Parameter("table_switch_cycles", "cycles", "other page tables at an entry and back; 0: none needed",
              "page_table_isolation", _ON),
    Parameter("lost_translations_count", "count", "translations used again after an entry, lost without tags",
              "page_table_isolation", _ON),
    Parameter("translation_cycles", "cycles", "a lost translation walked for again", "page_table_isolation", _ON),
    Parameter("indirect_branches_ratio", "ratio", "indirect branches in a cycle of kernel code", "branch_guard", _ON),
    Parameter("branch_guard_cycles", "cycles", "an indirect branch that may not be predicted", "branch_guard", _ON),
    Parameter("barrier_cycles", "cycles", "the branch predictor emptied", "branch_barrier", _ON),
    Parameter("barrier_ratio", "ratio", "part of the switches between processes that need it", "branch_barrier", _ON),
)  # fmt: skip
KERNEL_MECHANISMS = {
    "entry_guard": Mechanism("fences and cleared buffers at each entry of the kernel"),
    "page_table_isolation": Mechanism("page tables changed at each entry of the kernel and back"),
    "branch_guard": Mechanism("indirect branches of kernel code that may not be predicted"),
    "branch_barrier": Mechanism("the branch predictor emptied between processes", "emergent"),
}
HYPERVISOR_PARAMETERS = (
    Parameter("exit_guard_cycles", "cycles", "branches guarded and buffers cleared, at one exit", "exit_guard", _ON),
    Parameter("cache_flush_cycles", "cycles", "the first-level cache emptied and filled again; 0: none needed",
              "cache_flush", _ON),
    Parameter("cache_flush_ratio", "ratio", "part of the entries that need it", "cache_flush", _ON),
)  # fmt: skip
HYPERVISOR_MECHANISMS = {
    "exit_guard": Mechanism("guarded branches and cleared buffers at each exit"),
    "cache_flush": Mechanism("the first-level cache emptied before the guest goes on"),
}
_Plans = tuple[tuple[Step, ...], ...]
_MOST_REPEATED = 64
_STRINGS = frozenset({"copy"})
"""Mechanisms without branches: one instruction moves the bytes."""


class KernelGuard(Priced):
    """The mitigations of one kernel.

    Args:
        parameters: of the kernel.
        structure: ``mitigations`` and ``tags``.
    """

    def __init__(self, parameters: Parameters, structure: Mapping[str, str]) -> None:
        self.parameters = parameters
        self.on = structure.get("mitigations") == "on"
        self._tagged = structure.get("tags", "on") == "on"
        self._branch_cycles = parameters.branch_guard_cycles * parameters.indirect_branches_ratio if self.on else 0.0
        self._repeated: dict[int, tuple[_Plans, _Plans]] = {}
        """What is repeated, by its identity, with the guarded form of it: the same for the same."""

    def entries(self, count: float) -> tuple[Use, ...]:
        """So many entries of the kernel and returns from it."""
        if not self.on or not count:
            return ()
        cycles = self.parameters.entry_guard_cycles * count
        guard = (Use("entry_guard", cycles=cycles, operations=count, processor_cycles=cycles),) if cycles else ()
        return (*guard, *self._isolation(count))

    def _isolation(self, count: float) -> tuple[Use, ...]:
        parameters = self.parameters
        if not parameters.table_switch_cycles:
            return ()
        lost = 0.0 if self._tagged else parameters.lost_translations_count * parameters.translation_cycles
        return (Use("page_table_isolation", cycles=(parameters.table_switch_cycles + lost) * count, operations=count),)

    def switch(self) -> tuple[Use, ...]:
        """A switch from one process to another."""
        cycles = self.parameters.barrier_cycles * self.parameters.barrier_ratio if self.on else 0.0
        return (Use("branch_barrier", cycles=cycles, operations=self.parameters.barrier_ratio),) if cycles else ()

    def code(self, steps: Iterable[Step]) -> Iterable[Step]:
        """The kernel's steps, each piece of code followed by what its indirect branches take longer."""
        return self._guarded(steps) if self._branch_cycles else steps

    def _guarded_plans(self, plans: _Plans) -> _Plans:
        found = self._repeated.get(id(plans))
        if found is None:
            if len(self._repeated) >= _MOST_REPEATED:
                self._repeated.clear()
            found = self._repeated[id(plans)] = plans, tuple(tuple(self._guarded(plan)) for plan in plans)
        return found[1]

    def _guarded(self, steps: Iterable[Step]) -> Iterator[Step]:
        for step in steps:
            if isinstance(step, Choice):
                yield replace(step, options=tuple(tuple(self._guarded(option)) for option in step.options))
            elif isinstance(step, Repeat):
                yield replace(step, plans=self._guarded_plans(step.plans))
            elif isinstance(step, Parallel):
                yield replace(step, branches=tuple(tuple(self._guarded(branch)) for branch in step.branches))
            elif isinstance(step, Send):
                yield replace(step, work=tuple(self._guarded(step.work)), kick=tuple(self._guarded(step.kick)))
            elif isinstance(step, Spawn):
                yield replace(step, steps=tuple(self._guarded(step.steps)))
            else:
                yield step
                if isinstance(step, Use) and step.mechanism not in _STRINGS and step.mechanism not in KERNEL_MECHANISMS:
                    branches = step.cycles * self.parameters.indirect_branches_ratio
                    yield Use("branch_guard", cycles=step.cycles * self._branch_cycles, operations=branches)


def exits(parameters: Mapping[str, float], structure: Mapping[str, str], count: float) -> tuple[Use, ...]:
    """What a hypervisor does at so many exits and entries beyond the exits themselves."""
    if structure.get("mitigations") != "on" or not count:
        return ()
    flushes = count * parameters["cache_flush_ratio"]
    guard = Use("exit_guard", cycles=parameters["exit_guard_cycles"] * count, operations=count)
    flush = Use("cache_flush", cycles=parameters["cache_flush_cycles"] * flushes, operations=flushes)
    return (*((guard,) if guard.cycles else ()), *((flush,) if flush.cycles else ()))
