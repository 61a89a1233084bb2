"""The catalog: what is read, how a number is chosen for a machine, and what is refused with which sentence.

The tests work on a small catalog of their own: two machines ten years apart, one layer, one workload.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.catalog import DESCRIBED, Catalog, document, formula, sources
from simulator.catalog.formula import Span
from simulator.errors import CatalogError, Problem

MODULES = {
    "layers/toy_monitor.py": """
        from simulator.parameters import Parameter

        class Monitor:
            PARAMETERS = (
                Parameter("trap_cycles", "cycles", "entering the monitor"),
                Parameter("slice_s", "s", "time slice of a guest"),
                Parameter("copy_cycles_per_byte", "cycles/byte", "copying between guests"),
            )
            STRUCTURE = {"driver_place": ("hypervisor", "domain-0")}

        LAYER = Monitor
        """,
    "workloads/toy_program.py": """
        from simulator.parameters import Parameter

        class Program:
            PARAMETERS = (Parameter("calls_count", "count", "system calls"),)

        PROGRAM = Program
        """,
    "devices/toy_clock.py": """
        from simulator.parameters import Parameter

        class Clock:
            PARAMETERS = (
                Parameter("frequency_hz", "hz", "clock frequency"),
                Parameter("period_s", "s", "one turn of the clock"),
            )

        DEVICE = Clock
        """,
    "devices/toy_nothing.py": "",
    "devices/toy_misnamed.py": """
        from simulator.parameters import Parameter

        class Misnamed:
            PARAMETERS = (Parameter("wait_s", "cycles", "waiting"),)

        DEVICE = Misnamed
        """,
}

MACHINE = """
    name: {name}
    title: A machine of {year}
    year: {year}
    devices:
      cpu:
        kind: toy_clock
        parameters:
          frequency_hz: [{{value: 2.5 GHz, kind: published, source: toy2001, where: Table 1}}]
          period_s: [{{formula: 1 / frequency_hz, kind: derived, source: toy2001, where: from the frequency}}]
    """

TRAP = "[{value: 800, range: [600, 1000], kind: published, source: toy2001, where: Table 5, measured_on: old}]"
SLICE = "[{value: 30 ms, kind: published, source: toy2001, where: section 3, measured_on: any}]"
COPY = "[{value: 1.5, kind: assumed, range: [1, 2], where: as memcpy}]"
CALLS = (
    "[{value: 1e3, kind: derived, source: toy2001, where: count, measured_on: any, fitted: true, fitted_on: native}]"
)

BIBLIOGRAPHY = """
    @article{toy2001, author = {Tinker, Ann and Taylor, Bob and Tailor, Cy}, title = {{Toy} Monitors},
             journal = "Journal of Toys", year = 2001}
    """


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text).lstrip(), encoding="utf-8")
    return path


def write_layer(folder: Path, name: str = "toy-1", trap: str = TRAP, slice_: str = SLICE, copy: str = COPY) -> Path:
    """A layer file whose entry for ``trap_cycles`` stands in line 6."""
    lines = [f"name: {name}", "title: Toy monitor", "family: toy_monitor", "structure: {driver_place: hypervisor}"]
    parameters = [f"trap_cycles: {trap}", f"slice_s: {slice_}", f"copy_cycles_per_byte: {copy}"]
    return write(
        folder / f"layers/{name}.yaml", "\n".join([*lines, "parameters:", indent("\n".join(parameters), "  ")])
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An extra catalog folder, named by the environment variable."""
    for name, text in MODULES.items():
        write(tmp_path / "modules" / name, text)
    for name, year in (("old", 2001), ("new", 2011)):
        write(tmp_path / f"machines/{name}.yaml", MACHINE.format(name=name, year=year))
    write(tmp_path / "sources.bib", BIBLIOGRAPHY)
    write_layer(tmp_path)
    write(
        tmp_path / "workloads/toy-work.yaml",
        f"""
        name: toy-work
        title: Toy work
        program: toy_program
        interface: system
        metric: {{name: time, unit: s, better: lower}}
        parameters:
          calls_count: {CALLS}
        """,
    )
    monkeypatch.setenv("VIRTLAB_CATALOG", str(tmp_path))
    return tmp_path


def refusal(folder: Path, name: str = "toy-1") -> str:
    """What is said about a layer."""
    with pytest.raises(CatalogError) as caught:
        Catalog().layer(name, "old")
    return str(caught.value)


# ---------------------------------------------------------------- what is read


def test_a_layer_has_its_numbers_in_si_units_with_their_sources(folder: Path) -> None:
    layer = Catalog().layer("toy-1", "old")
    assert (layer.name, layer.title, layer.family, layer.machine) == ("toy-1", "Toy monitor", "toy_monitor", "old")
    assert layer.structure == {"driver_place": "hypervisor"}
    assert layer.values() == {"trap_cycles": 800.0, "slice_s": 0.03, "copy_cycles_per_byte": 1.5}
    trap = layer.parameters["trap_cycles"]
    assert (trap.low, trap.high, trap.unit) == (600.0, 1000.0, "cycles")
    assert (trap.kind, trap.source, trap.where) == ("published", "toy2001", "Table 5")
    assert trap.meaning == "entering the monitor"
    assert not trap.transferred


def test_a_workload_has_a_program_an_interface_and_a_metric(folder: Path) -> None:
    workload = Catalog().workload("toy-work", "new")
    assert (workload.program, workload.interface) == ("toy_program", "system")
    assert workload.metric == {"name": "time", "unit": "s", "better": "lower"}
    assert workload.values() == {"calls_count": 1000.0}


def test_a_machine_has_devices(folder: Path) -> None:
    machine = Catalog().machine("old")
    assert (machine.name, machine.year) == ("old", 2001)
    assert machine.devices["cpu"].kind == "toy_clock"
    assert machine.devices["cpu"].values() == {"frequency_hz": 2.5e9, "period_s": 0.4e-9}  # 1 / 2.5 GHz
    assert machine.devices["cpu"].parameters["period_s"].measured_on == "old"


def test_a_folder_can_be_given_instead_of_the_environment(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    write_layer(other, "toy-7")
    assert Catalog(extra=[other, folder]).layer("toy", "old").name == "toy-7"


def test_a_machine_may_extend_another_and_has_what_was_measured_on_it(folder: Path) -> None:
    clock = "{frequency_hz: [{value: 3 GHz, kind: assumed, range: [2 GHz, 4 GHz], where: turned up}]}"
    device = f"{{cpu: {{kind: toy_clock, parameters: {clock}}}}}"
    write(folder / "machines/fast.yaml", f"name: fast\ntitle: Turned up\nextends: old\nyear: 2001\ndevices: {device}")
    write(folder / "machines/same.yaml", "name: same\ntitle: The same\nextends: fast\nyear: 2001\ndevices: {}")
    catalog = Catalog()
    for name in ("fast", "same"):
        values = catalog.machine(name).devices["cpu"].values()
        assert values == {"frequency_hz": 3e9, "period_s": pytest.approx(1 / 3e9)}
        trap = catalog.layer("toy-1", name).parameters["trap_cycles"]
        assert (trap.low, trap.high, trap.transferred) == (600.0, 1000.0, False)
    assert {"fast", "same"} <= set(catalog.names("machines"))


def test_a_device_of_another_kind_replaces_the_one_that_is_extended(folder: Path) -> None:
    write(folder / "modules/devices/toy_other.py", MODULES["devices/toy_clock.py"])
    device = "{kind: toy_other, parameters: {}}"
    text = f"name: other\ntitle: Other\nextends: old\nyear: 2001\ndevices: {{cpu: {device}}}"
    write(folder / "machines/other.yaml", text)
    with pytest.raises(CatalogError, match="has no 'frequency_hz'"):
        Catalog().machine("other")


def test_a_file_may_describe_its_own_source(folder: Path) -> None:
    write_layer(folder, "toy-2", TRAP.replace("toy2001", "mine"))
    path = folder / "layers/toy-2.yaml"
    described = 'sources: {mine: {author: me, title: "My run", year: 2026}}'
    path.write_text(f"{path.read_text()}\n{described}\n", encoding="utf-8")
    catalog = Catalog()
    assert catalog.layer("toy-2", "old").parameters["trap_cycles"].source == "mine"
    assert catalog.source("mine").citation == "me (2026). My run"
    assert catalog.check() == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{title: T}", "sources.mine: has no year"),
        ("{year: 2026}", "sources.mine: has no title"),
        ("T", "sources.mine: 'T' is not a mapping"),
    ],
)
def test_a_source_of_a_file_is_complete(folder: Path, source: str, said: str) -> None:
    write_layer(folder)
    path = folder / "layers/toy-1.yaml"
    path.write_text(path.read_text() + f"\nsources: {{mine: {source}}}\n", encoding="utf-8")
    assert said in refusal(folder)


def test_a_file_can_be_looked_at_before_it_is_written(folder: Path) -> None:
    text = (folder / "layers/toy-1.yaml").read_text(encoding="utf-8").replace("toy-1", "toy-3")
    place = folder / "layers/toy-3.yaml"
    catalog = Catalog().with_file("layers", "toy-3", text, place)
    assert catalog.layer("toy-3", "old").values()["trap_cycles"] == 800.0
    assert catalog.mistakes("layers", "toy-3") == []
    (mistake,) = Catalog().with_file("layers", "toy-3", text.replace("800", "80"), place).mistakes("layers", "toy-3")
    assert "does not contain the value 80" in str(mistake)
    assert not place.exists()
    with pytest.raises(CatalogError, match="the name 'toy-1' is taken by"):
        Catalog().with_file("layers", "toy-1", text, place)


def test_a_machine_without_devices_dates_numbers_but_runs_nothing(folder: Path) -> None:
    write(folder / "machines/ancient.yaml", "{name: ancient, title: An old one, year: 1999, devices: {}}")
    write_layer(folder, trap=TRAP.replace("measured_on: old", "measured_on: ancient"))
    catalog = Catalog()
    assert catalog.layer("toy-1", "old").parameters["trap_cycles"].transferred
    assert "ancient" not in catalog.names("machines")
    with pytest.raises(CatalogError, match="nothing can run on it"):
        catalog.machine("ancient")


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(("name", "full"), [("toy", "toy-2.10"), ("toy-2.4", "toy-2.4"), ("toy-1", "toy-1")])
def test_a_bare_stem_is_the_newest_version(folder: Path, name: str, full: str) -> None:
    for version in ("2.4", "2.10"):
        write_layer(folder, f"toy-{version}")
    assert Catalog().resolve_name("layers", name) == full
    assert Catalog().layer(name, "old").name == full


def test_a_file_named_like_a_stem_is_itself(folder: Path) -> None:
    write_layer(folder, "toy")
    assert Catalog().resolve_name("layers", "toy") == "toy"


def test_an_unknown_name_is_refused_with_the_nearest(folder: Path) -> None:
    with pytest.raises(CatalogError, match=r"no layer is called 'toy-11'; did you mean 'toy-1'\?"):
        Catalog().layer("toy-11", "old")
    with pytest.raises(CatalogError, match="no machine is called 'olds'; did you mean 'old'"):
        Catalog().layer("toy-1", "olds")
    with pytest.raises(CatalogError, match="the catalog has no 'layer'; did you mean 'layers'"):
        Catalog().names("layer")
    with pytest.raises(CatalogError, match=r"'toy2002' is not in sources\.bib; did you mean 'toy2001'"):
        Catalog().source("toy2002")


def test_machines_have_no_versions(folder: Path) -> None:
    write(folder / "machines/toy-9.yaml", MACHINE.format(name="toy-9", year=2009))
    with pytest.raises(CatalogError, match="no machine is called 'toy'"):
        Catalog().machine("toy")


# ---------------------------------------------------------------- choosing for a machine


def entries(*numbers: tuple[float, str]) -> str:
    """Entries without a range, each measured on its machine."""
    each = "{{value: {0}, kind: published, source: toy2001, where: there, measured_on: {1}}}"
    return "[" + ", ".join(each.format(*number) for number in numbers) + "]"


@pytest.mark.parametrize(
    ("written", "machine", "value", "transferred"),
    [
        ([(1, "old"), (2, "new"), (3, "any")], "old", 1, False),
        ([(1, "old"), (2, "new"), (3, "any")], "new", 2, False),
        ([(1, "old"), (3, "any")], "new", 3, False),  # a number for any machine comes before another machine's
        ([(1, "old"), (2, "new")], "later", 2, True),  # 2015 is nearer to 2011 than to 2001
        ([(1, "old"), (2, "new")], "middle", 2, True),  # as near to either: the newer
        ([(1, "old")], "later", 1, True),
    ],
)
def test_the_nearest_generation_wins(
    folder: Path, written: list[tuple[float, str]], machine: str, value: float, transferred: bool
) -> None:
    for name, year in (("middle", 2006), ("later", 2015)):
        write(folder / f"machines/{name}.yaml", MACHINE.format(name=name, year=year))
    write_layer(folder, trap=entries(*written))
    trap = Catalog().layer("toy-1", machine).parameters["trap_cycles"]
    assert (trap.value, trap.transferred) == (value, transferred)
    assert (trap.low, trap.high) == ((value / 2, value * 2) if transferred else (value, value))


def test_a_transferred_range_is_twice_as_wide_on_each_side(folder: Path) -> None:
    trap = Catalog().layer("toy-1", "new").parameters["trap_cycles"]
    assert (trap.value, trap.low, trap.high, trap.transferred) == (800.0, 300.0, 2000.0, True)
    assert trap.measured_on == "old"


# ---------------------------------------------------------------- formulas


def derived(text: str, more: str = "") -> str:
    return f'[{{formula: "{text}", kind: derived, source: toy2001, where: arithmetic, measured_on: any{more}}}]'


def test_a_formula_takes_value_and_range_from_what_it_names(folder: Path) -> None:
    write_layer(folder, copy=derived("-(trap_cycles - 1e3) / 100 + +1"))
    copy = Catalog().layer("toy-1", "old").parameters["copy_cycles_per_byte"]
    # (1000 - [600, 800, 1000]) / 100 + 1
    assert (copy.low, copy.value, copy.high) == pytest.approx((1.0, 3.0, 5.0))
    assert copy.formula == "-(trap_cycles - 1e3) / 100 + +1"


def test_a_formula_of_transferred_numbers_is_transferred(folder: Path) -> None:
    write_layer(folder, copy=derived("trap_cycles / 100", ", range: [7, 9]"))
    old, new = (Catalog().layer("toy-1", name).parameters["copy_cycles_per_byte"] for name in ("old", "new"))
    assert (old.low, old.high, old.transferred) == (7.0, 9.0, False)
    assert (new.low, new.high, new.transferred) == (3.5, 18.0, True)


@pytest.mark.parametrize(
    ("trap", "copy", "sentence"),
    [
        (derived("copy_cycles_per_byte"), derived("trap_cycles * 2"), "goes in a circle: trap_cycles -> copy_cycles"),
        (derived("trap_cycles"), COPY, "goes in a circle: trap_cycles -> trap_cycles"),
        (derived("1 / (2 - 2)"), COPY, "divides by something between 0 and 0"),
        (derived("1e300 * 1e300"), COPY, "is not finite"),
        (derived("2 * 3", ", range: [7, 9]"), COPY, "[7.0, 9.0] does not contain 6, the value of '2 * 3'"),
        (derived("2 * trip_cycles"), COPY, "'trip_cycles' is no parameter of this file (did you mean 'trap_cycles'?)"),
        (derived("2 **"), COPY, "'2 **' is not arithmetic"),
        (derived("2 ** 3"), COPY, "a formula has numbers, names"),
        (derived("__import__('os').getcwd()"), COPY, "a formula has numbers, names"),
        (derived("True + 1"), COPY, "a formula has numbers, names"),
    ],
)
def test_a_formula_that_cannot_be_worked_out_is_refused(folder: Path, trap: str, copy: str, sentence: str) -> None:
    path = write_layer(folder, trap=trap, copy=copy)
    message = refusal(folder)
    assert sentence in message
    assert message.startswith(f"{path}:")
    assert sentence in "\n".join(str(problem) for problem in Catalog().mistakes("layers", path.stem))


OPERANDS = st.sampled_from(["a", "b", "2", "0.5", "1e2"])
FORMULAS = st.recursive(
    OPERANDS, lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map("({0[0]} {0[1]} {0[2]})".format)
)


@given(text=FORMULAS, a=st.floats(1, 9), b=st.floats(1, 9), share=st.floats(0, 1))
def test_a_formula_is_what_python_makes_of_it_and_its_range_contains_it(
    text: str, a: float, b: float, share: float
) -> None:
    values = {"a": Span(a, a, a + 1), "b": Span(b, b / 2, b)}
    inside = {"a": a + share, "b": b - share * b / 2}
    try:
        span = formula.evaluate(formula.parse(text), values)
        expected = eval(text, {"a": a, "b": b})
        elsewhere = eval(text, inside)
    except ArithmeticError:
        return
    assert span.value == pytest.approx(expected)
    slack = 1e-9 * max(abs(span.low), abs(span.high))
    assert span.low - slack <= elsewhere <= span.high + slack


@given(text=st.text(alphabet="ab_12.e+-*/()[]{}:=,'\"\\ \n\x00µ", max_size=20))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    try:
        formula.parse(text)
    except CatalogError as error:
        assert "a formula has numbers" in str(error)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"source: toy2001, ": ""}, "has no source (add 'source: <key in sources.bib>'"),
        ({"toy2001": "toy2010"}, "'toy2010' is not in sources.bib (did you mean 'toy2001'?)"),
        ({"where: Table 5, ": ""}, "has no 'where'"),
        ({"where: Table 5": "where: ''"}, "'' is not a text"),
        ({"kind: published, ": ""}, "has no 'kind'"),
        ({"published": "publicised"}, "'publicised' is no kind of number (did you mean 'published'?)"),
        ({", measured_on: old": ""}, "does not say where it was measured"),
        (
            {"measured_on: old": "measured_on: olds"},
            "'olds' is no machine with a year in the catalog (did you mean 'old'?)",
        ),
        ({"value: 800": "valuee: 800"}, "is not known here (did you mean 'value'?)"),
        ({"value: 800, ": ""}, "needs exactly one of 'value' and 'formula'"),
        ({"value: 800": "value: 800, formula: 2 * 400"}, "needs exactly one of 'value' and 'formula'"),
        ({"value: 800": "value: 30 ms"}, "'ms' is a unit of time; here a number of cycles is wanted"),
        ({"value: 800": "value: '800'"}, "'800' has no unit"),
        ({"value: 800": "value: true"}, "True is not a number"),
        ({"value: 800": "value: .nan"}, "nan is not a number"),
        ({"value: 800": "value: [800]"}, "[800] is not a number"),
        ({"value: 800": "value: 1200"}, "[600, 1000] does not contain the value 1200"),
        ({"[600, 1000]": "[1000, 600]"}, "begins above its end"),
        ({"[600, 1000]": "600"}, "600 is not a range"),
        ({"range: [600, 1000], ": "", "published, source: toy2001": "assumed"}, "is assumed but has no range"),
        ({"value: 800": "value: 800, includes: hypercall"}, "'hypercall' is not a list of texts"),
        ({"value: 800": "value: 800, fitted: true, fitted_on: a result"}, "a fitted number is 'kind: derived'"),
        ({"value: 800": "value: 800, fitted: true", "published": "derived"}, "is fitted but does not say on what"),
        ({"value: 800": "value: 800, fitted_on: a result"}, "says on what it was fitted, but it is not fitted"),
        ({"value: 800": "value: 800, fitted: 1"}, "1 is neither true nor false"),
        ({"}]": "}, " + TRAP[1:]}, "is a second entry for 'old'"),
        ({"[{": "{", "}]": "}"}, "is not a list of entries"),
        ({TRAP: "[]"}, "is not a list of entries"),
        ({TRAP: "[800]"}, "800 is not a mapping"),
        ({TRAP: "[{}]"}, "has no 'kind'"),
    ],
)
def test_a_number_that_does_not_fit_is_refused_where_it_stands(
    folder: Path, change: dict[str, str], sentence: str
) -> None:
    trap = TRAP
    for old, new in change.items():
        assert old in trap
        trap = trap.replace(old, new)
    path = write_layer(folder, trap=trap)
    message = refusal(folder)
    assert sentence in message
    assert message.startswith(f"{path}:6:")
    assert "parameters.trap_cycles" in message.splitlines()[0]


def test_a_text_with_a_unit_needs_a_unit_that_has_a_dimension(folder: Path) -> None:
    write_layer(folder, copy=COPY.replace("1.5", "1.5 cycles"))
    assert "'1.5 cycles' is not a number (write a plain number in cycles/byte, or a formula)" in refusal(folder)


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("name: toy-1", "name: toy-2", 1, "is 'toy-2' in a file called toy-1.yaml"),
        ("title: Toy monitor", "title: 7", 2, "7 is not a text"),
        ("title: Toy monitor", "titles: Toy monitor", 2, "is not known here (did you mean 'title'?)"),
        ("toy_monitor", "toy_monitors", 3, "no layers module 'toy_monitors'"),
        ("toy_monitor", "toy_monitors", 3, "did you mean 'toy_monitor'?"),
        ("family: toy_monitor", "family: [toy_monitor]", 3, "['toy_monitor'] is not a text"),
        ("driver_place: hypervisor", "driver_place: domain-1", 4, "'domain-1' is no choice (did you mean 'domain-0'?)"),
        ("driver_place: hypervisor", "", 4, "has no 'driver_place'"),
        ("driver_place: hypervisor", "driver_place: hypervisor, colour: red", 4, "structure.colour: is not known here"),
        ("slice_s:", "slise_s:", 7, "is no parameter of this class (did you mean 'slice_s'?)"),
        ("slice_s:", "slise_s:", 5, "has no 'slice_s' (add it: time slice of a guest, in s)"),
        ("family:", "released: []\nfamily:", 3, "[] is not a date"),
    ],
)
def test_a_file_that_does_not_fit_its_class_is_refused(
    folder: Path, old: str, new: str, line: int, sentence: str
) -> None:
    path = write_layer(folder)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    located = [each for each in refusal(folder).splitlines() if each.startswith(f"{path}:{line}:")]
    assert sentence in "\n".join(located)


def test_all_mistakes_of_a_file_are_said_at_once(folder: Path) -> None:
    write_layer(folder, trap=TRAP.replace("source: toy2001, ", ""), slice_=SLICE.replace("30 ms", "30 MHz"), copy="[]")
    assert len(refusal(folder).splitlines()) == 3


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("toy_nothing", "the module 'toy_nothing' names no class (add 'DEVICE = <the class>' to it)"),
        ("toy_misnamed", "Misnamed.PARAMETERS.wait_s: the name promises s, but the unit is 'cycles'"),
    ],
)
def test_a_class_that_declares_wrongly_is_named(folder: Path, kind: str, sentence: str) -> None:
    text = f"{{name: odd, title: Odd, year: 2001, devices: {{it: {{kind: {kind}, parameters: {{}}}}}}}}"
    write(folder / "machines/odd.yaml", text)
    with pytest.raises(CatalogError) as caught:
        Catalog().machine("odd")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("better: lower", "better: less", "metric.better: 'less' is no direction (write 'higher' or 'lower')"),
        ("unit: s, ", "", "metric: has no 'unit'"),
        ("metric: {name: time, unit: s, better: lower}", "metric: time", "metric: 'time' is not a mapping"),
        ("interface: system", "interface: 3", "interface: 3 is not a text"),
    ],
)
def test_a_workload_without_a_clear_metric_is_refused(folder: Path, old: str, new: str, sentence: str) -> None:
    path = folder / "workloads/toy-work.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(CatalogError) as caught:
        Catalog().workload("toy-work", "old")
    assert sentence in str(caught.value)


def test_a_machine_needs_a_year(folder: Path) -> None:
    path = folder / "machines/old.yaml"
    path.write_text(path.read_text().replace("year: 2001", "year: long ago"))
    with pytest.raises(CatalogError, match="'long ago' is not a year"):
        Catalog().machine("old")


def test_a_file_of_ones_own_never_replaces_another(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    path = write_layer(other)
    with pytest.raises(CatalogError) as caught:
        Catalog(extra=[other]).names("layers")
    assert f"{path}: the name 'toy-1' is taken by {folder / 'layers/toy-1.yaml'}" in str(caught.value)
    assert "e.g. 'my-toy-1'" in str(caught.value)


def test_a_source_of_ones_own_never_replaces_one_of_ours(folder: Path) -> None:
    write(folder / "sources.bib", BIBLIOGRAPHY + "@misc{barham2003, title = {Mine}, year = {2003}}")
    with pytest.raises(CatalogError, match="barham2003: is the key of another source"):
        Catalog().source("barham2003")


@pytest.mark.parametrize("name", ["Toy-3", "toy_3", "-toy", "toy--3"])
def test_names_are_lower_case_words_with_dashes(folder: Path, name: str) -> None:
    write_layer(folder, name)
    assert f"{name!r} is no catalog name" in refusal(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="absent: is no folder"):
        Catalog(extra=[tmp_path / "absent"]).names("layers")


# ---------------------------------------------------------------- YAML


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", 1000.0),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("on", "on"),
        ("no", "no"),
        ("2003-10", "2003-10"),
        ("2003-10-19", "2003-10-19"),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("-.5", -0.5),
        ("1.", 1.0),
        (".inf", float("inf")),
        ("true", True),
        ("null", None),
        ("", None),
        ("'1'", "1"),
        ("<<", "<<"),
        ("!!float 3", 3.0),
    ],
)
def test_yaml_is_read_as_version_1_2_core(text: str, value: object) -> None:
    read = document.parse(f"key: {text}", "x.yaml")
    assert read.problems == []
    assert read.data["key"] == value
    assert type(read.data["key"]) is type(value)


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2", "x.yaml:4:3: b.c:", "stands twice, first in line 3"),
        ("a: [1, 2", "x.yaml:2:1:", "is not YAML"),
        ("a: 1\nb: 2: 3", "x.yaml:2:5:", "is not YAML"),
        ("1: a", "x.yaml:1:1: 1:", "is not a text and so no key"),
        ("a: !python/name:os.system b", "x.yaml:1:1: a:", "has the tag"),
        ("a: !!set {b}", "x.yaml:1:1: a:", "has the tag"),
        ("a: !!omap [b]", "x.yaml:1:1: a:", "has the tag"),
        ("a: !!int b", "x.yaml:1:1: a:", "is not what its tag says"),
        ("a: &b [*b]", "x.yaml:1:4: a[0]:", "contains itself"),
        ("- a", "x.yaml:1:1:", "['a'] is not a mapping"),
    ],
)
def test_what_is_not_plain_yaml_is_located(text: str, place: str, sentence: str) -> None:
    read = document.parse(text, "x.yaml")
    assert str(read.problems[0]).startswith(place)
    assert sentence in str(read.problems[0])


def test_a_file_that_is_not_utf8_is_refused(folder: Path) -> None:
    (folder / "layers/toy-1.yaml").write_bytes("title: Bär".encode("latin-1"))
    assert "is not UTF-8" in refusal(folder)


# ---------------------------------------------------------------- sources


def test_a_source_is_cited_in_one_line(folder: Path) -> None:
    catalog = Catalog()
    assert catalog.source("toy2001").citation == "Tinker et al. (2001). Toy Monitors. Journal of Toys"
    assert catalog.source("dall2014").citation.startswith("Dall and Nieh (2014). KVM/ARM: The Design and")
    assert catalog.source("linux24").citation.startswith("Torvalds et al. (2001). Linux kernel")
    assert catalog.source("intelxeon2002").citation.startswith("Intel (2002). Intel Xeon Processor")
    assert catalog.source("barham2003").year == 2003


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("@misc{a, title = {A}, year = {2001}}\n@misc{a, title = {B}, year = {2001}}", "x.bib:2:1: a: stands twice"),
        ("@misc{a, title = {A}}", "a: has no year"),
        ("@misc{a, year = {2001}}", "a: has no title"),
        ("@misc{a, title = {A}, year = {soon}}", "a: has no year"),
        ("@misc{a, title = {A, year = {2001}", "a.title: the brace is never closed"),
        ('@misc{a, title = "A}', "a.title: the quote is never closed"),
        ("@misc{a, title = }", "a.title: has no value"),
        ("@misc{a, title = {A}, year = {2001}", "a: is not closed"),
        ("\n@misc a", "x.bib:2:1: is not a BibTeX entry"),
    ],
)
def test_a_bibliography_is_read_strictly(tmp_path: Path, text: str, sentence: str) -> None:
    problems: list[Problem] = []
    path = tmp_path / "x.bib"
    path.write_text(text)
    sources.read(path, problems)
    assert sentence in "\n".join(str(problem) for problem in problems)


def test_a_mistake_in_one_source_leaves_the_others(tmp_path: Path) -> None:
    problems: list[Problem] = []
    path = tmp_path / "x.bib"
    path.write_text("@misc{a, title = }\n@misc{b, title = {B}, year = 2001, }")
    assert list(sources.read(path, problems)) == ["b"]
    assert len(problems) == 1


# ---------------------------------------------------------------- overviews


def test_describe_shows_every_number_where_it_was_measured(folder: Path) -> None:
    write_layer(folder, trap=entries((1, "old"), (2, "new")), copy=derived("trap_cycles * 3"))
    rows = Catalog().describe("layers", "toy")
    assert all(tuple(row) == DESCRIBED for row in rows)
    shown = [(row["parameter"], row["measured_on"], row["value"], row["transferred"]) for row in rows]
    assert shown == [
        ("trap_cycles", "old", 1.0, False),
        ("trap_cycles", "new", 2.0, False),
        ("slice_s", "any", 0.03, False),
        ("copy_cycles_per_byte", "any", 6.0, False),  # on no machine in particular: of the newest, 2
    ]


def test_describe_shows_what_is_chosen_for_a_machine(folder: Path) -> None:
    rows = {row["parameter"]: row for row in Catalog().describe("layers", "toy-1", machine="new")}
    assert rows["trap_cycles"]["transferred"] is True
    assert (rows["trap_cycles"]["low"], rows["trap_cycles"]["high"]) == (300.0, 2000.0)
    assert rows["trap_cycles"]["meaning"] == "entering the monitor"


def test_describe_names_the_devices_of_a_machine(folder: Path) -> None:
    rows = Catalog().describe("machines", "old")
    assert [row["parameter"] for row in rows] == ["cpu.frequency_hz", "cpu.period_s"]


def test_a_number_is_worked_out_once_and_a_file_parsed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Catalog()
    assert first.layer("toy-1", "old") is first.layer("toy", "old") is not first.layer("toy", "new")
    assert first.machine("old") is first.machine("old")
    parsed = []
    parse = document.parse
    monkeypatch.setattr(document, "parse", lambda text, file: parsed.append(Path(file).name) or parse(text, file))
    assert Catalog().layer("toy-1", "old") == first.layer("toy-1", "old")
    assert parsed == []
    write_layer(folder, trap=TRAP.replace("value: 800", "value: 900"))
    changed = Catalog().layer("toy-1", "old").parameters["trap_cycles"]
    assert parsed == ["toy-1.yaml"]
    assert changed.value != first.layer("toy-1", "old").parameters["trap_cycles"].value


def test_fitted_numbers_are_listed(folder: Path) -> None:
    listed = [each for each in Catalog().fitted() if each.product == "toy-work"]
    assert [(each.kind, each.parameter, each.fitted_on, each.value) for each in listed] == [
        ("workloads", "calls_count", "native", 1000.0)
    ]


def test_check_finds_the_mistakes_of_all_files(folder: Path) -> None:
    assert [problem for problem in Catalog().check() if problem.file.startswith(str(folder))] == []
    write_layer(folder, "toy-3", trap=TRAP.replace("source: toy2001, ", ""))
    path = folder / "machines/new.yaml"
    path.write_text(path.read_text().replace("where: Table 1", "whence: Table 1"))
    found = {Path(problem.file).name for problem in Catalog().check() if problem.file.startswith(str(folder))}
    assert found == {"toy-3.yaml", "new.yaml"}


def test_check_begins_with_folders_names_and_sources(folder: Path) -> None:
    write(folder / "sources.bib", "@misc{toy2001, title = {T}}")
    write_layer(folder, "Toy-3")
    messages = [problem.message for problem in Catalog().check()]
    assert messages == ["has no year", "'Toy-3' is no catalog name"]


def test_our_own_catalog_has_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTLAB_CATALOG", raising=False)
    assert [str(problem) for problem in Catalog().check()] == []


def test_yaml_is_imported_only_when_a_file_is_read() -> None:
    program = "import sys, simulator.catalog; sys.exit('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
