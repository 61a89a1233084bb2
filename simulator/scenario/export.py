"""The JSON Schema by which editors complete and check scenario files.

``python -m simulator.scenario.export`` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulator.scenario.schema import ScenarioFile

SCHEMA = Path(__file__).with_name("schema.json")


def json_schema() -> dict[str, Any]:
    """The schema of a scenario file; what it must have may also come from what it includes."""
    found = ScenarioFile.model_json_schema()
    here = [key for key in found["required"] if key != "version"]
    elsewhere = {"required": ["version"], "anyOf": [{"required": ["include"]}, {"required": here}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, **elsewhere}


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
