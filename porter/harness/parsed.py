"""Files other than Python that an edit by hand broke: what stood there could be read, and what stands there cannot."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from configparser import Error as IniError
from pathlib import Path

from porter.checkout.kind import kind_of

_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(\s*[}\]])')
_JOINED = re.compile(r"\\[ \t]*\n([ \t]*#[^\n]*\n)*")
_HEREDOC = re.compile(r"<<-?[\"']?(\w+)[\"']?.*?^\s*\1$", re.DOTALL | re.MULTILINE)
_WITH_LISTS = ("CMD", "ENTRYPOINT", "RUN", "SHELL", "VOLUME")
_INSTRUCTION = re.compile(
    "FROM|RUN|CMD|LABEL|MAINTAINER|EXPOSE|ENV|ADD|COPY|ENTRYPOINT|VOLUME|USER|WORKDIR|ARG|ONBUILD|STOPSIGNAL|"
    "HEALTHCHECK|SHELL",
    re.IGNORECASE,
)


def broken(port: Path, original: Path, files: set[str]) -> Iterator[str]:
    """A sentence without its full stop for each of these files that was whole in the original."""
    for file in sorted(files):
        if not ((port / file).is_file() and (original / file).is_file()):
            continue
        now, before = (port / file).read_bytes(), (original / file).read_bytes()
        fault = _FAULTS.get(kind_of(file, lambda data=now: data))  # type: ignore[misc]
        said = fault(now) if fault else ""
        if fault and said and not fault(before):
            yield f"{file} can no longer be read: {said}"


def _in_json(data: bytes) -> str:
    """Comments and a comma at the end of a list are left out first: some programs take them."""
    plain = _COMMENT.sub(lambda found: found[1] or "", data.decode("utf-8", "replace"))
    try:
        json.loads(_LAST_COMMA.sub(lambda found: found[1] or found[2], plain))
    except ValueError as error:
        return str(error)
    return ""


def _in_toml(data: bytes) -> str:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        tomlkit.parse(data.decode("utf-8"))
    except (TOMLKitError, ValueError) as error:
        return str(error)
    return ""


def _in_yaml(data: bytes) -> str:
    import yaml

    try:
        for _ in yaml.parse(data, yaml.SafeLoader):
            pass
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        return str(getattr(error, "problem", error)) + (f" (line {mark.line + 1})" if mark else "")
    return ""


def _in_ini(data: bytes) -> str:
    try:
        ConfigParser(interpolation=None, strict=False, allow_no_value=True).read_string(data.decode("utf-8"))
    except (IniError, ValueError) as error:
        return str(error).replace("\n", " ")
    return ""


def _in_shell(data: bytes) -> str:
    """The shell reads it and runs nothing of it."""
    bash = shutil.which("bash")
    if bash is None:
        return ""
    done = subprocess.run([bash, "-n"], input=data, capture_output=True, check=False, timeout=60)
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return said[0] if done.returncode and said else ""


def _in_dockerfile(data: bytes) -> str:
    """Its instructions have names that are known, and their lists are JSON; else a list is taken for a command."""
    text = _JOINED.sub(" ", _HEREDOC.sub("", data.decode("utf-8", "replace")))
    for number, line in enumerate(text.splitlines(), 1):
        word, _, rest = line.strip().partition(" ")
        if word and not word.startswith("#") and not _INSTRUCTION.fullmatch(word):
            return f"{word} is no instruction"
        if word.upper() in _WITH_LISTS and rest.strip().startswith("[") and _in_json(rest.encode()):
            return f"the list of its {word} is not closed, or no list (about line {number})"
    return ""


def _in_requirements(data: bytes) -> str:
    from packaging.requirements import InvalidRequirement, Requirement

    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        text = line.partition(" #")[0].strip().removesuffix("\\").strip()
        if text and text[0].isalpha() and "/" not in text:
            try:
                Requirement(text)
            except InvalidRequirement as error:
                return f"line {number}: {str(error).splitlines()[0]}"
    return ""


_FAULTS: dict[str, Callable[[bytes], str]] = {
    "json": _in_json,
    "notebook": _in_json,
    "toml": _in_toml,
    "yaml": _in_yaml,
    "ini": _in_ini,
    "shell": _in_shell,
    "dockerfile": _in_dockerfile,
    "requirements": _in_requirements,
}
