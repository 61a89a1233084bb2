"""What a pool file says, in SI units: types of hosts and instances, and the rules by which a pool is run."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.energy import power
from simulator.pool.measuring import OneInstance
from simulator.pool.plan import Figures, HostType, InstanceType, Rules, TaskProgram, TraceProgram
from simulator.pool.schema import Hosts, Instance, PoolFile
from simulator.scenario.schema import MachineForm

_PAUSE_S = 1.0
"""Longest pause of a task whose costs are measured."""
_SMALL_CYCLES, _LARGE_CYCLES = 1e6, 100e6
"""Smallest and largest such task."""
_SLOWEST = 100.0
"""How many times as long as its cycles such a task may take on any stack."""


def typical_task(instance: Instance, frequency_hz: float) -> tuple[float, float]:
    """Cycles of a task and the time from one to the next, at which a task's costs are measured; they are linear in it.

    A trace is measured as computing without a pause. After a second of a pause nothing changes any more for whoever
    is woken from it, and the pause is never over before an emulator has done the task.
    """
    if instance.tasks is None:
        return _LARGE_CYCLES, 0.0
    sizes = instance.tasks.size
    cycles = min(max(sum(sizes) / len(sizes), _SMALL_CYCLES), _LARGE_CYCLES)
    pause_s = min(instance.tasks.think, _PAUSE_S)
    return cycles, pause_s + _SLOWEST * cycles / frequency_hz if pause_s else 0.0


def instance_type(name: str, form: Instance) -> InstanceType:
    program: TaskProgram | TraceProgram
    if form.tasks is not None:
        tasks = form.tasks
        program = TaskProgram(tasks.size, tasks.think, tasks.law == "exponential", tasks.threads, tasks.count)
    else:
        assert form.trace is not None
        pieces = tuple((each.lasts, each.demand) for each in form.trace.fragments)
        program = TraceProgram(pieces, form.trace.unmet == "lost")
    return InstanceType(
        name=name, memory_bytes=form.memory, touched_bytes=form.memory * form.touched, vcpus=form.vcpus,
        weight=form.weight, cap_cores=form.cap, program=program, writes_bytes_per_s=form.writes or 0.0,
        hot_bytes=form.hot if form.hot is not None else form.memory * form.touched,
    )  # fmt: skip


def host_type(
    name: str, form: Hosts, devices: Mapping[str, Mapping[str, float]], ones: Mapping[str, OneInstance]
) -> HostType:
    """A type of host; measures each instance on it."""
    cpu, any_one = devices["cpu"], next(iter(ones.values()), None)
    machine = form.machine.base if isinstance(form.machine, MachineForm) else form.machine
    figures = {kind: one.figures for kind, one in ones.items()}
    return HostType(
        name=name, count=form.count, expression=any_one.expression if any_one else "", machine=str(machine),
        cores=cpu["cores_count"], processors=cpu["cores_count"] * cpu.get("threads_per_core_count", 1.0),
        smt_factor=cpu.get("smt_factor_ratio", 1.0), frequency_hz=cpu["frequency_hz"],
        memory_bytes=devices["memory"]["capacity_bytes"], link_bytes_per_s=devices["nic"]["link_bytes_per_s"],
        host_bytes=any_one.host_bytes() if any_one else 0.0,
        boot_s=form.firmware + (any_one.boot_s() if any_one else 0.0),
        cpu_overcommit=form.cpu_overcommit, memory_overcommit=form.memory_overcommit,
        price_per_hour=form.price, power=power(cpu), figures=_Bare(figures) if any_one is None else figures,
    )  # fmt: skip


class _Bare(dict[str, Figures]):
    """Without a stack whatever is asked for costs nothing itself."""

    def __missing__(self, kind: str) -> Figures:
        return Figures()


def rules(file: PoolFile) -> Rules:
    placement, migration, failures, packing = file.placement, file.migration, file.failures, file.consolidation
    return Rules(
        rule=placement.rule, by=placement.by, link_bytes_per_s=migration.link or 0.0, downtime_s=migration.downtime,
        rounds=migration.rounds, detection_s=file.detection,
        failure_every_s=failures.every if failures else float("inf"),
        repair_s=failures.repair if failures else float("inf"),
        look_every_s=packing.every if packing else float("inf"), below=packing.below if packing else 0.0,
        spare=packing.spare if packing else 0,
    )  # fmt: skip
