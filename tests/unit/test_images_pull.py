"""Pulls in simulated time against what can be worked out by hand: slow link, slow processor, what is held or shared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from simulator.cli.list import command as list_command
from simulator.cli.pull import command as pull_command
from simulator.cli.show import command as show_command
from simulator.delivery import Delivery, deliver
from simulator.errors import ScenarioError, UsageError
from simulator.experiment import run_point
from simulator.images.report import Report
from simulator.laws import flow_shop_s
from simulator.records import names
from simulator.scenario import load

Put = Callable[..., None]
SIZES = (4e6, 8e6, 2e6)
"""Compressed layers of the image that is pulled here; each unpacks to ten times as much."""
HERTZ = 2.6e9
"""Of the machine."""
MACHINE, LINK = "gcp-n1-standard-16", 1e6
WIRE = (1448.0 + 52.0 + 38.0) / 1448.0
"""Bytes on the wire for one of data: headers of TCP and IP, and the frame's own."""


def assumed(value: object) -> str:
    return f'[{{value: {value}, range: [{value}, {value}], kind: assumed, where: "a test", measured_on: any}}]'


def lines(indent: str, **numbers: float) -> str:
    return "".join(f"{indent}{key}: {assumed(value)}\n" for key, value in numbers.items())


def layers(*rows: tuple[str, float, float], read: float = 0.0) -> str:
    return "layers:\n" + "".join(
        f"  {name}:\n"
        + lines(
            "    ",
            files_count=0,
            unpacked_bytes=unpacked,
            compressed_bytes=compressed,
            start_read_bytes=unpacked * read,
        )
        for name, compressed, unpacked in rows
    )


NOTHING: dict[str, float] = {
    "requests_count": 0, "layer_requests_count": 0, "downloads_count": 1, "image_cycles": 0, "layer_cycles": 0,
    "file_cycles": 0, "digest_cycles_per_byte": 0, "inflate_cycles_per_byte": 0, "unpacked_cycles_per_byte": 0,
    "flushes_count": 0, "blobs_kept_ratio": 0, "index_bytes": 0, "fetch_bytes": 1e6, "fetch_cycles": 0,
}  # fmt: skip


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """A catalog with an engine of which only what is said takes time, a registry, and an image of three layers."""
    monkeypatch.setenv("VIRTLAB_CATALOG", str(tmp_path))

    def write(kind: str, name: str, text: str) -> None:
        (tmp_path / kind).mkdir(exist_ok=True)
        (tmp_path / kind / f"{name}.yaml").write_text(f"name: {name}\ntitle: {name}\n{text}")

    def engine(**numbers: float) -> None:
        pull = "pull:\n" + lines("  ", **{**NOTHING, **numbers})
        write(
            "layers",
            "my-engine-1",
            f"family: container\nextends: docker-27\nadds: [lazy-pull]\nparameters: {{}}\n{pull}",
        )

    write("registries", "my-registry", "parameters:\n" + lines("  ", round_trip_s=0.1, link_bytes_per_s=LINK))
    rows = [(f"part {number}", size, 10.0 * size) for number, size in enumerate(SIZES)]
    write("images", "my-image-1", layers(*rows, read=0.1))
    write("images", "my-other-1", "base: my-image-1\n" + layers(("own", 1e6, 1e7)))
    engine.write = write  # type: ignore[attr-defined]
    return engine


def pulled(*images: str, **more: Any) -> Delivery:
    return deliver(images, stack="linux-6 | my-engine-1", machine=MACHINE, registry="my-registry", **more)


def took_s(report: Report) -> float:
    return report.end_s - report.begin_s


# ---------------------------------------------------------------- by hand


def test_over_a_slow_link_it_is_the_bytes_on_the_wire(put: Put) -> None:
    """14 MB at 1 MB/s, each 1448 of them with 90 of headers: 14.87 s; unpacking takes a few hundredths of that."""
    put()
    (report,) = pulled("my-image-1").reports
    assert took_s(report) == pytest.approx(sum(SIZES) * WIRE / LINK, rel=0.03)
    assert report.moved_bytes == sum(SIZES)
    assert report.written_bytes == 10.0 * sum(SIZES)


@pytest.mark.parametrize("cycles", [50.0, 240.0, 2400.0])
def test_downloads_and_unpacking_are_a_pipeline(put: Put, cycles: float) -> None:
    """One download at a time: the closed form of a flow shop, whichever half is slower."""
    put(unpacked_cycles_per_byte=cycles)
    (report,) = pulled("my-image-1").reports
    first_s = [size * WIRE / LINK for size in SIZES]
    second_s = [10.0 * size * cycles / HERTZ for size in SIZES]
    assert took_s(report) == pytest.approx(flow_shop_s(first_s, second_s), rel=0.04)


def test_parallel_downloads_share_the_link_and_end_no_earlier(put: Put) -> None:
    put(downloads_count=3)
    (report,) = pulled("my-image-1").reports
    ends_s = {stage.layer: stage.end_s for stage in report.stages if stage.step == "download"}
    assert max(ends_s.values()) == pytest.approx(sum(SIZES) * WIRE / LINK, rel=0.02)
    assert ends_s["my-image-1: part 2"] == pytest.approx(3 * SIZES[2] * WIRE / LINK, rel=0.1), "a third of the link"


def test_requests_wait_for_their_answers_one_after_the_other(put: Put) -> None:
    put(requests_count=4, layer_requests_count=2)
    (plain,) = pulled("my-image-1", round_trip="1 ms").reports
    (slow,) = pulled("my-image-1", round_trip="1 s").reports
    assert took_s(slow) - took_s(plain) == pytest.approx((4 + 3 * 2) * (1.0 - 0.001), rel=2e-2)


def test_with_downloads_of_all_layers_only_the_first_requests_are_waited_for(put: Put) -> None:
    put(requests_count=4, layer_requests_count=2, downloads_count=3)
    (plain,) = pulled("my-image-1", round_trip="1 ms").reports
    (slow,) = pulled("my-image-1", round_trip="1 s").reports
    assert took_s(slow) - took_s(plain) == pytest.approx((4 + 2) * (1.0 - 0.001), rel=1e-2)


def test_a_flush_waits_for_the_disk(put: Put) -> None:
    """140 MB at the disk's 176 MB/s, which the page cache had taken in."""
    put()
    (left,) = pulled("my-image-1", link="1 Gbit/s").reports
    put(flushes_count=1)
    (flushed,) = pulled("my-image-1", link="1 Gbit/s").reports
    assert took_s(flushed) - took_s(left) == pytest.approx(1.4e8 / 176e6, rel=0.2)


# ---------------------------------------------------------------- what is there already


def test_held_layers_are_never_fetched(put: Put) -> None:
    put()
    delivery = pulled("my-other-1", held=["my-image-1"])
    (report,) = delivery.reports
    assert report.fetched == ("my-other-1: own",)
    assert report.moved_bytes == 1e6
    assert delivery.disk_bytes == 10.0 * sum(SIZES) + 1e7
    assert delivery.disk_bytes < delivery.alone_bytes
    (again,) = pulled("my-other-1", held=["my-other-1"]).reports
    assert again.moved_bytes == again.written_bytes == 0.0


def test_of_two_pulls_at_once_the_second_waits_for_the_layers_of_the_first(put: Put) -> None:
    put(downloads_count=3)
    delivery = pulled("my-image-1", "my-other-1", at_once=True)
    assert sum(report.moved_bytes for report in delivery.reports) == sum(SIZES) + 1e6
    first, second = delivery.reports
    assert second.end_s >= first.end_s - 1e-9


def test_what_of_an_image_was_read_lazily_stays(put: Put) -> None:
    """A tenth of it is read: 1.4 MB come, in fourteen fetches of a megabyte; a second start finds it there."""
    put(layer_requests_count=1)
    (lazy,) = pulled("my-image-1", lazy=True, start=True).reports
    (whole,) = pulled("my-image-1").reports
    assert lazy.moved_bytes == pytest.approx(0.1 * whole.moved_bytes)
    fetches = 4 + 8 + 2
    assert took_s(lazy) == pytest.approx((3 + fetches) * 0.1 + 1.4e6 * WIRE / LINK, rel=0.05)
    assert took_s(lazy) < took_s(whole)
    assert lazy.disk_bytes == pytest.approx(0.1 * whole.disk_bytes)


def test_an_image_that_does_not_fit_the_disk_is_not_begun(put: Put) -> None:
    put()
    put.write("images", "my-huge-1", layers(("all", 1e6, 1e15)))  # type: ignore[attr-defined]
    (report,) = pulled("my-huge-1").reports
    assert report.outcome == "failed: there is no room for it on the disk"
    assert report.moved_bytes == 0.0


# ---------------------------------------------------------------- in scenarios


def rows(data: dict[str, Any], table: str) -> list[dict[str, Any]]:
    (point,) = load(
        {"machine": MACHINE, "stacks": {"it": "linux-6 | my-engine-1"}, "duration": "60 s", **data}
    ).points()
    found = run_point(point, 0)["tables"][table]
    return [dict(zip(names(table), row, strict=True)) for row in found]


def idle(**more: Any) -> dict[str, Any]:
    return {"workload": "idle", "memory": "64 MiB", **more}


def test_a_tenant_starts_when_its_image_is_there(put: Put) -> None:
    put()
    image = {"name": "my-image-1", "registry": "my-registry"}
    tenants = {"cold": idle(boot=True, image=image), "bare": idle(boot=True)}
    cold, bare = rows({"tenants": tenants}, "tenants")
    (pull,) = rows({"tenants": tenants}, "operations")
    assert pull["tenant"] == "cold"
    assert pull["outcome"] == "done"
    assert cold["boot_s"] - bare["boot_s"] == pytest.approx(pull["duration_s"], rel=0.02)


def test_copies_on_one_host_fetch_their_image_once(put: Put) -> None:
    put()
    image = {"name": "my-image-1", "registry": "my-registry"}
    pulls = rows({"tenants": {"web": idle(boot=True, count=3, image=image)}}, "operations")
    assert sum(each["moved_bytes"] for each in pulls) == sum(SIZES)
    assert len({each["end_s"] for each in pulls}) == 1


def test_images_are_pulled_and_dropped_by_operations(put: Put) -> None:
    """Of two images that share a base only what is the one's own goes with it."""
    put()
    way = {"registry": "my-registry"}
    operations = [
        {"at": "1 s", "pull": "my-image-1", **way, "downloads": 3},
        {"at": "20 s", "pull": "my-other-1", **way},
        {"at": "30 s", "drop": "my-other-1"},
        {"at": "40 s", "drop": "my-other-1"},
        {"at": "41 s", "drop": "my-image-1"},
    ]
    base, other, drop, again, last = rows({"tenants": {"it": idle()}, "operations": operations}, "operations")
    assert [each["outcome"] for each in (base, other, drop, last)] == ["done"] * 4
    assert base["moved_bytes"] == sum(SIZES)
    assert other["moved_bytes"] == 1e6
    assert drop["disk_bytes"] == 1e7
    assert again["outcome"] == "failed: my-other-1 is not held"
    assert last["disk_bytes"] == 10.0 * sum(SIZES)


def test_an_image_that_somebody_stands_on_is_not_dropped(put: Put) -> None:
    put()
    image = {"name": "my-other-1", "held": ["my-other-1"]}
    operations = [{"at": "30 s", "drop": "my-other-1"}]
    tenants = {"it": idle(boot=True, image=image)}
    *_, drop = [
        each
        for each in rows({"tenants": tenants, "operations": operations}, "operations")
        if each["operation"] == "drop"
    ]
    assert drop["outcome"] == "failed: it stands on it: stop it first"


def test_what_is_held_is_started_without_asking_the_registry(put: Put) -> None:
    put(requests_count=5)
    image = {"name": "my-image-1", "registry": "my-registry"}
    tenants = {"first": idle(boot=True, image=image), "later": idle(boot=True, image=image, start="40 s")}
    first, later = rows({"tenants": tenants}, "tenants")
    (pull,) = rows({"tenants": tenants}, "operations")
    assert pull["tenant"] == "first"
    assert first["boot_s"] - later["boot_s"] == pytest.approx(pull["duration_s"], rel=0.05)


@pytest.mark.parametrize(
    ("stack", "node"),
    [
        ("linux-6 | kvm-6 / linux-6 / my-engine-1", "my-engine-1"),
        ("xen-4 | linux-6", "xen-4"),
        ("linux-6 | my-engine-1 / gvisor-2024", "my-engine-1"),
    ],
)
def test_whoever_fetches_does_it_on_the_system_it_stands_on(put: Put, stack: str, node: str) -> None:
    put()
    image = {"name": "my-image-1", "registry": "my-registry", "with": node}
    tenants = {"it": idle(boot=True, memory="1 GiB", vcpus=1, image=image)}
    (pull,) = rows({"stacks": {"it": stack}, "tenants": tenants}, "operations")
    assert pull["outcome"] == "done"
    assert pull["product"] == node
    assert pull["duration_s"] == pytest.approx(sum(SIZES) * WIRE / LINK, rel=0.1)


def test_a_host_that_fails_amid_a_pull_fetches_the_rest_when_it_is_up_again(put: Put) -> None:
    put()
    image = {"name": "my-image-1", "registry": "my-registry"}
    faults = [{"at": "9 s", "panic": "linux-6", "restart": "5 s"}]
    tenants = {"it": idle(boot=True, image=image)}
    first, second = rows({"tenants": tenants, "faults": faults, "duration": "120 s"}, "operations")
    assert first["outcome"] == "not finished"
    assert second["outcome"] == "done"
    assert second["moved_bytes"] == SIZES[1] + SIZES[2], "the first layer had been entered"


@pytest.mark.parametrize(
    ("stack", "image", "sentence"),
    [
        ("linux-6 | docker-27", {"name": "nginks"}, "did you mean 'nginx"),
        ("linux-6 | docker-27", {"name": "nginx", "lazy": True}, "docker-27 has no lazy loading"),
        ("linux-6 | docker-27", {"name": "nginx", "registry": "registry-nearer"}, "did you mean 'registry-near'"),
        ("linux-6 |", "nginx", "nothing in this stack fetches images"),
    ],
)
def test_what_cannot_be_fetched_is_refused_before_anything_runs(stack: str, image: Any, sentence: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load({"machine": "server-2025", "stacks": {"it": stack}, "duration": "1 s",
              "tenants": {"it": idle(boot=True, image=image)}})  # fmt: skip
    assert sentence in str(caught.value)


def test_an_image_without_a_start_is_refused() -> None:
    with pytest.raises(ScenarioError, match="add 'boot: true'"):
        load({"machine": "server-2025", "stacks": {"it": "linux-6 | docker-27"}, "duration": "1 s",
              "tenants": {"it": idle(image="nginx")}})  # fmt: skip


def test_an_operation_that_no_stack_can_do_is_refused() -> None:
    operations = [{"at": "1 s", "pull": "nginx"}]
    with pytest.raises(ScenarioError, match="nothing in this stack fetches images"):
        load({"machine": "server-2025", "stacks": {"it": "linux-6 |"}, "duration": "1 s",
              "tenants": {"it": {"workload": "idle"}}, "operations": operations})  # fmt: skip


def test_the_command_refuses_in_words(put: Put) -> None:
    put()
    with pytest.raises(UsageError, match="did you mean 'my-image-1'"):
        pulled("my-imag")
    with pytest.raises(UsageError, match="give at least one"):
        pulled()


def test_a_machine_writes_beside_the_image_that_others_stand_on(put: Put) -> None:
    """200 writes of 4 KiB that the page cache takes to the disk in a row fill twelve and a half clusters of 64 KiB."""
    put()
    workload = "fio-sync-randwrite"
    image = {"name": "my-image-1", "held": ["my-image-1"], "with": "kvm-6"}
    found = {}
    for name, more in {"shared": {"image": image}, "own": {}}.items():
        tenants = {"it": {"workload": workload, "memory": "1 GiB", "vcpus": 1, "boot": True, **more}}
        charges = rows({"stacks": {"it": "linux-6 | kvm-6 / linux-6"}, "tenants": tenants}, "charges")
        found[name] = sum(each["operations"] for each in charges if each["mechanism"] == "disk_overlay")
    assert found["own"] == 0.0
    assert found["shared"] == pytest.approx(200 * 4 / 64)


# ---------------------------------------------------------------- the commands


def test_the_command_shows_each_step_and_what_is_shared(put: Put) -> None:
    put()
    way = ["--stack", "linux-6 | my-engine-1", "--machine", MACHINE, "--registry", "my-registry"]
    shown = CliRunner().invoke(pull_command, ["my-image", "my-other", *way])
    assert shown.exit_code == 0, shown.output
    assert "held already: my-image-1: part 0, my-image-1: part 1, my-image-1: part 2" in shown.output
    assert "1.000 MB over the link, 10.000 MB unpacked, 150.000 MB on the disk in all" in shown.output
    assert "48% less than without shared layers" in shown.output
    plain = json.loads(CliRunner().invoke(pull_command, ["my-image", *way, "--json"]).output)
    assert plain["pulls"][0]["moved_bytes"] == sum(SIZES)
    assert {stage["step"] for stage in plain["pulls"][0]["stages"]} == {"image", "download", "unpack"}


@pytest.mark.parametrize(
    ("kind", "name"), [("images", "my-image-1"), ("registries", "my-registry"), ("packages", "nginx-1.27")]
)
def test_the_catalog_lists_and_shows_what_is_shipped(put: Put, kind: str, name: str) -> None:
    put()
    listed = CliRunner().invoke(list_command, [kind])
    assert name in listed.output
    shown = CliRunner().invoke(show_command, [name])
    assert shown.exit_code == 0, shown.output
    assert name in shown.output
