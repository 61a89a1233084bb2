"""Steps that change a layer's state: programs refused, frozen, lowered again; groups of processes; limits; guests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from simulator import demands as d
from simulator.errors import Refused
from simulator.layers.base import GuestDevice, Layer, Service, Transition
from simulator.steps import Below, Change, Choice, Freeze, Parallel, Require, Send, Spawn, Step, Use, Wait

GHZ = 1e9
Make = Callable[..., Any]


def compute(seconds: float) -> d.Demand:
    return d.Compute(count=seconds * GHZ)


class System(Layer):
    """Hands everything down; sleeping is waiting."""

    OFFERS, NEEDS = "system", "machine"

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        return (Wait("time", time_s=demand.time_s),) if isinstance(demand, d.Sleep) else (Below(demand),)


class Runtime(Layer):
    """Collects at every ``Free`` for a second while its programs stop; a ``Map`` makes its code twice as fast."""

    OFFERS, NEEDS, FREEZES = "bytecode", "system", True
    extra_cycles = 1.0

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        if isinstance(demand, d.Free):
            work = Parallel(((Use("collection", cycles=GHZ),), (Use("collection", cycles=GHZ),)))
            return (Send("garbage", (Freeze(True), work, Freeze(False))),)
        if isinstance(demand, d.Map):
            return (Change(self.compiled),)
        if isinstance(demand, d.Sleep):
            return (Below(demand),)
        return (Below(demand), Use("interpretation", cycles=self.extra_cycles))

    def compiled(self) -> None:
        self.extra_cycles = 0.0

    def services(self) -> tuple[Service, ...]:
        return (Service("collector", queue="garbage", capacity=4),)


STACK = {"os": System, "vm": Runtime}


# ---------------------------------------------------------------- frozen


def test_a_collection_stops_every_program_of_its_runtime_and_no_other(bench: Make) -> None:
    """Two collector threads take a second on two of three processors; a mutator of four seconds ends at five."""
    own = bench(STACK, {"app": "os | vm", "other": "os | vm"}, cores_count=4)
    for node in ("os/vm[app]", "os/vm[other]"):
        own.house.nodes[node].layer.extra_cycles = 0.0
    mutator = own.thread("mutator", compute(4.0))
    collected = own.thread("asks", d.Sleep(1.0), d.Free(1.0))
    elsewhere = own.thread("mutator", compute(4.0), tenant="other")
    own.run(until=10.0)
    assert mutator.ended_s == pytest.approx(5.0, rel=1e-9)
    assert own.spent(mutator) == {"useful": 4.0, "overhead_wait": 1.0}
    assert elsewhere.ended_s == pytest.approx(4.0, rel=1e-9)
    assert own.spent(collected) == {"asleep": 1.0, "overhead_wait": 1.0}


def test_what_becomes_runnable_in_a_frozen_group_waits_until_it_goes_on(bench: Make) -> None:
    own = bench(STACK, "os | vm", cores_count=4)
    own.house.nodes["os/vm[app]"].layer.extra_cycles = 0.0
    own.thread("asks", d.Sleep(1.0), d.Free(1.0))
    late = own.thread("late", d.Sleep(1.5), compute(1.0))
    own.run(until=10.0)
    assert late.ended_s == pytest.approx(3.0, rel=1e-9)
    assert own.spent(late) == {"asleep": 1.5, "overhead_wait": 0.5, "useful": 1.0}


# ---------------------------------------------------------------- changed


def test_a_change_reaches_what_is_in_flight(bench: Make) -> None:
    """Two cycles for one until second 2, then one: of four seconds' work one is done by then, three remain."""
    own = bench(STACK, "os | vm", cores_count=2)
    thread = own.thread("program", compute(4.0))
    own.thread("compiler", d.Sleep(2.0), d.Map())
    own.run(until=10.0)
    assert thread.ended_s == pytest.approx(5.0, rel=1e-9)
    assert own.spent(thread) == {"useful": 4.0, "overhead": 1.0}


# ---------------------------------------------------------------- refused


class Strict(System):
    """Lets three in."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.inside = 0

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        if isinstance(demand, d.Lock):
            return (Require(self._refusal), Choice(self._enter, ((),), ("in",)))
        if isinstance(demand, d.KeepProcess):
            return (Spawn((Below(d.Compute(count=demand.cycles)),), demand.processes),)
        return (Below(demand),)

    def _refusal(self) -> str:
        return "could not fork" if self.inside == 3 else ""

    def _enter(self) -> int:
        self.inside += 1
        return 0


def test_who_is_refused_ends_with_the_words_of_the_refusal(bench: Make) -> None:
    own = bench({"os": Strict}, "os |")
    own.thread("program", *[d.Lock("")] * 4)
    with pytest.raises(Refused, match=r"^could not fork$"):
        own.run()


def test_a_refusal_is_asked_once_for_all_that_are_counted_together(bench: Make) -> None:
    """A plan with a check can be scaled; one with a choice cannot."""
    own = bench({"os": Strict}, "os |")
    node = own.house.tops["app"]
    from simulator.plans import compile_steps, scale

    plan = compile_steps(node, (Require(lambda: ""), Use("call", cycles=10.0)), "program")
    assert [type(operation).__name__ for operation in scale(plan, 5.0)] == ["Check", "Work"]
    assert scale(plan, 5.0)[1].cycles == 50.0  # type: ignore[union-attr]


def test_a_group_of_processes_weighs_as_much_as_all_of_them(bench: Make) -> None:
    """One thread beside a group of three on one processor: 1/4 of it. Alone again it gets all."""
    own = bench({"os": Strict}, {"app": "os |", "bomb": "os |"})
    victim = own.thread("victim", compute(1.0))
    own.thread("bomb", d.KeepProcess(3.0 * GHZ, 3.0), tenant="bomb")
    own.run()
    assert victim.ended_s == pytest.approx(4.0, rel=1e-9)


# ---------------------------------------------------------------- limits without a machine of one's own


class Box(System):
    """A limit on memory, kept without a kernel."""

    OFFERS, NEEDS, CONFINES_MEMORY = "system", "system", True


def test_a_box_keeps_its_limit_and_its_kernel_the_rest(bench: Make) -> None:
    tenants = {name: {"memory_bytes": 1e6} for name in ("app", "other")}
    own = bench({"os": System, "box": Box}, {"app": "os | box", "other": "os | box"}, tenants=tenants)
    assert {path: limit.capacity_bytes for path, limit in own.house.limits.items()} == {
        "os/box[app]": 1e6,
        "os/box[other]": 1e6,
    }
    assert own.house.enforced == {"app": True, "other": True}


# ---------------------------------------------------------------- a hypervisor's guests


class Visor(Layer):
    """Every guest has a device thread of its own, which takes a second for a request."""

    OFFERS, NEEDS = "machine", "system"
    serial = False

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        if isinstance(demand, d.TransferBlocks):
            return (Send("disk", (Use("device", cycles=GHZ),)),)
        return (Below(demand),)

    def react(self, transition: Transition) -> Iterable[Step]:
        return (Use("halt", cycles=1.0),) if transition.kind == "resume" else ()

    def guest_services(self) -> tuple[Service, ...]:
        return (Service("device", queue="disk", capacity=8),)

    def presents(self) -> dict[str, str]:
        shown = self.place.guest_devices
        return {kind: shown[kind].style if kind in shown else "emulated" for kind in ("disk", "nic")}


class Guest(System):
    """Reads from its disk."""

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        return (Below(d.TransferBlocks(0, 1)),) if isinstance(demand, d.Map) else super().lower(demand)


VISOR = {"os": System, "visor": Visor, "guest": Guest}


def test_each_guest_has_device_threads_of_its_own(bench: Make) -> None:
    """Two guests' requests take a second each at the same time on two processors; one thread would take two."""
    own = bench(VISOR, {"app": "os | visor / guest", "other": "os | visor / guest"}, cores_count=2)
    threads = [own.thread("main", d.Map(), tenant=tenant) for tenant in ("app", "other")]
    own.run(until=5.0)
    assert [thread.ended_s for thread in threads] == pytest.approx([1.0, 1.0], rel=1e-6)
    names = [thread.name for thread in own.house.threads if thread.service]
    assert names == ["device of os/visor[app]/guest[app]", "device of os/visor[other]/guest[other]"]


def test_a_device_thread_is_no_guest_of_its_hypervisor_and_not_bound_by_its_processors(bench: Make) -> None:
    """It pays no halt, and works beside the guest's only processor, which computes."""
    own = bench(VISOR, "os | visor / guest", tenants={"app": {"vcpus": 1}}, cores_count=2)
    busy = own.thread("busy", compute(1.0))
    own.thread("reads", d.Map())
    own.run(until=5.0)
    assert busy.ended_s == pytest.approx(1.0, rel=1e-6)
    (device,) = (thread for thread in own.house.threads if thread.service)
    assert {mechanism for _, mechanism in own.charged(device)} == {"device"}


def test_a_guest_sees_the_devices_it_was_given() -> None:
    port = Visor({}).for_child("guest", {"disk": GuestDevice("virtio-blk", "paravirtual", {"queue_count": 128.0})})
    assert port.presents() == {"disk": "paravirtual", "nic": "emulated"}
    assert Visor({}).presents() == {"disk": "emulated", "nic": "emulated"}


class Serial(Visor):
    """One thread for all devices of a guest, which waits for the disk."""

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        if isinstance(demand, d.TransferPackets):
            window_bytes = demand.window_bytes
            sent = Send("disk", (Below(demand),), wait=False, size_bytes=demand.size_bytes, window_bytes=window_bytes)
            return (sent,)
        if isinstance(demand, d.TransferBlocks):
            return (Send("disk", (Below(demand),)),)
        return super().lower(demand)

    def guest_services(self) -> tuple[Service, ...]:
        return (Service("device", queue="disk", capacity=8, serial=True),)


class Host(System):
    """Its card and its disk are the machine's."""


class Sender(Guest):
    """Sends units of 100 bytes, which take a second each, and reads."""

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        if isinstance(demand, d.Create):
            return (Below(d.TransferPackets("send", 100.0, window_bytes=100.0)),)
        if isinstance(demand, d.Map):
            return (Below(d.TransferBlocks(0, 100)),)
        return super().lower(demand)


SERIAL = {"os": Host, "visor": Serial, "guest": Sender}


def test_a_serial_device_thread_does_not_wait_for_the_wire_but_its_senders_do(bench: Make) -> None:
    """Eight units of a second each through a window of one: the sender is done with the seventh on its way, and the
    link with the eighth; a sender that nothing throttles would have been done at once."""
    own = bench(SERIAL, "os | visor / guest")
    sender = own.thread("sends", *[d.Create()] * 8)
    own.run(until=20.0)
    assert sender.ended_s == pytest.approx(8.0, rel=1e-6)


def test_a_serial_device_thread_waits_for_the_disk(bench: Make) -> None:
    """Two requests of a second each from two threads: the second is not taken before the first is done."""
    own = bench(SERIAL, "os | visor / guest")
    threads = [own.thread(name, d.Map()) for name in ("one", "two")]
    own.run(until=20.0)
    assert [thread.ended_s for thread in threads] == pytest.approx([1.0, 2.0], rel=1e-3)


class Finishing(Visor):
    """A request takes a second of its thread before the disk and one after it; the disk takes a second for 100 bytes.

    Its loop takes half a second for all that it finds, and waking a quarter.
    """

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        if isinstance(demand, d.TransferBlocks):
            second = (Use("device", cycles=GHZ),)
            return (Send("disk", (*second, Below(demand)), finish=second),)
        return super().lower(demand)

    def guest_services(self) -> tuple[Service, ...]:
        woken, turn = (Use("woken", cycles=0.25 * GHZ),), (Use("turn", cycles=0.5 * GHZ),)
        return (Service("device", queue="disk", capacity=8, batch=8, woken=woken, turn=turn),)


def test_a_device_thread_is_woken_again_to_finish_a_request(bench: Make) -> None:
    """0.25 woken + 0.5 turn + 1 + 1 disk, slept meanwhile: 0.25 + 0.5 + 1 = 4.5 s."""
    own = bench({"os": Host, "visor": Finishing, "guest": Sender}, "os | visor / guest")
    reader = own.thread("reads", d.Map())
    own.run(until=20.0)
    assert reader.ended_s == pytest.approx(4.5, rel=1e-3)
    (device,) = (thread for thread in own.house.threads if thread.service and "device" in thread.name)
    assert own.charged(device).keys() >= {("os/visor[app]", "device"), ("os/visor[app]", "turn")}


class Pooled(Finishing):
    """The thread hands each request on to a pool of two, whose threads wait for the disk."""

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        if isinstance(demand, d.TransferBlocks):
            return (Send("disk", (Send("pool", (Below(demand),)),), finish=(Use("device", cycles=0.01 * GHZ),)),)
        return Visor.lower(self, demand)

    def guest_services(self) -> tuple[Service, ...]:
        pool = (Service(f"worker-{number}", "pool", capacity=8, serial=True) for number in range(2))
        return (Service("device", queue="disk", capacity=8, batch=8), *pool)


def test_a_pool_waits_for_its_requests_and_the_device_thread_finishes_them(bench: Make) -> None:
    """Four requests of a second each on one disk: one after the other, each told by the thread that took it."""
    own = bench({"os": Host, "visor": Pooled, "guest": Sender}, "os | visor / guest")
    readers = [own.thread(f"reads-{number}", d.Map()) for number in range(4)]
    own.run(until=20.0)
    assert [reader.ended_s for reader in readers] == pytest.approx([1.01, 2.01, 3.01, 4.01], rel=2e-2)


class Batched(Serial):
    """Its thread tells of a batch at the end."""

    def guest_services(self) -> tuple[Service, ...]:
        return (Service("device", queue="disk", capacity=8, serial=True, tells_at_the_end=True),)


def test_a_thread_that_tells_at_the_end_lets_all_its_senders_wait_for_the_last(bench: Make) -> None:
    """Two requests of a second each: both senders go on after two."""
    own = bench({"os": Host, "visor": Batched, "guest": Sender}, "os | visor / guest")
    threads = [own.thread(name, d.Map()) for name in ("one", "two")]
    own.run(until=20.0)
    assert [thread.ended_s for thread in threads] == pytest.approx([2.0, 2.0], rel=1e-3)
