"""Programs of several processes: who does which part, and who waits for whom."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from simulator.demands import Compute, Demand, Fetch, Post
from simulator.workloads.base import Context, Draws, Program, turns
from simulator.workloads.parallel_build import PROGRAM as BUILD
from simulator.workloads.time_steps import PROGRAM as STEPS

FILES = {
    "jobs_count": 2, "files_count": 12, "group_count": 2, "file_cycles": 1e6, "file_variation_ratio": 0.0,
    "alone_ratio": 0.5, "file_processes_count": 4, "file_faults_count": 100, "file_opens_count": 10,
    "file_stats_count": 10, "file_reads_count": 10, "source_bytes": 4096, "object_bytes": 4096,
    "intermediate_bytes": 8192, "page_bytes": 4096, "working_set_bytes": 4096,
}  # fmt: skip
RING = {
    "processes_count": 4, "steps_count": 100, "simulated_count": 2, "step_cycles": 4e6, "alone_cycles": 1e5,
    "step_accesses_count": 400, "set_bytes": 1 << 20, "messages_count": 3, "message_bytes": 100,
    "working_set_bytes": 4096,
}  # fmt: skip


def program(family: type[Program], parameters: dict[str, float]) -> Any:
    return family(parameters, Context("app", lambda: 0.0, lambda purpose: Draws(1, 0, "app", purpose)), None)


def cycles(demands: list[Demand]) -> float:
    return sum(demand.count for demand in demands if isinstance(demand, Compute))


def in_turn(plans: list[Any]) -> dict[str, list[Demand]]:
    """One demand of each thread after the other, as equal processors would."""
    left = {plan.name: iter(plan.demands) for plan in plans}
    done: dict[str, list[Demand]] = {name: [] for name in left}
    while left:
        for name, demands in list(left.items()):
            found = next(demands, None)
            if found is None:
                del left[name]
            else:
                done[name].append(found)
    return done


def test_jobs_take_files_as_they_come_and_the_last_one_links_alone() -> None:
    """Six groups of two files for two jobs: three each, and then half of all cycles by one of them."""
    build = program(BUILD, FILES)
    done = in_turn(build.threads())
    assert sorted(cycles(demands) for demands in done.values()) == pytest.approx([6e6, 6e6 + 6e6])
    assert Counter(kind for _, kind, _, _ in build.context.requests) == {"files": 6, "links": 1}


def test_one_job_does_all() -> None:
    (demands,) = in_turn(program(BUILD, {**FILES, "jobs_count": 1}).threads()).values()
    assert cycles(demands) == pytest.approx(12e6 + 6e6)


def test_processes_hand_their_borders_to_both_neighbours() -> None:
    """Two steps, three messages each way; the first process does a little more alone."""
    done = in_turn(program(STEPS, RING).threads())
    assert [cycles(demands) for demands in done.values()] == pytest.approx([2.2e6, 2e6, 2e6, 2e6])
    posted = Counter(each.mailbox for demands in done.values() for each in demands if isinstance(each, Post))
    fetched = Counter(each.mailbox for demands in done.values() for each in demands if isinstance(each, Fetch))
    assert posted == fetched
    assert posted["from-0-to-1"] == posted["from-0-to-3"] == 6 and "from-0-to-2" not in posted


def test_a_process_alone_has_nobody_to_talk_to() -> None:
    (demands,) = in_turn(program(STEPS, {**RING, "processes_count": 1}).threads()).values()
    assert not any(isinstance(each, Post | Fetch) for each in demands)
    assert cycles(demands) == pytest.approx(2 * 4.1e6)


def test_the_figure_of_merit_is_of_all_steps() -> None:
    assert program(STEPS, RING).value(8, 3.0) == pytest.approx(150.0)


@pytest.mark.parametrize(
    ("count", "threads", "shares"), [(64.0, 4.0, [16] * 4), (7, 3, [3, 2, 2]), (2, 4, [1, 1, 0, 0]), (30.5, 1, [30])]
)
def test_threads_share_what_there_is_to_do_and_lose_nothing(count: float, threads: float, shares: list[int]) -> None:
    assert turns(count, threads) == shares
