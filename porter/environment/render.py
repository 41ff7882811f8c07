"""The formats in which an environment is written: a function for what is data, a template for what is text."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

from porter.data import folder
from porter.environment.container import flags, mounts, service
from porter.environment.environment import Environment


def render(env: Environment, form: str) -> str:
    """The text in one of FORMATS."""
    return FORMATS[form](env)


def _template(name: str) -> Callable[[Environment], str]:
    def write(env: Environment) -> str:
        import jinja2

        made = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folder("templates") / "env"),
            trim_blocks=True,
            lstrip_blocks=True,
            comment_start_string="<#",  # bash has {# of its own
            comment_end_string="#>",
            undefined=jinja2.StrictUndefined,
        )
        made.filters["quote"] = shlex.quote
        made.filters["tcl"] = _tcl
        made.filters["json"] = json.dumps
        text = made.get_template(name).render(
            env=env,
            machine=env.machine,
            container=env.machine.container,
            flags=[
                f"{name}={value}" if name.startswith("--") and value else f"{name} {value}".strip()
                for name, value in flags(env.machine.container)
            ],
            mounts=mounts(env.machine.container),
            comments=_comments(env),
            exports=_exports(env.machine.toolkit.setup if env.machine.toolkit else ""),
        )
        return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"

    return write


def _comments(env: Environment) -> list[str]:
    """What a reader of any format has to know."""
    said = list(env.notes)
    said += [f"Read from {', '.join(env.wished.files)}."] if env.wished.files else []
    stack = env.machine.stack.get(env.release.version)
    said += (
        [f"The vendor's wheels for this release, in the order to install them: {', '.join(stack)}."] if stack else []
    )
    said += list(env.pip.notes)
    said += [f"Left out: {left.text} ({left.where}): {left.why}" for left in env.pip.left]
    return [" ".join(text.split()) for text in said]


def _exports(setup: str) -> list[tuple[str, str, bool]]:
    """The variables that `export A=B C=D:$C` sets: name, value, and whether the value goes in front."""
    if not setup.startswith("export "):
        return []
    found = []
    for word in shlex.split(setup)[1:]:
        name, _, value = word.partition("=")
        front = value.endswith(f":${name}")
        found.append((name, value.removesuffix(f":${name}"), front))
    return found


def _tcl(text: str) -> str:
    """A word of Tcl: in braces, in which nothing is special but braces and a backslash."""
    return "{" + re.sub(r"[{}\\]", "_", text) + "}"


def _compose(env: Environment) -> str:
    made = service(env.machine.container, env.devices)
    variables = {**made.pop("environment", {}), **env.variables}
    whole: dict[str, Any] = {
        "build": {"context": ".", "dockerfile": f"Dockerfile.{env.target}"},
        **made,
        "volumes": [*mounts(env.machine.container), ".:/workspace"],
        "working_dir": "/workspace",
        "stdin_open": True,
        "tty": True,
    }
    if variables:
        whole["environment"] = variables
    first = f"# The image: porter env . --target {env.spec} --format dockerfile > Dockerfile.{env.target}\n"
    return _head(env) + first + _yaml({"services": {"port": whole}})


def _conda(env: Environment) -> str:
    pip: list[str] = []
    if env.told.pip_index:
        pip.append(f"--index-url {env.told.pip_index}")
    if env.pip.index:
        pip.append(f"--extra-index-url {env.pip.index}")
    pip += [*env.pip.torch, *env.pip.own]
    whole: dict[str, Any] = {
        "name": f"porter-{env.target}",
        "channels": ["conda-forge"],
        "dependencies": [f"python={env.python}", "pip", "git-lfs", *([{"pip": pip}] if pip else [])],
    }
    if env.variables:
        whole["variables"] = env.variables
    more = f"# On aarch64, before Python starts: export LD_PRELOAD={env.libgomp}\n" if not env.told.arch else ""
    vendor = f"# torch: {env.pip.vendor}\n" if env.pip.vendor else ""
    return _head(env) + vendor + more + _yaml(whole)


def _head(env: Environment) -> str:
    return "".join(f"# {line}\n" for line in [env.head, *_comments(env)])


def _yaml(whole: Any) -> str:
    import yaml

    return yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=10_000)


CONTAINED = ("dockerfile", "compose", "docker-run")

FORMATS: dict[str, Callable[[Environment], str]] = {
    "dockerfile": _template("dockerfile.j2"),
    "compose": _compose,
    "conda": _conda,
    "pip": _template("pip.j2"),
    "docker-run": _template("docker-run.j2"),
    "module": _template("module.j2"),
}
