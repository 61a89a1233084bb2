"""Instances move: while they run, by pre-copy; or, where no layer can do that, stopped here and started there.

How long a move takes follows from the rounds of ``simulator.operations.migration`` with the rules of the product that
does it, on a link that one move at a time has for itself. What each page costs is work on both hosts beside their
guests; where that is not to be had in time, the move takes longer. What the hosts' network stacks take for the stream
is not in it: against an ordinary run's ``migrate`` of the same instance the bytes agree to half a per cent, the time is
3 % longer on KVM and up to 30 % shorter on Xen and ESXi, whose stacks take long for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

import simpy

from simulator.pool.guest import RUNNING, Instance
from simulator.pool.host import FAILED
from simulator.pool.placement import Room
from simulator.pool.plan import Figures, HostType, InstanceType, Rules

if TYPE_CHECKING:
    from simulator.operations.migration.precopy import Prediction
    from simulator.pool.control import Control
    from simulator.pool.guest import Guest
    from simulator.pool.stages import Together

Life = Generator[simpy.Event, Any, None]
_PAGE_BYTES = 4096.0
_LOOK_S = 1.0
"""How often one looks whether an instance that is starting is up, before it is moved."""


class Expected(NamedTuple):
    """A move of one instance by pre-copy.

    Attributes:
        running_s: until it is stopped, if the link is what limits it.
        downtime_s: until it goes on.
        sent_bytes: memory that was sent.
        source_cycles, target_cycles: processor work on both hosts while it runs.
    """

    running_s: float
    downtime_s: float
    sent_bytes: float
    source_cycles: float
    target_cycles: float


def expected(kind: InstanceType, figures: Figures, host: HostType, rules: Rules) -> Expected:
    """What a move takes: its rounds, and what the product takes around them and for each page."""
    product, rounds = figures.migration, predicted(kind, figures, host, rules)
    pages, blanks = sum(rounds.sent_bytes) / _PAGE_BYTES, (kind.memory_bytes - kind.touched_bytes) / _PAGE_BYTES
    page_cycles = product.get("page_cycles", 0.0)
    return Expected(
        running_s=rounds.total_s - rounds.downtime_s + product.get("setup_s", 0.0),
        downtime_s=rounds.downtime_s,
        sent_bytes=sum(rounds.sent_bytes) + blanks * _marker_bytes(product),
        source_cycles=pages * page_cycles + blanks * product.get("blank_page_cycles", page_cycles),
        target_cycles=pages * product.get("receive_page_cycles", 0.0),
    )


def _marker_bytes(product: Mapping[str, float]) -> float:
    """What is sent of a page that was never touched: a word, or by some products all of it."""
    return product.get("blank_page_bytes", _PAGE_BYTES) if product else 0.0


def predicted(kind: InstanceType, figures: Figures, host: HostType, rules: Rules) -> Prediction:
    """The rounds of an instance's migration, on a link of its own: see ``simulator.operations.migration``.

    The product's section ``migration`` has the rules, the pool may have others; without either QEMU's limit of 300 ms
    holds, and thirty rounds as Xen makes.
    """
    from simulator.operations.migration.precopy import Dirty, predict
    from simulator.operations.migration.rules import Rules as PreCopy
    from simulator.writing import Writing

    said = {"downtime_limit_s": rules.downtime_s, "rounds_count": rules.rounds}
    asked = {name: float(value) for name, value in said.items() if value is not None}
    usual = {} if figures.migration else {"downtime_limit_s": 0.3, "rounds_count": 30.0}
    product = PreCopy.of({**figures.migration, **usual, **asked})
    hot_bytes = min(kind.hot_bytes, kind.touched_bytes)
    writing = Writing(swept_bytes_per_s=kind.writes_bytes_per_s, swept_set_bytes=hot_bytes)
    link = rules.link_bytes_per_s or host.link_bytes_per_s
    floor_s = sum(figures.migration.get(name, 0.0) for name in ("suspend_s", "resume_s", "announce_s"))
    floor_s += figures.migration.get("state_bytes", 0.0) / link
    memory = Dirty(kind.touched_bytes, kind.memory_bytes - kind.touched_bytes)
    return predict(product, memory, writing, link, floor_s=floor_s, marker_bytes=_marker_bytes(figures.migration))


class Mover:
    """Moves instances; what leaves a host leaves it one after the other.

    Args:
        control: of the pool.
        stage: its hosts.
        note: writes a row of the table ``events``.
    """

    def __init__(self, control: Control, stage: Together, note: Any) -> None:
        self.control, self.stage, self.note = control, stage, note
        self._rules = control.plan.rules
        self._sending: dict[int, deque[simpy.Event]] = {}

    def empty(self, room: Room, *, fuller: bool = False) -> Generator[simpy.Event, Any, int]:
        """Move everything off a host, one after the other; returns how many stay because there is no other place.

        Args:
            room: of the host.
            fuller: only to hosts that are fuller.
        """
        control, stay = self.control, 0
        yield from self._take_link(room)
        for instance in control.here(room):
            if control.homes.get(instance) is not room:
                continue
            limit = room.part_free(self._rules.by) if fuller else float("inf")
            place = control.placer.find(instance, but=room.number, fuller=limit)
            if place is None:
                stay += 1
                continue
            yield from self.move(instance, room, place)
        self._give_link(room)
        return stay

    def _take_link(self, room: Room) -> Life:
        """Wait until nothing else leaves this host."""
        line = self._sending.get(room.number)
        if line is None:
            self._sending[room.number] = deque()
            return
        turn = self.control.environment.event()
        line.append(turn)
        yield turn

    def _give_link(self, room: Room) -> None:
        line = self._sending[room.number]
        if line:
            line.popleft().succeed()
        else:
            del self._sending[room.number]

    def move(self, instance: Instance, source: Room, target: Room) -> Life:
        """Move one instance, while it runs if a layer can do that."""
        figures = source.kind.figures[instance.kind.name]
        if figures.cannot_migrate:
            self._restart(instance, source, target)
        else:
            yield from self._migrate(instance, source, target, figures)

    def _restart(self, instance: Instance, source: Room, target: Room) -> None:
        """Stop it here and start it there: what it is in the middle of is lost."""
        control = self.control
        lost_s = self.stage.end(instance)
        self.note("restart", source, instance, target, outcome="done")
        control.leave(instance)
        self.start_anew(instance, target, lost_s)

    def start_anew(self, instance: Instance, target: Room, lost_s: float) -> None:
        """Start an instance that was stopped, or whose host has failed, on another host."""
        instance.lost_s += lost_s
        instance.restarts += 1
        if isnan(instance.down_since_s):
            instance.down_since_s = self.control.environment.now
        self.control.place(instance, target)

    def _migrate(self, instance: Instance, source: Room, target: Room, figures: Figures) -> Life:
        """Copy its memory while it runs, stop it, copy the rest, and let it go on there."""
        control, environment, began_s = self.control, self.control.environment, self.control.environment.now
        move = expected(instance.kind, figures, source.kind, self._rules)
        control.placer.take(target, instance)
        guest = instance.guest
        while guest is not None and guest.starting is not None and not guest.over:
            yield environment.timeout(_LOOK_S)
        hosts = self.stage.hosts
        sending = hosts[source.number].work(move.source_cycles)
        receiving = hosts[target.number].work(move.target_cycles)
        yield environment.all_of([environment.timeout(move.running_s), sending, receiving])
        if not self._goes_on(instance, source, target, guest):
            self._give_up(instance, source, target, began_s)
            return
        assert guest is not None
        guest.pause()
        yield environment.timeout(move.downtime_s)
        if not self._goes_on(instance, source, target, guest):
            self._give_up(instance, source, target, began_s)
            return
        control.placer.leave(target, instance)
        control.leave(instance)
        control.settle(instance, target)
        guest.go_on(self.stage.hosts[target.number])
        instance.moves += 1
        instance.downtime_s += move.downtime_s
        self.note("migration", source, instance, target, began_s, move.downtime_s, move.sent_bytes, "done")
        control.serve()

    def _goes_on(self, instance: Instance, source: Room, target: Room, guest: Guest | None) -> bool:
        """Whether it is still the same instance on the same host, and both hosts are there."""
        hosts = self.stage.hosts
        alive = instance.outcome == RUNNING and guest is not None and instance.guest is guest and not guest.over
        same = self.control.homes.get(instance) is source
        return alive and same and FAILED not in (hosts[source.number].state, hosts[target.number].state)

    def _give_up(self, instance: Instance, source: Room, target: Room, began_s: float) -> None:
        """It has ended, or a host has failed: where its source still has it, it goes on there."""
        control, guest = self.control, instance.guest
        control.placer.leave(target, instance)
        self.note("migration", source, instance, target, began_s, outcome="given up: it ended, or a host failed")
        if guest is not None and guest.still and not guest.over and control.homes.get(instance) is source:
            guest.go_on(self.stage.hosts[source.number])
        control.serve()
