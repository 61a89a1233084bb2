"""A queue and a server: the busier it is, the longer one waits."""

from __future__ import annotations

from random import Random

from simulator import laws
from simulator.quiz.case import Case, Question, Table, Working, number

TITLE = "a queue: utilisation, waiting, and Little's law"
LEVELS = {1: "M/M/1", 2: "and service of constant length"}
_MS = 1e-3


def case(random: Random, level: int) -> Case:
    """A service of whole milliseconds and a load between a half and nine tenths."""
    service, tenths = random.choice((2, 4, 5, 8, 10, 20)), random.choice((5, 6, 7, 75, 8, 9))
    load = tenths / 10.0 if tenths < 10 else tenths / 100.0
    arrivals, serves = load * 1000.0 / service, 1000.0 / service
    more = random.choice((5, 10))
    response = laws.mm1_response_s(arrivals, serves) / _MS
    waited = laws.mg1_wait_s(arrivals, service * _MS, 2.0 * (service * _MS) ** 2) / _MS
    busy, takes, full = Working(), Working(), Working()
    used = busy.step("arrivals times service", f"{number(arrivals)} * {service} / 1000")
    busy.step("in per cent", f"{used} * 100", "%")
    rate = takes.step("served in a second", f"1000 / {service}", "requests/s")
    spent = takes.step("1 / (served - arriving)", f"1 / ({rate} - {number(arrivals)}) * 1000", "ms")
    waits, inside = Working(takes), Working(takes)
    waits.step("without its service", f"{spent} - {service}", "ms")
    inside.step("arriving in that time (Little)", f"{number(arrivals)} * {spent} / 1000", "requests")
    grown = full.step("arrivals", f"{number(arrivals)} * (1 + {more} / 100)", "requests/s")
    full.step("1 / (served - arriving)", f"1 / (1000 / {service} - {grown}) * 1000", "ms")
    questions = [
        Question("load", "Which part of the time is the server busy?", "%",
                 laws.utilisation(arrivals, service * _MS) * 100.0, busy),
        Question("response", "How long does a request take in the mean, with its waiting?", "ms", response, takes),
        Question("wait", "How long of that does it wait?", "ms", waited, waits),
        Question("inside", "How many requests are there in the mean, waiting or in service?", "requests",
                 laws.little_jobs(arrivals, response * _MS), inside),
        Question("more", f"How long does a request take if {more} % more arrive?", "ms",
                 laws.mm1_response_s(arrivals * (1.0 + more / 100.0), serves) / _MS, full),
    ]  # fmt: skip
    if level > 1:
        fixed = Working(waits)
        fixed.step("without chance in the service one waits half as long", f"{waits.written} / 2", "ms")
        found = laws.mg1_wait_s(arrivals, service * _MS, (service * _MS) ** 2) / _MS
        questions.append(Question("fixed", "How long does a request wait if each takes exactly that service?", "ms",
                                  found, fixed))  # fmt: skip
    rows = (("requests that arrive [a second]", number(arrivals)), ("mean service [ms]", number(service)))
    return Case(
        (
            "Requests come to a server at random (a Poisson stream) and are served one after the other; the time that "
            "a service takes is exponentially distributed.",
        ),
        tuple(questions),
        "from simulator import laws\n"
        f"print(laws.mm1_response_s({number(arrivals)}, {number(serves)}) * 1e3)",
        table=Table(("what", "value"), rows),
    )  # fmt: skip
