"""Slices of what the tables of a run say: states, operations, faults, requests and logs; and what devices served."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from math import isfinite

from simulator.plots._spans import FAULT, OPERATION, Span, spans
from simulator.steps import DISK, NIC_SEND
from simulator.tracing.recording import Recording, Row, Use, ns
from simulator.tracing.tracks import DEVICES, LAYERS, TENANTS, Block, Slice, Track, numbered, packed
from simulator.tracing.work import layer, tenant, whole_name

_NOWHERE = Track(0, 0, "", 0, "")
_STATE, _DONE, _REQUESTS = 0, 100, 300
"""Places of the lines about a whole tenant, above its threads."""
_LOG = 500
"""Place of a layer's log, below its work."""


def states(recording: Recording) -> Iterator[Slice]:
    """States of each tenant, and what was done to it and befell it."""
    tenants, operations, faults = (recording.tables.get(name, ()) for name in ("tenants", "operations", "faults"))
    states: dict[str, list[Block]] = defaultdict(list)
    done: dict[str, list[Block]] = defaultdict(list)
    for span in spans(tenants, operations, faults, recording.end_ns / 1e9):
        if isfinite(span.start_s) and isfinite(span.end_s):
            (done if span.kind in (OPERATION, FAULT) else states)[span.lane].append([_slice(span)])
    for place, title, found in ((_STATE, "state", states), (_DONE, "done to it", done)):
        for name, blocks in found.items():
            yield from packed(blocks, partial(_tenant_track, recording, name, place, title))


def _tenant_track(recording: Recording, name: str, place: int, title: str, number: int) -> Track:
    names = [row["tenant"] for row in recording.tables.get("tenants", ())]
    rank = names.index(name) if name in names else len(names)
    group = tenant(name) if name in names else "machine"
    return Track(TENANTS, rank, group, place + number, numbered(title, number))


def _slice(span: Span) -> Slice:
    """What came and went in one moment is shown as one nanosecond."""
    begun_ns, ended_ns = ns(span.start_s), ns(span.end_s)
    details = {"outcome": span.outcome} if span.outcome else {}
    return Slice(_NOWHERE, begun_ns, max(ended_ns, begun_ns + 1), span.label or span.kind, details)


def requests(recording: Recording) -> dict[tuple[str, str], list[Slice]]:
    """Requests that were measured, by tenant and thread, in the order of their ends."""
    blocks: dict[str, list[Block]] = defaultdict(list)
    for row in recording.tables.get("requests", ()):
        begun_ns, ended_ns = ns(row["start_s"]), ns(row["start_s"] + row["latency_s"])
        if begun_ns < ended_ns:
            details = {"thread": row["thread"], "outcome": row["outcome"]}
            blocks[str(row["tenant"])].append([Slice(_NOWHERE, begun_ns, ended_ns, str(row["kind"]), details)])
    found: dict[tuple[str, str], list[Slice]] = defaultdict(list)
    for name, mine in blocks.items():
        for each in packed(mine, partial(_tenant_track, recording, name, _REQUESTS, "requests")):
            found[name, each.details["thread"]].append(each)
    return {key: sorted(mine, key=lambda each: each.ended_ns) for key, mine in found.items()}


def logs(recording: Recording) -> Iterator[Slice]:
    """What layers wrote into their logs."""
    lines: dict[str, list[Block]] = defaultdict(list)
    for row in recording.tables.get("log", ()):
        begun_ns, ended_ns = ns(row["start_s"]), ns(row["start_s"] + row["duration_s"])
        details = {name: row[name] for name in ("thread", "unit")} | _known(row, "before", "after")
        lines[str(row["node"])].append(
            [Slice(_NOWHERE, begun_ns, max(ended_ns, begun_ns + 1), str(row["kind"]), details)]
        )
    for node, blocks in lines.items():
        yield from packed(blocks, partial(_log_track, node))


def _known(row: Row, *names: str) -> dict[str, float]:
    return {name: row[name] for name in names if isfinite(row[name])}


def _log_track(node: str, number: int) -> Track:
    return Track(LAYERS, 0, layer(node), _LOG + number, numbered("log", number))


def served(recording: Recording) -> list[tuple[Use, list[Slice]]]:
    """What devices served, each use with its slices: one, or one for each server that it was divided among."""
    by_device: dict[str, list[tuple[int, Block]]] = defaultdict(list)
    for number, use in enumerate(recording.uses):
        details = {
            "payer": whole_name(recording.threads[use.thread]), "cause": use.cause, "bytes": use.size_bytes,
            "operations": use.operations, "group": use.group,
        }  # fmt: skip
        for begun_ns, ended_ns in use.pieces:
            details["queued_ns"] = begun_ns - use.queued_ns
            slice_ = Slice(_NOWHERE, begun_ns, ended_ns, _verb(use), {"mechanism": use.mechanism, **details})
            by_device[use.device].append((number, [slice_]))
    found: list[list[Slice]] = [[] for _ in recording.uses]
    for rank, (device, blocks) in enumerate(sorted(by_device.items())):
        laid = packed([block for _, block in blocks], partial(_device_track, rank, device))
        for (number, _), each in zip(blocks, laid, strict=True):
            found[number].append(each)
    return list(zip(recording.uses, found, strict=True))


def _verb(use: Use) -> str:
    if use.device.startswith(DISK):
        return "write" if use.write else "read"
    return "send" if use.device.startswith(NIC_SEND) else "receive"


def _device_track(rank: int, device: str, number: int) -> Track:
    return Track(DEVICES, 0, "devices", 100 * rank + number, numbered(device, number))
