"""Layers of container images: what is fetched, what is shared, what the disk holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from simulator.images import Image, ImageLayer
from simulator.images.store import Store, alone_bytes
from simulator.quiz.case import Case, Question, Table, Working, number

TITLE = "container images: what is pulled, shared and kept"
LEVELS = {1: "two images on one base", 2: "and one of three is removed"}
_MB = 1e6
_BASES, _RUNTIMES, _PROGRAMS = ("debian", "alpine"), ("python", "java", "node"), ("shop", "blog", "wiki")


def case(random: Random, level: int) -> Case:
    """Images that share a base, some also a runtime."""
    base = _layer(random, random.choice(_BASES), 20, 80)
    runtimes = [_layer(random, name, 40, 150) for name in random.sample(_RUNTIMES, 2)]
    names = _PROGRAMS[: 1 + level]
    programs = {name: _layer(random, f"{name} program", 2, 30) for name in names}
    chosen = {name: random.choice(runtimes) for name in names}
    images = [Image(name, (base, chosen[name], programs[name])) for name in names]
    store, came = Store(), []
    for image in images:
        missing = store.missing(image)
        came.append(sum(layer.compressed_bytes for layer in missing) / _MB)
        store.add(image)
    fetched, kept, alone, link = Working(), Working(), Working(), random.choice((10, 20, 25, 50))
    held: list[ImageLayer] = [layer for image in images[:-1] for layer in image.layers]
    new = [layer for layer in images[-1].layers if layer not in held]
    fetched.pick("layers that are not there yet", ", ".join(layer.name for layer in new))
    pulled = fetched.step("compressed", _sum(new, compressed=True), "MB")
    time = Working(fetched)
    time.step("over the link", f"{pulled} / {link}", "s")
    layers = list({layer.name: layer for image in images for layer in image.layers}.values())
    kept.pick("different layers", ", ".join(layer.name for layer in layers))
    disk = kept.step("unpacked", _sum(layers), "MB")
    everything = [layer for image in images for layer in image.layers]
    apart = alone.step("all images unpacked, each for itself", _sum(everything), "MB")
    alone.step("less what the disk holds", f"{apart} - {disk}", "MB")
    saved = (alone_bytes(images) - store.disk_bytes) / _MB
    questions = [
        Question("pulled", f"How much is fetched for {names[-1]}, if the others are there?", "MB", came[-1], fetched),
        Question("time", f"How long does that take over a link of {link} MB/s?", "s", came[-1] / link, time),
        Question("disk", "How much does the disk hold of all images?", "MB", store.disk_bytes / _MB, kept),
        Question("saved", "How much more would it be if nothing was shared?", "MB", saved, alone),
    ]
    if level > 1:
        questions.append(_removed(store, images))
    rows = tuple(
        (layer.name, number(layer.compressed_bytes / _MB), number(layer.unpacked_bytes / _MB),
         ", ".join(image.name for image in images if layer in image.layers))
        for layer in layers
    )  # fmt: skip
    return Case(
        (
            f"A host pulls the images {', '.join(names)} in this order. A layer that it holds is not fetched again. "
            "On the way layers are compressed; on the disk they are unpacked, and the compressed ones are not kept.",
        ),
        tuple(questions), _repeat(images),
        table=Table(("layer", "compressed [MB]", "unpacked [MB]", "in the images"), rows),
    )  # fmt: skip


def _layer(random: Random, name: str, least: int, most: int) -> ImageLayer:
    compressed = random.randint(least, most)
    unpacked = compressed * random.choice((2, 3)) + random.randint(0, 9)
    return ImageLayer(name, 100.0, unpacked * _MB, compressed * _MB, 0.0)


def _sum(layers: list[ImageLayer], *, compressed: bool = False) -> str:
    sizes = [layer.compressed_bytes if compressed else layer.unpacked_bytes for layer in layers]
    return " + ".join(number(size / _MB) for size in sizes)


def _removed(store: Store, images: list[Image]) -> Question:
    gone, others = images[0], images[1:]
    store.drop(gone.name)
    freed = store.collect() / _MB
    working = Working()
    wanted = [layer for image in others for layer in image.layers]
    alone = [layer for layer in gone.layers if layer not in wanted]
    working.pick("layers that nobody else refers to", ", ".join(layer.name for layer in alone))
    working.step("unpacked", _sum(alone), "MB")
    text = f"{gone.name} is removed, and layers that no image refers to are collected. How much does that free?"
    return Question("freed", text, "MB", freed, working)


def _repeat(images: list[Image]) -> str:
    lines = ["from simulator.quiz.topics.image_layers import pulled_mb", "images = {"]
    for image in images:
        layers = ((layer.name, layer.compressed_bytes / _MB, layer.unpacked_bytes / _MB) for layer in image.layers)
        parts = ", ".join(f"({name!r}, {number(packed)}, {number(unpacked)})" for name, packed, unpacked in layers)
        lines.append(f"    {image.name!r}: [{parts}],")
    return "\n".join([*lines, "}", "print(pulled_mb(images))"])


def pulled_mb(images: Mapping[str, Sequence[tuple[str, float, float]]]) -> tuple[list[float], float]:
    """What virtlab's store fetches for each image, in order, and what its disk holds of all, in MB.

    Args:
        images: by name their layers, each with its name, compressed and unpacked size in MB.
    """
    store, came = Store(), []
    for name, layers in images.items():
        made = (ImageLayer(each, 100.0, unpacked * _MB, packed * _MB, 0.0) for each, packed, unpacked in layers)
        image = Image(name, tuple(made))
        came.append(sum(layer.compressed_bytes for layer in store.missing(image)) / _MB)
        store.add(image)
    return came, store.disk_bytes / _MB
