"""What a Java virtual machine's compilers have before them, and where their code is kept."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Queue:
    """What waits for one compiler.

    Attributes:
        threads: how many take from it.
        tasks: methods that no thread has begun with.
        begun: methods of the parts that threads are at; each is compiled one by one.
    """

    threads: int
    tasks: list[Task] = field(default_factory=list)
    begun: list[float] = field(default_factory=list)

    @property
    def waiting(self) -> float:
        """Methods that wait: of what a thread has begun with, in the mean half of those that it is not at."""
        begun = sum(max(0.0, methods - 1.0) / 2.0 for methods in self.begun)
        return sum(task.methods for task in self.tasks) + begun

    def take(self, owner: object) -> int:
        """The hottest task of an owner: a part of it, or the rest, is begun. Returns which of its groups it is for."""
        task = max((each for each in self.tasks if each.owner is owner), key=lambda each: each.heat)
        part = task.methods / task.parts
        self.begun.append(part)
        task.methods -= part
        task.parts -= 1
        if not task.parts:
            self.tasks.remove(task)
        return task.group

    def done(self, methods: float) -> None:
        """A part of so many methods is compiled."""
        self.begun.remove(min(self.begun, key=lambda each: abs(each - methods)))


@dataclass(slots=True)
class Task:
    """Methods of one group of one program that are to be compiled."""

    owner: object
    group: int
    heat: float
    methods: float
    parts: int


@dataclass(slots=True)
class CodeCache:
    """Memory for compiled code."""

    size_bytes: float
    used_bytes: float = 0.0

    def over_free(self) -> float:
        """Its size over what is free of it."""
        free_bytes = self.size_bytes - self.used_bytes
        return self.size_bytes / free_bytes if free_bytes > 0.0 else float("inf")

    def has_room(self, size_bytes: float) -> bool:
        """Whether so much code fits."""
        return self.used_bytes + size_bytes <= self.size_bytes
