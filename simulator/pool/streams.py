"""Streams of requests: as a file has them, and when each of them comes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.pool.plan import Stream

if TYPE_CHECKING:
    from simulator.catalog.document import Place
    from simulator.pool.schema import PoolFile, Requests
    from simulator.scenario.lookup import Lookup

_COLUMNS = ("at_s", "lifetime_s")


def read(lookup: Lookup, file: PoolFile, folder: Path) -> list[Stream]:
    """All streams of a file; mistakes are noted."""
    from simulator.catalog.suggestion import suggestion

    found = []
    for name, form in file.requests.items():
        for kind in form.instance:
            if kind not in file.instances:
                place = ("requests", name, "instance")
                lookup.complain(place, f"no type of instance is called {kind!r}", suggestion(kind, file.instances))
        found.append(_stream(lookup, name, form, folder))
    return found


def _stream(lookup: Lookup, name: str, form: Requests, folder: Path) -> Stream:
    place: Place = ("requests", name)
    ways = [way for way in ("at", "every", "phases", "trace") if getattr(form, way) not in (None, ())]
    if len(ways) != 1:
        message = "does not say when requests come" if not ways else f"has {' and '.join(ways)} at once"
        lookup.complain(place, message, "write one of at, every, phases, trace")
    starts_s = [phase.since for phase in form.phases]
    if any(later <= earlier for earlier, later in pairwise(starts_s)):
        lookup.complain((*place, "phases"), "do not follow each other", "write them in order of 'from'")
    lifetime_s = inf if form.lifetime is None else form.lifetime
    moments: tuple[tuple[float, float], ...] = ()
    if form.at is not None:
        moments = tuple((at_s, lifetime_s) for at_s in form.at for _ in range(form.count or 1))
    elif form.trace is not None:
        moments = _trace(lookup, place, folder / form.trace)
    phases = tuple((phase.since, phase.every) for phase in form.phases)
    return Stream(
        name=name, types=form.instance, moments=moments,
        phases=((form.since, form.every),) if form.every is not None else phases,
        even=form.arrivals == "even", most=inf if form.count is None else form.count,
        until_s=inf if form.until is None else form.until, lifetime_s=lifetime_s,
        fixed_lifetime=form.lifetimes == "fixed" or form.trace is not None, wait_s=form.wait, keep=form.keep or "",
    )  # fmt: skip


def _trace(lookup: Lookup, place: Place, path: Path) -> tuple[tuple[float, float], ...]:
    """The requests in a file, with their lifetimes; mistakes are noted."""
    at = (*place, "trace")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
            moments = [(float(row["at_s"]), float(row["lifetime_s"]) if row["lifetime_s"] else inf) for row in rows]
    except OSError as error:
        lookup.complain(at, f"{path} cannot be read: {error.strerror}", "correct the path")
        return ()
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path} is no trace of requests ({error!r})"
        lookup.complain(at, message, f"give it the columns {' and '.join(_COLUMNS)}, in seconds")
        return ()
    if any(at_s < 0.0 or lifetime_s <= 0.0 for at_s, lifetime_s in moments):
        lookup.complain(at, f"{path} has a negative time or a lifetime of nothing", "correct the file")
    return tuple(sorted(moments))


def arrivals(stream: Stream, uniform: Iterator[float]) -> Iterator[tuple[float, float]]:
    """When requests come, and for how long each is wanted.

    Args:
        stream: what is said of it.
        uniform: exponential draws of mean 1, in turn for a time between requests and for a lifetime.
    """
    for number, moment in enumerate(_moments(stream, uniform)):
        if (number >= stream.most and not stream.moments) or moment[0] > stream.until_s:
            return
        yield moment


def _moments(stream: Stream, unit: Iterator[float]) -> Iterator[tuple[float, float]]:
    def lifetime_s(mean_s: float) -> float:
        return mean_s if stream.fixed_lifetime or mean_s == inf else mean_s * next(unit)

    if stream.moments:
        for at_s, mean_s in stream.moments:
            yield at_s, lifetime_s(mean_s)
        return
    for number, (since_s, every_s) in enumerate(stream.phases):
        ends_s = stream.phases[number + 1][0] if number + 1 < len(stream.phases) else inf
        now_s = since_s
        while True:
            now_s += every_s if stream.even else every_s * next(unit)
            if now_s >= ends_s:
                break
            yield now_s, lifetime_s(stream.lifetime_s)
