"""The settings that a repository gives porter in its pyproject.toml, under [tool.porter]."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from porter.errors import UsageError


class Verify(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[tool.porter.verify]: what the harness cannot find out by itself."""

    models: tuple[str, ...] = ()  # "file.py:Class"
    config: dict[str, dict[str, Any]] = {}  # by model: arguments of its configuration, or of its constructor
    commands: tuple[str, ...] = ()  # as for --run, with {device}
    skip: dict[str, str] = {}  # by check: why it is left out
    meant: dict[str, str] = {}  # by file: why it was edited by hand, where it has no place for a comment
    timeout: int = 0
    memory: str = ""
    python: str = ""  # a name on the PATH


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the command line would say otherwise; the command line wins."""

    target: str = ""
    style: str = ""
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()  # folders inside the repository
    verify: Verify = Verify()
    patches: tuple[str, ...] = ()  # the same, of patches that are applied after the rules


class _Tools(msgspec.Struct, frozen=True):
    porter: Settings = Settings()


class _Project(msgspec.Struct, frozen=True):
    tool: _Tools = _Tools()


def read(root: Path) -> Settings:
    """The settings of the checkout at `root`; the empty ones when it has none."""
    path = root / "pyproject.toml"
    if not path.is_file() or path.is_symlink():
        return Settings()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return Settings()  # the plan reports the file as unreadable
    if "[tool.porter" not in text:
        return Settings()
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        settings = msgspec.convert(tomlkit.parse(text).unwrap(), _Project).tool.porter
    except (TOMLKitError, msgspec.ValidationError) as error:
        raise UsageError(f"[tool.porter] in {path} is not valid: {error}.") from error
    for folder in (*settings.rules, *settings.patches):
        inside = (root / folder).resolve()
        if root.resolve() not in inside.parents:
            raise UsageError(
                f"[tool.porter] in {path} names the folder {folder!r}, which is not inside the repository."
            )
    wrong = _wrong(settings.verify, root)
    if wrong:
        raise UsageError(f"[tool.porter.verify] in {path} {wrong}.")
    return settings


def _wrong(verify: Verify, root: Path) -> str:
    """What cannot be meant, as the end of a sentence."""
    for model in (*verify.models, *verify.config):
        file, _, name = model.partition(":")
        inside = not PurePosixPath(file).is_absolute() and ".." not in PurePosixPath(file).parts
        if not (inside and name.isidentifier() and (root / file).is_file()):
            return f'names the model {model!r}, which is no file of the repository and a class in it, as "model.py:Net"'
    if verify.timeout < 0:
        return f"has the timeout {verify.timeout}, which is no number of seconds"
    if not all(verify.skip.values()):
        return "leaves out a check without saying why"
    if not all(verify.meant.values()):
        return "calls an edited file meant without saying why"
    if "/" in verify.python:  # the repository is untrusted: it may choose among a person's interpreters, not bring one
        return f"names the Python {verify.python!r}; give the name of one on the PATH, or use --python"
    return ""
