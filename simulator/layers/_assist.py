"""What a processor does for a guest, and what leaves it to the hypervisor: shared by the families of hypervisors.

With assist a guest's kernel runs as it is; an *exit* hands the processor to the hypervisor and back. Under nested
paging the guest's page tables are its own: traps, page-table writes and address-space switches cost no exit, only
the longer walks that refill the translation buffer (``nested_refill``). Under shadow paging the hypervisor keeps
the tables that the processor walks: a trap is looked up first, a table write is traced, a new entry is filled by a
hidden fault, another table base is an exit. Without assist (``execution: translation``) the kernel's sensitive
instructions are carried out by translated code, and an exit is an entry of the monitor that translates.

A layer includes STRUCTURE, PARAMETERS and MECHANISMS in its own and asks an ``Assist`` first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from simulator import demands as d
from simulator.layers._mitigations import exits
from simulator.layers.base import Mechanism, Priced, Transition
from simulator.parameters import Parameter, Parameters
from simulator.steps import Below, Step, Use

STRUCTURE = {
    "execution": ("assist", "translation"),
    "paging": ("nested", "shadow"),
    "interrupts": ("injected", "posted"),
    "emulator_place": ("hypervisor", "host-kernel", "host-process", "domain-0"),
}
"""``interrupts``: whether the guest's end of an interrupt is an exit, or the processor's own (posted interrupts).
``emulator_place``: who knows what a register of an emulated device means."""

_NESTED, _SHADOW = "paging=nested", "paging=shadow"

PARAMETERS = (
    Parameter("exit_cycles", "cycles", "an exit and the return, nothing done between"),
    Parameter("injection_cycles", "cycles", "an interrupt handed to the guest at its next entry", "injection"),
    Parameter("interrupt_end_cycles", "cycles", "the guest's end of an interrupt, its exit included", "injection",
              "interrupts=injected"),
    Parameter("interrupt_send_cycles", "cycles", "an interrupt sent to another virtual processor, exits included",
              "wake_interrupt"),
    Parameter("timer_cycles", "cycles", "a guest's timer set and fired in the system below, exits apart", "timer_exit"),
    Parameter("timer_exits_count", "count", "exits for a timer set and fired: two, or one if the guest has its own",
              "timer_exit"),
    Parameter("idle_timers_count", "count", "times that a guest sets its timer around an idle time", "timer_exit"),
    Parameter("halt_cycles", "cycles", "a virtual processor put to sleep and woken, its exit apart", "halt_exit"),
    Parameter("hypervisor_register_cycles", "cycles", "a device register worked out in the hypervisor, exit apart",
              "emulation", "emulator_place=hypervisor"),
    Parameter("host_kernel_register_cycles", "cycles", "a device register worked out in the host's kernel, exit apart",
              "emulation", "emulator_place=host-kernel"),
    Parameter("host_process_register_cycles", "cycles", "a device register worked out in a host process, exit apart",
              "emulation", "emulator_place=host-process"),
    Parameter("domain_0_register_cycles", "cycles", "a device register worked out in domain 0, exit apart",
              "emulation", "emulator_place=domain-0"),
    Parameter("host_page_bytes", "bytes", "pages that the guest's memory is mapped with below"),
    Parameter("nested_trap_cycles", "cycles", "longer walks at an exception of the guest", "nested_refill", _NESTED),
    Parameter("nested_fill_cycles", "cycles", "longer walks at a new page of the guest", "nested_refill", _NESTED),
    Parameter("nested_switch_cycles", "cycles", "longer walks after a switch of the guest", "nested_refill", _NESTED),
    Parameter("trap_cycles", "cycles", "an exception taken and handed on to the guest kernel", "trap", _SHADOW),
    Parameter("traced_write_cycles", "cycles", "a guest's write to its own page table", "shadow_paging", _SHADOW),
    Parameter("shadow_fill_cycles", "cycles", "a shadow entry filled by a hidden fault", "shadow_paging", _SHADOW),
    Parameter("address_space_cycles", "cycles", "another guest page-table base loaded", "address_space", _SHADOW),
    Parameter("sensitive_cycles", "cycles", "a sensitive instruction, by translated code", "translation",
              "execution=translation"),
)  # fmt: skip

MECHANISMS = {
    "translation": Mechanism("sensitive instructions of guest kernel code, without assist"),
    "trap": Mechanism("an exception is looked up and handed on, under shadow paging"),
    "shadow_paging": Mechanism("guest page tables traced, shadow entries filled"),
    "address_space": Mechanism("the shadow of another page table is loaded"),
    "nested_refill": Mechanism("longer walks after traps, new pages and switches, under nested paging"),
    "register_exit": Mechanism("exits for registers of emulated devices"),
    "emulation": Mechanism("virtual devices, by register and request, at their place"),
    "injection": Mechanism("an interrupt is handed to the guest, which ends it", "emergent"),
    "timer_exit": Mechanism("exits for setting and firing the guest's timer", "emergent"),
    "wake_interrupt": Mechanism("an interrupt is sent to another virtual processor that sleeps", "emergent"),
    "halt_exit": Mechanism("an idle virtual processor exits, sleeps and is woken", "emergent"),
    "host_interrupt": Mechanism("the timer of the system below makes the guest exit", "emergent"),
}

_NESTED_COSTS = {
    d.Trap: ("nested_refill", "nested_trap_cycles"),
    d.UpdatePageTable: ("nested_refill", "nested_fill_cycles"),
    d.SwitchAddressSpace: ("nested_refill", "nested_switch_cycles"),
}
_SHADOW_COSTS = {
    d.Trap: ("trap", "trap_cycles"),
    d.SwitchAddressSpace: ("address_space", "address_space_cycles"),
    d.TouchKernelPage: ("shadow_paging", "shadow_fill_cycles"),
}


@dataclass(frozen=True, slots=True)
class Assist(Priced):
    """Prices a guest's machine operations by the exits that they take.

    Attributes:
        parameters: numbers of PARAMETERS, as far as the structure needs them.
        structure: choices of STRUCTURE.
        page_bytes: the processor's page size.
    """

    parameters: Parameters
    structure: Mapping[str, str]
    page_bytes: float

    def lower(self, demand: d.Demand) -> tuple[Step, ...] | None:
        """Steps for what a processor meets; None for what is left to the layer: its devices."""
        if isinstance(demand, (d.Compute, d.NestedWalk)):
            return (Below(demand),)
        if isinstance(demand, d.AccessMemory):
            return self._access(demand)
        if isinstance(demand, d.SensitiveInstruction):
            translated = self.structure["execution"] == "translation"
            return (self.use("translation", "sensitive_cycles"),) if translated else ()
        if isinstance(demand, (d.Trap, d.UpdatePageTable, d.SwitchAddressSpace, d.TouchKernelPage)):
            return self._paging(demand)
        if isinstance(demand, d.TimerTick):
            return self._timer()
        return self.register() if isinstance(demand, d.AccessRegister) else None

    def react(self, transition: Transition) -> tuple[Step, ...]:
        """A halted processor woken, or told to wake by another; an interrupt of the system below.

        Interrupts of devices that wake a processor are charged where they come from. Of one from another processor, who
        sends it pays for the exits of sending, and who is woken for taking it.
        """
        if transition.kind == "resume":
            cycles = self.parameters.exit_cycles + self.parameters.halt_cycles
            return (Use("halt_exit", cycles=cycles), *self.guard(1.0), *self._idle_timers())
        if transition.kind == "notify":
            return (self.use("wake_interrupt", "interrupt_send_cycles"), *self.guard(1.0))
        if transition.kind == "notified":
            return self.interrupt()
        if transition.kind in ("interrupted", "tick"):
            return (self.use("host_interrupt", "exit_cycles"), *self.guard(1.0))
        return ()

    def guard(self, count: float) -> tuple[Use, ...]:
        """What so many exits take beyond themselves, in a family whose products may have mitigations."""
        return exits(self.parameters, self.structure, count)

    def register(self, count: float = 1.0) -> tuple[Step, ...]:
        """Registers of an emulated device: an exit each, worked out at the emulator's place."""
        place = self.structure["emulator_place"].replace("-", "_")
        emulation = self.use("emulation", f"{place}_register_cycles", count)
        return (self.use("register_exit", "exit_cycles", count), emulation, *self.guard(count))

    def interrupt(self, count: float = 1.0, *, arrives: bool = False) -> tuple[Step, ...]:
        """Interrupts handed to the guest, each ended by an exit unless the processor does it (posted).

        One that ``arrives`` from the hardware itself takes an exit before, unless it is posted.
        """
        cycles, ends = self.parameters.injection_cycles, 0.0
        if self.structure["interrupts"] == "injected":
            ends = 2.0 if arrives else 1.0
            cycles += self.parameters.interrupt_end_cycles + (self.parameters.exit_cycles if arrives else 0.0)
        return (Use("injection", cycles=cycles * count, operations=count), *self.guard(ends * count))

    def _paging(self, demand: d.Demand) -> tuple[Step, ...]:
        nested = self.structure["paging"] == "nested"
        if isinstance(demand, d.UpdatePageTable) and not nested:
            traced = self.use("shadow_paging", "traced_write_cycles")
            return (traced,) if demand.batched else (traced, self.use("shadow_paging", "shadow_fill_cycles"))
        costs = _NESTED_COSTS if nested else _SHADOW_COSTS
        copied = isinstance(demand, d.UpdatePageTable) and demand.batched
        return () if copied or type(demand) not in costs else (self.use(*costs[type(demand)]),)

    def _access(self, demand: d.AccessMemory) -> tuple[Step, ...]:
        """The guest's own access, and what the second translation adds to it."""
        page_bytes, shadowed = demand.page_bytes or self.page_bytes, self.structure["paging"] == "shadow"
        host_bytes = self.parameters.host_page_bytes
        walk = d.NestedWalk(demand.pattern, demand.working_set_bytes, page_bytes, host_bytes, shadowed)
        return (Below(replace(demand, page_bytes=page_bytes)), Below(walk, own=True))

    def _timer(self) -> tuple[Step, ...]:
        """The guest sets its next tick: an exit unless the timer is its own; it fires: another; then an interrupt."""
        exits = self.parameters.timer_exits_count
        cycles = exits * self.parameters.exit_cycles + self.parameters.timer_cycles
        return (Use("timer_exit", cycles=cycles, operations=exits), *self.guard(exits), *self.interrupt())

    def _idle_timers(self) -> tuple[Step, ...]:
        """A kernel without work stops its tick, and starts it again when there is some: its timer is set each time."""
        count = self.parameters.idle_timers_count
        cycles = count * (self.parameters.exit_cycles + self.parameters.timer_cycles)
        return (Use("timer_exit", cycles=cycles, operations=count), *self.guard(count)) if count else ()
