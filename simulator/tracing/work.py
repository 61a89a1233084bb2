"""Slices of work: who ran where, on which virtual processor, and for what, by thread and by layer."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from simulator.plans import PROGRAM
from simulator.tracing.recording import Lived, Part, Recording, Step, Turn, ns
from simulator.tracing.switches import Held
from simulator.tracing.tracks import (
    GUESTS,
    LAYERS,
    PROCESSORS,
    SYSTEMS,
    TENANTS,
    Block,
    Slice,
    Track,
    lanes,
    numbered,
    packed,
)

_FIRST_THREAD = 1_000
"""Place of the first thread in its group: below the lines about the whole tenant."""
_NOWHERE = Track(0, 0, "", 0, "")


class _Piece(NamedTuple):
    """A stretch of time in which a step was carried out: on which processor, if that is known."""

    begun_ns: int
    ended_ns: int
    cpu: int | None


def slices(recording: Recording) -> tuple[list[Slice], dict[int, Track]]:
    """All slices of processors, virtual processors, threads and layers, and on which track each thread is."""
    threads, layers = _carried_out(recording)
    for wait in recording.waits:
        threads[wait.thread].append([Slice(_NOWHERE, wait.begun_ns, wait.ended_ns, _waiting(wait.state))])
    found, tracks = _threads(recording, threads)
    found += [*_processors(recording), *_virtual_processors(recording)]
    for cause, blocks in layers.items():
        found += packed(blocks, partial(_layer_track, cause))
    return found, tracks


def _waiting(state: str) -> str:
    return state.replace("_", " on ", 1) if state.startswith("blocked") else state.replace("_", " ")


def _layer_track(cause: str, number: int) -> Track:
    return Track(LAYERS, 0, layer(cause), number, numbered("work", number))


def layer(cause: str) -> str:
    """What the group of a layer is called."""
    return "machine: caches, idle states" if cause == "machine" else f"layer {cause}"


def whole_name(lived: Lived) -> str:
    """What a thread is called among all."""
    return f"{lived.tenant}/{lived.name}"


# ---- processors


def held(recording: Recording, tracks: Mapping[int, Track]) -> Iterator[Held]:
    """Who had which processor; those of a second machine are numbered after those of the first."""
    first, before = {}, 0
    for machine, processors in sorted(recording.processors.items()):
        first[machine], before = before, before + processors
    ends: dict[int, list[int]] = defaultdict(list)
    begins: dict[int, list[int]] = defaultdict(list)
    for step in recording.steps:
        ends[step.thread].append(step.ended_ns)
        begins[step.thread].append(step.begun_ns)
    for turn in recording.turns:
        if turn.thread in tracks:
            index = bisect_right(ends[turn.thread], turn.ended_ns)
            wants_more = index < len(ends[turn.thread]) and begins[turn.thread][index] <= turn.ended_ns
            cpu = first[turn.machine] + turn.cpu
            yield Held(cpu, turn.begun_ns, turn.ended_ns, tracks[turn.thread], wants_more)


def _processors(recording: Recording) -> Iterator[Slice]:
    names = [whole_name(each) for each in recording.threads]
    for turn in recording.turns:
        track = Track(PROCESSORS, turn.machine, _of("processors", turn.machine), turn.cpu, f"cpu {turn.cpu}")
        yield Slice(track, turn.begun_ns, turn.ended_ns, names[turn.thread], _through(turn))


def _through(turn: Turn) -> Mapping[str, Any]:
    return {"through": ", ".join(f"vcpu {number} of {guest}" for guest, number in turn.through)} if turn.through else {}


def _virtual_processors(recording: Recording) -> Iterator[Slice]:
    names = [whole_name(each) for each in recording.threads]
    for turn in recording.turns:
        for guest, number in turn.through:
            group = _of(f"virtual processors of {guest}", turn.machine)
            track = Track(GUESTS, 0, group, number, f"vcpu {number}")
            yield Slice(track, turn.begun_ns, turn.ended_ns, names[turn.thread], {"on": f"cpu {turn.cpu}"})


def _of(name: str, machine: int) -> str:
    return name if machine == 1 else f"{name} of machine {machine}"


# ---- steps


Blocks = dict[int, list[Block]]


def _carried_out(recording: Recording) -> tuple[Blocks, dict[str, list[Block]]]:
    """What steps look like on the track of their thread, and what each layer did in them."""
    turns: dict[int, list[Turn]] = defaultdict(list)
    for turn in sorted(recording.turns, key=lambda each: each.begun_ns):
        turns[turn.thread].append(turn)
    begins = {thread: [turn.begun_ns for turn in mine] for thread, mine in turns.items()}
    threads: Blocks = defaultdict(list)
    layers: dict[str, list[Block]] = defaultdict(list)
    for step in recording.steps:
        pieces = [_Piece(step.begun_ns, step.ended_ns, None)]
        if recording.slices:
            pieces = _pieces(step, turns[step.thread], begins.get(step.thread, []))
        name = whole_name(recording.threads[step.thread])
        laid = list(_laid(step.parts, pieces))
        threads[step.thread] += _on_thread(step, pieces, laid)
        for part, inner in laid:
            if part.cause != PROGRAM:
                layers[part.cause].append([inner._replace(details={"thread": name, **inner.details})])
    return threads, layers


def _pieces(step: Step, turns: Sequence[Turn], begins: Sequence[int]) -> list[_Piece]:
    """When its thread had a processor during a step."""
    found = []
    for turn in turns[max(0, bisect_right(begins, step.begun_ns) - 1) :]:
        if turn.begun_ns >= step.ended_ns:
            break
        begun_ns, ended_ns = max(turn.begun_ns, step.begun_ns), min(turn.ended_ns, step.ended_ns)
        if begun_ns < ended_ns:
            found.append(_Piece(begun_ns, ended_ns, turn.cpu))
    return found


def _laid(parts: Sequence[Part], pieces: Sequence[_Piece]) -> Iterator[tuple[Part, Slice]]:
    """The parts of a step one after the other, each as long as its part of the step's processor time.

    A step is one event: of parts that alternate a thousand times within it only the sums are known.
    """
    total_s, room_ns = sum(part.service_s for part in parts), sum(each.ended_ns - each.begun_ns for each in pieces)
    if total_s <= 0.0:
        return
    number, used_ns, before_s, at_ns = 0, 0, 0.0, 0
    for part in parts:
        before_s += part.service_s
        end_ns = min(room_ns, round(room_ns * before_s / total_s))
        details = {"cause": part.cause, "operations": part.operations, "processor_ns": ns(part.service_s)}
        while at_ns < end_ns:
            piece = pieces[number]
            length_ns = min(end_ns - at_ns, piece.ended_ns - piece.begun_ns - used_ns)
            begun_ns = piece.begun_ns + used_ns
            yield part, Slice(_NOWHERE, begun_ns, begun_ns + length_ns, part.mechanism, details)
            details = {"cause": part.cause, "continues": True}
            at_ns, used_ns = at_ns + length_ns, used_ns + length_ns
            if used_ns == piece.ended_ns - piece.begun_ns:
                number, used_ns = number + 1, 0


def _on_thread(step: Step, pieces: Sequence[_Piece], laid: Sequence[tuple[Part, Slice]]) -> Iterator[Block]:
    """Its turns with what they were for, and between them that it had no processor."""
    inner = [each for _, each in laid]
    lost = {f"{state}_ns": ns(seconds) for state, seconds in step.lost}
    at_ns, number = step.begun_ns, 0
    for piece in pieces:
        if at_ns < piece.begun_ns:
            yield [_without(at_ns, piece.begun_ns, lost)]
        mine = number
        while number < len(inner) and inner[number].begun_ns < piece.ended_ns:
            number += 1
        yield [_with(piece, step, lost), *inner[mine:number]]
        at_ns = piece.ended_ns
    if at_ns < step.ended_ns:
        yield [_without(at_ns, step.ended_ns, lost)]


def _with(piece: _Piece, step: Step, lost: Mapping[str, int]) -> Slice:
    if piece.cpu is not None:
        return Slice(_NOWHERE, piece.begun_ns, piece.ended_ns, f"on cpu {piece.cpu}")
    processor_ns = sum(ns(part.service_s) for part in step.parts)
    return Slice(_NOWHERE, piece.begun_ns, piece.ended_ns, "at work", {"processor_ns": processor_ns, **lost})


def _without(begun_ns: int, ended_ns: int, lost: Mapping[str, int]) -> Slice:
    """Why, as far as the ledger says so for the whole step."""
    (name, *others) = [state.removesuffix("_ns").replace("_", " ") for state in lost] or ["ready"]
    return Slice(_NOWHERE, begun_ns, ended_ns, "no processor" if others else name, lost if others else {})


# ---- threads


def _threads(recording: Recording, blocks: Blocks) -> tuple[list[Slice], dict[int, Track]]:
    """Slices of all threads, and the track of each.

    Those of one name follow each other on one track; what does a part of another's work for a while stands below it.
    """
    tenants = {str(row["tenant"]): rank for rank, row in enumerate(recording.tables.get("tenants", ()))}
    called: dict[Lived, list[int]] = defaultdict(list)
    for number, lived in enumerate(recording.threads):
        whole = lived._replace(name=lived.part_of, part_of="beside") if lived.part_of else lived
        called[whole].append(number)
    slices, tracks = [], {}
    for place, (whole, numbers) in enumerate(called.items()):
        seen = [number for number in numbers if blocks.get(number)]
        lives = [_together(recording.threads[number], blocks[number]) for number in seen]
        for number, life, lane in zip(seen, lives, lanes(lives), strict=True):
            tracks[number] = _track(tenants, whole, _FIRST_THREAD * (place + 1) + lane, lane)
            slices += [each._replace(track=tracks[number]) for each in life]
    return slices, tracks


def _track(tenants: Mapping[str, int], whole: Lived, place: int, lane: int) -> Track:
    name = numbered(f"{whole.name}, parts" if whole.part_of else whole.name, lane)
    if whole.tenant in tenants:
        return Track(TENANTS, tenants[whole.tenant], tenant(whole.tenant), place, _of(name, whole.machine))
    return Track(SYSTEMS, 0, _of(f"system {whole.tenant}", whole.machine), place, name)


def _together(lived: Lived, blocks: Sequence[Block]) -> Block:
    """All that a thread did in its life; of one that does a part, with a slice around it that says which."""
    inner = [each for block in blocks for each in block]
    if not lived.part_of:
        return inner
    begun_ns, ended_ns = min(each.begun_ns for each in inner), max(each.ended_ns for each in inner)
    return [Slice(_NOWHERE, begun_ns, ended_ns, lived.name), *inner]


def tenant(name: str) -> str:
    """What the group of a tenant is called."""
    return f"tenant {name}"
