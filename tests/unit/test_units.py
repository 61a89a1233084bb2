"""Quantities at the border: what is read, what is refused with which sentence, what a reader sees."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import UnitError
from simulator.units import (
    DIMENSIONS,
    UNITS,
    Dimension,
    format_quantity,
    parse_quantity,
    unit_of_name,
    written_quantity,
)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("30 ms", "time", 0.03),
        ("8.75 us", "time", 8.75e-6),
        ("8.75 µs", "time", 8.75e-6),
        ("2 min", "time", 120.0),
        ("1.5h", "time", 5400.0),
        ("2.4 GHz", "frequency", 2.4e9),
        ("512 MiB", "size", 2.0**29),
        ("73 GB", "size", 73e9),
        ("64 kB", "size", 64_000.0),
        ("100 MB/s", "rate", 1e8),
        ("1 Gbit/s", "rate", 1.25e8),
        ("1 Gb/s", "rate", 1.25e8),
        ("1 MiB/s", "rate", 2.0**20),
        ("5 %", "ratio", 0.05),
        ("5%", "ratio", 0.05),
        ("1200 cycles", "cycles", 1200.0),
        ("1.2 k cycles", "cycles", 1200.0),
        ("4", "count", 4.0),
        (4, "count", 4.0),
        ("10 k", "count", 10_000.0),
        (0, "size", 0.0),
        ("0", "time", 0.0),
        (" 1e3 s ", "time", 1000.0),
        (".5 s", "time", 0.5),
    ],
)
def test_reads(text: str | float, dimension: Dimension, value: float) -> None:
    assert parse_quantity(text, dimension) == value  # exactly: the float nearest to what is written


@pytest.mark.parametrize(
    ("text", "dimension", "sentence"),
    [
        ("2.4 GHz", "size", "'GHz' is a unit of frequency; here a size is wanted, e.g. '4 GiB'"),
        ("5 MB", "rate", "'MB' is a unit of size; here a rate is wanted, e.g. '100 MB/s' or '1 Gbit/s'"),
        ("12", "time", "'12' has no unit; here a time is wanted, e.g. '30 ms'"),
        (12, "size", "12 has no unit; here a size is wanted, e.g. '4 GiB'"),
        (0.05, "ratio", "0.05 has no unit; here a ratio is wanted, e.g. '5 %'"),
        ("fast", "time", "'fast' is not a quantity; here a time is wanted, e.g. '30 ms'"),
        ("", "time", "'' is not a quantity"),
        ("12:30", "time", "'12:30' is not a quantity"),
        (True, "count", "True is not a quantity"),
        (math.nan, "count", "nan is not a quantity"),
        ("-3 s", "time", "'-3 s' is negative"),
        ("1e999 s", "time", "'1e999 s' is too large"),
        ("4 kb", "size", "did you mean 'kB'?"),
        ("4 gib", "size", "did you mean 'GiB'?"),
        ("2 ghz", "frequency", "did you mean 'GHz'?"),
        ("3 Mbps", "rate", "did you mean 'MB/s' or 'Mb/s'?"),
        ("30 fortnights", "time", "(units: ns, us, ms, s, min, h, d)"),
        ("4 threads", "count", "(a count has no unit)"),
    ],
)
def test_refuses_and_says_what_to_write(text: str | float, dimension: Dimension, sentence: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_quantity(text, dimension)
    assert sentence in str(caught.value)


def test_a_symbol_of_the_wrong_case_is_another_unit_or_none() -> None:
    assert parse_quantity("8 Mb/s", "rate") == parse_quantity("1 MB/s", "rate")
    with pytest.raises(UnitError, match="did you mean 'ms'"):
        parse_quantity("1 Ms", "time")


def test_an_unknown_dimension_is_a_defect_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no dimension 'weight'"):
        parse_quantity("1 kg", "weight")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (8.75e-6, "s", "8.75 us"),
        (0.99996e-3, "s", "1 ms"),
        (334.0, "s", "334 s"),
        (2**29, "bytes", "512 MiB"),
        (73e9, "bytes", "73 GB"),
        (1500, "bytes", "1500 B"),
        (4096, "bytes", "4 KiB"),
        (2.4e9, "hz", "2.4 GHz"),
        (1.25e8, "bytes_per_s", "125 MB/s"),
        (1200, "cycles", "1.2 k cycles"),
        (1638, "cycles", "1.638 k cycles"),
        (0.34, "cycles", "0.34 cycles"),
        (0.05, "ratio", "5 %"),
        (65_536, "count", "65536"),
        (123_456_789, "count", "123.5 M"),
        (2.5, "count", "2.5"),
        (0, "s", "0 s"),
        (-0.003, "s", "-3 ms"),
        (12.5, "cycles/byte", "12.5 cycles/byte"),
        (math.inf, "s", "inf s"),
    ],
)
def test_writes(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


@given(value=st.floats(min_value=1e-12, max_value=1e15), unit=st.sampled_from(sorted(DIMENSIONS)))
def test_what_is_written_is_read_back(value: float, unit: str) -> None:
    # Four significant digits are at most half a unit of the fourth digit away: 0.0005 relative.
    assert parse_quantity(format_quantity(value, unit), DIMENSIONS[unit]) == pytest.approx(value, rel=5.001e-4)


@given(
    number=st.decimals(min_value=0, max_value=10**9, places=3),
    unit=st.sampled_from([(dimension, symbol) for dimension, symbols in UNITS.items() for symbol in symbols]),
)
def test_a_quantity_is_its_number_times_its_unit(number: float, unit: tuple[Dimension, str]) -> None:
    dimension, symbol = unit
    expected = float(number) * float(UNITS[dimension][symbol])
    assert parse_quantity(f"{number} {symbol}", dimension) == pytest.approx(expected, rel=1e-15)


@given(value=st.floats(allow_nan=False), unit=st.sampled_from(sorted(DIMENSIONS)))
def test_any_number_can_be_written(value: float, unit: str) -> None:
    assert format_quantity(value, unit)


@given(text=st.text(alphabet="0123.eE+-_% \nmsGHziBµ/٣\x00", max_size=12), dimension=st.sampled_from(sorted(UNITS)))
def test_any_text_is_read_or_refused(text: str, dimension: Dimension) -> None:
    try:
        assert parse_quantity(text, dimension) >= 0.0
    except UnitError as error:
        assert "wanted" in str(error)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("exit_cycles", "cycles"),
        ("seek_s", "s"),
        ("media_bytes_per_s", "bytes_per_s"),
        ("capacity_bytes", "bytes"),
        ("frequency_hz", "hz"),
        ("hit_ratio", "ratio"),
        ("cores_count", "count"),
        ("requests_per_s", None),
        ("copy_cycles_per_byte", None),
        ("weights", None),
    ],
)
def test_a_name_promises_its_unit(name: str, unit: str | None) -> None:
    assert unit_of_name(name) == unit


@pytest.mark.parametrize("text", ["9" * 101, "1 " + "x" * 100_000])
def test_what_is_longer_than_any_quantity_is_none_whatever_is_wanted(text: str) -> None:
    for read in (written_quantity, lambda text: parse_quantity(text, "count")):
        with pytest.raises(UnitError, match="is not a quantity") as caught:
            read(text)
        assert len(str(caught.value)) < 200
