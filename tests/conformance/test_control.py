"""What a product claims to let one do can be done: for every kind of operation and every family, in a run.

Every product is asked what it gives on a stack of its own; what its file has no numbers for is refused before the run,
with a sentence that says so. A new kind, or a new family, is tested by being there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from simulator import discovery
from simulator.capability import Capability, can
from simulator.catalog import Catalog
from simulator.control import VOCABULARY
from simulator.errors import VirtlabError
from simulator.experiment import run_point
from simulator.operations.kinds.base import Kind, kinds
from simulator.records import names
from simulator.scenario import load

CATALOG = Catalog()
MACHINE = "server-2025"
STACKS = (
    "{} |", "linux-6 | {}", "{} | linux-6", "linux-6 | {} / linux-6", "linux-6 | {} / unikraft-0.5",
    "linux-6 | docker-27 / {}",
)  # fmt: skip
"""On which a product is tried, the first that fits it."""
WORKLOADS = ("cpu-hog", "compute-kernel", "key-value-store")
"""What is run there, the first that can be."""
BEFORE: dict[str, list[dict[str, Any]]] = {
    "resume": [{"at": "0.1 s", "pause": "app"}],
    "step": [{"at": "0.1 s", "pause": "app"}],
    "roll_back": [{"at": "0.1 s", "snapshot": "app", "as": "kept"}],
    "delete_snapshot": [{"at": "0.1 s", "snapshot": "app", "as": "kept"}],
    "restore": [],
    "abort": [{"at": "0.1 s", "migrate": "app", "how": "pre-copy"}],
}
"""What has to be done before, where a kind is of no use by itself."""
OPTIONS: dict[str, dict[str, Any]] = {
    "step": {"for": "10 ms"}, "pause": {"for": "10 ms"}, "clone": {"as": "copy"}, "fork": {"as": "copy"},
    "roll_back": {"to": "kept"}, "delete_snapshot": {"to": "kept"}, "replicate": {"every": "500 ms", "for": "1 s"},
    "checkpoint": {"ends": False},
}  # fmt: skip
"""What a scenario has to say with it."""
KINDS = {name: kind for name, kind in kinds().items() if kind.WORD and kind.TARGET == "tenants"}


@cache
def place(product: str) -> tuple[Capability, str] | None:
    """What can be done on the first stack that a product fits on with what runs there; None where nothing does."""
    for form, workload in ((form, workload) for form in STACKS for workload in WORKLOADS):
        try:
            found = can(form.format(product), MACHINE, CATALOG)
            load(alone(found.stack, workload), catalog=CATALOG).points()
        except VirtlabError:
            continue
        return found, workload
    return None


def capability(product: str) -> Capability | None:
    """What can be done there."""
    found = place(product)
    return None if found is None else found[0]


def alone(stack: str, workload: str) -> dict[str, Any]:
    app = {"workload": workload, "memory": "256 MiB", "vcpus": 1}
    return {"machine": MACHINE, "stacks": {"it": stack}, "tenants": {"app": app}, "duration": "6 s"}


def claims() -> Iterator[tuple[str, str]]:
    """Kind and family of whatever somebody claims, each once, by a product that has the numbers for it."""
    for name, kind in KINDS.items():
        done = set()
        for product in CATALOG.names("layers"):
            found = capability(product)
            entry = CATALOG.layer(product, MACHINE)
            if found is None or entry.family in done or found[kind.WORD].by != product:
                continue
            numbers = all(entry.control.get(section) for section in kind.SECTIONS)
            if numbers and name not in ("restore", "abort") and is_accepted(name, product):
                done.add(entry.family)
                yield name, product


def is_accepted(name: str, product: str) -> bool:
    """Whether the way in which a kind is asked for here is one of the product's."""
    try:
        load(scenario(name, product), catalog=CATALOG).points()
    except VirtlabError:
        return False
    return True


def scenario(name: str, product: str) -> dict[str, Any]:
    found = place(product)
    assert found is not None
    data = alone(found[0].stack, found[1])
    app = data["tenants"]["app"]
    makes = {"copy": app} if "as" in OPTIONS.get(name, {}) else {}
    operation = {"at": "2 s", name: "app", "with": product, **OPTIONS.get(name, {})}
    before = [{**each, **({"with": product} if _offers(product, each) else {})} for each in BEFORE.get(name, [])]
    return {**data, "tenants": {"app": app, **makes}, "operations": [*before, operation]}


def _offers(product: str, operation: dict[str, Any]) -> bool:
    """Whether a product does what has to be done before; else whoever can."""
    found = capability(product)
    kind = next(kinds()[key] for key in operation if key in kinds())
    return found is not None and found[kind.WORD].by == product


CLAIMS = list(claims())


@pytest.mark.parametrize(("name", "product"), CLAIMS)
def test_what_a_family_claims_is_done_in_a_run(name: str, product: str) -> None:
    (point,) = load(scenario(name, product), catalog=CATALOG).points()
    rows = [dict(zip(names("operations"), row, strict=True)) for row in run_point(point, 0)["tables"]["operations"]]
    (row,) = (row for row in rows if row["operation"] == name)
    assert row["product"] == product and row["outcome"] == "done", row


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_somebody_who_does_it(name: str) -> None:
    assert KINDS[name].WORD in VOCABULARY
    assert name in ("restore", "abort") or name in {kind for kind, _ in CLAIMS}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_claimed_runs_or_is_refused_for_want_of_numbers(name: str) -> None:
    kind: type[Kind] = KINDS[name]
    for product in CATALOG.names("layers"):
        found, entry = capability(product), CATALOG.layer(product, MACHINE)
        if found is None or found[kind.WORD].by != product:
            continue
        lacking = [section for section in kind.SECTIONS if not entry.control.get(section)]
        if not lacking:
            continue
        with pytest.raises(VirtlabError, match="|".join((*lacking, "nobody knows"))):
            load(scenario(name, product), catalog=CATALOG).points()


def test_every_family_that_controls_anything_is_tried() -> None:
    families = {CATALOG.layer(name, MACHINE).family for name in CATALOG.names("layers") if capability(name)}
    controlling = {name for name in families if discovery.member("layers", name).LAYER.CONTROL}
    assert {CATALOG.layer(product, MACHINE).family for _, product in CLAIMS} == controlling
