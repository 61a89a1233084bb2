"""Readings of a program and what runs it as one process: a virtual machine's own threads count as the program's."""

from __future__ import annotations

from simulator.validation.run_tables import Tables, columns, runners

MEANINGS = {
    "processor_s": ("s", "processor time of a program, its start and the layers that run it as one process"),
    "first_thread_cores": ("cores", "processors that a program's first thread had on average while it lived"),
    "threads_count": ("count", "threads of a program and of the layer that runs it as one process"),
    "c1_methods_count": ("count", "methods that C1 has compiled, again and again counted each time"),
    "c2_methods_count": ("count", "the same of C2"),
    "iterations_s": ("s", "all iterations of a program that repeats its work"),
    "setup_s": ("s", "what a program takes to set itself up before its first iteration"),
}
"""Unit and meaning by name."""
_REQUESTS = {"iterations_s": "iteration", "setup_s": "setup"}


def read(tables: Tables, tenants: set[str]) -> dict[str, float]:
    """All of them; several copies of a tenant count with their mean.

    What a program has not done (an iteration, a setup) gives no reading.
    """
    count = max(1, len(tenants))
    own = tenants | runners(tables, tenants)
    device, tenant, service_s = columns("charges", "device", "tenant", "service_s")
    processor_s = sum(float(row[service_s]) for row in tables["charges"] if row[device] == "cpu" and row[tenant] in own)
    found = {"processor_s": processor_s / count, "threads_count": _threads(tables, tenants, own) / count}
    found |= _first_threads(tables, tenants)
    found |= {f"{name}_methods_count": _compiled(tables, own, name) / count for name in ("c1", "c2")}
    tenant, kind, latency_s = columns("requests", "tenant", "kind", "latency_s")
    for name, asked in _REQUESTS.items():
        times = [float(row[latency_s]) for row in tables["requests"] if row[tenant] in tenants and row[kind] == asked]
        found |= {name: sum(times) / count} if times else {}
    return found


def _first_threads(tables: Tables, tenants: set[str]) -> dict[str, float]:
    """Of each copy the first thread; copies count with their mean."""
    tenant, kind, wall_s, *parts = columns("threads", "tenant", "kind", "wall_s", "useful_s", "overhead_s", "stalled_s")
    first: dict[str, float] = {}
    for row in tables.get("threads", ()):
        if row[tenant] in tenants and row[kind] == "program" and row[wall_s]:
            first.setdefault(str(row[tenant]), sum(float(row[part]) for part in parts) / float(row[wall_s]))
    return {"first_thread_cores": sum(first.values()) / len(first)} if first else {}


def _threads(tables: Tables, tenants: set[str], own: set[str]) -> int:
    """A program's threads and the services of what runs it; whoever started the systems is gone."""
    tenant, kind = columns("threads", "tenant", "kind")
    return sum(
        row[tenant] in tenants if row[kind] == "program" else row[tenant] in own - tenants
        for row in tables.get("threads", ())
    )


def _compiled(tables: Tables, own: set[str], compiler: str) -> float:
    """Methods, by whose thread compiled them."""
    tenant, thread, mechanism, operations = columns("charges", "tenant", "thread", "mechanism", "operations")
    return sum(
        float(row[operations])
        for row in tables["charges"]
        if row[tenant] in own and row[mechanism] == "compilation" and str(row[thread]).startswith(f"{compiler}-")
    )
