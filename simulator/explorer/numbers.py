"""The numbers that are drawn: each stack beside the baseline, alone and beside its neighbours.

The formulas are those of ``Results.summary`` (overhead), ``virtlab isolate`` (loss) and the figure ``where``
(processor time for the same work), for one replication.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator import outcomes
from simulator.explorer.asking import APP, NEIGHBOUR, Asked
from simulator.notation import tree
from simulator.plots import _looks, _models
from simulator.plots._labels import product_names
from simulator.plots.where import MACHINE, PROGRAM
from simulator.results.intervals import Interval
from simulator.results.summary import overhead

Point = Mapping[str, Any]
Run = Mapping[str, Any]
_COUNT = f"tenants.{NEIGHBOUR}.count"


def drawn(asked: Asked, points: Sequence[Point], runs: Sequence[Run]) -> dict[str, Any]:
    """What the page draws of the runs, as plain data.

    Args:
        asked: the scenario.
        points: its points.
        runs: what came out of each.

    Returns:
        ``stacks``: for each that can be built its numbers; ``layers``: colour and pattern of each layer's bars.
    """
    found: dict[str, list[tuple[Point, Run]]] = {}
    for point, run in zip(points, runs, strict=True):
        found.setdefault(point["stack"], []).append((point, run))
    base = found[asked.scenario.baseline][0][1]
    stacks = [_stack(number, label, found[label], base) for number, label in asked.labels.items()]
    members = _looks.members(stack["classes"] for stack in stacks)
    for stack, member in zip(stacks, members, strict=True):
        look = _looks.model(stack["classes"], member)
        stack |= {"baseline": stack["label"] == asked.scenario.baseline, "colour": look.colour, "hatch": look.hatch}
    return {"stacks": stacks, "layers": _layers(stacks)}


def _stack(number: int, label: str, found: Sequence[tuple[Point, Run]], base: Run) -> dict[str, Any]:
    """One stack: alone, which is the first point, and beside its neighbours where there is a second."""
    point, alone = found[0]
    fullest, beside = found[-1]
    expression = point["tenants"][APP]["expression"]
    own = _tenant(alone)
    return {
        "number": number,
        "label": label,
        "expression": expression,
        "classes": _models.classes(expression),
        **own,
        "overhead_percent": _overhead(own, _tenant(base)),
        "where": _where(alone, base),
        "times": _times(alone),
        "tree": _tree(fullest),
        "beside": _beside(own, beside) if len(found) > 1 else None,
    }


def _tenant(run: Run) -> dict[str, Any]:
    """What the tenant ``app`` came to; ``word`` says why there is no number."""
    if "error" in run:
        return {"word": run["error"], "detail": run["detail"], "value": None}
    row = run["tenants"][APP]
    word = "" if outcomes.counts(row["outcome"]) else outcomes.word(row["outcome"])
    if not word and row["value"] is None:
        word = outcomes.NOT_FINISHED
    return {**row, "word": word, "detail": row["outcome"]}


def _cost(tenant: Mapping[str, Any]) -> float | None:
    """Time for the same work, up to a factor."""
    value = tenant["value"]
    if tenant["word"] or not value or value < 0.0:
        return None
    return float(1.0 / value if tenant["better"] == "higher" else value)


def _overhead(tenant: Mapping[str, Any], base: Mapping[str, Any]) -> float | None:
    """What the same work takes more than on the baseline, in percent."""
    if _cost(tenant) is None or _cost(base) is None:
        return None
    ratio = tenant["value"] / base["value"]
    return overhead(Interval(1, ratio, ratio, ratio), tenant["better"])[0]


def _beside(alone: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """The same tenant beside its neighbours: what part of its performance it loses, in percent."""
    tenant = _tenant(run)
    costs = _cost(alone), _cost(tenant)
    loss = 100.0 * (1.0 - costs[0] / costs[1]) if costs[0] is not None and costs[1] is not None else None
    if tenant["word"] and outcomes.word(tenant["word"]) in outcomes.PHRASES and tenant["word"] != outcomes.NOT_FINISHED:
        loss = 100.0  # as in 'isolate': who does not live to tell has lost all
    ends = sorted({outcomes.word(each["outcome"]) for name, each in run.get("tenants", {}).items() if name != APP})
    return {**tenant, "loss_percent": loss, "neighbours": ends, "times": _times(run)}


# ---- where the time goes


def _where(run: Run, base: Run) -> list[dict[str, Any]]:
    """Processor time for the same work by layer and mechanism, all of the baseline's being 1."""
    own, whole = _each(run), sum(seconds for _, _, seconds in _each(base))
    if not own or not whole:
        return []
    names = product_names(cause for cause, _, _ in own)
    return [
        {
            "layer": names[cause],
            "depth": cause.count("/"),
            "mechanism": mechanism.replace("_", " "),
            "relative": seconds / whole,
        }
        for cause, mechanism, seconds in own
    ]


def _each(run: Run) -> list[tuple[str, str, float]]:
    """Processor time of one operation by cause and mechanism."""
    if "error" in run or not run["tenants"][APP]["operations"]:
        return []
    operations = run["tenants"][APP]["operations"]
    return [(cause, mechanism, seconds / operations) for cause, mechanism, seconds in run["charges"]]


def _layers(stacks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Program first, then the layers from the top of the stacks down, the hardware last; each with its look."""
    depths: dict[str, int] = {}
    for part in (part for stack in stacks for part in stack["where"]):
        depths[part["layer"]] = max(part["depth"], depths.get(part["layer"], 0))
    names = sorted(depths, key=lambda layer: (layer != PROGRAM, layer == MACHINE, -depths[layer]))
    looks = _models.layer_looks(names)
    return [{"name": name, "colour": looks[name].colour, "hatch": looks[name].hatch} for name in names]


def _times(run: Run) -> dict[str, float]:
    """What the threads of the tenant's program did while they wanted something, in seconds for each operation."""
    if "error" in run or not run["tenants"][APP]["operations"]:
        return {}
    operations = run["tenants"][APP]["operations"]
    return {name: seconds / operations for name, seconds in run["times"][APP].items() if seconds}


# ---- what stands on what


def _tree(point: Point) -> list[dict[str, Any]]:
    """The nodes of the machine with all its tenants, parents first."""
    tenants = point["tenants"]
    expressions = {name: each["expression"] for name, each in tenants.items()}
    built = tree.build(expressions, {name: each["group"] for name, each in tenants.items()})
    users: dict[str, list[str]] = {}
    for name, chain in built.chains.items():
        for node in chain:
            users.setdefault(node.path, []).append(name)
    nodes = [
        {
            "path": node.path,
            "parent": node.parent.path if node.parent else "",
            "name": node.name,
            "role": node.role or "",
            "scope": node.scope,
            "users": users.get(node.path, []),
        }
        for node in built.nodes
    ]
    tops = []
    for name, chain in built.chains.items():
        about = {"name": tenants[name]["workload"], "role": name, "scope": "program", "users": [name]}
        tops.append({"path": f"<{name}>", "parent": chain[-1].path, **about})
    return [*nodes, *tops]
