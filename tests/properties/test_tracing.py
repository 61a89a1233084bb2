"""Whatever a run does, slices of a track nest or lie apart, and parts of a step fill exactly the time it ran."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.tracing import Recording, Slice, Track, picture
from simulator.tracing.recording import Lived, Part, Step, Turn
from simulator.tracing.tracks import LAYERS, cut, in_order, packed

SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=40)


@settings(deadline=None)
@given(SPANS)
def test_packed_slices_never_overlap_and_take_as_few_tracks_as_they_need(spans: list[tuple[int, int]]) -> None:
    blocks = [[Slice(Track(0, 0, "", 0, ""), begun, begun + length, "it")] for begun, length in spans]
    found = in_order(packed(blocks, lambda number: Track(LAYERS, 0, "layer", number, str(number))))
    assert sorted((each.begun_ns, each.ended_ns - each.begun_ns) for each in found) == sorted(spans)
    for one, other in pairwise(found):
        assert one.track != other.track or one.ended_ns <= other.begun_ns
    most = max((sum(b <= at < b + n for b, n in spans) for at in range(80)), default=0)
    assert len({each.track for each in found}) == most


STEPS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30)), min_size=1, max_size=4),
        st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5).filter(lambda parts: sum(parts) > 0.0),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(STEPS, st.integers(0, 100), st.integers(1, 300))
def test_a_thread_s_slices_nest_and_parts_fill_its_turns(
    drawn: list[tuple[list[tuple[int, int]], list[float]]], from_ns: int, length_ns: int
) -> None:
    """Steps of any turns, gaps and parts: on each track all is in order, whole or cut to any window."""
    steps, turns, at_ns = [], [], 0
    for stretches, weights in drawn:
        begun_ns, ran_ns = at_ns, 0
        for ran, gap in stretches:
            turns.append(Turn(1, len(turns) % 2, 0, at_ns, at_ns + ran, (("guest", 0),)))
            at_ns, ran_ns = at_ns + ran + gap, ran_ns + ran
        parts = [Part(f"cause {n}", "it", 1.0, ran_ns * w / sum(weights) / 1e9) for n, w in enumerate(weights)]
        steps.append(Step(0, begun_ns, at_ns, tuple(parts), ()))
    recording = Recording(
        "drawn", True, {1: 2}, at_ns, at_ns, threads=[Lived("tenant", "thread", False, "", 1)], turns=turns, steps=steps
    )
    found = picture(recording)
    ran = sum(turn.ended_ns - turn.begun_ns for turn in turns)
    for kind in ("layer", "processors", "virtual processors"):
        mine = [each for each in found.slices if each.track.group.startswith(kind)]
        assert sum(each.ended_ns - each.begun_ns for each in mine) == ran
    thread = [each for each in found.slices if each.track.name == "thread"]
    outer = [each for each in thread if each.name.startswith("on cpu") or each.name == "ready"]
    assert sum(each.ended_ns - each.begun_ns for each in outer) == at_ns
    in_order(cut(found.slices, from_ns, from_ns + length_ns))
