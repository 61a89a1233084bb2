"""A token bucket: what passes at once, and what waits until enough tokens have come."""

from __future__ import annotations

from random import Random

from simulator.devices._token_bucket import TokenBucket
from simulator.quiz.case import Case, Question, Table, Working, number

TITLE = "a token bucket: the limit of a tenant's rate"
LEVELS = {1: "requests no larger than the bucket", 2: "and one that is larger than it"}


def case(random: Random, level: int) -> Case:
    """Some requests, each of which waits for the one before."""
    rate, burst = random.choice((2, 4, 5, 10)), random.choice((20, 40, 50, 60))
    asked = _asked(random, burst, level)
    while (passed := pass_times(rate, burst, asked)) == [float(at) for at, _ in asked]:
        asked = _asked(random, burst, level)
    total = sum(size for _, size in asked)
    rate_of, most = Working(), Working()
    first = next(place for place, (at, _) in enumerate(asked) if passed[place] > at)
    last = _passes(rate, burst, asked, len(asked) - 1)
    span = random.choice((10, 20, 60))
    most.step("what is in the bucket and what comes meanwhile", f"{burst} + {rate} * {span}", "MB")
    rate_of.step("all of it over the time", f"{total} / {number(passed[-1])}", "MB/s")
    questions = (
        Question("first", "Which request is the first that has to wait? (its number)", "", float(first + 1),
                 _first(rate, burst, asked)),
        Question("waits", "When does it pass?", "s", passed[first], _passes(rate, burst, asked, first)),
        Question("last", "When does the last one pass?", "s", passed[-1], last),
        Question("mean", "What passes in the mean, from the beginning until the last one passes?", "MB/s",
                 total / passed[-1], rate_of),
        Question("most", f"How much can pass in any {span} s at most, in requests no larger than the bucket?", "MB",
                 bound_mb(rate, burst, span), most),
    )  # fmt: skip
    trace = tuple(
        (str(place), number(at), number(size), number(time))
        for place, ((at, size), time) in enumerate(zip(asked, passed, strict=True), 1)
    )
    heads = ("request", "comes [s]", "size [MB]", "passes [s]")
    larger = " One that is larger than the bucket passes when that is full, and what is missing is owed." * (level > 1)
    return Case(
        (
            f"A tenant's disk is limited by a token bucket: {rate} MB of tokens come every second, no more than "
            f"{burst} MB are kept, and at time 0 it is full. A request passes when the bucket has its whole size, and "
            f"takes that out; others wait behind it in order.{larger}",
        ),
        questions,
        f"from simulator.quiz.topics.token_bucket import pass_times\nprint(pass_times({rate}, {burst}, {asked}))",
        trace=Table(heads, trace, frozenset({heads[3]})),
    )  # fmt: skip


def _asked(random: Random, burst: int, level: int) -> list[tuple[int, int]]:
    """When requests come, and their sizes."""
    found, now = [], 0
    for _ in range(random.randint(6, 8)):
        found.append((now, random.randint(2, burst // 5) * 5))
        now += random.randint(0, 6)
    if level > 1:
        place = random.randrange(2, len(found) - 1)
        found[place] = found[place][0], burst + random.choice((10, 20))
    return found


def pass_times(rate: int, burst: int, asked: list[tuple[int, int]]) -> list[float]:
    """When virtlab's bucket lets each request pass.

    Args:
        rate: MB of tokens in a second.
        burst: MB that it keeps.
        asked: when each comes (s), and its size (MB).
    """
    bucket, now_s, found = TokenBucket(rate, burst, 0.0), 0.0, []
    for at, size in asked:
        now_s = max(now_s, float(at))
        now_s += bucket.wait_s(size, now_s)
        bucket.take(size, now_s)
        found.append(now_s)
    return found


def bound_mb(rate: int, burst: int, seconds: int) -> float:
    """What passes through virtlab's bucket in a time, from full on, in pieces of half a MB: the most there can be."""
    bucket, now_s, passed, piece = TokenBucket(rate, burst, 0.0), 0.0, 0.0, 0.5
    while (wait_s := bucket.wait_s(piece, now_s)) + now_s <= seconds + 1e-9:
        now_s += wait_s
        bucket.take(piece, now_s)
        passed += piece
    return passed


def _first(rate: int, burst: int, asked: list[tuple[int, int]]) -> Working:
    """Up to the first that passes later than it comes: there is too little, or one before it waits."""
    place = 0
    while float((working := _passes(rate, burst, asked, place)).value) <= asked[place][0]:
        place += 1
    working.pick("so the first one that waits is", float(place + 1))
    return working


def _passes(rate: int, burst: int, asked: list[tuple[int, int]], last: int) -> Working:
    """Line by line until a request passes."""
    working, tokens, then = Working(), number(burst), "0"
    for place, (at, size) in enumerate(asked[: last + 1], 1):
        now = number(max(float(at), float(then)))
        come = float(tokens) + rate * (float(now) - float(then))
        words = f"request {place} at {now} s finds"
        if come > burst:
            there = working.pick(f"{words} a full bucket", float(burst), "MB")
        elif now == then:
            there = working.pick(words, float(tokens), "MB")
        else:
            there = working.step(words, f"{tokens} + {rate} * ({now} - {then})", "MB")
        needed = number(min(size, burst))
        if float(there) < float(needed):
            now = working.step(f"  {needed} MB are there at", f"{now} + ({needed} - {there}) / {rate}", "s")
            there = needed
        tokens, then = number(float(there) - size), now
    working.pick(f"request {last + 1} passes", float(then), "s")
    return working
