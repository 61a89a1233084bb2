"""The code of one program in a Java virtual machine: which of its methods are compiled, and when the next ones are.

As a method's part of the execution never changes, one counter is enough: the bytecodes that the program has executed.
Where some methods' C2 code will be given up once, each group has a second one beside it, which they move to when that
happens.
"""

from __future__ import annotations

from math import inf

from simulator.demands import Portable
from simulator.layers._jvm_compilers import Task
from simulator.layers._jvm_methods import Group, Rise, grouped
from simulator.layers._jvm_policy import (
    COUNTING,
    INTERPRETED,
    LIMITED,
    OPTIMIZED,
    PROFILED,
    SIMPLE,
    UNPROFILED,
    Policy,
    compiler_of,
)
from simulator.parameters import Parameters

_ROUNDING = 1e-9
"""A threshold that is missed by less than this part of all bytecodes is reached."""


class Code:
    """All methods of a program.

    Args:
        program: whose.
        parameters: the layer's numbers.
        policy: when they are compiled, by whom.
    """

    def __init__(self, program: Portable, parameters: Parameters, policy: Policy) -> None:
        self.program, self.parameters, self.policy = program, parameters, policy
        self.groups = grouped(program, int(parameters.groups_count))
        profiles = "c2" in policy.mode.compilers and not policy.mode.first
        self._falling = self._second() if program.deoptimized_ratio and profiles else 0
        self.executed = 0.0
        self.body = program.body_bytecodes or parameters.body_bytecodes_count
        """Bytecodes that a compiler compiles for one method."""
        self.loops = max(0.0, program.method_bytecodes / parameters.body_bytecodes_count - 1.0)
        """Back edges in one invocation."""
        self.given_up = 0
        """How many groups' C2 code has been given up."""
        self._under_way = self._peak = 0
        self._unsent = dict.fromkeys(policy.mode.compilers, 0)

    def _second(self) -> int:
        """Each group's second one, empty until its methods' code is given up."""
        ratio, count = self.program.deoptimized_ratio, len(self.groups)
        self.groups += [Group(group.methods * ratio, 0.0, known=True) for group in self.groups]
        for group in self.groups[:count]:
            group.settled = False
        return count

    # ---- what the code costs now

    def extra_cycles(self) -> dict[str, tuple[float, float]]:
        """By mechanism: cycles that a mean bytecode takes beyond C2's, and the part of the bytecodes run in such code.

        Where a loop has better code than its method, each invocation begins in the method's, until the counters of
        back edges are looked at next.
        """
        mechanisms = ("interpretation", "unoptimized_code") if self.policy.mode.compilers else ("interpretation",)
        found = dict.fromkeys(mechanisms, (0.0, 0.0))
        for group in self.groups:
            begins = 1.0
            if group.loop_level > group.level:
                begins = min(1.0, self.policy.every_edges(group.level) / self.loops)
            for level, heat in ((group.level, group.heat * begins), (group.loop_level, group.heat * (1.0 - begins))):
                if heat and level != OPTIMIZED:
                    mechanism = "unoptimized_code" if level else "interpretation"
                    cycles, part = found[mechanism]
                    found[mechanism] = (cycles + heat * self.level_cycles(level), part + heat)
        return found

    def level_cycles(self, level: int) -> float:
        """What a mean bytecode takes longer at a level than in C2's code."""
        parameters, program = self.parameters, self.program
        if level == INTERPRETED:
            return parameters.interpreter_cycles
        if level == UNPROFILED:
            return parameters.unprofiled_cycles * program.c1_ratio
        unlinked_cycles = parameters.unlinked_cycles if self.policy.mode.first else 0.0
        cycles = (parameters.c1_cycles + unlinked_cycles) * program.c1_ratio
        return cycles + (parameters.profiling_cycles if level == PROFILED else 0.0)

    def compile_cycles(self, group: Group, compiler: str) -> float:
        """A compiler's work for a group: the body of each method, and what it inlines there.

        C2 leaves those alone that are trivial: C1 has done with them what can be done.
        """
        return self._bytecodes(group, compiler) * self.parameters[f"{compiler}_compile_cycles"]

    def inlined_ratio(self) -> float:
        """Bytecodes that C2 compiles for each of a method's own.

        An invocation that goes round a loop L times has one call in 1 + L bodies: so many calls has each body, and as
        many each of those inlined in it, which makes 1 + 1/L bodies together. Limits of HotSpot's bound that.
        """
        parameters = self.parameters
        most = parameters["unprofiled_inlined_ratio" if self.policy.mode.first else "inlined_ratio"]
        return min(most, 1.0 + 1.0 / self.loops) if self.loops else most

    def compiled_methods(self, group: Group, compiler: str) -> float:
        """Methods of a group that a compiler compiles."""
        both = self.policy.tiered
        return group.methods * (1.0 - self.parameters.trivial_ratio) if both and compiler == "c2" else group.methods

    def _bytecodes(self, group: Group, compiler: str) -> float:
        parameters = self.parameters
        body = min(self.body, self.program.method_bytecodes)
        trivial = group.methods * parameters.trivial_ratio if self.policy.tiered else 0.0
        if compiler == "c2":
            return (group.methods - trivial) * body * self.inlined_ratio()
        return (group.methods - trivial) * body + trivial * min(body, parameters.trivial_bytecodes_count)

    def _bytes(self, group: Group, level: int) -> float:
        """Memory that a group's code of a level takes."""
        kind = {SIMPLE: "c1", LIMITED: "c1", PROFILED: "profiled"}.get(level, "c2")
        return self._bytecodes(group, compiler_of(level)) * self.parameters[f"{kind}_code_bytes"]

    def may_change(self) -> bool:
        """Whether anything is left to decide; what is longer than HotSpot's limit is never compiled."""
        return self.body <= self.parameters.huge_method_bytecodes_count and any(
            group.compiling or self.policy.next_level(group.top) or not group.settled or group.loop_level > group.level
            for group in self.groups
            if group.heat
        )

    def falling(self) -> list[Group]:
        """Groups whose C2 code may be given up once."""
        return self.groups[: self._falling]

    # ---- counting

    def begin(self) -> float:
        """Bytecodes until the next group reaches its threshold, divided among the threads that execute.

        As many threads are expected as have been executing since code was installed last. No portion is shorter than
        an invocation, or than a loop between two looks at its counter.
        """
        self._under_way += 1
        self._peak = max(self._peak, self._under_way)
        if any(self._unsent.values()):
            return 0.0
        due = min((rise.due for group in self.groups if (rise := self.rise(group))), default=inf)
        if self._reached(due):
            return 0.0
        turn = self.parameters.interpreter_notice_back_edges_count * self.parameters.body_bytecodes_count
        return max((due - self.executed) / self._peak, min(self.program.method_bytecodes, turn))

    def end(self, bytecodes: float) -> None:
        """So many have been executed; those in flight when new code was installed were executed in the old one."""
        self._under_way -= 1
        self.executed += bytecodes
        for group in self.groups:
            if group.in_flight:
                group.in_flight -= 1
                group.since, group.version = self.executed, -1

    def _reached(self, due: float) -> bool:
        return self.executed >= due * (1.0 - _ROUNDING)

    # ---- what happens next

    def rise(self, group: Group) -> Rise | None:
        """What a group comes to next, and at how many bytecodes of the program; None: nothing, or not yet."""
        if group.version != self.policy.version:
            group.coming, group.version = self._coming(group), self.policy.version
        return group.coming

    def _coming(self, group: Group) -> Rise | None:
        if group.compiling or not group.heat:
            return None
        rises = [*self._rises(group), *self._falls(group)]
        if not rises:
            return None
        soonest = min(rises)
        return soonest if soonest.due < inf and self._room(group, soonest.level) else None

    def _rises(self, group: Group) -> list[Rise]:
        policy, loops, top = self.policy, self.loops, group.top
        call = self.program.method_bytecodes / group.method_heat
        rises = []
        if group.loop_level > group.level:
            # both versions are made equal at the next look at a counter; code without any waits for an invocation
            counts = top in COUNTING
            calls = policy.every_edges(top if counts else group.level) / loops
            rises.append(Rise(group.looped + call * (calls if counts else max(1.0, calls)), top))
        elif policy.next_level(top):
            rises.append(Rise(group.since + call * policy.calls(top, loops, group.known), policy.next_level(top)))
        if policy.next_level(top, loop=True) and loops:
            turns = policy.turns(top, loops, group.known)
            rises.append(Rise(group.since + call * turns, policy.next_level(top, loop=True), True))
        return rises

    def _falls(self, group: Group) -> list[Rise]:
        """What n profiled invocations have not shown comes, if ever, about n invocations later."""
        if group.settled or group.top != OPTIMIZED:
            return []
        calls = self.policy.profiled_calls(self.loops) * self.parameters.deoptimization_delay_ratio
        return [Rise(group.since + calls * self.program.method_bytecodes / group.method_heat, INTERPRETED)]

    def decide(self) -> int:
        """What a thread does now: 0 nothing; by number from 1, ask a compiler; after these, give up a group's code."""
        for number, compiler in enumerate(self._unsent, 1):
            if self._unsent[compiler]:
                self._unsent[compiler] -= 1
                return number
        for index, group in enumerate(self.groups):
            rise = self.rise(group)
            if rise and self._reached(rise.due):
                return self._ask(index, rise) if rise.level else 1 + len(self._unsent) + index
        return 0

    def parts(self, group: Group, compiler: str) -> int:
        """In how many parts a group is compiled: one for each thread. Where callers wait, each waits for a part."""
        return max(1, min(self.policy.queues[compiler].threads, int(group.methods)))

    def _ask(self, index: int, rise: Rise) -> int:
        group, compiler = self.groups[index], compiler_of(rise.level)
        self.policy.version += 1
        self._make_room(group, rise.level)
        group.compiling, group.parts = rise, self.parts(group, compiler)
        self.policy.cache.used_bytes += self._bytes(group, rise.level)
        methods = self.compiled_methods(group, compiler)
        self.policy.queues[compiler].tasks.append(Task(self, index, group.method_heat, methods, group.parts))
        self._unsent[compiler] = group.parts - 1
        return 1 + list(self._unsent).index(compiler)

    def take(self, compiler: str) -> int:
        """A thread of a compiler begins with the hottest methods that wait: the number of their group."""
        self.policy.version += 1
        return self.policy.queues[compiler].take(self)

    def compiled(self, group: Group) -> int:
        """A part of a group is ready; 1 if it was the last one."""
        assert group.compiling is not None
        self.policy.version += 1
        compiler = compiler_of(group.compiling.level)
        self.policy.queues[compiler].done(self.compiled_methods(group, compiler) / self.parts(group, compiler))
        group.parts -= 1
        return int(not group.parts)

    def install(self, group: Group) -> None:
        """The group's new code is there; its counters begin anew, once what is in flight has been counted."""
        assert group.compiling is not None
        rise, group.compiling = group.compiling, None
        if rise.level > group.top:
            group.since, group.in_flight = self.executed, self._under_way
        if rise.loop:
            group.loop_level, group.looped = rise.level, self.executed
        else:
            group.level = rise.level
            group.loop_level = group.loop_level if group.loop_level > rise.level else INTERPRETED
        self.policy.cache.used_bytes -= self._bytes(group, rise.level)
        self._keep(group)
        self._peak = self._under_way
        self.policy.version += 1

    def give_up(self, group: Group) -> None:
        """What C2 had not been told of happens: a part of the group is interpreted again, and rises anew."""
        ratio, second = self.program.deoptimized_ratio, self.groups[self.groups.index(group) + self._falling]
        second.heat, second.since, second.in_flight = group.heat * ratio, self.executed, self._under_way
        group.methods, group.heat, group.settled = group.methods * (1.0 - ratio), group.heat * (1.0 - ratio), True
        self.given_up += 1
        self._keep(group)
        self._peak = self._under_way
        self.policy.version += 1

    # ---- room for code

    def _keep(self, group: Group) -> None:
        """What the group's code takes from now on; older versions are freed."""
        levels = [level for level in (group.level, group.loop_level) if level]
        size_bytes = sum(self._bytes(group, level) for level in levels)
        self.policy.cache.used_bytes += size_bytes - group.code_bytes
        group.code_bytes = size_bytes

    def _room(self, group: Group, level: int) -> bool:
        """Whether new code finds room, if need be in the place of code that is executed less often."""
        if not level or self.policy.cache.has_room(self._bytes(group, level)):
            return True
        colder_bytes = sum(each.code_bytes for each in self._colder(group))
        return self.policy.cache.has_room(self._bytes(group, level) - colder_bytes)

    def _colder(self, group: Group) -> list[Group]:
        """Compiled groups whose methods are less hot than a group's, the coldest first."""
        found = [
            each for each in self.groups
            if each.code_bytes and not each.compiling and each.method_heat < group.method_heat
        ]  # fmt: skip
        return sorted(found, key=lambda each: each.method_heat)

    def _make_room(self, group: Group, level: int) -> None:
        """Code that is executed less often is dropped until the new code fits."""
        for each in self._colder(group):
            if self.policy.cache.has_room(self._bytes(group, level)):
                return
            each.level = each.loop_level = INTERPRETED
            each.since, each.in_flight, each.known = self.executed, self._under_way, True
            self._keep(each)
