"""Every figure can be read: from the last row, in grey and by the colour-blind; a model looks the same in all of them.

Figures are found as ``virtlab plot`` finds them, and drawn of small batches; what other commands have answered lies
recorded in ``tests/data/answers``. A figure that is added is checked here by the fact of existing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from shutil import copy
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from simulator import batch, discovery, plots
from simulator.plots import _looks, _models, _style
from simulator.results import Results
from simulator.scenario import load

ANSWERS = Path(__file__).parents[1] / "data" / "answers"
SLIDE = (10.0, 6.0)
LEAST_POINTS = 12.0
LEAST_CONTRAST = 4.5
"""Of letters to what is behind them, as the Web Content Accessibility Guidelines want it."""
LEAST_LIGHTNESS = 8.0
"""Difference of two colours in L* that is seen without a second look, of areas that touch."""
LEAST_COLOUR = 10.0
"""Difference in L*a*b* that nobody overlooks."""

STACKS = {
    "processes": "linux-6 |", "Docker": "linux-6 | docker-27", "LXC": "linux-6 | lxc-5",
    "KVM": "linux-6 | kvm-6 / linux-6", "Workstation": "linux-6 | vmware-workstation-17 / linux-6",
}  # fmt: skip
BESIDE: dict[str, Any] = {
    "title": "Two servers side by side",
    "machine": "server-2025",
    "stacks": STACKS,
    "tenants": {
        "shop": {"workload": {"name": "native-server"}, "memory": "512 MiB", "vcpus": 1},
        "other": {"workload": "cpu-hog", "memory": "512 MiB", "vcpus": 1},
    },
    "duration": "200 ms",
    "replications": 2,
}
WRITER = {"name": "page-dirtier", "parameters": {"held_bytes": "64 MiB", "set_bytes": "32 MiB", "step_s": "50 ms"}}
MOVED: dict[str, Any] = {
    "title": "Moved and stopped",
    "machine": "server-2025",
    "stacks": {name: STACKS[name] for name in ("KVM", "Docker")} | {"Xen": "xen-4 | linux-6"},
    "tenants": {name: {"workload": WRITER, "memory": "512 MiB", "vcpus": 1} for name in ("calm", "busy")},
    "operations": [{"at": "1 s", "migrate": "calm"}, {"at": "4 s", "pause": "busy", "for": "1 s"}],
    "duration": "6 s",
    "replications": 1,
}
JAVA: dict[str, Any] = {
    "title": "Java in small and large heaps",
    "machine": "server-2025",
    "stacks": {"serial": "linux-6 | hotspot-21(collector=serial)", "in Docker": "linux-6 | docker-27 / hotspot-21"},
    "tenants": {
        "app": {
            "workload": {"name": "allocation-heavy", "parameters": {"iterations_count": 4}},
            "memory": "1 GiB",
            "vcpus": 2,
            "limits": {"hotspot-21": {"heap": ["64 MiB", "256 MiB"]}},
        }
    },
    "replications": 1,
}
STARTED: dict[str, Any] = {
    "machine": "server-2025",
    "stacks": {"process": "linux-6 |", "box": "linux-6 | bare-container-1", "Docker": "linux-6 | docker-27"},
    "tenants": {"app": {"workload": "idle", "memory": "64 MiB", "boot": True, "count": [1, 4]}},
    "duration": "2 s",
    "replications": 1,
}


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> list[Results]:
    out = tmp_path_factory.mktemp("results")
    found = [batch.run(load(each), out=out, jobs=1) for each in (BESIDE, MOVED, JAVA, STARTED)]
    assert [each.manifest["failures"] for each in found] == [[], [], [], []]
    for answer in ANSWERS.glob("*.json"):
        copy(answer, found[0].folder)
    return found


@pytest.fixture(scope="module")
def drawn(batches: list[Results]) -> dict[str, list[Figure]]:
    """Each figure that there is, drawn of all batches that have something to show in it."""
    found: dict[str, list[Figure]] = {}
    for name in plots.figures():
        module: Any = discovery.member("plots", name)
        tables = [table for results in batches if not (table := module.frame(results)).empty]
        with _style.settings():
            found[name] = [laid_out(module.draw(table)) for table in tables]
    return found


def laid_out(figure: Figure) -> Figure:
    """The figure as it is written; it is laid out once."""
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


NAMES = list(plots.figures())
pytestmark = pytest.mark.timeout(300)


def texts(figure: Figure) -> Iterator[Text]:
    """All letters that can be seen; an axis has labels of ticks outside its ends, too."""
    hidden: set[int] = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            off = not axes.axison or not axis.get_visible()
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                outside = not low - 1e-9 * abs(low) <= tick.get_loc() <= high + 1e-9 * abs(high)
                hidden |= {id(each) for each in (tick.label1, tick.label2) if off or outside}
            if off:
                hidden |= {id(axis.label), id(axis.offsetText)}
    for each in figure.findobj(Text):
        assert isinstance(each, Text)
        if each.get_text().strip() and each.get_visible() and id(each) not in hidden:
            yield each


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_batch_that_shows_each_figure(name: str, drawn: dict[str, list[Figure]]) -> None:
    assert drawn[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_smallest_letters_are_read_from_the_last_row(name: str, drawn: dict[str, list[Figure]]) -> None:
    for figure in drawn[name]:
        scale = min(1.0, SLIDE[0] / figure.get_figwidth())
        smallest = min(texts(figure), key=Text.get_fontsize)
        assert smallest.get_fontsize() * scale >= LEAST_POINTS, smallest.get_text()
        assert not [each.get_text() for each in texts(figure) if "$" in each.get_text()], "exponents are smaller"


@pytest.mark.parametrize("name", NAMES)
def test_no_letters_cover_others_or_leave_the_figure(name: str, drawn: dict[str, list[Figure]]) -> None:
    for figure in drawn[name]:
        page = figure.bbox
        boxes = [(each.get_text(), each.get_window_extent()) for each in texts(figure)]
        outside = [
            text for text, box in boxes if box.x0 < -2 or box.y0 < -2 or box.x1 > page.x1 + 2 or box.y1 > page.y1 + 2
        ]
        assert not outside
        covered = [(one, other) for (one, a), (other, b) in combinations(boxes, 2) if overlap(a, b)]
        assert not covered


def overlap(one: Any, other: Any) -> bool:
    """Whether two boxes of letters share more than the air around them."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(width > 2.0 and height > 0.25 * min(one.height, other.height))


@pytest.mark.parametrize("name", NAMES)
def test_letters_stand_out_from_what_is_behind_them(name: str, drawn: dict[str, list[Figure]]) -> None:
    for figure in drawn[name]:
        shown = list(texts(figure))
        colours = [each.get_color() for each in shown]
        boxes = [each.get_window_extent() for each in shown]
        for each in shown:
            each.set_color((0.0, 0.0, 0.0, 0.0))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        picture = np.asarray(canvas.buffer_rgba())[:, :, :3] / 255.0
        for each, colour, box in zip(shown, colours, boxes, strict=True):
            each.set_color(colour)
            rows = slice(max(0, int(picture.shape[0] - box.y1)), max(1, int(picture.shape[0] - box.y0)))
            behind = picture[rows, max(0, int(box.x0)) : int(box.x1) + 1].reshape(-1, 3).mean(axis=0)
            assert contrast(to_rgb(colour), behind) >= LEAST_CONTRAST, each.get_text()


def linear(colour: Any) -> np.ndarray[Any, Any]:
    """Light of the three primaries of a colour."""
    parts = np.asarray(colour, dtype=float)
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def luminance(colour: Any) -> float:
    return float(linear(colour) @ (0.2126, 0.7152, 0.0722))


def contrast(one: Any, other: Any) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


VISIONS: dict[str, Any] = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""What is left of red, green and blue light: Machado, Oliveira and Fernandes 2009, table 1, severity 1."""
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour: Any, vision: str = "normal") -> np.ndarray[Any, Any]:
    """A colour in CIE L*a*b*, as somebody sees it."""
    seen = np.clip(np.asarray(VISIONS[vision]) @ linear(to_rgb(colour)), 0.0, 1.0)
    ratios = (XYZ @ seen) / (XYZ @ np.ones(3))
    f = np.where(ratios > 0.008856, np.cbrt(ratios), 7.787 * ratios + 16.0 / 116.0)
    return np.array([116.0 * f[1] - 16.0, 500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2])])


FAMILIES = list(_looks.FAMILIES)


@pytest.mark.parametrize(("one", "other"), [*combinations(FAMILIES, 2)])
def test_two_models_differ_in_grey(one: str, other: str) -> None:
    """By lightness or pattern as bars, by lightness or shape as points."""
    a, b = _looks.model(one), _looks.model(other)
    lighter = abs(lab(a.colour)[0] - lab(b.colour)[0]) >= LEAST_LIGHTNESS
    assert lighter or a.hatch != b.hatch
    assert a.marker != b.marker


@pytest.mark.parametrize("vision", VISIONS)
def test_two_models_differ_for_the_colour_blind(vision: str) -> None:
    for one, other in combinations(FAMILIES, 2):
        a, b = _looks.model(one), _looks.model(other)
        seen = np.linalg.norm(lab(a.colour, vision) - lab(b.colour, vision))
        assert seen >= LEAST_COLOUR or a.hatch != b.hatch, (one, other, seen)


def test_members_of_a_family_have_its_colour_and_differ_otherwise() -> None:
    looks = [_looks.model("container", number) for number in range(6)]
    assert len({each.colour for each in looks}) == 1
    for one, other in combinations(looks, 2):
        assert one.hatch != other.hatch and one.dash != other.dash and one.marker != other.marker


def test_a_model_has_the_same_colour_in_each_figure(batches: list[Results], drawn: dict[str, list[Figure]]) -> None:
    """What legends say: a handle with the label of a stack has the colour that its families have."""
    known = {
        stack: _looks.model(_models.classes(expression)).colour
        for results in batches
        for stack, expression in _models.expressions(results).items()
    }
    shown: dict[str, set[str]] = {}
    for figures in drawn.values():
        for figure in figures:
            for legend in (*figure.legends, *filter(None, (axes.get_legend() for axes in figure.axes))):
                for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
                    if text.get_text() in known and handle is not None:
                        shown.setdefault(text.get_text(), set()).add(colour_of(handle))
    assert len(shown) >= 5
    assert shown == {stack: {known[stack]} for stack in shown}


def colour_of(handle: Any) -> str:
    return to_hex(handle.get_facecolor() if hasattr(handle, "get_facecolor") else handle.get_color())


def test_a_layer_has_the_colour_of_its_model(batches: list[Results]) -> None:
    """In the parts of a stack, and in its tree: docker-27 is drawn as the stack that is Docker."""
    looks = _models.layer_looks(["program", "linux-6", "docker-27", "kvm-6", "lxc-5"])
    for layer, stack in (("docker-27", "Docker"), ("kvm-6", "KVM"), ("lxc-5", "LXC")):
        assert looks[layer].colour == _looks.model(_models.classes(STACKS[stack])).colour


def test_what_the_user_has_set_changes_nothing(batches: list[Results]) -> None:
    from simulator.plots import cost

    with matplotlib.rc_context({"font.size": 5, "axes.titlesize": 4}), _style.settings():
        figure = laid_out(cost.draw(cost.frame(batches[0])))
    assert min(each.get_fontsize() for each in texts(figure)) >= LEAST_POINTS
