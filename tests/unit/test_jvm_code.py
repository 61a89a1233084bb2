"""The code of a Java virtual machine by HotSpot's rules, followed by hand through the levels on a clock of 1 GHz."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from simulator import demands as d
from simulator.catalog import Catalog
from simulator.layers._jvm_code import Code
from simulator.layers._jvm_compilers import CodeCache, Queue, Task
from simulator.layers._jvm_policy import INTERPRETED, LIMITED, MODES, OPTIMIZED, PROFILED, Policy
from simulator.layers.base import Place
from simulator.layers.jvm import JavaVirtualMachine
from simulator.parameters import Parameters
from simulator.steps import Below

GHZ = 1e9
Make = Callable[..., Any]
NUMBERS = {
    "c2_cycles": 1.0, "interpreter_cycles": 9.0, "c1_cycles": 0.5, "profiling_cycles": 0.5, "unlinked_cycles": 0.25,
    "unprofiled_cycles": 0.4, "groups_count": 4.0, "body_bytecodes_count": 10.0, "trivial_ratio": 0.0,
    "c1_compile_cycles": 1e3, "c2_compile_cycles": 1e4, "deoptimization_cycles": 7e4, "c1_code_bytes": 30.0,
    "profiled_code_bytes": 80.0, "c2_code_bytes": 60.0, "own_code_bytes": 1000.0, "inlined_ratio": 1.0,
    "unprofiled_inlined_ratio": 1.0, "start_methods_count": 800.0,
    "system_start_cycles": 0.0, "system_stack_bytes": 0.0,
}  # fmt: skip
"""Round numbers for the costs; HotSpot's rules as they are in the catalog."""
ONE = d.Portable("one.jar", 1, 1.0, 10.0, 400)
"""A program of one method, ten bytecodes long."""


@cache
def numbers() -> dict[str, float]:
    return {**Catalog().layer("hotspot-17", "epyc-zen4-vm").values(), **NUMBERS}


@pytest.fixture
def layers(java: Make) -> Make:
    """Makes a system that costs nothing, and a virtual machine on it."""
    return lambda own=None, limits=None, **structure: java({**numbers(), **(own or {})}, limits, **structure)


def policy(mode: str = "tiered", c1: float = 0.0, c2: float = 0.0, used: float = 0.0, **own: float) -> Policy:
    """With so many methods in the queues, and so much of a code cache of a million bytes used."""
    queues = {name: Queue(1) for name in MODES[mode].compilers}
    for name, methods in (("c1", c1), ("c2", c2)):
        if methods:
            queues[name].tasks.append(Task(None, 0, 1.0, methods, 1))
    return Policy(Parameters({**numbers(), **own}), MODES[mode], queues, CodeCache(1e6, used))


# ---------------------------------------------------------------- one method through the levels


def test_a_method_rises_from_the_interpreter_through_c1_to_c2(bench: Make, layers: Make) -> None:
    """A million bytecodes of one method on processors of 1 GHz, so that a cycle is a nanosecond.

    More than 200 invocations are noticed at the 256th, after 2560 bytecodes at 10 cycles. C1 takes 10 * 1000 cycles,
    while 1000 more are interpreted. Then 2 cycles: more than 5000 are noticed at the 5120th, after 51200 bytecodes. C2
    takes 10 * 10000 cycles, while 50000 more run as before. All others take one cycle.
    """
    own = bench(layers(), "os | jvm", cores_count=3)
    thread = own.thread("main", d.Execute(ONE, count=1e6))
    own.run(until=1.0)
    interpreted, profiled = 2560 + 1000, 51200 + 50000
    assert thread.ended_s == pytest.approx((1e6 + 9 * interpreted + 1 * profiled) / GHZ, rel=1e-9)
    assert own.cycles(thread, "compute") == pytest.approx(1e6, rel=1e-12)
    assert own.cycles(thread, "interpretation") == pytest.approx(9.0 * interpreted, rel=1e-9)
    assert own.cycles(thread, "unoptimized_code") == pytest.approx(1.0 * profiled, rel=1e-9)
    assert own.cycles(own.service("c1-compiler"), "compilation") == pytest.approx(10 * 1e3)
    assert own.cycles(own.service("c2-compiler"), "compilation") == pytest.approx(10 * 1e4)


@pytest.mark.parametrize(
    ("mode", "mean_cycles"),
    [
        ("interpreter", 10.0),
        ("c1", 1.5),
        ("c2", 1.0),
        ("tiered", 1.0),
        ("tiered-first", 1.4),
        ("c1-first", 1.75),  # linked late
        ("c2-first", 1.4),  # without a profile
    ],
)
def test_each_mode_ends_in_its_own_code(bench: Make, mode: str, mean_cycles: float, layers: Make) -> None:
    """After a long warm-up a million bytecodes take what they take in the best code of the mode."""
    own = bench(layers(mode=mode), "os | jvm", cores_count=3)
    times: list[float] = []
    own.thread("main", program=own.logged(times, d.Execute(ONE, count=1e7), d.Execute(ONE, count=1e6)))
    own.run(until=1.0)
    assert times[1] - times[0] == pytest.approx(mean_cycles * 1e6 / GHZ, rel=1e-6)


def test_one_processor_compiles_at_the_program_s_cost(bench: Make, layers: Make) -> None:
    """On one processor nothing overlaps: the program's own cycles and those of the compilers add up."""
    own = bench(layers(), "os | jvm")
    thread = own.thread("main", d.Execute(ONE, count=1e6))
    own.run(until=1.0)
    whole = sum(own.cycles(thread, name) for name in ("compute", "interpretation", "unoptimized_code"))
    assert thread.ended_s == pytest.approx((whole + 10 * 1e3 + 10 * 1e4) / GHZ, rel=1e-9)


def test_loops_are_counted_as_well_as_invocations(bench: Make, layers: Make) -> None:
    """An invocation of 1010 bytecodes goes round a body of 10 another 100 times: i + 100 i > 2000 counts from i > 100.

    Counters are looked at every 128 invocations, but also every 1024 back edges: those of 10.24 invocations, which
    first makes more than 100 at 102.4. 60000 back edges are those of 600 invocations, later.
    """
    loop = d.Portable("loop.jar", 1, 1.0, 1010.0, 1)
    own = bench(layers(mode="c1", own={"c1_compile_cycles": 0.0}), "os | jvm", cores_count=2)
    thread = own.thread("main", d.Execute(loop, count=1e6))
    own.run(until=1.0)
    assert own.cycles(thread, "interpretation") == pytest.approx(9.0 * 102.4 * 1010, rel=1e-9)


@pytest.mark.parametrize(("queued", "calls"), [(0.0, 256.0), (4.0, 384.0), (5.0, 512.0), (50.0, 2304.0)])
def test_a_compiler_that_is_behind_raises_its_thresholds(queued: float, calls: float) -> None:
    """200 times 1 + queued / 5, noticed at the next multiple of 128: 200, 360, 400, 2200."""
    assert policy(c1=queued).calls(INTERPRETED, 0.0) == calls


def test_methods_are_put_into_groups_by_their_rank() -> None:
    """Of four methods the hottest alone: Zipf's law gives it 1 / (1 + 1/2 + 1/3 + 1/4) = 12/25 of the execution."""
    four = d.Portable("four.jar", 4, 1.0, 10.0, 1)
    code = Code(four, Parameters({**numbers(), "groups_count": 2.0}), policy())
    assert [(group.methods, group.heat) for group in code.groups] == [
        (1.0, pytest.approx(12 / 25)),
        (3.0, pytest.approx(13 / 25)),
    ]


def test_threads_of_one_program_share_its_code(bench: Make, layers: Make) -> None:
    """Each of four executes a million; the method is compiled once by each compiler.

    The 2560 bytecodes before C1's turn are shared, but noticed late at first: the first thread expects no others and
    takes all of them as its portion. While C1 works for 10000 cycles each of the four interprets 1000 more. The 51200
    before C2's turn are divided by four; in its 100000 cycles each executes 50000 more.
    """
    own = bench(layers(), "os | jvm", cores_count=7)
    threads = [own.thread(f"main-{number}", d.Execute(ONE, count=1e6)) for number in range(4)]
    own.run(until=1.0)
    assert sum(own.cycles(thread, "compute") for thread in threads) == pytest.approx(4e6, rel=1e-12)
    assert own.charged(own.service("c1-compiler"))["os/jvm[app]", "compilation"] == 1
    compilers = [own.service(f"c2-compiler-{number}") for number in (1, 2)]
    assert sum(own.charged(each).get(("os/jvm[app]", "compilation"), 0) for each in compilers) == 1
    interpreted = sum(own.cycles(thread, "interpretation") for thread in threads) / 9.0
    assert 2560 + 4 * 1000 <= interpreted <= 1.001 * (2 * 2560 + 4 * 1000)
    profiled = sum(own.cycles(thread, "unoptimized_code") for thread in threads)
    assert profiled == pytest.approx(51200 + 4 * 50000, rel=1e-3)


def test_without_c1_the_interpreter_profiles_and_c2_comes_later(bench: Make, layers: Make) -> None:
    """It begins to profile at a third of C2's thresholds: 1.33 times 5000 invocations are noticed at the 6656th."""
    own = bench(layers(mode="c2"), "os | jvm", cores_count=3)
    thread = own.thread("main", d.Execute(ONE, count=1e6))
    own.run(until=1.0)
    assert own.cycles(thread, "interpretation") == pytest.approx(9.0 * (66560 + 10000), rel=1e-9)


# ---------------------------------------------------------------- level 2


def test_while_c2_is_behind_methods_are_compiled_without_profiling() -> None:
    """More than five methods for each of its threads wait: level 2. No more than two: profiling begins again.

    Loops that are entered in their middle are profiled at once.
    """
    assert [policy(c2=queued).next_level(INTERPRETED) for queued in (0.0, 5.0, 5.5)] == [PROFILED, PROFILED, LIMITED]
    assert policy(c2=6.0).next_level(INTERPRETED, loop=True) == PROFILED
    assert policy(c2=6.0).next_level(LIMITED) == PROFILED
    assert policy(c2=2.5).calls(LIMITED, 0.0) == float("inf")
    assert policy(c2=2.0).calls(LIMITED, 0.0) == 2048.0


def test_a_method_rises_through_level_2_and_is_profiled_once_c2_has_time(bench: Make, layers: Make) -> None:
    """C2's one thread has six methods of another program before it, until only one is left after a millisecond.

    The method is noticed at the 256th invocation, and C1 makes level 2 of it. It runs at 1.5 cycles until C2 has time;
    then C1 makes level 3 of it, while it goes on at 1.5. C2 wants 5000 * (1 + 1/3) invocations, noticed at the 7168th.
    """
    own = bench(layers(), {"app": "os / jvm |"}, cores_count=3)
    execution = own.house.nodes["os/jvm"].layer.execution
    others = Task(None, 0, 1.0, 6.0, 1)
    execution.queues["c2"].tasks.append(others)

    def less() -> None:
        others.methods = 1.0
        execution.policy.version += 1
        own.house.relower(own.house.nodes["os/jvm"])

    own.at(1e-3, less)
    thread = own.thread("main", d.Execute(ONE, count=3e6))
    own.run(until=1.0)
    interpreted, profiled = 2560 + 1000, 71680 + 50000
    limited = (1e-3 * GHZ - 10 * interpreted) / 1.5 + 1e4 / 1.5
    assert own.cycles(thread, "interpretation") == pytest.approx(9.0 * interpreted, rel=1e-9)
    assert own.cycles(thread, "unoptimized_code") == pytest.approx(0.5 * limited + 1.0 * profiled, rel=1e-9)


# ---------------------------------------------------------------- a loop in one invocation


def test_one_long_invocation_gets_faster_in_its_middle(bench: Make, layers: Make) -> None:
    """An invocation of a million times round a body of ten bytecodes: no method is ever invoked again.

    60000 back edges are noticed at the 59th look (60416). C1 compiles the loop: 10000 cycles, while 1000 bytecodes more
    are interpreted. From then on the loop counts in its own code: C1 also compiles the method as a whole at the next
    look, after 8192 back edges; more than 40000 are noticed at the fifth look (40960), and C2 compiles the loop while
    50000 bytecodes more run as before. The method as a whole waits for another invocation, which never comes. In the
    mean each invocation goes round 8192 times in the method's own, profiled code before it enters the loop's.
    """
    kernel = d.Portable("kernel.jar", 1, 1.0, 1e7, 10)
    own = bench(layers(), "os | jvm", cores_count=3)
    thread = own.thread("main", d.Execute(kernel, count=1e7))
    own.run(until=1.0)
    interpreted, profiled = 604160 + 1000, 409600 + 50000
    begins = 8192 / (1e6 - 1) * (1e7 - interpreted - profiled)
    assert own.cycles(thread, "interpretation") == pytest.approx(9.0 * interpreted, rel=1e-3)
    assert own.cycles(thread, "unoptimized_code") == pytest.approx(profiled + begins, rel=1e-3)
    assert thread.ended_s == pytest.approx((1e7 + 9 * interpreted + profiled + begins) / GHZ, rel=1e-3)
    assert own.charged(own.service("c1-compiler"))["os/jvm[app]", "compilation"] == 2
    assert own.charged(own.service("c2-compiler"))["os/jvm[app]", "compilation"] == 1
    (code,) = own.house.nodes["os/jvm[app]"].layer.execution.codes.values()
    assert (code.groups[0].level, code.groups[0].loop_level) == (PROFILED, OPTIMIZED)


def test_at_the_next_invocation_the_whole_method_is_compiled_too(bench: Make, layers: Make) -> None:
    """The same invocation twice: at the second one C2 compiles the method, and both versions are of one level."""
    kernel = d.Portable("kernel.jar", 1, 1.0, 1e7, 10)
    own = bench(layers(), "os | jvm", cores_count=3)
    own.thread("main", d.Execute(kernel, count=4e7))
    own.run(until=1.0)
    assert own.charged(own.service("c2-compiler"))["os/jvm[app]", "compilation"] == 2
    (code,) = own.house.nodes["os/jvm[app]"].layer.execution.codes.values()
    assert (code.groups[0].level, code.groups[0].loop_level) == (OPTIMIZED, INTERPRETED)


# ---------------------------------------------------------------- what C2 had not been told of


def test_what_the_profile_had_not_shown_costs_a_trap_and_a_second_warm_up(bench: Make, layers: Make) -> None:
    """A tenth of the method is given up 5000 invocations after C2's code came.

    The trap takes a tenth of 70000 cycles. That tenth is interpreted for its next 128 invocations, and while C1 works
    for a tenth of 10000 cycles; it is profiled for 5120 invocations, and while C2 works for a tenth of 100000 cycles.
    A tenth of the heat has a tenth of the method: it takes as many of the program's bytecodes as before.
    """
    surprised = replace(ONE, deoptimized_ratio=0.1)
    own = bench(layers(), "os | jvm", cores_count=3)
    thread = own.thread("main", d.Execute(surprised, count=1e6))
    own.run(until=1.0)
    first = 9.0 * (2560 + 1000)
    again = 9.0 * 0.1 * (1280 + 1000 / (1.0 + 0.9))
    assert own.cycles(thread, "deoptimization") == pytest.approx(0.1 * 7e4)
    assert own.cycles(thread, "interpretation") == pytest.approx(first + again, rel=1e-9)
    first, again = 51200 + 50000, 0.1 * (51200 + 1e4 / 1.1)
    assert own.cycles(thread, "unoptimized_code") == pytest.approx(first + again, rel=1e-9)
    assert own.charged(own.service("c2-compiler"))["os/jvm[app]", "compilation"] == pytest.approx(1.1)


# ---------------------------------------------------------------- the code cache


def test_a_cache_that_fills_raises_the_thresholds_of_c1() -> None:
    """Three quarters used: four times its free part. HotSpot raises by exp(4 - 2): 200 becomes 1478."""
    assert [policy(used=used).calls(INTERPRETED, 0.0) for used in (0.0, 5e5, 7.5e5)] == [256.0, 256.0, 1536.0]
    assert policy("c1", used=7.5e5).calls(INTERPRETED, 0.0) == 256.0
    assert policy(used=1e6).calls(INTERPRETED, 0.0) == float("inf")


@pytest.mark.parametrize(("room", "mean"), [(0.0, 10.0), (300.0, 1.5)])
def test_code_that_finds_no_room_is_not_made(bench: Make, room: float, mean: float, layers: Make) -> None:
    """C1's code of ten bytecodes takes 300 bytes; without room for it the method stays in the interpreter."""
    own = bench(layers(mode="c1", limits={"code_cache": 1000.0 + room}), "os | jvm", cores_count=3)
    times: list[float] = []
    own.thread("main", program=own.logged(times, d.Execute(ONE, count=1e6), d.Execute(ONE, count=1e6)))
    own.run(until=1.0)
    assert times[1] - times[0] == pytest.approx(mean * 1e6 / GHZ, rel=1e-6)
    assert own.house.nodes["os/jvm[app]"].layer.execution.cache.used_bytes == 1000.0 + room


def test_hot_code_takes_the_room_of_cold_code() -> None:
    """Room for one of two methods. The colder one is compiled first, and dropped when the hotter one comes."""
    two = d.Portable("two.jar", 2, 1.0, 10.0, 1)
    given = policy("c1")
    given.cache.size_bytes = 300.0
    code = Code(two, given.parameters, given)
    hot, cold = code.groups
    code.executed, hot.since = 1e5, 1e5
    assert code.decide() == 1 and cold.compiling
    code.install(cold)
    code.executed = 2e5
    assert code.decide() == 1 and hot.compiling and cold.level == INTERPRETED
    code.install(hot)
    assert given.cache.used_bytes == 300.0
    code.executed = 3e5
    assert code.decide() == 0 and code.rise(cold) is None


def test_memory_of_code_follows_its_level() -> None:
    """Ten bytecodes: 800 bytes with profiling, 600 of C2's, which takes the place of the other."""
    given = policy()
    code = Code(ONE, given.parameters, given)
    used = []
    for _ in range(2):
        code.executed += 1e6
        code.decide()
        code.install(code.groups[0])
        used.append(given.cache.used_bytes)
    assert used == [800.0, 600.0]


# ---------------------------------------------------------------- modes, groups and queues


def test_compiled_first_its_callers_wait_for_a_method(bench: Make, layers: Make) -> None:
    """One invocation, ten bytecodes, is interpreted; its caller then waits 10000 cycles for C1's code.

    One more of these runs profiled, and its caller waits 100000 cycles for C2, which has no profile to go by.
    """
    own = bench(layers(mode="tiered-first"), "os | jvm", cores_count=3)
    thread = own.thread("main", d.Execute(ONE, count=1e6))
    own.run(until=1.0)
    assert own.cycles(thread, "interpretation") == pytest.approx(90.0)
    assert own.cycles(thread, "unoptimized_code") == pytest.approx((0.5 + 0.25 + 0.5) * 10 + 0.4 * (1e6 - 20))
    assert own.spent(thread)["overhead_wait"] == pytest.approx((10 * 1e3 + 10 * 1e4) / GHZ)


def test_compiled_first_a_long_invocation_is_not_interpreted_to_its_end(bench: Make, layers: Make) -> None:
    """A million bytecodes in one invocation, a back edge every ten: compiled after 1024 of them, at the next look."""
    loop = d.Portable("loop.jar", 1, 1.0, 1e6, 1)
    own = bench(layers(mode="c1-first"), "os | jvm", cores_count=2)
    thread = own.thread("main", d.Execute(loop, count=1e6))
    own.run(until=1.0)
    assert 9.0 * 10240 <= own.cycles(thread, "interpretation") <= 9.0 * 2 * 10240


def test_what_suits_the_compilers_less_takes_longer_in_their_code() -> None:
    """Twice what C1 loses, four times the work; profiling and the interpreter are the same for all."""
    slow = replace(ONE, work_ratio=4.0, c1_ratio=2.0)
    code = Code(slow, Parameters(numbers()), policy())
    assert [code.level_cycles(level) for level in range(6)] == [9.0, 1.0, 1.0, 1.5, 0.0 * 2 + 1.0, 0.8]
    steps = list(JavaVirtualMachine(numbers(), {"mode": "tiered"}, Place()).lower(d.Execute(slow)))
    assert steps[0] == Below(d.Compute(count=4.0))


def test_a_program_may_have_longer_methods_than_most() -> None:
    """Forty bytecodes instead of ten are compiled; an invocation goes round its loops as before."""
    given = policy()
    code = Code(replace(ONE, method_bytecodes=100.0, body_bytecodes=40.0), given.parameters, given)
    assert code.loops == 9.0
    assert code.compile_cycles(code.groups[0], "c1") == pytest.approx(40 * 1e3)


def test_what_is_longer_than_8000_bytes_is_never_compiled() -> None:
    """4000 bytecodes are compiled, one more is not: it goes on in the interpreter, and nobody asks again."""
    given = policy()
    for bytecodes, compiled in ((4000.0, True), (4001.0, False)):
        long = replace(ONE, method_bytecodes=bytecodes, body_bytecodes=bytecodes)
        assert Code(long, given.parameters, given).may_change() is compiled


def test_trivial_methods_are_left_to_c1() -> None:
    """A fifth of ten methods, two bytecodes each: C1 compiles 8 * 10 + 2 * 2 bytecodes, C2 80."""
    own = {"groups_count": 1.0, "trivial_ratio": 0.2, "trivial_bytecodes_count": 2.0}
    given = policy(**own)
    code = Code(d.Portable("ten.jar", 10, 0.0, 10.0, 1), given.parameters, given)
    (group,) = code.groups
    assert [code.compile_cycles(group, each) for each in ("c1", "c2")] == pytest.approx([84 * 1e3, 80 * 1e4])
    assert [code.compiled_methods(group, each) for each in ("c1", "c2")] == [10.0, 8.0]


def test_all_threads_of_a_compiler_share_a_large_group(bench: Make, layers: Make) -> None:
    """Eight methods that are all alike, three C2 threads: each compiles a third of them, at the same time."""
    eight = d.Portable("eight.jar", 8, 0.0, 10.0, 1)
    own = bench(layers(own={"groups_count": 1.0, "compiler_threads_least_count": 4.0}), "os | jvm", cores_count=6)
    own.thread("main", d.Execute(eight, count=4e6))
    own.run(until=1.0)
    compilers = [own.service(f"c2-compiler-{number}") for number in (1, 2, 3)]
    assert [own.cycles(each, "compilation") for each in compilers] == pytest.approx([80 * 1e4 / 3] * 3)


def test_the_hottest_methods_are_compiled_first() -> None:
    """Two of them are begun with: one waits for half of the time. So does, of two more, another one."""
    queue, owner = Queue(1), object()
    queue.tasks += [Task(owner, 0, 0.1, 6.0, 3), Task(owner, 1, 0.5, 2.0, 1), Task(None, 2, 0.9, 1.0, 1)]
    assert (queue.waiting, queue.take(owner), queue.waiting) == (9.0, 1, 7.5)
    assert (queue.take(owner), queue.waiting) == (0, 6.0)
    queue.done(2.0)
    assert queue.waiting == 5.5


@pytest.mark.parametrize(("bytecodes", "bodies"), [(10.0, 5.0), (15.0, 3.0), (20.0, 2.0), (110.0, 1.1)])
def test_c2_inlines_what_is_called_often(bytecodes: float, bodies: float) -> None:
    """In 11 times round a loop there is one call: 1 + 1/11 + 1/121... bodies are compiled, and at most five."""
    given = policy(inlined_ratio=5.0)
    code = Code(replace(ONE, method_bytecodes=bytecodes), given.parameters, given)
    assert code.compile_cycles(code.groups[0], "c2") == pytest.approx(bodies * 10 * 1e4)
    assert code.compile_cycles(code.groups[0], "c1") == pytest.approx(10 * 1e3)
