"""A container set up by the kernel: what each step takes, and which of it is done for one container after the other.

Four steps, each a mechanism of its own, in the order in which a runtime takes them:

    control_group       a group in each hierarchy (v1) or one (v2), its limits, and the first process moved into it.
                        Groups are made and joined under one lock. The first to join in a while waits for a grace period
                        with that lock held, for forks may pass a process from one group to another unseen otherwise;
                        those that come closely behind find the readers slowed already (see ``_turns``)
    namespace           namespaces and first process
    network_setup       a network namespace and a pair of virtual cards: all changes of devices and addresses of any
                        namespace are made under one lock; the rest of a namespace's tables is made side by side
    mount               the tree of mounts copied, the image's layers and the usual file systems mounted, another root;
                        changes of trees of mounts are made under one lock, file systems are set up before
    filter_setup        the filter of system calls checked, compiled and installed

What is done under a lock is a part of each step (``*_alone_ratio``), and sets the rate at which a kernel starts
containers whatever number of processors it has. Kernels before 4.17 set up a network namespace under one lock as a
whole; products of that time have what they go through one by one in ``start_queue``, from measured starts, all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simulator import demands as d
from simulator.layers.base import Mechanism
from simulator.parameters import Parameter, Parameters
from simulator.steps import Below, Step, Use

_FILTER, _MAPPED, _V1 = "seccomp=on", "storage=device-mapper", "cgroup=v1"
_UNION = "storage=overlay|aufs|device-mapper"
_NETWORKED = "network=bridge|nat|overlay|routed|routed-overlay"
SET_UP_PARAMETERS = (
    Parameter("enclosure_cycles", "cycles", "start: namespaces without mounts and network, first process",
              "namespace"),
    Parameter("mounts_cycles", "cycles", "start: mounts copied, usual file systems mounted, another root", "mount"),
    Parameter("hierarchy_cycles", "cycles", "start: a control group made, limited and joined", "control_group"),
    Parameter("hierarchies_count", "count", "control-group hierarchies, one for each controller", "control_group", _V1),
    Parameter("union_mount_cycles", "cycles", "start: the image's layers mounted", "mount", _UNION),
    Parameter("mapper_mount_cycles", "cycles", "start: a device made, mounted and removed at the end", "mount",
              _MAPPED),
    Parameter("filter_install_cycles", "cycles", "start: the filter checked, compiled and installed", "filter_setup",
              _FILTER),
    Parameter("network_setup_cycles", "cycles", "start: network namespace and virtual cable", "network_setup",
              _NETWORKED),
    Parameter("group_alone_ratio", "ratio", "part of a control group's work under the lock of all groups",
              "control_group"),
    Parameter("network_alone_ratio", "ratio", "part of the network's set-up under the lock of all network devices",
              "network_setup", _NETWORKED),
    Parameter("mount_alone_ratio", "ratio", "part of the mounts' work under the lock of all trees of mounts", "mount"),
    Parameter("grace_period_s", "s", "start: until all processors know that groups change; for the first in a while"),
)  # fmt: skip
SET_UP_MECHANISMS = {
    "namespace": Mechanism("start: namespaces and first process of a container"),
    "control_group": Mechanism("start: control groups made, limited and joined"),
    "network_setup": Mechanism("start: a network namespace and its virtual cards"),
    "mount": Mechanism("start: file systems mounted and another root"),
    "filter_setup": Mechanism("start: the filter of system calls installed"),
}


def set_up(parameters: Parameters, structure: Mapping[str, str]) -> Iterator[Step]:
    """The kernel's steps for one container.

    Args:
        parameters: of the container's product.
        structure: its choices.
    """
    groups = parameters.hierarchies_count if structure["cgroup"] == "v1" else 1.0
    cycles = parameters.hierarchy_cycles * groups
    yield from _in_turn("control_group", "control groups", cycles, parameters.group_alone_ratio, parameters)
    yield Use("namespace", cycles=parameters.enclosure_cycles)
    if structure["network"] != "host":
        cycles, alone = parameters.network_setup_cycles, parameters.network_alone_ratio
        yield from _in_turn("network_setup", "network", cycles, alone)
    cycles = parameters.mounts_cycles + (parameters.union_mount_cycles if structure["storage"] != "host" else 0.0)
    if structure["storage"] == "device-mapper":
        cycles += parameters.mapper_mount_cycles
    yield from _in_turn("mount", "mounts", cycles, parameters.mount_alone_ratio)
    if structure["seccomp"] == "on":
        yield Use("filter_setup", cycles=parameters.filter_install_cycles)


def _in_turn(
    mechanism: str, what: str, cycles: float, alone_ratio: float, waits: Parameters | None = None
) -> Iterator[Step]:
    """Work of which a part is done under a lock of the kernel."""
    yield Use(mechanism, cycles=cycles * (1.0 - alone_ratio))
    yield Below(d.TakeTurn(what, waits.grace_period_s if waits else 0.0))
    yield Use(mechanism, cycles=cycles * alone_ratio)
    yield Below(d.PassTurn(what))
