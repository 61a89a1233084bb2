"""Both fidelities walk the same tree: with short slices and free switches their shares are the same."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from simulator.discovery import members
from simulator.sharing.drawing.measuring import measure
from simulator.sharing.drawing.setting import Setting

SLICE_S, SECONDS = 0.001, 3.0
FINE = Setting("quantum", "cfs", seconds=SECONDS, parameters={"latency_s": SLICE_S, "minimum_granularity_s": SLICE_S})


def random_elements(random: Random, levels: int, sleepers: float = 0.0) -> str:
    """Threads, groups and guests of one processor with weights, now and then quotas, a part of the threads asleep."""
    found = []
    for _ in range(random.randint(1, 3)):
        kind = random.choice("oo[{") if levels else "o"
        below = random_elements(random, levels - 1, sleepers) if kind != "o" else ""
        weight = f"*{random.randint(1, 4)}" if random.random() < 0.5 else ""
        cap = f"<{random.choice([0.1, 0.25, 0.5])}/10ms" if random.random() < 0.3 else ""
        sleep = (
            f"~{random.randint(1, 9)}ms/{random.randint(1, 9)}ms" if kind == "o" and random.random() < sleepers else ""
        )
        found.append({"o": "o", "[": f"[{below}]1", "{": f"{{{below}}}"}[kind] + weight + cap + sleep)
    return " ".join(found)


@pytest.mark.parametrize("seed", range(20))
def test_on_one_processor(seed: int) -> None:
    drawing = f"({random_elements(Random(seed), 2)})1"
    fluid, quantum = measure(drawing), measure(drawing, FINE)
    expected = {row.thread: row.share for row in fluid.threads}
    found = {row.thread: row.share for row in quantum.threads}
    assert found == pytest.approx(expected, abs=0.01), drawing


@pytest.mark.parametrize("drawing", ["(o^3)2", "(o^5)3", "(o*2 o o o)2", "(oo o<0.5/10ms o)2"])
def test_on_several_processors_with_one_queue(drawing: str) -> None:
    setting = Setting("quantum", "cfs", seconds=SECONDS, parameters={**FINE.parameters, "global_queue": 1.0})
    expected = [row.share for row in measure(drawing).threads]
    assert [row.share for row in measure(drawing, setting).threads] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("policy", sorted(members("sharing.policies")))
@pytest.mark.parametrize("seed", range(5))
def test_every_nanosecond_is_accounted_for(seed: int, policy: str) -> None:
    """Whatever the policy: what a thread had is what its turns took, and the rest has a reason."""
    random = Random(seed)
    processors, switch_s = random.randint(1, 3), random.choice([0.0, 1e-4])
    drawing = f"({random_elements(random, 2, sleepers=0.5)}){processors}"
    outcome = measure(drawing, Setting("quantum", policy, switch_s=switch_s, seconds=1.0))
    turns_s = dict.fromkeys((row.thread for row in outcome.threads), 0.0)
    for segment in outcome.segments:
        turns_s[segment.thread] += segment.end_s - segment.start_s
    for row in outcome.threads:
        assert turns_s[row.thread] == pytest.approx(row.share + row.switching, abs=1e-6)
        lost = (row.ready, row.steal, row.throttled, row.asleep)
        assert min(lost) >= -1e-9
        assert row.share + row.switching + sum(lost) == pytest.approx(1.0, abs=1e-6), drawing
    for cpu in range(processors):
        turns = sorted(segment[4:] for segment in outcome.segments if segment.cpu == cpu)
        assert all(before[1] <= after[0] for before, after in pairwise(turns))


@pytest.mark.parametrize(
    ("drawing", "group"),
    [
        ("({oo}<0.25/10ms o)1", 0.25),
        ("([{oo}<0.5/10ms]1)1", 0.5),
        ("({{oo}<0.25/10ms o})1", 0.25),
        ("({oo o}<1.5)4", 1.5),
    ],
)
def test_the_quota_of_a_group_binds_wherever_it_stands(drawing: str, group: float) -> None:
    capped = [row for row in measure(drawing, FINE).threads if "group" in row.thread]
    innermost = [row for row in capped if row.thread.count("/") == max(each.thread.count("/") for each in capped)]
    assert sum(row.share for row in innermost) == pytest.approx(group, abs=0.005)
    assert all(row.throttled > 0.1 for row in innermost)
