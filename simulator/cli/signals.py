"""Signals that end a command: each ends it in order, as Ctrl-C does, with the exit code that shells expect.

130 for Ctrl-C (SIGINT), 143 for SIGTERM, which schedulers of clusters send at the end of a time limit, 129 for SIGHUP,
when the terminal goes away; ``nohup`` is respected. A second one shortly after the first changes nothing: the command
is already ending, and is not to be torn out of that. One that comes later is obeyed again.

The library leaves signals to the program that uses it. Without this module a batch that is ended by SIGTERM is as one
that is killed: nothing that has finished is lost.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE_S = 2.0
"""How long after a signal another one is taken for the same."""
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


class Ended(KeyboardInterrupt):
    """A signal has ended the command.

    Attributes:
        exit_code: what the command ends with.
        name: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number
        self.name = signal.Signals(number).name


@contextmanager
def obeyed() -> Iterator[None]:
    """Raises ``Ended`` where a signal arrives that would end the process by itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    last_s = -GRACE_S

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal last_s
        now_s, before_s = time.monotonic(), last_s
        if now_s - before_s >= GRACE_S:
            last_s = now_s
            raise Ended(number)

    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    usual = (signal.SIG_DFL, signal.default_int_handler)
    before = {number: signal.getsignal(number) for number in numbers}
    mine = [number for number in numbers if before[number] in usual]
    for number in mine:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, before[number])
