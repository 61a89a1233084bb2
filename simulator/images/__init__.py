"""Images: what a system or program is shipped as, layer by layer, and what a host holds of it. No clock runs here.

A layer is a set of files that is fetched, unpacked and kept as a whole. An image is a row of layers, the lowest first;
two images that are made from the same base have its layers in common, and a host holds a layer once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from simulator.parameters import Parameter

LAYER = (
    Parameter("files_count", "count", "files in it"),
    Parameter("unpacked_bytes", "bytes", "its size when it is unpacked"),
    Parameter("compressed_bytes", "bytes", "its size in the registry and on the way"),
    Parameter("start_read_bytes", "bytes", "what of it is read until whatever is in it gives its first answer"),
    Parameter("layers_count", "count", "as many layers of this kind, each with these numbers; one if not given",
              optional=True),
)  # fmt: skip
"""The numbers of a layer of an image, and of a package, which becomes one."""
REGISTRY = (
    Parameter("round_trip_s", "s", "from a request to the first byte of its answer, the way and the server's work"),
    Parameter("link_bytes_per_s", "bytes_per_s", "what the way to it carries, for all that is fetched at a time"),
)
"""Where images are kept, and the way there."""
KEYS = tuple(parameter.name for parameter in LAYER if not parameter.optional)


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """One layer; of equal names the content is equal.

    Attributes:
        name: which layer it is, whatever image it is in.
        files_count: files in it.
        unpacked_bytes: its size on the host's disk.
        compressed_bytes: its size on the way.
        start_read_bytes: what of it, unpacked, is read until the first answer.
    """

    name: str
    files_count: float
    unpacked_bytes: float
    compressed_bytes: float
    start_read_bytes: float

    def index_bytes(self, file_bytes: float) -> float:
        """The index of it, which is a part of it on the way, with so many bytes for each file."""
        return min(self.files_count * file_bytes, self.compressed_bytes)

    def packed_bytes(self, unpacked_bytes: float, file_bytes: float) -> float:
        """What comes for so many bytes of it, beside its index: the same part as of all of it unpacked."""
        part = min(1.0, unpacked_bytes / self.unpacked_bytes) if self.unpacked_bytes else 0.0
        return (self.compressed_bytes - self.index_bytes(file_bytes)) * part


@dataclass(frozen=True, slots=True)
class Image:
    """A row of layers, the lowest first."""

    name: str
    layers: tuple[ImageLayer, ...]

    @property
    def unpacked_bytes(self) -> float:
        """All layers unpacked."""
        return sum(layer.unpacked_bytes for layer in self.layers)

    @property
    def compressed_bytes(self) -> float:
        """All layers on the way."""
        return sum(layer.compressed_bytes for layer in self.layers)

    @property
    def start_read_bytes(self) -> float:
        """What is read of it until the first answer."""
        return sum(layer.start_read_bytes for layer in self.layers)

    def data(self) -> dict[str, Any]:
        """As a resolved point has it: plain values."""
        return {"name": self.name, "layers": [asdict(layer) for layer in self.layers]}


def of_data(data: Mapping[str, Any]) -> Image:
    """The image that :meth:`Image.data` described."""
    return Image(data["name"], tuple(ImageLayer(**layer) for layer in data["layers"]))


def alike(name: str, numbers: Mapping[str, float]) -> Iterable[ImageLayer]:
    """The layers that one entry of a file stands for: one, or several of the same numbers.

    Args:
        name: of the layer; several are told apart by their number.
        numbers: those of ``LAYER``.
    """
    own = {key: numbers[key] for key in KEYS}
    count = int(numbers.get("layers_count", 1.0))
    for number in range(1, count + 1):
        yield ImageLayer(name if count == 1 else f"{name} {number}", **own)
