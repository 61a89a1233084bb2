"""The JSON Schema by which editors complete and check scenario files.

``python -m simulator.scenario.export`` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulator.scenario.schema import ScenarioFile
from simulator.scenario.sweep.schema import Range

SCHEMA = Path(__file__).with_name("schema.json")


def json_schema() -> dict[str, Any]:
    """The schema of a scenario file; what it must have may also come from what it includes."""
    found = ScenarioFile.model_json_schema()
    _admit_ranges(found)
    here = [key for key in found["required"] if key != "version"]
    elsewhere = {"required": ["version"], "anyOf": [{"required": ["include"]}, {"required": here}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, **elsewhere}


def _admit_ranges(schema: Any) -> None:
    """Let a range stand wherever a list of numbers may be an axis."""
    if isinstance(schema, list):
        for each in schema:
            _admit_ranges(each)
    elif isinstance(schema, dict):
        forms = schema.get("anyOf", ())
        if len(forms) > 1 and forms[-1].get("items") == forms[0] and _holds_number(forms[0]):
            forms.append({"$ref": f"#/$defs/{Range.__name__}"})
        for each in schema.values():
            _admit_ranges(each)


def _holds_number(schema: dict[str, Any]) -> bool:
    types = schema.get("type", ())
    numbers = {"number", "integer"} & ({types} if isinstance(types, str) else {*types})
    return bool(numbers) or schema.get("const") == 0 or any(map(_holds_number, schema.get("anyOf", ())))


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
