"""What a machine for a target has, as the table `rules/facts/machines.yaml` has it."""

from __future__ import annotations

from functools import cache

import msgspec
from packaging.version import Version

from porter.data import folder
from porter.packs.read import convert, read_yaml
from porter.targets.sheet import Release


class Toolkit(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The vendor's libraries: any of the variables says that they are set up."""

    name: str
    variables: tuple[str, ...]
    folders: tuple[str, ...]
    setup: str


class Image(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename={"with_": "with"}):
    """A container image and what it is for: releases of the target, what these come with, a torch; none means any."""

    image: str
    versions: tuple[str, ...] = ()
    with_: dict[str, str] = {}
    torch: tuple[str, ...] = ()
    note: str = ""
    bare: bool = False  # without torch


class Container(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How a container gets at the devices."""

    devices: tuple[str, ...]
    mounts: tuple[str, ...]
    flags: tuple[str, ...]
    images: tuple[Image, ...]
    entry: str = ""
    note: str = ""


class Build(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How pip gets the target's torch: an index of PyTorch's, the local version there, and what comes beside it."""

    index: str
    local: str
    needs: tuple[str, ...] = ()


class Machine(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, rename={"module": "import"}):
    """A machine for a target."""

    tool: tuple[str, ...]
    nodes: tuple[str, ...]
    driver: str
    driver_version: str = ""
    toolkit: Toolkit | None = None
    plugin: str
    module: str
    torch: str  # cpu, vendor, xpu or rocm: the build that goes with the plug-in
    vendor_torch_below: str = ""
    install: tuple[str, ...]
    build: Build | None = None
    wheels: str = ""
    stack: dict[str, tuple[str, ...]] = {}
    visible: str
    container: Container

    def image(self, release: Release, python: str = "3.11") -> str:
        """The newest container image for a release, with its blanks filled in."""
        fitting = self.fitting(release)
        said = {"version": release.version, "torch": release.torch, "python": python}
        return fitting[-1].image.format(**said) if fitting else "IMAGE"

    def fitting(self, release: Release) -> list[Image]:
        """The container images for a release, newest last: the closest kind of match that there is."""
        images, torch = self.container.images, Version(release.torch)
        own = [image for image in images if release.version in image.versions]
        came_with = [image for image in images if image.with_ and image.with_.items() <= release.released_with.items()]
        free = [image for image in images if not (image.with_ and release.released_with)]
        named = [image for image in free if any(Version(each) == torch for each in image.torch)]
        return own or came_with or named or [i for i in images if not (i.versions or i.with_ or i.torch)]


class _Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    sources: dict[str, str]
    arm64_libgomp: str
    machines: dict[str, Machine]


def machines() -> dict[str, Machine]:
    return _table().machines


def arm64_libgomp() -> str:
    """The library that has to be loaded first on aarch64."""
    return _table().arm64_libgomp


@cache
def _table() -> _Table:
    path = folder("rules") / "facts" / "machines.yaml"
    return convert(read_yaml(path), _Table, path)
