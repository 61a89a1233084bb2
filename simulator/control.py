"""What may be done to a running tenant, in the words that every layer, product and table uses."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "limit-processor": "give it a part of the processors, and no more",
    "limit-memory": "give it a part of the memory, and no more",
    "limit-disk": "give it a part of the disk's bandwidth, and no more",
    "pause": "stop it and let it go on, where it is",
    "snapshot": "keep its whole state, memory included, and go on from there later",
    "roll-back": "go back to a state that was kept",
    "clone": "a second one from the state of the first",
    "migrate": "move it to another machine while it runs",
    "own-kernel": "choose its kernel and change it",
    "other-system": "run a system of another make than the host's",
    "package": "ship it as an image with all it needs",
    "debug-system": "stop a whole system and look inside",
}
"""Each way of control with what it lets one do."""
