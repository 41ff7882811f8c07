"""Lets a CUDA build of torch start where its CUDA libraries are not installed: `PYTHON without_cuda.py`.

The registry has older torch for this machine with CUDA only, and its libraries weigh gigabytes that the CPU never
calls. Empty libraries take their places; TORCH_USE_RTLD_GLOBAL=1 makes torch bind their functions when they are called,
which is never. The small ones that torch calls while it starts (libcudart, libnvToolsExt) must be the real ones.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

REAL = ("libcudart", "libnvToolsExt")


def needed(library: Path) -> set[str]:
    """The CUDA libraries that a library is linked with."""
    told = subprocess.run(["readelf", "-d", str(library)], capture_output=True, text=True, check=True).stdout
    return {name for name in re.findall(r"\(NEEDED\).*\[(.+)\]", told) if re.match(r"lib(cu|nv|nccl)", name)}


def main() -> None:
    """Makes the empty libraries beside torch's own, where torch looks last."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        raise SystemExit("torch is not installed here.")
    folder = Path(spec.origin).parent / "lib"
    wanted = set().union(*(needed(library) for library in folder.glob("libtorch*.so")))
    for name in sorted(name for name in wanted if not name.startswith(REAL)):
        empty = ["cc", "-shared", "-nostdlib", f"-Wl,-soname,{name}", "-x", "c", "/dev/null", "-o", str(folder / name)]
        subprocess.run(empty, check=True)


if __name__ == "__main__":
    main()
