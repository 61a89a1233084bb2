"""Programs that talk to those of other tenants: calls that are answered in time, or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from typing import NamedTuple

from simulator.demands import Demand, ReceiveLetter, SendLetter
from simulator.letters import Letter
from simulator.workloads.base import ClassFiles, Context, Program

Heard = Generator[Demand, None, Letter | None]


class Call(NamedTuple):
    """What a letter says.

    Attributes:
        number: of the call, by the thread that calls; its answer has it, too.
        thread: who waits for the answer.
        kind: what is asked for.
        key: about what.
        version: of that, where it is told.
    """

    number: int
    thread: str
    kind: str = ""
    key: int = 0
    version: int = 0


class TalkingProgram(Program):
    """Base of programs that call others by letters of ``payload_bytes`` a packet."""

    def __init__(
        self, parameters: Mapping[str, float], context: Context, class_files: ClassFiles | None = None
    ) -> None:
        super().__init__(parameters, context, class_files)
        self._calls: Counter[str] = Counter()

    def listen(self, thread: str, door: str, size_bytes: float, timeout_s: float = float("inf")) -> Heard:
        """The next letter at a door; None if none comes in time."""
        yield ReceiveLetter(door, size_bytes, self.parameters["payload_bytes"], timeout_s)
        return self.context.heard(thread)

    def call(
        self, thread: str, to: str, door: str, call: Call, sizes_bytes: tuple[float, float], timeout_s: float
    ) -> Heard:
        """Ask another tenant and wait for its answer, no longer than so; late answers to earlier calls are dropped."""
        self._calls[thread] += 1
        number = self._calls[thread]
        asked = call._replace(number=number, thread=thread)
        yield SendLetter(to, door, sizes_bytes[0], self.parameters["payload_bytes"], content=asked)
        until_s = self.context.now + timeout_s
        while True:
            left_s = until_s - self.context.now
            if left_s <= 0.0:
                return None
            letter = yield from self.listen(thread, f"answers for {thread}", sizes_bytes[1], left_s)
            if letter is None or said(letter).number == number:
                return letter

    def answer(self, letter: Letter, size_bytes: float, version: int = 0) -> Iterator[Demand]:
        """What a letter's sender waits for; a version below 0 says that it cannot be had."""
        asked = said(letter)
        content = asked._replace(version=version)
        door = f"answers for {asked.thread}"
        yield SendLetter(letter.sender, door, size_bytes, self.parameters["payload_bytes"], content=content)


def said(letter: Letter) -> Call:
    """What a letter says."""
    assert isinstance(letter.content, Call)
    return letter.content
