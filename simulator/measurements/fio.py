"""fio: what a disk does with requests of one size, as JSON or normal text, of versions 2 and 3.

A file of several jobs, each alone, is a disk: small single requests say how long it takes, many at a time how much it
does at once, large ones in order how fast it is. One job is as well a workload: the demands that fio made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.measurements import _fio_json, _fio_text
from simulator.measurements._disk import KINDS, Disk
from simulator.measurements._jobs import Job, jobs
from simulator.measurements._requests import requests
from simulator.measurements._setting import begun, setting
from simulator.measurements._written import CatalogFile
from simulator.measurements.base import Measurement, Request, Tool, chosen

if TYPE_CHECKING:
    from simulator.catalog import Catalog


class Fio(Tool):
    """A disk, or demands on one."""

    NAME = "fio"
    TITLE = "fio"
    BECOMES = ("disk", "workload")
    MADE_BY = "fio --output-format=json --output=FILE JOBFILE"
    RECORDS = "job"

    def recognise(self, text: str) -> str:
        """JSON, text, or the terse form, which does not say what was asked of the jobs."""
        if _fio_json.recognise(text):
            return "fio JSON"
        if _fio_text.recognise(text):
            return "fio text"
        terse = any(line[:1] in "2345" and line[1:5] == ";fio" and line.count(";") > 50 for line in text.splitlines())
        return "fio terse" if terse else ""

    def read(self, text: str, file: str) -> Measurement:
        """One record for each job."""
        found = Measurement("fio", file)
        if self.recognise(text) == "fio terse":
            found.refuse("is fio's terse form, which does not say what the jobs were", f"take JSON: '{self.MADE_BY}'")
        (_fio_json if _fio_json.recognise(text) else _fio_text).read(text, found)
        if not found.records:
            found.refuse("has no job that went well", "see what fio said of it")
        return found

    def convert(self, measurement: Measurement, request: Request, catalog: Catalog) -> CatalogFile:
        """A disk in a machine that extends the one of the catalog, or a workload."""
        found = jobs(measurement, chosen(measurement, request.only, self.RECORDS))
        if not found:
            measurement.refuse("has no job that can be understood", f"take JSON: '{self.MADE_BY}'")
        if request.to == "workload":
            if len(found) > 1:
                names = ", ".join(job.name for job in found)
                measurement.refuse(f"holds {len(found)} jobs, and a workload is one", f"say which by --only: {names}")
            return requests(measurement, found[0], request, catalog)
        return self._disk(measurement, found, request, catalog)

    def _disk(self, measurement: Measurement, found: list[Job], request: Request, catalog: Catalog) -> CatalogFile:
        place = setting(measurement, request, catalog)
        disk_kind = place.machine.devices["disk"].kind if "disk" in place.machine.devices else "no disk"
        if disk_kind not in KINDS:
            message = f"cannot be placed: the disk of {place.machine.name} is {disk_kind.replace('_', ' ')}"
            measurement.refuse(message, f"take a machine with one of: {', '.join(KINDS)}")
        together = {job.group for job in found if sum(each.group == job.group for each in found) > 1}
        for job in found:
            if job.group in together:
                where = next(iter(job.figures.values())).where
                measurement.drop(
                    where, job.name, "ran at the same time as another job: not the disk alone; use stonewall"
                )
        disk = Disk(measurement, place, [job for job in found if job.group not in together])
        title = f"{place.machine.name} with the disk that fio measured"
        file = begun(measurement, replace(request, machine=request.name), "machines", title, "a disk")
        file.source["howpublished"] = f"measured, file {measurement.file}"
        file.head |= {"year": place.machine.year, "extends": place.machine.name}
        file.device_kinds["disk"] = disk.device.kind
        file.groups["disk"] = disk.parameters()
        return file


TOOL = Fio
