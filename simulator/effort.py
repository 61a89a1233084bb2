"""What it takes to start and to install a layer, and to fetch images: declared once, for the files of all layers."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.parameters import Parameter

START = (
    Parameter("start_cycles", "cycles", "processor work from nothing to ready"),
    Parameter("firmware_cycles", "cycles", "beside that, a guest's firmware until it hands over to a kernel",
              optional=True),
    Parameter("start_read_bytes", "bytes", "read from its image on the way"),
    Parameter("start_unit_bytes", "bytes", "how much of the image is read at a time"),
    Parameter("start_wait_s", "s", "waits of fixed length on the way: probes, timeouts, grace periods"),
)  # fmt: skip
INSTALLATION = (
    Parameter("install_steps_count", "count", "things that a person does, from an empty disk or a running system"),
    Parameter("install_privileged_count", "count", "of these, those that need an administrator"),
    Parameter("install_reboots_count", "count", "restarts of the machine"),
    Parameter("install_bytes", "bytes", "fetched and written"),
    Parameter("install_wait_s", "s", "time of the installer itself, fetching, writing and restarts apart"),
)

START_IN_TURN = "start_in_turn"
"""The mechanism of what all starts of one product on one system go through one by one."""
START_QUEUE = (
    Parameter("serial_cycles", "cycles", "processor work of a start that is done for one after the other, under one "
              "lock or in one daemon"),
    Parameter("serial_wait_s", "s", "waits within it, in which all others wait as well"),
    Parameter("peer_cycles", "cycles", "further work of that kind for each instance that is up already"),
)  # fmt: skip
"""What a start takes there; a product without these numbers has no such place."""

PULL = (
    Parameter("requests_count", "count", "requests to a registry, one after the other, before the first layer"),
    Parameter("layer_requests_count", "count", "requests for a layer, before the first byte of it"),
    Parameter("downloads_count", "count", "layers that are downloaded at a time"),
    Parameter("image_cycles", "cycles", "an image entered into the books, its layers apart"),
    Parameter("layer_cycles", "cycles", "a layer's place made ready, mounted and entered into the books"),
    Parameter("file_cycles", "cycles", "a file unpacked: header read, times and rights set; what the kernel does for a "
              "new one apart"),
    Parameter("digest_cycles_per_byte", "cycles/byte", "the checksum, of what comes and of what is unpacked"),
    Parameter("inflate_cycles_per_byte", "cycles/byte", "unpacking, for a byte as it comes: codes read"),
    Parameter("unpacked_cycles_per_byte", "cycles/byte", "unpacking, for a byte that comes out: copied and handed on"),
    Parameter("flushes_count", "count", "how often what of a layer is still in memory is written to the disk before "
              "the layer is entered"),
    Parameter("blobs_kept_ratio", "ratio", "whether compressed layers stay on the disk: 1, or 0"),
    Parameter("index_bytes", "bytes", "lazy: what is fetched beforehand for each file of a layer", optional=True),
    Parameter("fetch_bytes", "bytes", "lazy: how much, unpacked, is fetched at a time as it is asked for",
              optional=True),
    Parameter("fetch_cycles", "cycles", "lazy: one such request through the file system's own process", optional=True),
)  # fmt: skip
"""How a product fetches images from a registry; one without these numbers does not. Without the last three it cannot
do so lazily."""
INSTANCE = (
    Parameter("instance_tasks_count", "count", "processes and threads that one instance adds to the system below it, "
              "beside those of its program and one for each virtual processor"),
    Parameter("instances_most_count", "count", "most instances that it allows on one machine, where that is known; of "
              "containers those on one network of their own", optional=True),
)  # fmt: skip
"""What one instance more takes of tables that do not grow with the memory."""

SECTIONS: Mapping[str, tuple[Parameter, ...]] = {
    "start": START,
    "start_queue": START_QUEUE,
    "installation": INSTALLATION,
    "pull": PULL,
    "instance": INSTANCE,
}
"""The sections of a layer's file that say so; each may be left out, then nobody knows, or has no queue."""
