"""The environment of a repository on a target, as every format shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from porter.doctor.machine import Machine, arm64_libgomp, machines
from porter.environment.choose import Chosen, choose, python_for
from porter.environment.packages import Lines, lines, torch_lines
from porter.environment.wishes import Wish, Wishes, wishes
from porter.errors import UsageError
from porter.targets.catalog import release, resolve, sheet
from porter.targets.sheet import Release

_URL = re.compile(r"https?://[\w.~:/?#@!&*+,;=%\[\]-]+")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a person chose. Values end up in scripts, so each has a form."""

    visible: str = ""
    cards: int = 1
    arch: str = ""
    mirror: str = ""
    pip_index: str = ""
    torch_index: str | None = None  # none: PyTorch's own; empty: the ordinary index
    image: str = ""
    python: str = ""

    def __post_init__(self) -> None:
        for option, value, form in (
            ("--visible", self.visible, r"\d+(,\d+)*"),
            ("--mirror", self.mirror, _URL),
            ("--pip-index", self.pip_index, _URL),
            ("--torch-index", self.torch_index or "", _URL),
            ("--python", self.python, r"3\.\d+"),
            ("--image", self.image, r"[\w][\w./:@+-]*"),
        ):
            if value and not re.fullmatch(form, value):
                raise UsageError(f"{option} {value!r} cannot be used; write {_AS[option]}.")


_AS = {
    "--visible": "numbers of cards, such as 0,1",
    "--mirror": "an address, such as https://hf-mirror.com",
    "--pip-index": "an address, such as https://pypi.tuna.tsinghua.edu.cn/simple",
    "--torch-index": "an address, such as https://download.pytorch.org/whl/cpu",
    "--python": "a line of Python, such as 3.10",
    "--image": "a container image, such as registry.example.com/torch:2.7.1",
}


@dataclass(frozen=True)
class Environment:
    """Everything that a template asks for."""

    repo: str
    target: str
    title: str
    release: Release
    machine: Machine
    python: str
    wished: Wishes
    pip: Lines
    told: Told
    notes: tuple[str, ...]
    libgomp: str = field(default_factory=arm64_libgomp)

    @property
    def spec(self) -> str:
        return f"{self.target}@{self.release.version}"

    @property
    def head(self) -> str:
        """What this is, in a line."""
        with_ = ", ".join(f"{name} {number}" for name, number in sorted(self.release.released_with.items()))
        torch = f"torch {self.release.torch}" + (f", {with_}" if with_ else "")
        return f"{self.spec} ({torch}) with Python {self.python}, for {self.repo}. Made by porter env."

    @property
    def image(self) -> str:
        """The container image."""
        if self.told.image:
            return self.told.image
        return self.machine.image(self.release, self.python)

    @property
    def bare(self) -> bool:
        """Whether torch has to be put into the image."""
        fitting = self.machine.fitting(self.release)
        return bool(not self.told.image and fitting and fitting[-1].bare)

    @property
    def image_note(self) -> str:
        fitting = self.machine.fitting(self.release)
        return fitting[-1].note if fitting and not self.told.image else ""

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a run."""
        found = {}
        if self.told.visible and self.machine.visible:
            found[self.machine.visible] = self.told.visible
        if self.told.mirror:
            found["HF_ENDPOINT"] = self.told.mirror
        if self.told.arch == "aarch64":
            found["LD_PRELOAD"] = self.libgomp
        return found

    @property
    def devices(self) -> list[str]:
        """The device files, the numbered one for each card."""
        cards = self.told.visible.split(",") if self.told.visible else [str(n) for n in range(self.told.cards)]
        found: list[str] = []
        for device in self.machine.container.devices:
            numbered = re.fullmatch(r"(.*[a-z])0", device)
            found += [f"{numbered[1]}{card}" for card in cards] if numbered else [device]
        return found


def environment(root: Path, name: str, spec: str, told: Told, *, contained: bool) -> Environment:
    """The environment for the repository at `root`; a `contained` one runs in an image of the target's."""
    target, _ = resolve(spec)
    found = sheet(target.name)
    machine = machines().get(target.name)
    if machine is None:
        raise UsageError(f"porter does not know what a machine for {target.name} has.")
    wished = wishes(root)
    if told.python:
        wished.pythons.append(Wish("python", "--python", "python", f"=={told.python}.*"))
    images = machine if contained and not told.image else None

    def settle(one: Release) -> str:
        if not contained:
            torch_lines(one, machine, told.torch_index)
        return python_for(found, one, wished, images)

    wanted = release(spec)[1] if "@" in spec else None
    chosen = choose(found, wanted, wished, settle)
    settled, _ = resolve(f"{target.name}@{chosen.release.version}")
    torch = (
        torch_lines(chosen.release, machine, told.torch_index) if not contained or _is_bare(machine, chosen) else None
    )
    pip = lines(wished, settled, chosen.release, machine, torch)
    notes = [f"{note}: the pin is relaxed here." for note in chosen.notes]
    if chosen.release.caution:
        notes.append(chosen.release.caution)
    if not wished.files:
        notes.append("The repository says nowhere what it needs; only the target's own packages are here.")
    return Environment(
        _plain(name), target.name, found.title, chosen.release, machine, chosen.python, wished, pip, told, tuple(notes)
    )


def _is_bare(machine: Machine, chosen: Chosen) -> bool:
    fitting = machine.fitting(chosen.release)
    return bool(fitting) and fitting[-1].bare


def _plain(name: str) -> str:
    """The repository's name, without what could end a comment."""
    return re.sub(r"[^\w.+ -]", "_", name)
