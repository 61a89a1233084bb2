"""A stack that stands alone, outside any scenario: what a scenario with it is refused for, it is refused for too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.errors import UsageError
from simulator.scenario import fits, roles
from simulator.scenario.lookup import Lookup
from simulator.scenario.source import of_mapping

if TYPE_CHECKING:
    from simulator import notation
    from simulator.catalog import Catalog


def check(catalog: Catalog, expression: notation.Expression, architecture: str) -> None:
    """Refuse a stack whose layers do not fit, or that the machine's processor does not execute.

    Raises:
        UsageError: it is one of these.
    """
    lookup = Lookup(of_mapping({}), catalog)
    problem = (
        roles.problem(lookup, expression)
        or fits.misfit(lookup, expression)
        or fits.misbuilt_layer(lookup, expression, architecture)
    )
    if problem:
        raise UsageError("; ".join(problem))
