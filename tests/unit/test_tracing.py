"""Traces: tracks and their slices, arrows, counters, the format, and a recorder that changes nothing."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from simulator.errors import RunError
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load
from simulator.tracing import Picture, Recording, Slice, Track, ns, picture, record, shortened, write
from simulator.tracing.chrome import microseconds
from simulator.tracing.recording import Asked, Lived, Part, Step, Turn, Use, Wait
from simulator.tracing.tracks import PROCESSORS, in_order

TRACK = Track(PROCESSORS, 1, "processors", 0, "cpu 0")
GUEST = (("guest", 1),)
SERVER = {"name": "request-response", "parameters": {"transactions": 20, "client": "0.5 ms"}}
SCENARIO: dict[str, Any] = {
    "machine": {"base": "laptop-2025", "devices": {"cpu": {"cores": 2}}},
    "stacks": {"KVM": "linux-6 | kvm-6 / linux-6", "native": "linux-6 |"},
    "tenants": {
        "server": {"workload": SERVER, "memory": "1 GiB", "vcpus": 1},
        "hog": {"workload": "cpu-hog", "memory": "1 GiB", "vcpus": 1, "count": 2},
    },
    "fidelity": ["fluid", "quantum"],
    "duration": "30 ms",
}


def hand_made(**changes: Any) -> Recording:
    """A thread computes from 0 to 100 ns on two turns, then waits for a disk, which another thread asks for it."""
    program, service = Lived("web", "main", False, "", 1), Lived("host", "io", True, "", 1)
    parts = (Part("program", "compute", 1.0, 30e-9), Part("kvm", "exit", 2.0, 30e-9))
    made = Recording(
        title="by hand", slices=True, processors={1: 2}, end_ns=1000, whole_until_ns=1000, threads=[program, service],
        turns=[Turn(1, 0, 0, 0, 40, GUEST), Turn(1, 1, 0, 80, 100, GUEST), Turn(1, 0, 1, 100, 140, ())],
        steps=[
            Step(0, 0, 100, parts, (("steal", 40e-9),)),
            Step(1, 100, 140, (Part("host", "submit", 1.0, 40e-9),), ()),
        ],
        waits=[Wait(0, 100, 500, "blocked_disk"), Wait(1, 140, 150, "blocked_lock")],
        uses=[Use("disk", 1, "host", "transfer", 4096.0, 1.0, False, "web", 140, ((160, 500),), Asked(0, 100))],
        tables={
            "tenants": [{"tenant": "web", "started_s": 0.0, "boot_s": 0.0, "ended_s": float("nan")}],
            "requests": [
                {"tenant": "web", "thread": "main", "kind": "get", "start_s": 0.0, "latency_s": 6e-7, "outcome": "ok"}
            ],
        },
    )  # fmt: skip
    return replace(made, **changes)


def seen(found: Picture, track: str) -> list[tuple[str, int, int]]:
    return [(each.name, each.begun_ns, each.ended_ns) for each in found.slices if each.track.name == track]


def written(found: Picture) -> dict[str, Any]:
    file = io.StringIO()
    write(found, file)
    data: dict[str, Any] = json.loads(file.getvalue())
    return data


# ---- what is drawn


def test_each_processor_and_virtual_processor_shows_who_ran() -> None:
    found = picture(hand_made())
    assert seen(found, "cpu 0") == [("web/main", 0, 40), ("host/io", 100, 140)]
    assert seen(found, "cpu 1") == [("web/main", 80, 100)]
    assert seen(found, "vcpu 1") == [("web/main", 0, 40), ("web/main", 80, 100)]


def test_a_thread_shows_its_turns_what_they_were_for_and_why_it_stood_still() -> None:
    """Parts of 30 ns each fill turns of 40 and 20 ns: the second begins in the first turn and goes on in the second."""
    assert seen(picture(hand_made()), "main") == [
        ("on cpu 0", 0, 40), ("compute", 0, 30), ("exit", 30, 40), ("steal", 40, 80), ("on cpu 1", 80, 100),
        ("exit", 80, 100), ("blocked on disk", 100, 500),
    ]  # fmt: skip


def test_a_layer_shows_what_it_took_and_how_often() -> None:
    first, second = (each for each in picture(hand_made()).slices if each.track.group == "layer kvm")
    assert (first.begun_ns, first.ended_ns, second.begun_ns, second.ended_ns) == (30, 40, 80, 100)
    assert (first.details["operations"], first.details["processor_ns"]) == (2.0, 30)
    assert second.details["continues"]


def test_an_arrow_goes_from_the_request_through_the_thread_that_asked_to_the_device() -> None:
    (flow,) = picture(hand_made()).flows
    places = [(point.track.group, point.track.name, point.at_ns) for point in flow.points]
    assert places == [("tenant web", "requests", 100), ("system host", "io", 140), ("devices", "disk", 160)]


def test_without_a_request_an_arrow_begins_in_what_the_thread_did() -> None:
    made = hand_made()
    (flow,) = picture(replace(made, tables={"tenants": made.tables["tenants"]})).flows
    assert (flow.points[0].track.name, flow.points[0].at_ns) == ("main", 100)


def test_an_arrow_has_a_slice_at_each_end_or_is_not_there() -> None:
    assert picture(hand_made(), until_ns=150).flows == []
    assert picture(hand_made(), from_ns=120).flows == []


def test_a_request_answered_before_is_not_what_a_thread_works_on() -> None:
    made = hand_made()
    early = {**made.tables["requests"][0], "latency_s": 5e-8}
    (flow,) = picture(replace(made, tables={**made.tables, "requests": [early]})).flows
    assert flow.points[0].track.name == "main"


def test_what_overlaps_on_one_track_is_an_error() -> None:
    with pytest.raises(RunError, match="processors, cpu 0: 'b' from 5 to 15 ns overlaps"):
        in_order([Slice(TRACK, 0, 10, "a"), Slice(TRACK, 5, 15, "b")])
    with pytest.raises(RunError, match="overlaps"):
        in_order([Slice(TRACK, 5, 5, "nothing")])


def test_a_picture_with_too_many_events_ends_early_and_says_where() -> None:
    whole = picture(hand_made())
    short = shortened(whole, whole.count - 3)
    assert short.count <= whole.count - 3
    assert short.until_ns < whole.until_ns
    assert max(each.ended_ns for each in short.slices) <= short.until_ns
    assert shortened(whole, whole.count) is whole


# ---- the format


def test_microseconds_have_three_decimals_and_lose_nothing() -> None:
    assert [microseconds(each) for each in (0, 7, 1_001, 98_765_432_109_876)] == [
        "0.000", "0.007", "1.001", "98765432109.876",
    ]  # fmt: skip


def test_processes_and_threads_have_names_and_an_order_with_processors_on_top() -> None:
    events = written(picture(hand_made()))["traceEvents"]
    processes = {each["args"]["name"]: each["pid"] for each in events if each["name"] == "process_name"}
    order = {each["pid"]: each["args"]["sort_index"] for each in events if each["name"] == "process_sort_index"}
    assert sorted(processes, key=lambda name: order[processes[name]]) == [
        "processors", "virtual processors of guest", "layer host", "layer kvm", "tenant web", "system host", "devices",
    ]  # fmt: skip


def test_switches_say_who_lost_a_processor_and_still_wanted_it() -> None:
    text = written(picture(hand_made()))["systemTraceEvents"]
    switches = [line for line in text.splitlines() if "sched_switch" in line]
    assert len(switches) == 6
    assert "0.000000040: sched_switch: prev_comm=main" in switches[1]
    assert "prev_state=R ==> next_comm=swapper" in switches[1]
    assert "0.000000100: sched_switch: prev_comm=main" in switches[3]
    assert "prev_state=S ==> next_comm=swapper" in switches[3]


# ---- runs


@pytest.fixture(scope="module")
def points() -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["stack"], each["fidelity"]): each for each in load(SCENARIO).points()}


@pytest.fixture(scope="module")
def recordings(points: dict[tuple[str, str], dict[str, Any]]) -> dict[tuple[str, str], Recording]:
    return {key: record(point) for key, point in points.items()}


CASES = [(stack, fidelity) for stack in ("KVM", "native") for fidelity in ("fluid", "quantum")]


@pytest.mark.parametrize("case", CASES)
def test_looking_on_changes_no_table(case: tuple[str, str], points: Any, recordings: Any) -> None:
    plain = run_point(points[case], 0)["tables"]
    for table, rows in plain.items():
        if table != "runs":  # it says how many events of the simulator it took
            assert json.dumps([list(row.values()) for row in recordings[case].tables[table]]) == json.dumps(rows), table
    place = names("runs").index("events")
    (row,), (run,) = plain["runs"], recordings[case].tables["runs"]
    assert [*row[:place], *row[place + 1 :]] == [value for name, value in run.items() if name != "events"]


@pytest.mark.parametrize("case", CASES)
def test_sums_are_those_of_the_tables(case: tuple[str, str], recordings: Any) -> None:
    """Each span is rounded to a nanosecond at each end; nothing else may be missing or counted twice."""
    recording = recordings[case]
    charged: dict[tuple[str, str], float] = defaultdict(float)
    for row in recording.tables["charges"]:
        if row["device"] == "cpu":
            charged[row["cause"], row["mechanism"]] += row["service_s"]
    parts: dict[tuple[str, str], float] = defaultdict(float)
    for step in recording.steps:
        for part in step.parts:
            parts[part.cause, part.mechanism] += part.service_s
    assert parts == pytest.approx(charged, abs=1e-7)
    devices = {row["device"]: row["busy_s"] for row in recording.tables["devices"]}
    served: dict[str, float] = defaultdict(float)
    for use in recording.uses:
        served[use.device] += sum(ended - begun for begun, ended in use.pieces) / 1e9
    assert all(served[name] == pytest.approx(devices[name], abs=1e-7) for name in ("disk", "nic-send", "nic-receive"))
    found = picture(recording)
    if recording.slices:
        busy_ns = sum(each.ended_ns - each.begun_ns for each in found.slices if each.track.kind == PROCESSORS)
        assert busy_ns / 1e9 == pytest.approx(devices["cpu"], abs=1e-6)
        layers = [each for each in found.slices if each.track.group.startswith(("layer", "machine:"))]
        taken_ns = sum(each.ended_ns - each.begun_ns for each in layers)
        overhead_s = sum(seconds for (cause, _), seconds in charged.items() if cause != "program")
        assert taken_ns / 1e9 == pytest.approx(overhead_s, abs=1e-6 + 1e-9 * len(layers))
    else:
        assert integral(found, "processors in use, by tenant") == pytest.approx(devices["cpu"], abs=1e-6)
        assert integral(found, "processors in use, by what for") == pytest.approx(devices["cpu"], abs=1e-6)


def integral(found: Picture, name: str) -> float:
    """Processor seconds under a counter."""
    now: dict[str, float] = {}
    total, before_ns = 0.0, found.from_ns
    for level in (each for each in found.levels if each.name == name):
        total += sum(now.values()) * (level.at_ns - before_ns) / 1e9
        now, before_ns = {**now, **level.processors}, level.at_ns
    return total + sum(now.values()) * (found.until_ns - before_ns) / 1e9


def test_a_counter_in_a_window_begins_with_what_it_has_there(points: Any, recordings: Any) -> None:
    """Hogs keep both processors busy: 2 ms of them are 4 ms of processor time, but for means over whole steps."""
    case, window = ("native", "fluid"), (ns(0.0045), ns(0.0065))
    for recording in (recordings[case], record(points[case], from_s=0.0045, until_s=0.0065)):
        found = picture(recording, *window)
        assert found.levels[0].at_ns == window[0]
        area_s = integral(found, "processors in use, by tenant")
        assert area_s == pytest.approx(4e-3, rel=0.01)


@pytest.mark.parametrize("case", CASES)
def test_what_a_server_sends_comes_from_its_requests(case: tuple[str, str], recordings: Any) -> None:
    """At least one arrow goes from each to the card that sends; in a guest a device thread of the host does it."""
    found = picture(recordings[case])
    answered = sum(row["tenant"] == "server" for row in recordings[case].tables["requests"])
    ends = [(flow.points[0].track.name, flow.points[-1].track.name) for flow in found.flows]
    assert ends.count(("requests", "nic-send")) >= answered > 5
    sent = [flow for flow in found.flows if flow.points[-1].track.name == "nic-send"]
    assert all(len(flow.points) == (3 if case[0] == "KVM" else 2) for flow in sent)


def test_virtual_processors_are_those_of_guests(recordings: Any) -> None:
    groups = {each.track.group for each in picture(recordings["KVM", "quantum"]).slices}
    assert sum(group.startswith("virtual processors of") for group in groups) == 3
    for case in (("native", "quantum"), ("KVM", "fluid")):
        groups = {each.track.group for each in picture(recordings[case]).slices}
        assert not any(group.startswith("virtual processors of") for group in groups)


def test_a_window_is_what_the_whole_has_there(points: Any, recordings: Any) -> None:
    """A recorder that keeps less sees the same; so does one that is full, until it is."""
    case = ("KVM", "quantum")
    whole = picture(recordings[case], ns(0.01), ns(0.02))
    part = picture(record(points[case], from_s=0.01, until_s=0.02), ns(0.01), ns(0.02))
    assert [each[1:] for each in part.slices] == [each[1:] for each in whole.slices]
    assert [[point.at_ns for point in each.points] for each in part.flows] == [
        [point.at_ns for point in each.points] for each in whole.flows
    ]
    full = record(points[case], events=200)
    assert 0 < full.whole_until_ns < full.end_ns
    assert len(full.steps) + len(full.waits) <= 200
    assert 200 <= picture(full).count <= 1000, (
        "what is kept makes the events that are asked for, not many times as many"
    )
    assert seen(picture(full), "cpu 0") == seen(picture(recordings[case], 0, full.whole_until_ns), "cpu 0")
