"""Measures virtlab against references and peers, all in one run: correctness first, then cost.

usage: python benchmarks/run.py [--quick] [--json FILE] [--write-docs [FOLDER]]

Prints the targets with what was measured. ``--quick`` runs small scenarios once each (under a minute; it says nothing
about targets that need the large ones). Nothing is installed: what a machine lacks (SimGrid, a compiler, valgrind) is
left out, and the rows say so. Ends with 1 if somebody found a wrong mean response or a part failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(1, str(Path(__file__).parents[1]))

from asked import TARGETS
from measurements import Measurements, measure
from targets import Verdict, verdicts

DOCS = Path(__file__).parents[1] / "docs"
_WRITE_DOCS = "write performance.md and its figure into a folder, by default docs"


def main() -> int:
    """Measure, judge, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small scenarios, once each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    parser.add_argument("--write-docs", type=Path, nargs="?", const=DOCS, metavar="FOLDER", help=_WRITE_DOCS)
    asked = parser.parse_args()
    if asked.quick and asked.write_docs == DOCS:
        parser.error("docs/performance.md is made of the full measurements; leave out --quick, or name another folder")
    with TemporaryDirectory() as folder:
        found = measure(Path(folder), asked.quick)
        judged = verdicts(found, TARGETS, Path(folder))
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        everything = {**found.as_json(), "targets": [verdict.as_json() for verdict in judged]}
        asked.json.write_text(json.dumps(everything, indent=1) + "\n")
    if asked.write_docs:
        write_docs(found, judged, asked.write_docs)
    for verdict in judged:
        print(line(verdict))
    for wrong in found.wrong:
        print(wrong, file=sys.stderr)
    return 1 if found.wrong else 0


def line(verdict: Verdict) -> str:
    """One target for a terminal."""
    row = verdict.as_json()
    if verdict.met is None:
        return f"{row['target']:6} not measured  {row['says']}: {row['not_measured']}"
    said = "met" if verdict.met else "MISSED"
    return f"{row['target']:6} {said:12}  {row['says']}: {row['measured']:.4g} ({row['limit']})"


def write_docs(found: Measurements, judged: list[Verdict], folder: Path) -> None:
    """The page and its figure; only here a library for figures is needed."""
    import figure
    import page

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "performance.md").write_text(page.page(found, judged))
    figure.draw(found, folder / page.FIGURE)


if __name__ == "__main__":
    sys.exit(main())
