"""Whatever a scenario file holds, it gives runs or located messages: no traceback, no hang, no memory blow-up.

Files are generated in three ways: from the schema itself, so that new keys are covered as they come; by spoiling the
scenarios that come with virtlab; and from a grammar of hostile texts. 1,500 of them, the same ones each time, belong to
the ordinary tests; ``VIRTLAB_GENERATED=10000 pytest tests/properties/test_generated_scenarios.py --timeout 0`` makes so
many new ones. Everything happens in a process of its own that may have 3 GB of memory.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from simulator import experiment
from simulator.batch import worker
from simulator.catalog import Catalog
from simulator.errors import Problem, RunError, ScenarioError
from simulator.scenario import Scenario, load
from simulator.scenario.export import json_schema

ROOT = Path(__file__).parents[2]
MOST_MEMORY_BYTES = 3 << 30
MOST_SECONDS = 20
"""Of a processor, for one file; a hundredth is usual."""
EVENTS, RUN_SECONDS = 2000, 2
WANTED = int(os.environ.get("VIRTLAB_GENERATED", "0"))
INSIDE = "VIRTLAB_INSIDE"


def generated(part: float) -> Any:
    """Settings for a part of all examples."""
    return settings(
        max_examples=int((WANTED or 1500) * part),
        deadline=None,
        database=None,
        derandomize=not WANTED,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


inside = pytest.mark.skipif(INSIDE not in os.environ, reason="runs in a process of its own")


@cache
def catalog() -> Catalog:
    return Catalog()


class TooLong(Exception):
    """Something hangs."""


@contextmanager
def no_longer_than(seconds: float, error: type[Exception]) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise error(f"took a processor longer than {seconds} s")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def check_problem(problem: Problem, located: bool) -> None:
    assert problem.message and str(problem).isprintable() and len(str(problem)) < 2000, problem
    assert not located or (problem.line > 0 and problem.column > 0), problem


def read(text: str, *, run: bool = False) -> Scenario | None:
    """Reads a text as a file is read; every mistake must be located."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "generated.yaml"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            with no_longer_than(MOST_SECONDS, TooLong):
                scenario = load(file, catalog=catalog())
        except ScenarioError as error:
            assert 0 < len(error.problems) <= 101
            for problem in error.problems:
                check_problem(problem, located=True)
            return None
    if run:
        check_run(scenario.points()[0])
    return scenario


class _Counted(experiment.simpy.Environment):
    """A clock that stops after some events."""

    def step(self) -> None:
        self.events = getattr(self, "events", 0) + 1
        if self.events > EVENTS:
            raise RunError("enough events")
        super().step()


def check_run(point: dict[str, Any]) -> None:
    """A run ends well or is recorded as failed, with words of ours; nothing else comes out of it."""
    usual = experiment.simpy.Environment
    experiment.simpy.Environment = _Counted
    try:
        with no_longer_than(RUN_SECONDS, RunError):
            line = worker.run_one(point, 0)
    except RunError:
        return  # it rang outside of what is recorded
    finally:
        experiment.simpy.Environment = usual
    assert line.endswith(b"\n")
    for wrong in (b"AttributeError", b"KeyError", b"IndexError", b"NameError", b"UnboundLocalError"):
        assert wrong not in line, line[:3000]


# ---------------------------------------------------------------- from the schema

CORE: dict[str, Any] = {
    "version": 1,
    "machine": "laptop-2025",
    "stacks": {"native": "linux-6 |"},
    "tenants": {"app": {"workload": "kernel-build"}},
}
NAMES = st.sampled_from(
    ["app", "native", "laptop-2025", "kernel-build", "linux-6 |", "docker-27", "linux-6", "nginx-1.27", "quantum", "",
     "lat-10ms-1ms", "linux-6 | docker-27", "linux-6 / kvm-6 | linux-6", "domain-0", "cost", "é", "a b", "app-1", "-"]
)  # fmt: skip
QUANTITIES = st.sampled_from(
    ["1 s", "10 ms", "512 MiB", "1 GiB", "10 %", "100 Mbit/s", "0 s", "-1 s", "1e300 s", "1e-300 s", "1 parsec", "s",
     "1e999 s", "nan s", "120 %", "5", "3 x least_heap_bytes", "0-1", "0-65535", "1e400", "0x10", "١ s", "1_000 s"]
)  # fmt: skip
ODD = st.one_of(
    st.sampled_from([None, True, 0, -1, 1, 2**63, 10**400, 1e300, -0.0, float("inf"), float("nan"), [], {}, [[]], ""]),
    st.integers(), st.floats(), st.text(max_size=20),
    st.recursive(NAMES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)),
)  # fmt: skip


def of_schema(schema: dict[str, Any], definitions: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that a part of the schema describes, for the most part."""
    if "$ref" in schema:
        return st.deferred(lambda: of_schema(definitions[schema["$ref"].rpartition("/")[2]], definitions, depth + 1))
    found = [st.just(each) for each in schema.get("examples", ()) for each in (each, plain(each))]
    if "const" in schema or "enum" in schema:
        found += [st.sampled_from(schema.get("enum") or [schema["const"]])]
    found += [of_schema(each, definitions, depth) for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))]
    kinds = schema.get("type", ())
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        found += [of_kind(kind, schema, definitions, depth)]
    usual = st.one_of(found) if found else ODD
    return st.one_of(*[usual] * 12, ODD)


def plain(written: object) -> object:
    """An example as YAML reads it."""
    return yaml.safe_load(written) if isinstance(written, str) else written


def of_kind(kind: str, schema: dict[str, Any], definitions: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if kind == "object":
        known = {key: of_schema(each, definitions, depth + 1) for key, each in schema.get("properties", {}).items()}
        other = schema.get("additionalProperties")
        more = of_schema(other, definitions, depth + 1) if isinstance(other, dict) else ODD
        if not known:
            return st.dictionaries(NAMES, more, max_size=2)
        needed = {key: known[key] for key in schema.get("required", ()) if key in known}
        return some_of(known).flatmap(lambda own: st.fixed_dictionaries(needed).map(lambda all_: {**all_, **own}))
    if kind == "array":
        return st.lists(of_schema(schema.get("items", {}), definitions, depth + 1), max_size=3)
    if kind == "string":
        return NAMES | QUANTITIES
    if kind in ("integer", "number"):
        return st.integers(0, 4) | st.floats(0.0, 1.0)
    return st.booleans() if kind == "boolean" else st.none()


def some_of(known: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """A few keys of a mapping."""
    keys = st.lists(st.sampled_from(sorted(known)), unique=True, max_size=3)
    return keys.flatmap(lambda chosen: st.fixed_dictionaries({key: known[key] for key in chosen}))


@cache
def schema_strategy() -> st.SearchStrategy[dict[str, Any]]:
    """A good scenario with a few keys more, or other ones: at the top, in its tenant, in its stack, in its machine."""
    schema = json_schema()
    definitions = schema["$defs"]

    def keys(part: dict[str, Any], *without: str) -> st.SearchStrategy[dict[str, Any]]:
        each = part["properties"].items()
        return some_of({key: of_schema(value, definitions) for key, value in each if key not in without})

    def put(more: tuple[dict[str, Any], dict[str, Any], dict[str, Any], int]) -> dict[str, Any]:
        top, tenant, stack, number = more
        data = {**CORE, **top}
        if number > 0:
            data["tenants"] = {"app": {"workload": "kernel-build", **tenant}}
        if number > 1:
            data["stacks"] = {"native": {"stack": "linux-6 |", **stack}}
        return data

    return st.tuples(keys(schema), keys(definitions["Tenant"]), keys(definitions["StackForm"]), st.integers(0, 3)).map(
        put
    )


@inside
@generated(0.27)
@given(st.deferred(lambda: schema_strategy()), st.booleans())
def test_what_the_schema_describes_gives_runs_or_located_messages(data: dict[str, Any], as_mapping: bool) -> None:
    if not as_mapping:
        read(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), run=True)
        return
    try:
        with no_longer_than(MOST_SECONDS, TooLong):
            Scenario.from_mapping(data, catalog=catalog())
    except ScenarioError as error:
        for problem in error.problems:
            check_problem(problem, located=False)


# ---------------------------------------------------------------- from the scenarios that come along


@cache
def shipped() -> list[str]:
    """The texts of scenarios, those that are read quickly."""
    paths = sorted((ROOT / "scenarios").glob("*.yaml"))
    return [text for text in (path.read_text(encoding="utf-8") for path in paths) if len(text) < 4000]


SCALARS = st.one_of(
    NAMES, QUANTITIES,
    st.sampled_from(["null", "~", "{}", "[]", "[1, 2]", "*a", "&a b", "!!python/object:os.system x", "!!int x", "|",
                     ">", "1e999", ".nan", "-.inf", "0o777", "2026-01-01", "12:30", "<<", "- a", "? b", "'", '"', "\t",
                     "#", '"\\0"', '"\\uD800"', "9" * 5000, "a" * 3000, "[" * 70, "--- x", "...", "%YAML 1.1", "@x"]),
)  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """A scenario that comes along, spoilt in a few places."""
    lines = draw(st.sampled_from(shipped())).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        lines[at : at + 1] = draw(st.sampled_from(SPOILERS))(draw, lines, at)
        lines = lines or [""]
    return draw(st.sampled_from(["\n", "\n", "\n", "\r\n"])).join(lines) + "\n"


def _replaced(draw: st.DrawFn, lines: list[str], at: int) -> list[str]:
    return [lines[at].partition(":")[0] + ": " + draw(SCALARS)]


def _renamed(draw: st.DrawFn, lines: list[str], at: int) -> list[str]:
    return [draw(NAMES) + ":" + lines[at].partition(":")[2]]


def _indented(draw: st.DrawFn, lines: list[str], at: int) -> list[str]:
    return [draw(st.sampled_from(["  ", " ", "\t", "      "])) + lines[at].lstrip(" ")]


def _swapped(draw: st.DrawFn, lines: list[str], at: int) -> list[str]:
    other = draw(st.integers(0, len(lines) - 1))
    here, lines[other] = lines[other], lines[at]
    return [here]


def _spliced(draw: st.DrawFn, lines: list[str], at: int) -> list[str]:
    more = draw(st.sampled_from(shipped())).splitlines()
    del lines[at + 1 :]
    return more[draw(st.integers(0, len(more) - 1)) :]


def _marked(draw: st.DrawFn, lines: list[str], at: int) -> list[str]:
    place = draw(st.integers(0, len(lines[at])))
    mark = draw(st.sampled_from("[]{}:,&*!|>'\"%@`#-?\0\x07\u2028\ufeff\x85\u202e\ud800 \t"))
    return [lines[at][:place] + mark + lines[at][place:]]


SPOILERS: list[Callable[[st.DrawFn, list[str], int], list[str]]] = [
    lambda draw, lines, at: [],
    lambda draw, lines, at: [lines[at], draw(st.sampled_from(lines))],
    lambda draw, lines, at: [lines[at][: draw(st.integers(0, len(lines[at])))]],
    _replaced, _replaced, _renamed, _indented, _swapped, _spliced, _marked,
]  # fmt: skip


@inside
@generated(0.46)
@given(spoilt())
def test_spoilt_scenarios_give_runs_or_located_messages(text: str) -> None:
    read(text)


# ---------------------------------------------------------------- from nothing good

HEAD = "version: 1\nmachine: laptop-2025\nstacks: {native: linux-6 |}\n"
TENANT = "tenants: {app: {workload: kernel-build}}\n"
SOMEWHERE = st.sampled_from(
    ["title", "machine", "stacks", "tenants", "duration", "seed", "replications", "figures", "faults", "operations",
     "choose", "density", "published", "include", "sweep", "nothing"]
)  # fmt: skip
MANY = list(range(1, 2001))
NUMBERS = st.sampled_from([2, 65, 500, 20_000, 300_000])


def bomb(levels: int, width: int) -> str:
    """A billion laughs: aliases of aliases."""
    rows = [f"a0: &a0 [{', '.join(['x'] * width)}]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(rows) + "\n"


@st.composite
def hostile(draw: st.DrawFn) -> str:
    """A text of which nobody means well."""
    key, many = draw(SOMEWHERE), draw(NUMBERS)
    low, high = draw(st.sampled_from([("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("(", ")"), ("!!seq [", "]")]))
    row = draw(st.lists(SCALARS | st.text(max_size=8), max_size=6))
    texts = [
        lambda: f"{key}: {low * many}{high * draw(st.sampled_from([0, many]))}\n",
        lambda: low * many,
        lambda: bomb(draw(st.integers(1, 40)), draw(st.integers(1, 12))) + f"{key}: *a0\n",
        lambda: f"{key}: &x [*x, {{a: *x}}]\n",
        lambda: f"{key}: [{', '.join(str(n) for n in range(many))}]\n",
        lambda: f"{key}: {{{', '.join(f'k{n}: {draw(SCALARS)}' for n in range(min(many, 500)))}}}\n",
        lambda: "".join(f"{key}{n}: 1\n" for n in range(min(many, 20_000))),
        lambda: f"{key}: '{draw(st.sampled_from('x|/(=,@ ')) * many}'\n",
        lambda: f"stacks: {{native: 'linux-6 {draw(st.sampled_from('|/(@=,)')) * many}'}}\n",
        lambda: f"{'k' * many}: 1\n",
        lambda: "\n".join(f"{draw(SOMEWHERE)}: {value}" for value in row) + "\n",
        lambda: draw(st.text(max_size=200)),
        lambda: draw(st.binary(max_size=200)).decode("latin-1"),
        lambda: f"? {draw(SCALARS)}\n: {draw(SCALARS)}\n",
        lambda: f"{key}: {draw(SCALARS)}\n--- \n{key}: 1\n",
        lambda: "<<: &m {a: 1}\n" * draw(st.integers(1, 3)),
        lambda: f"{key}: {{<<: {{a: 1}}, b: {draw(SCALARS)}}}\n",
    ]
    middle = draw(st.sampled_from(texts))()
    mark = draw(st.sampled_from(["", "", "", "\ufeff", "%YAML 1.2\n---\n", "\0", "# \n"]))
    return mark + draw(st.sampled_from(["", HEAD, HEAD + TENANT])) + middle


@inside
@generated(0.27)
@given(hostile())
@example(HEAD + "tenants: {app: {workload: kernel-build, count: 1000000000}}\n")
@example(HEAD + TENANT + "replications: 9000000000000000000\n")
@example(HEAD + f"tenants: {{app: {{workload: kernel-build, cpus: '{'0-65535,' * 9999}0'}}}}\n")
@example(HEAD + f"tenants: {{app: {{workload: kernel-build, weight: &a {MANY}, disk_weight: *a, vcpus: *a}}}}\n")
@example(HEAD + "tenants: {" + ", ".join(f"a{n}: {{workload: kernel-build, weight: [1, 2]}}" for n in MANY) + "}\n")
@example(HEAD.replace("native: linux-6 |", ", ".join(f"s{n}: linux-6 |" for n in MANY)) + TENANT)
@example(HEAD + TENANT + f"duration: [{', '.join(f'{n} s' for n in MANY)}]\n")
@example(HEAD + TENANT + f"sweep: {{zip: [{', '.join(f'[a{n}, b{n}]' for n in MANY)}]}}\n")
@example(HEAD + TENANT + "sweep: {axes: {tenants.app.weight: {from: 1, to: 1e300, count: 1000000000}}}\n")
@example(HEAD + TENANT + "sweep: {design: {kind: sobol, points: 1073741824, over: {duration: [1 s, 2 s]}}}\n")
@example(HEAD + TENANT + f"sweep: {{drop: [{', '.join(['{stack: native}'] * 2000)}]}}\n")
def test_hostile_texts_give_runs_or_located_messages(text: str) -> None:
    read(text)


# ---------------------------------------------------------------- the process that all of it happens in


def _little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))


@pytest.mark.skipif(INSIDE in os.environ, reason="this is that process")
@pytest.mark.timeout(0 if WANTED else 600)
@pytest.mark.parametrize("which", ["what_the_schema_describes_gives", "spoilt_scenarios_give", "hostile_texts_give"])
def test_no_generated_file_ends_the_process_that_reads_it(which: str) -> None:
    test = f"{__file__}::test_{which}_runs_or_located_messages"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout", "0", test],
        env={**os.environ, INSIDE: "1", "PYTHONPATH": str(ROOT)},
        preexec_fn=_little_memory, capture_output=True, text=True, check=False, cwd=ROOT,
        timeout=None if WANTED else 590,
    )  # fmt: skip
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout[-6000:] + done.stderr[-2000:]
