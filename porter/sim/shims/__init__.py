"""Writes the folder that stands for a vendor's installation: put on PYTHONPATH, it makes a plain torch simulate it.

- sitecustomize.py begins in every Python of the command;
- portersim/ is this library with its facts as JSON, so that a child needs nothing but torch;
- torch_npu/ is the vendor's module;
- torch_npu-….dist-info/ has its metadata, and the entry point by which `import torch` loads it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

from .. import facts
from ..build import cache_folder
from ..torch_here import version_for
from .surface import release_and_names

_PACKAGE = Path(facts.__file__).parent
_LIBRARY = "portersim"
_LEFT_OUT = {"__pycache__", "shims", "data"}  # the writer itself, and the facts, which are written as JSON


def write(spec: str, python: str = sys.executable) -> Path:
    """The folder for a target such as `npu` or `npu@2.6`, to be used by `python`; written once for equal contents."""
    target = spec.partition("@")[0]
    version, names, outside = release_and_names(spec, version_for(python))
    files = {
        **_library_files(),
        f"{_LIBRARY}/data/{target}.json": json.dumps(
            {**facts.read_raw(target), "surface": names, "outside": outside}, sort_keys=True
        ),
        "sitecustomize.py": (Path(__file__).parent / "sitecustomize.txt").read_text(encoding="utf-8"),
        **_vendor_files(facts.load(target), version),
    }
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]
    folder = cache_folder() / "shims" / f"{target}-{digest}"
    if not folder.is_dir():
        _write_at_once(folder, files)
    return folder


def _library_files() -> dict[str, str]:
    paths = (p for p in _PACKAGE.rglob("*") if p.suffix in (".py", ".h", ".cpp"))
    inside = ((p, p.relative_to(_PACKAGE)) for p in sorted(paths))
    return {
        f"{_LIBRARY}/{at.as_posix()}": path.read_text(encoding="utf-8")
        for path, at in inside
        if at.parts[0] not in _LEFT_OUT
    }


def _vendor_files(known: facts.Facts, version: str) -> dict[str, str]:
    if not known.module:  # torch itself is the vendor's module
        return {}
    module, distribution = known.module, known.distribution
    info = f"{module}-{version}.dist-info"
    files = {
        f"{module}/__init__.py": (
            f'"""A stand-in for {module} {version}: the simulated device of porter.sim, on CPU memory."""\n\n\n'
            "def _autoload():\n"
            '    """What `import torch` calls; importing this module is all that is needed."""\n\n\n'
            f"from {_LIBRARY} import vendor  # after _autoload: it imports torch, which asks for that\n\n"
            f"vendor.become({module!r}, {version!r})\n"
        ),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n",
        f"{info}/top_level.txt": f"{module}\n",
        f"{info}/INSTALLER": "porter.sim\n",
    }
    if known.autoload:
        files[f"{info}/entry_points.txt"] = f"[torch.backends]\n{module} = {module}:_autoload\n"
    return files


def _write_at_once(folder: Path, files: dict[str, str]) -> None:
    """Writes beside the folder and renames: a half-written shim is never on anybody's path."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".writing-"))
    try:
        for name, content in files.items():
            path = unfinished / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process wrote the same folder first
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
