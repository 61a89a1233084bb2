"""Isolation Benchmark Suite: tenants of one group in one system, results that are no numbers, a support site."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite, nan
from typing import Any

import pytest
import simpy

from simulator.catalog import Catalog
from simulator.demands import File, Read
from simulator.devices.rotating_disk import RotatingDisk
from simulator.experiment import build, run_point
from simulator.layers._page_cache import PageCache
from simulator.scenario import load
from simulator.validation.claims import Claim
from simulator.validation.published import Figure
from simulator.validation.rows import Predicted, predicted_row
from simulator.validation.run_tables import column
from simulator.workloads.base import Context, Draws
from simulator.workloads.support_site import SupportSite

XEN = "xen-3.0 | linux-2.6.18"


def point(stack: str = XEN, stress: str = "idle", duration: str = "10 s") -> Any:
    server = {"workload": "spec-web-2005", "memory": "128 MiB", "vcpus": 1}
    return load({
        "machine": "matthews-thinkcentre",
        "stacks": {"it": {"bad": f"{stack} |", "good": stack, "stress": f"{stack} |"}},
        "tenants": {"bad": {**server, "group": "a"}, "good": server, "stress": {"workload": stress, "group": "a"}},
        "duration": duration,
    }).points()[0]  # fmt: skip


def outcomes(found: Any) -> dict[str, tuple[str, float]]:
    rows = run_point(found, 0)["tables"]["tenants"]
    columns = [column("tenants", name) for name in ("tenant", "outcome", "value")]
    return {str(row[columns[0]]): (str(row[columns[1]]), float(row[columns[2]])) for row in rows}


def test_a_group_has_one_virtual_machine_with_the_memory_of_its_first_tenant() -> None:
    house = build(point())
    assert house.tops["bad"] is house.tops["stress"] is not house.tops["good"]
    assert house.spaces[house.tops["bad"].path].capacity_bytes == 128 * 2**20
    assert house.enforced == {"bad": True, "good": True, "stress": True}
    assert house.site.device_group(house.tops["stress"]) == "bad"


def test_tenants_of_a_group_share_the_limit_of_its_container() -> None:
    house = build(point("linux-2.6.18 | openvz-2006"))
    assert house.limits[house.tops["stress"].path].capacity_bytes == 128 * 2**20
    assert house.tops["bad"] is house.tops["stress"]


def test_a_fork_bomb_silences_its_own_machine_and_nobody_elses() -> None:
    found = outcomes(point(stress="fork-bomb"))
    assert found["bad"][0].startswith("did not respond")
    assert found["good"] == ("ok", 100.0)


def test_zones_without_controls_share_a_fork_bombs_fate() -> None:
    """The scheduler knows threads only: the neighbour's eight processes stand beside thousands, in whatever zone."""
    stack = "solaris-10 | solaris-zones-10"
    found = outcomes(point(stack, "fork-bomb", duration="20 s"))
    assert found["bad"][0].startswith("did not respond") and found["good"][0].startswith("did not respond")
    assert outcomes(point("linux-2.6.18 | openvz-2006", "fork-bomb"))["good"] == ("ok", 100.0)


def test_a_processor_hog_beside_a_light_load_takes_what_nobody_wants() -> None:
    assert outcomes(point(stress="cpu-hog"))["bad"] == ("ok", 100.0)


# ---- results that are no numbers


def claim(value: str) -> Claim:
    figure = Figure("s", "t", "p", "b", "m", "percent", value, "", "judges", "type1", "f", 2)
    return Claim(figure, "e", "xen", 0, "bad", "value", 1.0, 1, "percent_loss", False, True, "", 0.0, False)


@pytest.mark.parametrize(
    ("published", "found", "word"),
    [
        ("DNR", Predicted(nan, outcome="did not respond: no operation in the last 9 s"), "close"),
        ("DNR", Predicted(12.0), "wrong"),
        ("12", Predicted(nan, outcome="killed: by the kernel"), "wrong"),
        ("12", Predicted(11.0), "close"),
        ("DNR", Predicted(nan, reason="no such number"), "failed"),
    ],
)
def test_no_result_is_right_where_there_was_none(published: str, found: Predicted, word: str) -> None:
    row = predicted_row(claim(published), found, "", nan)
    assert row.verdict == word
    assert row.wrong == (word == "wrong")
    assert row.judged == isfinite(row.error_percent) == (word == "close")


# ---- the disk of a guest, and what it has in memory


def order(window_bytes: float) -> list[float]:
    """In which order the places of a guest's requests are served; the arm begins at 0."""
    environment = simpy.Environment()
    figures = Catalog().machine("dell-2650").devices["disk"].values()
    disk = RotatingDisk(environment, {**figures, "deadline_s": 10.0})
    disk.set_group("guest", window_bytes=window_bytes)
    served: list[float] = []

    def ask(place: float) -> Iterator[simpy.Event]:
        request = disk.transfer(2.0**19, place, group="guest")
        yield request.ended
        served.append(place)

    for place in (0.0, 9e10, 6e10, 3e10, 1e10):
        environment.process(ask(place))
    environment.run()
    return served


def test_only_what_fits_into_the_ring_is_put_into_order() -> None:
    """With room for all the far one, which came first, has to wait; with room for one they go as they came."""
    assert order(float("inf")) == [0.0, 3e10, 6e10, 9e10, 1e10]
    assert order(2.0**19) == [0.0, 9e10, 6e10, 3e10, 1e10]


def test_written_data_stay_in_the_cache_and_push_others_out() -> None:
    cache, file = PageCache(1000.0, 0.5), File("f", 500, 100)
    cache.warm(file)
    assert cache.resident_bytes == 500.0
    cache.write(300.0)
    assert cache.clean(300.0) == 300.0
    assert (cache.dirty_bytes, cache.resident_bytes) == (0.0, 800.0)
    cache.write(300.0)
    cache.clean(300.0)
    assert cache.resident_bytes == 1000.0
    assert not cache.find(file, 0)


# ---- the support site


def site(**parameters: float) -> tuple[SupportSite, list[float]]:
    """A site, and its clock."""
    now = [0.0]
    context = Context("t", lambda: now[0], lambda purpose: Draws(1, 0, "t", purpose))
    figures = {**Catalog().workload("spec-web-2005", "dell-2650").values(), **parameters}
    return SupportSite(figures, context), now


def download(late_s: float) -> bool:
    """A download of four pieces, 1.3 s of the line each, of which the third is read late."""
    program, now = site(download_bytes=4.5 * 131072.0, download_variation_ratio=1e-9, line_bytes_per_s=131072.0 / 1.3)
    answer = program._download(Draws(1, 0, "t", "x"), 0.0)
    reads = 0
    while True:
        try:
            demand = next(answer)
        except StopIteration as end:
            return bool(end.value)
        now[0] += getattr(demand, "time_s", 0.0)
        if isinstance(demand, Read):
            reads += 1
            now[0] += late_s if reads == 3 else 0.0


def test_a_piece_may_be_late_by_as_long_as_the_line_takes_for_one() -> None:
    assert download(0.0) and download(1.29)
    assert not download(1.5)


def test_who_still_waits_for_a_page_counts_as_who_got_it_late() -> None:
    """4 good, 1 late and 1 overdue response: two thirds; one who has waited for 2 s may still be served in time."""
    program, now = site()
    now[0] = 20.0
    program._late = [12.0, 3.0]
    program._waiting = {"a": 15.0, "b": 18.0, "c": 21.0}
    assert program.value(4.0, 10.0) == pytest.approx(100.0 * 4 / 6)
