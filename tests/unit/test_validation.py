"""Validation without a run: units, claims, rows and scores, by hand."""

from math import exp, isnan, log, nan

import pytest

from simulator import records
from simulator.errors import RunError, UsageError
from simulator.experiment import quantile
from simulator.scenario import load
from simulator.validation import claims, conversion, published, readings, rows, score
from simulator.validation.measuring import Store, runs
from simulator.validation.validate import Validator, chosen

MAPPING = {
    "machine": "dell-2650",
    "stacks": {"native": "linux-2.4 |", "Xen": "xen-1 | linux-2.4"},
    "tenants": {"app": {"workload": ["spec-int", "kernel-build", "ttcp-send"], "memory": "512 MiB"}},
    "replications": 1,
}


def experiment(**section):
    written = {"table": "table", "platforms": {"bare": "native", "xen": "Xen"}, **section}
    return claims.Experiment("test", load({**MAPPING, "published": written}))


def figure(benchmark="build", platform="xen", value="2", unit="s", metric="elapsed", use="judges", line=2, notes=""):
    return published.Figure(
        "paper", "Figure 1", platform, benchmark, metric, unit, value, notes, use, "type1", "table", line
    )


def one(row, *figures):
    return list(claims.claims(experiment(rows=[row]), figures))


class TestUnits:
    @pytest.mark.parametrize(
        ("ours", "theirs", "factor"),
        [
            ("GB/s", "MB/s", 1e3), ("Mb/s", "Gb/s", 1e-3), ("MB/s", "bit/s", 8e6),
            ("requests/s", "thousand req/s", 1e-3),
            ("s", "us", 1e6), ("bytes", "MiB", 2**-20), ("GFLOP/s", "Tflop/s", 1e-3), ("IOPS", "1/s", 1.0),
            ("tuples/s", "tuples/s", 1.0), ("MB/s", "score (MB/s)", 1.0),
            ("SPEC INT2000", "score (higher better)", 1.0),
            ("cores", "percent of a core", 100.0), ("MiB/s", "B/s", 2**20), ("bytes", "B", 1.0),
            ("GiB/s", "bytes/s", 2**30),
        ],
    )  # fmt: skip
    def test_factor(self, ours, theirs, factor):
        assert conversion.factor(ours, theirs) == pytest.approx(factor, rel=1e-12)

    @pytest.mark.parametrize(("ours", "theirs"), [("s", "MB/s"), ("requests/s", "s"), ("", "s"), ("MB/s", "score")])
    def test_what_does_not_measure_the_same_is_refused(self, ours, theirs):
        with pytest.raises(UsageError, match="cannot be compared"):
            conversion.factor(ours, theirs)

    def test_less_is_better_of_times_and_cycles_not_of_rates_and_scores(self):
        assert all(map(conversion.less_is_better, ("s", "ms", "cycles", "cycles/byte", "MiB")))
        assert not any(map(conversion.less_is_better, ("MB/s", "req/s", "score", "GUP/s")))

    def test_every_unit_of_a_claimed_table_is_known_or_compared_with_itself(self):
        unknown = {each.unit for name in published.names() for each in published.load(name) if each.unit}
        assert {"s", "us", "req/s", "MB/s"} <= unknown


class TestPublished:
    def test_every_table_is_read(self):
        found = published.load_all()
        assert len(found) > 60
        assert sum(len(figures) for figures in found.values()) > 3000

    @pytest.mark.parametrize(
        ("text", "bounds"),
        [
            ("3", (3, 3)),
            ("1-3", (1, 3)),
            ("-16.0", (-16, -16)),
            ("1e-3", (1e-3, 1e-3)),
            ("10 - 30", (10, 30)),
            ("DNR", None),
        ],
    )
    def test_values(self, text, bounds):
        assert published.bounds(text) == bounds

    def test_further_tables_stand_behind_ours(self, tmp_path):
        head = "source,table_or_figure,platform,model_class,benchmark,metric,unit,value,notes,use\n"
        (tmp_path / "overhead_barham2003.csv").write_text(head + "p,t,xen-pv,type1,b,m,s,1,,judges\n")
        (tmp_path / "mine.csv").write_text(head + "p,t,xen-pv,type1,b,m,s,1,,judges\n")
        found = published.load_all([tmp_path])
        assert found["overhead_barham2003"][-1].benchmark == "b"
        assert len(found["mine"]) == 1

    def test_a_table_with_a_wrong_use_or_without_a_column_is_refused(self, tmp_path):
        head = "source,table_or_figure,platform,model_class,benchmark,metric,unit,value,notes,use\n"
        (tmp_path / "a.csv").write_text(head + "p,t,xen-pv,type1,b,m,s,1,,tunes\n")
        with pytest.raises(UsageError, match=r"a\.csv:2: use 'tunes' is not known"):
            published.load("a", tmp_path)
        (tmp_path / "b.csv").write_text("source,platform\n")
        with pytest.raises(UsageError, match="no column 'table_or_figure'"):
            published.load("b", tmp_path)
        with pytest.raises(UsageError, match="cannot be read"):
            published.load("c", tmp_path)


class TestClaims:
    def test_a_row_claims_the_figures_of_its_benchmark_on_every_platform(self):
        row = {"benchmark": "build", "at": {"workload": "kernel-build"}}
        found = one(row, figure(), figure(platform="bare"), figure(platform="esx"), figure("other"))
        assert [(each.stack, each.native) for each in found] == [("Xen", False), ("native", True)]
        assert found[0].tenant == "app"
        assert "kernel-build" in found[0].condition

    def test_units_are_converted(self):
        (found,) = one({"benchmark": "build", "at": {"workload": "kernel-build"}, "times": 2}, figure(unit="ms"))
        assert found.factor == 2000.0
        assert found.less_is_better

    def test_a_placeholder_is_the_value_of_an_axis(self):
        row = {"benchmark": "run {workload} once"}
        found = one(
            row, figure("run spec-int once", unit="score"), figure("run kernel-build once"), figure("run x once")
        )
        assert [claim.condition for claim in found] == [
            "tenants.app.workload=spec-int", "tenants.app.workload=kernel-build",
        ]  # fmt: skip

    def test_wildcards_and_conditions(self):
        row = {
            "benchmark": "b*d",
            "metric": "el*",
            "notes": "*on",
            "in": "Figure 1",
            "at": {"workload": "kernel-build"},
        }
        fits, *others = figure(notes="caches on"), figure(notes="caches off"), figure(metric="cpu", notes="caches on")
        assert [claim.figure for claim in one(row, fits, *others)] == [fits]

    def test_brackets_and_question_marks_stand_for_themselves(self):
        assert claims.matches("a [b]? *", "a [b]? c")
        assert not claims.matches("a [b]? *", "a b c")

    def test_several_points_are_a_mistake(self):
        with pytest.raises(UsageError, match="3 points fit"):
            one({"benchmark": "build"}, figure())

    def test_a_unit_that_cannot_be_compared_names_the_row(self):
        with pytest.raises(UsageError, match="test: 'build': s cannot be compared with MB/s"):
            one({"benchmark": "build", "at": {"workload": "kernel-build"}}, figure(unit="MB/s"))

    def test_an_unknown_reading_is_refused(self):
        with pytest.raises(UsageError, match="no reading 'speed'"):
            one({"benchmark": "build", "at": {"workload": "kernel-build"}, "read": "speed"}, figure())

    def test_rows_that_fit_nothing_are_named(self):
        row = {"benchmark": "withheld {workload}"}
        assert claims.idle(experiment(rows=[row]), [figure()]) == ["withheld {workload}"]

    def test_exclusions_of_experiments_come_first(self):
        found = claims.exclusions([experiment(excluded=[{"benchmark": "b*", "reason": "mine"}])])
        assert [each.reason for each in found if each.fits(figure())] == ["mine"]

    def test_a_common_exclusion_without_a_reason_is_refused(self, tmp_path):
        (tmp_path / "excluded.yaml").write_text("table: [{benchmark: x}]")
        with pytest.raises(UsageError, match=r"table\[0\]: needs a 'reason'"):
            claims.common(tmp_path / "excluded.yaml")

    def test_names_choose_experiments(self):
        every = [experiment()]
        assert chosen(every, ["tes"]) == every
        with pytest.raises(UsageError, match="no experiment is called 'x'"):
            chosen(every, ["x"])


def claim(form="", value="2", less=True, native=False, to_native=False, unit="s"):
    other = None if not form else 1
    return claims.Claim(
        figure(value=value, unit=unit),
        "test",
        "Xen",
        0,
        "app",
        "value",
        1.0,
        other,
        form,
        native,
        less,
        "",
        0.0,
        to_native,
    )


class TestRows:
    @pytest.mark.parametrize(
        ("form", "value", "predicted", "error"),
        [
            ("", "2", 3.0, 50.0), ("", "1-3", 2.0, 0.0), ("", "1-3", 6.0, 100.0), ("", "2-3", 1.0, -50.0),
            ("ratio", "0.5", 0.25, -50.0), ("percent_loss", "50", 75.0, -50.0), ("percent_change", "100", 300.0, 100.0),
            ("percent_change", "-50", 0.0, 100.0), ("percent_loss", "10-20", 15.0, 0.0),
            ("percent_of", "50", 100.0, 100.0), ("", "0", 0.0, 0.0),
        ],
    )  # fmt: skip
    def test_error(self, form, value, predicted, error):
        assert rows.error_percent(claim(form, value), predicted) == pytest.approx(error)

    def test_a_word_has_no_error_nor_has_something_where_there_was_nothing(self):
        assert isnan(rows.error_percent(claim("", "DNR"), 1.0))
        assert isnan(rows.error_percent(claim("", "0"), 1.0))

    @pytest.mark.parametrize(
        ("form", "expected"), [("ratio", 0.5), ("percent_of", 50), ("percent_change", -50), ("percent_loss", 50)]
    )
    def test_relative_readings(self, form, expected):
        assert rows.related(form, 1.0, 2.0) == pytest.approx(expected)
        assert rows.related("difference", 1.0, 2.0) == -1.0
        with pytest.raises(RunError):
            rows.related(form, 1.0, 0.0)

    def test_cost_is_above_one_where_it_is_dearer(self):
        slower = rows.predicted_row(claim(value="4"), rows.Predicted(3.0), "", native=2.0)
        assert (slower.cost, slower.predicted_cost) == (2.0, pytest.approx(1.5))
        rate = rows.predicted_row(claim(value="1", less=False), rows.Predicted(0.5), "", native=2.0)
        assert (rate.cost, rate.predicted_cost) == (2.0, pytest.approx(4.0))
        relative = rows.predicted_row(
            claim("percent_change", "50", to_native=True), rows.Predicted(20.0), "", native=nan
        )
        assert (relative.cost, relative.predicted_cost) == (pytest.approx(1.5), pytest.approx(1.2))

    @pytest.mark.parametrize(
        ("error", "word"), [(9.9, "close"), (-9.0, "close"), (-30.0, "wrong"), (39, "fair"), (41, "wrong")]
    )
    def test_verdict_is_the_same_for_twice_and_for_half(self, error, word):
        assert rows.verdict(error) == word

    def test_native_of_the_same_condition_first(self):
        natives = rows.Natives([claim(value="1", native=True)])
        assert natives.of(claim(value="5")) == 1.0
        assert isnan(rows.Natives([]).of(claim()))


def row(predicted, value, cost=nan, platform="xen", use="judges", kind="type1", benchmark="build"):
    blank = rows.unpredicted_row(figure(benchmark, platform, value, use=use), [])
    error = 100.0 * (predicted / float(value) - 1.0)
    return blank._replace(predicted=predicted, error_percent=error, cost=cost, model_class=kind, verdict="close")


class TestScores:
    def test_skill_is_one_less_the_mean_squares(self):
        found = [row(2.2, "2", cost=2.0), row(4.0, "4", cost=4.0)]
        own = log(1.1) ** 2
        native = log(2.0) ** 2 + log(4.0) ** 2
        of_class = 2.0 * (log(2.0) / 2.0) ** 2
        overall = score.scores(found)["overall"][0]
        assert overall.skill_native == pytest.approx(1.0 - own / native)
        assert overall.skill_class == pytest.approx(1.0 - own / of_class)
        assert (overall.judged, overall.notable) == (2, 2)

    def test_the_null_model_has_no_skill(self):
        found = [row(exp(0.5), str(exp(0.5) * 1.5), cost=1.5), row(1.0, "3", cost=3.0)]
        assert score.scores(found)["overall"][0].skill_native == pytest.approx(0.0)

    def test_small_overheads_and_inputs_do_not_count(self):
        found = [row(2.0, "2", cost=1.05), row(9.0, "2", cost=2.0, use="baseline")]
        overall = score.scores(found)["overall"][0]
        assert (overall.judged, overall.notable, overall.worst) == (1, 0, 0.0)
        assert isnan(overall.skill_native)

    def test_pairs_that_differ_must_come_in_order(self):
        found = [
            row(1.0, "1", platform="a"), row(2.0, "1.5", platform="b"), row(1.5, "1.51", platform="c"),
            row(5.0, "0.5", platform="d", use="baseline"),
        ]  # fmt: skip
        pairs = score.orderings(found)
        names = {(one.platform, other.platform): right for one, other, right in pairs}
        assert names == {
            ("a", "b"): True, ("a", "c"): True, ("a", "d"): False, ("b", "d"): False, ("c", "d"): False,
        }  # fmt: skip

    def test_what_the_source_could_not_tell_apart_is_in_no_order(self):
        found = [row(2.0, "1", platform="a"), row(1.0, "1.2", platform="b")]
        assert len(score.orderings(found)) == 1
        assert not score.orderings([each._replace(spread=0.25) for each in found])

    def test_inside_the_range(self):
        assert score.is_inside(row(1.0, "2")._replace(range_low=1.0, range_high=2.5))
        assert not score.is_inside(row(1.0, "2")._replace(range_low=1.0, range_high=1.5))

    def test_groups(self):
        found = score.scores([row(1.0, "1", kind="type2"), row(1.0, "2")])
        assert [each.group for each in found["class"]] == ["type2", "type1"]
        assert [each.group for each in found["source"]] == ["paper"]


class TestReadings:
    def test_all_are_known_with_unit_and_meaning(self):
        assert readings.known()["cores"] == ("cores", "processors busy on average, whoever they worked for")
        assert all(meaning for _, meaning in readings.known().values())

    @pytest.mark.parametrize(("part", "expected"), [(0.5, 2.0), (0.9, 4.0), (0.25, 1.0), (1.0, 4.0)])
    def test_quantile_is_the_nearest_rank(self, part, expected):
        assert quantile([1.0, 2.0, 3.0, 4.0], part) == expected


class TestStore:
    READING = {"tenants": {"app": {"value": 1.5}}, "mechanisms": {"copy": 0.5}, "outcomes": {}, "error": ""}

    def test_what_was_kept_is_there_again(self, tmp_path):
        path = tmp_path / "deep" / "readings.jsonl"
        Store(path).add("a", self.READING)
        assert Store(path)["a"].tenants == {"app": {"value": 1.5}}

    def test_a_torn_line_costs_only_itself(self, tmp_path):
        path = tmp_path / "readings.jsonl"
        store = Store(path)
        store.add("a", self.READING)
        store.add("b", self.READING)
        path.write_bytes(path.read_bytes()[:-20])
        again = Store(path)
        assert "a" in again
        assert "b" not in again
        again.add("c", self.READING)
        assert "c" in Store(path)

    def test_failures_are_not_kept(self, tmp_path):
        path = tmp_path / "readings.jsonl"
        Store(path).add("a", {**self.READING, "error": "broken"})
        assert not path.exists()

    def test_what_only_names_a_point_decides_nothing(self):
        point = experiment().points[0]
        same = {**point, "point": 7, "stack": "other", "axes": {}}
        other = {**point, "without": ["tick"]}
        keys = [[run.key for run in runs(each, 2, "code")] for each in (point, same, other)]
        assert keys[0] == keys[1]
        assert len({*keys[0], *keys[2]}) == 4


class TestValidator:
    def test_a_table_that_is_not_there_is_named(self):
        with pytest.raises(UsageError, match=r"published\.table: there is no table 'table'"):
            Validator([experiment()], tables={})

    def test_figures_that_nobody_claims_are_open_and_excluded_ones_are_not(self):
        tables = {"table": [figure("x"), figure("y", use="calibrates"), figure("z")]}
        validator = Validator([experiment(excluded=[{"benchmark": "z", "reason": "no"}])], tables=tables)
        assert [(each.benchmark, each.verdict) for each in validator.rows()] == [("x", "open"), ("z", "excluded")]


def test_a_platform_may_be_a_pattern_and_its_own_name_goes_first():
    row = {"benchmark": "build", "at": {"workload": "kernel-build"}}
    found = experiment(platforms={"x*": "native", "xen": "Xen"}, rows=[row])
    by_platform = {
        name: [claim.stack for claim in claims.claims(found, [figure(platform=name)])]
        for name in ("xen", "xen 4", "bare")
    }
    assert by_platform == {"xen": ["Xen"], "xen 4": ["native"], "bare": []}


def test_copies_that_never_got_up_do_not_count_as_quick_ones():
    """Two of three are up, one of them before anything is counted."""
    columns = records.names("tenants")
    empty = dict.fromkeys(columns, 0.0)
    times = [(2.0, 0.5, nan), (4.0, 1.5, 4.0), (nan, nan, nan)]
    made = [
        {
            **empty,
            "run": "0",
            "tenant": f"app-{n}",
            "copy_of": "app",
            "boot_s": up,
            "create_s": create,
            "start_latency_s": late,
        }
        for n, (up, create, late) in enumerate(times)
    ]
    device = {**dict.fromkeys(records.names("devices"), 1.0), "device": "cpu"}
    tables = {
        "tenants": [[row[name] for name in columns] for row in made],
        "devices": [list(device.values())],
        "requests": [],
        "settings": [],
        "charges": [],
    }
    found = readings.read(tables)["app"]
    assert (found["boot_s"], found["create_s"], found["guest_start_s"]) == (3.0, 1.0, 2.0)
    assert (found["start_latency_s"], found["boot_max_s"]) == (4.0, 4.0)
