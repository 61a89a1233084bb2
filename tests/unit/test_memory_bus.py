"""What threads that run at once take from each other: bandwidth, cache, far memory, their sibling's core.

The machine: 1 GHz; a core alone moves 10 GB/s. A thread whose time is all waiting for rows in order moves that much.
"""

from __future__ import annotations

from typing import Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from simulator import laws
from simulator.devices._max_min import divide
from simulator.devices._nodes import Nodes
from simulator.devices.processor import Processor
from simulator.sharing.tree import Share
from simulator.steps import NO_TRAFFIC, Traffic

GHZ, GB, MB = 1e9, 1e9, 1e6
PARAMETERS = {
    "cores_count": 4, "frequency_hz": GHZ, "page_bytes": 4096, "cache_bytes": 1 * MB, "cache_kernel_bytes": 0,
    "cache_line_bytes": 64, "cache_miss_s": 6.4e-9, "idle_after_s": 1e-3, "idle_exit_s": 0.0,
    "cached_access_s": 10e-9, "memory_access_s": 110e-9, "memory_bytes_per_s": 10 * GB,
    "memory_socket_bytes_per_s": 20 * GB,
}  # fmt: skip
STREAM = Traffic(row_bytes=10 * GB, extent_bytes=1 * GB)
"""One second of it."""


class Lab:
    """A processor, a log of who ended when, and what each lost."""

    def __init__(self, **changes: float) -> None:
        self.environment = simpy.Environment()
        self.cpu = Processor(self.environment, PARAMETERS | changes)
        self.ends: dict[str, float] = {}

    def share(self, name: str, parent: Share | None = None, **rules: Any) -> Share:
        return Share(name, parent or self.cpu.root, **rules)

    def run(self, share: Share, cycles: float = 0.0, stall_s: float = 0.0, traffic: Traffic = NO_TRAFFIC) -> Share:
        def over(_: simpy.Event) -> None:
            self.ends[share.name] = self.environment.now

        event = self.cpu.run(cycles, share, stall_s, traffic)
        assert event.callbacks is not None
        event.callbacks.append(over)
        return share

    def stream(self, name: str, parent: Share | None = None, seconds: float = 1.0, **rules: Any) -> Share:
        return self.run(self.share(name, parent, **rules), stall_s=seconds, traffic=STREAM.times(seconds))

    def compute(self, name: str, seconds: float, parent: Share | None = None, **rules: Any) -> Share:
        return self.run(self.share(name, parent, **rules), cycles=seconds * GHZ)

    def until(self, time_s: float | None = None) -> None:
        self.environment.run(time_s)


def close(value: Any) -> Any:
    return pytest.approx(value, rel=1e-9)


# ---------------------------------------------------------------- one controller


@pytest.mark.parametrize(("threads", "end_s"), [(1, 1.0), (2, 1.0), (3, 1.5), (4, 2.0)])
def test_a_controller_is_shared_by_all_that_want_it(threads: int, end_s: float) -> None:
    """Each wants 10 GB/s, the controller has 20; the processor is held all the time, the loss has a name."""
    lab = Lab()
    shares = [lab.stream(f"s{number}") for number in range(threads)]
    lab.until()
    assert lab.ends == close({share.name: end_s for share in shares})
    assert [sum(lab.cpu.lost(share).values()) for share in shares] == pytest.approx([end_s - 1.0] * threads)
    assert lab.cpu.row().busy_s == close(threads * end_s)


def test_who_wants_little_gets_it() -> None:
    """12 GB/s for 2, 10 and 10 GB/s: 2, 5 and 5. The small one ends at 1 s as if alone; then 6 GB/s each for 5 GB left:
    1 + 5/6 s."""
    lab = Lab(memory_socket_bytes_per_s=12 * GB)
    lab.run(lab.share("small"), cycles=1 * GHZ, traffic=Traffic(row_bytes=2 * GB))
    large = [lab.stream(f"large {number}") for number in range(2)]
    lab.until()
    assert lab.ends == close({"small": 1.0, "large 0": 1.0 + 5.0 / 6.0, "large 1": 1.0 + 5.0 / 6.0})
    assert lab.cpu.lost(large[0]) == close({"memory_bandwidth": 5.0 / 6.0})


def test_who_computes_is_not_touched() -> None:
    """Neither slowed nor ever taken away and given back."""
    lab = Lab()
    submitted: list[str] = []
    submit = lab.cpu.sharing.submit

    def noted(share: Share, work: float, done: Any) -> None:
        submitted.append(share.name)
        submit(share, work, done)

    lab.cpu.sharing.submit = noted  # type: ignore[method-assign]
    neighbour = lab.compute("neighbour", 1.7)
    for number in range(3):
        lab.stream(f"s{number}")
    lab.until()
    assert lab.ends["neighbour"] == 1.7
    assert submitted.count("neighbour") == 1
    assert submitted.count("s0") == 2
    assert lab.cpu.lost(neighbour) == {}


def test_half_a_processor_wants_half_the_bandwidth() -> None:
    """Two threads on each of two cores that the controller just feeds: their time is shared, nothing is lost."""
    lab = Lab(cores_count=2)
    shares = [lab.stream(f"s{number}") for number in range(4)]
    lab.until()
    assert list(lab.ends.values()) == close([2.0] * len(lab.ends))
    assert [lab.cpu.lost(share) for share in shares] == [{}] * 4


def test_what_is_stopped_returns_what_is_left_of_the_work_as_it_is_alone() -> None:
    """Four at half speed for 1 s: half is done, half a second's work is left."""
    lab = Lab()
    shares = [lab.stream(f"s{number}") for number in range(4)]
    lab.until(1.0)
    assert lab.cpu.stop(shares[0]) == close(0.5 * GHZ)
    assert lab.cpu.lost(shares[0]) == close({"memory_bandwidth": 0.5})
    lab.until()
    assert lab.ends["s1"] == close(1.0 + 0.75)  # 20/3 GB/s each for 5 GB


@pytest.mark.parametrize("how", ["mechanism left out", "no limit"])
def test_nothing_is_lost_without_the_mechanism_or_its_limit(how: str) -> None:
    lab = Lab(memory_socket_bytes_per_s=float("inf") if how == "no limit" else 20 * GB)
    lab.cpu.stand(without=frozenset({"memory_bandwidth"}) if how == "mechanism left out" else frozenset())
    for number in range(4):
        lab.stream(f"s{number}")
    lab.until()
    assert set(lab.ends.values()) == {1.0}


@given(st.lists(st.floats(0.1, 50.0), min_size=1, max_size=8), st.floats(1.0, 100.0))
def test_one_limit_is_divided_as_the_law_says(wanted: list[float], limit: float) -> None:
    granted = divide(wanted, [(1.0,)] * len(wanted), [limit])
    assert granted == pytest.approx(laws.max_min_rates(limit, wanted, [1.0] * len(wanted)))


def test_several_limits() -> None:
    """a and b meet at limit 0 (10), b and c at limit 1 (30): 5, 5, 25."""
    assert divide([99.0] * 3, [(1.0, 0.0), (1.0, 1.0), (0.0, 1.0)], [10.0, 30.0]) == close([5.0, 5.0, 25.0])


# ---------------------------------------------------------------- the cache


TABLE = Traffic(accesses=1e8, set_bytes=1 * MB)
"""One second of hits of 10 ns; its lines are touched at 6.4 GB/s."""


def table(lab: Lab, name: str = "table") -> Share:
    return lab.run(lab.share(name), stall_s=1.0, traffic=TABLE)


def test_a_set_beside_rows_loses_what_che_says() -> None:
    """Set as large as the cache, rows as fast as its accesses: ``exp(-x) = x`` has the solution 0.567143 (the omega
    constant), so 56.7143 % of the accesses miss, each 100 ns longer: 1e8 * 0.567143 * 100 ns = 5.67143 s."""
    lab = Lab()
    share = table(lab)
    lab.run(lab.share("rows"), cycles=100 * GHZ, traffic=Traffic(row_bytes=640 * GB))
    lab.until(50.0)
    assert lab.ends["table"] == pytest.approx(6.67143290, rel=1e-8)
    assert lab.cpu.lost(share) == {"cache_contention": pytest.approx(5.67143290, rel=1e-8)}


def test_two_sets_divide_the_cache() -> None:
    """Each has half of it, and misses every second access: 1 + 1e8 * 0.5 * 100 ns."""
    lab = Lab()
    for name in "ab":
        table(lab, name)
    lab.until()
    assert lab.ends == close({"a": 6.0, "b": 6.0})


def test_sets_that_fit_together_or_have_a_cache_each_lose_nothing() -> None:
    for lab in (Lab(cache_bytes=2 * MB), Lab(cache_cores_count=2)):
        for name in "ab":
            table(lab, name)
        lab.until()
        assert lab.ends == {"a": 1.0, "b": 1.0}


def test_three_on_two_caches() -> None:
    """Two thirds of a cache each in the mean."""
    lab = Lab(cache_cores_count=2)
    for name in "abc":
        table(lab, name)
    lab.until()
    assert list(lab.ends.values()) == close([1.0 + 1e8 / 3.0 * 100e-9] * len(lab.ends))


def test_rows_push_out_the_set_of_a_thread_that_was_away() -> None:
    """0.4 of 1 MB fetched meanwhile: of 1 MB of its own 0.4 is gone; of 0.6 MB nothing."""
    for set_bytes, lost_bytes in ((1.0 * MB, 0.4 * MB), (0.6 * MB, 0.0)):
        lab = Lab()
        away = lab.share("away")
        lab.cpu.resume(away, set_bytes)
        lab.run(away, cycles=0.5 * GHZ)
        lab.until(0.6)
        lab.run(lab.share("rows"), cycles=0.1 * GHZ, traffic=Traffic(row_bytes=0.4 * MB))
        lab.until(1.0)
        assert lab.cpu.resume(away, set_bytes) == pytest.approx(lost_bytes / 64 * 6.4e-9)


# ---------------------------------------------------------------- siblings on a core

SMT = {"cores_count": 2, "threads_per_core_count": 2, "smt_factor_ratio": 1.25}


@pytest.mark.parametrize(
    ("threads", "end_s"),
    [(1, 1.0), (2, 1.0), (3, 3 / 2.25), (4, 1.6), (5, 2.0)],  # five on four: each runs 4/5 of the time at 0.625
)
def test_siblings_slow_each_other_and_do_more_together(threads: int, end_s: float) -> None:
    lab = Lab(**SMT)
    shares = [lab.compute(f"c{number}", 1.0) for number in range(threads)]
    lab.until()
    assert list(lab.ends.values()) == close([end_s] * len(lab.ends))
    row = lab.cpu.row()
    assert (row.capacity, row.busy_s) == (4, close(min(threads, 4) * end_s))
    lost_s = sum(lab.cpu.lost(share).get("smt_sibling", 0.0) for share in shares)
    assert row.busy_s == close(threads * 1.0 + lost_s)


def test_weights_do_not_move_a_sibling() -> None:
    """Each has a processor of its own, whatever its weight."""
    lab = Lab(cores_count=1, threads_per_core_count=2, smt_factor_ratio=1.25)
    for name, weight in (("light", 1.0), ("heavy", 9.0)):
        lab.compute(name, 1.0, weight=weight)
    lab.until()
    assert lab.ends == close({"light": 1.6, "heavy": 1.6})


def test_a_quota_is_one_of_processor_time() -> None:
    """Half a processor beside a busy sibling: 1.5 busy, speed (1 + 0.25 * 0.5) / 1.5 = 0.75: 0.375 of a core's work."""
    lab = Lab(cores_count=1, threads_per_core_count=2, smt_factor_ratio=1.25)
    lab.compute("capped", 0.375, cap=0.5 * GHZ)
    lab.compute("busy", 0.75 + 1.0)
    lab.until()
    assert lab.ends == close({"capped": 1.0, "busy": 2.0})


@pytest.mark.parametrize(("socket", "end_s"), [(10 * GB, 2.0), (12.5 * GB, 1.6), (20 * GB, 1.6)])
def test_siblings_and_bandwidth_combine_by_the_narrower(socket: float, end_s: float) -> None:
    """Two siblings of one core do 0.625 each, the controller of 10 GB/s would let them do 0.5: 0.5, not 0.3125."""
    lab = Lab(cores_count=1, threads_per_core_count=2, smt_factor_ratio=1.25, memory_socket_bytes_per_s=socket)
    shares = [lab.stream(name) for name in "ab"]
    lab.until()
    assert lab.ends == close({"a": end_s, "b": end_s})
    assert sum(lab.cpu.lost(shares[0]).values()) == close(end_s - 1.0)


# ---------------------------------------------------------------- sockets


def test_a_small_tenant_stays_at_home() -> None:
    nodes = Nodes(2, 8)
    for owner in ("a", "b"):
        for _ in range(8):
            nodes.begin(owner)
    ways = [nodes.ways(owner, 1 * GB)[0] for owner in ("a", "b")]
    assert ways == [((1.0, 0.0), 0.0), ((0.0, 1.0), 0.0)]


def test_what_does_not_fit_at_home_runs_elsewhere() -> None:
    """Six threads each of a, b, c: a and c at home on one socket of 8, four too many, of which two find room on b's:
    two of twelve are remote. Twelve more of d and e at home there: no room anywhere, all take turns at home."""
    nodes = Nodes(2, 8)
    for owner in "abc":
        for _ in range(6):
            nodes.begin(owner)
    assert [nodes.ways(owner, 1.0)[0].remote for owner in "abc"] == close([2 / 12, 0.0, 2 / 12])
    for owner in "de":
        for _ in range(6):
            nodes.begin(owner)
    assert [nodes.ways(owner, 1.0)[0].remote for owner in "abcde"] == [0.0] * 5


def test_a_tenant_of_all_sockets_has_its_rows_near_and_its_table_at_home() -> None:
    nodes = Nodes(2, 8)
    for _ in range(16):
        nodes.begin("a")
    assert nodes.ways("a", 1.0) == (((0.5, 0.5), 0.0), ((1.0, 0.0), 0.5))


def test_what_is_larger_than_a_node_lies_on_several() -> None:
    """Three quarters fit: a quarter of the accesses goes to the other socket."""
    nodes = Nodes(2, 8, memory_bytes=75.0)
    nodes.begin("a")
    assert nodes.ways("a", 100.0)[1] == ((0.75, 0.25), 0.25)


@pytest.mark.parametrize(("link", "end_s"), [(1e15, 1.375), (0.5 * 4 * 0.64e9 * 0.5 / 1.375, 2.75)])
def test_remote_misses_take_longer_and_pass_the_link(link: float, end_s: float) -> None:
    """1e7 misses of 110 ns by each of four threads on a table at the home of two: every second one is remote and takes
    55 ns longer, 1.1 + 0.275 s. A link that carries half of what they want: twice that."""
    lab = Lab(sockets_count=2, numa_remote_ratio=1.5, numa_link_bytes_per_s=link, cache_bytes=1e-6)
    owner = lab.share("tenant", tenant=True)
    misses = Traffic(accesses=1e7, set_bytes=1 * GB)
    shares = [lab.run(lab.share(name, owner), stall_s=1.1, traffic=misses) for name in "abcd"]
    lab.until()
    assert list(lab.ends.values()) == close([end_s] * 4)
    assert lab.cpu.lost(shares[0])["numa_remote"] == close(0.275)


def test_both_controllers_serve_a_tenant_of_all_sockets() -> None:
    lab = Lab(sockets_count=2, numa_remote_ratio=1.5, numa_link_bytes_per_s=1.0)
    owner = lab.share("tenant", tenant=True)
    for name in "abcd":
        lab.stream(name, owner)
    lab.until()
    assert list(lab.ends.values()) == close([1.0] * 4)


def test_one_socket_knows_no_distance() -> None:
    plain, given_numbers = Lab(), Lab(numa_remote_ratio=3.0, numa_link_bytes_per_s=1.0, sockets_count=1)
    for lab in (plain, given_numbers):
        for number in range(3):
            lab.stream(f"s{number}")
        table(lab)
        lab.until()
    assert plain.ends == given_numbers.ends
