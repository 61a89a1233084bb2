"""The same numbers without a simulator: events times their cost, added up.

Only the catalog's figures and the workload's counts go in; the layers' code is not used. What the schedule
decides (how often a worker blocks) is taken from the run and said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Figures = Mapping[str, float]
STACKS = ("native", "Xen", "VMware Workstation")


class Line(NamedTuple):
    """One kind of event: how many for one operation, and microseconds each on every stack."""

    event: str
    times: float
    native_us: float
    xen_us: float
    workstation_us: float

    def each_us(self, stack: int) -> float:
        """Microseconds for one such event on the stack with this number."""
        return (self.native_us, self.xen_us, self.workstation_us)[stack]

    def total_us(self, stack: int) -> float:
        """Microseconds for one operation on the stack with this number."""
        return self.times * self.each_us(stack)


class Costs:
    """Unit costs in microseconds on the three stacks, from the catalog.

    Args:
        points: a resolved point for each of native, Xen and Workstation.
    """

    def __init__(self, points: list[Mapping[str, Any]]) -> None:
        layers = [point["layers"] for point in points]
        self.linux: Figures = layers[0]["linux-2.4"]["parameters"]
        self.xen: Figures = layers[1]["xen-1"]["parameters"]
        self.workstation: Figures = layers[2]["vmware-workstation-3.2"]["parameters"]
        devices = points[0]["machine"]["devices"]
        self.devices: Mapping[str, Figures] = {name: device["parameters"] for name, device in devices.items()}
        tenant = next(iter(points[2]["hardware"].values()))
        shown = tenant["vmware-workstation-3.2"]
        self.registers: Mapping[str, float] = {
            kind: device["parameters"]["registers_count"] for kind, device in shown.items()
        }
        self.mhz = self.devices["cpu"]["frequency_hz"] / 1e6

    def line(self, event: str, count: float, linux: float, xen: float = 0.0, workstation: float = 0.0) -> Line:
        """A line from cycles: what native Linux pays, and what each hypervisor adds."""
        return Line(event, count, linux / self.mhz, (linux + xen) / self.mhz, (linux + workstation) / self.mhz)

    def call(self, name: str, count: float) -> Line:
        """A system call: Workstation translates its sensitive instructions, Xen leaves it alone."""
        sensitive = self.linux[f"{name}_sensitive_count"] * self.workstation["sensitive_cycles"]
        return self.line(name.replace("_", " "), count, self.linux[f"{name}_cycles"], 0.0, sensitive)

    def fault_added(self) -> tuple[float, float]:
        """Cycles that Xen and Workstation add to a page fault."""
        xen, vmm = self.xen, self.workstation
        return (
            xen["trap_cycles"] + xen["update_cycles"],
            vmm["trap_cycles"] + vmm["traced_write_cycles"] + vmm["shadow_fill_cycles"],
        )

    def fault(self, count: float) -> Line:
        """A first touch of a page."""
        return self.line("page fault", count, self.linux["page_fault_cycles"], *self.fault_added())

    def process(self, kind: str, count: float) -> Line:
        """A process, with the faults it contains and the switches to it and back."""
        faults = self.linux[f"{kind}_faults_count"]
        entries = self.linux["process_entries_count"]
        entry_cycles = self.xen["batched_update_cycles"] + self.xen["hypercall_cycles"] / self.xen["batch_count"]
        batch = (entry_cycles * entries, self.workstation["traced_write_cycles"] * entries)
        added = [
            faults * fault + copied + 2.0 * layer["address_space_cycles"]
            for fault, copied, layer in zip(self.fault_added(), batch, (self.xen, self.workstation), strict=True)
        ]
        return self.line(f"{kind} (contains {faults:.0f} faults)", count, self.linux[f"{kind}_cycles"], *added)

    def new_page(self, event: str, count: float, cycles: float, touches: float = 1.0) -> Line:
        """A page of file data taken into memory or dropped."""
        xen, vmm = self.xen["kernel_page_cycles"] * touches, self.workstation["shadow_fill_cycles"] * touches
        return self.line(event, count, cycles, xen, vmm)

    def ticks(self, stack: int) -> float:
        """Part of the processor that timers take."""
        cycles = self.linux["tick_cycles"]
        if stack == 1:
            cycles += self.xen["event_cycles"]
        if stack == 2:
            round_trip = 2.0 * self.workstation["world_switch_cycles"]
            cycles += 2.0 * round_trip + self.workstation["interrupt_cycles"] + self.linux["tick_cycles"]
        part: float = self.linux["tick_hz"] * cycles / (self.mhz * 1e6)
        return part


def build_lines(costs: Costs, build: Figures) -> list[Line]:
    """One source file of the kernel build."""
    linux, group = costs.linux, build["group_count"]
    text_pages, object_pages = (build[name] / build["page_bytes"] for name in ("intermediate_bytes", "object_bytes"))
    return [
        costs.line("user cycles", 1.0, build["file_cycles"]),
        costs.process("exec", build["file_processes_count"]),
        costs.fault(build["file_faults_count"]),
        costs.call("open_close", build["file_opens_count"]),
        costs.call("stat", build["file_stats_count"]),
        costs.call("null_io", build["file_reads_count"] + text_pages + 2.0 / group),
        costs.call("create", build["file_creates_count"]),
        costs.call("delete", build["file_creates_count"] - 1.0 + 1.0 / group),
        costs.new_page("page of a file written", text_pages + object_pages, linux["page_write_cycles"]),
        costs.new_page("page dropped", text_pages, linux["page_drop_cycles"], linux["page_drop_touch_count"]),
        costs.line("source copied to the compiler", build["source_bytes"], linux["copy_cycles_per_byte"]),
        source_line(costs, build),
    ]


def source_line(costs: Costs, build: Figures) -> Line:
    """A group of sources read from the disk in order: stacks, drivers, disk, and waking up again."""
    linux, xen, vmm, disk = costs.linux, costs.xen, costs.workstation, costs.devices["disk"]
    size_bytes = int(build["source_bytes"] * build["group_count"])
    pages = size_bytes / build["page_bytes"]
    idle_us = costs.devices["cpu"]["idle_exit_s"] * 1e6
    native_disk_us = (disk["command_s"] + size_bytes / disk["media_bytes_per_s"]) * 1e6
    stack = linux["block_stack_cycles"] + linux["context_switch_cycles"]
    native = (stack + linux["disk_driver_cycles"]) / costs.mhz + native_disk_us + idle_us
    paravirtual = (
        xen["block_ring_cycles"] + xen["address_space_cycles"] + xen["domain_switch_cycles"] + xen["event_cycles"]
        + pages * xen["kernel_page_cycles"]
    )  # fmt: skip
    requests = -(-size_bytes // int(vmm["disk_block_bytes"]))
    host = linux["block_stack_cycles"] + linux["disk_driver_cycles"] + linux["context_switch_cycles"]
    wake = (
        linux["context_switch_cycles"] + vmm["address_space_cycles"]
        + 2.0 * vmm["world_switch_cycles"] + vmm["interrupt_cycles"]
    )  # fmt: skip
    hosted = (
        linux["block_stack_cycles"] + costs.registers["disk"] * vmm["register_cycles"]
        + 2.0 * vmm["world_switch_cycles"] + vmm["disk_emulation_cycles"] + vmm["interrupt_cycles"]
        + linux["null_io_cycles"] + size_bytes * linux["copy_cycles_per_byte"]
        + pages * vmm["shadow_fill_cycles"] + requests * (host + wake)
    )  # fmt: skip
    block_bytes = vmm["disk_block_bytes"]
    hosted_disk_us = requests * ((disk["command_s"] + block_bytes / disk["media_bytes_per_s"]) * 1e6 + idle_us)
    part = 1.0 / build["group_count"]
    return Line(
        "group of sources read from disk", part, native, native + paravirtual / costs.mhz,
        hosted / costs.mhz + hosted_disk_us,
    )  # fmt: skip


def build_seconds(costs: Costs, build: Figures, stack: int) -> float:
    """The whole build; timers stretch processor time."""
    lines = build_lines(costs, build)
    processor_us = sum(line.total_us(stack) for line in lines[:-1])
    return build["files_count"] * (processor_us / (1.0 - costs.ticks(stack)) + lines[-1].total_us(stack)) / 1e6


def web_lines(costs: Costs, web: Figures, wakes: float, cold_us: float) -> list[Line]:
    """One request of the web server.

    Args:
        costs: unit costs.
        web: the workload's counts.
        wakes: how often a worker goes on after it had blocked (from the run: the schedule decides).
        cold_us: waiting for the cache after each (from the run).
    """
    linux, xen, vmm = costs.linux, costs.xen, costs.workstation
    data = max(1.0, web["answer_bytes"] / web["payload_bytes"])
    sent = data + linux["acknowledgement_ratio"]
    received = 1.0 + linux["acknowledgement_ratio"] * data
    driver = linux["nic_driver_cycles"]
    registers = costs.registers["nic"] * vmm["register_cycles"]
    entry = 2.0 * vmm["world_switch_cycles"] + linux["null_io_cycles"] + vmm["interrupt_cycles"]
    packet = registers + vmm["nic_emulation_cycles"] + vmm["bridge_cycles"]
    copied = web["request_bytes"] + web["answer_bytes"] + web["file_bytes"] + web["request_log_bytes"]
    return [
        costs.line("user cycles", 1.0, web["request_cycles"]),
        costs.call("null_io", 4.0),
        costs.call("select", web["request_selects_count"]),
        costs.call("open_close", web["request_opens_count"]),
        costs.call("stat", web["request_stats_count"]),
        costs.fault(web["request_faults_count"]),
        costs.line("bytes copied", copied, linux["copy_cycles_per_byte"]),
        costs.line(
            "packet sent", sent, linux["packet_send_cycles"] + driver, xen["packet_send_ring_cycles"], packet + entry
        ),
        costs.line(
            "packet received", received, linux["packet_receive_cycles"] + driver, xen["packet_receive_ring_cycles"],
            packet + entry / vmm["receive_batch_count"],
        ),
        costs.line(
            "worker goes on (count from the run)", wakes, linux["context_switch_cycles"] + cold_us * costs.mhz,
            xen["address_space_cycles"], vmm["address_space_cycles"],
        ),
    ]  # fmt: skip


def web_clients(costs: Costs, web: Figures, stack: int, wakes: float, cold_us: float) -> float:
    """Clients that one saturated processor supports."""
    request_us = sum(line.total_us(stack) for line in web_lines(costs, web, wakes, cold_us))
    request_s = request_us / (1.0 - costs.ticks(stack)) / 1e6
    return web["answer_bytes"] / request_s / web["client_bytes_per_s"]
