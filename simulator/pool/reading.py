"""From a pool file to a plan: checked as a whole, all mistakes at once, each with its place and a remedy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from simulator.catalog.document import Place
from simulator.catalog.suggestion import suggestion
from simulator.energy import power
from simulator.errors import ScenarioError, in_order
from simulator.pool import making, streams
from simulator.pool.measuring import OneInstance
from simulator.pool.plan import Event, HostType, Plan
from simulator.pool.schema import PARTS, Hosts, PoolFile
from simulator.scenario import problems, source
from simulator.scenario.lookup import Catalog, Lookup
from simulator.scenario.schema import MachineForm
from simulator.scenario.source import Source
from simulator.scenario.variants import Variant

_SAMPLES = 100
"""How often a pool is looked at if its file does not say."""
_INSTANCE_KEYS = ("memory", "vcpus", "virtual_hardware")
"""Of an instance, what an ordinary scenario's tenant has as well."""


def read(
    pool: str | os.PathLike[str] | Mapping[str, Any],
    *,
    overrides: Mapping[str, Any] | None = None,
    catalog: Catalog | None = None,
) -> Plan:
    """The plan that a file, its text or a mapping is; instances are measured, nothing is written.

    Raises:
        ScenarioError: all mistakes at once.
    """
    return _reader(pool, overrides or {}, catalog).plan()


def check(pool: str | os.PathLike[str] | Mapping[str, Any], *, catalog: Catalog | None = None) -> str:
    """What a file is, in a few words; nothing is run.

    Raises:
        ScenarioError: all mistakes that can be told without running anything.
    """
    reader = _reader(pool, {}, catalog)
    reader.check()
    hosts = sum(each.count for each in reader.file.hosts.values())
    return f"a pool of {hosts} hosts, {reader.file.replications} replications"


def _reader(
    pool: str | os.PathLike[str] | Mapping[str, Any], overrides: Mapping[str, Any], catalog: Catalog | None
) -> _Reader:
    if catalog is None:
        from simulator.catalog import Catalog as Shipped

        catalog = Shipped()
    written, folder = _source(pool)
    return _Reader(Lookup(written.override(overrides), catalog), catalog, folder)


def _source(pool: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[Source, Path]:
    """What was written, and the folder that files in it are named from."""
    if isinstance(pool, Mapping):
        return source.of_mapping(pool), Path()
    if isinstance(pool, str) and "\n" in pool:
        return source.of_text(pool), Path()
    return source.of_file(Path(pool)), Path(pool).parent


class _Reader:
    """Reads one file.

    Args:
        lookup: the file, and the catalog on its behalf.
        catalog: for the ordinary scenarios of one instance.
        folder: of the file.
    """

    def __init__(self, lookup: Lookup, catalog: Catalog, folder: Path) -> None:
        self.lookup, self.catalog, self.folder = lookup, catalog, folder
        self.file = self._checked()

    def _checked(self) -> PoolFile:
        lookup, written = self.lookup, self.lookup.source
        lookup.problems += written.document.problems
        if not written.data:
            empty = written.problem((), "is empty", "begin with 'version: 1'")
            raise ScenarioError(in_order(lookup.problems or [empty]))
        noted = {problem.path for problem in lookup.problems}
        found = [problem for _, problem in problems.of_schema(written, PARTS) if problem.path not in noted]
        lookup.problems += found
        self._refuse()
        return PoolFile.model_validate(written.data)

    def _refuse(self) -> None:
        """Raise all mistakes at once, in the order of the file."""
        if self.lookup.problems:
            raise ScenarioError(in_order(self.lookup.problems))

    def check(self) -> None:
        """Everything that can be told without running anything."""
        file, lookup = self.file, self.lookup
        self._check_instances()
        self.streams = streams.read(lookup, file, self.folder)
        self.asked = {name for stream in self.streams for name in stream.types}
        self.devices = {name: self._devices(name, hosts) for name, hosts in file.hosts.items()}
        self._refuse()
        self.instances = {name: making.instance_type(name, each) for name, each in file.instances.items()}
        self.ones = {name: self._ones(name, hosts) for name, hosts in file.hosts.items()}
        self._check_events()
        self._check_power()
        self._check_end()
        self._refuse()

    def plan(self) -> Plan:
        """The whole; one instance of each type is run on each type of host."""
        self.check()
        file, written = self.file, self.lookup.source
        hosts = tuple(
            making.host_type(name, each, self.devices[name], self.ones[name]) for name, each in file.hosts.items()
        )
        self._check_room(hosts)
        self._refuse()
        return Plan(
            name=written.name, title=file.title or written.name, text=written.text,
            duration_s=file.duration or float("inf"),
            sample_s=file.sample or (file.duration / _SAMPLES if file.duration else float("inf")),
            replications=file.replications, seed=file.seed, energy_price=file.energy_price, hosts=hosts,
            instances=self.instances, streams=tuple(self.streams), rules=making.rules(file), events=self._events(),
        )  # fmt: skip

    # ---- parts

    def _check_instances(self) -> None:
        for name, each in self.file.instances.items():
            if (each.tasks is None) == (each.trace is None):
                message = "has neither tasks nor a trace" if each.tasks is None else "has tasks and a trace"
                self.lookup.complain(("instances", name), message, "say what runs in it: 'tasks' or 'trace'")
            if each.hot is not None and each.hot > each.memory:
                self.lookup.complain(("instances", name, "hot"), "is more than its memory", "give less")
            if each.touched > 1.0:
                self.lookup.complain(("instances", name, "touched"), "is more than all of it", "give at most '100 %'")

    def _devices(self, name: str, hosts: Hosts) -> dict[str, dict[str, float]]:
        """The numbers of a machine's devices, with what is changed in them."""
        form = hosts.machine if isinstance(hosts.machine, MachineForm) else MachineForm(base=hosts.machine)
        place: Place = ("hosts", name, "machine", *(("base",) if isinstance(hosts.machine, MachineForm) else ()))
        lookup, written = self.lookup, cast(object, form.base)
        if not isinstance(written, str):
            lookup.complain(place, "is a list", "write one machine; give another type of host for another")
            return {}
        base = lookup.name("machines", written, place)
        if base is None:
            return {}
        machine = lookup.machine(base)
        found = {device: dict(each.values()) for device, each in machine.devices.items()}
        for device, numbers in form.devices.items():
            at = ("hosts", name, "machine", "devices", device)
            if device not in found:
                lookup.complain(at, f"{base} has no device {device!r}", suggestion(device, found))
            else:
                found[device] |= lookup.numbers(numbers, machine.devices[device].parameters, at, Variant(None))
        return found

    def _ones(self, name: str, hosts: Hosts) -> dict[str, OneInstance]:
        """The ordinary scenarios of one instance of each type that is asked for on this host."""
        found: dict[str, OneInstance] = {}
        alike: dict[str, OneInstance] = {}
        frequency_hz = self.devices[name]["cpu"]["frequency_hz"]
        written: Any = self.lookup.source.data
        if hosts.stack is None:
            return {}
        for kind in sorted(self.asked):
            data = written["instances"][kind]
            instance = {key: data[key] for key in _INSTANCE_KEYS if key in data}
            size_cycles, think_s = making.typical_task(self.file.instances[kind], frequency_hz)
            key = repr((instance, size_cycles, think_s))
            try:
                if key not in alike:
                    alike[key] = OneInstance(written["hosts"][name], instance, size_cycles, think_s, self.catalog)
                found[kind] = alike[key]
            except ScenarioError as error:
                for problem in error.problems:
                    self._complain_of_one(name, kind, problem.path, problem.message, problem.remedy)
        return found

    def _complain_of_one(self, host: str, kind: str, path: str, message: str, remedy: str) -> None:
        """A mistake of a scenario of one instance, where the pool's file has it."""
        place: Place = ("hosts", host, "stack")
        parts = path.split(".")
        if parts[0] == "tenants":
            place = ("instances", kind, *(part for part in parts[2:] if part in _INSTANCE_KEYS))
        self.lookup.complain(place, f"{kind} on {host}: {message}", remedy)

    def _check_events(self) -> None:
        known = [host for name, each in self.file.hosts.items() for host in _names(name, each.count)]
        for index, event in enumerate(self.file.events):
            place: Place = ("events", index)
            named = {kind: getattr(event, kind) for kind in _KINDS if getattr(event, kind) is not None}
            if len(named) != 1:
                message = "names nothing that happens" if not named else f"has {' and '.join(named)} at once"
                self.lookup.complain(place, message, f"write one of {', '.join(_KINDS)}")
            for kind, host in named.items():
                if host not in known:
                    self.lookup.complain((*place, kind), f"no host is called {host!r}", suggestion(host, known))
            if ("clock" in named) != (event.frequency is not None):
                self.lookup.complain(place, "a clock and its frequency belong together", "give both or none")

    def _check_power(self) -> None:
        if not self.file.energy_price:
            return
        for name, each in self.devices.items():
            if power(each["cpu"]) is None:
                message = "nobody knows what this machine draws, so energy cannot be paid for"
                remedy = "take a machine with power figures, or leave energy_price out"
                self.lookup.complain(("hosts", name, "machine"), message, remedy)

    def _check_room(self, hosts: tuple[HostType, ...]) -> None:
        """An instance that no host could ever hold is a mistake, not a refusal."""
        for kind in sorted(self.asked):
            each = self.instances[kind]
            fits = any(
                each.touched_bytes + host.figures[kind].overhead_bytes <= host.room_bytes
                and each.memory_bytes + host.figures[kind].overhead_bytes <= host.room_bytes * host.memory_overcommit
                and each.vcpus <= host.processors * host.cpu_overcommit
                for host in hosts
            )
            if not fits:
                message = "is larger than any host, empty and with its own systems"
                self.lookup.complain(("instances", kind), message, "make it smaller, or give larger hosts")

    def _check_end(self) -> None:
        """Without a duration everything must come to an end by itself."""
        if self.file.duration is not None:
            return
        endless = [name for name in sorted(self.asked) if not self.instances[name].ends]
        if endless or self.file.failures or self.file.consolidation:
            what = f"{endless[0]} never ends" if endless else "what comes again and again never ends"
            self.lookup.complain(("duration",), f"is missing: {what}", "add e.g. 'duration: 2 h'")

    def _events(self) -> tuple[Event, ...]:
        found = []
        for event in self.file.events:
            kind, host = next((kind, getattr(event, kind)) for kind in _KINDS if getattr(event, kind) is not None)
            lasts_s = event.lasts if event.lasts is not None else float("inf")
            found.append(Event(event.at, kind, host, lasts_s, event.frequency or 0.0))
        return tuple(sorted(found, key=lambda event: event.at_s))


_KINDS = ("drain", "fail", "clock")


def _names(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]
