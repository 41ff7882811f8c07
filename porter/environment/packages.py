"""What pip is to install: the target's torch, then what the repository asks for, as far as the target can take it."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement

from porter.doctor.machine import Machine
from porter.environment.choose import NoSolution
from porter.environment.wishes import Wish, Wishes
from porter.model import Target
from porter.packs.requirement import judge
from porter.pins.judge import judge_pin
from porter.pins.pairs import Pairs
from porter.targets.sheet import Release

_COMPANIONS = ("torchvision", "torchaudio")


@dataclass(frozen=True)
class Left:
    """A requirement that is not installed, and why."""

    text: str
    where: str
    why: str


@dataclass(frozen=True)
class Lines:
    """Requirements as pip writes them. `index` is the one that has the target's torch, "" for the ordinary one."""

    torch: tuple[str, ...]
    index: str
    own: tuple[str, ...]
    left: tuple[Left, ...]
    notes: tuple[str, ...]
    vendor: str = ""  # where torch comes from when no index has it


def lines(
    wished: Wishes, target: Target, release: Release, machine: Machine, told: tuple[list[str], str] | None
) -> Lines:
    """All of it. `told` is what torch_lines gives, nothing where torch is there already."""
    torch, index = told or ([], "")
    own: list[str] = []
    left: list[Left] = []
    notes: list[str] = []
    for wish in wished.packages:
        _take(wish, target, release, machine, own, left, notes)
    cap = "numpy<2" if machine.torch == "vendor" or Pairs.shared().beside(release.torch).numpy else ""
    if cap and not any(wish.name == "numpy" for wish in wished.packages):
        own.append(cap)
    named = {line.partition("=")[0] for line in torch}
    own = [line for line in own if line not in named]
    return Lines(
        tuple(torch), index, tuple(own), tuple(left), tuple(notes), "" if torch or told is None else machine.wheels
    )


def torch_lines(release: Release, machine: Machine, index: str | None) -> tuple[list[str], str]:
    """The target's torch with what comes beside it, and the index that has it.

    `index` is a person's: none for PyTorch's own, "" for the ordinary one.
    """
    build = machine.build
    if build is None:
        return [], ""
    said = {"version": release.version, "torch": release.torch, **release.released_with}
    try:
        needs = [text.format(**said) for text in build.needs]
        if index == "":
            return [f"torch=={release.torch}", *needs], ""
        local, place = build.local.format(**said), index or build.index.format(**said)
    except KeyError as missing:
        raise NoSolution(
            f"Which {missing.args[0]} goes with torch {release.torch} is not known; "
            f"name an older release, or use a container ({machine.wheels})."
        ) from None
    if local != "cpu":
        return [f"torch=={release.torch}+{local}", *needs], place
    # For aarch64 the ordinary wheels are for the CPU, and of old have no local version.
    split = [
        f'torch=={release.torch}+{local}; platform_machine == "x86_64"',
        f'torch=={release.torch}; platform_machine != "x86_64"',
    ]
    return [*split, *needs], place


def _take(
    wish: Wish,
    target: Target,
    release: Release,
    machine: Machine,
    own: list[str],
    left: list[Left],
    notes: list[str],
) -> None:
    """Where one requirement goes."""
    if wish.name == "torch":
        left.append(Left(wish.text, wish.where, f"the target's own torch {release.torch} takes its place"))
        return
    if wish.name in _COMPANIONS and machine.torch == "vendor":
        left.append(Left(wish.text, wish.where, machine.wheels or "it comes with the vendor's torch"))
        return
    judged = judge(wish.text, target.name)
    if judged is not None and wish.name not in _COMPANIONS:
        left.append(Left(wish.text, wish.where, judged.advice))
        return
    try:
        Requirement(wish.text)
    except InvalidRequirement:
        why = "it is no requirement that an index answers; install it from the checkout, with --no-deps"
        left.append(Left(wish.text, wish.where, why))
        return
    text, pin = wish.text, judge_pin(wish.text, target)
    if wish.name in _COMPANIONS and not wish.specifier:
        line = getattr(Pairs.shared().beside(release.torch), wish.name)
        text = f"{wish.text}=={line}.*" if line else text
    elif pin is not None and pin.changes:
        for change in reversed(pin.changes):
            text = text[: change.start] + change.new + text[change.end :]
        notes.append(f"{wish.where}: {wish.text} became {text}. {pin.because}")
    elif pin is not None and pin.trouble:
        notes.append(f"{wish.where}: {wish.text}. {pin.trouble}")
    own.append(text)
