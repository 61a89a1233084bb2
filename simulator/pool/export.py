"""The JSON Schema by which editors complete and check pool files.

``python -m simulator.pool.export`` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulator.pool.schema import PoolFile

SCHEMA = Path(__file__).with_name("schema.json")


def json_schema() -> dict[str, Any]:
    """The schema of a pool file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **PoolFile.model_json_schema()}


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
