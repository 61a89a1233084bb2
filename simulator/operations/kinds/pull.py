"""Pull: an image comes from a registry onto the host, for whoever starts from it later; see ``operations.pulling``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator import control
from simulator.images import of_data
from simulator.operations.kinds.base import Kind
from simulator.operations.pulling import Engine

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Pull(Kind):
    """Its layers come as far as they are not held; the product in ``with``, or the first that can, fetches them."""

    TARGET = "images"
    KEYS = ("lazy", "held", "registry", "link", "round_trip", "downloads")
    SECTIONS = ("pull",)

    @classmethod
    def unfit(cls, point: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        """Why nothing here can fetch it, with what to do; empty if something can."""
        product = able(point, options)
        if not product:
            return "nothing in this stack fetches images: take one with a container engine"
        if options.get("lazy") and "fetch_bytes" not in point["layers"][product]["pull"]:
            word = control.VOCABULARY["lazy-pull"]
            return f"{product} has no lazy loading, {word.reason}: {word.otherwise}"
        return ""

    def perform(self, job: Job) -> Life:
        """Downloaded and unpacked, or mounted with its index only."""
        options = job.options
        product = able(job.house.point, options)
        node = next(node for path, node in job.house.nodes.items() if job.house.site.names.get(path) == product)
        downloads = {"downloads_count": float(options["downloads"])} if "downloads" in options else {}
        engine = Engine(job.house, node, product, changes=downloads)
        engine.hold(map(of_data, options["held"]))
        lazy = bool(options.get("lazy"))
        job.note(node=node.path, product=product, how="lazy" if lazy else "whole")
        report = yield from engine.pull(of_data(options["image"]), options["registry"], lazy=lazy)
        job.note(moved_bytes=report.moved_bytes, disk_bytes=report.written_bytes, detail=report.detail)
        if report.outcome != "done":
            job.note(outcome=report.outcome)


def able(point: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """The product that fetches images: the one that is named, or the first that can; empty if none does."""
    named = options.get("with")
    layers = {named: point["layers"].get(named, {})} if named else point["layers"]
    return next((str(name) for name, figures in layers.items() if figures.get("pull")), "")


KIND = Pull
