"""A hosted product on a processor with assist: its monitor is code of the host's kernel (ring 0).

What makes the guest exit is handled there if it can be (``host-kernel``), else the exit goes on to the product's
process (``host-process``): out of the kernel, through the process and back. Disk requests are always the
process's, for files are opened there, and so are packets received, which somebody must wait for; a card that stands
in the host's kernel sends without a system call, in the time of the guest's thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from simulator import demands as d
from simulator.layers import _assist
from simulator.layers._assist import Assist
from simulator.layers._device_process import DeviceProcess, paths
from simulator.layers.base import Place, Priced, Service, Transition
from simulator.parameters import Parameters
from simulator.steps import Step, Use

ONLY = "processor=assist"
PLACES = ("host-kernel", "host-process")
_BY_PAGING = (
    "nested_trap_cycles", "nested_fill_cycles", "nested_switch_cycles",
    "trap_cycles", "traced_write_cycles", "shadow_fill_cycles", "address_space_cycles",
)  # fmt: skip
_EXITS = (
    "exit_cycles", "injection_cycles", "interrupt_end_cycles", "interrupt_send_cycles", "timer_cycles",
    "timer_exits_count", "idle_timers_count", "halt_cycles",
    "host_kernel_register_cycles", "host_process_register_cycles", "host_page_bytes",
)  # fmt: skip
PARAMETERS = (
    *(each for each in _assist.PARAMETERS if each.name in _BY_PAGING),
    *(replace(each, only=ONLY) for each in _assist.PARAMETERS if each.name in _EXITS),
)
"""Those of a processor's assist, under the choices of this family."""


class AssistedMonitor(Priced):
    """Prices a guest's operations; its arguments are those of a layer."""

    def __init__(self, parameters: Parameters, structure: Mapping[str, str], place: Place) -> None:
        self.parameters, self.structure, self.place = parameters, structure, place
        assisted = {**structure, "execution": "assist", "interrupts": "injected"}
        self._at = {
            where: Assist(parameters, {**assisted, "emulator_place": where}, place.page_bytes) for where in PLACES
        }
        self._processor = self._at["host-kernel"]
        self._kernel = paths(parameters, structure, place, "host-kernel")
        self._process = DeviceProcess(
            parameters, structure, place, self._register, self._processor.interrupt, self._in_a_row
        )

    def services(self) -> tuple[Service, ...]:
        """The device threads of the process."""
        return self._process.services()

    def carry(self, cycles: float, kernel: bool) -> tuple[Use, ...]:
        """Nothing: code runs as it is."""
        return ()

    def lower(self, demand: d.Demand) -> tuple[Step, ...] | None:
        """Steps for one demand; None for an unknown one."""
        if isinstance(demand, d.AccessRegister):
            return self._register(demand.device)
        if isinstance(demand, d.TransferBlocks):
            return self._process.disk(demand)
        if isinstance(demand, d.TransferPackets):
            bridged = self.structure["nic_place"] == "host-kernel" and self.structure["network"] == "bridged"
            direct = bridged and demand.direction == "send"
            return self._sent(demand) if direct else self._process.packets(demand)
        return self._processor.lower(demand)

    def react(self, transition: Transition) -> tuple[Step, ...]:
        """Halting and waking, and the host's timer, handled in the host's kernel."""
        return self._processor.react(transition)

    def _register(self, device: str) -> tuple[Step, ...]:
        """A register at its device's place; those of no device are the monitor's own."""
        return self._at[self.structure[f"{device}_place"] if device else "host-kernel"].register()

    def _in_a_row(self, device: str, registers: float, times: float) -> tuple[Step, ...]:
        """Registers of a device at an interrupt: each an exit.

        Where exits are remembered the monitor goes on interpreting for a few instructions: what a driver writes and
        reads back at once, every second access after the first, is then no further exit.
        """
        where = self.structure[f"{device}_place"]
        exits = (1.0 + registers) / 2.0 if self.structure["exit_history"] == "kept" else registers
        emulation = f"{where.replace('-', '_')}_register_cycles"
        return (
            self.use("register_exit", "exit_cycles", exits * times),
            self.use("emulation", emulation, registers * times),
        )

    def _sent(self, demand: d.TransferPackets) -> tuple[Step, ...]:
        """By a card in the host's kernel; a paravirtual one notifies and interrupts once for a batch."""
        style, batch = self._process.style("nic"), 1.0 / self.parameters.receive_batch_count
        part = batch if style == "paravirtual" else 1.0
        told, confirmed = self._processor.register(part), self._process.told("nic", part)
        return (*told, *self._kernel.nic(self._process.handed(demand), style), *confirmed)
