"""How a tenant ended, in the words of a user: every outcome begins with one of the phrases here.

What follows a colon are particulars; ``word`` leaves them out, for tables and heat maps. Of two tenants whose systems
are up, the one that answers nobody is told from the one that is merely not done yet:

* ``did not finish``: it was at work when the run ended. What it has achieved until then counts.
* ``stopped``: somebody made it end before it was done. What it has achieved until then counts.
* ``did not respond``: it was there to the end, but a client would have given it up. Its program is one of operations
  (its figure of merit is a rate or a latency, not the time of a whole), it wanted to go on with one (it did not merely
  sleep), and none was completed within the last half of its measured window, a silence also several times as long as
  any that it had kept before. It is what a benchmark finds that comes home from a guest without a result. A program
  whose figure is the time of the whole work can be silent for long and be well: of such a program nobody knows before
  its end, and it did not finish. Nothing is said of a neighbour that is cut off because all others are done.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

OK = "ok"
NOT_FINISHED = "did not finish"
NOT_RESPONDING = "did not respond"
NO_FORK = "could not fork"
OUT_OF_MEMORY = "out of memory"
KILLED = "killed"
LOST = "lost"
ENDED_WITH = "ended with"
HUNG = "hung"
STOPPED = "stopped"

PHRASES = (OK, NOT_FINISHED, NOT_RESPONDING, NO_FORK, OUT_OF_MEMORY, KILLED, LOST, ENDED_WITH, HUNG, STOPPED)
"""Every outcome begins with one of them."""
_SILENT_RATIO = 0.5
"""Part of the measured window, at its end, without any operation: from there on a tenant may be taken for dead."""
_UNUSUAL_RATIO = 3.0
"""How many times as long as its longest silence before: who takes a second for each operation is not dead after two."""


def out_of_memory(why: str) -> str:
    """It was refused memory; ``why`` says by what, e.g. ``Java heap space``."""
    return f"{OUT_OF_MEMORY}: {why}"


def killed(by: str, asker: str = "") -> str:
    """Whose memory ran out chose it as the victim.

    Args:
        by: who killed it: the kernel, or the limit that was reached.
        asker: the tenant that asked for the memory, if it was another one.
    """
    return f"{KILLED}: by {by}" + (f", for {asker}" if asker else "")


def lost(node: str, how: str = "crashed") -> str:
    """Something that it stood on is gone.

    Args:
        node: its path.
        how: what happened to it.
    """
    return f"{LOST}: {node} {how}"


def hung(node: str) -> str:
    """Something that it stands on does not go on, and neither does it."""
    return f"{HUNG}: {node} does not go on"


def ended_with(tenant: str, why: str) -> str:
    """Another tenant took the process down that both ran in."""
    return f"{ENDED_WITH} {tenant}: {why}"


def word(outcome: str) -> str:
    """An outcome without its particulars.

    >>> word("out of memory: Java heap space")
    'out of memory'
    >>> word("ended with bully: it called exit")
    'ended with bully'
    """
    return outcome.partition(":")[0]


def is_ok(outcome: str) -> bool:
    """Whether a tenant did what it was to do."""
    return outcome == OK


def counts(outcome: str) -> bool:
    """Whether what a tenant achieved is worth telling: it did its work, or was still at it."""
    return outcome in (OK, NOT_FINISHED, STOPPED)


def responding(ends_s: Iterable[float], begin_s: float, end_s: float, worked_s: float = 0.0) -> bool:
    """Whether a tenant answered until the end of its measured window, as said at the top.

    Args:
        ends_s: when each operation was completed, in order.
        begin_s: when the window began.
        end_s: when it ended.
        worked_s: processor time that its program had in one thread: who has completed nothing yet, but was at work for
            a good part of the time, has a long operation.

    Returns:
        also true for an empty window: nothing was asked of it.
    """
    told_s = [begin_s, *(each for each in ends_s if begin_s <= each <= end_s)]
    silent_s = end_s - told_s[-1]
    longest_s = max((later - earlier for earlier, later in pairwise(told_s)), default=worked_s)
    return silent_s <= max(_SILENT_RATIO * (end_s - begin_s), _UNUSUAL_RATIO * longest_s)


def not_responding(silent_s: float) -> str:
    """No operation was completed any more.

    Args:
        silent_s: for how long, until it was stopped.
    """
    return f"{NOT_RESPONDING}: no operation in the last {silent_s:.3g} s"
