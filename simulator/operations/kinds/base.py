"""A kind of operation: what a layer must offer for it, what a scenario may say of it, and what happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simulator import discovery
from simulator.operations.subjects import Hold

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Kind:
    """What may be done to a tenant."""

    WORD: ClassVar[str] = ""
    """The word of ``simulator.control`` that a layer on the tenant's way must offer; empty: anybody may do it."""
    TARGET: ClassVar[str] = "tenants"
    """What the operation names: a tenant, or a name of that part of the catalog."""
    KEYS: ClassVar[tuple[str, ...]] = ()
    """Further keys of a scenario that mean something for it."""
    NEEDS: ClassVar[tuple[str, ...]] = ()
    """Of these, those that must be there."""
    SECTIONS: ClassVar[tuple[str, ...]] = ()
    """Sections of the product's file that must be there: else nobody knows what it takes."""
    ALIVE: ClassVar[bool] = True
    """Whether the tenant's program must run."""
    CAPTURES: ClassVar[bool] = False
    """Whether a tenant's state is kept or put back."""
    BRINGS_BACK: ClassVar[bool] = False
    """Whether a tenant may run afterwards that had ended before."""
    MAKES: ClassVar[str] = ""
    """The key that names another tenant, which begins by this operation and not by itself."""

    @classmethod
    def problem(cls, point: Mapping[str, Any], tenant: str, hold: Hold, options: Mapping[str, Any]) -> str:
        """Why a layer cannot do it to a tenant here, with what to do; empty if it can. Asked before anything runs.

        Args:
            point: the resolved point, operations apart.
            tenant: whom it is done to.
            hold: the layer that does it.
            options: further keys as written, in SI units.
        """
        return ""

    @classmethod
    def unfit(cls, point: Mapping[str, Any], options: Mapping[str, Any]) -> str:
        """The same for what is not done to a tenant, but to something else on the machine.

        Args:
            point: the resolved point, operations apart.
            options: further keys as written, in SI units.
        """
        return ""

    def perform(self, job: Job) -> Life:
        """What happens, in simulated time."""
        raise NotImplementedError


def kinds() -> dict[str, type[Kind]]:
    """All kinds of operation by the word that scenarios have for them."""
    return {name: discovery.member("operations.kinds", name).KIND for name in discovery.members("operations.kinds")}
