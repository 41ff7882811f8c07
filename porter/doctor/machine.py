"""What a machine for a target has, as the table `rules/facts/machines.yaml` has it."""

from __future__ import annotations

from functools import cache

import msgspec

from porter.data import folder
from porter.packs.read import convert, read_yaml
from porter.targets.sheet import Release


class Toolkit(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The vendor's libraries: any of the variables says that they are set up."""

    name: str
    variables: tuple[str, ...]
    folders: tuple[str, ...]
    setup: str


class Image(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A container image, and the releases of torch that it is for; none means any."""

    image: str
    torch: tuple[str, ...] = ()
    note: str = ""


class Container(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How a container gets at the devices."""

    devices: tuple[str, ...]
    mounts: tuple[str, ...]
    flags: tuple[str, ...]
    images: tuple[Image, ...]
    entry: str = ""
    note: str = ""


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
    wheels: str = ""
    visible: str
    container: Container

    def image(self, release: Release) -> str:
        """The newest container image for a release: one that names its torch, else one that names none."""
        images = self.container.images
        fitting = [image for image in images if release.torch in image.torch] or [i for i in images if not i.torch]
        chosen = fitting[-1].image if fitting else "IMAGE"
        return chosen.format(version=release.version, torch=release.torch)


class _Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    sources: dict[str, str]
    machines: dict[str, Machine]


@cache
def machines() -> dict[str, Machine]:
    path = folder("rules") / "facts" / "machines.yaml"
    return convert(read_yaml(path), _Table, path).machines
