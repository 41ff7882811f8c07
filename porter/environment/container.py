"""The flags with which docker runs a container of a target, as `docker run` and as a compose file has them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from porter.doctor.machine import Container

# `docker run`'s options that compose has under another name, as one value or as a list.
_ONE = {"--ipc": "ipc", "--pid": "pid", "--runtime": "runtime", "--net": "network_mode", "--network": "network_mode"}
_MANY = {"--cap-add": "cap_add", "--security-opt": "security_opt", "--group-add": "group_add"}


def flags(container: Container) -> list[tuple[str, str]]:
    """Each option with its value, "" for one without."""
    found: list[tuple[str, str]] = []
    for text in container.flags:
        words = shlex.split(text)
        name, equals, value = words[0].partition("=")
        found.append((name, value if equals else " ".join(words[1:])))
    return found


def mounts(container: Container) -> list[str]:
    """Each mount as SOURCE:PLACE."""
    return [path if ":" in path else f"{path}:{path}" for path in container.mounts]


def service(container: Container, devices: Iterable[str]) -> dict[str, Any]:
    """A compose service's keys for all that the container needs of the machine."""
    made: dict[str, Any] = {}
    environment: dict[str, str] = {}
    for name, value in flags(container):
        if name in _ONE:
            made[_ONE[name]] = value
        elif name in _MANY:
            made.setdefault(_MANY[name], []).append(value.replace("seccomp=", "seccomp:"))
        elif name == "--privileged":
            made["privileged"] = value != "false"
        elif name == "--shm-size":
            made["shm_size"] = value.lower()
        elif name == "--ulimit":
            limit, _, bound = value.partition("=")
            soft, _, hard = bound.partition(":")
            made.setdefault("ulimits", {})[limit] = {"soft": int(soft), "hard": int(hard or soft)}
        elif name in ("-e", "--env"):
            variable, _, content = value.partition("=")
            environment[variable] = content
    listed = list(devices)
    if listed:
        made["devices"] = [f"{device}:{device}" for device in listed]
    if environment:
        made["environment"] = environment
    return made
