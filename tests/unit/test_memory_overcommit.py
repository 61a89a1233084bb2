"""More memory promised than there is: what taking pages at random does, who ought to have how much, ESX's states."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simulator.devices.memory import Memory
from simulator.errors import VirtlabError
from simulator.experiment import build, run_point
from simulator.layers._guest_memory import GuestMemory
from simulator.layers._memory_targets import Claim, entered, targets
from simulator.records import names
from simulator.scenario import load

MIB = 2.0**20
SCENARIOS = Path(__file__).parents[2] / "scenarios"
MARKS = (6.0, 4.0, 2.0, 1.0)


class Cache:
    resident_bytes = dirty_bytes = 0.0


def guest(configured: float = 128.0, **held: float) -> GuestMemory:
    """A guest that has touched what it holds, in MiB."""
    space = Memory({"capacity_bytes": configured * MIB})
    for owner, size in held.items():
        space.hold(f"program {owner}", size * MIB)
    found = GuestMemory("guest", configured * MIB, space=space, cache=Cache())
    found.settle()
    return found


# ---------------------------------------------------------------- what taking pages at random does


def test_by_hand_a_row_misses_its_part_of_what_was_taken_and_then_less() -> None:
    """100 MiB, 20 taken: a row of 50 misses 10. Of the 90 that are there then 20 are taken: 50 * 20/90."""
    found = guest(app=100.0)
    found.take(20 * MIB)
    assert found.consumed_bytes == pytest.approx(80 * MIB)
    assert found.row("app", 50 * MIB, 50 * MIB) == pytest.approx(10 * MIB, rel=0.03)
    found.take(20 * MIB)
    assert found.row("app", 50 * MIB, 50 * MIB) == pytest.approx(50 * MIB * 20 / 90, rel=0.03)
    assert found.row("app", 50 * MIB, 50 * MIB) == 0.0
    assert found.consumed_bytes == pytest.approx(81.1 * MIB, rel=0.01)


def test_random_touches_reach_their_part_of_the_set() -> None:
    found = guest(app=100.0)
    found.take(50 * MIB)
    missed = found.scattered("app", 100 * MIB / 4096, 100 * MIB)  # as many touches as pages: 1 - 1/e of them
    assert missed == pytest.approx((1 - 0.36788) * 50 * MIB, rel=0.01)
    assert found.away_ratio("app", 100 * MIB) == pytest.approx(0.36788 * 0.5, rel=0.01)


def test_memory_that_a_guest_gives_up_stays_with_it_until_its_balloon_takes_it() -> None:
    found = guest(app=100.0)
    assert found.space is not None
    found.space.hold("program app", -60 * MIB)
    found.settle()
    assert found.consumed_bytes == pytest.approx(100 * MIB)
    found.inflate(50 * MIB)
    assert found.consumed_bytes == pytest.approx(50 * MIB)
    found.inflate(20 * MIB)  # ten of these were never touched
    assert (found.consumed_bytes, found.ballooned_bytes) == pytest.approx((40 * MIB, 70 * MIB))
    assert found.row("app", 40 * MIB, 40 * MIB) == 0.0


def test_compressed_pages_take_their_room_and_come_back_without_the_disk() -> None:
    found = guest(app=100.0)
    taken = found.take(40 * MIB, compress_ratio=0.5, room_bytes=15 * MIB)
    assert (taken.written_bytes, taken.compressed_bytes) == pytest.approx((25 * MIB, 15 * MIB))
    assert found.consumed_bytes == pytest.approx((60 + 7.5) * MIB)
    found.row("app", 100 * MIB, 100 * MIB)
    assert found.away_bytes == pytest.approx(0.0, abs=MIB)
    assert found.in_bytes == pytest.approx(25 * MIB, rel=0.02)


# ---------------------------------------------------------------- who ought to have how much


def test_by_hand_idle_memory_counts_four_times() -> None:
    """Equal shares, both want 300 of 360; one uses all of it, the other nothing: x + x/4 = 360."""
    used, idle = Claim(1.0, 300.0, 0.0, 300.0), Claim(1.0, 300.0, 0.0, 0.0)
    assert targets([used, idle], 360.0, 0.75) == pytest.approx([288.0, 72.0])
    assert targets([used, idle], 360.0, 0.0) == pytest.approx([180.0, 180.0])
    assert targets([used, idle], 600.0, 0.75) == [300.0, 300.0]


def test_shares_divide_and_reservations_bound() -> None:
    twice, once = Claim(2.0, 300.0, 0.0, 300.0), Claim(1.0, 300.0, 0.0, 300.0)
    assert targets([twice, once], 300.0, 0.75) == pytest.approx([200.0, 100.0])
    assert targets([twice, once._replace(least_bytes=150.0)], 300.0, 0.75) == pytest.approx([150.0, 150.0])


def test_a_state_is_left_upwards_only_at_the_mark_of_the_one_above() -> None:
    seen, state = [], "high"
    for free in (7.0, 5.0, 3.9, 5.9, 6.1, 3.0, 1.5, 3.0, 0.5, 1.9, 2.1, 4.1, 6.0):
        state = entered(state, free, MARKS)
        seen.append(state)
    expected = "high high soft soft high soft hard hard low low hard soft high"
    assert seen == expected.split()


# ---------------------------------------------------------------- whole runs


FILLS = SCENARIOS / "memory-fills-up.yaml"
OVERCOMMIT = SCENARIOS / "memory-overcommit.yaml"
REQUESTS = "tenants.app.workload.parameters.requests_count"
MEMORY = "machine.devices.memory.capacity_bytes"


def run(path: Path, **overrides: Any) -> dict[str, list[dict[str, Any]]]:
    """The tables of a scenario's first point."""
    (point, *_) = load(path, overrides={key.replace("__", "."): value for key, value in overrides.items()}).points()
    tables = run_point(point, 0)["tables"]
    kept = ("runs", "tenants", "log", "settings", "charges")
    return {table: [dict(zip(names(table), row, strict=True)) for row in tables[table]] for table in kept}


def figures(tables: Mapping[str, list[dict[str, Any]]], name: str) -> dict[str, float]:
    return {row["tenant"]: float(row["value"]) for row in tables["settings"] if row["setting"] == name}


def request_s(stack: str, memory: str) -> float:
    """What a request takes, mean over all guests."""
    rows = run(OVERCOMMIT, **{"stacks": {"it": stack}, MEMORY: memory, REQUESTS: 70})["tenants"]
    return float(sum(row["latency_mean_s"] for row in rows)) / len(rows)


def test_states_are_entered_in_order_as_memory_fills() -> None:
    tables = run(FILLS, **{"tenants.plain.parameters.step_s": "0.05 s", "duration": "20 s"})
    states = [row["kind"].removeprefix("memory state ") for row in tables["log"]]
    assert list(dict.fromkeys(states)) == ["soft", "hard", "low", "high"]
    for name in ("most ballooned", "most compressed", "most swapped"):
        assert min(figures(tables, name).values()) > 50 * MIB


def test_a_balloon_costs_a_few_percent_and_swap_a_multiple() -> None:
    esx, alone = "vmware-esx-4.1 | linux-2.6", "vmware-esx-4.1(balloon=off, compression=off) | linux-2.6"
    plenty_s = request_s(esx, "8 GiB")
    assert 1.0 < request_s(esx, "3.5 GiB") / plenty_s < 1.06
    assert request_s(alone, "3.5 GiB") / plenty_s > 3.0


def test_where_everything_fits_nothing_of_it_is_there() -> None:
    tables = [run(OVERCOMMIT, **{"stacks": {"it": stack}, REQUESTS: 20, MEMORY: "8 GiB"})
              for stack in ("vmware-esx-4.1 | linux-2.6", "vmware-esx-4.1(overcommit=off) | linux-2.6")]  # fmt: skip
    (on, off) = (each["runs"][0] for each in tables)
    assert (on["simulated_s"], on["events"]) == (off["simulated_s"], off["events"])
    assert not tables[0]["settings"]


def test_who_has_a_reservation_keeps_what_he_has_and_weights_divide_the_rest() -> None:
    numbers = {"held_bytes": "600 MiB", "active_bytes": "500 MiB", "cached_bytes": "64 MiB", "step_s": "0.2 s"}
    common = {"workload": {"name": "memory-user", "parameters": numbers}, "memory": "1 GiB", "vcpus": 1}
    rules: dict[str, dict[str, Any]] = {
        "plain": {}, "twice": {"memory_weight": 2}, "reserved": {"memory_reservation": "1 GiB"},
    }  # fmt: skip
    forms = {name: {**common, **rule} for name, rule in rules.items()}
    scenario = {"tenants": forms, MEMORY: "2300 MiB", "stacks": {"it": "vmware-esx-4.1(balloon=off) | linux-2.6"},
                "duration": "40 s"}  # fmt: skip
    tables = run(FILLS, **scenario)
    assert figures(tables, "most swapped")["reserved"] == figures(tables, "most compressed")["reserved"] == 0.0
    consumed = figures(tables, "consumed")
    assert consumed["plain"] < 0.75 * consumed["twice"]


def test_what_a_limit_leaves_is_all_that_the_guest_has() -> None:
    tables = run(OVERCOMMIT, **{"stacks": {"it": "vmware-esx-4.1 | linux-2.6"}, MEMORY: "8 GiB", REQUESTS: 20,
                                "tenants.app.memory_limit": "600 MiB"})  # fmt: skip
    assert max(figures(tables, "consumed").values()) < 640 * MIB
    assert min(figures(tables, "most ballooned").values()) > 300 * MIB


def test_the_hypervisors_swap_is_in_the_way_of_a_neighbours_disk() -> None:
    tables = run(OVERCOMMIT, **{"stacks": {"it": "vmware-esx-4.1(balloon=off, compression=off) | linux-2.6"},
                                MEMORY: "3.5 GiB", REQUESTS: 20})  # fmt: skip
    read = sum(row["bytes"] for row in tables["charges"] if row["device"] == "disk" and row["tenant"] == "app-1")
    assert read > 0.9 * figures(tables, "swapped in")["app-1"] > MIB


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"tenants.app.memory_reservation": "900 MiB"}, "are reserved for guests"),
        ({"stacks": {"it": "xen-4 | linux-4"}, MEMORY: "12 GiB", "tenants.app.memory_weight": 2}, "divides memory so"),
        ({"tenants.app.memory_reservation": "2 GiB"}, "is more than it may have"),
        ({"stacks": {"it": "linux-4 / kvm-4.4(overcommit=on) | linux-4"}}, "overcommit=off"),
        ({"stacks": {"it": "vmware-esx-4.1(overcommit=off) | linux-2.6"}}, "give less"),
    ],
)
def test_what_cannot_be_promised_is_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(VirtlabError) as caught:
        load(OVERCOMMIT, overrides={MEMORY: "3.5 GiB", **overrides})
    assert message in str(caught.value)


def test_a_group_s_machine_is_promised_what_its_first_tenant_is() -> None:
    """Two of 1 GiB on 1.5 GiB: each is a group's, and of its tenants the first says how large it is."""
    size = {"workload": {"name": "cpu-hog", "parameters": {"chunk": "1e6 cycles"}}, "memory": "1 GiB", "vcpus": 1}
    (point,) = load(
        {
            "machine": {"base": "lenny-2009", "devices": {"memory": {"capacity": "1.5 GiB"}}},
            "stacks": {"esx": "vmware-esx-4.1 | linux-2.6 |"},
            "tenants": {
                "a": {**size, "group": "g"},
                "b": {"workload": "idle", "group": "g"},
                "c": {**size, "group": "h"},
            },
            "duration": "0.2 s",
        }
    ).points()
    site = build(point).site
    assert {path: guest.configured_bytes for path, guest in site.guests.items()} == dict.fromkeys(
        ("vmware-esx-4.1/linux-2.6[group=g]", "vmware-esx-4.1/linux-2.6[group=h]"), 1024.0 * MIB
    )
    assert run_point(point, 0)["tables"]["tenants"]
