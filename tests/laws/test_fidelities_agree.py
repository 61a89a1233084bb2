"""Both fidelities walk the same tree: with short slices and free switches their shares are the same."""

from __future__ import annotations

from random import Random

import pytest

from simulator.sharing.drawing.measuring import measure
from simulator.sharing.drawing.setting import Setting

SLICE_S, SECONDS = 0.001, 3.0
FINE = Setting("quantum", "cfs", seconds=SECONDS, parameters={"latency_s": SLICE_S, "minimum_granularity_s": SLICE_S})


def random_elements(random: Random, levels: int) -> str:
    """Threads, groups and guests of one processor with weights and, now and then, quotas."""
    found = []
    for _ in range(random.randint(1, 3)):
        kind = random.choice("oo[{") if levels else "o"
        below = random_elements(random, levels - 1) if kind != "o" else ""
        weight = f"*{random.randint(1, 4)}" if random.random() < 0.5 else ""
        cap = f"<{random.choice([0.1, 0.25, 0.5])}/10ms" if random.random() < 0.3 else ""
        found.append({"o": "o", "[": f"[{below}]1", "{": f"{{{below}}}"}[kind] + weight + cap)
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
