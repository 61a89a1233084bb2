"""Install: a product of the catalog comes over the link onto the disk of a running system, and is set up there.

What is paid, by the system that it is installed on: the product's bytes are received, written into the page cache and
from there to the disk, piece by piece, so that whoever else uses card, disk or processors is slowed down and slows it.
Then the installer works for a time of its own (``install_wait_s``: unpacking, configuring, services; nobody has
measured what of it computes), and the system restarts as often as the installer wants it: what stands on it goes down,
with the work that it loses, and is started again, each system when the one below is up. A person's steps take no time.

Scope and limits: the packages come as they are installed (nobody says how small they are packed); the firmware of a
real machine takes no time at a restart; what is installed is not used afterwards: it shows what it takes, and whom it
disturbs. Capacity of the disk is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import TYPE_CHECKING, Any

from simulator import demands as d
from simulator.faults.components import Component, components, kernel_of
from simulator.faults.striking import Strike
from simulator.operations.kinds.base import Kind
from simulator.plans import Node
from simulator.steps import Ask, Later, Parallel, Step
from simulator.tenancy import House

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life

_PIECE_BYTES = 4 * 2**20
_MOST_PIECES = 200
_PAYLOAD_BYTES = 1448
_DEPTH = 8
_LOST_S = 7
"""Column of the table ``faults``: what a tenant lost."""


class Install(Kind):
    """On the host, or into a tenant's own system."""

    TARGET = "layers"
    KEYS = ("into",)

    @classmethod
    def unfit(cls, point: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        """Whether its file says what it takes, and whether there is a system to install it on."""
        if not options["installation"]:
            return f"nobody knows what it takes to install {options['target']}: give its file a section 'installation'"
        into = options.get("into", "")
        if into and into not in point["tenants"]:
            return f"there is no tenant {into!r} to install it into: name one of {', '.join(point['tenants'])}"
        return ""

    def perform(self, job: Job) -> Life:
        """Fetched and written, set up, restarted."""
        house, figures = job.house, job.options["installation"]
        into = job.options.get("into", "")
        home = house.kernel(house.tops[into]) if into else host(house)
        size_bytes, reboots = figures["install_bytes"], round(figures["install_reboots_count"])
        people = f"{figures['install_steps_count']:g} steps of a person, {figures['install_privileged_count']:g} as"
        job.note(node=home.path, product=job.options["target"], detail=f"{people} administrator")
        yield from job.work(f"install {job.options['target']}", _steps(home, size_bytes), home=home)
        job.note(moved_bytes=size_bytes, disk_bytes=size_bytes)
        yield job.environment.timeout(figures["install_wait_s"])
        for number in range(1, reboots + 1):
            yield from _restart(job, home)
            job.note(rounds=number)


def host(house: House) -> Node:
    """The system that stands on the hardware; under a hypervisor that does, the one that drives its devices."""
    kernels = [node for node in house.nodes.values() if node.path in house.spaces]
    driving = [node for node in kernels if node in {role for port in house.site.ports for role in port.roles.values()}]
    return next(iter(driving), kernels[0])


def _steps(home: Node, size_bytes: float) -> Iterator[Step]:
    """Received and written piece by piece; at the end all that is still in memory goes to the disk."""
    pieces = min(_MOST_PIECES, max(1, ceil(size_bytes / _PIECE_BYTES)))
    piece_bytes = size_bytes / pieces
    for _ in range(pieces):
        yield Ask(d.ReceiveData(piece_bytes, _PAYLOAD_BYTES))
        yield Ask(d.Write(piece_bytes, new_pages=piece_bytes / home.layer.place.page_bytes))
    yield Later(lambda _: _flushed(home), "what is still in memory is written")


def _flushed(home: Node) -> Iterator[Step]:
    """As many writes as there are dirty bytes, some at a time; those find nothing that others have written by then."""
    unit_bytes = home.layer.parameters.get("write_back_bytes", 0.0)
    if home.layer.cache is not None and unit_bytes:
        writes = ceil(home.layer.cache.dirty_bytes / unit_bytes / _DEPTH)
        yield Parallel(((Ask(d.WriteBack(unit_bytes)),) * writes,) * _DEPTH)


def _restart(job: Job, home: Node) -> Life:
    """The system goes down with all that stands on it, and all of it comes up again."""
    begun_s = job.environment.now
    rows: list[list[Any]] = []
    fault = {"at_s": 0.0, "crash": home.path, "restart_after_s": 0.0}
    yield from Strike(job.house, job.tenants.values(), fault, rows, _machine_of(job.house, home)).happen()
    job.note(
        downtime_s=job.row.downtime_s + job.environment.now - begun_s,
        work_lost_s=job.row.work_lost_s + sum(row[_LOST_S] for row in rows),
    )


def _machine_of(house: House, home: Node) -> Component:
    """What restarts with a system: its own machine, so under the host's domain 0 the hypervisor itself."""
    site = house.site
    driving = any(home in port.roles.values() for port in site.ports)
    if not driving or home.below is None:
        return kernel_of(site, home)
    return next(each for each in components(site) if each.node.path == home.below.path and each.part.each == "node")


KIND = Install
