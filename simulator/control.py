"""What may be done to a running tenant, in the words that every layer, product, operation and table uses.

The rule: a layer's words hold for what stands on it. They hold for a tenant where what stands there is the tenant's own
(its virtual machine, its container, its program); what it shares with others can only be treated together with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from simulator import keeping
from simulator.parameters import Parameter


class Word(NamedTuple):
    """One way of control, and what is said of it where it is missing.

    Attributes:
        meaning: what it lets one do.
        denied: what is true of whoever does not have it: completes "a container ...".
        reason: why that is so.
        instead: what serves instead where another word holds: that word, and the advice.
        otherwise: what serves instead in any case.
    """

    meaning: str
    denied: str
    reason: str
    instead: tuple[tuple[str, str], ...]
    otherwise: str


_SHARED_STATE = "part of its state lies in a kernel that it shares with others"
_IN_A_MACHINE = "run it in a virtual machine"
_IN_A_CONTAINER = "put it into a container or a virtual machine"
_CHECKPOINT = ("checkpoint", "checkpoint it (docker checkpoint, CRIU)")
_ANOTHER = ("package", "start another one from its image")

VOCABULARY: Mapping[str, Word] = {
    "limit-processor": Word(
        "give it a part of the processors, and no more", "cannot be held to a part of the processors",
        "nothing counts as one what its threads take", (), _IN_A_CONTAINER,
    ),
    "limit-memory": Word(
        "give it a part of the memory, and no more", "cannot be held to a part of the memory",
        "nothing counts as one what its processes and their files take", (), _IN_A_CONTAINER,
    ),
    "limit-disk": Word(
        "give it a part of the disk's bandwidth, and no more", "cannot be held to a part of the disk's bandwidth",
        "nothing on its way delays its requests alone", (), _IN_A_CONTAINER,
    ),
    "pause": Word(
        "stop it and let it go on, where it is", "cannot be paused by itself",
        "it is no thread or process that the system below could stop", (), "give it a process of its own",
    ),
    "inspect": Word(
        "stop it and see what its threads are doing, then let it go on", "cannot be stopped and looked into",
        "nothing below it shows its threads to a debugger", (("pause", "pause it, and read its own log"),),
        "take a layer with a debugger's door (a gdb stub, ptrace)",
    ),
    "debug-system": Word(
        "stop a whole system, its kernel included, and look inside", "cannot be stopped with its kernel",
        "the kernel is its neighbours' as well, and would stop for them too",
        (("inspect", "look into its processes (inspect)"),), _IN_A_MACHINE,
    ),
    "save": Word(
        "write its whole state to the disk, end it, and start it again from there",
        "cannot be saved to the disk and ended", _SHARED_STATE,
        (("snapshot", "keep a snapshot, and stop it"), _CHECKPOINT), _IN_A_MACHINE,
    ),
    "snapshot": Word(
        "keep its whole state, memory included, and go on from there later", "has no snapshot of its memory",
        _SHARED_STATE, (("save", "save it to the disk, which ends it"), _CHECKPOINT), _IN_A_MACHINE,
    ),
    "roll-back": Word(
        "go back to a state that was kept", "cannot be rolled back", _SHARED_STATE,
        (
            ("save", "restore it from what was saved"),
            ("checkpoint", "restore it from a checkpoint (docker checkpoint, CRIU)"),
        ), _IN_A_MACHINE,
    ),
    "checkpoint": Word(
        "keep the state of its processes, one by one, and start them again from it", "cannot be checkpointed",
        "the system does not let a tool read and set all that belongs to a process",
        (("snapshot", "keep a snapshot"), ("save", "save it to the disk, which ends it")), _IN_A_MACHINE,
    ),
    "clone": Word(
        "a second one from the state of the first", "cannot be cloned from its running state", _SHARED_STATE,
        (("save", "save it, and restore it twice, one after the other"), _ANOTHER), _IN_A_MACHINE,
    ),
    "fork": Word(
        "further ones that share its memory until one of them writes", "cannot be forked",
        "no layer shares its memory with a copy until one of them writes",
        (("clone", "clone it, which copies its memory"), _ANOTHER),
        "run it in a virtual machine whose memory is mapped from a file",
    ),
    "migrate": Word(
        "move it to another machine while it runs", "cannot be moved while it runs", _SHARED_STATE,
        (
            ("save", "save it and restore it there (it stands still meanwhile)"),
            ("checkpoint", "checkpoint it and restore it there (it stands still meanwhile)"),
            ("package", "stop it, and start its image there"),
        ), _IN_A_MACHINE,
    ),
    "own-kernel": Word(
        "choose its kernel and change it", "has no kernel of its own",
        "its calls go to the kernel below, which is its neighbours' as well", (), _IN_A_MACHINE,
    ),
    "other-system": Word(
        "run a system of another make than the host's", "cannot be a system of another make",
        "its programs call an interface that only one make of system has",
        (("own-kernel", "take another version of the same system"),),
        "run it in a virtual machine with firmware and devices of a common make",
    ),
    "package": Word(
        "ship it as an image with all it needs", "does not come as an image with all it needs",
        "what it needs is installed on the system below, for all", (), _IN_A_CONTAINER,
    ),
    "lazy-pull": Word(
        "start it before all of its image has come", "must wait for the whole of its image",
        "nothing fetches a file of the image at the moment it is read", (),
        "take a container engine with a snapshotter for lazy pulling",
    ),
    "replay": Word(
        "run it again in exactly the same way, from a record of all that reached it",
        "cannot be replayed instruction by instruction", "nothing records what reaches it, and when",
        (("roll-back", "roll it back, and send it the same requests again"),),
        "take a monitor that records and replays",
    ),
}  # fmt: skip
"""All that is known of each word."""
WORDS: Mapping[str, str] = {name: word.meaning for name, word in VOCABULARY.items()}
"""Each way of control with what it lets one do."""
PROCESS = "process"
"""What a plain system holds: its words give way to those of the layer whose process it is."""


PAUSE = (
    Parameter("stop_cycles", "cycles", "processor work to stop what stands on it"),
    Parameter("stop_each_cycles", "cycles", "further, for each process or virtual processor that it stops"),
    Parameter("resume_cycles", "cycles", "processor work to let it go on"),
    Parameter("resume_each_cycles", "cycles", "further, for each process or virtual processor"),
)
"""What it takes a layer to pause what stands on it."""
MIGRATION = (
    Parameter("page_cycles", "cycles", "copying thread: a page found in the bitmap, mapped and handed to the network"),
    Parameter("blank_page_cycles", "cycles", "copying thread: a page looked through and found all zero", optional=True),
    Parameter("blank_page_bytes", "bytes", "what is sent for such a page; without it all pages are sent alike",
              optional=True),
    Parameter("page_header_bytes", "bytes", "what is sent beside each page"),
    Parameter("protect_page_cycles", "cycles", "copying thread: bitmap read and page watched again, each round"),
    Parameter("first_write_cycles", "cycles", "guest: its first write to a page that is watched, each round"),
    Parameter("receive_page_cycles", "cycles", "destination: a page taken from the network and put in its place"),
    Parameter("new_page_cycles", "cycles", "destination: beyond that, memory found for a page that was not there"),
    Parameter("in_flight_bytes", "bytes", "most that is handed to the network and not yet sent"),
    Parameter("state_bytes", "bytes", "state of processors and devices"),
    Parameter("setup_s", "s", "before the first page: destination set up, pages watched"),
    Parameter("suspend_s", "s", "guest stands still: its devices come to rest, its processors stop"),
    Parameter("resume_s", "s", "guest stands still: devices and processors go on at the destination"),
    Parameter("announce_s", "s", "guest cannot be reached yet: the network learns where it is now"),
    Parameter("rate_bytes_per_s", "bytes_per_s", "most that is sent in a second while the guest runs", optional=True),
    Parameter("window_s", "s", "time in which that is kept: as fast as it goes, then a rest", optional=True),
    Parameter("first_rate_bytes_per_s", "bytes_per_s", "rate of the first round, if it follows what is written",
              optional=True),
    Parameter("rate_step_bytes_per_s", "bytes_per_s", "how much more is sent in a second than was written in the round "
              "before", optional=True),
    Parameter("downtime_limit_s", "s", "the guest is stopped as soon as all that is left takes no longer",
              optional=True),
    Parameter("rounds_count", "count", "most rounds before it is stopped", optional=True),
    Parameter("least_pages_count", "count", "it is stopped when fewer pages are left", optional=True),
    Parameter("most_sent_ratio", "ratio", "it is stopped when so many times its memory has been sent", optional=True),
    Parameter("stops_at_growth", "count", "1: it is stopped when a round at the highest rate sent more than the one "
              "before", optional=True),
    Parameter("throttle_first_ratio", "ratio", "part of the time that a guest is held at first that writes too much, "
              "where that is asked for", optional=True),
    Parameter("throttle_step_ratio", "ratio", "how much more each further time", optional=True),
    Parameter("throttle_most_ratio", "ratio", "most of it", optional=True),
    Parameter("throttle_trigger_ratio", "ratio", "what is written over what is sent that is too much", optional=True),
    Parameter("slowed_dirty_ratio", "ratio", "a guest that writes more of what is sent is held until it does not",
              optional=True),
    Parameter("fault_cycles", "cycles", "post-copy, destination: a page that is not there, asked for and put in",
              optional=True),
    Parameter("fault_wait_s", "s", "post-copy: way to the source and back, beside the page on the wire", optional=True),
    Parameter("run_pages_count", "count", "post-copy: pages in a row that are touched in a row, and that one fault "
              "brings with it", optional=True),
)  # fmt: skip
"""What it takes a hypervisor to move a guest while it runs, and by which rules it does so. Rules that a product has not
are left out, or 0; without the numbers of post-copy it does only pre-copy."""
SECTIONS: Mapping[str, tuple[Parameter, ...]] = {"pause": PAUSE, "migration": MIGRATION, **keeping.SECTIONS}
"""The sections of a layer's file that say what ways of control take; each may be left out, then nobody knows."""


class Grip(NamedTuple):
    """What one layer lets one do to what stands on it, on the way to one tenant.

    Attributes:
        allows: the words of its family (``Layer.CONTROL``), with those that its product adds.
        lacks: those of them that the product does not have.
        own: whether what stands on it there is the tenant's alone.
        product: its name in the catalog.
        holds: what stands on it there, in a word (``Layer.HOLDS``).
        bars: what nobody below can do, because of what stands here (``Layer.BARS``).
    """

    allows: Collection[str]
    lacks: Collection[str]
    own: bool
    product: str = ""
    holds: str = PROCESS
    bars: Collection[str] = ()

    def offers(self, word: str) -> bool:
        """Whether its product does that, to whatever stands on it."""
        return word in self.allows and word not in self.lacks


def held(grips: Iterable[Grip]) -> tuple[str, ...]:
    """The words that hold for a tenant, in the order of ``WORDS``: all that any layer on its way gives."""
    way = tuple(grips)
    return tuple(word for word in WORDS if giver(word, way) is not None)


def giver(word: str, grips: Iterable[Grip]) -> int | None:
    """Which layer does it, by its number in the way from the hardware up; None if no layer can.

    The outermost one that can, for what stands on it comes along whole. A plain system, to which all that stands on it
    is processes, leaves it to the layer whose process it is where that one can, too.
    """
    way = tuple(grips)
    for number, grip in enumerate(way):
        if not grip.own or not _can(word, way, number):
            continue
        gives_way = grip.holds == PROCESS and number + 1 < len(way) and way[number + 1].own
        if not (gives_way and _can(word, way, number + 1)):
            return number
    return None


def _can(word: str, way: Sequence[Grip], number: int) -> bool:
    return way[number].offers(word) and not any(word in above.bars for above in way[number + 1 :])


def refusal(word: str, grips: Iterable[Grip]) -> str:
    """Why a word does not hold for a tenant and what to do instead, in a sentence; empty if it holds.

    Args:
        word: of ``WORDS``; the empty word is anybody's.
        grips: of the tenant, from the hardware up.
    """
    way = tuple(grips)
    if not word or giver(word, way) is not None:
        return ""
    entry = VOCABULARY[word]
    together = next((grip for number, grip in enumerate(way) if _can(word, way, number)), None)
    able = next((grip for grip in way if grip.own and word in grip.allows), None)
    if together is not None:
        reason = f"{together.product} can only do it to all that stands on it together"
        last = "give it one of its own, behind the bar '|' of the stack"
    elif able is not None and word in able.lacks:
        reason, last = f"{able.product} does not offer it", "take another product of its kind"
    elif able is not None:
        barring = next(grip for grip in way if word in grip.bars)
        reason, last = f"{able.product} cannot reach into {barring.product}", entry.otherwise
    else:
        reason, last = entry.reason, entry.otherwise
    advice = next((text for other, text in entry.instead if giver(other, way) is not None), None)
    remedy = f"{advice}, or {last}" if advice is not None else last
    return f"{subject(way)} {entry.denied}: {reason}; {remedy}"


def subject(grips: Iterable[Grip]) -> str:
    """What a tenant is to those who control it: the outermost thing of its own that is more than a process."""
    every = tuple(grips)
    way = [grip for grip in every if grip.own] or every[-1:]
    outermost = next((grip for grip in way if grip.holds != PROCESS), way[-1] if way else None)
    if outermost is None:
        return "a program"
    return f"a {outermost.holds} of {outermost.product}" if outermost.product else f"a {outermost.holds}"
