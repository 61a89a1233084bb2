"""What slices keep about one thread: its job in nanoseconds, and where its time went.

While a thread has work every nanosecond is service, a switch to it, or a wait: for entities of its own tenant that
had its processor (ready) or of others (steal), for a budget (throttled), or for whoever froze it. Who waits for any
of several processors waits for each of them in part. Each physical processor counts what each tenant's entities have
had of it, so a wait is settled by two subtractions.
"""

from __future__ import annotations

from typing import Literal

from simulator.sharing._processors import Processor, Scheduler
from simulator.sharing._rotation import Entity
from simulator.sharing.tree import Share

State = Literal["queued", "pool", "ready", "throttled", "frozen"]


class Seat:
    """A thread.

    Args:
        entity: what takes turns for it.
        scheduler: the one whose queues it stands in.
    """

    __slots__ = (
        "__weakref__", "carry_ns", "entity", "job_carry_ns", "job_ns", "order", "own_ns", "owner", "purse_ns",
        "scheduler", "since_ns", "state", "unit_rate",
    )  # fmt: skip

    def __init__(self, entity: Entity, scheduler: Scheduler) -> None:
        self.entity, self.scheduler = entity, scheduler
        share = entity.share
        self.owner: Share = next((node for node in share.lineage if node.tenant), share)
        self.job_ns = 0
        self.carry_ns = self.job_carry_ns = 0.0
        """Fraction of a nanosecond that its work has in hand; and had before this job."""
        self.since_ns = self.own_ns = self.purse_ns = 0
        self.state: State = "ready"
        self.order = 0
        self.unit_rate = 0.0

    def begin(self, work: float, unit_rate: float) -> None:
        """A job: whole nanoseconds; what is rounded off is kept for the next."""
        self.unit_rate = unit_rate
        exact_ns = work / unit_rate * 1e9 + self.carry_ns
        self.job_carry_ns = self.carry_ns
        job_ns = round(exact_ns)
        if job_ns < 0:
            job_ns = 0
        self.job_ns = self.entity.need_ns = job_ns
        self.carry_ns = exact_ns - job_ns

    def current_rate(self) -> float:
        """Units a second in the mean of the turns that its run queues take now."""
        part, entity = self.unit_rate, self.entity
        while entity.queue is not None:
            if not entity.queued:
                return 0.0
            queue = entity.queue
            number = len(self.scheduler.processors) if queue.processor is None and queue.host is None else 1
            part *= min(1.0, number * entity.weight / sum(other.weight for other in queue.entities))
            if queue.host is None:
                break
            entity = queue.host
        return part

    def change_rate(self, unit_rate: float) -> None:
        """The processor is another: what remains takes longer, or shorter."""
        share, carry_ns = self.entity.share, self.job_carry_ns
        self.begin(share.remaining, unit_rate)
        self.job_carry_ns = carry_ns

    def book(self, now_ns: int) -> None:
        """Settle the time since it was last settled. Its processor must be accounted for."""
        entity, share = self.entity, self.entity.share
        time_ns, self.since_ns = now_ns - self.since_ns, now_ns
        if not time_ns:
            return
        if self.state == "queued":
            own_ns, purse_ns = entity.served_ns + entity.paid_ns, entity.purse[0]
            mine_ns, ours_ns = own_ns - self.own_ns, purse_ns - self.purse_ns
            self.own_ns, self.purse_ns = own_ns, purse_ns
            share.ready_s += (ours_ns - mine_ns) / 1e9
            share.steal_s += (time_ns - ours_ns) / 1e9
        elif self.state == "pool":
            purse_ns = self.scheduler.had_ns(self.owner)
            part_ns = min(time_ns, (purse_ns - self.purse_ns) / max(1, len(self.scheduler.processors)))
            self.purse_ns = purse_ns
            share.ready_s += part_ns / 1e9
            share.steal_s += (time_ns - part_ns) / 1e9
        elif self.state == "throttled":
            share.throttled_s += time_ns / 1e9
        elif self.state == "frozen":
            share.frozen_s += time_ns / 1e9
        else:
            share.ready_s += time_ns / 1e9

    def bind(self, now_ns: int) -> None:
        """Note where it stands from now on."""
        entity, host = self.entity, self.entity
        self.since_ns = now_ns
        while host.queued and host.queue is not None and host.queue.host is not None:
            host = host.queue.host
        if not host.queued or host.queue is None:
            self.state = _why(host)
            return
        processor: Processor | None = host.queue.processor
        if processor is None:
            self.state = "pool"
            self.purse_ns = self.scheduler.had_ns(self.owner)
            return
        self.state = "queued"
        entity.purse = processor.purse(self.owner) if self.owner is not entity.share else [0]
        self.own_ns, self.purse_ns = entity.served_ns + entity.paid_ns, entity.purse[0]


def _why(entity: Entity) -> State:
    if entity.frozen():
        return "frozen"
    return "throttled" if entity.held == "throttled" else "ready"
