"""Threads in simulated time: when each goes on, what waking takes, and where every second of its life went.

Most tests stand on a machine of 1 GHz with layers of their own, so that every time can be computed in the head; waking
is tested on the systems of the catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any

import pytest

from simulator import demands as d
from simulator.devices.base import Key
from simulator.errors import LedgerError, RunError
from simulator.layers.base import Layer, Service, Transition
from simulator.steps import CPU, Below, Choice, Parallel, Send, Signal, Spawn, Step, Transfer, Use, Wait

GHZ = 1e9


def second(mechanism: str = "work", seconds: float = 1.0) -> Use:
    """Work of the layer that takes a second."""
    return Use(mechanism, cycles=seconds * GHZ)


def compute(seconds: float) -> d.Demand:
    """Work of the program."""
    return d.Compute(count=seconds * GHZ)


def call(name: str) -> d.Demand:
    return d.SystemCall(name)


def system(
    calls: Mapping[str, tuple[Step, ...]] | None = None, *, services: tuple[Service, ...] = (), **reactions: Step
) -> type[Layer]:
    """A system that answers each call with the steps given, and each transition with one step or none.

    With a reaction to ``tick`` it ticks a hundred times a second.
    """

    class System(Layer):
        OFFERS, NEEDS = "system", "machine"

        def lower(self, demand: d.Demand) -> Iterable[Step]:
            if isinstance(demand, d.SystemCall):
                return (calls or {})[demand.name]
            return (Below(demand),)

        def react(self, transition: Transition) -> Iterable[Step]:
            return (reactions[transition.kind],) if transition.kind in reactions else ()

        def services(self) -> tuple[Service, ...]:
            return services

        def tick_hz(self) -> float:
            return 100.0 if "tick" in reactions else 0.0

    return System


class Hypervisor(Layer):
    """Adds nothing: what is tested is who shares with whom."""

    OFFERS = NEEDS = "machine"

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        return (Below(demand),)


# ---------------------------------------------------------------- waking, layer by layer

NO_TICKS = {"linux-2.4": {"tick_hz": 0.0}}
NATIVE = "linux-2.4 |"
HOSTED = "linux-2.4 | vmware-workstation-3.2 / linux-2.4"
VMM = "linux-2.4/vmware-workstation-3.2[app]"
SLEEP = d.Sleep(0.01)
CALL = ("system_call", "translation")


def woken(bench: Any, thread: Any) -> dict[tuple[str, str], float]:
    """What a thread paid that slept once, without the call that put it to sleep."""
    return {key: count for key, count in bench.charged(thread).items() if key[1] not in CALL}


@pytest.mark.parametrize(
    ("stack", "paid"),
    [
        (NATIVE, {("linux-2.4", "context_switch"): 1, ("machine", "idle_exit"): 1}),
        (
            "xen-1 | linux-2.4",
            {
                ("xen-1/linux-2.4[app]", "context_switch"): 1, ("xen-1", "address_space"): 1,
                ("xen-1", "domain_switch"): 1, ("xen-1", "event_channel"): 1, ("machine", "idle_exit"): 1,
            },
        ),
        (
            HOSTED,
            {
                (f"{VMM}/linux-2.4[app]", "context_switch"): 1, (VMM, "address_space"): 1,
                (VMM, "world_switch"): 2, (VMM, "emulation"): 1,
                ("linux-2.4", "context_switch"): 1, ("machine", "idle_exit"): 1,
            },
        ),
    ],
    ids=["native", "Xen", "Workstation"],
)  # fmt: skip
def test_on_an_idle_machine_every_layer_wakes(
    resolved_bench: Callable[..., Any], stack: str, paid: dict[tuple[str, str], float]
) -> None:
    bench = resolved_bench(stack, NO_TICKS, cores_count=1)
    sleeper = bench.thread("sleeper", SLEEP)
    bench.run(until=1.0)
    assert woken(bench, sleeper) == paid


@pytest.mark.parametrize(
    ("stack", "paid"),
    [
        (NATIVE, {("linux-2.4", "context_switch"): 1}),
        (HOSTED, {(f"{VMM}/linux-2.4[app]", "context_switch"): 1, (VMM, "address_space"): 1}),
    ],
    ids=["native", "Workstation"],
)
def test_in_a_busy_guest_only_the_guest_switches(
    resolved_bench: Callable[..., Any], stack: str, paid: dict[tuple[str, str], float]
) -> None:
    bench = resolved_bench(stack, NO_TICKS, cores_count=1)
    sleeper = bench.thread("sleeper", SLEEP)
    bench.thread("busy", d.Compute(count=2.4e9))
    bench.run(until=1.0)
    assert woken(bench, sleeper) == paid


def test_every_sleep_is_paid_for(resolved_bench: Callable[..., Any]) -> None:
    """Who has woken is counted as running until it sleeps again, and who has ended is not."""
    bench = resolved_bench(HOSTED, NO_TICKS, cores_count=1)
    bench.thread("ended", d.Compute(count=2.4e6))
    sleeper = bench.thread("sleeper", SLEEP, SLEEP, SLEEP)
    bench.run(until=1.0)
    paid = woken(bench, sleeper)
    assert paid[VMM, "world_switch"] == 6
    assert paid["linux-2.4", "context_switch"] == paid["machine", "idle_exit"] == 3


def test_an_idle_guest_on_a_busy_host_is_resumed_but_no_core_wakes(resolved_bench: Callable[..., Any]) -> None:
    """The first layer that was not idle, the host, switches to the virtual machine's process; the core is awake."""
    bench = resolved_bench({"app": HOSTED, "neighbour": NATIVE}, NO_TICKS, cores_count=1)
    sleeper = bench.thread("sleeper", SLEEP)
    bench.thread("busy", d.Compute(count=2.4e9), tenant="neighbour")
    bench.run(until=1.0)
    assert woken(bench, sleeper) == {
        (f"{VMM}/linux-2.4[app]", "context_switch"): 1,
        (VMM, "address_space"): 1,
        (VMM, "world_switch"): 2,
        (VMM, "emulation"): 1,
        ("linux-2.4", "context_switch"): 1,
    }


def test_the_time_waking_takes(bench: Callable[..., Any]) -> None:
    """Asleep 1 s; the switch takes 0.2 s and 10 ms of leaving the idle state come on top."""
    calls = {"sleep": (Wait("time", time_s=1.0),)}
    own = bench({"os": system(calls, switch=second("switch", 0.2))}, "os |", idle_exit_s=0.01)
    sleeper = own.thread("sleeper", call("sleep"))
    own.run()
    assert sleeper.ended_s == pytest.approx(1.21)
    assert own.spent(sleeper) == {"asleep": 1.0, "overhead": 0.2, "stalled": 0.01}


def test_a_short_sleep_does_not_let_the_core_fall_asleep(bench: Callable[..., Any]) -> None:
    """Cores enter their idle state after 1 ms."""
    calls = {"nap": (Wait("time", time_s=0.0009),)}
    own = bench({"os": system(calls)}, "os |", idle_exit_s=0.01)
    sleeper = own.thread("sleeper", compute(1.0), call("nap"), compute(1.0))
    own.run()
    assert own.spent(sleeper) == {"useful": 2.0, "asleep": 0.0009}


def test_waking_without_the_idle_state(bench: Callable[..., Any]) -> None:
    calls = {"sleep": (Wait("time", time_s=1.0),)}
    own = bench({"os": system(calls)}, "os |", idle_exit_s=0.01, without=["idle_exit"])
    sleeper = own.thread("sleeper", call("sleep"))
    own.run()
    assert (sleeper.ended_s, sleeper.charges) == (1.0, {})


def test_threads_of_a_busy_container_are_switched_by_the_kernel_below(bench: Callable[..., Any]) -> None:
    """It has no processors of its own to divide: whether another thread of it runs makes no difference."""

    class Runtime(system({"sleep": (Wait("time", time_s=1.0),)}, switch=second("inner", 0.1))):  # type: ignore[misc]
        NEEDS = "system"

    layers = {"os": system(switch=second("outer", 0.1)), "container": Runtime}
    for others in ((), (compute(2.0),)):
        own = bench(layers, "os | container", cores_count=2)
        sleeper = own.thread("sleeper", call("sleep"))
        own.thread("busy", *others)
        own.run()
        assert {mechanism for _, mechanism in own.charged(sleeper)} == {"inner", "outer"}


def test_a_busy_guest_does_not_switch_what_is_below_it(bench: Callable[..., Any]) -> None:
    """One virtual processor on a hypervisor, both with a switch to pay: only the kernel has to change threads."""

    class Hypervisor(system(switch=second("outer", 0.1))):  # type: ignore[misc]
        OFFERS = "machine"

    layers = {
        "hypervisor": Hypervisor,
        "os": system({"sleep": (Wait("time", time_s=1.0),)}, switch=second("inner", 0.1)),
    }
    for others, paid in (((), {"inner", "outer"}), ((compute(2.0),), {"inner"})):
        own = bench(layers, "hypervisor | os", cores_count=1)
        sleeper = own.thread("sleeper", call("sleep"))
        own.thread("busy", *others)
        own.run()
        assert {mechanism for _, mechanism in own.charged(sleeper)} == paid


def test_spawned_work_keeps_its_system_awake(bench: Callable[..., Any]) -> None:
    """The sleeper's system is resumed at 1 s only if no daemon, which works until 3 s, has its only processor."""
    calls = {"sleep": (Wait("time", time_s=1.0),), "spawn": (Spawn((second("daemon", 3.0),)),)}
    reactions = {"switch": second("switch", 0.1), "resume": second("resume", 0.2)}
    for first, paid in (((), {("os", "switch"): 1, ("os", "resume"): 1}), ((call("spawn"),), {("os", "switch"): 1})):
        own = bench({"os": system(calls, **reactions)}, "os |", cores_count=1)
        sleeper = own.thread("sleeper", *first, call("sleep"))
        own.run()
        assert own.charged(sleeper) == paid


def test_a_second_processor_is_woken_by_itself(bench: Callable[..., Any]) -> None:
    """On two processors the daemon has one of them; the sleeper resumes the other, which slept as long as it did."""
    calls = {"sleep": (Wait("time", time_s=1.0),), "spawn": (Spawn((second("daemon", 3.0),)),)}
    reactions = {"switch": second("switch", 0.1), "resume": second("resume", 0.2)}
    own = bench({"os": system(calls, **reactions)}, "os |", cores_count=2)
    sleeper = own.thread("sleeper", call("spawn"), call("sleep"))
    own.run()
    assert own.charged(sleeper) == {("os", "switch"): 1, ("os", "resume"): 1}


@pytest.mark.parametrize(
    ("cores", "posted", "fetched"),
    [
        (2, {("os", "notify"): 1}, {("os", "switch"): 1, ("os", "resume"): 1, ("os", "notified"): 1}),
        (1, {}, {("os", "switch"): 1}),
    ],
)
def test_who_wakes_a_thread_on_an_idle_processor_interrupts_it(
    bench: Callable[..., Any], cores: int, posted: Mapping[Any, float], fetched: Mapping[Any, float]
) -> None:
    """A message after 1 s of work: on one processor its reader only waits for the writer to let it go.

    On two: interrupt sent (0.01 s), then taken (0.02 s), processor resumed (0.2 s), switch (0.1 s): read at 1.33 s.
    """
    calls = {"post": (Signal("message", "box"),), "fetch": (Wait("message", "box"),)}
    costs = {"switch": 0.1, "resume": 0.2, "notify": 0.01, "notified": 0.02}
    reactions = {kind: second(kind, time_s) for kind, time_s in costs.items()}
    own = bench({"os": system(calls, **reactions)}, "os |", cores_count=cores)
    reader = own.thread("reader", call("fetch"))
    writer = own.thread("writer", compute(1.0), call("post"), compute(1.0))
    own.run()
    assert own.charged(reader) == fetched
    assert {key: count for key, count in own.charged(writer).items() if key[0] == "os"} == posted
    assert writer.ended_s == pytest.approx(2.01 if cores == 2 else 2.1)
    if cores == 2:
        assert reader.ended_s == pytest.approx(1.33)


def test_no_time_to_wait_is_no_reason_to_sleep(bench: Callable[..., Any]) -> None:
    own = bench({"os": system({"none": (Wait("time", time_s=0.0),)}, switch=second("switch"))}, "os |")
    thread = own.thread("main", call("none"), call("none"))
    own.run()
    assert (thread.ended_s, thread.charges) == (0.0, {})


def test_a_reaction_may_only_compute(bench: Callable[..., Any]) -> None:
    calls = {"sleep": (Wait("time", time_s=1.0),)}
    own = bench({"os": system(calls, switch=Wait("time", time_s=1.0))}, "os |")
    own.thread("sleeper", call("sleep"))
    with pytest.raises(TypeError, match="os: the reaction to 'switch' may only take processor time"):
        own.run()


# ---------------------------------------------------------------- ticks


def test_ticks_stretch_work_like_a_background_load(resolved_bench: Callable[..., Any]) -> None:
    """100 ticks a second of 1e6 cycles are a load of 0.1 on 1 GHz: 0.9e9 cycles take 0.9 s / (1 - 0.1) = 1 s."""
    bench = resolved_bench(NATIVE, {"linux-2.4": {"tick_hz": 100, "tick_cycles": 1e6}}, frequency_hz=GHZ)
    thread = bench.thread("main", compute(0.9))
    bench.run(until=2.0)
    assert thread.ended_s == pytest.approx(1.0, rel=1e-12)
    assert bench.charged(thread) == {("program", "compute"): 0.9e9, ("linux-2.4", "tick"): 100.0}
    assert bench.spent(thread) == {"useful": 0.9, "overhead": 0.1}


def test_a_tick_that_waits_for_memory(bench: Callable[..., Any]) -> None:
    """1e6 cycles and 1 ms of waiting, a hundred times a second: a load of 0.2. 0.4 s of work and 0.4 s of its own
    waiting for memory take 1 s: 0.1 s of ticks, and 0.1 s of their waiting."""
    calls = {"load": (Use("load", cycles=0.4 * GHZ, stall_s=0.4),)}
    own = bench({"os": system(calls, tick=Use("tick", cycles=1e6, stall_s=1e-3))}, "os |")
    thread = own.thread("main", call("load"))
    own.run()
    assert thread.ended_s == pytest.approx(1.0, rel=1e-12)
    assert own.charged(thread) == {("os", "load"): 1.0, ("os", "tick"): 100.0}
    assert own.spent(thread) == {"overhead": 0.5, "stalled": 0.5}


def test_a_guest_meets_the_ticks_of_its_own_kernel_and_of_the_host(resolved_bench: Callable[..., Any]) -> None:
    """Guest's tick: 1e6 of the kernel, two switches of worlds at 2e5, an interrupt of 1e5: 1.5e6.

    Host's tick: 1e6 of the kernel and two switches: 1.4e6. A hundred of each a second: a load of 0.29.
    """
    numbers = {
        "linux-2.4": {"tick_hz": 100, "tick_cycles": 1e6},
        "vmware-workstation-3.2": {"world_switch_cycles": 2e5, "interrupt_cycles": 1e5},
    }
    bench = resolved_bench(HOSTED, numbers, frequency_hz=GHZ)
    thread = bench.thread("main", compute(0.71))
    bench.run(until=2.0)
    assert thread.ended_s == pytest.approx(1.0, rel=1e-12)
    assert bench.charged(thread) == {
        ("program", "compute"): 0.71e9,
        (f"{VMM}/linux-2.4[app]", "tick"): 100.0,
        ("linux-2.4", "tick"): 100.0,
        (VMM, "world_switch"): 400.0,
        (VMM, "emulation"): 100.0,
    }


# ---------------------------------------------------------------- queues and their servers


def server(capacity: int = 8, batch: int = 8) -> tuple[Service, ...]:
    return (Service("server", queue="ring", capacity=capacity, batch=batch),)


def ask(*work: Step, kick_s: float = 0.1, notice_s: float = 0.2) -> tuple[Step, ...]:
    """Work for the server that is waited for."""
    return (Send("ring", work, kick=(second("kick", kick_s),), notice=(second("notice", notice_s),)),)


def hand(*work: Step, window_bytes: float) -> tuple[Step, ...]:
    """100 bytes of work for the server that are not waited for within a window."""
    return (Send("ring", work, wait=False, size_bytes=100.0, window_bytes=window_bytes),)


def test_the_kick_is_paid_only_while_the_server_sleeps(bench: Callable[..., Any]) -> None:
    """A kicks until 0.1, is served until 1.1, takes note until 1.3. B comes at 0.5 and finds the server awake:
    no kick, served from 1.1 until 2.1, takes note until 2.3."""
    own = bench({"os": system({"ask": ask(second("served"))}, services=server())}, "os |", cores_count=3)
    a = own.thread("a", call("ask"))
    own.at(0.5, lambda: threads.append(own.thread("b", call("ask"))))
    threads = [a]
    own.run()
    b = threads[1]
    assert (a.ended_s, b.ended_s) == (pytest.approx(1.3), pytest.approx(2.3))
    assert own.charged(a) == {("os", "kick"): 1, ("os", "notice"): 1}
    assert own.charged(b) == {("os", "notice"): 1}
    assert own.spent(b) == {"overhead_wait": 1.6, "overhead": 0.2}


def test_the_server_pays_for_its_work_and_sleeps_between(bench: Callable[..., Any]) -> None:
    """Two requests of one thread, 1.3 s each: the server works 2 s and must be kicked both times."""
    own = bench({"os": system({"ask": ask(second("served"))}, services=server())}, "os |", cores_count=2)
    asker = own.thread("asker", call("ask"), call("ask"))
    own.run()
    (service, _) = own.house.threads
    assert (service.name, service.service, service.tenant) == ("server", True, "os")
    assert own.charged(service) == {("os", "served"): 2}
    assert own.charged(asker) == {("os", "kick"): 2, ("os", "notice"): 2}
    assert own.spent(asker) == {"overhead_wait": 2.0, "overhead": 0.6}
    assert own.spent(service) == {"overhead": 2.0, "asleep": 0.6}


def test_completions_of_one_instant_share_a_notice(bench: Callable[..., Any]) -> None:
    """B, C and D are one batch, whose only work is B's second: all three are done at once, one takes note for all."""
    calls = {"long": ask(second("served")), "short": ask()}
    own = bench({"os": system(calls, services=server())}, "os |", cores_count=5)
    threads = [own.thread("a", call("long"))]
    own.at(0.5, lambda: threads.extend(own.thread(name, call(kind)) for name, kind in zip("bcd", KINDS, strict=True)))
    own.run()
    assert [own.charged(thread).get(("os", "notice"), 0) for thread in threads] == [1, 1, 0, 0]
    assert [thread.ended_s for thread in threads] == pytest.approx([1.3, 2.3, 2.1, 2.1])


KINDS = ("long", "short", "short")


def test_a_full_ring_pushes_back(bench: Callable[..., Any]) -> None:
    """One slot, a second a piece, nobody waits for the result: the first is taken at once, the second waits in the
    ring, the third and fourth must wait for room until the second and third are taken."""
    calls = {"hand": hand(second("served"), window_bytes=1e9)}
    own = bench({"os": system(calls, services=server(capacity=1, batch=1))}, "os |", cores_count=2)
    times: list[float] = []
    sender = own.thread("sender", program=own.logged(times, *[call("hand")] * 4))
    own.run()
    assert times == pytest.approx([0.0, 0.0, 1.0, 2.0])
    assert sender.ended_s == pytest.approx(4.0)
    assert own.spent(sender) == {"overhead_wait": 4.0}


def test_a_window_bounds_what_is_in_the_queue(bench: Callable[..., Any]) -> None:
    """A piece has 100 bytes and takes a second, 200 may be under way: the third waits for the first, and so on."""
    calls = {"hand": hand(second("served"), window_bytes=200.0)}
    own = bench({"os": system(calls, services=server())}, "os |", cores_count=2)
    times: list[float] = []
    own.thread("sender", program=own.logged(times, *[call("hand")] * 4))
    own.run()
    assert times == pytest.approx([0.0, 0.0, 1.0, 2.0])


def test_many_requests_at_once_take_as_many_slots(bench: Callable[..., Any]) -> None:
    """A count of four in a ring of four: the next one has no room until the server has taken them."""
    calls = {"hand": hand(second("served", 0.25), window_bytes=1e9)}
    own = bench({"os": system(calls, services=server(capacity=4, batch=1))}, "os |", cores_count=2)
    times: list[float] = []
    four = d.SystemCall("hand", count=4)
    own.thread("sender", program=own.logged(times, four, four, call("hand")))
    own.run()
    assert times == pytest.approx([0.0, 0.0, 1.0])


def test_a_server_goes_on_while_the_device_works(bench: Callable[..., Any]) -> None:
    """Half a second of work, then a second of the link. The server is at B's request while the link is at A's:
    A is done at 1.5, B, behind A on the link, at 2.5. What the sender waited for the link is not overhead."""
    calls = {"ask": ask(second("served", 0.5), Transfer("nic-send", "transfer", 100.0), kick_s=0.0, notice_s=0.0)}
    own = bench({"os": system(calls, services=server())}, "os |", cores_count=3)
    a, b = own.thread("a", call("ask")), own.thread("b", call("ask"))
    own.run()
    assert (a.ended_s, b.ended_s) == (pytest.approx(1.5), pytest.approx(2.5))
    assert own.spent(a) == {"overhead_wait": 0.5, "blocked_network": 1.0}
    assert own.spent(b) == {"overhead_wait": 1.0, "blocked_network": 1.5}
    service = own.house.threads[0]
    charge = service.charges[Key("nic-send", "program", "transfer")]
    assert (charge.size_bytes, charge.service_s) == (200.0, pytest.approx(2.0))


def test_a_queue_that_nobody_drains_is_refused(bench: Callable[..., Any]) -> None:
    own = bench({"os": system({"ask": ask(second())})}, "os |")
    own.thread("asker", call("ask"))
    with pytest.raises(RunError, match="no service drains the queue 'os:ring'"):
        own.run()


def test_a_service_looks_for_work_of_its_own(bench: Callable[..., Any]) -> None:
    """Every second it looks; there is work for two looks: it computes 0.25 s for each piece there is."""
    pieces = [1, 1]

    def wanted() -> bool:
        return bool(pieces)

    calls = {"clean": (second("clean", 0.25), Choice(lambda: pieces.pop() - 1, ((),), ("done",)))}
    services = (Service("daemon", period_s=1.0, wanted=wanted, demand=call("clean")),)
    own = bench({"os": system(calls, services=services)}, "os |")
    own.run(until=4.0)
    (daemon,) = own.house.threads
    assert own.charged(daemon) == {("os", "clean"): 2}
    assert own.spent(daemon) == {"overhead": 0.5, "asleep": 3.5}


def test_a_service_that_waited_for_a_device_sleeps_again(bench: Callable[..., Any]) -> None:
    """Looks at 1 s, waits for the link until 2 s; the rest of its life it has nothing to do."""
    pieces = [1]
    calls = {"send": (Choice(lambda: pieces.pop() - 1, ((Transfer("nic-send", "transfer", 100.0),),), ("sent",)),)}
    services = (Service("daemon", period_s=1.0, wanted=lambda: bool(pieces), demand=call("send")),)
    own = bench({"os": system(calls, services=services)}, "os |")
    own.run(until=4.5)
    (daemon,) = own.house.threads
    assert own.spent(daemon) == {"blocked_network": 1.0, "asleep": 3.5}


# ---------------------------------------------------------------- transfers

LINK = Transfer("nic-send", "transfer", 100.0)
WINDOWED = Transfer("nic-send", "transfer", 100.0, window_bytes=200.0)


def test_a_transfer_is_waited_for(bench: Callable[..., Any]) -> None:
    own = bench({"os": system({"send": (LINK,)})}, "os |")
    thread = own.thread("sender", call("send"), compute(1.0), call("send"))
    own.run()
    assert own.spent(thread) == {"blocked_network": 2.0, "useful": 1.0}


def test_within_a_window_the_thread_goes_on(bench: Callable[..., Any]) -> None:
    """200 bytes may be under way, 100 take a second: the third is accepted at 1 s, the fourth at 2 s."""
    own = bench({"os": system({"send": (WINDOWED,)})}, "os |")
    times: list[float] = []
    thread = own.thread("sender", program=own.logged(times, *[call("send")] * 4))
    own.run()
    assert times == pytest.approx([0.0, 0.0, 1.0, 2.0])
    assert thread.ended_s == pytest.approx(4.0)  # a program ends when its last byte has left
    assert own.spent(thread) == {"blocked_network": 4.0}


def test_link_and_processor_work_at_the_same_time(bench: Callable[..., Any]) -> None:
    """Four seconds of each, one after the other in the program, side by side in time."""
    own = bench({"os": system({"send": (WINDOWED,)})}, "os |")
    thread = own.thread("sender", *[call("send"), compute(1.0)] * 4)
    own.run()
    assert thread.ended_s == pytest.approx(4.0)
    assert own.spent(thread) == {"useful": 4.0}
    assert thread.charges[Key("nic-send", "program", "transfer")].service_s == pytest.approx(4.0)


def test_without_a_window_all_that_is_under_way_is_waited_for(bench: Callable[..., Any]) -> None:
    own = bench({"os": system({"send": (WINDOWED,), "last": (LINK,)})}, "os |")
    times: list[float] = []
    own.thread("sender", program=own.logged(times, call("send"), call("last"), call("send")))
    own.run()
    assert times == pytest.approx([0.0, 2.0, 2.0])


def test_directions_and_disk_are_waited_for_apart(bench: Callable[..., Any]) -> None:
    """A second of the link each way at once, then a second of the disk."""
    receive = Transfer("nic-receive", "transfer", 100.0, window_bytes=200.0)
    calls = {"both": (receive, LINK), "read": (Transfer("disk", "transfer", 100.0, stream="log"),)}
    own = bench({"os": system(calls)}, "os |")
    thread = own.thread("reader", call("both"), call("read"))
    own.run()
    assert own.spent(thread) == {"blocked_network": 1.0, "blocked_disk": pytest.approx(1.0, abs=1e-5)}


# ---------------------------------------------------------------- who shares a processor with whom

GUESTS = {"hyper": Hypervisor, "os": system()}
BESIDE = {"app": "hyper | os", "other": "hyper | os"}


def test_one_tenant_takes_time_from_another(bench: Callable[..., Any]) -> None:
    own = bench(GUESTS, BESIDE)
    a, b = own.thread("main", compute(1.0)), own.thread("main", compute(1.0), tenant="other")
    own.run()
    assert own.spent(a) == own.spent(b) == {"useful": 1.0, "steal": 1.0}


def test_by_weight(bench: Callable[..., Any]) -> None:
    """3 to 1: 1.5 s of work take 2 s; the other has half a second of its second by then, and the rest alone."""
    own = bench(GUESTS, BESIDE, tenants={"app": {"weight": 3.0}})
    a, b = own.thread("main", compute(1.5)), own.thread("main", compute(1.0), tenant="other")
    own.run()
    assert own.spent(a) == {"useful": 1.5, "steal": 0.5}
    assert own.spent(b) == {"useful": 1.0, "steal": 1.5}


def test_threads_of_one_tenant_are_ready_for_each_other(bench: Callable[..., Any]) -> None:
    own = bench(GUESTS, BESIDE)
    a, b = own.thread("one", compute(1.0)), own.thread("two", compute(1.0))
    own.run()
    assert own.spent(a) == own.spent(b) == {"useful": 1.0, "ready": 1.0}


def test_a_cap_throttles(bench: Callable[..., Any]) -> None:
    own = bench(GUESTS, BESIDE, tenants={"app": {"cap_cores": 0.25}})
    thread = own.thread("main", compute(1.0))
    own.run()
    assert own.spent(thread) == {"useful": 1.0, "throttled": 3.0}


def test_siblings_and_neighbours_at_once(bench: Callable[..., Any]) -> None:
    """Two threads of the app beside one of the other: a quarter each, and a half.

    Alone each of the two would have a half: of 4 s, 2 are their siblings' and 1 is stolen.
    """
    own = bench(GUESTS, BESIDE)
    one, two = own.thread("one", compute(1.0)), own.thread("two", compute(1.0))
    other = own.thread("main", compute(2.0), tenant="other")
    own.run()
    assert own.spent(one) == own.spent(two) == {"useful": 1.0, "ready": 2.0, "steal": 1.0}
    assert own.spent(other) == {"useful": 2.0, "steal": 2.0}


def test_processes_of_one_system_count_one_by_one(bench: Callable[..., Any]) -> None:
    """Without a node of their own nothing divides tenants but their threads: three of them, a third each.

    Alone the app's two would have a half each: of 3 s, 1.5 are their siblings' and 0.5 are stolen.
    """
    own = bench({"os": system()}, {"app": "os |", "other": "os |"})
    one, two = own.thread("one", compute(1.0)), own.thread("two", compute(1.0))
    other = own.thread("main", compute(1.0), tenant="other")
    own.run()
    assert own.spent(one) == own.spent(two) == {"useful": 1.0, "ready": 1.5, "steal": 0.5}
    assert own.spent(other) == {"useful": 1.0, "steal": 2.0}


def test_virtual_processors_bound_a_guest(bench: Callable[..., Any]) -> None:
    """Two threads, two processors, but the guest has one: each waits for its sibling."""
    own = bench(GUESTS, BESIDE, tenants={"app": {"vcpus": 1}}, cores_count=2)
    one, two = own.thread("one", compute(1.0)), own.thread("two", compute(1.0))
    own.run()
    assert own.spent(one) == own.spent(two) == {"useful": 1.0, "ready": 1.0}


# ---------------------------------------------------------------- messages, locks, sleep

MEETING = {
    "post": (Signal("message", "box"),),
    "fetch": (Wait("message", "box"),),
    "lock": (Wait("lock", "table"),),
    "unlock": (Signal("lock", "table"),),
    "sleep": (Wait("time", time_s=2.0),),
    "think": (Wait("network", time_s=2.0),),
    "no time": (Wait("time", time_s=0.0),),
}
LOCKED = (call("lock"), compute(1.0), call("unlock"))


def test_a_message_is_waited_for(bench: Callable[..., Any]) -> None:
    own = bench({"os": system(MEETING)}, "os |")
    reader = own.thread("reader", call("fetch"), compute(0.5))
    own.thread("writer", compute(1.0), call("post"))
    own.run()
    assert own.spent(reader) == {"blocked_message": 1.0, "useful": 0.5}


def test_a_message_that_is_there_is_taken_at_once(bench: Callable[..., Any]) -> None:
    own = bench({"os": system(MEETING, switch=second("switch", 0.1))}, "os |")
    own.thread("writer", call("post"), call("post"))
    reader = own.thread("reader", call("fetch"), compute(0.5), call("fetch"))
    own.run()
    assert own.spent(reader) == {"useful": 0.5}  # never blocked, so nothing to switch


def test_tenants_have_mailboxes_of_their_own(bench: Callable[..., Any]) -> None:
    own = bench({"os": system(MEETING)}, {"app": "os |", "other": "os |"})
    reader = own.thread("reader", call("fetch"))
    own.thread("writer", call("post"), tenant="other")
    own.run(until=3.0)
    assert own.spent(reader) == {"blocked_message": 3.0}


def test_a_lock_is_had_by_one_at_a_time_in_order_of_asking(bench: Callable[..., Any]) -> None:
    own = bench({"os": system(MEETING)}, "os |", cores_count=3)
    threads = [own.thread("a", *LOCKED)]
    own.at(0.75, lambda: threads.append(own.thread("c", *LOCKED)))
    own.at(0.25, lambda: threads.append(own.thread("b", *LOCKED)))
    own.run()
    assert [(thread.name, thread.ended_s) for thread in threads] == [("a", 1.0), ("b", 2.0), ("c", 3.0)]
    assert [own.spent(thread).get("blocked_lock", 0.0) for thread in threads] == [0.0, 0.75, 1.25]


def test_sleeping_and_waiting_for_a_client(bench: Callable[..., Any]) -> None:
    own = bench({"os": system(MEETING)}, "os |")
    thread = own.thread("main", call("sleep"), call("think"), call("no time"))
    own.run()
    assert own.spent(thread) == {"asleep": 2.0, "blocked_network": 2.0}


# ---------------------------------------------------------------- branches


@pytest.mark.parametrize(("cores", "end_s"), [(2, 1.0), (1, 2.0)])
def test_parallel_work_is_waited_for(bench: Callable[..., Any], cores: int, end_s: float) -> None:
    calls = {"both": (Parallel(((second("left"),), (second("right"),))),)}
    own = bench({"os": system(calls)}, "os |", cores_count=cores)
    thread = own.thread("main", call("both"))
    own.run()
    assert thread.ended_s == pytest.approx(end_s)
    assert own.spent(thread) == {"overhead_wait": end_s}
    branches = [each for each in own.house.threads if each is not thread]
    assert [own.charged(each) for each in branches] == [{("os", "left"): 1}, {("os", "right"): 1}]
    assert {each.tenant for each in branches} == {"app"}


def test_spawned_work_is_not_waited_for(bench: Callable[..., Any]) -> None:
    calls = {"spawn": (Spawn((second("daemon", 3.0),)),)}
    own = bench({"os": system(calls)}, "os |", cores_count=3)
    thread = own.thread("main", call("spawn"), compute(1.0))
    own.thread("other", compute(4.0))
    own.run()
    (daemon,) = (each for each in own.house.threads if each.name == "main/1")
    assert (thread.ended_s, daemon.ended_s) == (1.0, 3.0)
    assert own.spent(thread) == {"useful": 1.0}


def test_a_decision_is_taken_when_it_is_reached(bench: Callable[..., Any]) -> None:
    """Not when the demand is lowered: the second call finds what the first one changed, with the same plan."""
    seen: list[int] = []

    def decide() -> int:
        seen.append(1)
        return len(seen) - 1

    choice = Choice(decide, ((second("miss", 2.0),), (second("hit", 0.5),)), ("miss", "hit"))
    own = bench({"os": system({"read": (choice,)})}, "os |")
    thread = own.thread("main", call("read"), call("read"))
    own.run()
    assert own.charged(thread) == {("os", "miss"): 1, ("os", "hit"): 1}
    assert thread.ended_s == pytest.approx(2.5)


# ---------------------------------------------------------------- memory, cache, the end


def test_a_working_set_pushed_out_by_another_comes_back(resolved_bench: Callable[..., Any]) -> None:
    """512 KiB of cache less 64 kB of the kernel's; 256 KiB of another's set are in it, 192 of 256 KiB find room:
    64 KiB of 64 bytes are fetched again, 1024 lines of 10 ns."""
    numbers = {"cache_kernel_bytes": 64 * 1024, "cache_miss_s": 10e-9, "idle_exit_s": 0.0}
    own = resolved_bench(NATIVE, NO_TICKS, **numbers)
    a, b = own.thread("a", d.Sleep(0.01), d.Sleep(0.01)), own.thread("b", d.Sleep(0.011), d.Sleep(1.0))
    a.working_set_bytes = b.working_set_bytes = 256 * 1024
    own.run(until=1.0)
    refill = a.charges[Key(CPU, "machine", "cache_refill")]
    assert (refill.operations, refill.service_s) == (1, pytest.approx(1024 * 10e-9))


def test_the_working_set_of_a_thread_that_has_ended_is_nobodys(resolved_bench: Callable[..., Any]) -> None:
    numbers = {"cache_kernel_bytes": 64 * 1024, "cache_miss_s": 10e-9, "idle_exit_s": 0.0}
    own = resolved_bench(NATIVE, NO_TICKS, **numbers)
    a, b = own.thread("a", d.Sleep(0.01), d.Sleep(0.01)), own.thread("b", d.Sleep(0.011))
    a.working_set_bytes = b.working_set_bytes = 256 * 1024
    own.run(until=1.0)
    assert ("machine", "cache_refill") not in own.charged(a)


def test_what_is_half_done_at_the_end_is_half_booked(bench: Callable[..., Any]) -> None:
    """After 1 s: a third of 300 bytes, and half of a step of 1 s of work and 1 s of waiting for memory."""
    calls = {"send": (Transfer("nic-send", "transfer", 300.0),), "load": (Use("load", cycles=GHZ, stall_s=1.0),)}
    own = bench({"os": system(calls)}, "os |")
    sender, loader = own.thread("sender", call("send")), own.thread("loader", call("load"))
    own.run(until=1.0)
    sent, load = sender.charges[Key("nic-send", "program", "transfer")], loader.charges[Key(CPU, "os", "load")]
    assert (sent.size_bytes, sent.operations, sent.service_s) == pytest.approx((100.0, 1 / 3, 1.0))
    assert (load.cycles, load.operations, load.service_s) == pytest.approx((0.5 * GHZ, 0.5, 1.0))
    assert own.spent(loader) == {"overhead": 0.5, "stalled": 0.5}


def test_a_ledger_that_does_not_close_is_an_error(bench: Callable[..., Any]) -> None:
    """A nanosecond too many or too few of ten seconds passes for rounding, a hundred do not."""
    for too_many_s, refused in ((1e-9, False), (-1e-9, False), (1e-7, True), (-1e-7, True)):
        own = bench({"os": system()}, "os |")
        thread = own.thread("main", compute(10.0))
        own.environment.run()
        thread.spent["useful"] += too_many_s
        with pytest.raises(LedgerError, match=r"app/main: .* of 10 s") if refused else nullcontext():
            thread.close()


def test_the_ledger_closes_wherever_the_run_ends(bench: Callable[..., Any]) -> None:
    """Cut off at any time: threads that compute, wait, send, serve, sleep and want a lock have all of it accounted."""
    ring_work = (second("served", 0.5), Transfer("nic-receive", "transfer", 70.0))
    calls = {**MEETING, "send": (WINDOWED,), "ask": ask(*ring_work), "spawn": (Spawn((second("daemon", 3.0),)),)}
    for until in (0.05, 0.3, 0.7, 1.0, 1.35, 2.2):
        own = bench({"os": system(calls, services=server())}, "os |", idle_exit_s=0.01)
        own.thread("sender", *[call("send"), compute(0.1)] * 9)
        own.thread("asker", *[call("ask")] * 9)
        own.thread("owner", call("spawn"), *LOCKED * 9)
        own.thread("wants", *LOCKED)
        own.thread("never", call("fetch"))
        own.run(until=until)  # raises LedgerError where a thread's states do not add up to its life
        booked: dict[str, float] = {}
        for thread in own.house.threads:
            life_s = (until if thread.ended_s is None else thread.ended_s) - thread.started_s
            assert sum(thread.spent.values()) == pytest.approx(life_s, rel=1e-9)
            for key, charge in thread.charges.items():
                booked[key.device] = booked.get(key.device, 0.0) + charge.service_s
        for request, _, move in own.house.detached:
            booked[move.device] = booked.get(move.device, 0.0) + request.served_s(until)
        for row in own.machine.rows():
            assert row.busy_s == pytest.approx(booked.get(row.device, 0.0), rel=1e-9, abs=1e-12)
