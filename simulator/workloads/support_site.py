"""A support site for a few visitors, like the Support workload of SPECweb2005: pages made by scripts, and downloads.

Each visitor has a connection and with it a server process of his own (Apache's prefork, PHP inside it). He thinks, asks
for a page or, now and then, downloads a file no faster than his line. A page is good if it is there in time; a download
if it began in time and came, from then on, at nearly the rate of the line: the server reads a piece ahead of what the
line carries, so a piece may be late by as long as the line takes for one.

One operation: one good response; who gets his late has turned away, and a site without any does not respond. The figure
of merit is the part of all requests that got a good one. Who has waited for a page longer than a good one takes, and
still has no answer, got none.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from simulator.demands import (
    Allocate,
    Demand,
    Fault,
    File,
    Read,
    ReceiveRequest,
    SendData,
    Sleep,
    SystemCall,
    Touch,
    Write,
)
from simulator.parameters import Parameter
from simulator.workloads.base import ClassFiles, Context, Demands, Draws, Program, ThreadPlan

_APART_BYTES = 2**32
"""Where on the disk the files for downloading begin; the site itself lies at its beginning."""
Answer = Generator[Demand, None, bool]
"""What an answer asks for; it says in the end whether it was good."""


class SupportSite(Program):
    """A server process for each visitor."""

    PARAMETERS = (
        Parameter("sessions_count", "count", "visitors at a time, each with a server process"),
        Parameter("think_s", "s", "mean time from an answer to the visitor's next request"),
        Parameter("good_s", "s", "time within which a page is good"),
        Parameter("request_bytes", "bytes", "size of a request"),
        Parameter("payload_bytes", "bytes", "data in one packet"),
        Parameter("page_cycles", "cycles", "user cycles for a page: the script"),
        Parameter("page_variation_ratio", "ratio", "standard deviation of a page's cycles over the mean"),
        Parameter("page_bytes", "bytes", "size of a page with its pictures"),
        Parameter("page_files_count", "count", "scripts, includes and pictures read for a page"),
        Parameter("page_faults_count", "count", "pages of memory touched for the first time for a page"),
        Parameter("page_touched_bytes", "bytes", "memory of the server process touched for a page"),
        Parameter("site_bytes", "bytes", "scripts and pictures of the site; in memory after the warm-up"),
        Parameter("file_bytes", "bytes", "size of one of these"),
        Parameter("log_bytes", "bytes", "log written for a response"),
        Parameter("process_bytes", "bytes", "memory of a server process that it does not share"),
        Parameter("download_ratio", "ratio", "part of the requests that downloads a file"),
        Parameter("download_bytes", "bytes", "mean size of a download"),
        Parameter("download_variation_ratio", "ratio", "standard deviation of a download's size over the mean"),
        Parameter("downloads_bytes", "bytes", "files that are offered for downloading"),
        Parameter("piece_bytes", "bytes", "read at a time of a download"),
        Parameter("line_bytes_per_s", "bytes_per_s", "rate of a visitor's line"),
        Parameter("good_rate_ratio", "ratio", "part of that rate at which a download is good"),
    )
    CHOSEN = frozenset({"sessions_count", "think_s", "good_s", "line_bytes_per_s", "good_rate_ratio"})
    COUNTS = ("compute", "page_fault", "system_call", "copy", "network_stack", "driver", "page_cache", "block_stack")

    def __init__(
        self, parameters: Mapping[str, float], context: Context, class_files: ClassFiles | None = None
    ) -> None:
        super().__init__(parameters, context, class_files)
        self._late: list[float] = []
        """When visitors asked for what they got too late."""
        self._waiting: dict[str, float] = {}
        """When those asked who wait for a page."""

    def threads(self) -> list[ThreadPlan]:
        """The server processes."""
        numbers = range(int(self.parameters.sessions_count))
        return [ThreadPlan(f"session-{number}", self._session(number), endless=True) for number in numbers]

    def warm_files(self) -> tuple[File, ...]:
        """The site itself; most of what can be downloaded is not in memory."""
        return (self._site(),)

    def _site(self) -> File:
        parameters = self.parameters
        return File(self.context.path("site"), int(parameters.site_bytes), int(parameters.file_bytes))

    def _downloads(self) -> File:
        parameters = self.parameters
        return File(
            self.context.path("downloads"), int(parameters.downloads_bytes), int(parameters.piece_bytes), _APART_BYTES
        )

    def _session(self, number: int) -> Demands:
        """A visitor; the first ones come one after the other."""
        parameters, name = self.parameters, f"session-{number}"
        draws = self.context.draws(name)
        yield Allocate(parameters.process_bytes)
        first_s = (number + draws.uniform()) / parameters.sessions_count * parameters.think_s / 2.0
        while True:
            think_s = first_s or draws.exponential(parameters.think_s)
            start_s, first_s = self.context.now + think_s, 0.0
            self._waiting[name] = start_s
            yield ReceiveRequest(parameters.request_bytes, parameters.payload_bytes, think_s)
            if draws.uniform() < parameters.download_ratio:
                del self._waiting[name]
                good = yield from self._download(draws, start_s)
            else:
                good = yield from self._page(draws, start_s)
            yield Write(parameters.log_bytes)
            self._waiting.pop(name, None)
            if good:
                self.context.done(name, "response", start_s)
            else:
                self._late.append(start_s)

    def _page(self, draws: Draws, start_s: float) -> Answer:
        """A page; whether it was there in time.

        It comes in pieces, each asked for when the one before has come: the server's time and the line's add up.
        """
        parameters, site = self.parameters, self._site()
        files, read = site.size_bytes // site.unit_bytes, int(parameters.page_files_count)
        yield SystemCall("select")
        yield SystemCall("open_close", count=parameters.page_files_count)
        yield SystemCall("stat", count=2.0 * parameters.page_files_count)
        yield Touch(parameters.page_touched_bytes, parameters.process_bytes * parameters.sessions_count)
        place_bytes, read_bytes = draws.below(files - read + 1) * site.unit_bytes, read * site.unit_bytes
        yield Read(site, place_bytes, read_bytes, calls=read)
        yield from self.compute(draws.lognormal(parameters.page_cycles, parameters.page_variation_ratio))
        yield Fault(count=parameters.page_faults_count)
        yield SendData(parameters.page_bytes, parameters.payload_bytes)
        line_s = parameters.page_bytes / parameters.line_bytes_per_s
        return self.context.now + line_s - start_s <= parameters.good_s

    def _download(self, draws: Draws, start_s: float) -> Answer:
        """A file, piece by piece, one piece ahead of the line; whether it came at nearly the line's rate."""
        parameters, file = self.parameters, self._downloads()
        piece_bytes, piece_s = file.unit_bytes, file.unit_bytes / parameters.line_bytes_per_s
        size_bytes = draws.lognormal(parameters.download_bytes, parameters.download_variation_ratio)
        pieces = max(1, int(size_bytes // piece_bytes))
        place = draws.below(max(1, file.size_bytes // piece_bytes - pieces))
        free_s = begun_s = start_s
        yield SystemCall("open_close")
        for number in range(pieces):
            ahead_s = free_s - piece_s - self.context.now
            if ahead_s > 0.0:
                yield Sleep(ahead_s)
            yield Read(file, (place + number) * piece_bytes % file.size_bytes, piece_bytes)
            yield SendData(piece_bytes, parameters.payload_bytes)
            free_s = max(free_s, self.context.now) + piece_s
            begun_s = begun_s if number else self.context.now
        in_time = begun_s - start_s <= parameters.good_s
        return in_time and pieces * piece_s >= (free_s - begun_s) * parameters.good_rate_ratio

    def value(self, operations: float, elapsed_s: float) -> float:
        """Good responses in percent of the requests."""
        end_s = self.context.now
        begin_s, overdue_s = end_s - elapsed_s, end_s - self.parameters.good_s
        late = sum(asked_s >= begin_s for asked_s in self._late)
        unanswered = sum(begin_s <= asked_s <= overdue_s for asked_s in self._waiting.values())
        return 100.0 * operations / (operations + late + unanswered)


PROGRAM = SupportSite
