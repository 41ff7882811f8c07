"""A vendor's package as files: a wheel or a folder, whose modules are parsed and never imported."""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from functools import cached_property
from pathlib import Path

from porter.errors import UsageError

_MODULES = (".py", ".so", ".pyd")
_LARGEST = 8_000_000  # bytes of a module; what is larger is no source that a person wrote


class Package:
    """The modules of a wheel or of a folder (site-packages, a source tree), by their dotted names."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parsed: dict[str, ast.Module | None] = {}
        if not path.exists():
            raise UsageError(
                f"{path}: there is no such wheel or folder; `pip download --no-deps NAME==VERSION` gets one."
            )
        if path.is_file() and not zipfile.is_zipfile(path):
            raise UsageError(f"{path} is neither a wheel nor a folder.")

    @cached_property
    def files(self) -> frozenset[str]:
        """The paths inside, with forward slashes."""
        if self._path.is_dir():
            found = (file.relative_to(self._path).as_posix() for file in self._path.rglob("*"))
            return frozenset(name for name in found if name.endswith(_MODULES))
        with zipfile.ZipFile(self._path) as wheel:
            return frozenset(name for name in wheel.namelist() if name.endswith(_MODULES))

    @cached_property
    def compiled(self) -> frozenset[str]:
        """The modules that are compiled, so that nobody can read what they bind."""
        return frozenset(
            file.partition(".")[0].replace("/", ".") for file in self.files if file.endswith((".so", ".pyd"))
        )

    def version(self, top: str) -> str:
        """The version that the package's metadata give it; empty when there are none."""
        wanted = top.replace("_", "-").lower()
        for text in self._metadata():
            head = HeaderParser().parsestr(text)
            if str(head["Name"]).replace("_", "-").lower() in (wanted, wanted.partition(".")[0]):
                return str(head["Version"]).partition("+")[0]
        return ""

    def _metadata(self) -> Iterator[str]:
        if self._path.is_dir():
            for file in sorted(self._path.glob("*.dist-info/METADATA")):
                yield file.read_text(encoding="utf-8", errors="replace")
            return
        with zipfile.ZipFile(self._path) as wheel:
            for name in sorted(wheel.namelist()):
                if name.endswith(".dist-info/METADATA"):
                    yield wheel.read(name).decode("utf-8", "replace")

    def has(self, dotted: str) -> bool:
        return self._file(dotted) is not None

    def is_package(self, dotted: str) -> bool:
        return f"{dotted.replace('.', '/')}/__init__.py" in self.files

    def module(self, dotted: str) -> ast.Module | None:
        """The tree of a module; None when it is not there or is no Python that can be parsed here."""
        if dotted not in self._parsed:
            file = self._file(dotted)
            self._parsed[dotted] = self._parse(file) if file else None
        return self._parsed[dotted]

    def _file(self, dotted: str) -> str | None:
        stem = dotted.replace(".", "/")
        return next((file for file in (f"{stem}/__init__.py", f"{stem}.py") if file in self.files), None)

    def _parse(self, file: str) -> ast.Module | None:
        try:
            if self._path.is_dir():
                data = (self._path / file).read_bytes()
            else:
                with zipfile.ZipFile(self._path) as wheel:
                    if wheel.getinfo(file).file_size > _LARGEST:
                        return None
                    data = wheel.read(file)
            return ast.parse(data)
        except (OSError, SyntaxError, ValueError, RecursionError, zipfile.BadZipFile):
            return None
