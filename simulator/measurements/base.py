"""What a file of measurements says: figures by the tool's own names, each with the place where it stands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NoReturn

from simulator.errors import MeasurementError, Problem
from simulator.measurements import _rows

if TYPE_CHECKING:
    from simulator.catalog import Catalog
    from simulator.measurements._written import CatalogFile


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that a tool printed.

    Attributes:
        name: the tool's word for it.
        value: in SI base units.
        unit: ``s``, ``count``, ``bytes``, ``bytes_per_s``, ``hz`` or ``ratio``.
        where: the place in the file (``line 7``, ``jobs[0].read.iops``).
        low: lower end of what repeated runs or the digits printed allow; the value itself where nothing is known.
        high: upper end of it.
        remark: what a reader of the number should know, empty if nothing.
    """

    name: str
    value: float
    unit: str
    where: str
    low: float
    high: float
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Unused:
    """Something that a file says and the catalog has no use for."""

    where: str
    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.reason}"


@dataclass(slots=True)
class Record:
    """The figures of one run: of a program, a job, a host.

    Attributes:
        name: what the tool calls the run.
        figures: by their names.
        texts: what else was said of it, by the tool's words (``command``, ``rw``, ``kernel``).
    """

    name: str
    figures: dict[str, Figure] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def add(
        self, name: str, value: float, unit: str, where: str, ends: tuple[float, float] | None = None, remark: str = ""
    ) -> None:
        """Note a figure; the first one of a name stays."""
        low, high = ends or (value, value)
        self.figures.setdefault(name, Figure(name, value, unit, where, min(low, value), max(high, value), remark))


@dataclass(slots=True)
class Measurement:
    """One file.

    Attributes:
        tool: as a reader calls it.
        file: its name, without folders.
        version: of the tool, empty where the file does not say.
        year: of the measurement, or None where the file does not say.
        records: at least one.
        unused: what cannot be made use of, whoever reads it.
    """

    tool: str
    file: str
    version: str = ""
    year: int | None = None
    records: list[Record] = field(default_factory=list)
    unused: list[Unused] = field(default_factory=list)

    def drop(self, where: str, what: str, reason: str) -> None:
        """Note what is not used."""
        note = Unused(where, what, reason)
        if note not in self.unused:
            self.unused.append(note)

    def place(self, *figures: Figure) -> str:
        """Where figures stand, for the catalog's ``where``."""
        parts = dict.fromkeys(f"{each.where}, {each.name}" for each in figures)
        remarks = dict.fromkeys(f"; {each.remark}" for each in figures if each.remark)
        return f"{self.file}, {' and '.join(parts)}{''.join(remarks)}"

    def refuse(self, message: str, remedy: str, line: int = 0) -> NoReturn:
        """The file as a whole cannot be read, or not made use of."""
        raise MeasurementError([Problem(self.file, line, 1 if line else 0, "", message, remedy)])


@dataclass(frozen=True, slots=True)
class Request:
    """What a user wants to have.

    Attributes:
        name: of the catalog entry.
        machine: that it was measured on, as the catalog calls it.
        product: the kernel that it was measured on, empty: what the file says, or the newest Linux.
        to: one of the tool's ``BECOMES``.
        only: the record that is wanted, empty: all of them, or the only one.
        beside: further files by the names of their options, read by the tool's ``read_beside``.
    """

    name: str
    machine: str
    product: str = ""
    to: str = ""
    only: str = ""
    beside: Mapping[str, Record] = field(default_factory=dict)


class Tool(ABC):
    """One tool whose output can be read."""

    NAME: ClassVar[str]
    """As its command is called."""
    TITLE: ClassVar[str]
    BECOMES: ClassVar[tuple[str, ...]]
    """What its figures can become, the usual first: ``workload``, ``layer``, ``disk`` or ``machine``."""
    MADE_BY: ClassVar[str]
    """A command that makes a file that can be read."""
    RECORDS: ClassVar[str] = ""
    """What one of several records in a file is called; empty: there is only one."""
    BESIDE: ClassVar[Mapping[str, str]] = {}
    """Further files that may be given, and what for: the names of their options and the help."""
    ROWS: ClassVar[bool] = False
    """Whether its figures may as well become rows of a table that predictions are held against (``--as rows``)."""

    def usual(self, measurement: Measurement) -> str:
        """What a file becomes if the user does not say: one of ``BECOMES``."""
        return self.BECOMES[0]

    @abstractmethod
    def recognise(self, text: str) -> str:
        """What a text is if this tool has printed it ("fio JSON"), otherwise empty."""

    @abstractmethod
    def read(self, text: str, file: str) -> Measurement:
        """All figures of a file.

        Raises:
            MeasurementError: it cannot be read, with line and remedy.
        """

    def read_beside(self, text: str, file: str, option: str = "") -> tuple[Record, list[Unused]]:
        """A further file, given by an option of ``BESIDE``."""
        raise NotImplementedError

    def rows(self, measurement: Measurement, request: Request) -> str:
        """All figures as a table of the columns that ``virtlab validate --figures`` reads."""
        return _rows.table(measurement, request)

    @abstractmethod
    def convert(self, measurement: Measurement, request: Request, catalog: Catalog) -> CatalogFile:
        """The catalog file that the figures are; adds to ``measurement.unused`` what it has no use for.

        Raises:
            MeasurementError: the figures do not suffice for it.
        """


def chosen(measurement: Measurement, only: str, called: str) -> list[Record]:
    """The records of one name, or all of them.

    Raises:
        MeasurementError: there is none of this name.
    """
    if not only:
        return measurement.records
    found = [record for record in measurement.records if only in (record.name, *record.texts.values())]
    if not found:
        measurement.refuse(f"has no {called} {only!r}", f"take one of: {_names(measurement.records)}")
    for record in measurement.records:
        if record not in found:
            measurement.drop("--only", f"{called} {record.name}", "not asked for")
    return found


def one(measurement: Measurement, only: str, called: str) -> Record:
    """The record that is wanted, if there is no doubt which.

    Raises:
        MeasurementError: there are several.
    """
    found = chosen(measurement, only, called)
    if len(found) > 1:
        remedy = f"say which by --only: {_names(found)}"
        measurement.refuse(f"holds {len(found)} records, and only one can be taken", remedy)
    return found[0]


def _names(records: Iterable[Record]) -> str:
    return ", ".join(dict.fromkeys(record.name for record in records))
