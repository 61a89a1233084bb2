"""Pools with everything at once, drawn at random: whatever happens, nobody is lost and no room is given out twice."""

from __future__ import annotations

from collections import Counter
from math import isnan
from random import Random
from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.pool.changes import Changes
from simulator.pool.control import Control
from simulator.pool.luck import Luck
from simulator.pool.plan import Plan
from simulator.pool.reading import read
from simulator.pool.running import replicate
from simulator.pool.stages import Together

CATALOG = Catalog()
WORDS = ("running", "completed", "terminated", "waiting", "refused")


def drawn(number: int) -> Plan:
    """A pool of a few hosts of two types with four kinds of instances, moves, failures and packing."""
    luck = Random(number)
    devices = {"cpu": {"cores": luck.choice((2, 4)), "threads_per_core": luck.choice((1, 2)), "frequency": "1 GHz"},
               "memory": {"capacity": f"{luck.choice((8, 12))} GiB"}, "nic": {"link": "1 Gbit/s"}}  # fmt: skip
    machine = {"base": "server-2025", "devices": devices}
    data: dict[str, Any] = {
        "duration": "3000 s", "sample": "500 s", "detection": "5 s",
        "hosts": {
            "bare": {"machine": machine, "count": luck.randint(1, 3), "firmware": "20 s", "cpu_overcommit": 2},
            "docker": {"machine": machine, "stack": "linux-6 | docker-18.09", "count": luck.randint(1, 2),
                       "memory_overcommit": 1.5},
        },
        "instances": {
            "busy": {"memory": "1 GiB", "tasks": {"size": "2 G cycles", "think": "1 s"}, "writes": "10 MB/s"},
            "threads": {"memory": "2 GiB", "touched": "50 %", "vcpus": 2, "writes": "200 MB/s",
                        "tasks": {"size": "1 G cycles", "threads": 3, "count": 20, "think": "5 s"}},
            "capped": {"memory": "1 GiB", "cap": 0.5, "weight": 4, "tasks": {"size": "1 G cycles", "law": "fixed"}},
            "traced": {"memory": "1 GiB", "vcpus": 2, "trace": {
                "fragments": [{"for": "50 s", "demand": "1.5 GHz"}, {"for": "20 s", "demand": "0.1 GHz"}],
                "unmet": luck.choice(("waits", "lost"))}},
        },
        "requests": {
            "all": {"instance": ["busy", "threads", "capped", "traced"], "every": f"{luck.choice((8, 20, 60))} s",
                    "lifetime": "200 s", "wait": luck.choice(("0 s", "30 s", "forever"))},
            "kept": {"instance": "busy", "every": "300 s", "lifetime": "500 s",
                     "keep": luck.choice(("together", "apart"))},
        },
        "placement": {"rule": luck.choice(("first-fit", "best-fit", "spread")), "by": luck.choice(("memory", "both"))},
        "migration": {"rounds": luck.choice((1, 5))},
        "failures": {"every": "1500 s", "repair": "100 s"},
        "consolidation": {"every": "100 s", "below": "60 %", "spare": luck.choice((0, 1))},
        "events": [{"at": f"{luck.randint(1, 2900)} s", "drain": "docker-1" if luck.random() < 0.5 else "bare-1",
                    "for": "60 s"} for _ in range(4)] + [{"at": "700 s", "clock": "bare-1", "frequency": "2 GHz"}],
    }  # fmt: skip
    for name in ("bare", "docker"):
        if data["hosts"][name]["count"] == 1:
            for event in data["events"]:
                for kind in ("drain", "clock"):
                    if event.get(kind) == f"{name}-1":
                        event[kind] = name
    return read(data, catalog=CATALOG)


@pytest.mark.parametrize("number", range(6))
def test_nobody_is_lost_and_no_room_is_given_out_twice(number: int) -> None:
    plan = drawn(number)
    control = Control(plan, Luck(1, number), apart=False)
    assert isinstance(control.stage, Together)
    changes = Changes(control, control.stage)
    for until_s in (*range(100, 3000, 100), 2999.0):
        control.environment.run(until=until_s)
        check(control)
    assert changes.rows
    outcomes = Counter(each.outcome.partition(":")[0] for each in control.instances)
    assert set(outcomes) <= set(WORDS)
    assert sum(outcomes.values()) == len(control.instances) > 40


def check(control: Control) -> None:
    """What is true at any moment, moves under way apart: those have a place on two hosts."""
    assert isinstance(control.stage, Together)
    for room, host in zip(control.placer.rooms, control.stage.hosts, strict=True):
        here = control.here(room)
        assert room.taken >= len(here)
        assert room.touched_bytes >= -1.0
        assert room.promised_bytes >= -1.0
        assert room.processors >= -1e-9
        if host.state in ("off", "failed"):
            assert not host.guests
            assert not room.open
        on_it = {guest.instance for guest in host.guests}
        assert on_it <= set(here)
        assert all(each in on_it or (each.guest is not None and each.guest.still) for each in here)
        assert host.instances_up == sum(guest.starting is None for guest in host.guests)
        assert len(host.root.children) >= len(on_it)
        assert len(host.root.children) <= len(on_it) + 4, "shares of those who have gone"
    for instance in control.instances:
        has_place = instance in control.homes
        assert has_place == (instance.outcome == "running" and instance.guest is not None), instance.outcome
        assert instance.outcome != "running" or not isnan(instance.placed_s)


def test_the_same_seed_gives_the_same_rows() -> None:
    plan = drawn(3)
    assert repr(replicate(plan, 0)) == repr(replicate(plan, 0))
    assert repr(replicate(plan, 0)) != repr(replicate(plan, 1))
