"""Writes the checks of a port beside it, as a folder `verify/` for pytest: from templates, without running anything."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from pprint import pformat
from typing import TYPE_CHECKING, Any

from porter import __version__
from porter.data import folder
from porter.harness.probes.agree import BOUND
from porter.harness.written.found import Found, find
from porter.harness.written.kept import kept_lines
from porter.model import Plan
from porter.own import FOLDER, own_files
from porter.settings import Verify

if TYPE_CHECKING:
    from jinja2 import Environment

    from porter.checkout.source import Checkout

_HARNESS = Path(__file__).resolve().parent.parent
_COPIED = ("child.py", "limits.py")  # how a probe is run: for the standard library alone, as the probes are for torch

_OF_MODELS = ("forward", "half", "train_step", "ten_steps", "determinism", "save_load", "distributed")

# Which of the tests a repository gets: those for which there is something to run.
_NEEDS = {
    "test_import.py": "modules",
    **dict.fromkeys(map("test_{}.py".format, _OF_MODELS), "models"),
    "test_known_answers.py": "speakers",
    "test_generate.py": "generators",
    "test_chat_thread.py": "talkers",
    "test_commands.py": "commands",
}


def checks(checkout: Checkout, plan: Plan) -> dict[str, bytes]:
    """The folder verify/ of a port, unless the checkout has one of its own, into which nothing is mixed."""
    from porter.settings import read

    return {} if taken(checkout.root) else files(plan, checkout.root, read(checkout.root).verify)


def taken(root: Path) -> bool:
    """Whether the checkout has a folder `verify` of its own, into which porter writes nothing."""
    place = root / FOLDER
    if place.is_symlink() or place.is_file():
        return True
    own = own_files(root)
    files = (path for path in place.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return any(path.relative_to(root).as_posix() not in own for path in files)


def files(plan: Plan, root: Path, settings: Verify) -> dict[str, bytes]:
    """The folder's files by their path in the port. Equal plans give equal bytes."""
    found = find(root, settings, {file.path for file in plan.changed})
    made = {
        name: text for name, text in _rendered(plan, found, settings).items() if getattr(found, _NEEDS.get(name, "any"))
    }
    made["target.json"] = _target(plan, settings)
    for name in _COPIED:
        made[name] = (_HARNESS / name).read_text(encoding="utf-8")
    for path in sorted((_HARNESS / "probes").rglob("*.py")):
        made[f"porter_probes/{path.relative_to(_HARNESS / 'probes').as_posix()}"] = path.read_text(encoding="utf-8")
    return {f"{FOLDER}/{name}": text.encode("utf-8", "backslashreplace") for name, text in sorted(made.items())}


def _rendered(plan: Plan, found: Found, settings: Verify) -> dict[str, str]:
    environment = _environment()
    names = [name for name in environment.list_templates() if "/" not in name]
    given = {
        "plan": plan,
        "found": found,
        "porter": __version__,
        "settings": settings,
        "notes": _notes(plan),
        "bound": f"{BOUND:g}",
    }
    return {_named(name, plan): environment.get_template(name).render(given) for name in names}


def _named(template: str, plan: Plan) -> str:
    return template.removesuffix(".j2").replace("TARGET", plan.target.name)


def _notes(plan: Plan) -> str:
    """How this target is run: its own template, or the one for all others."""
    own = f"targets/{plan.target.name}.md.j2"
    known = own in _environment().list_templates()
    return _environment().get_template(own if known else "targets/other.md.j2").render(plan=plan)


def _target(plan: Plan, settings: Verify) -> str:
    from porter.sim import SimulationError, facts
    from porter.targets.catalog import resolve

    spec = f"{plan.target.name}@{plan.target.version}"
    sheet = resolve(spec)[1].sheet
    try:
        strict = bool(facts.load(plan.target.name).context_error)
    except SimulationError:
        strict = False
    whole: dict[str, Any] = {
        "target": spec,
        "device": sheet.device,
        "module": sheet.module if sheet.module != "torch" else "",
        "backend": sheet.backend,
        "threads": "strict" if strict else "",
        "seconds": settings.timeout or 300,
        "kept": kept_lines(plan),
    }
    return json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


@cache
def _environment() -> Environment:
    """Whatever of a checkout a template prints goes through `code` in a page and through `literal` in Python."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from porter.report import safe

    environment = Environment(
        loader=FileSystemLoader(folder("templates") / "harness"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(code=safe.code, prose=safe.prose, literal=_literal)
    return environment


def _literal(value: Any) -> str:
    return pformat(value, width=100, sort_dicts=False)
