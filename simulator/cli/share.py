"""``virtlab share``: who gets how much of the processors of a drawing."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json

if TYPE_CHECKING:
    from simulator.sharing.drawing.outcome import Outcome, ThreadShare

_PARTS = ["share", "ready", "steal", "throttled"]
_SOMETIMES = ["asleep", "switching"]
_SLICED = ["switches", "migrations", "longest wait"]
_DECIMALS = 4


@click.command()
@click.argument("drawing")
@click.option(
    "--fidelity", default="", metavar="NAME", help="fluid or quantum.  [default: fluid; quantum if a policy is named]"
)
@click.option("--policy", default="", metavar="NAMES", help="Scheduler of the machines; several: 'cfs,xen_credit'.")
@click.option("--guest-policy", default="", metavar="NAME", help="Scheduler of the guests.  [default: the same]")
@click.option(
    "--weights",
    type=click.Choice(["shares", "active"]),
    default="shares",
    show_default=True,
    help="A group weighs what is drawn, or that times the processors it can use.",
)
@click.option("--slice", "slice_text", metavar="TIME", help="Length of a slice, e.g. '3 ms', instead of the policy's.")
@click.option("--set", "numbers", multiple=True, metavar="NAME=VALUE", help="Another number of the policies.")
@click.option("--switch-cost", metavar="TIME", default="0", help="Time a switch takes, e.g. '5 us'.  [default: 0]")
@click.option("--for", "for_text", metavar="TIME", default="10 s", show_default=True, help="How long it runs.")
@click.option("--plot", type=click.Path(dir_okay=False), metavar="FILE", help="Draw it, as .png or .svg.")
@json_option
def command(
    drawing: str,
    fidelity: str,
    policy: str,
    guest_policy: str,
    weights: str,
    slice_text: str | None,
    numbers: tuple[str, ...],
    switch_cost: str,
    for_text: str,
    plot: str | None,
    as_json: bool,
) -> None:
    """Show what each thread of a drawing gets of the processors.

    DRAWING is e.g. "([oo]2 o)2": a machine of two processors "( )2", on it a guest of two virtual processors "[ ]2"
    with two threads "o", and one thread beside it. "{ }" is a group (a container). Behind each of them: "*2" weight,
    "<0.5" cap, ">0.25" reservation in processors, "@0-1" the processors it may use, "^3" three of them; behind a
    thread "~1ms/9ms": computes 1 ms, sleeps 9 ms. "web:o" has a name.
    """
    from simulator.sharing.drawing.measuring import measure
    from simulator.sharing.drawing.setting import Setting
    from simulator.units import parse_quantity

    setting = Setting(
        fidelity=fidelity,
        guest_policy=guest_policy,
        weights="active" if weights == "active" else "shares",
        slice_s=None if slice_text is None else parse_quantity(slice_text, "time"),
        switch_s=parse_quantity(switch_cost, "time"),
        seconds=parse_quantity(for_text, "time"),
        parameters=dict(map(_number, numbers)),
    )
    if plot is not None:
        from simulator.plots import check_kind, draw_sharing

        check_kind(Path(plot))
    policies = [name.strip() for name in policy.split(",") if name.strip()] or [""]
    outcomes = [measure(drawing, replace(setting, policy=name)) for name in policies]
    say_json([_data(outcome) for outcome in outcomes]) if as_json else say(_lines(outcomes, weights))
    if plot is not None:
        draw_sharing(outcomes, Path(plot))


def _number(written: str) -> tuple[str, float]:
    """Name and value of ``latency_s=3ms``; the name says the unit."""
    from simulator.errors import UsageError
    from simulator.units import DIMENSIONS, parse_quantity, unit_of_name

    name, equals, value = written.partition("=")
    if not equals:
        raise UsageError(f"{written!r} sets nothing; write e.g. --set latency_s=3ms")
    return name.strip(), parse_quantity(value.strip(), DIMENSIONS[unit_of_name(name.strip()) or "count"])


def _data(outcome: Outcome) -> dict[str, Any]:
    """All of it but the single turns, of which there may be thousands."""
    found = asdict(replace(outcome, segments=()))
    del found["segments"]
    return found


def _lines(outcomes: list[Outcome], weights: str) -> list[str]:
    lines = [outcomes[0].drawing]
    for outcome in outcomes:
        lines += ["", _title(outcome, weights), *_table(outcome), *_sums(outcome), *outcome.notes]
    return lines


def _title(outcome: Outcome, weights: str) -> str:
    from simulator.units import format_quantity

    if not outcome.policy:
        return f"{outcome.fidelity}, weights: {weights}"
    return f"{outcome.fidelity}, {outcome.policy}, weights: {weights}, {format_quantity(outcome.seconds, 's')}"


def _table(outcome: Outcome) -> list[str]:
    """A row for each thread; columns that say nothing are left out."""
    from simulator.explain.columns import columns

    several, slices = len(outcome.processors) > 1, outcome.threads and outcome.threads[0].switches is not None
    parts = _PARTS + [part for part in _SOMETIMES if any(getattr(row, part) for row in outcome.threads)]
    heads = ["machine"] * several + ["thread", *parts] + _SLICED * bool(slices)
    rows = [[row.machine] * several + _cells(row, parts) for row in outcome.threads]
    left = 1 + several
    return columns(rows, "<" * left + ">" * (len(heads) - left), heads)


def _cells(row: ThreadShare, parts: list[str]) -> list[str]:
    from simulator.units import format_quantity

    numbers = [f"{getattr(row, part):.{_DECIMALS}f}" for part in parts]
    if row.longest_wait_s is None:
        return [row.thread, *numbers]
    return [row.thread, *numbers, str(row.switches), str(row.migrations), format_quantity(row.longest_wait_s, "s")]


def _sums(outcome: Outcome) -> list[str]:
    """How much of each machine is used."""
    lines = []
    for machine, processors in outcome.processors.items():
        used = sum(row.share for row in outcome.threads if row.machine == machine)
        of = f"{processors} processor{'s' if processors > 1 else ''}"
        name = f" of {machine}" if len(outcome.processors) > 1 else ""
        lines.append(f"used: {used:.{_DECIMALS}f} of {of}{name}")
    return lines
