"""``virtlab serve``: the explorer, a page in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simulator.explorer.server import Server

PORT = 8765


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help=f"By default {PORT}, or the next that is free. 0: any.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen at: of this machine, for nobody else."
)
@click.option("--no-browser", is_flag=True, help="Only say where the page is.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes that simulate; by default two to four.")
def command(port: int | None, host: str, no_browser: bool, jobs: int | None) -> int:
    """Open the explorer: turn the knobs of a scenario in a browser and see what comes out, in about a second.

    Nothing is fetched from the network, and without --host nobody else can see the page. Ctrl-C ends it.
    """
    from simulator.explorer.answering import Explorer
    from simulator.explorer.server import open_server

    explorer = Explorer(jobs)
    try:
        server = open_server(host, PORT if port is None else port, explorer, exactly=port is not None)
    except BaseException:
        explorer.close()
        raise
    return _serve(server, no_browser)


def _serve(server: Server, no_browser: bool) -> int:
    """Until it is ended."""
    import threading
    import webbrowser

    from simulator.cli.output import say, tell
    from simulator.cli.signals import Ended

    try:
        server.explorer.warm_up()
        say(server.url)
        tell("the explorer is there; Ctrl-C ends it")
        if server.open_to_others:
            tell("everybody who reaches this machine can use it; without --host nobody else can")
        if not no_browser:
            threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
        server.serve_forever()
    except KeyboardInterrupt as end:
        tell("ended")
        return end.exit_code if isinstance(end, Ended) else 130
    finally:
        server.close()
    return 0
