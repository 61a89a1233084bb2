"""A start from an image: what it takes until the image is there, and where what is started from it writes.

A container's union copies the whole file of the image before its first change (``layers.container``). A virtual
machine's disk finds room for the cluster, and copies what of it is not written (``overlay``).

Scope and limits: what was unpacked a moment ago is in memory, but a start does not find it there: it reads what the
product's section ``start`` says from the disk.
"""

from __future__ import annotations

from simulator import demands as d
from simulator.demands import File
from simulator.images import Image, of_data
from simulator.operations.overlay import Overlay
from simulator.operations.pulling import Engine
from simulator.plans import Node, Plan, compile_steps
from simulator.steps import Ask, Step, Use
from simulator.tenancy import House
from simulator.threads import Life


def fetch(house: House, tenant: str, node: Node, product: str) -> Life:
    """What a tenant's image takes before what it is for can start; nothing where it has none, or another product's.

    One that is held is not asked for again, as engines do by default.
    """
    wanted = house.point["tenants"][tenant].get("image")
    if wanted is None or wanted["by"] != product:
        return
    engine = Engine(house, node, product, tenant)
    engine.hold(map(of_data, wanted["held"]))
    image = of_data(wanted["image"])
    if image.name not in engine.store.images or engine.store.missing(image, lazy=wanted["lazy"]):
        report = yield from engine.pull(image, wanted["registry"], lazy=wanted["lazy"])
        if report.outcome != "done":
            house.kill((tenant,), f"could not start: its image {report.outcome}")
            yield house.environment.event()  # nothing comes after it
    if wanted["lazy"]:
        yield from engine.read(image, wanted["registry"])
    if node.layer.OFFERS == "machine":
        _write_apart(house, tenant, product, engine.home, image)


def _write_apart(house: House, tenant: str, product: str, home: Node, image: Image) -> None:
    """A virtual machine's disk is its image's, which others stand on too: what it writes lies apart, by clusters.

    Where the product's file does not say what that takes (section ``snapshot``), nobody knows.
    """
    figures = house.point["layers"][product].get("snapshot")
    if not figures:
        return
    file = File(f"{image.name}:disk", max(1, int(image.unpacked_bytes)), int(figures["cluster_bytes"]))

    def price(clusters: float, copied_bytes: float) -> Plan:
        steps: tuple[Step, ...] = (Use("disk_overlay", figures["cluster_cycles"] * clusters, operations=clusters),)
        if copied_bytes:
            steps += (Ask(d.DirectTransfer(file, 0, int(copied_bytes))),)
        return compile_steps(home, steps, home.path)

    house.watches.setdefault(tenant, []).append(Overlay(figures["cluster_bytes"], price))
