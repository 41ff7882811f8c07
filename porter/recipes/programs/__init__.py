"""Recipes that are programs of porter's own: a file each with a click `command`; found by the folder."""

from __future__ import annotations

import importlib
import pkgutil

import click


def names() -> list[str]:
    return sorted(info.name.replace("_", "-") for info in pkgutil.iter_modules(__path__))


def command(name: str) -> click.Command | None:
    """The program's command."""
    if name not in names():
        return None
    found: click.Command = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").command
    return found
