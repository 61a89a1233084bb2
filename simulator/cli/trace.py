"""``virtlab trace``: one run as a trace that Perfetto opens."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.budgets import budget as budget_option
from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.scenario import Scenario
    from simulator.tracing import Picture, Recording

VIEWER = "https://ui.perfetto.dev"


@click.command()
@click.argument("scenario", metavar="SCENARIO", type=click.Path())
@click.option("--point", type=click.IntRange(min=0), help="Trace the point of this number; see 'plan'.")
@click.option("--stack", metavar="LABEL", help="Trace the first point with this stack.  [default: the first point]")
@click.option("--replication", type=click.IntRange(min=0), default=0, help="Trace this replication.  [default: 0]")
@click.option("--from", "begin", metavar="TIME", default="0 s", help="Leave out what ends before, e.g. '200 ms'.")
@click.option("--until", "end", metavar="TIME", help="Leave out what begins later.")
@click.option(
    "--to", metavar="FILE", type=click.Path(dir_okay=False), help="File to write, instead of SCENARIO-RUN.trace.json."
)
@click.option("--force", is_flag=True, help="Write over an existing file.")
@click.option("--events", type=click.IntRange(min=1), help="Write at most so many events.  [default: 1000000]")
@click.option("--seed", type=int, help="Root of all luck, instead of the scenario's.")
@click.option("--fidelity", help="Algorithm that shares the devices, instead of the scenario's.")
@budget_option
@json_option
def command(
    scenario: str, point: int | None, stack: str | None, replication: int, begin: str, end: str | None, to: str | None,
    force: bool, events: int | None, as_json: bool, **changes: Any,
) -> None:  # fmt: skip
    """Run one point once, and write what happened in it as a trace.

    The file is a Chrome trace: open it at https://ui.perfetto.dev, or with 'vizviewer FILE'. It has a track for each
    processor, virtual processor, layer, tenant, thread and device, and arrows from requests to the device work that
    they caused. By slices (--fidelity quantum) one sees who ran where; without, how many processors each one had.
    """
    from simulator import tracing
    from simulator.cli.loading import load_all
    from simulator.errors import UsageError
    from simulator.records import run_id

    from_s, until_s = _window(begin, end)
    (loaded,) = load_all([scenario], {name: value for name, value in changes.items() if value is not None})
    chosen = _point(loaded, point, stack)
    if replication >= loaded.replications:
        raise UsageError(f"--replication {replication}: the last one is {loaded.replications - 1}; they begin with 0")
    run = run_id(chosen["point"], replication)
    file = _file(to or f"{loaded.name}-{run}.trace.json", force)
    most = events or tracing.MOST_EVENTS
    recording = tracing.record(
        chosen, replication, from_s=from_s, until_s=until_s, events=most, budget=loaded.budget
    )  # fmt: skip
    whole = tracing.picture(recording, tracing.ns(from_s), None if until_s is None else tracing.ns(until_s))
    if not whole.count:
        raise UsageError(
            f"nothing happens from {begin} to {end or 'the end'}; the run ends at {_time(recording.end_ns)}"
        )
    shown = tracing.shortened(whole, most)
    if not shown.count:
        raise UsageError(f"--events {most}: more than that begin at {_time(shown.from_ns)}; ask for more")
    _write(shown, file)
    _warn(recording, shown, until_s, most)
    say_json(_data(run, file, shown)) if as_json else say(_lines(recording, file, shown))


def _window(begin: str, end: str | None) -> tuple[float, float | None]:
    """From when until when, in seconds.

    Raises:
        UsageError: no times, or none between them.
    """
    from simulator.errors import UnitError, UsageError
    from simulator.units import parse_quantity

    try:
        from_s, until_s = parse_quantity(begin, "time"), None if end is None else parse_quantity(end, "time")
    except UnitError as error:
        raise UsageError(f"--from, --until: {error}") from None
    if until_s is not None and until_s <= from_s:
        raise UsageError(f"--until {end} is not after --from {begin}")
    return from_s, until_s


def _point(scenario: Scenario, number: int | None, stack: str | None) -> Mapping[str, Any]:
    """The point that is asked for.

    Raises:
        UsageError: there is none.
    """
    from simulator.batch import checked_points
    from simulator.catalog.suggestion import suggestion
    from simulator.errors import UsageError

    points = checked_points(scenario, scenario.catalog)
    stacks = list(dict.fromkeys(str(point["stack"]) for point in points))
    if stack is not None and stack not in stacks:
        raise UsageError(f"{scenario.name} has no stack {stack!r}; {suggestion(stack, stacks)}")
    for point in points:
        if (stack is None or point["stack"] == stack) and (number is None or point["point"] == number):
            return point
    if stack is None:
        raise UsageError(f"{scenario.name} has no point {number}; its points go from 0 to {points[-1]['point']}")
    having = ", ".join(str(point["point"]) for point in points if point["stack"] == stack)
    raise UsageError(f"point {number} has another stack than {stack}; that has: {having}")


def _file(to: str, force: bool) -> Path:
    """Where to write, known to be possible before anything runs.

    Raises:
        UsageError: there is a file already, or it cannot be written there.
    """
    from simulator.errors import UsageError

    file = Path(to)
    if file.exists() and not force:
        raise UsageError(f"{file} exists; name another file by --to, or write over it with --force")
    if not file.parent.is_dir():
        raise UsageError(
            f"{file.parent} is no folder that a file could be written to; make it, or choose another place"
        )
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise UsageError(f"nothing may be written into {file.parent}; choose another place (--to)")
    return file


def _write(picture: Picture, file: Path) -> None:
    """A file that is there whole, or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    from simulator import tracing
    from simulator.errors import UsageError
    from simulator.results.folder import draft_of

    try:
        with draft_of(file) as draft, draft.open("w", encoding="utf-8", newline="\n") as text:
            tracing.write(picture, text)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}; choose another place (--to)") from error


def _warn(recording: Recording, shown: Picture, until_s: float | None, most: int) -> None:
    """What the trace has not, and how to get it."""
    from simulator.tracing import ns

    asked_ns = recording.end_ns if until_s is None else min(recording.end_ns, ns(until_s))
    if shown.until_ns < asked_ns:
        tell(
            f"the trace ends at {_time(shown.until_ns)} of {_time(asked_ns)}: there it has {most} events (--events); "
            "ask for a window by --from and --until, or for more events"
        )
    if not recording.slices:
        tell(
            "this fidelity divides processors without slices: instead of who ran on which, the trace has counters of "
            "how many each tenant and layer had; --fidelity quantum has slices"
        )


def _lines(recording: Recording, file: Path, shown: Picture) -> list[str]:
    size_mb = file.stat().st_size / 1e6
    window = f"{_time(shown.from_ns)} to {_time(shown.until_ns)}"
    return [
        recording.title,
        f"{window}: {len(shown.slices)} slices, {len(shown.levels)} counter values, {len(shown.flows)} arrows",
        f"{file} ({size_mb:.1f} MB): open it at {VIEWER}, or with: vizviewer {file}",
    ]


def _data(run: str, file: Path, shown: Picture) -> dict[str, Any]:
    return {
        "run": run, "file": str(file), "from_s": shown.from_ns / 1e9, "until_s": shown.until_ns / 1e9,
        "slices": len(shown.slices), "counter_values": len(shown.levels), "arrows": len(shown.flows),
    }  # fmt: skip


def _time(time_ns: int) -> str:
    """A moment to the nanosecond; --from and --until take it back."""
    return f"{time_ns // 1_000_000}.{time_ns % 1_000_000:06d}".rstrip("0").rstrip(".") + " ms"
