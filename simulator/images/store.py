"""What a host holds of images: each layer once, whoever refers to it, until nobody does."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.images import Image, ImageLayer


class Store:
    """The images of one engine on one host.

    Args:
        keeps_blobs: whether the compressed layers stay on the disk beside the unpacked ones.
    """

    def __init__(self, *, keeps_blobs: bool = False) -> None:
        self._keeps_blobs = keeps_blobs
        self._images: dict[str, Image] = {}
        self._layers: dict[str, ImageLayer] = {}
        self._lazy_bytes: dict[str, float] = {}
        """What is there of layers that are read over the link, their index apart."""
        self._index_bytes: dict[str, float] = {}
        """The indexes of these layers."""

    @property
    def images(self) -> tuple[str, ...]:
        """The names of all images."""
        return tuple(self._images)

    @property
    def disk_bytes(self) -> float:
        """What all of it takes on the disk."""
        return sum(map(self.layer_bytes, self._layers.values()))

    def layer_bytes(self, layer: ImageLayer) -> float:
        """What a layer takes on the disk: of one that is read over the link what has come."""
        if layer.name in self._lazy_bytes:
            return self._index_bytes[layer.name] + self._lazy_bytes[layer.name]
        return layer.unpacked_bytes + (layer.compressed_bytes if self._keeps_blobs else 0.0)

    def missing(self, image: Image, *, lazy: bool = False) -> tuple[ImageLayer, ...]:
        """The layers of an image that are not held; what is there for reading over the link only is not unpacked."""
        there = self._layers.keys() if lazy else self._layers.keys() - self._lazy_bytes.keys()
        return tuple(layer for layer in image.layers if layer.name not in there)

    def refer(self, image: Image) -> None:
        """An image is wanted: what is or will be there of its layers is not collected."""
        self._images[image.name] = image

    def put(self, layer: ImageLayer) -> None:
        """A layer is there, unpacked."""
        self._layers[layer.name] = layer
        self._lazy_bytes.pop(layer.name, None)
        self._index_bytes.pop(layer.name, None)

    def add(self, image: Image) -> None:
        """An image and all its layers are held, unpacked."""
        self.refer(image)
        for layer in image.layers:
            self.put(layer)

    def add_lazily(self, image: Image, file_bytes: float = 0.0) -> None:
        """An image can be read over the link; of each of its layers that was not held only the index is there.

        Args:
            image: which.
            file_bytes: size of an index for each file.
        """
        self._images[image.name] = image
        for layer in self.missing(image, lazy=True):
            self._layers[layer.name] = layer
            self._lazy_bytes[layer.name], self._index_bytes[layer.name] = 0.0, layer.index_bytes(file_bytes)

    def unread_bytes(self, layer: ImageLayer) -> float:
        """What a start reads of a layer and has to come over the link first; nothing of one that is there."""
        if layer.name not in self._lazy_bytes:
            return 0.0
        return max(0.0, min(layer.start_read_bytes, layer.unpacked_bytes) - self._lazy_bytes[layer.name])

    def came(self, layer: ImageLayer, size_bytes: float) -> None:
        """Something of a layer was read over the link and stays."""
        if layer.name in self._lazy_bytes:
            self._lazy_bytes[layer.name] += size_bytes

    def drop(self, name: str) -> None:
        """An image is no longer wanted; its layers stay until they are collected.

        Raises:
            KeyError: it is not held.
        """
        del self._images[name]

    def unreferenced(self) -> tuple[ImageLayer, ...]:
        """The layers that no image refers to."""
        wanted = {layer.name for image in self._images.values() for layer in image.layers}
        return tuple(layer for name, layer in self._layers.items() if name not in wanted)

    def collect(self) -> float:
        """Remove the layers that no image refers to; returns how much of the disk that frees."""
        gone = self.unreferenced()
        freed_bytes = sum(map(self.layer_bytes, gone))
        for layer in gone:
            del self._layers[layer.name]
            self._lazy_bytes.pop(layer.name, None)
            self._index_bytes.pop(layer.name, None)
        return freed_bytes


def alone_bytes(images: Iterable[Image]) -> float:
    """What images would take if nothing of them was shared."""
    return sum(image.unpacked_bytes for image in images)
