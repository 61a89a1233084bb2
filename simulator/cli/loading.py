"""Loads scenarios, all of them before anything else happens, so that all mistakes are seen at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.catalog import Catalog
from simulator.errors import ScenarioError
from simulator.scenario import Scenario, load


def load_all(paths: Iterable[str], overrides: Mapping[str, Any] | None = None) -> list[Scenario]:
    """The scenarios of some files.

    Raises:
        ScenarioError: every mistake in every file.
    """
    catalog = Catalog()
    loaded, problems = [], []
    for path in paths:
        try:
            loaded.append(load(path, overrides=overrides, catalog=catalog))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(list(dict.fromkeys(problems)))
    return loaded
