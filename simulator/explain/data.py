"""An explanation as plain data, for other programs."""

from __future__ import annotations

from typing import Any

from simulator.explain.entry import Entry
from simulator.explain.sourced import Origin
from simulator.explain.totals import Total


def step(entry: Entry, frequency_hz: float) -> dict[str, Any]:
    """One step with everything below it."""
    return {
        "step": entry.title,
        "kind": entry.kind,
        "node": entry.node,
        "payer": entry.payer,
        "cause": entry.cause,
        "mechanism": entry.mechanism,
        "device": entry.device,
        "times": entry.times,
        "operations": entry.operations,
        "cycles": entry.cycles,
        "bytes": entry.size_bytes,
        "time_s": entry.cycles / frequency_hz + entry.stall_s + entry.device_s + entry.wait_s,
        "waited_for": not entry.aside,
        "sources": [source(origin) for origin in entry.origins],
        "steps": [step(child, frequency_hz) for child in entry.children],
    }


def source(origin: Origin) -> dict[str, Any]:
    """One number behind a step, and where it comes from."""
    quantity = origin.quantity
    return {
        "product": origin.product,
        "parameter": quantity.name,
        "value": quantity.value,
        "unit": quantity.unit,
        "range": [quantity.low, quantity.high],
        "kind": quantity.kind,
        "source": quantity.source,
        "where": quantity.where,
        "transferred": quantity.transferred,
    }


def total(case: Total) -> dict[str, Any]:
    """The sums of one case."""
    return {
        "decisions": [{"node": node, "taken": label} for node, label in case.decisions],
        "useful_s": case.useful_s,
        "overhead_s": dict(case.overhead_s),
        "by_services_s": case.services_s,
        "devices_s": dict(case.devices_s),
        "elapsed_s": case.elapsed_s,
    }
