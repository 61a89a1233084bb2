"""``operation``: what an operation of the scenario took, or whether it was done."""

from __future__ import annotations

from simulator.claims.case import Case
from simulator.claims.kinds.base import Complaint, Kind
from simulator.claims.reading import BOOL, Reading, means
from simulator.errors import UsageError
from simulator.operations.kinds.base import kinds
from simulator.records import TABLES
from simulator.scenario import Scenario

_DONE = "done"
_COLUMNS = {each.name: each for each in TABLES["operations"] if each.kind != "text" and each.name != "at_s"}


class OfOperation(Kind):
    """A column of the operations of one kind on the tenant, their mean; or whether all of them were done."""

    ABOUT = "what an operation of the scenario took, or whether it was done"
    RUNS = True
    OPTIONS = {"column": "`done` (the default), or a column of numbers of the table `operations`"}

    @property
    def _column(self) -> str:
        return str(self.asked.get("column", _DONE))

    def title(self) -> str:
        return f"{self.word}{'' if self._column == _DONE else ': ' + self._column.rpartition('_')[0].replace('_', ' ')}"

    def unit(self) -> str:
        return BOOL if self._column == _DONE else _COLUMNS[self._column].unit

    def words(self, scenario: Scenario) -> dict[str, str]:
        asked = {each["kind"] for point in scenario.points() for each in point["operations"]}
        return {name: name for name in kinds() if name in asked}

    def problem(self, scenario: Scenario) -> Complaint | None:
        if self._column not in (_DONE, *_COLUMNS):
            return "column", f"{self._column!r} is no column of numbers", f"write {_DONE}, {', '.join(_COLUMNS)}"
        if not self.words(scenario):
            return self.name, "there are no operations in this scenario", "write them in 'operations'"
        return super().problem(scenario)

    def read(self, case: Case) -> Reading:
        rows = [(number, row) for number, row in case.of_tenant("operations") if row["operation"] == self.word]
        if not rows:
            raise UsageError(f"nobody asked for {self.word} of {case.copy_of} on {case.stack}")
        outcome = next((str(row["outcome"]) for _, row in rows if row["outcome"] != _DONE), _DONE)
        missed = {number for number, row in rows if row["outcome"] != _DONE}
        done = {number: float(number not in missed) for number, _ in rows}
        if self._column == _DONE:
            return Reading(done, BOOL, note="" if outcome == _DONE else outcome)
        if not all(done.values()):
            raise UsageError(f"{self.word} on {case.stack}: {outcome}")
        return Reading(means((number, float(row[self._column])) for number, row in rows), self.unit())


KIND = OfOperation
