"""Images made from the catalog: the base's layers below, then own layers and packages as they stand in the file.

Packages become one layer, of what they need beyond what the base has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from simulator.catalog.library import Library
from simulator.catalog.product import Quantity
from simulator.catalog.sheet import Sheet
from simulator.catalog.suggestion import suggestion
from simulator.errors import CatalogError
from simulator.images import KEYS, Image, ImageLayer, alike
from simulator.images.packages import Package, resolve
from simulator.images.versions import VERSIONED, Requirement, requirement

Numbers = Callable[[Sheet], Mapping[str, Mapping[str, Quantity]]]


class ImageMaker:
    """Makes images of one library.

    Args:
        library: the catalog's files.
        numbers: the numbers of a sheet by group.
    """

    def __init__(self, library: Library, numbers: Numbers) -> None:
        self._library, self._numbers = library, numbers

    def image(self, name: str, more: Iterable[str] = ()) -> Image:
        """An image by its full name or bare stem, with further packages put on top.

        Raises:
            CatalogError: an unknown name, a base that stands on itself, packages that do not go together.
        """
        layers, installed = self._layers(self._library.resolve("images", name), ())
        added = [requirement(text) for text in more]
        full = self._library.resolve("images", name)
        if added:
            layers = (*layers, *self._installed("the packages on top", full, added, installed))
        return Image(" + ".join((full, *map(str, added))), layers)

    def _layers(self, name: str, above: tuple[str, ...]) -> tuple[tuple[ImageLayer, ...], dict[str, Package]]:
        """The layers of an image and the packages in it."""
        if name in above:
            raise CatalogError(
                f"the image {name!r} stands on itself: {' on '.join((*above, name))}; give it another base"
            )
        found = self._library.sheet("images", name)
        layers: tuple[ImageLayer, ...] = ()
        installed: dict[str, Package] = {}
        base = found.data.get("base", "")
        if base:
            layers, installed = self._layers(self._library.resolve("images", str(base)), (*above, name))
        own = [
            layer
            for group, quantities in self._numbers(found).items()
            for layer in alike(f"{name}: {group}", {key: each.value for key, each in quantities.items()})
        ]
        for key in found.data:
            if key == "layers":
                layers = (*layers, *own)
            elif key == "packages":
                wanted = [requirement(text) for text in found.data[key]]
                layers = (*layers, *self._installed(name, str(base), wanted, installed))
        return layers, installed

    def _installed(
        self, who: str, below: str, wanted: list[Requirement], installed: dict[str, Package]
    ) -> tuple[ImageLayer, ...]:
        """What is installed on top of what is there: one layer, of the packages that were not; they are noted."""
        kept = [Requirement(each.name, (("=", each.version),)) for each in installed.values()]
        chosen = resolve({who: wanted, f"what is in {below}": kept}, self._versions)
        new = [package for package in chosen if package.name not in installed]
        installed.update({package.name: package for package in new})
        if not new:
            return ()
        sums = {key: sum(getattr(package.layer, key) for package in new) for key in KEYS}
        return (ImageLayer(f"packages {', '.join(map(str, new))}", **sums),)

    def _versions(self, name: str) -> list[Package]:
        """All versions of a package; one that is spelled wrongly is refused with what is near."""
        matches = [match for each in self._library.files("packages") if (match := VERSIONED.fullmatch(each))]
        found = [self._package(match[0], name, match["version"]) for match in matches if match["name"] == name]
        if not found:
            remedy = suggestion(name, {match["name"] for match in matches})
            raise CatalogError(f"no package is called {name!r}; {remedy}")
        return found

    def _package(self, full: str, name: str, version: str) -> Package:
        found = self._library.sheet("packages", full)
        depends = tuple(requirement(text) for text in found.data.get("depends", ()))
        values = {key: quantity.value for key, quantity in self._numbers(found)[""].items()}
        return Package(name, version, depends, ImageLayer(full, **{key: values[key] for key in KEYS}))
