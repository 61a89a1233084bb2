"""Pulling: an image comes from a registry onto a host, in simulated time, on the host's card, processors and disk.

What happens is what engines do. The manifest is asked for, one request after the other. The layers that are not held
are downloaded, some at a time (``downloads_count``), their checksum worked out and the compressed bytes written as they
come. A layer is unpacked by one thread, when all of it is there and those below it are unpacked: codes read, bytes
copied out, the checksum of what comes out, files made and written through the page cache, and what of it is still in
memory written to the disk where the engine waits for that (``flushes_count``). So downloads overlap with the
unpacking of the layers below, and of two pulls that want one layer the second waits for the first.

Lazily, only an index of each layer comes beforehand; what a start reads then comes over the link piece by piece, each
asked for when the one before is there, for the program cannot go on without it.

All pulls from one registry share the way to it, piece by piece, and then the machine's card.

Scope and limits: unpacking is one thread of the engine (an unpacker in a process of its own would overlap with the
checksum); no single connection has a limit of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from math import ceil, inf
from typing import TYPE_CHECKING, Any

from simulator import demands as d
from simulator.images import Image, ImageLayer
from simulator.images.report import PULL, Report, Stage
from simulator.images.store import Store
from simulator.images.way import Way
from simulator.plans import Node, compile_steps
from simulator.steps import Ask, Later, Parallel, Step, Use, Wait
from simulator.tenancy import House
from simulator.threads import Life

if TYPE_CHECKING:
    import simpy

_PIECES, _LEAST_BYTES = 64, 1024.0 * 1024.0
"""Into how many pieces at most, and how small at least, a layer is unpacked: devices are shared between pieces."""
_ARRIVALS, _LEAST_ARRIVAL_BYTES = 128, 65536.0
"""The same for what comes over the link."""
_AHEAD = 4
"""Pieces of a download that may be on their way ahead of the one that is taken."""
_DEPTH = 4
"""Requests that a flush has under way at a time."""
_PAYLOAD_BYTES = 1448.0
"""Data of a packet: a link's 1500 bytes less the headers."""


class Engine:
    """What fetches images for one product, on one system of a house.

    Args:
        house: the machine.
        node: of the product.
        product: its name.
        tenant: for whom.
        changes: numbers of its section ``pull`` that are others this time.
    """

    def __init__(
        self, house: House, node: Node, product: str, tenant: str = "", changes: Mapping[str, float] | None = None
    ) -> None:
        self._house, self._environment, self._tenant = house, house.environment, tenant
        self._node, self._product = node, product
        self._figures: dict[str, float] = {**house.point["layers"][product]["pull"], **(changes or {})}
        self.home = home(house, node)
        self._key = f"{product} on {self.home.path}"
        if self._key not in house.stores:
            house.stores[self._key] = Store(keeps_blobs=self._figures["blobs_kept_ratio"] > 0.0)
        self.store = house.stores[self._key]
        self._report = Report("", product, node.path, tenant, False, self._environment.now)

    def hold(self, images: Iterable[Image]) -> None:
        """Images that are there already."""
        for image in images:
            self.store.add(image)

    # ---- pulling

    def pull(
        self, image: Image, registry: Mapping[str, Any], *, lazy: bool = False
    ) -> Generator[simpy.Event, Any, Report]:
        """Fetch what of an image is not held; returns what that took."""
        report = Report(image.name, self._product, self._node.path, self._tenant, lazy, self._environment.now)
        self._house.pulls.append(report)
        self._report, self._registry = report, registry
        missing = self.store.missing(image, lazy=lazy)
        room_bytes = self._house.machine.disk.parameters.get("capacity_bytes", inf) - self.store.disk_bytes
        if not lazy and sum(map(self.store.layer_bytes, missing)) > room_bytes:
            report.outcome, report.end_s = "failed: there is no room for it on the disk", self._environment.now
            return report
        self.store.refer(image)
        yield from self._requests("manifest", "", self._figures["requests_count"])
        yield from self._stage("image", "", (self._use("image_cycles", 1.0),))
        missing = self.store.missing(image, lazy=lazy)
        report.held = tuple(layer.name for layer in image.layers if layer not in missing)
        yield from self._indexes(image, missing) if lazy else self._layers(missing)
        report.disk_bytes, report.end_s, report.outcome = self.store.disk_bytes, self._environment.now, "done"
        return report

    def _layers(self, missing: Sequence[ImageLayer]) -> Life:
        """Downloads some at a time, unpacking in order; what another pull has under way is waited for."""
        coming = {layer.name: self._arriving(layer) for layer in missing}
        mine = [layer for layer in missing if coming[layer.name] is None]
        held = {layer.name: self._environment.event() for layer in mine}
        arrived = {layer.name: self._environment.event() for layer in mine}
        self._house.arriving |= {(self._key, name): event for name, event in held.items()}
        queue = deque(mine)
        for _ in range(min(int(self._figures["downloads_count"]), len(mine))):
            self._environment.process(self._downloads(queue, arrived))
        for layer in missing:
            other = coming[layer.name]
            if other is not None:
                yield other
                continue
            yield arrived[layer.name]
            yield from self._stage("unpack", layer.name, self._unpacked(layer), layer.unpacked_bytes)
            self._report.written_bytes += layer.unpacked_bytes
            self._report.fetched += (layer.name,)
            self.store.put(layer)
            held[layer.name].succeed()
            self._house.arriving.pop((self._key, layer.name), None)

    def _arriving(self, layer: ImageLayer) -> simpy.Event | None:
        return self._house.arriving.get((self._key, layer.name))

    def _downloads(self, queue: deque[ImageLayer], arrived: Mapping[str, simpy.Event]) -> Life:
        """One connection: a layer after the other, until none is left."""
        while queue:
            layer = queue.popleft()
            yield from self._requests("request", layer.name, self._figures["layer_requests_count"])
            steps = self._downloaded(layer.compressed_bytes)
            yield from self._stage("download", layer.name, steps, layer.compressed_bytes, over_link=True)
            arrived[layer.name].succeed()

    def _downloaded(self, size_bytes: float) -> Iterator[Step]:
        """Bytes over the link and from the card, their checksum, and the bytes as they are onto the disk."""
        pieces = list(_pieces(size_bytes, _ARRIVALS, _LEAST_ARRIVAL_BYTES))
        arrivals_s: deque[float] = deque()
        left = deque(pieces)

        def comes(now_s: float) -> Iterator[Step]:
            """All pieces are of one size; some are asked for before the one is taken that they come after."""
            while left and len(arrivals_s) < _AHEAD:
                arrivals_s.append(self._arrives_s(now_s, left.popleft()))
            yield self._received(pieces[0], arrivals_s.popleft() - now_s)

        for piece_bytes in pieces:
            yield Later(comes, "the next piece has come")
            yield self._use("digest_cycles_per_byte", piece_bytes)
            yield from self._written(piece_bytes)

    def _arrives_s(self, now_s: float, size_bytes: float) -> float:
        """When data that leave the registry now have come over the link, headers included."""
        link = self._registry["link_bytes_per_s"]
        way = self._house.ways.setdefault((self._registry["name"], link), Way(link))
        headers = self.home.layer.parameters["header_bytes"] + self._house.machine.nic.parameters["frame_bytes"]
        return way.arrives_s(now_s, size_bytes * (1.0 + headers / _PAYLOAD_BYTES))

    def _received(self, size_bytes: float, wait_s: float) -> Step:
        return Ask(d.ReceiveRequest(size_bytes, _PAYLOAD_BYTES, max(0.0, wait_s)))

    def _unpacked(self, layer: ImageLayer) -> Iterator[Step]:
        """A layer made out of what came, piece by piece; what is not packed (an archive) is left where it is."""
        yield self._use("layer_cycles", 1.0)
        packed = layer.unpacked_bytes > layer.compressed_bytes
        pieces = list(_pieces(layer.unpacked_bytes, _PIECES, _LEAST_BYTES)) if packed else []
        for piece_bytes in pieces:
            part = 1.0 / len(pieces)
            yield self._use("inflate_cycles_per_byte", layer.compressed_bytes * part)
            yield self._use("unpacked_cycles_per_byte", piece_bytes)
            yield self._use("digest_cycles_per_byte", piece_bytes)
            if layer.files_count:
                yield self._use("file_cycles", layer.files_count * part)
                yield Ask(d.Create(count=layer.files_count * part))
            yield from self._written(piece_bytes)
        for _ in range(round(self._figures["flushes_count"])):
            yield Later(lambda _: self._flushed(), "what is still in memory is written")

    def _flushed(self) -> Iterator[Step]:
        """As many writes as there are dirty bytes, some at a time; what the kernel's own thread has written meanwhile
        is none any more."""
        layer = self.home.layer
        unit_bytes = layer.parameters.get("write_back_bytes", 0.0)
        if layer.cache is not None and unit_bytes:
            writes = ceil(layer.cache.dirty_bytes / unit_bytes / _DEPTH)
            yield Parallel(((Ask(d.WriteBack(unit_bytes)),) * writes,) * _DEPTH)

    def _written(self, size_bytes: float) -> Iterator[Step]:
        if size_bytes:
            yield Ask(d.Write(size_bytes, new_pages=size_bytes / self.home.layer.place.page_bytes))

    # ---- lazily

    def _indexes(self, image: Image, missing: Sequence[ImageLayer]) -> Life:
        """The index of each layer, and the layer mounted."""
        for layer in missing:
            yield from self._requests("request", layer.name, self._figures["layer_requests_count"])
            size_bytes = layer.index_bytes(self._figures["index_bytes"])
            steps = (*self._downloaded(size_bytes), self._use("layer_cycles", 1.0))
            yield from self._stage("index", layer.name, steps, size_bytes, over_link=True)
            self._report.fetched += (layer.name,)
        self.store.add_lazily(image, self._figures["index_bytes"])

    def read(self, image: Image, registry: Mapping[str, Any]) -> Life:
        """What a start reads of an image that was pulled lazily, as far as it is not there."""
        self._registry = registry
        for layer in image.layers:
            unread_bytes = self.store.unread_bytes(layer)
            if unread_bytes:
                moved_bytes = layer.packed_bytes(unread_bytes, self._figures["index_bytes"])
                steps = self._read(unread_bytes, moved_bytes)
                yield from self._stage("read", layer.name, steps, moved_bytes, over_link=True)
                self.store.came(layer, unread_bytes)
        self._report.end_s, self._report.disk_bytes = self._environment.now, self.store.disk_bytes

    def _read(self, size_bytes: float, moved_bytes: float) -> Iterator[Step]:
        """One request after the other: each waits for its answer, which is checked, unpacked and kept."""
        fetches = ceil(size_bytes / self._figures["fetch_bytes"])

        def comes(now_s: float) -> Iterator[Step]:
            asked_s = now_s + self._registry["round_trip_s"]
            yield self._received(moved_bytes / fetches, self._arrives_s(asked_s, moved_bytes / fetches) - now_s)

        for _ in range(fetches):
            yield Later(comes, "the piece that was asked for has come")
            yield self._use("fetch_cycles", 1.0)
            yield self._use("inflate_cycles_per_byte", moved_bytes / fetches)
            yield self._use("unpacked_cycles_per_byte", size_bytes / fetches)
            yield self._use("digest_cycles_per_byte", size_bytes / fetches)
            yield from self._written(size_bytes / fetches)

    # ---- removing

    def drop(self, name: str) -> Generator[simpy.Event, Any, float]:
        """An image is given up, and the layers that no other refers to are removed; returns what that frees."""
        self.store.drop(name)
        for layer in self.store.unreferenced():
            pages = layer.unpacked_bytes / max(1.0, layer.files_count) / self.home.layer.place.page_bytes
            removed = Ask(d.Delete(pages, count=max(1.0, layer.files_count)))
            yield from self._carry("remove", (removed, self._use("layer_cycles", 1.0)))
        return self.store.collect()

    # ---- carrying out

    def _use(self, name: str, count: float) -> Use:
        return Use(PULL, cycles=self._figures[name] * count, operations=count)

    def _requests(self, step: str, layer: str, count: float) -> Life:
        """Requests to the registry, one after the other."""
        if count:
            yield from self._stage(step, layer, (Wait("network", time_s=self._registry["round_trip_s"] * count),))

    def _stage(
        self, step: str, layer: str, steps: Iterable[Step], size_bytes: float = 0.0, *, over_link: bool = False
    ) -> Life:
        begin_s = self._environment.now
        yield from self._carry(step, steps)
        self._report.moved_bytes += size_bytes if over_link else 0.0
        self._report.stages.append(Stage(step, layer, begin_s, self._environment.now, size_bytes))

    def _carry(self, name: str, steps: Iterable[Step]) -> Life:
        """Steps in a thread of the engine on the system that it runs on."""
        house, home = self._house, self.home
        plan = compile_steps(home, steps, self._node.path)
        if not plan:
            return
        house.pulling_threads += 1
        title = f"{name} {house.pulling_threads} of {self._product}"
        yield from house.carry_out(self._tenant or home.path, title, home, plan)


def home(house: House, node: Node) -> Node:
    """The system that a product's engine runs on: the domain that drives devices, or the kernel below."""
    if "domain-0" in node.roles:
        return node.roles["domain-0"]
    below = node.below
    return house.kernel(below if below is not None and below.path in house.nodes and not node.port else node)


def _pieces(size_bytes: float, most: int, least_bytes: float) -> Iterator[float]:
    """A row of equal pieces, not too small and not too many; nothing of nothing."""
    if size_bytes > 0.0:
        count = max(1, min(most, int(size_bytes / least_bytes)))
        yield from [size_bytes / count] * count
