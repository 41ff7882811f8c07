"""A recipe as a shell script for the real machine, and as a compose file."""

from __future__ import annotations

import shlex
from typing import Any

from porter.data import folder
from porter.doctor.machine import arm64_libgomp
from porter.environment.container import mounts
from porter.environment.container import service as service_of
from porter.recipes.order import Order


def script(order: Order) -> str:
    """A bash script that shellcheck has nothing to say about."""
    import jinja2

    loader = jinja2.FileSystemLoader(folder("templates") / "recipes")
    environment = jinja2.Environment(
        loader=loader,
        trim_blocks=True,
        lstrip_blocks=True,
        comment_start_string="<#",  # bash has {# of its own
        comment_end_string="#>",
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["line"] = _line
    environment.filters["quote"] = shlex.quote
    return environment.get_template("script.sh.j2").render(
        order=order,
        recipe=order.recipe,
        machine=order.machine,
        libgomp=arm64_libgomp(),
        steps=order.steps,
        advice=[order.fill(text) for text in order.recipe.advice],
        url=order.fill(order.recipe.url),
    )


def compose(order: Order) -> str:
    """The steps as services of one container image each, for `docker compose up`."""
    import yaml

    container = order.machine.container
    given = service_of(container, container.devices)
    told = given.pop("environment", {})
    service: dict[str, Any] = {
        "image": order.machine.image(order.release),
        "network_mode": "host",
        **given,
        "volumes": [*mounts(container), f"{order.repo or '.'}:/repo"],
        "working_dir": "/repo",
    }
    services = {}
    before = ""
    for step in order.steps:
        command = (
            f"{container.entry} && exec {shlex.join(step.command)}" if container.entry else shlex.join(step.command)
        )
        made = {**service, "command": ["bash", "-c", command.replace("$", "$$")]}
        made["environment"] = {**told, **order.variables, "PYTHONPATH": "/repo", **step.env}
        if before:
            made["depends_on"] = {before: {"condition": "service_healthy"}}
        if step.ready is not None:
            ask = ["curl", "-fsS", *(["-X", "POST"] if step.ready.post else []), "-o", "/dev/null", step.ready.http]
            made["healthcheck"] = {"test": ["CMD", *ask], "interval": "5s", "retries": step.ready.seconds // 5}
            before = step.name
        services[step.name] = made
    head = f"# {order.recipe.title}, for {order.spec}. Made by porter; start it with: docker compose up\n"
    return head + yaml.dump(
        {"services": services}, Dumper=_plain_dumper(), sort_keys=False, allow_unicode=True, width=10_000
    )


def _plain_dumper() -> Any:
    """YAML without anchors: each service is to be read by itself."""
    import yaml

    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            del data
            return True

    return Plain


def _line(words: tuple[str, ...]) -> str:
    """A command, one option a line where it is long."""
    quoted = [shlex.quote(word) for word in words]
    short = " ".join(quoted)
    if len(short) <= 100:
        return short
    lines = [quoted[0]]
    for word in quoted[1:]:
        if word.startswith("-") and len(lines[-1]) > 0 and not lines[-1].endswith(" -m"):
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return " \\\n    ".join(lines)
