"""The settings that a repository gives porter in its pyproject.toml, under [tool.porter]."""

from __future__ import annotations

from pathlib import Path

import msgspec

from porter.errors import UsageError


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the command line would say otherwise; the command line wins."""

    target: str = ""
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()  # folders inside the repository
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
    return settings
