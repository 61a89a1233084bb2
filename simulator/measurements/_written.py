"""A catalog file as text, in the form in which the files of the catalog are written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a catalog file.

    Attributes:
        value: in the parameter's own unit.
        formula: how it is computed, empty where it was printed as it is.
        kind: ``measured`` as it was printed, ``derived`` from what was printed, ``assumed`` where nothing was.
        where: place in the file, or the reason.
        ends: the range, or None where none is known.
        fitted_on: the result that it was fitted to, empty if it was not.
    """

    kind: str
    where: str
    value: float
    formula: str = ""
    ends: tuple[float, float] | None = None
    includes: tuple[str, ...] = ()
    fitted_on: str = ""
    machine: str = ""


@dataclass(slots=True)
class CatalogFile:
    """One file.

    Attributes:
        kind: its folder: ``workloads``, ``layers`` or ``machines``.
        name: of the entry and so of the file.
        head: what stands above the numbers, in order.
        groups: numbers by parameter; of a layer or workload under ``""``, of a workload's class files under
            ``bytecode``, of a machine by device.
        device_kinds: the modules of a machine's devices.
        machine: that the numbers were measured on.
        key: of the source, which the file describes itself.
        source: the fields of the source.
        comment: the first lines of the file.
    """

    kind: str
    name: str
    machine: str
    head: dict[str, object] = field(default_factory=dict)
    groups: dict[str, dict[str, Number]] = field(default_factory=dict)
    device_kinds: dict[str, str] = field(default_factory=dict)
    key: str = ""
    source: dict[str, object] = field(default_factory=dict)
    comment: tuple[str, ...] = ()

    def counts(self) -> Mapping[str, int]:
        """How many numbers there are of each kind."""
        kinds = [number.kind for group in self.groups.values() for number in group.values()]
        return {kind: kinds.count(kind) for kind in ("measured", "derived", "assumed") if kind in kinds}

    def text(self) -> str:
        """The file."""
        lines = [f"# {_printable(line)}" for line in self.comment]
        lines += [f"name: {self.name}", *(f"{key}: {_flow(value)}" for key, value in self.head.items())]
        lines += ["sources:", f"  {self.key}: {_flow(self.source)}"]
        if self.kind != "machines":
            for group in self.groups:
                lines += [f"{group or 'parameters'}:", *self._numbers(group, "  ")]
        else:
            lines.append("devices:")
            for device, kind in self.device_kinds.items():
                lines += [f"  {device}:", f"    kind: {kind}", "    parameters:", *self._numbers(device, "      ")]
        return "\n".join(lines) + "\n"

    def _numbers(self, group: str, indent: str) -> list[str]:
        return [
            line
            for name, number in self.groups[group].items()
            for line in (f"{indent}{name}:", f"{indent}  - {_flow(self._entry(number))}")
        ]

    def _entry(self, number: Number) -> dict[str, object]:
        """The fields of one number, in the order in which the catalog writes them."""
        fields: dict[str, object] = {"formula": number.formula} if number.formula else {"value": number.value}
        if number.ends is not None:
            fields["range"] = list(number.ends)
        fields["kind"] = number.kind
        if number.kind != "assumed":
            fields["source"] = self.key
        fields |= {"where": number.where, "measured_on": number.machine or self.machine}
        if number.includes:
            fields["includes"] = list(number.includes)
        if number.fitted_on:
            fields |= {"fitted": True, "fitted_on": number.fitted_on}
        return fields


def _flow(value: object, key: str = "") -> str:
    """A value as it stands in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return digits(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow(each, name)}" for name, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_flow(each, key) for each in value) + "]"
    text = _printable(str(value))
    return text if _is_plain(text) else json.dumps(text, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    """Whether YAML reads a text as itself without quotes: names only."""
    name = text.replace("-", "").replace("_", "").replace(".", "")
    return name.isascii() and name.isalnum() and text[0].isalpha() and text.lower() not in ("true", "false", "null")


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text).strip()


def digits(value: float) -> str:
    """A number with ten significant digits, without those that say nothing."""
    return str(value) if isinstance(value, int) else f"{value:.10g}"
