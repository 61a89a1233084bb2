"""``images``: what comes onto an idle host with images, as ``virtlab pull`` brings them."""

from __future__ import annotations

from simulator.catalog.suggestion import suggestion
from simulator.claims.case import Case
from simulator.claims.kinds.base import Complaint, Kind
from simulator.claims.reading import BOOL, Reading, derived
from simulator.delivery import Delivery, deliver
from simulator.errors import CatalogError
from simulator.images.versions import VERSIONED, requirement
from simulator.scenario import Scenario

_TOGETHER = "together"
_UNITS = {"moved": "bytes", "disk": "bytes", "saved": "ratio", "time": "s", _TOGETHER: BOOL}


class Images(Kind):
    """Images, pulled one after the other onto a host that is idle; ``held`` are there already."""

    ABOUT = "what comes onto an idle host with images (`virtlab pull`), by an engine of the stack"
    WORDS = {
        "moved": "bytes over the link",
        "disk": "bytes on the disk",
        "saved": "part of the disk that is saved because layers are shared",
        "time": "time until the last can be started",
        _TOGETHER: "its packages go together",
    }
    OPTIONS = {
        "pull": "images of the catalog",
        "held": "images that the host holds already",
        "packages": "further packages on top of each image",
    }

    def title(self) -> str:
        pulled, held = ", ".join(self._list("pull")), ", ".join(self._list("held"))
        added = ", ".join(self._list("packages"))
        return f"{self.WORDS[self.word]}: {pulled}{f' with {added}' if added else ''}{f', {held} held' if held else ''}"

    def unit(self) -> str:
        return _UNITS[self.word]

    def _list(self, key: str) -> list[str]:
        value = self.asked.get(key) or []
        return [str(each) for each in (value if isinstance(value, list) else [value])]

    def problem(self, scenario: Scenario) -> Complaint | None:
        if not self._list("pull"):
            return "pull", "is missing", "add 'pull: [nginx-1.27]'"
        for key in ("pull", "held"):
            for name in self._list(key):
                try:
                    scenario.catalog.image(name)
                except CatalogError:
                    known = scenario.catalog.names("images")
                    return key, f"there is no image {name!r}", suggestion(name, known)
        for text in self._list("packages"):
            complaint = _no_package(text, scenario)
            if complaint is not None:
                return "packages", *complaint
        return super().problem(scenario)

    def read(self, case: Case) -> Reading:
        try:
            found = deliver(
                self._list("pull"), stack=case.expression, machine=case.machine, held=self._list("held"),
                packages=self._list("packages"), catalog=case.catalog,
            )  # fmt: skip
        except CatalogError as error:  # names are known, and an engine is there: its packages contradict each other
            if self.word != _TOGETHER:
                raise
            return derived(False, BOOL, str(error))
        return derived(_value(found, self.word), self.unit())


def _no_package(text: str, scenario: Scenario) -> tuple[str, str] | None:
    """What is wrong with a package that is asked for: it cannot be read, or there is none."""
    try:
        asked = requirement(text)
    except CatalogError as error:
        message, _, remedy = str(error).partition("; ")
        return message, remedy
    known = scenario.catalog.names("packages")
    parts = filter(None, map(VERSIONED.fullmatch, known))
    if any(each["name"] == asked.name and asked.allows(each["version"]) for each in parts):
        return None
    return f"there is no package {text!r}", suggestion(text, known)


def _value(found: Delivery, word: str) -> float:
    if word == "moved":
        return sum(each.moved_bytes for each in found.reports)
    if word == "saved":
        return 1.0 - found.disk_bytes / found.alone_bytes
    return {"disk": found.disk_bytes, "time": found.end_s, _TOGETHER: 1.0}[word]


KIND = Images
