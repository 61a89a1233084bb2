"""Threads: what carries plans out in simulated time, and keeps account of where the time went.

A thread's life is divided without gaps into states; their sum must equal its length (``LedgerError`` if not).
Whoever blocks pays, when it goes on, for what its waking took: the switch in its kernel, and on every layer
below that had fallen idle the way back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from simulator.accounts import Account
from simulator.carriers import Ride
from simulator.demands import Demand, ReceiveLetter, SendLetter, Sleep, SystemCall
from simulator.devices.base import Key, Request
from simulator.errors import Exited, Refused, RunError
from simulator.layers.base import Service, Transition
from simulator.letters import Letter
from simulator.plans import (
    PROGRAM,
    Alter,
    Block,
    Branch,
    Check,
    Enqueue,
    Halt,
    Keep,
    Move,
    Node,
    Note,
    Operation,
    Over,
    Own,
    Part,
    Pick,
    Plan,
    Series,
    Tally,
    Unfold,
    Wake,
    Work,
    compile_steps,
    compiled,
    scale,
)
from simulator.queues import Flight, Item, Mailbox, Ring, UnderWay, Waited
from simulator.sharing.tree import Share
from simulator.steps import CPU, DISK, NIC_SEND

if TYPE_CHECKING:
    import simpy

    from simulator.tenancy import House

Life = Generator["simpy.Event", Any, None]
_LOOKS_S = 10.0
"""Processor time of one stretch of looking for a lock: how long it is simulated as one."""
_BEFORE_ALL = 1e6
"""Weight of what interrupts: beside it no thread's counts."""

_WAITING = {
    "disk": "blocked_disk",
    "network": "blocked_network",
    "message": "blocked_message",
    "lock": "blocked_lock",
    "turn": "overhead_wait",
    "time": "asleep",
    "service": "overhead_wait",
}


_MEETING = ("blocked_message", "blocked_lock")
_NOTHING = Work(0.0, 0.0, ())


class Thread:
    """One thread of a program, or of a layer.

    Args:
        house: the machine with its tree of systems.
        tenant: whom it belongs to; a shared system's own threads belong to that system.
        name: within the tenant.
        node: the system it runs on.
        share: the group it stands in.
        service: whether a layer runs it.
        device_group: under whose name it uses disk and network; its node's if not given.
        working_set_bytes: what it wants to find in the cache when it goes on.
        processes: how many threads it weighs as much as.
    """

    def __init__(
        self, house: House, tenant: str, name: str, node: Node, share: Share, *,
        service: bool = False, working_set_bytes: float = 0.0, processes: float = 1.0, device_group: str | None = None,
    ) -> None:  # fmt: skip
        self.house, self.environment, self.machine = house, house.environment, house.machine
        self.tenant, self.name, self.node, self.service = tenant, name, node, service
        cached_bytes = 0.0 if "cache_refill" in house.without else working_set_bytes
        self.share = Share(f"{tenant}/{name}", share, processes=processes, working_set_bytes=cached_bytes)
        self.device_group = house.site.device_group(node) if device_group is None else device_group
        """Under whose name it uses devices now; a service that works for others changes it."""
        self.working_set_bytes = working_set_bytes
        clock = self.clock = house.clock("" if service else tenant)
        self.account = Account(lambda: self.environment.now, lambda: clock.paused_s)
        self.charges, self.spent = self.account.charges, self.account.spent
        self.started_s = self.environment.now
        self.ended_s: float | None = None
        self.path = house.own_path(node) if service else house.path(node)
        self._ticks = house.tick_work(self.path)
        self._slices = self._price_slices()
        self._in_flight: Work | None = None
        self._state = "asleep"
        self._sent: dict[str, UnderWay] = {}
        self._admission: tuple[Ring, simpy.Event | None, float] | None = None
        self._blocked = True
        self._running: simpy.Event | None = None
        self._leaves: Check | None = None
        self._interrupts = False
        self._repeats = 1.0
        """How often it waits in truth where it waits once here: at each request of a train."""
        self.on_sent: Callable[[float], None] | None = None
        """Told of each piece of data that has left the machine, how long it had been on its way."""
        self.on_letter: Callable[[str, Letter | None], None] = lambda _name, _letter: None
        """Told what came when it waited for a letter: its name, and the letter or that none came in time."""
        self._turn: tuple[Mailbox, simpy.Event | None] | None = None
        """What it has its turn at, or waits for: one thread after the other, of all tenants."""
        self._ride = None if service else house.ride(node)
        self._hands: list[Item] = []
        """What a service has taken of its queue and not done yet."""
        self._drains: Ring | None = None
        self._asking: Demand | None = None
        self._asked_s = 0.0
        self._met = False
        """Whether its demand has reached another thread: a message or a lock was taken, or handed on."""

    # ---- lives

    def live(self, demands: Iterable[Demand], *, begun: bool = False) -> Life:
        """Run a program to its end, from its beginning or from where it has come to."""
        yield from self._begin_life()
        if not begun:
            yield from self.do(self.house.thread_start(self.node))
        for demand in demands:
            yield from self.ask(demand)
        self._asking = None
        yield from self._drain()
        self.end()

    @property
    def asking(self) -> Demand | None:
        """What is left of the demand that it is at; None when it has asked for all.

        Of processor time that is exact once the thread was lowered again; of a sleep what is left to sleep. A meeting
        with another thread has taken place or has not: what is paid after it is left out. Anything else is one piece,
        of which nothing counts before its end.
        """
        asking = self._asking
        if asking is not None and self._met:
            return replace(asking, count=0.0)
        if isinstance(asking, Sleep) and self._blocked and self._state == "asleep":
            slept_s = self.clock.now - self._asked_s
            return replace(asking, time_s=max(0.0, asking.time_s - slept_s))
        return asking

    def carry_out(self, plan: Plan) -> Life:
        """One plan is this thread's whole life."""
        self._leaves = plan[-1] if plan and isinstance(plan[-1], Check) else None
        yield from self._begin_life()
        yield from self.do(plan)
        yield from self._drain()
        self.end()

    def carry_out_each(self, plans: Iterable[Plan]) -> Life:
        """Plans one after the other, each asked for when the one before is done, are this thread's whole life."""
        yield from self._begin_life()
        for plan in plans:
            yield from self.do(plan)
        yield from self._drain()
        self.end()

    def _begin_life(self) -> Life:
        """Runnable from now on, on a carrier of its layer if that has some."""
        self._unblock()
        if self._ride is not None:
            yield from self._mount(self._ride)

    def ask(self, demand: Demand, cause: str = PROGRAM) -> Life:
        """Carry out one demand. If the house changes meanwhile, what is left of it is lowered again."""
        if self._ride is not None:
            self._ride.demand = type(demand)
        if self.house.watches and not self.service:
            self._asking = demand
            for watch in self.house.watches.get(self.tenant, ()):
                yield from self.do(watch(self, demand))
        if carry_out := _LETTERS.get(type(demand)):
            self._asking, self._met = demand, False
            yield from carry_out(self, demand, cause)
            return
        plan = compiled(self.node, demand, cause)
        self._asked_s, self._met = self.clock.now, False
        while plan:
            self._asking = demand
            if _is_work(plan):
                left = demand.count * (yield from self._interruptible(plan))
            elif any(isinstance(operation, Tally) for operation in plan):
                left = demand.count - (yield from self._portion(demand, cause))
            else:
                yield from self.do(plan)
                return
            if left <= 0.0:
                return
            demand = replace(demand, count=left)
            plan = compiled(self.node, demand, cause)

    def _send_letter(self, demand: SendLetter, cause: str) -> Life:
        """Sent as any data; it is there once all that took it over from this thread have passed it on."""
        post, letter = self.house.post, Letter(self.tenant, demand.content, self.environment.now)
        before = [under_way.newest for under_way in self._sent.values()]
        yield from self.do(compiled(self.node, demand.data(post.peer(demand.to, self.house.number)), cause))
        newest = (under_way.newest for under_way in self._sent.values())
        flights = [each for each in newest if each is not None and all(each is not other for other in before)]
        ahead = [flight.done for flight in flights if not flight.done.processed]
        if not ahead:
            post.deliver(demand.to, demand.door, letter)
            return
        passed_on = self.environment.all_of(ahead)
        assert passed_on.callbacks is not None
        passed_on.callbacks.append(lambda _: post.deliver(demand.to, demand.door, letter))

    def _receive_letter(self, demand: ReceiveLetter, cause: str) -> Life:
        """Waited for, then taken like any request; if none comes in time, the call that waited returns."""
        post = self.house.post
        letter = post.take(self.tenant, demand.door)
        if letter is None:
            letter = yield from self._await_letter(demand)
        self.on_letter(self.name, letter)
        if letter is None:
            yield from self.do(compiled(self.node, SystemCall("null_io"), cause))
            return
        yield from self.do(compiled(self.node, demand.request(post.peer(letter.sender, self.house.number)), cause))
        post.taken(self.tenant, demand.door, letter)

    def _await_letter(self, demand: ReceiveLetter) -> Generator[simpy.Event, Any, Letter | None]:
        """Asleep until it comes. Where a device thread takes it in, that wakes this thread, with all that takes."""
        post = self.house.post
        arrival = post.wait(self.tenant, demand.door)
        waited: simpy.Event = arrival
        if isfinite(demand.timeout_s):
            waited = arrival | self.clock.timeout(demand.timeout_s)
        taken_in = any(
            isinstance(operation, Enqueue) and operation.wait
            for operation in compiled(self.node, demand.request("neighbour"))
        )
        if taken_in and self._ride is None:
            self._block()
            self._state = "blocked_message"
            yield waited
            if self.ended_s is not None:
                yield self.environment.event()  # stopped meanwhile: never goes on
            self.account.waited(self._state)
            self._unblock()
        else:
            yield from self._wait(waited, "blocked_message")
        if arrival.triggered:
            letter = arrival.value
            assert isinstance(letter, Letter)
            return letter
        post.give_up(self.tenant, demand.door, arrival)
        return None

    def _portion(self, demand: Demand, cause: str) -> Generator[simpy.Event, Any, float]:
        """As much of a demand as its layer lets pass at once, and what the layer does then; returns how much it was."""
        plan = compiled(self.node, demand.one(), cause)
        index = next(index for index, operation in enumerate(plan) if isinstance(operation, Tally))
        tally = plan[index]
        assert isinstance(tally, Tally)
        count = min(demand.count, tally.begin())
        if count > 0.0:
            steps = scale(plan[:index], count)
            if _is_work(steps):
                count *= 1.0 - (yield from self._interruptible(steps))
            else:
                yield from self.do(steps)
        tally.end(count)
        yield from self.do(plan[index + 1 :])
        return count

    def _interruptible(self, plan: Plan) -> Generator[simpy.Event, Any, float]:
        """Processor time, then what goes with as much of it as was done; returns which part was left undone."""
        work, *series = plan
        assert isinstance(work, Work)
        left = yield from self._work(work)
        if series:
            yield from self.do(scale(tuple(series), 1.0 - left))
        return left

    def serve(self, service: Service, ring: Ring) -> Life:
        """Drain a queue in batches, for ever: first what has come back from the devices, then what is new."""
        woken, turn = (compile_steps(self.node, steps, self.node.path) for steps in (service.woken, service.turn))
        untold: list[tuple[Item, Waited]] = []
        self._drains = ring
        self._interrupts, since_s = bool(service.budget_s), self.environment.now
        while True:
            if not ring.items and not ring.through:
                for item, waited in untold:
                    item.done.succeed(waited)
                untold.clear()
                self._run_before_others(self._interrupts)
                yield from self._wait(ring.server_waits(), "asleep")
                since_s = self.environment.now
                yield from self.do(woken)
            else:
                self._unblock()
            if self._interrupts and self.environment.now - since_s > service.budget_s:
                self._run_before_others(False)
            yield from self.do(turn)
            for item, waited in ring.take_through():
                yield from self.do(item.finish)
                item.done.succeed(waited)
            self._hands += ring.take(service.batch)
            for item in tuple(self._hands):
                self.device_group, had_s = item.group, self.spent["blocked_disk"]
                left = yield from self._serve(item, service.serial)
                if left:
                    self._hands.remove(item)
                    self._leave(ring, item, left)
                    continue
                yield from self.do(item.finish)
                self._hands.remove(item)
                waited = ("blocked_disk", self.spent["blocked_disk"] - had_s)
                if service.tells_at_the_end:
                    untold.append((item, waited))
                else:
                    item.done.succeed(waited)

    def _run_before_others(self, before: bool) -> None:
        """Interrupt work comes before all threads; what has become too much of it is a thread like others."""
        weight = _BEFORE_ALL if before else 1.0
        if self.share.weight != weight:
            self.machine.cpu.sharing.set(self.share, weight=weight)

    def repeat(self, service: Service) -> Life:
        """Look for work of its own now and then, for ever."""
        assert service.wanted is not None and service.demand is not None
        while True:
            yield self.environment.timeout(service.period_s)
            if self.ended_s is not None:
                return
            if service.wanted():
                self.account.waited("asleep")
                yield from self._go_on()
            while service.wanted():
                yield from self.ask(service.demand)
            self._block()
            self._state = "asleep"

    # ---- operations

    def do(self, plan: Plan) -> Life:
        """Carry out a plan, one operation after the other."""
        for operation in plan:
            if isinstance(operation, Work):
                yield from self._whole(operation)
            elif isinstance(operation, Pick):
                yield from self.do(operation.options[operation.decide()])
            elif carry_out := _TAKING_TIME.get(type(operation)):
                yield from carry_out(self, operation)
            else:
                self._at_once(operation)

    def _unfold(self, operation: Unfold) -> Life:
        """What is worked out now."""
        yield from self.do(operation.plan(self.environment.now))

    def _own(self, operation: Own) -> Life:
        """A demand of the layer itself."""
        yield from self.ask(operation.demand, operation.node.path)

    def _series(self, series: Series) -> Life:
        """Plans as often as their layer says, who decides again after each round."""
        for counts in series.decide(self.house.holders(self), series.demands):
            for plan, train, count in zip(series.plans, series.trains, counts, strict=True):
                if train and count:
                    self._repeats = max(1.0, count)
                    yield from self.do(scale(plan, count, apart=True))
                    self._repeats = 1.0
                else:
                    for _ in range(-int(-count // 1)):
                        yield from self.do(plan)

    def _wake(self, wake: Wake) -> Life:
        """A message or a lock handed on; whoever waits for it may have to be waked on another processor first."""
        if wake.by == "turn":
            self._pass_on()
            return
        box = self.house.mailbox("" if wake.everyone else self.tenant, wake.by, wake.name)
        wakes = box.waited_for and (self._ride is None or self._ride.pool.free > 0.0)
        work = self.house.notifying(self.path) if wakes else None
        if work is not None:
            yield from self._whole(work)
        box.put(interrupts=work is not None)
        self._met = True

    def _at_once(self, operation: Operation) -> None:
        """What takes no time.

        Raises:
            Refused: the program may not go on.
            Exited: it ends its process.
        """
        if isinstance(operation, Keep):
            self.house.keep(self.tenant, self.node, operation.size_bytes, program=operation.program)
        elif isinstance(operation, Halt):
            self.house.freeze(operation.node, operation.stop)
        elif isinstance(operation, Note):
            self.house.log.note(self.name, operation.node.path, operation.line)
        elif isinstance(operation, Tally):
            operation.end(operation.demands)
        elif isinstance(operation, Alter):
            operation.apply()
            self.house.relower(operation.node)
        elif isinstance(operation, Over):
            raise Exited(f"{operation.node.path} ends")
        elif isinstance(operation, Check) and (refusal := operation.refusal()):
            raise Refused(refusal)

    def _whole(self, work: Work) -> Life:
        left = yield from self._work(work)
        while left > 0.0:
            work = repeated(work, left)
            left = yield from self._work(work)

    def _work(self, work: Work) -> Generator[simpy.Event, Any, float]:
        """Processor time with the ticks that fall into it; returns which part of it was left undone."""
        work = self._with_ticks(work)
        cpu = self.machine.cpu
        total = work.cycles + work.stall_s * cpu.frequency_hz
        if total <= 0.0:
            return 0.0
        frequency_hz = cpu.frequency_hz
        self._in_flight = work
        self._running = cpu.run(work.cycles, self.share, work.stall_s, work.traffic)
        remainder = yield self._running
        if self.ended_s is not None:
            yield self.environment.event()  # stopped meanwhile: never goes on
        self._in_flight = None
        self._book(work, 1.0 - remainder / total, frequency_hz)
        left: float = remainder / total
        return left

    def _with_ticks(self, work: Work) -> Work:
        """LAWS: a background load rho at top priority stretches work by 1 / (1 - rho)."""
        if not self._ticks.parts:
            return work
        frequency_hz = self.machine.cpu.frequency_hz
        rho = self._ticks.cycles / frequency_hz + self._ticks.stall_s
        if rho >= 1.0:
            raise RunError(f"{self.node.path}: its timers alone need {rho:.0%} of a processor; lower tick_hz")
        seconds = (work.cycles / frequency_hz + work.stall_s) / (1.0 - rho)
        ticks = [
            Part(p.key, p.cycles * seconds, p.stall_s * seconds, p.operations * seconds) for p in self._ticks.parts
        ]
        cycles, stall_s = work.cycles + self._ticks.cycles * seconds, work.stall_s + self._ticks.stall_s * seconds
        return Work(cycles, stall_s, (*work.parts, *ticks), work.traffic)

    def _move(self, move: Move) -> Life:
        """A transfer. Within its window the thread goes on; else it waits for the oldest ones, or for all."""
        if move.not_before_s > self.environment.now:
            yield from self._wait(self._detach(move), "blocked_network")
            return
        under_way = self._under_way(move.device)
        request = self._start(move)
        under_way.add(Flight(request.done, move.size_bytes, (request, move)))
        if move.device == NIC_SEND:
            self._tell_of(request.done)
        while under_way.exceeds(move.window_bytes):
            yield from self._retire(under_way, "blocked_disk" if move.device == DISK else "blocked_network")

    def _arrive(self, move: Move) -> Life:
        """A transfer that begins later; its thread waits once, for its end."""
        yield self.environment.timeout(move.not_before_s - self.environment.now)
        yield self._begin(move).done

    def _start(self, move: Move) -> Request:
        return self.machine.transfer(
            move.device, move.size_bytes, move.packets, move.position_bytes, move.write, move.stream, self.device_group
        )

    def _under_way(self, name: str) -> UnderWay:
        """What is under way to a device or queue; what has arrived meanwhile is booked first."""
        under_way = self._sent.setdefault(name, UnderWay())
        while under_way and under_way.oldest.done.processed:
            self._arrived(under_way)
        return under_way

    def _retire(self, under_way: UnderWay, state: str | None) -> Life:
        if not under_way.oldest.done.processed:
            yield from self._wait(under_way.oldest.done, state)
        self._arrived(under_way)

    def _arrived(self, under_way: UnderWay) -> None:
        transfer = under_way.retire().transfer
        if transfer is not None:
            self.account.transfer(*transfer)

    def _drain(self) -> Life:
        """Wait for everything that is still under way."""
        for under_way in self._sent.values():
            while under_way:
                ours = under_way.oldest.transfer
                yield from self._retire(under_way, "blocked_network" if ours else None)

    def _block_on(self, block: Block) -> Life:
        if block.by in ("message", "lock", "turn"):
            everyone = block.everyone or block.by == "turn"
            box = self.house.mailbox("" if everyone else self.tenant, block.by, block.name)
            if block.spin_s > 0.0:
                yield from self._spin(block, box)
                self._met = True
                return
            arrival = box.get(self._made_runnable)
            if block.by == "turn":
                self._turn = (box, arrival)
            if arrival is None:
                self._met = True
                return
        else:
            time_s = max(block.time_s, block.until_s - self.environment.now)
            if time_s <= 0.0:
                return
            clock = self.clock if block.by == "time" else self.environment
            arrival = clock.timeout(time_s)
        yield from self._wait(arrival, _WAITING[block.by])

    def _spin(self, block: Block, box: Mailbox) -> Life:
        """Look again and again for a lock, for so much processor time at most; then sleep until it is handed on.

        Whoever spins has its turns as if it computed: it sees that the lock is its own while it has the processor,
        and keeps those off it that it waits for. The lock goes to the longest waiting, whether that runs or not.
        """
        looks = True

        def handed(interrupted: bool) -> Work | None:
            if not looks:
                return self._made_runnable(interrupted)
            if self.share.active:
                self.machine.cpu.stop(self.share)
            return None

        arrival = box.get(handed, lambda: not looks)
        if arrival is None:
            return
        left_s, key = block.spin_s, Key(CPU, block.spinner, "lock_spin")
        while left_s > 0.0 and not arrival.triggered:
            part_s = min(left_s, _LOOKS_S)
            cycles = part_s * self.machine.cpu.frequency_hz
            undone = yield from self._work(Work(cycles, 0.0, (Part(key, cycles, 0.0, 0.0),)))
            left_s -= part_s * (1.0 - undone)
        looks = False
        if not arrival.triggered:
            yield from self._wait(arrival, _WAITING["lock"])

    def _enqueue(self, operation: Enqueue) -> Life:
        """Put work into a queue, and wait for it if asked to."""
        item = yield from self._hand_over(operation)
        if operation.forgotten:
            return
        if operation.wait:
            yield from self._wait(item.done, None)
            if operation.notice and self._ring(operation).notice_is_due(self.environment.now):
                yield from self.do(operation.notice)
            return
        under_way = self._under_way(operation.queue)
        under_way.add(Flight(item.done, operation.size_bytes))
        if operation.kick and operation.home is None:
            self._tell_of(item.done)
        while under_way.exceeds(operation.window_bytes):
            yield from self._retire(under_way, None)

    def _tell_of(self, done: simpy.Event) -> None:
        """Data leave the machine when a card, or the device thread that serves a virtual one, is done with them."""
        if self.on_sent is None or done.callbacks is None:
            return
        tell, begun_s = self.on_sent, self.environment.now
        done.callbacks.append(lambda _: tell(self.environment.now - begun_s))

    def _ring(self, operation: Enqueue) -> Ring:
        """The queue of an operation: its layer's, or this thread's own."""
        return self.house.ring(operation.queue) if operation.home is None else self.house.own_ring(self, operation)

    def _hand_over(self, operation: Enqueue) -> Generator[simpy.Event, Any, Item]:
        """Put work into a queue: wait for room, pay the kick if its server sleeps."""
        ring = self._ring(operation)
        room = ring.admit(operation.slots)
        self._admission = (ring, room, operation.slots)
        if room is not None:
            yield from self._wait(room, "overhead_wait")
        if ring.kick_is_due():
            yield from self.do(operation.kick)
        self._admission = None
        return ring.put(operation, self.device_group)

    def _serve(self, item: Item, serial: bool) -> Generator[simpy.Event, Any, list[tuple[simpy.Event, str]]]:
        """One item. Its transfers are not waited for, nor what it hands on: returns those that are not done yet.

        A serial service waits for the disk, and only then takes the next item; packets it hands over and goes on.
        """
        left: list[tuple[simpy.Event, str]] = []
        for operation in item.work if serial else _decided(item.work):
            if isinstance(operation, Move) and not (serial and operation.device == DISK):
                state = "blocked_disk" if operation.device == DISK else "blocked_network"
                left.append((self._detach(operation), state))
            elif isinstance(operation, Enqueue) and not serial:
                left.append(((yield from self._hand_over(operation)).done, ""))
            else:
                yield from self.do((operation,))
        return [each for each in left if not each[0].processed]

    def _leave(self, ring: Ring, item: Item, left: list[tuple[simpy.Event, str]]) -> None:
        """An item stays with devices, or with other services: it goes on by itself, or comes back to be finished."""
        since_s, states = self.environment.now, dict(left)
        waiting = len(left)

        def arrived(event: simpy.Event) -> None:
            nonlocal waiting
            waiting -= 1
            if waiting:
                return
            if self.ended_s is not None and not item.done.triggered:
                ring.put_back((item,))  # nobody is there any more to say that it is done: it is asked for again
                return
            state = states[event]
            waited = (state, self.environment.now - since_s) if state else event.value
            if item.finish:
                ring.come_back(item, waited)
            else:
                item.done.succeed(waited)

        for event, _ in left:
            assert event.callbacks is not None
            event.callbacks.append(arrived)

    def _detach(self, move: Move) -> simpy.Event:
        """Start a transfer that nobody of this thread waits for; it is booked when it ends, or when the run does."""
        if move.not_before_s > self.environment.now:
            return self.environment.process(self._arrive(move))
        return self._begin(move).done

    def _begin(self, move: Move) -> Request:
        request = self._start(move)
        flight = (request, self, move)
        self.house.detached.append(flight)

        def finished(_: simpy.Event) -> None:
            self.house.detached.remove(flight)
            self.account.transfer(request, move)

        assert request.done.callbacks is not None
        request.done.callbacks.append(finished)
        return request

    def _branch(self, branch: Branch) -> Life:
        ends = [self.house.spawn(self, plan, branch.processes) for plan in branch.plans]
        if branch.wait:
            yield from self._wait(self.environment.all_of(ends), "overhead_wait")

    def _pass_on(self) -> None:
        """Its turn is over, or it gives up waiting for it: the next goes on."""
        if self._turn is not None:
            box, arrival = self._turn
            self._turn = None
            if arrival is None or arrival.triggered:
                box.put()
            else:
                box.forget(arrival)

    # ---- blocking and going on

    def _wait(self, event: simpy.Event, state: str | None) -> Life:
        """Block until an event; the time goes to ``state``.

        With None it is a service that is waited for: the time it waited for a device in our name is ours too,
        the rest is overhead.
        """
        self._block()
        self._state = state or "overhead_wait"
        ride = self._ride
        if ride is not None:
            ride.wait()
        device_wait = yield event
        if self.ended_s is not None:
            yield self.environment.event()  # stopped meanwhile: never goes on
        self._met = self._met or state in _MEETING
        if state is None:
            self.account.waited_for_service(device_wait)
        else:
            self.account.waited(state)
        work = device_wait if isinstance(device_wait, Work) else None
        if ride is None or ride.go_on():
            yield from self._go_on(work)
            return
        if (yield from self._mount(ride)):
            work = _NOTHING
        if work is not None:
            self._unblock()
        yield from self._go_on(work)
        yield from self.do(ride.switch)

    def _mount(self, ride: Ride) -> Generator[simpy.Event, Any, bool]:
        """Get on a carrier; returns whether it had to wait for one, which then was not asleep."""
        arrival = ride.mount()
        if arrival is None:
            return False
        self._block()
        self._state = "ready"
        yield arrival
        if self.ended_s is not None:
            yield self.environment.event()  # stopped meanwhile: never goes on
        ride.mounted()
        self.account.waited("ready")
        self._unblock()
        return True

    def _made_runnable(self, interrupted: bool) -> Work:
        """Another thread wakes this one, which counts as running from now on; returns what its waking takes."""
        if self._ride is not None and self._ride.pool.free <= 0.0:
            return _NOTHING  # the carrier that it will get runs
        self._blocked = False
        return self.house.waking(self.path, interrupts=self._interrupts, notified=interrupted)

    def _block(self) -> None:
        if not self._blocked:
            self._blocked = True
            self.house.block(self.path)

    def _unblock(self) -> None:
        if self._blocked:
            self._blocked = False
            self.house.unblock(self.path)

    def _go_on(self, work: Work | None = None) -> Life:
        """Pay for being woken: transitions of the layers, then cache and idle state of the machine.

        Args:
            work: what the transitions take, if whoever woke it knows.
        """
        if work is None:
            work = self.house.waking(self.path, interrupts=self._interrupts)
            self._blocked = False
        cpu = self.machine.cpu
        idle_s, refill_s = cpu.wake_latency_s(self.share), cpu.resume(self.share, self.working_set_bytes)
        stalls = [
            Part(Key(CPU, "machine", mechanism), 0.0, stall_s, 1.0)
            for mechanism, stall_s in (("idle_exit", idle_s), ("cache_refill", refill_s))
            if stall_s > 0.0 and mechanism not in self.house.without
        ]
        stall_s = sum(part.stall_s for part in stalls)
        if work.parts or stalls:
            once = Work(work.cycles, work.stall_s + stall_s, (*work.parts, *stalls))
            yield from self._whole(once if self._repeats == 1.0 else repeated(once, self._repeats))

    # ---- the end

    def end(self) -> None:
        """The thread's life is over."""
        self._block()
        if self._ride is not None:
            self._ride.end()
        self.machine.cpu.forget(self.share)
        self.ended_s = self.environment.now

    def stop(self) -> None:
        """End the thread by force: what it did until now is booked, and it never goes on.

        A child process leaves its kernel's table, as at the end of its life.
        """
        if self.ended_s is None:
            self._book_unfinished()
            if self._leaves is not None:
                self._leaves.refusal()
            self._pass_on()
            if self._admission is not None:
                ring, room, slots = self._admission
                ring.withdraw(room, slots)
            if self._drains is not None:
                self._drains.put_back(self._hands)
            self.end()

    def relower(self) -> None:
        """Stop the step in flight; what is left of it goes on under the rules of now."""
        self._ticks = self.house.tick_work(self.path)
        self._slices = self._price_slices()
        if self.share.active:
            self.machine.cpu.stop(self.share)

    @property
    def state(self) -> str:
        """What it does now: wait for something, in the words of the ledger, or run, as far as it may."""
        if self.ended_s is not None:
            return "ended"
        return self._state if self._blocked else "running"

    @property
    def since_s(self) -> float:
        """Since when, or since its last step."""
        return self.account.since_s

    @property
    def asleep(self) -> bool:
        """Whether it asks for nothing now: it has ended, or waits for nothing but time."""
        return self.ended_s is not None or (self._blocked and self._state == "asleep")

    def close(self) -> None:
        """Book what is in flight at the end of the run, and check the ledger.

        Raises:
            LedgerError: the states do not add up to the thread's life.
        """
        if self.ended_s is None:
            self._book_unfinished()
            self.ended_s = self.environment.now
        for under_way in self._sent.values():
            while under_way:
                self._arrived(under_way)
        self.account.check(f"{self.tenant}/{self.name}", self.ended_s)

    def _book_unfinished(self) -> None:
        """Book what is in flight, or what is waited for, as far as it has come."""
        work, self._in_flight = self._in_flight, None
        if work is None:
            self.account.waited(self._state if self._blocked else "overhead_wait")
            return
        frequency_hz = self.machine.cpu.frequency_hz
        total = work.cycles + work.stall_s * frequency_hz
        if self.share.active:
            remainder = self.machine.cpu.stop(self.share)
        else:  # it has just ended, or been taken back to be lowered again
            ended = self._running
            remainder = float(ended.value or 0.0) if ended is not None and ended.triggered else 0.0
        self._book(work, 1.0 - remainder / total, frequency_hz)

    def _book(self, work: Work, done: float, frequency_hz: float) -> None:
        """What was done of a step, and the switches between slices that came meanwhile."""
        if lost := self.machine.cpu.lost(self.share):
            self.account.contention(lost)
        if self.share.switches:
            self.machine.cpu.spend(self.account.slices(self._slices, frequency_hz, self.share))
        self.account.work(work, done, frequency_hz, self.share)
        if self.machine.cpu.slices:
            self.account.round()

    def _price_slices(self) -> dict[Share, Work]:
        """What a switch to this thread takes, at each scheduler below it; nothing where there are no slices."""
        cpu = self.machine.cpu
        if not cpu.slices:
            return {}
        works = self.house.slice_works(self)
        self.share.switch_s = cpu.switch_s(works[self.share].cycles, works[self.share].stall_s)
        return works


_LETTERS: Mapping[type, Callable[[Thread, Any, str], Life]] = {
    SendLetter: Thread._send_letter,
    ReceiveLetter: Thread._receive_letter,
}
"""What a thread does itself, of what a program asks for."""
_TAKING_TIME: Mapping[type, Callable[[Thread, Any], Life]] = {
    Move: Thread._move,
    Unfold: Thread._unfold,
    Enqueue: Thread._enqueue,
    Own: Thread._own,
    Block: Thread._block_on,
    Series: Thread._series,
    Branch: Thread._branch,
    Wake: Thread._wake,
}
"""How a thread carries out each operation that may take time."""


def _is_work(plan: Plan) -> bool:
    """Whether a plan is processor time, with at most what its layer decides for each part of it."""
    if not plan or not isinstance(plan[0], Work):
        return False
    return len(plan) == 1 or all(isinstance(each, Series) for each in plan[1:])


def _decided(plan: Plan) -> Iterator[Operation]:
    """A plan's operations, each decision taken when it is reached."""
    for operation in plan:
        if isinstance(operation, Pick):
            yield from _decided(operation.options[operation.decide()])
        else:
            yield operation


def repeated(work: Work, count: float) -> Work:
    """The same processor time so often."""
    (found,) = scale((work,), count)
    assert isinstance(found, Work)
    return found


def transition_work(node: Node, kind: Any) -> Work:
    """What one transition costs at a node: processor time only.

    Raises:
        TypeError: the layer's reaction does anything else.
    """
    plan = compile_steps(node, node.layer.react(Transition(kind)), node.path)
    if not plan:
        return Work(0.0, 0.0, ())
    if len(plan) > 1 or not isinstance(plan[0], Work):
        raise TypeError(f"{node.path}: the reaction to {kind!r} may only take processor time")
    return plan[0]
