"""The option that says where runs execute; every command that runs a batch has it."""

from __future__ import annotations

import click

on_option = click.option(
    "--on",
    default="",
    metavar="WHERE",
    help="serial, processes, loky, dask, mpi, or the address of a Dask scheduler (tcp://host:8786); by default worker "
    "processes.",
)
