"""Images without a clock: versions, packages that go together or do not, and what a host holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.catalog import Catalog
from simulator.errors import CatalogError
from simulator.images import Image, ImageLayer, of_data
from simulator.images.packages import Package, resolve
from simulator.images.store import Store, alone_bytes
from simulator.images.versions import Requirement, compare, requirement
from simulator.laws import flow_shop_s


def layer(
    name: str, unpacked: float = 100.0, compressed: float = 30.0, files: float = 2.0, read: float = 10.0
) -> ImageLayer:
    return ImageLayer(name, files, unpacked, compressed, read)


LAYERS = st.integers(0, 9).map(lambda number: layer(f"layer {number}", 10.0 * (number + 1), 3.0 * (number + 1)))
IMAGES = st.lists(
    st.lists(LAYERS, min_size=1, max_size=5, unique_by=lambda each: each.name), min_size=1, max_size=5
).map(lambda rows: [Image(f"image {number}", tuple(row)) for number, row in enumerate(rows)])

# ---------------------------------------------------------------- versions and packages


@pytest.mark.parametrize(
    ("first", "second", "sign"),
    [("2.4", "2.10", -1), ("12", "2.10", 1), ("3", "3.0", 0), ("1.1.1", "1.1", 1), ("3.0rc1", "3.0.1", -1)],
)
def test_versions_are_in_natural_order(first: str, second: str, sign: int) -> None:
    assert compare(first, second) == sign
    assert compare(second, first) == -sign


def test_a_requirement_reads_as_it_is_written() -> None:
    asked = requirement("libssl >=1.1, <3")
    assert asked == Requirement("libssl", ((">=", "1.1"), ("<", "3")))
    assert str(asked) == "libssl >=1.1, <3"
    assert asked.allows("1.1.1")
    assert not asked.allows("3.0")
    assert requirement("nginx-1.27") == Requirement("nginx", (("=", "1.27"),))
    with pytest.raises(CatalogError, match="is no requirement"):
        requirement("libssl about 3")


def shop(**packages: tuple[str, ...]) -> dict[str, list[Package]]:
    """Packages by ``name_version``, with what they need."""
    found: dict[str, list[Package]] = {}
    for written, needs in packages.items():
        name, _, version = written.partition("_")
        depends = tuple(map(requirement, needs))
        found.setdefault(name, []).append(Package(name, version.replace("_", "."), depends, layer(written)))
    return found


def chosen(packages: dict[str, list[Package]], *wanted: str) -> list[str]:
    return [str(each) for each in resolve({"image": map(requirement, wanted)}, lambda name: packages.get(name, []))]


def test_the_newest_that_all_allow_is_taken() -> None:
    packages = shop(web_1=("ssl >=1",), db_1=("ssl <3",), ssl_1=(), ssl_2=(), ssl_3=())
    assert chosen(packages, "web") == ["ssl-3", "web-1"]
    assert chosen(packages, "web", "db") == ["db-1", "ssl-2", "web-1"]


def test_a_contradiction_deep_inside_makes_it_try_an_older_one() -> None:
    """web 2 needs ssl 3, which db cannot have: by hand, web 1 with ssl 1 is all that is left."""
    packages = shop(web_1=("ssl <3",), web_2=("tls",), tls_1=("ssl >=3",), db_1=("ssl <3",), ssl_1=(), ssl_3=())
    assert chosen(packages, "web", "db") == ["db-1", "ssl-1", "web-1"]


def test_who_needs_what_is_said_where_nothing_fits() -> None:
    packages = shop(web_1=("ssl >=3",), db_1=("ssl <2",), ssl_1=(), ssl_3=())
    with pytest.raises(CatalogError) as caught:
        chosen(packages, "web", "db")
    text = str(caught.value)
    assert "web-1 needs ssl >=3" in text
    assert "db-1 needs ssl <2" in text
    assert "there are 1, 3" in text
    assert "images of their own" in text


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=4))
def test_what_is_resolved_keeps_every_bound(bounds: list[tuple[int, int]]) -> None:
    """Found if and only if one version lies within all bounds, which here can be seen without a search."""
    packages = {"ssl": [Package("ssl", str(version), (), layer("ssl")) for version in (1, 2, 3, 4)]}
    for number, (low, high) in enumerate(bounds):
        depends = (requirement(f"ssl >={low}, <={high}"),)
        packages[f"app{number}"] = [Package(f"app{number}", "1", depends, layer("app"))]
    fitting = [v for v in (1, 2, 3, 4) if all(low <= v <= high for low, high in bounds)]
    wanted = [f"app{number}" for number in range(len(bounds))]
    if fitting:
        assert f"ssl-{max(fitting)}" in chosen(packages, *wanted)
    else:
        with pytest.raises(CatalogError):
            chosen(packages, *wanted)


# ---------------------------------------------------------------- the catalog's images


def test_images_share_the_layers_of_their_base() -> None:
    catalog = Catalog()
    base, web, store = (catalog.image(name) for name in ("debian-12-slim", "nginx-1.27", "redis-7"))
    assert web.layers[: len(base.layers)] == base.layers == store.layers[: len(base.layers)]
    assert of_data(web.data()) == web
    names = " ".join(each.name for each in web.layers)
    assert "libssl-3.0" in names
    assert "libc-2.41" not in names, "the base has another, which is kept"


def test_packages_that_do_not_go_together_are_refused_with_both_sides() -> None:
    with pytest.raises(CatalogError, match=r"mysql-5.7 needs libssl >=1.1, <3.*there are 1.1, 3.0"):
        Catalog().image("nginx-1.27", more=["mysql"])
    assert "mysql-5.7" in Catalog().image("debian-12-slim", more=["mysql"]).layers[-1].name


def test_a_name_that_nobody_knows_is_refused_with_what_is_near() -> None:
    with pytest.raises(CatalogError, match="did you mean 'nginx"):
        Catalog().image("nginks")
    with pytest.raises(CatalogError, match="did you mean 'redis'"):
        Catalog().image("debian-12-slim", more=["rediss"])


# ---------------------------------------------------------------- what a host holds


@given(IMAGES)
def test_a_layer_is_held_once_whoever_refers_to_it(images: list[Image]) -> None:
    store = Store()
    for image in images:
        missing = store.missing(image)
        assert not {each.name for each in missing} & {
            each.name for other in images[: images.index(image)] for each in other.layers
        }
        store.add(image)
        assert not store.missing(image)
    every = {each.name: each.unpacked_bytes for image in images for each in image.layers}
    assert store.disk_bytes == sum(every.values())
    assert store.disk_bytes <= alone_bytes(images)


@given(IMAGES, st.randoms())
def test_collecting_leaves_what_the_others_need_and_nothing_else(images: list[Image], luck: object) -> None:
    store = Store()
    for image in images:
        store.add(image)
    before_bytes = store.disk_bytes
    gone = images[: len(images) // 2]
    for image in gone:
        store.drop(image.name)
    assert store.disk_bytes == before_bytes, "nothing goes before it is collected"
    freed_bytes = store.collect()
    left = [image for image in images if image not in gone]
    assert store.disk_bytes == before_bytes - freed_bytes
    assert all(not store.missing(image) for image in left)
    wanted = {each.name: each.unpacked_bytes for image in left for each in image.layers}
    assert store.disk_bytes == sum(wanted.values())


@given(
    st.floats(0, 1e4), st.floats(1, 1e9), st.floats(0, 1), st.floats(0, 2), st.floats(0, 1e3),
)  # fmt: skip
def test_lazy_never_moves_more_than_all_of_it(
    files: float, unpacked: float, packed: float, read: float, file_bytes: float
) -> None:
    one = layer("it", unpacked, unpacked * packed, files, unpacked * read)
    moved = one.index_bytes(file_bytes) + one.packed_bytes(one.start_read_bytes, file_bytes)
    assert 0.0 <= moved <= one.compressed_bytes * (1.0 + 1e-12)


def test_of_a_lazy_layer_only_what_has_come_is_on_the_disk() -> None:
    """By hand: an index of 2 x 4 bytes, then 10 that are read; an image that is pulled whole replaces it."""
    image, store = Image("it", (layer("it"),)), Store(keeps_blobs=True)
    store.add_lazily(image, 4.0)
    assert store.disk_bytes == 8.0
    assert store.unread_bytes(image.layers[0]) == 10.0
    store.came(image.layers[0], 10.0)
    assert store.disk_bytes == 18.0
    assert store.unread_bytes(image.layers[0]) == 0.0, "the next start finds it there"
    assert store.missing(image) == image.layers
    assert not store.missing(image, lazy=True)
    store.add(image)
    assert store.disk_bytes == 130.0, "unpacked, and the compressed layer beside it"


# ---------------------------------------------------------------- the closed form of a pipeline


def test_a_pipeline_is_bound_by_its_slower_half() -> None:
    assert flow_shop_s([1.0, 2.0, 3.0], [0.5, 0.5, 0.5]) == 6.5, "all downloads, and the last unpacking"
    assert flow_shop_s([1.0, 1.0, 1.0], [2.0, 3.0, 4.0]) == 10.0, "the first download, and all unpacking"
    assert flow_shop_s([], []) == 0.0


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=8))
def test_a_pipeline_ends_when_the_recursion_says(jobs: list[tuple[float, float]]) -> None:
    arrived = ended = 0.0
    for first_s, second_s in jobs:
        arrived += first_s
        ended = max(ended, arrived) + second_s
    assert flow_shop_s([job[0] for job in jobs], [job[1] for job in jobs]) == pytest.approx(ended, abs=1e-9)
