"""Interpreter or compiler: from how many invocations on it pays to compile a method."""

from __future__ import annotations

from random import Random

from simulator.demands import Portable
from simulator.layers._jvm_code import Code
from simulator.layers._jvm_compilers import CodeCache, Queue
from simulator.layers._jvm_policy import INTERPRETED, MODES, Policy
from simulator.parameters import Parameters
from simulator.quiz.bench import figures
from simulator.quiz.case import Case, Question, Table, Working, number

TITLE = "a Java method: interpret it so often, or compile it"
LEVELS = {1: "break-even", 2: "and when HotSpot's rule says so"}
_PRODUCT, _MACHINE = "hotspot-17", "epyc-zen4-vm"
_THRESHOLD, _LOOKS = "tier3_invocations_count", "interpreter_notice_invocations_count"
_K, _M = 1e3, 1e6


def case(random: Random, level: int) -> Case:
    """A method of some bytecodes without loops; rounded figures of the catalog."""
    own = figures(_PRODUCT, _MACHINE)
    interpreted = round(own["interpreter_cycles"] + own["c2_cycles"], 1)
    compiled = round(own["c2_cycles"], 1)
    compile_cycles = round(own["c2_compile_cycles"] / _K) * 1000 // random.choice((1, 2, 4))
    body, times = random.choice((10, 20, 25, 40, 50, 80)), random.randint(2, 30) * 1000
    code = method(body, interpreted, compiled, compile_cycles)
    extra, work = code.level_cycles(INTERPRETED), code.compile_cycles(code.groups[0], "c2")
    even = work / (extra * body)
    slow, fast = times * body * (extra + compiled) / _M, (times * body * compiled + work) / _M
    by_hand = Working()
    saved = by_hand.step("one invocation saves", f"{body} * ({interpreted} - {compiled})", "cycles")
    cost = by_hand.step("compiling takes", f"{body} * {compile_cycles}", "cycles")
    by_hand.step("what pays for it", f"{cost} / {saved}", "invocations")
    first, second = Working(), Working()
    first.step("all invocations", f"{times} * {body} * {interpreted} / 1000000", "M cycles")
    made = second.step("compiling", f"{body} * {compile_cycles} / 1000000", "M cycles")
    second.step("and all invocations", f"{made} + {times} * {body} * {compiled} / 1000000", "M cycles")
    better = Working(first, second)
    better.pick("the smaller one", "interpret" if float(first.value) <= float(second.value) else "compile")
    questions = [
        Question("interpret", f"What do {times} invocations take if all are interpreted?", "M cycles", slow, first),
        Question("compile", "What do they take if the method is compiled before the first one?", "M cycles", fast,
                 second),
        Question("better", "Which takes less processor time?", "", "interpret" if slow <= fast else "compile", better,
                 ("interpret", "compile")),
        Question("even", "After how many invocations has compiling paid for itself?", "invocations", even, by_hand),
    ]  # fmt: skip
    if level > 1:
        questions.append(_noticed(code))
    rows = [
        ("a bytecode in the interpreter [cycles]", number(interpreted)),
        ("a bytecode in compiled code [cycles]", number(compiled)),
        ("compiling one bytecode [cycles]", number(compile_cycles)), ("bytecodes of the method", number(body)),
    ]  # fmt: skip
    words = [
        f"A Java method of {body} bytecodes, without loops and calls, is invoked {times} times. C2 compiles it as a "
        "whole. The figures are rounded ones of virtlab's catalog, compiling made cheaper at random."
    ]
    if level > 1:
        rows += [("invocations for the next level, more than", number(_of(code, _THRESHOLD)))]
        rows += [("invocations between two looks", number(_of(code, _LOOKS)))]
        words.append(
            "HotSpot compiles a method for its next level (with C1 first) when a look at its counter finds more than "
            "so many invocations; it looks only now and then."
        )
    return Case(
        tuple(words), tuple(questions),
        f"from simulator.quiz.topics.compiling import method\ncode = method({body}, {interpreted}, {compiled}, "
        f"{compile_cycles})\n"
        f"print(code.compile_cycles(code.groups[0], 'c2') / (code.level_cycles(0) * {body}))",
        table=Table(("what", "value"), tuple(rows)),
    )  # fmt: skip


def method(body: int, interpreted: float, compiled: float, compile_cycles: int) -> Code:
    """virtlab's code of a program of one method, by HotSpot's rules.

    Args:
        body: bytecodes.
        interpreted: cycles of one in the interpreter.
        compiled: cycles of one in C2's code.
        compile_cycles: cycles of C2 for one.
    """
    extra = {"interpreter_cycles": interpreted - compiled, "c2_cycles": compiled}
    extra |= {"c2_compile_cycles": float(compile_cycles), "trivial_ratio": 0.0, "inlined_ratio": 1.0}
    extra["body_bytecodes_count"] = float(body)
    parameters, mode = Parameters({**figures(_PRODUCT, _MACHINE), **extra}), MODES["tiered"]
    policy = Policy(parameters, mode, {name: Queue(1) for name in mode.compilers}, CodeCache(1e9))
    return Code(Portable("method.jar", 1, 1.0, float(body), 1), parameters, policy)


def _of(code: Code, name: str) -> float:
    return float(code.parameters[name])


def _noticed(code: Code) -> Question:
    working = Working()
    above, every = _of(code, _THRESHOLD), _of(code, _LOOKS)
    looks = working.step("looks until the counter is that high", f"{number(above)} / {number(every)}")
    whole = working.pick("the first look that finds more", float(int(float(looks)) + 1))
    working.step("invocations until then", f"{whole} * {number(every)}")
    calls = code.policy.calls(INTERPRETED, 0.0)
    return Question(
        "noticed", "At which invocation does HotSpot send it to C1, if no queue is long?", "", calls, working
    )
