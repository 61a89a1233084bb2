"""One migration in simulated time: both machines, the rounds, the moment at which the guest changes over.

Pre-copy: rounds (``precopy``) until the product's rules stop the guest; then its last pages and the state of its
processors and devices go as fast as the network lets them, its systems and its program are put on the destination,
and it goes on there. Downtime is all from its last instruction here to the first there, and until the network has
learnt where it is. If the destination fails, or somebody aborts, before that moment, the guest goes on where it was:
the pages there were a copy. Post-copy: it changes over at once, and its memory follows; from then on there is no way
back, and whatever fails takes it along.

Scope and limits: disks are shared by both machines and do not move. The destination has the room: it is empty.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from simulator import outcomes
from simulator.operations.dirtying import Dirtying, memory, progress
from simulator.operations.migration.copier import MIGRATION, Copier, Ends
from simulator.operations.migration.postcopy import Arrival
from simulator.operations.migration.precopy import Course, Dirty, Order, Report, orders
from simulator.operations.migration.rules import Rules
from simulator.operations.state import settle
from simulator.steps import Use

if TYPE_CHECKING:
    import simpy

    from simulator.operations.job import Job
    from simulator.threads import Life

PRE_COPY, POST_COPY = "pre-copy", "post-copy"
WAYS = (PRE_COPY, POST_COPY)
_STEPS = 200
"""How often a guest is looked at while its memory follows it."""
_ASKED = {"rate": "rate_bytes_per_s", "downtime_limit": "downtime_limit_s"}

_under_way: WeakKeyDictionary[simpy.Environment, dict[str, Moving]] = WeakKeyDictionary()


def under_way(environment: simpy.Environment) -> dict[str, Moving]:
    """The migrations that are going on in a run, by tenant."""
    return _under_way.setdefault(environment, {})


class Moving:
    """A migration.

    Args:
        job: the operation.
    """

    def __init__(self, job: Job) -> None:
        self.job, self.tenant, self.environment = job, job.tenant, job.environment
        self.figures, self.options = job.figures(MIGRATION), job.options
        self.how = str(self.options.get("how", PRE_COPY))
        self._began_s, self._aborted, self._failed, self._over_there = self.environment.now, "", False, False
        self._source, self._subject, self._home = job.house, job.subject, job.home
        self._cap = self._subject.share.cap

    def go(self) -> Life:
        """From the request to the end, however it ends."""
        moves = under_way(self.environment)
        if self.tenant.name in moves:
            self.job.fail(f"{self.tenant.name} is being moved already")
            return
        moves[self.tenant.name] = self
        self.job.note(how=self.how)
        if "destination_fails_after" in self.options:
            self.environment.process(self._fails())
        yield self.environment.timeout(self.figures["setup_s"])
        destination = self.job.destination()
        there = self.job.subject_on(destination, self.tenant)
        home_there = there.grip.roles.get("domain-0", there.grip)
        self._ends = Ends(self._source, self._home, destination, home_there)
        self._copier = Copier(self.job, self.figures, self._ends, lambda: bool(self._why_over()))
        yield from self._post_copy() if self.how == POST_COPY else self._pre_copy()
        del moves[self.tenant.name]

    # ---- what puts an end to it

    def abort(self) -> str:
        """Give it up; returns why that cannot be, empty if it can."""
        if self._over_there:
            return f"{self.tenant.name} runs on the other machine already, and a part of its memory is only there"
        self._aborted = "it goes on where it was"
        return ""

    def _fails(self) -> Life:
        yield self.environment.timeout(self.options["destination_fails_after"])
        self._failed = True

    def _why_over(self) -> str:
        if not self.tenant.alive:
            return f"failed: {self.tenant.name} ended before it was moved"
        if self._failed:
            return "failed: the destination failed; it goes on where it was"
        if self._aborted:
            return f"aborted: {self._aborted}"
        if self.environment.now - self._began_s >= self.options.get("give_up_after", inf):
            return "aborted: not over in the time it was given; it goes on where it was"
        return ""

    def _is_over(self) -> bool:
        """Whether it has come to an end before its time; then all is as it was."""
        why = self._why_over()
        if why:
            self._hold(0.0)
            self.job.note(outcome=why, moved_bytes=self._copier.moved_bytes)
            if self.tenant.alive and self.job.is_paused:
                self.job.go_on()
        return bool(why)

    # ---- pre-copy

    def _pre_copy(self) -> Life:
        course = yield from self._rounds()
        self._hold(0.0)
        if course is None:
            return
        yield from self._stop()
        fresh, touched_bytes = self._dirtying.look(), memory(self._source, self.tenant).pages_bytes
        left = course.left.with_fresh(fresh, min(touched_bytes, fresh.extent_bytes))
        yield from self._copier.copy(left, inf, lambda _: 0.0, stopped=True)
        yield from self._state()
        if self._is_over():
            return
        yield from self._change_over()
        held = f"; held {course.throttle:.0%} of its time at last" if course.throttle else ""
        self.job.note(moved_bytes=self._copier.moved_bytes, detail=f"stopped as {course.reason}{held}")

    def _rounds(self) -> Generator[simpy.Event, Any, Course | None]:
        """Rounds while the guest runs; returns how they ended, None if something else put an end to them."""
        asked = {name: float(self.options[key]) for key, name in _ASKED.items() if key in self.options}
        converges = bool(self.options.get("auto_converge"))
        page_bytes = self._source.machine.cpu.parameters.page_bytes
        rules = Rules.of(self.figures, auto_converge=converges, page_bytes=page_bytes, **asked)
        yield from settle(self.tenant)
        self._dirtying = Dirtying.begins(self.tenant)
        rounds = orders(rules, memory(self._source, self.tenant), endless=True)
        order = next(rounds)
        while True:
            self._hold(order.throttle)
            yield from self._watch(order.dirty)
            sent = yield from self._copier.copy(order.dirty, order.rate_bytes_per_s, rules.may_leave_bytes)
            yield from settle(self.tenant)
            self.job.note(rounds=order.number, moved_bytes=self._copier.moved_bytes)
            if self._is_over():
                return None
            fresh, touched = self._dirtying.look(), memory(self._source, self.tenant)
            self._faults(fresh.total_bytes / page_bytes)
            report = Report(sent.elapsed_s, sent.left, fresh, touched.pages_bytes, sent.bandwidth_bytes_per_s)
            self._tell(order, report)
            try:
                order = rounds.send(report)
            except StopIteration as end:
                course: Course = end.value
                return course

    def _tell(self, order: Order, report: Report) -> None:
        """What a round came to, for whoever wonders why it does not end."""
        sent_bytes = order.dirty.pages_bytes - report.left.pages_bytes
        if report.elapsed_s and order.number > 1:
            written, sent = (each / report.elapsed_s / 1e6 for each in (report.fresh.total_bytes, sent_bytes))
            word = "does not converge" if written >= 0.98 * sent else "converges"
            self.job.note(detail=f"{word}: {written:.1f} MB/s are written, {sent:.1f} MB/s are sent")

    def _watch(self, dirty: Dirty) -> Life:
        """The bitmap is read, and what is in it is watched again."""
        cycles = dirty.total_bytes / self._copier.page_bytes * self.figures["protect_page_cycles"]
        if cycles:
            yield from self.job.work(
                f"{MIGRATION} of {self.tenant.name}", (Use("dirty_log", cycles=cycles),), self._home
            )

    def _faults(self, pages: float) -> None:
        """The guest's first writes to pages that are watched: it pays for them, beside its program."""
        cycles = pages * self.figures["first_write_cycles"]
        if cycles and self._subject.nodes:
            step = Use("dirty_log", cycles=cycles, operations=pages, cause=self._subject.grip.path)
            work = self.job.work(f"dirty log of {self.tenant.name}", (step,), self._subject.nodes[0], self._source)
            self.environment.process(work)

    def _hold(self, throttle: float) -> None:
        """The guest runs only a part of its time."""
        share, cpu = self._subject.share, self._source.machine.cpu
        cap = self._cap
        if throttle:
            width = min(each.width for each in share.lineage)
            busy = sum(not each.asleep for each in self.tenant.threads if each is not None)
            processors = max(1.0, min(width, float(cpu.processors), float(busy)))
            cap = min(cap, (1.0 - throttle) * processors * cpu.frequency_hz)
        if cap != share.cap:
            cpu.sharing.set(share, cap=cap)

    # ---- the change

    def _stop(self) -> Life:
        yield from self.job.pause()
        yield from settle(self.tenant)
        yield self.environment.timeout(self.figures["suspend_s"])

    def _state(self) -> Life:
        """The state of processors and devices is sent."""
        pages = Dirty(self.figures["state_bytes"])
        if pages.pages_bytes:
            yield from self._copier.copy(pages, inf, lambda _: 0.0, stopped=True)

    def _change_over(self) -> Life:
        """It goes on at the destination."""
        yield self.environment.timeout(self.figures["resume_s"] + self.figures["announce_s"])
        state = yield from self.job.capture()
        stopped_s = self.tenant.paused_s
        self._over_there = True
        yield from self.job.put_on(state, self._ends.destination, self.tenant)
        self.job.note(downtime_s=self.job.row.downtime_s + self.environment.now - stopped_s)

    # ---- post-copy

    def _post_copy(self) -> Life:
        yield from settle(self.tenant)
        pages = memory(self._source, self.tenant)
        yield from self._stop()
        yield from self._state()
        if self._is_over():
            return
        yield from self._change_over()
        arrival = Arrival(
            pages.pages_bytes, self.tenant.program.writing(), self._copier.page_bytes,
            self.figures["run_pages_count"], self._fault_s(),
        )  # fmt: skip
        yield from self._follow(arrival, pages)
        self._subject = self.job.subject_on(self._ends.destination, self.tenant)
        self.job.note(
            moved_bytes=self._copier.moved_bytes, rounds=1,
            detail=f"{arrival.faults:.0f} pages were waited for: {arrival.faulted_ratio():.1%} of the working set",
        )  # fmt: skip

    def _fault_s(self) -> float:
        """How long a guest waits for a page: asked for, looked up, sent, put in."""
        machine, figures = self._source.machine, self.figures
        cycles = figures["fault_cycles"] + figures["page_cycles"] + figures["receive_page_cycles"]
        wire_s = (self._copier.page_bytes + figures["page_header_bytes"]) / machine.nic.parameters.link_bytes_per_s
        return figures["fault_wait_s"] + wire_s + cycles / machine.cpu.frequency_hz

    def _follow(self, arrival: Arrival, pages: Dirty) -> Life:
        """Its memory follows, step by step; what it misses it waits for meanwhile."""
        share = self.job.subject_on(self._ends.destination, self.tenant).share
        cpu, cap, writing = self._ends.destination.machine.cpu, share.cap, arrival.writing
        rate = min(float(self.options.get("rate", inf)), self.figures.get("rate_bytes_per_s") or inf)
        begun, touching = progress(self.tenant), writing.swept_bytes_per_s + writing.random_bytes_per_s
        for _ in range(_STEPS):
            pace = arrival.pace(touching)
            cpu.sharing.set(share, cap=min(cap, pace * cpu.frequency_hz * min(cpu.processors, share.width)))
            touched_bytes, since_s = arrival.touched_bytes, self.environment.now
            yield from self._copier.copy(pages.part(1.0 / _STEPS), rate, lambda _: 0.0)
            if self._failed:
                self.job.fail("the destination failed, and with it all that had been written there")
                yield from self.job.end(outcomes.lost("the destination"))
                return
            yield from settle(self.tenant)
            if not self.tenant.alive:
                break
            now = progress(self.tenant)
            faults = arrival.advance(
                now.useful_s - begun.useful_s, now.operations - begun.operations, pages.pages_bytes / _STEPS
            )
            self._fetched(faults)
            if elapsed_s := self.environment.now - since_s:
                touching = (arrival.touched_bytes - touched_bytes) / elapsed_s / pace
        cpu.sharing.set(share, cap=cap)

    def _fetched(self, faults: float) -> None:
        """The destination asks for pages."""
        cycles = faults * self.figures["fault_cycles"]
        if cycles:
            step, ends = Use("page_request", cycles=cycles, operations=faults), self._ends
            work = self.job.work(f"faults of {self.tenant.name}", (step,), ends.home_there, ends.destination)
            self.environment.process(work)
