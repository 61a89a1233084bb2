"""``virtlab pull``: how images come onto a host, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.delivery import Delivery
    from simulator.images.report import Report, Stage


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--stack", metavar="STACK", help="With a product that fetches images.  [default: linux-6 | docker-27]")
@click.option("--machine", metavar="NAME", help="Machine of the catalog.  [default: server-2025]")
@click.option("--registry", metavar="NAME", help="Where they come from.  [default: registry-internet]")
@click.option("--link", metavar="RATE", help="What the way there carries, e.g. '100 Mbit/s'.")
@click.option("--round-trip", metavar="TIME", help="From a request to its answer, e.g. '20 ms'.")
@click.option("--lazy", is_flag=True, help="Fetch an index only, and what a start reads when it reads it.")
@click.option("--held", multiple=True, metavar="IMAGE", help="The host holds this image already.")
@click.option("--add", multiple=True, metavar="PACKAGE", help="Put a package on top, e.g. 'nginx >=1.27'.")
@click.option("--at-once", is_flag=True, help="Pull all of them at the same time.")
@json_option
def command(
    images: tuple[str, ...], stack: str | None, machine: str | None, registry: str | None, link: str | None,
    round_trip: str | None, lazy: bool, held: tuple[str, ...], add: tuple[str, ...], at_once: bool, as_json: bool,
) -> None:  # fmt: skip
    """Pull images onto an otherwise idle host, and show each step: bytes, time, what was shared, disk use.

    IMAGE is a name of the catalog (virtlab list images). Of several, each finds what those before it have left.
    """
    from simulator.delivery import MACHINE, STACK, deliver

    delivery = deliver(
        images, stack=stack or STACK, machine=machine or MACHINE, registry=registry, link=link, round_trip=round_trip,
        lazy=lazy, start=lazy, held=held, packages=add, at_once=at_once,
    )  # fmt: skip
    say_json(delivery.data()) if as_json else say(list(_lines(delivery)))


def _lines(delivery: Delivery) -> Iterator[str]:
    from simulator.explain.columns import columns

    yield f"{delivery.stack} on {delivery.machine}, images from {delivery.registry}"
    for report in delivery.reports:
        yield ""
        yield _head(report)
        if report.held:
            yield f"  held already: {', '.join(report.held)}"
        stages = sorted(report.stages, key=lambda each: (each.begin_s, each.end_s))
        cells = [_cells(each) for each in stages]
        yield from columns(cells, "<<>>>>", ("  step", "layer", "from s", "to s", "takes s", "size"))
        yield (
            f"  {_size(report.moved_bytes)} over the link, {_size(report.written_bytes)} unpacked, "
            f"{_size(report.disk_bytes)} on the disk in all"
        )
    saved = 1.0 - delivery.disk_bytes / delivery.alone_bytes if delivery.alone_bytes else 0.0
    shared = f", {saved:.0%} less than without shared layers and lazy loading" if saved > 0.0 else ""
    yield ""
    yield f"disk: {_size(delivery.disk_bytes)}{shared}"


def _head(report: Report) -> str:
    if report.outcome != "done":
        return f"{report.image}: {report.outcome}"
    took_s = report.end_s - report.begin_s
    return f"{report.image}: {took_s:.3f} s{', lazily, with what its start reads' if report.lazy else ''}"


def _cells(stage: Stage) -> list[str]:
    times_s = (stage.begin_s, stage.end_s, stage.end_s - stage.begin_s)
    size = _size(stage.size_bytes) if stage.size_bytes else ""
    return [f"  {stage.step}", stage.layer, *(f"{time_s:.3f}" for time_s in times_s), size]


def _size(size_bytes: float) -> str:
    return f"{size_bytes / 1e6:.3f} MB" if size_bytes else "0 MB"
