"""What a trace shows of a recording: a pure function of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from simulator.tracing import happenings, shares, work
from simulator.tracing.flows import Flow, Index, flows
from simulator.tracing.recording import Recording
from simulator.tracing.shares import Level
from simulator.tracing.switches import Held
from simulator.tracing.tracks import Slice, cut, in_order


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is drawn.

    Attributes:
        title: of the scenario and the run.
        from_ns: where it begins.
        until_ns: where it ends.
        slices: in the order of their tracks.
        levels: of counters.
        flows: arrows.
        held: who had which processor.
    """

    title: str
    from_ns: int
    until_ns: int
    slices: Sequence[Slice]
    levels: Sequence[Level]
    flows: Sequence[Flow]
    held: Sequence[Held] = ()

    @property
    def count(self) -> int:
        """How many events it takes."""
        return len(self.slices) + len(self.levels) + sum(len(flow.points) for flow in self.flows)


def picture(recording: Recording, from_ns: int = 0, until_ns: int | None = None) -> Picture:
    """Slices, counters and arrows of a recording, as far as they lie in a window and all of it is known.

    Raises:
        RunError: slices of one track overlap: an error in here, or of the run.
    """
    end_ns = min(recording.whole_until_ns, recording.end_ns if until_ns is None else until_ns)
    worked, tracks = work.slices(recording)
    requests = happenings.requests(recording)
    served = happenings.served(recording)
    found = [*worked, *happenings.states(recording), *happenings.logs(recording)]
    found += [each for mine in requests.values() for each in mine]
    found += [each for _, mine in served for each in mine]
    slices = in_order(cut(found, from_ns, end_ns))
    levels = [] if recording.slices else shares.within(shares.levels(recording), from_ns, end_ns)
    arrows = flows(served, recording.threads, tracks, requests, Index(slices))
    held = tuple(_held(work.held(recording, tracks), from_ns, end_ns))
    return Picture(recording.title, from_ns, end_ns, slices, levels, arrows, held)


def _held(held: Iterable[Held], from_ns: int, until_ns: int) -> Iterator[Held]:
    for each in held:
        begun_ns, ended_ns = max(each.begun_ns, from_ns), min(each.ended_ns, until_ns)
        if begun_ns < ended_ns:
            yield each._replace(begun_ns=begun_ns, ended_ns=ended_ns)


def shortened(whole: Picture, most: int) -> Picture:
    """The beginning of a picture, as far as it takes at most so many events; all of it if there are no more."""
    if whole.count <= most:
        return whole
    moments = [each.begun_ns for each in whole.slices] + [each.at_ns for each in whole.levels]
    moments += [point.at_ns for flow in whole.flows for point in flow.points]
    until_ns = sorted(moments)[most]
    return replace(
        whole,
        until_ns=until_ns,
        slices=in_order(cut(whole.slices, whole.from_ns, until_ns)),
        levels=[each for each in whole.levels if each.at_ns < until_ns],
        flows=[flow for flow in whole.flows if flow.points[-1].at_ns < until_ns],
        held=tuple(_held(whole.held, whole.from_ns, until_ns)),
    )
