"""What happens to hosts: maintenance, failures, clocks, packing; switching off, and on again."""

from __future__ import annotations

from collections.abc import Generator
from math import inf, nan
from typing import Any

import simpy

from simulator.pool.control import Control
from simulator.pool.guest import Instance
from simulator.pool.host import BOOTING, FAILED, OFF, ON, Host
from simulator.pool.moving import Mover
from simulator.pool.placement import Room
from simulator.pool.plan import Event
from simulator.pool.stages import Together
from simulator.pool.tables import Row

Life = Generator[simpy.Event, Any, None]


class Changes:
    """Everything that is done to hosts, or happens to them, in one replication.

    Args:
        control: of the pool.
        stage: its hosts, on one clock.

    Attributes:
        rows: of the table ``events``, without the run.
        failures: hosts that have failed.
    """

    def __init__(self, control: Control, stage: Together) -> None:
        self.control, self.stage = control, stage
        self.environment, self.rules = control.environment, control.plan.rules
        self.rows: list[Row] = []
        self.failures = 0
        self.mover = Mover(control, stage, self.note)
        self._emptying: set[int] = set()
        control.may_wake = self._wake
        for event in control.plan.events:
            self.environment.process(self._happen(event))
        if self.rules.failure_every_s < inf:
            for host in stage.hosts:
                self.environment.process(self._wear(host))
        if self.rules.look_every_s < inf:
            self.environment.process(self._pack())

    def note(
        self, kind: str, room: Room, instance: Instance | None = None, to: Room | None = None, at_s: float = nan,
        downtime_s: float = 0.0, moved_bytes: float = 0.0, outcome: str = "done",
    ) -> None:  # fmt: skip
        """Write down what has happened, from ``at_s`` until now."""
        now_s, names = self.environment.now, self.control.names
        began_s = now_s if at_s != at_s else at_s
        number = nan if instance is None else instance.number
        end = names[to.number] if to is not None else ""
        row = [kind, names[room.number], number, end, now_s - began_s, downtime_s, moved_bytes, outcome]
        self.rows.append([began_s, *row])

    # ---- given moments

    def _happen(self, event: Event) -> Life:
        yield self.environment.timeout(event.at_s)
        number = self.control.names.index(event.host)
        room, host = self.control.placer.rooms[number], self.stage.hosts[number]
        if event.kind == "clock":
            host.set_clock(event.frequency_hz)
            self.note("clock", room)
        elif event.kind == "fail":
            yield from self._fail(host, event.lasts_s)
        else:
            yield from self._drain(room, event.lasts_s)

    def _drain(self, room: Room, lasts_s: float) -> Life:
        """Empty a host, keep it away for the time of its maintenance, then open it again."""
        if not room.open:
            self.note("drain", room, outcome="it takes no instances anyway")
            return
        began_s = self.environment.now
        self.control.placer.open(room, False)
        stay = yield from self.mover.empty(room)
        if stay:
            self.note("drain", room, at_s=began_s, outcome=f"{stay} instances have no other place")
        else:
            self.note("drain", room, at_s=began_s)
            if lasts_s == inf:
                return
            yield self.environment.timeout(lasts_s)
        self._open(room)

    def _open(self, room: Room) -> None:
        """A host takes instances again."""
        if self.stage.hosts[room.number].state == ON and not room.open:
            self.control.placer.open(room, True)
            self.control.serve()

    # ---- failures

    def _wear(self, host: Host) -> Life:
        """A host fails by itself, now and then, while it is on."""
        units = self.control.luck.units(f"failures of {host.name}")
        while True:
            yield self.environment.timeout(self.rules.failure_every_s * next(units))
            if host.state == ON:
                yield from self._fail(host, self.rules.repair_s)

    def _fail(self, host: Host, repair_s: float) -> Life:
        """A host fails: its instances are noticed to be missing, and started elsewhere; it is repaired and boots."""
        began_s, control = self.environment.now, self.control
        room = control.placer.rooms[host.number]
        if host.state != ON:
            self.note("failure", room, outcome="it is not on")
            return
        self.failures += 1
        lost = {instance: self.stage.end(instance) for instance in control.here(room)}
        host.become(FAILED)
        control.placer.open(room, False)
        for instance in lost:
            instance.down_since_s = began_s
            control.leave(instance)
        self.note("failure", room, outcome=f"{len(lost)} instances lost")
        self.environment.process(self._recover(room, lost))
        if repair_s < inf:
            yield self.environment.timeout(repair_s)
            host.become(BOOTING)
            yield from self._boot(room, "repair", began_s)

    def _recover(self, room: Room, lost: dict[Instance, float]) -> Life:
        """When somebody has noticed, what was lost is started elsewhere, or waits for a place."""
        yield self.environment.timeout(self.rules.detection_s)
        for instance, lost_s in lost.items():
            if instance.outcome != "running":
                continue
            place = self.control.placer.find(instance)
            if place is not None:
                self.note("restart", room, instance, place)
                self.mover.start_anew(instance, place, lost_s)
            else:
                instance.lost_s += lost_s
                instance.restarts += 1
                self.note("restart", room, instance, outcome="waits: " + self.control.placer.why_not(instance))
                self.control.wait(instance, inf)
                self._wake(instance)

    # ---- packing

    def _pack(self) -> Life:
        """Now and then empty the hosts that are hardly used, and switch off those that are empty, but for some."""
        while True:
            yield self.environment.timeout(self.rules.look_every_s)
            rooms = [room for room in self.control.placer.rooms if room.open]
            little = [room for room in rooms if room.taken and 1.0 - room.part_free(self.rules.by) < self.rules.below]
            for room in sorted(little, key=lambda each: (each.taken, -each.number)):
                if room.number not in self._emptying and self._fits_elsewhere(room):
                    self._emptying.add(room.number)
                    yield from self._empty(room)
            empty = [room for room in self.control.placer.rooms if room.open and not room.taken]
            for room in empty[self.rules.spare :]:
                self._switch_off(room)

    def _empty(self, room: Room) -> Life:
        """Move what is on a host to fuller ones; it takes nothing meanwhile."""
        placer, began_s = self.control.placer, self.environment.now
        placer.open(room, False)
        stay = yield from self.mover.empty(room, fuller=True)
        self.note("drain", room, at_s=began_s, outcome=f"{stay} instances stay" if stay else "done")
        self._emptying.discard(room.number)
        self._open(room)

    def _fits_elsewhere(self, room: Room) -> bool:
        """Whether all that is on a host can be moved while it runs, and fits on fuller ones."""
        placer, free = self.control.placer, room.part_free(self.rules.by)
        moved: list[tuple[Room, Instance]] = []
        here = self.control.here(room)
        if any(room.kind.figures[instance.kind.name].cannot_migrate for instance in here):
            return False
        for instance in here:
            target = placer.find(instance, but=room.number, fuller=free)
            if target is None:
                break
            placer.take(target, instance)
            moved.append((target, instance))
        for target, instance in moved:
            placer.leave(target, instance)
        return len(moved) == room.taken

    def _switch_off(self, room: Room) -> None:
        self.control.placer.open(room, False)
        self.stage.hosts[room.number].become(OFF)
        self.note("off", room)

    def _wake(self, instance: Instance) -> bool:
        """Switch a host on for a request, if those that are booting will not do; whether one comes up for it."""
        hosts, rooms = self.stage.hosts, self.control.placer.rooms
        coming = sum(_fitting(room, instance) for room in rooms if hosts[room.number].state == BOOTING)
        if coming > len(self.control.waiting):
            return True
        off = (room for room in rooms if hosts[room.number].state == OFF and room.fits(instance.kind))
        room = next(off, None)
        if room is None:
            return False
        hosts[room.number].become(BOOTING)
        self.environment.process(self._boot(room, "boot", self.environment.now))
        return True

    def _boot(self, room: Room, kind: str, began_s: float) -> Life:
        """A host has been switched on; it takes instances when its systems are up."""
        yield self.environment.timeout(room.kind.boot_s)
        self.stage.hosts[room.number].become(ON)
        self.note(kind, room, at_s=began_s)
        self._open(room)
        if not any(host.state == BOOTING for host in self.stage.hosts):
            self.control.dismiss()


def _fitting(room: Room, instance: Instance) -> int:
    """How many of a kind an empty host takes."""
    promised, touched, vcpus = room.needs(instance.kind)
    return int(min(room.promised_bytes / promised, room.touched_bytes / touched, room.processors / vcpus))
