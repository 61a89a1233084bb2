"""How a Java virtual machine executes bytecode: what its code costs now, and who compiles it meanwhile.

A thread executes until the next group of methods reaches a threshold, puts it into the queue of a compiler, and goes on
in the old code; with ``-Xcomp`` it waits. A compiler's threads take the hottest methods first. What C2's code meets
unexpectedly is paid by the thread that executes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from simulator import demands as d
from simulator.layers._jvm_code import Code
from simulator.layers._jvm_compilers import CodeCache, Queue
from simulator.layers._jvm_methods import Group
from simulator.layers._jvm_policy import MODES, Policy
from simulator.layers._jvm_threads import KICK
from simulator.parameters import Parameters
from simulator.steps import Below, Change, Choice, Progress, Send, Step, Use

_COMPILERS = {"c1": "C1", "c2": "C2"}


class Execution:
    """The code of all programs of a virtual machine, and its compilers.

    Args:
        parameters: the layer's numbers.
        mode: one of ``MODES``, by name.
        threads: of each compiler.
        limits: what is asked of it: ``code_cache``, in bytes.
        barrier_cycles: what the collector wants done for a mean bytecode, at the moment.
    """

    def __init__(
        self, parameters: Parameters, mode: str, threads: Mapping[str, int], limits: Mapping[str, float],
        barrier_cycles: Callable[[], float] = lambda: 0.0,
    ) -> None:  # fmt: skip
        self.parameters, self.mode = parameters, MODES[mode]
        self._barrier_cycles = barrier_cycles
        self.queues = {compiler: Queue(count) for compiler, count in threads.items()}
        usual_bytes = parameters["tiered_code_cache_bytes" if len(threads) == 2 else "code_cache_bytes"]
        self.cache = CodeCache(limits.get("code_cache", usual_bytes), parameters.own_code_bytes)
        self.policy = Policy(parameters, self.mode, self.queues, self.cache)
        self.codes: dict[d.Portable, Code] = {}
        self._decisions: dict[d.Portable, tuple[int, Choice | None]] = {}

    def execute(self, demand: d.Execute) -> Iterator[Step]:
        """A mean bytecode of the program as its methods are compiled now; compilers are asked at the thresholds."""
        code = self.code(demand.program)
        yield Below(d.Compute(count=self.parameters.c2_cycles * demand.program.work_ratio))
        for mechanism, (cycles, part) in code.extra_cycles().items():
            yield Use(mechanism, cycles=cycles, operations=part)
        if barrier_cycles := self._barrier_cycles():
            yield Use("barrier", cycles=barrier_cycles * demand.program.work_ratio)
        if code.may_change():
            yield Progress(code.begin, code.end)
            yield self._decision(code)

    def code(self, program: d.Portable) -> Code:
        """The code of one program, shared by its threads."""
        code = self.codes.get(program)
        if code is None:
            code = self.codes[program] = Code(program, self.parameters, self.policy)
        return code

    def _decision(self, code: Code) -> Choice:
        """What there may be to do; the same until some group is given up, and smaller after that."""
        given_up, choice = self._decisions.get(code.program, (-1, None))
        if choice is None or given_up != code.given_up:
            choice = self._decided(code)
            self._decisions[code.program] = code.given_up, choice
        return choice

    def _decided(self, code: Code) -> Choice:
        asking = tuple((self._asking(code, compiler),) for compiler in self.mode.compilers)
        asked = (f"{_COMPILERS[compiler]} is asked" for compiler in self.mode.compilers)
        falling = tuple(self._given_up(code, group) for group in code.falling())
        fallen = (f"group {number} is deoptimized" for number, _ in enumerate(falling, 1))
        labels = ("no method is hot enough", *asked, *fallen)
        return Choice(code.decide, ((), *asking, *falling), labels)

    def _asking(self, code: Code, compiler: str) -> Send:
        """Nobody waits for a compiler: old code runs on until the new is there. With ``-Xcomp`` its caller waits."""
        options = tuple(self._compilation(code, group, compiler) for group in code.groups)
        labels = tuple(f"group {number} is compiled" for number, _ in enumerate(options, 1))
        work = (Choice(partial(code.take, compiler), options, labels),)
        waits = self.mode.first
        return Send(f"{compiler}-compiler", work, KICK, wait=waits, forgotten=not waits)

    def _compilation(self, code: Code, group: Group, compiler: str) -> tuple[Step, ...]:
        """A part of a group; after the last one the group's new code is there."""
        parts = code.parts(group, compiler)
        cycles, methods = code.compile_cycles(group, compiler), code.compiled_methods(group, compiler)
        installed = Change(partial(code.install, group))
        return (
            Use("compilation", cycles / parts, operations=methods / parts),
            Choice(partial(code.compiled, group), ((), (installed,)), ("a part is ready", "the group is ready")),
        )

    def _given_up(self, code: Code, group: Group) -> tuple[Step, ...]:
        methods = group.methods * code.program.deoptimized_ratio
        cycles = methods * self.parameters.deoptimization_cycles
        return (Use("deoptimization", cycles, operations=methods), Change(partial(code.give_up, group)))
