"""A hosted product that translates every instruction of its guest, user code included: no assist, no direct run.

There is no one slowdown of user code: each instruction becomes some of the host's, so that code whose instructions wait
for each other anyway runs nearly as it is, while code that keeps a wide processor busy takes several times as long; a
branch ends a block and is looked for; floating point is worked out in software. What a processor does by itself is done
by code here: each memory access looks its address up in a table (the software's own translation buffer), a miss walks
the guest's page tables, another page-table base empties it, an exception leaves the translated code. Kernels are dense
in all of these; what the processor itself takes to enter one is not code, and is not translated.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulator import demands as d
from simulator.layers._device_process import DeviceProcess
from simulator.layers.base import Mechanism, Place, Priced, Service, Transition
from simulator.parameters import Parameter, Parameters
from simulator.steps import Below, Step, Use

ONLY = "processor=emulation"
PARAMETERS = tuple(
    Parameter(name, unit, meaning, mechanism, ONLY)
    for name, unit, meaning, mechanism in (
        ("instruction_cycles", "cycles", "a user instruction as translated, where nothing waits", "code_translation"),
        ("branch_cycles", "cycles", "a branch beyond that: the block left, the next found", "code_translation"),
        ("miss_cycles", "cycles", "a wait for a branch guessed wrongly, natively too", "code_translation"),
        ("float_cycles", "cycles", "a floating-point operation beyond that, in software", "code_translation"),
        ("instructions_ratio", "ratio", "instructions in a cycle of unknown code", "code_translation"),
        ("branches_ratio", "ratio", "branches in it", "code_translation"),
        ("accesses_ratio", "ratio", "memory accesses in it", "software_walk"),
        ("kernel_code_ratio", "ratio", "extra cycles for a cycle of kernel code", "code_translation"),
        ("lookup_cycles", "cycles", "one memory access looked up, found", "software_walk"),
        ("software_walk_cycles", "cycles", "one memory access not found: guest page tables walked", "software_walk"),
        ("software_entries_count", "count", "pages that the software's table holds", "software_walk"),
        ("line_bytes", "bytes", "a cache line, the unit of a stream", "software_walk"),
        ("word_bytes", "bytes", "what one access of a stream moves", "software_walk"),
        ("exception_cycles", "cycles", "an exception or interrupt taken into the guest kernel", "exception"),
        ("base_load_cycles", "cycles", "another page-table base: the table emptied and filled again", "software_walk"),
        ("device_register_cycles", "cycles", "a register of a virtual device, by its function", "emulation"),
        ("code_threads_count", "count", "guest processors whose code runs at once, each in a thread of the host", ""),
    )
)  # fmt: skip
MECHANISMS = {
    "code_translation": Mechanism("guest code runs as translated code"),
    "software_walk": Mechanism("memory accesses looked up by code, guest page tables walked by code"),
    "exception": Mechanism("exceptions and interrupts leave translated code"),
}


class EmulatedMonitor(Priced):
    """Prices a guest's operations; its arguments are those of a layer."""

    def __init__(self, parameters: Parameters, structure: Mapping[str, str], place: Place) -> None:
        self.parameters, self.place = parameters, place
        self._process = DeviceProcess(parameters, structure, place, self._register, self._exception, self._in_a_row)

    def services(self) -> tuple[Service, ...]:
        """The device threads of the process."""
        return self._process.services()

    def carry(self, cycles: float, kernel: bool) -> tuple[Use, ...]:
        """Translated code, and its memory accesses; the figure for kernel code contains these."""
        if kernel:
            return (Use("code_translation", cycles=self.parameters.kernel_code_ratio * cycles),)
        return self._translated(cycles, None)

    def _translated(self, cycles: float, mix: d.Mix | None) -> tuple[Use, ...]:
        """What user code takes beyond its own cycles, in which a part of its translation finds room.

        Where the processor has guessed a branch wrongly it waits here as well: there is no room in that time.
        """
        parameters = self.parameters
        instructions, accesses, branches, floats, misses = mix or d.Mix(
            parameters.instructions_ratio, parameters.accesses_ratio, parameters.branches_ratio, 0.0
        )
        code = instructions * parameters.instruction_cycles + branches * parameters.branch_cycles
        code += floats * parameters.float_cycles
        lookups = accesses * parameters.lookup_cycles
        busy = max(0.0, 1.0 - misses * parameters.miss_cycles)
        room = max(0.0, busy - code)
        return (
            Use("code_translation", cycles=max(0.0, code - busy) * cycles),
            Use("software_walk", cycles=max(0.0, lookups - room) * cycles, operations=accesses * cycles),
        )

    def lower(self, demand: d.Demand) -> tuple[Step, ...] | None:
        """Steps for one demand; None for an unknown one."""
        if isinstance(demand, d.Compute):
            return (Below(demand), *self._translated(1.0, demand.mix))
        if isinstance(demand, d.AccessMemory):
            return (Below(demand), *self._access(demand))
        if isinstance(demand, d.TransferBlocks):
            return self._process.disk(demand)
        if isinstance(demand, d.TransferPackets):
            return self._process.packets(demand)
        return self._privileged(demand)

    def react(self, transition: Transition) -> tuple[Step, ...]:
        """What wakes the virtual processor is an interrupt; the host's timer is nothing to it."""
        return self._exception() if transition.kind == "resume" else ()

    def _privileged(self, demand: d.Demand) -> tuple[Step, ...] | None:
        """A processor's own work done by code; sensitive instructions are in the figure for kernel code."""
        if isinstance(demand, d.SensitiveInstruction):
            return ()
        if isinstance(demand, d.NestedWalk):
            return (self.use("software_walk", "software_walk_cycles", self._missed(demand)),)
        if isinstance(demand, d.Trap):
            return self._exception()
        if isinstance(demand, d.UpdatePageTable) and demand.batched:
            return (self.use("software_walk", "lookup_cycles"),)
        if isinstance(demand, (d.UpdatePageTable, d.TouchKernelPage)):
            return (self.use("software_walk", "software_walk_cycles"),)
        if isinstance(demand, d.SwitchAddressSpace):
            return (self.use("software_walk", "base_load_cycles"),)
        if isinstance(demand, d.TimerTick):
            return (*self._register(), *self._exception(), *self._register())
        return self._register() if isinstance(demand, d.AccessRegister) else None

    def _access(self, demand: d.AccessMemory) -> tuple[Step, ...]:
        """Every word is looked up; in a row one page after the other is new."""
        stream = demand.pattern == "stream"
        words = self.parameters.line_bytes / self.parameters.word_bytes if stream else 1.0
        lookup = self.use("software_walk", "lookup_cycles", words)
        return (lookup, self.use("software_walk", "software_walk_cycles", self._missed(demand)))

    def _missed(self, demand: d.AccessMemory | d.NestedWalk) -> float:
        """Accesses not found: the table covers a part of the working set, in base pages whatever the guest has."""
        covered_bytes = self.parameters.software_entries_count * self.place.page_bytes
        if demand.working_set_bytes <= covered_bytes:
            return 0.0
        in_a_row = self.parameters.line_bytes / self.place.page_bytes
        return in_a_row if demand.pattern == "stream" else 1.0 - covered_bytes / demand.working_set_bytes

    def _exception(self, count: float = 1.0) -> tuple[Step, ...]:
        return (self.use("exception", "exception_cycles", count),)

    def _in_a_row(self, device: str, registers: float, times: float) -> tuple[Step, ...]:
        return (self.use("emulation", "device_register_cycles", registers * times),)

    def _register(self, device: str = "") -> tuple[Step, ...]:
        """All devices live in the process."""
        return (self.use("emulation", "device_register_cycles"),)
