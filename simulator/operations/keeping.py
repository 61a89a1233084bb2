"""How a layer keeps a state and goes on from it: what its own thread does, and what stands before the tenant's demands.

Used by the kinds ``snapshot``, ``roll_back``, ``save``, ``restore``, ``clone`` and ``fork``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simulator import demands as d
from simulator.operations import kept as states
from simulator.operations.kept import Figures, Kept, Memory
from simulator.operations.overlay import Overlay
from simulator.operations.pages import Watch
from simulator.operations.state import worked_s
from simulator.operations.storing import DISK, Store
from simulator.plans import Node, Plan, compile_steps
from simulator.steps import Repeat, Step, Use
from simulator.tenancy import House
from simulator.tenant import Tenant

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.operations.state import State
    from simulator.threads import Life

MECHANISM = "snapshot"
CARDS = 1.0
"""Network cards of a virtual machine."""


# ---- keeping


def new_store(job: Job, name: str, size_bytes: float) -> Store:
    """A file for a state."""
    return Store(job.house, job.home, f"{job.row.tenant}/{name}", size_bytes, str(job.options.get("onto", DISK)))


def fixed(job: Job, figures: Figures) -> Life:
    """What does not depend on the size: the tool, the state of devices, a guest that gets ready."""
    yield from job.work(f"state of {job.row.tenant}", (Use(MECHANISM, cycles=figures["save_cycles"]),))
    if figures["save_wait_s"]:
        yield job.environment.timeout(figures["save_wait_s"])


def write(job: Job, store: Store, figures: Figures, cycles: float) -> Life:
    """A state is written; what need not be safe before it counts as kept goes to the disk behind it."""
    at_once_bytes = store.at_once_bytes()
    steps = store.written(MECHANISM, cycles, figures["flushed_ratio"], at_once_bytes)
    yield from job.work(f"state of {job.row.tenant}", steps)
    store.settle()
    behind = tuple(store.behind(figures["flushed_ratio"], at_once_bytes))
    if behind:
        job.environment.process(job.work(f"state of {job.row.tenant} to the disk", behind))


def keep(job: Job, name: str, state: State, store: Store, pages: Memory) -> Kept:
    """A state is kept from now on."""
    found = Kept(name, job.hold.product, state, store, pages, float(store.file.size_bytes))
    found.worked_s = worked_s(job.tenant) - job.tenant.lost_s
    states.put(job, found)
    return found


def lose(job: Job, found: Kept) -> float:
    """The tenant goes back to a state: the processor time of its own work that was done since then."""
    lost_s = max(0.0, worked_s(job.tenant) - job.tenant.lost_s - found.worked_s)
    job.tenant.lost_s += lost_s
    return lost_s


def has_no_room(job: Job, store: Store) -> bool:
    """Whether a file in memory has none; the operation has failed then."""
    if store.claim():
        return False
    job.fail(f"{store.file.size_bytes / 2**20:.0f} MiB are not free in the memory of {job.home.path}")
    return True


# ---- going on


def set_up(job: Job, tenant: Tenant) -> Life:
    """An empty box for a tenant: firmware that a start goes through does not run in it."""
    cycles = job.figures("snapshot").get("box_cycles")
    if cycles is None:
        yield from tenant.house.set_up(tenant.name)
        return
    home = job.home_on(tenant.house, tenant)
    yield from job.work(f"box of {tenant.name}", (Use(MECHANISM, cycles=cycles),), home, tenant.house)


def go_on(job: Job, found: Kept, house: House, tenant: Tenant) -> Life:
    """A tenant goes on from a kept state: its memory is read back, or comes when it is touched."""
    figures, pages, store = job.figures("snapshot"), found.pages, found.store
    if job.options.get("cold"):
        for each in found.stores():
            each.cool()
    cycles = states.restore_cycles(figures, job.running(), CARDS)
    lazy = states.is_lazy(figures, str(job.options.get("memory", "")))
    steps: Iterator[Step] | Sequence[Step]
    prefetched = 0.0
    if lazy:
        cycles += (pages.content + pages.empty) * figures["map_page_cycles"]
        prefetched = _recorded(job, found)
        steps = [Use(MECHANISM, cycles=cycles)]
        if prefetched:
            put_cycles = prefetched * figures["prefetch_page_cycles"]
            steps += store.read(MECHANISM, put_cycles, prefetched * pages.page_bytes)
    else:
        written = pages.content + figures["whole_ratio"] * pages.empty
        older = [step for each in found.stores() if each is not store for step in each.read(MECHANISM, 0.0)]
        steps = [*older, *store.read(MECHANISM, cycles + written * figures["restore_page_cycles"])]
    yield from job.work(f"state of {tenant.name} read", steps, job.home_on(house, tenant), house)
    yield from job.put_on(found.state, house, tenant)
    unwatch(tenant)
    if lazy:
        found.seen = watch_lazily(job, found, house, tenant, figures, bool(prefetched))
    read_bytes = prefetched * pages.page_bytes if lazy else found.read_bytes()
    job.note(moved_bytes=read_bytes, disk_bytes=store.on_disk(read_bytes), how=_how(lazy, prefetched))


def _how(lazy: bool, prefetched: float) -> str:
    if not lazy:
        return "eager"
    return "working set first" if prefetched else "lazy"


def _recorded(job: Job, found: Kept) -> float:
    """Pages of the working set that an earlier restore has shown, if it is asked for."""
    if not job.options.get("prefetch") or found.seen is None:
        return 0.0
    found.record = dict(found.seen.present)
    return min(sum(found.record.values()), found.pages.content + found.pages.empty)


# ---- what stands before the tenant's demands


def watch_lazily(job: Job, found: Kept, house: House, tenant: Tenant, figures: Figures, prefetched: bool) -> Watch:
    """The first touch of each page fetches it from the file."""
    home, store = job.home_on(house, tenant), found.store
    steps = store.touched("lazy_fault", figures["lazy_fault_cycles"], figures["lazy_read_bytes"])
    total = found.pages.content + found.pages.empty
    present = found.record if prefetched else None
    watch = Watch(total, found.pages.page_bytes, lambda new: _times(home, steps, new, "page fetched"), present)
    return _stand(house, tenant, watch)


def watch_first_touches(job: Job, tenant: Tenant, pages: Memory, mechanism: str, cycles: float) -> Watch:
    """The first touch of each page costs so many cycles: it is copied, or noted."""
    home = job.home_on(tenant.house, tenant)

    def price(new: float) -> Plan:
        return compile_steps(home, (Use(mechanism, cycles=cycles * new, operations=new),), home.path)

    return _stand(tenant.house, tenant, Watch(pages.content + pages.empty, pages.page_bytes, price))


def watch_disk(job: Job, found: Kept) -> Overlay:
    """The virtual disk's changes are kept apart from a state on; what was written to an older overlay stays there."""
    standing = [each for each in job.house.watches.get(job.row.tenant, ()) if isinstance(each, Overlay)]
    for each in standing:
        unwatch(job.tenant, each)
    figures, home, store = job.figures("snapshot"), job.home, new_store(job, "disk", 1.0)
    below = standing[-1] if standing else found.overlay.below if found.overlay is not None else None
    older, under = 0, below
    while under is not None:
        older, under = older + 1, under.below

    def price(clusters: float, copied_bytes: float) -> Plan:
        cycles = figures["cluster_cycles"] * clusters
        steps: tuple[Step, ...] = (Use("disk_overlay", cycles=cycles, operations=clusters),)
        if copied_bytes and Store.has_files(home):
            steps += (store.asked(d.DirectTransfer(store.file, 0, int(copied_bytes))),)
        return compile_steps(home, steps, home.path)

    look = Use("disk_overlay", cycles=figures.get("chain_cycles", 0.0) * older, operations=older)
    looked_up = compile_steps(home, (look,), home.path) if look.cycles else ()
    overlay = Overlay(figures["cluster_bytes"], price, looked_up, below)
    job.house.watches.setdefault(job.row.tenant, []).append(overlay)
    return overlay


def lift(tenant: Tenant, overlay: Overlay) -> None:
    """An overlay is merged into what is below it, which has the disk's writes again if this one had them."""
    for each in tenant.kept.values():
        if each.overlay is not None and each.overlay.below is overlay:
            each.overlay.below = overlay.below
    if overlay.below is not None:
        overlay.below.clusters += overlay.clusters
    if overlay in tenant.house.watches.get(tenant.name, ()):
        unwatch(tenant, overlay)
        if overlay.below is not None:
            tenant.house.watches.setdefault(tenant.name, []).append(overlay.below)


def _stand(house: House, tenant: Tenant, watch: Watch) -> Watch:
    house.watches.setdefault(tenant.name, []).append(watch)
    return watch


def unwatch(tenant: Tenant, watch: Watch | Overlay | None = None) -> None:
    """One of those who watch a tenant goes, or all of them."""
    watching = tenant.house.watches.get(tenant.name, [])
    left = [each for each in watching if watch is not None and each is not watch]
    if left:
        tenant.house.watches[tenant.name] = left
    else:
        tenant.house.watches.pop(tenant.name, None)


def _times(home: Node, steps: tuple[Step, ...], count: float, label: str) -> Plan:
    """Steps so often, one after the other."""
    whole = float(max(1, round(count)))
    return compile_steps(home, (Repeat(lambda owners, demands: ((whole,),), (steps,), (label,)),), home.path)
