"""What goes with which torch: the table `rules/facts/versions.yaml`."""

from __future__ import annotations

from functools import cache

import msgspec
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from porter.data import folder
from porter.packs.read import convert, read_yaml


class Companions(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The versions that go with a torch; empty where none was published or nothing is asked."""

    torchvision: str = ""
    torchaudio: str = ""
    numpy: str = ""


class Pairs(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The table: by line of torch, and by package and the release from which it needs a torch."""

    sources: dict[str, str]
    torch: dict[str, Companions]
    needs: dict[str, dict[str, str]]
    pythons: dict[str, dict[str, str]] = {}

    @staticmethod
    @cache
    def shared() -> Pairs:
        path = folder("rules") / "facts" / "versions.yaml"
        return convert(read_yaml(path), Pairs, path)

    def beside(self, torch: str) -> Companions:
        """What goes with a version of torch."""
        return self.torch.get(".".join(torch.split(".")[:2]), Companions())

    def needed(self, package: str, version: str) -> str:
        """The torch that a release of a package demands; empty where it demands none that is known."""
        return _since(self.needs.get(package, {}), version)

    def python(self, package: str, version: str) -> str:
        """The Pythons that a release of a package has wheels for; empty where no bound is known."""
        return _since(self.pythons.get(package, {}), version)

    def meets(self, need: str, torch: str) -> bool:
        return SpecifierSet(need).contains(torch, prereleases=True)


def _since(lines: dict[str, str], version: str) -> str:
    """What holds for a version, of lines that hold from their version on."""
    try:
        wanted = Version(version)
    except InvalidVersion:
        return ""
    known = [(Version(since), what) for since, what in lines.items()]
    return max(((since, what) for since, what in known if since <= wanted), default=(wanted, ""))[1]
