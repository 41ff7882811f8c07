"""From what a person typed to an order: the target's words for its device and backend fill the recipe's blanks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from porter.doctor.machine import machines
from porter.errors import UsageError
from porter.recipes.order import Order
from porter.recipes.recipe import Recipe
from porter.targets.catalog import release, words


def ordered(
    recipe: Recipe,
    target: str | None,
    own: Mapping[str, str],
    host: str,
    repo: Path | None,
    visible: str,
    mirror: str,
    extra: tuple[str, ...],
    logs: Path = Path("logs"),
) -> Order:
    """The order, or one sentence about what is wrong with it."""
    if not target:
        raise UsageError("Name the accelerator with --target, such as --target npu; `porter targets` lists them.")
    if repo is not None and not repo.is_dir():
        raise UsageError(f"{repo} is not a folder; give --repo the folder to run in.")
    name, chosen = release(target)
    machine = machines().get(name)
    if machine is None:
        raise UsageError(f"porter does not know how programs are started on {name}; it knows {', '.join(machines())}.")
    device, backend = words(name)
    # A server calls a model by the last part of its folder.
    model_name = Path(own.get("model", "")).name
    values = {**own, "model_name": model_name, "host": host, "device": device, "backend": backend, "target": name}
    values["logs"] = str(logs)
    return Order(recipe, name, chosen, machine, values, repo, visible, mirror, extra)
