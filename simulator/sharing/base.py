"""What every fidelity of time-sharing offers: three calls, and a way to look."""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Protocol

from simulator.sharing.tree import Scheduling, Share


class Sharing(Protocol):
    """A device of some processors shared through a tree of shares.

    A fidelity is a module in ``simulator/sharing`` with ``FIDELITY`` (its name), ``NOT_MODELLED`` (effects it leaves
    out), ``SLICES`` (whether it has real time slices) and ``SHARING`` (its class), constructed as
    ``SHARING(environment, capacity, unit_rate)``; one with slices also takes ``refill``, which says how long a leaf
    waits for its working set when it goes on after others that want so many bytes.
    """

    root: Share
    """The whole device."""
    unit_rate: float
    """Units of work a second that one processor does."""
    served: float
    """Units of work done so far; ``settle`` first."""

    @property
    def loaded_s(self) -> float:
        """Seconds so far in which anything was served; ``settle`` first."""

    @property
    def undisturbed(self) -> bool:
        """Whether ends of work are being told and nothing else happens at this instant: one may go on at once."""

    @property
    def active(self) -> Sized:
        """Leaves that have work."""

    def schedule(self, scheduling: Scheduling) -> None:
        """Choose the scheduler of the root before anything runs; without slices rates do not depend on it."""

    def submit(self, share: Share, work: float, done: Callable[[Share], None]) -> None:
        """Give an idle leaf work; ``done(share)`` is called when it has flowed through."""

    def remove(self, share: Share) -> float:
        """Take a leaf's work away; returns the exact remainder."""

    def set(
        self,
        share: Share,
        *,
        weight: float | None = None,
        cap: float | None = None,
        width: float | None = None,
        reservation: float | None = None,
        frozen: bool | None = None,
    ) -> None:
        """Change a rule while work flows. The root's cap is the capacity of the device; nothing frozen is served."""

    def set_unit_rate(self, unit_rate: float, capacity: float) -> None:
        """Another clock frequency: the rate of one processor, and of all together."""

    def settle(self) -> None:
        """Bring all accounts to the present: served, and of each active leaf what remains and what it waited for."""

    def finds_idle(self, share: Share) -> bool:
        """Whether a thread that becomes runnable in a share would find a processor of it idle."""
