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
        try:
            wanted = Version(version)
        except InvalidVersion:
            return ""
        lines = [(Version(since), need) for since, need in self.needs.get(package, {}).items()]
        return max(((since, need) for since, need in lines if since <= wanted), default=(wanted, ""))[1]

    def meets(self, need: str, torch: str) -> bool:
        return SpecifierSet(need).contains(torch, prereleases=True)
