"""What a pull did, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import Any

PULL = "pull"
"""The mechanism, and the operation."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a pull as it was: what, of which layer, from when to when, and how many bytes of it moved."""

    step: str
    layer: str
    begin_s: float
    end_s: float
    size_bytes: float = 0.0


@dataclass(slots=True)
class Report:
    """What a pull did.

    Attributes:
        image: its name.
        product: whose engine pulled it.
        node: where that stands.
        tenant: for whom; empty for nobody in particular.
        lazy: whether only indexes came.
        begin_s: when it was asked for.
        end_s: when the image could be started.
        held: layers that were there already.
        fetched: those that came.
        moved_bytes: over the link.
        written_bytes: onto the disk, unpacked.
        disk_bytes: what all images of this engine take afterwards.
        stages: its steps.
        outcome: ``done``, or why not.
    """

    image: str
    product: str
    node: str
    tenant: str
    lazy: bool
    begin_s: float
    end_s: float = nan
    held: tuple[str, ...] = ()
    fetched: tuple[str, ...] = ()
    moved_bytes: float = 0.0
    written_bytes: float = 0.0
    disk_bytes: float = 0.0
    stages: list[Stage] = field(default_factory=list)
    outcome: str = "not finished"

    @property
    def detail(self) -> str:
        """In a few words."""
        return f"{len(self.fetched)} of {len(self.fetched) + len(self.held)} layers fetched"

    def row(self) -> list[Any]:
        """As the table ``operations`` has it, in the order of its columns."""
        how, written_bytes = "lazy" if self.lazy else "whole", self.written_bytes
        return [
            self.begin_s, PULL, self.tenant, self.node, self.product, how, self.outcome, self.end_s,
            self.end_s - self.begin_s, 0.0, self.moved_bytes, written_bytes, 0, 0.0, self.detail,
        ]  # fmt: skip
