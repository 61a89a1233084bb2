"""Placement: which host, by which rule; against looking at all hosts one by one."""

from __future__ import annotations

from random import Random

import pytest

from simulator.pool.guest import Instance
from simulator.pool.placement import Placer, Room
from simulator.pool.plan import Figures, HostType, InstanceType, Stream

GIB = float(2**30)


def host_type(
    name: str = "host", memory_gib: float = 4.0, processors: float = 4.0, overhead_gib: float = 0.0
) -> HostType:
    figures = {name: Figures(overhead_bytes=overhead_gib * GIB) for name in ("small", "large", "wide")}
    return HostType(name, 1, "", "", processors, processors, 1.0, 1e9, memory_gib * GIB, 1e9, 0.0, 0.0, 1.0, 1.0, 0.0,
                    None, figures)  # fmt: skip


def kind(name: str, memory_gib: float, vcpus: int) -> InstanceType:
    return InstanceType(name, memory_gib * GIB, memory_gib * GIB, vcpus, 1.0, None, None, 0.0, 0.0)


SMALL, LARGE, WIDE = kind("small", 1.0, 1), kind("large", 3.0, 1), kind("wide", 1.0, 4)


def instance(number: int, of: InstanceType, keep: str = "") -> Instance:
    return Instance(number, Stream(keep or "all", (of.name,), keep=keep), of, 0.0, 1.0)


def placed(placer: Placer, *kinds: InstanceType, keep: str = "") -> list[int]:
    """On which host each one goes, -1 for none."""
    found = []
    for number, each in enumerate(kinds):
        one = instance(number, each, keep)
        room = placer.find(one)
        found.append(-1 if room is None else room.number)
        if room is not None:
            placer.take(room, one)
    return found


@pytest.mark.parametrize(
    ("rule", "by", "expected"),
    [
        ("first-fit", "memory", [0, 0, 1, 1]),  # 1 + 3 on the first; 3 + 1 on the second
        ("best-fit", "memory", [0, 0, 1, 1]),
        ("spread", "memory", [0, 1, 2, 0]),
        ("spread", "processors", [0, 1, 2, 0]),
        ("best-fit", "processors", [0, 0, 1, 1]),
    ],
)
def test_rules(rule: str, by: str, expected: list[int]) -> None:
    placer = Placer([host_type()] * 3, rule, by)
    assert placed(placer, SMALL, LARGE, LARGE, SMALL) == expected


def test_processors_and_memory_both_count() -> None:
    placer = Placer([host_type()] * 2, "first-fit", "memory")
    assert placed(placer, SMALL, WIDE, WIDE, LARGE) == [0, 1, -1, 0]
    assert placer.why_not(instance(9, WIDE)) == "no host with the processors"
    assert placer.why_not(instance(9, LARGE)) == "no host with both memory and processors"
    assert placer.why_not(instance(9, kind("small", 5.0, 1))) == "no host with the memory"
    placer.open(placer.rooms[0], False)
    placer.open(placer.rooms[1], False)
    assert placer.why_not(instance(9, SMALL)) == "no host is on"


def test_what_an_instance_takes_beside_counts() -> None:
    assert placed(Placer([host_type(overhead_gib=0.5)], "first-fit", "memory"), SMALL, SMALL, SMALL) == [0, 0, -1]


@pytest.mark.parametrize("rule", ["first-fit", "best-fit", "spread"])
def test_together_and_apart(rule: str) -> None:
    assert placed(Placer([host_type()] * 2, rule, "memory"), SMALL, SMALL, SMALL, keep="apart") == [0, 1, -1]
    together = Placer([host_type()] * 2, rule, "memory")
    assert placed(together, SMALL, SMALL, LARGE, keep="together") == [0, 0, -1]
    assert together.why_not(instance(9, LARGE, "together")) == "no host where its stream may stand together"


def brute(rooms: list[Room], one: Instance, rule: str, by: str) -> int | None:
    """The same by looking at every host."""
    fitting = [room for room in rooms if room.open and room.fits(one.kind)]
    if rule == "first-fit":
        return min((room.number for room in fitting), default=None)
    sign = -1.0 if rule == "spread" else 1.0
    return min(((sign * room.part_free(by), room.number) for room in fitting), default=(0.0, None))[1]


@pytest.mark.parametrize("rule", ["first-fit", "best-fit", "spread"])
@pytest.mark.parametrize("by", ["memory", "processors", "both"])
def test_the_same_host_as_one_finds_by_looking_at_all(rule: str, by: str) -> None:
    luck = Random(1)
    kinds = [host_type(memory_gib=luck.choice((4.0, 8.0, 16.0)), processors=luck.choice((4.0, 8.0)),
                       overhead_gib=luck.choice((0.0, 0.1))) for _ in range(13)]  # fmt: skip
    placer = Placer(kinds, rule, by)
    homes: dict[Instance, Room] = {}
    refused = 0
    for number in range(600):
        if homes and luck.random() < 0.4:
            gone = luck.choice(list(homes))
            placer.leave(homes.pop(gone), gone)
        if luck.random() < 0.05:
            room = luck.choice(placer.rooms)
            placer.open(room, not room.open)
        one = instance(number, luck.choice((SMALL, LARGE, WIDE)))
        found = placer.find(one)
        assert (None if found is None else found.number) == brute(placer.rooms, one, rule, by)
        refused += found is None
        if found is not None:
            placer.take(found, one)
            homes[one] = found
    assert 0 < refused < 600
