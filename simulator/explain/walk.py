"""Follows a demand down all layers and writes down every step, in order, with nothing fused.

The run compiles the same steps into plans (``simulator.plans``); here their order and depth are kept instead. What
depends on the schedule is shown as on a machine where nothing else runs: whoever waits falls idle and is woken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from simulator.demands import Demand
from simulator.explain.asked import Asked
from simulator.explain.entry import Entry, Kind, folded
from simulator.explain.setting import Setting
from simulator.explain.sourced import origins
from simulator.explain.spot import Spot
from simulator.explain.titles import size, title
from simulator.layers.base import Transition
from simulator.plans import PROGRAM, Node, carried
from simulator.steps import (
    CPU,
    DISK,
    Ask,
    At,
    Below,
    Change,
    Choice,
    End,
    Freeze,
    Hold,
    Later,
    Log,
    Parallel,
    Progress,
    Repeat,
    Require,
    Send,
    Signal,
    Spawn,
    Step,
    Transfer,
    Use,
    Wait,
)
from simulator.units import format_quantity

IN_CACHE = "in the page cache"
CALLER = "caller"


class Walk:
    """One explanation in the making.

    Args:
        setting: the stack on its machine.
        cached: everything that is read is in the page cache.
    """

    def __init__(self, setting: Setting, cached: bool = False) -> None:
        self._setting, self._cached = setting, cached
        self._arm_bytes = -1.0
        self._steps: Mapping[type, Callable[[Spot, Any], Iterable[Entry]]] = {
            Use: self._use,
            Transfer: self._transfer,
            Below: self._below,
            At: lambda spot, step: [self.demand(replace(spot, node=spot.node.roles[step.role]), step.demand)],
            Send: self._send,
            Wait: self._wait,
            Signal: lambda spot, step: [self._entry(spot, "signal", f"{step.by} given")],
            Hold: lambda spot, step: [self._hold(spot, step)],
            Require: lambda spot, step: [],
            End: lambda spot, step: [self._entry(spot, "hold", "the process and all its programs end")],
            Progress: lambda spot, step: [],
            Ask: lambda spot, step: [self.demand(replace(spot, cause=spot.node.path), step.demand)],
            Change: lambda spot, step: [],
            Log: lambda spot, step: [],
            Later: lambda spot, step: [
                self._entry(spot, "option", step.label, children=self._all(spot, step.make(0.0)))
            ],
            Freeze: lambda spot, step: [
                self._entry(spot, "hold", "the programs stop" if step.stop else "the programs go on")
            ],
            Choice: self._choice,
            Repeat: self._repeat,
            Parallel: self._parallel,
            Spawn: self._spawn,
        }

    def asked(self, asked: Asked) -> tuple[Entry, ...]:
        """Every step of what was asked for."""
        top = self._setting.top
        spot = Spot(top, PROGRAM, CALLER, top)
        return tuple(
            self._transition(spot, step) if isinstance(step, Transition) else self.demand(spot, step)
            for step in asked.steps
        )

    def demand(self, spot: Spot, demand: Demand) -> Entry:
        """A demand asked of a node, with all it leads to."""
        if demand.count == 0.0:
            return self._entry(spot, "demand", title(demand), operations=0.0)
        below = replace(spot, count=spot.count * demand.count)
        entry = self._entry(below, "demand", title(demand), operations=below.count)
        return replace(entry, children=folded(self._portions(spot, below, spot.node.layer.lower(demand.one()))))

    def _portions(self, once: Spot, each: Spot, steps: Iterable[Step]) -> Iterable[Entry]:
        """The steps of many demands at once; what follows a portion is done once, whatever its size."""
        spot = each
        for step in steps:
            yield from self._steps[type(step)](spot, step)
            spot = once if isinstance(step, Progress) else spot

    def _all(self, spot: Spot, steps: Iterable[Step]) -> tuple[Entry, ...]:
        return folded(entry for step in steps for entry in self._steps[type(step)](spot, step))

    def _entry(self, spot: Spot, kind: Kind, title: str, **amounts: Any) -> Entry:
        return Entry(kind, title, spot.node.path, spot.payer, **amounts)

    def _group(self, spot: Spot, kind: Kind, title: str, steps: Iterable[Step], **more: Any) -> Iterable[Entry]:
        """Steps under a heading, which is left out if there are none."""
        children = self._all(spot, steps)
        return [self._entry(spot, kind, title, children=children, **more)] if children else []

    # ---- one step each

    def _use(self, spot: Spot, use: Use) -> Iterable[Entry]:
        if use.mechanism in spot.node.without:
            return []
        cycles, stall_s = use.cycles * spot.count, use.stall_s * spot.count
        if not cycles and not stall_s:
            return []
        amounts = {"cycles": float(cycles), "stall_s": float(stall_s), "operations": float(use.operations * spot.count)}
        known = tuple(dict.fromkeys((*origins(cycles), *origins(stall_s))))
        cause = spot.cause if use.program else use.cause or spot.node.path
        about = {"cause": cause, "mechanism": use.mechanism, "device": CPU}
        below = (self._use(replace(spot, node=node), each) for node, each in carried(spot.node, use))
        return [self._entry(spot, "use", use.mechanism, **about, **amounts, origins=known), *chain(*below)]

    def _transfer(self, spot: Spot, transfer: Transfer) -> Iterable[Entry]:
        amount = replace(
            transfer, size_bytes=transfer.size_bytes * spot.count, operations=transfer.operations * spot.count
        )
        device_s, how, known = self._setting.transfer(amount, follows=self._follows(amount))
        goes_on = transfer.window_bytes > 0.0
        title = f"{transfer.device} {'writes' if transfer.write else 'moves'} " + size(amount.size_bytes)
        cause = transfer.cause or spot.cause
        about = {"cause": cause, "mechanism": transfer.mechanism, "device": transfer.device, "aside": goes_on}
        amounts = {"size_bytes": amount.size_bytes, "operations": amount.operations, "device_s": device_s}
        yield self._entry(spot, "transfer", f"{title}, {how}", **about, **amounts, origins=known)
        if not goes_on:
            yield from self._waking(spot)

    def _follows(self, transfer: Transfer) -> bool:
        """Whether a disk transfer begins where the last one ended; what is appended to a stream always does."""
        if transfer.device != DISK:
            return False
        follows = bool(transfer.stream) or transfer.position_bytes == self._arm_bytes
        self._arm_bytes = transfer.position_bytes + transfer.size_bytes
        return follows

    def _below(self, spot: Spot, step: Below) -> Iterable[Entry]:
        assert spot.node.below is not None
        cause = spot.node.path if step.own else spot.cause
        entry = self.demand(replace(spot, node=spot.node.below, cause=cause), step.demand)
        # The hardware is no layer to look into, and a demand that costs nothing extra is no step.
        return entry.children if spot.node.below.below is None else [entry] if entry.children else []

    def _send(self, spot: Spot, send: Send) -> Iterable[Entry]:
        service, home = self._setting.service(spot.node, send.queue)
        once = replace(spot, count=1.0)
        yield from self._group(once, "kick", "kick, only if the service sleeps", send.kick)
        there = replace(spot, payer=service, home=home)
        woken = (*self._waking(there), *self._all(there, self._setting.woken(spot.node, send.queue)))
        work = (*woken, *_not_waited_for(self._all(there, send.work)))
        finish = self._all(there, send.finish)  # what a device is waited for wakes the thread once more
        title = f"{send.queue}: work for {service}"
        yield self._entry(spot, "send", title, aside=not send.wait, children=folded((*work, *finish)))
        if send.wait:
            yield from self._waking(spot)
            yield from self._group(once, "notice", "notice, one for all that a batch completes", send.notice)

    def _wait(self, spot: Spot, wait: Wait) -> Iterable[Entry]:
        if wait.by in ("lock", "turn"):
            return [self._entry(spot, "wait", f"{wait.by} taken, if it is free")]
        if wait.by != "message" and wait.time_s <= 0.0:
            return []
        text = f"waits for {format_quantity(wait.time_s, 's')}" if wait.time_s else f"waits for a {wait.by}"
        return [self._entry(spot, "wait", text, wait_s=wait.time_s), *self._waking(spot)]

    def _hold(self, spot: Spot, hold: Hold) -> Entry:
        taken = "taken" if hold.size_bytes > 0.0 else "given back"
        return self._entry(spot, "hold", f"memory {taken}: {size(abs(hold.size_bytes))}")

    def _choice(self, spot: Spot, choice: Choice) -> Iterable[Entry]:
        options = list(zip(choice.labels, choice.options, strict=True))
        if self._cached and IN_CACHE in choice.labels:
            options = [option for option in options if option[0] == IN_CACHE]
        children = tuple(
            self._entry(spot, "option", label, children=self._all(spot, steps)) for label, steps in options
        )
        return [self._entry(spot, "choice", "one of", children=children)]

    def _repeat(self, spot: Spot, repeat: Repeat) -> Iterable[Entry]:
        """Each of what may have to be done, once; memory is not short where nothing else runs."""
        if repeat.short:
            return []
        options = list(zip(("nothing to do", *repeat.labels), ((), *repeat.plans), strict=True))
        children = tuple(
            self._entry(spot, "option", label, children=self._all(spot, steps)) for label, steps in options
        )
        return [self._entry(spot, "choice", "one of", children=children)] if repeat.plans else []

    def _parallel(self, spot: Spot, parallel: Parallel) -> Iterable[Entry]:
        branches = tuple(
            self._entry(spot, "branch", f"branch {number}", children=self._all(spot, steps))
            for number, steps in enumerate(parallel.branches, 1)
        )
        return [self._entry(spot, "parallel", "at the same time", children=branches), *self._waking(spot)]

    def _spawn(self, spot: Spot, spawn: Spawn) -> Iterable[Entry]:
        return self._group(spot, "spawn", "on its own, not waited for", spawn.steps, aside=True)

    # ---- what emerges from the schedule

    def _transition(self, spot: Spot, transition: Transition) -> Entry:
        if transition.kind == "tick":
            return self._entry(spot, "waking", "one tick of each timer", children=self._tick(spot))
        return self._entry(spot, "waking", "woken while nothing else runs", children=self._woken(spot))

    def _waking(self, spot: Spot) -> Iterable[Entry]:
        children = self._woken(spot)
        home = replace(spot, node=spot.home)
        return [self._entry(home, "waking", "woken again", children=children)] if children else []

    def _woken(self, spot: Spot) -> tuple[Entry, ...]:
        """On every node of the thread's path its kernel switches and its processor resumes; then the core wakes."""
        path = self._setting.path(spot.home)
        steps = [(node, kind) for kind in ("switch", "resume") for node in path]
        reactions = (entry for node, kind in steps for entry in self._reaction(spot, node, kind))
        return (*reactions, *self._core(spot, path[-1]))

    def _reaction(self, spot: Spot, node: Node, kind: Any) -> tuple[Entry, ...]:
        there = replace(spot, node=node, cause=node.path, count=1.0)
        return self._all(there, node.layer.react(Transition(kind)))

    def _core(self, spot: Spot, machine: Node) -> Iterable[Entry]:
        use = Use("idle_exit", stall_s=self._setting.idle_exit_s)
        return self._use(replace(spot, node=machine, cause=machine.path, count=1.0), use)

    def _tick(self, spot: Spot) -> tuple[Entry, ...]:
        """The timer of each kernel, and what runs on that kernel being interrupted by it."""
        found: list[Entry] = []
        above: Node | None = None
        for node in self._setting.path(spot.home):
            if node.layer.tick_hz():
                title = f"timer of {self._setting.name(node.path)}, {format_quantity(node.layer.tick_hz(), 'hz')}"
                steps = self._reaction(spot, node, "tick")
                steps += self._reaction(spot, above, "interrupted") if above else ()
                found.append(self._entry(replace(spot, node=node), "branch", title, children=steps))
            above = node
        return tuple(found)


def _not_waited_for(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """A service goes on while a device carries out its last transfer: nobody wakes it for that."""
    if not entries:
        return ()
    *first, last = entries
    if last.kind == "waking" and first and first[-1].kind == "transfer":
        return tuple(first)
    return (*first, replace(last, children=_not_waited_for(last.children)))
