"""What a container's layer needs to know, and the reasons for its costs: declarations only."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.layers._container_start import SET_UP_MECHANISMS, SET_UP_PARAMETERS
from simulator.layers.base import Mechanism
from simulator.parameters import Parameter

STRUCTURE = {
    "cgroup": ("v1", "v2"),
    "seccomp": ("on", "off"),
    "filter": ("bitmap", "compiled", "interpreted"),
    "storage": ("overlay", "aufs", "device-mapper", "host"),
    "swap": ("as-memory", "none", "unlimited"),
    "processors": ("grouped", "flat"),
    "memory": ("limited", "refused", "soft", "unlimited"),
    "engine": ("none", "daemon", "daemon-live-restore"),
    "network": ("host", "bridge", "nat", "overlay", "routed", "routed-overlay"),
}
UNIONS = ("overlay", "aufs")
"""Storage that lays the directories of an image's layers over each other."""


def _unions() -> Iterator[Parameter]:
    for name in UNIONS:
        only = f"storage={name}"
        yield Parameter(f"{name}_lookup_cycles", "cycles", "a path found in several layers", "union_lookup", only)
        yield Parameter(f"{name}_change_cycles", "cycles", "a name made or removed on top", "union_lookup", only)
        yield Parameter(f"{name}_exec_cycles", "cycles", "a program found and opened", "union_lookup", only)
        yield Parameter(f"{name}_copy_cycles", "cycles", "a file made on top, its bytes apart", "copy_up", only)
        yield Parameter(
            f"{name}_touches_count",
            "count",
            "writes to the busiest of the union's counters for a name of a path",
            "union_lookup",
            only,
        )


_RUN = "filter=compiled|interpreted"
_FILTER, _MAPPED, _TUNNEL = "seccomp=on", "storage=device-mapper", "network=overlay|routed-overlay"
_AUFS, _UNION = "storage=aufs", "storage=overlay|aufs"
_CABLE, _ROUTE = "network=bridge|nat|overlay", "network=routed|routed-overlay"

PARAMETERS = (
    Parameter("filter_cycles", "cycles", "one system call past the filter, where a bitmap knows the answer",
              "system_call_filter", _FILTER),
    Parameter("filter_run_cycles", "cycles", "a filter's program entered", "system_call_filter", _RUN),
    Parameter("filter_instructions_count", "count", "instructions until the filter has decided", "system_call_filter",
              _RUN),
    Parameter("compiled_cycles", "cycles", "an instruction of the filter as machine code", "system_call_filter",
              "filter=compiled"),
    Parameter("interpreted_cycles", "cycles", "an instruction of the filter by the kernel's interpreter",
              "system_call_filter", "filter=interpreted"),
    Parameter("fork_calls_count", "count", "system calls of a fork, exit and wait", "system_call_filter", _FILTER),
    Parameter("exec_calls_count", "count", "system calls of exec, loading and exit", "system_call_filter", _FILTER),
    Parameter("shell_calls_count", "count", "system calls of shell and program", "system_call_filter", _FILTER),
    *_unions(),
    Parameter("aufs_call_touches_count", "count", "the same for a call on an open file", "union_lookup", _AUFS),
    Parameter("aufs_write_touches_count", "count", "the same for a write, beyond that", "union_lookup", _AUFS),
    Parameter("exec_components_count", "count", "names on the paths that a program's start looks up", "", _UNION),
    Parameter("mapper_request_cycles", "cycles", "a request through pool and loop device", "mapped_block", _MAPPED),
    Parameter("mapper_unit_bytes", "bytes", "data that one such request reads at most", "mapped_block", _MAPPED),
    Parameter("mapper_copy_cycles", "cycles", "a block of the image taken over, its bytes apart", "copy_up", _MAPPED),
    Parameter("mapper_block_bytes", "bytes", "how much is taken over at a time", "copy_up", _MAPPED),
    Parameter("charge_cycles", "cycles", "one page booked to its control group", "memory_charge"),
    Parameter("level_cycles", "cycles", "one more level of run queues, at a switch or a tick", "group_scheduling"),
    Parameter("cable_cycles", "cycles", "one unit through the virtual cable and the bridge", "virtual_cable"),
    Parameter("cable_cold_cycles", "cycles", "beyond that, a request and its answer on a way long unused",
              "virtual_cable", _CABLE),
    Parameter("translation_cycles", "cycles", "one unit tracked and changed", "address_translation", "network=nat"),
    Parameter("translation_cold_cycles", "cycles", "beyond that, a request and its answer on a way long unused",
              "address_translation", "network=nat"),
    Parameter("encapsulation_cycles", "cycles", "one unit into the tunnel or out of it", "encapsulation", _TUNNEL),
    Parameter("encapsulation_bytes", "bytes", "outer headers of one packet", "encapsulation", _TUNNEL),
    Parameter("tunnel_bytes", "bytes", "largest tunnelled unit that a card of the machine cuts; virtual ones cut none",
              "encapsulation", _TUNNEL),
    Parameter("route_cycles", "cycles", "one unit through a routed device", "routing", _ROUTE),
    Parameter("route_cold_cycles", "cycles", "beyond that, a request and its answer on a way long unused", "routing",
              _ROUTE),
    *SET_UP_PARAMETERS,
    Parameter("runtime_bytes", "bytes", "memory of the processes that watch over one container"),
)  # fmt: skip
MECHANISMS = {
    "system_call_filter": Mechanism("the filter's instructions before each system call"),
    "union_lookup": Mechanism("names looked up through the layers of an image"),
    "mapped_block": Mechanism("a block of the container's own device, which no other file system has in memory"),
    "copy_up": Mechanism("a file or block of the image copied before its first write"),
    "memory_charge": Mechanism("a page booked to its control group"),
    "group_scheduling": Mechanism("one more level of run queues at a switch or a tick", "emergent"),
    "virtual_cable": Mechanism("a unit through the pair of virtual cards and the bridge"),
    "address_translation": Mechanism("a unit's connection looked up and its address changed"),
    "encapsulation": Mechanism("a unit packed into a tunnel, and the tunnel's headers on the wire"),
    "routing": Mechanism("a unit through a routed device without a bridge"),
    **SET_UP_MECHANISMS,
}
