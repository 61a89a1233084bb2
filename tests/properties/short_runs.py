"""The batch that ``test_killed_batches`` kills: small enough that its short lives cost little."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from typing import Any

from simulator.records import names, run_id

POINTS, REPLICATIONS = 4, 10
RUN_S = 0.01


def short_run(point: dict[str, Any], replication: int) -> dict[str, Any]:
    """Takes a moment, notes that it was executed, and charges something; one in ten fails."""
    run = run_id(point["point"], replication)
    time.sleep(RUN_S)
    with open(os.environ["KILLED_LOG"], "a") as log:
        log.write(f"{run}\n")
    if replication == 7:
        raise ValueError("the seventh")
    row = [run, point["point"], replication, 1, point["stack"], "x", "", "m", "fluid", "ok", "", replication / 3, 7, ""]
    row += [None] * (len(names("runs")) - len(row))
    charges = [[run, "app", "t", "cpu", "os", "os", f"m{i}", i / 7, 0.0, 1.0, i * 0.1] for i in range(200)]
    return {"tables": {"runs": [row], "charges": charges}}


class Short:
    """A scenario of forty short runs."""

    name, title, text, hash, seed, baseline, stopping = "short", "Short", "", "00", 1, None, None
    replications, command = REPLICATIONS, "virtlab run short.yaml"

    def points(self, catalog: Any, /) -> list[dict[str, Any]]:
        return [
            {"scenario": "short", "point": p, "axes": {"stack": f"s{p}"}, "stack": f"s{p}", "seed": 1}
            | {"expression": "x", "machine": {"name": "m"}, "without": [], "fidelity": "fluid"}
            for p in range(POINTS)
        ]


def nurse() -> None:
    """What the subprocess runs: begins a batch for each line that it reads, says its number and how it has ended.

    Everything is loaded once, here, and not again for each of many short lives.
    """
    import pyarrow.csv
    import pyarrow.parquet  # noqa: F401

    from simulator.batch import worker
    from simulator.batch.batch import run
    from simulator.batch.progress import Silent

    worker.TARGET = f"{__name__}:short_run"  # loaded before workers are forked

    for line in sys.stdin:
        out, log, jobs = json.loads(line)
        child = os.fork()
        if not child:
            os.setsid()
            os.environ["KILLED_LOG"] = log
            try:
                run(Short(), out=out, jobs=jobs, progress=Silent(), catalog=object(), target=worker.TARGET)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
