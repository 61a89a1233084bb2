"""One run: a resolved point and a replication in, rows of all tables out.

The only place that makes a simulated clock and seeds the streams of random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import isfinite, nan
from typing import Any

import simpy

from simulator import discovery, energy, outcomes
from simulator.accounts import STATES
from simulator.budget import Budget, Watch
from simulator.devices.base import DeviceRow
from simulator.devices.memory import OutOfMemory
from simulator.errors import Exited, Killed, LedgerError, OverBudget, Refused, RunError, VirtlabError
from simulator.faults.striking import Strike
from simulator.machine import Machine
from simulator.observer import Observer
from simulator.operations import Job, elsewhere, keeps_history
from simulator.operations.shipping import fetch
from simulator.records import run_id
from simulator.tenancy import House
from simulator.tenant import Tenant
from simulator.threads import Life, Thread
from simulator.workloads.base import ClassFiles, Context, Draws, Program

Tables = dict[str, list[list[Any]]]
_CLOSES = 1e-9


def build(point: Mapping[str, Any], observer: Observer | None = None) -> House:
    """The machine of a resolved point with its systems, at time 0, before any program runs."""
    environment = simpy.Environment()
    figures = point["machine"]
    machine = Machine(environment, figures["devices"], figures["name"], point["fidelity"])
    house = House(environment, machine, point, observer=observer)
    house.fetch = partial(fetch, house)
    return house


def run_point(
    point: Mapping[str, Any], replication: int, budget: Budget | None = None, observer: Observer | None = None
) -> dict[str, Tables]:
    """Simulate one point once.

    Args:
        point: self-contained description, as ``Scenario.points`` makes it.
        replication: number of the replication; chooses the random streams.
        budget: what the run may take at most.
        observer: who looks on, if anybody does.

    Returns:
        ``{"tables": {name: rows}}``, rows in the order of ``records.TABLES``.

    Raises:
        OverBudget: the run would take more than it may.
        RunError: anything else that went wrong, with scenario, point, replication and seed.
    """
    watch = Watch(budget) if budget else None
    try:
        make = partial(_tables, point, replication, watch, observer)
        return {"tables": watch.call(make) if watch else make()}
    except OverBudget as error:
        raise OverBudget(f"{_place(point, replication)}: {error}", error.spent) from None
    except MemoryError as error:
        remedy = "run fewer at a time (--jobs), or end such runs in time (--budget memory=...)"
        raise RunError(f"{_place(point, replication)}: the process ran out of memory; {remedy}") from error
    except VirtlabError as error:
        raise type(error)(f"{_place(point, replication)}: {error}") from error
    except Exception as error:
        raise RunError(f"{_place(point, replication)}: {type(error).__name__}: {error}") from error


def _tables(
    point: Mapping[str, Any], replication: int, watch: Watch | None, observer: Observer | None = None
) -> Tables:
    return _Run(point, replication, watch, observer).tables()


def house_after(point: Mapping[str, Any], replication: int = 0) -> House:
    """The machine of a run, as it stands at its end: for what no table says."""
    return _Run(point, replication).house


def run_tenants(point: Mapping[str, Any], replication: int, budget: Budget | None = None) -> dict[str, Tables]:
    """The same, with the rows of ``runs`` and ``tenants`` only: for thousands of runs of which nobody asks more."""
    tables = run_point(point, replication, budget)["tables"]
    return {"tables": {name: rows if name in ("runs", "tenants") else [] for name, rows in tables.items()}}


def _place(point: Mapping[str, Any], replication: int) -> str:
    run = run_id(point["point"], replication)
    return f"scenario {point['scenario']!r}, run {run}, stack {point['stack']!r}, seed {point['seed']}"


def _algorithm(fidelity: str) -> Any:
    """The module that shares the processors.

    Raises:
        RunError: there is none of this name.
    """
    modules = {name: discovery.member("sharing", name) for name in discovery.members("sharing")}
    known = {module.FIDELITY: module for module in modules.values() if hasattr(module, "FIDELITY")}
    if fidelity not in known:
        raise RunError(f"fidelity {fidelity!r} is not available; there are: {', '.join(known)}")
    return known[fidelity]


class _Run:
    """The clock, the house, its tenants, and what they left behind."""

    def __init__(
        self, point: Mapping[str, Any], replication: int, watch: Watch | None = None, observer: Observer | None = None
    ) -> None:
        self.point, self.replication, self.watch = point, replication, watch
        self.sharing = _algorithm(point["fidelity"])
        self.house = build(point, observer)
        self.house.kill = self._kill
        self.houses = [self.house]
        self.environment = self.house.environment
        self.tenants = [self._tenant(name, figures) for name, figures in point["tenants"].items()]
        self.events = 0
        self.faults: list[list[Any]] = []
        self.operations: list[list[Any]] = []
        self._simulate()
        self._close()

    def _tenant(self, name: str, figures: Mapping[str, Any]) -> Tenant:
        family: type[Program] = discovery.member("workloads", figures["program"]).PROGRAM

        def context(name: str, now: Callable[[], float]) -> Context:
            context = Context(name, now, partial(Draws, self.point["seed"], self.replication, name))
            context.programs = {each: tenant["program"] for each, tenant in self.point["tenants"].items()}
            return context

        def make(context: Context) -> Program:
            bytecode = figures.get("bytecode")
            class_files = ClassFiles(context.path(figures["workload"]), bytecode) if bytecode else None
            program = family(figures["parameters"], context, class_files)
            program.writes = figures.get("writes") or {}
            return program

        return Tenant(name, figures, self.house, context, make, keeps_history=keeps_history(self.point, name))

    def _destination(self, tenant: Tenant) -> House:
        """An equal machine in the same time, with nothing on it but what this tenant stands on."""
        house = elsewhere(tenant, len(self.houses) + 1)
        house.kill = self._kill
        house.fetch = partial(fetch, house)
        self.houses.append(house)
        return house

    # ---- simulating

    def _simulate(self) -> None:
        environment = self.environment
        lives = {tenant.name: environment.process(self._live(tenant)) for tenant in self.tenants}
        for fault in self.point["faults"]:
            environment.process(Strike(self.house, self.tenants, fault, self.faults).happen())
        for operation in self.point["operations"]:
            job = Job(self.house, self.tenants, operation, self.operations, self._destination)
            environment.process(job.happen())
        end = self._end(lives)
        if self.watch:
            self.events = self.watch.run(environment, end)
        while not end.triggered:
            environment.step()
            self.events += 1
        if isinstance(end.value, BaseException):
            raise end.value

    def _end(self, lives: Mapping[str, simpy.Event]) -> simpy.Event:
        """When the run is over: after its duration, or with the last of the tenants that end.

        Where none ends of its own, with the last that is stopped.

        Raises:
            RunError: nothing would ever end it.
        """
        waited = [lives[tenant.name] for tenant in self.tenants if tenant.ends]
        waited = waited or [lives[each.name] for each in self.tenants if each.figures["stop_s"] is not None]
        ends: list[simpy.Event] = [self.environment.all_of(waited)] if waited else []
        if self.point["duration_s"] is not None:
            ends.append(self.environment.timeout(self.point["duration_s"]))
        if not ends:
            names = ", ".join(tenant.name for tenant in self.tenants)
            raise RunError(f"no tenant ever ends ({names}); give the scenario a duration, or a tenant a stop")
        return self.environment.any_of(ends)

    def _live(self, tenant: Tenant) -> Life:
        """Start a tenant's systems if they are not up, then its threads, and wait for those that end.

        A tenant whose threads are all endless leaves nothing undone when it is stopped: its outcome is good.
        """
        if tenant.awaits is not None:
            yield tenant.awaits
            tenant.boot_s = tenant.create_s = self.environment.now - tenant.starts_s
        else:
            yield self.environment.timeout(tenant.starts_s)
        if tenant.figures["boot"] and not tenant.goes_on:
            yield self.environment.process(self.house.boot(tenant.name, tenant.context.draws("start"))) | tenant.killed
            tenant.boot_s = self.environment.now - tenant.starts_s
            tenant.create_s = self.house.created_s.get(tenant.name, self.environment.now) - tenant.starts_s
        yield from self._one_life(tenant)
        while (event := tenant.comes_back()) is not None:
            yield event
            if event is tenant.up_again:
                tenant.begin_again()
                yield from self._one_life(tenant)

    def _one_life(self, tenant: Tenant) -> Life:
        """A tenant's program from its start to its end, if there is anything to run it."""
        house = tenant.house
        if tenant.alive:
            tenant.begun_s = self.environment.now
            house.settle(tenant.name)
            yield from self._program(tenant)
            house.settle(tenant.name, -1)
        else:
            house.stop(tenant.name)
            tenant.end(self.environment.now)

    def _program(self, tenant: Tenant) -> Life:
        """A tenant's threads, from the first that begins to the last that ends."""
        house, node = tenant.house, tenant.house.tops[tenant.name]
        if not tenant.goes_on:
            house.warm(tenant.name, tenant.program.warm_files())
        house.post.open(tenant.name, house.number)
        ends = []
        tenant.threads = []
        for plan, demands in zip(tenant.plans, tenant.demands(), strict=True):
            if demands is None:
                tenant.threads.append(None)
                continue
            thread = house.new_thread(
                tenant.name, plan.name, node, house.groups[tenant.name],
                working_set_bytes=plan.working_set_bytes, processes=plan.processes,
            )  # fmt: skip
            thread.on_sent, thread.on_letter = tenant.context.sent, tenant.context.came
            house.threads.append(thread)
            tenant.threads.append(thread)
            process = self.environment.process(self._guarded(tenant, thread, demands))
            if not plan.endless:
                ends.append(process)
        stop_s = tenant.figures["stop_s"]
        tenant.outcome = tenant.outcome if ends else outcomes.OK
        finished = self.environment.all_of(ends) if ends else self.environment.event()
        over = finished | tenant.killed
        if stop_s is not None:
            over |= self.environment.timeout(max(0.0, stop_s - self.environment.now))
        yield over
        if tenant.killed.triggered or not finished.triggered:
            self._stop(tenant)
        else:
            tenant.outcome = outcomes.OK
        house.post.close(tenant.name)
        tenant.end(self.environment.now)
        if tenant.keeps_memory and tenant.up_again is not None:
            tenant.program_bytes = house.program_bytes[tenant.name]
            yield tenant.up_again
        if not tenant.keeps_memory or tenant.up_again is not None:
            self._give_back(tenant)

    def _stop(self, tenant: Tenant) -> None:
        """End all threads of a tenant by force; it may have fallen silent before."""
        awaited = self._awaited(tenant)
        tenant.house.stop(tenant.name)
        if awaited:
            self._listen(tenant)

    def _give_back(self, tenant: Tenant) -> None:
        """The memory of a program that has ended is free; what it had is kept for the record."""
        house = tenant.house
        held_bytes = house.program_bytes[tenant.name]
        tenant.program_bytes = max(tenant.program_bytes, held_bytes)
        house.keep(tenant.name, house.tops[tenant.name], -held_bytes)

    def _kill(self, names: Sequence[str], outcome: str) -> None:
        """A kernel ends a process for want of memory, which is free at once: whoever asked for it goes on.

        What hangs has only its memory to lose.
        """
        for tenant in (each for each in self.tenants if each.name in names):
            if tenant.alive:
                tenant.outcome = outcome
                tenant.killed.succeed()
                self._stop(tenant)
            self._give_back(tenant)
        first = next(each for each in self.tenants if each.name == names[0])
        top = first.house.tops[first.name]
        if top.layer.ONE_PROCESS:
            first.house.crash(top)

    def _guarded(self, tenant: Tenant, thread: Thread, demands: Any) -> Life:
        """A program that is refused what it asks for ends with all its threads; its tenant's outcome says so."""
        try:
            yield from thread.live(demands, begun=tenant.goes_on)
        except (OutOfMemory, Refused) as error:
            thread.end()
            if not tenant.killed.triggered:
                self._over(tenant, error)

    def _over(self, tenant: Tenant, error: OutOfMemory | Refused) -> None:
        """A program is ended by what it asked for; a process that ends takes all others along that run in it."""
        exits = isinstance(error, Exited)
        text = outcomes.out_of_memory(str(error)) if isinstance(error, OutOfMemory) else str(error)
        tenant.outcome = outcomes.OK if exits else text
        tenant.killed.succeed()
        house, node = tenant.house, tenant.house.tops[tenant.name]
        if not node.layer.ONE_PROCESS or not (exits or isinstance(error, OutOfMemory | Killed)):
            return
        for other in self.tenants:
            if other.alive and other.house is house and house.tops[other.name] is node:
                other.outcome = outcomes.ended_with(tenant.name, "it called exit" if exits else text)
                other.killed.succeed()
        house.crash(node)

    def _close(self) -> None:
        awaited = [tenant for tenant in self.tenants if self._awaited(tenant)]
        for house in self.houses:
            for thread in house.threads:
                thread.close()
            for request, thread, move in house.detached:
                thread.account.transfer(request, move)
        for tenant in awaited:
            self._listen(tenant)
        for house in self.houses:
            self._check_devices(house)

    def _check_devices(self, house: House) -> None:
        """Capacity times time is charges plus idle time, for every device."""
        charged: dict[str, float] = {}
        for thread in house.threads:
            for key, charge in thread.charges.items():
                charged[key.device] = charged.get(key.device, 0.0) + charge.service_s
        for row in house.machine.rows():
            gap_s = row.capacity * row.time_s - row.idle_s - charged.get(row.device, 0.0)
            if abs(gap_s) > _CLOSES * max(1.0, row.capacity * row.time_s):
                raise LedgerError(f"{row.device}: {gap_s:g} s of {row.time_s:g} s are not accounted for")

    # ---- rows

    def _energies_j(self) -> dict[str, float]:
        """Each tenant's part of the energy of the whole run and all its machines, see ``simulator.energy``."""
        useful_s = {tenant.name: 0.0 for tenant in self.tenants}
        joules = idle_joules = 0.0
        for house in self.houses:
            cpu = house.machine.cpu
            row = cpu.row()
            joules += row.energy_j
            idle_joules += cpu.power.joules(row.time_s, 0.0, 0.0) if cpu.power else nan
            for thread in house.threads:
                if thread.tenant in useful_s and not thread.service:
                    useful_s[thread.tenant] += thread.spent["useful"]
        return energy.parts(joules, idle_joules, useful_s)

    def tables(self) -> Tables:
        """Rows of every table."""
        self.energies_j = self._energies_j()
        run = run_id(self.point["point"], self.replication)
        return {
            "runs": [self._run_row(run)],
            "requests": [[run, *row] for tenant in self.tenants for row in self._requests(tenant)],
            "charges": [
                [run, *row] for house in self.houses for thread in house.threads for row in _charge_rows(thread, house)
            ],
            "threads": [[run, *_thread_row(thread)] for house in self.houses for thread in house.threads],
            "tenants": [[run, *self._tenant_row(tenant)] for tenant in self.tenants],
            "faults": [[run, *fault] for fault in self.faults],
            "operations": [[run, *row] for row in (*self.operations, *self._fetched())],
            "inspections": [[run, *row] for house in self.houses for row in house.inspected],
            "log": [[run, *row] for house in self.houses for row in house.log.rows],
            "settings": [[run, *row] for tenant in self.tenants for row in _settings(tenant)],
            "devices": [
                [run, house.of(row.device), *_device_row(row)] for house in self.houses for row in house.machine.rows()
            ],
        }

    def _fetched(self) -> list[list[Any]]:
        """The images that came because a tenant started."""
        return [report.row() for house in self.houses for report in house.pulls if report.tenant]

    def _run_row(self, run: str) -> list[Any]:
        point = self.point
        return [
            run, point["point"], self.replication, point["seed"], point["stack"], point["expression"],
            " ".join(point["without"]), point["machine"]["name"], point["fidelity"], "ok", "",
            self.environment.now, self.events, "; ".join((*self.sharing.NOT_MODELLED, *self._left_out())),
        ]  # fmt: skip

    def _left_out(self) -> list[str]:
        """Mechanisms of the layers in use that need time slices, where there are none."""
        if self.sharing.SLICES:
            return []
        layers = {type(node.layer) for node in self.house.nodes.values()}
        names = {name for layer in layers for name, mechanism in layer.MECHANISMS.items() if mechanism.needs_slices}
        return sorted(names)

    def _requests(self, tenant: Tenant) -> list[list[Any]]:
        return [[tenant.name, *request, outcomes.OK] for request in (*tenant.context.requests, *tenant.context.wakes)]

    def _window_s(self, tenant: Tenant) -> tuple[float, float]:
        """When a tenant's measured window begins, its systems up and the warm-up over, and when it ends."""
        boot_s = tenant.boot_s if isfinite(tenant.boot_s) else self.environment.now
        begin_s = max(tenant.starts_s + boot_s, self.point["warmup_s"])
        return begin_s, self.environment.now if tenant.ended_s is None else tenant.ended_s

    def _threads(self, tenant: Tenant) -> list[Thread]:
        """Of its program."""
        threads = (thread for house in self.houses for thread in house.threads)
        return [each for each in threads if each.tenant == tenant.name and not each.service]

    def _awaited(self, tenant: Tenant) -> bool:
        """Whether a tenant, asked at the end of its run or at its stop, wants to go on with an operation.

        One that merely sleeps asks for nothing; of one that is cut off because all others are done nothing is known.
        """
        duration_s, stop_s = self.point["duration_s"], tenant.figures["stop_s"]
        ends = [end_s for end_s in (duration_s, stop_s) if end_s is not None]
        waited_for = tenant.ends or (ends and self.environment.now >= min(ends))
        asleep = all(thread.asleep for thread in self._threads(tenant))
        return tenant.alive and bool(waited_for) and not asleep and not tenant.program.WHOLE

    def _listen(self, tenant: Tenant) -> None:
        """One that was awaited and is stopped now did not respond if it has not answered for long."""
        begin_s, end_s = self._window_s(tenant)
        ends_s = [start_s + latency_s for _, _, start_s, latency_s in tenant.context.requests]
        worked_s = max(thread.spent["useful"] for thread in self._threads(tenant))
        if not outcomes.responding(ends_s, begin_s, end_s, worked_s):
            tenant.outcome = outcomes.not_responding(end_s - max((begin_s, *ends_s)))

    def _tenant_row(self, tenant: Tenant) -> list[Any]:
        figures, house = tenant.figures, tenant.house
        begin_s, end_s = self._window_s(tenant)
        counts = figures["boot"] and tenant.starts_s + tenant.boot_s >= self.point["warmup_s"]
        latencies = sorted(latency for _, _, start_s, latency in tenant.context.requests if start_s >= begin_s)
        operations, elapsed_s = float(len(latencies)), max(0.0, end_s - begin_s)
        whole = outcomes.is_ok(tenant.outcome) and not self.point["warmup_s"]
        measured = operations and elapsed_s > 0.0 and (whole or not tenant.program.WHOLE)
        program_bytes = house.program_bytes[tenant.name] if tenant.ended_s is None else tenant.program_bytes
        value = tenant.program.value(operations, elapsed_s) if measured else float("nan")
        metric = figures["metric"]
        mean = sum(latencies) / operations if operations else float("nan")
        kernel = house.kernel(house.tops[tenant.name])
        cache = kernel.layer.cache
        build = "bytecode" if figures.get("bytecode") else "machine code"
        return [
            tenant.name, figures["copy_of"], figures["workload"], build,
            tenant.outcome, metric["name"], value, metric["unit"], metric["better"],
            operations, elapsed_s, tenant.boot_s, tenant.create_s,
            tenant.boot_s if counts else nan,
            mean, quantile(latencies, 0.5), quantile(latencies, 0.99), self.energies_j[tenant.name],
            tenant.starts_s, nan if tenant.ended_s is None else tenant.ended_s,
            program_bytes - house.runtime_bytes[tenant.name], house.spaces[kernel.path].held_bytes["kernel"],
            cache.resident_bytes + cache.dirty_bytes if cache else 0.0, house.overhead_bytes(tenant.name),
            house.swapped_bytes(tenant.name),
            int(house.enforced[tenant.name]), int(house.groups[tenant.name] in house.shares.values()),
        ]  # fmt: skip


def quantile(ordered: Sequence[float], part: float) -> float:
    """Nearest rank; not a number where there is nothing."""
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, max(0, -int(-part * len(ordered) // 1) - 1))]


def _device_row(row: DeviceRow) -> list[Any]:
    utilisation = row.busy_s / (row.capacity * row.time_s) if row.time_s else 0.0
    mean_watts = row.energy_j / row.time_s if row.time_s else nan
    return [*row[1:5], utilisation, row.loaded_s, row.energy_j, mean_watts]


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.17g}"


def _settings(tenant: Tenant) -> list[list[Any]]:
    """What the layers under a tenant made of what they saw; numbers with all their digits."""
    return [
        [tenant.name, node.path, name, _text(value), node.layer.SETTINGS[name][0]]
        for node in tenant.house.chains[tenant.name]
        for name, value in node.layer.settings().items()
    ]


def _charge_rows(thread: Thread, house: House) -> list[list[Any]]:
    return [
        [
            thread.tenant, thread.name, house.of(key.device), thread.node.path, key.cause, key.mechanism,
            charge.cycles, charge.size_bytes, charge.operations, charge.service_s,
        ]
        for key, charge in sorted(thread.charges.items())
    ]  # fmt: skip


def _thread_row(thread: Thread) -> list[Any]:
    assert thread.ended_s is not None
    wall_s = thread.ended_s - thread.started_s
    kind = "service" if thread.service else "program"
    slices = thread.machine.cpu.slices
    counts = [thread.account.switches, float(thread.share.migrations)] if slices else [float("nan")] * 2
    return [thread.tenant, thread.name, kind, wall_s, *(thread.spent[state] for state in STATES), *counts]
