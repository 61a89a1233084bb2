"""``virtlab import``: what other tools measured, as a catalog file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.output import say, tell

if TYPE_CHECKING:
    from simulator.catalog import Catalog
    from simulator.measurements import CatalogFile, Measurement, Record, Tool

ROWS = "rows"
"""What ``--as`` says for a table of figures instead of a catalog file."""


class _Tools(click.Group):
    """One command for each tool there is."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return sorted(_tools())

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """One command."""
        from simulator.catalog.suggestion import suggestion

        tools = _tools()
        if name not in tools:
            raise click.UsageError(f"no tool {name!r} can be read; {suggestion(name, tools)}", ctx)
        return _command(tools[name])


@click.group(cls=_Tools)
def command() -> None:
    """Read what other tools measured: a catalog file for each.

    The file is checked before it is written. What it is written to must lie in the folder of its kind (workloads,
    layers, machines) of a folder that VIRTLAB_CATALOG names; then it is one of the catalog's.
    """


def _tools() -> Mapping[str, Tool]:
    from simulator.measurements import tools

    return tools()


def _command(tool: Tool) -> click.Command:
    """The command of one tool, with the options that mean something for it."""
    options: list[click.Parameter] = [
        click.Argument(["path"], metavar="FILE", type=click.Path()),
        click.Option(["--name"], metavar="NAME", help="Name of the entry; else that of -o, or of FILE."),
        click.Option(["--machine"], metavar="NAME", help="Machine of the catalog that it was measured on."),
        click.Option(["--product"], metavar="NAME", help="Kernel that it was measured on, e.g. linux-6."),
        click.Option(["-o", "--output"], metavar="PATH", type=click.Path(), help="File to write; else stdout."),
        click.Option(["--force"], is_flag=True, help="Write over an existing file."),
    ]
    becomes = (*tool.BECOMES, ROWS) if tool.ROWS else tool.BECOMES
    if len(becomes) > 1:
        help_text = f"What becomes of it; without it what the file is good for, mostly a {becomes[0]}."
        options.append(click.Option(["--as", "to"], type=click.Choice(becomes), help=help_text))
    if tool.RECORDS:
        options.append(click.Option(["--only"], metavar="NAME", help=f"The {tool.RECORDS} of this name."))
    for name, meaning in tool.BESIDE.items():
        options.append(click.Option([f"--{name}"], metavar="FILE", type=click.Path(), help=meaning))
    summary = f"Read the output of {tool.TITLE}: a {' or '.join(becomes)}.\n\nMade by '{tool.MADE_BY}'."
    return click.Command(tool.NAME, params=options, callback=_callback(tool), help=summary)


def _callback(tool: Tool) -> Callable[..., None]:
    def run(path: str, name: str | None, machine: str | None, output: str | None, force: bool, **options: Any) -> None:
        from simulator.catalog import Catalog
        from simulator.errors import UsageError
        from simulator.measurements import Request

        target = Path(output) if output else None
        if target is not None and target.exists() and not force:
            raise UsageError(f"{target} exists; take another name, or --force to write over it")
        measurement = _read(tool, path)
        request = Request(
            name=name or _name(target or Path(path)),
            machine=machine or "",
            product=options.get("product") or "",
            to=options.get("to") or tool.usual(measurement),
            only=options.get("only") or "",
            beside=_beside(tool, options, measurement),
        )
        if request.to == ROWS:
            _list_unused(measurement)
            _give_rows(tool.rows(measurement, request), target)
            return
        catalog = Catalog()
        if not machine:
            known = ", ".join(catalog.names("machines"))
            raise UsageError(f"say by --machine what {path} was measured on; the catalog has: {known}")
        try:
            file = tool.convert(measurement, request, catalog)
        finally:
            _list_unused(measurement)
        _check(catalog, file, target)
        _give(file, target)

    return run


def _read(tool: Tool, path: str) -> Measurement:
    """The file, if it is one of this tool's."""
    from simulator.errors import UsageError

    text = _text(path)
    if not tool.recognise(text):
        for other in _tools().values():
            if found := other.recognise(text):
                raise UsageError(f"{path}: this looks like {found}; use 'virtlab import {other.NAME}'")
        raise UsageError(f"{path}: is no output of {tool.TITLE}; make it by '{tool.MADE_BY}'")
    return tool.read(text, Path(path).name)


def _text(path: str) -> str:
    from simulator.errors import UsageError

    try:
        return Path(path).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; name the file that the tool has written") from None


def _beside(tool: Tool, options: Mapping[str, Any], measurement: Measurement) -> dict[str, Record]:
    """The further files that were given, by the names of their options."""
    found = {}
    for name in tool.BESIDE:
        path = options.get(name.replace("-", "_"))
        if path is not None:
            found[name], unused = tool.read_beside(_text(path), Path(path).name, name)
            measurement.unused += unused
    return found


def _name(path: Path) -> str:
    """A name for the catalog, made of that of a file."""
    return re.sub(r"[^a-z0-9.]+|[.]{2,}", "-", path.stem.lower()).strip("-.") or "measured"


def _list_unused(measurement: Measurement) -> None:
    """What the file says and the entry does not, by reason."""
    reasons: dict[str, list[str]] = {}
    for note in measurement.unused:
        reasons.setdefault(note.reason, []).append(f"{note.what} ({note.where})")
    for reason, notes in reasons.items():
        tell(f"# not used, {reason}: {', '.join(notes)}")


def _check(catalog: Catalog, file: CatalogFile, target: Path | None) -> None:
    """Refuse what the catalog would refuse, before it is written."""
    from simulator.errors import CatalogError, UsageError

    if target is not None and target.suffix != ".yaml":
        raise UsageError(f"{target}: a catalog file ends in .yaml: -o {target.with_suffix('.yaml')}")
    if target is not None and target.stem != file.name:
        raise UsageError(f"the entry {file.name!r} must stand in a file of this name: -o {target.with_stem(file.name)}")
    if not re.fullmatch(r"[a-z0-9]+(?:[.-][a-z0-9]+)*", file.name):
        raise UsageError(f"{file.name!r} is no catalog name; take lower-case words, joined by dashes, by --name")
    place = target or Path(file.kind) / f"{file.name}.yaml"
    problems = catalog.with_file(file.kind, file.name, file.text(), place).mistakes(file.kind, file.name)
    if problems:
        raise CatalogError("\n".join(str(problem) for problem in problems))


def _give_rows(text: str, target: Path | None) -> None:
    """A table of figures to hold predictions against."""
    from simulator.errors import UsageError

    if target is None:
        say(text.removesuffix("\n"))
        return
    if target.suffix != ".csv":
        raise UsageError(f"{target}: a table ends in .csv: -o {target.with_suffix('.csv')}")
    _write(text, target)
    rows = text.count("\n") - 1
    tell(f"{target}: {rows} figures to hold predictions against (virtlab validate --figures {target.parent})")


def _write(text: str, target: Path) -> None:
    from simulator.errors import UsageError

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}; take another place") from None


def _give(file: CatalogFile, target: Path | None) -> None:
    if target is None:
        say(file.text().removesuffix("\n"))
        return
    _write(file.text(), target)
    counts = ", ".join(f"{number} {kind}" for kind, number in file.counts().items())
    tell(f"{target}: {counts} (virtlab show {file.name})")
    folder = target.parent.resolve()
    if folder.name != file.kind:
        tell(
            f"it is one of the catalog's once it lies in a folder called {file.kind}, in one that VIRTLAB_CATALOG names"
        )
        return
    from simulator import discovery

    if folder.parent not in [each.resolve() for each in discovery.extra_folders()]:
        tell(f"it is one of the catalog's once VIRTLAB_CATALOG names {target.parent.parent}")
