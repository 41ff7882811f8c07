"""Writes the files that a service needs to run porter: each new, or left alone where a person has one."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path

from porter.data import folder
from porter.errors import UsageError
from porter.port.written import explained

# Which template goes where.
PLACES = {
    "github": ("github.yml.j2", ".github/workflows/porter.yml"),
    "gitlab": ("gitlab.yml.j2", ".gitlab/porter.yml"),
    "action": ("action.yml.j2", "action.yml"),
    "hooks": ("hooks.yaml.j2", ".pre-commit-hooks.yaml"),
    "pre-commit": ("pre-commit.yaml.j2", ".pre-commit-config.yaml"),
}

# What goes into a file of a service must stand for itself there: no quote, no blank, no line of its own.
_PLAIN = re.compile(r"[A-Za-z0-9._~:/@+=<>!,\[\]-]+")


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the files are about. `where` are the options of `porter bump` that name upstream."""

    target: str
    port: str = "."
    upstream: str = ""
    install: str = "porter"

    @property
    def where(self) -> str:
        return "--upstream . --to refs/remotes/porter/upstream"


def render(name: str, wiring: Wiring) -> str:
    """One file, as text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    for what, value in asdict(wiring).items():
        if value and not _PLAIN.fullmatch(value):
            raise UsageError(f"the {what} {value!r} has characters that a file of a CI service cannot take; rename it.")
    environment = Environment(
        loader=FileSystemLoader(folder("templates") / "ci"),
        undefined=StrictUndefined,
        variable_start_string="[[",
        variable_end_string="]]",
        keep_trailing_newline=True,
    )
    return environment.get_template(PLACES[name][0]).render(**asdict(wiring), where=wiring.where)


def write(root: Path, names: tuple[str, ...], wiring: Wiring, *, force: bool) -> list[Path]:
    """The files below `root`; nothing at all where one of them is a person's already."""
    wanted = {root / PLACES[name][1]: render(name, wiring) for name in names}
    for path, text in wanted.items():
        if path.exists() and path.read_text(encoding="utf-8", errors="replace") != text and not force:
            raise UsageError(f"{path} is there already and is another file; move it, or replace it with --force.")
    for path, text in wanted.items():
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f".{path.name}.porter-tmp")
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(path)
    return list(wanted)
