"""The machines of a drawing are set going for a while, on any fidelity; what each thread got is read off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

import simpy

from simulator.sharing._trace import Trace
from simulator.sharing.base import Sharing
from simulator.sharing.drawing.building import Rule, build
from simulator.sharing.drawing.elements import Element, text
from simulator.sharing.drawing.outcome import Outcome, ThreadShare
from simulator.sharing.drawing.parser import parse
from simulator.sharing.drawing.segments import Segment, Span, longest_gap_s, migrations, switches
from simulator.sharing.drawing.setting import Setting, checked, unknown_to
from simulator.sharing.tree import Share

_CORE = 1.0
"""What one processor does in a second: work is in seconds of it."""


def measure(drawing: str, setting: Setting | None = None) -> Outcome:
    """Set the machines of a drawing going, and see what each thread gets.

    Raises:
        MalformedDrawing: the text is no drawing.
        UsageError: the fidelity or a policy is not there, or an option means nothing to it.
    """
    setting = setting or Setting()
    machines = parse(drawing)
    fidelity = checked(setting, machines)
    environment = simpy.Environment()
    benches = [_Bench(environment, machine, fidelity, setting) for machine in machines]
    environment.run(until=setting.seconds)
    segments = {bench: bench.segments() for bench in benches}
    return Outcome(
        text(machines),
        fidelity.FIDELITY,
        setting.policies if fidelity.SLICES else ("", ""),
        setting.seconds,
        {machine.name: machine.processors for machine in machines},
        tuple(row for bench, its in segments.items() for row in bench.rows(its)),
        tuple(segment for its in segments.values() for segment in its),
        tuple(unknown_to(setting.policies, machines)) if fidelity.SLICES else (),
    )


class _Worker:
    """A thread that computes, and now and then sleeps if it is drawn so."""

    def __init__(
        self, environment: simpy.Environment, device: Sharing, share: Share, drawn: Element, plenty_s: float
    ) -> None:
        self.burst_s = min(drawn.computes_s, plenty_s)
        self.environment, self.device, self.share, self.drawn = environment, device, share, drawn
        self.done_s = self.asleep_s = self.since_s = 0.0
        self.wanted: list[Span] = []

    def wake(self) -> None:
        """Ask for work: one burst, or more than there is time for."""
        self.since_s = self.environment.now
        self.device.submit(self.share, self.burst_s * _CORE, self.sleep)

    def sleep(self, share: Share) -> None:
        """A burst is done."""
        self.wanted.append(Span(self.since_s, self.environment.now))
        self.since_s = self.environment.now
        self.done_s += self.burst_s
        timer = self.environment.timeout(self.drawn.sleeps_s)
        assert timer.callbacks is not None
        timer.callbacks.append(self._sleep_over)

    def _sleep_over(self, timer: simpy.Event) -> None:
        self.asleep_s += self.environment.now - self.since_s
        self.wake()

    def stop(self) -> None:
        """The time is over, and the device has settled."""
        if self.share.active:
            self.done_s += (self.share.work - self.share.remaining) / _CORE
            self.wanted.append(Span(self.since_s, self.environment.now))
        else:
            self.asleep_s += self.environment.now - self.since_s


class _Bench:
    """One machine at work."""

    def __init__(self, environment: simpy.Environment, drawn: Element, fidelity: ModuleType, setting: Setting) -> None:
        self.name, self.seconds, self.slices = drawn.name, setting.seconds, fidelity.SLICES
        self.trace = Trace()
        own, guests = map(setting.scheduling, setting.policies) if self.slices else (None, None)
        options = {"scheduling": own, "trace": self.trace} if self.slices else {}
        self.device: Sharing = fidelity.SHARING(environment, drawn.processors * _CORE, _CORE, **options)
        leaves = build(drawn, self.device, Rule(setting.weights, guests, setting.switch_s))
        threads = dict(drawn.threads())
        plenty_s = 2.0 * setting.seconds
        self.workers = {
            path: _Worker(environment, self.device, leaf, threads[path], plenty_s) for path, leaf in leaves.items()
        }
        for worker in self.workers.values():
            worker.wake()

    def segments(self) -> list[Segment]:
        """Who ran when on which processor; the time is over."""
        self.device.settle()
        return [Segment(self.name, *entry) for entry in self.trace]

    def rows(self, segments: list[Segment]) -> Iterator[ThreadShare]:
        """What each thread got, and what follows from all turns."""
        turns: dict[str, list[Segment]] = defaultdict(list)
        for segment in segments:
            turns[segment.thread].append(segment)
        switched, moved = switches(segments), migrations(segments)
        for path, worker in self.workers.items():
            worker.stop()
            row = self._row(path, worker)
            if self.slices:
                longest_s = longest_gap_s(worker.wanted, turns[path])
                row = replace(row, switches=switched[path], migrations=moved[path], longest_wait_s=longest_s)
            yield row

    def _row(self, path: str, worker: _Worker) -> ThreadShare:
        leaf, seconds = worker.share, self.seconds
        return ThreadShare(
            machine=self.name,
            thread=path,
            share=worker.done_s / seconds,
            ready=leaf.ready_s / seconds,
            steal=leaf.steal_s / seconds,
            throttled=leaf.throttled_s / seconds,
            asleep=worker.asleep_s / seconds,
            switching=_switching_s(leaf) / seconds,
        )


def _switching_s(leaf: Share) -> float:
    """What a thread paid for switches to it, to the guests it stands on, and to get its working set back."""
    return leaf.refill_s + sum(times * share.switch_s for share, times in leaf.switches.items())
