"""Who gets how much of the processors by weight and cap: water-filling, level by level."""

from __future__ import annotations

from random import Random

from simulator.quiz.case import Case, Question, Table, Working, number
from simulator.quiz.topics._turns import Setting, command, measure

TITLE = "processors divided by weight, with a cap"
LEVELS = {1: "threads beside each other", 2: "and a guest with two threads"}
_CAPS = (0.1, 0.2, 0.25, 0.3, 0.4)
Parts = dict[str, tuple[float, float]]
"""Weight, and most that it can use, by name."""


def case(random: Random, level: int) -> Case:
    """Two weights and a cap at least."""
    processors = random.choice((1, 2))
    parts: Parts = {name: (float(random.randint(1, 4)), 1.0) for name in ("a", "b", "c")[: 2 + (level == 1)]}
    parts["capped"] = (float(random.randint(1, 3)), random.choice(_CAPS))
    drawn = [f"{name}:o*{number(weight)}" + (f"<{cap}" if cap < 1.0 else "") for name, (weight, cap) in parts.items()]
    inside = 2 if level > 1 else 0
    if inside:
        parts = {"guest": (float(random.randint(2, 4)), float(min(inside, processors))), **parts}
        drawn.insert(0, f"guest:[x:o y:o]{inside}*{number(parts['guest'][0])}")
    drawing = f"({' '.join(drawn)}){processors}"
    outcome = measure(drawing, Setting())
    shares = {each.thread: each.share * 100.0 for each in outcome.threads}
    asked = ["guest/x"] * bool(inside) + [name for name in parts if name != "guest"]
    questions = [
        Question(
            name.replace("/", "_"),
            f"What does {_called(name)} get, in per cent of one processor?",
            "%", shares[name], _by_hand(parts, float(processors), name),
        )
        for name in asked
    ]  # fmt: skip
    questions.append(_work(random, shares[asked[0]], _by_hand(parts, float(processors), asked[0]), _called(asked[0])))
    head = ("who", "weight", "most it can use")
    rows = tuple((name, number(weight), number(most)) for name, (weight, most) in parts.items())
    several = "one processor" if processors == 1 else f"{processors} processors"
    words = [
        f"Threads that always compute share {several} by weight, as if time was cut infinitely fine. No thread can use "
        "more than one processor, 'capped' no more than its cap, and what one leaves the others divide by weight."
    ]
    if inside:
        words.append("The guest has two virtual processors and two threads, x and y, which share what it gets equally.")
    return Case(tuple(words), tuple(questions), command(drawing, Setting()), drawing, Table(head, rows))


def _called(name: str) -> str:
    return f"thread {name.rpartition('/')[2]}" + (" of the guest" if "/" in name else "")


def _by_hand(parts: Parts, processors: float, thread: str) -> Working:
    """Round by round: whoever would get more than it can use gets that, the rest is divided anew."""
    working, left, open_parts = Working(), number(processors), dict(parts)
    name = thread.partition("/")[0]
    while True:
        total = number(sum(weight for weight, _ in open_parts.values()))
        full = {
            each: most for each, (weight, most) in open_parts.items() if float(left) * weight / float(total) >= most
        }
        if name in full or not full:
            break
        for each, most in full.items():
            would = f"{left} * {number(open_parts[each][0])} / {total}"
            working.step(f"{each} would get", would)
            working.pick(f"{each} gets what it can use", most)
        left = working.step("left for the others", " - ".join([left, *map(number, full.values())]))
        for each in full:
            del open_parts[each]
    weight, most = open_parts[name]
    got = working.step(f"{name} {'would get' if name in full else 'gets'}", f"{left} * {number(weight)} / {total}")
    if name in full:
        got = working.pick(f"{name} gets what it can use", most)
    divided = " / 2" if "/" in thread else ""
    working.step("in per cent", f"{got}{divided} * 100", "%")
    return working


def _work(random: Random, share: float, working: Working, called: str) -> Question:
    work = random.randint(2, 9)
    working.step(f"{work} s of work at this share", f"{work} / {working.value} * 100", "s")
    return Question(
        "time", f"How long does {called} take for what takes {work} s on a processor of its own?", "s",
        work / share * 100.0, working,
    )  # fmt: skip
