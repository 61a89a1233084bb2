"""Everything virtlab raises on purpose, in one tree.

VirtlabError
├── UsageError              a command or call that cannot mean anything (exit 2)
│   ├── ScenarioError       one or more located mistakes in a scenario
│   ├── StackError          a stack expression that does not parse or cannot be built
│   ├── CatalogError        an unknown product, an unsourced or misfitting number
│   ├── MeasurementError    a file of another tool that cannot be read or made use of
│   └── UnitError           a quantity that is not one
├── ResultsError            a results folder that is missing, foreign or damaged
├── StorageError            a results folder that cannot be written any more: what has finished is kept (exit 1)
└── RunError                an exception inside one simulated run
    ├── Refused             a program that a system will not let go on: an outcome, not a failed run
    │   ├── Exited          a program that ends its process, with whatever else runs in it
    │   └── Killed          a program that its kernel ends for want of memory, with its whole process
    ├── OverBudget          a run that would take more than it may
    └── LedgerError         time or capacity that does not add up
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple


class VirtlabError(Exception):
    """Base of every error that virtlab raises on purpose; its text names the thing and says what to do."""


class UsageError(VirtlabError):
    """Something asked for cannot be done as asked; nothing was run and nothing was written."""


@dataclass(frozen=True)
class Problem:
    """One mistake in a file: where it is, what is wrong, what to do about it."""

    file: str
    line: int
    column: int
    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        subject = f" {self.path}:" if self.path else ""
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{place}:{subject} {self.message}{remedy}"


_MOST = 100
"""Mistakes that anybody reads."""


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each mistake once, in the order of the file; of very many the first, and how many there are."""
    found = sorted(dict.fromkeys(problems), key=lambda each: (each.line, each.column))
    if len(found) <= _MOST:
        return found
    more = f"has {len(found) - _MOST:,} more mistakes"
    return [*found[:_MOST], replace(found[_MOST], path="", message=more, remedy="correct these first")]


class ScenarioError(UsageError):
    """One or more mistakes in a scenario, all of them at once."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class StackError(UsageError):
    """A stack expression that does not parse, or layers that do not fit on each other."""


class CatalogError(UsageError):
    """An unknown product, or a catalog entry without source, with a wrong unit or a misfitting name."""


class MeasurementError(UsageError):
    """One or more reasons why a file of measurements cannot be read or made use of, all of them at once."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class UnitError(UsageError):
    """A text that is not a quantity of the wanted dimension."""


class ResultsError(VirtlabError):
    """A results folder that is missing, of another batch, or damaged."""


class StorageError(VirtlabError):
    """The disk, or whatever holds the results, takes no more of them; no run is to blame, and none is lost."""


class RunError(VirtlabError):
    """An exception inside one run; names scenario, seed, replication and tenant."""


class Refused(RunError):
    """A system does not let a program go on; the text is the tenant's outcome."""


class Exited(Refused):
    """A program ends the process that it runs in, because it wants to."""


class Killed(Refused):
    """A kernel ends the process that holds most memory, and it is the one that asks for more."""


class Spent(NamedTuple):
    """What a run had taken when its budget ended it.

    Attributes:
        limit: which limit ended it: events, simulated, wall or memory.
        size: of that limit, in events, seconds or bytes.
        simulated_s: how far it had come.
        events: how many events it had processed.
    """

    limit: str
    size: float
    simulated_s: float
    events: int


class OverBudget(RunError):
    """A run would take more than it may: more events, simulated time, wall time or memory.

    Attributes:
        spent: what it had taken.
    """

    def __init__(self, text: str, spent: Spent) -> None:
        self.spent = spent
        super().__init__(text)

    def __reduce__(self) -> tuple[type[OverBudget], tuple[str, Spent]]:
        return type(self), (str(self), self.spent)


class LedgerError(RunError):
    """A ledger that does not close: a defect of the simulator, never of the user."""
