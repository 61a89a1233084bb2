"""What an installation takes, for the point: numbers of a product that need not stand in the point's own stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.catalog.product import values
from simulator.scenario.lookup import Lookup


def of_operation(lookup: Lookup, operation: Mapping[str, Any], machine: str) -> dict[str, Any]:
    """The product's full name, and what its file says of its installation; nothing where it says nothing."""
    name = lookup.full_name("layers", operation["target"])
    return {"target": name, "installation": values(lookup.layer(name, machine).installation)}
