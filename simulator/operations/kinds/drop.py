"""Drop: an image is given up on the host; the layers that no other image refers to are removed (garbage collection)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.images import of_data
from simulator.operations.kinds.base import Kind
from simulator.operations.kinds.pull import able
from simulator.operations.pulling import Engine

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Drop(Kind):
    """Its layers go, but for those that others share."""

    TARGET = "images"
    KEYS = ("held",)
    SECTIONS = ("pull",)

    @classmethod
    def unfit(cls, point: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        """Why nothing here holds images, with what to do; empty if something does."""
        return "" if able(point, options) else "nothing in this stack holds images: take one with a container engine"

    def perform(self, job: Job) -> Life:
        """Fails where it is not held, or a running tenant stands on it."""
        options, point = job.options, job.house.point
        product = able(point, options)
        node = next(node for path, node in job.house.nodes.items() if job.house.site.names.get(path) == product)
        engine = Engine(job.house, node, product)
        engine.hold(map(of_data, options["held"]))
        image = of_data(options["image"])
        job.note(node=node.path, product=product)
        users = [
            name for name, each in point["tenants"].items() if (each.get("image") or {}).get("image") == image.data()
        ]
        used = [name for name in users if job.tenants[name].alive]
        if used:
            job.fail(f"{', '.join(used)} stands on it: stop it first")
        elif image.name not in engine.store.images:
            job.fail(f"{image.name} is not held")
        else:
            freed_bytes = yield from engine.drop(image.name)
            job.note(disk_bytes=freed_bytes, detail=f"{freed_bytes / 1e6:.1f} MB are free again")


KIND = Drop
