"""Which names a vendor's release has, from porter's targets: the one place where the simulator asks for them."""

from __future__ import annotations

from ..errors import SimulationError

_CUDA = "torch.cuda."


Names = dict[str, str | None]


def release_and_names(spec: str, torch: str) -> tuple[str, Names, Names]:
    """The release that a spec means beside a version of torch, and its names (None: missing).

    First come those for the names below torch.cuda, without that, then those for other names of torch, in full.
    """
    target = spec.partition("@")[0]
    if not _has_sheet(target):
        return torch, {}, {}
    from porter.errors import UsageError
    from porter.targets.catalog import resolve

    try:
        chosen, surface = resolve(spec if "@" in spec else _made_for(torch, target))
    except UsageError as error:
        raise SimulationError(str(error)) from None
    below: Names = {}
    outside: Names = {}
    for dotted in sorted({*surface.sheet.names, *surface.sheet.modules}):
        answer = surface.look(dotted)
        if dotted.startswith(_CUDA) and (answer.name or answer.status == "missing"):
            below[dotted.removeprefix(_CUDA)] = answer.name or None
        elif dotted != "torch.cuda" and not dotted.startswith(_CUDA):
            outside[dotted] = answer.name or None
    return chosen.version, below, outside


def _has_sheet(target: str) -> bool:
    try:
        from porter.targets.catalog import names
    except ImportError:  # the simulator is used on its own
        return False
    return target in names()


def _made_for(torch: str, target: str) -> str:
    """The vendor's release for this torch; where there is none, the vendor's newest."""
    from porter.errors import UsageError
    from porter.targets.catalog import resolve

    try:
        chosen, _ = resolve(f"{target}@{'.'.join(torch.split('.')[:2])}")
    except UsageError:
        return target
    return f"{target}@{chosen.version}"
