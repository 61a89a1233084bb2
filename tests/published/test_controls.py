"""Controls: what must come out on every model, and what no label may decide.

What computes, and what reads memory in order, costs next to nothing in a container or a virtual machine. Which disk
path is the shorter follows from its structure: a hosted model wins where its own is, and where its host caches.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load
from simulator.validation import published

SCENARIOS = Path(__file__).parents[2] / "scenarios"
VALUE = names("tenants").index("value")
PLATFORMS = {"docker": ("docker",), "kvm": ("kvm", "kvm-tuned")}
ROWS = {"linpack": "Linpack", "stream": "STREAM Triad"}
POINTS = {"linpack": ("felter_2014_linpack", ""), "stream": ("felter_2014_memory", "felter-stream-add")}


@cache
def rates(scenario: str) -> dict[tuple[str, str], float]:
    """The figure of merit of one run of each point, by stack and place on the other axes; more is better."""
    found = {}
    for point in load(SCENARIOS / scenario).points():
        place = str(point["axes"].get("tenants.app.workload", ""))
        (tenant,) = run_point(point, 0)["tables"]["tenants"]
        found[point["stack"], place] = float(tenant[VALUE])
    return found


def published_change_percent(benchmark: str, platform: str) -> int:
    """What the platform adds to the native rate, in whole per cent, as the paper says it."""
    figures = published.load("overhead_felter2014")
    rows = {each.platform: float(each.value) for each in figures if each.benchmark == ROWS[benchmark]}
    (rate,) = (rows[name] for name in PLATFORMS[platform] if name in rows)
    return round((rate / rows["native"] - 1.0) * 100.0)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("benchmark", ROWS)
def test_computing_and_streams_are_as_on_bare_metal(benchmark: str, platform: str) -> None:
    """Felter et al. 2014: Docker 0 % on both, KVM -2 % on Linpack and -1 % on STREAM; each within two points."""
    expected = {("linpack", "docker"): 0, ("stream", "docker"): 0, ("linpack", "kvm"): -2, ("stream", "kvm"): -1}
    assert published_change_percent(benchmark, platform) == expected[benchmark, platform]
    experiment, place = POINTS[benchmark]
    found = rates(f"published/{experiment}.yaml")
    change_percent = (found[platform, place] / found["native", place] - 1.0) * 100.0
    assert change_percent == pytest.approx(expected[benchmark, platform], abs=2.0)
    assert change_percent <= 1e-9


def test_the_label_decides_nothing() -> None:
    """Anywhere in a large file ESXi's path is shorter than the one through QEMU; with the disk passed through KVM's is
    the shortest. In a small file that is read again and again, those whose host caches beat bare metal."""
    found = rates("the-label-decides-nothing.yaml")
    large, small = dict.fromkeys(place for _, place in found)
    assert found["KVM", large] < found["ESXi", large] < found["KVM, the guest drives the disk", large]
    for hosted in ("Workstation", "KVM, the host caches"):
        assert found[hosted, large] < found["bare metal", large] < found[hosted, small]
        assert found["ESXi", small] < found["bare metal", small]


def test_at_depth_1_kvm_is_slower_than_esxi_here_and_blockbridge_found_the_opposite() -> None:
    """A wrong prediction, kept: published +20.3 % for KVM. Our ESXi has a short path of assumed costs, and its storage
    stack over the network is the same as Linux's; what the paper measured there, we do not know."""
    found = rates("published/blockbridge_2022_queue_depth_1.yaml")
    difference_percent = (found["kvm", ""] / found["esxi", ""] - 1.0) * 100.0
    (figure,) = (each for each in published.load("overhead_blockbridge2022_esxi_kvm") if "IOPS" in each.metric)
    assert float(figure.value) == 20.3 and figure.use == "judges"
    assert -20.0 < difference_percent < 0.0
