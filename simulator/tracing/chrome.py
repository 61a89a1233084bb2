"""The Chrome trace-event format, as Perfetto, chrome://tracing and Speedscope read it.

Times of the format are microseconds; here they have three decimals, made from whole nanoseconds without rounding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TextIO

from simulator.tracing import switches
from simulator.tracing.picture import Picture
from simulator.tracing.shares import Level
from simulator.tracing.tracks import Slice, Track

_SLICE, _COUNTER, _ARROW = 0, 1, 2
"""Of what happens at one moment, slices come first: an arrow is bound to the one that is open."""
_COUNTERS = 100
"""Number of the first process: small ones mean the kernel's own to viewers."""


def write(picture: Picture, file: TextIO) -> None:
    """Write a picture, an event a line."""
    names = Names(picture)
    file.write('{"displayTimeUnit":"ns","otherData":' + _json({"title": picture.title}))
    if picture.held:
        file.write(',"systemTraceEvents":' + _json(switches.text(picture.held, names.tids.__getitem__)))
    file.write(',"traceEvents":[\n')
    for number, line in enumerate(lines(picture, names)):
        file.write(",\n" + line if number else line)
    file.write("\n]}\n")


class Names:
    """Numbers of groups and tracks, which viewers call processes and threads; groups and tracks stand in their order.

    Args:
        picture: what there is.
    """

    def __init__(self, picture: Picture) -> None:
        tracks = sorted({each.track for each in picture.slices} | {each.track for each in picture.held})
        groups = list(dict.fromkeys(track[:3] for track in tracks))
        self.groups = {group: pid for pid, group in enumerate(groups, start=_COUNTERS + 1)}
        self.tids = {track: tid for tid, track in enumerate(tracks, start=_COUNTERS + len(groups) + 1)}

    def events(self, picture: Picture) -> Iterator[str]:
        """What they are called."""
        groups = [(_COUNTERS, "processors")] if picture.levels else []
        for pid, name in [*groups, *((pid, name) for (_, _, name), pid in self.groups.items())]:
            yield _json({"ph": "M", "pid": pid, "name": "process_name", "args": {"name": name}})
            yield _json({"ph": "M", "pid": pid, "name": "process_sort_index", "args": {"sort_index": pid}})
        for track, tid in self.tids.items():
            place = {"ph": "M", "pid": self.groups[track[:3]], "tid": tid}
            yield _json({**place, "name": "thread_name", "args": {"name": track.name}})
            yield _json({**place, "name": "thread_sort_index", "args": {"sort_index": tid}})

    def place(self, track: Track, at_ns: int) -> str:
        """Where and when something is."""
        return f'"pid":{self.groups[track[:3]]},"tid":{self.tids[track]},"ts":{microseconds(at_ns)}'


def lines(picture: Picture, names: Names) -> Iterator[str]:
    """The events: names first, then by time."""
    yield from names.events(picture)
    timed = [(each.begun_ns, _SLICE, -each.ended_ns, _slice(each, names)) for each in picture.slices]
    timed += [(each.at_ns, _COUNTER, 0, _level(each)) for each in picture.levels]
    timed += _arrows(picture, names)
    timed.sort(key=lambda each: each[:3])
    yield from (line for *_, line in timed)


def microseconds(time_ns: int) -> str:
    """A moment as the format has it: exactly three decimals."""
    return f"{time_ns // 1000}.{time_ns % 1000:03d}"


def _slice(each: Slice, names: Names) -> str:
    more = {"name": each.name, "cat": each.track.group, **({"args": each.details} if each.details else {})}
    place = names.place(each.track, each.begun_ns)
    return f'{{"ph":"X",{place},"dur":{microseconds(each.ended_ns - each.begun_ns)},{_json(more)[1:]}'


def _level(level: Level) -> str:
    more = _json({"name": level.name, "args": level.processors})
    return f'{{"ph":"C","pid":{_COUNTERS},"ts":{microseconds(level.at_ns)},{more[1:]}'


def _arrows(picture: Picture, names: Names) -> Iterator[tuple[int, int, int, str]]:
    for number, flow in enumerate(picture.flows, start=1):
        last = len(flow.points) - 1
        for at, point in enumerate(flow.points):
            phase = "s" if at == 0 else "f" if at == last else "t"
            more = {"id": number, "name": "request", "cat": "request", **({"bp": "e"} if phase == "f" else {})}
            yield point.at_ns, _ARROW, number, f'{{"ph":"{phase}",{names.place(*point)},{_json(more)[1:]}'


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
