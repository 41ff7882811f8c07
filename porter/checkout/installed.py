"""An installed package as a checkout: its files by its record, found without running anything."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from porter.errors import UsageError

# Of what an installer writes beside a package: these speak of the place where it is installed.
_INSTALLERS = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


@dataclass(frozen=True, slots=True)
class Installed:
    """A package by the name that pip knows. `python` is an interpreter, an environment or a folder of packages."""

    name: str
    python: Path | None = None


@contextmanager
def staged(wanted: Installed) -> Iterator[tuple[Path, str]]:
    """A folder with the package's files as they lie in site-packages, and what to call it; it goes away again."""
    found = _find(wanted)
    files = sorted({path for path in map(str, found.files or ()) if _belongs(path)})
    home = Path(str(found.locate_file("")))
    if not any(path.endswith((".py", ".so", ".pyd")) for path in files):
        raise UsageError(
            f"{wanted.name} {found.version} in {home} lists no files of its own, as a package does that is "
            "installed from its sources (pip install -e); name the folder of its sources instead."
        )
    name = f"{found.metadata['Name']}-{found.version}"
    with tempfile.TemporaryDirectory(prefix="porter-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve() / name
        for path in files:
            if (home / path).is_file():
                _put(home / path, root / path)
        yield root, name


def _belongs(path: str) -> bool:
    """Whether a file of the record is one of the package, inside of site-packages."""
    pure = PurePosixPath(path)
    outside = pure.is_absolute() or ".." in pure.parts
    of_installer = pure.parent.suffix == ".dist-info" and pure.name in _INSTALLERS
    return not outside and not of_installer and "__pycache__" not in pure.parts


def _put(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), place)
    except OSError:  # on another disk, or a disk without links
        shutil.copyfile(source, place)


def _find(wanted: Installed) -> Distribution:
    places = [str(place) for place in _places(wanted.python)]
    found = next(iter(distributions(name=wanted.name, path=places)), None)
    if found is not None:
        return found
    known = {str(each.metadata["Name"]) for each in distributions(path=places) if each.metadata["Name"]}
    near = [name for name in sorted(known) if _close(name, wanted.name)]
    hint = f" Did you mean {near[0]}?" if near else " Name another interpreter with --python."
    where = wanted.python or "the Python that runs porter"
    raise UsageError(f"There is no package {wanted.name!r} in {where}.{hint}")


def _close(name: str, wanted: str) -> bool:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, canonicalize_name(name), canonicalize_name(wanted)).ratio() > 0.7


def _places(python: Path | None) -> list[Path]:
    """The folders in which packages lie. The interpreter is not run: it would run what its environment holds."""
    if python is None:
        return [Path(each) for each in sys.path if each and Path(each).is_dir()]
    if python.is_dir():
        inside = _site_packages(python)
        return inside or [python]
    if not python.is_file():
        raise UsageError(f"there is no interpreter {python}; name one, or a folder of packages, with --python.")
    found = _site_packages(python.parent.parent) or _site_packages(python.resolve().parent.parent)
    if not found:
        raise UsageError(f"porter finds no site-packages for {python}; name the folder of packages with --python.")
    return found


def _site_packages(prefix: Path) -> list[Path]:
    patterns = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "lib/python3*/dist-packages")
    folders = [
        path
        for pattern in (*patterns, "lib/python3/dist-packages", "Lib/site-packages")
        for path in sorted(prefix.glob(pattern))
    ]
    return list(dict.fromkeys(folders))
